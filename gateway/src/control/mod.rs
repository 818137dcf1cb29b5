//! The control API at `/_gateway/`: what the in-process handle offers, for tests in any language.
//!
//! Health and readiness always answer. The rest exists only with `--control`. It concerns the
//! project of the API key in `Authorization`; without a key, the only project there is.
//!
//! | call | does |
//! |---|---|
//! | `GET health` | tells the version |
//! | `GET ready` | answers 200 once every store answers |
//! | `GET clock` | tells the project's time and whether it is manual |
//! | `POST clock/advance` `{"seconds": n}` or `{"milliseconds": n}` | moves a manual clock, tells the attempts it caused |
//! | `POST settle` | waits until nothing is in flight and nothing is due now |
//! | `POST reset` | empties the project in one step and gives its quota back |
//! | `POST seed` `{"seed": n}` | starts ids and probabilities over; for a project that is empty, for the same seed makes the same ids again |
//! | `POST clock/set` `{"now": "2027-01-15T08:00:00Z"}` | moves a manual clock forward to a moment |
//! | `GET faults` | the armed faults, and how often each has struck |
//! | `POST faults` | arms one; see [`Fault`](crate::Fault) for its members, or `{"preset": "upsert_race"}` |
//! | `DELETE faults`, `DELETE faults/7` | disarms all, or one |
//! | `GET snapshot` | everything the project keeps, as an SQLite database |
//! | `PUT snapshot` | takes one in place of what it keeps, in one step |
//! | `GET journal` | what happened, oldest first; narrowed by `since` (a sequence number), `plane`, `what`, `status`, `cause`, `fault` and the ids `source_id`, `request_id`, `webhook_id`, `destination_id`, `event_id` |

mod journal;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use bytes::Bytes;
use hookdeck::types::Timestamp;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::clock::Micros;
use crate::engine::EngineError;
use crate::faults::{Fault, FaultId};
use crate::project::Project;
use crate::server::{Tenants, is_local, json_response};
use crate::store::StoreError;

const BODY_LIMIT: usize = 64 * 1024;
/// The largest snapshot that is taken.
const SNAPSHOT_LIMIT: usize = 1024 * 1024 * 1024;

/// What the control API works on.
#[derive(Clone)]
pub(crate) struct ControlState {
    tenants: Tenants,
    enabled: bool,
}

impl ControlState {
    /// Control over the projects of `tenants`; without `enabled` only health and readiness.
    pub(crate) fn new(tenants: Tenants, enabled: bool) -> Self {
        Self { tenants, enabled }
    }
}

/// The routes under `/_gateway/`.
pub(crate) fn router(state: ControlState) -> Router {
    Router::new()
        .route("/_gateway", any(serve))
        .route("/_gateway/{*path}", any(serve))
        .with_state(state)
}

