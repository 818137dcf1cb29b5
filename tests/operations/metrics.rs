//! Metrics: what is asked, what is refused, and the points that come back.

use hookdeck::ErrorKind;
use hookdeck::models::{
    EventMetricsDimension, EventMetricsFilter, EventMetricsMeasure, EventStatus,
    IssueEventMetricsFilter, IssueId,
};
use hookdeck::resources::Granularity;
use hookdeck::types::Timestamp;

use crate::record::Recorder;

const REPLY: &str = r#"{
    "data": [
        {"time_bucket": "2026-11-01T00:00:00Z", "dimensions": {"status": "FAILED", "attempts": 2},
         "metrics": {"count": 12, "error_rate": 0.5}},
        {"time_bucket": "2026-11-01 01:00:00", "dimensions": {"status": null}, "metrics": {}},
        {"time_bucket": "yesterday"},
        {"time_bucket": null, "metrics": {"count": 1}}
    ],
    "metadata": {"granularity": "1h", "query_time_ms": 7, "row_count": 4, "row_limit": 1000,
                 "truncated": false}
}"#;

fn time(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

fn period() -> std::ops::Range<Timestamp> {
    time("2026-11-01")..time("2026-11-02")
}

#[tokio::test]
async fn operations_of_metrics_write_everything_in_brackets() {
    let recorder = Recorder::answering(REPLY);
    recorder
        .client()
        .metrics()
        .events(
            period(),
            [EventMetricsMeasure::Count, EventMetricsMeasure::ErrorRate],
        )
        .granularity(Granularity::minutes(15))
        .dimensions([EventMetricsDimension::Status])
        .filter(
            &EventMetricsFilter::new()
                .webhook_id("web_1")
                .status([EventStatus::Failed]),
        )
        .filter(&EventMetricsFilter::new().source_id("src_1"))
        .await
        .expect("metrics");
    let sent = recorder.only();
    assert_eq!(sent.path, "/metrics/events");
    assert_eq!(
        sent.query,
        "date_range[start]=2026-11-01T00:00:00.000Z&date_range[end]=2026-11-02T00:00:00.000Z\
         &measures[]=count&measures[]=error_rate&granularity=15m&dimensions[]=status\
         &filters[webhook_id]=web_1&filters[status][]=FAILED&filters[source_id]=src_1"
    );
}

#[tokio::test]
async fn issues_stay_asked_for_whatever_else_is_filtered() {
    let recorder = Recorder::answering(REPLY);
    let metrics = recorder.client().metrics();
    let call = metrics.events_by_issue(["iss_1"], period());
    let filter = IssueEventMetricsFilter::new().source_id("src_1");
    call.filter(&filter).await.expect("metrics");
    let query = recorder.only().query;
    assert!(
        query.ends_with("measures[]=count&filters[issue_id][]=iss_1&filters[source_id]=src_1"),
        "{query}"
    );
}

#[tokio::test]
async fn points_are_read_by_measure_dimension_and_time() {
    let recorder = Recorder::answering(REPLY);
    let metrics = recorder.client().metrics();
    let reply = metrics
        .events(period(), [EventMetricsMeasure::Count])
        .await
        .expect("metrics");
    let [first, second, third, last] = reply.points() else {
        panic!("four points: {reply:?}");
    };
    assert_eq!(first.value(EventMetricsMeasure::Count), Some(12.0));
    assert_eq!(first.value(EventMetricsMeasure::ErrorRate), Some(0.5));
    assert_eq!(first.value(EventMetricsMeasure::AvgAttempts), None);
    let status = first
        .dimension(EventMetricsDimension::Status)
        .expect("a status");
    assert_eq!(
        status.parse::<EventStatus>().expect("text"),
        EventStatus::Failed
    );
    let attempts = first
        .dimension(EventMetricsDimension::Attempts)
        .expect("a number");
    assert_eq!(attempts.parse::<u32>().expect("a number"), 2);
    assert_eq!(first.time(), Some(time("2026-11-01T00:00:00Z")));

    assert_eq!(second.time(), Some(time("2026-11-01T01:00:00Z")));
    assert!(
        second
            .dimension(EventMetricsDimension::Status)
            .expect("there")
            .is_null()
    );
    assert_eq!(third.time(), None);
    assert_eq!(third.time_bucket.as_deref(), Some("yesterday"));
    assert_eq!((last.time(), last.value("count")), (None, Some(1.0)));
    assert_eq!(reply.metadata.expect("metadata").query_time_ms, Some(7));
}

#[tokio::test]
async fn empty_periods_and_empty_questions_are_refused_before_they_are_sent() {
    let recorder = Recorder::answering(REPLY);
    let metrics = recorder.client().metrics();
    let backwards = period().end..period().start;
    for (call, word) in [
        (
            metrics.events(backwards, [EventMetricsMeasure::Count]),
            "period",
        ),
        (metrics.events(period(), []), "measure"),
        (
            metrics
                .events(period(), [EventMetricsMeasure::Count])
                .granularity(Granularity::hours(0)),
            "granularity",
        ),
    ] {
        let error = call.await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(word), "{error}");
    }
    let error = metrics
        .events_by_issue(<[IssueId; 0]>::default(), period())
        .await;
    let error = error.expect_err("refused");
    assert!(error.to_string().contains("issue"), "{error}");
    assert!(recorder.sent().is_empty());
}

#[test]
fn sizes_of_buckets_are_written_as_number_and_unit() {
    let written = [
        Granularity::seconds(30),
        Granularity::minutes(5),
        Granularity::hours(1),
        Granularity::days(7),
        Granularity::weeks(2),
        Granularity::months(3),
    ]
    .map(|granularity| granularity.to_string());
    assert_eq!(written, ["30s", "5m", "1h", "7d", "2w", "3M"]);
}
