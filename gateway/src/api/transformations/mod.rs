//! Transformations and their executions.

mod run;

pub(super) use run::run;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Value, json};

use super::call::{ApiCall, ApiResult, text};
use super::error::ApiError;
use super::list::{Conditions, CursorStyle, Direction, FieldKind, FilterField, Listing, SortKey};
use super::payload::Payload;
use super::render::{RenderContext, stored_json};
use super::rows;
use super::time::{millis, precise};
use crate::clock::Micros;
use crate::json::{self, Ordered};

pub(super) static LISTING: Listing = Listing {
    from: "transformations",
    columns: "*",
    id: "id",
    seq: "seq",
    fields: &[
        FilterField::new("id", "id", FieldKind::Text),
        FilterField::new("name", "name", FieldKind::Text),
    ],
    orders: &[
        SortKey::new("created_at", "created_at"),
        SortKey::new("updated_at", "updated_at"),
        SortKey::new("name", "name"),
    ],
    direction: Direction::Desc,
    limit: 100,
    cursor: CursorStyle::Id,
};

pub(super) static EXECUTIONS: Listing = Listing {
    from: "executions",
    columns: "*",
    id: "id",
    seq: "seq",
    fields: &[
        FilterField::new("log_level", "log_level", FieldKind::Text),
        FilterField::new("webhook_id", "connection_id", FieldKind::Text),
        FilterField::new("issue_id", "issue_id", FieldKind::Text),
        FilterField::new("created_at", "created_at", FieldKind::Time),
    ],
    orders: &[SortKey::new("created_at", "created_at")],
    direction: Direction::Desc,
    limit: 50,
    cursor: CursorStyle::Id,
};

const BY_ID: &str = "SELECT * FROM transformations WHERE id = ?";

