use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::harness::{Receiver, Reply, Setup, event, manual, row, send};

/// Delivers one event and answers the attempt's status and error code.
async fn attempt(setup: Setup) -> (Value, Value) {
    let gateway = manual().start().await.unwrap();
    let path = setup.create(&gateway).await;
    path.post(json!({"n": 1})).await;
    gateway.settle().await.unwrap();
    let attempt = row(
        &path.project,
        "SELECT response_status, error_code FROM attempts",
        &[],
    )
    .await;
    (attempt[0].clone(), attempt[1].clone())
}

#[tokio::test]
async fn the_gateways_headers_say_what_the_event_is() {
    let mut receiver = Receiver::start().await;
    let gateway = manual().signing_secret("s3cret").start().await.unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;
    let event_id = path.event(json!({"n": 1})).await;
    gateway.settle().await.unwrap();
    let seen = receiver.next().await;
    for (name, value) in [
        ("idempotency-key", event_id.as_str()),
        ("x-hookdeck-eventid", event_id.as_str()),
        ("x-hookdeck-verified", "false"),
        ("x-hookdeck-source-name", "src_a"),
        ("x-hookdeck-connection-name", "web_a"),
        ("x-hookdeck-destination-name", "des_a"),
        ("x-hookdeck-attempt-count", "1"),
        ("x-hookdeck-attempt-trigger", "INITIAL"),
        ("x-hookdeck-will-retry-after", ""),
        // HMAC-SHA256 of {"n":1} under s3cret, worked out with openssl.
        (
            "x-hookdeck-signature",
            "jwEZF59yoe4d3W6hk9csVDAif07LklXqpUSZuWVZxK0=",
        ),
    ] {
        assert_eq!(seen.header(name), value, "{name}");
    }
}

#[tokio::test]
async fn authentication_that_is_not_known_fails_the_attempt_and_sends_nothing() {
    let mut receiver = Receiver::start().await;
    let setup = Setup::to(&receiver.url).with("auth_type", json!("MTLS"));
    assert_eq!(attempt(setup).await, (Value::Null, json!("INTERNAL_ERROR")));
    assert!(receiver.all().is_empty());
}

#[tokio::test]
async fn the_method_is_kept_unless_the_destination_has_one() {
    for (config, expected) in [(Value::Null, Method::PUT), (json!("PATCH"), Method::PATCH)] {
        let mut receiver = Receiver::start().await;
        let gateway = manual().start().await.unwrap();
        let path = Setup::to(&receiver.url)
            .with("http_method", config)
            .create(&gateway)
            .await;
        send(Method::PUT, &path.url, &[], "text").await;
        gateway.settle().await.unwrap();
        assert_eq!(receiver.next().await.method, expected);
    }
}

#[tokio::test]
async fn what_the_destination_answers_is_kept() {
    let receiver = Receiver::start().await;
    let gateway = manual().start().await.unwrap();
    receiver.replies([Reply {
        body: "broken",
        ..Reply::status(500)
    }]);
    let path = Setup::to(&receiver.url).create(&gateway).await;
    let event_id = path.event(json!({})).await;
    gateway.settle().await.unwrap();
    assert_eq!(
        event(&path.project, &event_id).await,
        [
            json!("FAILED"),
            json!(1),
            Value::Null,
            Value::Null,
            Value::Null
        ]
    );
    let sql = "SELECT status, response_status, error_code, body, http_method, attempt_number FROM attempts";
    let expected = [
        json!("FAILED"),
        json!(500),
        Value::Null,
        json!("broken"),
        json!("POST"),
        json!(1),
    ];
    assert_eq!(row(&path.project, sql, &[]).await, expected);
}

#[tokio::test]
async fn transport_failures_have_their_codes() {
    // A port that was free a moment ago refuses.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refused = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    assert_eq!(
        attempt(Setup::to(&refused)).await,
        (Value::Null, json!("CONNECTION_REFUSED"))
    );

    // One that closes without an answer.
    let closing = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", closing.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::AsyncReadExt;
        loop {
            let (mut stream, _) = closing.accept().await.unwrap();
            // All of the request is read, so that closing does not reset the connection.
            let mut buffer = [0; 16 * 1024];
            let _ = stream.read(&mut buffer).await.unwrap();
        }
    });
    assert_eq!(
        attempt(Setup::to(&url)).await,
        (Value::Null, json!("SOCKET_CLOSED"))
    );

    // One that speaks something else.
    let garbage = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", garbage.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = garbage.accept().await.unwrap();
        let mut buffer = [0; 16 * 1024];
        let _ = stream.read(&mut buffer).await.unwrap();
        stream.write_all(b"what is this\r\n\r\n").await.unwrap();
    });
    assert_eq!(
        attempt(Setup::to(&url)).await,
        (Value::Null, json!("PROTOCOL_ERROR"))
    );

    assert_eq!(
        attempt(Setup {
            config: json!({}),
            ..Setup::to("")
        })
        .await,
        (Value::Null, json!("MISSING_URL"))
    );
    assert_eq!(
        attempt(Setup::to("http://169.254.169.254/")).await,
        (Value::Null, json!("HOST_UNREACHABLE"))
    );
}

