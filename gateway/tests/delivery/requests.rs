//! What goes out: where to, with which method, headers and body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use hookdeck::models::{Connection, Event};
use hookdeck::types::Timestamp;
use hookdeck_testkit::{Answer, Receiver, START, World, gateway, seconds};
use serde_json::{Value, json};
use sha2::Sha256;

#[tokio::test]
async fn path_and_query_go_along_as_the_destination_wants() {
    let world = World::start().await;
    for (name, own, more, expected) in [
        ("a", "/in", json!({}), "/in/orders/1?x=1&x=2"),
        ("b", "", json!({}), "/orders/1?x=1&x=2"),
        ("c", "/in?key=v", json!({}), "/in/orders/1?key=v"),
        (
            "d",
            "/in",
            json!({"path_forwarding_disabled": true}),
            "/in?x=1&x=2",
        ),
        (
            "e",
            "/in?key=v",
            json!({"path_forwarding_disabled": true}),
            "/in?key=v",
        ),
    ] {
        let mut config = more;
        config["url"] = json!(format!("{}{own}", world.receiver.url));
        let connection = world.connect(name).config(config).await;
        let webhook = world.webhook(&connection).path("/orders/1?x=1&x=2");
        let request = webhook.body("text").taken().await;
        world.settle().await;
        assert_eq!(
            world.receiver.deliveries().pop().unwrap().uri,
            expected,
            "{name}"
        );
        let event = world.event_of(&request).await;
        let event = world.client.events().get(event.id).await.unwrap();
        let data = event.data.unwrap();
        assert_eq!(data.url, format!("{}{expected}", world.receiver.url));
    }
}

#[tokio::test]
async fn the_method_is_kept_unless_the_destination_has_one_and_the_body_always_is() {
    let world = World::start().await;
    for (name, http_method, expected) in [("a", Value::Null, "PUT"), ("b", json!("PATCH"), "PATCH")]
    {
        let config = json!({"http_method": http_method});
        let connection = world.connect(name).config(config).await;
        // Not as a JSON writer would write it: deliveries carry the bytes as they came.
        let webhook = world.webhook(&connection).method("PUT");
        webhook.json("{ \"n\":1.0,\"n\" :2 }").taken().await;
        world.settle().await;
        let received = world.receiver.deliveries().pop().unwrap();
        assert_eq!(received.method, expected);
        assert_eq!(&received.body[..], b"{ \"n\":1.0,\"n\" :2 }");
        assert_eq!(received.header("content-type"), "application/json");
    }
}

/// Sends a webhook whose first line and headers are written as they stand, and answers the status line.
async fn send_raw(connection: &Connection, method: &str, behind: &str, headers: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let url = &connection.source.url["http://".len()..];
    let (address, path) = url.split_once('/').unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{method} /{path}{behind} HTTP/1.1\r\nhost: {address}\r\n{headers}connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    reply.lines().next().unwrap().to_owned()
}

#[tokio::test]
async fn path_and_query_arrive_as_they_were_written() {
    let world = World::start().await;
    let own = json!({"url": world.receiver.at("/in")});
    let connection = world.connect("a").config(own).await;
    for behind in [
        "?name=O'Brien",
        "/O'Brien/{}/^|~/%7B%2f/!$&()*+,;=:@?a=:@,;!$()*+%/?[]^|~{}\\`&b=%ZZ%FF&c&a=+%20",
        "/caf\u{e9}?q=\u{e9}",
    ] {
        let status = send_raw(&connection, "PUT", behind, "content-length: 0\r\n").await;
        assert_eq!(status, "HTTP/1.1 200 OK", "{behind}");
        world.settle().await;
        let received = world.receiver.next().await;
        assert_eq!(received.uri.to_string(), format!("/in{behind}"));
    }
    let url = |event: Event| event.data.unwrap().url;
    let urls: Vec<_> = world.events().await.into_iter().map(url).collect();
    assert!(
        urls.contains(&world.receiver.at("/in?name=O'Brien")),
        "{urls:?}"
    );
}

