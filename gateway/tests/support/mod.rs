//! What the tests over HTTP share: a gateway, a client that holds every reply against the
//! contract, and a destination that records what it gets.

#![allow(dead_code)]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use hookdeck_gateway::contract::Contract;
use hookdeck_gateway::{Gateway, GatewayBuilder};
use serde_json::{Value, json};

pub const VERSION: &str = "2026-09-01";

/// A gateway and a client of its API.
pub struct Api {
    pub gateway: Gateway,
    pub http: reqwest::Client,
    /// The operations that have answered 200, by id.
    pub succeeded: Mutex<BTreeSet<String>>,
}

/// A reply, read to its end.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error} in {}: {}", self.status, self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .unwrap_or_else(|| panic!("no header {name}"))
            .to_str()
            .unwrap()
    }

    /// The messages of a validation error.
    pub fn violations(&self) -> Vec<String> {
        assert_eq!(self.status, 422, "{}", self.text);
        serde_json::from_value(self.json()["data"].clone()).unwrap()
    }
}

pub fn client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    // Only plain HTTP is spoken here, so nobody needs to be trusted.
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

impl Api {
    pub async fn start() -> Self {
        Self::of(Gateway::builder()).await
    }

    pub async fn of(builder: GatewayBuilder) -> Self {
        Self {
            gateway: builder.start().await.unwrap(),
            http: client(),
            succeeded: Mutex::default(),
        }
    }

    /// Calls the API with the gateway's key; every JSON reply must fit the contract.
    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let url = format!("{}/{VERSION}{path}", self.gateway.api_url());
        let mut request = self
            .http
            .request(method.parse().unwrap(), url)
            .bearer_auth(self.gateway.api_key());
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let reply = read(request).await;
        let bare = path.split('?').next().unwrap();
        if let Some(route) = Contract::get().route(method, bare) {
            let violations =
                Contract::get().validate_reply(route.operation, reply.status, &reply.json());
            assert!(
                violations.is_empty(),
                "{method} {path}: {violations:#?}\n{}",
                reply.text
            );
            if reply.status == 200 {
                self.succeeded
                    .lock()
                    .unwrap()
                    .insert(route.operation.id.clone());
            }
        }
        reply
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, None).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.call("PUT", path, Some(&body)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.call("POST", path, Some(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", path, None).await
    }

    /// A call that must succeed.
    pub async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let reply = self.call(method, path, Some(&body)).await;
        assert_eq!(reply.status, 200, "{method} {path}: {}", reply.text);
        reply.json()
    }

    pub async fn source(&self, name: &str) -> Value {
        self.ok("POST", "/sources", json!({ "name": name })).await
    }

    /// A connection from a new source to `destination`, with `rules`.
    pub async fn connection(&self, name: &str, destination: Value, rules: Value) -> Value {
        let body = json!({
            "name": name,
            "source": { "name": format!("{name}-source") },
            "destination": destination,
            "rules": rules,
        });
        self.ok("POST", "/connections", body).await
    }

    /// Sends a webhook to the source of `connection` and waits until everything due is done.
    pub async fn send(&self, connection: &Value, body: Value) -> String {
        let url = connection["source"]["url"].as_str().unwrap();
        let request = self
            .http
            .post(url)
            .header("content-type", "application/json")
            .body(body.to_string());
        let reply = read(request).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        self.gateway.settle().await.unwrap();
        reply.json()["request_id"].as_str().unwrap().to_owned()
    }

    /// The models of a list.
    pub async fn models(&self, path: &str) -> Vec<Value> {
        let reply = self.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        reply.json()["models"].as_array().unwrap().clone()
    }
}

pub async fn read(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}

/// The id of a model.
pub fn id(model: &Value) -> String {
    model["id"]
        .as_str()
        .unwrap_or_else(|| panic!("no id in {model}"))
        .to_owned()
}

/// The values of a field, in order.
pub fn field(models: &[Value], name: &str) -> Vec<String> {
    models
        .iter()
        .map(|model| model[name].as_str().unwrap().to_owned())
        .collect()
}

/// A destination on loopback that answers with a status that can be changed.
pub struct Receiver {
    pub url: String,
    state: Arc<ReceiverState>,
}

struct ReceiverState {
    status: Mutex<u16>,
    received: Mutex<Vec<Received>>,
}

#[derive(Clone, Debug)]
pub struct Received {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Receiver {
    pub async fn start(status: u16) -> Self {
        let state = Arc::new(ReceiverState {
            status: Mutex::new(status),
            received: Mutex::default(),
        });
        let app = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&state));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, state }
    }

    pub fn answer(&self, status: u16) {
        *self.state.status.lock().unwrap() = status;
    }

    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    /// This receiver as an inline destination.
    pub fn destination(&self, name: &str) -> Value {
        json!({ "name": name, "type": "HTTP", "config": { "url": self.url } })
    }
}

async fn receive(
    State(state): State<Arc<ReceiverState>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let received = Received {
        method,
        uri,
        headers,
        body,
    };
    state.received.lock().unwrap().push(received);
    let status = *state.status.lock().unwrap();
    (StatusCode::from_u16(status).unwrap(), "{\"seen\":true}")
}
