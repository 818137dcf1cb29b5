//! Projects of the organization. The project of the key is one of them; further ones are only kept:
//! they have no sources and no key that opens them, because a gateway serves a project per key it was
//! started with.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde_json::{Map, Value, json};

use super::call::{ApiCall, ApiResult, text};
use super::error::ApiError;
use super::organizations;
use super::render::{RenderContext, stored_json};
use super::rows;
use super::time::millis;
use crate::clock::Micros;

const BY_ID: &str = "SELECT * FROM projects WHERE id = ?";

/// Settings that are shown as they were written; the rest of them is kept unseen, as live.
const SHOWN: [&str; 4] = [
    "headers_prefix",
    "notification_methods",
    "webhook_topics",
    "webhook_source_id",
];

fn render(conn: &Connection, _: &RenderContext, row: &Row<'_>) -> Result<Value, ApiError> {
    let id: String = row.get("id")?;
    let hostnames: Vec<String> = conn
        .prepare_cached(
            "SELECT hostname FROM custom_domains WHERE project_id = ? ORDER BY created_at, seq",
        )?
        .query_map([&id], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut project = json!({
        "id": id,
        "organization_id": organizations::id(conn)?,
        "name": row.get::<_, String>("name")?,
        "type": row.get::<_, String>("type")?,
        "private": row.get::<_, bool>("private")?,
        "is_guest": false,
        "static_ip_proxy": false,
        "notification_methods": ["email"],
        "webhook_topics": [],
        "webhook_source_id": null,
        "custom_hostnames": hostnames,
        "directory_sync_enabled": false,
        "headers_prefix": null,
        "max_events_per_second": 5,
        "created_at": millis(row.get("created_at")?),
        "updated_at": millis(row.get("updated_at")?),
    });
    let settings = stored_json(row, "settings")?;
    for name in SHOWN {
        if let Some(value) = settings.get(name) {
            project[name] = match (name, value) {
                ("webhook_topics", Value::Null) => json!([]),
                _ => value.clone(),
            };
        }
    }
    Ok(project)
}

/// Every project. A list names the organization in front of each, which is how the vendor's command-line
/// client tells them apart; a single project has its own name.
pub(super) async fn list(call: ApiCall) -> ApiResult {
    let view = RenderContext::of(&call.project);
    call.project
        .read(move |conn| {
            let mut statement =
                conn.prepare_cached("SELECT * FROM projects ORDER BY created_at, seq")?;
            let organization = organizations::name(conn)?;
            let mut rows = statement.query([])?;
            let mut projects = Vec::new();
            while let Some(row) = rows.next()? {
                let mut project = render(conn, &view, row)?;
                let name = project["name"].as_str().unwrap_or_default();
                project["name"] = Value::from(format!("[{organization}] {name}"));
                projects.push(project);
            }
            Ok(Value::from(projects))
        })
        .await
}

/// Whether there is a project of this id.
pub(crate) fn exists(conn: &Connection, id: &str) -> Result<bool, ApiError> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM projects WHERE id = ?")?
        .exists([id])?)
}

/// What versions before 2026-09-01 call the type of a project.
pub(crate) fn mode(kind: &str) -> &str {
    match kind {
        "event_gateway" => "inbound",
        other => other,
    }
}

pub(super) async fn get(call: ApiCall) -> ApiResult {
    rows::get(call, BY_ID, render).await
}

pub(super) async fn create(call: ApiCall) -> ApiResult {
    let id = call.project.ids().team();
    rows::write(call, move |tx, view, call| {
        let organization = organizations::id(tx)?;
        if let Some(asked) = text(&call.body, "organization_id").filter(|id| *id != organization) {
            return Err(ApiError::not_found(asked));
        }
        tx.prepare_cached(
            "INSERT INTO projects (id, name, type, private, settings, created_at, updated_at)
             VALUES (:id, :name, :type, :private, '{}', :now, :now)",
        )?
        .execute(named_params! {
            ":id": id,
            ":name": text(&call.body, "name").unwrap_or("Untitled"),
            ":type": text(&call.body, "type").unwrap_or("event_gateway"),
            ":private": call.body.get("private").and_then(Value::as_bool).unwrap_or(false),
            ":now": call.now(),
        })?;
        rows::shown(tx, view, BY_ID, &id, render)
    })
    .await
}

pub(super) async fn update(call: ApiCall) -> ApiResult {
    rows::write(call, |tx, view, call| {
        let mut settings = call.body.as_object().cloned().unwrap_or_default();
        let name = settings.remove("name");
        let private = settings.remove("private");
        if let Some(source) = settings.get("webhook_source_id").and_then(Value::as_str) {
            super::named::NamedResource::Source.must_live(tx, source)?;
        }
        merge(tx, &call.id, settings, call.now())?;
        tx.prepare_cached(
            "UPDATE projects SET name = coalesce(:name, name), private = coalesce(:private, private)
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": call.id,
            ":name": name.as_ref().and_then(Value::as_str),
            ":private": private.as_ref().and_then(Value::as_bool),
        })?;
        rows::shown(tx, view, BY_ID, &call.id, render)
    })
    .await
}

/// Writes settings over those of a project.
pub(super) fn merge(
    conn: &Connection,
    id: &str,
    settings: Map<String, Value>,
    now: Micros,
) -> Result<(), ApiError> {
    let stored: Option<String> = conn
        .prepare_cached("SELECT settings FROM projects WHERE id = ?")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let stored = stored.ok_or_else(|| ApiError::not_found(id))?;
    let mut merged: Map<String, Value> = serde_json::from_str(&stored)?;
    merged.extend(settings);
    conn.prepare_cached("UPDATE projects SET settings = ?2, updated_at = ?3 WHERE id = ?1")?
        .execute(params![id, Value::from(merged).to_string(), now])?;
    Ok(())
}

/// Deletes a project, but not the one the key belongs to.
pub(super) async fn delete(call: ApiCall) -> ApiResult {
    if call.id == call.project.team_id {
        return Err(ApiError::Unprocessable {
            message: "The gateway does not delete the project of the key in use".into(),
            data: json!({ "id": call.id }),
        });
    }
    rows::delete(call, "projects").await
}
