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

/// Versions without types of sources and destinations, as far as they are served live.
const UNTYPED: [&str; 2] = ["2024-03-01", "2024-09-01"];

/// A call that must succeed.
async fn ok(world: &World, method: &str, path: &str, body: impl Into<Option<Value>>) -> Value {
    let reply = call(world, method, path, body).await;
    assert_eq!(reply.status, 200, "{method} {path}: {}", reply.text);
    reply.json()
}

fn id(model: &Value) -> &str {
    model["id"].as_str().unwrap()
}

#[tokio::test]
async fn a_source_that_verifies_nothing_says_null_wherever_it_is_shown() {
    for version in UNTYPED {
        let world = World::start().await;
        let made = ok(
            &world,
            "POST",
            &format!("/{version}/sources"),
            json!({"name": "a"}),
        )
        .await;
        let path = format!("/{version}/sources/{}", id(&made));
        let connection = json!({
            "name": "c",
            "source_id": made["id"],
            "destination": {"name": "d", "url": "https://a.example"},
        });
        let connection = ok(
            &world,
            "POST",
            &format!("/{version}/connections"),
            connection,
        )
        .await;
        let got = ok(&world, "GET", &path, None).await;
        let listed = ok(&world, "GET", &format!("/{version}/sources"), None).await;
        let put = ok(&world, "PUT", &path, json!({"description": "x"})).await;
        let inside = &connection["source"];
        for source in [&made, &got, &listed["models"][0], &put, inside] {
            assert_eq!(source.get("verification"), Some(&Value::Null), "{source}");
        }
        // Where null was no value there is none.
        let oldest = format!("/2023-07-01/sources/{}", id(&made));
        let oldest = ok(&world, "GET", &oldest, None).await;
        assert_eq!(oldest.get("verification"), None);
    }
}

#[tokio::test]
async fn a_type_and_a_config_mean_nothing_where_sources_have_none() {
    for version in UNTYPED {
        let world = World::start().await;
        for (name, environment) in [("fits", "SANDBOX"), ("unfit", "sandbox")] {
            let auth = json!({"environment": environment});
            let source = json!({
                "name": name,
                "type": "FIREBLOCKS",
                "config": {"auth_type": "FIREBLOCKS", "auth": auth, "allowed_http_methods": ["PUT"]},
            });
            let made = ok(
                &world,
                "POST",
                &format!("/{version}/sources"),
                source.clone(),
            )
            .await;
            let path = format!("/{version}/sources/{}", id(&made));
            ok(&world, "PUT", &path, source).await;
            let read = ok(
                &world,
                "GET",
                &format!("/2025-07-01/sources/{}", id(&made)),
                None,
            )
            .await;
            assert_eq!(read["type"], "WEBHOOK");
            let methods = json!(["POST", "PUT", "PATCH", "DELETE"]);
            assert_eq!(read["config"]["allowed_http_methods"], methods);
        }
    }
}

fn no_url() -> Value {
    json!({
        "type": "HTTP",
        "field": "config.url",
        "message": "HTTP destination requires `config.url`.",
    })
}

