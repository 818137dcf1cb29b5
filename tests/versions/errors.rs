//! What the gateway says to callers of older versions, and to those of none.

use hookdeck::ApiVersion;
use hookdeck::models::DestinationInput;
use serde_json::Value;

use super::wire::World;

async fn get(world: &World, path: &str) -> (u16, String) {
    let reply = world
        .http
        .get(format!("{}{path}", world.gateway.api_url()))
        .bearer_auth(world.gateway.api_key())
        .send()
        .await
        .unwrap();
    (reply.status().as_u16(), reply.text().await.unwrap())
}

#[tokio::test]
async fn violations_name_properties_as_their_version_does() {
    // What is no address at all was told of twice, and an address of another kind once.
    for (version, url, told) in [
        (
            ApiVersion::V2024_09_01,
            "mock",
            &["url must be a valid uri"; 2][..],
        ),
        (
            ApiVersion::V2024_09_01,
            "mock://",
            &["url must be a valid uri"; 2],
        ),
        (
            ApiVersion::V2024_09_01,
            "mock://mock",
            &["url must be a valid uri"],
        ),
        (
            ApiVersion::V2024_09_01,
            "localhost:3000",
            &["url must be a valid uri"],
        ),
        (
            ApiVersion::V2026_09_01,
            "mock",
            &["config.url must be a valid uri"],
        ),
        (
            ApiVersion::V2026_09_01,
            "ftp://a.example",
            &["config.url must be a valid uri"],
        ),
    ] {
        let world = World::new(&version).await;
        // By hand: the client itself would not send this.
        let body = match version == ApiVersion::V2026_09_01 {
            true => serde_json::json!({"name": "d", "config": {"url": url}}),
            false => serde_json::json!({"name": "d", "url": url}),
        };
        let error = world
            .client
            .raw()
            .post("/destinations")
            .json(&body)
            .await
            .unwrap_err();
        let violations = error.api().expect("a reply").violations();
        assert_eq!(violations, told, "{version} {url}");
    }
}

#[tokio::test]
async fn a_path_without_a_version_is_answered_as_2025_07_01() {
    let world = World::new(&ApiVersion::V2026_09_01).await;
    let destination = DestinationInput::http("d", "https://example.com");
    world
        .client
        .destinations()
        .create(destination)
        .await
        .unwrap();
    let (status, text) = get(&world, "/destinations").await;
    assert_eq!(status, 200, "{text}");
    let reply: Value = serde_json::from_str(&text).unwrap();
    let config = &reply["models"][0]["config"];
    assert!(
        config.get("rate_limit").is_some() && config.get("delivery_policy").is_none(),
        "{text}"
    );
    assert_eq!(get(&world, "/teams").await.0, 200);
    assert_eq!(get(&world, "/latest/destinations").await.0, 200);
}
