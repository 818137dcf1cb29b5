//! Issue triggers: which failures become issues.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde_json::{Value, json};

use super::call::{ApiCall, ApiResult, text};
use super::error::ApiError;
use super::list::{Conditions, CursorStyle, Direction, FieldKind, FilterField, Listing, SortKey};
use super::render::{RenderContext, stored_json};
use super::rows;
use super::time::{self, millis};
use crate::clock::Micros;
use crate::wire::IssueType;

pub(super) static LISTING: Listing = Listing {
    from: "issue_triggers",
    columns: "*",
    id: "id",
    seq: "seq",
    fields: &[
        FilterField::new("name", "name", FieldKind::Text),
        FilterField::new("type", "type", FieldKind::Text),
        FilterField::new("disabled_at", "disabled_at", FieldKind::Time),
    ],
    orders: &[
        SortKey::new("created_at", "created_at"),
        SortKey::new("type", "type"),
    ],
    direction: Direction::Desc,
    limit: 100,
    cursor: CursorStyle::Id,
};

const BY_ID: &str = "SELECT * FROM issue_triggers WHERE id = ?";

fn render(_: &Connection, view: &RenderContext, row: &Row<'_>) -> Result<Value, ApiError> {
    Ok(json!({
        "id": row.get::<_, String>("id")?,
        "team_id": view.team_id,
        "name": row.get::<_, Option<String>>("name")?,
        "type": row.get::<_, String>("type")?,
        "configs": stored_json(row, "configs")?,
        "channels": stored_json(row, "channels")?,
        "disabled_at": millis(row.get("disabled_at")?),
        "deleted_at": null,
        "created_at": millis(row.get("created_at")?),
        "updated_at": millis(row.get("updated_at")?),
    }))
}

fn shown(conn: &Connection, view: &RenderContext, id: &str) -> Result<Value, ApiError> {
    rows::shown(conn, view, BY_ID, id, render)
}

pub(super) async fn list(call: ApiCall) -> ApiResult {
    rows::list(call, &LISTING, Conditions::new(), render).await
}

pub(super) async fn get(call: ApiCall) -> ApiResult {
    rows::get(call, BY_ID, render).await
}

pub(super) async fn create(call: ApiCall) -> ApiResult {
    let id = call.project.ids().issue_trigger();
    rows::write(call, move |tx, view, call| {
        must_be_free(tx, text(&call.body, "name"), "")?;
        insert(tx, &id, &call.body, call.now())?;
        shown(tx, view, &id)
    })
    .await
}

/// Creates the trigger or writes the one of the same name.
pub(super) async fn upsert(call: ApiCall) -> ApiResult {
    let new_id = call.project.ids().issue_trigger();
    rows::write(call, move |tx, view, call| {
        let Some(id) = id_of(tx, text(&call.body, "name").unwrap_or_default())? else {
            insert(tx, &new_id, &call.body, call.now())?;
            return shown(tx, view, &new_id);
        };
        change(tx, &id, &call.body, call.now())?;
        shown(tx, view, &id)
    })
    .await
}

pub(super) async fn update(call: ApiCall) -> ApiResult {
    rows::write(call, |tx, view, call| {
        rows::must_exist(tx, BY_ID, &call.id)?;
        must_be_free(tx, text(&call.body, "name"), &call.id)?;
        change(tx, &call.id, &call.body, call.now())?;
        shown(tx, view, &call.id)
    })
    .await
}

/// Deletes the trigger and the issues it has opened.
pub(super) async fn delete(call: ApiCall) -> ApiResult {
    rows::write(call, |tx, _, call| {
        rows::must_exist(tx, BY_ID, &call.id)?;
        for sql in [
            "UPDATE executions SET issue_id = NULL
             WHERE issue_id IN (SELECT id FROM issues WHERE trigger_id = ?)",
            "DELETE FROM issues WHERE trigger_id = ?",
            "DELETE FROM issue_triggers WHERE id = ?",
        ] {
            tx.prepare_cached(sql)?.execute([&call.id])?;
        }
        Ok(json!({ "id": call.id }))
    })
    .await
}

pub(super) async fn disable(call: ApiCall) -> ApiResult {
    switch(call, true).await
}

pub(super) async fn enable(call: ApiCall) -> ApiResult {
    switch(call, false).await
}

