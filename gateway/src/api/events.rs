//! Events.

mod data;

use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde_json::{Value, json};

use super::call::{Call, Reply};
use super::error::ApiError;
use super::list::{
    Conditions, CursorStyle, Direction, Field, Kind, Listing, Order, Page, PageRequest, page,
};
use super::payload::{Payload, PayloadFilter};
use super::render::{self, View, find};
use crate::clock::Micros;
use crate::events;

pub(super) static LISTING: Listing = Listing {
    from: "events",
    columns: "*",
    id: "id",
    seq: "seq",
    fields: &[
        Field::new("id", "id", Kind::Text),
        Field::new("status", "status", Kind::Text),
        Field::new("webhook_id", "connection_id", Kind::Text),
        Field::new("destination_id", "destination_id", Kind::Text),
        Field::new("source_id", "source_id", Kind::Text),
        Field::new("delivery_group", "delivery_group", Kind::Text),
        Field::new("attempts", "attempts", Kind::Integer),
        Field::new("response_status", "response_status", Kind::Integer),
        Field::new("error_code", "error_code", Kind::Text),
        Field::new("cli_id", "cli_id", Kind::Text),
        // No user of a command line is known to this gateway.
        Field::new("cli_user_id", "NULL", Kind::Text),
        Field::new("event_data_id", "payload_id", Kind::Text),
        Field::new("bulk_retry_id", "bulk_retry_id", Kind::Text),
        Field::new("created_at", "created_at", Kind::Time),
        Field::new("successful_at", "successful_at", Kind::Time),
        Field::new("last_attempt_at", "last_attempt_at", Kind::Time),
        Field::new("next_attempt_at", "next_attempt_at", Kind::Time),
    ],
    orders: &[Order::new("created_at", "created_at")],
    direction: Direction::Desc,
    limit: 50,
    cursor: CursorStyle::Packed,
};

pub(super) async fn list(call: Call) -> Reply {
    list_where(call, Conditions::new()).await
}

/// Lists the events that also fit `conditions`.
pub(super) async fn list_where(call: Call, mut conditions: Conditions) -> Reply {
    let request = PageRequest::read(&LISTING, &call.query)?;
    let (selected, filter) = selection(&call.query)?;
    conditions.extend(selected);
    conditions.visible(&call.project);
    let with_data = call.includes("data");
    let view = View::of(&call.project);
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
pub(super) fn shown(conn: &Connection, view: &View, id: &str) -> Result<Value, ApiError> {
    find(conn, "SELECT * FROM events WHERE id = ?", id, |row| {
        render::event(view, row)
    })?
    .ok_or_else(|| ApiError::not_found(id))
}

pub(super) async fn get(call: Call) -> Reply {
    let view = View::of(&call.project);
    call.project
        .read(move |conn| {
            let mut event = shown(conn, &view, &call.id)?;
            event["data"] = data::data(conn, &view, &call.id)?;
            Ok(event)
        })
        .await
}

pub(super) async fn raw_body(call: Call) -> Reply {
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

/// Runs a change on the event and answers with what it has become.
async fn change(
    call: Call,
    change: impl FnOnce(&Connection, Micros, &str) -> Result<(), events::EventError> + Send + 'static,
) -> Reply {
    let view = View::of(&call.project);
    let project = call.project.clone();
    project
        .change(move |tx| -> Reply {
            change(tx, call.now(), &call.id)?;
            shown(tx, &view, &call.id)
        })
        .await
}

pub(super) async fn retry(call: Call) -> Reply {
    change(call, events::retry).await
}

pub(super) async fn cancel(call: Call) -> Reply {
    change(call, events::cancel).await
}
