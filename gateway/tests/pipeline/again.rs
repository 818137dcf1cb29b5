//! Sending again what is stored: replays, request retries and bookmarks.

use hookdeck_testkit::{World, refusal, seconds};
use serde_json::{Value, json};

#[tokio::test]
async fn a_replay_is_a_new_request_under_the_rules_of_today() {
    let world = World::start().await;
    let connection = world.connect("replay").await;
    let source = json!({ "name": "replay-source" });
    let other = world.connect("other").source(source).await;
    let old = world.deliver(&connection, "{\"n\":1}").await;
    let events = world.events_of(&old).await;
    assert_eq!(world.receiver.rest().len(), 2);
    let update = world.client.raw().put(format!("/connections/{}", other.id));
    let rules = json!({ "rules": [{ "type": "filter", "body": { "n": 2 } }] });
    update.json(&rules).decode::<Value>().await.unwrap();

    let replayed = world.client.requests().replay(&old).await.unwrap();
    assert_eq!((replayed.requests.len(), replayed.events.len()), (1, 1));
    let new = replayed.requests[0].id.to_string();
    assert_ne!(new, old);
    assert_eq!(world.counts_of(&new).await, (1, 1, String::new()));
    assert_eq!(world.counts_of(&old).await, (2, 0, String::new()));
    world.settle().await;
    let seen = world.receiver.next().await;
    assert_eq!(
        (seen.text(), seen.header("x-hookdeck-requestid")),
        ("{\"n\":1}", new.as_str())
    );
    assert_eq!(seen.header("x-hookdeck-attempt-trigger"), "INITIAL");

    // An event's replay goes to its own connection alone.
    let own = events
        .iter()
        .find(|event| event.webhook_id == connection.id)
        .unwrap();
    let replayed = world.client.events().replay(&own.id).await.unwrap();
    assert_eq!(replayed.events.len(), 1);
    assert_eq!(replayed.events[0].webhook_id, connection.id);
    assert_ne!(replayed.events[0].id, own.id);
    assert_eq!(
        world.counts_of(replayed.requests[0].id.as_str()).await,
        (1, 0, String::new())
    );
}

#[tokio::test]
async fn a_replay_may_go_elsewhere_and_one_that_nobody_takes_is_rejected() {
    let world = World::start().await;
    let first = world.connect("first").mock().await;
    let second = world.connect("second").mock().await;
    let id = world.deliver(&first, "{}").await;
    let replay = |body: Value| {
        let call = world.client.raw().post(format!("/requests/{id}/replay"));
        call.json(&body).decode::<Value>()
    };
    let spread = replay(json!({ "webhook_ids": [first.id, second.id] }))
        .await
        .unwrap();
    assert_eq!(spread["requests"].as_array().unwrap().len(), 2);
    assert_eq!(spread["events"].as_array().unwrap().len(), 2);
    let moved = replay(json!({ "source_id": second.source.id }))
        .await
        .unwrap();
    assert_eq!(moved["events"][0]["webhook_id"], json!(second.id));
    let error = replay(json!({ "webhook_ids": ["web_none"] }))
        .await
        .unwrap_err();
    assert_eq!(error.status().unwrap(), 404);

    world.client.connections().disable(&first.id).await.unwrap();
    let nobody = replay(json!({})).await.unwrap();
    assert_eq!(nobody["requests"][0]["rejection_cause"], "NO_CONNECTION");
    assert_eq!(nobody["events"], json!([]));
    // What a refused target would have written is not there.
    let count = world.client.requests().list().await.unwrap().items.len();
    assert_eq!(count, 1 + 2 + 1 + 1);
}

