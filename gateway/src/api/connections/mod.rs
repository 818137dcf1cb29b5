//! Connections: reading, switching, deleting. Writing their contents is in [`write`].

mod write;

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::{Value, json};

use super::call::{ApiCall, ApiResult, text};
use super::error::ApiError;
use super::list::{
    Conditions, CursorStyle, Direction, FieldKind, FilterField, Listing, Page, PageRequest,
    SortKey, count as count_rows, page, truthy,
};
use super::named::NamedResource;
use super::render::{self, RenderContext, find};
use crate::clock::Micros;
use crate::events;

pub(super) use write::{create, update, upsert};

/// The full name, as [`render::connection`] shows it.
const FULL_NAME: &str = "(s.name || ' -> ' || coalesce(c.name, d.name))";

pub(super) static LISTING: Listing = Listing {
    from: "connections c JOIN sources s ON s.id = c.source_id
           JOIN destinations d ON d.id = c.destination_id",
    columns: "c.*",
    id: "c.id",
    seq: "c.seq",
    fields: &[
        FilterField::new("id", "c.id", FieldKind::Text),
        FilterField::new("name", "c.name", FieldKind::Text),
        FilterField::new("source_id", "c.source_id", FieldKind::Text),
        FilterField::new("destination_id", "c.destination_id", FieldKind::Text),
        FilterField::new("disabled_at", "c.disabled_at", FieldKind::Time),
        FilterField::new("paused_at", "c.paused_at", FieldKind::Time),
    ],
    orders: &[
        SortKey::new("created_at", "c.created_at"),
        SortKey::new("updated_at", "c.updated_at"),
        SortKey::new("full_name", FULL_NAME),
        SortKey::new("sources.created_at", "s.created_at"),
        SortKey::new("sources.updated_at", "s.updated_at"),
        SortKey::new("destinations.created_at", "d.created_at"),
        SortKey::new("destinations.updated_at", "d.updated_at"),
    ],
    direction: Direction::Desc,
    limit: 100,
    cursor: CursorStyle::Id,
};

fn conditions(query: &Value) -> Result<Conditions, ApiError> {
    let mut conditions = Conditions::new();
    conditions.push("c.deleted_at IS NULL", []);
    conditions.fields(LISTING.fields, query)?;
    if let Some(part) = text(query, "full_name") {
        conditions.push(
            format!("instr(lower({FULL_NAME}), lower(?)) > 0"),
            [part.to_owned().into()],
        );
    }
    let shows_disabled = query.get("disabled").is_some_and(truthy);
    if !shows_disabled && query.get("disabled_at").is_none() {
        conditions.push("c.disabled_at IS NULL", []);
    }
    Ok(conditions)
}

pub(super) async fn list(call: ApiCall) -> ApiResult {
    let request = PageRequest::read(&LISTING, &call.query)?;
    let conditions = conditions(&call.query)?;
    let view = RenderContext::of_call(&call);
    call.project
        .read(move |conn| {
            page(conn, &LISTING, request, conditions, true, |row| {
                render::connection(conn, &view, row).map(Some)
            })
        })
        .await
        .map(Page::into_json)
}

pub(super) async fn count(call: ApiCall) -> ApiResult {
    let conditions = conditions(&call.query)?;
    let count = call
        .project
        .read(move |conn| count_rows(conn, &LISTING, &conditions))
        .await?;
    Ok(json!({ "count": count }))
}

pub(super) async fn get(call: ApiCall) -> ApiResult {
    let view = RenderContext::of_call(&call);
    call.project
        .read(move |conn| {
            let found = find(
                conn,
                "SELECT * FROM connections WHERE id = ?",
                &call.id,
                |row| {
                    if row.get::<_, Option<Micros>>("deleted_at")?.is_some() {
                        return Err(ApiError::Gone);
                    }
                    render::connection(conn, &view, row)
                },
            )?;
            found.ok_or_else(|| ApiError::not_found(&call.id))
        })
        .await
}

/// A connection that is not deleted, as it is shown.
fn shown(conn: &Connection, view: &RenderContext, id: &str) -> Result<Value, ApiError> {
    find(
        conn,
        "SELECT * FROM connections WHERE id = ? AND deleted_at IS NULL",
        id,
        |row| render::connection(conn, view, row),
    )?
    .ok_or_else(|| ApiError::not_found(id))
}

/// The source and destination of a connection that is not deleted.
fn ends(conn: &Connection, id: &str) -> Result<(String, String), ApiError> {
    conn.prepare_cached(
        "SELECT source_id, destination_id FROM connections WHERE id = ? AND deleted_at IS NULL",
    )?
    .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
    .optional()?
    .ok_or_else(|| ApiError::not_found(id))
}

/// Runs a change on a connection and answers with what it has become.
async fn switch(
    call: ApiCall,
    change: impl FnOnce(&Transaction<'_>, &str, Micros) -> Result<(), ApiError> + Send + 'static,
) -> ApiResult {
    let view = RenderContext::of_call(&call);
    let project = call.project.clone();
    project
        .change(move |tx| {
            change(tx, &call.id, call.now())?;
            shown(tx, &view, &call.id)
        })
        .await
}

pub(super) async fn pause(call: ApiCall) -> ApiResult {
    switch(call, |tx, id, now| {
        events::pause_connection(tx, now, id)?;
        Ok(())
    })
    .await
}

pub(super) async fn unpause(call: ApiCall) -> ApiResult {
    switch(call, |tx, id, now| {
        events::unpause_connection(tx, now, id)?;
        Ok(())
    })
    .await
}

/// Disables the connection; its pending events are cancelled for good.
pub(super) async fn disable(call: ApiCall) -> ApiResult {
    switch(call, |tx, id, now| {
        ends(tx, id)?;
        tx.prepare_cached(
            "UPDATE connections SET disabled_at = ?1, updated_at = ?1
             WHERE id = ?2 AND disabled_at IS NULL",
        )?
        .execute(params![now, id])?;
        events::cancel_pending_of_connection(tx, now, id)?;
        Ok(())
    })
    .await
}

/// Enables the connection, its source and its destination.
pub(super) async fn enable(call: ApiCall) -> ApiResult {
    switch(call, |tx, id, now| {
        let (source, destination) = ends(tx, id)?;
        NamedResource::Source.set_disabled(tx, &source, false, now)?;
        NamedResource::Destination.set_disabled(tx, &destination, false, now)?;
        tx.prepare_cached(
            "UPDATE connections SET disabled_at = NULL, updated_at = ?1
             WHERE id = ?2 AND disabled_at IS NOT NULL",
        )?
        .execute(params![now, id])?;
        Ok(())
    })
    .await
}

/// Deletes the connection; its pending events are cancelled for good.
pub(super) async fn delete(call: ApiCall) -> ApiResult {
    let project = call.project.clone();
    project
        .change(move |tx| -> ApiResult {
            let now = call.now();
            ends(tx, &call.id)?;
            events::cancel_pending_of_connection(tx, now, &call.id)?;
            tx.prepare_cached(
                "UPDATE connections SET deleted_at = ?1, updated_at = ?1 WHERE id = ?2",
            )?
            .execute(params![now, call.id])?;
            Ok(json!({ "id": call.id }))
        })
        .await
}
