//! Handles of bulk jobs, in paused time.

mod support;

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use hookdeck::models::{EventFilter, EventStatus, IgnoredCause};
use hookdeck::resources::{BulkJob, BulkProgress, EventRetries, Progress};
use hookdeck::{ErrorKind, RateLimit};
use serde_json::{Value, json};
use support::{Script, Step, builder, client, reply};

/// A job of four events that has done so many.
fn job(done: u64, in_progress: bool) -> Value {
    json!({
        "id": "bch_1",
        "team_id": "tm_1",
        "type": "events.retry",
        "query": {"status": "FAILED"},
        "estimated_count": 4,
        "completed_count": done,
        "failed_count": null,
        "in_progress": in_progress,
        "progress": done as f64 / 4.0,
        "created_at": "2026-09-01T00:00:00.000Z",
        "updated_at": "2026-09-01T00:00:00.000Z"
    })
}

fn running(done: u64) -> Value {
    job(done, true)
}

fn failed() -> EventFilter {
    EventFilter::new().status(EventStatus::Failed)
}

async fn start(script: &Script) -> BulkJob<EventRetries> {
    let retries = client(script).bulk().event_retries();
    retries.start(failed()).await.expect("the job starts")
}

#[tokio::test(start_paused = true)]
async fn progress_begins_with_what_is_known_and_ends_with_the_job() {
    let script = Script::new([running(0), running(1), running(3), job(4, false)]);
    let job = start(&script).await;
    assert_eq!(job.id(), "bch_1");
    assert!(job.state().in_progress);
    let seen: Vec<BulkProgress> = job.progress().try_collect().await.unwrap();

    let fractions: Vec<f64> = seen.iter().map(|now| now.fraction).collect();
    assert_eq!(fractions, [0.0, 0.25, 0.75, 1.0]);
    let ended: Vec<bool> = seen.iter().map(|now| now.ended).collect();
    assert_eq!(ended, [false, false, false, true]);
    let last = seen.last().unwrap();
    assert_eq!(
        (last.completed, last.failed, last.estimated),
        (4, 0, Some(4))
    );

    let requests = script.seen();
    assert_eq!(requests[0].method, "POST");
    assert!(requests[0].path.ends_with("/bulk/events/retry"));
    let body: Value = serde_json::from_slice(&requests[0].body).unwrap();
    assert_eq!(body, json!({"query": {"status": "FAILED"}}));
    for asked in &requests[1..] {
        assert_eq!(asked.method, "GET");
        assert!(asked.path.ends_with("/bulk/events/retry/bch_1"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_pauses_grow_from_one_to_fifteen_seconds() {
    let steps: Vec<Value> = (0..8).map(|_| running(1)).chain([job(4, false)]).collect();
    let script = Script::new(steps);
    start(&script).await.wait().await.unwrap();
    let seconds: Vec<u64> = script.pauses().iter().map(Duration::as_secs).collect();
    assert_eq!(seconds, [1, 2, 4, 8, 15, 15, 15, 15]);
}

#[tokio::test(start_paused = true)]
async fn the_pauses_can_be_set() {
    let script = Script::new([running(0), running(1), running(2), job(4, false)]);
    let progress = start(&script).await.progress();
    let every = progress.every(Duration::from_secs(30));
    assert_eq!(every.count().await, 4);
    assert_eq!(script.pauses(), [Duration::from_secs(30); 3]);
}

#[tokio::test(start_paused = true)]
async fn asking_keeps_to_the_quota() {
    let script = Script::new([running(0), running(1), job(4, false)]);
    let client = builder(&script)
        .rate_limit(RateLimit::per_minute(1))
        .build()
        .unwrap();
    let job = client.bulk().event_retries().start(failed()).await.unwrap();
    job.wait().await.unwrap();
    for pause in script.pauses() {
        assert!(pause >= Duration::from_secs(50), "{pause:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_returns_the_last_state() {
    let script = Script::new([running(0), running(2), job(4, false)]);
    let done = start(&script).await.wait().await.unwrap();
    assert!(!done.in_progress);
    assert_eq!(done.completed_count, Some(4));
    assert_eq!(script.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_has_ended_is_not_asked_for_again() {
    let script = Script::new([job(4, false)]);
    let retries = client(&script).bulk().event_retries();
    let job = retries.attach("bch_1").await.unwrap();
    assert_eq!(job.wait().await.unwrap().completed_count, Some(4));
    assert_eq!(job.progress().count().await, 1);
    assert_eq!(script.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_handle_can_be_refreshed_and_the_job_cancelled() {
    let mut cancelled = job(2, false);
    cancelled["cancelled_at"] = json!("2026-09-01T00:01:00.000Z");
    let script = Script::new([running(0), running(2), cancelled.clone(), cancelled]);
    let mut job = start(&script).await;
    assert_eq!(job.refresh().await.unwrap().completed_count, Some(2));
    assert!(job.cancel().await.unwrap().cancelled_at.is_some());
    let done = job.wait().await.unwrap();
    assert!(done.cancelled_at.is_some());
    let cancel = &script.seen()[2];
    assert_eq!(cancel.method, "POST");
    assert!(cancel.path.ends_with("/bulk/events/retry/bch_1/cancel"));
}

#[tokio::test(start_paused = true)]
async fn an_error_ends_the_stream_but_not_the_job() {
    let script = Script::new([
        Step::from(running(0)),
        reply(404, &[], r#"{"message": "gone"}"#).into(),
        running(3).into(),
        job(4, false).into(),
    ]);
    let handle = start(&script).await;
    let mut progress = handle.progress();
    assert!(progress.try_next().await.unwrap().is_some());
    assert!(progress.try_next().await.unwrap_err().is_not_found());
    assert!(progress.try_next().await.unwrap().is_none());
    assert!(handle.wait().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn giving_up_on_the_next_item_loses_nothing() {
    let script = Script::new([
        Step::from(running(0)),
        Step::from(running(2)).after(Duration::from_secs(5)),
        job(4, false).into(),
    ]);
    let job = start(&script).await;
    let mut progress = job.progress();
    progress.try_next().await.unwrap();
    for _ in 0..5 {
        let soon = tokio::time::timeout(Duration::from_secs(1), progress.try_next()).await;
        assert!(
            soon.is_err(),
            "the answer takes a second of pause and five of its own"
        );
    }
    let now = progress.try_next().await.unwrap().expect("the job goes on");
    assert_eq!(now.completed, 2);
    assert_eq!(script.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_empty_query_starts_nothing() {
    let script = Script::new([] as [Step; 0]);
    let bulk = client(&script).bulk();
    let error = bulk
        .event_retries()
        .start(EventFilter::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let no_sources: [&str; 0] = [];
    let of_none = EventFilter::new()
        .status(EventStatus::Failed)
        .source_id(no_sources);
    let error = bulk.event_retries().start(of_none).await.unwrap_err();
    assert!(
        error.to_string().contains("`source_id` is given no value"),
        "{error}"
    );
    let causes: [IgnoredCause; 0] = [];
    let none = bulk.ignored_event_retries().start(causes).await;
    assert_eq!(none.unwrap_err().kind(), ErrorKind::Invalid);
}

#[test]
fn where_the_api_says_no_share_the_counts_do() {
    let progress = |mut state: Value, share: Value| {
        state["progress"] = share;
        let state: hookdeck::models::BulkOperation = serde_json::from_value(state).unwrap();
        BulkProgress::from(state).fraction
    };
    assert_eq!(progress(running(1), Value::Null), 0.25);
    assert_eq!(
        progress(running(9), Value::Null),
        1.0,
        "the estimate was low"
    );
    assert_eq!(progress(running(1), json!(-1)), 0.0);
    let mut unknown = running(0);
    unknown["estimated_count"] = Value::Null;
    assert_eq!(progress(unknown.clone(), Value::Null), 0.0);
    unknown["completed_at"] = json!("2026-09-01T00:01:00.000Z");
    assert_eq!(progress(unknown, Value::Null), 1.0);
}

#[test]
fn handles_and_streams_can_go_anywhere() {
    fn anywhere<T: Send + Unpin + 'static>() {}
    anywhere::<Progress>();
    anywhere::<BulkJob<EventRetries>>();
}
