//! The HTTP side of source URLs: `/e/<source id without src_>`, with any path and query behind it.

mod answer;
mod body;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use axum::routing::any;
use http::header;
use http::request::Parts;
use http::uri::PathAndQuery;

use super::faulty::{CutConnection, close, in_place, spoil};
use crate::faults::{Effect, FaultTarget, InjectedFault, Plane};
use crate::ingest::{IngestOutcome, IngestedRequest, Sender, accept};
use crate::intake::ConnectionOutcome;
use crate::journal::JournalEntry;
use crate::project::{Project, Projects};
use crate::request::ReceivedRequest;
use crate::settings::{PublicUrl, Settings, bare};
use crate::store::StoreError;
use crate::wire::RejectionCause;
use body::{BodyError, read};

/// The routes of all source URLs of all projects.
pub(super) fn router(projects: Arc<Projects>) -> Router {
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
    take_in(project, source_id, &path, &parts, body, false).await
}

/// A request to a source URL of the live service's shape, as one to the same source here.
pub(super) fn from_live(mut request: Request, public_url: &PublicUrl) -> Request {
    let host = request.headers().get(header::HOST);
    let named = host.and_then(|host| host.to_str().ok());
    let path = request.uri().path();
    if named.is_some_and(|host| public_url.is_host(host))
        && path != "/v1/publish"
        && !path.starts_with("/e/")
    {
        let behind = request
            .uri()
            .path_and_query()
            .map_or("/", PathAndQuery::as_str);
        // It cannot fail: what was a path is one with a segment before it.
        if let Ok(uri) = format!("/e{behind}").parse() {
            *request.uri_mut() = uri;
        }
    }
    request
}

/// Takes a request in at a source of the project and answers its producer. What `is_published` came with the
/// project's key.
pub(super) async fn take_in(
    project: &Arc<Project>,
    source_id: String,
    path: &str,
    parts: &Parts,
    body: Body,
    is_published: bool,
) -> Response {
    let injected = project.faults().inject(FaultTarget::Ingest {
        source_id: &source_id,
    });
    if let Some(injected) = &injected {
        if let Some(response) = in_place(injected) {
            note_fault(project, parts, &source_id, injected, &response);
            return response;
        }
        if injected.effect == Effect::Stall && !project.faults().lifted(injected.id).await {
            return close();
        }
    }
    // Held until the request is stored: what waits for the store may not take all memory.
    let (body, _room) = match read(body, &project.room).await {
        Ok(read) => read,
        Err(BodyError::Broken) => return answer::broken_body(),
        Err(BodyError::NoRoom) => return answer::no_room(),
    };

    // From here on nothing waits for the producer, so a settle may wait for this.
    let _ingesting = project.engine.ingesting();
    let peer = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let query = parts.uri.query().unwrap_or_default();
    let received = ReceivedRequest::new(&parts.method, path, query, &parts.headers, peer, body);
    let received = Arc::new(received);
    let received_at = project.clock().now();
    let sender = match is_published {
        true => Sender::KeyHolder,
        false => Sender::Producer(urls(project.settings(), &source_id, &received)),
    };
    let id = source_id.clone();
    let accepted: Result<_, StoreError> = project
        .services()
        .intake(move |intake| accept(intake, &id, &received, received_at, &sender))
        .await;
    let response = match accepted {
        Ok(IngestOutcome::UnknownSource) => answer::unknown_source(),
        Ok(IngestOutcome::DeletedSource) => answer::deleted_source(),
        Ok(IngestOutcome::Handshake(answer)) => answer::handshake(answer),
        Ok(IngestOutcome::Stored(stored)) => {
            let journal = IngestJournal::of(&stored);
            let answers_failed_verification = stored.answers_failed_verification;
            let rejected = stored.rejected.filter(|(cause, _)| {
                answers_failed_verification || *cause != RejectionCause::VerificationFailed
            });
            let response = answer::stored(
                &stored.request_id,
                project.settings().site_url(),
                rejected,
                stored.custom,
            );
            journal.write(project, parts, &source_id, &response, injected.as_ref());
            response
        }
        Err(error) => {
            tracing::error!("a request was not stored: {error}");
            answer::failed()
        }
    };
    match &injected {
        Some(injected) => spoil(injected, response, None).await,
        None => response,
    }
}

