//! What the store knows of sessions. Everything here works inside somebody's transaction.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Map, Value};

use super::SessionRequest;
use crate::clock::Micros;
use crate::events::attempt;
use crate::rules::filter::Filter;
use crate::store::StoreError;

/// How long a session still counts after its socket broke off, and how long a new one may take to connect.
const GRACE: Duration = Duration::from_secs(120);

/// A session that counts.
#[derive(Debug)]
pub(crate) struct CliSession {
    pub(crate) id: String,
    /// The client whose session it is.
    pub(crate) client_id: String,
    /// Whether its socket is open; otherwise it broke off a short while ago.
    pub(crate) connected: bool,
    /// Which requests it wants.
    pub(crate) filter: Filter,
}

/// The latest moment of a drop that is too long ago.
fn limit(now: Micros) -> Micros {
    now.minus(GRACE)
}

/// Those of the connections that the project has, each once.
///
/// # Errors
/// When the store fails.
pub(crate) fn known(conn: &Connection, ids: Vec<String>) -> Result<Vec<String>, StoreError> {
    let mut exists =
        conn.prepare_cached("SELECT 1 FROM connections WHERE id = :id AND deleted_at IS NULL")?;
    let mut known: Vec<String> = Vec::new();
    for id in ids {
        if !known.contains(&id) && exists.exists(named_params! { ":id": id })? {
            known.push(id);
        }
    }
    Ok(known)
}

/// Stores a session that nobody is connected to yet, in place of one with the same id.
///
/// # Errors
/// When the store fails.
pub(crate) fn create(
    conn: &Connection,
    now: Micros,
    id: &str,
    client_id: &str,
    session: &SessionRequest,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "DELETE FROM cli_sessions
         WHERE id = :id OR (coalesce(dropped_at, created_at) <= :limit
             AND (connected_at IS NULL OR dropped_at IS NOT NULL))",
    )?
    .execute(named_params! { ":id": id, ":limit": limit(now) })?;
    conn.prepare_cached(
        "INSERT INTO cli_sessions (id, client_id, filters, created_at) VALUES (:id, :client, :filters, :now)",
    )?
    .execute(named_params! {
        ":id": id,
        ":client": client_id,
        ":filters": Value::from(session.filters.clone()).to_string(),
        ":now": now,
    })?;
    for connection_id in &session.webhook_ids {
        conn.prepare_cached(
            "INSERT INTO cli_session_connections (connection_id, session_id) VALUES (:connection, :session)
             ON CONFLICT DO NOTHING",
        )?
        .execute(named_params! { ":connection": connection_id, ":session": id })?;
    }
    Ok(())
}

/// Marks a session as connected and answers the number of this socket; nothing when the session is
/// unknown or has been away for too long. Attempts that wait for a terminal on its connections are taken up.
///
/// # Errors
/// When the store fails.
pub(crate) fn attach(conn: &Connection, now: Micros, id: &str) -> Result<Option<i64>, StoreError> {
    let epoch = conn
        .prepare_cached(
            "UPDATE cli_sessions SET epoch = epoch + 1, connected_at = :now, dropped_at = NULL
             WHERE id = :id AND ((connected_at IS NOT NULL AND dropped_at IS NULL)
                 OR coalesce(dropped_at, created_at) > :limit)
             RETURNING epoch",
        )?
        .query_row(
            named_params! { ":id": id, ":now": now, ":limit": limit(now) },
            |row| row.get(0),
        )
        .optional()?;
    if epoch.is_some() {
        let mut connections = conn.prepare_cached(
            "SELECT connection_id FROM cli_session_connections WHERE session_id = :id",
        )?;
        let mut rows = connections.query(named_params! { ":id": id })?;
        while let Some(row) = rows.next()? {
            attempt::end_wait(conn, now, &row.get::<_, String>(0)?)?;
        }
    }
    Ok(epoch)
}

/// Notes that a socket broke off, unless a newer one has taken its place.
///
/// # Errors
/// When the store fails.
pub(crate) fn dropped(
    conn: &Connection,
    now: Micros,
    id: &str,
    epoch: i64,
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "UPDATE cli_sessions SET dropped_at = :now WHERE id = :id AND epoch = :epoch",
    )?
    .execute(named_params! { ":id": id, ":now": now, ":epoch": epoch })?;
    Ok(())
}

/// Forgets a session whose socket was closed cleanly, unless a newer one has taken its place.
///
/// # Errors
/// When the store fails.
pub(crate) fn ended(conn: &Connection, id: &str, epoch: i64) -> Result<(), StoreError> {
    conn.prepare_cached("DELETE FROM cli_sessions WHERE id = :id AND epoch = :epoch")?
        .execute(named_params! { ":id": id, ":epoch": epoch })?;
    Ok(())
}

/// Notes that no session is connected any more: those that were ended with the process that had them.
///
/// # Errors
/// When the store fails.
pub(crate) fn drop_all(conn: &Connection, now: Micros) -> Result<(), StoreError> {
    conn.execute(
        "UPDATE cli_sessions SET dropped_at = :now WHERE connected_at IS NOT NULL AND dropped_at IS NULL",
        named_params! { ":now": now },
    )?;
    Ok(())
}

/// The sessions that count on a connection, oldest first.
///
/// # Errors
/// When the store fails.
pub(crate) fn on_connection(
    conn: &Connection,
    now: Micros,
    connection_id: &str,
) -> Result<Vec<CliSession>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT s.id, s.client_id, s.dropped_at IS NULL AS connected, s.filters
             FROM cli_session_connections c JOIN cli_sessions s ON s.id = c.session_id
             WHERE c.connection_id = :connection AND s.connected_at IS NOT NULL
                 AND coalesce(s.dropped_at > :limit, 1)
             ORDER BY s.rowid",
        )?
        .query_map(
            named_params! { ":connection": connection_id, ":limit": limit(now) },
            session,
        )?
        .collect::<Result<_, _>>()?)
}

fn session(row: &Row<'_>) -> rusqlite::Result<CliSession> {
    let filters: String = row.get("filters")?;
    let filters: Map<String, Value> = serde_json::from_str(&filters).unwrap_or_default();
    Ok(CliSession {
        id: row.get("id")?,
        client_id: row.get("client_id")?,
        connected: row.get("connected")?,
        filter: Filter::parse(&filters),
    })
}
