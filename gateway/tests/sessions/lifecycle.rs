//! Sessions that come, go, break off and come back.

use hookdeck::models::Rule;
use hookdeck_testkit::{gateway, http, read, seconds};
use serde_json::{Value, json};

use crate::terminal::Handshake;
use crate::world::{UNAVAILABLE, World, outcome};

const EXPIRED: (u16, &str) = (4001, "SESSION_EXPIRED");

#[tokio::test]
async fn nobody_connected_means_no_event() {
    let world = World::start().await;
    let connection = world.connection("shop").await;
    // A session that nobody has connected to is no terminal.
    world.session(&connection, Value::Null).await;
    let request_id = world.post(&connection, json!({})).await;
    assert!(world.events_of(&request_id).await.is_empty());
    let ignored = world.ignored_of(&request_id).await;
    assert_eq!(ignored.len(), 1);
    assert_eq!(ignored[0].cause, "CLI_DISCONNECTED");
    assert_eq!(ignored[0].meta, None);
    let request = world.client.requests().get(&request_id).await.unwrap();
    assert_eq!(request.ignored_count, Some(1));
    assert_eq!(request.cli_events_count, Some(0));
}

#[tokio::test]
async fn a_clean_close_ends_the_session_at_once() {
    let (world, connection, terminal) = World::listening().await;
    terminal.close().await;
    let request_id = world.post(&connection, json!({})).await;
    assert!(world.events_of(&request_id).await.is_empty());
    let ignored = world.ignored_of(&request_id).await;
    assert_eq!(ignored[0].cause, "CLI_DISCONNECTED");
}

#[tokio::test]
async fn a_session_that_broke_off_counts_for_two_minutes() {
    let (world, connection, terminal) = World::listening().await;
    terminal.break_off().await;
    world.advance(seconds(119)).await;
    let request_id = world.post(&connection, json!({})).await;
    let waiting = world.settled(&request_id).await;
    assert_eq!((waiting.attempts, waiting.error_code), (0, None));
    world.advance(seconds(9)).await;
    assert_eq!(world.event_of(&request_id).await.attempts, 0);
    world.advance(seconds(1)).await;
    let event = world.event_of(&request_id).await;
    assert_eq!(outcome(&event), UNAVAILABLE);
    assert_eq!(event.attempts, 1);
    assert_eq!(
        event.next_attempt_at, None,
        "nothing retries it without a rule"
    );
    world.advance(seconds(1)).await;
    let request_id = world.post(&connection, json!({})).await;
    assert!(world.events_of(&request_id).await.is_empty());
    let ignored = world.ignored_of(&request_id).await;
    assert_eq!(ignored[0].cause, "CLI_DISCONNECTED");
}

#[tokio::test]
async fn a_close_that_is_not_normal_is_a_drop() {
    let (world, connection, terminal) = World::listening().await;
    terminal.close_with(1001).await;
    let request_id = world.post(&connection, json!({})).await;
    assert_eq!(outcome(&world.given_up(&request_id).await), UNAVAILABLE);
}

#[tokio::test]
async fn a_client_that_is_back_within_ten_seconds_gets_what_waited_for_it() {
    let world = World::start().await;
    let connection = world.connection("shop").await;
    let session = world.session(&connection, Value::Null).await;
    world.handshake(&session).open().await.break_off().await;
    let request_id = world.post(&connection, json!({ "n": 1 })).await;
    world.settle().await;
    world.advance(seconds(9)).await;
    let mut terminal = world.handshake(&session).open().await;
    let attempt = terminal.serve(200).await;
    let headers = &attempt["request"]["headers"];
    assert_eq!(headers["x-hookdeck-attempt-trigger"], "INITIAL");
    let event = world.settled(&request_id).await;
    assert_eq!(outcome(&event), ("SUCCESSFUL", None));
    assert_eq!(event.attempts, 1);
    assert!(world.advance(seconds(60)).await.fired.is_empty());
}

#[tokio::test]
async fn somebody_elses_terminal_does_not_shorten_the_wait() {
    let world = World::start().await;
    let connection = world.connection("shop").await;
    let session = world.session(&connection, Value::Null).await;
    world.handshake(&session).open().await.break_off().await;
    let request_id = world.post(&connection, json!({})).await;
    world.settle().await;
    world.advance(seconds(5)).await;
    let _other = world.listen_on("other", &connection).await;
    let waiting = world.settled(&request_id).await;
    assert_eq!(waiting.attempts, 0);
    world.advance(seconds(5)).await;
    let event = world.event_of(&request_id).await;
    assert_eq!(outcome(&event), UNAVAILABLE);
}

