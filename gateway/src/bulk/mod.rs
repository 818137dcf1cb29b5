//! Bulk jobs: one change made to everything a query matches, in batches.
//!
//! What a job is about is settled when it is created: the ids are stored with it and worked off in
//! order, each through the same function as the single change. A batch, its progress and the moment of
//! the next one are one transaction, so a job goes on after a restart where it stopped and does nothing
//! twice. The first batch is due at once, each further one a while later by the project's clock; how fast
//! the live service is depends on the project's throughput.

mod step;

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, named_params};

use crate::clock::Micros;
use crate::store::StoreError;
use crate::wire::BulkType;

pub(crate) use step::step;

/// Entries in one batch.
pub(crate) const BATCH: usize = 100;
/// From one batch to the next.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

/// How many batches `count` entries make.
pub(crate) fn batches(count: usize) -> usize {
    count.div_ceil(BATCH)
}

/// Stores a job for `items` and makes its first batch due.
///
/// # Errors
/// When the store fails.
pub(crate) fn create(
    conn: &Connection,
    now: Micros,
    id: &str,
    bulk_type: BulkType,
    query: &str,
    items: &[String],
) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO bulk_jobs (id, kind, query, estimated_batch, estimated_count, due_at, created_at, updated_at)
         VALUES (:id, :kind, :query, :batches, :count, :now, :now, :now)",
    )?
    .execute(named_params! {
        ":id": id,
        ":kind": bulk_type,
        ":query": query,
        ":batches": batches(items.len()),
        ":count": items.len(),
        ":now": now,
    })?;
    let mut insert = conn.prepare_cached(
        "INSERT INTO bulk_items (job_id, position, item_id) VALUES (:job, :position, :item)",
    )?;
    for (position, item) in items.iter().enumerate() {
        insert.execute(named_params! { ":job": id, ":position": position, ":item": item })?;
    }
    Ok(())
}

/// Whether a job of this kind with this query is running.
///
/// # Errors
/// When the store fails.
pub(crate) fn is_running(
    conn: &Connection,
    bulk_type: BulkType,
    query: &str,
) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 FROM bulk_jobs WHERE due_at IS NOT NULL AND kind = :kind AND query = :query",
        )?
        .exists(named_params! { ":kind": bulk_type, ":query": query })?)
}

/// Ends a running job; what it has done stays done. A job that has ended stays as it is. Answers
/// whether there is such a job.
///
/// # Errors
/// When the store fails.
pub(crate) fn cancel(
    conn: &Connection,
    now: Micros,
    bulk_type: BulkType,
    id: &str,
) -> Result<bool, StoreError> {
    let due: Option<Option<Micros>> = conn
        .prepare_cached("SELECT due_at FROM bulk_jobs WHERE id = :id AND kind = :kind")?
        .query_row(named_params! { ":id": id, ":kind": bulk_type }, |row| {
            row.get(0)
        })
        .optional()?;
    if due.flatten().is_some() {
        conn.prepare_cached(
            "UPDATE bulk_jobs SET due_at = NULL, cancelled_at = :now, updated_at = :now WHERE id = :id",
        )?
        .execute(named_params! { ":id": id, ":now": now })?;
        conn.prepare_cached("DELETE FROM bulk_items WHERE job_id = :id")?
            .execute(named_params! { ":id": id })?;
    }
    Ok(due.is_some())
}

/// The running jobs with the moment of their next batch, the earliest first.
///
/// # Errors
/// When the store fails.
pub(crate) fn due(conn: &Connection) -> Result<Vec<(String, Micros)>, StoreError> {
    let jobs = conn
        .prepare_cached(
            "SELECT id, due_at FROM bulk_jobs WHERE due_at IS NOT NULL ORDER BY due_at, seq",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(jobs)
}
