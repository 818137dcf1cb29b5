//! The HTTP side of the API: version, route, key, quota, body; then the dispatcher.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hookdeck::version::Translation;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::Value;

use super::api_keys;
use super::auth::{Credential, credential};
use super::call::{Call, Reply};
use super::cli::{self, SignIns};
use super::dispatch;
use super::error::{ApiError, json_bytes, json_response, text_response, unknown_path};
use super::quota::{Limit, Quota, Standing};
use super::version::{self, CURRENT, Unserved};
use crate::clock::Clock;
use crate::contract::Contract;
use crate::faults::{Cut, Effect, Plane, Strike, Subject, close, in_place, spoil};
use crate::journal::JournalEntry;
use crate::project::Project;
use crate::query;

/// The largest body of an API call. A connection with long filters stays far below it.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// Calls without a valid key share one bucket of this size.
const ANONYMOUS: Limit = Limit {
    calls: 100,
    window: Duration::from_secs(60),
};

/// Everything the API answers from.
#[derive(Clone)]
pub(crate) struct ApiState {
    inner: Arc<Inner>,
}

struct Inner {
    tenants: HashMap<String, Tenant>,
    /// The quotas of keys that were created over the API, by the id of the key.
    created: Mutex<HashMap<String, Arc<Quota>>>,
    limit: Option<Limit>,
    anonymous: Quota,
    sign_ins: SignIns,
    clock: Clock,
}

/// A project and what its key has used of its quota.
#[derive(Clone)]
struct Tenant {
    project: Arc<Project>,
    quota: Arc<Quota>,
}

impl ApiState {
    /// State for `projects`, each under its API key. `limit` holds for every key on its own;
    /// without one nothing is counted and no quota headers are sent. Calls without a valid key
    /// go by the first project's clock.
    pub(crate) fn new(
        projects: impl IntoIterator<Item = (String, Arc<Project>)>,
        limit: Option<Limit>,
    ) -> Self {
        let mut clock = None;
        let mut sign_ins = SignIns::default();
        let tenants = projects
            .into_iter()
            .map(|(key, project)| {
                clock.get_or_insert_with(|| project.clock().clone());
                sign_ins.offer(&key, &project);
                let quota = Arc::new(Quota::new(limit));
                (key, Tenant { project, quota })
            })
            .collect();
        Self {
            inner: Arc::new(Inner {
                tenants,
                created: Mutex::default(),
                limit,
                anonymous: Quota::new(limit.map(|_| ANONYMOUS)),
                sign_ins,
                clock: clock.unwrap_or_else(Clock::system),
            }),
        }
    }

    /// The project of the key in `headers`; without a key, the only one there is.
    pub(crate) fn project_of(&self, headers: &HeaderMap) -> Option<Arc<Project>> {
        let mut tenants = self.inner.tenants.values();
        let tenant = match credential(headers) {
            Credential::Key(key) => self.inner.tenants.get(&key),
            Credential::Unreadable => None,
            Credential::Missing => tenants.next().filter(|_| tenants.next().is_none()),
        };
        tenant.map(|tenant| Arc::clone(&tenant.project))
    }

    /// The project whose key this is.
    pub(crate) async fn project_with(&self, key: String) -> Result<Option<Arc<Project>>, ApiError> {
        let tenant = self.tenant_of(key).await?;
        Ok(tenant.map(|tenant| tenant.project))
    }

    /// Whose key this is: one the gateway was started with, or one that was created over the API and
    /// is still good.
    async fn tenant_of(&self, key: String) -> Result<Option<Tenant>, ApiError> {
        if let Some(tenant) = self.inner.tenants.get(&key) {
            return Ok(Some(tenant.clone()));
        }
        let key = Arc::new(key);
        for project in self.projects() {
            let (key, team_id) = (Arc::clone(&key), project.team_id.clone());
            let now = project.clock().now();
            let found = project
                .read(move |conn| api_keys::find(conn, &key, &team_id, now))
                .await?;
            if let Some(id) = found {
                let mut created = self
                    .inner
                    .created
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                let quota = created
                    .entry(id)
                    .or_insert_with(|| Arc::new(Quota::new(self.inner.limit)));
                return Ok(Some(Tenant {
                    project: Arc::clone(project),
                    quota: Arc::clone(quota),
                }));
            }
        }
        Ok(None)
    }