#[tokio::test]
async fn a_replay_does_not_deliver_what_the_source_would_not_take() {
    let world = World::start().await;
    let connection = world.connect("strict").await;
    let many = format!("?{}", "a=1&".repeat(1_001));
    let large = "x".repeat(10 * 1024 * 1024 + 1);
    for (method, query, content_type, body, cause) in [
        ("POST", "", "text/plain", &*large, "PAYLOAD_TOO_LARGE"),
        ("POST", "", "application/json", "{", "UNPARSABLE_JSON"),
        ("POST", "", "a/b", "x", "UNSUPPORTED_CONTENT_TYPE"),
        ("GET", "", "text/plain", "", "UNSUPPORTED_HTTP_METHOD"),
        ("POST", &*many, "text/plain", "x", "UNKNOWN"),
    ] {
        let webhook = world.webhook(&connection).method(method).path(query);
        let webhook = webhook.header("content-type", content_type);
        let mut id = webhook.body(body.to_owned()).send().await.request_id();
        // A replay of a replay is no way around it.
        for _ in 0..2 {
            let replayed = world.client.requests().replay(&id).await.unwrap();
            assert!(replayed.events.is_empty(), "{cause}");
            id = replayed.requests[0].id.to_string();
            assert_eq!(world.counts_of(&id).await, (0, 0, cause.to_owned()));
        }
    }
    world.settle().await;
    assert!(world.receiver.deliveries().is_empty());
}

#[tokio::test]
async fn what_was_deleted_takes_no_replay() {
    let world = World::start().await;
    let connection = world.connect("gone").mock().await;
    let id = world.deliver(&connection, "{}").await;
    let event = world.event_of(&id).await;
    let client = &world.client;
    client.connections().delete(&connection.id).await.unwrap();
    // The event's own connection is gone: the source still takes the request, for nobody.
    let replayed = client.events().replay(&event.id).await.unwrap();
    let new = replayed.requests[0].id.to_string();
    assert_eq!(world.counts_of(&new).await.2, "NO_CONNECTION");
    client
        .sources()
        .delete(&connection.source.id)
        .await
        .unwrap();
    for error in [
        client.events().replay(&event.id).await.unwrap_err(),
        client.requests().replay(&id).await.unwrap_err(),
    ] {
        assert_eq!(error.status().unwrap(), 404);
    }
    assert_eq!(client.requests().list().await.unwrap().items.len(), 2);
}

#[tokio::test]
async fn a_request_retry_fills_in_what_is_missing_and_only_that() {
    let world = World::start().await;
    let plain = world.connect("plain").mock().await;
    let filter = json!([{ "type": "filter", "body": { "n": 2 } }]);
    let from = json!({ "name": "plain-source" });
    let strict = world
        .connect("strict")
        .source(from.clone())
        .mock()
        .rules(filter)
        .await;
    let off = world.connect("off").source(from.clone()).mock().await;
    world.client.connections().disable(&off.id).await.unwrap();
    let id = world.deliver(&plain, "{\"n\":1}").await;
    assert_eq!(world.counts_of(&id).await, (1, 2, String::new()));
    world.advance(seconds(1)).await;
    let late = world.connect("late").source(from).mock().await;

    // A connection the request never went through: taken, and nothing made.
    let elsewhere = world.connect("elsewhere").mock().await;
    for id_asked in [elsewhere.id.as_str(), late.id.as_str(), "web_none"] {
        let call = world.client.raw().post(format!("/requests/{id}/retry"));
        let call = call.json(&json!({ "webhook_ids": [id_asked] }));
        let nothing: Value = call.decode().await.unwrap();
        assert_eq!(nothing["events"], json!([]), "{id_asked}");
        assert_eq!(nothing["request"]["ignored_count"], 2, "{id_asked}");
    }

    // Nothing changed: still filtered, still disabled.
    let retried = world.client.requests().retry(&id).await.unwrap();
    assert_eq!(retried.events.unwrap_or_default().len(), 0);
    assert_eq!(world.counts_of(&id).await, (1, 2, String::new()));

    let update = world
        .client
        .raw()
        .put(format!("/connections/{}", strict.id));
    update
        .json(&json!({ "rules": [] }))
        .decode::<Value>()
        .await
        .unwrap();
    world.client.connections().enable(&off.id).await.unwrap();
    let call = world.client.raw().post(format!("/requests/{id}/retry"));
    let one: Value = call
        .json(&json!({ "webhook_ids": [strict.id] }))
        .decode()
        .await
        .unwrap();
    assert_eq!(one["events"][0]["webhook_id"], json!(strict.id));
    assert_eq!(
        (
            &one["request"]["events_count"],
            &one["request"]["ignored_count"]
        ),
        (&json!(2), &json!(1))
    );
    let rest = world.client.requests().retry(&id).await.unwrap();
    let events = rest.events.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].webhook_id, off.id);
    assert_eq!(world.counts_of(&id).await, (3, 0, String::new()));
    world.settle().await;
    // The connection that came later has nothing of it, and now there is nothing left to retry.
    let all = world.events_of(&id).await;
    assert!(all.iter().all(|event| event.webhook_id != late.id));
    let (status, message) = refusal(&world.client.requests().retry(&id).await.unwrap_err());
    assert_eq!(status, 400);
    assert_eq!(
        message,
        "Request is not eligible for retry because it not rejected or has no ignored events"
    );
}

