//! Publishing: what goes out, what comes back, and that it keeps out of the quota's way.

mod support;

use std::time::Duration;

use hookdeck::transport::TransportErrorKind;
use hookdeck::{Client, ErrorKind, RateLimit, Sent};
use support::{Script, Step, reply};

const ACCEPTED: &str =
    r#"{"status":"SUCCESS","message":"Request handled","request_id":"req_1","more":1}"#;

fn answer(status: u16, body: &str) -> Step {
    reply(status, &[], body).into()
}

fn accepted() -> Step {
    answer(200, ACCEPTED)
}

#[tokio::test]
async fn an_event_goes_to_the_publish_endpoint_with_its_source_body_and_headers() {
    let transport = Script::new([accepted()]);
    let client = transport.client("sk_1").build().unwrap();
    let published = client
        .publish()
        .to_source("shop")
        .json(&serde_json::json!({"type": "order.created"}))
        .header("X-Tenant", "acme")
        .await
        .unwrap();
    assert_eq!(published.status, "SUCCESS");
    assert_eq!(published.message, "Request handled");
    assert_eq!(published.request_id, "req_1");

    let sent = transport.only();
    assert_eq!(sent.method, "POST");
    assert_eq!(sent.uri, "https://hkdk.events/v1/publish");
    assert_eq!(sent.headers["authorization"], "Bearer sk_1");
    assert_eq!(sent.headers["x-hookdeck-source-name"], "shop");
    assert!(!sent.headers.contains_key("x-hookdeck-source-id"));
    assert_eq!(sent.headers["content-type"], "application/json");
    assert_eq!(sent.headers["x-tenant"], "acme");
    assert_eq!(&sent.body[..], br#"{"type":"order.created"}"#);
}

#[tokio::test]
async fn bytes_go_out_as_they_are_and_the_source_can_be_named_by_id() {
    let transport = Script::new([accepted()]);
    let client = transport
        .client("sk_1")
        .publish_url("http://127.0.0.1:4100/v1/publish/")
        .auth(hookdeck::AuthScheme::Basic)
        .build()
        .unwrap();
    client
        .publish()
        .to_source_id("src_1")
        .body(&b"\x00\xff"[..])
        .content_type("application/octet-stream")
        .await
        .unwrap();
    let sent = transport.only();
    assert_eq!(sent.uri, "http://127.0.0.1:4100/v1/publish");
    assert_eq!(
        sent.headers["authorization"], "Bearer sk_1",
        "always bearer"
    );
    assert_eq!(sent.headers["x-hookdeck-source-id"], "src_1");
    assert_eq!(sent.headers["content-type"], "application/octet-stream");
    assert_eq!(sent.headers.get_all("content-type").iter().count(), 1);
    assert_eq!(&sent.body[..], b"\x00\xff");
}

#[tokio::test(start_paused = true)]
async fn publishing_neither_waits_for_the_quota_nor_spends_it() {
    let page = r#"{"count":0,"models":[],"pagination":{}}"#;
    let refused = reply(429, &[("retry-after", "7")], "Too Many Requests").into();
    let transport = Script::new([
        answer(200, page),
        accepted(),
        accepted(),
        refused,
        accepted(),
        answer(200, page),
    ]);
    let client = transport
        .client("sk_quota")
        .rate_limit(RateLimit::new(2, Duration::from_secs(60)))
        .build()
        .unwrap();
    client.events().list().await.unwrap();
    for _ in 0..2 {
        client.publish().to_source("shop").await.unwrap();
    }
    assert_eq!(transport.elapsed(), Duration::ZERO, "not held back");

    let repeated = client
        .publish()
        .to_source("shop")
        .with_meta()
        .await
        .unwrap();
    assert_eq!(repeated.attempts(), 2, "a refusal is retried");
    assert!(repeated.elapsed() >= Duration::from_secs(7));

    // The quota's second call is still there, and the refusal did not freeze the account.
    let before = transport.elapsed();
    client.events().list().await.unwrap();
    assert_eq!(transport.elapsed(), before);
}

#[tokio::test(start_paused = true)]
async fn what_may_have_arrived_is_repeated_only_where_the_call_allows_it() {
    let broken = || Step::from(TransportErrorKind::Interrupted);
    let transport = Script::new([broken(), broken(), accepted()]);
    let client = transport.client("sk_1").build().unwrap();
    let publish = client.publish().to_source("shop").body("{}");
    let error = publish.clone().await.unwrap_err();
    assert_eq!((error.attempts(), error.sent()), (1, Sent::Maybe));
    assert_eq!(error.operation(), "publish");
    publish.idempotent(true).await.unwrap();
    assert_eq!(transport.count(), 3);
}

#[tokio::test]
async fn refusals_are_read_as_elsewhere() {
    let body = r#"{"message":"Missing x-hookdeck-source-id or x-hookdeck-source-name header",
        "code":"MISSING_PARAMETER"}"#;
    let transport = Script::new([
        answer(400, body),
        answer(401, "Unauthorized"),
        answer(
            200,
            r#"{"status":"DELETED","message":"The source is deleted"}"#,
        ),
    ]);
    let client = transport.client("sk_1").build().unwrap();
    let publish = client.publish().to_source("shop");

    let error = publish.clone().await.unwrap_err();
    assert!(error.is_validation());
    assert_eq!(error.api().unwrap().code(), Some("MISSING_PARAMETER"));
    assert!(publish.clone().await.unwrap_err().is_unauthorized());

    // Whatever the status says, what was not stored is no success.
    let error = publish.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(
        error
            .body()
            .unwrap()
            .starts_with(b"{\"status\":\"DELETED\"")
    );
}

