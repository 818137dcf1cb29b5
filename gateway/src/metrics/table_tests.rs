//! Latencies, which stand still under a manual clock, and results that are too long.

use rusqlite::params;

use super::*;
use crate::clock::Micros;
use crate::metrics::Granularity;

const SECOND: i64 = 1_000_000;

fn database() -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(include_str!("../store/schema.sql"))
        .unwrap();
    // Only what is measured has to be there.
    conn.pragma_update(None, "foreign_keys", false).unwrap();
    conn.execute(
        "INSERT INTO events (id, connection_id, source_id, destination_id, request_id, payload_id, status, created_at, updated_at)
         VALUES ('evt_1', 'web_1', 'src_1', 'des_1', 'req_1', 'edt_1', 'FAILED', 0, 0)",
        [],
    )
    .unwrap();
    conn
}

fn insert(conn: &Connection, number: i64, destination: &str, latency: Option<i64>, at: i64) {
    conn.prepare_cached(
        "INSERT INTO attempts (id, event_id, connection_id, destination_id, attempt_number, \"trigger\", status,
             delivered_at, response_latency, delivery_latency, created_at, updated_at)
         VALUES ('atm_' || ?1, 'evt_1', 'web_1', ?2, ?1, 'MANUAL', 'FAILED', ?3, ?3, ?3 * 2, ?4, ?4)",
    )
    .unwrap()
    .execute(params![number, destination, latency, at])
    .unwrap();
}

fn query(granularity: Option<&str>, measures: &[&str], dimensions: &[&str]) -> MetricsQuery {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    MetricsQuery {
        start: Micros::EPOCH,
        end: Micros::MAX,
        granularity: granularity.and_then(Granularity::parse),
        measures: owned(measures),
        dimensions: owned(dimensions),
    }
}

fn everything() -> MetricsFilter {
    MetricsFilter {
        sql: "1".to_owned(),
        binds: Vec::new(),
    }
}

/// By nearest rank, counted out: the least value that enough of the values do not exceed.
fn ranked(values: &[i64], percent: usize) -> i64 {
    let enough =
        |limit: i64| values.iter().filter(|v| **v <= limit).count() * 100 >= percent * values.len();
    (0..=10_000)
        .find(|limit| enough(*limit))
        .unwrap_or_default()
}

#[test]
fn latencies_are_averaged_and_ranked_over_what_was_delivered() {
    let mut random = fastrand::Rng::with_seed(7);
    for total in [1, 2, 19, 20, 21, 99, 100, 101, 300] {
        let conn = database();
        let mut known: std::collections::BTreeMap<&str, Vec<i64>> =
            [("des_1", Vec::new()), ("des_2", Vec::new())].into();
        // Nothing was ever delivered to the third.
        insert(&conn, 0, "des_3", None, 0);
        for number in 1..=total {
            let destination = ["des_1", "des_2"][usize::from(random.bool() && number > 1)];
            let latency = (number == 1 || random.u8(0..5) > 0).then(|| random.i64(0..10_000));
            insert(&conn, number, destination, latency, number);
            known.get_mut(destination).unwrap().extend(latency);
        }
        let measures = [
            "delivered_count",
            "response_latency_avg",
            "response_latency_max",
            "response_latency_p95",
            "response_latency_p99",
            "delivery_latency_avg",
        ];
        let asked = query(None, &measures, &["destination_id"]);
        let rows = measure(&conn, &ATTEMPTS, &asked, everything()).unwrap();
        assert_eq!(
            rows.rows.last().unwrap()["dimensions"]["destination_id"],
            "des_3"
        );
        for row in rows.rows {
            let destination = row["dimensions"]["destination_id"].as_str().unwrap();
            let none = Vec::new();
            let values = known.get(destination).unwrap_or(&none);
            let number = |name: &str| row["metrics"][name].as_f64().unwrap();
            let mean = values.iter().sum::<i64>() as f64 / values.len().max(1) as f64;
            assert_eq!(number("delivered_count"), values.len() as f64);
            assert!((number("response_latency_avg") - mean).abs() < 1e-9);
            assert!((number("delivery_latency_avg") - 2.0 * mean).abs() < 1e-9);
            let highest = values.iter().max().copied().unwrap_or(0);
            assert_eq!(number("response_latency_max"), highest as f64);
            assert_eq!(
                number("response_latency_p95"),
                ranked(values, 95) as f64,
                "{total}"
            );
            assert_eq!(
                number("response_latency_p99"),
                ranked(values, 99) as f64,
                "{total}"
            );
        }
    }
}

#[test]
fn a_result_ends_at_the_limit_and_says_so() {
    let conn = database();
    let limit = i64::try_from(ROW_LIMIT).unwrap();
    let ask = || {
        let asked = query(Some("1s"), &["count"], &[]);
        measure(&conn, &ATTEMPTS, &asked, everything()).unwrap()
    };
    for number in 0..limit {
        insert(&conn, number, "des_1", None, number * SECOND);
    }
    let full = ask();
    assert_eq!((full.rows.len(), full.truncated), (ROW_LIMIT, false));
    insert(&conn, limit, "des_1", None, limit * SECOND);
    let cut = ask();
    assert_eq!((cut.rows.len(), cut.truncated), (ROW_LIMIT, true));
    assert_eq!(cut.rows, full.rows, "the first in time are kept");
}
