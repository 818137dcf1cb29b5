//! Lists of requests and events that lag behind, for tests of programs that poll them.

use std::collections::BTreeSet;
use std::time::Duration;

use hookdeck_testkit::{World, field, gateway, id, seconds};
use serde_json::{Value, json};

const LAG: Duration = Duration::from_secs(15);
const STEP: Duration = Duration::from_millis(400);

async fn lagging(seed: u64) -> World {
    World::of(gateway().seed(seed).visibility_lag(LAG)).await
}

/// When each row of a list was first seen, counted in steps, while webhooks came one a step and after.
async fn first_seen(world: &World, path: &str, count: usize) -> Vec<(usize, usize)> {
    let connection = world.api.connect("c").json().await;
    let (mut came, mut seen) = (Vec::new(), Vec::new());
    for step in 0..count + 40 {
        if step < count {
            came.push(world.post(&connection, json!({ "n": step })).await);
            world.settle().await;
        }
        for row in world.api.all(path).await {
            let request = row.get("request_id").unwrap_or(&row["id"]);
            let number = came.iter().position(|id| request == id).unwrap();
            if seen.iter().all(|(known, _)| *known != number) {
                seen.push((number, step - number));
            }
        }
        world.advance(STEP).await;
    }
    seen
}

#[tokio::test]
async fn rows_show_after_a_while_of_their_own_and_some_out_of_order() {
    for path in ["/requests?dir=asc", "/events?dir=asc"] {
        let seen = first_seen(&lagging(1).await, path, 40).await;
        assert_eq!(seen.len(), 40, "{path}");
        let mut lags: Vec<usize> = seen.iter().map(|(_, lag)| *lag).collect();
        lags.sort_unstable();
        // 0.6 to 15 seconds, in steps; most of them short.
        assert!(lags[0] >= 2 && lags[39] <= 38, "{path}: {lags:?}");
        assert!(lags[20] <= 15, "{path}: {lags:?}");
        let numbers: Vec<usize> = seen.iter().map(|(number, _)| *number).collect();
        assert!(!numbers.is_sorted(), "{path}: {numbers:?}");
        // Chance is the seed's.
        let again = first_seen(&lagging(1).await, path, 12).await;
        let early: Vec<_> = seen.iter().filter(|(n, _)| *n < 12).copied().collect();
        assert_eq!(again, early, "{path}");
        assert_ne!(
            first_seen(&lagging(2).await, path, 12).await,
            early,
            "{path}"
        );
    }
}

#[tokio::test]
async fn whoever_asks_for_what_is_newer_than_the_newest_misses_rows_and_whoever_overlaps_does_not()
{
    let world = lagging(3).await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    let (mut naive, mut careful) = (BTreeSet::new(), BTreeSet::new());
    let mut newest = "2000-01-01T00:00:00Z".to_owned();
    let mut came = BTreeSet::new();
    for step in 0..90 {
        if step < 50 {
            came.insert(world.post(&connection, json!({ "n": step })).await);
        }
        world.advance(STEP).await;
        for row in api
            .all(&format!("/requests?created_at[gt]={newest}&dir=asc"))
            .await
        {
            newest = row["created_at"].as_str().unwrap().to_owned();
            naive.insert(id(&row));
        }
        let back =
            world.gateway.now().unix_micros() - i64::try_from(LAG.as_micros()).unwrap() - 1_000_000;
        let from = hookdeck::types::Timestamp::from_unix_micros(back);
        let rows = api.all(&format!("/requests?created_at[gte]={from}")).await;
        careful.extend(rows.iter().map(id));
    }
    assert!(naive.len() < came.len() && naive.is_subset(&came));
    assert_eq!(careful, came);
}

#[tokio::test]
async fn only_lists_lag_and_a_settle_does_not_wait_for_them() {
    let world = lagging(1).await;
    let api = &world.api;
    world.receiver.always(500);
    let connection = world.connect("c").json().await;
    let request = world.deliver(&connection, json!({})).await;
    let below = format!("/requests/{request}/events");
    for path in ["/requests", "/events", &below] {
        assert!(api.models(path).await.is_empty(), "{path}");
    }
    assert_eq!(api.get(&format!("/requests/{request}")).await.status, 200);
    let attempt = api.models("/attempts").await.remove(0);
    let event = attempt["event_id"].as_str().unwrap();
    assert_eq!(
        api.get(&format!("/events/{event}")).await.json()["status"],
        "FAILED"
    );
    let query = json!({ "query": { "webhook_id": id(&connection) } });
    let job = api.ok("POST", "/bulk/events/retry", query).await;
    assert_eq!(job["estimated_count"], 1);
    world.advance(LAG).await;
    for path in ["/requests", "/events", &below] {
        assert_eq!(api.models(path).await.len(), 1, "{path}");
    }
}

#[tokio::test]
async fn pages_of_a_lagging_list_stay_whole() {
    let world = lagging(4).await;
    let connection = world.api.connect("c").json().await;
    for n in 0..50 {
        world.post(&connection, json!({ "n": n })).await;
        world.advance(STEP).await;
    }
    let seen: Vec<Value> = world.api.models("/requests?limit=255").await;
    assert!((10..50).contains(&seen.len()), "{}", seen.len());
    let mut walked = Vec::new();
    let mut page = "/requests?limit=7".to_owned();
    loop {
        let reply = world.api.get(&page).await.json();
        walked.extend(reply["models"].as_array().unwrap().clone());
        match reply["pagination"]["next"].as_str() {
            Some(next) => page = format!("/requests?limit=7&next={next}"),
            None => break,
        }
    }
    assert_eq!(field(&walked, "id"), field(&seen, "id"));
    world.advance(seconds(15)).await;
    assert_eq!(world.api.models("/requests?limit=255").await.len(), 50);
}
