//! Stored rows as the API shows them.

use std::sync::Arc;

use hookdeck::ApiVersion;
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Value, json};

use super::call::ApiCall;
use super::config;
use super::error::ApiError;
use super::time::{millis, precise};
use crate::events::attempt::shown_answer;
use crate::json::{self, Ordered};
use crate::settings::Settings;

/// What rendering needs to know of the project.
#[derive(Clone, Debug)]
pub(crate) struct RenderContext {
    /// The project's id.
    pub(crate) team_id: String,
    /// Its URLs.
    pub(crate) settings: Arc<Settings>,
    /// Whether destinations show their credentials unasked, as they did before they had a `config`.
    credentials: bool,
}

impl RenderContext {
    /// The view of a project.
    pub(crate) fn of(project: &crate::project::Project) -> Self {
        Self {
            team_id: project.team_id.clone(),
            settings: Arc::clone(project.settings()),
            credentials: false,
        }
    }

    /// The view of a call, which may be in an older version.
    pub(crate) fn of_call(call: &ApiCall) -> Self {
        Self {
            credentials: call
                .older
                .is_some_and(|older| older.undoes(&ApiVersion::V2025_01_01)),
            ..Self::of(&call.project)
        }
    }
}

pub(super) fn stored_json(row: &Row<'_>, column: &str) -> Result<Value, ApiError> {
    let text: Option<String> = row.get(column)?;
    match text {
        Some(text) => Ok(serde_json::from_str(&text)?),
        None => Ok(Value::Null),
    }
}

/// The rules of a connection, their members in the order that the live API shows them in: that of the database
/// behind it, whoever wrote them in whatever order.
fn stored_rules(row: &Row<'_>) -> Result<Value, ApiError> {
    let rules: Ordered = serde_json::from_str(&row.get::<_, String>("rules")?)?;
    Ok(json::verbatim(&rules.in_postgres_order().to_string()))
}

/// A source; its secrets only with `auth`.
pub(crate) fn source(view: &RenderContext, row: &Row<'_>, auth: bool) -> Result<Value, ApiError> {
    let id: String = row.get("id")?;
    let kind: String = row.get("type")?;
    let config = stored_json(row, "config")?;
    let url = match kind.as_str() {
        "PUBLISH_API" => view.settings.publish_url(),
        _ => view.settings.source_url(&id),
    };
    Ok(json!({
        "url": url,
        "id": id,
        "team_id": view.team_id,
        "name": row.get::<_, String>("name")?,
        "description": row.get::<_, Option<String>>("description")?,
        "type": kind,
        "authenticated": config::is_authenticated(&config),
        "config": config::shown_source(config, auth),
        "disabled_at": millis(row.get("disabled_at")?),
        "created_at": millis(row.get("created_at")?),
        "updated_at": millis(row.get("updated_at")?),
    }))
}

/// A destination; its secrets only with `auth`.
pub(crate) fn destination(
    view: &RenderContext,
    row: &Row<'_>,
    auth: bool,
) -> Result<Value, ApiError> {
    let config = stored_json(row, "config")?;
    Ok(json!({
        "id": row.get::<_, String>("id")?,
        "team_id": view.team_id,
        "name": row.get::<_, String>("name")?,
        "description": row.get::<_, Option<String>>("description")?,
        "type": row.get::<_, String>("type")?,
        "config": config::shown_destination(config, auth || view.credentials),
        "disabled_at": millis(row.get("disabled_at")?),
        "created_at": millis(row.get("created_at")?),
        "updated_at": millis(row.get("updated_at")?),
    }))
}

/// A connection with its source and destination.
pub(crate) fn connection(
    conn: &Connection,
    view: &RenderContext,
    row: &Row<'_>,
) -> Result<Value, ApiError> {
    let source_id: String = row.get("source_id")?;
    let destination_id: String = row.get("destination_id")?;
    let source = one(
        conn,
        "SELECT * FROM sources WHERE id = ?",
        &source_id,
        |row| source(view, row, false),
    )?;
    let destination = one(
        conn,
        "SELECT * FROM destinations WHERE id = ?",
        &destination_id,
        |row| destination(view, row, false),
    )?;
    let name: Option<String> = row.get("name")?;
    let source_name = source["name"].as_str().unwrap_or_default();
    // What an unnamed connection is called is not known; its destination tells it apart.
    let own_name = name.as_deref().or(destination["name"].as_str());
    let full_name = format!("{source_name} -> {}", own_name.unwrap_or_default());
    Ok(json!({
        "id": row.get::<_, String>("id")?,
        "team_id": view.team_id,
        "full_name": full_name,
        "name": name,
        "description": row.get::<_, Option<String>>("description")?,
        "source": source,
        "destination": destination,
        "rules": stored_rules(row)?,
        "disabled_at": millis(row.get("disabled_at")?),
        "paused_at": millis(row.get("paused_at")?),
        "created_at": millis(row.get("created_at")?),
        "updated_at": millis(row.get("updated_at")?),
    }))
}

