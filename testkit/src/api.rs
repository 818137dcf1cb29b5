//! Calls of the REST API as any program would make them, each held against the contract.

use std::collections::BTreeSet;
use std::sync::Mutex;

use hookdeck_gateway::contract::Contract;
use serde_json::{Value, json};

use crate::{Connect, Reply, http, read};

/// The version of the API that calls without one of their own go to.
pub const VERSION: &str = "2026-09-01";

/// A client of the REST API that knows nothing of it but the contract: a reply that does not fit it
/// fails the test, whatever the test is about.
#[derive(Debug)]
pub struct Api {
    /// For calls that do not go through [`call`](Self::call).
    pub http: reqwest::Client,
    base: String,
    key: String,
    succeeded: Mutex<BTreeSet<String>>,
}

impl Api {
    /// The API at the address of a gateway, for this key.
    pub fn at(base: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            http: http(),
            base: base.into(),
            key: key.into(),
            succeeded: Mutex::default(),
        }
    }

    /// The same API for another key.
    pub fn with_key(&self, key: impl Into<String>) -> Self {
        Self::at(self.base.clone(), key)
    }

    /// The URL of a path below the version.
    pub fn url(&self, path: &str) -> String {
        format!("{}/{VERSION}{path}", self.base)
    }

    /// Calls an operation, below the version; a JSON reply must fit the contract.
    ///
    /// # Panics
    /// When it does not, or there is no reply.
    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let mut request = self.request(method, &self.url(path));
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let reply = read(request).await;
        let contract = Contract::get();
        let bare = path.split('?').next().unwrap();
        if let Some(route) = contract.route(method, bare) {
            let operation = route.operation;
            let violations = contract.validate_reply(operation, reply.status, &reply.json());
            assert!(
                violations.is_empty(),
                "{method} {path} does not fit the contract: {violations:#?}\n{}",
                reply.text
            );
            if reply.status == 200 {
                let mut succeeded = self.succeeded.lock().unwrap();
                succeeded.insert(operation.id.clone());
            }
        }
        reply
    }

    /// Calls the control API at `/_gateway/`.
    ///
    /// # Panics
    /// When there is no reply.
    pub async fn control(&self, method: &str, path: &str, body: impl Into<Option<Value>>) -> Reply {
        let url = format!("{}/_gateway/{path}", self.base);
        let mut request = self.request(method, &url);
        if let Some(body) = body.into() {
            request = request.body(body.to_string());
        }
        read(request).await
    }

    fn request(&self, method: &str, url: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method.parse().unwrap(), url);
        request.bearer_auth(&self.key)
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, None).await
    }

    /// `PUT`.
    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.call("PUT", path, Some(&body)).await
    }

    /// `POST`.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.call("POST", path, Some(&body)).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", path, None).await
    }

    /// What a call answers that must succeed.
    ///
    /// # Panics
    /// When it does not.
    pub async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let reply = self.call(method, path, Some(&body)).await;
        assert_eq!(reply.status, 200, "{method} {path}: {}", reply.text);
        reply.json()
    }

    /// The first page of a list.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn models(&self, path: &str) -> Vec<Value> {
        let reply = self.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        reply.json()["models"].as_array().unwrap().clone()
    }

    /// All of a list, page by page.
    ///
    /// # Panics
    /// When a page is refused.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let first = match path.contains('?') {
            true => format!("{path}&limit=100"),
            false => format!("{path}?limit=100"),
        };
        let (mut all, mut page) = (Vec::new(), first.clone());
        loop {
            let reply = self.get(&page).await;
            assert_eq!(reply.status, 200, "{page}: {}", reply.text);
            let reply = reply.json();
            all.extend(reply["models"].as_array().unwrap().iter().cloned());
            match reply["pagination"]["next"].as_str() {
                Some(next) => page = format!("{first}&next={next}"),
                None => return all,
            }
        }
    }

    /// Makes a source.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn source(&self, name: &str) -> Value {
        self.ok("POST", "/sources", json!({ "name": name })).await
    }

    /// A connection to be made; by itself to a destination that takes everything and sends nothing.
    pub fn connect(&self, name: impl Into<String>) -> Connect<'_> {
        Connect::new(self, name.into())
    }

    /// The operations that have answered 200, by id.
    ///
    /// # Panics
    /// When a call has panicked before.
    pub fn succeeded(&self) -> BTreeSet<String> {
        self.succeeded.lock().unwrap().clone()
    }
}
