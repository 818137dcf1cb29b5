//! What is asked for while an attempt is in flight: nothing is sent twice, nothing is lost.
//!
//! The attempt that is out cannot be called back. What it comes to is recorded, and then:
//! a cancelled event stays cancelled unless the destination took it, a retry that was asked for
//! follows, and a pause holds what would come next.

use hookdeck::models::{Connection, Event};
use hookdeck_testkit::{World, seconds};
use serde_json::json;

struct Race {
    world: World,
    connection: Connection,
    event: Event,
}

impl Race {
    /// An event whose first attempt is out and will be answered with `status`.
    async fn start(status: u16) -> Self {
        let world = World::start().await;
        world.receiver.answer([status]);
        world.receiver.hold();
        let rules =
            json!([{ "type": "retry", "strategy": "linear", "interval": 60_000, "count": 1 }]);
        let connection = world.connect("race").rules(rules).await;
        let id = world.post(&connection, "{}").await;
        world.receiver.next().await;
        let event = world.event_of(&id).await;
        assert_eq!((event.status.as_str(), event.attempts), ("QUEUED", 0));
        Self {
            world,
            connection,
            event,
        }
    }

    /// Lets the destination answer, and an hour pass; the state right after the answer and the
    /// triggers of all attempts in the end.
    async fn end(&self) -> ((String, u32, Option<i64>), Vec<String>) {
        self.world.receiver.release_all();
        self.world.settle().await;
        let after = self.world.state(&self.event).await;
        self.world.advance(seconds(3_600)).await;
        let attempts = self.world.history_of(&self.event).await;
        // The destination got what was recorded, not less and not more.
        assert_eq!(self.world.receiver.deliveries().len(), attempts.len());
        let triggers = attempts.into_iter().map(|(_, trigger, _)| trigger);
        (after, triggers.collect())
    }
}

fn is(status: &str, attempts: u32, next: Option<i64>) -> (String, u32, Option<i64>) {
    (status.to_owned(), attempts, next)
}

#[tokio::test]
async fn cancelled_in_flight() {
    for (status, state) in [(500, "CANCELLED"), (200, "SUCCESSFUL")] {
        let race = Race::start(status).await;
        let events = race.world.client.events();
        let cancelled = events.cancel(&race.event.id).await.unwrap();
        assert_eq!(cancelled.status.as_str(), "CANCELLED");
        let (after, triggers) = race.end().await;
        assert_eq!(after, is(state, 1, None));
        assert_eq!(triggers, ["INITIAL"]);
    }
}

#[tokio::test]
async fn disabled_or_deleted_in_flight() {
    for (status, state) in [(500, "CANCELLED"), (200, "SUCCESSFUL")] {
        for end in ["disable", "delete", "source", "destination"] {
            let race = Race::start(status).await;
            let client = &race.world.client;
            let connection = &race.connection;
            match end {
                "disable" => drop(client.connections().disable(&connection.id).await.unwrap()),
                "delete" => drop(client.connections().delete(&connection.id).await.unwrap()),
                "source" => drop(
                    client
                        .sources()
                        .disable(&connection.source.id)
                        .await
                        .unwrap(),
                ),
                _ => {
                    let destination = &connection.destination.id;
                    client.destinations().disable(destination).await.unwrap();
                }
            }
            assert_eq!(
                race.world.state(&race.event).await,
                is("CANCELLED", 0, None)
            );
            let (after, triggers) = race.end().await;
            assert_eq!(after, is(state, 1, None), "{end}");
            assert_eq!(triggers, ["INITIAL"], "{end}");
        }
    }
}

#[tokio::test]
async fn disabled_and_enabled_in_flight_is_cancelled_all_the_same() {
    let race = Race::start(500).await;
    let connections = race.world.client.connections();
    connections.disable(&race.connection.id).await.unwrap();
    connections.enable(&race.connection.id).await.unwrap();
    let (after, triggers) = race.end().await;
    assert_eq!((after, triggers.len()), (is("CANCELLED", 1, None), 1));
}

#[tokio::test]
async fn retried_in_flight() {
    // However often it is asked for, one attempt follows; the rule's own comes after it.
    let race = Race::start(500).await;
    for _ in 0..3 {
        let events = race.world.client.events();
        let retried = events.retry(&race.event.id).await.unwrap();
        assert_eq!(retried.status.as_str(), "QUEUED");
    }
    race.world.receiver.answer([500]);
    let (after, triggers) = race.end().await;
    assert_eq!(after, is("FAILED", 2, Some(60)));
    assert_eq!(triggers, ["INITIAL", "MANUAL", "AUTOMATIC"]);

    let race = Race::start(200).await;
    race.world
        .client
        .events()
        .retry(&race.event.id)
        .await
        .unwrap();
    let (after, triggers) = race.end().await;
    assert_eq!(after, is("SUCCESSFUL", 2, None));
    assert_eq!(triggers, ["INITIAL", "MANUAL"]);
}

