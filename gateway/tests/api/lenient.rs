//! Members that the contract does not list: dropped and told in the journal, or refused by a strict gateway.

use hookdeck_gateway::{JournalEntry, Plane};
use hookdeck_testkit::{Reply, World, gateway, id, read};
use serde_json::{Value, json};

/// The last call of the API.
fn last(world: &World) -> JournalEntry {
    let mut entries = world.gateway.journal();
    entries.retain(|entry| entry.plane == Plane::Api);
    entries.pop().unwrap()
}

/// A call in another version.
async fn at(world: &World, version: &str, method: &str, path: &str, body: Value) -> Reply {
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

/// Bodies with members that are not listed, which are good without them; with the paths of those members.
async fn with_too_much(
    world: &World,
) -> Vec<(&'static str, String, Value, &'static [&'static str])> {
    let connection = world.connect("stored").mock().json().await;
    world.deliver(&connection, json!({ "n": 1 })).await;
    let event = &world.api.models("/events").await[0];
    let mock = |name: &str| json!({ "name": name, "type": "MOCK_API" });
    let signed = |auth_type: &str, auth: Value| {
        json!({
            "name": "signed",
            "type": "HTTP",
            "config": { "url": "http://127.0.0.1:1", "auth_type": auth_type, "auth": auth },
        })
    };
    let too_much: &[&str] = &["config.auth.encoding"];
    vec![
        (
            "POST",
            "/sources".to_owned(),
            json!({
                "name": "a", "verification": { "type": "STRIPE" }, "auth_type": "HMAC",
                "allowed_http_methods": ["PUT"], "integration_id": "int_1",
                "config": { "basic_auth": {} },
            }),
            &[
                "allowed_http_methods",
                "auth_type",
                "config.basic_auth",
                "integration_id",
                "verification",
            ],
        ),
        (
            "PUT",
            "/sources".to_owned(),
            json!({ "name": "a", "foo": 1 }),
            &["foo"],
        ),
        (
            "PUT",
            format!("/sources/{}", id(&connection["source"])),
            json!({ "webhook": {}, "type": "STRIPE", "config": { "auth_type": null } }),
            &["config.auth_type", "webhook"],
        ),
        (
            "POST",
            "/destinations".to_owned(),
            signed(
                "CUSTOM_SIGNATURE",
                json!({ "key": "x-s", "signing_secret": "s", "encoding": "hex" }),
            ),
            too_much,
        ),
        (
            "PUT",
            "/destinations".to_owned(),
            signed(
                "BASIC_AUTH",
                json!({ "username": "u", "password": "p", "encoding": "hex" }),
            ),
            too_much,
        ),
        (
            "PUT",
            "/destinations".to_owned(),
            signed(
                "API_KEY",
                json!({ "key": "k", "api_key": "p", "encoding": "hex" }),
            ),
            too_much,
        ),
        (
            "PUT",
            "/destinations".to_owned(),
            signed("BEARER_TOKEN", json!({ "token": "t", "encoding": "hex" })),
            too_much,
        ),
        (
            "PUT",
            "/destinations".to_owned(),
            signed("HOOKDECK_SIGNATURE", json!({ "encoding": "hex" })),
            too_much,
        ),
        (
            "POST",
            "/connections".to_owned(),
            json!({
                "name": "c",
                "delivery_rate": 1,
                "source": { "name": "s", "id": "src_1", "config": { "x": 1 } },
                "destination": { "name": "d", "type": "MOCK_API", "url": "http://a.example" },
                "rules": [
                    { "type": "retry", "strategy": "linear", "rule_id": "r", "config": {} },
                    { "type": "filter", "body": { "a": { "b": 1 } }, "filter": {} },
                    {
                        "type": "transform", "env": {}, "transformer": 1,
                        "transformation": { "name": "t", "code": "1", "language": "js" },
                    },
                ],
            }),
            &[
                "delivery_rate",
                "destination.url",
                "rules[0].config",
                "rules[0].rule_id",
                "rules[1].filter",
                "rules[2].env",
                "rules[2].transformation.language",
                "rules[2].transformer",
                "source.config.x",
                "source.id",
            ],
        ),
        (
            "PUT",
            "/connections".to_owned(),
            json!({ "name": "c", "source": { "name": "s" }, "destination": mock("d"), "foo": 1 }),
            &["foo"],
        ),
        (
            "PUT",
            format!("/connections/{}", id(&connection)),
            json!({ "rules": [], "source": { "name": "s" } }),
            &["source"],
        ),
        (
            "PUT",
            "/transformations".to_owned(),
            json!({ "name": "t", "code": "1", "env": { "ANY": "1" }, "language": "js" }),
            &["language"],
        ),
        (
            "PUT",
            "/transformations/run".to_owned(),
            json!({ "code": "1", "request": { "headers": {}, "method": "PUT" }, "console": [] }),
            &["console", "request.method"],
        ),
        (
            "PUT",
            "/issue-triggers".to_owned(),
            json!({
                "name": "it", "type": "delivery", "scope": "all",
                "configs": { "strategy": "first_attempt", "connections": "*", "log_level": "warn" },
                "channels": { "email": {}, "telegraph": {} },
            }),
            &["channels.telegraph", "configs.log_level", "scope"],
        ),
        (
            "POST",
            "/bookmarks".to_owned(),
            json!({
                "webhook_id": id(&connection), "event_data_id": event["event_data_id"],
                "label": "b", "alias": "c",
            }),
            &["alias"],
        ),
        (
            "PUT",
            "/notifications/webhooks".to_owned(),
            json!({ "enabled": false, "topics": [], "source_id": id(&connection["source"]), "secret": 1 }),
            &["secret"],
        ),
        (
            "POST",
            "/bulk/events/retry".to_owned(),
            json!({ "query": { "status": "SUCCESSFUL", "connection_id": "web_1" }, "limit": 1 }),
            &["limit", "query.connection_id"],
        ),
    ]
}

#[tokio::test]
async fn members_that_are_not_listed_are_dropped_and_the_journal_names_them() {
    let world = World::start().await;
    for (method, path, body, dropped) in with_too_much(&world).await {
        let reply = world.api.call(method, &path, Some(&body)).await;
        assert_eq!(reply.status, 200, "{method} {path} {body}: {}", reply.text);
        let entry = last(&world);
        let mut named = entry.dropped;
        named.sort();
        assert_eq!(named, dropped, "{method} {path} {body}");
    }
    // Nothing of them is stored.
    for path in [
        "/sources",
        "/destinations",
        "/connections",
        "/issue-triggers",
    ] {
        let text = Value::from(world.api.models(path).await).to_string();
        for name in [
            "basic_auth",
            "encoding",
            "delivery_rate",
            "rule_id",
            "telegraph",
            "foo",
        ] {
            assert!(!text.contains(name), "{path} {name}: {text}");
        }
    }
    let job = &world.api.models("/bulk/events/retry").await[0];
    assert_eq!(job["query"], json!({ "status": "SUCCESSFUL" }));
}

#[tokio::test]
async fn a_strict_gateway_refuses_them_by_name() {
    let world = World::of(gateway().strict(true)).await;
    for (method, path, body, unlisted) in with_too_much(&world).await {
        let violations = world
            .api
            .call(method, &path, Some(&body))
            .await
            .violations();
        for member in unlisted {
            // Those of a rule are told in a sentence of its own, from the rule on.
            let name = member.split("].").last().unwrap();
            let told = |message: &String| message.contains(&format!("{name} is not allowed"));
            assert!(violations.iter().any(told), "{member}: {violations:?}");
        }
        assert!(last(&world).dropped.is_empty());
    }
}

#[tokio::test]
async fn beside_a_real_mistake_only_the_mistake_is_told() {
    let world = World::start().await;
    let rule = |rule: Value| json!({ "name": "c", "source": { "name": "s" }, "destination": { "name": "d" }, "rules": [rule] });
    let in_rule = |inner: &str| {
        format!(
            "Error code {inner} is not defined, your custom type is missing the correct messages definition"
        )
    };
    for (path, body, message) in [
        (
            "/sources",
            json!({ "foo": 1 }),
            "name is required".to_owned(),
        ),
        (
            "/connections",
            rule(json!({ "type": "retry", "retry": {} })),
            in_rule("strategy is required"),
        ),
        (
            "/connections",
            rule(json!({ "type": "deduplicate", "rule_id": "r" })),
            in_rule("window is required"),
        ),
        (
            "/sources",
            json!({
                "name": "s", "x": 1,
                "config": { "auth_type": "BASIC_AUTH", "auth": { "password": "p", "user": "u" } },
            }),
            "config.auth.username is required".to_owned(),
        ),
        (
            "/issue-triggers",
            json!({ "type": "delivery", "configs": { "connections": "*", "x": 1 }, "channels": null }),
            "configs.strategy is required".to_owned(),
        ),
    ] {
        let reply = world.api.post(path, body).await;
        assert_eq!(reply.violations(), [message]);
    }
}

#[tokio::test]
async fn what_the_live_api_has_a_rule_against_stays_refused() {
    let world = World::start().await;
    let api = &world.api;
    let auth = json!({ "username": "u", "password": "p" });
    for kind in ["WEBHOOK", "HTTP"] {
        let body = json!({ "name": "s", "type": kind, "config": { "auth": auth } });
        let refused = api.post("/sources", body).await.violations();
        assert_eq!(refused, ["config.auth is not allowed"], "{kind}");
    }
    // An update that brings a config says of which type it is.
    let source = api.source("s").await;
    let path = format!("/sources/{}", id(&source));
    let config = json!({ "allowed_http_methods": ["PUT"] });
    let untyped = json!({ "config": config });
    assert_eq!(
        api.put(&path, untyped.clone()).await.violations(),
        ["config is not allowed"]
    );
    let also_named = json!({ "config": config, "name": "no spaces!" });
    assert_eq!(api.put(&path, also_named).await.violations().len(), 2);
    let reply = at(&world, "2025-07-01", "PUT", &path, untyped).await;
    assert_eq!(reply.violations(), ["config is not allowed"]);
    let typed = json!({ "type": "WEBHOOK", "config": config });
    let updated = api.ok("PUT", &path, typed).await;
    assert_eq!(updated["config"]["allowed_http_methods"], json!(["PUT"]));
    // Where there were no types yet, there is none to name.
    let methods = json!({ "allowed_http_methods": ["POST"] });
    let reply = at(&world, "2024-09-01", "PUT", &path, methods).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    // A destination's update never had to.
    let destination = json!({ "name": "d", "type": "MOCK_API" });
    let destination = api.ok("POST", "/destinations", destination).await;
    let path = format!("/destinations/{}", id(&destination));
    let update = json!({ "config": { "http_method": "PUT" } });
    assert_eq!(
        api.ok("PUT", &path, update).await["config"]["http_method"],
        "PUT"
    );
}

#[tokio::test]
async fn a_delivery_policy_of_a_command_line_destination_is_taken_and_not_stored() {
    let world = World::start().await;
    let api = &world.api;
    let config = json!({ "path": "/in", "delivery_policy": { "rate": 1, "period": "second" } });
    let destination = json!({ "name": "d", "type": "CLI", "config": config });
    let made = api.ok("POST", "/destinations", destination.clone()).await;
    assert_eq!(last(&world).dropped, ["config.delivery_policy"]);
    assert_eq!(made["config"]["path"], "/in");
    assert!(made["config"].get("delivery_policy").is_none(), "{made}");
    let path = format!("/destinations/{}", id(&made));
    let update = json!({ "config": { "delivery_policy": null } });
    let updated = api.ok("PUT", &path, update).await;
    assert!(updated["config"].get("delivery_policy").is_none());
    let inline = json!({ "name": "c", "source": { "name": "s" }, "destination": destination });
    let connection = api.ok("PUT", "/connections", inline).await;
    assert_eq!(last(&world).dropped, ["destination.config.delivery_policy"]);
    assert_eq!(connection["destination"]["id"], made["id"]);
    // Older versions have a rate there instead, and refuse it.
    let older = json!({ "name": "e", "type": "CLI", "config": { "rate_limit": 1, "rate_limit_period": "second" } });
    let reply = at(&world, "2025-07-01", "POST", "/destinations", older).await;
    assert_eq!(reply.status, 422, "{}", reply.text);
    // So does a strict gateway.
    let strict = World::of(gateway().strict(true)).await;
    let reply = strict.api.post("/destinations", made_of(&config)).await;
    assert_eq!(
        reply.json()["data"]["message"],
        "Cannot set `config.delivery_policy` on a CLI destination."
    );
}

fn made_of(config: &Value) -> Value {
    json!({ "name": "d", "type": "CLI", "config": config })
}

#[tokio::test]
async fn filters_that_are_not_listed_widen_what_is_asked_for() {
    let range = "date_range[start]=2027-01-15&date_range[end]=2027-01-16&measures[]=count";
    let calls = [
        (
            "/bulk/events/retry/plan?query[status]=SUCCESSFUL&query[connection_id]=web_none"
                .to_owned(),
            "query.connection_id",
        ),
        (
            r#"/bulk/requests/replay/plan?query={"colour":"red"}"#.to_owned(),
            "query.colour",
        ),
        (
            "/bulk/events/retry?query[colour]=red".to_owned(),
            "query.colour",
        ),
        (
            format!("/metrics/events?{range}&filters[colour]=red"),
            "filters.colour",
        ),
        (
            format!("/metrics/requests?{range}&filters[webhook_id]=web_none"),
            "filters.webhook_id",
        ),
        (
            format!(
                "/metrics/queue-depth?{}&filters[status]=FAILED",
                range.replace("count", "max_depth")
            ),
            "filters.status",
        ),
        (
            "/issues?aggregation_keys[colour]=red".to_owned(),
            "aggregation_keys.colour",
        ),
    ];
    let world = World::start().await;
    let connection = world.connect("c").mock().json().await;
    world.deliver(&connection, json!({})).await;
    let strict = World::of(gateway().strict(true)).await;
    for (path, dropped) in calls {
        let reply = world.api.get(&path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        assert_eq!(last(&world).dropped, [dropped], "{path}");
        let counted = reply.json();
        if path.contains("/plan") {
            assert_eq!(counted["estimated_count"], 1, "{path}");
        } else if path.contains("/metrics") {
            assert_ne!(
                counted["data"][0]["metrics"],
                json!({ "count": 0 }),
                "{path}"
            );
        }
        let refused = strict.api.get(&path).await.violations();
        assert_eq!(refused, [format!("{dropped} is not allowed")], "{path}");
    }
    // A dimension or a comparison that does not exist is no filter too many.
    let dimension = format!("/metrics/requests?{range}&dimensions[]=webhook_id");
    assert!(world.api.get(&dimension).await.violations()[0].starts_with("dimensions"));
    let comparison = "/bulk/events/retry/plan?query[created_at][after]=2027-01-15";
    assert_eq!(
        world.api.get(comparison).await.violations(),
        ["query.created_at.after is not allowed"]
    );
    // A query of nothing else is an empty one, which would be everything.
    let body = json!({ "query": { "connection_id": id(&connection) } });
    let reply = world.api.post("/bulk/events/retry", body).await;
    assert_eq!(reply.status, 400, "{}", reply.text);
}

#[tokio::test]
async fn an_older_version_drops_as_well_and_the_journal_speaks_its_words() {
    let world = World::start().await;
    for version in ["2024-09-01", "2025-01-01", "2025-07-01"] {
        let body = json!({ "name": "a", "foo": 1 });
        let reply = at(&world, version, "PUT", "/sources", body).await;
        assert_eq!(reply.status, 200, "{version}: {}", reply.text);
        assert_eq!(last(&world).dropped, ["foo"], "{version}");
    }
    let auth = json!({ "type": "BASIC_AUTH", "configs": { "username": "u", "password": "p", "salt": "" } });
    let source = json!({ "name": "a", "verification": auth });
    let reply = at(&world, "2024-09-01", "PUT", "/sources", source).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    // That version has no name for what is inside of a verification.
    assert_eq!(last(&world).dropped, ["config.auth.salt"]);
    let url = "http://a.example";
    let auth = json!({ "type": "BEARER_TOKEN", "config": { "token": "t", "salt": "" } });
    let destination = json!({ "name": "d", "url": url, "auth_method": auth });
    let reply = at(&world, "2024-09-01", "PUT", "/destinations", destination).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(last(&world).dropped, ["auth_method.config.salt"]);
}

#[tokio::test]
async fn any_object_takes_any_member() {
    let world = World::start().await;
    let code =
        r#"addHandler("transform", (r) => { r.headers.q = r.parsed_query.code; return r; })"#;
    let request = json!({ "headers": {}, "query": "code=1", "parsed_query": { "code": "1" } });
    let body = json!({ "code": code, "request": request });
    let ran = world.api.ok("PUT", "/transformations/run", body).await;
    assert_eq!(ran["request"]["headers"]["q"], "1");
    let auth = json!({ "username": "a", "password": "b" });
    let source = json!({ "name": "p", "type": "PUBLISH_API", "config": { "auth": auth } });
    let source = world.api.ok("POST", "/sources", source).await;
    assert_eq!(source["config"]["auth"], auth);
    assert!(last(&world).dropped.is_empty());
    assert_eq!(
        source["url"],
        format!("{}/v1/publish", world.gateway.api_url())
    );
}
