//! Who may call the API, how often, and what answers on paths it does not have.

use std::time::Duration;

use hookdeck_gateway::RateLimit;
use hookdeck_testkit::{World, gateway, read};
use serde_json::json;

const QUOTA_HEADERS: [&str; 4] = [
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "retry-after",
];

/// With a quota, and a clock that starts at noon.
async fn limited(calls_a_minute: u32) -> World {
    let builder = gateway().manual_clock("2026-09-01T12:00:00Z".parse().unwrap());
    World::of(builder.rate_limit(RateLimit::per_minute(calls_a_minute))).await
}

#[tokio::test]
async fn bearer_and_basic_are_both_taken() {
    let world = limited(240).await;
    let api = &world.api;
    let url = api.url("/sources");
    let key = world.gateway.api_key();
    for request in [
        api.http.get(&url).bearer_auth(key),
        api.http.get(&url).basic_auth(key, Some("")),
        api.http.get(&url).basic_auth(key, None::<&str>),
    ] {
        assert_eq!(read(request).await.status, 200);
    }
}

#[tokio::test]
async fn a_missing_key_is_answered_with_json_and_a_wrong_one_with_text() {
    let world = limited(240).await;
    let api = &world.api;
    let url = api.url("/sources");
    let missing = read(api.http.get(&url)).await;
    assert_eq!(missing.status, 401);
    assert_eq!(
        missing.json(),
        json!({
            "message": "No API key was provided through Basic Auth or Bearer Token",
            "code": "UNAUTHORIZED",
        })
    );
    let wrong = read(api.http.get(&url).bearer_auth("wrong")).await;
    assert_eq!(wrong.status, 401);
    assert_eq!(wrong.text, "Unauthorized");
    assert!(wrong.header("content-type").starts_with("text/plain"));
    assert_eq!(wrong.header("x-ratelimit-limit"), "100");
}

#[tokio::test]
async fn every_reply_tells_the_quota_and_the_window_ends_by_the_project_clock() {
    let world = limited(3).await;
    let api = &world.api;
    let first = api.get("/sources").await;
    assert_eq!(first.header("x-ratelimit-limit"), "3");
    assert_eq!(first.header("x-ratelimit-remaining"), "2");
    assert_eq!(
        first.header("x-ratelimit-reset"),
        "2026-09-01T12:01:00.000Z"
    );
    assert_eq!(first.header("retry-after").parse::<f64>().unwrap(), 60.0);
    // A refused call counts and tells as well.
    let invalid = api.get("/sources?limit=256").await;
    assert_eq!(invalid.status, 422);
    assert_eq!(invalid.header("x-ratelimit-remaining"), "1");

    world.advance(Duration::from_millis(30_500)).await;
    let last = api.get("/sources").await;
    assert_eq!(last.header("x-ratelimit-remaining"), "0");
    assert_eq!(last.header("retry-after").parse::<f64>().unwrap(), 29.5);

    let url = api.url("/sources");
    let refused = read(api.http.get(&url).bearer_auth(world.gateway.api_key())).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.text, "Too Many Requests");
    assert!(refused.header("content-type").starts_with("text/plain"));

    world.advance(Duration::from_millis(29_500)).await;
    assert_eq!(
        api.get("/sources").await.header("x-ratelimit-remaining"),
        "2"
    );
}

#[tokio::test]
async fn without_a_limit_there_are_no_quota_headers() {
    let world = World::start().await;
    let api = &world.api;
    let reply = api.get("/sources").await;
    assert_eq!(reply.status, 200);
    for name in QUOTA_HEADERS {
        assert!(reply.headers.get(name).is_none(), "{name}");
    }
}

#[tokio::test]
async fn keys_do_not_share_a_quota_or_resources() {
    let builder = gateway()
        .api_key("first")
        .api_key("second")
        .rate_limit(RateLimit::per_minute(2));
    let world = World::of(builder).await;
    let api = &world.api;
    let url = api.url("/sources");
    let create = api
        .http
        .post(&url)
        .bearer_auth("first")
        .body("{\"name\":\"mine\"}");
    assert_eq!(read(create).await.status, 200);
    let second = read(api.http.get(&url).bearer_auth("second")).await;
    assert_eq!(second.json()["models"], json!([]));
    assert_eq!(second.header("x-ratelimit-remaining"), "1");
    let first = read(api.http.get(&url).bearer_auth("first")).await;
    assert_eq!(first.json()["count"], 1);
    assert_eq!(first.header("x-ratelimit-remaining"), "0");
}

#[tokio::test]
async fn unknown_paths_methods_and_versions_are_the_same_404() {
    let world = limited(240).await;
    let api = &world.api;
    for (method, path) in [
        ("GET", "/2026-09-01/nothing"),
        ("PATCH", "/2026-09-01/sources"),
        ("GET", "/2031-01-01/sources"),
        ("GET", "/2026-09-01"),
        ("GET", "/"),
        ("GET", "/2026-09-01/sources/a/b/c"),
    ] {
        let url = format!("{}{path}", world.gateway.api_url());
        let request = api.http.request(method.parse().unwrap(), url);
        let reply = read(request.bearer_auth(world.gateway.api_key())).await;
        assert_eq!(reply.status, 404, "{method} {path}");
        assert!(reply.header("content-type").starts_with("text/html"));
        for name in QUOTA_HEADERS {
            assert!(reply.headers.get(name).is_none(), "{path}: {name}");
        }
    }
}

#[tokio::test]
async fn a_path_in_a_404_cannot_carry_markup() {
    let world = limited(240).await;
    let api = &world.api;
    let url = format!("{}/nothing/%3Cscript%3E&x", world.gateway.api_url());
    let reply = read(api.http.get(url)).await;
    assert!(!reply.text.contains("<script>"), "{}", reply.text);
}

#[tokio::test]
async fn older_versions_no_version_and_the_old_name_of_connections_answer() {
    let world = limited(240).await;
    let api = &world.api;
    for path in [
        "/2025-07-01/connections",
        "/connections",
        "/2026-09-01/webhooks",
    ] {
        let url = format!("{}{path}", world.gateway.api_url());
        let reply = read(api.http.get(url).bearer_auth(world.gateway.api_key())).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.json()["count"], 0);
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let world = limited(240).await;
    let api = &world.api;
    let url = api.url("/sources");
    let request = api.http.post(url).bearer_auth(world.gateway.api_key());
    let reply = read(request.body("{\"name\":")).await;
    assert_eq!(reply.status, 400);
    assert_eq!(reply.json()["code"], "BAD_REQUEST");
}

#[tokio::test]
async fn calls_without_a_valid_key_share_a_bucket_of_their_own() {
    let world = limited(240).await;
    let api = &world.api;
    let url = api.url("/sources");
    for left in (0..100).rev() {
        let refused = read(api.http.get(&url).bearer_auth(format!("guess-{left}"))).await;
        assert_eq!(refused.status, 401);
        assert_eq!(refused.header("x-ratelimit-remaining"), left.to_string());
    }
    assert_eq!(read(api.http.get(&url)).await.status, 429);
    assert_eq!(
        api.get("/sources").await.header("x-ratelimit-remaining"),
        "239"
    );
}

#[tokio::test]
async fn a_head_is_a_get_without_the_body() {
    let world = limited(240).await;
    let api = &world.api;
    let url = api.url("/sources");
    let reply = read(api.http.head(url).bearer_auth(world.gateway.api_key())).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.text, "");
}
