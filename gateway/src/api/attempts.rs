//! Attempts.

use super::call::{Call, Reply};
use super::error::ApiError;
use super::list::{
    Conditions, CursorStyle, Direction, Field, Kind, Listing, Order, Page, PageRequest, page,
};
use super::render::{self, View, find};

pub(super) static LISTING: Listing = Listing {
    from: "attempts",
    columns: "*",
    id: "id",
    seq: "seq",
    fields: &[
        Field::new("id", "id", Kind::Text),
        Field::new("event_id", "event_id", Kind::Text),
    ],
    orders: &[Order::new("created_at", "created_at")],
    direction: Direction::Desc,
    limit: 50,
    cursor: CursorStyle::Id,
};

pub(super) async fn list(call: Call) -> Reply {
    let request = PageRequest::read(&LISTING, &call.query)?;
    let mut conditions = Conditions::new();
    conditions.fields(LISTING.fields, &call.query)?;
    let view = View::of(&call.project);
    call.project
        .read(move |conn| {
            page(conn, &LISTING, request, conditions, true, |row| {
                render::attempt(&view, row, false).map(Some)
            })
        })
        .await
        .map(Page::into_json)
}

pub(super) async fn get(call: Call) -> Reply {
    let view = View::of(&call.project);
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
