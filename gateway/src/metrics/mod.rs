//! Metrics, computed when they are asked for from what is stored.
//!
//! [`table`] counts rows of a table by time and dimensions; [`queue`] reconstructs how many events
//! waited when. A time bucket in which nothing happened has no row. Buckets begin at whole multiples of
//! their size since 1970, weeks on Mondays, months on their first day, all UTC.

mod granularity;
pub(crate) mod queue;
pub(crate) mod table;

use serde_json::{Map, Value, json};

use crate::clock::Micros;

pub(crate) use granularity::Granularity;

/// Most rows of a result.
pub(crate) const ROW_LIMIT: usize = 10_000;

/// What to compute, over which time.
#[derive(Clone, Debug)]
pub(crate) struct MetricsQuery {
    /// The first moment.
    pub(crate) start: Micros,
    /// The moment behind the last.
    pub(crate) end: Micros,
    /// The size of the time buckets; the whole range is one without it.
    pub(crate) granularity: Option<Granularity>,
    /// What to compute, by name.
    pub(crate) measures: Vec<String>,
    /// What to break it down by, by name.
    pub(crate) dimensions: Vec<String>,
}

/// Conditions in SQL with the values they bind.
#[derive(Clone, Debug)]
pub(crate) struct MetricsFilter {
    pub(crate) sql: String,
    pub(crate) binds: Vec<rusqlite::types::Value>,
}

/// The rows of a result.
#[derive(Clone, Debug, Default)]
pub(crate) struct MetricsRows {
    pub(crate) rows: Vec<Value>,
    /// Whether there would have been more than the limit.
    pub(crate) truncated: bool,
}

impl MetricsRows {
    /// Adds a row, unless the limit is reached.
    fn push(
        &mut self,
        bucket: Option<Micros>,
        dimensions: Map<String, Value>,
        metrics: Map<String, Value>,
    ) {
        if self.rows.len() == ROW_LIMIT {
            self.truncated = true;
            return;
        }
        let bucket = bucket.map(Micros::to_millis_string);
        self.rows
            .push(json!({ "time_bucket": bucket, "dimensions": dimensions, "metrics": metrics }));
    }
}
