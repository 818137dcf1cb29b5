//! Retry and delay rules, by the gateway's clock, and how rules are refused.

use serde_json::{Value, json};

use crate::world::{Receiver, World};

fn retry(strategy: &str, interval: u64, count: u64) -> Value {
    json!({ "type": "retry", "strategy": strategy, "interval": interval, "count": count })
}

/// The attempts a connection with these rules makes within `seconds` at a destination that fails.
async fn attempts(rules: Value, statuses: &[u16], seconds: u64) -> Vec<(i64, String)> {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    receiver.answer(statuses);
    let connection = world.connect("failing", Some(&receiver.url), rules).await;
    let id = world.deliver(&connection, "{}").await;
    world.advance(seconds).await;
    let event = world.event(&id).await;
    let attempts = world.attempts(&event).await;
    attempts
        .into_iter()
        .map(|(at, trigger, _)| (at, trigger))
        .collect()
}

fn at(seconds: &[i64]) -> Vec<(i64, String)> {
    let triggers = std::iter::once("INITIAL").chain(std::iter::repeat("AUTOMATIC"));
    seconds
        .iter()
        .copied()
        .zip(triggers.map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn strategies_counts_and_the_week() {
    let failing = [500; 60];
    let linear = attempts(json!([retry("linear", 30_000, 2)]), &failing, 3_600);
    assert_eq!(linear.await, at(&[0, 30, 60]));
    let exponential = attempts(json!([retry("exponential", 30_000, 3)]), &failing, 3_600);
    assert_eq!(exponential.await, at(&[0, 30, 90, 210]));
    let none = attempts(json!([retry("linear", 1_000, 0)]), &failing, 3_600);
    assert_eq!(none.await, at(&[0]));
    let many = attempts(json!([retry("linear", 1_000, 200)]), &failing, 3_600);
    assert_eq!(many.await.len(), 51);
    // A week is over before the fourth of these.
    let days = |days: i64| days * 86_400;
    let week = attempts(
        json!([retry("linear", 2 * 86_400_000, 50)]),
        &failing,
        30 * 86_400,
    );
    assert_eq!(week.await, at(&[0, days(2), days(4), days(6)]));
}

#[tokio::test]
async fn only_the_named_statuses_are_retried_and_an_exclusion_wins() {
    for (codes, status, retried) in [
        (json!(["500-599"]), 503, true),
        (json!(["500-599"]), 404, false),
        (json!([">=500", "!501"]), 501, false),
        (json!(["!401"]), 401, false),
        (json!(["!401"]), 404, true),
        (json!([429]), 429, true),
    ] {
        let mut rule = retry("linear", 1_000, 1);
        rule["response_status_codes"] = codes.clone();
        let made = attempts(json!([rule]), &[status, status], 60).await;
        assert_eq!(made.len(), if retried { 2 } else { 1 }, "{codes} {status}");
    }
}

#[tokio::test]
async fn the_destination_names_the_pause_or_ends_the_retries() {
    let world = World::start().await;
    let receiver = Receiver::start().await;
    let rules = json!([retry("linear", 60_000, 3)]);
    let connection = world.connect("asks", Some(&receiver.url), rules).await;
    receiver.answer_retry_after(503, "5");
    receiver.answer_retry_after(503, "Fri, 15 Jan 2027 08:00:15 GMT");
    receiver.answer_retry_after(503, "soon");
    receiver.answer(&[503]);
    let id = world.deliver(&connection, "{}").await;
    world.advance(3_600).await;
    let made = world.attempts(&world.event(&id).await).await;
    let times: Vec<_> = made.iter().map(|(at, ..)| *at).collect();
    assert_eq!(times, [0, 5, 15, 75]);

    receiver.answer_retry_after(503, "-1");
    let id = world.deliver(&connection, "{}").await;
    let event = world.event(&id).await;
    assert_eq!(world.state(&event).await, ("FAILED".to_owned(), 1, None));
}

#[tokio::test]
async fn a_delay_schedules_the_first_attempt() {
    let world = World::start().await;
    let rules = json!([{ "type": "delay", "delay": 90_000 }]);
    let connection = world.connect("later", None, rules).await;
    let id = world.deliver(&connection, "{}").await;
    let event = world.event(&id).await;
    assert_eq!(
        world.state(&event).await,
        ("SCHEDULED".to_owned(), 0, Some(90))
    );
    world.advance(89).await;
    assert_eq!(
        world.state(&event).await,
        ("SCHEDULED".to_owned(), 0, Some(1))
    );
    world.advance(1).await;
    assert_eq!(
        world.attempts(&event).await,
        [(90, "INITIAL".to_owned(), Some(200))]
    );
}

#[tokio::test]
async fn a_delay_runs_on_during_a_pause_and_is_not_cut_short_by_its_end() {
    let world = World::start().await;
    let rules = json!([{ "type": "delay", "delay": 60_000 }]);
    let connection = world.connect("held", None, rules).await;
    let connections = world.client.connections();
    connections.pause(&connection.id).await.unwrap();
    let id = world.deliver(&connection, "{}").await;
    let event = world.event(&id).await;
    assert_eq!(world.state(&event).await, ("HOLD".to_owned(), 0, None));
    world.advance(10).await;
    connections.unpause(&connection.id).await.unwrap();
    assert_eq!(
        world.state(&event).await,
        ("SCHEDULED".to_owned(), 0, Some(50))
    );
    world.advance(20).await;
    assert_eq!(world.state(&event).await.1, 0);
    connections.pause(&connection.id).await.unwrap();
    world.advance(60).await;
    assert_eq!(world.state(&event).await, ("HOLD".to_owned(), 0, None));
    connections.unpause(&connection.id).await.unwrap();
    world.settle().await;
    assert_eq!(
        world.attempts(&event).await,
        [(90, "INITIAL".to_owned(), Some(200))]
    );
}

#[tokio::test]
async fn rules_are_refused_in_the_words_of_the_api() {
    let world = World::start().await;
    for (rule, inner) in [
        (json!({ "type": "alert" }), "Invalid rule type"),
        (json!({ "type": "deduplicate" }), "window is required"),
        (
            json!({ "type": "deduplicate", "window": 999 }),
            "window must be greater than or equal to 1000",
        ),
        (
            json!({ "type": "deduplicate", "window": 3_600_001 }),
            "window must be less than or equal to 3600000",
        ),
        (
            json!({ "type": "deduplicate", "window": 1_000, "include_fields": ["id"] }),
            "Invalid field path: id. Must start with: headers, body, query, path",
        ),
        (json!({ "type": "retry" }), "strategy is required"),
        (
            json!({ "type": "retry", "strategy": "linear", "count": -1 }),
            "count must be greater than or equal to 0",
        ),
        (
            json!({ "type": "retry", "strategy": "linear", "response_status_codes": vec!["500"; 11] }),
            "response_status_codes must contain less than or equal to 10 items",
        ),
        (
            json!({ "type": "transform" }),
            "value must contain at least one of [transformation_id, transformation]",
        ),
        (json!({ "type": "delay" }), "delay is required"),
    ] {
        let body = json!({
            "name": "wrong", "source": { "name": "wrong" },
            "destination": { "name": "wrong", "type": "MOCK_API" }, "rules": [rule],
        });
        let call = world
            .client
            .raw()
            .post("/connections")
            .json(&body)
            .decode::<Value>();
        let error = call.await.unwrap_err();
        assert_eq!(error.status().unwrap(), 422);
        let wrapped = format!(
            "Error code {inner} is not defined, your custom type is missing the correct messages definition"
        );
        assert_eq!(error.api().unwrap().violations(), [wrapped]);
    }
}
