//! How fast a destination is sent events, as a whole and group by group.

use std::time::Duration;

use hookdeck::models::{Connection, EventStatus};
use serde_json::{Value, json};

use crate::endpoint::{Endpoint, status};
use crate::world::{START, World};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Seconds after the start at which events were delivered, by a member of their bodies.
async fn delivered(world: &World, member: &str) -> Vec<(i64, String)> {
    let mut seen = Vec::new();
    for event in world.events().await {
        let Some(moment) = event.successful_at else {
            continue;
        };
        let body = event.data.unwrap().body.unwrap();
        let body: Value = serde_json::from_str(body.as_str()).unwrap();
        let name = match &body[member] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        seen.push((moment.unix_seconds() - START, name));
    }
    seen.sort();
    seen
}

fn at(seconds: i64, name: &str) -> (i64, String) {
    (seconds, name.to_owned())
}

async fn post_all(world: &World, connection: &Connection, bodies: &[Value]) {
    for body in bodies {
        world.post(connection, body).await;
    }
}

#[tokio::test]
async fn a_rate_is_spread_evenly_over_its_period() {
    for (rate, period, distance) in [(2, "minute", 30), (4, "hour", 900), (1, "second", 1)] {
        let endpoint = Endpoint::accepting().await;
        let world = World::start().await;
        let config =
            json!({"url": endpoint.url, "delivery_policy": {"rate": rate, "period": period}});
        let connection = world.connect("a", config).await;
        for n in 0..4 {
            world.post(&connection, &json!({"n": n})).await;
        }
        world.gateway.settle().await.unwrap();
        assert_eq!(endpoint.received().len(), 1);
        let waiting = world
            .client
            .events()
            .list()
            .status(EventStatus::Queued)
            .await
            .unwrap();
        assert_eq!(waiting.items.len(), 3);
        world.gateway.advance(seconds(3_600)).await.unwrap();
        let delivered = delivered(&world, "n").await;
        let moments: Vec<i64> = delivered.into_iter().map(|(moment, _)| moment).collect();
        assert_eq!(
            moments,
            [0, 1, 2, 3].map(|n| n * distance),
            "{rate} a {period}"
        );
    }
}

#[tokio::test]
async fn a_concurrent_policy_caps_the_requests_that_are_open() {
    let endpoint = Endpoint::accepting().await;
    endpoint.hold();
    let world = World::start().await;
    let policy = json!({"rate": 2, "period": "concurrent"});
    let config = json!({"url": endpoint.url, "delivery_policy": policy});
    let connection = world.connect("a", config).await;
    for n in 0..5 {
        world.post(&connection, &json!(n)).await;
    }
    endpoint.wait_for(2).await;
    // Another destination gets through meanwhile, so the dispatcher has looked again.
    let other = Endpoint::accepting().await;
    let second = world.connect("b", json!({"url": other.url})).await;
    world.post(&second, &json!(1)).await;
    other.wait_for(1).await;
    assert_eq!(endpoint.received().len(), 2);
    endpoint.release(1);
    endpoint.wait_for(3).await;
    endpoint.release(10);
    world.gateway.settle().await.unwrap();
    assert_eq!(endpoint.received().len(), 5);
}

fn grouped(url: &str, policy: Value) -> Value {
    json!({"url": url, "delivery_policy": policy})
}

#[tokio::test]
async fn an_events_group_is_what_the_key_finds_in_it_as_it_will_be_delivered() {
    let endpoint = Endpoint::accepting().await;
    let world = World::start().await;
    let groups = |key: &str| json!({"groups": {"key": key, "rate": 100, "rate_period": "second"}});
    let code = "addHandler('transform', (request) => { request.body.tenant = 'changed'; return request; });";
    let rules = json!([{"type": "transform", "transformation": {"name": "t", "code": code}}]);
    let none = json!([]);
    for (name, key, rules, expected) in [
        ("a", "body.tenant", &none, "acme"),
        ("b", "headers.X-Tenant", &none, "from-header"),
        ("c", "query.tenant", &none, "from-query"),
        ("d", "path", &none, "/orders"),
        ("e", "body.nothing.here", &none, "__unknown__"),
        ("f", "body.tenant", &rules, "changed"),
    ] {
        let config = grouped(&endpoint.url, groups(key));
        let connection = world.connect_with(name, config, rules.clone()).await;
        let request = world
            .http()
            .post(format!(
                "{}/orders?tenant=from-query",
                connection.source.url
            ))
            .header("x-tenant", "from-header");
        let body = json!({"tenant": "acme"});
        world.send(crate::world::json_body(request, &body)).await;
        world.gateway.settle().await.unwrap();
        let list = world.client.events().list().webhook_id(&connection.id);
        let event = list.await.unwrap().items.remove(0);
        assert_eq!(event.delivery_group.as_deref(), Some(expected), "{key}");
        let list = world
            .client
            .events()
            .list()
            .webhook_id(&connection.id)
            .delivery_group(expected);
        assert_eq!(list.await.unwrap().items.len(), 1, "{key}");
        let list = world
            .client
            .events()
            .list()
            .webhook_id(&connection.id)
            .delivery_group("other");
        assert!(list.await.unwrap().items.is_empty(), "{key}");
    }
    let ungrouped = world.connect("g", json!({"url": endpoint.url})).await;
    world.deliver(&ungrouped, &json!({"tenant": "acme"})).await;
    let list = world.client.events().list().webhook_id(ungrouped.id);
    assert_eq!(list.await.unwrap().items[0].delivery_group, None);
}

