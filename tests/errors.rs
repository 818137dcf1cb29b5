//! Everything that can come back in place of what was asked for, over real sockets: each case is
//! the right kind of error with its facts, and none of them a panic.

mod support;

use std::error::Error as _;
use std::future::Future;

use hookdeck::models::SourceType;
use hookdeck::{ApiVersion, Client, ClientBuilder, Error, ErrorKind, RateLimit, Retry, Sent};
use serde_json::{Value, json};
use support::socket::{Behaviour, Raw};
use support::{fresh_key, source, sources};
use wiremock::matchers::{any, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn builder(url: &str) -> ClientBuilder {
    Client::builder(fresh_key())
        .base_url(url)
        .retry(Retry::off())
}

fn client(server: &MockServer) -> Client {
    builder(&server.uri()).build().unwrap()
}

/// A server that answers everything with one reply.
async fn answering(reply: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(reply).mount(&server).await;
    server
}

fn text(status: u16, kind: &str, body: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body, kind)
}

async fn get_error(reply: ResponseTemplate) -> Error {
    let server = answering(reply).await;
    let call = client(&server).sources().get("src_1");
    call.await.unwrap_err()
}

async fn list_error(body: &Value) -> Error {
    let server = answering(ResponseTemplate::new(200).set_body_json(body)).await;
    let call = client(&server).sources().list();
    call.await.unwrap_err()
}

#[test]
fn unusable_settings_are_found_when_the_client_is_built() {
    let cases = [
        Client::builder(""),
        Client::builder("key with blanks"),
        Client::builder("key\n"),
        Client::builder("kéy"),
        Client::builder("k").base_url("api.hookdeck.com"),
        Client::builder("k").base_url("ftp://api.hookdeck.com"),
        Client::builder("k").base_url("https://u:p@api.hookdeck.com"),
        Client::builder("k").base_url("https://api.hookdeck.com/?a=b"),
        Client::builder("k").base_url("https://api.hookdeck.com/#a"),
        Client::builder("k").base_url("http://"),
        Client::builder("k").base_url(""),
    ];
    for builder in cases {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert_eq!(error.sent(), Sent::No);
        assert_eq!((error.attempts(), error.operation()), (0, "client"));
        assert!(error.to_string().starts_with("client: the "), "{error}");
    }
    let error = ApiVersion::custom("../admin").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn unusable_calls_are_refused_before_anything_is_sent() {
    let server = answering(ResponseTemplate::new(200)).await;
    let client = client(&server);
    let no_ids: [&str; 0] = [];
    let errors = [
        client.sources().get("").await.unwrap_err(),
        client.sources().update("").name("x").await.unwrap_err(),
        client.requests().events("").await.unwrap_err(),
        // Sent as it is, it would leave no trace in the query and list everything.
        client.sources().list().id(no_ids).await.unwrap_err(),
        client.events().list().status([]).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert_eq!((error.sent(), error.attempts()), (Sent::No, 0));
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_id_cannot_leave_its_place_in_the_path() {
    let server = answering(ResponseTemplate::new(200).set_body_json(source("x"))).await;
    let client = client(&server);
    for id in [
        "../events",
        "a/b",
        "a?b=c",
        "a#b",
        "..",
        ".",
        "a%2Fb",
        "ü \n",
    ] {
        client.sources().get(id).await.unwrap();
    }
    for request in server.received_requests().await.unwrap() {
        let segments: Vec<_> = request.url.path_segments().unwrap().collect();
        assert_eq!(segments[..2], ["2026-09-01", "sources"], "{}", request.url);
        assert_eq!(segments.len(), 3, "{}", request.url);
        assert_eq!(request.url.query(), None);
    }
}

#[tokio::test]
async fn nobody_listening_is_a_connect_error_and_nothing_was_sent() {
    // The port was free a moment ago and is again.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = builder(&url).build().unwrap().sources().get("a").await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!((error.sent(), error.attempts()), (Sent::No, 1));
    assert!(error.is_retryable());
    assert!(error.source().is_some());
    assert_eq!(error.to_string(), "get source: could not connect");
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_a_connect_error() {
    let client = builder("http://name.invalid").build().unwrap();
    let error = client.sources().get("a").await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Connect, Sent::No));
}

#[tokio::test]
async fn tls_against_a_plain_server_is_a_connect_error() {
    let server = answering(ResponseTemplate::new(200)).await;
    let url = server.uri().replace("http://", "https://");
    let client = match builder(&url).build() {
        Ok(client) => client,
        // A machine without any root certificates cannot set TLS up at all, and says so.
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Config);
            return;
        }
    };
    let error = client.sources().get("a").await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::Connect, Sent::No));
}

