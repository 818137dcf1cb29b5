//! Sources, destinations and connections: creating, changing, switching, deleting.

mod support;

use hookdeck_gateway::Gateway;
use serde_json::{Value, json};
use support::{Api, Receiver, field};

fn mock(name: &str) -> Value {
    json!({ "name": name, "type": "MOCK_API" })
}

#[tokio::test]
async fn a_new_source_has_the_live_defaults() {
    let api = Api::of(Gateway::builder().manual_clock("2026-09-01T12:00:00Z".parse().unwrap())).await;
    let source = api.source("orders").await;
    let id = source["id"].as_str().unwrap();
    assert!(id.starts_with("src_") && id.len() == 18, "{id}");
    assert_eq!(source["type"], "WEBHOOK");
    assert_eq!(source["authenticated"], false);
    assert_eq!(source["created_at"], "2026-09-01T12:00:00.000Z");
    assert_eq!(source["description"], Value::Null);
    assert_eq!(
        source["url"],
        format!("{}/e/{}", api.gateway.api_url(), &id["src_".len()..])
    );
    assert_eq!(
        source["config"],
        json!({
            "allowed_http_methods": ["POST", "PUT", "PATCH", "DELETE"],
            "custom_response": null,
        })
    );
    assert_eq!(api.get(&format!("/sources/{id}")).await.json(), source);
}

#[tokio::test]
async fn violations_come_all_at_once_in_the_live_wording() {
    let api = Api::start().await;
    let reply = api.post("/sources", json!({})).await;
    assert_eq!(reply.violations(), ["name is required"]);
    let reply = api
        .post("/destinations", json!({ "name": "a b", "type": "FTP", "more": 1 }))
        .await;
    let violations = reply.violations();
    assert_eq!(violations.len(), 3, "{violations:?}");
    assert!(violations.iter().any(|v| v == "type must be one of [CLI, HTTP, MOCK_API]"));
    assert!(violations.iter().any(|v| v == "more is not allowed"));
    let reply = api.get("/sources/src_1?include=all").await;
    assert_eq!(reply.violations(), ["include must be [config.auth]"]);
}

#[tokio::test]
async fn domain_rules_of_configs_answer_as_the_live_api_does() {
    let api = Api::start().await;
    let reply = api.post("/destinations", json!({ "name": "d", "type": "HTTP" })).await;
    assert_eq!(reply.status, 422);
    assert_eq!(
        reply.json()["data"],
        json!({ "message": "HTTP destination requires `config.url`.", "field": "config.url" })
    );
    let reply = api
        .post("/destinations", json!({ "name": "d", "type": "CLI", "config": { "delivery_policy": { "rate": 1 } } }))
        .await;
    assert_eq!(reply.status, 422);
    assert_eq!(
        reply.json()["data"]["message"],
        "Cannot set `config.delivery_policy` on a CLI destination."
    );
    let reply = api
        .post("/sources", json!({ "name": "s", "config": { "auth": { "username": "u", "password": "p" } } }))
        .await;
    assert_eq!(reply.violations(), ["config.auth is not allowed"]);
    let inline = json!({
        "source": { "name": "s" },
        "destination": {
            "name": "d",
            "type": "HTTP",
            "config": { "url": "https://a.example", "auth_type": "BEARER_TOKEN" },
        },
    });
    let reply = api.post("/connections", inline).await;
    assert_eq!(reply.violations(), ["destination.config.auth is required"]);
    assert!(api.models("/sources").await.is_empty(), "a refused write leaves nothing behind");
}

