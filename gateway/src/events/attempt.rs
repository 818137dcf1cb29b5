//! One attempt: what it needs to know before, and what it changes after.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::Value;

use super::change::cancel_those;
use crate::clock::Micros;
use crate::json::{self, Ordered};
use crate::store::StoreError;
use crate::wire::{AttemptStatus, AttemptTrigger, ErrorCode, EventStatus, sql};

const QUEUED: EventStatus = EventStatus::Queued;

/// A ready event with everything its delivery needs, read in one go.
#[derive(Clone)]
pub struct ClaimedEvent {
    /// The event.
    pub event_id: String,
    /// Its request.
    pub request_id: String,
    /// Its connection.
    pub connection_id: String,
    /// The connection's name, if it has one.
    pub connection_name: Option<String>,
    /// The connection's rules, as stored.
    pub rules: String,
    /// What the project has the gateway's headers begin with, unless it is the usual.
    pub headers_prefix: Option<String>,
    /// Its source's name.
    pub source_name: String,
    /// Its destination.
    pub destination_id: String,
    /// The destination's name.
    pub destination_name: String,
    /// The destination's type.
    pub destination_type: String,
    /// The destination's config, as stored; may hold secrets.
    pub destination_config: String,
    /// Whether the request's signature was verified.
    pub verified: bool,
    /// Method of the request.
    pub method: String,
    /// Path behind the source's URL.
    pub path: String,
    /// Raw query string.
    pub query: String,
    /// Headers, a JSON object.
    pub headers: String,
    /// Body.
    pub body: Vec<u8>,
    /// Attempts made before this one.
    pub attempts: i64,
    /// Retries the rule has scheduled so far, the one that led here included.
    pub automatic_count: i64,
    /// What makes this attempt happen.
    pub trigger: AttemptTrigger,
    /// The moment it was owed from.
    pub due_at: Micros,
    /// The number of retries asked for so far.
    pub due_version: i64,
    /// The bulk operation behind it, if one is.
    pub bulk_retry_id: Option<String>,
    /// When its first attempt was made, if one was.
    pub first_attempt_at: Option<Micros>,
    /// Until when it has waited for a terminal to come back, if it has.
    pub client_awaited_until: Option<Micros>,
    /// The command-line client it is for, if it is for one.
    pub cli_id: Option<String>,
}

impl std::fmt::Debug for ClaimedEvent {
    /// Names the attempt and nothing of what it carries.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClaimedEvent")
            .field("event_id", &self.event_id)
            .field("attempts", &self.attempts)
            .field("trigger", &self.trigger)
            .field("due_at", &self.due_at)
            .finish_non_exhaustive()
    }
}

/// What became of an event that seemed ready.
#[derive(Clone, Debug)]
pub enum ClaimOutcome {
    /// It is; here is what to deliver.
    Ready(Box<ClaimedEvent>),
    /// It no longer is: cancelled, held, delivered or gone.
    NotReady,
    /// Its connection or destination was disabled or deleted, so it must be cancelled.
    Unavailable,
}