#[tokio::test]
async fn an_event_never_has_two_attempts_in_flight() {
    let race = Race::start(200).await;
    let (world, receiver) = (&race.world, &race.world.receiver);
    for _ in 0..3 {
        world.client.events().retry(&race.event.id).await.unwrap();
    }
    // Another event gets through meanwhile, so the gateway has looked at what is due since.
    world.post(&race.connection, "{\"other\":true}").await;
    assert_eq!(receiver.next().await.text(), "{\"other\":true}");
    assert!(receiver.rest().is_empty());
    receiver.release_all();
    world.settle().await;
    assert_eq!(world.state(&race.event).await, is("SUCCESSFUL", 2, None));
}

#[tokio::test]
async fn cancelled_and_retried_in_flight() {
    let race = Race::start(500).await;
    let events = race.world.client.events();
    events.cancel(&race.event.id).await.unwrap();
    events.retry(&race.event.id).await.unwrap();
    let (after, triggers) = race.end().await;
    assert_eq!(after, is("SUCCESSFUL", 2, Some(60)));
    assert_eq!(triggers, ["INITIAL", "MANUAL", "AUTOMATIC"]);

    let race = Race::start(500).await;
    let events = race.world.client.events();
    events.retry(&race.event.id).await.unwrap();
    events.cancel(&race.event.id).await.unwrap();
    let (after, triggers) = race.end().await;
    assert_eq!((after, triggers.len()), (is("CANCELLED", 1, None), 1));
}

#[tokio::test]
async fn paused_in_flight() {
    let race = Race::start(500).await;
    let connections = race.world.client.connections();
    connections.pause(&race.connection.id).await.unwrap();
    assert_eq!(race.world.state(&race.event).await, is("HOLD", 0, None));
    let (after, triggers) = race.end().await;
    assert_eq!(after, is("FAILED", 1, Some(60)));
    assert_eq!(triggers, ["INITIAL"]);
    assert_eq!(race.world.state(&race.event).await, is("HOLD", 1, None));
    connections.unpause(&race.connection.id).await.unwrap();
    race.world.settle().await;
    assert_eq!(
        race.world.state(&race.event).await,
        is("SUCCESSFUL", 2, None)
    );

    let race = Race::start(200).await;
    let connections = race.world.client.connections();
    connections.pause(&race.connection.id).await.unwrap();
    connections.unpause(&race.connection.id).await.unwrap();
    let (after, triggers) = race.end().await;
    assert_eq!(after, is("SUCCESSFUL", 1, None));
    assert_eq!(triggers, ["INITIAL"]);
}

#[tokio::test]
async fn retried_in_flight_during_a_pause_is_held() {
    let race = Race::start(500).await;
    let connections = race.world.client.connections();
    connections.pause(&race.connection.id).await.unwrap();
    race.world
        .client
        .events()
        .retry(&race.event.id)
        .await
        .unwrap();
    let (after, triggers) = race.end().await;
    assert_eq!(after, is("HOLD", 1, None));
    assert_eq!(triggers, ["INITIAL"]);
    connections.unpause(&race.connection.id).await.unwrap();
    race.world.settle().await;
    let attempts = race.world.history_of(&race.event).await;
    assert_eq!(attempts[1].1, "MANUAL");
}

#[tokio::test]
async fn a_bulk_retry_in_flight_follows_and_is_named_as_one() {
    let race = Race::start(500).await;
    let bulk = race.world.client.raw().post("/bulk/events/retry");
    let query = json!({ "query": { "webhook_id": race.connection.id } });
    bulk.json(&query)
        .decode::<serde_json::Value>()
        .await
        .unwrap();
    // The job has worked when it says so; the attempt is still out.
    loop {
        let jobs = race.world.client.raw().get("/bulk/events/retry");
        let jobs: serde_json::Value = jobs.decode().await.unwrap();
        if jobs["models"][0]["in_progress"] == false {
            break;
        }
        tokio::task::yield_now().await;
    }
    let (after, triggers) = race.end().await;
    assert_eq!(after, is("SUCCESSFUL", 2, Some(60)));
    assert_eq!(triggers, ["INITIAL", "BULK_RETRY", "AUTOMATIC"]);
}
