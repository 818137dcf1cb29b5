//! Transformations: in the run endpoint, and as rules on the way from a request to an event.

use hookdeck_testkit::{field, id, seconds};
use serde_json::{Value, json};

use crate::start;

/// A rule with these statements as its handler.
fn rule(name: &str, statements: &str) -> Value {
    let code = format!("addHandler('transform', (request, context) => {{ {statements} }});");
    json!({ "type": "transform", "transformation": { "name": name, "code": code } })
}

fn transformation_of(connection: &Value, index: usize) -> String {
    connection["rules"][index]["transformation_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_rule_rewrites_what_is_delivered() {
    let world = start().await;
    let api = &world.api;
    let rule = rule(
        "enrich",
        "console.info('for ' + context.connection.name);
         request.body.seen = Date.now();
         request.headers['X-Shop'] = 'berlin';
         request.path = '/orders';
         request.query = 'a=2';
         return request;",
    );
    let connection = world.connect("c").rules(json!([rule])).json().await;
    assert_eq!(
        connection["rules"],
        json!([{ "type": "transform", "transformation_id": transformation_of(&connection, 0) }])
    );
    let request_id = world.deliver(&connection, json!({ "n": 1 })).await;

    let received = &world.receiver.deliveries()[0];
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!(body, json!({ "n": 1, "seen": 1_788_264_000_000_i64 }));
    assert_eq!(received.headers["x-shop"], "berlin");
    assert_eq!(received.uri.to_string(), "/orders?a=2");

    let request = api.get(&format!("/requests/{request_id}")).await.json();
    assert_eq!(request["data"]["body"], json!({ "n": 1 }));
    let event = &api.models("/events?include=data").await[0];
    assert_eq!(event["data"]["body"], body);
    assert_eq!(event["data"]["parsed_query"], json!({ "a": "2" }));
    assert_ne!(event["event_data_id"], request["original_event_data_id"]);

    let path = format!(
        "/transformations/{}/executions",
        transformation_of(&connection, 0)
    );
    let executions = api.models(&path).await;
    assert_eq!(executions.len(), 1);
    let execution = &executions[0];
    assert_eq!(execution["log_level"], "info");
    assert_eq!(
        execution["logs"],
        json!([{ "type": "info", "message": "for c" }])
    );
    assert_eq!(execution["webhook_id"], id(&connection).as_str());
    assert_eq!(
        execution["original_event_data_id"],
        request["original_event_data_id"]
    );
    assert_eq!(
        execution["transformed_event_data_id"],
        event["event_data_id"]
    );
    let whole = api.get(&format!("{path}/{}", id(execution))).await.json();
    assert_eq!(whole["original_event_data"]["body"], json!({ "n": 1 }));
    assert_eq!(whole["transformed_event_data"]["body"], body);
    for (query, count) in [
        ("log_level=info", 1),
        ("log_level[]=warn", 0),
        ("webhook_id=web_other", 0),
        ("created_at[gte]=2026-09-01T12:00:00Z", 1),
    ] {
        assert_eq!(
            api.models(&format!("{path}?{query}")).await.len(),
            count,
            "{query}"
        );
    }
}

#[tokio::test]
async fn filters_and_transformations_run_in_the_order_of_the_rules() {
    let world = start().await;
    let api = &world.api;
    let filter = || json!({ "type": "filter", "body": { "kind": "order" } });
    let name = || rule("name", "request.body.kind = 'order'; return request;");
    let before = api
        .connect("before")
        .rules(json!([filter(), name()]))
        .json()
        .await;
    let after = api
        .connect("after")
        .rules(json!([name(), filter()]))
        .json()
        .await;
    world.deliver(&before, json!({ "n": 1 })).await;
    world.deliver(&after, json!({ "n": 1 })).await;
    let events = api.models("/events").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["webhook_id"], id(&after).as_str());
    // The rule refers to one transformation, by the name it was given under.
    assert_eq!(transformation_of(&before, 1), transformation_of(&after, 0));
    let executions = format!(
        "/transformations/{}/executions",
        transformation_of(&after, 0)
    );
    assert_eq!(
        api.models(&executions).await.len(),
        1,
        "what is filtered is not transformed"
    );
}

#[tokio::test]
async fn transformations_of_one_connection_feed_each_other() {
    let world = start().await;
    let _api = &world.api;
    let rules = json!([
        rule("one", "request.body.n += 1; return request;"),
        rule("two", "request.body.n *= 10; return request;"),
        rule("one", "request.body.n += 1; return request;"),
    ]);
    let connection = world.connect("c").rules(rules).json().await;
    world.deliver(&connection, json!({ "n": 1 })).await;
    let body: Value = serde_json::from_slice(&world.receiver.deliveries()[0].body).unwrap();
    assert_eq!(body, json!({ "n": 21 }));
}

