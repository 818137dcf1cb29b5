//! Retry and delay rules, by the gateway's clock, and how rules are refused.

use hookdeck_testkit::{Answer, World, seconds};
use serde_json::{Value, json};

fn retry(strategy: &str, interval: u64, count: u64) -> Value {
    json!({ "type": "retry", "strategy": strategy, "interval": interval, "count": count })
}

/// The attempts a connection with these rules makes within `span` seconds at a destination that fails.
async fn attempts(rules: Value, statuses: &[u16], span: u64) -> Vec<(i64, String)> {
    let world = World::start().await;
    world.receiver.answer(statuses.iter().copied());
    let connection = world.connect("failing").rules(rules).await;
    let id = world.deliver(&connection, "{}").await;
    world.advance(seconds(span)).await;
    let event = world.event_of(&id).await;
    let attempts = world.history_of(&event).await;
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
async fn without_a_rule_nothing_is_retried() {
    assert_eq!(attempts(json!([]), &[500; 9], 86_400).await, at(&[0]));
}

#[tokio::test]
async fn a_success_ends_the_retries() {
    let made = attempts(json!([retry("linear", 30_000, 5)]), &[500], 3_600);
    assert_eq!(made.await, at(&[0, 30]));
}

#[tokio::test]
async fn only_the_statuses_that_the_list_covers_are_retried() {
    let cases: [(Value, &[u16], usize); 10] = [
        (json!(["500-599"]), &[503], 2),
        (json!(["500-599"]), &[404], 1),
        (json!([">=500", "!501"]), &[501], 1),
        (json!([">=500"]), &[500, 404], 2),
        (json!(["!401", "!200"]), &[401], 1),
        (json!(["!401", "!200"]), &[404], 2),
        (json!(["!500", ">=400"]), &[500], 2),
        (json!(["500-599", "!503", "503"]), &[503, 503], 3),
        (json!([429]), &[429], 2),
        (json!(["500-599", "429", "!501"]), &[500, 429, 599, 501], 4),
    ];
    for (codes, statuses, expected) in cases {
        let mut rule = retry("linear", 1_000, 9);
        rule["response_status_codes"] = codes.clone();
        let made = attempts(json!([rule]), statuses, 60).await;
        assert_eq!(made.len(), expected, "{codes} {statuses:?}");
    }
}

#[tokio::test]
async fn a_list_of_nothing_but_negations_retries_a_success_too() {
    let rule = |codes: Value| {
        let mut rule = retry("linear", 30_000, 2);
        rule["response_status_codes"] = codes;
        json!([rule])
    };
    let negations = json!(["!410", "!413"]);
    let made = attempts(rule(negations.clone()), &[], 3_600);
    assert_eq!(made.await, at(&[0, 30, 60]));
    assert_eq!(attempts(rule(negations), &[410], 3_600).await, at(&[0]));
    let as_meant = json!([">=300", "!410", "!413"]);
    let made = attempts(rule(as_meant.clone()), &[500, 200], 3_600);
    assert_eq!(made.await, at(&[0, 30]));
    assert_eq!(attempts(rule(as_meant), &[410], 3_600).await, at(&[0]));
}

#[tokio::test]
async fn a_success_that_is_tried_again_shows_when_and_opens_no_issue() {
    let world = World::start().await;
    let mut rule = retry("linear", 30_000, 1);
    rule["response_status_codes"] = json!(["!410"]);
    let connection = world.connect("hammered").rules(json!([rule])).await;
    let event = world.event(&connection, "{}").await;
    let state = world.state(&event).await;
    assert_eq!(state, ("SUCCESSFUL".to_owned(), 1, Some(30)));
    world.advance(seconds(3_600)).await;
    let state = world.state(&event).await;
    assert_eq!(state, ("SUCCESSFUL".to_owned(), 2, None));
    let issues = world.client.issues().list().await.unwrap();
    assert!(issues.items.is_empty());
}

#[tokio::test]
async fn a_gone_that_the_list_negates_is_final() {
    let world = World::start().await;
    world.receiver.answer([410]);
    let mut rule = retry("linear", 30_000, 5);
    rule["response_status_codes"] = json!([">=300", "!410", "!413"]);
    let connection = world.connect("gone").rules(json!([rule])).await;
    let event = world.event(&connection, "{}").await;
    let state = world.state(&event).await;
    assert_eq!(state, ("FAILED".to_owned(), 1, None));
}

#[tokio::test]
async fn the_destination_names_the_pause_in_seconds_or_as_a_date_or_ends_the_retries() {
    let world = World::start().await;
    let asks = |pause| Answer::status(503).header("retry-after", pause);
    world.receiver.answer([
        asks("2.5"),
        asks("120"),
        // Ten minutes after the start.
        Answer::status(429).header("retry-after", "Fri, 15 Jan 2027 08:10:00 GMT"),
        asks("soon"),
        asks("-1"),
    ]);
    let rules = json!([retry("linear", 30_000, 9)]);
    let connection = world.connect("asks").rules(rules).await;
    let event = world.event(&connection, "{}").await;
    let next = event.next_attempt_at.unwrap();
    assert_eq!(
        next.unix_micros() - event.created_at.unix_micros(),
        2_500_000
    );
    world.advance(seconds(86_400)).await;
    let made = world.history_of(&event).await;
    let times: Vec<_> = made.iter().map(|(at, ..)| *at).collect();
    // What is no pause leaves it to the rule.
    assert_eq!(times, [0, 2, 122, 600, 630]);
    assert_eq!(world.state(&event).await, ("FAILED".to_owned(), 5, None));
}

#[tokio::test]
async fn a_delay_schedules_the_first_attempt() {
    let world = World::start().await;
    let rules = json!([{ "type": "delay", "delay": 90_000 }]);
    let connection = world.connect("later").mock().rules(rules).await;
    let id = world.deliver(&connection, "{}").await;
    let event = world.event_of(&id).await;
    assert_eq!(
        world.state(&event).await,
        ("SCHEDULED".to_owned(), 0, Some(90))
    );
    world.advance(seconds(89)).await;
    assert_eq!(
        world.state(&event).await,
        ("SCHEDULED".to_owned(), 0, Some(1))
    );
    world.advance(seconds(1)).await;
    assert_eq!(
        world.history_of(&event).await,
        [(90, "INITIAL".to_owned(), Some(200))]
    );
}

#[tokio::test]
async fn a_delay_runs_on_during_a_pause_and_is_not_cut_short_by_its_end() {
    let world = World::start().await;
    let rules = json!([{ "type": "delay", "delay": 60_000 }]);
    let connection = world.connect("held").mock().rules(rules).await;
    let connections = world.client.connections();
    connections.pause(&connection.id).await.unwrap();
    let id = world.deliver(&connection, "{}").await;
    let event = world.event_of(&id).await;
    assert_eq!(world.state(&event).await, ("HOLD".to_owned(), 0, None));
    world.advance(seconds(10)).await;
    connections.unpause(&connection.id).await.unwrap();
    assert_eq!(
        world.state(&event).await,
        ("SCHEDULED".to_owned(), 0, Some(50))
    );
    world.advance(seconds(20)).await;
    assert_eq!(world.state(&event).await.1, 0);
    connections.pause(&connection.id).await.unwrap();
    world.advance(seconds(60)).await;
    assert_eq!(world.state(&event).await, ("HOLD".to_owned(), 0, None));
    connections.unpause(&connection.id).await.unwrap();
    world.settle().await;
    assert_eq!(
        world.history_of(&event).await,
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
            json!({ "type": "deduplicate", "window": 600, "include_fields": ["id"] }),
            "window must be greater than or equal to 1000",
        ),
        (
            json!({ "type": "deduplicate", "window": 1_000, "include_fields": ["id"] }),
            "Error code Invalid field path: id. Must start with: headers, body, query, path is not defined, your \
             custom type is missing the correct messages definition",
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