/// A request without its data.
pub(crate) fn request(view: &RenderContext, row: &Row<'_>) -> Result<Value, ApiError> {
    Ok(json!({
        "id": row.get::<_, String>("id")?,
        "team_id": view.team_id,
        "source_id": row.get::<_, String>("source_id")?,
        "verified": row.get::<_, bool>("verified")?,
        "rejection_cause": row.get::<_, Option<String>>("rejection_cause")?,
        "original_event_data_id": row.get::<_, Option<String>>("payload_id")?,
        "ingested_at": millis(row.get("ingested_at")?),
        "events_count": row.get::<_, i64>("events_count")?,
        "cli_events_count": row.get::<_, i64>("cli_events_count")?,
        "ignored_count": row.get::<_, i64>("ignored_count")?,
        "created_at": precise(row.get("created_at")?),
        "updated_at": precise(row.get("updated_at")?),
    }))
}

/// An event without its data.
pub(crate) fn event(view: &RenderContext, row: &Row<'_>) -> Result<Value, ApiError> {
    Ok(json!({
        "id": row.get::<_, String>("id")?,
        "team_id": view.team_id,
        "webhook_id": row.get::<_, String>("connection_id")?,
        "source_id": row.get::<_, String>("source_id")?,
        "destination_id": row.get::<_, String>("destination_id")?,
        "delivery_group": row.get::<_, Option<String>>("delivery_group")?,
        "event_data_id": row.get::<_, String>("payload_id")?,
        "request_id": row.get::<_, String>("request_id")?,
        "attempts": row.get::<_, i64>("attempts")?,
        "last_attempt_at": millis(row.get("last_attempt_at")?),
        "next_attempt_at": millis(row.get("next_attempt_at")?),
        "response_status": row.get::<_, Option<i64>>("response_status")?,
        "error_code": row.get::<_, Option<String>>("error_code")?,
        "status": row.get::<_, String>("status")?,
        "successful_at": millis(row.get("successful_at")?),
        "cli_id": row.get::<_, Option<String>>("cli_id")?,
        "created_at": millis(row.get("created_at")?),
        "updated_at": millis(row.get("updated_at")?),
    }))
}

/// An ignored event.
pub(crate) fn ignored_event(view: &RenderContext, row: &Row<'_>) -> Result<Value, ApiError> {
    Ok(json!({
        "id": row.get::<_, String>("id")?,
        "team_id": view.team_id,
        "webhook_id": row.get::<_, String>("connection_id")?,
        "request_id": row.get::<_, String>("request_id")?,
        "cause": row.get::<_, String>("cause")?,
        "meta": stored_json(row, "meta")?,
        "created_at": precise(row.get("created_at")?),
        "updated_at": precise(row.get("updated_at")?),
    }))
}

/// An attempt. A list leaves out what the destination answered and where it was asked.
pub(crate) fn attempt(view: &RenderContext, row: &Row<'_>, whole: bool) -> Result<Value, ApiError> {
    let mut attempt = json!({
        "id": row.get::<_, String>("id")?,
        "team_id": view.team_id,
        "event_id": row.get::<_, String>("event_id")?,
        "destination_id": row.get::<_, String>("destination_id")?,
        "response_status": row.get::<_, Option<i64>>("response_status")?,
        "attempt_number": row.get::<_, i64>("attempt_number")?,
        "trigger": row.get::<_, String>("trigger")?,
        "error_code": row.get::<_, Option<String>>("error_code")?,
        "bulk_retry_id": row.get::<_, Option<String>>("bulk_retry_id")?,
        "status": row.get::<_, String>("status")?,
        "successful_at": millis(row.get("successful_at")?),
        "delivered_at": millis(row.get("delivered_at")?),
        "responded_at": millis(row.get("responded_at")?),
        "delivery_latency": row.get::<_, Option<i64>>("delivery_latency")?,
        "response_latency": row.get::<_, Option<i64>>("response_latency")?,
        "created_at": millis(row.get("created_at")?),
        "updated_at": millis(row.get("updated_at")?),
    });
    if whole {
        let body: Option<String> = row.get("body")?;
        attempt["body"] = body.map_or(Value::Null, |body| shown_answer(&body));
        attempt["requested_url"] = row.get::<_, Option<String>>("requested_url")?.into();
        attempt["http_method"] = row.get::<_, Option<String>>("http_method")?.into();
    }
    Ok(attempt)
}

/// The one row that `sql` finds for `id`, rendered. It must exist: foreign keys hold it.
fn one(
    conn: &Connection,
    sql: &str,
    id: &str,
    render: impl FnOnce(&Row<'_>) -> Result<Value, ApiError>,
) -> Result<Value, ApiError> {
    find(conn, sql, id, render)?
        .ok_or_else(|| ApiError::Internal(format!("{id} is referred to and missing")))
}

/// The row that `sql` finds for `id`, rendered, or `None`.
pub(crate) fn find<T>(
    conn: &Connection,
    sql: &str,
    id: &str,
    render: impl FnOnce(&Row<'_>) -> Result<T, ApiError>,
) -> Result<Option<T>, ApiError> {
    let mut statement = conn.prepare_cached(sql)?;
    statement
        .query_row([id], |row| Ok(render(row)))
        .optional()?
        .transpose()
}
