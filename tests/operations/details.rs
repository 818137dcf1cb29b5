//! What single methods do beyond sending their arguments, and replies that are unlike the others.

use hookdeck::ErrorKind;
use hookdeck::models::{
    IssueFilter, IssueStatus, IssueTriggerConfigs, IssueTriggerStrategy, IssueType, LogLevel,
    RejectionCause,
};
use hookdeck::resources::OldSecret;
use serde_json::{Value, json};

use crate::record::Recorder;

#[test]
fn settings_of_triggers_have_the_shape_of_their_type() {
    let written = |configs: IssueTriggerConfigs| -> Value {
        serde_json::to_value(configs).expect("configs encode")
    };
    assert_eq!(
        written(IssueTriggerConfigs::delivery(
            IssueTriggerStrategy::FirstAttempt,
            "pay-*"
        )),
        json!({"strategy": "first_attempt", "connections": "pay-*"})
    );
    assert_eq!(
        written(IssueTriggerConfigs::transformation(
            LogLevel::Error,
            ["trs_1"]
        )),
        json!({"log_level": "error", "transformations": ["trs_1"]})
    );
    assert_eq!(
        written(IssueTriggerConfigs::backpressure(60_000, "*")),
        json!({"delay": 60_000, "destinations": "*"})
    );
    assert_eq!(
        written(IssueTriggerConfigs::request("*")),
        json!({"rejection_causes": "*", "sources": "*"})
    );
    // One cause is a list too: a bare one is not allowed here.
    assert_eq!(
        written(IssueTriggerConfigs::request_for(
            [RejectionCause::UnparsableJson],
            "*"
        )),
        json!({"rejection_causes": ["UNPARSABLE_JSON"], "sources": "*"})
    );
}

#[tokio::test]
async fn nowhere_to_announce_is_null() {
    let recorder = Recorder::answering(
        r#"{"id": "it_1", "type": "delivery", "configs": {}, "channels": null, "team_id": "tm_1",
            "created_at": "2026-11-01T00:00:00Z", "updated_at": "2026-11-01T00:00:00Z"}"#,
    );
    let triggers = recorder.client().issue_triggers();
    let trigger = triggers
        .create(IssueType::Delivery, None)
        .await
        .expect("a trigger");
    assert_eq!(trigger.channels, None);
    assert_eq!(
        recorder.only().body,
        Some(json!({"type": "delivery", "channels": null}))
    );
}

#[tokio::test]
async fn old_secrets_last_as_long_as_the_api_allows() {
    for (old_secret, seconds) in [
        (OldSecret::EndsNow, 0),
        (OldSecret::LastsAnHour, 3_600),
        (OldSecret::LastsADay, 86_400),
    ] {
        let recorder = Recorder::answering(r#"{"id": "key_1", "label": "l", "key": "new-secret"}"#);
        let key = recorder
            .client()
            .api_keys()
            .roll("key_1", old_secret)
            .await
            .expect("a key");
        assert!(!format!("{key:?}").contains("new-secret"), "{key:?}");
        assert_eq!(recorder.only().body, Some(json!({ "delay_sec": seconds })));
    }
}

#[tokio::test]
async fn custom_domains_stay_below_their_project() {
    let recorder = Recorder::answering(r#"{"id": "x"}"#);
    let domains = recorder.client().custom_domains("tm/../1");
    domains.delete("a/b").await.expect("deleted");
    assert_eq!(
        recorder.only().path,
        "/projects/tm%2F..%2F1/custom_domains/a%2Fb"
    );
    let error = recorder
        .client()
        .custom_domains("")
        .list()
        .await
        .expect_err("no project");
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn issues_are_counted_by_the_filter_of_their_list() {
    let recorder = Recorder::answering(r#"{"count": 3}"#);
    let open = IssueFilter::new()
        .status([IssueStatus::Opened])
        .kind(IssueType::Request);
    let issues = recorder.client().issues();
    assert_eq!(issues.count().filter(&open).await.expect("a count"), 3);
    let sent = recorder.only();
    assert_eq!(sent.path, "/issues/count");
    assert_eq!(sent.query, "status[]=OPENED&type=request");
}

#[tokio::test]
async fn an_issue_is_read_whatever_its_type() {
    let recorder = Recorder::answering(
        r##"{
            "id": "iss_1", "team_id": "tm_1", "type": "backpressure", "status": "OPENED",
            "opened_at": "2026-11-01T00:00:00.000Z", "first_seen_at": "2026-11-01T00:00:00.000Z",
            "last_seen_at": "2026-11-01T00:00:00.000Z", "last_updated_by": null,
            "aggregation_keys": {"destination_id": ["des_1"], "delay": [60000]},
            "reference": {"destination_id": "des_1", "delivery_groups": ["a", null],
                          "triggered_by": {"type": "delivery_group", "delivery_group": null}},
            "created_at": "2026-11-01T00:00:00.000Z", "updated_at": "2026-11-01T00:00:00.000Z",
            "issue_trigger_id": "it_1"
        }"##,
    );
    let issue = recorder
        .client()
        .issues()
        .get("iss_1")
        .await
        .expect("an issue");
    assert_eq!(issue.kind, IssueType::Backpressure);
    assert_eq!(issue.aggregation_keys.delay, Some(vec![60_000]));
    assert_eq!(issue.reference.destination_id.expect("there"), "des_1");
    assert_eq!(issue.issue_trigger_id.expect("there"), "it_1");
}

#[tokio::test]
async fn live_integrations_hold_whole_sources() {
    let recorder = Recorder::answering(
        r#"{
            "id": "int_1", "team_id": "tm_1", "label": "shop", "provider": "PUBLISH_API",
            "features": ["VERIFICATION"], "configs": {"webhook_secret_key": "whsec_1"},
            "sources": [{"id": "src_1", "name": "shop"}],
            "created_at": "2026-11-01T00:00:00.000Z", "updated_at": "2026-11-01T00:00:00.000Z"
        }"#,
    );
    let integration = recorder
        .client()
        .integrations()
        .get("int_1")
        .await
        .expect("read");
    assert_eq!(integration.provider, "PUBLISH_API");
    assert_eq!(integration.sources[0].to_value()["id"], "src_1");
    assert!(!format!("{integration:?}").contains("whsec_1"));
}

#[tokio::test]
async fn triggered_bookmarks_and_detached_integrations_have_replies_of_their_own() {
    let recorder = Recorder::answering("[]");
    let events = recorder
        .client()
        .bookmarks()
        .trigger("bmk_1")
        .await
        .expect("a bare list");
    assert!(events.is_empty());
    let recorder = Recorder::answering("{}");
    recorder
        .client()
        .integrations()
        .detach("int_1", "src_1")
        .await
        .expect("nothing to say");
}

#[tokio::test]
async fn a_run_that_throws_is_no_failure_of_the_call() {
    let recorder = Recorder::answering(
        r#"{"log_level": "fatal", "console": [{"type": "error", "message": "ReferenceError: x"}],
            "transformation_run_time": {"start": 1, "end": 2}}"#,
    );
    let run = recorder
        .client()
        .transformations()
        .run()
        .code("x")
        .await
        .expect("a run");
    assert_eq!(run.log_level, LogLevel::Fatal);
    assert!(run.request.is_none());
    assert_eq!(run.console.expect("lines")[0].message, "ReferenceError: x");
}
