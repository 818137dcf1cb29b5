//! What outlives a gateway with a data directory, and what ends with one.

use std::collections::BTreeSet;
use std::path::Path;

use hookdeck_gateway::{Gateway, GatewayBuilder};
use hookdeck_testkit::{Receiver, World, gateway, id, seconds};
use serde_json::json;

fn durable(directory: &Path) -> GatewayBuilder {
    gateway().data_dir(directory)
}

#[tokio::test]
async fn two_gateways_have_two_ports_and_the_end_of_one_frees_its() {
    let (first, second) = tokio::join!(Gateway::start(), Gateway::start());
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_ne!(first.api_url(), second.api_url());
    let address = first.api_url().strip_prefix("http://").unwrap().to_owned();
    first.shutdown().await;
    tokio::net::TcpListener::bind(&address).await.unwrap();
}

#[tokio::test]
async fn what_was_acknowledged_survives_an_abrupt_end_and_is_delivered() {
    let receiver = Receiver::start().await;
    receiver.hold();
    let directory = tempfile::tempdir().unwrap();
    let world = World::of(durable(directory.path())).await;
    let connection = world.connect("shop").to(&receiver).await;
    let mut acknowledged = BTreeSet::new();
    for n in 0..50 {
        acknowledged.insert(world.post(&connection, n).await);
    }
    // At least one delivery is in flight now. No shutdown, no drain.
    receiver.next().await;
    drop(world);
    receiver.release_all();

    let world = World::of(durable(directory.path())).await;
    world.settle().await;
    let stored: BTreeSet<_> = world.api.all("/requests").await.iter().map(id).collect();
    assert_eq!(stored, acknowledged);
    let events = world.api.all("/events").await;
    assert_eq!(events.len(), 50);
    assert!(events.iter().all(|event| event["status"] == "SUCCESSFUL"));
    let delivered: BTreeSet<_> = receiver
        .rest()
        .iter()
        .map(|delivery| delivery.header("x-hookdeck-requestid").to_owned())
        .collect();
    assert_eq!(delivered, acknowledged);
}

#[tokio::test]
async fn a_retry_that_came_due_while_the_gateway_was_away_is_made_at_its_start() {
    let receiver = Receiver::start().await;
    receiver.answer([500]);
    let directory = tempfile::tempdir().unwrap();
    let world = World::of(durable(directory.path())).await;
    let rules = json!([{ "type": "retry", "strategy": "linear", "interval": 30_000, "count": 5 }]);
    let connection = world.connect("shop").to(&receiver).rules(rules).await;
    let event = world.event(&connection, "{}").await;
    assert_eq!(world.state(&event).await, ("FAILED".into(), 1, Some(30)));
    let later = world.gateway.now().checked_add(seconds(500)).unwrap();
    world.gateway.shutdown().await;

    let world = World::of(durable(directory.path()).manual_clock(later)).await;
    world.settle().await;
    assert_eq!(world.state(&event).await, ("SUCCESSFUL".into(), 2, None));
    let projects = world.client.projects().list().await.unwrap();
    assert_eq!(projects[0].id, event.team_id);
}

#[tokio::test]
async fn a_reopened_store_hands_out_new_ids() {
    let directory = tempfile::tempdir().unwrap();
    let mut ids = BTreeSet::new();
    for name in ["first", "second", "third"] {
        let world = World::of(durable(directory.path())).await;
        assert!(ids.insert(id(&world.api.source(name).await)), "{ids:?}");
        world.gateway.shutdown().await;
    }
}

#[tokio::test]
async fn a_shutdown_lets_what_is_in_flight_finish() {
    let receiver = Receiver::start().await;
    receiver.hold();
    let directory = tempfile::tempdir().unwrap();
    let world = World::of(durable(directory.path())).await;
    let connection = world.connect("shop").to(&receiver).await;
    let request_id = world.post(&connection, "{}").await;
    receiver.next().await;
    tokio::join!(world.gateway.shutdown(), async { receiver.release(1) });

    let world = World::of(durable(directory.path())).await;
    world.settle().await;
    let event = world.event_of(&request_id).await;
    assert_eq!((event.status.as_str(), event.attempts), ("SUCCESSFUL", 1));
    assert_eq!(receiver.deliveries().len(), 1);
}
