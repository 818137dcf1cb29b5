//! Events on their way to a terminal and back.

use hookdeck::models::{DestinationInput, FilterPart, IgnoredEventMeta, Rule, SourceInput};
use hookdeck::types::Timestamp;
use hookdeck_testkit::{START, seconds};
use serde_json::{Value, json};

use crate::world::{World, outcome};

#[tokio::test]
async fn a_webhook_goes_to_the_terminal_and_its_answer_is_the_attempt() {
    let world = World::start().await;
    let connection = world.connection("shop").await;
    let session = world.session(&connection, Value::Null).await;
    let mut terminal = world.handshake(&session).open().await;

    let body = "{\"order\": 7}";
    let request_id = world
        .webhook(&connection)
        .path("/orders?page=2")
        .header("content-type", "application/json")
        .body(body)
        .taken()
        .await;
    let attempt = terminal.attempt().await;
    assert_eq!(attempt["cli_path"], "/hooks/orders?page=2");
    assert_eq!(attempt["webhook_id"], connection.id.as_str());
    let request = &attempt["request"];
    assert_eq!(request["method"], "POST");
    assert_eq!(request["timeout"], 60_000);
    assert_eq!(request["data_string"], body, "byte for byte");
    assert!(request.get("data_base64").is_none());
    let headers = &request["headers"];
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["x-hookdeck-eventid"], attempt["event_id"]);
    assert_eq!(headers["x-hookdeck-attempt-count"], "1");
    assert!(headers["x-hookdeck-signature"].is_string());
    assert!(headers.get("host").is_none() && headers.get("content-length").is_none());

    terminal.answer(&attempt, 201, "{\"seen\":true}").await;
    let event = world.settled(&request_id).await;
    assert_eq!(outcome(&event), ("SUCCESSFUL", None));
    assert_eq!(event.id.as_str(), attempt["event_id"]);
    assert_eq!(event.response_status, Some(201));
    assert!(event.cli_id.as_deref().unwrap().starts_with("cli_"));
    let recorded = world.attempts_of(&event).await;
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].id.as_str(), attempt["attempt_id"]);
    assert_eq!(recorded[0].status, "SUCCESSFUL");
    assert_eq!(recorded[0].response_status, Some(201));
    let answered = recorded[0].body.as_ref().unwrap().to_value();
    assert_eq!(answered, json!({ "seen": true }));
    assert_eq!(
        recorded[0].requested_url.as_deref(),
        Some("/hooks/orders?page=2")
    );
    let now = Timestamp::from_unix_seconds(START);
    assert_eq!(recorded[0].responded_at, Some(now));

    let request = world.client.requests().get(&request_id).await.unwrap();
    assert_eq!(
        request.events_count,
        Some(0),
        "those for clients are not counted"
    );
    assert_eq!(request.cli_events_count, Some(1));
    assert_eq!(request.ignored_count, Some(0));
}

#[tokio::test]
async fn every_client_gets_an_event_of_its_own() {
    let (world, connection, mut first) = World::listening().await;
    let mut second = world.listen_on("another", &connection).await;
    let request_id = world.post(&connection, json!({ "a": 1 })).await;
    let (one, two) = (first.serve(200).await, second.serve(500).await);
    assert_ne!(one["event_id"], two["event_id"]);
    world.settle().await;

    let events = world.events_of(&request_id).await;
    assert_eq!(events.len(), 2);
    assert_ne!(events[0].cli_id, events[1].cli_id);
    for event in &events {
        let expected = if event.id.as_str() == one["event_id"] {
            "SUCCESSFUL"
        } else {
            "FAILED"
        };
        assert_eq!(outcome(event), (expected, None));
        let id = event.cli_id.clone().unwrap();
        let found = world.client.events().list().cli_id(id).await.unwrap();
        assert_eq!(found.items.len(), 1, "events are found by their client");
    }
    let request = world.client.requests().get(&request_id).await.unwrap();
    assert_eq!(request.cli_events_count, Some(2));
}