/// Reads a ready event for its delivery. An event that was cancelled or held meanwhile is not ready.
///
/// # Errors
/// When the store fails.
pub fn claim(conn: &Connection, event_id: &str) -> Result<ClaimOutcome, StoreError> {
    let row = conn
        .prepare_cached(sql!(
            "SELECT e.id AS event_id, e.request_id, e.connection_id, c.name AS connection_name, c.rules,
                    s.name AS source_name, e.destination_id, d.name AS destination_name,
                    d.type AS destination_type, d.config AS destination_config, r.verified,
                    p.method, p.path, p.query, p.headers, p.body,
                    e.attempts, e.automatic_count, e.due_trigger, e.due_at, e.due_version,
                    e.bulk_retry_id, e.cli_id, e.client_awaited_until,
                    (SELECT a.created_at FROM attempts a
                     WHERE a.event_id = e.id AND a.attempt_number = 1) AS first_attempt_at,
                    coalesce(c.disabled_at, c.deleted_at, d.disabled_at, d.deleted_at) IS NULL AS available,
                    (SELECT json_extract(t.settings, '$.headers_prefix')
                     FROM projects t JOIN meta m ON m.value = t.id
                     WHERE m.key = 'team_id') AS headers_prefix
             FROM events e
             JOIN connections c ON c.id = e.connection_id
             JOIN sources s ON s.id = e.source_id
             JOIN destinations d ON d.id = e.destination_id
             JOIN requests r ON r.id = e.request_id
             JOIN payloads p ON p.id = e.payload_id
             WHERE e.id = :id AND e.status = '{QUEUED}' AND e.due_at IS NOT NULL"
        ))?
        .query_row(named_params! { ":id": event_id }, |row| {
            Ok((claim_of(row)?, row.get::<_, bool>("available")?))
        })
        .optional()?;
    Ok(match row {
        Some((claim, true)) => ClaimOutcome::Ready(Box::new(claim)),
        Some((_, false)) => ClaimOutcome::Unavailable,
        None => ClaimOutcome::NotReady,
    })
}

fn claim_of(row: &Row<'_>) -> rusqlite::Result<ClaimedEvent> {
    Ok(ClaimedEvent {
        event_id: row.get("event_id")?,
        request_id: row.get("request_id")?,
        connection_id: row.get("connection_id")?,
        connection_name: row.get("connection_name")?,
        rules: row.get("rules")?,
        headers_prefix: row.get("headers_prefix")?,
        source_name: row.get("source_name")?,
        destination_id: row.get("destination_id")?,
        destination_name: row.get("destination_name")?,
        destination_type: row.get("destination_type")?,
        destination_config: row.get("destination_config")?,
        verified: row.get("verified")?,
        method: row.get("method")?,
        path: row.get("path")?,
        query: row.get("query")?,
        headers: row.get("headers")?,
        body: row.get("body")?,
        attempts: row.get("attempts")?,
        automatic_count: row.get("automatic_count")?,
        trigger: row.get("due_trigger")?,
        due_at: row.get("due_at")?,
        due_version: row.get("due_version")?,
        bulk_retry_id: row.get("bulk_retry_id")?,
        first_attempt_at: row.get("first_attempt_at")?,
        cli_id: row.get("cli_id")?,
        client_awaited_until: row.get("client_awaited_until")?,
    })
}

/// Has the attempt of a ready event wait for a terminal to come back. It is taken up again when one does
/// ([`end_wait`]), and at this moment at the latest.
///
/// # Errors
/// When the store fails.
pub fn wait(
    conn: &Connection,
    now: Micros,
    event_id: &str,
    until: Micros,
) -> Result<(), StoreError> {
    conn.prepare_cached(sql!(
        "UPDATE events SET status = :scheduled, due_at = :until, client_awaited_until = :until, updated_at = :now
         WHERE id = :id AND status = '{QUEUED}' AND due_at IS NOT NULL"
    ))?
    .execute(named_params! {
        ":scheduled": EventStatus::Scheduled, ":until": until, ":now": now, ":id": event_id,
    })?;
    Ok(())
}

/// Takes up what waits for a terminal on this connection.
///
/// # Errors
/// When the store fails.
pub fn end_wait(conn: &Connection, now: Micros, connection_id: &str) -> Result<(), StoreError> {
    conn.prepare_cached(sql!(
        "UPDATE events INDEXED BY events_waiting SET due_at = :now
         WHERE due_at > :now AND status <> '{QUEUED}' AND connection_id = :connection
             AND client_awaited_until IS NOT NULL"
    ))?
    .execute(named_params! { ":now": now, ":connection": connection_id })?;
    Ok(())
}

/// What an attempt came to.
#[derive(Clone, Debug, Default)]
pub struct AttemptOutcome {
    /// The destination's status, when it answered.
    pub response_status: Option<u16>,
    /// Why it did not, or what stopped the attempt.
    pub error_code: Option<ErrorCode>,
    /// The stored part of the destination's body.
    pub body: Option<String>,
    /// Where the request went.
    pub requested_url: Option<String>,
    /// With which method.
    pub http_method: Option<String>,
    /// When the request was sent.
    pub delivered_at: Option<Micros>,
    /// When the answer was complete.
    pub responded_at: Option<Micros>,
    /// The command-line client it went to.
    pub cli_id: Option<String>,
}

