//! Integrations: the old way to give a source its verification, before sources had types. They are
//! kept and attached; what a source verifies is decided by its own config alone.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, named_params, params};
use serde_json::{Value, json};

use super::call::{ApiCall, ApiResult, text};
use super::error::ApiError;
use super::list::{Conditions, CursorStyle, Direction, FieldKind, FilterField, Listing, SortKey};
use super::named::NamedResource;
use super::render::{RenderContext, stored_json};
use super::rows;
use super::time::millis;

pub(super) static LISTING: Listing = Listing {
    from: "integrations",
    columns: "*",
    id: "id",
    seq: "seq",
    fields: &[
        FilterField::new("label", "label", FieldKind::Text),
        FilterField::new("provider", "provider", FieldKind::Text),
    ],
    orders: &[SortKey::new("created_at", "created_at")],
    direction: Direction::Desc,
    limit: 100,
    cursor: CursorStyle::Id,
};

const BY_ID: &str = "SELECT * FROM integrations WHERE id = ?";

fn render(conn: &Connection, view: &RenderContext, row: &Row<'_>) -> Result<Value, ApiError> {
    let id: String = row.get("id")?;
    let sources: Vec<String> = conn
        .prepare_cached(
            "SELECT source_id FROM integration_sources WHERE integration_id = ? ORDER BY source_id",
        )?
        .query_map([&id], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(json!({
        "id": id,
        "team_id": view.team_id,
        "label": row.get::<_, String>("label")?,
        "provider": row.get::<_, String>("provider")?,
        "features": stored_json(row, "features")?,
        "configs": stored_json(row, "configs")?,
        "sources": sources,
        "created_at": millis(row.get("created_at")?),
        "updated_at": millis(row.get("updated_at")?),
    }))
}

pub(super) async fn list(call: ApiCall) -> ApiResult {
    rows::list(call, &LISTING, Conditions::new(), render).await
}

pub(super) async fn get(call: ApiCall) -> ApiResult {
    rows::get(call, BY_ID, render).await
}

fn stored(body: &Value, name: &str) -> Option<String> {
    body.get(name)
        .filter(|value| !value.is_null())
        .map(Value::to_string)
}

/// Stores an integration. The contract requires nothing of the body, but every integration it shows
/// has a label and a provider: without a provider there is nothing to integrate.
pub(super) async fn create(call: ApiCall) -> ApiResult {
    let provider = text(&call.body, "provider")
        .ok_or_else(|| ApiError::invalid("provider is required"))?
        .to_owned();
    let id = call.project.ids().integration();
    rows::write(call, move |tx, view, call| {
        tx.prepare_cached(
            "INSERT INTO integrations (id, label, provider, configs, features, created_at, updated_at)
             VALUES (:id, :label, :provider, :configs, :features, :now, :now)",
        )?
        .execute(named_params! {
            ":id": id,
            ":label": text(&call.body, "label").unwrap_or(&provider),
            ":provider": provider,
            ":configs": stored(&call.body, "configs").unwrap_or_else(|| "{}".into()),
            ":features": stored(&call.body, "features").unwrap_or_else(|| "[]".into()),
            ":now": call.now(),
        })?;
        rows::shown(tx, view, BY_ID, &id, render)
    })
    .await
}

pub(super) async fn update(call: ApiCall) -> ApiResult {
    rows::write(call, |tx, view, call| {
        tx.prepare_cached(
            "UPDATE integrations SET label = coalesce(:label, label), provider = coalesce(:provider, provider),
                 configs = coalesce(:configs, configs), features = coalesce(:features, features),
                 updated_at = :now
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": call.id,
            ":label": text(&call.body, "label"),
            ":provider": text(&call.body, "provider"),
            ":configs": stored(&call.body, "configs"),
            ":features": stored(&call.body, "features"),
            ":now": call.now(),
        })?;
        rows::shown(tx, view, BY_ID, &call.id, render)
    })
    .await
}

pub(super) async fn delete(call: ApiCall) -> ApiResult {
    rows::delete(call, "integrations").await
}

/// Attaches the integration to a source, in place of the one it had.
pub(super) async fn attach(call: ApiCall) -> ApiResult {
    rows::write(call, |tx, _, call| {
        let source_id = call.param("source_id");
        rows::must_exist(tx, BY_ID, &call.id)?;
        NamedResource::Source.must_live(tx, source_id)?;
        tx.prepare_cached(
            "INSERT INTO integration_sources (source_id, integration_id) VALUES (?, ?)
             ON CONFLICT (source_id) DO UPDATE SET integration_id = excluded.integration_id",
        )?
        .execute([source_id, &call.id])?;
        Ok(json!({ "success": true }))
    })
    .await
}

pub(super) async fn detach(call: ApiCall) -> ApiResult {
    rows::write(call, |tx, _, call| {
        let source_id = call.param("source_id");
        rows::must_exist(tx, BY_ID, &call.id)?;
        NamedResource::Source.must_live(tx, source_id)?;
        tx.prepare_cached(
            "DELETE FROM integration_sources WHERE source_id = ? AND integration_id = ?",
        )?
        .execute(params![source_id, Sql::from(call.id.clone())])?;
        Ok(json!({}))
    })
    .await
}
