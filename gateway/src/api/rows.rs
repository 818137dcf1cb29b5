//! What resources that are plain stored rows share: list, count, read one, change.

use rusqlite::{Connection, Row, Transaction};
use serde_json::{Value, json};

use super::call::{ApiCall, ApiResult};
use super::error::ApiError;
use super::list::{Conditions, Listing, Page, PageRequest, count as count_rows, page};
use super::render::{RenderContext, find};

/// Turns a row into a model.
pub(super) type Render = fn(&Connection, &RenderContext, &Row<'_>) -> Result<Value, ApiError>;

/// The page of `listing` that the call asks for, with its column filters and `conditions` besides.
pub(super) async fn list(
    call: ApiCall,
    listing: &'static Listing,
    mut conditions: Conditions,
    render: Render,
) -> ApiResult {
    let request = PageRequest::read(listing, &call.query)?;
    conditions.fields(listing.fields, &call.query)?;
    let view = RenderContext::of(&call.project);
    call.project
        .read(move |conn| {
            page(conn, listing, request, conditions, true, |row| {
                render(conn, &view, row).map(Some)
            })
        })
        .await
        .map(Page::into_json)
}

/// How many rows of `listing` fit the call's column filters and `conditions`.
pub(super) async fn count(
    call: ApiCall,
    listing: &'static Listing,
    mut conditions: Conditions,
) -> ApiResult {
    conditions.fields(listing.fields, &call.query)?;
    let count = call
        .project
        .read(move |conn| count_rows(conn, listing, &conditions))
        .await?;
    Ok(json!({ "count": count }))
}

/// The row that `sql` finds for `id`, as a model.
pub(super) fn shown(
    conn: &Connection,
    view: &RenderContext,
    sql: &str,
    id: &str,
    render: Render,
) -> Result<Value, ApiError> {
    find(conn, sql, id, |row| render(conn, view, row))?.ok_or_else(|| ApiError::not_found(id))
}

/// Answers with the row that `sql` finds for the call's id.
pub(super) async fn get(call: ApiCall, sql: &'static str, render: Render) -> ApiResult {
    let view = RenderContext::of(&call.project);
    call.project
        .read(move |conn| shown(conn, &view, sql, &call.id, render))
        .await
}

/// Runs a change in one transaction and wakes the project's engine, in case the schedule changed.
/// Inside, [`ApiCall::now`] is the moment of the change.
pub(super) async fn write(
    call: ApiCall,
    change: impl FnOnce(&Transaction<'_>, &RenderContext, &ApiCall) -> ApiResult + Send + 'static,
) -> ApiResult {
    let view = RenderContext::of(&call.project);
    let project = call.project.clone();
    project.change(move |tx| change(tx, &view, &call)).await
}

/// Deletes the row with the call's id from `table`.
pub(super) async fn delete(call: ApiCall, table: &'static str) -> ApiResult {
    write(call, move |tx, _, call| {
        let deleted = tx
            .prepare_cached(&format!("DELETE FROM {table} WHERE id = ?"))?
            .execute([&call.id])?;
        if deleted == 0 {
            return Err(ApiError::not_found(&call.id));
        }
        Ok(json!({ "id": call.id }))
    })
    .await
}

/// Refuses an id that `sql` does not find.
pub(super) fn must_exist(conn: &Connection, sql: &str, id: &str) -> Result<(), ApiError> {
    conn.prepare_cached(sql)?
        .exists([id])?
        .then_some(())
        .ok_or_else(|| ApiError::not_found(id))
}
