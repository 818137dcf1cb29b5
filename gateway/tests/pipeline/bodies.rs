//! Bodies: whatever is taken arrives byte for byte, and the API serves it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hookdeck_testkit::{Headers, World};
use serde_json::json;

#[tokio::test]
async fn every_body_arrives_byte_for_byte_with_its_content_type() {
    let world = World::start().await;
    let connection = world.connect("bytes").await;
    let every_byte: Vec<u8> = (0..=255).collect();
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let cases: [(&str, &[u8]); 22] = [
        (
            "application/json",
            b"{ \"b\" : 1e400,\n\"a\":12345678901234567890123, \"b\":-0.0 }",
        ),
        ("application/json", b"\"text\""),
        ("application/json", b"12"),
        ("application/json", b" null\t"),
        ("application/json", b"\"\\ud83d \\u0000\""),
        ("application/json", b"{\"latin\":\"\xe9\"}"),
        ("application/json", deep.as_bytes()),
        ("application/json", b""),
        ("application/vnd.x+json; charset=utf-8", b"[1.10]"),
        ("application/x-amz-json-1.1", b"{}"),
        ("text/plain", b"nul\0 and \xff\xfe"),
        ("text/csv; header=present", b"a,b\r\n1,2\r\n"),
        ("application/soap+xml", b"<?xml version='1.0'?><a/>"),
        ("application/x-ndjson", b"{}\n{\n"),
        ("application/jwt", b"a.b.c"),
        ("application/x-www-form-urlencoded", b"a=1&a=2&b[c]=%ff&=&%"),
        ("application/octet-stream", &every_byte),
        ("image/png", b"\x89PNG\r\n\x1a\n"),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\ncontent-disposition: form-data; name=a\r\n\r\n\xff\r\n--x--",
        ),
        ("application/x-protobuf", b"\x08\x96\x01"),
        ("font/woff2", b"wOF2"),
        ("", b"no type at all"),
    ];
    for (content_type, body) in cases {
        let headers: &[(&str, &str)] = &[("content-type", content_type)];
        let headers = if content_type.is_empty() {
            &[]
        } else {
            headers
        };
        let reply = world
            .webhook(&connection)
            .headers(headers)
            .body(body.to_vec())
            .send()
            .await;
        let id = reply.request_id();
        assert_eq!(
            world.counts_of(&id).await,
            (1, 0, String::new()),
            "{content_type}: {}",
            reply.text
        );
        world.settle().await;
        let seen = world.receiver.next().await;
        assert_eq!(seen.body, body, "{content_type}");
        let expected = if content_type.is_empty() {
            "(absent)"
        } else {
            content_type
        };
        assert_eq!(seen.header("content-type"), expected);
        // The API serves the text, or Base64 of what is none.
        let served = match std::str::from_utf8(body) {
            Ok(text) => text.to_owned(),
            Err(_) => BASE64_STANDARD.encode(body),
        };
        let raw = world.client.requests().raw_body(&id).await.unwrap();
        assert_eq!(raw.body, served, "{content_type}");
        let event = world.event_of(&id).await;
        assert_eq!(
            world
                .client
                .events()
                .raw_body(&event.id)
                .await
                .unwrap()
                .body,
            served
        );
        assert!(
            world
                .client
                .events()
                .get(&event.id)
                .await
                .unwrap()
                .data
                .is_some()
        );
    }
}

#[tokio::test]
async fn packed_bodies_are_kept_packed() {
    let world = World::start().await;
    let connection = world.connect("packed").await;
    let packed = b"\x1f\x8b\x08not really";
    let headers = [
        ("content-type", "application/x-unknown"),
        ("content-encoding", "gzip"),
    ];
    let reply = world
        .webhook(&connection)
        .headers(&headers)
        .body(packed.to_vec())
        .send()
        .await;
    assert_eq!(reply.status, 200);
    world.settle().await;
    let seen = world.receiver.next().await;
    assert_eq!(seen.body, &packed[..]);
    assert_eq!(seen.header("content-encoding"), "gzip");
    assert_eq!(seen.header("content-type"), "application/x-unknown");
}

#[tokio::test]
async fn the_url_may_name_the_content_type_for_acceptance_and_delivery() {
    let world = World::start().await;
    let rules = json!([{ "type": "filter", "body": { "id": 7 } }]);
    let connection = world.connect("named").rules(rules).await;
    let behind = "?x-hookdeck-content-type=application/json";
    let headers = [("content-type", "application/x-unknown")];
    world
        .webhook(&connection)
        .path(behind)
        .headers(&headers)
        .body("{\"id\":7}")
        .send()
        .await;
    world.settle().await;
    assert_eq!(
        world.receiver.next().await.header("content-type"),
        "application/json"
    );
    let reply = world
        .webhook(&connection)
        .path(behind)
        .headers(&headers)
        .body("no json")
        .send()
        .await;
    assert_eq!(reply.status, 400);
}

#[tokio::test]
async fn rules_see_json_without_a_content_type_and_forms_as_objects() {
    let world = World::start().await;
    let rules = json!([{ "type": "filter", "body": { "a": { "b": "1" } } }]);
    let connection = world.connect("seen").mock().rules(rules).await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let text = [("content-type", "text/plain")];
    let cases: [(Headers<'_>, &str, u32); 5] = [
        (&[], "{\"a\":{\"b\":1}}", 1),
        (&[], "{\"a\":", 0),
        (&form, "a[b]=1", 1),
        (&form, "a=1", 0),
        (&text, "{\"a\":{\"b\":1}}", 0),
    ];
    for (headers, body, events) in cases {
        let reply = world
            .webhook(&connection)
            .headers(headers)
            .body(body)
            .send()
            .await;
        let counts = world.counts_of(&reply.request_id()).await;
        assert_eq!(counts, (events, 1 - events, String::new()), "{body}");
    }
}

#[tokio::test]
async fn a_large_payload_says_so_and_its_body_is_not_searched() {
    let world = World::start().await;
    let connection = world.connect("large").mock().await;
    let headers = [("content-type", "text/plain")];
    let limit = 10 * 1024 * 1024;
    for (length, large) in [(2_500_000, false), (2_500_001, true), (limit, true)] {
        let mut body = "needle".to_owned();
        body += &"x".repeat(length - body.len());
        let reply = world
            .webhook(&connection)
            .headers(&headers)
            .body(body)
            .send()
            .await;
        assert_eq!(
            world.counts_of(&reply.request_id()).await,
            (1, 0, String::new())
        );
        let request = world
            .client
            .requests()
            .get(reply.request_id())
            .await
            .unwrap();
        assert_eq!(
            request.data.unwrap().is_large_payload,
            Some(large),
            "{length}"
        );
    }
    let found = world
        .client
        .requests()
        .list()
        .search_term("needle")
        .await
        .unwrap();
    assert_eq!(found.items.len(), 1);
    let found = world
        .client
        .requests()
        .list()
        .search_term("text/plain")
        .await
        .unwrap();
    assert_eq!(found.items.len(), 3);
}
