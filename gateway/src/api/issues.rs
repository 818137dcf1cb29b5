//! Issues: reading them, and what people decide about them. They are opened where failures are
//! recorded, by [`crate::issues`].

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, named_params, params};
use serde_json::{Value, json};

use super::call::{ApiCall, ApiResult, text};
use super::error::ApiError;
use super::list::{Conditions, CursorStyle, Direction, FieldKind, FilterField, Listing, SortKey};
use super::render::{self, RenderContext, find, stored_json};
use super::rows;
use super::time::millis;
use super::transformations::render_execution;
use crate::json;
use crate::wire::{IssueStatus, IssueType};

pub(super) static LISTING: Listing = Listing {
    from: "issues",
    columns: "*",
    id: "id",
    seq: "seq",
    fields: &[
        FilterField::new("id", "id", FieldKind::Text),
        FilterField::new("issue_trigger_id", "trigger_id", FieldKind::Text),
        FilterField::new("type", "type", FieldKind::Text),
        FilterField::new("status", "status", FieldKind::Text),
        // Nothing merges issues here, so every one stands for itself.
        FilterField::new("merged_with", "NULL", FieldKind::Text),
        FilterField::new("created_at", "created_at", FieldKind::Time),
        FilterField::new("first_seen_at", "first_seen_at", FieldKind::Time),
        FilterField::new("last_seen_at", "last_seen_at", FieldKind::Time),
        FilterField::new("dismissed_at", "dismissed_at", FieldKind::Time),
    ],
    orders: &[
        SortKey::new("created_at", "created_at"),
        SortKey::new("first_seen_at", "first_seen_at"),
        SortKey::new("last_seen_at", "last_seen_at"),
        SortKey::new("opened_at", "opened_at"),
        SortKey::new("status", "status"),
    ],
    direction: Direction::Desc,
    limit: 100,
    cursor: CursorStyle::Id,
};

const BY_ID: &str = "SELECT * FROM issues WHERE id = ?";

fn render_plain(_: &Connection, view: &RenderContext, row: &Row<'_>) -> Result<Value, ApiError> {
    Ok(json!({
        "id": row.get::<_, String>("id")?,
        "team_id": view.team_id,
        "issue_trigger_id": row.get::<_, String>("trigger_id")?,
        "type": row.get::<_, String>("type")?,
        "status": row.get::<_, String>("status")?,
        "opened_at": millis(row.get("opened_at")?),
        "first_seen_at": millis(row.get("first_seen_at")?),
        "last_seen_at": millis(row.get("last_seen_at")?),
        "last_updated_by": null,
        "dismissed_at": millis(row.get("dismissed_at")?),
        "auto_resolved_at": null,
        "merged_with": null,
        "aggregation_keys": stored_json(row, "aggregation_keys")?,
        // The answer of a destination is part of it, and keeps the order of its members.
        "reference": json::verbatim(&row.get::<_, String>("reference")?),
        "created_at": millis(row.get("created_at")?),
        "updated_at": millis(row.get("updated_at")?),
    }))
}

fn render_with_data(
    conn: &Connection,
    view: &RenderContext,
    row: &Row<'_>,
) -> Result<Value, ApiError> {
    let mut issue = render_plain(conn, view, row)?;
    let reference = stored_json(row, "reference")?;
    issue["data"] = data(conn, view, &issue, &reference)?;
    Ok(issue)
}

