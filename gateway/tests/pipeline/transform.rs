//! Transform rules: JavaScript that rewrites a request before it becomes an event.

use hookdeck::models::Connection;
use hookdeck_testkit::{World, seconds};
use serde_json::{Value, json};

fn rule(name: &str, statements: &str) -> Value {
    let code = format!("addHandler('transform', (request, context) => {{ {statements} }});");
    json!({ "type": "transform", "transformation": { "name": name, "code": code, "env": { "SHOP": "berlin" } } })
}

fn transformation(connection: &Connection) -> String {
    let rules = serde_json::to_value(&connection.rules).unwrap();
    rules[0]["transformation_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_the_code_leaves_alone_arrives_byte_for_byte() {
    let world = World::start().await;
    let rules = json!([rule(
        "tag",
        "request.headers['x-tag'] = process.env.SHOP; return request;"
    )]);
    let connection = world.connect("tag").rules(rules).await;
    for (content_type, body) in [
        (
            "application/json",
            &b"{ \"b\": 12345678901234567890123,\n \"a\":1e400, \"t\":\"\\ud83d\" }"[..],
        ),
        ("application/json", b"\"\\u0000\""),
        ("application/octet-stream", b"\0\xff\xfe"),
        ("application/x-www-form-urlencoded", b"b=2&a=%31"),
        ("text/plain", b"nul\0"),
    ] {
        let headers = [("content-type", content_type)];
        world
            .webhook(&connection)
            .headers(&headers)
            .body(body.to_vec())
            .send()
            .await;
        world.settle().await;
        let seen = world.receiver.next().await;
        assert_eq!(seen.body, body, "{content_type}");
        assert_eq!(seen.header("x-tag"), "berlin");
    }
}

#[tokio::test]
async fn a_changed_body_is_written_as_javascript_writes_it() {
    let world = World::start().await;
    let rules = json!([rule(
        "add",
        "request.body.added = Object.keys(request.body); return request;"
    )]);
    let connection = world.connect("add").rules(rules).await;
    world
        .deliver(&connection, "{ \"z\": 1.0, \"a\": 1e21, \"2\": true }")
        .await;
    // Members keep their order, save that whole numbers come first.
    assert_eq!(
        world.receiver.next().await.text(),
        r#"{"2":true,"z":1,"a":1e+21,"added":["2","z","a"]}"#
    );
}

#[tokio::test]
async fn path_query_and_headers_can_be_rewritten_and_the_parsed_query_follows() {
    let world = World::start().await;
    let rules = json!([
        rule(
            "route",
            "request.path = '/v2' + request.path; request.query = 'page=3&x[]=1';
             delete request.headers['x-drop']; request.headers['X-Case'] = request.parsed_query.page;
             request.headers['Content-Type'] = 'text/plain';
             request.body = context.connection.name + ' ' + context.connection.source.name; return request;",
        ),
        { "type": "filter", "query": { "page": "3", "x": ["1"] }, "path": "/v2/a", "body": "route route-source" },
    ]);
    let connection = world.connect("route").rules(rules).await;
    let headers = [("content-type", "application/json"), ("x-drop", "1")];
    world
        .webhook(&connection)
        .path("/a?page=2")
        .headers(&headers)
        .body("{}")
        .send()
        .await;
    world.settle().await;
    let seen = world.receiver.next().await;
    assert_eq!(seen.uri.to_string(), "/v2/a?page=3&x[]=1");
    assert_eq!(seen.text(), "route route-source");
    assert_eq!(seen.header("x-case"), "2");
    assert_eq!(seen.header("x-drop"), "(absent)");
    assert_eq!(seen.header("content-type"), "text/plain");
}

#[tokio::test]
async fn a_failure_is_an_ignored_event_that_names_the_transformation_and_says_why_in_its_execution()
{
    let world = World::start().await;
    for (name, statements, message) in [
        (
            "nothing",
            "return null;",
            "Error: Transformation must return a request object. Received: null. Did you forget to return the request object? Example: return request;",
        ),
        (
            "forgets",
            "request.body.a = 1;",
            "Error: Transformation must return a request object. Received: undefined. Did you forget to return the request object? Example: return request;",
        ),
        (
            "untyped",
            "delete request.headers['content-type']; return request;",
            "Error: Transformation must return a request with a valid content-type header",
        ),
        (
            "bare",
            "return { body: 1 };",
            "Error: Transformation must return a request with headers",
        ),
        ("throws", "throw new RangeError('no');", "RangeError: no"),
        (
            "requires",
            "require('fs');",
            "ReferenceError: require is not defined",
        ),
        (
            "waits",
            "return Promise.resolve(request);",
            "Error: Transformation must return a request with headers",
        ),
        (
            "recurses",
            "const f = () => 1 + f(); f();",
            "RangeError: Maximum call stack size exceeded",
        ),
        (
            "grows",
            "const all = []; for (;;) all.push(new Uint8Array(1e6));",
            "RangeError: ",
        ),
        (
            "outputs",
            "request.body = 'x'.repeat(2 ** 25); return request;",
            "Error: Transformation must return at most 16777216 bytes",
        ),
    ] {
        let connection = world
            .connect(name)
            .mock()
            .rules(json!([rule(name, statements)]))
            .await;
        let id = world.post(&connection, "{}").await;
        assert_eq!(world.counts_of(&id).await, (0, 1, String::new()), "{name}");
        let ignored = world.ignored_of(&id).await.remove(0);
        assert_eq!(ignored.cause.as_str(), "TRANSFORMATION_FAILED", "{name}");
        let trs = transformation(&connection);
        assert_eq!(
            serde_json::to_value(ignored.meta).unwrap(),
            json!({ "transformation_id": trs }),
        );
        let listed = world
            .client
            .transformations()
            .executions(&trs)
            .await
            .unwrap();
        assert_eq!(listed.items.len(), 1);
        let execution = &listed.items[0];
        assert_eq!(execution.log_level.as_str(), "fatal", "{name}");
        let said = &execution.logs.last().unwrap().message;
        if name == "grows" {
            assert!(
                said.contains("memory") || said.starts_with(message),
                "{said}"
            );
            continue;
        }
        assert_eq!(said.lines().next().unwrap(), message, "{name}");
    }
}

#[tokio::test]
async fn executions_keep_the_console_by_level_and_both_payloads() {
    let world = World::start().await;
    let rules = json!([rule(
        "talks",
        "console[request.body.say]('n', request.body); request.body = 'after'; return request;"
    )]);
    let connection = world.connect("talks").mock().rules(rules).await;
    let trs = transformation(&connection);
    for (kind, level) in [
        ("debug", "debug"),
        ("log", "info"),
        ("info", "info"),
        ("warn", "warn"),
        ("error", "error"),
    ] {
        let body = json!({ "say": kind }).to_string();
        world.advance(seconds(1)).await;
        let id = world.post(&connection, &body).await;
        let mut listed = world
            .client
            .transformations()
            .executions(&trs)
            .limit(1)
            .await
            .unwrap();
        let execution = listed.items.remove(0);
        assert_eq!(execution.log_level.as_str(), level);
        let logs = serde_json::to_value(&execution.logs).unwrap();
        assert_eq!(
            logs,
            json!([{ "type": kind, "message": format!("n {body}") }])
        );
        let whole = world
            .client
            .transformations()
            .execution(&trs, &execution.id);
        let whole = whole.await.unwrap();
        let text =
            |data: Option<hookdeck::models::RequestData>| data.unwrap().body.unwrap().to_value();
        assert_eq!(text(whole.original_event_data), json!({ "say": kind }));
        // It is JSON text now, and shown as that.
        assert_eq!(text(whole.transformed_event_data), "\"after\"");
        let event = world.event_of(&id).await;
        assert_eq!(Some(event.event_data_id), whole.transformed_event_data_id);
    }
    let warned = world.client.transformations().executions(&trs);
    let warned = warned
        .log_level(hookdeck::models::LogLevel::Warn)
        .await
        .unwrap();
    assert_eq!(warned.items.len(), 1);
}

#[tokio::test]
async fn nothing_leaks_from_one_run_to_the_next() {
    let world = World::start().await;
    let rules = json!([rule(
        "leaks",
        "request.body = [typeof left, {}.left, process.env.left].map(String);
         globalThis.left = Object.prototype.left = process.env.left = 1; return request;"
    )]);
    let connection = world.connect("leaks").rules(rules).await;
    for n in 0..3 {
        world.deliver(&connection, &n.to_string()).await;
        assert_eq!(
            world.receiver.next().await.text(),
            r#"["undefined","undefined","undefined"]"#
        );
    }
}

#[tokio::test]
async fn webhooks_go_on_while_scripts_run_away() {
    let world = World::start().await;
    let endless = world
        .connect("endless")
        .mock()
        .rules(json!([rule("endless", "for (;;);")]))
        .await;
    let plain = world.connect("plain").await;
    // More of them than run at once; each is answered in the end.
    let runaways = futures_util::future::join_all(
        (0..4).map(|n| world.webhook(&endless).json(n.to_string()).send()),
    );
    let others = async {
        for n in 0..3 {
            world.post(&plain, &n.to_string()).await;
            world.receiver.next().await;
        }
        // All of these were delivered before the first runaway was given up.
        let trs = transformation(&endless);
        world
            .client
            .transformations()
            .executions(&trs)
            .await
            .unwrap()
            .items
            .len()
    };
    let (answers, ended) = tokio::join!(runaways, others);
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert!(ended < 4, "{ended} had ended");
    let trs = transformation(&endless);
    let listed = world
        .client
        .transformations()
        .executions(&trs)
        .await
        .unwrap();
    assert_eq!(listed.items.len(), 4);
    for execution in listed.items {
        let said = &execution.logs.last().unwrap().message;
        assert!(
            said.starts_with("Error: Script execution timed out"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_form_becomes_json_by_its_content_type_alone() {
    let world = World::start().await;
    for (name, statements, content_type, expected) in [
        (
            "json",
            "request.headers['content-type'] = 'application/json'; return request;",
            "application/json",
            r#"{"a":"1","b":"x y"}"#,
        ),
        (
            "capitals",
            "request.headers['Content-Type'] = 'application/json'; return request;",
            "application/json",
            r#"{"a":"1","b":"x y"}"#,
        ),
        (
            "text",
            "request.headers['content-type'] = 'text/plain'; return request;",
            "text/plain",
            r#"{"a":"1","b":"x y"}"#,
        ),
        (
            "more",
            "request.headers['content-type'] = 'application/json'; request.body.c = 3; return request;",
            "application/json",
            r#"{"a":"1","b":"x y","c":3}"#,
        ),
        (
            "form",
            "request.body.c = ['3', { d: 4 }]; return request;",
            "application/x-www-form-urlencoded",
            "a=1&b=x+y&c%5B0%5D=3&c%5B1%5D%5Bd%5D=4",
        ),
        (
            "same",
            "return request;",
            "application/x-www-form-urlencoded",
            "b=x+y&a=%31",
        ),
        (
            "gone",
            "delete request.body; return request;",
            "application/x-www-form-urlencoded",
            "",
        ),
    ] {
        let rules = json!([rule(name, statements)]);
        let connection = world.connect(name).rules(rules).await;
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let webhook = world.webhook(&connection).headers(&headers);
        webhook.body("b=x+y&a=%31").taken().await;
        world.settle().await;
        let seen = world.receiver.next().await;
        assert_eq!(seen.header("content-type"), content_type, "{name}");
        assert_eq!(seen.text(), expected, "{name}");
    }
}

#[tokio::test]
async fn what_the_code_deletes_is_gone() {
    let world = World::start().await;
    let own = json!({"url": world.receiver.at("/in")});
    for (name, statements, expected) in [
        ("a", "delete request.query; return request;", "/in/cb"),
        ("b", "request.query = null; return request;", "/in/cb"),
        ("c", "request.query = ''; return request;", "/in/cb"),
        ("d", "delete request.path; return request;", "/in?code=x"),
        ("e", "request.path = null; return request;", "/in?code=x"),
        (
            "f",
            "return { headers: request.headers, body: request.body };",
            "/in",
        ),
        ("g", "request.path = 'v2'; return request;", "/in/v2?code=x"),
        (
            "h",
            "request.query = { page: 2 }; return request;",
            "/in/cb?page=2",
        ),
    ] {
        let rules = json!([rule(name, statements)]);
        let connection = world.connect(name).config(own.clone()).rules(rules).await;
        let webhook = world.webhook(&connection).path("/cb?code=x");
        let request = webhook.json("{}").taken().await;
        world.settle().await;
        let seen = world.receiver.next().await;
        assert_eq!(seen.uri.to_string(), expected, "{name}");
        assert_eq!(seen.text(), "{}");
        let event = world.event_of(&request).await;
        let event = world.client.events().get(event.id).await.unwrap();
        let url = event.data.unwrap().url;
        assert_eq!(url, format!("{}{expected}", world.receiver.url), "{name}");
    }
    for (name, statements) in [
        ("i", "request.path = {}; return request;"),
        ("j", "request.query = ['a']; return request;"),
    ] {
        let rules = json!([rule(name, statements)]);
        let connection = world.connect(name).mock().rules(rules).await;
        let id = world.post(&connection, "{}").await;
        let ignored = world.ignored_of(&id).await.remove(0);
        assert_eq!(ignored.cause.as_str(), "TRANSFORMATION_FAILED", "{name}");
    }
}

#[tokio::test]
async fn trying_a_transformation_out_shows_what_is_gone() {
    let world = World::start().await;
    let code = "addHandler('transform', (r) => ({ headers: r.headers, body: r.body }))";
    let body = json!({"code": code, "request": {"headers": {"content-type": "application/json"},
        "path": "/a", "query": "x=1", "body": {"n": 1}}});
    let run = world.client.raw().put("/transformations/run").json(&body);
    let run: Value = serde_json::from_str(run.await.unwrap().as_str()).unwrap();
    let expected = json!({"headers": {"content-type": "application/json"}, "path": "", "query": null,
        "parsed_query": {}, "body": {"n": 1}});
    assert_eq!(run["request"], expected);
}
