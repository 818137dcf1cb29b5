//! Every operation of the contract is served: none answers 501, an id nobody has answers 404, and each
//! has a call that succeeds in the shape the contract gives it. The client of these tests holds every
//! reply against the contract, so a success here says that the operation answers in its shape.

use hookdeck_gateway::contract::Contract;
use hookdeck_testkit::{World, id};
use serde_json::{Value, json};

#[tokio::test]
async fn no_operation_answers_501_and_none_knows_what_is_not_there() {
    let world = World::start().await;
    let api = &world.api;
    for operation in Contract::get().operations() {
        let path = operation
            .path
            .split('/')
            .map(|segment| {
                if segment.starts_with('{') {
                    "missing"
                } else {
                    segment
                }
            })
            .collect::<Vec<_>>()
            .join("/");
        // What a body must have comes first, so that it is the id that is refused.
        let body = match operation.id.as_str() {
            "updateIssue" => json!({ "status": "OPENED" }),
            "rollApiKey" => json!({ "delay_sec": 0 }),
            "addCustomDomain" => json!({ "hostname": "hooks.example.com" }),
            _ => Value::Null,
        };
        let body = (!body.is_null()).then_some(&body);
        let reply = api.call(&operation.method, &path, body).await;
        assert!(reply.status < 500, "{}: {}", operation.id, reply.text);
        if path.contains("missing") {
            assert_eq!(reply.status, 404, "{}: {}", operation.id, reply.text);
            assert_eq!(reply.json()["data"]["id"], "missing", "{}", operation.id);
        }
    }
}

const RANGE: &str = "date_range[start]=2026-08-31&date_range[end]=2026-09-03";

#[tokio::test]
async fn every_operation_succeeds_in_the_shape_of_the_contract() {
    let world = World::at("2026-09-01T12:00:00Z").await;
    world.receiver.always(500);

    named_resources(&world).await;
    let connection = world.connect("c").json().await;
    let request = world.deliver(&connection, json!({ "n": 1 })).await;
    deliveries(&world, &connection, &request).await;
    issues(&world).await;
    transformations(&world, &connection).await;
    bookmarks(&world, &connection).await;
    bulk(&world, &connection).await;
    metrics(&world).await;
    account(&world, &connection).await;

    let succeeded = world.api.succeeded();
    let all = Contract::get()
        .operations()
        .iter()
        .map(|operation| &operation.id);
    let missing: Vec<_> = all.filter(|id| !succeeded.contains(*id)).collect();
    assert!(missing.is_empty(), "without a success: {missing:#?}");
}

async fn named_resources(world: &World) {
    let api = &world.api;
    for (list, body) in [
        ("sources", json!({ "name": "a" })),
        ("destinations", json!({ "name": "a", "type": "MOCK_API" })),
        (
            "connections",
            json!({ "name": "a", "source": { "name": "s" }, "destination": { "name": "d", "type": "CLI" } }),
        ),
    ] {
        let id = id(&api.ok("POST", &format!("/{list}"), body.clone()).await);
        api.ok("PUT", &format!("/{list}"), body).await;
        api.ok("GET", &format!("/{list}"), json!({})).await;
        api.ok("GET", &format!("/{list}/count"), json!({})).await;
        let path = format!("/{list}/{id}");
        api.ok("GET", &path, json!({})).await;
        api.ok("PUT", &path, json!({ "description": "x" })).await;
        for switch in ["disable", "enable", "archive", "unarchive"] {
            api.ok("PUT", &format!("{path}/{switch}"), json!({})).await;
        }
        if list == "connections" {
            api.ok("PUT", &format!("{path}/pause"), json!({})).await;
            api.ok("PUT", &format!("{path}/unpause"), json!({})).await;
        }
        api.ok("DELETE", &path, json!({})).await;
    }
}

async fn deliveries(world: &World, connection: &Value, request: &str) {
    let api = &world.api;
    for part in ["", "/raw_body", "/events", "/ignored_events"] {
        api.ok("GET", &format!("/requests/{request}{part}"), json!({}))
            .await;
    }
    api.ok("GET", "/requests?include=data", json!({})).await;
    api.ok("POST", &format!("/requests/{request}/replay"), json!({}))
        .await;
    let event = id(&api.models("/events?include=data").await[0]);
    for part in ["", "/raw_body"] {
        api.ok("GET", &format!("/events/{event}{part}"), json!({}))
            .await;
    }
    api.ok("POST", &format!("/events/{event}/retry"), json!({}))
        .await;
    api.ok("POST", &format!("/events/{event}/replay"), json!({}))
        .await;
    world.settle().await;
    let attempt = id(&api.models("/attempts").await[0]);
    api.ok("GET", &format!("/attempts/{attempt}"), json!({}))
        .await;

    let path = format!("/connections/{}", id(connection));
    api.ok("PUT", &format!("{path}/pause"), json!({})).await;
    for way in ["cancel", "mute"] {
        world.deliver(connection, json!({ "n": 2 })).await;
        let held = id(&api.models("/events?status=HOLD").await[0]);
        api.ok("PUT", &format!("/events/{held}/{way}"), json!({}))
            .await;
    }
    api.ok("PUT", &format!("{path}/unpause"), json!({})).await;
    let filter = json!([{ "type": "filter", "body": { "n": 1 } }]);
    api.ok("PUT", &path, json!({ "rules": filter })).await;
    let filtered = world.deliver(connection, json!({ "n": 3 })).await;
    api.ok(
        "GET",
        &format!("/requests/{filtered}/ignored_events"),
        json!({}),
    )
    .await;
    api.ok("PUT", &path, json!({ "rules": [] })).await;
    api.ok("POST", &format!("/requests/{filtered}/retry"), json!({}))
        .await;
    world.settle().await;
}

