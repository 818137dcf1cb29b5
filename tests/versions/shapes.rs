//! What is written through one version reads the same through another, and has the older shape on the wire.

use std::time::Duration;

use hookdeck::ApiVersion;
use hookdeck::models::*;
use serde_json::{Value, json};

use super::wire::World;

/// Sources, destinations and connections of every shape the version can express.
pub async fn same_models(world: &World) {
    let (client, newest) = (&world.client, &world.newest);
    for source in [
        SourceInput::webhook("plain"),
        SourceInput::webhook("hmac").hmac("s", "x-sig", HmacAlgorithm::Sha256, HmacEncoding::Hex),
        SourceInput::webhook("basic").basic_auth("user", "pass"),
        SourceInput::webhook("keyed").api_key("k", "x-key"),
        SourceInput::stripe("stripe", "whsec_1"),
        SourceInput::new("postmark")
            .kind(SourceType::Postmark)
            .config(SourceConfig::new().auth(SourceAuth::new().username("u").password("p"))),
        SourceInput::webhook("methods").config(
            SourceConfig::new()
                .allowed_http_methods([HttpMethod::Put])
                .custom_response(CustomResponse::text("ok")),
        ),
    ] {
        let made = client.sources().create(source).await.unwrap();
        let read = client.sources().get(&made.id).include_auth().await.unwrap();
        let there = newest.sources().get(&made.id).include_auth().await.unwrap();
        assert_eq!(read, there, "at {}", world.version);
        assert_eq!(
            client
                .sources()
                .list()
                .id(made.id.clone())
                .await
                .unwrap()
                .items
                .len(),
            1
        );
    }

    let http = || DestinationInput::http("d", "https://example.com/hooks");
    let mut destinations = vec![
        http(),
        http().basic_auth("user", "pass"),
        http().bearer_token("t"),
        http().rate(5, DeliveryPeriod::Minute),
        DestinationInput::mock_api("d"),
        DestinationInput::cli("d", "/hooks"),
    ];
    if world.version > ApiVersion::V2023_07_01 {
        destinations.push(http().rate(5, DeliveryPeriod::Concurrent));
    }
    if world.version >= ApiVersion::V2025_07_01 {
        destinations.push(http().groups(DeliveryGroups::new(
            "body.customer",
            5,
            DeliveryGroupPeriod::Second,
        )));
    }
    for (number, mut destination) in destinations.into_iter().enumerate() {
        destination.name = format!("d{number}");
        let made = client.destinations().create(destination).await.unwrap();
        let read = client
            .destinations()
            .get(&made.id)
            .include_auth()
            .await
            .unwrap();
        let there = newest
            .destinations()
            .get(&made.id)
            .include_auth()
            .await
            .unwrap();
        assert_eq!(read, there, "at {}", world.version);
    }

    let made = client
        .connections()
        .upsert("all")
        .source(SourceInput::github("code", "s3cret"))
        .destination(http())
        .rule(Rule::transform_code(
            "same",
            r#"addHandler("transform", (request) => request);"#,
        ))
        .rule(Rule::filter().body(json!({"a": 1})))
        .rule(Rule::retry().linear(Duration::from_secs(60)).count(3))
        .await
        .unwrap();
    let disabled = client.connections().disable(&made.id).await.unwrap();
    assert!(disabled.disabled_at.is_some());
    let read = client.connections().get(&made.id).await.unwrap();
    let mut there = newest.connections().get(&made.id).await.unwrap();
    assert_eq!(read.disabled_at, there.disabled_at);
    // Older versions show a destination's credentials unasked.
    there.destination = read.destination.clone();
    assert_eq!(read, there, "at {}", world.version);
    assert_eq!(client.connections().list().await.unwrap().items.len(), 0);
    assert_eq!(
        client
            .connections()
            .list()
            .disabled(true)
            .await
            .unwrap()
            .items
            .len(),
        1
    );
}

async fn raw(world: &World, method: &str, path: &str, body: Value) -> Value {
    let raw = world.client.raw();
    let call = match method {
        "GET" => raw.get(path),
        "PUT" => raw.put(path).json(&body),
        "POST" => raw.post(path).json(&body),
        _ => raw.delete(path),
    };
    let reply = call
        .await
        .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
    serde_json::from_str(reply.as_str()).unwrap()
}

#[tokio::test]
async fn types_of_verification_may_be_written_small_until_2025_01_01() {
    for version in [ApiVersion::V2024_03_01, ApiVersion::V2024_09_01] {
        let world = World::new(&version).await;
        for (kind, shown) in [("github", "GITHUB"), ("GITHUB", "GITHUB"), ("hmac", "HMAC")] {
            let configs = match shown {
                "HMAC" => json!({
                    "webhook_secret_key": "s",
                    "algorithm": "sha256",
                    "encoding": "hex",
                    "header_key": "x-signature",
                }),
                _ => json!({ "webhook_secret_key": "s" }),
            };
            let source = json!({
                "name": format!("a-{kind}"),
                "verification": { "type": kind, "configs": configs },
            });
            let made = raw(&world, "POST", "/sources", source).await;
            assert_eq!(made["verification"]["type"], shown, "{kind} at {version}");
        }
    }
}

