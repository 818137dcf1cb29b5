//! Reading the schedule: what is ready, what waits, and which moment comes next.
//!
//! The statements name their index: each must stay cheap however many events are stored, and the
//! planner, which knows no statistics, would sometimes choose another one. An index over some of the events is used
//! only where the condition says the same in the text, so the states stand in it.

use rusqlite::{Connection, OptionalExtension, named_params};

use crate::clock::Micros;
use crate::store::StoreError;
use crate::wire::{EventStatus, sql};

const QUEUED: EventStatus = EventStatus::Queued;
const HOLD: EventStatus = EventStatus::Hold;

/// Moves every event whose moment has come from waiting to ready, or on hold when its connection is
/// paused. Answers how many there were.
///
/// # Errors
/// When the store fails.
pub fn promote(conn: &Connection, now: Micros) -> Result<usize, StoreError> {
    let moved = conn
        .prepare_cached(sql!(
            "UPDATE events INDEXED BY events_waiting SET
                 (status, due_at) = (
                     SELECT CASE WHEN c.paused_at IS NULL THEN '{QUEUED}' ELSE '{HOLD}' END,
                            CASE WHEN c.paused_at IS NULL THEN events.due_at END
                     FROM connections c WHERE c.id = events.connection_id),
                 next_attempt_at = NULL, updated_at = :now
             WHERE due_at IS NOT NULL AND status <> '{QUEUED}' AND due_at <= :now"
        ))?
        .execute(named_params! { ":now": now })?;
    Ok(moved)
}

/// The earliest moment an event waits for, if any waits.
///
/// # Errors
/// When the store fails.
pub fn next_waiting(conn: &Connection) -> Result<Option<Micros>, StoreError> {
    let next = conn
        .prepare_cached(sql!(
            "SELECT min(due_at) FROM events INDEXED BY events_waiting
             WHERE due_at IS NOT NULL AND status <> '{QUEUED}'"
        ))?
        .query_row([], |row| row.get(0))?;
    Ok(next)
}

/// The destinations that have ready events. Costs a step per such destination, not per event.
///
/// # Errors
/// When the store fails.
pub fn ready_destinations(conn: &Connection) -> Result<Vec<String>, StoreError> {
    let mut next = conn.prepare_cached(sql!(
        "SELECT destination_id FROM events INDEXED BY events_ready
         WHERE due_at IS NOT NULL AND status = '{QUEUED}' AND destination_id > :after
         ORDER BY destination_id LIMIT 1"
    ))?;
    let mut found = Vec::new();
    let mut after = String::new();
    while let Some(id) = next
        .query_row(named_params! { ":after": after }, |row| {
            row.get::<_, String>(0)
        })
        .optional()?
    {
        found.push(id.clone());
        after = id;
    }
    Ok(found)
}

/// The delivery groups of a destination that have ready events; `None` for events without one. Costs a
/// step per group, not per event.
///
/// # Errors
/// When the store fails.
pub fn ready_groups(
    conn: &Connection,
    destination_id: &str,
) -> Result<Vec<Option<String>>, StoreError> {
    let mut none = conn.prepare_cached(sql!(
        "SELECT 1 FROM events INDEXED BY events_ready
         WHERE destination_id = :destination AND delivery_group IS NULL
             AND due_at IS NOT NULL AND status = '{QUEUED}'
         LIMIT 1"
    ))?;
    let mut found = Vec::new();
    if none.exists(named_params! { ":destination": destination_id })? {
        found.push(None);
    }
    // From each group straight to the one after it, without a step for the events between.
    let mut groups = conn.prepare_cached(sql!(
        "WITH RECURSIVE found (name) AS (
             SELECT ''
             UNION ALL
             SELECT (SELECT delivery_group FROM events INDEXED BY events_ready
                     WHERE destination_id = :destination AND delivery_group > found.name
                         AND due_at IS NOT NULL AND status = '{QUEUED}'
                     ORDER BY delivery_group LIMIT 1)
             FROM found WHERE found.name IS NOT NULL)
         SELECT name FROM found WHERE name <> ''"
    ))?;
    let names = groups.query_map(named_params! { ":destination": destination_id }, |row| {
        row.get::<_, String>(0)
    })?;
    for name in names {
        found.push(Some(name?));
    }
    Ok(found)
}

/// The ready events of a destination in one delivery group, or in none, with the moments they are due
/// since and their numbers, the longest due first and then the oldest, at most `limit`.
///
/// # Errors
/// When the store fails.
pub fn ready(
    conn: &Connection,
    destination_id: &str,
    group: Option<&str>,
    limit: usize,
) -> Result<Vec<(Micros, i64, String)>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let ids = conn
        .prepare_cached(sql!(
            "SELECT due_at, seq, id FROM events INDEXED BY events_ready
             WHERE destination_id = :destination AND delivery_group IS :group
                 AND due_at IS NOT NULL AND status = '{QUEUED}'
             ORDER BY due_at, seq LIMIT :limit"
        ))?
        .query_map(
            named_params! { ":destination": destination_id, ":group": group, ":limit": limit },
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?
        .collect::<Result<_, _>>()?;
    Ok(ids)
}

/// How many events are ready now.
///
/// # Errors
/// When the store fails.
pub fn ready_count(conn: &Connection) -> Result<u64, StoreError> {
    let count: i64 = conn
        .prepare_cached(sql!(
            "SELECT count(*) FROM events INDEXED BY events_ready
             WHERE due_at IS NOT NULL AND status = '{QUEUED}'"
        ))?
        .query_row([], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}