#[tokio::test]
async fn terminals_of_one_client_share_an_event_and_the_newest_gets_it() {
    let (world, connection, mut first) = World::listening().await;
    let mut second = world.listen(&connection).await;
    let request_id = world.post(&connection, json!({ "n": 1 })).await;
    second.serve(200).await;
    assert_eq!(
        outcome(&world.settled(&request_id).await),
        ("SUCCESSFUL", None)
    );
    let request = world.client.requests().get(&request_id).await.unwrap();
    assert_eq!(request.cli_events_count, Some(1));
    // Nothing came to the first meanwhile: what it gets next is the next one.
    second.close().await;
    world.post(&connection, json!({ "n": 2 })).await;
    let attempt = first.serve(200).await;
    assert_eq!(attempt["request"]["data_string"], "{\"n\":2}");
}

#[tokio::test]
async fn the_client_of_an_event_is_the_one_that_signed_in() {
    let world = World::start().await;
    let connection = world.connection("shop").await;
    let body = json!({ "device_name": "build-7" });
    let signed_in = world.api.ok("POST", "/cli-auth/ci", body).await;
    let mut terminal = world.listen_on("build-7", &connection).await;
    let request_id = world.post(&connection, json!({})).await;
    terminal.serve(200).await;
    let event = world.settled(&request_id).await;
    assert_eq!(event.cli_id.as_deref(), signed_in["client_id"].as_str());
}

#[tokio::test]
async fn a_session_gets_events_of_its_own_connections_only() {
    let (world, connection, mut terminal) = World::listening().await;
    let other = world.connection("other").await;
    let request_id = world.post(&other, json!({})).await;
    world.settle().await;
    let ignored = world.ignored_of(&request_id).await;
    assert_eq!(ignored[0].cause, "CLI_DISCONNECTED");
    world.post(&connection, json!({ "mine": true })).await;
    let attempt = terminal.serve(200).await;
    assert_eq!(attempt["webhook_id"], connection.id.as_str());
}

