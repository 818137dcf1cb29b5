//! Bulk jobs of all five kinds: what they are about is decided here, by the same filters as the lists;
//! [`crate::bulk`] works them off.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params_from_iter};
use serde_json::{Map, Value, json};

use super::call::{ApiCall, ApiResult};
use super::error::ApiError;
use super::list::{
    Conditions, CursorStyle, Direction, FieldKind, FilterField, Listing, Page, PageRequest,
    SortKey, page, truthy,
};
use super::payload::PayloadFilter;
use super::render::{RenderContext, stored_json};
use super::rows;
use super::time::millis;
use super::{events, requests};
use crate::bulk;
use crate::clock::Micros;
use crate::json_match;
use crate::wire::{BulkType, EventStatus, IgnoredCause, sql};

pub(super) static LISTING: Listing = Listing {
    from: "bulk_jobs",
    columns: "*",
    id: "id",
    seq: "seq",
    fields: &[
        FilterField::new("id", "id", FieldKind::Text),
        FilterField::new("created_at", "created_at", FieldKind::Time),
        FilterField::new("completed_at", "completed_at", FieldKind::Time),
        FilterField::new("cancelled_at", "cancelled_at", FieldKind::Time),
        FilterField::new("in_progress", "(due_at IS NOT NULL)", FieldKind::Boolean),
    ],
    orders: &[SortKey::new("created_at", "created_at")],
    direction: Direction::Desc,
    limit: 100,
    cursor: CursorStyle::Id,
};

fn render(_: &Connection, view: &RenderContext, row: &Row<'_>) -> Result<Value, ApiError> {
    let estimated: i64 = row.get("estimated_count")?;
    let completed: i64 = row.get("completed_count")?;
    let failed: Option<i64> = row.get("failed_count")?;
    let in_progress = row.get::<_, Option<Micros>>("due_at")?.is_some();
    let dealt_with = completed + failed.unwrap_or(0);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share needs no more digits than a double has"
    )]
    let progress = if estimated == 0 {
        f64::from(u8::from(!in_progress))
    } else {
        dealt_with as f64 / estimated as f64
    };
    Ok(json!({
        "id": row.get::<_, String>("id")?,
        "team_id": view.team_id,
        "type": row.get::<_, String>("kind")?,
        "query": stored_json(row, "query")?,
        "estimated_batch": row.get::<_, i64>("estimated_batch")?,
        "estimated_count": estimated,
        "processed_batch": row.get::<_, i64>("processed_batch")?,
        "completed_count": completed,
        "failed_count": failed,
        "number": 1,
        "in_progress": in_progress,
        "progress": progress,
        "completed_at": millis(row.get("completed_at")?),
        "cancelled_at": millis(row.get("cancelled_at")?),
        "created_at": millis(row.get("created_at")?),
        "updated_at": millis(row.get("updated_at")?),
    }))
}

/// The type of the jobs an operation is about.
fn type_of(call: &ApiCall) -> Result<BulkType, ApiError> {
    let id = &call.operation.id;
    hookdeck::operation::find(id)
        .and_then(|operation| BulkType::parse(operation.bulk_type?))
        .ok_or_else(|| ApiError::Internal(format!("{id} is no bulk operation")))
}

/// What a query selects.
struct BulkSelection {
    from: &'static str,
    payload: &'static str,
    conditions: Conditions,
    filter: PayloadFilter,
}

impl BulkSelection {
    /// Reads a query as the list of the same things reads it.
    fn read(bulk_type: BulkType, query: &Value) -> Result<Self, ApiError> {
        Ok(match bulk_type {
            BulkType::EventsRetry | BulkType::EventsCancel => {
                let (mut conditions, filter) = events::selection(query)?;
                if bulk_type == BulkType::EventsCancel {
                    // What is delivered or failed cannot be cancelled and is not counted.
                    let cancellable = EventStatus::CANCELLABLE.map(Sql::from);
                    conditions.push("status IN (?, ?, ?)", cancellable);
                }
                Self {
                    from: "events",
                    payload: "payload_id",
                    conditions,
                    filter,
                }
            }
            BulkType::RequestsRetry | BulkType::RequestsReplay => {
                let (conditions, filter) = requests::selection(query)?;
                Self {
                    from: "requests",
                    payload: "payload_id",
                    conditions,
                    filter,
                }
            }
            BulkType::IgnoredEventsRetry => Self {
                from: "ignored_events",
                payload: "NULL",
                conditions: ignored_events(query)?,
                filter: PayloadFilter::default(),
            },
        })
    }

    /// The ids, oldest first.
    fn ids(self, conn: &Connection) -> Result<Vec<String>, ApiError> {
        let sql = format!(
            "SELECT id, {} FROM {} WHERE {} ORDER BY created_at, seq",
            self.payload,
            self.from,
            self.conditions.clause()
        );
        let mut statement = conn.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(self.conditions.binds()))?;
        let mut ids = Vec::new();
        while let Some(row) = rows.next()? {
            let payload: Option<String> = row.get(1)?;
            if self.filter.fits(conn, payload.as_deref())? {
                ids.push(row.get(0)?);
            }
        }
        Ok(ids)
    }
}

