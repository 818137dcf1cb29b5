use serde_json::json;
use std::time::Duration;

use super::harness::{Receiver, Reply, START, Setup, manual, project, row};
use crate::{EngineError, Gateway};

#[tokio::test]
async fn starting_twice_gives_two_gateways_and_dropping_frees_the_port() {
    let (first, second) = (
        Gateway::start().await.unwrap(),
        Gateway::start().await.unwrap(),
    );
    assert_ne!(first.api_url(), second.api_url());
    let address = first.api_url().strip_prefix("http://").unwrap().to_owned();
    first.shutdown().await;
    tokio::net::TcpListener::bind(&address).await.unwrap();
}

#[tokio::test]
async fn the_systems_clock_cannot_be_advanced() {
    let gateway = Gateway::start().await.unwrap();
    assert_eq!(
        gateway.advance(Duration::from_secs(1)).await.unwrap_err(),
        EngineError::SystemClock
    );
}

#[tokio::test]
async fn advance_walks_the_moments_in_order_and_tells_what_fired() {
    let receiver = Receiver::start().await;
    receiver.replies((0..9).map(|_| Reply::status(500)));
    let gateway = manual().start().await.unwrap();
    let retry = |interval: u64| json!([{"type": "retry", "strategy": "linear", "interval": interval, "count": 2}]);
    let slow = Setup::to(&receiver.url)
        .rules(retry(40_000))
        .create(&gateway)
        .await;
    let fast = Setup::to(&receiver.url)
        .tag("b")
        .rules(retry(25_000))
        .create(&gateway)
        .await;
    let (slow, fast) = (slow.event(json!({})).await, fast.event(json!({})).await);
    gateway.settle().await.unwrap();

    let advanced = gateway.advance(Duration::from_secs(60)).await.unwrap();
    let fired: Vec<_> = advanced
        .fired
        .iter()
        .map(|fired| {
            (
                fired.at.unix_seconds() - START,
                fired.event_id.clone(),
                fired.attempt_number,
            )
        })
        .collect();
    assert_eq!(
        fired,
        [(25, fast.clone(), 2), (40, slow.clone(), 2), (50, fast, 3)]
    );
    assert_eq!(advanced.now.unix_seconds(), START + 60);
    assert_eq!(gateway.now(), advanced.now);
    let rest = gateway.advance(Duration::from_secs(60)).await.unwrap();
    assert_eq!(rest.fired.len(), 1);
    assert_eq!(
        (rest.fired[0].event_id.as_str(), rest.fired[0].trigger),
        (slow.as_str(), "AUTOMATIC")
    );
}

#[tokio::test]
async fn a_rate_spreads_deliveries_over_the_gateways_time() {
    let mut receiver = Receiver::start().await;
    let gateway = manual().start().await.unwrap();
    let policy = json!({"rate": 4, "period": "minute"});
    let path = Setup::to(&receiver.url)
        .with("delivery_policy", policy)
        .create(&gateway)
        .await;
    for n in 0..4 {
        path.post(json!(n)).await;
    }
    gateway.settle().await.unwrap();
    assert_eq!(receiver.all().len(), 1);
    let advanced = gateway.advance(Duration::from_secs(60)).await.unwrap();
    let times: Vec<_> = advanced
        .fired
        .iter()
        .map(|fired| fired.at.unix_seconds() - START)
        .collect();
    assert_eq!(times, [15, 30, 45]);
}

#[tokio::test]
async fn a_loop_of_deliveries_is_refused_by_name() {
    let gateway = manual().start().await.unwrap();
    // The destination is the source's own URL.
    let url = project(&gateway).settings().source_url("src_a");
    Setup::to(&url).create(&gateway).await.post(json!({})).await;
    let error = gateway.settle().await.unwrap_err();
    assert!(
        matches!(&error, EngineError::Runaway { connections } if connections[0].0 == "web_a"),
        "{error}"
    );
    assert!(error.to_string().contains("web_a"));
}

#[tokio::test]
async fn a_settle_waits_for_a_webhook_a_delivery_causes() {
    let mut receiver = Receiver::start().await;
    let gateway = manual().start().await.unwrap();
    let second = Setup::to(&receiver.url).tag("b").create(&gateway).await;
    Setup::to(&second.url)
        .create(&gateway)
        .await
        .post(json!({"n": 1}))
        .await;
    gateway.settle().await.unwrap();
    assert_eq!(receiver.all().len(), 1);
}

#[tokio::test]
async fn many_webhooks_through_a_chain_of_sources_are_no_runaway() {
    let gateway = manual().start().await.unwrap();
    let mock = |tag| Setup {
        kind: "MOCK_API",
        ..Setup::to("").tag(tag)
    };
    let second = mock("b").create(&gateway).await;
    let first = Setup::to(&second.url).create(&gateway).await;
    first
        .change(|conn, now| crate::events::pause_connection(conn, now, "web_a"))
        .await;
    for n in 0..250 {
        first.post(json!(n)).await;
    }
    first
        .change(|conn, now| crate::events::unpause_connection(conn, now, "web_a"))
        .await;
    gateway.settle().await.unwrap();
    let sql = "SELECT count(*) FROM events WHERE status = 'SUCCESSFUL'";
    assert_eq!(row(&first.project, sql, &[]).await, [json!(500)]);
}

#[tokio::test]
async fn a_reset_leaves_nothing_of_before() {
    let mut receiver = Receiver::start().await;
    receiver.hold();
    let gateway = manual().start().await.unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;
    let first = path.event(json!({})).await;
    receiver.next().await;
    path.project.reset().await.unwrap();
    gateway.settle().await.unwrap();

    receiver.release(9);
    let again = Setup::to(&receiver.url).create(&gateway).await;
    // The ids start over, so the same calls give the same ids.
    assert_eq!(again.event(json!({})).await, first);
    gateway.settle().await.unwrap();
    assert_eq!(receiver.all().len(), 1);
}