/// The first bytes a client sends to an `https` address name the protocols it offers.
#[cfg(all(feature = "rustls", feature = "http2"))]
#[tokio::test]
async fn http2_is_offered_and_http1_too() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let Ok(client) = builder(&url).build() else {
        // No root certificates on this machine.
        return;
    };
    let hello = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut hello = vec![0; 4096];
        let length = tokio::io::AsyncReadExt::read(&mut socket, &mut hello).await;
        hello.truncate(length.unwrap());
        hello
    });
    client.sources().get("a").await.unwrap_err();
    let hello = hello.await.unwrap();
    let offer = b"\x02h2\x08http/1.1";
    assert!(
        hello.windows(offer.len()).any(|bytes| bytes == offer),
        "{}",
        hello.escape_ascii()
    );
}

/// What a server of that behaviour does to a call, and how many connections it took.
async fn against<T>(
    behaviour: Behaviour,
    retry: Retry,
    call: impl AsyncFnOnce(Client) -> Result<T, Error>,
) -> (Error, usize) {
    let server = Raw::start(behaviour).await;
    let timeouts = hookdeck::Timeouts::default().attempt(std::time::Duration::from_millis(100));
    let timeouts = match behaviour {
        Behaviour::Silent => timeouts,
        _ => hookdeck::Timeouts::default(),
    };
    let retry = retry.backoff(Default::default(), Default::default());
    let client = builder(&server.url())
        .retry(retry)
        .timeouts(timeouts)
        .build()
        .unwrap();
    let error = match call(client).await {
        Ok(_) => panic!("{behaviour:?} is no success"),
        Err(error) => error,
    };
    (error, server.requests())
}