#[tokio::test]
async fn what_waits_for_a_terminal_can_be_cancelled_and_asked_for() {
    let (world, connection, terminal) = World::listening().await;
    terminal.break_off().await;
    let cancelled = world.post(&connection, json!({ "n": 1 })).await;
    let event = world.settled(&cancelled).await;
    let event = world.client.events().cancel(&event.id).await.unwrap();
    assert_eq!(event.status, "CANCELLED");
    let asked = world.post(&connection, json!({ "n": 2 })).await;
    let event = world.settled(&asked).await;
    // It waits anew, and there is one attempt in the end, not two.
    world.advance(seconds(5)).await;
    world.client.events().retry(&event.id).await.unwrap();
    world.settle().await;
    world.advance(seconds(9)).await;
    assert_eq!(world.event_of(&asked).await.attempts, 0);
    world.advance(seconds(60)).await;
    let event = world.event_of(&asked).await;
    assert_eq!((outcome(&event), event.attempts), (UNAVAILABLE, 1));
    assert_eq!(
        outcome(&world.event_of(&cancelled).await),
        ("CANCELLED", None)
    );
    world
        .client
        .events()
        .retry(world.event_of(&cancelled).await.id)
        .await
        .unwrap();
    let event = world.given_up(&cancelled).await;
    assert_eq!((outcome(&event), event.attempts), (UNAVAILABLE, 1));
}

#[tokio::test]
async fn a_running_listen_serves_the_connections_it_found_at_its_start() {
    let (world, connection, mut terminal) = World::listening().await;
    let later = world.connection("later").await;
    let request_id = world.post(&later, json!({})).await;
    assert_eq!(
        world.ignored_of(&request_id).await[0].cause,
        "CLI_DISCONNECTED"
    );
    terminal.close().await;
    let body = json!({ "webhook_ids": [connection.id.as_str(), later.id.as_str()] });
    let session = hookdeck_testkit::id(&world.api.ok("POST", "/cli-sessions", body).await);
    terminal = world.handshake(&session).open().await;
    world.post(&later, json!({})).await;
    assert_eq!(terminal.serve(200).await["webhook_id"], later.id.as_str());
}

#[tokio::test]
async fn an_attempt_in_flight_is_recorded_when_its_session_goes() {
    for clean in [false, true] {
        let (world, connection, mut terminal) = World::listening().await;
        let request_id = world.post(&connection, json!({})).await;
        let attempt = terminal.attempt().await;
        if clean {
            terminal.close().await;
        } else {
            terminal.break_off().await;
        }
        let event = world.settled(&request_id).await;
        assert_eq!(outcome(&event), UNAVAILABLE, "clean: {clean}");
        let recorded = world.attempts_of(&event).await;
        assert_eq!(recorded.len(), 1);
        assert_eq!(recorded[0].id.as_str(), attempt["attempt_id"]);
        assert!(recorded[0].delivered_at.is_some());
    }
}

#[tokio::test]
async fn a_client_that_comes_back_goes_on_with_its_session() {
    let world = World::start().await;
    let rule = Rule::retry().linear(seconds(60)).count(5);
    let connection = world.connection("shop").rule(rule).await;
    let session = world.session(&connection, Value::Null).await;
    world.handshake(&session).open().await.break_off().await;
    let request_id = world.post(&connection, json!({ "n": 1 })).await;
    assert_eq!(outcome(&world.given_up(&request_id).await), UNAVAILABLE);

    let mut terminal = world.handshake(&session).open().await;
    let span = seconds(60);
    let (advanced, attempt) = tokio::join!(world.gateway.advance(span), terminal.serve(200));
    advanced.unwrap();
    assert_eq!(attempt["request"]["data_string"], "{\"n\":1}");
    let event = world.settled(&request_id).await;
    assert_eq!(outcome(&event), ("SUCCESSFUL", None));
    assert_eq!(event.attempts, 2);
}

#[tokio::test]
async fn a_session_that_was_lost_is_made_again_from_what_the_client_sends() {
    let world = World::start().await;
    let connection = world.connection("shop").await;
    let session = world.session(&connection, Value::Null).await;
    world.advance(seconds(120)).await;
    let (code, reason) = world.handshake(&session).closed().await;
    assert_eq!((code, reason.as_str()), EXPIRED);

    use base64::Engine as _;
    let filters = json!({ "body": { "a": "é" } }).to_string();
    let filters = base64::engine::general_purpose::STANDARD.encode(filters);
    let again = |id: &str| {
        let ids = format!("web_unknown,{}", connection.id);
        world
            .handshake(id)
            .header("x-webhook-ids", ids)
            .header("x-session-filters", filters.clone())
    };
    let mut terminal = again(&session).open().await;
    world.post(&connection, json!({ "a": "e" })).await;
    let request_id = world.post(&connection, json!({ "a": "é" })).await;
    let attempt = terminal.serve(200).await;
    assert_eq!(attempt["request"]["data_string"], "{\"a\":\"é\"}");
    let event = world.settled(&request_id).await;
    assert_eq!(outcome(&event), ("SUCCESSFUL", None));

    // Also one of a gateway that is gone; but not when it has no connection here.
    again("cses_ofAnotherGateway").open().await.close().await;
    let stranger = world.handshake("cses_ofAnotherGateway");
    let stranger = stranger.header("x-webhook-ids", "web_unknown");
    let (code, reason) = stranger.closed().await;
    assert_eq!((code, reason.as_str()), EXPIRED);
}