fn ignored_events(query: &Value) -> Result<Conditions, ApiError> {
    const FAILED: IgnoredCause = IgnoredCause::TransformationFailed;
    let mut conditions = Conditions::new();
    let fields = [
        FilterField::new("cause", "cause", FieldKind::Text),
        FilterField::new("webhook_id", "connection_id", FieldKind::Text),
        FilterField::new(
            "transformation_id",
            sql!("json_extract(CASE WHEN cause = '{FAILED}' THEN meta END, '$.transformation_id')"),
            FieldKind::Text,
        ),
    ];
    conditions.fields(&fields, query)?;
    Ok(conditions)
}

/// The object with its members, and theirs, sorted by name: equal queries become equal texts.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            let sorted = members
                .into_iter()
                .map(|(name, value)| (name.clone(), canonical(value)));
            Value::Object(sorted.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(canonical).collect(),
        plain => plain.clone(),
    }
}

pub(super) async fn plan(call: ApiCall) -> ApiResult {
    let bulk_type = type_of(&call)?;
    let query = call
        .query
        .get("query")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let selection = BulkSelection::read(bulk_type, &query)?;
    call.project
        .read(move |conn| {
            let count = selection.ids(conn)?.len();
            Ok(json!({
                "estimated_batch": bulk::batches(count),
                "estimated_count": count,
                "progress": 0,
            }))
        })
        .await
}

pub(super) async fn create(call: ApiCall) -> ApiResult {
    let bulk_type = type_of(&call)?;
    let query = canonical(call.body.get("query").unwrap_or(&Value::Null));
    let filters = query.as_object().into_iter().flatten();
    if filters.filter(|(name, _)| *name != "target").count() == 0 {
        return Err(ApiError::BadRequest {
            message: "Empty query object is not allowed".into(),
            data: json!({ "query": if query.is_null() { json!({}) } else { query } }),
        });
    }
    let selection = BulkSelection::read(bulk_type, &query)?;
    let id = call.project.ids().bulk();
    rows::write(call, move |tx, view, call| {
        let text = query.to_string();
        if bulk::is_running(tx, bulk_type, &text)? {
            return Err(ApiError::domain(
                "Batch operation using same query is currently in progress, it will have to complete before starting another.",
                None,
            ));
        }
        let items = selection.ids(tx)?;
        if items.is_empty() {
            return Err(ApiError::domain(nothing_found(bulk_type), None));
        }
        let now = call.now();
        bulk::create(tx, now, &id, bulk_type, &text, &items)?;
        shown(tx, view, bulk_type, &id)
    })
    .await
}

/// What is said of a query that selects nothing. The second is recorded for events, the first for replays.
fn nothing_found(bulk_type: BulkType) -> &'static str {
    match bulk_type {
        BulkType::RequestsReplay => "The query does not include any requests.",
        BulkType::RequestsRetry => {
            "The query filter for the batch operations does not include any requests."
        }
        BulkType::EventsRetry | BulkType::EventsCancel | BulkType::IgnoredEventsRetry => {
            "The query filter for the batch operations does not include any events."
        }
    }
}

fn shown(
    conn: &Connection,
    view: &RenderContext,
    bulk_type: BulkType,
    id: &str,
) -> Result<Value, ApiError> {
    let sql = "SELECT * FROM bulk_jobs WHERE id = ?";
    let job = rows::shown(conn, view, sql, id, render)?;
    if job["type"] == bulk_type.as_str() {
        Ok(job)
    } else {
        Err(ApiError::not_found(id))
    }
}

pub(super) async fn get(call: ApiCall) -> ApiResult {
    let bulk_type = type_of(&call)?;
    let view = RenderContext::of(&call.project);
    call.project
        .read(move |conn| shown(conn, &view, bulk_type, &call.id))
        .await
}

/// Ends a running job; one that has ended is answered as it is.
pub(super) async fn cancel(call: ApiCall) -> ApiResult {
    let bulk_type = type_of(&call)?;
    rows::write(call, move |tx, view, call| {
        bulk::cancel(tx, call.now(), bulk_type, &call.id)?;
        shown(tx, view, bulk_type, &call.id)
    })
    .await
}

pub(super) async fn list(call: ApiCall) -> ApiResult {
    let bulk_type = type_of(&call)?;
    let request = PageRequest::read(&LISTING, &call.query)?;
    let mut conditions = Conditions::new();
    conditions.push("kind = ?", [bulk_type.into()]);
    conditions.fields(LISTING.fields, &call.query)?;
    let wanted = call.query.get("query").map(canonical);
    let partial = call.query.get("query_partial_match").is_some_and(truthy);
    let view = RenderContext::of(&call.project);
    call.project
        .read(move |conn| {
            page(
                conn,
                &LISTING,
                request,
                conditions,
                wanted.is_none(),
                |row| {
                    let job = render(conn, &view, row)?;
                    let fits = wanted.as_ref().is_none_or(|wanted| {
                        if partial {
                            json_match::matches(wanted, &job["query"])
                        } else {
                            *wanted == job["query"]
                        }
                    });
                    Ok(fits.then_some(job))
                },
            )
        })
        .await
        .map(Page::into_json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_queries_become_equal_texts() {
        let one: Value = serde_json::from_str(r#"{"b":[{"y":1,"x":2}],"a":1}"#).unwrap();
        let two: Value = serde_json::from_str(r#"{"a":1,"b":[{"x":2,"y":1}]}"#).unwrap();
        assert_eq!(canonical(&one).to_string(), canonical(&two).to_string());
    }
}
