//! What older versions are answered, as far as they were recorded on the live service, and which are served.

use hookdeck::ApiVersion;
use hookdeck_testkit::{Reply, World, read};
use serde_json::{Value, json};

/// A call with the key, to a path that says its version itself.
async fn call(world: &World, method: &str, path: &str, body: impl Into<Option<Value>>) -> Reply {
    let url = format!("{}{path}", world.gateway.api_url());
    let request = world.api.http.request(method.parse().unwrap(), url);
    let request = request.bearer_auth(world.gateway.api_key());
    read(match body.into() {
        Some(body) => request
            .header("content-type", "application/json")
            .body(body.to_string()),
        None => request,
    })
    .await
}

fn assert_no_such_path(reply: &Reply, method: &str, path: &str) {
    assert_eq!(reply.status, 404, "{path}: {}", reply.text);
    assert!(reply.header("content-type").starts_with("text/html"));
    let told = format!("<pre>Cannot {method} {path}</pre>");
    assert!(reply.text.contains(&told), "{}", reply.text);
    assert!(reply.headers.get("x-ratelimit-limit").is_none());
}

#[tokio::test]
async fn a_version_before_the_oldest_is_a_path_that_does_not_exist() {
    let world = World::start().await;
    for version in ["2020-01-01", "2022-09-14", "2023-01-01", "2031-01-01"] {
        for (method, rest) in [
            ("GET", "/sources"),
            ("GET", "/connections/web_1"),
            ("POST", "/destinations"),
            ("PUT", "/events/evt_1/cancel"),
            ("GET", "/openapi"),
            ("GET", ""),
        ] {
            let path = format!("/{version}{rest}");
            let reply = call(&world, method, &path, None).await;
            assert_no_such_path(&reply, method, &path);
        }
    }
}

#[tokio::test]
async fn the_oldest_version_clients_can_be_pinned_to_is_served() {
    let world = World::start().await;
    let reply = call(&world, "GET", "/2023-07-01/sources", None).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

#[tokio::test]
async fn projects_are_not_found_without_a_version() {
    let world = World::start().await;
    for path in [
        "/projects",
        "/projects/tm_1",
        "/projects/tm_1/custom_domains",
    ] {
        let reply = call(&world, "GET", path, None).await;
        assert_no_such_path(&reply, "GET", path);
    }
    for path in ["/teams", "/2026-09-01/projects", "/latest/projects"] {
        let reply = call(&world, "GET", path, None).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    }
}

#[tokio::test]
async fn every_version_has_the_newest_document_and_needs_no_key_for_it() {
    let world = World::start().await;
    let versions = ApiVersion::KNOWN.iter().map(ApiVersion::as_str);
    for version in versions.chain(["latest"]) {
        let url = format!("{}/{version}/openapi", world.gateway.api_url());
        let reply = read(world.api.http.get(&url)).await;
        assert_eq!(reply.status, 200, "{version}: {}", reply.text);
        assert_eq!(reply.text, hookdeck::contract::DOCUMENT, "{version}");
        let head = read(world.api.http.head(&url)).await;
        assert_eq!(head.status, 200, "{version}");
        let reply = read(world.api.http.post(&url)).await;
        assert_eq!(reply.status, 404, "{version}");
    }
}

/// A call that must succeed.
async fn ok(world: &World, method: &str, path: &str, body: impl Into<Option<Value>>) -> Value {
    let reply = call(world, method, path, body).await;
    assert_eq!(reply.status, 200, "{method} {path}: {}", reply.text);
    reply.json()
}

fn no_url() -> Value {
    json!({
        "type": "HTTP",
        "field": "config.url",
        "message": "HTTP destination requires `config.url`.",
    })
}

#[tokio::test]
async fn a_missing_address_is_told_alike_at_every_version() {
    let world = World::start().await;
    for version in ApiVersion::KNOWN {
        let path = format!("/{version}/destinations");
        let refused = call(&world, "POST", &path, json!({"name": "a"})).await;
        assert_eq!(refused.status, 422, "{version}");
        assert_eq!(refused.json()["data"], no_url(), "{version}");
    }
}

#[tokio::test]
async fn a_connection_in_the_way_is_told_flat_and_without_its_id_at_older_versions() {
    for version in ["2024-03-01", "2024-09-01", "2025-01-01", "2025-07-01"] {
        let world = World::start().await;
        let auth = json!({"webhook_secret_key": "hidden"});
        let source = json!({"name": "s", "type": "STRIPE", "config": {"auth": auth}});
        let source = world.api.ok("POST", "/sources", source).await;
        let config = json!({
            "url": "https://a.example",
            "delivery_policy": {"rate": 5, "period": "minute"},
            "auth_type": "BEARER_TOKEN",
            "auth": {"token": "t"},
        });
        let destination = json!({"name": "d", "type": "HTTP", "config": config});
        let destination = world.api.ok("POST", "/destinations", destination).await;
        let body = json!({
            "name": "c",
            "source_id": source["id"],
            "destination_id": destination["id"],
        });
        let path = format!("/{version}/connections");
        let first = ok(&world, "POST", &path, body.clone()).await;
        let refused = call(&world, "POST", &path, body).await;
        assert_eq!(refused.status, 409, "{}", refused.text);
        assert!(!refused.text.contains("hidden"), "{}", refused.text);
        let data = refused.json()["data"].clone();
        let mut members: Vec<_> = data.as_object().unwrap().keys().collect();
        members.sort();
        assert_eq!(members, ["resource_type", "webhook"], "{version}");
        assert_eq!(data["resource_type"], "webhook");
        let webhook = &data["webhook"];
        assert_eq!(webhook["id"], first["id"]);
        assert_eq!(webhook.get("deleted_at"), Some(&Value::Null));
        for (end, member, shown) in [
            ("source", "url", source["url"].clone()),
            ("source", "verification", json!({"type": "STRIPE"})),
            ("source", "integration_id", Value::Null),
            ("source", "deleted_at", Value::Null),
            ("destination", "url", json!("https://a.example")),
            ("destination", "cli_path", Value::Null),
            ("destination", "rate_limit", json!(5)),
            ("destination", "rate_limit_period", json!("minute")),
            ("destination", "deleted_at", Value::Null),
        ] {
            let there = webhook[end].get(member);
            assert_eq!(there, Some(&shown), "{end}.{member} at {version}");
        }
        assert_eq!(
            webhook["destination"]["auth_method"]["type"],
            "BEARER_TOKEN"
        );
        for end in ["source", "destination"] {
            for newer in ["type", "config", "authenticated"] {
                assert!(
                    webhook[end].get(newer).is_none(),
                    "{end}.{newer} at {version}"
                );
            }
        }
    }
}