#[tokio::test]
async fn a_failing_transformation_makes_an_ignored_event_and_an_issue() {
    let world = start().await;
    let api = &world.api;
    let connection = api
        .connect("c")
        .rules(json!([rule("bad", "return null;")]))
        .json()
        .await;
    let request_id = world.deliver(&connection, json!({})).await;
    let transformation = transformation_of(&connection, 0);
    let ignored = api
        .models(&format!("/requests/{request_id}/ignored_events"))
        .await;
    assert_eq!(ignored.len(), 1);
    assert_eq!(ignored[0]["cause"], "TRANSFORMATION_FAILED");
    assert_eq!(
        ignored[0]["meta"],
        json!({ "transformation_id": transformation })
    );
    assert!(api.models("/events").await.is_empty());

    let issues = api.models("/issues?type=transformation").await;
    assert_eq!(issues.len(), 1);
    let keys = json!({ "transformation_id": [transformation], "log_level": ["fatal"] });
    assert_eq!(issues[0]["aggregation_keys"], keys);
    let execution = &issues[0]["data"]["transformation_execution"];
    assert_eq!(execution["issue_id"], issues[0]["id"]);
    assert_eq!(execution["transformed_event_data_id"], Value::Null);
    let path = format!(
        "/transformations/{transformation}/executions?issue_id={}",
        id(&issues[0])
    );
    assert_eq!(api.models(&path).await.len(), 1);

    // Mended, the ignored event can be retried.
    let mended = "addHandler('transform', (request) => request)";
    api.ok(
        "PUT",
        &format!("/transformations/{transformation}"),
        json!({ "code": mended }),
    )
    .await;
    let job = json!({ "query": { "cause": "TRANSFORMATION_FAILED", "transformation_id": transformation } });
    let job = api.ok("POST", "/bulk/ignored-events/retry", job).await;
    assert_eq!(job["estimated_count"], 1);
    world.settle().await;
    assert_eq!(api.models("/events?status=SUCCESSFUL").await.len(), 1);
    assert!(
        api.models(&format!("/requests/{request_id}/ignored_events"))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn a_request_with_a_runaway_transformation_is_taken_and_the_others_go_on() {
    let world = start().await;
    let api = &world.api;
    let runaway = api
        .connect("runaway")
        .rules(json!([rule("loop", "for (;;) {}")]))
        .json()
        .await;
    let plain = api.connect("plain").json().await;
    let (slow, quick) = tokio::join!(
        world.deliver(&runaway, json!({})),
        world.deliver(&plain, json!({}))
    );
    assert_eq!(
        api.models(&format!("/requests/{quick}/events")).await.len(),
        1
    );
    let ignored = api
        .models(&format!("/requests/{slow}/ignored_events"))
        .await;
    assert_eq!(ignored[0]["cause"], "TRANSFORMATION_FAILED");
}

#[tokio::test]
async fn a_transformation_can_be_tried_out() {
    let world = start().await;
    let api = &world.api;
    let run = async |body: Value| api.ok("PUT", "/transformations/run", body).await;
    let request = json!({
        "headers": { "content-type": "application/json" },
        "body": { "n": 1 },
        "path": "/a",
        "query": "x=1",
    });
    let code = "addHandler('transform', (request, context) => {
        console.log(process.env.KEY, context.connection && context.connection.name, request.parsed_query);
        request.body.n += 1;
        return request;
    });";
    let output = run(json!({ "code": code, "env": { "KEY": "k" }, "request": request })).await;
    assert_eq!(output["log_level"], "info");
    assert_eq!(
        output["console"],
        json!([{ "type": "log", "message": "k null {\"x\":\"1\"}" }])
    );
    assert_eq!(
        output["request"],
        json!({
            "headers": { "content-type": "application/json" },
            "body": { "n": 2 },
            "path": "/a",
            "query": "x=1",
            "parsed_query": { "x": "1" },
        })
    );

    let failed = run(json!({ "code": "require('fs')", "request": request })).await;
    assert_eq!(failed["log_level"], "fatal");
    assert_eq!(failed.get("request"), None);
    let message = failed["console"][0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("ReferenceError: require is not defined"),
        "{message}"
    );

    // On the request of an event, with a stored transformation and a connection.
    let connection = api.connect("c").json().await;
    let request_id = world.deliver(&connection, json!({ "n": 7 })).await;
    let event = id(&api.models("/events").await[0]);
    let stored = json!({ "name": "t", "code": code, "env": { "KEY": "stored" } });
    let stored = id(&api.ok("POST", "/transformations", stored).await);
    let output = run(json!({
        "transformation_id": stored,
        "webhook_id": id(&connection),
        "event_id": event,
    }))
    .await;
    assert_eq!(output["request"]["body"], json!({ "n": 8 }));
    assert_eq!(output["request_id"], request_id.as_str());
    assert_eq!(output["transformation_id"], stored.as_str());
    assert_eq!(output["console"][0]["message"], "stored c {}");
    assert!(
        api.models(&format!("/transformations/{stored}/executions"))
            .await
            .is_empty()
    );

    for (body, messages) in [
        (
            json!({}),
            "value must contain at least one of [code, transformation_id]",
        ),
        (
            json!({ "code": "1" }),
            "value must contain at least one of [request, event_id]",
        ),
        (
            json!({ "code": "1", "request": {} }),
            "request.headers is required",
        ),
    ] {
        let refused = api.put("/transformations/run", body).await;
        assert_eq!(refused.violations(), [messages]);
    }
    let missing = json!({ "transformation_id": "trs_none", "event_id": event });
    assert_eq!(api.put("/transformations/run", missing).await.status, 404);
}