fn render(_: &Connection, view: &RenderContext, row: &Row<'_>) -> Result<Value, ApiError> {
    Ok(json!({
        "id": row.get::<_, String>("id")?,
        "team_id": view.team_id,
        "name": row.get::<_, String>("name")?,
        "code": row.get::<_, Option<String>>("code")?,
        "env": json::verbatim(&row.get::<_, String>("env")?),
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

pub(super) async fn count(call: ApiCall) -> ApiResult {
    rows::count(call, &LISTING, Conditions::new()).await
}

pub(super) async fn get(call: ApiCall) -> ApiResult {
    rows::get(call, BY_ID, render).await
}

fn id_of(conn: &Connection, name: &str) -> Result<Option<String>, ApiError> {
    Ok(conn
        .prepare_cached("SELECT id FROM transformations WHERE name = ?")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

/// Refuses a name that another transformation than `own_id` holds.
fn must_be_free(
    conn: &Connection,
    view: &RenderContext,
    body: &Value,
    own_id: &str,
) -> Result<(), ApiError> {
    let Some(name) = text(body, "name") else {
        return Ok(());
    };
    match id_of(conn, name)? {
        Some(id) if id != own_id => Err(ApiError::AlreadyExists(json!({
            "id": id,
            "resource_type": "transformation",
            "transformation": shown(conn, view, &id)?,
        }))),
        _ => Ok(()),
    }
}

pub(super) async fn create(call: ApiCall) -> ApiResult {
    let id = call.project.ids().transformation();
    rows::write(call, move |tx, view, call| {
        must_be_free(tx, view, &call.body, "")?;
        insert(
            tx,
            &id,
            &call.body,
            env_of(&call.ordered_body()),
            call.now(),
        )?;
        shown(tx, view, &id)
    })
    .await
}

pub(super) async fn upsert(call: ApiCall) -> ApiResult {
    let new_id = call.project.ids().transformation();
    rows::write(call, move |tx, view, call| {
        let env = env_of(&call.ordered_body());
        let id = put_by_name(tx, new_id, &call.body, env, call.now())?;
        shown(tx, view, &id)
    })
    .await
}

pub(super) async fn update(call: ApiCall) -> ApiResult {
    rows::write(call, |tx, view, call| {
        must_be_free(tx, view, &call.body, &call.id)?;
        change(
            tx,
            &call.id,
            &call.body,
            env_of(&call.ordered_body()),
            call.now(),
        )?;
        shown(tx, view, &call.id)
    })
    .await
}

/// Creates the transformation or writes the one of the same name; gives its id back. Rules that
/// bring their transformation along do the same.
pub(super) fn put_by_name(
    conn: &Connection,
    new_id: String,
    body: &Value,
    env: Option<String>,
    now: Micros,
) -> Result<String, ApiError> {
    match id_of(conn, text(body, "name").unwrap_or_default())? {
        Some(id) => {
            change(conn, &id, body, env, now)?;
            Ok(id)
        }
        None => {
            insert(conn, &new_id, body, env, now)?;
            Ok(new_id)
        }
    }
}

/// The environment that a transformation in a body brings along, as it is stored.
pub(super) fn env_of(transformation: &Ordered) -> Option<String> {
    transformation
        .get("env")
        .filter(|env| env.is_object())
        .map(Ordered::to_string)
}

fn insert(
    conn: &Connection,
    id: &str,
    body: &Value,
    env: Option<String>,
    now: Micros,
) -> Result<(), ApiError> {
    conn.prepare_cached(
        "INSERT INTO transformations (id, name, code, env, created_at, updated_at)
         VALUES (:id, :name, :code, :env, :now, :now)",
    )?
    .execute(named_params! {
        ":id": id,
        ":name": text(body, "name").unwrap_or_default(),
        // A rule may name a transformation that there is not, and brings no code for it.
        ":code": text(body, "code"),
        ":env": env.unwrap_or_else(|| "{}".to_owned()),
        ":now": now,
    })?;
    Ok(())
}

fn change(
    conn: &Connection,
    id: &str,
    body: &Value,
    env: Option<String>,
    now: Micros,
) -> Result<(), ApiError> {
    let changed = conn
        .prepare_cached(
            "UPDATE transformations SET name = coalesce(:name, name), code = coalesce(:code, code),
                    env = coalesce(:env, env), updated_at = :now
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": id,
            ":name": text(body, "name"),
            ":code": text(body, "code"),
            ":env": env,
            ":now": now,
        })?;
    if changed == 0 {
        return Err(ApiError::not_found(id));
    }
    Ok(())
}

/// Deletes what no rule uses, for good.
pub(super) async fn delete(call: ApiCall) -> ApiResult {
    rows::write(call, |tx, _, call| {
        rows::must_exist(tx, "SELECT 1 FROM transformations WHERE id = ?", &call.id)?;
        let using: Vec<String> = tx
            .prepare_cached(
                "SELECT id FROM connections c WHERE deleted_at IS NULL AND EXISTS (
                     SELECT 1 FROM json_each(c.rules)
                     WHERE json_extract(value, '$.transformation_id') = ?)
                 ORDER BY created_at, seq",
            )?
            .query_map([&call.id], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        if !using.is_empty() {
            return Err(ApiError::Unprocessable {
                message: "The transformation is used by connections".into(),
                data: json!({ "id": call.id, "webhook_ids": using }),
            });
        }
        tx.prepare_cached("DELETE FROM transformations WHERE id = ?")?
            .execute([&call.id])?;
        Ok(json!({ "id": call.id }))
    })
    .await
}

/// An execution as lists show it.
pub(super) fn render_execution(
    _: &Connection,
    view: &RenderContext,
    row: &Row<'_>,
) -> Result<Value, ApiError> {
    Ok(json!({
        "id": row.get::<_, String>("id")?,
        "team_id": view.team_id,
        "transformation_id": row.get::<_, String>("transformation_id")?,
        "webhook_id": row.get::<_, String>("connection_id")?,
        "original_event_data_id": row.get::<_, String>("payload_id")?,
        "transformed_event_data_id": row.get::<_, Option<String>>("transformed_payload_id")?,
        "log_level": row.get::<_, String>("log_level")?,
        "logs": stored_json(row, "logs")?,
        "issue_id": row.get::<_, Option<String>>("issue_id")?.unwrap_or_default(),
        "created_at": precise(row.get("created_at")?),
        "updated_at": precise(row.get("updated_at")?),
    }))
}

fn render_whole(conn: &Connection, view: &RenderContext, row: &Row<'_>) -> Result<Value, ApiError> {
    let mut execution = render_execution(conn, view, row)?;
    for (member, column) in [
        ("original_event_data", "payload_id"),
        ("transformed_event_data", "transformed_payload_id"),
    ] {
        let id: Option<String> = row.get(column)?;
        execution[member] = match id {
            Some(id) => Payload::load(conn, &id)?.map_or(Value::Null, |payload| payload.shown()),
            None => Value::Null,
        };
    }
    Ok(execution)
}

pub(super) async fn executions(call: ApiCall) -> ApiResult {
    let id = call.id.clone();
    call.project
        .read(move |conn| rows::must_exist(conn, "SELECT 1 FROM transformations WHERE id = ?", &id))
        .await?;
    let mut conditions = Conditions::new();
    conditions.push("transformation_id = ?", [Sql::from(call.id.clone())]);
    rows::list(call, &EXECUTIONS, conditions, render_execution).await
}

pub(super) async fn execution(call: ApiCall) -> ApiResult {
    let view = RenderContext::of(&call.project);
    call.project
        .clone()
        .read(move |conn| {
            let id = call.param("execution_id");
            let sql = "SELECT * FROM executions WHERE id = ?";
            let execution = rows::shown(conn, &view, sql, id, render_whole)?;
            if execution["transformation_id"] == call.id.as_str() {
                Ok(execution)
            } else {
                Err(ApiError::not_found(id))
            }
        })
        .await
}
