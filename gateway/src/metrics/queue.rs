//! How many events waited for a delivery, and how long, at any moment.
//!
//! What is stored is enough to tell when an event waited: from its creation to its first attempt, or to
//! the moment it was cancelled before one; and, if it is queued again now, since then. Earlier waits for a
//! further attempt are not reconstructed.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};
use serde_json::{Map, Value};

use super::table::plain;
use super::{MetricsFilter, MetricsQuery, MetricsRows, ROW_LIMIT};
use crate::clock::Micros;
use crate::store::StoreError;
use crate::wire::EventStatus;

/// One wait. The end does not belong to it.
#[derive(Clone, Copy, Debug)]
struct QueueWait {
    began: Micros,
    ended: Micros,
}

/// What is measured of the waits of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gauge {
    /// The most that waited at once, and the longest wait so far in milliseconds: `max_depth`, `max_age`.
    Queue,
    /// How many waited at the end of the bucket: `count`.
    Pending,
}

/// Waits per combination of dimensions, named by its JSON text.
type WaitsByDimensions = BTreeMap<String, (Map<String, Value>, Vec<QueueWait>)>;

/// Measures the waits of events that fit `filter`, up to `now`.
///
/// # Errors
/// When the store fails.
pub(crate) fn measure(
    conn: &Connection,
    gauge: Gauge,
    query: &MetricsQuery,
    filter: &MetricsFilter,
    now: Micros,
) -> Result<MetricsRows, StoreError> {
    let groups = waits(conn, query, filter, now)?;
    let mut rows = MetricsRows::default();
    // Nothing is known of the time to come.
    let end = query.end.min(just_after(now));
    let mut start = query.start;
    let mut buckets = 0;
    while start < end {
        if buckets == ROW_LIMIT {
            rows.truncated = true;
            break;
        }
        buckets += 1;
        let (label, next) = match &query.granularity {
            Some(size) => {
                let label = size.floor(start);
                (Some(label), size.next(label).min(end))
            }
            None => (None, end),
        };
        for (dimensions, waits) in groups.values() {
            let measured = gauge.of(waits, start, next);
            if let Some(measured) = measured.or_else(|| label.is_none().then(|| gauge.nothing())) {
                let wanted = |(name, _): &(String, Value)| query.measures.contains(name);
                let measured = measured.into_iter().filter(wanted).collect();
                rows.push(label, dimensions.clone(), measured);
            }
        }
        start = next;
    }
    Ok(rows)
}

fn waits(
    conn: &Connection,
    query: &MetricsQuery,
    filter: &MetricsFilter,
    now: Micros,
) -> Result<WaitsByDimensions, StoreError> {
    let names: Vec<&str> = ["destination_id", "delivery_group"]
        .into_iter()
        .filter(|name| query.dimensions.iter().any(|asked| asked == name))
        .collect();
    let columns: String = names.iter().map(|name| format!("{name}, ")).collect();
    const CANCELLED: EventStatus = EventStatus::Cancelled;
    const QUEUED: EventStatus = EventStatus::Queued;
    let sql = format!(
        "SELECT {columns} began, min(ended, ?) FROM (
             SELECT destination_id, delivery_group, created_at AS began, coalesce(
                 (SELECT created_at FROM attempts WHERE event_id = events.id AND attempt_number = 1),
                 CASE WHEN status = '{CANCELLED}' THEN updated_at END, ?) AS ended
             FROM events
             UNION ALL
             SELECT destination_id, delivery_group, updated_at, ?
             FROM events WHERE status = '{QUEUED}' AND attempts > 0)
         WHERE {} AND began < ? AND ended > ?",
        filter.sql
    );
    let open_end = just_after(now);
    let mut binds = vec![Sql::from(open_end); 3];
    binds.extend(filter.binds.iter().cloned());
    binds.extend([Sql::from(query.end), Sql::from(query.start)]);
    let mut groups = WaitsByDimensions::new();
    if names.is_empty() {
        // Without dimensions there is one group, be it empty.
        groups.insert("{}".to_owned(), (Map::new(), Vec::new()));
    }
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(&binds))?;
    while let Some(row) = rows.next()? {
        let mut dimensions = Map::new();
        for (index, name) in names.iter().enumerate() {
            dimensions.insert((*name).to_owned(), plain(row.get(index)?));
        }
        let wait = QueueWait {
            began: row.get(names.len())?,
            ended: row.get(names.len() + 1)?,
        };
        groups
            .entry(Value::from(dimensions.clone()).to_string())
            .or_insert_with(|| (dimensions, Vec::new()))
            .1
            .push(wait);
    }
    Ok(groups)
}