#[tokio::test]
async fn a_server_that_never_answers_times_out() {
    let (error, requests) = against(Behaviour::Silent, Retry::off(), async |client| {
        client.sources().get("a").await
    })
    .await;
    assert_eq!(
        (error.kind(), error.sent()),
        (ErrorKind::Timeout, Sent::Maybe)
    );
    assert!(error.is_timeout());
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn a_connection_that_breaks_is_retried_for_reads_only() {
    for behaviour in [
        Behaviour::CloseAfterRequest,
        Behaviour::TruncatedBody,
        Behaviour::TruncatedChunks,
        Behaviour::NotHttp,
    ] {
        let retry = Retry::standard().max_attempts(3);
        let (error, requests) = against(behaviour, retry.clone(), async |client| {
            client.sources().get("a").await
        })
        .await;
        assert_eq!(
            error.kind(),
            ErrorKind::Transport,
            "{behaviour:?}: {error:?}"
        );
        assert_eq!(error.sent(), Sent::Maybe, "{behaviour:?}");
        assert_eq!((error.attempts(), requests), (3, 3), "{behaviour:?}");

        let (error, requests) = against(behaviour, retry, async |client| {
            client.sources().create("a").await
        })
        .await;
        assert_eq!(error.sent(), Sent::Maybe, "{behaviour:?}");
        assert_eq!((error.attempts(), requests), (1, 1), "{behaviour:?}");
    }
}

#[tokio::test]
async fn refusals_in_plain_text_html_or_nothing_keep_their_status() {
    let cases = [
        (429, "text/plain", "Too Many Requests", "Too Many Requests"),
        (401, "text/plain", "Unauthorized", "Unauthorized"),
        (401, "text/plain", "", "Unauthorized (empty body)"),
        (403, "application/json", "", "Forbidden (empty body)"),
        (
            404,
            "text/html",
            "<!DOCTYPE html><p>Cannot GET",
            "Not Found (HTML body)",
        ),
        (500, "application/json", "{\"code\":", "{\"code\":"),
        (
            502,
            "text/html",
            "<html>Bad gateway</html>",
            "Bad Gateway (HTML body)",
        ),
        (418, "application/json", "null", "null"),
        (599, "application/json", "{}", "unknown status"),
        (422, "application/json", "[\"a\"]", "[\"a\"]"),
        (400, "application/json", "\"no\"", "no"),
    ];
    for (status, kind, body, message) in cases {
        let error = get_error(text(status, kind, body)).await;
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert_eq!(error.api().unwrap().message(), message, "{status}");
        assert_eq!(error.body().unwrap(), body);
        assert!(error.headers().is_some());
        assert_eq!(error.is_rate_limited(), status == 429);
        assert_eq!(error.is_unauthorized(), status == 401 || status == 403);
        assert_eq!(error.is_not_found(), status == 404);
        let said = format!("get source: {status} {message}");
        assert_eq!(error.to_string(), said);
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_do_not_hide_the_status() {
    let reply = ResponseTemplate::new(500).set_body_bytes([0xff, 0xfe, 0x00, 0x80]);
    let error = get_error(reply).await;
    assert_eq!(error.status().unwrap().as_u16(), 500);
    assert_eq!(error.body().unwrap().as_ref(), [0xff, 0xfe, 0x00, 0x80]);
}

#[tokio::test]
async fn a_missing_resource_and_a_deleted_one_are_both_not_there() {
    let missing = json!({"code": "NOT_FOUND", "status": 404, "message": "Not Found",
        "data": {"id": "src_1"}});
    let error = get_error(ResponseTemplate::new(404).set_body_json(missing)).await;
    assert!(error.is_not_found());
    assert_eq!(error.api().unwrap().code(), Some("NOT_FOUND"));
    assert_eq!(
        error.api().unwrap().data().unwrap().to_value()["id"],
        "src_1"
    );

    let deleted = json!({"code": "GONE", "status": 410, "message": "Resource was deleted",
        "data": {"deleted": true}});
    let error = get_error(ResponseTemplate::new(410).set_body_json(deleted)).await;
    assert!(error.is_not_found());
    assert_eq!(
        error.to_string(),
        "get source: 410 GONE: Resource was deleted"
    );
}

#[tokio::test]
async fn a_name_that_is_taken_is_final() {
    let body = json!({"code": "RESOURCE_ALREADY_EXISTS", "status": 409,
        "message": "Resource already exists", "data": {"id": "src_9", "resource_type": "source"}});
    let server = answering(ResponseTemplate::new(409).set_body_json(body)).await;
    let client = builder(&server.uri())
        .retry(Retry::standard())
        .build()
        .unwrap();
    let call = client.sources().create("shop").idempotent(true);
    let error = call.await.unwrap_err();
    assert!(error.is_conflict() && !error.is_retryable());
    assert_eq!(error.attempts(), 1);
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
    assert_eq!(
        error.api().unwrap().data().unwrap().to_value()["id"],
        "src_9"
    );
}

#[tokio::test]
async fn every_shape_of_a_validation_error_says_what_was_wrong() {
    let cases = [
        (
            422,
            json!({"level": "info", "handled": true, "report": true, "status": 422,
                "data": ["destination.name is required", "source.name is required"],
                "code": "UNPROCESSABLE_ENTITY"}),
            "destination.name is required; source.name is required",
        ),
        (
            422,
            json!({"code": "UNPROCESSABLE_ENTITY", "status": 422, "message": "Unprocessable Entity",
                "data": {"message": "HTTP destination requires `config.url`.", "field": "config.url"}}),
            "HTTP destination requires `config.url`.",
        ),
        (
            422,
            json!({"handled": true, "status": 422, "data": {"id": "web_1"},
                "message": "Connection does not exist or is disabled"}),
            "Connection does not exist or is disabled",
        ),
        (
            400,
            json!({"code": "BAD_REQUEST", "status": 400, "data": {"query": {}},
                "message": "Empty query object is not allowed"}),
            "Empty query object is not allowed",
        ),
    ];
    for (status, body, message) in cases {
        let error = get_error(ResponseTemplate::new(status).set_body_json(&body)).await;
        assert!(error.is_validation() && !error.is_retryable());
        assert_eq!(error.kind(), ErrorKind::Api);
        assert_eq!(error.api().unwrap().message(), message);
        assert_eq!(
            error.api().unwrap().data().unwrap().to_value(),
            body["data"]
        );
    }
}

#[tokio::test]
async fn the_request_id_of_the_edge_is_passed_on() {
    let reply = ResponseTemplate::new(500).insert_header("cf-ray", "8a1-FRA");
    let error = get_error(reply).await;
    assert_eq!(error.request_id(), Some("8a1-FRA"));
    assert!(error.to_string().ends_with("(request 8a1-FRA)"), "{error}");
}

#[tokio::test]
async fn a_success_that_is_no_json_is_a_decode_error() {
    let cases = [
        ("", "empty body", None),
        ("  \n", "empty body", None),
        ("<html></html>", "base URL", None),
        ("{\"id\":", "EOF", Some("id")),
        ("{} {}", "missing field", None),
        ("[]", "does not decode", None),
        ("null", "does not decode", None),
        ("{\"id\": 5}", "does not decode", Some("id")),
    ];
    for (body, says, at) in cases {
        let error = get_error(text(200, "application/json", body)).await;
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Decode, Sent::Yes));
        assert_eq!(error.status().unwrap().as_u16(), 200);
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.body().unwrap(), body);
        assert_eq!(error.json_path(), at, "{body}: {error}");
        assert_eq!(error.attempts(), 1);
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_wrong_type_deep_in_a_page_is_found() {
    let mut body = sources(&["a", "b", "c", "d"], None, None);
    body["models"][3]["created_at"] = json!(17);
    let error = list_error(&body).await;
    assert_eq!(error.json_path(), Some("models[3].created_at"));
    assert!(
        error.to_string().contains("at `models[3].created_at`"),
        "{error}"
    );

    let mut body = sources(&["a", "b"], None, None);
    body["models"][1]["created_at"] = json!("yesterday");
    assert_eq!(
        list_error(&body).await.json_path(),
        Some("models[1].created_at")
    );

    let mut body = sources(&["a"], None, None);
    body["pagination"]["next"] = json!({"id": "x"});
    assert_eq!(list_error(&body).await.json_path(), Some("pagination.next"));
}

#[tokio::test]
async fn a_field_the_models_cannot_do_without_is_named() {
    let mut body = sources(&["a", "b", "c"], None, None);
    body["models"][2].as_object_mut().unwrap().remove("url");
    let error = list_error(&body).await;
    assert_eq!(error.json_path(), Some("models[2]"));
    assert!(error.to_string().contains("`url`"), "{error}");

    let error = list_error(&json!({"pagination": {}, "count": 0})).await;
    assert!(error.to_string().contains("`models`"), "{error}");
}

#[tokio::test]
async fn what_the_api_adds_tomorrow_is_kept_or_ignored() {
    let mut body = source("src_1");
    body["type"] = json!("TELEX");
    body["config"] = json!({"allowed_http_methods": ["POST", "BREW"], "shininess": 11});
    body["brand_new"] = json!({"deep": [1, 2]});
    let server = answering(ResponseTemplate::new(200).set_body_json(&body)).await;
    let source = client(&server).sources().get("src_1").await.unwrap();
    assert_eq!(source.kind, "TELEX");
    assert!(!source.kind.is_known());
    assert_eq!(source.kind, SourceType::from("TELEX"));
    let again = serde_json::to_value(&source).unwrap();
    assert_eq!(again["type"], "TELEX");
    assert_eq!(
        again["config"]["allowed_http_methods"],
        json!(["POST", "BREW"])
    );
}

#[tokio::test]
async fn optional_fields_may_be_absent_or_null() {
    let mut absent = source("src_1");
    absent.as_object_mut().unwrap().remove("disabled_at");
    let mut null = source("src_1");
    for field in ["disabled_at", "description"] {
        null[field] = Value::Null;
    }
    for body in [absent, null] {
        let server = answering(ResponseTemplate::new(200).set_body_json(&body)).await;
        let source = client(&server).sources().get("src_1").await.unwrap();
        assert_eq!((source.disabled_at, source.description), (None, None));
    }
}

#[tokio::test]
async fn a_redirect_is_an_error_and_the_key_goes_nowhere_else() {
    let elsewhere = answering(ResponseTemplate::new(200).set_body_json(source("src_1"))).await;
    for status in [301, 302, 303, 307, 308] {
        let server = MockServer::start().await;
        let reply = ResponseTemplate::new(status).insert_header("location", elsewhere.uri());
        Mock::given(method("GET"))
            .and(path("/2026-09-01/sources/src_1"))
            .respond_with(reply)
            .expect(1)
            .mount(&server)
            .await;
        let error = client(&server).sources().get("src_1").await.unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert_eq!(error.kind(), ErrorKind::Api);
        assert!(!error.is_retryable());
    }
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_sent_is_what_the_api_expects() {
    use wiremock::matchers::{body_json, header, headers};
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/prefix/2025-07-01/sources"))
        .and(header("authorization", "Basic a2V5LTE6"))
        .and(header("content-type", "application/json"))
        .and(headers("accept", vec!["application/json"]))
        .and(body_json(json!({"name": "shop"})))
        .respond_with(ResponseTemplate::new(200).set_body_json(source("src_1")))
        .expect(1)
        .mount(&server)
        .await;
    let client = Client::builder("key-1")
        .base_url(format!("{}/prefix/", server.uri()))
        .api_version(ApiVersion::V2025_07_01)
        .auth(hookdeck::AuthScheme::Basic)
        .rate_limit(RateLimit::off())
        .retry(Retry::off())
        .build()
        .unwrap();
    client.sources().create("shop").await.unwrap();
    let request = &server.received_requests().await.unwrap()[0];
    let agent = request.headers["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("hookdeck-rust/"), "{agent}");
}

#[tokio::test]
async fn one_failed_call_leaves_the_client_usable() {
    let server = MockServer::start().await;
    Mock::given(path("/2026-09-01/sources/bad"))
        .respond_with(text(200, "application/json", "{"))
        .mount(&server)
        .await;
    Mock::given(path("/2026-09-01/sources/good"))
        .respond_with(ResponseTemplate::new(200).set_body_json(source("good")))
        .mount(&server)
        .await;
    let client = client(&server);
    let sources = client.sources();
    let calls: Vec<std::pin::Pin<Box<dyn Future<Output = bool>>>> = vec![
        Box::pin(async { sources.get("bad").await.is_err() }),
        Box::pin(async { sources.get("good").await.is_ok() }),
        Box::pin(async { sources.get("missing").await.unwrap_err().is_not_found() }),
        Box::pin(async { sources.get("good").await.is_ok() }),
    ];
    for call in calls {
        assert!(call.await);
    }
}
