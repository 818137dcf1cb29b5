//! The seven metrics endpoints: what a call asks for; [`crate::metrics`] computes it.

use std::time::Duration;

use rusqlite::types::Value as Sql;
use serde_json::{Value, json};

use super::call::{ApiCall, ApiResult, text};
use super::error::ApiError;
use super::list::{Conditions, FieldKind, FilterField};
use super::time;
use crate::metrics::queue::{self, Gauge};
use crate::metrics::table::{self, MetricsTable};
use crate::metrics::{Granularity, MetricsFilter, MetricsQuery, MetricsRows, ROW_LIMIT};

/// Reads what every endpoint takes. The contract marks none of it as required; the live API requires
/// the range and the measures all the same.
fn query_of(call: &ApiCall) -> Result<MetricsQuery, ApiError> {
    let mut missing = Vec::new();
    for name in ["date_range", "measures"] {
        if call.query.get(name).is_none() {
            missing.push(format!("{name} is required"));
        }
    }
    if !missing.is_empty() {
        return Err(ApiError::Validation(missing));
    }
    let moment = |name: &str| {
        text(&call.query["date_range"], name)
            .and_then(time::parse)
            .ok_or_else(|| ApiError::invalid(format!("date_range.{name} must be a valid date")))
    };
    let (start, end) = (moment("start")?, moment("end")?);
    if end <= start {
        return Err(ApiError::invalid(
            "date_range.end must be greater than date_range.start",
        ));
    }
    let granularity = match text(&call.query, "granularity").filter(|text| !text.is_empty()) {
        None => None,
        Some(size) => Some(
            Granularity::parse(size)
                .ok_or_else(|| ApiError::invalid("granularity must be between 1s and 100 years"))?,
        ),
    };
    let names = |name: &str| -> Vec<String> {
        let items = call.query.get(name).and_then(Value::as_array);
        let names = items.into_iter().flatten().filter_map(Value::as_str);
        names.map(str::to_owned).collect()
    };
    Ok(MetricsQuery {
        start,
        end,
        granularity,
        measures: names("measures"),
        dimensions: names("dimensions"),
    })
}

/// Refuses to break down by delivery group over all destinations: a group is one within its destination.
fn groups_need_a_destination(call: &ApiCall) -> Result<(), ApiError> {
    let dimensions = call.query.get("dimensions").and_then(Value::as_array);
    let by_group =
        dimensions.is_some_and(|names| names.iter().any(|name| name == "delivery_group"));
    if by_group && call.query["filters"].get("destination_id").is_none() {
        return Err(ApiError::invalid(
            "The delivery_group dimension requires a filters.destination_id filter",
        ));
    }
    Ok(())
}

/// The filters of a call on columns.
fn filter_of(call: &ApiCall, fields: &[FilterField]) -> Result<Conditions, ApiError> {
    let mut conditions = Conditions::new();
    if let Some(filters) = call.query.get("filters") {
        conditions.fields(fields, filters)?;
    }
    Ok(conditions)
}

fn clause(conditions: &Conditions) -> MetricsFilter {
    MetricsFilter {
        sql: conditions.clause(),
        binds: conditions.binds().to_vec(),
    }
}

fn reply(query: &MetricsQuery, rows: MetricsRows, took: Duration) -> Value {
    let mut metadata = json!({
        "granularity": query.granularity.as_ref().map(Granularity::as_str),
        "query_time_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "row_count": rows.rows.len(),
        "row_limit": ROW_LIMIT,
        "truncated": rows.truncated,
    });
    if rows.truncated {
        metadata["warning"] = Value::from(format!(
            "The result is cut off after {ROW_LIMIT} rows or time buckets"
        ));
    }
    json!({ "data": rows.rows, "metadata": metadata })
}

async fn measure(call: ApiCall, table: &'static MetricsTable, filter: Conditions) -> ApiResult {
    let query = query_of(&call)?;
    let filter = clause(&filter);
    call.project
        .clone()
        .read(move |conn| {
            let began = call.now();
            let rows = table::measure(conn, table, &query, filter)?;
            Ok(reply(&query, rows, call.now().since(began)))
        })
        .await
}

async fn gauge(call: ApiCall, gauge: Gauge) -> ApiResult {
    let query = query_of(&call)?;
    let filter = filter_of(
        &call,
        &[
            FilterField::new("destination_id", "destination_id", FieldKind::Text),
            FilterField::new("delivery_group", "delivery_group", FieldKind::Text),
        ],
    )?;
    let filter = clause(&filter);
    call.project
        .clone()
        .read(move |conn| {
            let now = call.project.clock().now();
            let rows = queue::measure(conn, gauge, &query, &filter, now)?;
            Ok(reply(&query, rows, call.now().since(now)))
        })
        .await
}