impl Gauge {
    /// The measures of the waits that fall into a bucket; nothing if none does.
    fn of(self, waits: &[QueueWait], start: Micros, end: Micros) -> Option<Vec<(String, Value)>> {
        let within: Vec<QueueWait> = waits
            .iter()
            .copied()
            .filter(|wait| wait.began < end && wait.ended > start && wait.began < wait.ended)
            .collect();
        if within.is_empty() {
            return None;
        }
        Some(match self {
            Self::Queue => vec![
                ("max_depth".to_owned(), Value::from(depth(&within, start))),
                ("max_age".to_owned(), Value::from(age(&within, end))),
            ],
            Self::Pending => {
                let left = within.iter().filter(|wait| wait.ended >= end).count();
                vec![("count".to_owned(), Value::from(left))]
            }
        })
    }

    fn nothing(self) -> Vec<(String, Value)> {
        let names: &[&str] = match self {
            Self::Queue => &["max_depth", "max_age"],
            Self::Pending => &["count"],
        };
        names
            .iter()
            .map(|name| ((*name).to_owned(), Value::from(0)))
            .collect()
    }
}

/// The most waits at once, from `start` on.
fn depth(waits: &[QueueWait], start: Micros) -> i64 {
    let mut changes: Vec<(Micros, i64)> = waits
        .iter()
        .flat_map(|wait| [(wait.began.max(start), 1), (wait.ended, -1)])
        .collect();
    // At one moment, what ends goes before what begins.
    changes.sort_unstable();
    let running = changes.iter().scan(0, |depth, (_, change)| {
        *depth += change;
        Some(*depth)
    });
    running.max().unwrap_or(0)
}

/// The longest time one of them has waited before `end`, milliseconds.
fn age(waits: &[QueueWait], end: Micros) -> u64 {
    let ages = waits
        .iter()
        .map(|wait| wait.ended.min(end).since(wait.began));
    let longest = ages.max().unwrap_or_default();
    u64::try_from(longest.as_millis()).unwrap_or(u64::MAX)
}

/// The end of a range that `now` belongs to and nothing later.
fn just_after(now: Micros) -> Micros {
    now.plus(Duration::from_micros(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(spans: &[(i64, i64)]) -> Vec<QueueWait> {
        spans
            .iter()
            .map(|(began, ended)| QueueWait {
                began: Micros::from_i64(*began),
                ended: Micros::from_i64(*ended),
            })
            .collect()
    }

    fn of(gauge: Gauge, spans: &[(i64, i64)], start: i64, end: i64) -> Option<Vec<i64>> {
        let (start, end) = (Micros::from_i64(start), Micros::from_i64(end));
        let measured = gauge.of(&waits(spans), start, end)?;
        Some(
            measured
                .iter()
                .filter_map(|(_, value)| value.as_i64())
                .collect(),
        )
    }

    #[test]
    fn depth_is_the_most_at_once_and_age_the_longest_so_far() {
        let spans = [(0, 10_000), (5_000, 20_000), (10_000, 12_000)];
        assert_eq!(of(Gauge::Queue, &spans, 0, 100_000), Some(vec![2, 15]));
        assert_eq!(of(Gauge::Queue, &spans, 12_000, 16_000), Some(vec![1, 11]));
        assert_eq!(of(Gauge::Queue, &spans, 20_000, 30_000), None);
    }

    #[test]
    fn pending_counts_what_is_left_at_the_end() {
        let spans = [(0, 10), (5, 20), (8, 8)];
        assert_eq!(of(Gauge::Pending, &spans, 0, 10), Some(vec![2]));
        assert_eq!(of(Gauge::Pending, &spans, 0, 15), Some(vec![1]));
        assert_eq!(of(Gauge::Pending, &spans, 8, 9), Some(vec![2]));
        assert_eq!(of(Gauge::Pending, &spans, 20, 30), None);
    }
}