#[tokio::test]
async fn what_makes_no_call_is_refused_before_anything_is_sent() {
    let transport = Script::new([] as [Step; 0]);
    let client = transport.client("sk_1").build().unwrap();
    let shop = || client.publish().to_source("shop");
    for (call, says) in [
        (client.publish().to_source(""), "source is empty"),
        (
            client.publish().to_source_id("a\nb"),
            "cannot stand in a header",
        ),
        (
            shop().header("authorization", "Bearer stolen"),
            "`authorization`",
        ),
        (
            shop().header("X-Hookdeck-Source-Id", "src_2"),
            "`x-hookdeck-source-id`",
        ),
        (shop().header("no name", "x"), "name of a header"),
        (shop().header("x-secret", "hush\n"), "`x-secret`"),
    ] {
        let error = call.await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Invalid, Sent::No));
        assert!(error.to_string().contains(says), "{error}");
        assert!(!error.to_string().contains("hush"), "{error}");
    }
    assert!(transport.seen().is_empty());
}

#[test]
fn neither_debug_nor_the_curl_command_shows_a_secret() {
    let client = Client::builder("sk_1")
        .transport(Script::new([] as [Step; 0]))
        .build()
        .unwrap();
    let call = client
        .publish()
        .to_source("shop")
        .json(&serde_json::json!({"order": 7, "token": "tok_1"}))
        .header("x-signature", "sig_1");
    let curl = call.to_curl();
    assert_eq!(
        curl,
        "curl -X POST 'https://hkdk.events/v1/publish' \
         -H \"Authorization: Bearer $HOOKDECK_API_KEY\" \
         -H 'x-hookdeck-source-name: shop' -H 'content-type: application/json' \
         -H 'x-signature: REDACTED' -d '{\"order\":7,\"token\":\"REDACTED\"}'"
    );
    let debug = format!("{call:?}");
    for secret in ["sk_1", "tok_1", "sig_1"] {
        assert!(!debug.contains(secret), "{debug}");
    }
    let text = call.body("plain hush").to_curl();
    assert!(!text.contains("hush"), "{text}");
}
