//! What a project contains from the start: its organization, itself, and the default issue triggers.

use rusqlite::{Transaction, params};
use serde_json::{Value, json};

use crate::clock::Micros;
use crate::ids::derived;
use crate::store::StoreError;
use crate::wire::{IssueTriggerStrategy, IssueType, LogLevel};

/// Fills an empty store whose `meta` names the project. The ids follow from the project's, so that
/// a store filled anew has the same ones.
///
/// # Errors
/// When the store fails.
pub(crate) fn fill(tx: &Transaction<'_>, now: Micros) -> Result<(), StoreError> {
    let team_id: String =
        tx.query_row("SELECT value FROM meta WHERE key = 'team_id'", [], |row| {
            row.get(0)
        })?;
    tx.execute(
        "INSERT INTO organization (id, name, created_at, updated_at) VALUES (?1, 'Local', ?2, ?2)",
        params![derived("org_", 12, &team_id), now],
    )?;
    tx.execute(
        "INSERT INTO projects (id, name, type, settings, created_at, updated_at)
         VALUES (?1, 'Local', 'event_gateway', '{}', ?2, ?2)",
        params![team_id, now],
    )?;
    for (issue_type, configs) in default_triggers() {
        tx.execute(
            "INSERT INTO issue_triggers (id, type, configs, channels, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
            params![
                derived("it_", 18, &format!("{team_id} {issue_type}")),
                issue_type,
                configs.to_string(),
                json!({ "email": {} }).to_string(),
                now
            ],
        )?;
    }
    Ok(())
}

/// The triggers of a new project, each of which covers everything.
fn default_triggers() -> [(IssueType, Value); 4] {
    [
        (
            IssueType::Delivery,
            json!({ "strategy": IssueTriggerStrategy::FirstAttempt, "connections": "*" }),
        ),
        (
            IssueType::Request,
            json!({ "rejection_causes": "*", "sources": "*" }),
        ),
        (
            IssueType::Transformation,
            json!({ "log_level": LogLevel::Error, "transformations": "*" }),
        ),
        (
            IssueType::Backpressure,
            json!({ "delay": 600_000, "destinations": "*" }),
        ),
    ]
}