/// Sets or clears `disabled_at`. Disabling again keeps the first moment.
async fn switch(call: ApiCall, disabled: bool) -> ApiResult {
    rows::write(call, move |tx, view, call| {
        tx.prepare_cached(
            "UPDATE issue_triggers SET disabled_at = CASE WHEN ?2 THEN ?3 END, updated_at = ?3
             WHERE id = ?1 AND (disabled_at IS NULL) = ?2",
        )?
        .execute(params![call.id, disabled, call.now()])?;
        shown(tx, view, &call.id)
    })
    .await
}

fn id_of(conn: &Connection, name: &str) -> Result<Option<String>, ApiError> {
    Ok(conn
        .prepare_cached("SELECT id FROM issue_triggers WHERE name = ?")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

/// Refuses a name that another trigger than `own_id` holds.
fn must_be_free(conn: &Connection, name: Option<&str>, own_id: &str) -> Result<(), ApiError> {
    let holder = match name {
        Some(name) => id_of(conn, name)?,
        None => None,
    };
    match holder {
        Some(id) if id != own_id => Err(ApiError::AlreadyExists(json!({
            "id": id,
            "resource_type": "issue_trigger",
        }))),
        _ => Ok(()),
    }
}

/// The configs of a body that fit its type. The contract leaves open which configs go with which
/// type, so that is checked here.
fn configs(kind: &str, body: &Value) -> Result<Option<Value>, ApiError> {
    let required: &[&str] = match IssueType::parse(kind) {
        Some(IssueType::Delivery) => &["strategy", "connections"],
        Some(IssueType::Transformation) => &["log_level", "transformations"],
        Some(IssueType::Backpressure) => &["delay", "destinations"],
        Some(IssueType::Request) | None => &["rejection_causes", "sources"],
    };
    let Some(configs) = body.get("configs").filter(|configs| !configs.is_null()) else {
        return Ok(None);
    };
    let missing: Vec<String> = required
        .iter()
        .filter(|name| configs.get(**name).is_none())
        .map(|name| format!("configs.{name} is required"))
        .collect();
    if missing.is_empty() {
        Ok(Some(configs.clone()))
    } else {
        Err(ApiError::Validation(missing))
    }
}

fn insert(conn: &Connection, id: &str, body: &Value, now: Micros) -> Result<(), ApiError> {
    let kind = text(body, "type").unwrap_or_default();
    let configs = configs(kind, body)?.ok_or_else(|| ApiError::invalid("configs is required"))?;
    conn.prepare_cached(
        "INSERT INTO issue_triggers (id, name, type, configs, channels, created_at, updated_at)
         VALUES (:id, :name, :type, :configs, :channels, :now, :now)",
    )?
    .execute(named_params! {
        ":id": id,
        ":name": text(body, "name"),
        ":type": kind,
        ":configs": configs.to_string(),
        ":channels": stored(body, "channels"),
        ":now": now,
    })?;
    Ok(())
}

/// Writes what `body` names. Issues that are open already stay as they are.
fn change(conn: &Connection, id: &str, body: &Value, now: Micros) -> Result<(), ApiError> {
    let stored_kind: String = conn
        .prepare_cached("SELECT type FROM issue_triggers WHERE id = ?")?
        .query_row([id], |row| row.get(0))?;
    let kind = text(body, "type").unwrap_or(&stored_kind);
    let configs = configs(kind, body)?;
    if kind != stored_kind && configs.is_none() {
        return Err(ApiError::invalid("configs is required"));
    }
    let disabled_at = match text(body, "disabled_at") {
        Some(moment) => Sql::from(time::parse(moment)),
        None => Sql::Null,
    };
    conn.prepare_cached(
        "UPDATE issue_triggers SET
             name = CASE WHEN :naming THEN :name ELSE name END,
             type = :type,
             configs = coalesce(:configs, configs),
             channels = CASE WHEN :channeling THEN :channels ELSE channels END,
             disabled_at = CASE WHEN :disabling THEN :disabled_at ELSE disabled_at END,
             updated_at = :now
         WHERE id = :id",
    )?
    .execute(named_params! {
        ":id": id,
        ":naming": body.get("name").is_some(),
        ":name": text(body, "name"),
        ":type": kind,
        ":configs": configs.map(|configs| configs.to_string()),
        ":channeling": body.get("channels").is_some(),
        ":channels": stored(body, "channels"),
        ":disabling": body.get("disabled_at").is_some(),
        ":disabled_at": disabled_at,
        ":now": now,
    })?;
    Ok(())
}

fn stored(body: &Value, name: &str) -> Option<String> {
    body.get(name)
        .filter(|value| !value.is_null())
        .map(Value::to_string)
}
