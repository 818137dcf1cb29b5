//! A gateway with a manual clock, and a receiver that answers as the test wants.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use hookdeck::types::Timestamp;
use http::{HeaderMap, Method, Uri};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::clock::Micros;
use crate::delivery::AddressPolicy;
use crate::project::Project;
use crate::store::StoreError;
use crate::{Gateway, GatewayBuilder};

/// 2027-01-15T08:00:00Z, where manual clocks start.
pub(super) const START: i64 = 1_800_000_000;

/// Microseconds at `seconds` after the start.
pub(super) fn at(seconds: i64) -> i64 {
    (START + seconds) * 1_000_000
}

pub(super) fn manual() -> GatewayBuilder {
    Gateway::builder()
        .seed(1)
        .manual_clock(Timestamp::from_unix_seconds(START))
}

pub(super) fn project(gateway: &Gateway) -> Arc<Project> {
    gateway.projects().next().unwrap().clone()
}

/// A source, a destination and a connection, named by `tag`.
pub(super) struct Path {
    pub(super) project: Arc<Project>,
    pub(super) connection_id: String,
    pub(super) url: String,
}

/// Options of a connection under test.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub(super) tag: &'static str,
    pub(super) source_config: Value,
    pub(super) kind: &'static str,
    pub(super) config: Value,
    pub(super) rules: Value,
}

impl Setup {
    pub(super) fn to(url: &str) -> Self {
        Self {
            tag: "a",
            source_config: json!({}),
            kind: "HTTP",
            config: json!({"url": url}),
            rules: json!([]),
        }
    }

    pub(super) fn rules(mut self, rules: Value) -> Self {
        self.rules = rules;
        self
    }

    pub(super) fn tag(mut self, tag: &'static str) -> Self {
        self.tag = tag;
        self
    }

    /// Adds a member to the destination's config.
    pub(super) fn with(mut self, member: &str, value: Value) -> Self {
        self.config[member] = value;
        self
    }

    pub(super) fn source_config(mut self, config: Value) -> Self {
        self.source_config = config;
        self
    }

    pub(super) async fn create(self, gateway: &Gateway) -> Path {
        self.create_in(&project(gateway)).await
    }

