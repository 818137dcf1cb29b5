//! Requests, and the events and ignored events they led to.

use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde_json::{Value, json};

use super::call::{ApiCall, ApiResult, text};
use super::error::ApiError;
use super::list::{
    Conditions, CursorStyle, Direction, FieldKind, FilterField, Listing, Page, PageRequest,
    SortKey, page,
};
use super::payload::{Payload, PayloadFilter};
use super::render::{self, RenderContext, find};

pub(super) static LISTING: Listing = Listing {
    from: "requests",
    columns: "*",
    id: "id",
    seq: "seq",
    fields: &[
        FilterField::new("id", "id", FieldKind::Text),
        FilterField::new("source_id", "source_id", FieldKind::Text),
        FilterField::new("verified", "verified", FieldKind::Boolean),
        FilterField::new("events_count", "events_count", FieldKind::Integer),
        FilterField::new("cli_events_count", "cli_events_count", FieldKind::Integer),
        FilterField::new("ignored_count", "ignored_count", FieldKind::Integer),
        FilterField::new("bulk_retry_id", "bulk_retry_id", FieldKind::Text),
        FilterField::new("created_at", "created_at", FieldKind::Time),
        FilterField::new("ingested_at", "ingested_at", FieldKind::Time),
    ],
    orders: &[
        SortKey::new("created_at", "created_at"),
        SortKey::new("ingested_at", "ingested_at"),
    ],
    direction: Direction::Desc,
    limit: 50,
    cursor: CursorStyle::Packed,
};

const REJECTION_CAUSE: &[FilterField] = &[FilterField::new(
    "rejection_cause",
    "rejection_cause",
    FieldKind::Text,
)];

pub(super) static IGNORED: Listing = Listing {
    from: "ignored_events",
    columns: "*",
    id: "id",
    seq: "seq",
    fields: &[FilterField::new("id", "id", FieldKind::Text)],
    // Without an `order_by` the list goes by id, which a client cannot ask for.
    orders: &[
        SortKey::new("id", "id"),
        SortKey::new("created_at", "created_at"),
    ],
    direction: Direction::Asc,
    limit: 250,
    cursor: CursorStyle::Id,
};

pub(super) async fn list(call: ApiCall) -> ApiResult {
    let request = PageRequest::read(&LISTING, &call.query)?;
    let (mut conditions, filter) = selection(&call.query)?;
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
                    let payload: Option<String> = row.get("payload_id")?;
                    if !filter.fits(conn, payload.as_deref())? {
                        return Ok(None);
                    }
                    let mut request = render::request(&view, row)?;
                    if with_data {
                        request["data"] = data(conn, payload.as_deref())?;
                    }
                    Ok(Some(request))
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
    match text(query, "status") {
        // The status wins over a rejection cause that contradicts it.
        Some("accepted") => conditions.push("rejection_cause IS NULL", []),
        status => {
            if status == Some("rejected") {
                conditions.push("rejection_cause IS NOT NULL", []);
            }
            conditions.fields(REJECTION_CAUSE, query)?;
        }
    }
    Ok((conditions, PayloadFilter::read(query)))
}

fn data(conn: &Connection, payload: Option<&str>) -> Result<Value, ApiError> {
    let Some(id) = payload else {
        return Ok(Value::Null);
    };
    Ok(Payload::load(conn, id)?.map_or(Value::Null, |payload| payload.shown()))
}

/// The request without its data.
pub(super) fn shown(conn: &Connection, view: &RenderContext, id: &str) -> Result<Value, ApiError> {
    find(conn, "SELECT * FROM requests WHERE id = ?", id, |row| {
        render::request(view, row)
    })?
    .ok_or_else(|| ApiError::not_found(id))
}

pub(super) async fn get(call: ApiCall) -> ApiResult {
    let view = RenderContext::of(&call.project);
    call.project
        .read(move |conn| {
            find(
                conn,
                "SELECT * FROM requests WHERE id = ?",
                &call.id,
                |row| {
                    let payload: Option<String> = row.get("payload_id")?;
                    let mut request = render::request(&view, row)?;
                    request["data"] = data(conn, payload.as_deref())?;
                    Ok(request)
                },
            )?
            .ok_or_else(|| ApiError::not_found(&call.id))
        })
        .await
}

pub(super) async fn raw_body(call: ApiCall) -> ApiResult {
    call.project
        .read(move |conn| {
            let id: Option<String> = find(
                conn,
                "SELECT payload_id FROM requests WHERE id = ?",
                &call.id,
                |row| Ok(row.get(0)?),
            )?
            .ok_or_else(|| ApiError::not_found(&call.id))?;
            let payload = match id {
                Some(id) => Payload::load(conn, &id)?,
                None => None,
            };
            let body = payload.map(|payload| payload.raw_body());
            Ok(json!({ "body": body.unwrap_or_default() }))
        })
        .await
}

/// Refuses an unknown request.
async fn must_exist(call: &ApiCall) -> Result<(), ApiError> {
    let id = call.id.clone();
    call.project
        .read(move |conn| {
            conn.prepare_cached("SELECT 1 FROM requests WHERE id = ?")?
                .exists([&id])?
                .then_some(())
                .ok_or_else(|| ApiError::not_found(&id))
        })
        .await
}

pub(super) async fn events(call: ApiCall) -> ApiResult {
    must_exist(&call).await?;
    let mut conditions = Conditions::new();
    conditions.push("request_id = ?", [Sql::from(call.id.clone())]);
    super::events::list_where(call, conditions).await
}

pub(super) async fn ignored_events(call: ApiCall) -> ApiResult {
    must_exist(&call).await?;
    let request = PageRequest::read(&IGNORED, &call.query)?;
    let mut conditions = Conditions::new();
    conditions.push("request_id = ?", [Sql::from(call.id.clone())]);
    conditions.fields(IGNORED.fields, &call.query)?;
    let view = RenderContext::of(&call.project);
    call.project
        .read(move |conn| {
            page(conn, &IGNORED, request, conditions, true, |row| {
                render::ignored_event(&view, row).map(Some)
            })
        })
        .await
        .map(Page::into_json)
}
