//! Events.

mod data;

use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde_json::{Value, json};

use super::call::{ApiCall, ApiResult};
use super::error::ApiError;
use super::list::{
    Conditions, CursorStyle, Direction, FieldKind, FilterField, Listing, Page, PageRequest,
    SortKey, page,
};
use super::payload::{Payload, PayloadFilter};
use super::render::{self, RenderContext, find};
use crate::clock::Micros;
use crate::events::{self, EventError};

pub(super) static LISTING: Listing = Listing {
    from: "events",
    columns: "*",
    id: "id",
    seq: "seq",
    fields: &[
        FilterField::new("id", "id", FieldKind::Text),
        FilterField::new("status", "status", FieldKind::Text),
        FilterField::new("webhook_id", "connection_id", FieldKind::Text),
        FilterField::new("destination_id", "destination_id", FieldKind::Text),
        FilterField::new("source_id", "source_id", FieldKind::Text),
        FilterField::new("delivery_group", "delivery_group", FieldKind::Text),
        FilterField::new("attempts", "attempts", FieldKind::Integer),
        FilterField::new("response_status", "response_status", FieldKind::Integer),
        FilterField::new("error_code", "error_code", FieldKind::Text),
        FilterField::new("cli_id", "cli_id", FieldKind::Text),
        // No user of a command line is known to this gateway.
        FilterField::new("cli_user_id", "NULL", FieldKind::Text),
        FilterField::new("event_data_id", "payload_id", FieldKind::Text),
        FilterField::new("bulk_retry_id", "bulk_retry_id", FieldKind::Text),
        FilterField::new("created_at", "created_at", FieldKind::Time),
        FilterField::new("successful_at", "successful_at", FieldKind::Time),
        FilterField::new("last_attempt_at", "last_attempt_at", FieldKind::Time),
        FilterField::new("next_attempt_at", "next_attempt_at", FieldKind::Time),
    ],
    orders: &[SortKey::new("created_at", "created_at")],
    direction: Direction::Desc,
    limit: 50,
    cursor: CursorStyle::Packed,
};

pub(super) async fn list(call: ApiCall) -> ApiResult {
    list_where(call, Conditions::new()).await
}

/// Lists the events that also fit `conditions`.
pub(super) async fn list_where(call: ApiCall, mut conditions: Conditions) -> ApiResult {
    let request = PageRequest::read(&LISTING, &call.query)?;
    let (selected, filter) = selection(&call.query)?;
    conditions.extend(selected);
    conditions.visible(&call.project);
    let with_data = call.includes("data");
    let view = RenderContext::of(&call.project);
    call.project
        .read(move |conn| {
            page(
                conn,
                &LISTING,
                request,
                conditions,
                filter.is_empty(),
                |row| {
                    let payload: String = row.get("payload_id")?;
                    if !filter.fits(conn, Some(&payload))? {
                        return Ok(None);
                    }
                    let mut event = render::event(&view, row)?;
                    if with_data {
                        event["data"] = data::data(conn, &view, &row.get::<_, String>("id")?)?;
                    }
                    Ok(Some(event))
                },
            )
        })
        .await
        .map(Page::into_json)
}

/// What the filters of a query select: by columns, and by what the payloads hold.
pub(super) fn selection(query: &Value) -> Result<(Conditions, PayloadFilter), ApiError> {
    let mut conditions = Conditions::new();
    conditions.fields(LISTING.fields, query)?;
    let issues = match query.get("issue_id") {
        None => Vec::new(),
        Some(Value::Array(ids)) => ids.clone(),
        Some(id) => vec![id.clone()],
    };
    if !issues.is_empty() {
        let marks = vec!["?"; issues.len()].join(", ");
        let ids = issues.iter().filter_map(Value::as_str);
        conditions.push(
            format!("events.id IN (SELECT event_id FROM issue_events WHERE issue_id IN ({marks}))"),
            ids.map(|id| Sql::from(id.to_owned())),
        );
    }
    Ok((conditions, PayloadFilter::read(query)))
}

/// The event as it is shown in lists and as the answer to changes.
pub(super) fn shown(conn: &Connection, view: &RenderContext, id: &str) -> Result<Value, ApiError> {
    find(conn, "SELECT * FROM events WHERE id = ?", id, |row| {
        render::event(view, row)
    })?
    .ok_or_else(|| ApiError::not_found(id))
}

pub(super) async fn get(call: ApiCall) -> ApiResult {
    let view = RenderContext::of(&call.project);
    call.project
        .read(move |conn| {
            let mut event = shown(conn, &view, &call.id)?;
            event["data"] = data::data(conn, &view, &call.id)?;
            Ok(event)
        })
        .await
}

pub(super) async fn raw_body(call: ApiCall) -> ApiResult {
    call.project
        .read(move |conn| {
            let id: String = find(
                conn,
                "SELECT payload_id FROM events WHERE id = ?",
                &call.id,
                |row| Ok(row.get(0)?),
            )?
            .ok_or_else(|| ApiError::not_found(&call.id))?;
            let body = Payload::load(conn, &id)?.map(|payload| payload.raw_body());
            Ok(json!({ "body": body.unwrap_or_default() }))
        })
        .await
}

/// Runs a change on the event and answers with what it has become: the event as it is, where nothing can be
/// done about it any more.
async fn change(
    call: ApiCall,
    change: impl FnOnce(&Connection, Micros, &str) -> Result<(), EventError> + Send + 'static,
) -> ApiResult {
    let view = RenderContext::of(&call.project);
    let project = call.project.clone();
    project
        .change(move |tx| -> ApiResult {
            match change(tx, call.now(), &call.id) {
                Ok(())
                | Err(
                    EventError::NotCancellable { .. } | EventError::ConnectionUnavailable { .. },
                ) => {}
                Err(error) => return Err(error.into()),
            }
            shown(tx, &view, &call.id)
        })
        .await
}

pub(super) async fn retry(call: ApiCall) -> ApiResult {
    change(call, events::retry).await
}

pub(super) async fn cancel(call: ApiCall) -> ApiResult {
    change(call, events::cancel).await
}
