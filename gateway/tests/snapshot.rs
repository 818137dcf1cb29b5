//! Snapshots: what one gateway keeps, taken over by another.

mod support;

use std::time::Duration;

use hookdeck::models::{DestinationInput, EventStatus, Rule, SourceInput};
use hookdeck::types::Timestamp;
use hookdeck::{Client, RateLimit};
use hookdeck_gateway::{Effect, EngineError, Fault, Gateway, StoreError};
use support::client as http;

async fn start(seed: u64) -> (Gateway, Client) {
    let gateway = Gateway::builder()
        .seed(seed)
        .manual_clock(Timestamp::from_unix_seconds(1_800_000_000))
        .control(true)
        .start()
        .await
        .unwrap();
    let client = Client::builder(gateway.api_key())
        .base_url(gateway.api_url())
        .rate_limit(RateLimit::off())
        .build()
        .unwrap();
    (gateway, client)
}

/// A gateway with an event that waits for its retry.
async fn with_a_retry(seed: u64) -> (Gateway, Client) {
    let (gateway, client) = start(seed).await;
    let made = client
        .connections()
        .create()
        .name("c")
        .source(SourceInput::webhook("s"))
        .destination(DestinationInput::mock_api("d"))
        .rule(Rule::retry().linear(Duration::from_secs(60)).count(3))
        .await
        .unwrap();
    gateway
        .arm(Fault::delivery(Effect::Timeout).times(1))
        .unwrap();
    http()
        .post(&made.source.url)
        .body("hello")
        .send()
        .await
        .unwrap();
    gateway.settle().await.unwrap();
    (gateway, client)
}

#[tokio::test]
async fn a_pending_retry_goes_on_in_another_gateway() {
    let (first, there) = with_a_retry(1).await;
    let snapshot = first.snapshot().await.unwrap();
    // The same seed: ids of the copy must not come again.
    let (second, here) = start(1).await;
    second.restore(snapshot).await.unwrap();

    let before = there.events().list().await.unwrap().items;
    let after = here.events().list().await.unwrap().items;
    assert_eq!(after.len(), 1);
    assert_eq!(
        (&before[0].id, before[0].next_attempt_at),
        (&after[0].id, after[0].next_attempt_at)
    );
    assert_eq!(
        here.projects().list().await.unwrap()[0].id,
        after[0].team_id
    );

    let advanced = second.advance(Duration::from_secs(60)).await.unwrap();
    assert_eq!(advanced.fired.len(), 1, "the schedule came along");
    let event = here.events().get(&after[0].id).await.unwrap();
    assert_eq!(event.status, EventStatus::Successful);
    // And it works on: the source takes webhooks at the new gateway's address.
    let source = here.sources().list().await.unwrap().items.remove(0);
    assert!(source.url.starts_with(second.api_url()));
    http().post(&source.url).body("again").send().await.unwrap();
    second.settle().await.unwrap();
    assert_eq!(here.events().list().await.unwrap().items.len(), 2);
}

#[tokio::test]
async fn what_is_no_snapshot_changes_nothing() {
    let (gateway, client) = with_a_retry(1).await;
    let good = gateway.snapshot().await.unwrap();
    let mut damaged = good.clone();
    damaged[4096..8192].fill(0xa5);
    let other = {
        let file = tempfile::NamedTempFile::new().unwrap();
        let database = rusqlite::Connection::open(file.path()).unwrap();
        database
            .execute_batch("CREATE TABLE cats (name TEXT); PRAGMA user_version = 1")
            .unwrap();
        drop(database);
        std::fs::read(file.path()).unwrap()
    };
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("text", b"no database".to_vec()),
        ("the beginning", good[..good.len() / 2].to_vec()),
        ("damaged", damaged),
        ("another database", other),
    ] {
        let error = gateway.restore(bytes).await.unwrap_err();
        let EngineError::Store(StoreError::Unusable(why)) = &error else {
            panic!("{what}: {error:?}");
        };
        assert!(why.contains("snapshot"), "{what}: {why}");
        assert_eq!(
            client.events().list().await.unwrap().items.len(),
            1,
            "{what}"
        );
    }
    gateway.restore(good).await.unwrap();
    assert_eq!(client.events().list().await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn over_the_control_api_and_into_a_directory() {
    let (first, _) = with_a_retry(1).await;
    let url = |gateway: &Gateway| format!("{}/_gateway/snapshot", gateway.api_url());
    let snapshot = http()
        .get(url(&first))
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert!(snapshot.starts_with(b"SQLite format 3"));

    let directory = tempfile::tempdir().unwrap();
    let durable = || {
        Gateway::builder()
            .control(true)
            .api_key("kept")
            .data_dir(directory.path())
    };
    let second = durable().start().await.unwrap();
    let reply = http()
        .put(url(&second))
        .body(snapshot)
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200, "{}", reply.text().await.unwrap());
    let refused = http()
        .put(url(&second))
        .body("no database")
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 400);
    second.shutdown().await;

    let again = durable().start().await.unwrap();
    let client = Client::builder("kept")
        .base_url(again.api_url())
        .build()
        .unwrap();
    assert_eq!(
        client.events().list().await.unwrap().items.len(),
        1,
        "it is kept"
    );
}