    /// Every project.
    pub(crate) fn projects(&self) -> impl Iterator<Item = &Arc<Project>> {
        self.inner.tenants.values().map(|tenant| &tenant.project)
    }

    /// Gives the key of `project` its whole quota back.
    pub(crate) fn reset_quota(&self, project: &Arc<Project>) {
        let tenants = self.inner.tenants.values();
        for tenant in tenants.filter(|tenant| Arc::ptr_eq(&tenant.project, project)) {
            tenant.quota.reset();
        }
    }
}

/// The routes of the API: every path that no other router takes.
pub(crate) fn router(state: ApiState) -> Router {
    Router::new().fallback(serve).with_state(state)
}

async fn serve(State(state): State<ApiState>, request: Request) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    // As in the live API's framework, a HEAD is a GET whose body the server leaves out.
    let routed = if method == Method::HEAD {
        Method::GET
    } else {
        method.clone()
    };
    if let Some(document) = document(&routed, &path) {
        return document;
    }
    let asked = match version::split(&path) {
        Ok(asked) => asked,
        Err(Unserved::Unknown) => return unknown_path(&method, &path),
        Err(Unserved::TooOld(message)) => {
            let data = Value::Null;
            return ApiError::BadRequest { message, data }.into_response();
        }
    };
    if let Some(route) = cli::route(routed.as_str(), asked.rest) {
        return cli::serve(&state, &route, asked.version, request).await;
    }
    let newest = asked.newest_path(routed.as_str());
    let Some(mut route) = Contract::get().route(routed.as_str(), &newest) else {
        return unknown_path(&method, &path);
    };

    let (tenant, standing) = match state.admit(request.headers()).await {
        Ok(admitted) => admitted,
        Err(refused) => return refused,
    };
    for (_, value) in &mut route.params {
        if value == CURRENT && asked.translation.is_some() {
            value.clone_from(&tenant.team_id);
        }
    }
    let operation = route.operation;
    let strike = tenant.faults().strike(Subject::Api {
        operation: &operation.id,
        goes_on: cursor_of(request.uri().query().unwrap_or_default()).is_some(),
    });
    if let Some(strike) = &strike {
        if let Some(response) = in_place(strike) {
            note(&tenant, &operation.id, &response, Some(strike));
            return with_quota(response, standing);
        }
        if strike.effect == Effect::Stall && !tenant.faults().lifted(strike.id).await {
            return close();
        }
    }
    let older = asked
        .translation
        .filter(|translation| translation.concerns(&operation.id));
    let id = route.param("id").unwrap_or_default().to_owned();
    let raw_query = request.uri().query().unwrap_or_default().to_owned();
    let known = (routed == Method::GET)
        .then(|| request.headers().get(header::IF_NONE_MATCH).cloned())
        .flatten();
    let input = match older {
        None => read_input(&raw_query, request.into_body()).await,
        Some(older) => read_older(older, &operation.id, &raw_query, request.into_body()).await,
    };
    let reply = match input {
        Ok((query, body)) => {
            let call = Call {
                project: Arc::clone(&tenant),
                older,
                operation,
                id,
                params: route.params,
                older_query: older.map_or(Value::Null, |_| query.clone()),
                query,
                body,
            };
            dispatch::answer(call).await
        }
        Err(error) => Err(error),
    };
    let response = match older {
        None => answer(reply),
        Some(older) => answer_older(older, &operation.id, reply),
    };
    let response = match (&strike, known) {
        (Some(strike), _) => spoil(strike, response, cursor_of(&raw_query).as_deref()).await,
        (None, Some(known)) if is_known(&response, &known) => unchanged(response),
        (None, _) => response,
    };
    note(&tenant, &operation.id, &response, strike.as_ref());
    with_quota(response, standing)
}

