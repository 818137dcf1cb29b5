use serde_json::{Value, json};
use std::time::Duration;

use super::harness::{Receiver, Reply, START, Setup, at, event, manual, project, rows};

fn linear(interval: u64, count: u64) -> Value {
    json!([{"type": "retry", "strategy": "linear", "interval": interval, "count": count}])
}

fn failing(times: usize) -> impl Iterator<Item = Reply> {
    (0..times).map(|_| Reply::status(500))
}

/// Seconds after the start at which attempts were made, with their triggers.
async fn attempts(gateway: &crate::Gateway) -> Vec<(i64, String)> {
    let sql = "SELECT created_at, \"trigger\" FROM attempts ORDER BY created_at, attempt_number";
    let rows = rows(&project(gateway), sql, &[]).await;
    rows.iter()
        .map(|row| {
            let seconds = row[0].as_i64().unwrap() / 1_000_000 - START;
            (seconds, row[1].as_str().unwrap().to_owned())
        })
        .collect()
}

fn auto(seconds: i64) -> (i64, String) {
    (seconds, "AUTOMATIC".into())
}

fn initial() -> (i64, String) {
    (0, "INITIAL".into())
}

#[tokio::test]
async fn without_a_rule_nothing_is_retried() {
    let receiver = Receiver::start().await;
    receiver.replies(failing(1));
    let gateway = manual().start().await.unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;
    let id = path.event(json!({})).await;
    gateway.advance(Duration::from_secs(86_400)).await.unwrap();
    assert_eq!(
        event(&path.project, &id).await[..4],
        [json!("FAILED"), json!(1), Value::Null, Value::Null]
    );
}

#[tokio::test]
async fn linear_retries_keep_their_distance_and_end_with_the_count() {
    let receiver = Receiver::start().await;
    receiver.replies(failing(9));
    let gateway = manual().start().await.unwrap();
    let path = Setup::to(&receiver.url)
        .rules(linear(30_000, 2))
        .create(&gateway)
        .await;
    let id = path.event(json!({})).await;
    gateway.settle().await.unwrap();
    let waiting = [json!("FAILED"), json!(1), json!(at(30)), json!(at(30))];
    assert_eq!(event(&path.project, &id).await[..4], waiting);

    let advanced = gateway.advance(Duration::from_secs(29)).await.unwrap();
    assert!(advanced.fired.is_empty());
    gateway.advance(Duration::from_secs(3_600)).await.unwrap();
    assert_eq!(attempts(&gateway).await, [initial(), auto(30), auto(60)]);
    assert_eq!(
        event(&path.project, &id).await[..4],
        [json!("FAILED"), json!(3), Value::Null, Value::Null]
    );
}

#[tokio::test]
async fn exponential_retries_double_their_distance() {
    let receiver = Receiver::start().await;
    receiver.replies(failing(9));
    let gateway = manual().start().await.unwrap();
    let rules =
        json!([{"type": "retry", "strategy": "exponential", "interval": 10_000, "count": 4}]);
    Setup::to(&receiver.url)
        .rules(rules)
        .create(&gateway)
        .await
        .post(json!({}))
        .await;
    gateway.advance(Duration::from_secs(3_600)).await.unwrap();
    assert_eq!(
        attempts(&gateway).await,
        [initial(), auto(10), auto(30), auto(70), auto(150)]
    );
}

#[tokio::test]
async fn a_success_ends_the_retries() {
    let receiver = Receiver::start().await;
    receiver.replies(failing(1));
    let gateway = manual().start().await.unwrap();
    let path = Setup::to(&receiver.url)
        .rules(linear(30_000, 5))
        .create(&gateway)
        .await;
    let id = path.event(json!({})).await;
    gateway.advance(Duration::from_secs(3_600)).await.unwrap();
    assert_eq!(attempts(&gateway).await, [initial(), auto(30)]);
    assert_eq!(
        event(&path.project, &id).await[..3],
        [json!("SUCCESSFUL"), json!(2), Value::Null]
    );
}

#[tokio::test]
async fn the_delivery_says_when_it_will_be_retried() {
    let mut receiver = Receiver::start().await;
    receiver.replies(failing(9));
    let gateway = manual().start().await.unwrap();
    Setup::to(&receiver.url)
        .rules(linear(1_500, 1))
        .create(&gateway)
        .await
        .post(json!({}))
        .await;
    gateway.advance(Duration::from_secs(60)).await.unwrap();
    let told: Vec<_> = receiver
        .all()
        .iter()
        .map(|seen| {
            ["x-hookdeck-attempt-count", "x-hookdeck-will-retry-after"]
                .map(|name| seen.header(name).to_owned())
        })
        .collect();
    assert_eq!(told, [["1", "1.5"], ["2", ""]]);
}

#[tokio::test]
async fn the_destination_may_name_the_pause_or_end_the_retries() {
    let receiver = Receiver::start().await;
    receiver.replies([
        Reply::status(503).header("retry-after", "2.5"),
        Reply::status(503).header("retry-after", "120"),
        Reply::status(503).header("retry-after", "-1"),
    ]);
    let gateway = manual().start().await.unwrap();
    let path = Setup::to(&receiver.url)
        .rules(linear(30_000, 9))
        .create(&gateway)
        .await;
    let id = path.event(json!({})).await;
    gateway.settle().await.unwrap();
    assert_eq!(event(&path.project, &id).await[2], json!(at(2) + 500_000));
    gateway.advance(Duration::from_secs(86_400)).await.unwrap();
    assert_eq!(attempts(&gateway).await, [initial(), auto(2), auto(122)]);
    assert_eq!(
        event(&path.project, &id).await[..3],
        [json!("FAILED"), json!(3), Value::Null]
    );
}

#[tokio::test]
async fn only_the_named_statuses_are_retried() {
    let receiver = Receiver::start().await;
    receiver.replies([Reply::status(500), Reply::status(404)]);
    let gateway = manual().start().await.unwrap();
    let mut rules = linear(30_000, 9);
    rules[0]["response_status_codes"] = json!([">=500"]);
    Setup::to(&receiver.url)
        .rules(rules)
        .create(&gateway)
        .await
        .post(json!({}))
        .await;
    gateway.advance(Duration::from_secs(3_600)).await.unwrap();
    assert_eq!(attempts(&gateway).await, [initial(), auto(30)]);
}

#[tokio::test]
async fn a_delay_rule_schedules_the_first_attempt() {
    let mut receiver = Receiver::start().await;
    let gateway = manual().start().await.unwrap();
    let rules = json!([{"type": "delay", "delay": 90_000}]);
    let path = Setup::to(&receiver.url).rules(rules).create(&gateway).await;
    let id = path.event(json!({})).await;
    gateway.settle().await.unwrap();
    assert_eq!(
        event(&path.project, &id).await[..4],
        [json!("SCHEDULED"), json!(0), json!(at(90)), json!(at(90))]
    );
    assert!(receiver.all().is_empty());
    let advanced = gateway.advance(Duration::from_secs(90)).await.unwrap();
    assert_eq!(
        (advanced.fired.len(), advanced.fired[0].trigger),
        (1, "INITIAL")
    );
}