#[tokio::test]
async fn a_session_gets_what_its_filters_let_through() {
    let world = World::start().await;
    let connection = world.connection("shop").await;
    let paid = json!({ "body": { "type": "paid" }, "headers": { "x-eu": { "$exist": false } } });
    let session = world.session(&connection, paid).await;
    let mut terminal = world.handshake(&session).open().await;

    let filtered = world.post(&connection, json!({ "type": "created" })).await;
    let wanted = world.post(&connection, json!({ "type": "paid" })).await;
    let attempt = terminal.serve(200).await;
    assert_eq!(attempt["request"]["data_string"], r#"{"type":"paid"}"#);
    assert_eq!(outcome(&world.settled(&wanted).await), ("SUCCESSFUL", None));

    let ignored = world.ignored_of(&filtered).await;
    assert_eq!(ignored.len(), 1);
    assert_eq!(ignored[0].cause, "FILTERED");
    let Some(IgnoredEventMeta::List(parts)) = &ignored[0].meta else {
        panic!("{:?}", ignored[0].meta);
    };
    assert_eq!(parts, &[FilterPart::Body]);

    // Another session without filters wants it all, and each decides for itself.
    let mut all = world.listen(&connection).await;
    let request_id = world.post(&connection, json!({ "type": "created" })).await;
    all.serve(200).await;
    assert_eq!(
        outcome(&world.settled(&request_id).await),
        ("SUCCESSFUL", None)
    );
}

#[tokio::test]
async fn rules_of_the_connection_come_before_the_session() {
    let world = World::start().await;
    let rule = Rule::filter().body(json!({ "a": 1 }));
    let connection = world.connection("shop").rule(rule).await;
    let request_id = world.post(&connection, json!({ "a": 2 })).await;
    assert_eq!(world.ignored_of(&request_id).await[0].cause, "FILTERED");
    let request_id = world.post(&connection, json!({ "a": 1 })).await;
    assert_eq!(
        world.ignored_of(&request_id).await[0].cause,
        "CLI_DISCONNECTED"
    );
}

#[tokio::test]
async fn the_retry_rule_holds_for_terminals_too() {
    let world = World::start().await;
    let rule = Rule::retry().linear(seconds(30)).count(2);
    let connection = world.connection("shop").rule(rule).await;
    let mut terminal = world.listen(&connection).await;
    let request_id = world.post(&connection, json!({})).await;
    terminal.serve(500).await;
    let event = world.settled(&request_id).await;
    let due = Timestamp::from_unix_seconds(START + 30);
    assert_eq!(event.next_attempt_at, Some(due));

    let client = async {
        let again = terminal.attempt().await;
        let headers = &again["request"]["headers"];
        assert_eq!(headers["x-hookdeck-attempt-count"], "2");
        assert_eq!(headers["x-hookdeck-attempt-trigger"], "AUTOMATIC");
        terminal.answer(&again, 200, "").await;
        again
    };
    let span = seconds(60);
    let (advanced, again) = tokio::join!(world.gateway.advance(span), client);
    let fired = advanced.unwrap().fired;
    assert_eq!(fired.len(), 1);
    assert_eq!(fired[0].at, due);
    assert_eq!(again["event_id"], event.id.as_str());
    assert_eq!(
        outcome(&world.settled(&request_id).await),
        ("SUCCESSFUL", None)
    );
}

#[tokio::test]
async fn a_settle_waits_for_an_attempt_at_a_terminal() {
    let (world, connection, mut terminal) = World::listening().await;
    let request_id = world.post(&connection, json!({})).await;
    let mut settle = std::pin::pin!(world.gateway.settle());
    let attempt = tokio::select! {
        biased;
        _ = &mut settle => panic!("settled with an attempt in flight"),
        attempt = terminal.attempt() => attempt,
    };
    terminal.answer(&attempt, 200, "").await;
    settle.await.unwrap();
    let events = world.events_of(&request_id).await;
    assert_eq!(outcome(&events[0]), ("SUCCESSFUL", None));
}

#[tokio::test]
async fn a_local_server_that_cannot_be_reached_is_an_error_of_the_client() {
    let (world, connection, mut terminal) = World::listening().await;
    for body in [
        json!({ "error": true }),
        json!({ "status": "200", "data": "" }),
        json!({ "status": 70_000 }),
        json!({}),
    ] {
        let request_id = world.post(&connection, body.clone()).await;
        let attempt = terminal.attempt().await;
        let mut body = body;
        body["attempt_id"] = attempt["attempt_id"].clone();
        terminal.respond(body.clone()).await;
        let event = world.settled(&request_id).await;
        assert_eq!(outcome(&event), ("FAILED", Some("CLI")), "{body}");
        assert_eq!(event.response_status, None);
    }
}

#[tokio::test]
async fn a_terminal_that_never_answers_runs_out_of_time() {
    let (world, connection, mut terminal) = World::listening().await;
    // The shortest limit there is, in real time; the test ends when the limit does.
    let _: Value = world
        .client
        .raw()
        .put(format!("/destinations/{}", connection.destination.id))
        .json(&json!({ "config": { "delivery_timeout": 1 } }))
        .decode()
        .await
        .unwrap();
    let request_id = world.post(&connection, json!({})).await;
    let attempt = terminal.attempt().await;
    assert_eq!(attempt["request"]["timeout"], 1_000);
    let event = world.settled(&request_id).await;
    assert_eq!(outcome(&event), ("FAILED", Some("TIMEOUT")));
    // Too late: it changes nothing, and the session goes on.
    terminal.answer(&attempt, 200, "").await;
    let next = world.post(&connection, json!({})).await;
    terminal.serve(200).await;
    assert_eq!(outcome(&world.settled(&next).await), ("SUCCESSFUL", None));
    let event = world.settled(&request_id).await;
    assert_eq!(
        (outcome(&event), event.attempts),
        (("FAILED", Some("TIMEOUT")), 1)
    );
}

#[tokio::test]
async fn bytes_reach_a_terminal_that_says_it_takes_them() {
    let (world, connection, legacy) = World::listening().await;
    let bytes = vec![0xff_u8, 0, 1];
    let request_id = world
        .webhook(&connection)
        .header("content-type", "image/png")
        .body(bytes.clone())
        .taken()
        .await;
    let event = world.settled(&request_id).await;
    assert_eq!(outcome(&event), ("FAILED", Some("CLI_BINARY_UNSUPPORTED")));
    legacy.close().await;

    let session = world.session(&connection, Value::Null).await;
    let handshake = world.handshake(&session);
    let handshake = handshake.header("x-hookdeck-cli-capabilities", "binary");
    let mut terminal = handshake.open().await;
    for (content_type, base64) in [("image/png", true), ("text/plain; charset=latin1", true)] {
        world
            .webhook(&connection)
            .header("content-type", content_type)
            .body(bytes.clone())
            .taken()
            .await;
        let request = terminal.serve(200).await["request"].take();
        assert_eq!(request["body_format"] == "binary", base64, "{request}");
        assert_eq!(request["data_base64"], "/wAB");
        assert!(request.get("data_string").is_none());
    }
    world.post(&connection, json!({})).await;
    let request = terminal.serve(200).await["request"].take();
    assert_eq!(request["data_string"], "{}");
    assert!(request.get("body_format").is_none());
}

#[tokio::test]
async fn the_destination_decides_method_path_and_credentials() {
    let world = World::start().await;
    let connection = world
        .client
        .connections()
        .create()
        .name("shop")
        .source(SourceInput::new("shop"))
        .destination(DestinationInput::cli("laptop", "/hooks"))
        .await
        .unwrap();
    let _: Value = world
        .client
        .raw()
        .put(format!("/destinations/{}", connection.destination.id))
        .json(&json!({ "config": {
            "http_method": "PUT",
            "path_forwarding_disabled": true,
            "auth_type": "BEARER_TOKEN",
            "auth": { "token": "tok-3n" },
        } }))
        .decode()
        .await
        .unwrap();
    let mut terminal = world.listen(&connection).await;
    let request_id = world
        .webhook(&connection)
        .path("/deep")
        .header("content-type", "text/plain")
        .body("hi")
        .taken()
        .await;
    let attempt = terminal.serve(200).await;
    assert_eq!(attempt["cli_path"], "/hooks");
    assert_eq!(attempt["request"]["method"], "PUT");
    let headers = &attempt["request"]["headers"];
    assert_eq!(headers["authorization"], "Bearer tok-3n");
    let event = world.settled(&request_id).await;
    let shown = world.client.events().get(&event.id).await.unwrap();
    let data = serde_json::to_string(&shown.data).unwrap();
    assert!(
        data.contains("/hooks") && !data.contains("tok-3n"),
        "{data}"
    );
}

#[tokio::test]
async fn failures_at_terminals_open_delivery_issues() {
    let (world, connection, mut terminal) = World::listening().await;
    for _ in 0..2 {
        let request_id = world.post(&connection, json!({})).await;
        let attempt = terminal.attempt().await;
        let failed = json!({ "attempt_id": attempt["attempt_id"], "error": true });
        terminal.respond(failed).await;
        world.settled(&request_id).await;
    }
    terminal.break_off().await;
    let request_id = world.post(&connection, json!({})).await;
    let event = world.given_up(&request_id).await;
    let issues = world.client.issues().list().await.unwrap().items;
    let issues: Vec<Value> = issues
        .iter()
        .map(|issue| serde_json::to_value(issue).unwrap())
        .collect();
    let codes: Vec<&Value> = issues
        .iter()
        .map(|issue| {
            assert_eq!(issue["type"], "delivery");
            let keys = &issue["aggregation_keys"];
            assert_eq!(keys["webhook_id"], json!([connection.id.as_str()]));
            &keys["error_code"]
        })
        .collect();
    assert_eq!(codes, [&json!(["CLI_UNAVAILABLE"]), &json!(["CLI"])]);
    assert_eq!(issues[0]["reference"]["event_id"], event.id.as_str());
}