pub(super) async fn requests(call: ApiCall) -> ApiResult {
    let mut filter = filter_of(
        &call,
        &[
            FilterField::new("source_id", "source_id", FieldKind::Text),
            FilterField::new("rejection_cause", "rejection_cause", FieldKind::Text),
            FilterField::new("status", table::REQUEST_STATUS, FieldKind::Text),
            FilterField::new("bulk_retry_ids", "bulk_retry_id", FieldKind::Text),
        ],
    )?;
    for column in ["events_count", "ignored_count"] {
        let bounds = &call.query["filters"][column];
        for (bound, sign) in [("min", ">="), ("max", "<=")] {
            if let Some(number) = bounds[bound].as_i64() {
                filter.push(format!("{column} {sign} ?"), [Sql::from(number)]);
            }
        }
    }
    measure(call, &table::REQUESTS, filter).await
}

pub(super) async fn events(call: ApiCall) -> ApiResult {
    groups_need_a_destination(&call)?;
    let mut filter = filter_of(
        &call,
        &[
            FilterField::new("source_id", "source_id", FieldKind::Text),
            FilterField::new("webhook_id", "connection_id", FieldKind::Text),
            FilterField::new("destination_id", "destination_id", FieldKind::Text),
            FilterField::new("delivery_group", "delivery_group", FieldKind::Text),
            FilterField::new("status", "status", FieldKind::Text),
            FilterField::new("error_code", "error_code", FieldKind::Text),
            FilterField::new("bulk_retry_ids", "bulk_retry_id", FieldKind::Text),
            FilterField::new("event_data_id", "payload_id", FieldKind::Text),
            FilterField::new("cli_id", "cli_id", FieldKind::Text),
            FilterField::new("cli_user_id", "NULL", FieldKind::Text),
            FilterField::new("attempts", "attempts", FieldKind::Integer),
            FilterField::new("response_status", "response_status", FieldKind::Integer),
        ],
    )?;
    let issues = call.query["filters"]["issue_ids"].as_array();
    let issues: Vec<Sql> = issues
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|id| Sql::from(id.to_owned()))
        .collect();
    if !issues.is_empty() {
        let marks = vec!["?"; issues.len()].join(", ");
        filter.push(
            format!("id IN (SELECT event_id FROM issue_events WHERE issue_id IN ({marks}))"),
            issues,
        );
    }
    measure(call, &table::EVENTS, filter).await
}

pub(super) async fn attempts(call: ApiCall) -> ApiResult {
    groups_need_a_destination(&call)?;
    let filter = filter_of(
        &call,
        &[
            FilterField::new("destination_id", "destination_id", FieldKind::Text),
            FilterField::new("delivery_group", "delivery_group", FieldKind::Text),
            FilterField::new("event_id", "event_id", FieldKind::Text),
            FilterField::new("status", "status", FieldKind::Text),
            FilterField::new("error_code", "error_code", FieldKind::Text),
            FilterField::new("bulk_retry_id", "bulk_retry_id", FieldKind::Text),
            FilterField::new("trigger", "\"trigger\"", FieldKind::Text),
        ],
    )?;
    measure(call, &table::ATTEMPTS, filter).await
}

pub(super) async fn events_by_issue(call: ApiCall) -> ApiResult {
    if call.query["filters"].get("issue_id").is_none() {
        return Err(ApiError::invalid("filters.issue_id is required"));
    }
    let filter = filter_of(
        &call,
        &[
            FilterField::new("issue_id", "i.issue_id", FieldKind::Text),
            FilterField::new("source_id", "e.source_id", FieldKind::Text),
            FilterField::new("destination_id", "e.destination_id", FieldKind::Text),
            FilterField::new("webhook_id", "e.connection_id", FieldKind::Text),
        ],
    )?;
    measure(call, &table::EVENTS_BY_ISSUE, filter).await
}

pub(super) async fn transformations(call: ApiCall) -> ApiResult {
    let mut filter = filter_of(
        &call,
        &[
            FilterField::new("transformation_id", "transformation_id", FieldKind::Text),
            FilterField::new("webhook_id", "connection_id", FieldKind::Text),
            FilterField::new("issue_id", "issue_id", FieldKind::Text),
        ],
    )?;
    if let Some(level) = text(&call.query["filters"], "log_level") {
        // Empty stands for runs that logged nothing.
        filter.push(
            "iif(logs = '[]', '', log_level) = ?",
            [Sql::from(level.to_owned())],
        );
    }
    measure(call, &table::TRANSFORMATIONS, filter).await
}

pub(super) async fn queue_depth(call: ApiCall) -> ApiResult {
    gauge(call, Gauge::Queue).await
}

pub(super) async fn events_pending(call: ApiCall) -> ApiResult {
    gauge(call, Gauge::Pending).await
}
