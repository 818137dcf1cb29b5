//! A gateway with a connection to a command-line client.

use std::time::Duration;

use hookdeck::Client;
use hookdeck::models::{
    Attempt, Connection, DestinationInput, Event, IgnoredEvent, Request, Rule, SourceInput,
};
use hookdeck::types::Timestamp;
use hookdeck_gateway::{Gateway, GatewayBuilder};
use serde_json::{Value, json};

use crate::support;
use crate::terminal::{Handshake, Terminal};

pub const START: i64 = 1_800_000_000;

pub fn manual() -> GatewayBuilder {
    Gateway::builder()
        .seed(1)
        .manual_clock(Timestamp::from_unix_seconds(START))
}

pub fn client_of(gateway: &Gateway, key: &str) -> Client {
    Client::builder(key)
        .base_url(gateway.api_url())
        .rate_limit(hookdeck::RateLimit::off())
        .build()
        .unwrap()
}

pub struct World {
    pub gateway: Gateway,
    pub client: Client,
}

impl World {
    pub async fn start() -> Self {
        Self::of(manual()).await
    }

    pub async fn of(builder: GatewayBuilder) -> Self {
        let gateway = builder.start().await.unwrap();
        let client = client_of(&gateway, gateway.api_key());
        Self { gateway, client }
    }

    /// A gateway with one connection, and a terminal on it.
    pub async fn listening() -> (Self, Connection, Terminal) {
        let world = Self::start().await;
        let connection = world.connection("shop", Vec::new()).await;
        let terminal = world.listen(&connection).await;
        (world, connection, terminal)
    }

    /// A connection from a source called `name` to `/hooks` of a command-line client.
    pub async fn connection(&self, name: &str, rules: Vec<Rule>) -> Connection {
        let destination = DestinationInput::cli(format!("{name}-laptop"), "/hooks");
        self.client
            .connections()
            .create()
            .name(name)
            .source(SourceInput::new(name))
            .destination(destination)
            .rules(rules)
            .await
            .unwrap()
    }

    /// A session on the connection that wants what `filters` let through.
    pub async fn session(&self, connection: &Connection, filters: Value) -> String {
        let body = json!({ "webhook_ids": [connection.id.as_str()], "filters": filters });
        let reply: Value = self
            .client
            .raw()
            .post("/cli-sessions")
            .json(&body)
            .decode()
            .await
            .unwrap();
        reply["id"].as_str().unwrap().to_owned()
    }

    pub fn handshake(&self, session: &str) -> Handshake {
        Handshake::with(self.gateway.api_url())
            .key(self.gateway.api_key())
            .session(session)
    }

    /// A terminal with a new session on the connection.
    pub async fn listen(&self, connection: &Connection) -> Terminal {
        let session = self.session(connection, Value::Null).await;
        self.handshake(&session).open().await
    }

    /// Sends a webhook and answers its request's id.
    pub async fn post(&self, connection: &Connection, body: Value) -> String {
        let published = self
            .client
            .publish()
            .to_source_id(&connection.source.id)
            .json(&body)
            .await;
        published.unwrap().request_id.to_string()
    }

    /// Sends a webhook with bytes of a type to a path behind the source's URL.
    pub async fn post_bytes(
        &self,
        connection: &Connection,
        path: &str,
        content_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> String {
        let url = format!("{}{path}", connection.source.url);
        let request = support::client()
            .post(url)
            .header("content-type", content_type)
            .body(body);
        let reply = support::read(request).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.json()["request_id"].as_str().unwrap().to_owned()
    }

    pub async fn settle(&self) {
        self.gateway.settle().await.unwrap();
    }

    pub async fn advance(&self, seconds: u64) {
        let span = Duration::from_secs(seconds);
        self.gateway.advance(span).await.unwrap();
    }

    pub async fn request(&self, id: &str) -> Request {
        self.client.requests().get(id).await.unwrap()
    }

    /// The events of a request, oldest first.
    pub async fn events(&self, request_id: &str) -> Vec<Event> {
        let mut events = self
            .client
            .requests()
            .events(request_id)
            .await
            .unwrap()
            .items;
        events.reverse();
        events
    }

    /// The only event of a request, once everything is quiet.
    pub async fn event(&self, request_id: &str) -> Event {
        self.settle().await;
        let mut events = self.events(request_id).await;
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }

    pub async fn ignored(&self, request_id: &str) -> Vec<IgnoredEvent> {
        self.client
            .requests()
            .ignored_events(request_id)
            .await
            .unwrap()
            .items
    }

    /// The attempts of an event in order, with their bodies.
    pub async fn attempts(&self, event: &Event) -> Vec<Attempt> {
        let listed = self.client.attempts().list().event_id(&event.id).await;
        let mut attempts = Vec::new();
        for attempt in listed.unwrap().items {
            attempts.push(self.client.attempts().get(&attempt.id).await.unwrap());
        }
        attempts.sort_by_key(|attempt| attempt.attempt_number);
        attempts
    }
}

/// Status and error code of an event.
pub fn outcome(event: &Event) -> (&str, Option<&str>) {
    let code = event.error_code.as_ref().map(|code| code.as_str());
    (event.status.as_str(), code)
}

pub const UNAVAILABLE: (&str, Option<&str>) = ("FAILED", Some("CLI_UNAVAILABLE"));