/// The cursor a page was asked for by.
fn cursor_of(raw_query: &str) -> Option<String> {
    url::form_urlencoded::parse(raw_query.as_bytes())
        .find(|(name, _)| name == "next")
        .map(|(_, cursor)| cursor.into_owned())
}

/// Writes a call into the project's journal.
fn note(project: &Project, operation: &str, response: &Response, strike: Option<&Strike>) {
    let is_sent = response.extensions().get::<Cut>().is_none();
    let mut entry = JournalEntry::new(Plane::Api, operation, strike);
    entry.status = is_sent.then_some(response.status().as_u16());
    project.journal().add(project.clock().now(), entry);
}

/// Whether a successful reply has one of the tags that `If-None-Match` lists. Tags are compared weakly.
fn is_known(response: &Response, listed: &HeaderValue) -> bool {
    fn strong(tag: &str) -> &str {
        let tag = tag.trim();
        tag.strip_prefix("W/").unwrap_or(tag)
    }
    let Some(tag) = response.headers().get(header::ETAG) else {
        return false;
    };
    let (Ok(tag), Ok(listed)) = (tag.to_str(), listed.to_str()) else {
        return false;
    };
    // No tag of ours holds a comma.
    response.status() == StatusCode::OK
        && listed
            .split(',')
            .any(|known| known.trim() == "*" || strong(known) == strong(tag))
}

/// The reply to a caller who has this body already: its tag alone.
fn unchanged(response: Response) -> Response {
    let mut headers = HeaderMap::new();
    headers.extend(
        response
            .headers()
            .get(header::ETAG)
            .map(|tag| (header::ETAG, tag.clone())),
    );
    (StatusCode::NOT_MODIFIED, headers).into_response()
}