/// What an issue refers to, as it is now.
fn data(
    conn: &Connection,
    view: &RenderContext,
    issue: &Value,
    reference: &Value,
) -> Result<Value, ApiError> {
    let reference = |name: &str| text(reference, name).unwrap_or_default();
    let found = match text(issue, "type").and_then(IssueType::parse) {
        Some(IssueType::Delivery) => {
            let event = find(
                conn,
                "SELECT * FROM events WHERE id = ?",
                reference("event_id"),
                |row| render::event(view, row),
            )?;
            let attempt = find(
                conn,
                "SELECT * FROM attempts WHERE id = ?",
                reference("attempt_id"),
                |row| render::attempt(view, row, true),
            )?;
            event.map(|event| json!({ "trigger_event": event, "trigger_attempt": attempt }))
        }
        Some(IssueType::Request) => find(
            conn,
            "SELECT * FROM requests WHERE id = ?",
            reference("request_id"),
            |row| render::request(view, row),
        )?
        .map(|request| json!({ "request": request })),
        Some(IssueType::Transformation) => find(
            conn,
            "SELECT * FROM executions WHERE id = ?",
            reference("transformation_execution_id"),
            |row| render_execution(conn, view, row),
        )?
        .map(|execution| json!({ "transformation_execution": execution })),
        Some(IssueType::Backpressure) => find(
            conn,
            "SELECT * FROM destinations WHERE id = ?",
            reference("destination_id"),
            |row| render::destination(view, row, false),
        )?
        .map(|destination| json!({ "destination": destination })),
        None => None,
    };
    Ok(found.unwrap_or(Value::Null))
}

/// The lists among an issue's aggregation keys that hold one of the values asked for.
fn aggregation(query: &Value) -> Conditions {
    let mut conditions = Conditions::new();
    let keys = query.get("aggregation_keys").and_then(Value::as_object);
    for (name, wanted) in keys.into_iter().flatten() {
        let wanted = match wanted {
            Value::Array(items) => items.clone(),
            single => vec![single.clone()],
        };
        let binds: Vec<Sql> = wanted
            .iter()
            .map(|value| match value {
                Value::String(text) => Sql::from(text.clone()),
                number => number.as_f64().map_or(Sql::Null, Sql::from),
            })
            .collect();
        let marks = vec!["?"; binds.len()].join(", ");
        // The name is one the contract lists, yet it is bound like any other value.
        let path = Sql::from(format!("$.{name}"));
        conditions.push(
            format!(
                "EXISTS (SELECT 1 FROM json_each(issues.aggregation_keys, ?) WHERE value IN ({marks}))"
            ),
            std::iter::once(path).chain(binds),
        );
    }
    conditions
}

pub(super) async fn list(call: ApiCall) -> ApiResult {
    let conditions = aggregation(&call.query);
    rows::list(call, &LISTING, conditions, render_with_data).await
}

pub(super) async fn count(call: ApiCall) -> ApiResult {
    let conditions = aggregation(&call.query);
    rows::count(call, &LISTING, conditions).await
}

pub(super) async fn get(call: ApiCall) -> ApiResult {
    rows::get(call, BY_ID, render_with_data).await
}

/// Sets the status. Opening an issue that was not open counts as opening it now.
pub(super) async fn update(call: ApiCall) -> ApiResult {
    rows::write(call, |tx, view, call| {
        let status = text(&call.body, "status").and_then(IssueStatus::parse);
        let status = status.ok_or_else(|| ApiError::Internal("the contract lets an unknown status pass".into()))?;
        tx.prepare_cached(
            "UPDATE issues SET status = :status, updated_at = :now,
                 opened_at = CASE WHEN :opens AND status IN (:resolved, :ignored) THEN :now ELSE opened_at END
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": call.id,
            ":status": status,
            ":opens": status == IssueStatus::Opened,
            ":resolved": IssueStatus::Resolved,
            ":ignored": IssueStatus::Ignored,
            ":now": call.now(),
        })?;
        rows::shown(tx, view, BY_ID, &call.id, render_plain)
    })
    .await
}

/// Dismisses the issue. Dismissing again keeps the first moment.
pub(super) async fn dismiss(call: ApiCall) -> ApiResult {
    rows::write(call, |tx, view, call| {
        tx.prepare_cached(
            "UPDATE issues SET dismissed_at = ?2, updated_at = ?2 WHERE id = ?1 AND dismissed_at IS NULL",
        )?
        .execute(params![call.id, call.now()])?;
        rows::shown(tx, view, BY_ID, &call.id, render_plain)
    })
    .await
}
