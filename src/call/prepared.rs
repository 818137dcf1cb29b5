//! One call as data: everything that is known before it is sent.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{HeaderMap, Uri};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::response;
use crate::client::{Client, Service};
use crate::error::{Error, ErrorKind};
use crate::operation::{Method, Operation};
use crate::pipeline::{Outgoing, Reply};
use crate::query::{Query, encode_path_segment, encode_query, no_value};
use crate::transport::HttpRequest;
use crate::version::Translation;

const AGENT: &str = concat!("hookdeck-rust/", env!("CARGO_PKG_VERSION"));

#[derive(Clone)]
pub(crate) struct Prepared {
    pub(crate) client: Client,
    pub(crate) operation: &'static Operation,
    service: Service,
    path: String,
    pub(crate) query: Query,
    /// Beyond those every call has; one of the same name replaces it.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    /// The reply of a delete, which is known before it is sent: the id of what was deleted.
    deleted: Option<Bytes>,
    pub(crate) options: Options,
    /// Why the call cannot be made. Kept until it is awaited, so that building a call never fails.
    problem: Option<String>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) timeout: Option<Duration>,
    pub(crate) idempotent: Option<bool>,
}

impl Prepared {
    /// A call of an operation, the parameters of its path filled in from left to right.
    pub(crate) fn new(client: Client, operation: &'static Operation, arguments: &[&str]) -> Self {
        let deleted = arguments
            .last()
            .filter(|_| operation.deletes)
            .map(|id| Bytes::from(serde_json::json!({ "id": id }).to_string()));
        let mut arguments = arguments.iter();
        let mut problem = None;
        let mut path = String::with_capacity(operation.path.len() + 24);
        for segment in operation.path.split('/').skip(1) {
            path.push('/');
            if segment.starts_with('{') {
                let argument = arguments.next().copied().unwrap_or_default();
                if argument.is_empty() {
                    let name = segment.trim_matches(['{', '}']);
                    problem = Some(format!("the `{name}` is empty"));
                }
                path.push_str(&encode_path_segment(argument));
            } else {
                path.push_str(segment);
            }
        }
        Self {
            problem,
            deleted,
            ..Self::to(client, operation, Service::Api, path)
        }
    }

    /// A call of a path that is written as it stands, below the address of a service.
    pub(crate) fn to(
        client: Client,
        operation: &'static Operation,
        service: Service,
        path: String,
    ) -> Self {
        Self {
            client,
            operation,
            service,
            path,
            query: Query::new(),
            headers: HeaderMap::new(),
            body: None,
            deleted: None,
            options: Options::default(),
            problem: None,
        }
    }

    /// Sets the JSON body.
    pub(crate) fn set_body<B: Serialize + ?Sized>(&mut self, body: &B) {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body = Some(bytes.into()),
            Err(error) => self.refuse(format!("the body does not encode: {error}")),
        }
    }

    /// Makes the call fail when it is awaited, before anything is sent.
    pub(crate) fn refuse(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }

    /// The way to the client's version, if that is an older one in which the operation is different.
    fn translation(&self) -> Option<&Translation> {
        let translation = self.client.translation()?;
        translation
            .concerns(self.operation.id)
            .then_some(translation)
    }

    /// URL and body as they are sent, in the client's version.
    pub(crate) fn rendered(&self) -> Result<(String, Option<Bytes>), Error> {
        let query = encode_query(&self.query);
        match self.translation() {
            None => Ok((self.url(&self.path, &query), self.body.clone())),
            Some(translation) => {
                let rewritten = translation
                    .downgrade_request(self.operation.id, &self.path, &query, self.body.as_deref())
                    .map_err(|problem| self.error(problem))?;
                let url = self.url(&rewritten.path, &rewritten.query);
                Ok((url, rewritten.body.map(Bytes::from)))
            }
        }
    }

    fn url(&self, path: &str, query: &str) -> String {
        let mark = if query.is_empty() { "" } else { "?" };
        let root = &self.client.endpoint(self.service).root;
        format!("{root}{path}{mark}{query}")
    }

    /// Reads the value out of a reply.
    pub(crate) fn decode<T: DeserializeOwned>(&self, reply: &Reply) -> Result<T, Error> {
        match self.translation() {
            None => response::decode(self.operation.id, reply),
            Some(translation) => {
                let body = translation.upgrade_reply(self.operation.id, &reply.body);
                let upgraded = Reply {
                    body: body.into(),
                    ..reply.clone()
                };
                response::decode(self.operation.id, &upgraded)
            }
        }
    }

    fn error(&self, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Invalid, self.operation.id, message)
    }

    fn request(&self) -> Result<HttpRequest, Error> {
        if let Some(problem) = &self.problem {
            return Err(self.error(problem));
        }
        // It would leave nothing in the query, and so let everything through.
        if let Some(name) = self.query.empty_list() {
            return Err(self.error(no_value(name)));
        }
        let (url, body) = self.rendered()?;
        let uri = Uri::try_from(url)
            .map_err(|error| self.error("the URL is too long").with_source(error))?;
        let has_body = body.is_some();
        let mut request = HttpRequest::new(body.unwrap_or_default());
        *request.method_mut() = method(self.operation.method);
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        let authorization = &self.client.endpoint(self.service).authorization;
        headers.insert(AUTHORIZATION, authorization.clone());
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        let writes = matches!(
            self.operation.method,
            Method::Post | Method::Put | Method::Patch
        );
        if has_body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        } else if writes {
            // HTTP clients leave it out, and some servers and proxies answer 411 then.
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        headers.extend(self.headers.clone());
        Ok(request)
    }

    pub(crate) async fn send(&self) -> Result<Reply, Error> {
        let outgoing = Outgoing {
            operation: self.operation.id,
            request: self.request()?,
            idempotent: self.options.idempotent.unwrap_or(self.operation.idempotent),
            deleted: self.deleted.clone(),
            paced: self.client.endpoint(self.service).paced,
            total: self.options.timeout,
        };
        self.client.pipeline().execute(&outgoing).await
    }
}

fn method(method: Method) -> http::Method {
    match method {
        Method::Get => http::Method::GET,
        Method::Put => http::Method::PUT,
        Method::Post => http::Method::POST,
        Method::Delete => http::Method::DELETE,
        Method::Patch => http::Method::PATCH,
        Method::Head => http::Method::HEAD,
        Method::Options => http::Method::OPTIONS,
    }
}

/// Without headers and body, which may hold secrets.
impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("operation", &self.operation.id)
            .field("path", &self.path)
            .field("query", &self.query)
            .finish_non_exhaustive()
    }
}
