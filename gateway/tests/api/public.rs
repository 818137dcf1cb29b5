//! Where a gateway is seen from outside: the addresses it shows, and what it takes there.

use hmac::{Hmac, Mac};
use hookdeck_gateway::Gateway;
use hookdeck_testkit::{Api, Reply, START, World, gateway, http, read};
use serde_json::{Value, json};
use sha2::Sha256;

const TUNNEL: &str = "https://tunnel.example/hooks";
const LIVE: &str = "https://hkdk.events";

async fn seen_at(url: &str) -> World {
    World::of(gateway().public_url(url)).await
}

/// The part of a source's id that its URL shows.
fn shown_id(source: &Value) -> &str {
    source["id"].as_str().unwrap().trim_start_matches("src_")
}

#[tokio::test]
async fn what_leads_to_the_gateway_begins_with_its_public_url() {
    let world = seen_at(&format!("{TUNNEL}/")).await;
    let connection = world.connect("c").json().await;
    let source = &connection["source"];
    assert_eq!(source["url"], format!("{TUNNEL}/e/{}", shown_id(source)));
    let listed = world.api.models("/sources").await;
    assert_eq!(listed[0]["url"], source["url"]);
    // The local address takes webhooks as before, and the API is where it was.
    let local = format!("{}/e/{}", world.gateway.api_url(), shown_id(source));
    let reply = world.webhook(&local).json(json!({})).send().await;
    assert_eq!(reply.status, 200);
    assert!(reply.json()["message"].as_str().unwrap().contains(TUNNEL));
    world.settle().await;
    let delivery = world.receiver.next().await;
    let event = world.api.models("/events").await.remove(0);
    assert_eq!(
        delivery.header("x-hookdeck-event-url"),
        format!("{TUNNEL}/events/{}", event["id"].as_str().unwrap())
    );
}

#[tokio::test]
async fn a_source_to_publish_to_shows_where_webhooks_are_published() {
    for (public, expected) in [
        (None, None),
        (
            Some(TUNNEL),
            Some("https://tunnel.example/hooks/v1/publish"),
        ),
        (Some(LIVE), Some("https://hkdk.events/v1/publish")),
    ] {
        let world = match public {
            Some(url) => seen_at(url).await,
            None => World::start().await,
        };
        let source = json!({ "name": "p", "type": "PUBLISH_API" });
        let source = world.api.ok("POST", "/sources", source).await;
        let local = format!("{}/v1/publish", world.gateway.api_url());
        assert_eq!(source["url"], expected.unwrap_or(&local));
    }
}

#[tokio::test]
async fn a_signature_may_cover_the_public_url_the_local_one_or_the_one_called() {
    let world = seen_at("https://tunnel.example").await;
    let source = json!({
        "name": "h", "type": "HUBSPOT", "config": { "auth": { "webhook_secret_key": "s" } },
    });
    let source = world.api.ok("POST", "/sources", source).await;
    let id = shown_id(&source);
    let local = format!("{}/e/{id}", world.gateway.api_url());
    let time = (START * 1_000).to_string();
    for (base, status) in [
        (format!("https://tunnel.example/e/{id}"), 200),
        (local.clone(), 200),
        (format!("https://other.example/e/{id}"), 200),
        (format!("https://elsewhere.example/e/{id}"), 401),
        (format!("https://tunnel.example/{id}"), 401),
    ] {
        let mac = Hmac::<Sha256>::new_from_slice(b"s").unwrap();
        let signed = format!("POST{base}/in?a=1{{}}{time}");
        let tag = mac.chain_update(signed.as_bytes()).finalize().into_bytes();
        let signature = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, tag);
        let reply = world
            .webhook(&local)
            .path("/in?a=1")
            .header("host", "other.example")
            .header("x-hubspot-signature-v3", &signature)
            .header("x-hubspot-request-timestamp", &time)
            .json("{}")
            .send()
            .await;
        assert_eq!(reply.status, status, "{base}");
    }
}

/// A call of `path` as a client makes it for which the name of `host` leads here.
async fn at_host(gateway: &Gateway, host: &str, path: &str, body: &str) -> Reply {
    let request = http()
        .post(format!("{}{path}", gateway.api_url()))
        .bearer_auth(gateway.api_key())
        .header("host", host)
        .header("x-hookdeck-source-name", "s")
        .header("content-type", "application/json")
        .body(body.to_owned());
    read(request).await
}

#[tokio::test]
async fn the_live_services_source_urls_work_for_whoever_expects_them() {
    let world = seen_at(LIVE).await;
    let api: &Api = &world.api;
    let connection = api.connect("c").source(json!({ "name": "s" })).json().await;
    let source = &connection["source"];
    let id = shown_id(source);
    assert_eq!(source["url"], format!("{LIVE}/{id}"));
    let post =
        async |host: &str, path: &str| at_host(&world.gateway, host, path, "{}").await.status;
    assert_eq!(post("hkdk.events", &format!("/{id}")).await, 200);
    assert_eq!(
        post("HKDK.EVENTS:443", &format!("/{id}/in/it?a=1")).await,
        200
    );
    assert_eq!(post("hkdk.events", &format!("/e/{id}")).await, 200);
    assert_eq!(post("hkdk.events", "/v1/publish").await, 200);
    assert_eq!(post("hkdk.events", "/nobodys1234").await, 404);
    assert_eq!(post("hkdk.events", "/").await, 404);
    // By any other name the gateway is what it was.
    assert_eq!(post("127.0.0.1", &format!("/e/{id}")).await, 200);
    assert_eq!(post("127.0.0.1", &format!("/{id}")).await, 404);
    let requests = api.models("/requests?include=data&dir=asc").await;
    let paths: Vec<_> = requests
        .iter()
        .map(|request| &request["data"]["path"])
        .collect();
    assert_eq!(json!(paths), json!(["", "/in/it", "", "", ""]));
    assert_eq!(requests[1]["data"]["parsed_query"], json!({ "a": "1" }));
}

#[tokio::test]
async fn a_gateway_that_others_are_let_in_to_hands_out_no_key() {
    for (public, status, begins) in [
        (TUNNEL, 403, ""),
        ("http://localhost:8080", 200, "http://localhost:8080/"),
        (LIVE, 200, "http://127.0.0.1:"),
    ] {
        let world = seen_at(public).await;
        let url = format!("{}/2026-09-01/cli-auth", world.gateway.api_url());
        let reply = read(http().post(url).body("{}")).await;
        assert_eq!(reply.status, status, "{public}");
        if status == 200 {
            for name in ["browser_url", "poll_url"] {
                let url = reply.json()[name].as_str().unwrap().to_owned();
                assert!(url.starts_with(begins), "{public}: {name} {url}");
            }
        }
    }
}
