//! Custom domains of a project. They are kept, and stay pending: nobody proves owning a domain to a
//! gateway that is not on the internet.

use rusqlite::{OptionalExtension, params};
use serde_json::{Value, json};

use super::call::{ApiCall, ApiResult, text};
use super::error::ApiError;
use super::rows;
use super::time::millis;

const PROJECT: &str = "SELECT 1 FROM projects WHERE id = ?";

pub(super) async fn add(call: ApiCall) -> ApiResult {
    let id = call.project.ids().custom_domain();
    rows::write(call, move |tx, _, call| {
        rows::must_exist(tx, PROJECT, &call.id)?;
        let hostname = text(&call.body, "hostname").unwrap_or_default();
        let holder: Option<String> = tx
            .prepare_cached("SELECT id FROM custom_domains WHERE hostname = ?")?
            .query_row([hostname], |row| row.get(0))
            .optional()?;
        if let Some(holder) = holder {
            return Err(ApiError::AlreadyExists(json!({
                "id": holder,
                "resource_type": "custom_domain",
            })));
        }
        tx.prepare_cached(
            "INSERT INTO custom_domains (id, project_id, hostname, created_at) VALUES (?, ?, ?, ?)",
        )?
        .execute(params![id, call.id, hostname, call.now()])?;
        Ok(json!({ "hostname": hostname }))
    })
    .await
}

pub(super) async fn list(call: ApiCall) -> ApiResult {
    call.project
        .read(move |conn| {
            rows::must_exist(conn, PROJECT, &call.id)?;
            let domains: Vec<Value> = conn
                .prepare_cached(
                    "SELECT id, hostname, created_at FROM custom_domains WHERE project_id = ?
                     ORDER BY created_at, seq",
                )?
                .query_map([&call.id], |row| {
                    Ok(json!({
                        "id": row.get::<_, String>(0)?,
                        "hostname": row.get::<_, String>(1)?,
                        "status": "pending",
                        "verification_errors": [],
                        "created_at": millis(row.get(2)?),
                    }))
                })?
                .collect::<Result<_, _>>()?;
            Ok(Value::from(domains))
        })
        .await
}

pub(super) async fn delete(call: ApiCall) -> ApiResult {
    rows::write(call, |tx, _, call| {
        let id = call.param("domain_id");
        let deleted = tx
            .prepare_cached("DELETE FROM custom_domains WHERE id = ? AND project_id = ?")?
            .execute([id, &call.id])?;
        if deleted == 0 {
            return Err(ApiError::not_found(id));
        }
        Ok(json!({ "id": id }))
    })
    .await
}
