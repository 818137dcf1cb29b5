//! Hours of random traffic, always the same, and what it leaves in the lists.

use std::collections::BTreeMap;
use std::time::Duration;

use hookdeck_gateway::{Gateway, RateLimit};
use serde_json::{Value, json};

use crate::answers::micros;
use crate::support::{self, Api, Receiver, id};

/// Four hours before a month ends, at half a second.
const START: &str = "2026-09-30T20:00:00.500Z";

const CODE: &str = "addHandler('transform', (request) => {
    for (const level of request.body.say) console[level]('x');
    if (request.body.throws) throw new Error('thrown');
    return request;
});";

/// What the traffic leaves in the lists.
pub struct Traffic {
    pub api: Api,
    pub requests: Vec<Value>,
    pub events: Vec<Value>,
    pub attempts: Vec<Value>,
    pub executions: Vec<Value>,
    /// One row for every event of every issue.
    pub issue_events: Vec<Value>,
    /// One row for every wait.
    pub waits: Vec<Value>,
}

/// All of a list, page by page.
pub async fn walked(api: &Api, path: &str) -> Vec<Value> {
    let sign = if path.contains('?') { '&' } else { '?' };
    let mut all = Vec::new();
    let mut link = String::new();
    loop {
        let reply = api.get(&format!("{path}{sign}limit=100{link}")).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        let page = reply.json();
        all.extend(page["models"].as_array().unwrap().iter().cloned());
        match page["pagination"]["next"].as_str() {
            Some(next) => link = format!("&next={next}"),
            None => return all,
        }
    }
}

async fn post(api: &Api, source: &Value, body: &Value) {
    let request = api
        .http
        .post(source["url"].as_str().unwrap())
        .header("content-type", "application/json")
        .body(body.to_string());
    assert_eq!(support::read(request).await.status, 200);
    api.gateway.settle().await.unwrap();
}

/// Connections that filter and retry, transform under a limit, and delay; and a source that leads nowhere.
pub async fn traffic() -> Traffic {
    let api = Api::of(
        Gateway::builder()
            .manual_clock(START.parse().unwrap())
            .seed(2026)
            .rate_limit(RateLimit::off()),
    )
    .await;
    let receiver = Receiver::start(200).await;
    let shop = api.source("shop").await;
    let nowhere = api.source("nowhere").await;
    let connect = async |name: &str, destination: Value, rules: Value| {
        let body = json!({ "name": name, "source_id": id(&shop), "destination": destination, "rules": rules });
        api.ok("POST", "/connections", body).await
    };
    let retried = connect(
        "retried",
        receiver.destination("flaky"),
        json!([
            { "type": "filter", "body": { "keep": true } },
            { "type": "retry", "strategy": "linear", "interval": 600_000, "count": 2 },
        ]),
    )
    .await;
    let grouped = json!({
        "name": "grouped", "type": "HTTP",
        "config": {
            "url": receiver.url,
            "delivery_policy": {
                "rate": 12, "period": "hour",
                "groups": { "key": "body.group", "rate": 10, "rate_period": "hour" },
            },
        },
    });
    let transformed = connect(
        "transformed",
        grouped,
        json!([{ "type": "transform", "transformation": { "name": "t", "code": CODE } }]),
    )
    .await;
    connect(
        "delayed",
        json!({ "name": "mock", "type": "MOCK_API" }),
        json!([{ "type": "delay", "delay": 1_500_000 }]),
    )
    .await;

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
                    post(&api, &shop, &body).await;
                }
            }
            5 => post(&api, &nowhere, &json!({ "step": step })).await,
            6 => receiver.answer([200, 500, 500, 404][random.usize(0..4)]),
            7 => {
                let connection = id([&retried, &transformed][random.usize(0..2)]);
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
        api.gateway.settle().await.unwrap();
        let span = Duration::from_millis(random.u64(0..600_000));
        api.gateway.advance(span).await.unwrap();
    }
    // Some left on hold, some delayed, some to be retried.
    receiver.answer(500);
    let pause = format!("/connections/{}/pause", id(&transformed));
    api.ok("PUT", &pause, json!({})).await;
    let unpause = format!("/connections/{}/unpause", id(&retried));
    api.ok("PUT", &unpause, json!({})).await;
    let body = json!({ "keep": true, "group": "a", "say": ["warn"] });
    post(&api, &shop, &body).await;
    post(&api, &shop, &body).await;
    read_back(api).await
}

async fn read_back(api: Api) -> Traffic {
    let mut requests = walked(&api, "/requests").await;
    for request in &mut requests {
        let rejected = request["rejection_cause"].is_string();
        request["status"] = json!(if rejected { "REJECTED" } else { "ACCEPTED" });
    }
    let events = walked(&api, "/events").await;
    let by_id: BTreeMap<String, &Value> = events.iter().map(|event| (id(event), event)).collect();
    let mut attempts = walked(&api, "/attempts").await;
    for attempt in &mut attempts {
        let event = by_id[attempt["event_id"].as_str().unwrap()];
        attempt["delivery_group"] = event["delivery_group"].clone();
    }
    let mut executions = Vec::new();
    for transformation in walked(&api, "/transformations").await {
        let path = format!("/transformations/{}/executions", id(&transformation));
        executions.extend(walked(&api, &path).await);
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
    for issue in walked(&api, "/issues?type=delivery").await {
        let path = format!("/events?issue_id={}", id(&issue));
        for mut event in walked(&api, &path).await {
            event["issue_id"] = issue["id"].clone();
            issue_events.push(event);
        }
    }
    let now = api.gateway.now().unix_micros();
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
        api,
        requests,
        events,
        attempts,
        executions,
        issue_events,
        waits,
    }
}
