//! The gateway's own time: what a settle waits for, what an advance tells, and what both refuse.

use hookdeck_gateway::{EngineError, Gateway};
use hookdeck_testkit::{World, seconds};
use serde_json::{Value, json};

fn retry(interval: u64) -> Value {
    json!([{ "type": "retry", "strategy": "linear", "interval": interval, "count": 2 }])
}

#[tokio::test]
async fn the_systems_clock_cannot_be_advanced() {
    let world = World::of(Gateway::builder()).await;
    let refused = world.gateway.advance(seconds(1)).await.unwrap_err();
    assert_eq!(refused, EngineError::SystemClock);
}

#[tokio::test]
async fn advance_walks_the_moments_in_order_and_tells_what_fired() {
    let world = World::start().await;
    world.receiver.always(500);
    let slow = world.connect("slow").rules(retry(40_000)).await;
    let fast = world.connect("fast").rules(retry(25_000)).await;
    let slow = world.event(&slow, "{}").await.id.to_string();
    let fast = world.event(&fast, "{}").await.id.to_string();

    let advanced = world.advance(seconds(60)).await;
    let fired: Vec<_> = advanced
        .fired
        .iter()
        .map(|fired| (world.since(fired.at), &fired.event_id, fired.attempt_number))
        .collect();
    assert_eq!(fired, [(25, &fast, 2), (40, &slow, 2), (50, &fast, 3)]);
    assert_eq!(world.since(advanced.now), 60);
    assert_eq!(world.gateway.now(), advanced.now);
    let rest = world.advance(seconds(60)).await.fired;
    assert_eq!(rest.len(), 1);
    assert_eq!((&rest[0].event_id, rest[0].trigger), (&slow, "AUTOMATIC"));
}

#[tokio::test]
async fn a_settle_waits_for_a_webhook_a_delivery_causes() {
    let world = World::start().await;
    let second = world.connect("second").await;
    let first = world.connect("first").to(&second.source.url).await;
    world.deliver(&first, "{}").await;
    assert_eq!(world.receiver.deliveries().len(), 1);
}

#[tokio::test]
async fn a_loop_of_deliveries_is_refused_by_name() {
    let world = World::start().await;
    let source = world.api.source("round").await;
    let url = source["url"].as_str().unwrap();
    let connection = world.connect("round").from(&source["id"]).to(url).await;
    world.post(&connection, "{}").await;
    let error = world.gateway.settle().await.unwrap_err();
    assert!(
        matches!(&error, EngineError::Runaway { connections } if connections[0].0 == connection.id.as_str()),
        "{error}"
    );
    assert!(
        error.to_string().contains(connection.id.as_str()),
        "{error}"
    );
}

#[tokio::test]
async fn many_webhooks_through_a_chain_of_sources_are_no_runaway() {
    let world = World::start().await;
    let second = world.connect("second").mock().await;
    let first = world.connect("first").to(&second.source.url).await;
    let connections = world.client.connections();
    connections.pause(&first.id).await.unwrap();
    for n in 0..250 {
        world.post(&first, n).await;
    }
    connections.unpause(&first.id).await.unwrap();
    world.settle().await;
    let delivered = world.api.all("/events?status=SUCCESSFUL").await;
    assert_eq!(delivered.len(), 500);
}
