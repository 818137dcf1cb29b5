//! A gateway with a manual clock, a client of it, and a destination whose answers can be held back.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use hookdeck::models::{Attempt, Connection, Event, IgnoredEvent};
use hookdeck::types::Timestamp;
use hookdeck::{Client, RateLimit};
use hookdeck_gateway::Gateway;
use http::{HeaderMap, Method, Uri};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};

use crate::support::{self, Reply};

/// 2027-01-15T08:00:00Z, where the clocks start.
pub const START: i64 = 1_800_000_000;

/// Names and values of headers.
pub type Headers<'a> = &'a [(&'a str, &'a str)];

pub struct World {
    pub gateway: Gateway,
    pub client: Client,
    http: reqwest::Client,
}

impl World {
    pub async fn start() -> Self {
        let gateway = Gateway::builder()
            .seed(1)
            .manual_clock(Timestamp::from_unix_seconds(START))
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

    /// A connection from a new source to `url`, or to the mock when there is none.
    pub async fn connect(&self, name: &str, url: Option<&str>, rules: Value) -> Connection {
        self.connect_from(
            json!({ "name": format!("{name}-source") }),
            name,
            url,
            rules,
        )
        .await
    }

    /// A connection from this source.
    pub async fn connect_from(
        &self,
        source: Value,
        name: &str,
        url: Option<&str>,
        rules: Value,
    ) -> Connection {
        let destination = match url {
            Some(url) => json!({ "name": name, "type": "HTTP", "config": { "url": url } }),
            None => json!({ "name": name, "type": "MOCK_API" }),
        };
        let body =
            json!({ "name": name, "source": source, "destination": destination, "rules": rules });
        let call = self.client.raw().post("/connections").json(&body);
        call.decode().await.unwrap()
    }

    /// Sends a request to a source's URL with something behind it.
    pub async fn send(
        &self,
        method: &str,
        url: String,
        headers: Headers<'_>,
        body: impl Into<reqwest::Body>,
    ) -> Reply {
        let mut request = self
            .http
            .request(method.parse().unwrap(), url)
            .body(body.into());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        support::read(request).await
    }

    /// Posts JSON text to the connection's source; answers the request's id.
    pub async fn post(&self, connection: &Connection, body: &str) -> String {
        let url = connection.source.url.clone();
        let headers = [("content-type", "application/json")];
        let reply = self.send("POST", url, &headers, body.to_owned()).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        request_id(&reply)
    }

    /// Posts JSON text and waits for all that is due.
    pub async fn deliver(&self, connection: &Connection, body: &str) -> String {
        let id = self.post(connection, body).await;
        self.settle().await;
        id
    }

    pub async fn settle(&self) {
        self.gateway.settle().await.unwrap();
    }

    pub async fn advance(&self, seconds: u64) {
        let span = Duration::from_secs(seconds);
        self.gateway.advance(span).await.unwrap();
    }

    /// The events of a request, oldest first.
    pub async fn events(&self, request_id: &str) -> Vec<Event> {
        let mut events = self.client.requests().events(request_id).await.unwrap();
        events.items.reverse();
        events.items
    }

    /// The only event of a request.
    pub async fn event(&self, request_id: &str) -> Event {
        let mut events = self.events(request_id).await;
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }

    /// Status, attempts and the seconds until the next attempt, if one is to come.
    pub async fn state(&self, event: &Event) -> (String, u32, Option<i64>) {
        let event = self.client.events().get(&event.id).await.unwrap();
        let now = self.gateway.now().unix_seconds();
        let next = event.next_attempt_at.map(|at| at.unix_seconds() - now);
        (event.status.as_str().to_owned(), event.attempts, next)
    }

    pub async fn ignored(&self, request_id: &str) -> Vec<IgnoredEvent> {
        let list = self.client.requests().ignored_events(request_id);
        list.await.unwrap().items
    }

    /// The attempts of an event, in their order: seconds after the start, trigger, status.
    pub async fn attempts(&self, event: &Event) -> Vec<(i64, String, Option<u16>)> {
        let list = self.client.attempts().list().event_id(&event.id);
        let mut attempts: Vec<Attempt> = list.limit(100).await.unwrap().items;
        attempts.sort_by_key(|attempt| attempt.attempt_number);
        let numbers: Vec<_> = attempts.iter().map(|a| a.attempt_number).collect();
        let expected: Vec<_> = (1..).map(Some).take(numbers.len()).collect();
        assert_eq!(numbers, expected, "each attempt once");
        attempts
            .into_iter()
            .map(|attempt| {
                let at = attempt.created_at.unix_seconds() - START;
                let trigger = attempt.trigger.unwrap().as_str().to_owned();
                (at, trigger, attempt.response_status)
            })
            .collect()
    }

    /// `(events_count, ignored_count, rejection cause)` of a request.
    pub async fn counts(&self, request_id: &str) -> (u32, u32, String) {
        let request = self.client.requests().get(request_id).await.unwrap();
        assert_eq!(request.cli_events_count, Some(0));
        let cause = request
            .rejection_cause
            .map(|cause| cause.as_str().to_owned());
        (
            request.events_count.unwrap(),
            request.ignored_count.unwrap(),
            cause.unwrap_or_default(),
        )
    }
}

/// The id of the request a producer was told of.
pub fn request_id(reply: &Reply) -> String {
    reply.json()["request_id"].as_str().unwrap().to_owned()
}

/// The status and the message of a refusal by the API.
pub fn refusal(error: &hookdeck::Error) -> (u16, String) {
    let status = error.status().unwrap_or_else(|| panic!("{error}"));
    let message = error.api().map(|api| api.message().to_owned());
    (status.as_u16(), message.unwrap_or_default())
}

#[derive(Debug)]
pub struct Seen {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("(absent)", |value| value.to_str().unwrap())
    }
}

