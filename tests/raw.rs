//! Calls of any path.

mod support;

use hookdeck::models::Source;
use hookdeck::operation::Method;
use hookdeck::query::at_least;
use hookdeck::transport::TransportErrorKind;
use hookdeck::{ErrorKind, Sent};
use serde_json::json;
use support::{Script, Step, reply};

fn answer(status: u16, body: &str) -> Step {
    reply(status, &[], body).into()
}

fn ok() -> Step {
    answer(200, r#"{"id":"evt_1"}"#)
}

#[tokio::test]
async fn a_path_is_called_below_the_version_with_parameters_and_body() {
    let transport = Script::new([ok(), ok()]);
    let client = transport.client("sk_1").build().unwrap();
    let reply = client
        .raw()
        .get("/events/evt_1")
        .param("include", "data")
        .param("attempts", at_least(3_u32))
        .await
        .unwrap();
    assert_eq!(reply.as_str(), r#"{"id":"evt_1"}"#);
    client
        .raw()
        .post("/events/evt_1/retry")
        .json(&json!({"a": 1}))
        .await
        .unwrap();

    let [get, post] = &transport.seen()[..] else {
        panic!("two requests");
    };
    assert_eq!(get.method, "GET");
    assert_eq!(
        get.uri,
        "https://api.hookdeck.com/2026-09-01/events/evt_1?include=data&attempts[gte]=3"
    );
    assert_eq!(get.headers["authorization"], "Bearer sk_1");
    assert!(!get.headers.contains_key("content-type"));
    assert_eq!(post.method, "POST");
    assert_eq!(post.headers["content-type"], "application/json");
    assert_eq!(&post.body[..], br#"{"a":1}"#);
}

#[tokio::test]
async fn a_reply_is_decoded_into_the_type_asked_for() {
    let transport = Script::new([ok(), ok(), ok()]);
    let client = transport.client("sk_1").build().unwrap();
    #[derive(serde::Deserialize)]
    struct Named {
        id: String,
    }
    let named: Named = client.raw().get("/x").decode().await.unwrap();
    assert_eq!(named.id, "evt_1");

    let error = client.raw().get("/x").decode::<Source>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.operation(), "rawGet");

    let response = client.raw().get("/x").with_meta().await.unwrap();
    assert_eq!((response.status().as_u16(), response.attempts()), (200, 1));
    assert_eq!(response.parse::<Named>().unwrap().id, "evt_1");
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_done_is_repeated_by_method() {
    for (method, repeated) in [
        (Method::Get, true),
        (Method::Head, true),
        (Method::Options, true),
        (Method::Put, true),
        (Method::Delete, true),
        (Method::Post, false),
        (Method::Patch, false),
    ] {
        let transport = Script::new([Step::from(TransportErrorKind::Interrupted), ok()]);
        let client = transport.client("sk_1").build().unwrap();
        let outcome = client.raw().request(method, "/x").await;
        assert_eq!(outcome.is_ok(), repeated, "{method}");
        let methods: Vec<_> = transport
            .seen()
            .iter()
            .map(|request| request.method.to_string())
            .collect();
        assert_eq!(methods, vec![method.as_str(); 1 + usize::from(repeated)]);
    }
    let transport = Script::new([Step::from(TransportErrorKind::Interrupted), ok()]);
    let client = transport.client("sk_1").build().unwrap();
    client.raw().post("/x").idempotent(true).await.unwrap();
}

#[tokio::test]
async fn a_reply_that_can_have_no_body_is_null() {
    let transport = Script::new([answer(200, ""), answer(204, ""), answer(200, "")]);
    let client = transport.client("sk_1").build().unwrap();
    let head = client.raw().request(Method::Head, "/x").with_meta();
    let head = head.await.unwrap();
    assert!(head.is_null() && head.body_bytes().is_empty());
    assert!(client.raw().delete("/x").await.unwrap().is_null());
    let error = client.raw().get("/x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn failures_are_those_of_other_calls() {
    let body = r#"{"code":"NOT_FOUND","status":404,"message":"Not Found"}"#;
    let transport = Script::new([answer(404, body)]);
    let client = transport.client("sk_1").build().unwrap();
    let error = client.raw().get("/events/evt_0").await.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.to_string(), "raw get: 404 NOT_FOUND: Not Found");
}

#[tokio::test]
async fn a_path_that_could_lead_elsewhere_is_refused_before_anything_is_sent() {
    let transport = Script::new([] as [Step; 0]);
    let client = transport.client("sk_1").build().unwrap();
    for path in [
        "",
        "/",
        "events",
        "https://elsewhere.example/events",
        "//elsewhere.example/events",
        "@elsewhere.example/events",
        ":8080/events",
        "/../2020-01-01/events",
        "/events/..",
        "/events/./evt_1",
        "/events/%2e%2E/x",
        "/events/.%2e",
        "/events//evt_1",
        "/events/",
        "/events?limit=1",
        "/events#x",
        "/events/a b",
        "/events\\..\\x",
        "/events/é",
        "/events/%4",
        "/events/%zz",
        "/events/\r\nx: y",
    ] {
        let error = client.raw().get(path).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.sent()),
            (ErrorKind::Invalid, Sent::No),
            "{path:?}"
        );
    }
    assert!(transport.seen().is_empty());
}

#[tokio::test]
async fn a_path_goes_out_as_it_was_given() {
    for path in [
        "/a",
        "/a..b/...",
        "/a%2Fb",
        "/requests/req_1:web_2",
        "/a;b=c@d!$&'()*+,~",
    ] {
        let transport = Script::new([ok()]);
        let client = transport.client("sk_1").build().unwrap();
        client.raw().get(path).await.unwrap();
        let uri = transport.only().uri.to_string();
        assert_eq!(uri, format!("https://api.hookdeck.com/2026-09-01{path}"));
    }
}

#[test]
fn the_curl_command_hides_secrets() {
    let client = Script::new([] as [Step; 0]).client("sk_1").build().unwrap();
    let call = client
        .raw()
        .put("/sources")
        .param("x", "y z")
        .json(&json!({"name": "shop", "config": {"auth": {"api_key": "hush"}}}));
    assert_eq!(
        call.to_curl(),
        "curl -X PUT 'https://api.hookdeck.com/2026-09-01/sources?x=y%20z' \
         -H \"Authorization: Bearer $HOOKDECK_API_KEY\" -H 'Content-Type: application/json' \
         -d '{\"config\":{\"auth\":{\"api_key\":\"REDACTED\"}},\"name\":\"shop\"}'"
    );
    let debug = format!("{call:?}");
    assert!(
        !debug.contains("hush") && !debug.contains("sk_1"),
        "{debug}"
    );
}
