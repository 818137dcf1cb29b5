//! The kit itself: a test that uses it fails when it should, and waits without sleeping.

use futures_util::FutureExt;
use hookdeck_testkit::{Answer, Api, Receiver, World, seconds};
use serde_json::json;

#[tokio::test]
async fn a_receiver_answers_what_is_queued_and_then_what_it_was_told() {
    let world = World::start().await;
    let shop = world.connect("shop").await;
    world.receiver.answer([503, 404]);
    world.receiver.always(Answer::json(&json!({"seen": true})));
    for (status, body) in [(503, ""), (404, ""), (200, "{\"seen\":true}")] {
        let event = world.event(&shop, "{}").await;
        let attempt = world.attempts_of(&event).await.remove(0);
        assert_eq!(attempt.response_status, Some(status));
        let kept = attempt.body.unwrap();
        assert_eq!(kept.as_str().trim_matches('"'), body);
    }
}

#[tokio::test]
async fn a_script_is_told_how_many_deliveries_came_before() {
    let receiver = Receiver::scripted(|delivery, before| match delivery.text() {
        "odd" if before % 2 == 1 => Answer::status(200),
        "even" if before % 2 == 0 => Answer::status(200),
        _ => Answer::status(500),
    });
    let (world, receiver) = tokio::join!(World::start(), receiver);
    for (body, status) in [("even", 200), ("even", 500), ("odd", 500), ("odd", 200)] {
        let reply = world.webhook(&receiver.url).body(body).send().await;
        assert_eq!(reply.status, status, "{body}");
    }
}

#[tokio::test]
async fn answers_are_held_and_let_go() {
    let world = World::start().await;
    let shop = world.connect("shop").await;
    world.receiver.hold();
    let (first, second) = (world.post(&shop, 1).await, world.post(&shop, 2).await);
    world.receiver.arrived(2).await;
    let open = |event: hookdeck::models::Event| event.status == "QUEUED";
    assert!(open(world.event_of(&first).await) && open(world.event_of(&second).await));
    assert!(world.gateway.settle().now_or_never().is_none());
    world.receiver.release(1);
    world.receiver.release_all();
    world.settle().await;
    assert!(!open(world.event_of(&first).await) && !open(world.event_of(&second).await));
}

#[tokio::test]
async fn deliveries_are_looked_at_one_by_one_or_all_at_once() {
    let world = World::start().await;
    let shop = world.connect("shop").await;
    for n in 0..4 {
        world.deliver(&shop, n).await;
    }
    assert_eq!(world.receiver.next().await.text(), "0");
    assert_eq!(world.receiver.next().await.json(), json!(1));
    let rest = world.receiver.rest();
    assert_eq!(
        rest.iter().map(|one| one.text()).collect::<Vec<_>>(),
        ["2", "3"]
    );
    assert!(world.receiver.rest().is_empty());
    assert!(world.receiver.next().now_or_never().is_none());
    assert_eq!(world.receiver.deliveries().len(), 4);
}

#[tokio::test]
async fn a_connection_goes_where_it_is_told_with_what_it_is_told() {
    let world = World::start().await;
    let other = Receiver::start().await;
    let source = world.api.source("till").await;
    let connection = world
        .connect("shop")
        .from(&source["id"])
        .to(other.at("/hooks"))
        .config(json!({"http_method": "PUT"}))
        .rules(json!([{"type": "delay", "delay": 5_000}]))
        .await;
    assert_eq!(connection.source.name, "till");
    assert_eq!(connection.destination.name, "shop-destination");
    world.deliver(&source, "{}").await;
    assert!(other.deliveries().is_empty());
    world.advance(seconds(5)).await;
    let delivery = other.next().await;
    assert_eq!(
        (delivery.method.as_str(), delivery.uri.path()),
        ("PUT", "/hooks")
    );
    let mock = world.connect("mock").mock().json().await;
    assert_eq!(mock["destination"]["type"], "MOCK_API");
    assert!(world.receiver.deliveries().is_empty());
}

/// A server that is no gateway stands in for one that has gone wrong.
#[tokio::test]
#[should_panic(expected = "does not fit the contract")]
async fn a_reply_that_does_not_fit_the_contract_fails_the_test() {
    let wrong = Receiver::answering(Answer::json(&json!({"models": "none"}))).await;
    Api::at(&wrong.url, "key").get("/sources").await;
}

#[tokio::test]
#[should_panic(expected = "left: 0")]
async fn a_webhook_that_became_no_event_has_none_to_tell_of() {
    let world = World::start().await;
    let lonely = world.api.source("lonely").await;
    world.event(&lonely, "{}").await;
}

#[tokio::test]
async fn a_list_is_read_to_its_end() {
    let world = World::start().await;
    for n in 0..101 {
        world.api.source(&format!("s{n}")).await;
    }
    assert_eq!(world.api.all("/sources").await.len(), 101);
    assert_eq!(world.api.all("/sources?name[contains]=s10").await.len(), 2);
}