async fn issues(world: &World) {
    let api = &world.api;
    let issue = id(&api.models("/issues?type=delivery").await[0]);
    api.ok("GET", "/issues/count", json!({})).await;
    api.ok("GET", &format!("/issues/{issue}"), json!({})).await;
    api.ok(
        "PUT",
        &format!("/issues/{issue}"),
        json!({ "status": "ACKNOWLEDGED" }),
    )
    .await;
    api.ok("DELETE", &format!("/issues/{issue}"), json!({}))
        .await;

    let body = json!({
        "name": "orders",
        "type": "delivery",
        "configs": { "strategy": "first_attempt", "connections": ["web_1"] },
        "channels": { "email": {} },
    });
    let trigger = id(&api.ok("POST", "/issue-triggers", body.clone()).await);
    api.ok("PUT", "/issue-triggers", body).await;
    api.ok("GET", "/issue-triggers", json!({})).await;
    let path = format!("/issue-triggers/{trigger}");
    api.ok("GET", &path, json!({})).await;
    api.ok("PUT", &path, json!({ "name": "other" })).await;
    for switch in ["disable", "enable"] {
        api.ok("PUT", &format!("{path}/{switch}"), json!({})).await;
    }
    api.ok("DELETE", &path, json!({})).await;
}

async fn transformations(world: &World, connection: &Value) {
    let api = &world.api;
    let code = "addHandler('transform', (request) => { console.log('seen'); return request; });";
    let body = json!({ "name": "t", "code": code, "env": { "A": "b" } });
    let transformation = id(&api.ok("POST", "/transformations", body.clone()).await);
    api.ok("PUT", "/transformations", body).await;
    api.ok("GET", "/transformations", json!({})).await;
    api.ok("GET", "/transformations/count", json!({})).await;
    let path = format!("/transformations/{transformation}");
    api.ok("GET", &path, json!({})).await;
    api.ok("PUT", &path, json!({ "env": {} })).await;
    let input = json!({
        "transformation_id": transformation,
        "webhook_id": id(connection),
        "request": { "headers": { "content-type": "application/json" }, "body": { "a": 1 }, "query": "x=1" },
    });
    let output = api.ok("PUT", "/transformations/run", input).await;
    assert_eq!(output["request"]["body"], json!({ "a": 1 }));

    let rules = json!([{ "type": "transform", "transformation_id": transformation }]);
    let connection_path = format!("/connections/{}", id(connection));
    api.ok("PUT", &connection_path, json!({ "rules": rules }))
        .await;
    world.deliver(connection, json!({ "n": 4 })).await;
    let executions = api.models(&format!("{path}/executions")).await;
    api.ok(
        "GET",
        &format!("{path}/executions/{}", id(&executions[0])),
        json!({}),
    )
    .await;
    api.ok("PUT", &connection_path, json!({ "rules": [] }))
        .await;
    api.ok("DELETE", &path, json!({})).await;
}

async fn bookmarks(world: &World, connection: &Value) {
    let api = &world.api;
    let event = &api.models("/events").await[0];
    let body = json!({
        "webhook_id": id(connection),
        "event_data_id": event["event_data_id"],
        "label": "first",
        "name": "first",
    });
    let bookmark = id(&api.ok("POST", "/bookmarks", body).await);
    let path = format!("/bookmarks/{bookmark}");
    api.ok("GET", "/bookmarks", json!({})).await;
    api.ok("GET", &path, json!({})).await;
    api.ok("GET", &format!("{path}/raw_body"), json!({})).await;
    api.ok("PUT", &path, json!({ "label": "second" })).await;
    let events = api.ok("POST", &format!("{path}/trigger"), json!({})).await;
    assert_eq!(events.as_array().unwrap().len(), 1);
    api.ok("DELETE", &path, json!({})).await;
    world.settle().await;
}

