//! One batch of a job.

use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::Value;

use super::{BATCH, PAUSE};
use crate::events::{self, EventError};
use crate::ingest::{self, ReplayTarget};
use crate::intake::Intake;
use crate::services::Services;
use crate::store::StoreError;
use crate::wire::{AttemptTrigger, BulkType};

/// A job as its next batch needs it.
struct BulkJob {
    id: String,
    bulk_type: BulkType,
    target: ReplayTarget,
}

/// Works off the next batch of a job and makes the one after it due. A job that has ended meanwhile
/// stays as it is.
///
/// # Errors
/// When the store fails.
pub(crate) async fn step(services: &Services, id: &str) -> Result<(), StoreError> {
    let id = id.to_owned();
    services.intake(move |intake| batch(intake, &id)).await
}

fn batch(intake: &mut Intake<'_>, id: &str) -> Result<(), StoreError> {
    let conn = intake.conn;
    let Some(job) = load(conn, id)? else {
        return Ok(());
    };
    let items: Vec<(i64, String)> = conn
        .prepare_cached(
            "SELECT position, item_id FROM bulk_items WHERE job_id = :id ORDER BY position LIMIT :most",
        )?
        .query_map(named_params! { ":id": id, ":most": BATCH }, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    let (mut done, mut failed) = (0, 0);
    for (_, item) in &items {
        if apply_whole(intake, &job, item)? {
            done += 1;
        } else {
            failed += 1;
        }
    }
    if let Some((last, _)) = items.last() {
        conn.prepare_cached("DELETE FROM bulk_items WHERE job_id = :id AND position <= :last")?
            .execute(named_params! { ":id": id, ":last": last })?;
    }
    let more = conn
        .prepare_cached("SELECT 1 FROM bulk_items WHERE job_id = :id")?
        .exists(named_params! { ":id": id })?;
    conn.prepare_cached(
        "UPDATE bulk_jobs SET processed_batch = processed_batch + :batches,
             completed_count = completed_count + :done, failed_count = coalesce(failed_count, 0) + :failed,
             due_at = CASE WHEN :more THEN :next END, completed_at = CASE WHEN :more THEN NULL ELSE :now END,
             updated_at = :now
         WHERE id = :id",
    )?
    .execute(named_params! {
        ":id": id,
        ":batches": !items.is_empty(),
        ":done": done,
        ":failed": failed,
        ":more": more,
        ":next": intake.now.plus(PAUSE),
        ":now": intake.now,
    })?;
    Ok(())
}

fn load(conn: &Connection, id: &str) -> Result<Option<BulkJob>, StoreError> {
    let found: Option<(BulkType, String)> = conn
        .prepare_cached("SELECT kind, query FROM bulk_jobs WHERE id = :id AND due_at IS NOT NULL")?
        .query_row(named_params! { ":id": id }, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((bulk_type, query)) = found else {
        return Ok(None);
    };
    let broken = |what: String| StoreError::Unusable(format!("bulk job {id}: {what}"));
    let query: Value = serde_json::from_str(&query).map_err(|error| broken(error.to_string()))?;
    Ok(Some(BulkJob {
        id: id.to_owned(),
        bulk_type,
        target: target(&query["target"]),
    }))
}

fn target(value: &Value) -> ReplayTarget {
    let ids = value["webhook_ids"].as_array();
    ReplayTarget {
        source_id: value["source_id"].as_str().map(str::to_owned),
        webhook_ids: ids
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
    }
}

/// Makes the change to one entry, wholly or not at all. Answers whether it could be made.
fn apply_whole(intake: &mut Intake<'_>, job: &BulkJob, item: &str) -> Result<bool, StoreError> {
    let conn = intake.conn;
    conn.execute_batch("SAVEPOINT bulk_item")?;
    let applied = apply(intake, job, item);
    let refused = match applied {
        Ok(()) => None,
        Err(EventError::Store(error)) => return Err(error),
        Err(refused) => Some(refused),
    };
    if let Some(refused) = &refused {
        tracing::debug!(
            job = job.id,
            item,
            "a bulk job passes an entry over: {refused}"
        );
        conn.execute_batch("ROLLBACK TO bulk_item")?;
    }
    conn.execute_batch("RELEASE bulk_item")?;
    Ok(refused.is_none())
}

fn apply(intake: &mut Intake<'_>, job: &BulkJob, item: &str) -> Result<(), EventError> {
    let (conn, now) = (intake.conn, intake.now);
    match job.bulk_type {
        BulkType::EventsRetry => {
            events::retry_with(conn, now, item, AttemptTrigger::BulkRetry, Some(&job.id))
        }
        BulkType::EventsCancel => events::cancel(conn, now, item),
        BulkType::RequestsRetry => ingest::retry(intake, item, None, Some(&job.id)).map(|_| ()),
        BulkType::RequestsReplay => {
            ingest::replay(intake, item, &job.target, Some(&job.id)).map(|_| ())
        }
        BulkType::IgnoredEventsRetry => {
            // The id of an ignored event is that of its request and that of its connection.
            let (request, connection) = item.split_once(':').unwrap_or((item, ""));
            let only = [connection.to_owned()];
            ingest::retry(intake, request, Some(&only), Some(&job.id)).map(|_| ())
        }
    }
}
