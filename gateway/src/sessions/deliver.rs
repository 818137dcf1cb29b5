//! One attempt through a session.

use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::hub::Hub;
use super::message::{self, ClientAnswer};
use super::record::{self, CliSession};
use crate::clock::Micros;
use crate::delivery::BODY_KEPT;
use crate::delivery::OutgoingRequest;
use crate::events::attempt::{self, AttemptOutcome, ClaimedEvent};
use crate::request::{self, ReceivedRequest, RequestView};
use crate::rules::filter::Filter;
use crate::services::Services;
use crate::store::StoreError;
use crate::wire::{AttemptTrigger, ErrorCode};

/// How long an attempt waits for a terminal to come back, from the moment it was due.
const COMING_BACK: Duration = Duration::from_secs(10);

/// Has an attempt wait where no terminal is there to take it. Answers whether it waits.
///
/// # Errors
/// When the store fails.
pub(crate) fn wait(
    conn: &Connection,
    now: Micros,
    claim: &ClaimedEvent,
) -> Result<bool, StoreError> {
    let waits = must_wait(conn, now, claim)?;
    if waits {
        attempt::wait(conn, now, &claim.event_id, waits_until(now, claim))?;
    }
    Ok(waits)
}

/// Whether no terminal is there to take an attempt, and its wait is not over.
///
/// # Errors
/// When the store fails.
pub(crate) fn must_wait(
    conn: &Connection,
    now: Micros,
    claim: &ClaimedEvent,
) -> Result<bool, StoreError> {
    if waits_until(now, claim) <= now {
        return Ok(false);
    }
    let sessions = record::on_connection(conn, now, &claim.connection_id)?;
    Ok(choose(sessions, claim).is_none())
}

fn waits_until(now: Micros, claim: &ClaimedEvent) -> Micros {
    claim
        .client_awaited_until
        .unwrap_or_else(|| now.plus(COMING_BACK))
}

/// Sends an event to a session and waits for the answer until `deadline`, which is real time. The times of
/// the outcome are the clock's.
///
/// # Errors
/// When the store fails. Everything else is an outcome.
pub(crate) async fn deliver(
    hub: &Hub,
    services: &Services,
    attempt_id: &str,
    claim: &ClaimedEvent,
    outgoing: &OutgoingRequest,
    deadline: Instant,
) -> Result<AttemptOutcome, StoreError> {
    let mut outcome = AttemptOutcome {
        requested_url: Some(outgoing.shown_url.clone()),
        http_method: Some(outgoing.method.to_string()),
        ..AttemptOutcome::default()
    };
    let (now, connection_id) = (services.clock.now(), claim.connection_id.clone());
    let sessions = services
        .read(move |conn| record::on_connection(conn, now, &connection_id))
        .await?;
    let Some(session) = choose(sessions, claim) else {
        outcome.error_code = Some(ErrorCode::CliUnavailable);
        return Ok(outcome);
    };
    let binary = is_binary(claim);
    let exchange = hub.exchange(&session.id, attempt_id, binary, || {
        message::attempt(attempt_id, claim, outgoing, binary)
    });
    outcome.delivered_at = Some(services.clock.now());
    let answer = tokio::time::timeout_at(deadline, exchange).await;
    outcome.cli_id = Some(session.client_id);
    match answer {
        Err(_) => outcome.error_code = Some(ErrorCode::Timeout),
        Ok(Err(code)) => outcome.error_code = Some(code),
        Ok(Ok(ClientAnswer::Failed)) => outcome.error_code = Some(ErrorCode::Cli),
        Ok(Ok(ClientAnswer::Response { status, body })) => {
            outcome.response_status = Some(status);
            outcome.body = Some(kept(body));
            outcome.responded_at = Some(services.clock.now());
        }
    }
    Ok(outcome)
}

/// The session an attempt goes to, see the module's documentation.
fn choose(sessions: Vec<CliSession>, claim: &ClaimedEvent) -> Option<CliSession> {
    let (own, others): (Vec<_>, Vec<_>) = sessions
        .into_iter()
        .partition(|session| Some(&session.client_id) == claim.cli_id.as_ref());
    // Other clients have an event of their own of the same request.
    let is_only_for_own = !own.is_empty() && claim.trigger == AttemptTrigger::Initial;
    let newest_first = |sessions: Vec<CliSession>| {
        sessions
            .into_iter()
            .rev()
            .filter(|session| session.connected)
            .find(|session| passes(&session.filter, claim))
    };
    newest_first(own).or_else(|| {
        if is_only_for_own {
            return None;
        }
        newest_first(others)
    })
}

/// Whether `filter` would let a claimed event through as it is delivered.
fn passes(filter: &Filter, claim: &ClaimedEvent) -> bool {
    let headers = serde_json::from_str(&claim.headers).unwrap_or_default();
    let received = ReceivedRequest::stored(
        None,
        claim.method.clone(),
        claim.path.clone(),
        claim.query.clone(),
        headers,
        claim.body.clone(),
    );
    let seen = RequestView::of(&received);
    filter.failing(&seen.parts(&received)).is_empty()
}

/// By the headers, as ingestion sees it; and bytes that are no text cannot go as text.
fn is_binary(claim: &ClaimedEvent) -> bool {
    let headers: Map<String, Value> = serde_json::from_str(&claim.headers).unwrap_or_default();
    request::is_binary(&headers) || std::str::from_utf8(&claim.body).is_err()
}

/// The part of an answer that is stored.
fn kept(mut body: String) -> String {
    if body.len() > BODY_KEPT {
        let end = (0..=BODY_KEPT)
            .rev()
            .find(|end| body.is_char_boundary(*end))
            .unwrap_or(0);
        body.truncate(end);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_cut_between_characters() {
        assert_eq!(kept("short".into()), "short");
        let long = format!("{}é", "a".repeat(BODY_KEPT - 1));
        assert_eq!(kept(long).len(), BODY_KEPT - 1);
    }
}
