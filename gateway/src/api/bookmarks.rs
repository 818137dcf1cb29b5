//! Bookmarks: data of a request or event that is kept to be sent again.

use rusqlite::{Connection, Row, named_params};
use serde_json::{Value, json};

use super::call::{ApiCall, ApiResult, text};
use super::error::ApiError;
use super::list::{Conditions, CursorStyle, Direction, FieldKind, FilterField, Listing, SortKey};
use super::payload::Payload;
use super::render::{RenderContext, find};
use super::rows;
use super::time::millis;

pub(super) static LISTING: Listing = Listing {
    from: "bookmarks",
    columns: "*",
    id: "id",
    seq: "seq",
    fields: &[
        FilterField::new("id", "id", FieldKind::Text),
        FilterField::new("name", "name", FieldKind::Text),
        FilterField::new("label", "label", FieldKind::Text),
        FilterField::new("webhook_id", "connection_id", FieldKind::Text),
        FilterField::new("event_data_id", "payload_id", FieldKind::Text),
        FilterField::new("last_used_at", "last_used_at", FieldKind::Time),
    ],
    orders: &[SortKey::new("created_at", "created_at")],
    direction: Direction::Desc,
    limit: 100,
    cursor: CursorStyle::Id,
};

const BY_ID: &str = "SELECT * FROM bookmarks WHERE id = ?";

fn render(_: &Connection, view: &RenderContext, row: &Row<'_>) -> Result<Value, ApiError> {
    Ok(json!({
        "id": row.get::<_, String>("id")?,
        "team_id": view.team_id,
        "webhook_id": row.get::<_, String>("connection_id")?,
        "event_data_id": row.get::<_, String>("payload_id")?,
        "label": row.get::<_, String>("label")?,
        // What is written as `name` is read as `alias`, its old name.
        "alias": row.get::<_, Option<String>>("name")?,
        "last_used_at": millis(row.get("last_used_at")?),
        "created_at": millis(row.get("created_at")?),
        "updated_at": millis(row.get("updated_at")?),
    }))
}

fn render_with_data(
    conn: &Connection,
    view: &RenderContext,
    row: &Row<'_>,
) -> Result<Value, ApiError> {
    let mut bookmark = render(conn, view, row)?;
    let payload = Payload::load(conn, &row.get::<_, String>("payload_id")?)?;
    bookmark["data"] = payload.map_or(Value::Null, |payload| payload.shown());
    Ok(bookmark)
}

pub(super) async fn list(call: ApiCall) -> ApiResult {
    rows::list(call, &LISTING, Conditions::new(), render).await
}

pub(super) async fn get(call: ApiCall) -> ApiResult {
    rows::get(call, BY_ID, render_with_data).await
}

pub(super) async fn raw_body(call: ApiCall) -> ApiResult {
    call.project
        .read(move |conn| {
            let id: String = find(
                conn,
                "SELECT payload_id FROM bookmarks WHERE id = ?",
                &call.id,
                |row| Ok(row.get(0)?),
            )?
            .ok_or_else(|| ApiError::not_found(&call.id))?;
            let body = Payload::load(conn, &id)?.map(|payload| payload.raw_body());
            Ok(json!({ "body": body.unwrap_or_default() }))
        })
        .await
}

/// Refuses a connection or data that does not exist.
fn refers_to_what_exists(conn: &Connection, body: &Value) -> Result<(), ApiError> {
    for (name, sql) in [
        (
            "webhook_id",
            "SELECT 1 FROM connections WHERE id = ? AND deleted_at IS NULL",
        ),
        ("event_data_id", "SELECT 1 FROM payloads WHERE id = ?"),
    ] {
        if let Some(id) = text(body, name) {
            rows::must_exist(conn, sql, id)?;
        }
    }
    Ok(())
}

pub(super) async fn create(call: ApiCall) -> ApiResult {
    let id = call.project.ids().bookmark();
    rows::write(call, move |tx, view, call| {
        refers_to_what_exists(tx, &call.body)?;
        tx.prepare_cached(
            "INSERT INTO bookmarks (id, connection_id, payload_id, label, name, created_at, updated_at)
             VALUES (:id, :connection, :payload, :label, :name, :now, :now)",
        )?
        .execute(named_params! {
            ":id": id,
            ":connection": text(&call.body, "webhook_id"),
            ":payload": text(&call.body, "event_data_id"),
            ":label": text(&call.body, "label"),
            ":name": text(&call.body, "name"),
            ":now": call.now(),
        })?;
        rows::shown(tx, view, BY_ID, &id, render)
    })
    .await
}

pub(super) async fn update(call: ApiCall) -> ApiResult {
    rows::write(call, |tx, view, call| {
        refers_to_what_exists(tx, &call.body)?;
        tx.prepare_cached(
            "UPDATE bookmarks SET connection_id = coalesce(:connection, connection_id),
                 payload_id = coalesce(:payload, payload_id), label = coalesce(:label, label),
                 name = coalesce(:name, name), updated_at = :now
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": call.id,
            ":connection": text(&call.body, "webhook_id"),
            ":payload": text(&call.body, "event_data_id"),
            ":label": text(&call.body, "label"),
            ":name": text(&call.body, "name"),
            ":now": call.now(),
        })?;
        rows::shown(tx, view, BY_ID, &call.id, render)
    })
    .await
}

pub(super) async fn delete(call: ApiCall) -> ApiResult {
    rows::delete(call, "bookmarks").await
}
