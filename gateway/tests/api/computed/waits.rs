//! Depth and age of queues, looked at moment by moment.

use std::collections::BTreeMap;

use serde_json::Value;

use super::answers::{Asked, Result, bucket, moment, named};

/// What the waits come to, moment by moment.
pub fn gauged(
    waits: &[Value],
    asked: &Asked<'_>,
    now: i64,
    fits: &dyn Fn(&Value) -> bool,
) -> Result {
    let (start, end) = (moment(asked.range.0), moment(asked.range.1).min(now + 1));
    let span = |wait: &Value| {
        (
            wait["began"].as_i64().unwrap(),
            wait["ended"].as_i64().unwrap(),
        )
    };
    let mut groups: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
    if asked.dimensions.is_empty() {
        groups.insert("{}".to_owned(), Vec::new());
    }
    for wait in waits.iter().filter(|wait| fits(wait)) {
        let (began, ended) = span(wait);
        if began < end && ended > start {
            groups
                .entry(named(asked.dimensions, wait))
                .or_default()
                .push((began, ended));
        }
    }
    let mut result = Result::new();
    for (name, spans) in groups {
        // Every bucket that something waits in, found by its first moment and by those of the buckets behind it.
        let mut buckets: Vec<(Option<i64>, i64, i64)> = Vec::new();
        match asked.granularity {
            None => buckets.push((None, start, end)),
            Some(size) => {
                let minute = 60_000_000;
                let mut at = start;
                while at < end {
                    let label = bucket(size, at);
                    let mut behind = at;
                    while behind < end && bucket(size, behind) == label {
                        behind += minute;
                    }
                    buckets.push((Some(label), at, behind.min(end)));
                    at = behind;
                }
            }
        }
        for (label, from, to) in buckets {
            let within: Vec<_> = spans
                .iter()
                .filter(|(began, ended)| began < ended && *began < to && *ended > from)
                .collect();
            if within.is_empty() && label.is_some() {
                continue;
            }
            // The depth only grows when a wait begins.
            let moments = within.iter().map(|(began, _)| (*began).max(from));
            let depth = |at: i64| {
                within
                    .iter()
                    .filter(|(began, ended)| *began <= at && at < *ended)
                    .count()
            };
            let most = moments.map(depth).max().unwrap_or(0);
            let oldest = within
                .iter()
                .map(|(began, ended)| (*ended).min(to) - began)
                .max()
                .unwrap_or(0)
                / 1_000;
            let left = within.iter().filter(|(_, ended)| *ended >= to).count();
            let metrics = asked.measures.iter().map(|name| {
                let value = match *name {
                    "max_depth" => most as f64,
                    "max_age" => oldest as f64,
                    "count" => left as f64,
                    other => panic!("{other}"),
                };
                ((*name).to_owned(), value)
            });
            result.insert((label, name.clone()), metrics.collect());
        }
    }
    result
}