impl AttemptOutcome {
    /// Success is an answer from 200 to 299.
    pub fn is_success(&self) -> bool {
        self.error_code.is_none()
            && self
                .response_status
                .is_some_and(|status| (200..300).contains(&status))
    }
}

/// What a destination answered, as it is shown: an object where it is one, its members in their order, else the
/// text.
pub(crate) fn shown_answer(body: &str) -> Value {
    match serde_json::from_str::<Ordered>(body) {
        Ok(object @ Ordered::Object(_)) => json::verbatim(&object.to_string()),
        _ => Value::from(body),
    }
}

/// What follows an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryDecision {
    /// The retry rule, or the destination's `Retry-After` under it, names a moment.
    At(Micros),
    /// Nothing new; an attempt put aside by a manual one comes back.
    Nothing,
    /// Nothing, and what was put aside is dropped: the destination asked to stop.
    Stop,
}

/// An event as it stands when an attempt of it ends.
struct CurrentEvent {
    status: EventStatus,
    /// The number of retries asked for so far.
    version: i64,
    /// The attempt that was put aside by one that somebody asked for.
    kept: Option<(Micros, AttemptTrigger)>,
    bulk_retry_id: Option<String>,
    /// Whether its connection is paused.
    paused: bool,
}

/// Stores an attempt, and in the same transaction what it makes of the event. Answers whether the
/// event still exists; when it does not, nothing is stored.
///
/// Changes somebody made while the attempt was in flight hold: a cancelled event stays cancelled
/// unless the attempt succeeded, and a retry asked for meanwhile follows.
///
/// # Errors
/// When the store fails.
pub fn record(
    conn: &Connection,
    now: Micros,
    attempt_id: &str,
    claim: &ClaimedEvent,
    outcome: &AttemptOutcome,
    next: RetryDecision,
) -> Result<bool, StoreError> {
    let current = conn
        .prepare_cached(
            "SELECT e.status, e.due_version, e.kept_due_at, e.kept_due_trigger, e.bulk_retry_id,
                    c.paused_at IS NOT NULL AS paused
             FROM events e JOIN connections c ON c.id = e.connection_id
             WHERE e.id = :id",
        )?
        .query_row(named_params! { ":id": claim.event_id }, |row| {
            Ok(CurrentEvent {
                status: row.get("status")?,
                version: row.get("due_version")?,
                kept: Option::zip(row.get("kept_due_at")?, row.get("kept_due_trigger")?),
                bulk_retry_id: row.get("bulk_retry_id")?,
                paused: row.get("paused")?,
            })
        })
        .optional()?;
    let Some(current) = current else {
        return Ok(false);
    };

    insert(conn, now, attempt_id, claim, outcome)?;

    let success = outcome.is_success();
    let was_cancelled = current.status == EventStatus::Cancelled;
    // The attempt the schedule owes after this one, leaving aside what was asked for meanwhile.
    let scheduled = match next {
        _ if was_cancelled => None,
        RetryDecision::Stop => None,
        RetryDecision::At(at) => Some((at, AttemptTrigger::Automatic)),
        RetryDecision::Nothing => current.kept,
    };
    let counted = !was_cancelled && matches!(next, RetryDecision::At(_));
    let cancelled = was_cancelled && !success;
    let asked_meanwhile = current.version != claim.due_version && !was_cancelled;

    let ended = match success {
        true => EventStatus::Successful,
        false => EventStatus::Failed,
    };
    let (status, due, kept, next_shown) = if cancelled {
        (EventStatus::Cancelled, (None, None), None, None)
    } else if asked_meanwhile {
        let trigger = if current.bulk_retry_id == claim.bulk_retry_id {
            AttemptTrigger::Manual
        } else {
            AttemptTrigger::BulkRetry
        };
        let (status, at) = match current.paused {
            true => (EventStatus::Hold, None),
            false => (EventStatus::Queued, Some(now)),
        };
        (status, (at, Some(trigger)), scheduled, None)
    } else {
        let at = scheduled.map(|(at, _)| at);
        (ended, (at, scheduled.map(|(_, trigger)| trigger)), None, at)
    };

    conn.prepare_cached(
        "UPDATE events SET status = :status, due_at = :due_at, due_trigger = :due_trigger,
             kept_due_at = :kept_at, kept_due_trigger = :kept_trigger, next_attempt_at = :next,
             attempts = attempts + 1, automatic_count = automatic_count + :counted,
             last_attempt_at = :now, response_status = :response_status, error_code = :error_code,
             cli_id = coalesce(:cli_id, cli_id), client_awaited_until = NULL,
             successful_at = CASE WHEN :success THEN :now ELSE successful_at END,
             updated_at = :now
         WHERE id = :id",
    )?
    .execute(named_params! {
        ":status": status, ":due_at": due.0, ":due_trigger": due.1,
        ":kept_at": kept.map(|(at, _)| at), ":kept_trigger": kept.map(|(_, trigger)| trigger),
        ":next": next_shown, ":counted": counted, ":now": now, ":response_status": outcome.response_status,
        ":error_code": outcome.error_code, ":success": success, ":cli_id": outcome.cli_id,
        ":id": claim.event_id,
    })?;
    Ok(true)
}