#[tokio::test]
async fn after_a_clean_close_the_session_is_unknown() {
    let world = World::start().await;
    let connection = world.connection("shop").await;
    let session = world.session(&connection, Value::Null).await;
    world.handshake(&session).open().await.close().await;
    let (code, reason) = world.handshake(&session).closed().await;
    assert_eq!((code, reason.as_str()), EXPIRED);
}

#[tokio::test]
async fn a_second_socket_takes_the_session_over_with_what_is_in_flight() {
    let world = World::start().await;
    let connection = world.connection("shop").await;
    let session = world.session(&connection, Value::Null).await;
    let mut first = world.handshake(&session).open().await;
    let request_id = world.post(&connection, json!({})).await;
    let attempt = first.attempt().await;
    let mut second = world.handshake(&session).open().await;
    assert_eq!(first.closed().await.0, 1008);
    first.gone().await;
    second.answer(&attempt, 200, "").await;
    assert_eq!(
        outcome(&world.settled(&request_id).await),
        ("SUCCESSFUL", None)
    );
    let request_id = world.post(&connection, json!({})).await;
    second.serve(200).await;
    assert_eq!(
        outcome(&world.settled(&request_id).await),
        ("SUCCESSFUL", None)
    );
}

#[tokio::test]
async fn a_request_that_found_nobody_is_delivered_when_it_is_retried() {
    let world = World::start().await;
    let connection = world.connection("shop").await;
    let request_id = world.post(&connection, json!({ "late": true })).await;
    let retried = world.client.requests().retry(&request_id).await.unwrap();
    assert!(
        retried.events.unwrap_or_default().is_empty(),
        "still nobody"
    );
    assert_eq!(world.ignored_of(&request_id).await.len(), 1);

    let mut terminal = world.listen(&connection).await;
    let retried = world.client.requests().retry(&request_id).await.unwrap();
    assert_eq!(retried.events.unwrap().len(), 1);
    let attempt = terminal.serve(200).await;
    assert_eq!(attempt["request"]["data_string"], "{\"late\":true}");
    assert_eq!(
        outcome(&world.settled(&request_id).await),
        ("SUCCESSFUL", None)
    );
    assert!(world.ignored_of(&request_id).await.is_empty());
    let request = world.client.requests().get(&request_id).await.unwrap();
    assert_eq!(
        (request.ignored_count, request.cli_events_count),
        (Some(0), Some(1))
    );
}

#[tokio::test]
async fn a_bulk_retry_of_ignored_events_looks_for_a_session_again() {
    let world = World::start().await;
    let connection = world.connection("shop").await;
    let request_id = world.post(&connection, json!({})).await;
    let mut terminal = world.listen(&connection).await;
    let query = json!({ "query": { "cause": "CLI_DISCONNECTED" } });
    let _: Value = world
        .client
        .raw()
        .post("/bulk/ignored-events/retry")
        .json(&query)
        .decode()
        .await
        .unwrap();
    terminal.serve(200).await;
    assert_eq!(
        outcome(&world.settled(&request_id).await),
        ("SUCCESSFUL", None)
    );
}

#[tokio::test]
async fn a_later_attempt_goes_to_whoever_is_there_now() {
    let (world, connection, mut terminal) = World::listening().await;
    let request_id = world.post(&connection, json!({ "n": 1 })).await;
    terminal.serve(500).await;
    let event = world.settled(&request_id).await;
    let first_client = event.cli_id.clone();
    terminal.break_off().await;

    let uninterested = json!({ "body": { "n": 2 } });
    let uninterested = world.session(&connection, uninterested).await;
    let _idle = world.handshake(&uninterested).open().await;
    world.client.events().retry(&event.id).await.unwrap();
    assert_eq!(outcome(&world.given_up(&request_id).await), UNAVAILABLE);

    let mut newer = world.listen_on("elsewhere", &connection).await;
    world.client.events().retry(&event.id).await.unwrap();
    let attempt = newer.serve(200).await;
    assert_eq!(
        attempt["request"]["headers"]["x-hookdeck-attempt-count"],
        "3"
    );
    let event = world.settled(&request_id).await;
    assert_eq!(outcome(&event), ("SUCCESSFUL", None));
    assert_ne!(
        event.cli_id, first_client,
        "it is the client's that took it"
    );
}