/// What a program of those days sends and reads, by hand.
#[tokio::test]
async fn a_client_of_2023_07_01_finds_its_api() {
    let world = World::new(&ApiVersion::V2023_07_01).await;
    let source = json!({
        "name": "shop",
        "verification": {"type": "basic_auth", "configs": {"user": "u", "password": "p"}},
        "allowed_http_methods": ["POST"],
    });
    let made = raw(&world, "POST", "/sources", source).await;
    let id = made["id"].as_str().unwrap();
    assert_eq!(made["verification"]["type"], "basic_auth");
    assert_eq!(made["allowed_http_methods"], json!(["POST"]));
    assert_eq!(made["archived_at"], Value::Null);
    for gone in ["type", "config", "authenticated", "disabled_at"] {
        assert!(made.get(gone).is_none(), "{gone}: {made}");
    }
    let source = format!("/sources/{id}?include=verification.configs");
    let (path, query) = source.split_once('?').unwrap();
    let (name, value) = query.split_once('=').unwrap();
    let shown = world
        .client
        .raw()
        .get(path)
        .param(name, value)
        .await
        .unwrap();
    let shown: Value = serde_json::from_str(shown.as_str()).unwrap();
    assert_eq!(
        shown["verification"]["configs"],
        json!({"user": "u", "password": "p"})
    );

    let connection = json!({
        "name": "orders",
        "source_id": id,
        "destination": {
            "name": "backend",
            "url": "http://127.0.0.1:9/hooks",
            "rate_limit": 5,
            "rate_limit_period": "minute",
            "auth_method": {"type": "BEARER_TOKEN", "config": {"token": "t"}},
        },
        "rules": [
            {"type": "filter", "body": {"a": 1}},
            {"type": "transform", "transformation": {"name": "same", "code": "addHandler('transform', (r) => r);"}},
        ],
    });
    let made = raw(&world, "POST", "/connections", connection).await;
    let destination = &made["destination"];
    assert_eq!(destination["url"], "http://127.0.0.1:9/hooks");
    assert_eq!(destination["cli_path"], Value::Null);
    assert_eq!(destination["rate_limit"], 5);
    assert_eq!(
        destination["auth_method"],
        json!({"type": "BEARER_TOKEN", "config": {"token": "t"}})
    );
    // It was stored in the order in which it was meant.
    let rules: Vec<_> = made["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| &rule["type"])
        .collect();
    assert_eq!(rules, ["transform", "filter"]);

    let id = made["id"].as_str().unwrap();
    let archived = raw(
        &world,
        "PUT",
        &format!("/connections/{id}/archive"),
        json!({}),
    )
    .await;
    assert!(archived["archived_at"].is_string());
    let count = |path: &'static str, param: Option<(&'static str, &'static str)>| {
        let mut call = world.client.raw().get(path);
        if let Some((name, value)) = param {
            call = call.param(name, value);
        }
        async move {
            let reply = call.await.unwrap();
            let reply: Value = serde_json::from_str(reply.as_str()).unwrap();
            reply["count"].as_u64().unwrap()
        }
    };
    assert_eq!(count("/connections", None).await, 0);
    assert_eq!(count("/connections", Some(("archived", "true"))).await, 1);

    let team = made["team_id"].as_str().unwrap();
    let domains = format!("/teams/{team}/custom_domains");
    raw(
        &world,
        "POST",
        &domains,
        json!({"hostname": "hooks.example.com"}),
    )
    .await;
    assert_eq!(
        raw(&world, "GET", &domains, Value::Null).await[0]["hostname"],
        "hooks.example.com"
    );
}

