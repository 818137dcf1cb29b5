//! How fast a destination is sent events, as a whole and group by group.

use std::time::Duration;

use hookdeck::models::{Connection, EventStatus};
use hookdeck_testkit::{Answer, Receiver, START, World, seconds};
use serde_json::{Value, json};

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
        let world = World::start().await;
        let config = json!({"delivery_policy": {"rate": rate, "period": period}});
        let connection = world.connect("a").config(config).await;
        for n in 0..4 {
            world.post(&connection, json!({"n": n})).await;
        }
        world.settle().await;
        assert_eq!(world.receiver.deliveries().len(), 1);
        let waiting = world
            .client
            .events()
            .list()
            .status(EventStatus::Queued)
            .await
            .unwrap();
        assert_eq!(waiting.items.len(), 3);
        world.advance(seconds(3_600)).await;
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
    let world = World::start().await;
    world.receiver.hold();
    let policy = json!({"rate": 2, "period": "concurrent"});
    let config = json!({"delivery_policy": policy});
    let connection = world.connect("a").config(config).await;
    for n in 0..5 {
        world.post(&connection, n).await;
    }
    world.receiver.arrived(2).await;
    // Another destination gets through meanwhile, so the dispatcher has looked again.
    let other = Receiver::start().await;
    let second = world.connect("b").config(json!({"url": other.url})).await;
    world.post(&second, 1).await;
    other.arrived(1).await;
    assert_eq!(world.receiver.deliveries().len(), 2);
    world.receiver.release(1);
    world.receiver.arrived(3).await;
    world.receiver.release(10);
    world.settle().await;
    assert_eq!(world.receiver.deliveries().len(), 5);
}

fn grouped(url: &str, policy: Value) -> Value {
    json!({"url": url, "delivery_policy": policy})
}

#[tokio::test]
async fn an_events_group_is_what_the_key_finds_in_it_as_it_will_be_delivered() {
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
        let config = grouped(&world.receiver.url, groups(key));
        let connection = world
            .connect(name)
            .config(config)
            .rules(rules.clone())
            .await;
        let webhook = world
            .webhook(&connection)
            .path("/orders?tenant=from-query")
            .header("x-tenant", "from-header");
        let request = webhook.json(json!({"tenant": "acme"})).taken().await;
        world.settle().await;
        let event = world.event_of(&request).await;
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
    let ungrouped = world.connect("g").await;
    let event = world.event(&ungrouped, json!({"tenant": "acme"})).await;
    assert_eq!(event.delivery_group, None);
}

