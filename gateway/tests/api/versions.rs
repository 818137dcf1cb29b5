//! What older versions are answered, as far as they were recorded on the live service, and which are served.

use hookdeck::ApiVersion;
use hookdeck_testkit::{Reply, World, read};
use serde_json::Value;

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