#[tokio::test]
async fn the_destinations_own_query_and_that_of_a_redirect_arrive_as_they_were_written() {
    let world = World::start().await;
    let own = json!({"url": world.receiver.at("/in?shop=O'Neill")});
    let connection = world.connect("a").config(own).await;
    let redirect = Answer::status(307).header("location", "/moved?shop='");
    world.receiver.answer([redirect]);
    world.post(&connection, 1).await;
    world.settle().await;
    assert_eq!(world.receiver.next().await.uri, "/in?shop=O'Neill");
    assert_eq!(world.receiver.next().await.uri, "/moved?shop='");
}

#[tokio::test]
async fn a_path_that_http_cannot_carry_is_an_error_and_no_other_path() {
    let world = World::start().await;
    for (name, statement) in [
        ("space", "r.path = '/a b'"),
        ("fragment", "r.query = 'a=1#b'"),
        ("line", "r.query = 'a\\r\\nx: y'"),
    ] {
        let code = format!("addHandler('transform', (r) => {{ {statement}; return r; }})");
        let rules = json!([{"type": "transform", "transformation": {"name": name, "code": code}}]);
        let connection = world.connect(name).rules(rules).await;
        let event = world.event(&connection, 1).await;
        let attempt = world.attempts_of(&event).await.remove(0);
        assert_eq!(crate::code(&attempt), "INVALID_CHARACTER", "{name}");
    }
    assert!(world.receiver.deliveries().is_empty());
}