/// A webhook that a fault answered.
fn note_fault(
    project: &Project,
    parts: &Parts,
    source_id: &str,
    injected: &InjectedFault,
    response: &Response,
) {
    let mut entry = JournalEntry::new(Plane::Ingest, parts.method.as_str(), Some(injected));
    entry.source_id = Some(source_id.to_owned());
    entry.status = shown_status(response);
    project.journal().add(project.clock().now(), entry);
}

/// The status of an answer that is sent.
fn shown_status(response: &Response) -> Option<u16> {
    let is_sent = response.extensions().get::<CutConnection>().is_none();
    is_sent.then_some(response.status().as_u16())
}

/// What the journal says of a stored request.
struct IngestJournal {
    request_id: String,
    cause: Option<RejectionCause>,
    outcomes: Vec<ConnectionOutcome>,
}

impl IngestJournal {
    fn of(stored: &IngestedRequest) -> Self {
        Self {
            request_id: stored.request_id.clone(),
            cause: stored.rejected.as_ref().map(|(cause, _)| *cause),
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
        injected: Option<&InjectedFault>,
    ) {
        let now = project.clock().now();
        let mut entry = JournalEntry::new(Plane::Ingest, parts.method.as_str(), injected);
        entry.source_id = Some(source_id.to_owned());
        entry.request_id = Some(self.request_id.clone());
        let is_lost = injected.is_some_and(|injected| injected.effect == Effect::LostReply);
        entry.status = (!is_lost).then_some(response.status().as_u16());
        entry.cause = self.cause.map(|cause| cause.to_string());
        project.journal().add(now, entry);
        for outcome in self.outcomes {
            let mut entry = JournalEntry::new(Plane::Ingest, "connection", None);
            entry.source_id = Some(source_id.to_owned());
            entry.request_id = Some(self.request_id.clone());
            entry.webhook_id = Some(outcome.connection_id);
            entry.destination_id = Some(outcome.destination_id);
            entry.cause = outcome.cause.map(|cause| cause.as_str().to_owned());
            entry.detail = outcome.meta;
            if outcome.event_ids.is_empty() {
                project.journal().add(now, entry);
                continue;
            }
            for event_id in outcome.event_ids {
                let mut entry = entry.clone();
                entry.event_id = Some(event_id);
                project.journal().add(now, entry);
            }
        }
    }
}

/// The URLs a producer may have posted to: the one the source shows, the one the gateway listens on, and what it
/// looks like from where the producer is, for one that reaches the gateway by another name, such as a tunnel's.
fn urls(settings: &Settings, source_id: &str, received: &ReceivedRequest) -> Vec<String> {
    let mut behind = received.path.clone();
    if !received.query.is_empty() {
        behind.push('?');
        behind.push_str(&received.query);
    }
    let mut bases = vec![settings.source_url(source_id)];
    if settings.public_url.is_some() {
        bases.push(settings.local_source_url(source_id));
    }
    if let Some(host) = received.header("host") {
        let id = bare(source_id);
        bases.extend(["https", "http"].map(|scheme| format!("{scheme}://{host}/e/{id}")));
    }
    bases.iter().map(|base| format!("{base}{behind}")).collect()
}

/// The source id and the path behind it, "" or starting with "/".
fn split(path: &str) -> Option<(String, String)> {
    let rest = path.strip_prefix("/e/")?;
    let (id, path) = rest
        .find('/')
        .map_or((rest, ""), |slash| rest.split_at(slash));
    (!id.is_empty()).then(|| (format!("src_{id}"), path.to_owned()))
}