#[tokio::test]
async fn each_group_has_its_own_pace() {
    let world = World::start().await;
    let policy = json!({"groups": {
        "key": "body.t", "rate": 6, "rate_period": "minute",
        "overrides": {"slow": {"rate": 1, "rate_period": "hour"}},
    }});
    let connection = world
        .connect("a")
        .config(grouped(&world.receiver.url, policy))
        .await;
    let bodies = ["slow", "slow", "a", "a", "a", "b", "b"].map(|t| json!({"t": t}));
    post_all(&world, &connection, &bodies).await;
    // One without the member, and one whose member is not there at all, are one group.
    post_all(&world, &connection, &[json!({"t": null}), json!({})]).await;
    world.settle().await;
    assert_eq!(world.receiver.deliveries().len(), 4);
    world.advance(seconds(3_600)).await;
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
    let world = World::start().await;
    let policy = json!({
        "rate": 6, "period": "minute",
        "groups": {"key": "body.t", "rate": 3, "rate_period": "minute"},
    });
    let connection = world
        .connect("a")
        .config(grouped(&world.receiver.url, policy))
        .await;
    let bodies = ["a", "a", "a", "b", "c"].map(|t| json!({"t": t}));
    for body in &bodies {
        // Which came first decides, so no two come at the same moment.
        world.post(&connection, body).await;
        world.advance(Duration::from_millis(1)).await;
    }
    world.advance(seconds(600)).await;
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
    let receiver = Receiver::scripted(|_, _| Answer::status(200)).await;
    receiver.hold();
    // By the system's clock: a manual one would have to be moved between any two events of a group.
    let world = World::of(hookdeck_gateway::Gateway::builder()).await;
    let policy = json!({"groups": {"key": "body.t", "rate": 100_000, "rate_period": "second"}});
    let connection = world
        .connect("a")
        .config(grouped(&receiver.url, policy))
        .await;
    for n in 0..40 {
        world.post(&connection, json!({"t": "hangs", "n": n})).await;
    }
    receiver.arrived(32).await;
    world.post(&connection, json!({"t": "other"})).await;
    receiver.arrived(33).await;
    assert_eq!(receiver.deliveries()[32].body, r#"{"t":"other"}"#);
    receiver.release(100);
    world.settle().await;
    assert_eq!(receiver.deliveries().len(), 41);
}

#[tokio::test]
async fn a_destination_that_hangs_holds_up_only_its_own_events() {
    let world = World::start().await;
    world.receiver.hold();
    let slow = world.connect("slow").await;
    let healthy = Receiver::start().await;
    let fast = world.connect("fast").to(&healthy).await;
    for n in 0..100 {
        world.post(&slow, n).await;
    }
    world.receiver.arrived(1).await;
    world.post(&fast, 0).await;
    healthy.arrived(1).await;
    let waiting = world.client.events().list().webhook_id(&slow.id);
    let waiting = waiting.limit(100).await.unwrap().items;
    assert!(waiting.iter().all(|event| event.attempts == 0));
    world.receiver.release_all();
    world.settle().await;
    assert_eq!(world.receiver.deliveries().len(), 100);
}

#[tokio::test]
async fn retries_stay_in_their_group_and_keep_its_pace() {
    let receiver =
        Receiver::scripted(|_, before| Answer::status(if before == 0 { 500 } else { 200 })).await;
    let world = World::start().await;
    let policy = json!({"groups": {"key": "body.t", "rate": 1, "rate_period": "minute"}});
    let rules = json!([{"type": "retry", "strategy": "linear", "interval": 1_000, "count": 1}]);
    let connection = world
        .connect("a")
        .config(grouped(&receiver.url, policy))
        .rules(rules)
        .await;
    world.deliver(&connection, json!({"t": "x"})).await;
    world.advance(seconds(600)).await;
    // Due again after a second, but the group's next slot is a minute after the first.
    assert_eq!(delivered(&world, "t").await, [at(60, "x")]);
}

#[tokio::test]
async fn a_policy_changed_meanwhile_holds_for_what_waits() {
    let world = World::start().await;
    let config = grouped(&world.receiver.url, json!({"rate": 1, "period": "hour"}));
    let connection = world.connect("a").config(config).await;
    let bodies = ["x", "y", "x", "y"].map(|t| json!({"t": t}));
    post_all(&world, &connection, &bodies).await;
    world.settle().await;
    assert_eq!(world.receiver.deliveries().len(), 1);
    // Grouped from now on: what came before is one group.
    let path = format!("/destinations/{}", connection.destination.id);
    let groups = json!({"key": "body.t", "rate": 1, "rate_period": "minute"});
    let policy = json!({"rate": null, "groups": groups});
    let change = json!({"config": grouped(&world.receiver.url, policy)});
    world.client.raw().put(&path).json(&change).await.unwrap();
    world.post(&connection, json!({"t": "z"})).await;
    world.advance(seconds(120)).await;
    let moments: Vec<i64> = delivered(&world, "t")
        .await
        .into_iter()
        .map(|(moment, _)| moment)
        .collect();
    assert_eq!(moments, [0, 0, 0, 60, 120]);
    // And not any more: groups that events have hold nobody up.
    for t in ["x", "x", "x"] {
        world.post(&connection, json!({"t": t})).await;
    }
    let change = json!({"config": grouped(&world.receiver.url, json!({"groups": null}))});
    world.client.raw().put(&path).json(&change).await.unwrap();
    world.settle().await;
    assert_eq!(world.receiver.deliveries().len(), 8);
}
