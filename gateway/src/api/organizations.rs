//! The organization: one per gateway project, there from the start.

use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::call::{ApiCall, ApiResult, text};
use super::error::ApiError;
use super::rows;
use super::time::millis;

/// The id of the organization.
pub(crate) fn id(conn: &Connection) -> Result<String, ApiError> {
    Ok(conn
        .prepare_cached("SELECT id FROM organization")?
        .query_row([], |row| row.get(0))?)
}

/// The name of the organization.
pub(crate) fn name(conn: &Connection) -> Result<String, ApiError> {
    Ok(conn
        .prepare_cached("SELECT name FROM organization")?
        .query_row([], |row| row.get(0))?)
}

fn shown(conn: &Connection) -> ApiResult {
    let organization = conn
        .prepare_cached("SELECT * FROM organization")?
        .query_row([], |row| {
            Ok(json!({
                "id": row.get::<_, String>("id")?,
                "name": row.get::<_, String>("name")?,
                "slug": null,
                "domains": [],
                "sandbox": false,
                "mfa_required": false,
                "feature_flags": {},
                "sso_enabled": false,
                "directory_sync_enabled": false,
                "created_at": millis(row.get("created_at")?),
                "updated_at": millis(row.get("updated_at")?),
            }))
        })?;
    Ok::<Value, ApiError>(organization)
}

pub(super) async fn get(call: ApiCall) -> ApiResult {
    call.project.read(shown).await
}

pub(super) async fn update(call: ApiCall) -> ApiResult {
    rows::write(call, |tx, _, call| {
        tx.prepare_cached("UPDATE organization SET name = coalesce(?1, name), updated_at = ?2")?
            .execute(params![text(&call.body, "name"), call.now()])?;
        shown(tx)
    })
    .await
}
