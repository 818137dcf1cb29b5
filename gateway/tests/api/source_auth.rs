//! What a source verifies by: how it is written, and where it is shown.

use hookdeck_testkit::{Reply, World, id, read};
use serde_json::{Value, json};

/// The schema that a reference leads to in the end; of alternatives the first.
fn resolved<'a>(schemas: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return resolved(
            schemas,
            &schemas[reference.strip_prefix("#/components/schemas/").unwrap()],
        );
    }
    match schema.get("anyOf").or_else(|| schema.get("oneOf")) {
        Some(alternatives) => resolved(schemas, &alternatives[0]),
        None => schema,
    }
}

/// Every type of source that implies its scheme, with credentials that it takes: read off the contract.
fn providers() -> Vec<(String, Value)> {
    let document: Value = serde_json::from_str(hookdeck::contract::DOCUMENT).unwrap();
    let schemas = &document["components"]["schemas"];
    let kinds = document["paths"]["/sources"]["post"]["requestBody"]["content"]["application/json"]
        ["schema"]["properties"]["type"]["enum"]
        .as_array()
        .unwrap();
    let mut found = Vec::new();
    for kind in kinds.iter().filter_map(Value::as_str) {
        let config = &schemas[format!("SourceTypeConfig{}", kind.replace('-', ""))]["properties"];
        if config.get("auth_type").is_some() || config.get("auth").is_none() {
            continue;
        }
        let auth = resolved(schemas, &config["auth"]);
        let members = auth["properties"].as_object().into_iter().flatten();
        let given = members.map(|(name, schema)| {
            let schema = resolved(schemas, schema);
            let value = schema["enum"].get(0).cloned();
            (
                name.clone(),
                value.unwrap_or_else(|| json!("whsec_dGVzdA==")),
            )
        });
        found.push((kind.to_owned(), Value::Object(given.collect())));
    }
    assert!(found.len() > 100, "only {} providers", found.len());
    found
}

async fn at(world: &World, version: &str, method: &str, path: &str, body: &Value) -> Reply {
    let url = format!("{}/{version}{path}", world.gateway.api_url());
    let request = world
        .api
        .http
        .request(method.parse().unwrap(), url)
        .bearer_auth(world.gateway.api_key())
        .header("content-type", "application/json")
        .body(body.to_string());
    read(request).await
}

#[tokio::test]
async fn a_provider_may_be_named_as_its_own_auth_type_and_no_other() {
    let world = World::start().await;
    let api = &world.api;
    for (kind, auth) in providers() {
        let config = json!({ "auth_type": kind, "auth": auth });
        let body = json!({ "name": "a", "type": kind, "config": config });
        let source = api.ok("PUT", "/sources", body).await;
        // Credentials without a member are none.
        let shown = match auth.as_object().unwrap().is_empty() {
            true => &Value::Null,
            false => &auth,
        };
        assert_eq!(source["config"].get("auth"), Some(shown), "{kind}");
        assert!(
            source["config"].get("auth_type").is_none(),
            "{kind}: {source}"
        );
        assert!(
            world.gateway.journal().pop().unwrap().dropped.is_empty(),
            "{kind}"
        );
        let other = if kind == "STRIPE" { "GITHUB" } else { "STRIPE" };
        let body =
            json!({ "name": "b", "type": kind, "config": { "auth_type": other, "auth": auth } });
        assert_eq!(
            api.put("/sources", body).await.violations(),
            [format!("config.auth_type must be [{kind}]")]
        );
    }
}