#[tokio::test]
async fn redirects_are_followed_without_carrying_credentials_elsewhere() {
    let mut target = Receiver::start().await;
    let mut receiver = Receiver::start().await;
    receiver.replies([Reply::status(307).header("location", target.url.clone())]);
    let gateway = manual().start().await.unwrap();
    let setup = Setup::to(&receiver.url)
        .with("auth_type", json!("BEARER_TOKEN"))
        .with("auth", json!({"token": "t"}));
    setup.create(&gateway).await.post(json!({"n": 1})).await;
    gateway.settle().await.unwrap();
    assert_eq!(receiver.next().await.header("authorization"), "Bearer t");
    let followed = target.next().await;
    assert_eq!(
        (followed.method.as_str(), &followed.body[..]),
        ("POST", &br#"{"n":1}"#[..])
    );
    assert_eq!(followed.header("authorization"), "(absent)");
}

#[tokio::test]
async fn what_a_producer_proves_itself_with_goes_no_further_than_the_destination() {
    let mut target = Receiver::start().await;
    let mut receiver = Receiver::start().await;
    receiver.replies([Reply::status(307).header("location", target.url.clone())]);
    let gateway = manual().start().await.unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;
    let headers = [
        ("authorization", "Bearer producer"),
        ("cookie", "sid=1"),
        ("x-hookdeck-signature-2", "forged"),
    ];
    send(Method::POST, &path.url, &headers, "x").await;
    gateway.settle().await.unwrap();
    let first = receiver.next().await;
    assert_eq!(first.header("authorization"), "Bearer producer");
    assert_eq!(first.header("cookie"), "sid=1");
    assert_eq!(first.header("x-hookdeck-signature-2"), "(absent)");
    let followed = target.next().await;
    assert_eq!(followed.header("authorization"), "(absent)");
    assert_eq!(followed.header("cookie"), "(absent)");
}

#[tokio::test]
async fn redirects_end_somewhere_and_never_at_a_forbidden_address() {
    let receiver = Receiver::start().await;
    receiver.replies((0..20).map(|_| Reply::status(302).header("location", receiver.url.clone())));
    assert_eq!(
        attempt(Setup::to(&receiver.url)).await,
        (Value::Null, json!("TOO_MANY_REDIRECTS"))
    );

    let receiver = Receiver::start().await;
    receiver.replies([
        Reply::status(302).header("location", "http://169.254.169.254/latest/meta-data")
    ]);
    assert_eq!(
        attempt(Setup::to(&receiver.url)).await,
        (Value::Null, json!("HOST_UNREACHABLE"))
    );
}

#[tokio::test]
async fn the_mock_api_answers_without_a_network() {
    assert_eq!(
        attempt(Setup {
            kind: "MOCK_API",
            ..Setup::to("")
        })
        .await,
        (json!(200), Value::Null)
    );
    let asked = Setup::to("https://mock.hookdeck.com?status=503");
    assert_eq!(attempt(asked).await, (json!(503), Value::Null));
}

#[tokio::test]
async fn a_gateway_that_others_reach_does_not_deliver_into_its_own_network() {
    let mut receiver = Receiver::start().await;
    let gateway = manual()
        .listen("0.0.0.0:0".parse().unwrap())
        .start()
        .await
        .unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;
    path.post(json!({})).await;
    let by_name = receiver.url.replace("127.0.0.1", "localhost");
    let named = Setup::to(&by_name).tag("b").create(&gateway).await;
    named.post(json!({})).await;
    gateway.settle().await.unwrap();
    assert!(receiver.all().is_empty());
    for tag in ["web_a", "web_b"] {
        let sql = "SELECT error_code FROM attempts WHERE connection_id = ?1";
        assert_eq!(
            row(&path.project, sql, &[tag]).await,
            [json!("HOST_UNREACHABLE")]
        );
    }
}

#[tokio::test]
async fn deliveries_go_on_by_themselves_after_a_failure_of_the_store() {
    let receiver = Receiver::start().await;
    let gateway = crate::Gateway::start().await.unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;
    let store = path.project.store.clone();
    let batch = |sql: &'static str| {
        let store = store.clone();
        async move {
            store
                .write(move |tx| Ok::<_, crate::store::StoreError>(tx.execute_batch(sql)?))
                .await
                .unwrap();
        }
    };
    batch("CREATE TRIGGER broken BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'full'); END")
        .await;
    let id = path.event(json!({})).await;
    let failed = gateway.settle().await;
    assert!(
        matches!(failed, Err(crate::EngineError::Store(_))),
        "{failed:?}"
    );
    batch("DROP TRIGGER broken").await;

    // Nothing wakes the dispatcher from here on.
    let delivered = async {
        while event(&path.project, &id).await[0] != "SUCCESSFUL" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), delivered)
        .await
        .expect("the delivery is stuck");
}
