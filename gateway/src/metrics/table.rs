//! Measures of the rows of a table.

use rusqlite::{Connection, Row, params_from_iter, types::Value as Sql};
use serde_json::{Map, Value};

use super::{MetricsFilter, MetricsQuery, MetricsRows, ROW_LIMIT};
use crate::store::StoreError;
use crate::wire::{AttemptStatus, EventStatus, LogLevel};

/// A table that can be measured.
#[derive(Debug)]
pub(crate) struct MetricsTable {
    /// What follows FROM.
    pub(crate) from: &'static str,
    /// The column that says when.
    pub(crate) time: &'static str,
    /// Dimensions by name, each a column or expression.
    pub(crate) dimensions: &'static [(&'static str, &'static str)],
    /// Measures by name.
    pub(crate) measures: &'static [(&'static str, MetricsMeasure)],
}

/// How a measure is computed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum MetricsMeasure {
    /// An aggregate.
    Sql(&'static str),
    /// An aggregate with words of the wire in it.
    Words(fn() -> String),
    /// The value below which this share of the values of an expression lies, by nearest rank.
    Percentile(&'static str, f64),
    /// How often the most frequent value of an expression occurs.
    Peak(&'static str),
}

/// The status of a request: a column that is not stored.
pub(crate) const REQUEST_STATUS: &str = "iif(rejection_cause IS NULL, 'ACCEPTED', 'REJECTED')";

/// Requests.
pub(crate) static REQUESTS: MetricsTable = MetricsTable {
    from: "requests",
    time: "created_at",
    dimensions: &[
        ("source_id", "source_id"),
        ("rejection_cause", "rejection_cause"),
        ("status", REQUEST_STATUS),
        ("bulk_retry_ids", "bulk_retry_id"),
        ("events_count", "events_count"),
        ("ignored_count", "ignored_count"),
    ],
    measures: &[
        ("count", MetricsMeasure::Sql("count(*)")),
        (
            "accepted_count",
            MetricsMeasure::Sql("count(*) FILTER (WHERE rejection_cause IS NULL)"),
        ),
        (
            "rejected_count",
            MetricsMeasure::Sql("count(*) FILTER (WHERE rejection_cause IS NOT NULL)"),
        ),
        (
            "discarded_count",
            MetricsMeasure::Sql(
                "count(*) FILTER (WHERE rejection_cause IS NULL AND events_count + cli_events_count = 0)",
            ),
        ),
        (
            "avg_events_per_request",
            MetricsMeasure::Sql("avg(events_count)"),
        ),
        (
            "avg_ignored_per_request",
            MetricsMeasure::Sql("avg(ignored_count)"),
        ),
    ],
};

/// Events, by their creation.
pub(crate) static EVENTS: MetricsTable = MetricsTable {
    from: "events",
    time: "created_at",
    dimensions: &[
        ("status", "status"),
        ("source_id", "source_id"),
        ("webhook_id", "connection_id"),
        ("destination_id", "destination_id"),
        ("delivery_group", "delivery_group"),
        ("error_code", "error_code"),
        ("event_data_id", "payload_id"),
        ("cli_id", "cli_id"),
        ("cli_user_id", "NULL"),
        ("attempts", "attempts"),
        ("response_status", "response_status"),
    ],
    measures: &[
        ("count", MetricsMeasure::Sql("count(*)")),
        (
            "successful_count",
            MetricsMeasure::Words(|| having(EventStatus::Successful)),
        ),
        (
            "failed_count",
            MetricsMeasure::Words(|| having(EventStatus::Failed)),
        ),
        (
            "scheduled_count",
            MetricsMeasure::Words(|| having(EventStatus::Scheduled)),
        ),
        (
            "paused_count",
            MetricsMeasure::Words(|| having(EventStatus::Hold)),
        ),
        ("error_rate", MetricsMeasure::Words(failed_share)),
        ("avg_attempts", MetricsMeasure::Sql("avg(attempts)")),
        (
            "scheduled_retry_count",
            MetricsMeasure::Words(|| {
                format!(
                    "count(*) FILTER (WHERE status = '{FAILED}' AND next_attempt_at IS NOT NULL)"
                )
            }),
        ),
        (
            "max_count_per_second",
            MetricsMeasure::Peak("created_at / 1000000"),
        ),
    ],
};

const FAILED: EventStatus = EventStatus::Failed;
const SUCCESSFUL: EventStatus = EventStatus::Successful;

/// How many have this status.
fn having(status: impl std::fmt::Display) -> String {
    format!("count(*) FILTER (WHERE status = '{status}')")
}

/// Failed ones among those that have come to an end. The status of an attempt is one of these two.
fn failed_share() -> String {
    format!(
        "1.0 * count(*) FILTER (WHERE status = '{FAILED}')
         / nullif(count(*) FILTER (WHERE status IN ('{FAILED}', '{SUCCESSFUL}')), 0)"
    )
}

/// Attempts.
pub(crate) static ATTEMPTS: MetricsTable = MetricsTable {
    from: "(SELECT a.*, e.delivery_group FROM attempts a JOIN events e ON e.id = a.event_id)",
    time: "created_at",
    dimensions: &[
        ("destination_id", "destination_id"),
        ("delivery_group", "delivery_group"),
        ("event_id", "event_id"),
        ("status", "status"),
        ("error_code", "error_code"),
        ("bulk_retry_id", "bulk_retry_id"),
        ("trigger", "\"trigger\""),
    ],
    measures: &[
        ("count", MetricsMeasure::Sql("count(*)")),
        (
            "successful_count",
            MetricsMeasure::Words(|| having(AttemptStatus::Successful)),
        ),
        (
            "failed_count",
            MetricsMeasure::Words(|| having(AttemptStatus::Failed)),
        ),
        (
            "delivered_count",
            MetricsMeasure::Sql("count(delivered_at)"),
        ),
        ("error_rate", MetricsMeasure::Words(failed_share)),
        (
            "response_latency_avg",
            MetricsMeasure::Sql("avg(response_latency)"),
        ),
        (
            "response_latency_max",
            MetricsMeasure::Sql("max(response_latency)"),
        ),
        (
            "response_latency_p95",
            MetricsMeasure::Percentile("response_latency", 0.95),
        ),
        (
            "response_latency_p99",
            MetricsMeasure::Percentile("response_latency", 0.99),
        ),
        (
            "delivery_latency_avg",
            MetricsMeasure::Sql("avg(delivery_latency)"),
        ),
    ],
};

/// Events of issues, by the creation of the event.
pub(crate) static EVENTS_BY_ISSUE: MetricsTable = MetricsTable {
    from: "issue_events i JOIN events e ON e.id = i.event_id",
    time: "e.created_at",
    dimensions: &[
        ("issue_id", "i.issue_id"),
        ("source_id", "e.source_id"),
        ("destination_id", "e.destination_id"),
        ("webhook_id", "e.connection_id"),
    ],
    measures: &[("count", MetricsMeasure::Sql("count(*)"))],
};

/// Runs of transformations by rules.
pub(crate) static TRANSFORMATIONS: MetricsTable = MetricsTable {
    from: "executions",
    time: "created_at",
    dimensions: &[
        ("transformation_id", "transformation_id"),
        ("webhook_id", "connection_id"),
        ("log_level", "iif(logs = '[]', '', log_level)"),
        ("issue_id", "issue_id"),
    ],
    measures: &[
        ("count", MetricsMeasure::Sql("count(*)")),
        (
            "successful_count",
            MetricsMeasure::Words(|| format!("count(*) FILTER (WHERE log_level <> '{FATAL}')")),
        ),
        (
            "failed_count",
            MetricsMeasure::Words(|| logged(LogLevel::Fatal)),
        ),
        (
            "error_rate",
            MetricsMeasure::Words(|| format!("1.0 * {} / nullif(count(*), 0)", logged(FATAL))),
        ),
        (
            "error_count",
            MetricsMeasure::Words(|| logged(LogLevel::Error)),
        ),
        (
            "warn_count",
            MetricsMeasure::Words(|| logged(LogLevel::Warn)),
        ),
        (
            "error_count",
            MetricsMeasure::Words(|| logged(LogLevel::Error)),
        ),
        (
            "warn_count",
            MetricsMeasure::Words(|| logged(LogLevel::Warn)),
        ),
        (
            "info_count",
            MetricsMeasure::Words(|| {
                format!("count(*) FILTER (WHERE log_level = '{INFO}' AND logs <> '[]')")
            }),
        ),
        (
            "debug_count",
            MetricsMeasure::Words(|| logged(LogLevel::Debug)),
        ),
    ],
};

const FATAL: LogLevel = LogLevel::Fatal;
const INFO: LogLevel = LogLevel::Info;

/// How many were at this level.
fn logged(level: LogLevel) -> String {
    format!("count(*) FILTER (WHERE log_level = '{level}')")
}

impl MetricsMeasure {
    fn sql(self) -> String {
        match self {
            Self::Sql(aggregate) => aggregate.to_owned(),
            Self::Words(aggregate) => aggregate(),
            Self::Percentile(value, _) => {
                format!("json_group_array({value}) FILTER (WHERE {value} IS NOT NULL)")
            }
            Self::Peak(value) => format!("json_group_array({value})"),
        }
    }

    /// The number in a column; zero where there is nothing to compute it from.
    fn read(self, row: &Row<'_>, column: usize) -> Result<Value, StoreError> {
        if let Self::Sql(_) | Self::Words(_) = self {
            return Ok(match row.get(column)? {
                Sql::Integer(number) => Value::from(number),
                Sql::Real(number) => Value::from(number),
                _ => Value::from(0),
            });
        }
        let text: String = row.get(column)?;
        let mut values: Vec<i64> = serde_json::from_str(&text)
            .map_err(|error| StoreError::Unusable(format!("a list of numbers: {error}")))?;
        values.sort_unstable();
        Ok(Value::from(match self {
            Self::Percentile(_, share) => percentile(&values, share),
            _ => peak(&values),
        }))
    }
}

/// The smallest of the sorted values that at least this share does not exceed.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank is small and not negative"
)]
fn percentile(values: &[i64], share: f64) -> i64 {
    let rank = (values.len() as f64 * share).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

/// The length of the longest run of equal values.
fn peak(values: &[i64]) -> i64 {
    let longest = values.chunk_by(|a, b| a == b).map(<[i64]>::len).max();
    i64::try_from(longest.unwrap_or(0)).unwrap_or(i64::MAX)
}

/// Picks what is asked for out of what there is; the contract has refused other names.
fn picked<'a, T: Copy>(names: &'a [String], known: &[(&'static str, T)]) -> Vec<(&'a str, T)> {
    let find = |name: &'a String| {
        let found = known.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| (name.as_str(), *value))
    };
    names.iter().filter_map(find).collect()
}

