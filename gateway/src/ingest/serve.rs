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

use super::accept::{Accepted, accept};
use super::receive::Received;
use super::{BODY_LIMIT, answer};
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
    let accepted: Result<_, StoreError> = project
        .means()
        .write(move |intake| accept(intake, &source_id, &received, &urls))
        .await;
    match accepted {
        Ok(Accepted::UnknownSource) => answer::unknown_source(),
        Ok(Accepted::DeletedSource) => answer::deleted_source(),
        Ok(Accepted::Handshake(answer)) => answer.into_response(),
        Ok(Accepted::Stored(stored)) => {
            if !stored.event_ids.is_empty() {
                project.engine.wake();
            }
            answer::stored(
                &stored.request_id,
                &project.settings.base_url,
                stored.rejected,
                stored.custom,
            )
        }
        Err(error) => {
            tracing::error!("a request was not stored: {error}");
            answer::failed()
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