#[tokio::test]
async fn causes_have_their_old_names() {
    let world = World::new(&ApiVersion::V2023_07_01).await;
    let source = world.newest.sources().create("lonely").await.unwrap();
    let request = world.post(&source.url, "{}").await;
    let reply = raw(&world, "GET", &format!("/requests/{request}"), Value::Null).await;
    assert_eq!(reply["rejection_cause"], "NO_WEBHOOK");
    assert_eq!(reply["ingest_priority"], "NORMAL");
    let read = world.client.requests().get(&request).await.unwrap();
    assert_eq!(read.rejection_cause, Some(RejectionCause::NoConnection));
    let found = world
        .client
        .requests()
        .list()
        .rejection_cause([RejectionCause::NoConnection]);
    assert_eq!(found.await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn retrying_an_event_answers_what_its_version_answers() {
    for (version, member) in [
        (ApiVersion::V2024_03_01, "event"),
        (ApiVersion::V2024_09_01, "id"),
    ] {
        let world = World::new(&version).await;
        let made = world
            .newest
            .connections()
            .create()
            .name("c")
            .source(SourceInput::webhook("s"))
            .destination(DestinationInput::mock_api("d"))
            .await
            .unwrap();
        world.post(&made.source.url, "{}").await;
        let event = world.newest.events().list().await.unwrap().items[0].clone();
        let reply = raw(
            &world,
            "POST",
            &format!("/events/{}/retry", event.id),
            json!({}),
        )
        .await;
        assert!(reply.get(member).is_some(), "{version}: {reply}");
        assert_eq!(
            world.client.events().retry(&event.id).await.unwrap().id,
            event.id
        );
    }
}

/// Payloads are not read on the way, so no digit of a number is lost.
#[tokio::test]
async fn payloads_survive_the_translation_byte_by_byte() {
    let world = World::new(&ApiVersion::V2024_09_01).await;
    let made = world.newest.connections().create().name("c");
    let made = made
        .source(SourceInput::webhook("s"))
        .destination(DestinationInput::mock_api("d"))
        .await
        .unwrap();
    let request = world
        .post(&made.source.url, r#"{"n":1.10,"text":"\u00e9 \"x\""}"#)
        .await;
    let older = world.client.requests().get(&request).await.unwrap();
    let newest = world.newest.requests().get(&request).await.unwrap();
    let body = |request: &Request| {
        let data = request.data.as_ref().expect("its data");
        data.body.as_ref().expect("its body").as_str().to_owned()
    };
    assert_eq!(body(&older), body(&newest));
}

/// What was a property of its own leaves the others alone.
#[tokio::test]
async fn an_update_in_an_older_version_changes_what_it_names() {
    for (version, update) in [
        (
            ApiVersion::V2025_07_01,
            json!({"config": {"rate_limit": 7}}),
        ),
        (ApiVersion::V2024_09_01, json!({"rate_limit": 7})),
    ] {
        let world = World::new(&version).await;
        let made = DestinationInput::http("d", "https://example.com/hooks")
            .rate(5, DeliveryPeriod::Minute)
            .groups(DeliveryGroups::new(
                "body.customer",
                2,
                DeliveryGroupPeriod::Second,
            ))
            .bearer_token("t");
        let made = world.newest.destinations().create(made).await.unwrap();
        raw(&world, "PUT", &format!("/destinations/{}", made.id), update).await;
        let after = world
            .newest
            .destinations()
            .get(&made.id)
            .include_auth()
            .await
            .unwrap();
        let config = serde_json::to_value(&after.config).unwrap();
        assert_eq!(
            config["delivery_policy"],
            json!({
                "rate": 7,
                "period": "minute",
                "groups": {"key": "body.customer", "rate": 2, "rate_period": "second"},
            }),
            "{version}"
        );
        assert_eq!(config["auth"], json!({"token": "t"}), "{version}");
    }
}

#[tokio::test]
async fn destinations_are_listed_by_what_they_had_before_they_had_types() {
    let world = World::new(&ApiVersion::V2024_09_01).await;
    for destination in [
        DestinationInput::http("one", "https://example.com/1"),
        DestinationInput::http("two", "https://example.com/2"),
        DestinationInput::cli("laptop", "/hooks"),
    ] {
        world
            .newest
            .destinations()
            .create(destination)
            .await
            .unwrap();
    }
    let named = |param: &'static str, value: &'static str| {
        let call = world.client.raw().get("/destinations").param(param, value);
        async move {
            let reply: Value = serde_json::from_str(call.await.unwrap().as_str()).unwrap();
            let models = reply["models"].as_array().unwrap().clone();
            models
                .iter()
                .map(|model| model["name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(named("url", "https://example.com/1").await, ["one"]);
    assert_eq!(named("cli_path", "/hooks").await, ["laptop"]);
    assert_eq!(named("url", "https://example.com/3").await, [""; 0]);
}

/// What the newest version's replies have since October 2026, for strict readers of the older documents.
#[test]
fn what_came_after_a_document_is_told_in_its_nearest_terms() {
    let older = ApiVersion::V2024_09_01
        .translation()
        .expect("an older version");
    let told = |operation: &str, reply: Value| -> Value {
        let told = older.downgrade_reply(operation, reply.to_string().as_bytes());
        serde_json::from_slice(&told).expect("is JSON")
    };
    let duplicate = json!({"cause": "DUPLICATE", "meta": {"duplicate_of_request_id": "req_1"}});
    let filtered = json!({"cause": "FILTERED", "meta": ["body"]});
    assert_eq!(
        told(
            "getRequestIgnoredEvents",
            json!({"models": [duplicate, filtered]})
        ),
        json!({"models": [{"cause": "FILTERED", "meta": null}, filtered]})
    );
    let issue =
        json!({"type": "delivery", "reference": {"event_id": "evt_1", "attempt_body": {"a": 1}}});
    assert_eq!(
        told("getIssue", issue)["reference"],
        json!({"event_id": "evt_1"})
    );
    let event = json!({"id": "evt_1", "data": {"path": "/", "body_format": "text"}});
    assert_eq!(told("getEvent", event)["data"], json!({"path": "/"}));

    // A version that knows them has them as they are.
    let known = ApiVersion::V2025_07_01
        .translation()
        .expect("an older version");
    let reply = json!({"models": [duplicate]}).to_string();
    let kept = known.downgrade_reply("getRequestIgnoredEvents", reply.as_bytes());
    assert_eq!(String::from_utf8(kept).expect("is text"), reply);
}
