//! Metrics, held against events whose fate is known.

use hookdeck_testkit::{Api, Receiver, World, id, seconds};
use serde_json::{Value, json};

const RANGE: &str = "date_range[start]=2026-09-01T00:00:00Z&date_range[end]=2026-09-02T00:00:00Z";

async fn start() -> World {
    World::at("2026-09-01T12:00:30Z").await
}

async fn rows(api: &Api, path: &str, query: &str) -> Vec<Value> {
    let reply = api.get(&format!("/metrics/{path}?{RANGE}&{query}")).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text);
    let reply = reply.json();
    let rows = reply["data"].as_array().unwrap().clone();
    assert_eq!(reply["metadata"]["row_count"], rows.len());
    rows
}

/// The metrics of a result of one row.
async fn one(api: &Api, path: &str, query: &str) -> Value {
    let mut rows = rows(api, path, query).await;
    assert_eq!(rows.len(), 1, "{query}: {rows:#?}");
    rows.remove(0)["metrics"].take()
}

/// Two good events at 12:00:30, one bad one at 13:00:30, one more of it at 13:01:30.
async fn history() -> (World, Value, Value) {
    let world = start().await;
    let good = Receiver::answering(200).await;
    let bad = Receiver::answering(500).await;
    let first = world.connect("good").to(&good).json().await;
    let retry = json!([{ "type": "retry", "strategy": "linear", "interval": 600_000, "count": 1 }]);
    let second = world.connect("bad").to(&bad).rules(retry).json().await;
    world.deliver(&first, json!({ "n": 1 })).await;
    world.deliver(&first, json!({ "n": 2 })).await;
    world.advance(seconds(3_600)).await;
    world.deliver(&second, json!({ "n": 3 })).await;
    world.advance(seconds(60)).await;
    world.deliver(&second, json!({ "n": 4 })).await;
    world.advance(seconds(570)).await;
    (world, first, second)
}

#[tokio::test]
async fn events_are_counted_by_time_and_dimension() {
    let (world, first, second) = history().await;
    let api = &world.api;
    // The first bad event has had its retry, the second waits for it.
    let measures = "measures[]=count&measures[]=successful_count&measures[]=failed_count&measures[]=error_rate\
                    &measures[]=avg_attempts&measures[]=scheduled_retry_count&measures[]=max_count_per_second";
    assert_eq!(
        one(api, "events", measures).await,
        json!({
            "count": 4, "successful_count": 2, "failed_count": 2, "error_rate": 0.5,
            "avg_attempts": 1.25, "scheduled_retry_count": 1, "max_count_per_second": 2,
        })
    );
    let by_hour = rows(api, "events", "measures[]=count&granularity=1h").await;
    assert_eq!(
        by_hour,
        [
            json!({ "time_bucket": "2026-09-01T12:00:00.000Z", "dimensions": {}, "metrics": { "count": 2 } }),
            json!({ "time_bucket": "2026-09-01T13:00:00.000Z", "dimensions": {}, "metrics": { "count": 2 } }),
        ]
    );
    let query = "measures[]=count&dimensions[]=webhook_id&dimensions[]=status&granularity=1m";
    let broken_down: Vec<_> = rows(api, "events", query)
        .await
        .iter()
        .map(|row| {
            (
                row["time_bucket"].clone(),
                row["dimensions"].clone(),
                row["metrics"]["count"].clone(),
            )
        })
        .collect();
    let dimensions = |connection: &Value, status: &str| json!({ "webhook_id": id(connection), "status": status });
    assert_eq!(
        broken_down,
        [
            (
                json!("2026-09-01T12:00:00.000Z"),
                dimensions(&first, "SUCCESSFUL"),
                json!(2)
            ),
            (
                json!("2026-09-01T13:00:00.000Z"),
                dimensions(&second, "FAILED"),
                json!(1)
            ),
            (
                json!("2026-09-01T13:01:00.000Z"),
                dimensions(&second, "FAILED"),
                json!(1)
            ),
        ]
    );
    let issue = id(&api.models("/issues").await[0]);
    for (filter, count) in [
        (format!("filters[webhook_id]={}", id(&first)), 2),
        (
            "filters[status][]=FAILED&filters[status][]=HOLD".to_owned(),
            2,
        ),
        ("filters[response_status]=500".to_owned(), 2),
        ("filters[attempts]=2".to_owned(), 1),
        ("filters[delivery_group]=".to_owned(), 4),
        ("filters[cli_id]=cli_1".to_owned(), 0),
        // The issue opens at a first failure and takes the second event in.
        (format!("filters[issue_ids][]={issue}"), 2),
    ] {
        let counted = one(api, "events", &format!("measures[]=count&{filter}")).await;
        assert_eq!(counted["count"], count, "{filter}");
    }
}

