//! What a source takes, what it refuses and how it answers.

use hookdeck_testkit::{Headers, World, seconds};
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn every_method_that_the_source_allows_is_taken_and_delivered_as_it_came() {
    let world = World::start().await;
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "QUERY"];
    let source = json!({ "name": "open", "config": { "allowed_http_methods": methods } });
    let connection = world.connect("open").source(source).await;
    for method in methods {
        let body = if method == "HEAD" { "" } else { "{}" };
        let reply = world
            .webhook(&connection)
            .method(method)
            .headers(&[JSON])
            .body(body)
            .send()
            .await;
        assert_eq!(reply.status, 200, "{method}");
        assert_eq!(reply.text.is_empty(), method == "HEAD");
        world.settle().await;
        assert_eq!(world.receiver.next().await.method.as_str(), method);
    }
}

#[tokio::test]
async fn a_source_takes_four_methods_by_itself_and_the_url_may_name_others() {
    let world = World::start().await;
    let connection = world.connect("plain").mock().await;
    for (method, query, status) in [
        ("POST", "", 200),
        ("PUT", "", 200),
        ("PATCH", "", 200),
        ("DELETE", "", 200),
        ("GET", "", 405),
        ("HEAD", "", 405),
        ("QUERY", "", 405),
        ("TRACE", "", 405),
        ("PURGE", "", 405),
        ("GET", "?x-hookdeck-allow-methods=get,head", 200),
        ("HEAD", "?x-hookdeck-allow-methods=get,head", 200),
        ("QUERY", "?x-hookdeck-allow-methods=Query", 200),
        ("POST", "?x-hookdeck-allow-methods=get,%20head", 405),
    ] {
        let reply = world
            .webhook(&connection)
            .path(query)
            .method(method)
            .send()
            .await;
        assert_eq!(reply.status, status, "{method} {query}: {}", reply.text);
    }
    let refused = world
        .client
        .requests()
        .list()
        .rejection_cause(hookdeck::models::RejectionCause::UnsupportedHttpMethod)
        .await
        .unwrap();
    assert_eq!(refused.items.len(), 6);
}

#[tokio::test]
async fn each_cause_of_rejection_has_its_status_and_a_stored_request() {
    let world = World::start().await;
    let connection = world.connect("strict").mock().await;
    let large = "x".repeat(10 * 1024 * 1024 + 1);
    let many = "?".to_owned() + &"a=1&".repeat(1001);
    for (query, content_type, body, status, cause) in [
        ("", "application/json", "{", 400, "UNPARSABLE_JSON"),
        ("", "application/vnd.x+json", "nope", 400, "UNPARSABLE_JSON"),
        (
            "",
            "application/x-unknown",
            "?",
            200,
            "UNSUPPORTED_CONTENT_TYPE",
        ),
        ("", "audio/midi", "?", 200, "UNSUPPORTED_CONTENT_TYPE"),
        (
            "?x-hookdeck-content-type=a/b",
            "text/plain",
            "?",
            200,
            "UNSUPPORTED_CONTENT_TYPE",
        ),
        (
            "?x-hookdeck-content-type=text/x%0D%0Aa:b",
            "text/plain",
            "?",
            200,
            "UNSUPPORTED_CONTENT_TYPE",
        ),
        ("", "text/plain", large.as_str(), 413, "PAYLOAD_TOO_LARGE"),
        (many.as_str(), "text/plain", "?", 400, "UNKNOWN"),
    ] {
        let headers = [("content-type", content_type)];
        let reply = world
            .webhook(&connection)
            .path(query)
            .headers(&headers)
            .body(body.to_owned())
            .send()
            .await;
        assert_eq!(reply.status, status, "{cause}: {}", reply.text);
        let id = reply.request_id();
        assert_eq!(world.counts_of(&id).await, (0, 0, cause.to_owned()));
        // What it is rules another try out.
        let error = world.client.requests().retry(&id).await.unwrap_err();
        assert_eq!(error.status().unwrap(), 400, "{cause}");
    }
}

