//! What comes back, what is kept of it, and what it decides.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use hookdeck::models::EventStatus;
use serde_json::{Value, json};

use crate::endpoint::{Endpoint, Reply, status};
use crate::world::{START, World, code};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The body that is kept of an answer, and the error code of its attempt.
async fn kept(reply: Reply) -> (Value, String) {
    let endpoint = Endpoint::start(move |_, _| reply.clone()).await;
    let world = World::start().await;
    let attempt = world.attempt("a", json!({"url": endpoint.url})).await;
    assert_eq!(attempt.response_status, Some(200));
    let body = attempt.body.as_ref().unwrap();
    (
        serde_json::from_str(body.as_str()).unwrap(),
        code(&attempt).to_owned(),
    )
}

#[tokio::test]
async fn objects_are_kept_as_objects_and_all_else_as_text() {
    for (body, expected) in [
        ("{\"ok\": true}", json!({"ok": true})),
        ("[1]", json!("[1]")),
        ("plain", json!("plain")),
        ("", json!("")),
        ("{\"ok\": tr", json!("{\"ok\": tr")),
    ] {
        assert_eq!(
            kept(status(200).body(body)).await,
            (expected, String::new())
        );
    }
}

#[tokio::test]
async fn long_answers_are_cut_between_characters_and_say_so() {
    for length in [200_000, 3_000_000] {
        let body = format!("a{}", "é".repeat(length / 2));
        let (text, code) = kept(status(200).body(body)).await;
        let text = text.as_str().unwrap();
        let (beginning, end) = text.split_once('\n').unwrap();
        assert_eq!(beginning, format!("a{}", "é".repeat(65_535)));
        assert!(end.starts_with("[cut by the gateway"), "{end}");
        assert_eq!(code, "");
    }
}

#[tokio::test]
async fn packed_answers_are_unpacked() {
    let mut deflate = ZlibEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(b"{\"ok\": true}").unwrap();
    for (encoding, body) in [
        ("gzip", gzip(b"{\"ok\": true}")),
        ("deflate", deflate.finish().unwrap()),
        ("identity", b"{\"ok\": true}".to_vec()),
    ] {
        let reply = status(200).header("content-encoding", encoding).body(body);
        assert_eq!(
            kept(reply).await,
            (json!({"ok": true}), String::new()),
            "{encoding}"
        );
    }
    // No body is nothing to unpack.
    let reply = status(200).header("content-encoding", "gzip");
    assert_eq!(kept(reply).await, (json!(""), String::new()));
}

#[tokio::test]
async fn packed_answers_that_do_not_unpack_fail_the_attempt() {
    let whole = gzip(b"some text that is long enough to be cut in the middle of its packed form");
    for body in [
        b"no gzip at all".to_vec(),
        whole[..whole.len() - 12].to_vec(),
    ] {
        let reply = status(200).header("content-encoding", "gzip").body(body);
        assert_eq!(kept(reply).await.1, "Z_DATA_ERROR");
    }
}

#[tokio::test]
async fn a_plain_bad_status_has_no_error_code() {
    let world = World::start().await;
    for (name, answered) in [("a", 304), ("b", 404), ("c", 500), ("d", 599)] {
        let endpoint = Endpoint::start(move |_, _| status(answered)).await;
        let attempt = world.attempt(name, json!({"url": endpoint.url})).await;
        assert_eq!(
            (attempt.response_status, code(&attempt)),
            (Some(answered), "")
        );
        assert_eq!(attempt.status.as_str(), "FAILED");
    }
}

#[tokio::test]
async fn the_mock_api_accepts_everything_and_answers_as_asked() {
    let world = World::start().await;
    let body = json!({
        "name": "mock", "source": {"name": "s"},
        "destination": {"name": "d", "type": "MOCK_API"},
    });
    let call = world.client.raw().post("/connections").json(&body);
    let connection: hookdeck::models::Connection = call.decode().await.unwrap();
    world.deliver(&connection, &json!(1)).await;
    let attempt = world.attempts().await.remove(0);
    assert_eq!((attempt.response_status, code(&attempt)), (Some(200), ""));
    assert_eq!(
        attempt.requested_url.as_deref(),
        Some("https://mock.hookdeck.com/")
    );

    let config = json!({"url": "https://mock.hookdeck.com?status=503"});
    let attempt = world.attempt("http", config).await;
    assert_eq!((attempt.response_status, code(&attempt)), (Some(503), ""));
}