fn insert(
    conn: &Connection,
    now: Micros,
    attempt_id: &str,
    claim: &ClaimedEvent,
    outcome: &AttemptOutcome,
) -> Result<(), StoreError> {
    let millis = |from: Option<Micros>, to: Option<Micros>| {
        from.zip(to)
            .map(|(from, to)| i64::try_from(to.since(from).as_millis()).unwrap_or(i64::MAX))
    };
    let success = outcome.is_success();
    conn.prepare_cached(
        r#"INSERT INTO attempts (id, event_id, connection_id, destination_id, attempt_number, "trigger", status,
               response_status, error_code, body, requested_url, http_method, bulk_retry_id, successful_at,
               delivered_at, responded_at, delivery_latency, response_latency, created_at, updated_at)
           VALUES (:id, :event, :connection, :destination, :number, :trigger, :status,
               :response_status, :error_code, :body, :url, :method, :bulk, :successful_at,
               :delivered_at, :responded_at, :delivery_latency, :response_latency, :created_at, :now)"#,
    )?
    .execute(named_params! {
        ":id": attempt_id, ":event": claim.event_id, ":connection": claim.connection_id,
        ":destination": claim.destination_id, ":number": claim.attempts + 1, ":trigger": claim.trigger,
        ":status": if success { AttemptStatus::Successful } else { AttemptStatus::Failed },
        ":response_status": outcome.response_status, ":error_code": outcome.error_code, ":body": outcome.body,
        ":url": outcome.requested_url, ":method": outcome.http_method,
        ":bulk": (claim.trigger == AttemptTrigger::BulkRetry).then_some(claim.bulk_retry_id.as_deref()).flatten(),
        ":successful_at": success.then_some(now), ":delivered_at": outcome.delivered_at,
        ":responded_at": outcome.responded_at,
        ":delivery_latency": millis(Some(claim.due_at), outcome.delivered_at),
        ":response_latency": millis(outcome.delivered_at, outcome.responded_at),
        ":created_at": outcome.delivered_at.unwrap_or(now), ":now": now,
    })?;
    Ok(())
}

/// Cancels a ready event whose connection or destination is gone.
///
/// # Errors
/// When the store fails.
pub fn cancel_unavailable(
    conn: &Connection,
    now: Micros,
    event_id: &str,
) -> Result<(), StoreError> {
    let owed = sql!("id = :id AND status = '{QUEUED}' AND due_at IS NOT NULL");
    cancel_those(conn, now, owed, event_id)?;
    Ok(())
}