#[tokio::test]
async fn a_rejection_is_for_the_first_thing_that_is_wrong() {
    let world = World::start().await;
    let source = json!({ "name": "guarded", "config": {
        "auth_type": "API_KEY", "auth": { "api_key": "secret", "header_key": "x-key" },
    } });
    let connection = world.connect("guarded").source(source).mock().await;
    let cause = async |method: &'static str,
                       content_type: &'static str,
                       body: &'static str,
                       key: &'static str| {
        // The latest is the first of the list only if no other came at the same moment.
        world.advance(seconds(1)).await;
        let headers = [("content-type", content_type), ("x-key", key)];
        let reply = world
            .webhook(&connection)
            .method(method)
            .headers(&headers)
            .body(body)
            .send()
            .await;
        let mut listed = world.client.requests().list().limit(1).await.unwrap().items;
        let request = listed.remove(0);
        let cause = request
            .rejection_cause
            .map(|cause| cause.as_str().to_owned());
        (
            reply.status,
            cause.unwrap_or_default(),
            request.verified.unwrap(),
        )
    };
    let refused = |status, cause: &str| (status, cause.to_owned(), false);
    assert_eq!(
        cause("GET", "a/b", "{", "").await,
        refused(405, "UNSUPPORTED_HTTP_METHOD")
    );
    assert_eq!(
        cause("POST", "a/b", "{", "").await,
        refused(200, "UNSUPPORTED_CONTENT_TYPE")
    );
    assert_eq!(
        cause("POST", "application/json", "{", "").await,
        refused(400, "UNPARSABLE_JSON")
    );
    assert_eq!(
        cause("POST", "application/json", "{}", "wrong").await,
        refused(401, "VERIFICATION_FAILED")
    );
    assert_eq!(
        cause("POST", "application/json", "{}", "secret").await,
        (200, String::new(), true)
    );
    world
        .client
        .connections()
        .delete(&connection.id)
        .await
        .unwrap();
    assert_eq!(
        cause("POST", "application/json", "{}", "wrong").await,
        refused(401, "VERIFICATION_FAILED")
    );
    assert_eq!(
        cause("POST", "application/json", "{}", "secret").await,
        (200, "NO_CONNECTION".to_owned(), true)
    );
    let source = &connection.source.id;
    world.client.sources().disable(source).await.unwrap();
    assert_eq!(
        cause("GET", "a/b", "{", "").await,
        refused(403, "SOURCE_DISABLED")
    );
}

