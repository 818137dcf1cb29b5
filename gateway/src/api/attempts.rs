//! Attempts.

use super::call::{ApiCall, ApiResult};
use super::error::ApiError;
use super::list::{
    Conditions, CursorStyle, Direction, FieldKind, FilterField, Listing, Page, PageRequest,
    SortKey, page,
};
use super::render::{self, RenderContext, find};

pub(super) static LISTING: Listing = Listing {
    from: "attempts",
    columns: "*",
    id: "id",
    seq: "seq",
    fields: &[
        FilterField::new("id", "id", FieldKind::Text),
        FilterField::new("event_id", "event_id", FieldKind::Text),
    ],
    orders: &[SortKey::new("created_at", "created_at")],
    direction: Direction::Desc,
    limit: 50,
    cursor: CursorStyle::Id,
};

pub(super) async fn list(call: ApiCall) -> ApiResult {
    let request = PageRequest::read(&LISTING, &call.query)?;
    let mut conditions = Conditions::new();
    conditions.fields(LISTING.fields, &call.query)?;
    let view = RenderContext::of(&call.project);
    call.project
        .read(move |conn| {
            page(conn, &LISTING, request, conditions, true, |row| {
                render::attempt(&view, row, false).map(Some)
            })
        })
        .await
        .map(Page::into_json)
}

pub(super) async fn get(call: ApiCall) -> ApiResult {
    let view = RenderContext::of(&call.project);
    call.project
        .read(move |conn| {
            find(
                conn,
                "SELECT * FROM attempts WHERE id = ?",
                &call.id,
                |row| render::attempt(&view, row, true),
            )?
            .ok_or_else(|| ApiError::not_found(&call.id))
        })
        .await
}