#[tokio::test]
async fn secrets_are_shown_only_to_who_asks_on_a_single_resource() {
    let api = Api::start().await;
    let source = json!({
        "name": "s",
        "type": "HTTP",
        "config": { "auth_type": "BASIC_AUTH", "auth": { "username": "u", "password": "hidden-1" } },
    });
    let source = api.ok("POST", "/sources", source).await;
    assert_eq!(source["authenticated"], true);
    assert_eq!(source["config"]["auth_type"], "BASIC_AUTH");
    let destination = json!({
        "name": "d",
        "type": "HTTP",
        "config": { "url": "https://a.example", "auth_type": "BEARER_TOKEN", "auth": { "token": "hidden-2" } },
    });
    let destination = api.ok("POST", "/destinations", destination).await;
    assert_eq!(destination["config"]["auth"], json!({}));
    let connection = api
        .ok("POST", "/connections", json!({ "source_id": source["id"], "destination_id": destination["id"] }))
        .await;
    for path in [
        "/sources".to_owned(),
        "/destinations".to_owned(),
        "/connections".to_owned(),
        format!("/connections/{}", connection["id"].as_str().unwrap()),
        format!("/sources/{}", source["id"].as_str().unwrap()),
        format!("/destinations/{}", destination["id"].as_str().unwrap()),
    ] {
        assert!(!api.get(&path).await.text.contains("hidden"), "{path}");
    }
    for (word, resource, secret) in [("sources", &source, "hidden-1"), ("destinations", &destination, "hidden-2")] {
        let path = format!("/{word}/{}?include=config.auth", resource["id"].as_str().unwrap());
        assert!(api.get(&path).await.json()["config"]["auth"].to_string().contains(secret));
    }
}

#[tokio::test]
async fn a_taken_name_is_a_conflict_on_create_and_an_update_on_upsert() {
    let api = Api::start().await;
    for word in ["source", "destination"] {
        let path = format!("/{word}s");
        let body = json!({ "name": "one", "type": if word == "source" { "STRIPE" } else { "MOCK_API" } });
        let first = api.ok("POST", &path, body.clone()).await;
        let conflict = api.post(&path, body.clone()).await;
        assert_eq!(conflict.status, 409);
        assert_eq!(
            conflict.json(),
            json!({
                "code": "RESOURCE_ALREADY_EXISTS",
                "status": 409,
                "message": "Resource already exists",
                "data": { "id": first["id"], "resource_type": word },
            })
        );
        let mut described = body.clone();
        described["description"] = json!("again");
        let upserted = api.ok("PUT", &path, described).await;
        assert_eq!(upserted["id"], first["id"]);
        assert_eq!(upserted["description"], "again");

        let other = api.ok("PUT", &path, json!({ "name": "two", "type": body["type"] })).await;
        assert_ne!(other["id"], first["id"]);
        let id = other["id"].as_str().unwrap();
        assert_eq!(api.put(&format!("{path}/{id}"), json!({ "name": "one" })).await.status, 409);
        let renamed = api.ok("PUT", &format!("{path}/{id}"), json!({ "name": "three" })).await;
        assert_eq!(renamed["name"], "three");
        assert_eq!(renamed["type"], body["type"], "an update keeps what it does not name");
    }
}

#[tokio::test]
async fn an_inline_source_overwrites_the_one_of_its_name_and_binding_by_id_does_not() {
    let api = Api::start().await;
    let stripe = json!({
        "name": "pay",
        "type": "STRIPE",
        "config": { "auth": { "webhook_secret_key": "k" } },
    });
    let stripe = api.ok("POST", "/sources", stripe).await;
    assert_eq!(stripe["authenticated"], true);
    let bound = api
        .ok("PUT", "/connections", json!({ "name": "c", "source_id": stripe["id"], "destination": mock("d") }))
        .await;
    assert_eq!(bound["source"], stripe);
    let inline = api
        .ok("PUT", "/connections", json!({ "name": "c", "source": { "name": "pay" }, "destination": mock("d") }))
        .await;
    assert_eq!(inline["id"], bound["id"], "the collection upsert keeps the id");
    assert_eq!(inline["source"]["id"], stripe["id"]);
    assert_eq!(inline["source"]["type"], "WEBHOOK");
    assert_eq!(inline["source"]["authenticated"], false);
}

#[tokio::test]
async fn writing_a_connection_needs_both_ends_even_if_it_exists() {
    let api = Api::start().await;
    let connection = api.connection("c", mock("d"), json!([])).await;
    assert_eq!(connection["full_name"], "c-source -> c");
    for method in ["POST", "PUT"] {
        let reply = api.call(method, "/connections", Some(&json!({ "name": "c" }))).await;
        assert_eq!(
            reply.violations(),
            ["destination.name is required", "source.name is required"]
        );
    }
    let reply = api
        .post("/connections", json!({ "source_id": "src_missing", "destination": mock("d") }))
        .await;
    assert_eq!(reply.status, 404);
    assert_eq!(reply.json()["data"], json!({ "id": "src_missing" }));
    let both = json!({
        "source_id": connection["source"]["id"],
        "source": { "name": "other" },
        "destination": mock("d"),
    });
    assert_eq!(api.post("/connections", both).await.violations(), ["source is not allowed"]);
}