#[tokio::test]
async fn a_rejected_request_can_be_retried_when_it_was_not_its_own_fault() {
    let world = World::start().await;
    let source = json!({ "name": "locked", "config": {
        "auth_type": "API_KEY", "auth": { "api_key": "secret", "header_key": "x-key" },
    } });
    let connection = world.connect("locked").source(source).mock().await;
    let refused = world.webhook(&connection).json("{}").send().await;
    assert_eq!((refused.status, refused.text.as_str()), (401, ""));
    let listed = world.client.requests().list().await.unwrap();
    let id = listed.items[0].id.to_string();
    assert_eq!(
        world.counts_of(&id).await,
        (0, 0, "VERIFICATION_FAILED".to_owned())
    );
    let retried = world.client.requests().retry(&id).await.unwrap();
    assert_eq!(retried.events.unwrap().len(), 1);
    assert_eq!(world.counts_of(&id).await, (1, 0, String::new()));

    world
        .client
        .sources()
        .disable(&connection.source.id)
        .await
        .unwrap();
    let reply = world.webhook(&connection).json("{}").send().await;
    let id = reply.request_id();
    let retried = world.client.requests().retry(&id).await.unwrap();
    assert_eq!(retried.events.unwrap_or_default().len(), 0);
    assert_eq!(
        world.counts_of(&id).await,
        (0, 0, "SOURCE_DISABLED".to_owned())
    );
    world
        .client
        .connections()
        .enable(&connection.id)
        .await
        .unwrap();
    let retried = world.client.requests().retry(&id).await.unwrap();
    assert_eq!(retried.events.unwrap().len(), 1);
}

#[tokio::test]
async fn a_bookmark_sends_its_data_again_and_notes_its_use() {
    let world = World::start().await;
    let connection = world.connect("marked").await;
    let id = world.deliver(&connection, "{ \"n\": 1e400 }").await;
    world.receiver.rest();
    let event = world.event_of(&id).await;
    let bookmarks = world.client.bookmarks();
    let bookmark = bookmarks
        .create(
            "an order",
            event.webhook_id.clone(),
            event.event_data_id.clone(),
        )
        .await
        .unwrap();
    assert_eq!(bookmark.last_used_at, None);
    assert_eq!(
        bookmarks.raw_body(&bookmark.id).await.unwrap().body,
        "{ \"n\": 1e400 }"
    );
    let events = bookmarks.trigger(&bookmark.id).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_ne!(events[0].request_id, event.request_id);
    world.settle().await;
    assert_eq!(world.receiver.next().await.text(), "{ \"n\": 1e400 }");
    assert_eq!(
        world.counts_of(events[0].request_id.as_str()).await,
        (1, 0, String::new())
    );
    let used = bookmarks.get(&bookmark.id).await.unwrap().last_used_at;
    assert!(used.is_some());

    world.advance(seconds(60)).await;
    world
        .client
        .connections()
        .disable(&connection.id)
        .await
        .unwrap();
    let (status, message) = refusal(&bookmarks.trigger(&bookmark.id).await.unwrap_err());
    assert_eq!(
        (status, message.as_str()),
        (422, "Connection does not exist or is disabled")
    );
    // Refused as a whole: it was not used.
    assert_eq!(
        bookmarks.get(&bookmark.id).await.unwrap().last_used_at,
        used
    );
}
