//! Programs that were written for an older version, by hand: what they send does what it did then.

use hookdeck::ApiVersion;
use hookdeck::models::*;
use serde_json::{Value, json};

use super::wire::World;

async fn send(
    world: &World,
    method: &str,
    path: &str,
    body: Value,
) -> Result<Value, hookdeck::Error> {
    let raw = world.client.raw();
    let call = match method {
        "GET" => raw.get(path),
        "PUT" => raw.put(path).json(&body),
        _ => raw.post(path).json(&body),
    };
    Ok(serde_json::from_str(call.await?.as_str()).unwrap())
}

async fn ok(world: &World, method: &str, path: &str, body: Value) -> Value {
    send(world, method, path, body)
        .await
        .unwrap_or_else(|error| panic!("{method} {path}: {error} {:?}", error.api()))
}

fn id(made: &Value) -> &str {
    made["id"].as_str().unwrap()
}

/// A type is no property there, so changing what it follows from leaves the others alone.
#[tokio::test]
async fn another_verification_leaves_the_other_properties_alone() {
    let world = World::new(&ApiVersion::V2024_09_01).await;
    let response = json!({"content_type": "text", "body": "hi"});
    let made = json!({
        "name": "shop",
        "verification": {"type": "STRIPE", "configs": {"webhook_secret_key": "x"}},
        "custom_response": response,
        "allowed_http_methods": ["POST", "GET"],
    });
    let made = ok(&world, "POST", "/sources", made).await;
    let path = format!("/sources/{}", id(&made));
    let github = json!({"type": "GITHUB", "configs": {"webhook_secret_key": "x"}});
    for (verification, shown) in [
        (github, json!("GITHUB")),
        (Value::Null, Value::Null),
        (
            json!({"type": "BASIC_AUTH", "configs": {"username": "u", "password": "p"}}),
            json!("BASIC_AUTH"),
        ),
    ] {
        let change = json!({"verification": verification});
        let changed = ok(&world, "PUT", &path, change).await;
        assert_eq!(changed["verification"]["type"], shown);
        assert_eq!(changed["custom_response"], response, "{shown}");
        assert_eq!(
            changed["allowed_http_methods"],
            json!(["POST", "GET"]),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn another_place_leaves_the_other_properties_alone() {
    let world = World::new(&ApiVersion::V2024_09_01).await;
    let auth = json!({"type": "BEARER_TOKEN", "config": {"token": "t"}});
    let made = json!({
        "name": "backend",
        "url": "https://example.com",
        "auth_method": auth,
        "http_method": "PUT",
        "path_forwarding_disabled": true,
    });
    let made = ok(&world, "POST", "/destinations", made).await;
    let path = format!("/destinations/{}", id(&made));
    for (change, url, cli_path) in [
        (
            json!({"url": null, "cli_path": "/hooks"}),
            Value::Null,
            json!("/hooks"),
        ),
        // As programs send it that send every property there is.
        (
            json!({"rate_limit": null, "rate_limit_period": null, "description": "mine"}),
            Value::Null,
            json!("/hooks"),
        ),
        (
            json!({"url": "https://example.com/2", "cli_path": null}),
            json!("https://example.com/2"),
            Value::Null,
        ),
    ] {
        let changed = ok(&world, "PUT", &path, change).await;
        assert_eq!((&changed["url"], &changed["cli_path"]), (&url, &cli_path));
        assert_eq!(changed["auth_method"], auth);
        assert_eq!(changed["http_method"], "PUT");
        assert_eq!(changed["path_forwarding_disabled"], true);
    }
}

/// The same of what a connection names inline.
#[tokio::test]
async fn an_inline_source_that_changes_its_verification_keeps_the_rest() {
    let world = World::new(&ApiVersion::V2024_03_01).await;
    let connection = |kind: &str, more: Value| {
        let mut source = json!({
            "name": "shop",
            "verification": {"type": kind, "configs": {"webhook_secret_key": "x"}},
        });
        source
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({"name": "c", "source": source, "destination": {"name": "d", "url": "https://example.com"}})
    };
    let more = json!({"custom_response": {"content_type": "text", "body": "hi"}});
    ok(&world, "PUT", "/connections", connection("STRIPE", more)).await;
    let changed = ok(
        &world,
        "PUT",
        "/connections",
        connection("GITHUB", json!({})),
    )
    .await;
    assert_eq!(changed["source"]["verification"]["type"], "GITHUB");
    assert_eq!(changed["source"]["custom_response"]["body"], "hi");
}

/// In the newest version another type starts over.
#[tokio::test]
async fn another_type_starts_over_where_there_are_types() {
    let world = World::new(&ApiVersion::V2025_01_01).await;
    let config = json!({
        "auth": {"webhook_secret_key": "x"},
        "custom_response": {"content_type": "text", "body": "hi"},
    });
    let made = json!({"name": "shop", "type": "STRIPE", "config": config});
    let made = ok(&world, "POST", "/sources", made).await;
    let change = json!({"type": "GITHUB", "config": {"auth": {"webhook_secret_key": "x"}}});
    let changed = ok(&world, "PUT", &format!("/sources/{}", id(&made)), change).await;
    assert_eq!(changed["config"]["custom_response"], Value::Null);
}

#[tokio::test]
async fn no_policy_means_no_groups_at_any_version_that_has_them() {
    for version in [ApiVersion::V2025_07_01, ApiVersion::V2026_09_01] {
        let world = World::new(&version).await;
        let groups = DeliveryGroups::new("body.customer", 2, DeliveryGroupPeriod::Second);
        let made = DestinationInput::http("d", "https://example.com")
            .rate(5, DeliveryPeriod::Minute)
            .groups(groups);
        let destinations = world.client.destinations();
        let made = destinations.create(made).await.unwrap();
        let config = DestinationConfig::new().clear_delivery_policy();
        let update = destinations.update(&made.id).config(config);
        let after = update.await.unwrap();
        let config = serde_json::to_value(&after.config).unwrap();
        let policy = json!({"rate": null, "period": "second"});
        assert_eq!(config["delivery_policy"], policy, "{version}");
    }
}

#[tokio::test]
async fn groups_needed_no_rate_of_their_own() {
    let world = World::new(&ApiVersion::V2025_07_01).await;
    for (name, groups) in [
        ("absent", json!({"key": "body.customer"})),
        (
            "null",
            json!({"key": "body.customer", "rate_limit": null, "rate_limit_period": null}),
        ),
    ] {
        let config = json!({"url": "https://example.com", "delivery_groups": groups});
        let made = json!({"name": name, "type": "HTTP", "config": config});
        let made = ok(&world, "POST", "/destinations", made).await;
        let shown = &made["config"]["delivery_groups"];
        assert_eq!(shown, &json!({"key": "body.customer"}), "{name}");
        // The models have a rate in any case, and so has the newest version.
        for client in [&world.client, &world.newest] {
            let read = client.destinations().get(id(&made)).await.unwrap();
            let config = serde_json::to_value(&read.config).unwrap();
            let groups = &config["delivery_policy"]["groups"];
            assert_eq!(groups["rate"], 100_000, "{name}: {config}");
        }
    }
}

#[tokio::test]
async fn lists_take_what_they_took() {
    let world = World::new(&ApiVersion::V2024_09_01).await;
    for name in ["one", "two"] {
        world.newest.sources().create(name).await.unwrap();
    }
    let list = async |path: &str, params: &[(&'static str, &'static str)]| {
        let mut call = world.client.raw().get(path);
        for (name, value) in params {
            call = call.param(*name, *value);
        }
        let reply = call.await;
        let reply = reply.unwrap_or_else(|error| panic!("{path}: {error} {:?}", error.api()));
        serde_json::from_str::<Value>(reply.as_str()).unwrap()
    };
    for path in ["/sources", "/destinations", "/transformations"] {
        let two = [
            ("order_by[0]", "created_at"),
            ("order_by[1]", "created_at"),
            ("dir[0]", "asc"),
            ("dir[1]", "asc"),
        ];
        let page = list(path, &two).await;
        assert_eq!(page["pagination"]["order_by"], "created_at", "{path}");
        assert_eq!(page["pagination"]["dir"], "asc", "{path}");
    }
    // An order that is gone is refused, not replaced by another in silence.
    let sorted = world
        .client
        .raw()
        .get("/events")
        .param("order_by", "last_attempt_at")
        .await;
    assert!(sorted.unwrap_err().is_validation());
    for (path, name) in [
        ("/events", "error_code"),
        ("/events", "error_code[]"),
        ("/issues", "aggregation_keys[error_code]"),
        ("/bulk/events/retry/plan", "query[error_code]"),
    ] {
        list(path, &[(name, "TTL_EXPIRED")]).await;
    }

    let made = json!({"label": "x", "provider": "BRIDGE", "configs": {}, "features": []});
    let made = ok(&world, "POST", "/integrations", made).await;
    assert_eq!(made["provider"], "BRIDGE");
    let read = world.newest.integrations().get(id(&made)).await.unwrap();
    assert_eq!(read.provider, IntegrationProvider::BridgeXyz);
}

#[tokio::test]
async fn what_is_refused_is_named_as_it_was_sent() {
    let world = World::new(&ApiVersion::V2024_09_01).await;
    let d = |more: Value| {
        let mut destination = json!({"name": "d"});
        destination
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        destination
    };
    let wrong =
        d(json!({"url": "https://example.com", "auth_method": {"type": "NOPE", "config": {}}}));
    let refused = async |path: &str, body: Value| {
        let error = send(&world, "POST", path, body).await.unwrap_err();
        format!("{:?}", error.api().expect("a reply"))
    };
    let text = refused("/destinations", wrong.clone()).await;
    assert!(text.contains("auth_method.type must be one of"), "{text}");
    // What the live API adds to its checks speaks of the newest version's properties at all of them.
    let text = refused("/destinations", d(json!({}))).await;
    assert!(text.contains("requires `config.url`"), "{text}");
    let verification = json!({"type": "HMAC", "configs": 5});
    let connection = json!({
        "name": "c",
        "source": {"name": "s", "verification": verification},
        "destination": wrong,
    });
    let text = refused("/connections", connection).await;
    assert!(text.contains("destination.auth_method.type"), "{text}");
    let unfit = "source.verification does not match any of the allowed types";
    assert!(text.contains(unfit), "{text}");
}
