//! Deliveries of what the API does not let through, and with a store that fails; the rest of deliveries
//! is in `tests/delivery`.

use std::time::Duration;

use hookdeck_testkit::{Receiver, Webhook};
use serde_json::{Value, json};

use super::harness::{api, at, execute, manual, project, row};

/// Delivers one event after a change of the store, and answers the attempt's status and error code.
async fn attempt(receiver: &Receiver, change: &str) -> (Value, Value) {
    let gateway = manual().start().await.unwrap();
    let api = api(&gateway);
    let connection = api.connect("shop").to(receiver).await;
    execute(&gateway, change).await;
    Webhook::to(&connection).json("{}").taken().await;
    gateway.settle().await.unwrap();
    let attempt = api.models("/attempts").await.remove(0);
    (
        attempt["response_status"].clone(),
        attempt["error_code"].clone(),
    )
}

#[tokio::test]
async fn authentication_that_is_not_known_fails_the_attempt_and_sends_nothing() {
    let receiver = Receiver::start().await;
    let unknown = "UPDATE destinations SET config = json_set(config, '$.auth_type', 'MTLS')";
    let attempt = attempt(&receiver, unknown).await;
    assert_eq!(attempt, (Value::Null, json!("INTERNAL_ERROR")));
    assert!(receiver.deliveries().is_empty());
}

#[tokio::test]
async fn a_destination_without_a_url_has_nowhere_to_be_sent_to() {
    let receiver = Receiver::start().await;
    let nowhere = "UPDATE destinations SET config = '{}'";
    let attempt = attempt(&receiver, nowhere).await;
    assert_eq!(attempt, (Value::Null, json!("MISSING_URL")));
}

#[tokio::test]
async fn a_rule_that_cannot_be_understood_refuses_the_webhook_by_name() {
    let gateway = manual().start().await.unwrap();
    let connection = api(&gateway).connect("shop").await;
    let rules = r#"UPDATE connections SET rules = '[{"type":"alert"}]'"#;
    execute(&gateway, rules).await;
    let reply = Webhook::to(&connection).json("{}").send().await;
    assert_eq!(reply.status, 501);
    assert!(reply.text.contains("alert"), "{}", reply.text);
    let events = row(&gateway, "SELECT count(*) FROM events").await;
    assert_eq!(events, [json!(0)]);
}

/// The API cancels what is owed when it disables a destination.
#[tokio::test]
async fn a_ready_event_of_a_disabled_destination_is_cancelled_instead_of_delivered() {
    let receiver = Receiver::start().await;
    let gateway = manual().start().await.unwrap();
    let api = api(&gateway);
    let rules = json!([{"type": "delay", "delay": 1_000}]);
    let connection = api.connect("shop").to(&receiver).rules(rules).await;
    Webhook::to(&connection).json("{}").taken().await;
    execute(&gateway, "UPDATE destinations SET disabled_at = 1").await;
    gateway.advance(Duration::from_secs(1)).await.unwrap();
    assert_eq!(api.models("/events").await[0]["status"], "CANCELLED");
    assert!(receiver.deliveries().is_empty());
}

#[tokio::test]
async fn deliveries_go_on_by_themselves_after_a_failure_of_the_store() {
    let receiver = Receiver::start().await;
    let gateway = crate::Gateway::start().await.unwrap();
    let connection = api(&gateway).connect("shop").to(&receiver).await;
    execute(
        &gateway,
        "CREATE TRIGGER broken BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'full'); END",
    )
    .await;
    Webhook::to(&connection).json("{}").taken().await;
    let failed = gateway.settle().await;
    assert!(
        matches!(failed, Err(crate::EngineError::Store(_))),
        "{failed:?}"
    );
    execute(&gateway, "DROP TRIGGER broken").await;

    // Nothing wakes the dispatcher from here on.
    let delivered = async {
        while row(&gateway, "SELECT status FROM events").await[0] != "SUCCESSFUL" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), delivered)
        .await
        .expect("the delivery is stuck");
}

/// Whatever of the recording fails, nothing of it is there, and the attempt is owed as before.
#[tokio::test]
async fn an_attempt_its_issue_and_the_next_due_time_are_one_commit() {
    const EVENT: &str = "SELECT status, attempts, due_at, next_attempt_at FROM events";
    const STORED: &str = "SELECT (SELECT count(*) FROM attempts), (SELECT count(*) FROM issues)";
    for point in [
        "BEFORE INSERT ON attempts",
        "BEFORE UPDATE ON events",
        "BEFORE INSERT ON issues",
        "BEFORE INSERT ON issue_events",
    ] {
        let receiver = Receiver::answering(500).await;
        let gateway = manual().start().await.unwrap();
        let rules =
            json!([{"type": "retry", "strategy": "linear", "interval": 30_000, "count": 1}]);
        let api = api(&gateway);
        let connection = api.connect("shop").to(&receiver).rules(rules).await;
        // So that the first failure has an issue.
        let broken = format!(
            "UPDATE issue_triggers SET configs = json_set(configs, '$.strategy', 'first_attempt') WHERE type = 'delivery';
             CREATE TRIGGER broken {point} BEGIN SELECT RAISE(ABORT, 'full'); END"
        );
        execute(&gateway, &broken).await;
        Webhook::to(&connection).json("{}").taken().await;
        gateway.settle().await.unwrap_err();
        assert_eq!(row(&gateway, STORED).await, [json!(0), json!(0)], "{point}");
        let owed = [json!("QUEUED"), json!(0), json!(at(0)), Value::Null];
        assert_eq!(row(&gateway, EVENT).await, owed, "{point}");

        execute(&gateway, "DROP TRIGGER broken").await;
        project(&gateway).engine.store().wakes().wake();
        gateway.settle().await.unwrap();
        assert_eq!(row(&gateway, STORED).await, [json!(1), json!(1)], "{point}");
        let waiting = [json!("FAILED"), json!(1), json!(at(30)), json!(at(30))];
        assert_eq!(row(&gateway, EVENT).await, waiting, "{point}");
        // At least once: what was not recorded was delivered again.
        assert!(receiver.deliveries().len() >= 2, "{point}");
    }
}
