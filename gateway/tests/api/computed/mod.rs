//! Metrics against a second computation.
//!
//! Some hours of random traffic, always the same, and then every endpoint of metrics is held against what
//! the plain lists of requests, events, attempts, issues and executions add up to.

mod answers;
mod counts;
mod traffic;
mod waits;

use std::collections::BTreeSet;

use answers::{Asked, answered, same};
use counts::counted;
use hookdeck_testkit::{Api, World};
use serde_json::{Value, json};
use traffic::{Traffic, traffic};
use waits::gauged;

const RANGE: (&str, &str) = ("2026-09-30T21:30:00Z", "2026-10-01T03:00:00Z");
const ALL: (&str, &str) = ("2026-09-01T00:00:00Z", "2026-11-01T00:00:00Z");

type Fits<'a> = Box<dyn Fn(&Value) -> bool + 'a>;

fn is(name: &'static str, value: Value) -> Fits<'static> {
    Box::new(move |row| row[name] == value)
}

const SIZES: [Option<&str>; 7] = [
    None,
    Some("1m"),
    Some("15m"),
    Some("1h"),
    Some("1d"),
    Some("1w"),
    Some("1M"),
];

/// Every size of buckets over each set of dimensions, and every filter, with all measures at once.
async fn hold(
    api: &Api,
    table: &str,
    rows: &[Value],
    measures: &[&str],
    dimensions: &[&[&str]],
    filters: &[(String, Fits<'_>)],
) {
    let mut asked = Asked {
        table,
        range: ALL,
        measures,
        dimensions: &[],
        granularity: None,
        filter: "",
    };
    let needed = &filters[0];
    for range in [ALL, RANGE] {
        for granularity in SIZES {
            for dimensions in dimensions {
                asked = Asked {
                    range,
                    granularity,
                    dimensions,
                    filter: &needed.0,
                    ..asked
                };
                same(
                    &answered(api, &asked).await,
                    &counted(rows, &asked, &needed.1),
                    &asked,
                );
            }
        }
    }
    for (filter, fits) in filters {
        asked = Asked {
            range: ALL,
            granularity: Some("1h"),
            dimensions: dimensions[0],
            filter,
            ..asked
        };
        let expected = counted(rows, &asked, fits);
        same(&answered(api, &asked).await, &expected, &asked);
    }
}

fn everything() -> (String, Fits<'static>) {
    (String::new(), Box::new(|_| true))
}

#[tokio::test]
async fn metrics_are_what_the_lists_add_up_to() {
    let Traffic {
        world,
        requests,
        events,
        attempts,
        executions,
        issue_events,
        waits,
    } = traffic().await;
    let api = &world.api;
    // The traffic has what is to be told apart.
    let has = |rows: &[Value], name: &str, value: &str| rows.iter().any(|row| row[name] == value);
    for status in ["SUCCESSFUL", "FAILED", "HOLD", "SCHEDULED", "CANCELLED"] {
        assert!(has(&events, "status", status), "{status}");
    }
    for trigger in ["INITIAL", "AUTOMATIC", "MANUAL"] {
        assert!(has(&attempts, "trigger", trigger), "{trigger}");
    }
    for level in ["", "fatal", "error", "warn", "info", "debug"] {
        assert!(has(&executions, "log_level", level), "{level:?}");
    }
    assert!(
        attempts
            .iter()
            .any(|attempt| attempt["delivery_latency"].as_u64() > Some(0))
    );
    assert!(has(&requests, "rejection_cause", "NO_CONNECTION"));
    assert!(!issue_events.is_empty());

    let source = requests[0]["source_id"].clone();
    hold(
        api,
        "requests",
        &requests,
        &[
            "count",
            "accepted_count",
            "rejected_count",
            "discarded_count",
            "avg_events_per_request",
            "avg_ignored_per_request",
        ],
        &[
            &[],
            &["source_id"],
            &["status", "rejection_cause"],
            &["events_count", "ignored_count"],
        ],
        &[
            everything(),
            (
                format!("&filters[source_id]={}", source.as_str().unwrap()),
                is("source_id", source),
            ),
            (
                "&filters[status]=REJECTED".to_owned(),
                is("status", json!("REJECTED")),
            ),
            (
                "&filters[rejection_cause]=NO_CONNECTION".to_owned(),
                is("rejection_cause", json!("NO_CONNECTION")),
            ),
            (
                "&filters[events_count][min]=1&filters[events_count][max]=2".to_owned(),
                Box::new(|row| {
                    row["events_count"]
                        .as_u64()
                        .is_some_and(|count| (1..=2).contains(&count))
                }),
            ),
            (
                "&filters[ignored_count][min]=1".to_owned(),
                Box::new(|row| row["ignored_count"].as_u64() >= Some(1)),
            ),
        ],
    )
    .await;

    let of = |name: &'static str, rows: &[Value]| {
        let value = rows[0][name].clone();
        (
            format!("&filters[{name}]={}", value.as_str().unwrap()),
            is(name, value),
        )
    };
    hold(
        api,
        "events",
        &events,
        &[
            "count",
            "successful_count",
            "failed_count",
            "scheduled_count",
            "paused_count",
            "error_rate",
            "avg_attempts",
            "scheduled_retry_count",
            "max_count_per_second",
        ],
        &[
            &[],
            &["status"],
            &["webhook_id", "attempts"],
            &["attempts", "response_status", "error_code"],
        ],
        &[
            everything(),
            of("webhook_id", &events),
            of("destination_id", &events),
            of("source_id", &events),
            (
                "&filters[status]=FAILED".to_owned(),
                is("status", json!("FAILED")),
            ),
            (
                "&filters[status][]=HOLD&filters[status][]=CANCELLED".to_owned(),
                Box::new(|row| row["status"] == "HOLD" || row["status"] == "CANCELLED"),
            ),
            (
                "&filters[delivery_group]=a".to_owned(),
                is("delivery_group", json!("a")),
            ),
            (
                "&filters[response_status]=404".to_owned(),
                is("response_status", json!(404)),
            ),
            ("&filters[attempts]=2".to_owned(), is("attempts", json!(2))),
        ],
    )
    .await;

    hold(
        api,
        "attempts",
        &attempts,
        &[
            "count",
            "successful_count",
            "failed_count",
            "delivered_count",
            "error_rate",
            "response_latency_avg",
            "response_latency_max",
            "response_latency_p95",
            "response_latency_p99",
            "delivery_latency_avg",
        ],
        &[
            &[],
            &["status", "trigger"],
            &["destination_id", "trigger"],
            &["event_id"],
            &["error_code", "bulk_retry_id"],
        ],
        &[
            everything(),
            of("destination_id", &attempts),
            of("event_id", &attempts),
            (
                "&filters[status]=SUCCESSFUL".to_owned(),
                is("status", json!("SUCCESSFUL")),
            ),
            (
                "&filters[trigger]=AUTOMATIC".to_owned(),
                is("trigger", json!("AUTOMATIC")),
            ),
            (
                "&filters[delivery_group]=b".to_owned(),
                is("delivery_group", json!("b")),
            ),
        ],
    )
    .await;

    hold(
        api,
        "transformations",
        &executions,
        &[
            "count",
            "successful_count",
            "failed_count",
            "error_rate",
            "error_count",
            "warn_count",
            "info_count",
            "debug_count",
        ],
        &[
            &[],
            &["transformation_id", "log_level"],
            &["webhook_id", "issue_id"],
        ],
        &[
            everything(),
            of("transformation_id", &executions),
            of("webhook_id", &executions),
            (
                "&filters[log_level]=warn".to_owned(),
                is("log_level", json!("warn")),
            ),
            (
                "&filters[log_level]=".to_owned(),
                is("log_level", json!("")),
            ),
        ],
    )
    .await;

    let issues: BTreeSet<&str> = issue_events
        .iter()
        .map(|event| event["issue_id"].as_str().unwrap())
        .collect();
    assert!(
        issues.len() > 1,
        "{issues:?} {:#?}",
        api.all("/issues").await
    );
    let every: String = issues
        .iter()
        .map(|issue| format!("&filters[issue_id][]={issue}"))
        .collect();
    let one = of("issue_id", &issue_events);
    hold(
        api,
        "events-by-issue",
        &issue_events,
        &["count"],
        &[
            &[],
            &["issue_id"],
            &["source_id", "destination_id", "webhook_id"],
        ],
        &[(every, Box::new(|_| true)), one],
    )
    .await;

    let now = world.gateway.now().unix_micros();
    hold_waits(api, &waits, now).await;
}

async fn hold_waits(api: &Api, waits: &[Value], now: i64) {
    let destination = waits[0]["destination_id"].clone();
    let filter = format!("&filters[destination_id]={}", destination.as_str().unwrap());
    let filters: [(&str, Fits<'_>); 2] = [
        ("", Box::new(|_| true)),
        (&filter, is("destination_id", destination)),
    ];
    type Table = (
        &'static str,
        &'static [&'static str],
        &'static [&'static [&'static str]],
    );
    let tables: [Table; 2] = [
        (
            "queue-depth",
            &["max_depth", "max_age"],
            &[
                &[],
                &["destination_id"],
                &["destination_id", "delivery_group"],
            ],
        ),
        (
            "events-pending-timeseries",
            &["count"],
            &[&[], &["destination_id"]],
        ),
    ];
    let late = ("2026-09-30T20:00:00Z", "2026-11-01T00:00:00Z");
    for (table, measures, sets) in tables {
        for (filter, fits) in &filters {
            for range in [RANGE, late] {
                for granularity in SIZES {
                    for dimensions in sets {
                        let asked = Asked {
                            table,
                            range,
                            measures,
                            dimensions,
                            granularity,
                            filter,
                        };
                        same(
                            &answered(api, &asked).await,
                            &gauged(waits, &asked, now, fits),
                            &asked,
                        );
                    }
                }
            }
        }
    }
}

/// What every endpoint insists on.
#[tokio::test]
async fn a_range_and_measures_are_required_everywhere() {
    let world = World::start().await;
    let api = &world.api;
    for table in [
        "requests",
        "events",
        "attempts",
        "events-by-issue",
        "queue-depth",
        "transformations",
        "events-pending-timeseries",
    ] {
        let range = format!("date_range[start]={}&date_range[end]={}", ALL.0, ALL.1);
        let issue = if table == "events-by-issue" {
            "&filters[issue_id]=iss_1"
        } else {
            ""
        };
        let measures = if table == "queue-depth" {
            "measures[]=max_depth"
        } else {
            "measures[]=count"
        };
        for (query, missing) in [
            (format!("{measures}{issue}"), "date_range"),
            (format!("{range}{issue}"), "measures"),
            (format!("{range}&measures[]={issue}"), "measures"),
            (
                format!("{measures}&date_range[start]={}{issue}", ALL.0),
                "date_range.end",
            ),
        ] {
            let violations = api
                .get(&format!("/metrics/{table}?{query}"))
                .await
                .violations();
            assert!(
                violations
                    .iter()
                    .any(|violation| violation.contains(missing)),
                "{table}?{query}: {violations:?}"
            );
        }
        let good = api
            .get(&format!("/metrics/{table}?{range}&{measures}{issue}"))
            .await;
        assert_eq!(good.status, 200, "{table}: {}", good.text);
    }
}
