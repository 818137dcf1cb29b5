//! The HTTP side of source URLs: `/e/<source id without src_>`, with any path and query behind it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use axum::routing::any;
use futures_util::StreamExt;
use http::request::Parts;

use super::accept::{Accepted, Stored, accept};
use super::answer::Cause;
use super::intake::ConnectionOutcome;
use super::receive::Received;
use super::{BODY_LIMIT, answer};
use crate::faults::{Cut, Effect, Plane, Strike, Subject, in_place, spoil};
use crate::journal::JournalEntry;
use crate::project::{Project, Projects};
use crate::store::StoreError;

/// How much of a refused body is still read, so that the producer gets to see the answer.
const DRAINED: usize = 64 * 1024 * 1024;

/// The routes of all source URLs of all projects.
pub(crate) fn router(projects: Arc<Projects>) -> Router {
    Router::new()
        .route("/e/{*rest}", any(serve))
        .with_state(projects)
}

async fn serve(State(projects): State<Arc<Projects>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some((source_id, path)) = split(parts.uri.path()) else {
        return answer::unknown_source();
    };
    let project = match projects.of_source(&source_id).await {
        Ok(Some(project)) => project,
        Ok(None) => return answer::unknown_source(),
        Err(error) => {
            tracing::error!("a source could not be looked up: {error}");
            return answer::failed();
        }
    };
    take_in(project, source_id, &path, &parts, body).await
}

/// Takes a request in at a source of the project and answers its producer.
pub(crate) async fn take_in(
    project: &Arc<Project>,
    source_id: String,
    path: &str,
    parts: &Parts,
    body: Body,
) -> Response {
    let strike = project.faults.strike(Subject::Ingest {
        source_id: &source_id,
    });
    if let Some(strike) = &strike {
        if let Some(response) = in_place(strike) {
            note_fault(project, parts, &source_id, strike, &response);
            return response;
        }
        if strike.effect == Effect::Stall {
            project.faults.lifted(strike.id).await;
        }
    }
    let Ok(body) = read(body).await else {
        return answer::broken_body();
    };

    // From here on nothing waits for the producer, so a settle may wait for this.
    let _ingesting = project.engine.ingesting();
    let peer = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let query = parts.uri.query().unwrap_or_default();
    let received = Received::new(&parts.method, path, query, &parts.headers, peer, body);
    let received = Arc::new(received);
    let urls = urls(&project.settings.source_url(&source_id), &received);
    let id = source_id.clone();
    let accepted: Result<_, StoreError> = project
        .means()
        .write(move |intake| accept(intake, &id, &received, &urls))
        .await;
    let response = match accepted {
        Ok(Accepted::UnknownSource) => answer::unknown_source(),
        Ok(Accepted::DeletedSource) => answer::deleted_source(),
        Ok(Accepted::Handshake(answer)) => answer.into_response(),
        Ok(Accepted::Stored(stored)) => {
            if !stored.event_ids.is_empty() {
                project.engine.wake();
            }
            let noted = Noted::of(&stored);
            let told = stored.told;
            let rejected = stored
                .rejected
                .filter(|(cause, _)| told || *cause != Cause::VerificationFailed);
            let response = answer::stored(
                &stored.request_id,
                &project.settings.base_url,
                rejected,
                stored.custom,
            );
            noted.write(project, parts, &source_id, &response, strike.as_ref());
            response
        }
        Err(error) => {
            tracing::error!("a request was not stored: {error}");
            answer::failed()
        }
    };
    match &strike {
        Some(strike) => spoil(strike, response, None).await,
        None => response,
    }
}

/// A webhook that a fault answered.
fn note_fault(
    project: &Project,
    parts: &Parts,
    source_id: &str,
    strike: &Strike,
    response: &Response,
) {
    let mut entry = JournalEntry::new(Plane::Ingest, parts.method.as_str(), Some(strike));
    entry.source_id = Some(source_id.to_owned());
    entry.status = shown_status(response);
    project.journal.add(project.clock.now(), entry);
}

/// The status of an answer that is sent.
fn shown_status(response: &Response) -> Option<u16> {
    let is_sent = response.extensions().get::<Cut>().is_none();
    is_sent.then_some(response.status().as_u16())
}

/// What the journal says of a stored request.
struct Noted {
    request_id: String,
    cause: Option<&'static str>,
    outcomes: Vec<ConnectionOutcome>,
}

impl Noted {
    fn of(stored: &Stored) -> Self {
        Self {
            request_id: stored.request_id.clone(),
            cause: stored.rejected.as_ref().map(|(cause, _)| cause.as_str()),
            outcomes: stored.outcomes.clone(),
        }
    }

    /// One entry for the webhook, and one for each connection that ignored it or made events of it.
    fn write(
        self,
        project: &Project,
        parts: &Parts,
        source_id: &str,
        response: &Response,
        strike: Option<&Strike>,
    ) {
        let now = project.clock.now();
        let mut entry = JournalEntry::new(Plane::Ingest, parts.method.as_str(), strike);
        entry.source_id = Some(source_id.to_owned());
        entry.request_id = Some(self.request_id.clone());
        entry.status = Some(response.status().as_u16());
        entry.cause = self.cause.map(str::to_owned);
        project.journal.add(now, entry);
        for outcome in self.outcomes {
            let mut entry = JournalEntry::new(Plane::Ingest, "connection", None);
            entry.source_id = Some(source_id.to_owned());
            entry.request_id = Some(self.request_id.clone());
            entry.webhook_id = Some(outcome.connection_id);
            entry.destination_id = Some(outcome.destination_id);
            entry.cause = outcome.cause.map(str::to_owned);
            entry.detail = outcome.meta;
            if outcome.event_ids.is_empty() {
                project.journal.add(now, entry);
                continue;
            }
            for event_id in outcome.event_ids {
                let mut entry = entry.clone();
                entry.event_id = Some(event_id);
                project.journal.add(now, entry);
            }
        }
    }
}

/// The URLs a producer may have posted to: the source's own, and what it looks like from where the producer is, for
/// one that reaches the gateway by another name, such as a tunnel's.
fn urls(source_url: &str, received: &Received) -> Vec<String> {
    let mut behind = received.path.clone();
    if !received.query.is_empty() {
        behind.push('?');
        behind.push_str(&received.query);
    }
    let mut urls = vec![format!("{source_url}{behind}")];
    if let (Some(host), Some(at)) = (received.header("host"), source_url.find("/e/")) {
        let path = &source_url[at..];
        urls.extend(["https", "http"].map(|scheme| format!("{scheme}://{host}{path}{behind}")));
    }
    urls
}

/// The source id and the path behind it, "" or starting with "/".
fn split(path: &str) -> Option<(String, String)> {
    let rest = path.strip_prefix("/e/")?;
    let (id, path) = rest
        .find('/')
        .map_or((rest, ""), |slash| rest.split_at(slash));
    (!id.is_empty()).then(|| (format!("src_{id}"), path.to_owned()))
}

/// The body stopped before its end.
struct BrokenBody;

/// Reads the body; `None` when it is larger than the limit.
async fn read(body: Body) -> Result<Option<Vec<u8>>, BrokenBody> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut seen = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| BrokenBody)?;
        seen += chunk.len();
        if seen > DRAINED {
            break;
        }
        if seen <= BODY_LIMIT {
            bytes.extend_from_slice(&chunk);
        } else {
            bytes = Vec::new();
        }
    }
    Ok((seen <= BODY_LIMIT).then_some(bytes))
}