#[tokio::test]
async fn connection_names_are_unique_for_their_source() {
    let api = Api::start().await;
    let first = api.connection("c", mock("d"), json!([])).await;
    let again = json!({ "name": "c", "source_id": first["source"]["id"], "destination": mock("d") });
    let conflict = api.post("/connections", again).await;
    assert_eq!(conflict.status, 409);
    assert_eq!(conflict.json()["data"]["webhook"]["id"], first["id"]);
    let elsewhere = json!({ "name": "c", "source": { "name": "another" }, "destination": mock("d") });
    assert_ne!(api.ok("POST", "/connections", elsewhere).await["id"], first["id"]);
    let moved = json!({ "name": "c", "source_id": first["source"]["id"], "destination": mock("d2") });
    let refused = api.put("/connections", moved).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.json()["data"]["field"], "destination_id");
    assert_eq!(field(&api.models("/destinations").await, "name"), ["d"]);
}

#[tokio::test]
async fn an_inline_destination_that_names_nothing_but_itself_is_left_as_it_is() {
    let api = Api::start().await;
    let http = json!({ "name": "d", "type": "HTTP", "config": { "url": "https://a.example/x" } });
    let destination = api.ok("POST", "/destinations", http).await;
    let connection = api
        .ok("PUT", "/connections", json!({ "source": { "name": "s" }, "destination": { "name": "d" } }))
        .await;
    assert_eq!(connection["destination"]["id"], destination["id"]);
    assert_eq!(connection["destination"]["config"], destination["config"]);
    // Without a name the connection is called by its ends, and written again by them.
    assert_eq!(connection["name"], Value::Null);
    assert_eq!(connection["full_name"], "s -> d");
    let again = api
        .ok("PUT", "/connections", json!({ "source": { "name": "s" }, "destination": { "name": "d" }, "description": "x" }))
        .await;
    assert_eq!(again["id"], connection["id"]);
    assert_eq!(again["description"], "x");
    assert_eq!(api.models("/connections?full_name=s%20-%3E%20d").await.len(), 1);
}

#[tokio::test]
async fn rules_are_kept_in_order_and_replaced_as_a_whole() {
    let api = Api::start().await;
    let rules = json!([
        { "type": "filter", "body": { "type": "order" } },
        { "type": "retry", "strategy": "linear", "interval": 1000, "count": 3, "response_status_codes": [500, "502"] },
        { "type": "delay", "delay": 5000 },
    ]);
    let connection = api.connection("c", mock("d"), rules).await;
    assert_eq!(field(connection["rules"].as_array().unwrap(), "type"), ["filter", "retry", "delay"]);
    assert_eq!(connection["rules"][1]["response_status_codes"], json!(["500", "502"]));
    let path = format!("/connections/{}", connection["id"].as_str().unwrap());
    let kept = api.ok("PUT", &path, json!({ "description": "x" })).await;
    assert_eq!(kept["rules"], connection["rules"]);
    let replaced = api.ok("PUT", &path, json!({ "rules": [] })).await;
    assert_eq!(replaced["rules"], json!([]));
    assert_eq!(replaced["description"], "x");
    let unknown = api.put(&path, json!({ "rules": [{ "type": "teleport" }] })).await;
    assert_eq!(unknown.status, 422);
}

#[tokio::test]
async fn a_deleted_resource_is_gone_and_its_name_is_free() {
    let api = Api::start().await;
    let connection = api.connection("c", mock("d"), json!([])).await;
    let source = connection["source"]["id"].as_str().unwrap();
    let destination = connection["destination"]["id"].as_str().unwrap();
    let id = connection["id"].as_str().unwrap();
    let used = api.delete(&format!("/sources/{source}")).await;
    assert_eq!(used.status, 422, "{}", used.text);
    assert_eq!(used.json()["data"]["webhook_ids"], json!([id]));

    for path in [
        format!("/connections/{id}"),
        format!("/sources/{source}"),
        format!("/destinations/{destination}"),
    ] {
        let deleted = api.delete(&path).await;
        assert_eq!(deleted.status, 200, "{path}: {}", deleted.text);
        assert_eq!(deleted.json()["id"], path.rsplit('/').next().unwrap());
        let gone = api.get(&path).await;
        assert_eq!(gone.status, 410);
        assert_eq!(
            gone.json(),
            json!({ "code": "GONE", "status": 410, "message": "Resource was deleted", "data": { "deleted": true } })
        );
        assert_eq!(api.delete(&path).await.status, 404);
        assert_eq!(api.put(&path, json!({})).await.status, 404);
        assert_eq!(api.put(&format!("{path}/disable"), json!({})).await.status, 404);
    }
    let again = api.connection("c", mock("d"), json!([])).await;
    assert_ne!(again["id"], connection["id"]);
}

