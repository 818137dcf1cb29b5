//! Connections: their ends, names, rules and switches.

use hookdeck_testkit::{World, field, id, seconds};
use serde_json::{Value, json};

use crate::start;

fn mock(name: &str) -> Value {
    json!({ "name": name, "type": "MOCK_API" })
}

#[tokio::test]
async fn an_inline_source_overwrites_the_one_of_its_name_and_binding_by_id_does_not() {
    let world = World::start().await;
    let api = &world.api;
    let stripe = json!({
        "name": "pay",
        "type": "STRIPE",
        "config": { "auth": { "webhook_secret_key": "k" } },
    });
    let stripe = api.ok("POST", "/sources", stripe).await;
    assert_eq!(stripe["authenticated"], true);
    let stripe = api
        .get(&format!("/sources/{}", stripe["id"].as_str().unwrap()))
        .await
        .json();
    let bound = api
        .ok(
            "PUT",
            "/connections",
            json!({ "name": "c", "source_id": stripe["id"], "destination": mock("d") }),
        )
        .await;
    assert_eq!(bound["source"], stripe);
    let inline = api
        .ok(
            "PUT",
            "/connections",
            json!({ "name": "c", "source": { "name": "pay" }, "destination": mock("d") }),
        )
        .await;
    assert_eq!(
        inline["id"], bound["id"],
        "the collection upsert keeps the id"
    );
    assert_eq!(inline["source"]["id"], stripe["id"]);
    assert_eq!(inline["source"]["type"], "WEBHOOK");
    assert_eq!(inline["source"]["authenticated"], false);
}

#[tokio::test]
async fn writing_a_connection_needs_both_ends_even_if_it_exists() {
    let world = World::start().await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    assert_eq!(connection["full_name"], "c-source -> c");
    for method in ["POST", "PUT"] {
        let reply = api
            .call(method, "/connections", Some(&json!({ "name": "c" })))
            .await;
        assert_eq!(
            reply.violations(),
            ["destination.name is required", "source.name is required"]
        );
    }
    let reply = api
        .post(
            "/connections",
            json!({ "source_id": "src_missing", "destination": mock("d") }),
        )
        .await;
    assert_eq!(reply.status, 404);
    assert_eq!(reply.json()["data"], json!({ "id": "src_missing" }));
    let both = json!({
        "source_id": connection["source"]["id"],
        "source": { "name": "other" },
        "destination": mock("d"),
    });
    assert_eq!(
        api.post("/connections", both).await.violations(),
        ["source is not allowed"]
    );
}

#[tokio::test]
async fn connection_names_are_unique_for_their_source() {
    let world = World::start().await;
    let api = &world.api;
    let first = api.connect("c").destination(mock("d")).json().await;
    let again =
        json!({ "name": "c", "source_id": first["source"]["id"], "destination": mock("d") });
    let conflict = api.post("/connections", again).await;
    assert_eq!(conflict.status, 409);
    assert_eq!(conflict.json()["data"]["webhook"]["id"], first["id"]);
    let elsewhere =
        json!({ "name": "c", "source": { "name": "another" }, "destination": mock("d") });
    assert_ne!(
        api.ok("POST", "/connections", elsewhere).await["id"],
        first["id"]
    );
    let moved =
        json!({ "name": "c", "source_id": first["source"]["id"], "destination": mock("d2") });
    let refused = api.put("/connections", moved).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["data"]["field"], "destination_id");
    assert_eq!(field(&api.models("/destinations").await, "name"), ["d"]);
}

#[tokio::test]
async fn an_inline_destination_that_names_nothing_but_itself_is_left_as_it_is() {
    let world = World::start().await;
    let api = &world.api;
    let http = json!({ "name": "d", "type": "HTTP", "config": { "url": "https://a.example/x" } });
    let destination = api.ok("POST", "/destinations", http).await;
    let connection = api
        .ok(
            "PUT",
            "/connections",
            json!({ "source": { "name": "s" }, "destination": { "name": "d" } }),
        )
        .await;
    assert_eq!(connection["destination"]["id"], destination["id"]);
    assert_eq!(connection["destination"]["config"], destination["config"]);
    // Without a name the connection is called by its ends, and written again by them.
    assert_eq!(connection["name"], Value::Null);
    assert_eq!(connection["full_name"], "s -> d");
    let again = api.ok("PUT", "/connections", json!({ "source": { "name": "s" }, "destination": { "name": "d" }, "description": "x" }))
        .await;
    assert_eq!(again["id"], connection["id"]);
    assert_eq!(again["description"], "x");
    assert_eq!(
        api.models("/connections?full_name=s%20-%3E%20d")
            .await
            .len(),
        1
    );
}

