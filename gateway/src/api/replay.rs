//! What is taken in again: replays of requests and events, retries of requests, bookmarks that are sent.

use serde_json::{Value, json};

use super::call::{ApiCall, ApiResult, text};
use super::error::ApiError;
use super::render::RenderContext;
use super::{events, requests};
use crate::events::EventError;
use crate::ingest::{self, ReplayOutcome, ReplayTarget};
use crate::intake::Intake;

/// Makes events of a request for the connections that have none of it.
pub(super) async fn retry_request(call: ApiCall) -> ApiResult {
    let (id, only) = (call.id.clone(), ids_in(&call.body, "webhook_ids"));
    let retried = taken_in(&call, move |intake| {
        ingest::retry(intake, &id, only.as_deref(), None)
    })
    .await?;
    let view = RenderContext::of(&call.project);
    call.project
        .read(move |conn| {
            Ok(json!({
                "request": requests::shown(conn, &view, &call.id)?,
                "events": each(&retried.event_ids, |id| events::shown(conn, &view, id))?,
            }))
        })
        .await
}

/// Takes a request in again.
pub(super) async fn replay_request(call: ApiCall) -> ApiResult {
    let (id, target) = (call.id.clone(), target(&call.body));
    let replayed = taken_in(&call, move |intake| {
        ingest::replay(intake, &id, &target, None)
    });
    let replayed = replayed.await?;
    show_replayed(call, replayed).await
}

/// Takes the request of an event in again.
pub(super) async fn replay_event(call: ApiCall) -> ApiResult {
    let (id, target) = (call.id.clone(), target(&call.body));
    let replayed = taken_in(&call, move |intake| {
        ingest::replay_event(intake, &id, &target)
    });
    let replayed = replayed.await?;
    show_replayed(call, replayed).await
}

/// Sends the bookmarked data to the bookmark's connection, as a new request under today's rules.
/// Answers the events this makes: none, if a rule turns the data down.
pub(super) async fn trigger_bookmark(call: ApiCall) -> ApiResult {
    let id = call.id.clone();
    let event_ids = taken_in(&call, move |intake| ingest::send_bookmark(intake, &id)).await?;
    let view = RenderContext::of(&call.project);
    call.project
        .read(move |conn| {
            let shown = each(&event_ids, |id| events::shown(conn, &view, id))?;
            Ok(Value::from(shown))
        })
        .await
}

async fn taken_in<T, F>(call: &ApiCall, job: F) -> Result<T, EventError>
where
    T: Send + 'static,
    F: Fn(&mut Intake<'_>) -> Result<T, EventError> + Clone + Send + 'static,
{
    call.project.services().intake(job).await
}

/// Where the body of a replay sends it.
fn target(body: &Value) -> ReplayTarget {
    ReplayTarget {
        source_id: text(body, "source_id").map(str::to_owned),
        webhook_ids: ids_in(body, "webhook_ids").unwrap_or_default(),
    }
}

/// The reply to a replay.
async fn show_replayed(call: ApiCall, replayed: ReplayOutcome) -> ApiResult {
    let view = RenderContext::of(&call.project);
    call.project
        .read(move |conn| {
            Ok(json!({
                "requests": each(&replayed.request_ids, |id| requests::shown(conn, &view, id))?,
                "events": each(&replayed.event_ids, |id| events::shown(conn, &view, id))?,
            }))
        })
        .await
}

fn each(
    ids: &[String],
    show: impl Fn(&str) -> Result<Value, ApiError>,
) -> Result<Vec<Value>, ApiError> {
    ids.iter().map(|id| show(id)).collect()
}

/// The strings of a list in the body.
fn ids_in(body: &Value, name: &str) -> Option<Vec<String>> {
    let items = body.get(name)?.as_array()?;
    let ids = items.iter().filter_map(Value::as_str).map(str::to_owned);
    Some(ids.collect())
}
