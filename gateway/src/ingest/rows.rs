//! The rows that a request leaves: its payload, itself, its events and its ignored events.

use std::time::Duration;

use rusqlite::{Connection, named_params};
use serde_json::Value;

use super::LARGE;
use super::accept::SourceConnection;
use super::evaluate::NewIgnoredEvent;
use crate::clock::Micros;
use crate::ids::Ids;
use crate::intake::Intake;
use crate::issues;
use crate::request::ReceivedRequest;
use crate::store::StoreError;
use crate::wire::{AttemptTrigger, EventStatus, RejectionCause};

pub(super) fn store_payload(
    conn: &Connection,
    now: Micros,
    ids: &Ids,
    received: &ReceivedRequest,
) -> Result<String, StoreError> {
    let id = ids.payload();
    let headers = serde_json::to_string(&received.headers)
        .map_err(|error| StoreError::Unusable(error.to_string()))?;
    conn.prepare_cached(
        "INSERT INTO payloads (id, method, path, query, parsed_query, headers, body, is_large, created_at)
         VALUES (:id, :method, :path, :query, :parsed_query, :headers, :body, :is_large, :now)",
    )?
    .execute(named_params! {
        ":id": id,
        ":method": received.method,
        ":path": received.path,
        ":query": received.query,
        ":parsed_query": received.parsed_query.to_string(),
        ":headers": headers,
        ":body": received.body,
        ":is_large": received.body.len() > LARGE,
        ":now": now,
    })?;
    Ok(id)
}

pub(super) struct NewRequest<'a> {
    /// When it was received, which is a moment before it comes to be.
    pub(super) ingested_at: Micros,
    pub(super) source_id: &'a str,
    pub(super) payload_id: &'a str,
    pub(super) verified: bool,
    pub(super) bulk_retry_id: Option<&'a str>,
}

pub(super) fn store_request(
    intake: &Intake<'_>,
    request: &NewRequest<'_>,
    rejected: Option<RejectionCause>,
) -> Result<String, StoreError> {
    let (conn, now, ids) = (intake.conn, intake.now, intake.ids);
    let id = ids.request();
    conn.prepare_cached(
        "INSERT INTO requests (id, source_id, payload_id, verified, rejection_cause, ingested_at,
             bulk_retry_id, created_at, updated_at)
         VALUES (:id, :source, :payload, :verified, :cause, :ingested, :bulk, :created, :created)",
    )?
    .execute(named_params! {
        ":id": id,
        ":source": request.source_id,
        ":payload": request.payload_id,
        ":verified": request.verified,
        ":cause": rejected,
        ":ingested": request.ingested_at,
        ":bulk": request.bulk_retry_id,
        ":created": intake.stamp(),
    })?;
    if let Some(cause) = rejected {
        issues::on_rejection(conn, now, ids, &id, request.source_id, cause)?;
    }
    Ok(id)
}

pub(super) struct NewEvent<'a> {
    pub(super) id: &'a str,
    pub(super) payload_id: &'a str,
    pub(super) cli_id: Option<&'a str>,
    /// The delivery group, at a destination that groups.
    pub(super) group: Option<&'a str>,
    pub(super) due_in: Duration,
}

pub(super) fn store_event(
    conn: &Connection,
    now: Micros,
    request_id: &str,
    connection: &SourceConnection,
    event: &NewEvent<'_>,
) -> Result<(), StoreError> {
    let due = now.plus(event.due_in);
    let (status, due_at, next) = match (connection.paused, event.due_in.is_zero()) {
        (true, true) => (EventStatus::Hold, None, None),
        // The end of the pause does not cut the delay short.
        (true, false) => (EventStatus::Hold, Some(due), None),
        (false, true) => (EventStatus::Queued, Some(due), None),
        (false, false) => (EventStatus::Scheduled, Some(due), Some(due)),
    };
    conn.prepare_cached(
        "INSERT INTO events (id, connection_id, source_id, destination_id, request_id, payload_id, status,
             due_at, due_trigger, next_attempt_at, cli_id, delivery_group, created_at, updated_at)
         VALUES (:id, :connection, :source, :destination, :request, :payload, :status,
             :due_at, :trigger, :next, :cli_id, :group, :now, :now)",
    )?
    .execute(named_params! {
        ":id": event.id, ":connection": connection.id, ":source": connection.source_id,
        ":destination": connection.destination_id, ":request": request_id, ":payload": event.payload_id,
        ":status": status, ":due_at": due_at, ":next": next, ":trigger": AttemptTrigger::Initial,
        ":cli_id": event.cli_id, ":group": event.group, ":now": now,
    })?;
    Ok(())
}

pub(super) fn store_ignored(
    intake: &Intake<'_>,
    request_id: &str,
    connection: &SourceConnection,
    why: &NewIgnoredEvent,
) -> Result<(), StoreError> {
    let conn = intake.conn;
    conn.prepare_cached(
        "INSERT INTO ignored_events (id, request_id, connection_id, cause, meta, created_at, updated_at)
         VALUES (:id, :request, :connection, :cause, :meta, :created, :created)
         ON CONFLICT (id) DO UPDATE SET
             cause = excluded.cause, meta = excluded.meta, updated_at = excluded.updated_at",
    )?
    .execute(named_params! {
        ":id": format!("{request_id}:{}", connection.id),
        ":request": request_id,
        ":connection": connection.id,
        ":cause": why.cause,
        ":meta": why.meta.as_ref().map(Value::to_string),
        ":created": intake.stamp(),
    })?;
    Ok(())
}
