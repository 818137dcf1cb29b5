//! Issues: failures that look alike, gathered under one id.
//!
//! An issue is opened, or seen again, in the transaction that records the failure. Which trigger is
//! responsible is decided in [`trigger`]. Seen again, an issue that was resolved or dismissed opens
//! anew; one that is ignored stays ignored.
//!
//! How long events wait for their destination is known when an attempt ends their wait, so that is when a
//! backpressure issue is opened. The wait counts from the moment the event was due, time on hold
//! included. A destination that takes nothing at all is seen only with its next attempt. All that is our
//! choice.

mod trigger;

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::{Value, json};

use crate::clock::Micros;
use crate::events::attempt::shown_answer;
use crate::ids::Ids;
use crate::json;
use crate::store::StoreError;
use crate::wire::{
    ErrorCode, EventStatus, IssueStatus, IssueTriggerStrategy, IssueType, LogLevel, RejectionCause,
};
use trigger::{IssueSubject, IssueTrigger};

/// A failed attempt, recorded already.
#[derive(Debug)]
pub(crate) struct FailedAttempt<'a> {
    pub(crate) attempt_id: &'a str,
    pub(crate) event_id: &'a str,
    pub(crate) connection_id: &'a str,
    pub(crate) response_status: Option<u16>,
    pub(crate) error_code: Option<ErrorCode>,
    /// What the destination answered, as far as it is stored.
    pub(crate) body: Option<&'a str>,
}

/// Opens the delivery issue that a failed attempt calls for, if any: under the strategy
/// `first_attempt` every failure does, under `final_attempt` one that no retry follows.
///
/// # Errors
/// When the store fails.
pub(crate) fn on_failed_attempt(
    conn: &Connection,
    now: Micros,
    ids: &Ids,
    failed: &FailedAttempt<'_>,
) -> Result<(), StoreError> {
    let name: Option<String> = conn
        .prepare_cached("SELECT name FROM connections WHERE id = :id")?
        .query_row(named_params! { ":id": failed.connection_id }, |row| {
            row.get(0)
        })?;
    let subject = IssueSubject::new(failed.connection_id, name.as_deref());
    let Some(trigger) = trigger::responsible(conn, IssueType::Delivery, |configs| {
        subject.covered_by(&configs["connections"])
    })?
    else {
        return Ok(());
    };
    let is_final = trigger.configs["strategy"] == IssueTriggerStrategy::FinalAttempt.as_str();
    if is_final && owes_an_attempt(conn, failed.event_id)? {
        return Ok(());
    }
    let keys = json!({
        "webhook_id": [failed.connection_id],
        "response_status": failed.response_status.into_iter().collect::<Vec<_>>(),
        "error_code": failed.error_code.into_iter().collect::<Vec<_>>(),
    });
    let reference = json!({
        "event_id": failed.event_id,
        "attempt_id": failed.attempt_id,
        "attempt_body": failed.body.map(shown_answer),
    });
    let issue_id = open(conn, now, ids, &trigger, &keys, &reference)?;
    conn.prepare_cached(
        "INSERT INTO issue_events (issue_id, event_id) VALUES (:issue, :event) ON CONFLICT DO NOTHING",
    )?
    .execute(named_params! { ":issue": issue_id, ":event": failed.event_id })?;
    Ok(())
}

fn owes_an_attempt(conn: &Connection, event_id: &str) -> Result<bool, StoreError> {
    Ok(conn
        .prepare_cached("SELECT due_at IS NOT NULL OR status = :hold FROM events WHERE id = :id")?
        .query_row(
            named_params! { ":id": event_id, ":hold": EventStatus::Hold },
            |row| row.get(0),
        )
        .optional()?
        .unwrap_or(false))
}

/// The shortest wait that a trigger may name.
const SHORTEST_DELAY: Duration = Duration::from_secs(60);

/// Opens the backpressure issue that the wait of an event for its destination calls for, if any.
///
/// # Errors
/// When the store fails.
pub(crate) fn on_wait(
    conn: &Connection,
    now: Micros,
    ids: &Ids,
    event_id: &str,
    destination_id: &str,
    waited: Duration,
) -> Result<(), StoreError> {
    // Most events wait for nothing, and then no trigger needs to be read.
    if waited < SHORTEST_DELAY {
        return Ok(());
    }
    let name: String = conn
        .prepare_cached("SELECT name FROM destinations WHERE id = :id")?
        .query_row(named_params! { ":id": destination_id }, |row| row.get(0))?;
    let subject = IssueSubject::new(destination_id, Some(&name));
    let Some(trigger) = trigger::responsible(conn, IssueType::Backpressure, |configs| {
        subject.covered_by(&configs["destinations"])
    })?
    else {
        return Ok(());
    };
    let delay = &trigger.configs["delay"];
    let crossed = delay
        .as_f64()
        .is_some_and(|millis| waited.as_secs_f64() * 1_000.0 >= millis);
    if !crossed {
        return Ok(());
    }
    let group: Option<String> = conn
        .prepare_cached("SELECT delivery_group FROM events WHERE id = :id")?
        .query_row(named_params! { ":id": event_id }, |row| row.get(0))?;
    let triggered_by = match &group {
        Some(group) => json!({ "type": "delivery_group", "delivery_group": group }),
        None => json!({ "type": "destination" }),
    };
    let keys = json!({ "destination_id": [destination_id], "delay": [delay] });
    let reference = json!({
        "destination_id": destination_id,
        "delivery_groups": [group],
        "triggered_by": triggered_by,
    });
    open(conn, now, ids, &trigger, &keys, &reference).map(|_| ())
}