async fn serve(State(state): State<ControlState>, request: Request) -> Response {
    match answer(&state, request).await {
        Ok(ControlReply::Json(body)) => json_response(StatusCode::OK, &body),
        Ok(ControlReply::Bytes(bytes)) => {
            ([(header::CONTENT_TYPE, "application/vnd.sqlite3")], bytes).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// What a control call answers.
enum ControlReply {
    Json(Value),
    Bytes(Vec<u8>),
}

impl From<Value> for ControlReply {
    fn from(body: Value) -> Self {
        Self::Json(body)
    }
}

/// A refused or failed control call.
struct ControlError {
    status: StatusCode,
    message: String,
}

impl ControlError {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        json_response(
            self.status,
            &json!({ "status": self.status.as_u16(), "message": self.message }),
        )
    }
}

impl From<EngineError> for ControlError {
    fn from(error: EngineError) -> Self {
        let status = match error {
            EngineError::SystemClock => StatusCode::CONFLICT,
            EngineError::Stopped => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

async fn answer(state: &ControlState, request: Request) -> Result<ControlReply, ControlError> {
    if !is_local(request.headers()) {
        return Err(ControlError::new(
            StatusCode::FORBIDDEN,
            "The control API answers only under a local name, and no pages of other hosts",
        ));
    }
    let path = request
        .uri()
        .path()
        .strip_prefix("/_gateway")
        .unwrap_or_default()
        .trim_matches('/')
        .to_owned();
    let method = request.method().clone();
    match (method.as_str(), path.as_str()) {
        ("GET", "health") => {
            return Ok(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }).into());
        }
        ("GET", "ready") => return ready(state).await.map(ControlReply::from),
        _ if !state.enabled => {
            return Err(ControlError::new(
                StatusCode::NOT_FOUND,
                "The gateway runs without the control API; start it with --control",
            ));
        }
        _ => {}
    }
    let project = state.project(&request)?;
    let query = request.uri().query().unwrap_or_default().to_owned();
    match (&method, path.as_str()) {
        (&Method::GET, "snapshot") => {
            let snapshot = project.snapshot().await.map_err(EngineError::from)?;
            return Ok(ControlReply::Bytes(snapshot));
        }
        (&Method::PUT, "snapshot") => {
            return restore(&project, request).await.map(ControlReply::from);
        }
        _ => {}
    }
    let body = read(request, BODY_LIMIT).await?;
    change(state, &project, &query, method, &path, body)
        .await
        .map(ControlReply::from)
}

async fn change(
    state: &ControlState,
    project: &Arc<Project>,
    query: &str,
    method: Method,
    path: &str,
    body: Bytes,
) -> Result<Value, ControlError> {
    let body = parse(&body)?;
    match (method, path) {
        (Method::GET, "clock") => Ok(clock(project)),
        (Method::POST, "clock/advance") => advance(project, &body).await,
        (Method::POST, "settle") => {
            project.settle().await?;
            Ok(clock(project))
        }
        (Method::POST, "reset") => {
            project.reset().await?;
            state.tenants.reset_quota(project);
            Ok(clock(project))
        }
        (Method::POST, "clock/set") => set_clock(project, &body).await,
        (Method::GET, "faults") => Ok(json!({ "faults": project.faults().list() })),
        (Method::POST, "faults") => arm(project, body),
        (Method::DELETE, "faults") => {
            project.faults().clear();
            Ok(json!({ "faults": [] }))
        }
        (Method::DELETE, path) if path.starts_with("faults/") => disarm(project, path),
        (Method::GET, "journal") => journal::read(project, query),
        (Method::POST, "seed") => {
            let seed = body
                .get("seed")
                .and_then(Value::as_u64)
                .ok_or_else(|| bad("`seed` must be a whole number from 0"))?;
            project.ids().reseed(seed);
            project.faults().reseed(seed);
            Ok(json!({ "seed": seed }))
        }
        (method, path) => Err(ControlError::new(
            StatusCode::NOT_FOUND,
            format!("The control API has no {method} /_gateway/{path}"),
        )),
    }
}

fn bad(message: impl Into<String>) -> ControlError {
    ControlError::new(StatusCode::BAD_REQUEST, message)
}

impl ControlState {
    fn project(&self, request: &Request) -> Result<Arc<Project>, ControlError> {
        self.tenants.project_of(request.headers()).ok_or_else(|| {
            ControlError::new(
                StatusCode::UNAUTHORIZED,
                "The gateway has several projects; send the API key of the one that is meant",
            )
        })
    }
}

async fn read(request: Request, limit: usize) -> Result<Bytes, ControlError> {
    to_bytes(request.into_body(), limit)
        .await
        .map_err(|_| bad("The body could not be read or is too large"))
}

/// Takes the snapshot in the body.
async fn restore(project: &Project, request: Request) -> Result<Value, ControlError> {
    let bytes = read(request, SNAPSHOT_LIMIT).await?;
    match project.restore(bytes.into()).await {
        Ok(()) => Ok(clock(project)),
        Err(EngineError::Store(error @ StoreError::Unusable(_))) => Err(bad(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

fn parse(bytes: &[u8]) -> Result<Value, ControlError> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(bytes).map_err(|error| bad(format!("The body is not JSON: {error}")))
}

/// Ready means that every store answers.
async fn ready(state: &ControlState) -> Result<Value, ControlError> {
    for project in state.tenants.projects() {
        let answered: Result<(), StoreError> = project
            .read(|conn| Ok(conn.query_row("SELECT 1", [], |_| Ok(()))?))
            .await;
        answered.map_err(|error| {
            ControlError::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
        })?;
    }
    Ok(json!({ "status": "ready" }))
}

fn clock(project: &Project) -> Value {
    json!({
        "now": project.clock().now().to_micros_string(),
        "manual": project.clock().is_manual(),
    })
}

fn arm(project: &Project, body: Value) -> Result<Value, ControlError> {
    let fault = match body.as_object().and_then(|body| body.get("preset")) {
        Some(name) => preset(&body, name)?,
        None => serde_json::from_value(body)
            .map_err(|error| bad(format!("The body is no fault: {error}")))?,
    };
    let id = project
        .faults()
        .arm(fault)
        .map_err(|error| bad(error.to_string()))?;
    Ok(json!({ "id": id }))
}

/// The fault of this name, which stands alone: a preset says everything.
fn preset(body: &Value, name: &Value) -> Result<Fault, ControlError> {
    if body.as_object().is_some_and(|body| body.len() > 1) {
        return Err(bad("`preset` stands alone"));
    }
    name.as_str()
        .and_then(Fault::preset)
        .ok_or_else(|| bad(format!("There is no preset {name}")))
}

fn disarm(project: &Project, path: &str) -> Result<Value, ControlError> {
    let id = path.trim_start_matches("faults/").parse();
    let id = id.map_err(|_| bad("The id of a fault is a whole number"))?;
    if project.faults().disarm(FaultId::from_number(id)) {
        return Ok(json!({ "id": id }));
    }
    Err(ControlError::new(
        StatusCode::NOT_FOUND,
        format!("No fault {id} is armed"),
    ))
}

/// `{"now": "2027-01-15T08:00:00Z"}`. Time only goes forward.
async fn set_clock(project: &Project, body: &Value) -> Result<Value, ControlError> {
    let wanted = body.get("now").and_then(Value::as_str).unwrap_or_default();
    let wanted: Timestamp = wanted
        .parse()
        .map_err(|error| bad(format!("`now` is {error}")))?;
    let (wanted, now) = (Micros::from(wanted), project.clock().now());
    if wanted < now {
        return Err(bad(
            "`now` lies in the past of this clock, which only goes forward",
        ));
    }
    advanced(project, wanted.since(now)).await
}

/// `{"seconds": 90}` or `{"milliseconds": 1500}`.
async fn advance(project: &Project, body: &Value) -> Result<Value, ControlError> {
    let whole = |name: &str| body.get(name).and_then(Value::as_u64);
    let span = match (whole("seconds"), whole("milliseconds")) {
        (Some(seconds), None) => Duration::from_secs(seconds),
        (None, Some(milliseconds)) => Duration::from_millis(milliseconds),
        _ => {
            return Err(bad(
                "Send either `seconds` or `milliseconds`, a whole number from 0",
            ));
        }
    };
    advanced(project, span).await
}

async fn advanced(project: &Project, span: Duration) -> Result<Value, ControlError> {
    let fired = project.advance(span).await?;
    let fired: Vec<Value> = fired
        .iter()
        .map(|attempt| {
            json!({
                "event_id": attempt.event_id,
                "webhook_id": attempt.connection_id,
                "at": attempt.at.to_micros_string(),
                "trigger": attempt.trigger.as_str(),
                "attempt_number": attempt.attempt_number,
            })
        })
        .collect();
    let mut reply = clock(project);
    reply["fired"] = Value::Array(fired);
    Ok(reply)
}
