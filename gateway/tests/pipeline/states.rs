//! The states of an event and who may change them.

use hookdeck_testkit::{World, refusal, seconds};
use serde_json::json;

fn is(status: &str, attempts: u32, next: Option<i64>) -> (String, u32, Option<i64>) {
    (status.to_owned(), attempts, next)
}

fn retry_each_minute() -> serde_json::Value {
    json!([{ "type": "retry", "strategy": "linear", "interval": 60_000, "count": 5 }])
}

#[tokio::test]
async fn a_pause_holds_what_is_due_and_its_end_says_why_it_is_delivered() {
    let world = World::start().await;
    world.receiver.answer([500]);
    let connection = world.connect("pausing").rules(retry_each_minute()).await;
    let connections = world.client.connections();
    let failed = world.event(&connection, "1").await;
    assert_eq!(world.state(&failed).await, is("FAILED", 1, Some(60)));
    let paused = connections.pause(&connection.id).await.unwrap();
    assert!(paused.paused_at.is_some());
    let fresh = world.event(&connection, "2").await;
    assert_eq!(world.state(&fresh).await, is("HOLD", 0, None));
    // A retry waits for its moment and is held then.
    assert_eq!(world.state(&failed).await, is("FAILED", 1, Some(60)));
    world.advance(seconds(60)).await;
    assert_eq!(world.state(&failed).await, is("HOLD", 1, None));
    // Asked for during the pause: held as well, and not forgotten who asked.
    let asked = world.event(&connection, "3").await;
    world.client.events().cancel(&asked.id).await.unwrap();
    let retried = world.client.events().retry(&asked.id).await.unwrap();
    assert_eq!(retried.status.as_str(), "HOLD");
    let unpaused = connections.unpause(&connection.id).await.unwrap();
    assert!(unpaused.paused_at.is_none());
    world.settle().await;
    let triggers = async |event| {
        let attempts = world.history_of(event).await;
        attempts
            .into_iter()
            .map(|(_, trigger, _)| trigger)
            .collect::<Vec<_>>()
    };
    assert_eq!(triggers(&failed).await, ["INITIAL", "UNPAUSE"]);
    assert_eq!(triggers(&fresh).await, ["INITIAL"]);
    assert_eq!(triggers(&asked).await, ["MANUAL"]);
}

#[tokio::test]
async fn what_is_held_is_delivered_in_the_order_it_came() {
    let world = World::start().await;
    let one_at_a_time = json!({ "delivery_policy": { "rate": 1, "period": "concurrent" } });
    let connection = world.connect("held").config(one_at_a_time).await;
    let connections = world.client.connections();
    connections.pause(&connection.id).await.unwrap();
    for n in 0..5 {
        world.post(&connection, n).await;
        world.advance(seconds(1)).await;
    }
    connections.unpause(&connection.id).await.unwrap();
    world.settle().await;
    let deliveries = world.receiver.deliveries();
    let order: Vec<_> = deliveries.iter().map(|delivery| delivery.text()).collect();
    assert_eq!(order, ["0", "1", "2", "3", "4"]);
}

#[tokio::test]
async fn disabling_or_deleting_cancels_everything_that_is_pending_at_once() {
    let world = World::start().await;
    for (index, end) in ["disable", "delete", "source", "destination"]
        .into_iter()
        .enumerate()
    {
        let rules = json!([retry_each_minute()[0], { "type": "filter", "body": { "pass": true } }]);
        let connection = world.connect(end).rules(rules).await;
        world.receiver.answer([500]);
        let failed = world.event(&connection, "{\"pass\":true}").await;
        let delayed = json!([{ "type": "delay", "delay": 600_000 }]);
        let update = world
            .client
            .raw()
            .put(format!("/connections/{}", connection.id));
        update
            .json(&json!({ "rules": delayed }))
            .decode::<serde_json::Value>()
            .await
            .unwrap();
        let scheduled = world.event(&connection, "{}").await;
        let update = world
            .client
            .raw()
            .put(format!("/connections/{}", connection.id));
        update
            .json(&json!({ "rules": [] }))
            .decode::<serde_json::Value>()
            .await
            .unwrap();
        let done = world.event(&connection, "{}").await;
        let connections = world.client.connections();
        connections.pause(&connection.id).await.unwrap();
        let held = world.event(&connection, "{}").await;
        match end {
            "disable" => drop(connections.disable(&connection.id).await.unwrap()),
            "delete" => drop(connections.delete(&connection.id).await.unwrap()),
            "source" => drop(
                world
                    .client
                    .sources()
                    .disable(&connection.source.id)
                    .await
                    .unwrap(),
            ),
            _ => {
                let destination = &connection.destination.id;
                world
                    .client
                    .destinations()
                    .disable(destination)
                    .await
                    .unwrap();
            }
        }
        for (event, attempts) in [(&failed, 1), (&scheduled, 0), (&held, 0)] {
            assert_eq!(
                world.state(event).await,
                is("CANCELLED", attempts, None),
                "{end}"
            );
            if end == "destination" && attempts == 0 {
                continue;
            }
            // A retry can do nothing about it either.
            let retried = world.client.events().retry(&event.id).await.unwrap();
            assert_eq!(retried.status.as_str(), "CANCELLED", "{end}");
        }
        assert_eq!(world.state(&done).await, is("SUCCESSFUL", 1, None));
        let made = world
            .gateway
            .advance(std::time::Duration::from_secs(3_600))
            .await
            .unwrap();
        assert!(made.fired.is_empty(), "{index} {end}: {made:?}");
    }
}

