//! Changes that somebody asks for: cancel, retry, pause, unpause.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::EventError;
use crate::clock::Micros;
use crate::store::StoreError;
use crate::wire::{AttemptTrigger, EventStatus, sql};

const QUEUED: EventStatus = EventStatus::Queued;
const HOLD: EventStatus = EventStatus::Hold;

/// Cancels an event that still owes an attempt.
///
/// # Errors
/// [`EventError::NotFound`], or [`EventError::NotCancellable`] for an event in a final state or
/// between a failed attempt and its retry.
pub fn cancel(conn: &Connection, now: Micros, event_id: &str) -> Result<(), EventError> {
    let status: Option<EventStatus> = conn
        .prepare_cached("SELECT status FROM events WHERE id = :id")?
        .query_row(named_params! { ":id": event_id }, |row| row.get(0))
        .optional()?;
    match status {
        None => Err(EventError::NotFound {
            id: event_id.to_owned(),
        }),
        Some(status) if EventStatus::CANCELLABLE.contains(&status) => {
            cancel_those(conn, now, "id = :id", event_id)?;
            Ok(())
        }
        Some(status) => Err(EventError::NotCancellable {
            id: event_id.to_owned(),
            status,
        }),
    }
}

/// Cancels the events for which a condition on `:id` holds; one that is delivered already only loses what it
/// still owes. Answers how many there were.
///
/// # Errors
/// When the store fails.
pub(super) fn cancel_those(
    conn: &Connection,
    now: Micros,
    condition: &'static str,
    id: &str,
) -> Result<usize, StoreError> {
    let sql = format!(
        "UPDATE events SET status = CASE WHEN status = :successful THEN status ELSE :cancelled END,
             due_at = NULL, due_trigger = NULL, kept_due_at = NULL, kept_due_trigger = NULL,
             client_awaited_until = NULL, next_attempt_at = NULL, updated_at = :now
         WHERE {condition}"
    );
    let cancelled = conn.prepare_cached(&sql)?.execute(named_params! {
        ":id": id, ":now": now,
        ":cancelled": EventStatus::Cancelled, ":successful": EventStatus::Successful,
    })?;
    Ok(cancelled)
}

/// Asks for one more attempt of an event in whatever state, with trigger `MANUAL`.
///
/// # Errors
/// As [`retry_with`].
pub fn retry(conn: &Connection, now: Micros, event_id: &str) -> Result<(), EventError> {
    retry_with(conn, now, event_id, AttemptTrigger::Manual, None)
}