/// Measures the rows of `table` that fit `filter`.
///
/// # Errors
/// When the store fails.
pub(crate) fn measure(
    conn: &Connection,
    table: &MetricsTable,
    query: &MetricsQuery,
    filter: MetricsFilter,
) -> Result<MetricsRows, StoreError> {
    let dimensions = picked(&query.dimensions, table.dimensions);
    let measures = picked(&query.measures, table.measures);
    let bucket = query.granularity.as_ref().map(|size| size.sql(table.time));
    let mut columns: Vec<String> = bucket.iter().cloned().collect();
    columns.extend(dimensions.iter().map(|(_, sql)| (*sql).to_owned()));
    let groups: Vec<String> = (1..=columns.len()).map(|n| n.to_string()).collect();
    columns.extend(measures.iter().map(|(_, measure)| measure.sql()));
    let mut sql = format!(
        "SELECT {} FROM {} WHERE {} AND {time} >= ? AND {time} < ?",
        columns.join(", "),
        table.from,
        filter.sql,
        time = table.time,
    );
    if !groups.is_empty() {
        let groups = groups.join(", ");
        sql.push_str(&format!(
            " GROUP BY {groups} ORDER BY {groups} LIMIT {}",
            ROW_LIMIT + 1
        ));
    }
    let mut binds = filter.binds;
    binds.extend([Sql::from(query.start), Sql::from(query.end)]);

    let mut statement = conn.prepare_cached(&sql)?;
    let mut found = statement.query(params_from_iter(&binds))?;
    let mut rows = MetricsRows::default();
    while let Some(row) = found.next()? {
        let mut column = 0;
        let mut next = || {
            column += 1;
            column - 1
        };
        let at = match bucket {
            Some(_) => Some(row.get(next())?),
            None => None,
        };
        let mut named = Map::new();
        for (name, _) in &dimensions {
            named.insert((*name).to_owned(), plain(row.get(next())?));
        }
        let mut measured = Map::new();
        for (name, measure) in &measures {
            measured.insert((*name).to_owned(), measure.read(row, next())?);
        }
        rows.push(at, named, measured);
    }
    Ok(rows)
}

pub(super) fn plain(value: Sql) -> Value {
    match value {
        Sql::Integer(number) => Value::from(number),
        Sql::Real(number) => Value::from(number),
        Sql::Text(text) => Value::from(text),
        Sql::Null | Sql::Blob(_) => Value::Null,
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