#[tokio::test]
async fn disabling_a_source_disables_its_connections_and_enabling_one_enables_all_it_needs() {
    let api = Api::start().await;
    let connection = api.connection("c", mock("d"), json!([])).await;
    let source = format!("/sources/{}", connection["source"]["id"].as_str().unwrap());
    let path = format!("/connections/{}", connection["id"].as_str().unwrap());
    let destination = format!("/destinations/{}", connection["destination"]["id"].as_str().unwrap());

    let disabled = api.ok("PUT", &format!("{source}/disable"), json!({})).await;
    assert!(disabled["disabled_at"].is_string());
    assert!(api.get(&path).await.json()["disabled_at"].is_string());
    api.ok("PUT", &format!("{destination}/archive"), json!({})).await;

    assert!(api.models("/sources").await.is_empty(), "lists hide what is disabled");
    assert!(api.models("/connections").await.is_empty());
    assert_eq!(api.models("/sources?disabled=true").await.len(), 1);
    assert_eq!(api.models("/connections?disabled=true").await.len(), 1);
    assert_eq!(api.models("/connections?disabled_at[any]=true").await.len(), 1);
    assert_eq!(api.get("/destinations/count").await.json()["count"], 0);
    assert_eq!(api.get("/destinations/count?disabled=true").await.json()["count"], 1);

    let enabled = api.ok("PUT", &format!("{path}/unarchive"), json!({})).await;
    assert_eq!(enabled["disabled_at"], Value::Null);
    assert_eq!(enabled["source"]["disabled_at"], Value::Null);
    assert_eq!(enabled["destination"]["disabled_at"], Value::Null);
}

#[tokio::test]
async fn pausing_twice_keeps_the_first_moment() {
    let api = Api::of(Gateway::builder().manual_clock("2026-09-01T12:00:00Z".parse().unwrap())).await;
    let connection = api.connection("c", mock("d"), json!([])).await;
    let path = format!("/connections/{}", connection["id"].as_str().unwrap());
    let paused = api.ok("PUT", &format!("{path}/pause"), json!({})).await;
    assert_eq!(paused["paused_at"], "2026-09-01T12:00:00.000Z");
    api.gateway.advance(std::time::Duration::from_secs(60)).await.unwrap();
    let again = api.ok("PUT", &format!("{path}/pause"), json!({})).await;
    assert_eq!(again["paused_at"], paused["paused_at"]);
    assert_eq!(api.models("/connections?paused_at[any]=true").await.len(), 1);
    let unpaused = api.ok("PUT", &format!("{path}/unpause"), json!({})).await;
    assert_eq!(unpaused["paused_at"], Value::Null);
    assert_eq!(api.get("/connections/count?paused_at=").await.json()["count"], 1);
}

#[tokio::test]
async fn an_update_of_a_config_keeps_what_it_does_not_name() {
    let api = Api::start().await;
    let receiver = Receiver::start(200).await;
    let destination = json!({
        "name": "d",
        "type": "HTTP",
        "config": { "url": receiver.url, "auth_type": "BEARER_TOKEN", "auth": { "token": "t" } },
    });
    let destination = api.ok("POST", "/destinations", destination).await;
    let path = format!("/destinations/{}", destination["id"].as_str().unwrap());
    let changed = api
        .ok("PUT", &path, json!({ "config": { "url": format!("{}/new", receiver.url), "delivery_timeout": 5 } }))
        .await;
    assert_eq!(changed["config"]["url"], format!("{}/new", receiver.url));
    assert_eq!(changed["config"]["delivery_timeout"], 5);
    assert_eq!(changed["config"]["auth_type"], "BEARER_TOKEN");
    let whole = api.get(&format!("{path}?include=config.auth")).await.json();
    assert_eq!(whole["config"]["auth"], json!({ "token": "t" }));
}
