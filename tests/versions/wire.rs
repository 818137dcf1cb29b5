//! A gateway, a client pinned to a version, and everything that goes over the wire between them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use hookdeck::transport::{
    Exchange, HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind,
};
use hookdeck::types::Timestamp;
use hookdeck::{ApiVersion, CallEvent, Client, Observer, RateLimit};
use hookdeck_gateway::Gateway;
use serde_json::Value;

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
}

/// A client of plain HTTP, which trusts nobody.
fn http() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .build()
        .unwrap()
}

impl World {
    pub async fn new(version: &ApiVersion) -> Self {
        let gateway = Gateway::builder()
            .manual_clock(Timestamp::from_unix_seconds(1_800_000_000))
            .rate_limit(hookdeck_gateway::RateLimit::off())
            .start()
            .await
            .unwrap();
        let http = http();
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

    /// Sends a webhook and lets everything happen; answers the request's id.
    pub async fn post(&self, url: &str, body: &str) -> String {
        let reply = self
            .http
            .post(url)
            .header("content-type", "application/json")
            .body(body.to_owned())
            .send()
            .await
            .unwrap();
        let reply: Value = serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap();
        self.gateway.settle().await.unwrap();
        reply["request_id"].as_str().unwrap().to_owned()
    }
}
