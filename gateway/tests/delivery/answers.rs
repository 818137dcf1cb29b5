//! What comes back, what is kept of it, and what it decides.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use hookdeck_testkit::{Answer, Receiver, World, seconds};
use serde_json::{Value, json};

use crate::{code, only_attempt};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The body that is kept of an answer, and the error code of its attempt.
async fn kept(reply: Answer) -> (Value, String) {
    let receiver = Receiver::scripted(move |_, _| reply.clone()).await;
    let world = World::start().await;
    let attempt = only_attempt(&world, "a", json!({"url": receiver.url})).await;
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
            kept(Answer::status(200).body(body)).await,
            (expected, String::new())
        );
    }
}

#[tokio::test]
async fn long_answers_are_cut_between_characters_and_say_so() {
    for length in [200_000, 3_000_000] {
        let body = format!("a{}", "é".repeat(length / 2));
        let (text, code) = kept(Answer::status(200).body(body)).await;
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
        let reply = Answer::status(200)
            .header("content-encoding", encoding)
            .body(body);
        assert_eq!(
            kept(reply).await,
            (json!({"ok": true}), String::new()),
            "{encoding}"
        );
    }
    // No body is nothing to unpack.
    let reply = Answer::status(200).header("content-encoding", "gzip");
    assert_eq!(kept(reply).await, (json!(""), String::new()));
}

#[tokio::test]
async fn packed_answers_that_do_not_unpack_fail_the_attempt() {
    let whole = gzip(b"some text that is long enough to be cut in the middle of its packed form");
    for body in [
        b"no gzip at all".to_vec(),
        whole[..whole.len() - 12].to_vec(),
    ] {
        let reply = Answer::status(200)
            .header("content-encoding", "gzip")
            .body(body);
        assert_eq!(kept(reply).await.1, "Z_DATA_ERROR");
    }
}

#[tokio::test]
async fn a_plain_bad_status_has_no_error_code() {
    let world = World::start().await;
    for (name, answered) in [("a", 304), ("b", 404), ("c", 500), ("d", 599)] {
        let receiver = Receiver::scripted(move |_, _| Answer::status(answered)).await;
        let attempt = only_attempt(&world, name, json!({"url": receiver.url})).await;
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
    let connection = world.connect("mock").mock().await;
    world.deliver(&connection, 1).await;
    let attempt = world.attempts().await.remove(0);
    assert_eq!((attempt.response_status, code(&attempt)), (Some(200), ""));
    assert_eq!(
        attempt.requested_url.as_deref(),
        Some("https://mock.hookdeck.com/")
    );

    let config = json!({"url": "https://mock.hookdeck.com?status=503"});
    let attempt = only_attempt(&world, "http", config).await;
    assert_eq!((attempt.response_status, code(&attempt)), (Some(503), ""));
}

#[tokio::test]
async fn a_delivery_says_when_it_would_be_tried_again() {
    let world = World::start().await;
    world.receiver.always(500);
    let rules =
        json!([{"type": "retry", "strategy": "exponential", "interval": 1_500, "count": 2}]);
    let connection = world.connect("a").rules(rules).await;
    let event = world.event(&connection, 1).await;
    world.advance(seconds(600)).await;
    world.client.events().retry(event.id).await.unwrap();
    world.settle().await;
    let told: Vec<[String; 2]> = world
        .receiver
        .deliveries()
        .iter()
        .map(|delivery| {
            ["x-hookdeck-attempt-trigger", "x-hookdeck-will-retry-after"]
                .map(|name| delivery.header(name).to_owned())
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