#[tokio::test]
async fn a_destination_needs_an_address_or_a_path_where_it_has_no_type() {
    for version in UNTYPED {
        let world = World::start().await;
        let mut typed = vec![json!({"name": "a"})];
        for kind in ["MOCK_API", "MOCK", "CLI", "HTTP"] {
            typed.push(json!({"name": "a", "type": kind}));
        }
        typed.push(json!({"name": "a", "type": "HTTP", "config": {"url": "https://a.example"}}));
        typed.push(json!({"name": "a", "url": null, "cli_path": null}));
        for destination in typed {
            let path = format!("/{version}/destinations");
            for method in ["POST", "PUT"] {
                let refused = call(&world, method, &path, destination.clone()).await;
                assert_eq!(refused.status, 422, "{destination}");
                assert_eq!(refused.json()["data"], no_url(), "{destination}");
            }
            let path = format!("/{version}/connections");
            let body = json!({"name": "c", "source": {"name": "s"}, "destination": destination});
            let refused = call(&world, "PUT", &path, body).await;
            assert_eq!(refused.status, 422, "{destination}");
            assert_eq!(refused.json()["data"], no_url(), "{destination}");
        }
    }
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
async fn the_address_of_the_mock_service_makes_a_mock_destination_and_loses_its_path() {
    for version in UNTYPED {
        let world = World::start().await;
        for (name, url) in [
            ("bare", "https://mock.hookdeck.com"),
            ("slash", "https://mock.hookdeck.com/"),
            ("path", "https://mock.hookdeck.com/x/y?z=1"),
        ] {
            let destination = json!({"name": name, "url": url});
            let path = format!("/{version}/destinations");
            let made = ok(&world, "POST", &path, destination).await;
            assert_eq!(made["url"], "https://mock.hookdeck.com", "{url}");
            let read = ok(&world, "GET", &format!("{path}/{}", id(&made)), None).await;
            assert_eq!(read["url"], "https://mock.hookdeck.com", "{url}");
            let newest = world.api.get(&format!("/destinations/{}", id(&made))).await;
            assert_eq!(newest.json()["type"], "MOCK_API", "{url}");
        }
        // Other hosts are other hosts.
        let other = json!({"name": "other", "url": "https://mock.hookdeck.com.example/x"});
        let made = ok(&world, "POST", &format!("/{version}/destinations"), other).await;
        assert_eq!(made["url"], "https://mock.hookdeck.com.example/x");
        // Where there are types, an HTTP destination is what says it is one.
        let url = "https://mock.hookdeck.com/x";
        let typed = json!({"name": "typed", "type": "HTTP", "config": {"url": url}});
        let made = ok(&world, "POST", "/2025-07-01/destinations", typed).await;
        let path = format!("/{version}/destinations/{}", id(&made));
        assert_eq!(ok(&world, "GET", &path, None).await["url"], url);
    }
}

#[tokio::test]
async fn a_mock_destination_has_no_path_of_the_command_line() {
    for version in UNTYPED {
        let world = World::start().await;
        let destination = json!({
            "name": "a", "url": "https://mock.hookdeck.com/x", "cli_path": "/y",
        });
        let path = format!("/{version}/destinations");
        let refused = call(&world, "POST", &path, destination).await;
        assert_eq!(refused.status, 422);
        let data = refused.json()["data"].clone();
        assert_eq!(data["type"], "MOCK_API");
        assert_eq!(data["field"], "config.path");
        let told = data["message"].as_str().unwrap();
        let words =
            "Cannot set `config.path` on a MOCK_API destination. Pass `type: 'CLI'` explicitly";
        assert!(told.starts_with(words), "{told}");
    }
}

#[tokio::test]
async fn an_address_counts_and_a_path_beside_it_does_not() {
    for version in UNTYPED {
        let world = World::start().await;
        let both = json!({"name": "a", "url": "https://a.example", "cli_path": "/y"});
        let made = ok(&world, "POST", &format!("/{version}/destinations"), both).await;
        assert_eq!(made["url"], "https://a.example");
        assert_eq!(made["cli_path"], Value::Null);
    }
}

#[tokio::test]
async fn a_verification_shows_its_configs_to_who_has_written_it() {
    let configs = json!({"webhook_secret_key": "s"});
    let verification = json!({"type": "SHOPIFY", "configs": configs});
    for version in UNTYPED {
        let world = World::start().await;
        let sources = format!("/{version}/sources");
        let source = json!({"name": "shop", "verification": verification});
        let made = ok(&world, "POST", &sources, source.clone()).await;
        let one = format!("{sources}/{}", id(&made));
        let upserted = ok(&world, "PUT", &sources, source).await;
        let changed = json!({"verification": verification});
        let changed = ok(&world, "PUT", &one, changed).await;
        // Its type has no methods of its own there.
        let methods = json!(["POST", "PUT", "PATCH", "DELETE"]);
        for written in [made, upserted, changed] {
            assert_eq!(written["verification"], verification);
            assert_eq!(written["allowed_http_methods"], methods);
        }

        let connection = json!({
            "name": "c",
            "source": {"name": "shop", "verification": verification},
            "destination": {"name": "d", "url": "https://a.example"},
        });
        let connections = format!("/{version}/connections");
        let connection = ok(&world, "PUT", &connections, connection).await;
        let got = ok(&world, "GET", &one, None).await;
        let listed = ok(&world, "GET", &sources, None).await;
        let enabled = ok(&world, "PUT", &format!("{one}/enable"), None).await;
        for read in [&got, &listed["models"][0], &connection["source"], &enabled] {
            assert_eq!(read["verification"], json!({"type": "SHOPIFY"}), "{read}");
        }
        let asked = format!("{one}?include=verification.configs");
        let asked = ok(&world, "GET", &asked, None).await;
        assert_eq!(asked["verification"], verification);
        // Where it is a type of its own it has the methods of that type.
        let typed = json!({"name": "typed", "type": "SHOPIFY", "config": {"auth": configs}});
        let typed = ok(&world, "POST", "/2025-07-01/sources", typed).await;
        assert_eq!(typed["config"]["allowed_http_methods"], json!(["POST"]));
    }
}

#[tokio::test]
async fn single_properties_of_a_source_change_without_a_verification() {
    for version in UNTYPED {
        let world = World::start().await;
        let verification = json!({"type": "GITHUB", "configs": {"webhook_secret_key": "s"}});
        let source = json!({"name": "a", "verification": verification});
        let made = ok(&world, "POST", &format!("/{version}/sources"), source).await;
        let path = format!("/{version}/sources/{}", id(&made));
        let response = json!({"content_type": "text", "body": "hi"});
        let change = json!({"allowed_http_methods": ["PUT"], "custom_response": response});
        let changed = ok(&world, "PUT", &path, change).await;
        assert_eq!(changed["allowed_http_methods"], json!(["PUT"]));
        assert_eq!(changed["custom_response"], response);
        assert_eq!(changed["verification"], verification);
    }
}

#[tokio::test]
async fn a_verification_that_fits_no_type_is_refused_in_one_sentence() {
    for version in UNTYPED {
        let world = World::start().await;
        let secret = json!({"webhook_secret_key": "s"});
        for unfit in [
            json!({"type": "SHOPIFY"}),
            json!({"type": "SHOPIFY", "configs": null}),
            json!({"type": "SHOPIFY", "configs": {}}),
            json!({"type": "SHOPIFY", "config": secret}),
            json!({"type": "SHOPIFY", "configs": 5}),
            json!({"type": "SHOPIFY", "configs": {"webhook_secret_key": 5}}),
            json!({"type": "NOBODY", "configs": secret}),
            json!({"type": 5, "configs": secret}),
            json!({"configs": secret}),
            json!({"type": "HMAC", "configs": {
                "webhook_secret_key": "s", "algorithm": "rot13", "encoding": "hex", "header_key": "x",
            }}),
            json!({"type": "HMAC"}),
            json!({}),
            json!([]),
            json!("SHOPIFY"),
            json!(5),
            json!(true),
        ] {
            let source = json!({"name": "a", "verification": unfit});
            let path = format!("/{version}/sources");
            for method in ["POST", "PUT"] {
                let refused = call(&world, method, &path, source.clone()).await;
                assert_eq!(refused.status, 422, "{unfit}: {}", refused.text);
                assert_eq!(
                    refused.violations(),
                    ["verification does not match any of the allowed types"],
                    "{unfit}"
                );
            }
            let connection = json!({
                "name": "c",
                "source": source,
                "destination": {"name": "d", "url": "https://a.example"},
            });
            let path = format!("/{version}/connections");
            let refused = call(&world, "PUT", &path, connection).await;
            assert_eq!(
                refused.violations(),
                ["source.verification does not match any of the allowed types"],
                "{unfit}"
            );
        }
        // What needs no credentials fits without.
        let bare = json!({"name": "topic", "verification": {"type": "AWS_SNS"}});
        ok(&world, "POST", &format!("/{version}/sources"), bare).await;
    }
}

#[tokio::test]
async fn what_can_be_included_has_the_name_it_has_in_the_version() {
    for (version, name) in [
        ("2024-03-01", "verification.configs"),
        ("2024-09-01", "verification.configs"),
        ("2025-01-01", "config.auth"),
        ("2026-09-01", "config.auth"),
    ] {
        let world = World::start().await;
        let source = world.api.source("a").await;
        for asked in ["integration", "verification.configs", "config.auth", ""] {
            let path = format!("/{version}/sources/{}?include={asked}", id(&source));
            let reply = call(&world, "GET", &path, None).await;
            if asked == name {
                assert_eq!(reply.status, 200, "{asked} at {version}");
            } else {
                let told = format!("include must be [{name}]");
                assert_eq!(reply.violations(), [told], "{asked} at {version}");
            }
        }
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

#[tokio::test]
async fn transformations_show_what_was_encrypted_once_where_it_was_not_dropped() {
    let world = World::start().await;
    let made = json!({"name": "t", "code": "addHandler('transform', (r) => r);"});
    let made = world.api.ok("POST", "/transformations", made).await;
    for (version, shown) in [
        ("2024-03-01", Some(Value::Null)),
        ("2025-07-01", Some(Value::Null)),
        ("2026-09-01", None),
    ] {
        let path = format!("/{version}/transformations/{}", id(&made));
        let read = ok(&world, "GET", &path, None).await;
        for member in ["encrypted_env", "iv"] {
            assert_eq!(read.get(member), shown.as_ref(), "{member} at {version}");
        }
    }
}
