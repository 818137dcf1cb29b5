//! Counts, rates and means of the rows of a list, added up one by one.

use std::collections::BTreeMap;

use serde_json::Value;

use super::answers::{Asked, Result, bucket, micros, moment, named};

fn count_where(rows: &[&Value], fits: impl Fn(&Value) -> bool) -> f64 {
    rows.iter().filter(|row| fits(row)).count() as f64
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

fn mean(rows: &[&Value], name: &str) -> f64 {
    let values: Vec<f64> = rows.iter().filter_map(|row| row[name].as_f64()).collect();
    ratio(values.iter().sum(), values.len() as f64)
}

fn highest(rows: &[&Value], name: &str) -> f64 {
    rows.iter()
        .filter_map(|row| row[name].as_f64())
        .fold(0.0, f64::max)
}

/// The least value that no more than this share (of 100) of the values exceed.
fn rank(rows: &[&Value], name: &str, percent: usize) -> f64 {
    let values: Vec<u64> = rows.iter().filter_map(|row| row[name].as_u64()).collect();
    let holds = |limit: &u64| {
        let below = values.iter().filter(|value| *value <= limit).count();
        below * 100 >= percent * values.len()
    };
    values.iter().copied().filter(holds).min().unwrap_or(0) as f64
}

fn measured(table: &str, measure: &str, rows: &[&Value]) -> f64 {
    let status = |wanted: &'static str| count_where(rows, |row| row["status"] == wanted);
    let (failed, good) = (status("FAILED"), status("SUCCESSFUL"));
    let level = |wanted: &'static str| count_where(rows, |row| row["log_level"] == wanted);
    let all = rows.len() as f64;
    match (table, measure) {
        (_, "count") => all,
        ("requests", "accepted_count") => status("ACCEPTED"),
        ("requests", "rejected_count") => status("REJECTED"),
        ("requests", "discarded_count") => count_where(rows, |row| {
            row["status"] == "ACCEPTED" && row["events_count"] == 0 && row["cli_events_count"] == 0
        }),
        ("requests", "avg_events_per_request") => mean(rows, "events_count"),
        ("requests", "avg_ignored_per_request") => mean(rows, "ignored_count"),
        ("transformations", "failed_count") => level("fatal"),
        ("transformations", "successful_count") => all - level("fatal"),
        ("transformations", "error_rate") => ratio(level("fatal"), all),
        ("transformations", "error_count") => level("error"),
        ("transformations", "warn_count") => level("warn"),
        ("transformations", "info_count") => level("info"),
        ("transformations", "debug_count") => level("debug"),
        ("events" | "attempts", "successful_count") => good,
        ("events" | "attempts", "failed_count") => failed,
        ("events" | "attempts", "error_rate") => ratio(failed, failed + good),
        ("events", "scheduled_count") => status("SCHEDULED"),
        ("events", "paused_count") => status("HOLD"),
        ("events", "avg_attempts") => mean(rows, "attempts"),
        ("events", "scheduled_retry_count") => count_where(rows, |row| {
            row["status"] == "FAILED" && row["next_attempt_at"].is_string()
        }),
        ("events", "max_count_per_second") => {
            let mut seconds: BTreeMap<i64, u32> = BTreeMap::new();
            for row in rows {
                *seconds
                    .entry(bucket("1s", micros(&row["created_at"])))
                    .or_default() += 1;
            }
            f64::from(seconds.into_values().max().unwrap_or(0))
        }
        ("attempts", "delivered_count") => count_where(rows, |row| row["delivered_at"].is_string()),
        ("attempts", "response_latency_avg") => mean(rows, "response_latency"),
        ("attempts", "response_latency_max") => highest(rows, "response_latency"),
        ("attempts", "response_latency_p95") => rank(rows, "response_latency", 95),
        ("attempts", "response_latency_p99") => rank(rows, "response_latency", 99),
        ("attempts", "delivery_latency_avg") => mean(rows, "delivery_latency"),
        _ => panic!("{table} {measure}"),
    }
}

/// What the rows of a list add up to.
pub fn counted(rows: &[Value], asked: &Asked<'_>, fits: &dyn Fn(&Value) -> bool) -> Result {
    let (start, end) = (moment(asked.range.0), moment(asked.range.1));
    let mut groups: BTreeMap<(Option<i64>, String), Vec<&Value>> = BTreeMap::new();
    if asked.granularity.is_none() && asked.dimensions.is_empty() {
        groups.insert((None, "{}".to_owned()), Vec::new());
    }
    for row in rows {
        let at = micros(&row["created_at"]);
        if at >= start && at < end && fits(row) {
            let key = asked.granularity.map(|size| bucket(size, at));
            groups
                .entry((key, named(asked.dimensions, row)))
                .or_default()
                .push(row);
        }
    }
    let measure = |rows: &[&Value]| {
        let measures = asked.measures.iter();
        measures
            .map(|name| ((*name).to_owned(), measured(asked.table, name, rows)))
            .collect()
    };
    groups
        .into_iter()
        .map(|(key, rows)| (key, measure(&rows)))
        .collect()
}
