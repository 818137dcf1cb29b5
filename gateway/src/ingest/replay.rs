//! Taking a stored request in again: replays make a new request, retries more events of the old one.

use std::collections::{BTreeMap, HashSet};

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::accept::{
    FanOutRequest, SourceConnection, connections_of, fan_out, not_built, refusal, source,
};
use super::rows::{NewRequest, store_request};
use crate::clock::Micros;
use crate::events::EventError;
use crate::intake::Intake;
use crate::request::ReceivedRequest;
use crate::wire::RejectionCause;

/// Where a replay goes. Empty: where the original went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayTarget {
    /// All active connections of this source.
    pub source_id: Option<String>,
    /// These connections, of whatever sources; each source gets a request of its own.
    pub webhook_ids: Vec<String>,
}

/// What a replay made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayOutcome {
    /// The new requests, one per source.
    pub request_ids: Vec<String>,
    /// The new events.
    pub event_ids: Vec<String>,
}

/// What a request retry made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestRetryOutcome {
    /// The new events of the request.
    pub event_ids: Vec<String>,
}

/// Takes the request of an event in again, for the event's own connection unless `target` says otherwise.
///
/// # Errors
/// [`EventError::NotFound`] for the event, its source or a connection named in `target`.
pub fn replay_event(
    intake: &mut Intake<'_>,
    event_id: &str,
    target: &ReplayTarget,
) -> Result<ReplayOutcome, EventError> {
    let (request_id, own) = intake
        .conn
        .prepare_cached("SELECT request_id, connection_id FROM events WHERE id = ?1")?
        .query_row([event_id], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?
        .ok_or_else(|| EventError::NotFound {
            id: event_id.to_owned(),
        })?;
    if *target == ReplayTarget::default() {
        let own = ReplayTarget {
            source_id: None,
            webhook_ids: vec![own],
        };
        replay(intake, &request_id, &own, None)
    } else {
        replay(intake, &request_id, target, None)
    }
}

fn refuse_not_built(connections: &[SourceConnection]) -> Result<(), EventError> {
    not_built(connections).map_or(Ok(()), |what| Err(EventError::NotBuilt { what }))
}

/// A request as it is in the store.
struct StoredRequest {
    id: String,
    source_id: String,
    payload_id: String,
    verified: bool,
    rejection_cause: Option<RejectionCause>,
    created_at: Micros,
    received: ReceivedRequest,
}

fn load(conn: &Connection, request_id: &str) -> Result<StoredRequest, EventError> {
    conn.prepare_cached(
        "SELECT r.source_id, r.payload_id, r.verified, r.rejection_cause, r.created_at,
                p.method, p.path, p.query, p.headers, p.body
         FROM requests r JOIN payloads p ON p.id = r.payload_id
         WHERE r.id = :id",
    )?
    .query_row(named_params! { ":id": request_id }, |row| {
        let rejection_cause: Option<RejectionCause> = row.get("rejection_cause")?;
        Ok(StoredRequest {
            id: request_id.to_owned(),
            source_id: row.get("source_id")?,
            payload_id: row.get("payload_id")?,
            verified: row.get("verified")?,
            created_at: row.get("created_at")?,
            received: received(row, rejection_cause)?,
            rejection_cause,
        })
    })
    .optional()?
    .ok_or_else(|| EventError::NotFound {
        id: request_id.to_owned(),
    })
}

/// The payload in `row`, of a request that was `rejected` for this cause.
fn received(row: &Row<'_>, rejected: Option<RejectionCause>) -> rusqlite::Result<ReceivedRequest> {
    let headers: String = row.get("headers")?;
    Ok(ReceivedRequest::stored(
        rejected,
        row.get("method")?,
        row.get("path")?,
        row.get("query")?,
        serde_json::from_str(&headers).unwrap_or_default(),
        row.get("body")?,
    ))
}

/// Sends the data of a bookmark to its connection, as a new request under today's rules, and notes
/// that the bookmark was used. Answers the events.
///
/// # Errors
/// [`EventError::NotFound`] for the bookmark, [`EventError::ConnectionUnavailable`] when its connection
/// is deleted or disabled.
pub fn send_bookmark(intake: &mut Intake<'_>, id: &str) -> Result<Vec<String>, EventError> {
    let conn = intake.conn;
    let (connection_id, payload_id, payload) = conn
        .prepare_cached(
            "SELECT b.connection_id, b.payload_id, p.method, p.path, p.query, p.headers, p.body
             FROM bookmarks b JOIN payloads p ON p.id = b.payload_id
             WHERE b.id = :id",
        )?
        .query_row(named_params! { ":id": id }, |row| {
            Ok((
                row.get::<_, String>("connection_id")?,
                row.get::<_, String>("payload_id")?,
                received(row, None)?,
            ))
        })
        .optional()?
        .ok_or_else(|| EventError::NotFound { id: id.to_owned() })?;
    conn.prepare_cached(
        "UPDATE bookmarks SET last_used_at = :now, updated_at = :now WHERE id = :id",
    )?
    .execute(named_params! { ":id": id, ":now": intake.now })?;
    let unavailable = || EventError::ConnectionUnavailable {
        id: connection_id.clone(),
    };
    let source_id: String = conn
        .prepare_cached("SELECT source_id FROM connections WHERE id = :id AND deleted_at IS NULL")?
        .query_row(named_params! { ":id": connection_id }, |row| row.get(0))
        .optional()?
        .ok_or_else(unavailable)?;
    let mut wanted = connections_of(conn, &source_id)?;
    wanted.retain(|connection| connection.id == connection_id && !connection.disabled);
    if wanted.is_empty() {
        return Err(unavailable());
    }
    refuse_not_built(&wanted)?;
    let request = NewRequest {
        ingested_at: intake.now,
        source_id: &source_id,
        payload_id: &payload_id,
        verified: false,
        bulk_retry_id: None,
    };
    let request_id = store_request(intake, &request, None)?;
    let to_fan_out = FanOutRequest {
        request_id: &request_id,
        payload_id: &payload_id,
        received: &payload,
        is_new: false,
    };
    Ok(fan_out(intake, &to_fan_out, &wanted)?)
}

/// Takes a stored request in again with today's rules, as new requests with new events, on behalf of a bulk
/// operation or of nobody's. Without a `target` it goes to all connections of its source. A source without any
/// active connection among those asked for gets a request rejected as `NO_CONNECTION`, and what the source
/// would not take today either, such as a body that is no JSON, one rejected for that.
///
/// # Errors
/// [`EventError::NotFound`] for the request, or a source or connection named in `target`.
pub fn replay(
    intake: &mut Intake<'_>,
    request_id: &str,
    target: &ReplayTarget,
    bulk_retry_id: Option<&str>,
) -> Result<ReplayOutcome, EventError> {
    let conn = intake.conn;
    let original = load(conn, request_id)?;
    let mut replayed = ReplayOutcome::default();
    for (source_id, wanted) in sources_of(conn, &original.source_id, target)? {
        let mut connections: Vec<SourceConnection> = connections_of(conn, &source_id)?
            .into_iter()
            .filter(|connection| {
                wanted
                    .as_ref()
                    .is_none_or(|wanted| wanted.contains(&connection.id))
            })
            .filter(|connection| !connection.disabled)
            .collect();
        refuse_not_built(&connections)?;
        let refused = match source(conn, &source_id)? {
            Some(source) => refusal(&source, &original.received),
            None => None,
        };
        if refused.is_some() {
            connections.clear();
        }
        let cause = refused.or_else(|| {
            connections
                .is_empty()
                .then_some(RejectionCause::NoConnection)
        });
        let request = NewRequest {
            ingested_at: intake.now,
            source_id: &source_id,
            payload_id: &original.payload_id,
            verified: original.verified,
            bulk_retry_id,
        };
        let new_id = store_request(intake, &request, cause)?;
        let to_fan_out = FanOutRequest {
            request_id: &new_id,
            payload_id: &original.payload_id,
            received: &original.received,
            is_new: false,
        };
        let events = fan_out(intake, &to_fan_out, &connections)?;
        replayed.request_ids.push(new_id);
        replayed.event_ids.extend(events);
    }
    Ok(replayed)
}

/// Each source that gets a request, with the connections wanted of it; `None` means all.
type ReplaySources = BTreeMap<String, Option<HashSet<String>>>;

fn sources_of(
    conn: &Connection,
    original: &str,
    target: &ReplayTarget,
) -> Result<ReplaySources, EventError> {
    let mut sources = ReplaySources::new();
    if target.webhook_ids.is_empty() {
        let source_id = target.source_id.as_deref().unwrap_or(original);
        conn.prepare_cached("SELECT 1 FROM sources WHERE id = :id AND deleted_at IS NULL")?
            .query_row(named_params! { ":id": source_id }, |_| Ok(()))
            .optional()?
            .ok_or_else(|| EventError::NotFound {
                id: source_id.to_owned(),
            })?;
        sources.insert(source_id.to_owned(), None);
        return Ok(sources);
    }
    for id in &target.webhook_ids {
        let source_id: String = conn
            .prepare_cached(
                "SELECT c.source_id FROM connections c JOIN sources s ON s.id = c.source_id
                 WHERE c.id = :id AND s.deleted_at IS NULL",
            )?
            .query_row(named_params! { ":id": id }, |row| row.get(0))
            .optional()?
            .filter(|source_id| {
                target
                    .source_id
                    .as_ref()
                    .is_none_or(|wanted| wanted == source_id)
            })
            .ok_or_else(|| EventError::NotFound { id: id.clone() })?;
        sources
            .entry(source_id)
            .or_insert_with(|| Some(HashSet::new()))
            .get_or_insert_default()
            .insert(id.clone());
    }
    Ok(sources)
}

/// Makes events of a request that was rejected, or that has ignored events, for the connections
/// that have none of it yet and existed when it came in, with today's rules; `webhook_ids` narrows
/// them down. It is done on behalf of a bulk operation or of nobody's.
///
/// # Errors
/// [`EventError::NotFound`], or [`EventError::NotRetryable`] when there is nothing to retry or the
/// request was rejected for what it is, such as its method.
pub fn retry(
    intake: &mut Intake<'_>,
    request_id: &str,
    webhook_ids: Option<&[String]>,
    bulk_retry_id: Option<&str>,
) -> Result<RequestRetryOutcome, EventError> {
    let (conn, now) = (intake.conn, intake.now);
    let request = load(conn, request_id)?;
    let ignored: HashSet<String> = conn
        .prepare_cached("SELECT connection_id FROM ignored_events WHERE request_id = :id")?
        .query_map(named_params! { ":id": request.id }, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let eligible = match request.rejection_cause {
        Some(cause) => !cause.is_final(),
        None => !ignored.is_empty(),
    };
    if !eligible {
        return Err(EventError::NotRetryable {
            request_id: request.id,
        });
    }
    let mut wanted = Vec::new();
    for connection in connections_of(conn, &request.source_id)? {
        let asked = webhook_ids.is_none_or(|ids| ids.contains(&connection.id));
        if asked && !connection.disabled && is_open(conn, &request, &connection)? {
            wanted.push(connection);
        }
    }
    refuse_not_built(&wanted)?;
    // Ignored events that become events are ignored no longer.
    let before = ignored
        .iter()
        .filter(|id| wanted.iter().any(|connection| connection.id == **id))
        .count();
    for connection in &wanted {
        conn.prepare_cached(
            "DELETE FROM ignored_events WHERE request_id = :request AND connection_id = :connection",
        )?
        .execute(named_params! { ":request": request.id, ":connection": connection.id })?;
    }
    conn.prepare_cached(
        "UPDATE requests SET ignored_count = ignored_count - :found,
             rejection_cause = CASE WHEN :accepted THEN NULL ELSE rejection_cause END,
             bulk_retry_id = coalesce(:bulk, bulk_retry_id), updated_at = max(updated_at, :now)
         WHERE id = :id",
    )?
    .execute(named_params! {
        ":id": request.id,
        ":found": before,
        ":accepted": !wanted.is_empty(),
        ":bulk": bulk_retry_id,
        ":now": now,
    })?;
    let to_fan_out = FanOutRequest {
        request_id: &request.id,
        payload_id: &request.payload_id,
        received: &request.received,
        is_new: false,
    };
    let event_ids = fan_out(intake, &to_fan_out, &wanted)?;
    Ok(RequestRetryOutcome { event_ids })
}

/// Whether the connection is as old as the request and has no event of it.
fn is_open(
    conn: &Connection,
    request: &StoredRequest,
    connection: &SourceConnection,
) -> Result<bool, EventError> {
    let open = conn
        .prepare_cached(
            "SELECT (SELECT created_at FROM connections WHERE id = :connection) <= :created
                 AND NOT EXISTS (SELECT 1 FROM events
                                 WHERE request_id = :request AND connection_id = :connection)",
        )?
        .query_row(
            named_params! {
                ":request": request.id,
                ":connection": connection.id,
                ":created": request.created_at,
            },
            |row| row.get(0),
        )?;
    Ok(open)
}