#[tokio::test]
async fn a_deleted_source_says_so_and_stores_nothing() {
    let world = World::start().await;
    let source = world
        .client
        .sources()
        .create(hookdeck::models::SourceInput::webhook("gone"));
    let source = source.await.unwrap();
    world.client.sources().delete(&source.id).await.unwrap();
    let reply = world.webhook(&source.url).json("{}").send().await;
    assert_eq!(
        (reply.status, reply.json()["status"].as_str()),
        (410, Some("DELETED"))
    );
    let nowhere = format!("{}/e/nobody/x", world.gateway.api_url());
    assert_eq!(world.webhook(&nowhere).json("{}").send().await.status, 404);
    assert!(
        world
            .client
            .requests()
            .list()
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

#[tokio::test]
async fn the_source_or_the_url_chooses_the_answer() {
    let world = World::start().await;
    for (kind, content_type) in [
        ("json", "application/json; charset=utf-8"),
        ("text", "text/plain; charset=utf-8"),
        ("xml", "application/xml; charset=utf-8"),
    ] {
        let source = json!({ "name": format!("says-{kind}"), "config": {
            "custom_response": { "content_type": kind, "body": "<a>{\"ü\":1}</a>" },
        } });
        let connection = world.connect(kind).source(source).mock().await;
        let reply = world.webhook(&connection).json("{}").send().await;
        assert_eq!(reply.text, "<a>{\"ü\":1}</a>");
        assert_eq!(reply.header("content-type"), content_type);
        // What the URL asks for counts more.
        let asked = format!("?x-hookdeck-response[{kind}]=from%20the+url");
        let reply = world
            .webhook(&connection)
            .path(&asked)
            .json("{}")
            .send()
            .await;
        assert_eq!(
            (reply.text.as_str(), reply.header("content-type")),
            ("from the url", content_type)
        );
        let empty = "?x-hookdeck-response=null";
        assert_eq!(
            world
                .webhook(&connection)
                .path(empty)
                .json("{}")
                .send()
                .await
                .text,
            ""
        );
        // A refusal is told as one.
        let reply = world.webhook(&connection).json("{").send().await;
        assert_eq!(
            (reply.status, &reply.json()["status"]),
            (400, &json!("REJECTED"))
        );
    }
}

#[tokio::test]
async fn the_path_and_the_query_behind_the_source_go_along_as_they_came() {
    let world = World::start().await;
    let connection = world.connect("deep").await;
    for (behind, sent, stored) in [
        (
            "/a/b%2Fc/%C3%BC?x=1&x=2&y[z]=3",
            "/a/b%2Fc/%C3%BC?x=1&x=2&y[z]=3",
            "/a/b%2Fc/%C3%BC",
        ),
        ("/", "/", "/"),
        ("?only=query", "/?only=query", ""),
        ("//double//slash/", "//double//slash/", "//double//slash/"),
        (
            "/%00/%ff;p=1?%00=%ff",
            "/%00/%ff;p=1?%00=%ff",
            "/%00/%ff;p=1",
        ),
    ] {
        let reply = world
            .webhook(&connection)
            .path(behind)
            .json("{}")
            .send()
            .await;
        assert_eq!(reply.status, 200, "{behind}: {}", reply.text);
        world.settle().await;
        let seen = world.receiver.next().await;
        assert_eq!(seen.uri.to_string(), sent);
        let request = world
            .client
            .requests()
            .get(reply.request_id())
            .await
            .unwrap();
        let data = request.data.unwrap();
        assert_eq!(data.path, stored);
        if stored == "/a/b%2Fc/%C3%BC" {
            let parsed = serde_json::to_value(data.parsed_query).unwrap();
            assert_eq!(parsed, json!({ "x": ["1", "2"], "y": { "z": "3" } }));
        }
    }
}

#[tokio::test]
async fn a_header_sent_twice_is_one_list_and_the_peer_is_noted() {
    let world = World::start().await;
    let connection = world.connect("heads").await;
    let headers = [
        ("x-tag", "a"),
        ("X-Tag", "b"),
        ("cookie", "a=1"),
        ("cookie", "b=2"),
        ("x-hookdeck-original-ip", "203.0.113.9"),
        ("content-type", "application/json"),
        ("content-type", "text/plain"),
    ];
    let reply = world
        .webhook(&connection)
        .headers(&headers)
        .body("{\"a\":1}")
        .send()
        .await;
    world.settle().await;
    let seen = world.receiver.next().await;
    assert_eq!(seen.header("x-tag"), "a, b");
    assert_eq!(seen.header("cookie"), "a=1; b=2");
    assert_eq!(seen.header("x-hookdeck-original-ip"), "127.0.0.1");
    let request = world
        .client
        .requests()
        .get(reply.request_id())
        .await
        .unwrap();
    let data = request.data.unwrap();
    let headers = data.headers.unwrap();
    assert_eq!(
        headers.get("x-hookdeck-original-ip").as_deref(),
        Some("127.0.0.1")
    );
    // The first content type counts.
    assert_eq!(data.body.unwrap().to_value(), json!({ "a": 1 }));
}

#[tokio::test]
async fn publishing_goes_to_a_source_by_name_or_id_and_says_what_is_missing() {
    let world = World::start().await;
    let connection = world.connect("shop").await;
    let publisher = world.client.publish();
    for call in [
        publisher.to_source("shop-source"),
        publisher.to_source_id(&connection.source.id),
    ] {
        let published = call
            .json(&json!({ "n": 1 }))
            .header("x-tenant", "acme")
            .await
            .unwrap();
        world.settle().await;
        let seen = world.receiver.next().await;
        assert_eq!(
            (seen.text(), seen.header("x-tenant")),
            ("{\"n\":1}", "acme")
        );
        // The key and the name of the source are for the gateway alone.
        assert_eq!(seen.header("authorization"), "(absent)");
        assert_eq!(seen.header("x-hookdeck-source-id"), "(absent)");
        assert_eq!(world.counts_of(published.request_id.as_str()).await.0, 1);
    }
    let error = publisher.to_source("nobody").body("x").await.unwrap_err();
    assert_eq!(error.status().unwrap(), 404);

    let url = format!("{}/v1/publish", world.gateway.api_url());
    let key = format!("Bearer {}", world.gateway.api_key());
    let cases: [(Headers<'_>, u16, &str); 3] = [
        (&[("authorization", &key)], 400, "MISSING_PARAMETER"),
        (
            &[("x-hookdeck-source-name", "shop-source")],
            401,
            "UNAUTHORIZED",
        ),
        (
            &[
                ("authorization", "Bearer wrong"),
                ("x-hookdeck-source-name", "shop-source"),
            ],
            401,
            "UNAUTHORIZED",
        ),
    ];
    for (headers, status, code) in cases {
        let reply = world.webhook(&url).headers(headers).body("{}").send().await;
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (status, &json!(code))
        );
    }
    world
        .client
        .sources()
        .disable(&connection.source.id)
        .await
        .unwrap();
    let error = publisher
        .to_source("shop-source")
        .body("x")
        .await
        .unwrap_err();
    assert_eq!(error.status().unwrap(), 403);
}

#[tokio::test]
async fn a_request_goes_to_each_connection_and_one_without_any_is_kept() {
    let world = World::start().await;
    let first = world.connect("one").mock().await;
    let source = json!({ "name": "one-source" });
    let second = world.connect("two").source(source).mock().await;
    let id = world.deliver(&first, "{}").await;
    assert_eq!(world.counts_of(&id).await, (2, 0, String::new()));
    let request = world.client.requests().get(&id).await.unwrap();
    assert_eq!(request.cli_events_count, Some(0));
    for connection in [&first, &second] {
        world
            .client
            .connections()
            .disable(&connection.id)
            .await
            .unwrap();
    }
    let id = world.deliver(&first, "{}").await;
    assert_eq!(world.counts_of(&id).await, (0, 2, String::new()));
    let causes: Vec<Value> = world
        .ignored_of(&id)
        .await
        .iter()
        .map(|ignored| json!([ignored.cause.as_str(), ignored.meta.is_none()]))
        .collect();
    assert_eq!(
        causes,
        [json!(["DISABLED", true]), json!(["DISABLED", true])]
    );
    for connection in [&first, &second] {
        world
            .client
            .connections()
            .delete(&connection.id)
            .await
            .unwrap();
    }
    let id = world.deliver(&first, "{}").await;
    assert_eq!(
        world.counts_of(&id).await,
        (0, 0, "NO_CONNECTION".to_owned())
    );
}
