//! A gateway, a client pinned to a version, and everything that goes over the wire between them.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::IntoFuture;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use hookdeck::paging::Page;
use hookdeck::transport::{
    Exchange, HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind,
};
use hookdeck::{ApiVersion, CallEvent, Client, Error, Observer, RateLimit, Result};
use hookdeck_gateway::Gateway;
use hookdeck_testkit::Webhook;
use serde::Serialize;
use serde_json::{Value, json};

use crate::levelled::levelled;

/// A reply as it came.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub method: String,
    /// Below the version.
    pub path: String,
    pub status: u16,
    pub body: Value,
}

#[derive(Clone, Debug)]
struct Wire {
    http: reqwest::Client,
    version: String,
    recorded: Arc<Mutex<Vec<Recorded>>>,
}

impl Transport for Wire {
    fn send(&self, request: HttpRequest) -> Exchange<'_> {
        let path = request.uri().path().to_owned();
        let below = path
            .strip_prefix(&format!("/{}", self.version))
            .unwrap_or_else(|| panic!("{path} is not below {}", self.version))
            .to_owned();
        let method = request.method().to_string();
        Box::pin(async move {
            let failed = |error| TransportError::new(TransportErrorKind::Interrupted, error);
            let request = reqwest::Request::try_from(request).map_err(failed)?;
            let mut reply = self.http.execute(request).await.map_err(failed)?;
            let (status, headers) = (reply.status(), std::mem::take(reply.headers_mut()));
            let bytes = reply.bytes().await.map_err(failed)?;
            self.recorded.lock().unwrap().push(Recorded {
                method,
                path: below,
                status: status.as_u16(),
                body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            });
            let mut response = HttpResponse::new(bytes);
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok(response)
        })
    }
}

#[derive(Clone, Debug, Default)]
struct Operations(Arc<Mutex<BTreeSet<&'static str>>>);

impl Observer for Operations {
    fn observe(&self, event: &CallEvent<'_>) {
        if let CallEvent::Attempt {
            operation,
            status: Some(status),
            ..
        } = event
            && status.is_success()
        {
            self.0.lock().unwrap().insert(operation);
        }
    }
}

pub struct World {
    pub version: ApiVersion,
    pub gateway: Gateway,
    /// Pinned to the version.
    pub client: Client,
    /// Speaks the newest version to the same gateway.
    pub newest: Client,
    pub http: reqwest::Client,
    wire: Wire,
    operations: Operations,
    compared: AtomicUsize,
    differences: Mutex<Vec<String>>,
}

impl World {
    pub async fn new(version: &ApiVersion) -> Self {
        let gateway = hookdeck_testkit::gateway().start().await.unwrap();
        let http = hookdeck_testkit::http();
        let wire = Wire {
            http: http.clone(),
            version: version.to_string(),
            recorded: Arc::default(),
        };
        let operations = Operations::default();
        let builder = || {
            Client::builder(gateway.api_key())
                .base_url(gateway.api_url())
                .rate_limit(RateLimit::off())
        };
        let client = builder()
            .api_version(version.clone())
            .transport(wire.clone())
            .observer(operations.clone())
            .build()
            .unwrap();
        let newest = builder().build().unwrap();
        Self {
            version: version.clone(),
            client,
            newest,
            gateway,
            http,
            wire,
            operations,
            compared: AtomicUsize::default(),
            differences: Mutex::default(),
        }
    }

    /// The operations that have succeeded.
    pub fn operations(&self) -> BTreeSet<&'static str> {
        self.operations.0.lock().unwrap().clone()
    }

    /// Every reply so far.
    pub fn recorded(&self) -> Vec<Recorded> {
        self.wire.recorded.lock().unwrap().clone()
    }

    /// A call that must succeed. At the newest version, what was decoded must encode to what came; older
    /// replies have another shape than the models.
    pub async fn ok<T: Debug + Serialize>(
        &self,
        what: &str,
        call: impl IntoFuture<Output = Result<T, Error>>,
    ) -> T {
        let value = self.succeeds(what, call).await;
        self.compare(what, json!(&value), |received| received);
        value
    }

    /// Like [`ok`](Self::ok), of the items of a page.
    pub async fn page<T: Debug + Serialize>(
        &self,
        what: &str,
        call: impl IntoFuture<Output = Result<Page<T>, Error>>,
    ) -> Page<T> {
        let page = self.succeeds(what, call).await;
        self.compare(what, json!(&page.items), |mut received| {
            received["models"].take()
        });
        page
    }

    /// Like [`ok`](Self::ok), of a number that comes wrapped up.
    pub async fn count(
        &self,
        what: &str,
        call: impl IntoFuture<Output = Result<u64, Error>>,
    ) -> u64 {
        let count = self.succeeds(what, call).await;
        self.compare(what, json!(count), |mut received| received["count"].take());
        count
    }

    async fn succeeds<T: Debug>(
        &self,
        what: &str,
        call: impl IntoFuture<Output = Result<T, Error>>,
    ) -> T {
        match call.into_future().await {
            Ok(value) => value,
            Err(error) => panic!("{what}: {error} {:?}", error.api()),
        }
    }

    /// Notes a difference between what was decoded last and the part of the last reply it was decoded from.
    fn compare(&self, what: &str, written: Value, part: impl Fn(Value) -> Value) {
        if Some(&self.version) != ApiVersion::KNOWN.last() {
            return;
        }
        let reply = self.recorded().pop().expect("a reply");
        let (received, written) = (levelled(part(reply.body)), levelled(written));
        self.compared.fetch_add(1, Ordering::Relaxed);
        if received != written {
            self.differences.lock().unwrap().push(format!(
                "{what}: {} {}\nreceived {received:#}\nwritten {written:#}",
                reply.method, reply.path
            ));
        }
    }

    /// How many decoded replies were held against what came, and where they differed.
    pub fn round_trips(&self) -> (usize, Vec<String>) {
        let differences = self.differences.lock().unwrap().clone();
        (self.compared.load(Ordering::Relaxed), differences)
    }

    /// Sends a webhook and lets everything happen; answers the request's id.
    pub async fn post(&self, url: &str, body: &str) -> String {
        let webhook = Webhook::by(self.http.clone(), url);
        let request_id = webhook.json(body).taken().await;
        self.gateway.settle().await.unwrap();
        request_id
    }
}
