//! The control API.

mod support;

use hookdeck::types::Timestamp;
use hookdeck_gateway::Gateway;
use serde_json::{Value, json};
use support::{Api, Receiver, Reply, read};

async fn control(api: &Api, method: &str, path: &str, body: Value) -> Reply {
    let url = format!("{}/_gateway/{path}", api.gateway.api_url());
    let request = api.http.request(method.parse().unwrap(), url);
    read(request.body(body.to_string())).await
}

async fn started() -> Api {
    let builder = Gateway::builder()
        .manual_clock("2026-09-01T12:00:00Z".parse().unwrap())
        .control(true);
    Api::of(builder).await
}

#[tokio::test]
async fn health_and_readiness_always_answer_and_the_rest_only_if_asked_for() {
    let api = Api::start().await;
    for path in ["health", "ready"] {
        assert_eq!(
            control(&api, "GET", path, Value::Null).await.status,
            200,
            "{path}"
        );
    }
    let refused = control(&api, "POST", "reset", Value::Null).await;
    assert_eq!(refused.status, 404);
    assert!(refused.text.contains("--control"));
}

#[tokio::test]
async fn the_clock_moves_and_tells_what_fired() {
    let api = started().await;
    let receiver = Receiver::start(500).await;
    let rules = json!([{ "type": "retry", "strategy": "linear", "interval": 60_000, "count": 5 }]);
    let connection = api.connection("c", receiver.destination("d"), rules).await;
    api.send(&connection, json!({})).await;
    let clock = control(&api, "GET", "clock", Value::Null).await.json();
    assert_eq!(
        clock,
        json!({ "now": "2026-09-01T12:00:00.000000Z", "manual": true })
    );
    let advanced = control(&api, "POST", "clock/advance", json!({ "seconds": 120 }))
        .await
        .json();
    assert_eq!(advanced["now"], "2026-09-01T12:02:00.000000Z");
    let fired = advanced["fired"].as_array().unwrap();
    assert_eq!(fired.len(), 2);
    assert_eq!(fired[0]["at"], "2026-09-01T12:01:00.000000Z");
    assert_eq!(fired[0]["trigger"], "AUTOMATIC");
    assert_eq!(fired[1]["attempt_number"], 3);
    let nonsense = control(&api, "POST", "clock/advance", json!({ "weeks": 1 })).await;
    assert_eq!(nonsense.status, 400);
}

#[tokio::test]
async fn the_system_clock_cannot_be_moved() {
    let api = Api::of(Gateway::builder().control(true)).await;
    let refused = control(&api, "POST", "clock/advance", json!({ "seconds": 1 })).await;
    assert_eq!(refused.status, 409);
    assert_eq!(
        control(&api, "POST", "settle", Value::Null).await.status,
        200
    );
}

#[tokio::test]
async fn a_reset_leaves_nothing_and_gives_the_quota_back() {
    let api = started().await;
    let receiver = Receiver::start(200).await;
    let connection = api
        .connection("c", receiver.destination("d"), json!([]))
        .await;
    api.send(&connection, json!({})).await;
    assert_eq!(
        control(&api, "POST", "reset", Value::Null).await.status,
        200
    );
    let reply = api.get("/sources").await;
    assert_eq!(reply.json()["models"], json!([]));
    assert_eq!(reply.header("x-ratelimit-remaining"), "239");
    for list in [
        "/destinations",
        "/connections",
        "/requests",
        "/events",
        "/attempts",
    ] {
        assert!(api.models(list).await.is_empty(), "{list}");
    }
    // The gateway works on.
    let connection = api
        .connection("c", receiver.destination("d"), json!([]))
        .await;
    api.send(&connection, json!({})).await;
    assert_eq!(receiver.received().len(), 2);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_ids() {
    let api = started().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        control(&api, "POST", "reset", Value::Null).await;
        assert_eq!(
            control(&api, "POST", "seed", json!({ "seed": 7 }))
                .await
                .status,
            200
        );
        ids.push(api.source("s").await["id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn foreign_pages_and_names_are_refused() {
    let api = started().await;
    let url = format!("{}/_gateway/reset", api.gateway.api_url());
    for (name, value) in [("origin", "https://evil.example"), ("host", "evil.example")] {
        let reply = read(api.http.post(&url).header(name, value)).await;
        assert_eq!(reply.status, 403, "{name}");
    }
}

#[tokio::test]
async fn with_several_projects_the_key_says_which() {
    let api = Api::of(
        Gateway::builder()
            .api_key("one")
            .api_key("two")
            .control(true),
    )
    .await;
    let url = format!("{}/_gateway/clock", api.gateway.api_url());
    assert_eq!(read(api.http.get(&url)).await.status, 401);
    assert_eq!(
        read(api.http.get(&url).bearer_auth("two")).await.status,
        200
    );
}

/// What one project delivers may be a webhook to another, which then has something to do again.
#[tokio::test]
async fn a_settle_waits_for_projects_that_set_each_other_to_work() {
    use hookdeck::models::{DestinationInput, SourceInput};

    let gateway = Gateway::builder()
        .api_key("first")
        .api_key("second")
        .manual_clock(Timestamp::from_unix_seconds(1_800_000_000))
        .start()
        .await
        .unwrap();
    let client = |key: &str| {
        hookdeck::Client::builder(key)
            .base_url(gateway.api_url())
            .build()
            .unwrap()
    };
    let (first, second) = (client("first"), client("second"));
    // From the second project to the first and back, four hops in all.
    let mut url = None;
    for hop in 0..4 {
        let at = if hop % 2 == 0 { &first } else { &second };
        let name = format!("hop-{hop}");
        let destination = match &url {
            None => DestinationInput::mock_api(name.as_str()),
            Some(url) => DestinationInput::http(name.as_str(), url),
        };
        let made = at.connections().create().name(name.as_str());
        let made = made
            .source(SourceInput::webhook(name.as_str()))
            .destination(destination);
        url = Some(made.await.unwrap().source.url);
    }
    let http = support::client();
    let reply = http.post(url.unwrap()).body("hello").send().await.unwrap();
    assert_eq!(reply.status(), 200);
    gateway.settle().await.unwrap();
    for at in [&first, &second] {
        let events = at.events().list().await.unwrap().items;
        assert_eq!(events.len(), 2);
        assert!(
            events
                .iter()
                .all(|event| event.status == hookdeck::models::EventStatus::Successful)
        );
    }
}
