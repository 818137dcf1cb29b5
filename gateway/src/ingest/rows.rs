//! The rows that a request leaves: its payload, itself, its events and its ignored events.

use std::time::Duration;

use rusqlite::{Connection, named_params, params};
use serde_json::Value;

use super::LARGE;
use super::accept::Route;
use super::evaluate::Ignored;
use crate::clock::Micros;
use crate::ids::Ids;
use crate::issues;
use crate::request::{Cause, Received};
use crate::store::StoreError;

pub(super) fn store_payload(
    conn: &Connection,
    now: Micros,
    ids: &Ids,
    received: &Received,
) -> Result<String, StoreError> {
    let id = ids.payload();
    let json = |value: &Value| value.to_string();
    let headers = serde_json::to_string(&received.headers)
        .map_err(|error| StoreError::Unusable(error.to_string()))?;
    conn.prepare_cached(concat!(
        "INSERT INTO payloads (id, method, path, query, parsed_query, headers, body, is_large, created_at) ",
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    ))?
    .execute(params![
        id,
        received.method,
        received.path,
        received.query,
        json(&received.parsed_query),
        headers,
        received.body,
        received.body.len() > LARGE,
        now
    ])?;
    Ok(id)
}

pub(super) struct NewRequest<'a> {
    pub(super) source_id: &'a str,
    pub(super) payload_id: &'a str,
    pub(super) verified: bool,
    pub(super) bulk_retry_id: Option<&'a str>,
}

pub(super) fn store_request(
    conn: &Connection,
    now: Micros,
    ids: &Ids,
    request: &NewRequest<'_>,
    rejected: Option<Cause>,
) -> Result<String, StoreError> {
    let id = ids.request();
    conn.prepare_cached(concat!(
        "INSERT INTO requests (id, source_id, payload_id, verified, rejection_cause, ingested_at, bulk_retry_id, ",
        "created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?6, ?6)",
    ))?
    .execute(params![
        id,
        request.source_id,
        request.payload_id,
        request.verified,
        rejected.map(Cause::as_str),
        now,
        request.bulk_retry_id
    ])?;
    if let Some(cause) = rejected {
        issues::on_rejection(conn, now, ids, &id, request.source_id, cause.as_str())?;
    }
    Ok(id)
}

pub(super) struct NewEvent<'a> {
    pub(super) id: &'a str,
    pub(super) payload_id: &'a str,
    pub(super) cli_id: Option<&'a str>,
    pub(super) due_in: Duration,
}

pub(super) fn store_event(
    conn: &Connection,
    now: Micros,
    request_id: &str,
    route: &Route,
    event: &NewEvent<'_>,
) -> Result<(), StoreError> {
    let due = now.plus(event.due_in);
    let (status, due_at, next) = match (route.paused, event.due_in.is_zero()) {
        (true, true) => ("HOLD", None, None),
        // The end of the pause does not cut the delay short.
        (true, false) => ("HOLD", Some(due), None),
        (false, true) => ("QUEUED", Some(due), None),
        (false, false) => ("SCHEDULED", Some(due), Some(due)),
    };
    conn.prepare_cached(concat!(
        "INSERT INTO events (id, connection_id, source_id, destination_id, request_id, payload_id, status, due_at, ",
        "due_trigger, next_attempt_at, cli_id, created_at, updated_at) VALUES (:id, :connection, :source, :destination, ",
        ":request, :payload, :status, :due_at, 'INITIAL', :next, :cli_id, :now, :now)",
    ))?
    .execute(named_params! {
        ":id": event.id, ":connection": route.id, ":source": route.source_id, ":destination": route.destination_id,
        ":request": request_id, ":payload": event.payload_id, ":status": status, ":due_at": due_at, ":next": next,
        ":cli_id": event.cli_id, ":now": now,
    })?;
    Ok(())
}

pub(super) fn store_ignored(
    conn: &Connection,
    now: Micros,
    request_id: &str,
    route: &Route,
    why: &Ignored,
) -> Result<(), StoreError> {
    conn.prepare_cached(concat!(
        "INSERT INTO ignored_events (id, request_id, connection_id, cause, meta, created_at, updated_at) ",
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) ",
        "ON CONFLICT (id) DO UPDATE SET cause = excluded.cause, meta = excluded.meta, updated_at = excluded.updated_at",
    ))?
    .execute(params![
        format!("{request_id}:{}", route.id),
        request_id,
        route.id,
        why.cause,
        why.meta.as_ref().map(Value::to_string),
        now
    ])?;
    Ok(())
}