#[tokio::test]
async fn a_paused_connection_holds_events_only_while_somebody_listens() {
    let (world, connection, terminal) = World::listening().await;
    let connections = world.client.connections();
    connections.pause(&connection.id).await.unwrap();
    let request_id = world.post(&connection, json!({})).await;
    let held = world.settled(&request_id).await;
    assert_eq!(outcome(&held), ("HOLD", None));
    terminal.close().await;
    let missed = world.post(&connection, json!({})).await;
    let ignored = world.ignored_of(&missed).await;
    assert_eq!(ignored[0].cause, "CLI_DISCONNECTED");
    assert!(world.events_of(&missed).await.is_empty());
    let request = world.client.requests().get(&request_id).await.unwrap();
    assert_eq!(
        (request.events_count, request.cli_events_count),
        (Some(0), Some(1))
    );

    // Whoever is there in the end gets it.
    let mut terminal = world.listen_on("elsewhere", &connection).await;
    connections.unpause(&connection.id).await.unwrap();
    terminal.serve(200).await;
    let event = world.settled(&request_id).await;
    assert_eq!(outcome(&event), ("SUCCESSFUL", None));
    assert_ne!(event.cli_id, held.cli_id);
}

#[tokio::test]
async fn a_reset_ends_every_session() {
    let world = World::of(gateway().control(true)).await;
    let connection = world.connection("shop").await;
    let mut terminal = world.listen(&connection).await;
    let url = format!("{}/_gateway/reset", world.gateway.api_url());
    let reply = read(http().post(url)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let (code, reason) = terminal.closed().await;
    assert_eq!((code, reason.as_str()), EXPIRED);
    // Sessions made after it work.
    let connection = world.connection("shop").await;
    let mut terminal = world.listen(&connection).await;
    let request_id = world.post(&connection, json!({})).await;
    terminal.serve(200).await;
    assert_eq!(
        outcome(&world.settled(&request_id).await),
        ("SUCCESSFUL", None)
    );
}

#[tokio::test]
async fn a_gateway_that_shuts_down_lets_the_terminal_answer_and_says_goodbye() {
    let (world, connection, mut terminal) = World::listening().await;
    world.post(&connection, json!({})).await;
    let attempt = terminal.attempt().await;
    let client = async {
        terminal.answer(&attempt, 200, "").await;
        terminal.closed().await
    };
    let ((), (code, _)) = tokio::join!(world.shutdown(), client);
    assert_eq!(code, 1001);
}

#[tokio::test]
async fn dropping_the_gateway_closes_its_sockets() {
    let (world, _, terminal) = World::listening().await;
    drop(world);
    terminal.gone().await;
}

#[tokio::test]
async fn an_attempt_that_a_crash_cut_short_is_made_up_for() {
    let directory = tempfile::tempdir().unwrap();
    let builder = || gateway().data_dir(directory.path());
    let world = World::of(builder()).await;
    let rule = Rule::retry().linear(seconds(60)).count(5);
    let connection = world.connection("shop").rule(rule).await;
    let session = world.session(&connection, Value::Null).await;
    let mut terminal = world.handshake(&session).open().await;
    let request_id = world.post(&connection, json!({})).await;
    terminal.attempt().await;
    drop(world);
    terminal.gone().await;

    let world = World::of(builder()).await;
    let event = world.given_up(&request_id).await;
    assert_eq!(outcome(&event), UNAVAILABLE, "recorded, and not lost");
    // The session is as one that broke off: the client goes on with it.
    let mut terminal = world.handshake(&session).open().await;
    let span = seconds(60);
    let (advanced, _) = tokio::join!(world.gateway.advance(span), terminal.serve(200));
    advanced.unwrap();
    assert_eq!(
        outcome(&world.settled(&request_id).await),
        ("SUCCESSFUL", None)
    );
}

#[tokio::test]
async fn a_deleted_connection_is_left_out_of_a_session() {
    let (world, connection, _terminal) = World::listening().await;
    let other = world.connection("other").await;
    world
        .client
        .connections()
        .delete(&connection.id)
        .await
        .unwrap();
    let refused = world
        .client
        .raw()
        .post("/cli-sessions")
        .json(&json!({ "webhook_ids": [other.id.as_str(), connection.id.as_str()] }))
        .decode::<Value>()
        .await
        .unwrap_err();
    assert!(refused.is_not_found(), "{refused}");
    let ids = format!("{},{}", connection.id, other.id);
    let mut terminal = Handshake::with(world.gateway.api_url())
        .key(world.gateway.api_key())
        .session("cses_1")
        .header("x-webhook-ids", ids)
        .open()
        .await;
    world.post(&other, json!({})).await;
    terminal.serve(200).await;
}