/// Opens the issue that a rejected request calls for, if any.
///
/// # Errors
/// When the store fails.
pub(crate) fn on_rejection(
    conn: &Connection,
    now: Micros,
    ids: &Ids,
    request_id: &str,
    source_id: &str,
    cause: RejectionCause,
) -> Result<(), StoreError> {
    let name: String = conn
        .prepare_cached("SELECT name FROM sources WHERE id = :id")?
        .query_row(named_params! { ":id": source_id }, |row| row.get(0))?;
    let subject = IssueSubject::new(source_id, Some(&name));
    let trigger = trigger::responsible(conn, IssueType::Request, |configs| {
        let excluded = configs["excluded_rejection_causes"].as_array();
        if excluded.is_some_and(|causes| causes.iter().any(|excluded| excluded == cause.as_str())) {
            return None;
        }
        let causes = &configs["rejection_causes"];
        let listed = causes.as_array();
        if listed.is_some_and(|causes| !causes.iter().any(|listed| listed == cause.as_str())) {
            return None;
        }
        // A named cause outweighs however exact a choice of sources.
        let by_source = subject.covered_by(&configs["sources"])?;
        Some((listed.is_some(), by_source))
    })?;
    let Some(trigger) = trigger else {
        return Ok(());
    };
    let keys = json!({ "source_id": [source_id], "rejection_cause": [cause] });
    let reference = json!({ "request_id": request_id });
    open(conn, now, ids, &trigger, &keys, &reference).map(|_| ())
}

/// Opens the issue that a run of a transformation calls for, if any, and marks the execution with it.
///
/// # Errors
/// When the store fails.
pub(crate) fn on_execution(
    conn: &Connection,
    now: Micros,
    ids: &Ids,
    execution_id: &str,
    transformation_id: &str,
    log_level: LogLevel,
) -> Result<(), StoreError> {
    let name: Option<String> = conn
        .prepare_cached("SELECT name FROM transformations WHERE id = :id")?
        .query_row(named_params! { ":id": transformation_id }, |row| row.get(0))
        .optional()?;
    let subject = IssueSubject::new(transformation_id, name.as_deref());
    let Some(trigger) = trigger::responsible(conn, IssueType::Transformation, |configs| {
        subject.covered_by(&configs["transformations"])
    })?
    else {
        return Ok(());
    };
    let wanted = trigger.configs["log_level"]
        .as_str()
        .and_then(LogLevel::parse);
    if wanted.is_some_and(|wanted| log_level < wanted) {
        return Ok(());
    }
    let keys = json!({ "transformation_id": [transformation_id], "log_level": [log_level] });
    let reference = json!({ "transformation_execution_id": execution_id });
    let issue_id = open(conn, now, ids, &trigger, &keys, &reference)?;
    conn.prepare_cached("UPDATE executions SET issue_id = :issue WHERE id = :id")?
        .execute(named_params! { ":id": execution_id, ":issue": issue_id })?;
    Ok(())
}

/// Opens the issue with these keys, or notes that it was seen again. Answers its id.
fn open(
    conn: &Connection,
    now: Micros,
    ids: &Ids,
    trigger: &IssueTrigger,
    keys: &Value,
    reference: &Value,
) -> Result<String, StoreError> {
    let found: Option<(String, bool)> = conn
        .prepare_cached(
            "SELECT id, status <> :ignored AND (status = :resolved OR dismissed_at IS NOT NULL)
             FROM issues WHERE type = :type AND aggregation_keys = :keys",
        )?
        .query_row(
            named_params! {
                ":type": trigger.issue_type,
                ":keys": keys.to_string(),
                ":ignored": IssueStatus::Ignored,
                ":resolved": IssueStatus::Resolved,
            },
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((id, reopens)) = found else {
        let id = ids.issue();
        conn.prepare_cached(
            "INSERT INTO issues (id, trigger_id, type, status, aggregation_keys, reference, opened_at,
                 first_seen_at, last_seen_at, created_at, updated_at)
             VALUES (:id, :trigger, :type, :opened, :keys, :reference, :now, :now, :now, :now, :now)",
        )?
        .execute(named_params! {
            ":id": id,
            ":trigger": trigger.id,
            ":type": trigger.issue_type,
            ":opened": IssueStatus::Opened,
            ":keys": keys.to_string(),
            ":reference": json::write(reference),
            ":now": now,
        })?;
        return Ok(id);
    };
    if reopens {
        conn.prepare_cached(
            "UPDATE issues SET status = :opened, trigger_id = :trigger, reference = :reference,
                 opened_at = :now, last_seen_at = :now, dismissed_at = NULL, updated_at = :now
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": id,
            ":opened": IssueStatus::Opened,
            ":trigger": trigger.id,
            ":reference": json::write(reference),
            ":now": now,
        })?;
    } else {
        conn.prepare_cached(
            "UPDATE issues SET last_seen_at = :now, updated_at = :now WHERE id = :id",
        )?
        .execute(named_params! { ":id": id, ":now": now })?;
    }
    Ok(id)
}
