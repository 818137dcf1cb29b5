//! From an HTTP request to what the rules and the store work with.

use std::borrow::Cow;
use std::net::IpAddr;

use http::header::{CONTENT_TYPE, COOKIE};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Map, Value};

use super::content_type::BodyKind;
use crate::wire::RejectionCause;
use crate::{json, query};

/// A request that came in, with everything that can be known without its source.
#[derive(Clone, Debug)]
pub struct ReceivedRequest {
    pub method: String,
    /// Behind the source id: "" or starting with "/".
    pub path: String,
    pub query: String,
    pub parsed_query: Value,
    /// Lower-case names to values; repeated headers joined with ", ".
    pub headers: Map<String, Value>,
    pub body: Vec<u8>,
    /// The body as rules see it.
    pub value: Value,
    pub error: Option<RequestError>,
}

/// What is wrong with a request whatever its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestError {
    TooLarge,
    ContentType,
    Json,
    /// More query parameters than are parsed.
    Query,
}

impl ReceivedRequest {
    /// Reads a request. `body` is absent when it was larger than the limit.
    pub fn new(
        method: &Method,
        path: &str,
        query: &str,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
        body: Option<Vec<u8>>,
    ) -> Self {
        let (parsed_query, many) = match query::parse(query) {
            Ok(parsed) => (parsed, false),
            Err(_) => (Value::Object(Map::new()), true),
        };
        let mut stored = stored_headers(headers);
        if let Some(peer) = peer {
            stored.insert(
                "x-hookdeck-original-ip".into(),
                peer.to_canonical().to_string().into(),
            );
        }
        if let Some(content_type) = parsed_query["x-hookdeck-content-type"].as_str() {
            stored.insert(CONTENT_TYPE.as_str().into(), content_type.into());
        }
        let mut received = Self {
            method: method.as_str().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            parsed_query,
            headers: stored,
            body: Vec::new(),
            value: Value::Null,
            error: None,
        };
        match body {
            None => received.error = Some(RequestError::TooLarge),
            Some(body) => {
                received.error = received.read_body(body).err();
                if many {
                    received.error = Some(RequestError::Query);
                }
            }
        }
        received
    }

    /// The same request again, from the store. `rejected` is the cause it was rejected for: of a body
    /// that was too large nothing is stored that could show it.
    pub fn stored(
        rejected: Option<RejectionCause>,
        method: String,
        path: String,
        query: String,
        headers: Map<String, Value>,
        body: Vec<u8>,
    ) -> Self {
        let (parsed_query, many) = match query::parse(&query) {
            Ok(parsed) => (parsed, false),
            Err(_) => (Value::Object(Map::new()), true),
        };
        let mut received = Self {
            method,
            path,
            query,
            parsed_query,
            headers,
            body: Vec::new(),
            value: Value::Null,
            error: None,
        };
        received.error = received.read_body(body).err();
        if many {
            received.error = Some(RequestError::Query);
        }
        if rejected == Some(RejectionCause::PayloadTooLarge) {
            received.error = Some(RequestError::TooLarge);
        }
        received
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(Value::as_str)
    }

    /// The body as it was sent, where rules see it as JSON.
    pub fn json(&self) -> Option<Cow<'_, str>> {
        match self.kind() {
            BodyKind::Json => json::text(&self.body),
            BodyKind::Untyped if !self.value.is_string() => json::text(&self.body),
            _ => None,
        }
    }

    fn kind(&self) -> BodyKind {
        BodyKind::of(&self.headers)
    }

    fn read_body(&mut self, body: Vec<u8>) -> Result<(), RequestError> {
        let value = value_of(self.kind(), &body);
        self.body = body;
        self.value = value?;
        Ok(())
    }
}

/// The body as rules see it: JSON as such, a form as an object, other text as a string, and bytes
/// as the text they would be. An empty body is null whatever its type. Without a content type an
/// object or a list is JSON and anything else is text, which is a choice of ours.
fn value_of(kind: BodyKind, body: &[u8]) -> Result<Value, RequestError> {
    if kind == BodyKind::Refused {
        return Err(RequestError::ContentType);
    }
    if body.is_empty() {
        return Ok(Value::Null);
    }
    let text = String::from_utf8_lossy(body);
    match kind {
        BodyKind::Json => json::parse(body).ok_or(RequestError::Json),
        BodyKind::Form => {
            Ok(query::parse(&text).unwrap_or_else(|_| Value::String(text.into_owned())))
        }
        BodyKind::Untyped => Ok(json::parse(body)
            .filter(|value| value.is_object() || value.is_array())
            .unwrap_or_else(|| Value::String(text.into_owned()))),
        _ => Ok(Value::String(text.into_owned())),
    }
}

fn stored_headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut stored = Map::with_capacity(headers.len() + 1);
    for name in headers.keys() {
        let values: Vec<_> = headers.get_all(name).iter().map(header_text).collect();
        // Cookies are the one list that is not separated by commas.
        let separator = if name == COOKIE { "; " } else { ", " };
        stored.insert(name.as_str().to_owned(), values.join(separator).into());
    }
    stored
}

/// A header's value as text. What is no UTF-8 is read as Latin-1, the only other thing it can be.
fn header_text(value: &HeaderValue) -> Cow<'_, str> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => value.as_bytes().iter().copied().map(char::from).collect(),
    }
}
