//! Hours of random traffic, always the same, and what it leaves in the lists.

use std::collections::BTreeMap;
use std::time::Duration;

use hookdeck_testkit::{World, gateway, id};
use serde_json::{Value, json};

use super::answers::micros;

/// Four hours before a month ends, at half a second.
const START: &str = "2026-09-30T20:00:00.500Z";

const CODE: &str = "addHandler('transform', (request) => {
    for (const level of request.body.say) console[level]('x');
    if (request.body.throws) throw new Error('thrown');
    return request;
});";

/// What the traffic leaves in the lists.
pub struct Traffic {
    pub world: World,
    pub requests: Vec<Value>,
    pub events: Vec<Value>,
    pub attempts: Vec<Value>,
    pub executions: Vec<Value>,
    /// One row for every event of every issue.
    pub issue_events: Vec<Value>,
    /// One row for every wait.
    pub waits: Vec<Value>,
}

/// Connections that filter and retry, transform under a limit, and delay; and a source that leads nowhere.
pub async fn traffic() -> Traffic {
    let world = World::of(gateway().manual_clock(START.parse().unwrap()).seed(2026)).await;
    let api = &world.api;
    let shop = api.source("shop").await;
    let nowhere = api.source("nowhere").await;
    let connect = |name: &str, rules: Value| world.connect(name).from(&shop["id"]).rules(rules);
    let retried = connect(
        "retried",
        json!([
            { "type": "filter", "body": { "keep": true } },
            { "type": "retry", "strategy": "linear", "interval": 600_000, "count": 2 },
        ]),
    )
    .await;
    let transform =
        json!([{ "type": "transform", "transformation": { "name": "t", "code": CODE } }]);
    let grouped = json!({
        "delivery_policy": {
            "rate": 12, "period": "hour",
            "groups": { "key": "body.group", "rate": 10, "rate_period": "hour" },
        },
    });
    let transformed = connect("transformed", transform).config(grouped).await;
    let delay = json!([{ "type": "delay", "delay": 1_500_000 }]);
    connect("delayed", delay).mock().await;

    let mut random = fastrand::Rng::with_seed(2026);
    let levels = ["debug", "info", "warn", "error"];
    for step in 0..90 {
        match random.u32(0..10) {
            0..=4 => {
                let say: Vec<_> = levels.iter().filter(|_| random.u32(0..4) == 0).collect();
                let group = ["a", "b"][random.usize(0..2)];
                let body = json!({
                    "keep": random.u32(0..4) > 0, "group": group,
                    "say": say, "throws": random.u32(0..6) == 0, "step": step,
                });
                for _ in 0..random.u32(1..3) {
                    world.deliver(&shop, &body).await;
                }
            }
            5 => drop(world.deliver(&nowhere, &json!({ "step": step })).await),
            6 => world
                .receiver
                .always([200, 500, 500, 404][random.usize(0..4)]),
            7 => {
                let connection = &[&retried, &transformed][random.usize(0..2)].id;
                let verb = ["pause", "unpause", "unpause"][random.usize(0..3)];
                api.ok(
                    "PUT",
                    &format!("/connections/{connection}/{verb}"),
                    json!({}),
                )
                .await;
            }
            8 => {
                let done = api.models("/events?status=FAILED&limit=5").await;
                if let Some(event) = random.choice(&done) {
                    api.ok("POST", &format!("/events/{}/retry", id(event)), json!({}))
                        .await;
                }
            }
            _ => {
                let held = api.models("/events?status=HOLD&limit=5").await;
                if let Some(event) = random.choice(&held) {
                    api.ok("PUT", &format!("/events/{}/cancel", id(event)), json!({}))
                        .await;
                }
            }
        }
        world.settle().await;
        let span = Duration::from_millis(random.u64(0..600_000));
        world.advance(span).await;
    }
    // Some left on hold, some delayed, some to be retried.
    world.receiver.always(500);
    let pause = format!("/connections/{}/pause", transformed.id);
    api.ok("PUT", &pause, json!({})).await;
    let unpause = format!("/connections/{}/unpause", retried.id);
    api.ok("PUT", &unpause, json!({})).await;
    let body = json!({ "keep": true, "group": "a", "say": ["warn"] });
    world.deliver(&shop, &body).await;
    world.deliver(&shop, &body).await;
    read_back(world).await
}

async fn read_back(world: World) -> Traffic {
    let api = &world.api;
    let mut requests = api.all("/requests").await;
    for request in &mut requests {
        let rejected = request["rejection_cause"].is_string();
        request["status"] = json!(if rejected { "REJECTED" } else { "ACCEPTED" });
    }
    let events = api.all("/events").await;
    let by_id: BTreeMap<String, &Value> = events.iter().map(|event| (id(event), event)).collect();
    let mut attempts = api.all("/attempts").await;
    for attempt in &mut attempts {
        let event = by_id[attempt["event_id"].as_str().unwrap()];
        attempt["delivery_group"] = event["delivery_group"].clone();
    }
    let mut executions = Vec::new();
    for transformation in api.all("/transformations").await {
        let path = format!("/transformations/{}/executions", id(&transformation));
        executions.extend(api.all(&path).await);
    }
    for execution in &mut executions {
        if execution["issue_id"] == "" {
            execution["issue_id"] = Value::Null;
        }
        if execution["logs"].as_array().unwrap().is_empty() {
            execution["log_level"] = json!("");
        }
    }
    let mut issue_events = Vec::new();
    for issue in api.all("/issues?type=delivery").await {
        let path = format!("/events?issue_id={}", id(&issue));
        for mut event in api.all(&path).await {
            event["issue_id"] = issue["id"].clone();
            issue_events.push(event);
        }
    }
    let now = world.gateway.now().unix_micros();
    let first: BTreeMap<&str, i64> = attempts
        .iter()
        .filter(|attempt| attempt["attempt_number"] == 1)
        .map(|attempt| {
            (
                attempt["event_id"].as_str().unwrap(),
                micros(&attempt["created_at"]),
            )
        })
        .collect();
    let mut waits = Vec::new();
    for event in &events {
        let ended = match first.get(event["id"].as_str().unwrap()) {
            Some(at) => *at,
            None if event["status"] == "CANCELLED" => micros(&event["updated_at"]),
            None => now + 1,
        };
        let again = (event["status"] == "QUEUED" && event["attempts"] != 0)
            .then(|| (micros(&event["updated_at"]), now + 1));
        for (began, ended) in [Some((micros(&event["created_at"]), ended)), again]
            .into_iter()
            .flatten()
        {
            let mut wait = event.clone();
            wait["began"] = json!(began);
            wait["ended"] = json!(ended);
            waits.push(wait);
        }
    }
    Traffic {
        world,
        requests,
        events,
        attempts,
        executions,
        issue_events,
        waits,
    }
}