#[tokio::test]
async fn rules_are_kept_in_order_and_replaced_as_a_whole() {
    let world = World::start().await;
    let api = &world.api;
    let rules = json!([
        { "type": "filter", "body": { "type": "order" } },
        { "type": "retry", "strategy": "linear", "interval": 1000, "count": 3, "response_status_codes": [500, "502"] },
        { "type": "delay", "delay": 5000 },
    ]);
    let connection = api.connect("c").rules(rules).json().await;
    assert_eq!(
        field(connection["rules"].as_array().unwrap(), "type"),
        ["filter", "retry", "delay"]
    );
    assert_eq!(
        connection["rules"][1]["response_status_codes"],
        json!(["500", "502"])
    );
    let path = format!("/connections/{}", connection["id"].as_str().unwrap());
    let kept = api.ok("PUT", &path, json!({ "description": "x" })).await;
    assert_eq!(kept["rules"], connection["rules"]);
    let replaced = api.ok("PUT", &path, json!({ "rules": [] })).await;
    assert_eq!(replaced["rules"], json!([]));
    assert_eq!(replaced["description"], "x");
    let unknown = api
        .put(&path, json!({ "rules": [{ "type": "teleport" }] }))
        .await;
    assert_eq!(unknown.status, 422);
}

#[tokio::test]
async fn disabling_a_source_disables_its_connections_and_enabling_one_enables_all_it_needs() {
    let world = World::start().await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    let source = format!("/sources/{}", connection["source"]["id"].as_str().unwrap());
    let path = format!("/connections/{}", connection["id"].as_str().unwrap());
    let destination = format!(
        "/destinations/{}",
        connection["destination"]["id"].as_str().unwrap()
    );

    let disabled = api.ok("PUT", &format!("{source}/disable"), json!({})).await;
    assert!(disabled["disabled_at"].is_string());
    assert!(api.get(&path).await.json()["disabled_at"].is_string());
    api.ok("PUT", &format!("{destination}/archive"), json!({}))
        .await;

    assert!(
        api.models("/sources").await.is_empty(),
        "lists hide what is disabled"
    );
    assert!(api.models("/connections").await.is_empty());
    assert_eq!(api.models("/sources?disabled=true").await.len(), 1);
    assert_eq!(api.models("/connections?disabled=true").await.len(), 1);
    assert_eq!(
        api.models("/connections?disabled_at[any]=true").await.len(),
        1
    );
    assert_eq!(api.get("/destinations/count").await.json()["count"], 0);
    assert_eq!(
        api.get("/destinations/count?disabled=true").await.json()["count"],
        1
    );

    let enabled = api.ok("PUT", &format!("{path}/unarchive"), json!({})).await;
    assert_eq!(enabled["disabled_at"], Value::Null);
    assert_eq!(enabled["source"]["disabled_at"], Value::Null);
    assert_eq!(enabled["destination"]["disabled_at"], Value::Null);
}

#[tokio::test]
async fn pausing_twice_keeps_the_first_moment() {
    let world = start().await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    let path = format!("/connections/{}", connection["id"].as_str().unwrap());
    let paused = api.ok("PUT", &format!("{path}/pause"), json!({})).await;
    assert_eq!(paused["paused_at"], "2026-09-01T12:00:00.000Z");
    world.advance(seconds(60)).await;
    let again = api.ok("PUT", &format!("{path}/pause"), json!({})).await;
    assert_eq!(again["paused_at"], paused["paused_at"]);
    assert_eq!(
        api.models("/connections?paused_at[any]=true").await.len(),
        1
    );
    let unpaused = api.ok("PUT", &format!("{path}/unpause"), json!({})).await;
    assert_eq!(unpaused["paused_at"], Value::Null);
    assert_eq!(
        api.get("/connections/count?paused_at=").await.json()["count"],
        1
    );
}

#[tokio::test]
async fn an_upsert_enables_a_disabled_connection_and_the_journal_says_so() {
    let world = World::start().await;
    let api = &world.api;
    let body = json!({ "name": "c", "source": { "name": "s" }, "destination": mock("d") });
    let connection = api.ok("PUT", "/connections", body.clone()).await;
    let path = format!("/connections/{}", id(&connection));
    api.ok("PUT", &path, json!({ "description": "x" })).await;
    assert_eq!(world.gateway.journal().pop().unwrap().detail, None);

    api.ok("PUT", &format!("{path}/pause"), json!({})).await;
    api.ok("PUT", &format!("{path}/disable"), json!({})).await;
    // An update by id and a write that is refused leave it disabled.
    let updated = api.ok("PUT", &path, json!({ "description": "y" })).await;
    assert!(updated["disabled_at"].is_string());
    let mut wrong = body.clone();
    wrong["destination"] = mock("other");
    assert_eq!(api.put("/connections", wrong).await.status, 422);
    assert!(api.get(&path).await.json()["disabled_at"].is_string());

    let upserted = api.ok("PUT", "/connections", body.clone()).await;
    assert_eq!(upserted["id"], connection["id"]);
    assert_eq!(upserted["disabled_at"], Value::Null);
    assert!(upserted["paused_at"].is_string(), "it stays paused");
    let entry = world.gateway.journal().pop().unwrap();
    assert_eq!(entry.webhook_id.as_deref(), connection["id"].as_str());
    assert!(entry.detail.unwrap().contains("enabled"));

    // One that is enabled is no news, and its source is not enabled along with it.
    let source = format!("/sources/{}/disable", id(&connection["source"]));
    api.ok("PUT", &source, json!({})).await;
    let upserted = api.ok("PUT", "/connections", body.clone()).await;
    assert_eq!(upserted["disabled_at"], Value::Null);
    assert!(upserted["source"]["disabled_at"].is_string());
    api.ok("PUT", "/connections", body).await;
    assert_eq!(world.gateway.journal().pop().unwrap().detail, None);
}
