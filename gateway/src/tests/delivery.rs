//! What the API does not let through, and what is told by the store alone; the rest of deliveries is in
//! `tests/delivery`.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::harness::{Receiver, Reply, Setup, at, event, manual, row, send};

/// Delivers one event and answers the attempt's status and error code.
async fn attempt(setup: Setup) -> (Value, Value) {
    let gateway = manual().start().await.unwrap();
    let path = setup.create(&gateway).await;
    path.post(json!({"n": 1})).await;
    gateway.settle().await.unwrap();
    let attempt = row(
        &path.project,
        "SELECT response_status, error_code FROM attempts",
        &[],
    )
    .await;
    (attempt[0].clone(), attempt[1].clone())
}

#[tokio::test]
async fn authentication_that_is_not_known_fails_the_attempt_and_sends_nothing() {
    let mut receiver = Receiver::start().await;
    let setup = Setup::to(&receiver.url).with("auth_type", json!("MTLS"));
    assert_eq!(attempt(setup).await, (Value::Null, json!("INTERNAL_ERROR")));
    assert!(receiver.all().is_empty());
}

#[tokio::test]
async fn a_destination_without_a_url_has_nowhere_to_be_sent_to() {
    let nowhere = Setup {
        config: json!({}),
        ..Setup::to("")
    };
    assert_eq!(attempt(nowhere).await, (Value::Null, json!("MISSING_URL")));
}

#[tokio::test]
async fn what_a_producer_proves_itself_with_goes_no_further_than_the_destination() {
    let mut target = Receiver::start().await;
    let mut receiver = Receiver::start().await;
    receiver.replies([Reply::status(307).header("location", target.url.clone())]);
    let gateway = manual().start().await.unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;
    let headers = [
        ("authorization", "Bearer producer"),
        ("cookie", "sid=1"),
        ("x-hookdeck-signature-2", "forged"),
    ];
    send(Method::POST, &path.url, &headers, "x").await;
    gateway.settle().await.unwrap();
    let first = receiver.next().await;
    assert_eq!(first.header("authorization"), "Bearer producer");
    assert_eq!(first.header("cookie"), "sid=1");
    assert_eq!(first.header("x-hookdeck-signature-2"), "(absent)");
    let followed = target.next().await;
    assert_eq!(followed.header("authorization"), "(absent)");
    assert_eq!(followed.header("cookie"), "(absent)");
}

#[tokio::test]
async fn a_gateway_that_others_reach_does_not_deliver_into_its_own_network() {
    let mut receiver = Receiver::start().await;
    let gateway = manual()
        .listen("0.0.0.0:0".parse().unwrap())
        .start()
        .await
        .unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;
    path.post(json!({})).await;
    let by_name = receiver.url.replace("127.0.0.1", "localhost");
    let named = Setup::to(&by_name).tag("b").create(&gateway).await;
    named.post(json!({})).await;
    gateway.settle().await.unwrap();
    assert!(receiver.all().is_empty());
    for tag in ["web_a", "web_b"] {
        let sql = "SELECT error_code FROM attempts WHERE connection_id = ?1";
        assert_eq!(
            row(&path.project, sql, &[tag]).await,
            [json!("HOST_UNREACHABLE")]
        );
    }
}

#[tokio::test]
async fn deliveries_go_on_by_themselves_after_a_failure_of_the_store() {
    let receiver = Receiver::start().await;
    let gateway = crate::Gateway::start().await.unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;
    let store = path.project.engine.store().clone();
    let batch = |sql: &'static str| {
        let store = store.clone();
        async move {
            store
                .write(move |tx| Ok::<_, crate::store::StoreError>(tx.execute_batch(sql)?))
                .await
                .unwrap();
        }
    };
    batch("CREATE TRIGGER broken BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'full'); END")
        .await;
    let id = path.event(json!({})).await;
    let failed = gateway.settle().await;
    assert!(
        matches!(failed, Err(crate::EngineError::Store(_))),
        "{failed:?}"
    );
    batch("DROP TRIGGER broken").await;

    // Nothing wakes the dispatcher from here on.
    let delivered = async {
        while event(&path.project, &id).await[0] != "SUCCESSFUL" {
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
    for point in [
        "BEFORE INSERT ON attempts",
        "BEFORE UPDATE ON events",
        "BEFORE INSERT ON issues",
        "BEFORE INSERT ON issue_events",
    ] {
        let mut receiver = Receiver::start().await;
        receiver.replies((0..20).map(|_| Reply::status(500)));
        let gateway = manual().start().await.unwrap();
        let rules =
            json!([{"type": "retry", "strategy": "linear", "interval": 30_000, "count": 1}]);
        let path = Setup::to(&receiver.url).rules(rules).create(&gateway).await;
        let store = path.project.engine.store().clone();
        let batch = |sql: String| {
            let store = store.clone();
            async move {
                store
                    .write(move |tx| Ok::<_, crate::store::StoreError>(tx.execute_batch(&sql)?))
                    .await
                    .unwrap();
            }
        };
        let stored = || async {
            let sql = "SELECT (SELECT count(*) FROM attempts), (SELECT count(*) FROM issues)";
            row(&path.project, sql, &[]).await
        };
        // So that the first failure has an issue.
        batch(format!(
            "UPDATE issue_triggers SET configs = json_set(configs, '$.strategy', 'first_attempt') WHERE type = 'delivery';
             CREATE TRIGGER broken {point} BEGIN SELECT RAISE(ABORT, 'full'); END"
        ))
        .await;
        let id = path.event(json!({})).await;
        gateway.settle().await.unwrap_err();
        assert_eq!(stored().await, [json!(0), json!(0)], "{point}");
        let owed = [json!("QUEUED"), json!(0), json!(at(0)), Value::Null];
        assert_eq!(event(&path.project, &id).await[..4], owed, "{point}");

        batch("DROP TRIGGER broken".to_owned()).await;
        gateway.settle().await.unwrap();
        assert_eq!(stored().await, [json!(1), json!(1)], "{point}");
        let waiting = [json!("FAILED"), json!(1), json!(at(30)), json!(at(30))];
        assert_eq!(event(&path.project, &id).await[..4], waiting, "{point}");
        // At least once: what was not recorded was delivered again.
        assert!(receiver.all().len() >= 2, "{point}");
    }
}