#[tokio::test]
async fn it_may_be_named_wherever_and_in_whatever_version_a_source_is_written() {
    let world = World::start().await;
    let auth = json!({ "webhook_secret_key": "whsec_x" });
    let config = json!({ "auth_type": "STRIPE", "auth": auth });
    let stripe = |name: &str| json!({ "name": name, "type": "STRIPE", "config": config });
    for version in ["2025-01-01", "2025-07-01", "2026-09-01"] {
        let made = at(&world, version, "POST", "/sources", &stripe(version)).await;
        assert_eq!(made.status, 200, "{version}: {}", made.text);
        let path = format!("/sources/{}", id(&made.json()));
        let update = json!({ "type": "STRIPE", "config": config });
        let inline = json!({
            "name": version, "source": stripe(version),
            "destination": { "name": "d", "type": "MOCK_API" },
        });
        for (method, path, body) in [
            ("PUT", "/sources", &stripe(version)),
            ("PUT", path.as_str(), &update),
            ("PUT", "/connections", &inline),
        ] {
            let reply = at(&world, version, method, path, body).await;
            assert_eq!(
                reply.status, 200,
                "{version} {method} {path}: {}",
                reply.text
            );
        }
        let shown = format!("{path}?include=config.auth");
        let shown = at(&world, version, "GET", &shown, &Value::Null)
            .await
            .json();
        assert_eq!(shown["config"]["auth"], auth, "{version}");
        assert!(
            shown["config"].get("auth_type").is_none(),
            "{version}: {shown}"
        );
    }
    // The name alone says nothing, and credentials need no name.
    let bare = json!({ "name": "e", "type": "STRIPE", "config": { "auth_type": "STRIPE" } });
    let bare = world.api.ok("POST", "/sources", bare).await;
    assert_eq!(bare["authenticated"], false);
    let unnamed = json!({ "name": "f", "type": "STRIPE", "config": { "auth": auth } });
    let unnamed = world.api.ok("POST", "/sources", unnamed).await;
    assert_eq!(unnamed["authenticated"], true);
    let wrong =
        json!({ "name": "g", "type": "STRIPE", "config": { "auth_type": 1, "auth": auth } });
    assert_eq!(
        world.api.post("/sources", wrong).await.violations(),
        ["config.auth_type must be [STRIPE]"]
    );
}

#[tokio::test]
async fn the_reply_to_a_write_shows_it_and_no_other_does_unasked() {
    let world = World::start().await;
    let api = &world.api;
    let stripe = json!({ "webhook_secret_key": "whsec_x" });
    let basic = json!({ "username": "u", "password": "p" });
    for (kind, config, auth_type, auth) in [
        ("STRIPE", json!({ "auth": stripe }), None, stripe),
        ("STRIPE", json!({ "auth": null }), None, Value::Null),
        ("WEBHOOK", json!({}), Some(Value::Null), Value::Null),
        (
            "HTTP",
            json!({ "auth_type": "BASIC_AUTH", "auth": basic }),
            Some(json!("BASIC_AUTH")),
            basic,
        ),
    ] {
        let body = json!({ "name": "s", "type": kind, "config": config });
        let made = api.ok("PUT", "/sources", body).await;
        let path = format!("/sources/{}", id(&made));
        let renamed = api.ok("PUT", &path, json!({ "name": "s" })).await;
        for written in [&made, &renamed] {
            assert_eq!(written["config"].get("auth"), Some(&auth), "{written}");
            assert_eq!(
                written["config"].get("auth_type"),
                auth_type.as_ref(),
                "{written}"
            );
        }
        let connection = json!({ "name": "c", "source_id": id(&made), "destination": { "name": "d", "type": "MOCK_API" } });
        let connection = api.ok("PUT", "/connections", connection).await;
        let disabled = api.ok("PUT", &format!("{path}/disable"), json!({})).await;
        let enabled = api.ok("PUT", &format!("{path}/enable"), json!({})).await;
        for read in [
            api.get(&path).await.json(),
            api.models("/sources").await.remove(0),
            connection["source"].clone(),
            disabled,
            enabled,
        ] {
            assert!(read["config"].get("auth").is_none(), "{read}");
        }
        api.delete(&format!("/connections/{}", id(&connection)))
            .await;
        assert_eq!(api.delete(&path).await.status, 200);
    }
}
