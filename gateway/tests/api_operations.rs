//! Which operations of the contract are served: all those of the six resources, and no other
//! pretends to be.

mod support;

use hookdeck_gateway::contract::Contract;
use hookdeck_gateway::{Gateway, RateLimit};
use serde_json::{Value, json};
use support::{Api, Receiver};

const SERVED: [&str; 6] = [
    "sources",
    "destinations",
    "connections",
    "requests",
    "events",
    "attempts",
];

const SERVED_OPERATIONS: usize = 51;

#[tokio::test]
async fn every_operation_is_either_served_or_answers_501() {
    let api = Api::of(Gateway::builder().rate_limit(RateLimit::off())).await;
    let mut served = 0;
    for operation in Contract::get().operations() {
        let path = operation
            .path
            .split('/')
            .map(|segment| {
                if segment.starts_with('{') {
                    "missing"
                } else {
                    segment
                }
            })
            .collect::<Vec<_>>()
            .join("/");
        let reply = api.call(&operation.method, &path, None).await;
        let resource = operation.path.split('/').nth(1).unwrap();
        if SERVED.contains(&resource) {
            served += 1;
            assert_ne!(reply.status, 501, "{}", operation.id);
            assert_ne!(reply.status, 500, "{}", operation.id);
            if path.contains("missing") {
                assert_eq!(reply.status, 404, "{}: {}", operation.id, reply.text);
                assert_eq!(reply.json()["data"]["id"], "missing", "{}", operation.id);
            }
        } else {
            assert_eq!(reply.status, 501, "{}", operation.id);
            assert_eq!(reply.json()["data"]["operation"], operation.id.as_str());
        }
    }
    assert_eq!(served, SERVED_OPERATIONS);
}

/// The client of these tests holds every reply against the contract, so a success here says that
/// the operation answers in its shape.
#[tokio::test]
async fn every_served_operation_succeeds_in_the_shape_of_the_contract() {
    let builder = Gateway::builder()
        .manual_clock("2026-09-01T12:00:00Z".parse().unwrap())
        .rate_limit(RateLimit::off());
    let api = Api::of(builder).await;
    let receiver = Receiver::start(200).await;
    let none = || json!({});

    for (list, body) in [
        ("sources", json!({ "name": "a" })),
        ("destinations", json!({ "name": "a", "type": "MOCK_API" })),
        (
            "connections",
            json!({ "name": "a", "source": { "name": "s" }, "destination": { "name": "d", "type": "CLI" } }),
        ),
    ] {
        let id = id(&api.ok("POST", &format!("/{list}"), body.clone()).await);
        api.ok("PUT", &format!("/{list}"), body).await;
        api.ok("GET", &format!("/{list}"), none()).await;
        api.ok("GET", &format!("/{list}/count"), none()).await;
        let path = format!("/{list}/{id}");
        api.ok("GET", &path, none()).await;
        api.ok("PUT", &path, json!({ "description": "x" })).await;
        for switch in ["disable", "enable", "archive", "unarchive"] {
            api.ok("PUT", &format!("{path}/{switch}"), none()).await;
        }
        if list == "connections" {
            api.ok("PUT", &format!("{path}/pause"), none()).await;
            api.ok("PUT", &format!("{path}/unpause"), none()).await;
        }
        api.ok("DELETE", &path, none()).await;
    }

    let connection = api
        .connection("c", receiver.destination("http"), json!([]))
        .await;
    let path = format!("/connections/{}", id(&connection));
    let request = api.send(&connection, json!({ "n": 1 })).await;
    for part in ["", "/raw_body", "/events", "/ignored_events"] {
        api.ok("GET", &format!("/requests/{request}{part}"), none())
            .await;
    }
    api.ok("GET", "/requests?include=data", none()).await;
    api.ok("POST", &format!("/requests/{request}/replay"), none())
        .await;
    let event = id(&api.models("/events?include=data").await[0]);
    for part in ["", "/raw_body"] {
        api.ok("GET", &format!("/events/{event}{part}"), none())
            .await;
    }
    api.ok("POST", &format!("/events/{event}/retry"), none())
        .await;
    api.ok("POST", &format!("/events/{event}/replay"), none())
        .await;
    api.gateway.settle().await.unwrap();
    let attempt = id(&api.models("/attempts").await[0]);
    api.ok("GET", &format!("/attempts/{attempt}"), none()).await;

    api.ok("PUT", &format!("{path}/pause"), none()).await;
    for way in ["cancel", "mute"] {
        api.send(&connection, json!({ "n": 2 })).await;
        let held = id(&api.models("/events?status=HOLD").await[0]);
        api.ok("PUT", &format!("/events/{held}/{way}"), none())
            .await;
    }
    api.ok(
        "PUT",
        &path,
        json!({ "rules": [{ "type": "filter", "body": { "n": 1 } }] }),
    )
    .await;
    let filtered = api.send(&connection, json!({ "n": 3 })).await;
    api.ok(
        "GET",
        &format!("/requests/{filtered}/ignored_events"),
        none(),
    )
    .await;
    api.ok("PUT", &path, json!({ "rules": [] })).await;
    api.ok("POST", &format!("/requests/{filtered}/retry"), none())
        .await;

    assert_eq!(api.succeeded.lock().unwrap().len(), SERVED_OPERATIONS);
}

fn id(model: &Value) -> String {
    model["id"].as_str().unwrap().to_owned()
}