#[tokio::test]
async fn a_transformation_has_its_name_and_is_deleted_only_when_nobody_uses_it() {
    let world = start().await;
    let api = &world.api;
    let body = |name: &str| json!({ "name": name, "code": "addHandler('transform', r => r)" });
    let first = api.ok("POST", "/transformations", body("first")).await;
    assert_eq!(first["env"], json!({}));
    let refused = api.post("/transformations", body("first")).await;
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()["data"]["resource_type"], "transformation");
    assert_eq!(refused.json()["data"]["transformation"]["id"], first["id"]);
    let second = api.ok("PUT", "/transformations", body("second")).await;
    assert_eq!(
        api.ok("PUT", "/transformations", body("second")).await["id"],
        second["id"]
    );
    let path = format!("/transformations/{}", id(&second));
    assert_eq!(api.put(&path, json!({ "name": "first" })).await.status, 409);
    assert_eq!(api.get("/transformations/count").await.json()["count"], 2);
    let found = api.models("/transformations?name=first").await;
    assert_eq!(found.len(), 1);

    let rules = json!([{ "type": "transform", "transformation_id": id(&first) }]);
    let connection = api.connect("c").rules(rules).json().await;
    let first = format!("/transformations/{}", id(&first));
    let refused = api.delete(&first).await;
    assert_eq!(refused.status, 422);
    assert_eq!(
        refused.json()["data"]["webhook_ids"],
        json!([id(&connection)])
    );
    api.delete(&format!("/connections/{}", id(&connection)))
        .await;
    assert_eq!(api.delete(&first).await.status, 200);
    assert_eq!(api.get(&first).await.status, 404);

    let unknown = json!([{ "type": "transform", "transformation_id": "trs_none" }]);
    let body = json!({
        "source": { "name": "s" },
        "destination": { "name": "d", "type": "MOCK_API" },
        "rules": unknown,
    });
    let refused = api.post("/connections", body).await;
    assert_eq!(refused.status, 404);
    assert_eq!(refused.json()["data"]["id"], "trs_none");
}

#[tokio::test]
async fn a_repeated_request_makes_no_event_until_the_window_is_over() {
    let world = start().await;
    let api = &world.api;
    let rules = json!([
        { "type": "deduplicate", "window": 60_000, "include_fields": ["body.id"] },
        { "type": "filter", "body": { "id": { "$lt": 100 } } },
    ]);
    let connection = api.connect("c").rules(rules).json().await;
    let events = async || api.models("/events").await.len();
    world.deliver(&connection, json!({ "id": 1, "n": 1 })).await;
    let repeated = world.deliver(&connection, json!({ "id": 1, "n": 2 })).await;
    assert_eq!(events().await, 1);
    let request = api.get(&format!("/requests/{repeated}")).await.json();
    assert_eq!(
        (&request["events_count"], &request["ignored_count"]),
        (&json!(0), &json!(1))
    );
    let ignored = api
        .models(&format!("/requests/{repeated}/ignored_events"))
        .await;
    assert_eq!(field(&ignored, "cause"), ["DUPLICATE"]);

    world.deliver(&connection, json!({ "id": 2 })).await;
    assert_eq!(events().await, 2);
    // A replay repeats on purpose.
    api.ok("POST", &format!("/requests/{repeated}/replay"), json!({}))
        .await;
    assert_eq!(events().await, 3);
    let half = seconds(59);
    world.advance(half).await;
    world.deliver(&connection, json!({ "id": 1 })).await;
    assert_eq!(events().await, 3);
    // The window counts from the first sight, not from the last.
    world.advance(seconds(1)).await;
    world.deliver(&connection, json!({ "id": 1 })).await;
    assert_eq!(events().await, 4);
}