/// Seconds after the start at which attempts were made.
async fn attempted(world: &World) -> Vec<i64> {
    let attempts = world.attempts().await;
    attempts
        .iter()
        .map(|attempt| attempt.created_at.unix_seconds() - START)
        .collect()
}

#[tokio::test]
async fn the_destination_sets_the_pause_in_seconds_or_as_a_date_or_ends_the_retries() {
    let endpoint = Endpoint::start(|_, before| match before {
        0 => status(503).header("retry-after", "120"),
        // 2027-01-15T08:10:00Z is ten minutes after the start.
        1 => status(429).header("retry-after", "Fri, 15 Jan 2027 08:10:00 GMT"),
        2 => status(503).header("retry-after", "soon"),
        _ => status(503).header("retry-after", "-1"),
    })
    .await;
    let world = World::start().await;
    let rules = json!([{"type": "retry", "strategy": "linear", "interval": 30_000, "count": 9}]);
    let connection = world
        .connect_with("a", json!({"url": endpoint.url}), rules)
        .await;
    world.deliver(&connection, &json!(1)).await;
    let event = world.events().await.remove(0);
    assert_eq!(event.status, EventStatus::Failed);
    let next = event.next_attempt_at.unwrap().unix_seconds();
    assert_eq!(next - START, 120);
    world
        .gateway
        .advance(Duration::from_secs(86_400))
        .await
        .unwrap();
    assert_eq!(attempted(&world).await, [0, 120, 600, 630]);
    let event = world.events().await.remove(0);
    assert_eq!(
        (event.status, event.next_attempt_at),
        (EventStatus::Failed, None)
    );
}

#[tokio::test]
async fn retries_follow_their_strategy_and_the_statuses_they_name() {
    for (rule, answers, expected) in [
        (
            json!({"type": "retry", "strategy": "exponential", "interval": 10_000, "count": 3}),
            vec![500; 9],
            vec![0, 10, 30, 70],
        ),
        (
            json!({"type": "retry", "strategy": "linear", "interval": 60_000, "count": 9,
                   "response_status_codes": ["500-599", "429", "!501"]}),
            vec![500, 429, 599, 501],
            vec![0, 60, 120, 180],
        ),
        (
            json!({"type": "retry", "strategy": "linear", "interval": 60_000, "count": 9,
                   "response_status_codes": [">=500"]}),
            vec![500, 404],
            vec![0, 60],
        ),
    ] {
        let endpoint =
            Endpoint::start(move |_, before| status(*answers.get(before).unwrap_or(&200))).await;
        let world = World::start().await;
        let rules = json!([rule]);
        let connection = world
            .connect_with("a", json!({"url": endpoint.url}), rules)
            .await;
        world.deliver(&connection, &json!(1)).await;
        world
            .gateway
            .advance(Duration::from_secs(86_400))
            .await
            .unwrap();
        assert_eq!(attempted(&world).await, expected, "{rule}");
        let counts: Vec<String> = endpoint
            .received()
            .iter()
            .map(|received| received.header("x-hookdeck-attempt-count").to_owned())
            .collect();
        let numbers: Vec<String> = (1..=expected.len()).map(|n| n.to_string()).collect();
        assert_eq!(counts, numbers);
    }
}

#[tokio::test]
async fn a_delivery_says_when_it_would_be_tried_again() {
    let endpoint = Endpoint::start(|_, _| status(500)).await;
    let world = World::start().await;
    let rules =
        json!([{"type": "retry", "strategy": "exponential", "interval": 1_500, "count": 2}]);
    let connection = world
        .connect_with("a", json!({"url": endpoint.url}), rules)
        .await;
    world.deliver(&connection, &json!(1)).await;
    world
        .gateway
        .advance(Duration::from_secs(600))
        .await
        .unwrap();
    let event = world.events().await.remove(0);
    world.client.events().retry(event.id).await.unwrap();
    world.gateway.settle().await.unwrap();
    let told: Vec<[String; 2]> = endpoint
        .received()
        .iter()
        .map(|received| {
            ["x-hookdeck-attempt-trigger", "x-hookdeck-will-retry-after"]
                .map(|name| received.header(name).to_owned())
        })
        .collect();
    let expected = [
        ["INITIAL", "1.5"],
        ["AUTOMATIC", "3"],
        ["AUTOMATIC", ""],
        ["MANUAL", ""],
    ];
    assert_eq!(told, expected);
}