#[tokio::test]
async fn requests_attempts_and_issues_are_counted() {
    let (world, _, second) = history().await;
    let api = &world.api;
    let source = api.source("alone").await;
    world.post(&source, "{}").await;
    let measures = "measures[]=count&measures[]=accepted_count&measures[]=rejected_count\
                    &measures[]=discarded_count&measures[]=avg_events_per_request";
    assert_eq!(
        one(api, "requests", measures).await,
        json!({
            "count": 5, "accepted_count": 4, "rejected_count": 1, "discarded_count": 0,
            "avg_events_per_request": 0.8,
        })
    );
    let by_status = rows(
        api,
        "requests",
        "measures[]=count&dimensions[]=status&dimensions[]=rejection_cause",
    )
    .await;
    assert_eq!(
        by_status[0]["dimensions"],
        json!({ "status": "ACCEPTED", "rejection_cause": null })
    );
    assert_eq!(
        by_status[1]["dimensions"],
        json!({ "status": "REJECTED", "rejection_cause": "NO_CONNECTION" })
    );
    let busy = one(
        api,
        "requests",
        "measures[]=count&filters[events_count][min]=1",
    )
    .await;
    assert_eq!(busy["count"], 4);

    let measures = "measures[]=count&measures[]=failed_count&measures[]=delivered_count\
                    &measures[]=response_latency_max&measures[]=response_latency_p95";
    let attempts = one(api, "attempts", measures).await;
    assert_eq!(
        attempts,
        json!({
            "count": 5, "failed_count": 3, "delivered_count": 5,
            "response_latency_max": 0, "response_latency_p95": 0,
        }),
        "a manual clock stands still during a delivery"
    );
    let by_trigger = rows(api, "attempts", "measures[]=count&dimensions[]=trigger").await;
    let counted: Vec<_> = by_trigger
        .iter()
        .map(|row| {
            (
                row["dimensions"]["trigger"].as_str().unwrap(),
                row["metrics"]["count"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(counted, [("AUTOMATIC", 1), ("INITIAL", 4)]);

    let issue = id(&api.models("/issues?type=delivery").await[0]);
    let query = format!("measures[]=count&dimensions[]=webhook_id&filters[issue_id]={issue}");
    let rows = rows(api, "events-by-issue", &query).await;
    assert_eq!(rows[0]["dimensions"]["webhook_id"], id(&second).as_str());
    assert_eq!(rows[0]["metrics"]["count"], 2);
}

#[tokio::test]
async fn a_queue_is_as_deep_as_events_wait() {
    let world = start().await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    let path = format!("/connections/{}", id(&connection));
    api.ok("PUT", &format!("{path}/pause"), json!({})).await;
    world.deliver(&connection, json!({ "n": 1 })).await;
    world.advance(seconds(60)).await;
    world.deliver(&connection, json!({ "n": 2 })).await;
    world.advance(seconds(60)).await;
    api.ok("PUT", &format!("{path}/unpause"), json!({})).await;
    world.settle().await;
    world.advance(seconds(3_600)).await;

    let depth = "measures[]=max_depth&measures[]=max_age";
    assert_eq!(
        one(api, "queue-depth", depth).await,
        json!({ "max_depth": 2, "max_age": 120_000 })
    );
    let by_minute = rows(
        api,
        "queue-depth",
        "measures[]=max_depth&granularity=1m&dimensions[]=destination_id",
    )
    .await;
    let depths: Vec<_> = by_minute
        .iter()
        .map(|row| {
            (
                row["time_bucket"].as_str().unwrap(),
                row["metrics"]["max_depth"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        depths,
        [
            ("2026-09-01T12:00:00.000Z", 1),
            ("2026-09-01T12:01:00.000Z", 2),
            ("2026-09-01T12:02:00.000Z", 2),
        ]
    );
    assert_eq!(
        by_minute[0]["dimensions"]["destination_id"],
        connection["destination"]["id"]
    );
    let pending = rows(
        api,
        "events-pending-timeseries",
        "measures[]=count&granularity=1m",
    )
    .await;
    let left: Vec<_> = pending
        .iter()
        .map(|row| row["metrics"]["count"].as_i64().unwrap())
        .collect();
    assert_eq!(left, [1, 2, 0]);
}

#[tokio::test]
async fn transformations_are_counted_by_what_they_said() {
    let world = start().await;
    let api = &world.api;
    let code = "addHandler('transform', (request) => {
        if (request.body.say) console[request.body.say]('x');
        return request.body.fail ? null : request;
    });";
    let rule = json!({ "type": "transform", "transformation": { "name": "t", "code": code } });
    let connection = api.connect("c").rules(json!([rule])).json().await;
    for body in [
        json!({}),
        json!({ "say": "warn" }),
        json!({ "say": "log" }),
        json!({ "fail": true }),
    ] {
        world.deliver(&connection, body).await;
    }
    let measures = "measures[]=count&measures[]=successful_count&measures[]=failed_count&measures[]=error_rate\
                    &measures[]=warn_count&measures[]=info_count&measures[]=debug_count";
    assert_eq!(
        one(api, "transformations", measures).await,
        json!({
            "count": 4, "successful_count": 3, "failed_count": 1, "error_rate": 0.25,
            "warn_count": 1, "info_count": 1, "debug_count": 0,
        })
    );
    for (level, count) in [("warn", 1), ("", 1), ("error", 0)] {
        let counted = one(
            api,
            "transformations",
            &format!("measures[]=count&filters[log_level]={level}"),
        )
        .await;
        assert_eq!(counted["count"], count, "{level:?}");
    }
}

#[tokio::test]
async fn a_delivery_group_is_one_of_its_destination() {
    let (world, first, _) = history().await;
    let destination = id(&first["destination"]);
    let dimension = "measures[]=count&dimensions[]=delivery_group";
    for table in ["events", "attempts"] {
        let path = format!("/metrics/{table}?{RANGE}&{dimension}");
        for beside in [
            "",
            "&dimensions[]=destination_id",
            "&filters[status]=FAILED",
        ] {
            assert_eq!(
                world.api.get(&format!("{path}{beside}")).await.violations(),
                ["The delivery_group dimension requires a filters.destination_id filter"],
                "{table}{beside}"
            );
        }
        let of_one = format!("{dimension}&filters[destination_id]={destination}");
        let found = rows(&world.api, table, &of_one).await;
        assert_eq!(
            found[0]["dimensions"],
            json!({ "delivery_group": null }),
            "{table}"
        );
        assert_eq!(found[0]["metrics"]["count"], 2, "{table}");
    }
}

#[tokio::test]
async fn what_is_missing_or_makes_no_sense_is_refused() {
    let world = start().await;
    let api = &world.api;
    let get = async |query: &str| api.get(&format!("/metrics/{query}")).await.violations();
    assert_eq!(
        get("events").await,
        ["date_range is required", "measures is required"]
    );
    assert_eq!(
        get(&format!("events-by-issue?{RANGE}&measures[]=count")).await,
        ["filters.issue_id is required"]
    );
    for (query, message) in [
        (
            "measures[]=count&granularity=0h",
            "granularity must be between 1s and 100 years",
        ),
        (
            "measures[]=shoes",
            "measures[0] must be one of [count, successful_count, failed_count, scheduled_count, paused_count, \
             error_rate, avg_attempts, scheduled_retry_count, max_count_per_second]",
        ),
    ] {
        assert_eq!(get(&format!("events?{RANGE}&{query}")).await, [message]);
    }
    let backwards = "date_range[start]=2026-09-02&date_range[end]=2026-09-01&measures[]=count";
    assert_eq!(
        get(&format!("events?{backwards}")).await,
        ["date_range.end must be greater than date_range.start"]
    );
}