#[tokio::test]
async fn a_rule_may_name_a_transformation_and_bring_no_code() {
    let world = start().await;
    let api = &world.api;
    let code = "addHandler('transform', (request) => { request.headers.seen = process.env.A; return request; });";
    let stored = json!({ "name": "t", "code": code, "env": { "A": "1" } });
    let stored = api.ok("POST", "/transformations", stored).await;
    let named =
        |transformation: Value| json!([{ "type": "transform", "transformation": transformation }]);
    let connection = api
        .connect("c")
        .rules(named(json!({ "name": "t" })))
        .json()
        .await;
    assert_eq!(transformation_of(&connection, 0), id(&stored));
    let path = format!("/transformations/{}", id(&stored));
    let read = api.get(&path).await.json();
    assert_eq!(
        (&read["code"], &read["env"]),
        (&stored["code"], &stored["env"])
    );

    // What is brought is written, as before; an update by id does it alike.
    let body = json!({ "rules": named(json!({ "name": "t", "env": { "A": "2" } })) });
    api.ok("PUT", &format!("/connections/{}", id(&connection)), body)
        .await;
    let read = api.get(&path).await.json();
    assert_eq!(
        (&read["code"], &read["env"]),
        (&json!(code), &json!({ "A": "2" }))
    );

    // A name is a name, even one that looks like an id; a transformation that there is not is made without code.
    let name = id(&stored);
    let body = json!({ "name": "e", "source": { "name": "s" }, "destination": { "name": "d", "type": "MOCK_API" },
        "rules": named(json!({ "name": name, "env": { "B": "3" } })) });
    let connection = api.ok("POST", "/connections", body).await;
    let made = transformation_of(&connection, 0);
    assert_ne!(made, id(&stored));
    let read = api.get(&format!("/transformations/{made}")).await.json();
    assert_eq!(read["name"], name.as_str());
    assert_eq!(
        (&read["code"], &read["env"]),
        (&Value::Null, &json!({ "B": "3" }))
    );
    assert!(read["code"].is_null() && api.models("/transformations").await.len() == 2);
    // The SDK reads it too.
    let listed = world.client.transformations().get(&*made).await.unwrap();
    assert_eq!(listed.code, None);

    // Until it has code it fails like any other that registers no handler.
    world.deliver(&connection, json!({})).await;
    let execution = &api
        .models(&format!("/transformations/{made}/executions"))
        .await[0];
    assert_eq!(execution["log_level"], "fatal");
    let run = json!({ "transformation_id": made, "request": { "headers": {} } });
    assert_eq!(
        api.ok("PUT", "/transformations/run", run).await["log_level"],
        "fatal"
    );
    // By itself it cannot be written so, and a rule that names nothing names nothing.
    let bare = api
        .post("/transformations", json!({ "name": "bare" }))
        .await;
    assert_eq!(bare.violations(), ["code is required"]);
    let body = json!({ "rules": named(json!({})) });
    let refused = api
        .put(&format!("/connections/{}", id(&connection)), body)
        .await;
    assert!(refused.violations()[0].contains("transformation.name is required"));
}

#[tokio::test]
async fn the_level_of_a_run_is_that_of_its_loudest_line() {
    let world = start().await;
    let api = &world.api;
    for (said, level, goes_on) in [
        ("", "info", true),
        ("console.debug('x');", "debug", true),
        ("console.log('x');", "info", true),
        ("console.warn('x'); console.info('x');", "warn", true),
        ("console.error('x');", "error", true),
        ("return null;", "fatal", false),
        ("throw new Error('x');", "fatal", false),
    ] {
        let statements = format!("{said} return request;");
        let rules = json!([rule("t", &statements)]);
        let code = rules[0]["transformation"]["code"].clone();
        let run = json!({ "code": code, "request": { "headers": {} } });
        let ran = api.ok("PUT", "/transformations/run", run).await;
        assert_eq!(ran["log_level"], level, "{said}");
        assert_eq!(ran.get("request").is_some(), goes_on, "{said}");
        let connection = api.connect("c").rules(rules).json().await;
        let path = format!(
            "/transformations/{}/executions",
            transformation_of(&connection, 0)
        );
        let before = api.models(&path).await.len();
        world.advance(seconds(1)).await;
        world.deliver(&connection, json!({})).await;
        let executions = api.models(&path).await;
        assert_eq!(executions.len(), before + 1, "{said}");
        assert_eq!(executions[0]["log_level"], level, "{said}");
        api.delete(&format!("/connections/{}", id(&connection)))
            .await;
    }
}