#[tokio::test]
async fn a_packed_body_is_delivered_and_signed_packed() {
    use std::io::Write;
    let world = World::of(gateway().signing_secret("s3cret")).await;
    let connection = world.connect("a").await;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(br#"{"n":1}"#).unwrap();
    let packed = encoder.finish().unwrap();
    let webhook = world
        .webhook(&connection)
        .header("content-encoding", "gzip");
    let webhook = webhook.header("content-type", "application/json");
    webhook.body(packed.clone()).taken().await;
    world.settle().await;
    let received = world.receiver.next().await;
    assert_eq!(received.header("content-encoding"), "gzip");
    assert_eq!(received.body, packed);
    let mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
    let tag = mac.chain_update(&packed).finalize().into_bytes();
    assert_eq!(
        received.header("x-hookdeck-signature"),
        STANDARD.encode(tag)
    );
}

#[tokio::test]
async fn a_name_in_the_destinations_url_is_its_basic_auth() {
    let world = World::start().await;
    let url = world.receiver.url.replace("http://", "http://shop:p%40ss@");
    let connection = world.connect("a").config(json!({"url": url})).await;
    world.deliver(&connection, 1).await;
    // base64 of shop:p@ss.
    let expected = "Basic c2hvcDpwQHNz";
    let received = world.receiver.next().await;
    assert_eq!(received.header("authorization"), expected);
}

#[tokio::test]
async fn an_empty_body_has_a_length_where_the_method_expects_a_body() {
    let world = World::start().await;
    for (method, expected) in [
        ("POST", "0"),
        ("PUT", "0"),
        ("PATCH", "0"),
        ("GET", "(absent)"),
        ("DELETE", "(absent)"),
    ] {
        let config = json!({"http_method": method});
        let connection = world.connect(method.to_lowercase()).config(config).await;
        send_raw(&connection, "POST", "", "").await;
        world.settle().await;
        let received = world.receiver.next().await;
        assert_eq!(received.header("content-length"), expected, "{method}");
        assert_eq!(received.header("transfer-encoding"), "(absent)");
    }
    let code = "addHandler('transform', (r) => { delete r.body; return r; })";
    let rules = json!([{"type": "transform", "transformation": {"name": "t", "code": code}}]);
    let connection = world.connect("deleted").rules(rules).await;
    world.deliver(&connection, json!({"n": 1})).await;
    let received = world.receiver.next().await;
    assert_eq!(received.header("content-length"), "0");
    assert!(received.body.is_empty());
}

/// What `appended_headers` of an event with this much says, in order.
const APPENDED: [&str; 15] = [
    "idempotency-key",
    "x-hookdeck-eventid",
    "x-hookdeck-requestid",
    "x-hookdeck-original-ip",
    "x-hookdeck-verified",
    "x-hookdeck-event-url",
    "x-hookdeck-source-name",
    "x-hookdeck-connection-name",
    "x-hookdeck-destination-name",
    "x-hookdeck-attempt-count",
    "x-hookdeck-attempt-trigger",
    "x-hookdeck-will-retry-after",
    "x-hookdeck-signature",
    "x-hookdeck-signature-2",
    "accept",
];

#[tokio::test]
async fn the_gateways_own_headers_are_sent_and_listed_in_their_order() {
    let builder = gateway()
        .signing_secret("s3cret")
        .previous_signing_secret("before");
    let world = World::of(builder).await;
    let rules = json!([{"type": "retry", "strategy": "linear", "interval": 30_000, "count": 1}]);
    let connection = world.connect("a").rules(rules).await;
    world
        .webhook(&connection)
        // A producer's own are not taken for the gateway's.
        .header("x-hookdeck-signature", "forged")
        .header("x-hookdeck-signature-2", "forged")
        .header("x-hookdeck-attempt-count", "99")
        .json(json!({"n": 1}))
        .taken()
        .await;
    world.settle().await;

    let event = world.events().await.remove(0);
    let received = &world.receiver.deliveries()[0];
    let event_url = format!("{}/events/{}", world.gateway.api_url(), event.id);
    for (name, value) in [
        ("idempotency-key", event.id.as_str()),
        ("x-hookdeck-eventid", event.id.as_str()),
        ("x-hookdeck-requestid", event.request_id.as_str()),
        ("x-hookdeck-original-ip", "127.0.0.1"),
        ("x-hookdeck-verified", "false"),
        ("x-hookdeck-event-url", &event_url),
        ("x-hookdeck-source-name", "a-source"),
        ("x-hookdeck-connection-name", "a"),
        ("x-hookdeck-destination-name", "a-destination"),
        ("x-hookdeck-attempt-count", "1"),
        ("x-hookdeck-attempt-trigger", "INITIAL"),
        ("x-hookdeck-will-retry-after", "30"),
        // HMAC-SHA256 of {"n":1} under s3cret and under before, worked out with openssl.
        (
            "x-hookdeck-signature",
            "jwEZF59yoe4d3W6hk9csVDAif07LklXqpUSZuWVZxK0=",
        ),
        (
            "x-hookdeck-signature-2",
            "8BQrl7a+Ri5fbwDzwyNLG+aPVUpDl4R728W2aFGyBQo=",
        ),
        // reqwest, which plays the producer, sends one.
        ("accept", "*/*"),
    ] {
        assert_eq!(received.header(name), value, "{name}");
    }
    let listed = event.data.unwrap().appended_headers.unwrap();
    assert_eq!(listed, APPENDED[..14]);
}

#[tokio::test]
async fn accept_is_added_where_the_producer_sent_none() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let world = World::start().await;
    let connection = world.connect("a").await;
    let (address, path) = connection.source.url["http://".len()..]
        .split_once('/')
        .unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /{path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    world.settle().await;
    let accept = "application/json, text/plain, */*";
    assert_eq!(world.receiver.deliveries()[0].header("accept"), accept);
    let data = world.events().await.remove(0).data.unwrap();
    let listed = data.appended_headers.unwrap();
    let expected: Vec<&str> = APPENDED
        .into_iter()
        .filter(|name| *name != "x-hookdeck-signature-2")
        .collect();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn a_project_may_give_the_headers_a_prefix_of_its_own() {
    let world = World::start().await;
    let projects = world.client.raw().get("/projects").await.unwrap();
    let projects: Value = serde_json::from_str(projects.as_str()).unwrap();
    let path = format!("/projects/{}", projects[0]["id"].as_str().unwrap());
    let prefix = json!({"headers_prefix": "X-Acme"});
    world.client.raw().put(path).json(&prefix).await.unwrap();
    let connection = world.connect("a").await;
    world.deliver(&connection, 1).await;
    let received = &world.receiver.deliveries()[0];
    let event = world.events().await.remove(0);
    assert_eq!(received.header("x-acme-eventid"), event.id.as_str());
    assert_eq!(received.header("x-acme-original-ip"), "127.0.0.1");
    assert_eq!(received.header("idempotency-key"), event.id.as_str());
    let names = received.headers.keys();
    assert!(
        names
            .filter(|name| name.as_str().contains("hookdeck"))
            .count()
            == 0
    );
    let listed = event.data.unwrap().appended_headers.unwrap();
    assert!(
        listed.contains(&"x-acme-signature".to_owned()),
        "{listed:?}"
    );
}

#[tokio::test]
async fn what_belongs_to_the_producers_connection_stays_behind() {
    let world = World::start().await;
    let connection = world.connect("a").await;
    world
        .webhook(&connection)
        .header("te", "trailers")
        .header("proxy-authorization", "Basic x")
        .header("accept-encoding", "gzip")
        .header("x-shop", "ü")
        .header("cookie", "sid=1")
        .json(1)
        .taken()
        .await;
    world.settle().await;
    let received = &world.receiver.deliveries()[0];
    for gone in ["te", "proxy-authorization", "accept-encoding"] {
        assert_eq!(received.header(gone), "(absent)");
    }
    assert_eq!(received.headers["x-shop"].as_bytes(), "ü".as_bytes());
    assert_eq!(received.header("cookie"), "sid=1");
    assert_eq!(
        received.header("host"),
        world.receiver.url.strip_prefix("http://").unwrap()
    );
}

#[tokio::test]
async fn what_a_producer_proves_itself_with_goes_no_further_than_the_destination() {
    let world = World::start().await;
    let elsewhere = Receiver::start().await;
    world
        .receiver
        .answer([Answer::status(307).header("location", &elsewhere.url)]);
    let connection = world.connect("a").await;
    world
        .webhook(&connection)
        .header("authorization", "Bearer producer")
        .header("cookie", "sid=1")
        .header("x-hookdeck-signature-2", "forged")
        .body("x")
        .taken()
        .await;
    world.settle().await;
    let first = world.receiver.next().await;
    assert_eq!(first.header("authorization"), "Bearer producer");
    assert_eq!(first.header("cookie"), "sid=1");
    assert_eq!(first.header("x-hookdeck-signature-2"), "(absent)");
    let followed = elsewhere.next().await;
    assert_eq!(followed.header("authorization"), "(absent)");
    assert_eq!(followed.header("cookie"), "(absent)");
}

#[tokio::test]
async fn times_and_latencies_are_the_gateways() {
    let world = World::start().await;
    let rules = json!([{"type": "delay", "delay": 5_000}]);
    let config = json!({"delivery_policy": {"rate": 1, "period": "minute"}});
    let connection = world.connect("a").config(config).rules(rules).await;
    world.post(&connection, 1).await;
    world.post(&connection, 2).await;
    world.advance(seconds(65)).await;
    let attempts = world.attempts().await;
    let at = |seconds| Some(Timestamp::from_unix_seconds(START + seconds));
    for (attempt, moment, waited) in [(&attempts[0], 5, 0), (&attempts[1], 65, 60_000)] {
        assert_eq!(attempt.delivered_at, at(moment));
        assert_eq!(attempt.responded_at, at(moment));
        assert_eq!(attempt.successful_at, at(moment));
        // From the moment it was due, which is when the delay had passed.
        assert_eq!(attempt.delivery_latency, Some(waited));
        assert_eq!(attempt.response_latency, Some(0));
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_when_it_is_given() {
    let world = World::start().await;
    for url in [
        "not a url",
        "/path",
        "http://",
        "ftp://files.test/in",
        "mock://mock",
        "localhost:3000",
    ] {
        let body = json!({"name": "a", "type": "HTTP", "config": {"url": url}});
        let refused = world.client.raw().post("/destinations").json(&body).await;
        let error = refused.unwrap_err();
        assert_eq!(
            error.status().map(|status| status.as_u16()),
            Some(422),
            "{url}"
        );
        assert!(
            error.to_string().contains("url must be a valid uri"),
            "{url}: {error}"
        );
    }
}