async fn bulk(world: &World, connection: &Value) {
    let api = &world.api;
    api.ok(
        "PUT",
        &format!("/connections/{}/pause", id(connection)),
        json!({}),
    )
    .await;
    let source = id(&connection["source"]);
    let nothing_passes = json!([{ "type": "filter", "body": { "never": true } }]);
    let ignoring = api.connect("ignoring").rules(nothing_passes).json().await;
    world.deliver(&ignoring, json!({})).await;
    for (path, query, by) in [
        (
            "events/retry",
            json!({ "webhook_id": id(connection) }),
            "webhook_id",
        ),
        (
            "events/cancel",
            json!({ "webhook_id": id(connection) }),
            "webhook_id",
        ),
        (
            "requests/retry",
            json!({ "source_id": source }),
            "source_id",
        ),
        (
            "requests/replay",
            json!({ "source_id": source, "target": { "source_id": source } }),
            "source_id",
        ),
        (
            "ignored-events/retry",
            json!({ "webhook_id": id(&ignoring) }),
            "webhook_id",
        ),
    ] {
        let path = format!("/bulk/{path}");
        let value = query[by].as_str().unwrap();
        api.ok(
            "GET",
            &format!("{path}/plan?query[{by}]={value}"),
            json!({}),
        )
        .await;
        let job = api.ok("POST", &path, json!({ "query": query })).await;
        api.ok("GET", &path, json!({})).await;
        api.ok("GET", &format!("{path}/{}", id(&job)), json!({}))
            .await;
        if !path.ends_with("/cancel") {
            api.ok("POST", &format!("{path}/{}/cancel", id(&job)), json!({}))
                .await;
        }
    }
    world.settle().await;
    api.ok(
        "PUT",
        &format!("/connections/{}/unpause", id(connection)),
        json!({}),
    )
    .await;
    world.settle().await;
}

async fn metrics(world: &World) {
    let api = &world.api;
    let issue = id(&api.models("/issues").await[0]);
    for (path, measure, filter) in [
        ("requests", "count", String::new()),
        ("events", "count", String::new()),
        ("attempts", "count", String::new()),
        (
            "events-by-issue",
            "count",
            format!("&filters[issue_id]={issue}"),
        ),
        ("queue-depth", "max_depth", String::new()),
        ("transformations", "count", String::new()),
        ("events-pending-timeseries", "count", String::new()),
    ] {
        for granularity in ["", "&granularity=1h"] {
            let query = format!("{RANGE}&measures[]={measure}{filter}{granularity}");
            api.ok("GET", &format!("/metrics/{path}?{query}"), json!({}))
                .await;
        }
    }
}

async fn account(world: &World, connection: &Value) {
    let api = &world.api;
    let source = id(&connection["source"]);
    let body = json!({
        "label": "shop",
        "provider": "SHOPIFY",
        "configs": { "webhook_secret_key": "x" },
        "features": ["VERIFICATION"],
    });
    let integration = id(&api.ok("POST", "/integrations", body).await);
    let path = format!("/integrations/{integration}");
    api.ok("GET", "/integrations", json!({})).await;
    api.ok("PUT", &path, json!({ "label": "other" })).await;
    api.ok("PUT", &format!("{path}/attach/{source}"), json!({}))
        .await;
    let attached = api.ok("GET", &path, json!({})).await;
    assert_eq!(attached["sources"], json!([source]));
    api.ok("PUT", &format!("{path}/detach/{source}"), json!({}))
        .await;
    api.ok("DELETE", &path, json!({})).await;

    let body = json!({ "enabled": true, "topics": ["issue.opened"], "source_id": source });
    api.ok("PUT", "/notifications/webhooks", body).await;

    api.ok("GET", "/organizations/current", json!({})).await;
    api.ok("PUT", "/organizations/current", json!({ "name": "Us" }))
        .await;
    let body = json!({ "label": "ci", "type": "project", "scopes": ["gateway.events.read"] });
    let key = id(&api
        .ok("POST", "/organizations/current/api-keys", body)
        .await);
    let path = format!("/organizations/current/api-keys/{key}");
    api.ok("GET", "/organizations/current/api-keys", json!({}))
        .await;
    api.ok("PUT", &path, json!({ "scopes": [] })).await;
    api.ok(
        "POST",
        &format!("{path}/roll"),
        json!({ "delay_sec": 3600 }),
    )
    .await;
    api.ok("DELETE", &path, json!({})).await;

    let project = id(&api
        .ok("POST", "/projects", json!({ "name": "second" }))
        .await);
    let path = format!("/projects/{project}");
    api.ok("GET", "/projects", json!({})).await;
    api.ok("GET", &path, json!({})).await;
    api.ok("PUT", &path, json!({ "name": "third" })).await;
    let domains = format!("{path}/custom_domains");
    api.ok("POST", &domains, json!({ "hostname": "hooks.example.com" }))
        .await;
    let listed = api.ok("GET", &domains, json!({})).await;
    api.ok(
        "DELETE",
        &format!("{domains}/{}", id(&listed[0])),
        json!({}),
    )
    .await;
    api.ok("DELETE", &path, json!({})).await;
}
