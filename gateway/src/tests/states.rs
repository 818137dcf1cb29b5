use serde_json::{Value, json};
use std::time::Duration;

use super::harness::{Receiver, Reply, Setup, event, manual, row};
use crate::events;

#[tokio::test]
async fn a_paused_connection_holds_and_delivers_after_the_pause() {
    let mut receiver = Receiver::start().await;
    let gateway = manual().start().await.unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;
    let connection = path.connection_id.clone();
    path.change(move |conn, now| events::pause_connection(conn, now, &connection))
        .await;
    let id = path.event(json!({})).await;
    gateway.advance(Duration::from_secs(600)).await.unwrap();
    assert_eq!(
        event(&path.project, &id).await[..3],
        [json!("HOLD"), json!(0), Value::Null]
    );
    assert!(receiver.all().is_empty());

    let connection = path.connection_id.clone();
    let queued = path
        .change(move |conn, now| events::unpause_connection(conn, now, &connection))
        .await;
    assert_eq!(queued, 1);
    gateway.settle().await.unwrap();
    assert_eq!(
        receiver.next().await.header("x-hookdeck-attempt-trigger"),
        "INITIAL"
    );
    assert_eq!(event(&path.project, &id).await[0], "SUCCESSFUL");
}

#[tokio::test]
async fn what_is_held_is_delivered_in_the_order_it_came() {
    let mut receiver = Receiver::start().await;
    let gateway = manual().start().await.unwrap();
    let one_at_a_time = json!({"rate": 1, "period": "concurrent"});
    let path = Setup::to(&receiver.url)
        .with("delivery_policy", one_at_a_time)
        .create(&gateway)
        .await;
    path.change(|conn, now| events::pause_connection(conn, now, "web_a"))
        .await;
    for n in 0..5 {
        path.post(json!(n)).await;
        gateway.advance(Duration::from_secs(1)).await.unwrap();
    }
    path.change(|conn, now| events::unpause_connection(conn, now, "web_a"))
        .await;
    gateway.settle().await.unwrap();
    let order: Vec<_> = receiver
        .all()
        .iter()
        .map(|seen| String::from_utf8_lossy(&seen.body).into_owned())
        .collect();
    assert_eq!(order, ["0", "1", "2", "3", "4"]);
}

#[tokio::test]
async fn disabling_cancels_what_is_owed() {
    let mut receiver = Receiver::start().await;
    receiver.replies([Reply::status(500)]);
    let gateway = manual().start().await.unwrap();
    let rules = json!([{"type": "retry", "strategy": "linear", "interval": 30_000, "count": 5}]);
    let path = Setup::to(&receiver.url).rules(rules).create(&gateway).await;
    let id = path.event(json!({})).await;
    gateway.settle().await.unwrap();
    path.change(|conn, now| {
        conn.execute("UPDATE connections SET disabled_at = ?1", [now])?;
        events::cancel_pending_of_connection(conn, now, "web_a")
    })
    .await;
    gateway.advance(Duration::from_secs(3_600)).await.unwrap();
    assert_eq!(
        event(&path.project, &id).await[..3],
        [json!("CANCELLED"), json!(1), Value::Null]
    );
    assert_eq!(receiver.all().len(), 1);
}

#[tokio::test]
async fn a_ready_event_of_a_disabled_destination_is_cancelled_instead_of_delivered() {
    let mut receiver = Receiver::start().await;
    let gateway = manual().start().await.unwrap();
    let rules = json!([{"type": "delay", "delay": 1_000}]);
    let path = Setup::to(&receiver.url).rules(rules).create(&gateway).await;
    let id = path.event(json!({})).await;
    path.change(|conn, now| Ok(conn.execute("UPDATE destinations SET disabled_at = ?1", [now])?))
        .await;
    gateway.advance(Duration::from_secs(1)).await.unwrap();
    assert_eq!(event(&path.project, &id).await[0], "CANCELLED");
    assert!(receiver.all().is_empty());
}

#[tokio::test]
async fn a_manual_retry_is_a_new_attempt_of_the_same_event() {
    let mut receiver = Receiver::start().await;
    let gateway = manual().start().await.unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;
    let id = path.event(json!({})).await;
    gateway.settle().await.unwrap();
    let retried = id.clone();
    path.change(move |conn, now| events::retry(conn, now, &retried))
        .await;
    gateway.settle().await.unwrap();
    let seen = receiver.all();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].header("x-hookdeck-eventid"), id);
    assert_eq!(seen[1].header("x-hookdeck-attempt-count"), "2");
    assert_eq!(seen[1].header("x-hookdeck-attempt-trigger"), "MANUAL");
}

#[tokio::test]
async fn an_event_never_has_two_attempts_in_flight() {
    let mut receiver = Receiver::start().await;
    receiver.hold();
    let gateway = manual().start().await.unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;
    let id = path.event(json!({})).await;
    receiver.next().await;
    // Asked for again and again while the first attempt is open, and the dispatcher woken each time.
    for _ in 0..3 {
        let retried = id.clone();
        path.change(move |conn, now| events::retry(conn, now, &retried))
            .await;
    }
    // Another event gets through meanwhile, so the dispatcher has looked at the schedule since.
    let other = path.event(json!({"other": true})).await;
    assert_eq!(receiver.next().await.header("x-hookdeck-eventid"), other);
    assert!(receiver.all().is_empty());

    receiver.release(10);
    gateway.settle().await.unwrap();
    // The three wishes made in flight are one further attempt.
    assert_eq!(
        event(&path.project, &id).await[..2],
        [json!("SUCCESSFUL"), json!(2)]
    );
}

#[tokio::test]
async fn a_stalled_destination_holds_up_only_its_own_events() {
    let mut stalled = Receiver::start().await;
    stalled.hold();
    let mut healthy = Receiver::start().await;
    let gateway = manual().start().await.unwrap();
    let slow = Setup::to(&stalled.url).create(&gateway).await;
    let fast = Setup::to(&healthy.url).tag("b").create(&gateway).await;
    for n in 0..100 {
        slow.post(json!(n)).await;
    }
    stalled.next().await;
    fast.post(json!({})).await;
    healthy.next().await;
    let counted = row(
        &slow.project,
        "SELECT count(*) FROM attempts WHERE connection_id = 'web_a'",
        &[],
    )
    .await;
    assert_eq!(counted, [json!(0)]);
    stalled.release(100);
    gateway.settle().await.unwrap();
    assert_eq!(stalled.all().len(), 99);
}

#[tokio::test]
async fn a_destination_that_takes_too_long_is_given_up() {
    let mut receiver = Receiver::start().await;
    receiver.hold();
    let gateway = manual().start().await.unwrap();
    // The shortest limit there is; the test ends when the limit does, however long that takes.
    let path = Setup::to(&receiver.url)
        .with("delivery_timeout", json!(1))
        .create(&gateway)
        .await;
    let id = path.event(json!({})).await;
    gateway.settle().await.unwrap();
    receiver.next().await;
    assert_eq!(event(&path.project, &id).await[4], "TIMEOUT");
}