#[tokio::test]
async fn enabling_a_connection_enables_both_its_ends_and_disabling_a_source_its_connections() {
    let world = World::start().await;
    let connection = world.connect("ends").mock().await;
    let client = &world.client;
    client
        .sources()
        .disable(&connection.source.id)
        .await
        .unwrap();
    let disabled = client.connections().get(&connection.id).await.unwrap();
    assert!(disabled.disabled_at.is_some() && disabled.source.disabled_at.is_some());
    client
        .sources()
        .enable(&connection.source.id)
        .await
        .unwrap();
    // The connection stays as it is until it is enabled itself.
    let id = world.deliver(&connection, "{}").await;
    assert_eq!(world.ignored_of(&id).await[0].cause.as_str(), "DISABLED");
    client
        .destinations()
        .disable(&connection.destination.id)
        .await
        .unwrap();
    client
        .sources()
        .disable(&connection.source.id)
        .await
        .unwrap();
    let enabled = client.connections().enable(&connection.id).await.unwrap();
    assert!(enabled.disabled_at.is_none());
    assert!(enabled.source.disabled_at.is_none() && enabled.destination.disabled_at.is_none());
    let id = world.deliver(&connection, "{}").await;
    assert_eq!(
        world.state(&world.event_of(&id).await).await,
        is("SUCCESSFUL", 1, None)
    );
    // A disabled destination takes no new events either.
    client
        .destinations()
        .disable(&connection.destination.id)
        .await
        .unwrap();
    let id = world.deliver(&connection, "{}").await;
    assert_eq!(world.counts_of(&id).await, (0, 1, String::new()));
    assert_eq!(world.ignored_of(&id).await[0].cause.as_str(), "DISABLED");
}

#[tokio::test]
async fn a_manual_retry_works_in_any_state_and_leaves_the_scheduled_attempt_armed() {
    let world = World::start().await;
    world.receiver.answer([500, 500, 200]);
    let connection = world.connect("manual").rules(retry_each_minute()).await;
    let events = world.client.events();
    let event = world.event(&connection, "{}").await;
    world.advance(seconds(10)).await;
    let retried = events.retry(&event.id).await.unwrap();
    assert_eq!(
        (retried.status.as_str(), retried.next_attempt_at),
        ("QUEUED", None)
    );
    assert_eq!(retried.id, event.id);
    world.settle().await;
    // Failed or delivered: what was scheduled is still to come, at its own moment.
    assert_eq!(world.state(&event).await, is("FAILED", 2, Some(50)));
    events.retry(&event.id).await.unwrap();
    world.settle().await;
    assert_eq!(world.state(&event).await, is("SUCCESSFUL", 3, Some(50)));
    world.advance(seconds(3_600)).await;
    assert_eq!(world.state(&event).await, is("SUCCESSFUL", 4, None));
    events.retry(&event.id).await.unwrap();
    world.settle().await;
    assert_eq!(world.state(&event).await, is("SUCCESSFUL", 5, None));
    let expected = [
        (0, "INITIAL"),
        (10, "MANUAL"),
        (10, "MANUAL"),
        (60, "AUTOMATIC"),
        (3_610, "MANUAL"),
    ];
    let attempts = world.history_of(&event).await;
    let made: Vec<_> = attempts
        .iter()
        .map(|(at, trigger, _)| (*at, trigger.as_str()))
        .collect();
    assert_eq!(made, expected);
    let deliveries = world.receiver.deliveries();
    assert_eq!(deliveries.len(), expected.len());
    for (index, (delivery, (_, trigger))) in deliveries.iter().zip(expected).enumerate() {
        let count = (index + 1).to_string();
        assert_eq!(delivery.header("x-hookdeck-eventid"), event.id.as_str());
        assert_eq!(delivery.header("x-hookdeck-attempt-count"), count);
        assert_eq!(delivery.header("x-hookdeck-attempt-trigger"), trigger);
    }
}