#[derive(Clone)]
struct Answers {
    seen: mpsc::UnboundedSender<Seen>,
    /// Statuses, each with a `Retry-After` or nothing.
    queued: Arc<Mutex<VecDeque<(u16, &'static str)>>>,
    gate: Arc<Semaphore>,
}

/// A destination that answers what is queued for it, then 200.
pub struct Receiver {
    pub url: String,
    seen: mpsc::UnboundedReceiver<Seen>,
    answers: Answers,
}

impl Receiver {
    pub async fn start() -> Self {
        let (sender, seen) = mpsc::unbounded_channel();
        let answers = Answers {
            seen: sender,
            queued: Arc::default(),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).with_state(answers.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, seen, answers }
    }

    pub fn answer(&self, statuses: &[u16]) {
        let answers = statuses.iter().map(|status| (*status, ""));
        self.answers.queued.lock().unwrap().extend(answers);
    }

    pub fn answer_retry_after(&self, status: u16, retry_after: &'static str) {
        let mut queued = self.answers.queued.lock().unwrap();
        queued.push_back((status, retry_after));
    }

    /// Holds every answer back until [`release`](Receiver::release).
    pub fn hold(&self) {
        self.answers.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub fn release(&self) {
        self.answers.gate.add_permits(Semaphore::MAX_PERMITS >> 1);
    }

    /// Waits for the next delivery.
    pub async fn next(&mut self) -> Seen {
        self.seen.recv().await.unwrap()
    }

    /// What has arrived and was not looked at; meant for after a settle.
    pub fn all(&mut self) -> Vec<Seen> {
        std::iter::from_fn(|| self.seen.try_recv().ok()).collect()
    }
}

async fn answer(State(answers): State<Answers>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let queued = answers.queued.lock().unwrap().pop_front();
    let seen = Seen {
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
        body: body.to_vec(),
    };
    answers.seen.send(seen).unwrap();
    answers.gate.acquire().await.unwrap().forget();
    let (status, retry_after) = queued.unwrap_or((200, ""));
    let mut response = Response::builder().status(status);
    if !retry_after.is_empty() {
        response = response.header("retry-after", retry_after);
    }
    response.body(Body::empty()).unwrap()
}
