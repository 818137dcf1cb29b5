//! Clients that do not do as they should.

use hookdeck_testkit::{gateway, http, read};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::terminal::Handshake;
use crate::world::{World, outcome};

#[tokio::test]
async fn a_socket_without_a_good_key_or_a_session_id_is_refused() {
    let world = World::start().await;
    let url = world.gateway.api_url();
    let unauthorized = (401, "Unauthorized".to_owned());
    assert_eq!(
        Handshake::with(url).session("cses_1").refused().await,
        unauthorized
    );
    let wrong = Handshake::with(url).key("wrong").session("cses_1");
    assert_eq!(wrong.refused().await, unauthorized);
    let garbled = Handshake::with(url).header("authorization", "Basic ???");
    assert_eq!(garbled.session("cses_1").refused().await, unauthorized);

    let unknown = (400, "Unknown WebSocket ID.".to_owned());
    let key = world.gateway.api_key();
    assert_eq!(Handshake::with(url).key(key).refused().await, unknown);
    for id in ["", "web_1", "cses_", "cses_a/b"] {
        assert_eq!(world.handshake(id).refused().await, unknown, "{id:?}");
    }
    let filters = world
        .handshake("cses_1")
        .header("x-webhook-ids", "web_1")
        .header("x-session-filters", "%");
    assert_eq!(
        filters.refused().await,
        (400, "X-Session-Filters must be JSON in base64".to_owned())
    );
}

#[tokio::test]
async fn the_root_is_no_path_of_the_api_for_anybody_else() {
    let world = World::start().await;
    let reply = read(http().get(world.gateway.api_url())).await;
    assert_eq!(reply.status, 404);
    assert!(reply.header("content-type").starts_with("text/html"));
    let half = http()
        .get(world.gateway.api_url())
        .header("connection", "upgrade")
        .header("upgrade", "websocket");
    assert_eq!(read(half).await.status, 400);
}

#[tokio::test]
async fn another_key_gets_nothing_of_a_session() {
    let world = World::of(gateway().api_key("mine").api_key("theirs")).await;
    let connection = world.connection("shop").await;
    let session = world.session(&connection, Value::Null).await;
    let theirs = || {
        Handshake::with(world.gateway.api_url())
            .key("theirs")
            .session(&session)
    };
    assert_eq!(theirs().closed().await.0, 4001);
    let again = theirs().header("x-webhook-ids", connection.id.as_str());
    assert_eq!(again.closed().await.0, 4001, "nor of its connections");
    let stranger = world.client_with("theirs");
    let refused = stranger
        .raw()
        .post("/cli-sessions")
        .json(&json!({ "webhook_ids": [connection.id.as_str()] }))
        .decode::<Value>()
        .await
        .unwrap_err();
    assert!(refused.is_not_found(), "{refused}");
    // Nobody has taken its place.
    let mut terminal = world.handshake(&session).open().await;
    let request_id = world.post(&connection, json!({})).await;
    terminal.serve(200).await;
    assert_eq!(
        outcome(&world.settled(&request_id).await),
        ("SUCCESSFUL", None)
    );
}

#[tokio::test]
async fn frames_that_make_no_sense_are_passed_over() {
    let (world, connection, mut terminal) = World::listening().await;
    let request_id = world.post(&connection, json!({})).await;
    let attempt = terminal.attempt().await;
    for text in [
        "",
        "not json",
        "[1]",
        "{}",
        r#"{"event":"attempt_response"}"#,
        r#"{"event":"attempt_response","body":{"status":200}}"#,
        r#"{"event":"attempt_response","body":{"attempt_id":"atm_unknown","status":200}}"#,
        r#"{"event":"attempt","body":{"attempt_id":"atm_1"}}"#,
        r#"{"event":"connect","body":{"source_id":"src_1","webhook_ids":["web_1"]}}"#,
    ] {
        terminal.say(text).await;
    }
    let bytes = Message::binary(vec![0xff; 1000]);
    terminal.send(bytes).await.unwrap();
    terminal.answer(&attempt, 202, "").await;
    let event = world.settled(&request_id).await;
    assert_eq!(event.response_status, Some(202));
}

#[tokio::test]
async fn a_flood_of_answers_nobody_asked_for_holds_up_nothing() {
    let (world, connection, mut terminal) = World::listening().await;
    let mut other = world.listen_on("other", &connection).await;
    let request_id = world.post(&connection, json!({})).await;
    let (attempt, others) = (terminal.attempt().await, other.attempt().await);
    for n in 0..5_000 {
        let id = format!("atm_{n}");
        let body = json!({ "attempt_id": id, "status": 200, "data": "x".repeat(100) });
        terminal.respond(body).await;
        if n % 100 == 0 {
            let ping = Message::Ping(vec![1; 125].into());
            terminal.send(ping).await.unwrap();
        }
    }
    other.answer(&others, 200, "").await;
    terminal.answer(&attempt, 200, "").await;
    world.settle().await;
    for event in world.events_of(&request_id).await {
        assert_eq!(outcome(&event), ("SUCCESSFUL", None));
        assert_eq!(event.attempts, 1);
    }
}

#[tokio::test]
async fn nobody_answers_for_another_session() {
    let (world, connection, mut terminal) = World::listening().await;
    let mut other = world.listen_on("other", &connection).await;
    let request_id = world.post(&connection, json!({})).await;
    let (mine, theirs) = (terminal.attempt().await, other.attempt().await);
    other.answer(&mine, 418, "").await;
    other.answer(&theirs, 200, "").await;
    terminal.answer(&mine, 204, "").await;
    world.settle().await;
    let mut statuses: Vec<_> = world
        .events_of(&request_id)
        .await
        .iter()
        .map(|event| event.response_status.unwrap())
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 204]);
}

#[tokio::test]
async fn only_the_first_answer_counts() {
    let (world, connection, mut terminal) = World::listening().await;
    let request_id = world.post(&connection, json!({})).await;
    let attempt = terminal.attempt().await;
    terminal.answer(&attempt, 200, "").await;
    terminal.answer(&attempt, 500, "").await;
    let event = world.settled(&request_id).await;
    assert_eq!((event.response_status, event.attempts), (Some(200), 1));
}

#[tokio::test]
async fn a_message_beyond_the_limit_ends_the_socket_and_nothing_else() {
    let (world, connection, mut terminal) = World::listening().await;
    let request_id = world.post(&connection, json!({})).await;
    let attempt = terminal.attempt().await;
    let huge = json!({ "event": "attempt_response", "body": {
        "attempt_id": attempt["attempt_id"], "status": 200, "data": "x".repeat(17 * 1024 * 1024),
    } });
    // The gateway may hang up before all of it is written.
    let _ = terminal.send(Message::text(huge.to_string())).await;
    terminal.gone().await;
    let event = world.settled(&request_id).await;
    assert_eq!(outcome(&event), ("FAILED", Some("CLI_UNAVAILABLE")));
}

#[tokio::test]
async fn a_long_answer_is_taken_and_its_beginning_kept() {
    let (world, connection, mut terminal) = World::listening().await;
    let request_id = world.post(&connection, json!({})).await;
    let attempt = terminal.attempt().await;
    terminal
        .answer(&attempt, 200, &"x".repeat(10 * 1024 * 1024))
        .await;
    let event = world.settled(&request_id).await;
    assert_eq!(outcome(&event), ("SUCCESSFUL", None));
    let recorded = world.attempts_of(&event).await.remove(0);
    let kept = recorded.body.unwrap().to_value();
    assert_eq!(kept.as_str().unwrap().len(), 128 * 1024);
}