#[tokio::test]
async fn an_armed_attempt_that_fails_after_a_manual_success_goes_on_by_the_rule() {
    let world = World::start().await;
    world.receiver.answer([500, 200, 500, 200]);
    let connection = world.connect("armed").rules(retry_each_minute()).await;
    let event = world.event(&connection, "{}").await;
    world.client.events().retry(&event.id).await.unwrap();
    world.settle().await;
    assert_eq!(world.state(&event).await, is("SUCCESSFUL", 2, Some(60)));
    world.advance(seconds(60)).await;
    assert_eq!(world.state(&event).await, is("FAILED", 3, Some(60)));
    world.advance(seconds(60)).await;
    assert_eq!(world.state(&event).await, is("SUCCESSFUL", 4, None));
}

#[tokio::test]
async fn disabling_the_connection_disarms_what_a_manual_success_left() {
    let world = World::start().await;
    world.receiver.answer([500, 200]);
    let connection = world.connect("disarmed").rules(retry_each_minute()).await;
    let event = world.event(&connection, "{}").await;
    world.client.events().retry(&event.id).await.unwrap();
    world.settle().await;
    assert_eq!(world.state(&event).await, is("SUCCESSFUL", 2, Some(60)));
    let connections = world.client.connections();
    connections.disable(&connection.id).await.unwrap();
    assert!(world.advance(seconds(3_600)).await.fired.is_empty());
    assert_eq!(world.state(&event).await, is("SUCCESSFUL", 2, None));
}

#[tokio::test]
async fn a_manual_retry_goes_beyond_the_rules_count() {
    let world = World::start().await;
    world.receiver.answer([500; 60]);
    let rules = json!([{ "type": "retry", "strategy": "linear", "interval": 1_000, "count": 50 }]);
    let connection = world.connect("beyond").rules(rules).await;
    let event = world.event(&connection, "{}").await;
    world.advance(seconds(3_600)).await;
    assert_eq!(world.state(&event).await, is("FAILED", 51, None));
    world.client.events().retry(&event.id).await.unwrap();
    world.settle().await;
    assert_eq!(world.state(&event).await, is("FAILED", 52, None));
}

#[tokio::test]
async fn a_cancel_that_can_do_nothing_answers_with_the_event_as_it_is() {
    let world = World::start().await;
    world.receiver.answer([500]);
    let connection = world.connect("cancel").rules(retry_each_minute()).await;
    let events = world.client.events();
    let failed = world.event(&connection, "{}").await;
    let done = world.event(&connection, "{}").await;
    world
        .client
        .connections()
        .pause(&connection.id)
        .await
        .unwrap();
    let held = world.event(&connection, "{}").await;
    for (event, status) in [(&failed, "FAILED"), (&done, "SUCCESSFUL")] {
        let before = events.get(&event.id).await.unwrap();
        let cancelled = events.cancel(&event.id).await.unwrap();
        assert_eq!(cancelled.status.as_str(), status);
        let muted = world.client.raw().put(format!("/events/{}/mute", event.id));
        let muted: serde_json::Value = muted.decode().await.unwrap();
        assert_eq!(muted["status"], status);
        let after = events.get(&event.id).await.unwrap();
        assert_eq!(
            (after.status, after.updated_at),
            (before.status, before.updated_at)
        );
    }
    assert_eq!(world.state(&failed).await, is("FAILED", 1, Some(60)));
    let cancelled = events.cancel(&held.id).await.unwrap();
    assert_eq!(
        (cancelled.status.as_str(), cancelled.next_attempt_at),
        ("CANCELLED", None)
    );
    let again = events.cancel(&held.id).await.unwrap();
    assert_eq!(
        (again.status.as_str(), again.updated_at),
        ("CANCELLED", cancelled.updated_at)
    );
    assert_eq!(
        refusal(&events.cancel("evt_none").await.unwrap_err()).0,
        404
    );
    world
        .client
        .connections()
        .unpause(&connection.id)
        .await
        .unwrap();
    world.settle().await;
    assert_eq!(world.state(&held).await, is("CANCELLED", 0, None));
    // A cancelled event may be asked for again.
    events.retry(&held.id).await.unwrap();
    world.settle().await;
    assert_eq!(world.state(&held).await, is("SUCCESSFUL", 1, None));
}