/// A reply as an older version gives it.
fn answer_older(older: Translation, operation: &str, reply: Reply) -> Response {
    match reply {
        Ok(body) => {
            let body = older.downgrade_reply(operation, body.to_string().as_bytes());
            json_bytes(StatusCode::OK, body)
        }
        Err(ApiError::Validation(messages)) => {
            let named = messages
                .iter()
                .map(|message| older.downgrade_message(operation, message));
            ApiError::Validation(named.collect()).into_response()
        }
        Err(ApiError::Domain { message, field }) => {
            // Properties stand in backticks.
            let named = message
                .split('`')
                .enumerate()
                .map(|(at, part)| match at % 2 {
                    0 => part.to_owned(),
                    _ => older.downgrade_message(operation, part),
                });
            let message = named.collect::<Vec<_>>().join("`");
            let field = field.map(|field| older.downgrade_message(operation, &field).into());
            ApiError::Domain { message, field }.into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// A reply with its status.
pub(super) fn answer(reply: Reply) -> Response {
    match reply {
        Ok(body) => json_response(StatusCode::OK, &body),
        Err(error) => error.into_response(),
    }
}

/// The query as an object and the body as JSON, null if there is none.
pub(super) async fn read_input(raw_query: &str, body: Body) -> Result<(Value, Value), ApiError> {
    let bytes = read_body(body).await?;
    parse(raw_query, &bytes)
}

/// The same of a call in an older version.
async fn read_older(
    older: Translation,
    operation: &str,
    raw_query: &str,
    body: Body,
) -> Result<(Value, Value), ApiError> {
    let bytes = read_body(body).await?;
    let given = (!bytes.is_empty()).then_some(&bytes[..]);
    let newest = older.upgrade_request(operation, raw_query, given);
    parse(&newest.query, &newest.body.unwrap_or_default())
}

fn bad(message: String) -> ApiError {
    ApiError::BadRequest {
        message,
        data: Value::Null,
    }
}

async fn read_body(body: Body) -> Result<Bytes, ApiError> {
    to_bytes(body, BODY_LIMIT).await.map_err(|_| {
        bad(format!(
            "The body could not be read or is larger than {BODY_LIMIT} bytes"
        ))
    })
}

fn parse(raw_query: &str, body: &[u8]) -> Result<(Value, Value), ApiError> {
    let query = query::parse(raw_query).map_err(|error| bad(error.to_string()))?;
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok((query, Value::Null));
    }
    let body = serde_json::from_slice(body)
        .map_err(|error| bad(format!("The body is not JSON: {error}")))?;
    Ok((query, body))
}

/// `/<version>/openapi` and `/latest/openapi`: the contract itself, for everybody.
fn document(method: &Method, path: &str) -> Option<Response> {
    let version = path.strip_prefix('/')?.strip_suffix("/openapi")?;
    let served = version == "latest" || version == version::NEWEST;
    (served && method == Method::GET).then(|| {
        (
            [(header::CONTENT_TYPE, "application/json; charset=utf-8")],
            hookdeck::contract::DOCUMENT,
        )
            .into_response()
    })
}

pub(super) enum Refusal {
    NoKey,
    BadKey,
}

impl ApiState {
    /// The project of the key a call came with, and what is left of the key's quota.
    ///
    /// # Errors
    /// The answer to a call without a good key, or beyond the quota.
    pub(super) async fn admit(
        &self,
        headers: &HeaderMap,
    ) -> Result<(Arc<Project>, Option<Standing>), Response> {
        let tenant = match credential(headers) {
            Credential::Key(key) => self.tenant_of(key).await,
            Credential::Unreadable => Ok(None),
            Credential::Missing => return Err(self.unauthorized(&Refusal::NoKey)),
        };
        let tenant = match tenant {
            Ok(Some(tenant)) => tenant,
            Ok(None) => return Err(self.unauthorized(&Refusal::BadKey)),
            Err(error) => return Err(error.into_response()),
        };
        let standing = tenant.quota.take(tenant.project.clock().now());
        if standing.is_some_and(|standing| !standing.allowed) {
            return Err(with_quota(too_many(), standing));
        }
        Ok((tenant.project, standing))
    }

    /// What is left to all calls without a key together.
    ///
    /// # Errors
    /// The answer to a call beyond that.
    pub(super) fn admit_anonymous(&self) -> Result<Option<Standing>, Box<Response>> {
        let standing = self.inner.anonymous.take(self.inner.clock.now());
        if standing.is_some_and(|standing| !standing.allowed) {
            return Err(Box::new(with_quota(too_many(), standing)));
        }
        Ok(standing)
    }

    /// Sign-ins that have begun, and the key they lead to.
    pub(super) fn sign_ins(&self) -> &SignIns {
        &self.inner.sign_ins
    }

    pub(super) fn unauthorized(&self, refusal: &Refusal) -> Response {
        let standing = match self.admit_anonymous() {
            Ok(standing) => standing,
            Err(refused) => return *refused,
        };
        let response = match refusal {
            Refusal::NoKey => json_response(
                StatusCode::UNAUTHORIZED,
                &serde_json::json!({
                    "message": "No API key was provided through Basic Auth or Bearer Token",
                    "code": "UNAUTHORIZED",
                }),
            ),
            Refusal::BadKey => text_response(StatusCode::UNAUTHORIZED, "Unauthorized"),
        };
        with_quota(response, standing)
    }
}

fn too_many() -> Response {
    text_response(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests")
}

/// Adds the four quota headers, which stand on every reply, successes included.
pub(super) fn with_quota(mut response: Response, standing: Option<Standing>) -> Response {
    let Some(standing) = standing else {
        return response;
    };
    let headers = response.headers_mut();
    headers.insert("x-ratelimit-limit", HeaderValue::from(standing.limit));
    headers.insert(
        "x-ratelimit-remaining",
        HeaderValue::from(standing.remaining),
    );
    // Rounded up to milliseconds, so that whoever waits as told does not come too early.
    let up = Duration::from_micros(999);
    let reset = standing.reset.plus(up).to_millis_string();
    let wait = standing.wait.saturating_add(up);
    let wait = format!("{}.{:03}", wait.as_secs(), wait.subsec_millis());
    for (name, value) in [("x-ratelimit-reset", reset), ("retry-after", wait)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}
