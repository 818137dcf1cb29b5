//! Bulk jobs: what is refused, what they do, and how they get on.

use hookdeck_gateway::{Gateway, RateLimit};
use hookdeck_testkit::{World, id, seconds};
use serde_json::{Value, json};

use crate::start;

#[tokio::test]
async fn a_retry_makes_one_more_attempt_of_what_the_query_matches() {
    let world = start().await;
    let api = &world.api;
    world.receiver.always(500);
    let first = world.connect("first").json().await;
    let second = world.connect("second").json().await;
    for n in 0..3 {
        world.deliver(&first, json!({ "n": n })).await;
    }
    world.deliver(&second, json!({})).await;
    world.receiver.always(200);

    let plan = format!(
        "/bulk/events/retry/plan?query[webhook_id]={}&query[status]=FAILED",
        id(&first)
    );
    let plan = api.get(&plan).await.json();
    assert_eq!(
        (&plan["estimated_batch"], &plan["estimated_count"]),
        (&json!(1), &json!(3))
    );
    let query = json!({ "webhook_id": id(&first), "status": "FAILED" });
    let job = api
        .ok("POST", "/bulk/events/retry", json!({ "query": query }))
        .await;
    assert_eq!(job["type"], "events.retry");
    assert_eq!(job["query"], query);
    assert_eq!(
        (&job["in_progress"], &job["progress"]),
        (&json!(true), &json!(0.0))
    );
    assert_eq!(job["failed_count"], Value::Null);

    world.settle().await;
    let job = api
        .get(&format!("/bulk/events/retry/{}", id(&job)))
        .await
        .json();
    assert_eq!(
        (&job["in_progress"], &job["progress"]),
        (&json!(false), &json!(1.0))
    );
    assert_eq!(
        (&job["completed_count"], &job["failed_count"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(
        (&job["processed_batch"], &job["estimated_batch"]),
        (&json!(1), &json!(1))
    );
    assert!(job["completed_at"].is_string());
    let retried = api
        .models(&format!("/events?bulk_retry_id={}", id(&job)))
        .await;
    assert_eq!(retried.len(), 3);
    for event in &retried {
        assert_eq!(
            (&event["status"], &event["attempts"]),
            (&json!("SUCCESSFUL"), &json!(2))
        );
        let attempts = api
            .models(&format!("/attempts?event_id={}", id(event)))
            .await;
        let last = attempts
            .iter()
            .find(|attempt| attempt["attempt_number"] == 2)
            .unwrap();
        assert_eq!(last["trigger"], "BULK_RETRY");
        assert_eq!(last["bulk_retry_id"], job["id"]);
    }
    assert_eq!(api.models("/events?status=FAILED").await.len(), 1);
}

#[tokio::test]
async fn empty_running_and_aimless_queries_are_refused() {
    let world = start().await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    world.deliver(&connection, json!({})).await;
    let source = id(&connection["source"]);
    for body in [json!({ "query": {} }), json!({})] {
        let reply = api.post("/bulk/events/retry", body).await;
        assert_eq!(reply.status, 400);
        assert_eq!(reply.json()["message"], "Empty query object is not allowed");
        assert_eq!(reply.json()["data"], json!({ "query": {} }));
    }
    let reply = api
        .post(
            "/bulk/requests/replay",
            json!({ "query": { "source_id": source } }),
        )
        .await;
    assert_eq!(reply.violations(), ["query.target is required"]);
    let only_target = json!({ "query": { "target": { "source_id": source } } });
    assert_eq!(
        api.post("/bulk/requests/replay", only_target).await.status,
        400
    );
    let nothing =
        json!({ "query": { "source_id": "src_none", "target": { "source_id": source } } });
    let reply = api.post("/bulk/requests/replay", nothing).await;
    assert_eq!(reply.status, 422);
    assert_eq!(
        reply.json()["data"]["message"],
        "The query does not include any requests."
    );
    let reply = api.get("/bulk/events/retry/plan?query=%5B%5D").await;
    assert_eq!(reply.violations(), ["query must be of type object"]);

    // More than a batch, so that the first is still running when the second is asked for.
    for n in 0..101 {
        world.deliver(&connection, json!({ "n": n })).await;
    }
    let query = json!({ "query": { "webhook_id": id(&connection), "status": "SUCCESSFUL" } });
    let job = api.ok("POST", "/bulk/events/retry", query.clone()).await;
    let reordered = json!({ "query": { "status": "SUCCESSFUL", "webhook_id": id(&connection) } });
    let reply = api.post("/bulk/events/retry", reordered).await;
    assert_eq!(reply.status, 422);
    let message = reply.json()["data"]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("Batch operation using same query is currently in progress"));
    api.ok(
        "POST",
        &format!("/bulk/events/retry/{}/cancel", id(&job)),
        json!({}),
    )
    .await;
    api.ok("POST", "/bulk/events/retry", query).await;
}

#[tokio::test]
async fn a_job_of_any_kind_over_nothing_is_refused_and_leaves_none_behind() {
    let world = start().await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    world.deliver(&connection, json!({})).await;
    let target = json!({ "webhook_ids": [id(&connection)] });
    let none = json!({ "webhook_id": "web_none" });
    let none_source = json!({ "source_id": "src_none" });
    let sentence = |what: &str| {
        format!("The query filter for the batch operations does not include any {what}.")
    };
    for (path, query, message) in [
        ("events/retry", none.clone(), sentence("events")),
        // There is an event, and it cannot be cancelled any more.
        (
            "events/cancel",
            json!({ "webhook_id": id(&connection) }),
            sentence("events"),
        ),
        ("ignored-events/retry", none, sentence("events")),
        ("requests/retry", none_source, sentence("requests")),
        (
            "requests/replay",
            json!({ "source_id": "src_none", "target": target }),
            "The query does not include any requests.".to_owned(),
        ),
    ] {
        let path = format!("/bulk/{path}");
        let reply = api.post(&path, json!({ "query": query })).await;
        assert_eq!(reply.status, 422, "{path}: {}", reply.text);
        assert_eq!(reply.json()["data"]["message"], message, "{path}");
        assert!(api.models(&path).await.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn a_large_job_goes_on_in_batches_and_can_be_cancelled_between_them() {
    let world = start().await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    for n in 0..250 {
        world.deliver(&connection, json!({ "n": n })).await;
    }
    let retry = async |query: Value| {
        let job = api
            .ok("POST", "/bulk/events/retry", json!({ "query": query }))
            .await;
        world.settle().await;
        format!("/bulk/events/retry/{}", id(&job))
    };
    let path = retry(json!({ "webhook_id": id(&connection) })).await;
    let done = async |path: &str| {
        let job = api.get(path).await.json();
        let counts = ["processed_batch", "completed_count"].map(|name| job[name].as_i64().unwrap());
        (
            counts,
            job["in_progress"].as_bool().unwrap(),
            job["progress"].as_f64().unwrap(),
        )
    };
    assert_eq!(done(&path).await, ([1, 100], true, 0.4));
    world.advance(seconds(1)).await;
    assert_eq!(done(&path).await, ([2, 200], true, 0.8));
    world.advance(seconds(60)).await;
    assert_eq!(done(&path).await, ([3, 250], false, 1.0));
    assert_eq!(api.models("/events?attempts=2&limit=255").await.len(), 250);

    let path = retry(json!({ "webhook_id": id(&connection), "attempts": 2 })).await;
    let cancelled = api.ok("POST", &format!("{path}/cancel"), json!({})).await;
    assert_eq!(cancelled["in_progress"], false);
    assert!(cancelled["cancelled_at"].is_string() && cancelled["completed_at"].is_null());
    world.advance(seconds(60)).await;
    assert_eq!(done(&path).await, ([1, 100], false, 0.4));
    assert_eq!(api.models("/events?attempts=3&limit=255").await.len(), 100);
    // It stays as it is, whoever cancels it again.
    let again = api.ok("POST", &format!("{path}/cancel"), json!({})).await;
    assert_eq!(again["cancelled_at"], cancelled["cancelled_at"]);
}

#[tokio::test]
async fn a_job_goes_on_after_a_restart_where_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let builder = Gateway::builder()
        .manual_clock("2026-09-01T12:00:00Z".parse().unwrap())
        .rate_limit(RateLimit::off())
        .data_dir(dir.path());
    let world = World::of(builder.clone()).await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    for n in 0..101 {
        world.deliver(&connection, json!({ "n": n })).await;
    }
    let query = json!({ "query": { "webhook_id": id(&connection) } });
    let job = api.ok("POST", "/bulk/events/retry", query).await;
    world.settle().await;
    let key = world.gateway.api_key().to_owned();
    world.gateway.shutdown().await;

    let world = World::of(builder.api_key(key)).await;
    let api = &world.api;
    world.settle().await;
    assert_eq!(api.models("/events?attempts=2&limit=255").await.len(), 100);
    world.advance(seconds(1)).await;
    let job = api
        .get(&format!("/bulk/events/retry/{}", id(&job)))
        .await
        .json();
    assert_eq!(job["completed_count"], 101);
    assert_eq!(api.models("/events?attempts=2&limit=255").await.len(), 101);
}

#[tokio::test]
async fn duplicates_are_retried_by_their_cause() {
    let world = start().await;
    let api = &world.api;
    let rule = json!([{ "type": "deduplicate", "window": 60_000, "include_fields": ["body.id"] }]);
    let connection = world.connect("once").rules(rule).json().await;
    world.deliver(&connection, json!({ "id": 1 })).await;
    let copy = world.deliver(&connection, json!({ "id": 1 })).await;
    assert_eq!(world.receiver.deliveries().len(), 1);
    let query = json!({ "cause": "DUPLICATE", "webhook_id": id(&connection) });
    let plan = format!(
        "/bulk/ignored-events/retry/plan?query[cause]=DUPLICATE&query[webhook_id]={}",
        id(&connection)
    );
    assert_eq!(api.get(&plan).await.json()["estimated_count"], 1);
    let job = json!({ "query": query });
    api.ok("POST", "/bulk/ignored-events/retry", job).await;
    world.settle().await;
    assert_eq!(world.receiver.deliveries().len(), 2);
    let ignored = format!("/requests/{copy}/ignored_events");
    assert!(api.models(&ignored).await.is_empty());
}

#[tokio::test]
async fn a_cancel_takes_what_still_waits() {
    let world = start().await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    world.deliver(&connection, json!({ "n": 1 })).await;
    api.ok(
        "PUT",
        &format!("/connections/{}/pause", id(&connection)),
        json!({}),
    )
    .await;
    world.deliver(&connection, json!({ "n": 2 })).await;
    let query = json!({ "query": { "webhook_id": id(&connection) } });
    let job = api.ok("POST", "/bulk/events/cancel", query).await;
    assert_eq!(
        (&job["type"], &job["estimated_count"]),
        (&json!("events.cancel"), &json!(1))
    );
    world.settle().await;
    assert_eq!(api.models("/events?status=CANCELLED").await.len(), 1);
    assert_eq!(api.models("/events?status=SUCCESSFUL").await.len(), 1);
}

#[tokio::test]
async fn requests_are_retried_and_replayed() {
    let world = start().await;
    let api = &world.api;
    let source = api.source("s").await;
    let url = source["url"].as_str().unwrap();
    let connect = json!({
        "name": "c",
        "source_id": id(&source),
        "destination": { "name": "d", "type": "MOCK_API" },
        "rules": [{ "type": "filter", "body": { "n": 1 } }],
    });
    let connection = api.ok("POST", "/connections", connect).await;
    for n in 0..3 {
        world.deliver(&connection, json!({ "n": n })).await;
    }
    assert_eq!(api.models("/events").await.len(), 1);
    let path = format!("/connections/{}", id(&connection));
    api.ok("PUT", &path, json!({ "rules": [] })).await;

    // Two of the three have ignored events; the third cannot be retried and counts as failed.
    let query = json!({ "query": { "source_id": id(&source) } });
    let job = api.ok("POST", "/bulk/requests/retry", query).await;
    world.settle().await;
    let job = api
        .get(&format!("/bulk/requests/retry/{}", id(&job)))
        .await
        .json();
    assert_eq!(
        (&job["completed_count"], &job["failed_count"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(job["progress"], 1.0);
    assert_eq!(api.models("/events?status=SUCCESSFUL").await.len(), 3);

    let target = json!({ "webhook_ids": [id(&connection)] });
    let query =
        json!({ "query": { "source_id": id(&source), "body": { "n": 2 }, "target": target } });
    let job = api.ok("POST", "/bulk/requests/replay", query).await;
    assert_eq!(job["estimated_count"], 1);
    world.settle().await;
    let replayed = api
        .models(&format!("/requests?bulk_retry_id={}", id(&job)))
        .await;
    let new: Vec<_> = replayed
        .iter()
        .filter(|request| request["ignored_count"] == 0)
        .collect();
    assert_eq!((replayed.len(), new.len()), (1, 1));
    assert_eq!(api.models("/requests").await.len(), 4);
    assert_eq!(api.models("/events").await.len(), 4);
    assert!(url.starts_with("http"));
}

#[tokio::test]
async fn ignored_events_are_retried_by_cause() {
    let world = start().await;
    let api = &world.api;
    let filter = json!([{ "type": "filter", "body": { "n": 1 } }]);
    let connection = api.connect("c").rules(filter).json().await;
    world.deliver(&connection, json!({ "n": 2 })).await;
    let path = format!("/connections/{}", id(&connection));
    api.ok("PUT", &path, json!({ "rules": [] })).await;
    for (cause, count) in [("DISABLED", 0), ("FILTERED", 1)] {
        let plan = format!("/bulk/ignored-events/retry/plan?query[cause]={cause}");
        assert_eq!(
            api.get(&plan).await.json()["estimated_count"],
            count,
            "{cause}"
        );
    }
    let job = json!({ "query": { "cause": "FILTERED" } });
    let job = api.ok("POST", "/bulk/ignored-events/retry", job).await;
    world.settle().await;
    assert_eq!(api.models("/events?status=SUCCESSFUL").await.len(), 1);

    let wanted = |query: &str| format!("/bulk/ignored-events/retry?{query}");
    for (query, found) in [
        ("query[cause]=FILTERED", true),
        ("query[cause]=DISABLED", false),
        ("in_progress=false", true),
        ("in_progress=true", false),
        ("completed_at[any]=true", true),
        ("cancelled_at[any]=true", false),
    ] {
        let jobs = api.models(&wanted(query)).await;
        assert_eq!(!jobs.is_empty(), found, "{query}");
    }
    assert!(api.models("/bulk/events/retry").await.is_empty());
    let wrong = api.get(&format!("/bulk/events/retry/{}", id(&job))).await;
    assert_eq!(wrong.status, 404);
}

#[tokio::test]
async fn a_list_finds_jobs_by_a_part_of_their_query() {
    let world = start().await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    world.deliver(&connection, json!({})).await;
    let connection = id(&connection);
    let query = json!({ "query": { "status": "SUCCESSFUL", "webhook_id": connection } });
    api.ok("POST", "/bulk/events/retry", query).await;
    let whole = format!("query[webhook_id]={connection}&query[status]=SUCCESSFUL");
    let text = format!(r#"query={{"webhook_id":"{connection}","status":"SUCCESSFUL"}}"#);
    for (query, found) in [
        ("query[status]=SUCCESSFUL", false),
        ("query[status]=SUCCESSFUL&query_partial_match=true", true),
        (
            r#"query={"status":"SUCCESSFUL"}&query_partial_match=true"#,
            true,
        ),
        ("query[status]=QUEUED&query_partial_match=true", false),
        (whole.as_str(), true),
        (text.as_str(), true),
    ] {
        let jobs = api.models(&format!("/bulk/events/retry?{query}")).await;
        assert_eq!(!jobs.is_empty(), found, "{query}");
    }
}