/// Asks for one more attempt of an event in whatever state.
///
/// An attempt that waits for a later moment is put aside and comes back after the new one, whether that
/// fails or succeeds. An event that is ready anyway keeps its trigger; when its attempt is in
/// flight at this moment, another one follows. On a paused connection the event is held.
///
/// # Errors
/// [`EventError::NotFound`], or [`EventError::ConnectionUnavailable`] when the connection or its
/// destination is deleted or disabled.
pub fn retry_with(
    conn: &Connection,
    now: Micros,
    event_id: &str,
    trigger: AttemptTrigger,
    bulk_retry_id: Option<&str>,
) -> Result<(), EventError> {
    let row: Option<(String, bool, bool)> = conn
        .prepare_cached(
            "SELECT c.id, coalesce(c.disabled_at, c.deleted_at, d.disabled_at, d.deleted_at) IS NULL,
                    c.paused_at IS NOT NULL
             FROM events e
             JOIN connections c ON c.id = e.connection_id
             JOIN destinations d ON d.id = e.destination_id
             WHERE e.id = :id",
        )?
        .query_row(named_params! { ":id": event_id }, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let (connection_id, available, paused) = row.ok_or_else(|| EventError::NotFound {
        id: event_id.to_owned(),
    })?;
    if !available {
        return Err(EventError::ConnectionUnavailable { id: connection_id });
    }
    conn.prepare_cached(
        "UPDATE events SET
             kept_due_at = CASE WHEN status IN (:queued, :hold) OR client_awaited_until IS NOT NULL
                 THEN kept_due_at ELSE due_at END,
             kept_due_trigger = CASE WHEN status IN (:queued, :hold) OR client_awaited_until IS NOT NULL
                 THEN kept_due_trigger ELSE due_trigger END,
             due_trigger = CASE WHEN status IN (:queued, :hold) OR client_awaited_until IS NOT NULL
                 THEN due_trigger ELSE :trigger END,
             due_at = CASE WHEN :paused THEN NULL WHEN status = :queued THEN due_at ELSE :now END,
             status = CASE WHEN :paused THEN :hold ELSE :queued END,
             bulk_retry_id = coalesce(:bulk, bulk_retry_id), client_awaited_until = NULL,
             due_version = due_version + 1, next_attempt_at = NULL, updated_at = :now
         WHERE id = :id",
    )?
    .execute(named_params! {
        ":trigger": trigger, ":paused": paused, ":now": now, ":bulk": bulk_retry_id, ":id": event_id,
        ":queued": QUEUED, ":hold": HOLD,
    })?;
    Ok(())
}

/// Pauses a connection: its ready events are held, and so is each later one when its moment comes.
/// Answers how many events were held. A paused connection stays as it is.
///
/// # Errors
/// [`EventError::NotFound`] for an unknown or deleted connection.
pub fn pause_connection(conn: &Connection, now: Micros, id: &str) -> Result<usize, EventError> {
    let known = conn
        .prepare_cached(
            "UPDATE connections SET
                 updated_at = CASE WHEN paused_at IS NULL THEN :now ELSE updated_at END,
                 paused_at = coalesce(paused_at, :now)
             WHERE id = :id AND deleted_at IS NULL",
        )?
        .execute(named_params! { ":id": id, ":now": now })?;
    if known == 0 {
        return Err(EventError::NotFound { id: id.to_owned() });
    }
    // By destination first: that is the index over events that are ready.
    let held = conn
        .prepare_cached(sql!(
            "UPDATE events INDEXED BY events_ready SET
                 status = '{HOLD}', due_at = NULL, next_attempt_at = NULL, updated_at = :now
             WHERE status = '{QUEUED}' AND due_at IS NOT NULL AND connection_id = :id
                 AND destination_id = (SELECT destination_id FROM connections WHERE id = :id)"
        ))?
        .execute(named_params! { ":id": id, ":now": now })?;
    Ok(held)
}

/// Takes the pause away and queues what was held, oldest first. An event that had no attempt yet
/// is delivered with trigger `INITIAL`, one that somebody asked for with that trigger, any other
/// with `UNPAUSE`. One whose delay is not over waits for its end. Answers how many were held.
///
/// # Errors
/// [`EventError::NotFound`] for an unknown or deleted connection.
pub fn unpause_connection(conn: &Connection, now: Micros, id: &str) -> Result<usize, EventError> {
    let known = conn
        .prepare_cached(
            "UPDATE connections SET
                 updated_at = CASE WHEN paused_at IS NULL THEN updated_at ELSE :now END, paused_at = NULL
             WHERE id = :id AND deleted_at IS NULL",
        )?
        .execute(named_params! { ":id": id, ":now": now })?;
    if known == 0 {
        return Err(EventError::NotFound { id: id.to_owned() });
    }
    // Their creation time as the moment keeps the old order; all of it lies in the past.
    let queued = conn
        .prepare_cached(
            "UPDATE events SET
                 status = CASE WHEN due_at > :now THEN :scheduled ELSE :queued END,
                 next_attempt_at = CASE WHEN due_at > :now THEN due_at END,
                 due_at = CASE WHEN due_at > :now THEN due_at ELSE min(created_at, :now) END,
                 due_trigger = CASE
                     WHEN due_trigger IN (:manual, :bulk_retry) THEN due_trigger
                     WHEN attempts = 0 THEN :initial
                     ELSE :unpause END,
                 client_awaited_until = NULL, updated_at = :now
             WHERE status = :hold AND connection_id = :id",
        )?
        .execute(named_params! {
            ":id": id, ":now": now, ":hold": HOLD, ":scheduled": EventStatus::Scheduled, ":queued": QUEUED,
            ":manual": AttemptTrigger::Manual, ":bulk_retry": AttemptTrigger::BulkRetry,
            ":initial": AttemptTrigger::Initial, ":unpause": AttemptTrigger::Unpause,
        })?;
    Ok(queued)
}

/// Cancels every event of the connection that still owes an attempt, retries included, as disabling
/// or deleting it does. Answers how many there were.
///
/// # Errors
/// When the store fails.
pub fn cancel_pending_of_connection(
    conn: &Connection,
    now: Micros,
    id: &str,
) -> Result<usize, EventError> {
    let pending = sql!(
        "id IN (
             SELECT id FROM events INDEXED BY events_ready
             WHERE status = '{QUEUED}' AND due_at IS NOT NULL AND connection_id = :id
                 AND destination_id = (SELECT destination_id FROM connections WHERE id = :id)
             UNION ALL
             SELECT id FROM events INDEXED BY events_waiting
             WHERE status <> '{QUEUED}' AND due_at IS NOT NULL AND connection_id = :id
             UNION ALL
             SELECT id FROM events WHERE status = '{HOLD}' AND connection_id = :id)"
    );
    Ok(cancel_those(conn, now, pending, id)?)
}
