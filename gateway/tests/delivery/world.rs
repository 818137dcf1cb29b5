//! A gateway with a manual clock, a client of it, and what a test asks of both.

use hookdeck::models::{Attempt, Connection, Event};
use hookdeck::types::Timestamp;
use hookdeck::{Client, RateLimit};
use hookdeck_gateway::{Gateway, GatewayBuilder};
use serde_json::{Value, json};

use crate::support;

/// 2027-01-15T08:00:00Z, where the clocks start.
pub const START: i64 = 1_800_000_000;

pub struct World {
    pub gateway: Gateway,
    pub client: Client,
    http: reqwest::Client,
}

pub fn manual() -> GatewayBuilder {
    Gateway::builder()
        .seed(1)
        .manual_clock(Timestamp::from_unix_seconds(START))
}

impl World {
    pub async fn start() -> Self {
        Self::of(manual()).await
    }

    pub async fn of(builder: GatewayBuilder) -> Self {
        let gateway = builder
            .rate_limit(hookdeck_gateway::RateLimit::off())
            .start()
            .await
            .unwrap();
        let client = Client::builder(gateway.api_key())
            .base_url(gateway.api_url())
            .rate_limit(RateLimit::off())
            .build()
            .unwrap();
        Self {
            gateway,
            client,
            http: support::client(),
        }
    }

    /// A connection to an HTTP destination with this config.
    pub async fn connect(&self, name: &str, config: Value) -> Connection {
        self.connect_with(name, config, json!([])).await
    }

    pub async fn connect_with(&self, name: &str, config: Value, rules: Value) -> Connection {
        let body = json!({
            "name": name,
            "source": {"name": format!("{name}-source")},
            "destination": {"name": format!("{name}-destination"), "type": "HTTP", "config": config},
            "rules": rules,
        });
        let call = self.client.raw().post("/connections").json(&body);
        call.decode().await.unwrap()
    }

    /// Posts a JSON webhook to the connection's source, without waiting for its delivery.
    pub async fn post(&self, connection: &Connection, body: &Value) {
        let request = self.http.post(&connection.source.url);
        self.send(json_body(request, body)).await;
    }

    /// Sends a request that the gateway must take in.
    pub async fn send(&self, request: reqwest::RequestBuilder) {
        let reply = support::read(request).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }

    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Posts a webhook and waits for all that is due.
    pub async fn deliver(&self, connection: &Connection, body: &Value) {
        self.post(connection, body).await;
        self.gateway.settle().await.unwrap();
    }

    /// Every event, oldest first, with its data.
    pub async fn events(&self) -> Vec<Event> {
        let listed = self.client.events().list().limit(250).await.unwrap();
        let mut events = Vec::new();
        for event in listed.items {
            events.push(self.client.events().get(event.id).await.unwrap());
        }
        events.sort_by_key(|event| event.created_at);
        events
    }

    /// Every attempt, in the order they were made, whole.
    pub async fn attempts(&self) -> Vec<Attempt> {
        let mut whole = Vec::new();
        for event in self.events().await {
            let list = self.client.attempts().list().event_id(event.id);
            let mut attempts = list.await.unwrap().items;
            attempts.sort_by_key(|attempt| attempt.attempt_number);
            for attempt in attempts {
                whole.push(self.client.attempts().get(attempt.id).await.unwrap());
            }
        }
        whole.sort_by_key(|attempt| attempt.created_at);
        whole
    }

    /// Delivers one event to a destination with this config and answers its only attempt.
    pub async fn attempt(&self, name: &str, config: Value) -> Attempt {
        let connection = self.connect(name, config).await;
        self.deliver(&connection, &json!({"n": 1})).await;
        let list = self.client.events().list().webhook_id(connection.id);
        let event = list.await.unwrap().items.remove(0);
        let list = self.client.attempts().list().event_id(event.id);
        let mut attempts = list.await.unwrap().items;
        assert_eq!(attempts.len(), 1);
        let id = attempts.remove(0).id;
        self.client.attempts().get(id).await.unwrap()
    }
}

/// The error code of an attempt, or nothing.
pub fn code(attempt: &Attempt) -> &str {
    attempt.error_code.as_ref().map_or("", |code| code.as_str())
}

/// Gives a request a JSON body.
pub fn json_body(request: reqwest::RequestBuilder, body: &Value) -> reqwest::RequestBuilder {
    request
        .header("content-type", "application/json")
        .body(body.to_string())
}