#[tokio::test]
async fn each_group_has_its_own_pace() {
    let endpoint = Endpoint::accepting().await;
    let world = World::start().await;
    let policy = json!({"groups": {
        "key": "body.t", "rate": 6, "rate_period": "minute",
        "overrides": {"slow": {"rate": 1, "rate_period": "hour"}},
    }});
    let connection = world.connect("a", grouped(&endpoint.url, policy)).await;
    let bodies = ["slow", "slow", "a", "a", "a", "b", "b"].map(|t| json!({"t": t}));
    post_all(&world, &connection, &bodies).await;
    // One without the member, and one whose member is not there at all, are one group.
    post_all(&world, &connection, &[json!({"t": null}), json!({})]).await;
    world.gateway.settle().await.unwrap();
    assert_eq!(endpoint.received().len(), 4);
    world.gateway.advance(seconds(3_600)).await.unwrap();
    assert_eq!(
        delivered(&world, "t").await,
        [
            at(0, "a"),
            at(0, "b"),
            at(0, "null"),
            at(0, "slow"),
            at(10, "a"),
            at(10, "b"),
            at(10, "null"),
            at(20, "a"),
            at(3_600, "slow"),
        ]
    );
}

#[tokio::test]
async fn the_destinations_own_rate_holds_over_all_groups_and_serves_the_oldest_first() {
    let endpoint = Endpoint::accepting().await;
    let world = World::start().await;
    let policy = json!({
        "rate": 6, "period": "minute",
        "groups": {"key": "body.t", "rate": 3, "rate_period": "minute"},
    });
    let connection = world.connect("a", grouped(&endpoint.url, policy)).await;
    let bodies = ["a", "a", "a", "b", "c"].map(|t| json!({"t": t}));
    for body in &bodies {
        // Which came first decides, so no two come at the same moment.
        world.post(&connection, body).await;
        world
            .gateway
            .advance(Duration::from_millis(1))
            .await
            .unwrap();
    }
    world.gateway.advance(seconds(600)).await.unwrap();
    // A slot every ten seconds; group a may use every second one only.
    assert_eq!(
        delivered(&world, "t").await,
        [
            at(0, "a"),
            at(10, "b"),
            at(20, "a"),
            at(30, "c"),
            at(40, "a")
        ]
    );
}

#[tokio::test]
async fn a_group_that_hangs_does_not_hold_up_the_others() {
    let endpoint = Endpoint::start(|_, _| status(200)).await;
    endpoint.hold();
    // By the system's clock: a manual one would have to be moved between any two events of a group.
    let world = World::of(hookdeck_gateway::Gateway::builder()).await;
    let policy = json!({"groups": {"key": "body.t", "rate": 100_000, "rate_period": "second"}});
    let connection = world.connect("a", grouped(&endpoint.url, policy)).await;
    for n in 0..40 {
        world
            .post(&connection, &json!({"t": "hangs", "n": n}))
            .await;
    }
    endpoint.wait_for(32).await;
    world.post(&connection, &json!({"t": "other"})).await;
    endpoint.wait_for(33).await;
    assert_eq!(endpoint.received()[32].body, r#"{"t":"other"}"#);
    endpoint.release(100);
    world.gateway.settle().await.unwrap();
    assert_eq!(endpoint.received().len(), 41);
}

#[tokio::test]
async fn retries_stay_in_their_group_and_keep_its_pace() {
    let endpoint = Endpoint::start(|_, before| status(if before == 0 { 500 } else { 200 })).await;
    let world = World::start().await;
    let policy = json!({"groups": {"key": "body.t", "rate": 1, "rate_period": "minute"}});
    let rules = json!([{"type": "retry", "strategy": "linear", "interval": 1_000, "count": 1}]);
    let connection = world
        .connect_with("a", grouped(&endpoint.url, policy), rules)
        .await;
    world.deliver(&connection, &json!({"t": "x"})).await;
    world.gateway.advance(seconds(600)).await.unwrap();
    // Due again after a second, but the group's next slot is a minute after the first.
    assert_eq!(delivered(&world, "t").await, [at(60, "x")]);
}

#[tokio::test]
async fn a_policy_changed_meanwhile_holds_for_what_waits() {
    let endpoint = Endpoint::accepting().await;
    let world = World::start().await;
    let config = grouped(&endpoint.url, json!({"rate": 1, "period": "hour"}));
    let connection = world.connect("a", config).await;
    let bodies = ["x", "y", "x", "y"].map(|t| json!({"t": t}));
    post_all(&world, &connection, &bodies).await;
    world.gateway.settle().await.unwrap();
    assert_eq!(endpoint.received().len(), 1);
    // Grouped from now on: what came before is one group.
    let path = format!("/destinations/{}", connection.destination.id);
    let groups = json!({"key": "body.t", "rate": 1, "rate_period": "minute"});
    let policy = json!({"rate": null, "groups": groups});
    let change = json!({"config": grouped(&endpoint.url, policy)});
    world.client.raw().put(&path).json(&change).await.unwrap();
    world.post(&connection, &json!({"t": "z"})).await;
    world.gateway.advance(seconds(120)).await.unwrap();
    let moments: Vec<i64> = delivered(&world, "t")
        .await
        .into_iter()
        .map(|(moment, _)| moment)
        .collect();
    assert_eq!(moments, [0, 0, 0, 60, 120]);
    // And not any more: groups that events have hold nobody up.
    for t in ["x", "x", "x"] {
        world.post(&connection, &json!({"t": t})).await;
    }
    let change = json!({"config": grouped(&endpoint.url, json!({"groups": null}))});
    world.client.raw().put(&path).json(&change).await.unwrap();
    world.gateway.settle().await.unwrap();
    assert_eq!(endpoint.received().len(), 8);
}
