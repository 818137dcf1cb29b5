//! Snapshots: what one gateway keeps, taken over by another.

use hookdeck::models::EventStatus;
use hookdeck_gateway::{Effect, EngineError, Fault, Gateway, StoreError};
use hookdeck_testkit::{World, gateway, seconds};
use serde_json::json;

async fn start() -> World {
    World::of(gateway().control(true)).await
}

/// A gateway with an event that waits for its retry.
async fn with_a_retry() -> World {
    let world = start().await;
    let rules = json!([{ "type": "retry", "strategy": "linear", "interval": 60_000, "count": 3 }]);
    let connection = world.connect("c").mock().rules(rules).await;
    let fault = Fault::delivery(Effect::Timeout).times(1);
    world.gateway.arm(fault).unwrap();
    world.deliver(&connection, "\"hello\"").await;
    world
}

#[tokio::test]
async fn a_pending_retry_goes_on_in_another_gateway() {
    let first = with_a_retry().await;
    let snapshot = first.gateway.snapshot().await.unwrap();
    // The same seed: ids of the copy must not come again.
    let second = start().await;
    second.gateway.restore(snapshot).await.unwrap();

    let (before, after) = (first.events().await, second.events().await);
    assert_eq!(after.len(), 1);
    assert_eq!(
        (&before[0].id, before[0].next_attempt_at),
        (&after[0].id, after[0].next_attempt_at)
    );
    let projects = second.client.projects().list().await.unwrap();
    assert_eq!(projects[0].id, after[0].team_id);

    let advanced = second.advance(seconds(60)).await;
    assert_eq!(advanced.fired.len(), 1, "the schedule came along");
    assert_eq!(second.events().await[0].status, EventStatus::Successful);
    // And it works on: the source takes webhooks at the new gateway's address.
    let source = second.api.models("/sources").await.remove(0);
    assert!(
        source["url"]
            .as_str()
            .unwrap()
            .starts_with(second.gateway.api_url())
    );
    second.deliver(&source, "\"again\"").await;
    assert_eq!(second.events().await.len(), 2);
}

#[tokio::test]
async fn what_is_no_snapshot_changes_nothing() {
    let world = with_a_retry().await;
    let good = world.gateway.snapshot().await.unwrap();
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
        let error = world.gateway.restore(bytes).await.unwrap_err();
        let EngineError::Store(StoreError::Unusable(why)) = &error else {
            panic!("{what}: {error:?}");
        };
        assert!(why.contains("snapshot"), "{what}: {why}");
        assert_eq!(world.events().await.len(), 1, "{what}");
    }
    world.gateway.restore(good).await.unwrap();
    assert_eq!(world.events().await.len(), 1);
}

#[tokio::test]
async fn over_the_control_api_and_into_a_directory() {
    let first = with_a_retry().await;
    let url = |world: &World| format!("{}/_gateway/snapshot", world.gateway.api_url());
    let snapshot = first.api.http.get(url(&first)).send().await.unwrap();
    let snapshot = snapshot.bytes().await.unwrap();
    assert!(snapshot.starts_with(b"SQLite format 3"));

    let directory = tempfile::tempdir().unwrap();
    let durable = || {
        let builder = Gateway::builder().control(true).api_key("kept");
        World::of(builder.data_dir(directory.path()))
    };
    let second = durable().await;
    let put = async |body: reqwest::Body| {
        hookdeck_testkit::read(second.api.http.put(url(&second)).body(body)).await
    };
    let reply = put(snapshot.into()).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(put("no database".into()).await.status, 400);
    second.gateway.shutdown().await;

    let again = durable().await;
    assert_eq!(again.events().await.len(), 1, "it is kept");
}