    pub(super) async fn create_in(self, project: &Arc<Project>) -> Path {
        let now = project.clock().now();
        let [source, destination, connection] =
            ["src", "des", "web"].map(|prefix| format!("{prefix}_{}", self.tag));
        let ids = (source.clone(), connection.clone());
        project
            .change(move |tx| {
                tx.execute(
                    "INSERT INTO sources VALUES (?1, ?1, NULL, 'WEBHOOK', ?2, NULL, NULL, ?3, ?3)",
                    rusqlite::params![source, self.source_config.to_string(), now],
                )?;
                tx.execute(
                    "INSERT INTO destinations VALUES (?1, ?1, NULL, ?2, ?3, NULL, NULL, ?4, ?4)",
                    rusqlite::params![destination, self.kind, self.config.to_string(), now],
                )?;
                tx.execute(
                    "INSERT INTO connections (id, name, source_id, destination_id, rules, created_at, updated_at)
                     VALUES (?1, ?1, ?2, ?3, ?4, ?5, ?5)",
                    rusqlite::params![connection, source, destination, self.rules.to_string(), now],
                )?;
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
        let url = project.settings().source_url(&ids.0);
        Path {
            project: Arc::clone(project),
            connection_id: ids.1,
            url,
        }
    }
}

impl Path {
    /// Posts a JSON body and answers the request's id.
    pub(super) async fn post(&self, body: Value) -> String {
        let reply = post(&self.url, &body).await;
        assert_eq!(reply.0, 200, "{}", reply.1);
        reply.1["request_id"].as_str().unwrap().to_owned()
    }

    /// The only event of a request.
    pub(super) async fn event_of(&self, request_id: &str) -> String {
        let rows = rows(
            &self.project,
            "SELECT id FROM events WHERE request_id = ?1",
            &[request_id],
        )
        .await;
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows[0][0].as_str().unwrap().to_owned()
    }

    /// Posts and answers the event that comes of it.
    pub(super) async fn event(&self, body: Value) -> String {
        let request_id = self.post(body).await;
        self.event_of(&request_id).await
    }

    /// Runs a change of the store and wakes the dispatcher, as the API does.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&rusqlite::Connection, Micros) -> Result<T, crate::events::EventError>
        + Send
        + 'static,
    ) -> T {
        let now = self.project.clock().now();
        self.project
            .change(move |tx| change(tx, now))
            .await
            .unwrap()
    }
}

pub(super) async fn post(url: &str, body: &Value) -> (u16, Value) {
    send(
        Method::POST,
        url,
        &[("content-type", "application/json")],
        body.to_string(),
    )
    .await
}

/// Sends a request and answers the status and the JSON body, or a string when it is none.
pub(super) async fn send(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<reqwest::Body>,
) -> (u16, Value) {
    let mut request = client().request(method, url).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (status, body)
}

fn client() -> reqwest::Client {
    // The deliveries' own plain client: it reads no certificates, which would take most of a test.
    let local = AddressPolicy::for_listener(([127, 0, 0, 1], 0).into());
    crate::delivery::http::plain(local).unwrap()
}

/// The rows of a query as JSON values.
pub(super) async fn rows(project: &Project, sql: &str, params: &[&str]) -> Vec<Vec<Value>> {
    let sql = sql.to_owned();
    let params: Vec<String> = params.iter().map(|param| (*param).to_owned()).collect();
    project
        .read(move |conn| {
            let mut statement = conn.prepare(&sql)?;
            let columns = statement.column_count();
            let rows = statement
                .query_map(rusqlite::params_from_iter(params), |row| {
                    (0..columns)
                        .map(|index| {
                            Ok(match row.get::<_, rusqlite::types::Value>(index)? {
                                rusqlite::types::Value::Integer(number) => json!(number),
                                rusqlite::types::Value::Text(text) => json!(text),
                                rusqlite::types::Value::Blob(bytes) => {
                                    json!(String::from_utf8_lossy(&bytes))
                                }
                                _ => Value::Null,
                            })
                        })
                        .collect()
                })?
                .collect::<Result<_, _>>()?;
            Ok::<_, StoreError>(rows)
        })
        .await
        .unwrap()
}

/// One row of a query.
pub(super) async fn row(project: &Project, sql: &str, params: &[&str]) -> Vec<Value> {
    let mut rows = rows(project, sql, params).await;
    assert_eq!(rows.len(), 1, "{sql}: {rows:?}");
    rows.remove(0)
}

/// `[status, attempts, due_at, next_attempt_at, error_code]` of an event.
pub(super) async fn event(project: &Project, id: &str) -> Vec<Value> {
    row(
        project,
        "SELECT status, attempts, due_at, next_attempt_at, error_code FROM events WHERE id = ?1",
        &[id],
    )
    .await
}

/// A delivery as the receiver saw it.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("(absent)", |value| value.to_str().unwrap())
    }
}

/// What the receiver answers.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: &'static str,
}

impl Reply {
    pub(super) fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: "",
        }
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

#[derive(Clone)]
struct Receiving {
    seen: mpsc::UnboundedSender<Seen>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    gate: Arc<tokio::sync::Semaphore>,
}

/// An HTTP server that records what it gets. It answers with the replies queued for it, then 200.
pub(super) struct Receiver {
    pub(super) url: String,
    seen: mpsc::UnboundedReceiver<Seen>,
    state: Receiving,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let (sender, seen) = mpsc::unbounded_channel();
        let gate = Arc::new(tokio::sync::Semaphore::new(
            tokio::sync::Semaphore::MAX_PERMITS,
        ));
        let state = Receiving {
            seen: sender,
            replies: Arc::default(),
            gate,
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = axum::Router::new()
            .fallback(receive)
            .with_state(state.clone());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            url,
            seen,
            state,
            task,
        }
    }

    /// Queues replies.
    pub(super) fn replies(&self, replies: impl IntoIterator<Item = Reply>) {
        self.state.replies.lock().unwrap().extend(replies);
    }

    /// Makes every answer wait for [`release`](Receiver::release).
    pub(super) fn hold(&self) {
        self.state.gate.forget_permits(usize::MAX >> 3);
    }

    /// Lets `count` held answers go.
    pub(super) fn release(&self, count: usize) {
        self.state.gate.add_permits(count);
    }

    /// Waits for the next delivery.
    pub(super) async fn next(&mut self) -> Seen {
        self.seen.recv().await.unwrap()
    }

    /// Everything received so far; meant for after a settle.
    pub(super) fn all(&mut self) -> Vec<Seen> {
        std::iter::from_fn(|| self.seen.try_recv().ok()).collect()
    }
}

async fn receive(State(state): State<Receiving>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let reply = state
        .replies
        .lock()
        .unwrap()
        .pop_front()
        .unwrap_or_else(|| Reply::status(200));
    state
        .seen
        .send(Seen {
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            body,
        })
        .unwrap();
    state.gate.acquire().await.unwrap().forget();
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).unwrap()
}
