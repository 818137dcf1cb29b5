//! The control API.

use hookdeck_gateway::{Gateway, RateLimit};
use hookdeck_testkit::{World, gateway, read};
use serde_json::json;

async fn started() -> World {
    let moment = "2026-09-01T12:00:00Z".parse().unwrap();
    World::of(gateway().manual_clock(moment).control(true)).await
}

#[tokio::test]
async fn health_and_readiness_always_answer_and_the_rest_only_if_asked_for() {
    let world = World::start().await;
    for path in ["health", "ready"] {
        assert_eq!(
            world.api.control("GET", path, None).await.status,
            200,
            "{path}"
        );
    }
    let refused = world.api.control("POST", "reset", None).await;
    assert_eq!(refused.status, 404);
    assert!(refused.text.contains("--control"));
}

#[tokio::test]
async fn the_clock_moves_and_tells_what_fired() {
    let world = started().await;
    world.receiver.always(500);
    let rules = json!([{ "type": "retry", "strategy": "linear", "interval": 60_000, "count": 5 }]);
    let connection = world.connect("c").rules(rules).await;
    world.deliver(&connection, "{}").await;
    let clock = world.api.control("GET", "clock", None).await.json();
    assert_eq!(
        clock,
        json!({ "now": "2026-09-01T12:00:00.000000Z", "manual": true })
    );
    let advanced = world
        .api
        .control("POST", "clock/advance", json!({ "seconds": 120 }))
        .await
        .json();
    assert_eq!(advanced["now"], "2026-09-01T12:02:00.000000Z");
    let fired = advanced["fired"].as_array().unwrap();
    assert_eq!(fired.len(), 2);
    assert_eq!(fired[0]["at"], "2026-09-01T12:01:00.000000Z");
    assert_eq!(fired[0]["trigger"], "AUTOMATIC");
    assert_eq!(fired[1]["attempt_number"], 3);
    let nonsense = world
        .api
        .control("POST", "clock/advance", json!({ "weeks": 1 }))
        .await;
    assert_eq!(nonsense.status, 400);
}

#[tokio::test]
async fn the_system_clock_cannot_be_moved() {
    let world = World::of(Gateway::builder().control(true)).await;
    let refused = world
        .api
        .control("POST", "clock/advance", json!({ "seconds": 1 }))
        .await;
    assert_eq!(refused.status, 409);
    assert_eq!(world.api.control("POST", "settle", None).await.status, 200);
}

#[tokio::test]
async fn a_reset_leaves_nothing_and_gives_the_quota_back() {
    let limited = gateway().rate_limit(RateLimit::per_minute(100));
    let world = World::of(limited.control(true)).await;
    let connection = world.connect("c").await;
    world.deliver(&connection, "{}").await;
    assert_eq!(world.api.control("POST", "reset", None).await.status, 200);
    let reply = world.api.get("/sources").await;
    assert_eq!(reply.json()["models"], json!([]));
    assert_eq!(reply.header("x-ratelimit-remaining"), "99");
    for list in [
        "/destinations",
        "/connections",
        "/requests",
        "/events",
        "/attempts",
    ] {
        assert!(world.api.models(list).await.is_empty(), "{list}");
    }
    // The gateway works on.
    let connection = world.connect("c").await;
    world.deliver(&connection, "{}").await;
    assert_eq!(world.receiver.deliveries().len(), 2);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_ids() {
    let world = started().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        world.api.control("POST", "reset", None).await;
        assert_eq!(
            world
                .api
                .control("POST", "seed", json!({ "seed": 7 }))
                .await
                .status,
            200
        );
        ids.push(world.api.source("s").await["id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn foreign_pages_and_names_are_refused() {
    let world = started().await;
    let url = format!("{}/_gateway/reset", world.gateway.api_url());
    for (name, value) in [("origin", "https://evil.example"), ("host", "evil.example")] {
        let reply = read(world.api.http.post(&url).header(name, value)).await;
        assert_eq!(reply.status, 403, "{name}");
    }
}

#[tokio::test]
async fn a_reset_ends_what_is_in_flight_and_the_ids_start_over() {
    let world = started().await;
    world.receiver.hold();
    let connection = world.connect("shop").await;
    let first = world.post(&connection, "{}").await;
    world.receiver.next().await;
    let first = world.event_of(&first).await;
    let reset = world.api.control("POST", "reset", None).await;
    assert_eq!(reset.status, 200, "{}", reset.text);
    world.settle().await;

    world.receiver.release_all();
    let connection = world.connect("shop").await;
    let again = world.event(&connection, "{}").await;
    assert_eq!((again.id, again.attempts), (first.id, 1));
    assert_eq!(world.receiver.rest().len(), 1);
}
