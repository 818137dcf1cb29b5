//! Bulk jobs: how their queries are written, and which are refused.

use hookdeck::models::{
    EventFilter, EventStatus, IgnoredCause, IgnoredEventRetryFilter, ReplayTarget, RequestFilter,
    RequestReplayFilter,
};
use hookdeck::query::at_least;
use hookdeck::types::Json;
use hookdeck::{Error, ErrorKind};
use serde_json::json;

use crate::record::Recorder;

const JOB: &str = r#"{
    "id": "bch_1", "team_id": "tm_1", "type": "events.retry", "query": {"status": "FAILED"},
    "estimated_batch": 1, "estimated_count": 10, "processed_batch": 0, "completed_count": 0,
    "failed_count": null, "number": 1, "in_progress": true, "progress": 0.25,
    "completed_at": null, "cancelled_at": null,
    "created_at": "2026-11-01T00:00:00.000Z", "updated_at": "2026-11-01T00:00:00.000Z"
}"#;

fn filter() -> EventFilter {
    EventFilter::new()
        .status([EventStatus::Failed, EventStatus::Hold])
        .attempts(at_least(3_u32))
        .body(Json::new(&json!({"order": 7})))
}

#[tokio::test]
async fn operations_in_bulk_take_the_filter_of_the_list_as_json() {
    let recorder = Recorder::answering(JOB);
    let job = recorder
        .client()
        .bulk()
        .event_retries()
        .create(filter())
        .await
        .expect("a job");
    assert_eq!(job.id, "bch_1");
    assert_eq!((job.in_progress, job.progress), (true, Some(0.25)));
    let query = json!({
        "status": ["FAILED", "HOLD"], "attempts": {"gte": 3}, "body": {"order": 7},
    });
    assert_eq!(recorder.only().body, Some(json!({ "query": query })));
}

#[tokio::test]
async fn plans_of_operations_in_bulk_take_the_same_filter_in_brackets() {
    let recorder =
        Recorder::answering(r#"{"estimated_batch": 1, "estimated_count": 10, "progress": 0}"#);
    let plan = recorder
        .client()
        .bulk()
        .event_retries()
        .plan(&filter())
        .await
        .expect("a plan");
    assert_eq!(plan.estimated_count, Some(10));
    let sent = recorder.only();
    assert_eq!(sent.path, "/bulk/events/retry/plan");
    assert_eq!(
        sent.query,
        "query[status][]=FAILED&query[status][]=HOLD&query[attempts][gte]=3\
         &query[body]=%7B%22order%22:7%7D"
    );
}

#[tokio::test]
async fn a_replay_has_the_conditions_of_the_list_and_a_target() {
    let recorder = Recorder::answering(JOB);
    let target = ReplayTarget::new().webhook_ids(["web_1"]);
    let query = RequestFilter::new()
        .source_id("src_1")
        .verified(true)
        .replayed_to(target);
    recorder
        .client()
        .bulk()
        .request_replays()
        .create(query)
        .await
        .expect("a job");
    let query = json!({
        "source_id": "src_1", "verified": true, "target": {"webhook_ids": ["web_1"]},
    });
    assert_eq!(recorder.only().body, Some(json!({ "query": query })));
}

#[tokio::test]
async fn ignored_events_are_retried_by_cause() {
    let recorder = Recorder::answering(JOB);
    let bulk = recorder.client().bulk();
    bulk.ignored_event_retries()
        .create(IgnoredCause::Disabled)
        .await
        .expect("a job");
    let body = recorder.only().body;
    assert_eq!(body, Some(json!({"query": {"cause": "DISABLED"}})));
}

#[tokio::test]
async fn what_would_do_too_much_is_refused_before_it_is_sent() {
    let recorder = Recorder::answering(JOB);
    let bulk = recorder.client().bulk();
    let refused = |result: Result<_, Error>, word: &str| {
        let error = result
            .map(|_: hookdeck::models::BulkOperation| ())
            .expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(word), "{error}");
    };
    refused(
        bulk.event_retries().create(EventFilter::new()).await,
        "empty",
    );
    refused(
        bulk.event_cancels().create(EventFilter::new()).await,
        "empty",
    );
    refused(
        bulk.request_retries().create(RequestFilter::new()).await,
        "empty",
    );
    let nowhere = RequestReplayFilter::new().source_id("src_1");
    refused(bulk.request_replays().create(nowhere).await, "target");
    let whatever = IgnoredEventRetryFilter::new().webhook_id("web_1");
    refused(bulk.ignored_event_retries().create(whatever).await, "cause");
    assert!(recorder.sent().is_empty());
}
