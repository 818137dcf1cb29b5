//! Requests, events and attempts as the API shows and changes them.

use hookdeck_testkit::{Answer, Api, Receiver, field, id, seconds};
use serde_json::{Value, json};

use crate::start;

async fn only_event(api: &Api) -> Value {
    let mut events = api.models("/events").await;
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

#[tokio::test]
async fn a_delivered_webhook_can_be_followed_from_request_to_attempt() {
    let world = start().await;
    let api = &world.api;
    let seen = Answer::json(&json!({ "seen": true }));
    world.receiver.always(seen);
    let connection = world.connect("c").json().await;
    let request_id = world.deliver(&connection, json!({ "order": 7 })).await;

    let request = api.get(&format!("/requests/{request_id}")).await.json();
    assert_eq!(request["source_id"], connection["source"]["id"]);
    assert_eq!(request["rejection_cause"], Value::Null);
    assert_eq!(request["verified"], false);
    assert_eq!(request["events_count"], 1);
    assert_eq!(request["ignored_count"], 0);
    assert_eq!(request["data"]["body"], json!({ "order": 7 }));
    assert_eq!(request["created_at"], "2026-09-01T12:00:00.000000Z");
    assert_eq!(request["ingested_at"], "2026-09-01T12:00:00.000Z");

    let events = api.models(&format!("/requests/{request_id}/events")).await;
    assert_eq!(events.len(), 1);
    assert!(events[0].get("data").is_none(), "lists leave the data out");
    let event = api.get(&format!("/events/{}", id(&events[0]))).await.json();
    assert_eq!(event["status"], "SUCCESSFUL");
    assert_eq!(event["attempts"], 1);
    assert_eq!(event["response_status"], 200);
    assert_eq!(event["webhook_id"], connection["id"]);
    assert_eq!(event["request_id"], request_id.as_str());
    assert_eq!(event["event_data_id"], request["original_event_data_id"]);
    assert_eq!(event["successful_at"], "2026-09-01T12:00:00.000Z");

    let received = &world.receiver.deliveries()[0];
    assert_eq!(event["data"]["method"], received.method.as_str());
    assert_eq!(event["data"]["url"], format!("{}/", world.receiver.url));
    for name in [
        "x-hookdeck-eventid",
        "x-hookdeck-attempt-count",
        "x-hookdeck-signature",
    ] {
        assert_eq!(
            event["data"]["headers"][name],
            received.headers[name].to_str().unwrap(),
            "{name}"
        );
        let appended = event["data"]["appended_headers"].as_array().unwrap();
        assert!(appended.contains(&json!(name)), "{name}");
    }

    let attempts = api
        .models(&format!("/attempts?event_id={}", id(&event)))
        .await;
    assert_eq!(attempts.len(), 1);
    assert!(
        attempts[0].get("body").is_none(),
        "lists leave the destination's answer out"
    );
    let attempt = api
        .get(&format!("/attempts/{}", id(&attempts[0])))
        .await
        .json();
    assert_eq!(attempt["status"], "SUCCESSFUL");
    assert_eq!(attempt["trigger"], "INITIAL");
    assert_eq!(attempt["attempt_number"], 1);
    assert_eq!(attempt["body"], json!({ "seen": true }));
    assert_eq!(attempt["http_method"], "POST");
    assert_eq!(attempt["error_code"], Value::Null);

    let raw = json!({ "body": "{\"order\":7}" });
    assert_eq!(
        api.get(&format!("/requests/{request_id}/raw_body"))
            .await
            .json(),
        raw
    );
    assert_eq!(
        api.get(&format!("/events/{}/raw_body", id(&event)))
            .await
            .json(),
        raw
    );
    let with_data = api.models("/events?include=data").await;
    assert_eq!(with_data[0]["data"], event["data"]);
}

#[tokio::test]
async fn events_filter_by_what_became_of_them() {
    let world = start().await;
    let api = &world.api;
    let good = Receiver::answering(200).await;
    let bad = Receiver::answering(500).await;
    let first = world.connect("good").to(&good).json().await;
    let second = world.connect("bad").to(&bad).json().await;
    world.deliver(&first, json!({})).await;
    world.deliver(&second, json!({})).await;
    for (query, expected) in [
        ("status=SUCCESSFUL".to_owned(), &first),
        ("status[]=FAILED&status[]=CANCELLED".to_owned(), &second),
        ("response_status=500".to_owned(), &second),
        ("response_status[gte]=500".to_owned(), &second),
        ("response_status[lt]=300".to_owned(), &first),
        (format!("webhook_id={}", id(&first)), &first),
        (
            format!("destination_id={}", id(&second["destination"])),
            &second,
        ),
        (format!("source_id={}", id(&first["source"])), &first),
        ("successful_at=".to_owned(), &second),
        ("attempts[gte]=1&status=FAILED".to_owned(), &second),
    ] {
        let events = api.models(&format!("/events?{query}")).await;
        assert_eq!(field(&events, "webhook_id"), [id(expected)], "{query}");
    }
    assert!(api.models("/events?attempts=0").await.is_empty());
    assert_eq!(api.get("/events?status=DONE").await.status, 422);
}

#[tokio::test]
async fn a_manual_retry_is_answered_at_once_and_makes_one_more_attempt() {
    let world = start().await;
    let api = &world.api;
    world.receiver.always(500);
    let connection = world.connect("c").json().await;
    world.deliver(&connection, json!({})).await;
    let event = only_event(api).await;
    assert_eq!(event["status"], "FAILED");
    assert_eq!(event["next_attempt_at"], Value::Null);

    world.receiver.always(200);
    let path = format!("/events/{}", id(&event));
    let retried = api.ok("POST", &format!("{path}/retry"), json!({})).await;
    assert_eq!(retried["id"], event["id"]);
    assert_eq!(retried["status"], "QUEUED");
    world.settle().await;
    let event = api.get(&path).await.json();
    assert_eq!(event["status"], "SUCCESSFUL");
    assert_eq!(event["attempts"], 2);
    let attempts = api
        .models(&format!("/attempts?event_id={}&dir=asc", id(&event)))
        .await;
    let mut triggers = field(&attempts, "trigger");
    triggers.sort();
    assert_eq!(triggers, ["INITIAL", "MANUAL"]);
    // Delivered is no obstacle.
    api.ok("POST", &format!("{path}/retry"), json!({})).await;
    world.settle().await;
    assert_eq!(world.receiver.deliveries().len(), 3);
}

#[tokio::test]
async fn a_retry_on_a_disabled_connection_answers_the_event_as_it_is() {
    let world = start().await;
    let api = &world.api;
    world.receiver.always(500);
    let connection = world.connect("c").json().await;
    world.deliver(&connection, json!({})).await;
    let event = only_event(api).await;
    api.ok(
        "PUT",
        &format!("/connections/{}/disable", id(&connection)),
        json!({}),
    )
    .await;
    let before = api.get(&format!("/events/{}", id(&event))).await.json();
    let retried = api
        .ok("POST", &format!("/events/{}/retry", id(&event)), json!({}))
        .await;
    assert_eq!(retried["status"], before["status"]);
    assert_eq!(retried["attempts"], before["attempts"]);
    world.settle().await;
    assert_eq!(world.receiver.deliveries().len(), 1);
}

#[tokio::test]
async fn held_events_can_be_cancelled_and_delivered_ones_stay_delivered() {
    let world = start().await;
    let api = &world.api;
    let connection = world.connect("c").json().await;
    let path = format!("/connections/{}", id(&connection));
    api.ok("PUT", &format!("{path}/pause"), json!({})).await;
    world.deliver(&connection, json!({})).await;
    let event = only_event(api).await;
    assert_eq!(event["status"], "HOLD");
    let cancelled = api
        .ok("PUT", &format!("/events/{}/mute", id(&event)), json!({}))
        .await;
    assert_eq!(cancelled["status"], "CANCELLED");
    api.ok("PUT", &format!("{path}/unpause"), json!({})).await;
    world.settle().await;
    assert!(world.receiver.deliveries().is_empty());

    world.deliver(&connection, json!({})).await;
    let delivered = api.models("/events?status=SUCCESSFUL").await;
    let cancelled = api
        .ok(
            "PUT",
            &format!("/events/{}/cancel", id(&delivered[0])),
            json!({}),
        )
        .await;
    assert_eq!(cancelled["status"], "SUCCESSFUL");
}

#[tokio::test]
async fn unpausing_delivers_what_was_held() {
    let world = start().await;
    let api = &world.api;
    let connection = world.connect("c").json().await;
    let path = format!("/connections/{}", id(&connection));
    api.ok("PUT", &format!("{path}/pause"), json!({})).await;
    world.deliver(&connection, json!({})).await;
    api.ok("PUT", &format!("{path}/unpause"), json!({})).await;
    world.settle().await;
    assert_eq!(world.receiver.deliveries().len(), 1);
    let attempts = api.models("/attempts").await;
    assert_eq!(field(&attempts, "trigger"), ["INITIAL"]);
}

#[tokio::test]
async fn disabling_a_connection_cancels_the_retry_that_was_due() {
    let world = start().await;
    let api = &world.api;
    world.receiver.always(500);
    let rules = json!([{ "type": "retry", "strategy": "linear", "interval": 60_000, "count": 5 }]);
    let connection = world.connect("c").rules(rules).json().await;
    world.deliver(&connection, json!({})).await;
    let event = only_event(api).await;
    assert_eq!(event["status"], "FAILED");
    assert_eq!(event["next_attempt_at"], "2026-09-01T12:01:00.000Z");
    assert_eq!(
        api.models("/events?next_attempt_at[lte]=2026-09-01T12:01:00Z")
            .await
            .len(),
        1
    );
    api.ok(
        "PUT",
        &format!("/connections/{}/disable", id(&connection)),
        json!({}),
    )
    .await;
    world.advance(seconds(3600)).await;
    let event = only_event(api).await;
    assert_eq!(event["status"], "CANCELLED");
    assert_eq!(event["next_attempt_at"], Value::Null);
    assert_eq!(world.receiver.deliveries().len(), 1);
}

#[tokio::test]
async fn filtered_requests_show_why_and_can_be_retried() {
    let world = start().await;
    let api = &world.api;
    let rules = json!([{ "type": "filter", "body": { "type": "order" } }]);
    let connection = world.connect("c").rules(rules).json().await;
    let request_id = world.deliver(&connection, json!({ "type": "user" })).await;
    let request = api.get(&format!("/requests/{request_id}")).await.json();
    assert_eq!(request["events_count"], 0);
    assert_eq!(request["ignored_count"], 1);
    let ignored = api
        .models(&format!("/requests/{request_id}/ignored_events"))
        .await;
    assert_eq!(
        ignored[0]["id"],
        format!("{request_id}:{}", id(&connection))
    );
    assert_eq!(ignored[0]["cause"], "FILTERED");
    assert_eq!(ignored[0]["meta"], json!(["body"]));
    assert_eq!(api.models("/requests?ignored_count[gt]=0").await.len(), 1);

    let path = format!("/connections/{}", id(&connection));
    api.ok("PUT", &path, json!({ "rules": [] })).await;
    let retried = api
        .ok("POST", &format!("/requests/{request_id}/retry"), json!({}))
        .await;
    assert_eq!(retried["request"]["id"], request_id.as_str());
    assert_eq!(retried["events"].as_array().unwrap().len(), 1);
    world.settle().await;
    assert_eq!(world.receiver.deliveries().len(), 1);
}

#[tokio::test]
async fn a_request_with_nothing_to_retry_is_refused() {
    let world = start().await;
    let api = &world.api;
    let connection = world.connect("c").json().await;
    let request_id = world.deliver(&connection, json!({})).await;
    let refused = api
        .post(&format!("/requests/{request_id}/retry"), json!({}))
        .await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["data"], json!({ "request_id": request_id }));
}

#[tokio::test]
async fn a_rejected_request_is_listed_by_its_cause() {
    let world = start().await;
    let api = &world.api;
    let source = api.source("lonely").await;
    world.deliver(&source, "{}").await;
    let rejected = api.models("/requests?status=rejected").await;
    assert_eq!(field(&rejected, "rejection_cause"), ["NO_CONNECTION"]);
    assert_eq!(
        api.models("/requests?rejection_cause=NO_CONNECTION")
            .await
            .len(),
        1
    );
    assert!(
        api.models("/requests?rejection_cause=UNPARSABLE_JSON")
            .await
            .is_empty()
    );
    assert!(api.models("/requests?status=accepted").await.is_empty());
    // The status wins over a cause that contradicts it.
    assert!(
        api.models("/requests?status=accepted&rejection_cause=NO_CONNECTION")
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn a_replay_makes_a_new_request_and_leaves_the_old_one_alone() {
    let world = start().await;
    let api = &world.api;
    let connection = world.connect("c").json().await;
    let request_id = world.deliver(&connection, json!({ "order": 7 })).await;
    let event = only_event(api).await;

    for path in [
        format!("/events/{}/replay", id(&event)),
        format!("/requests/{request_id}/replay"),
    ] {
        let replayed = api.ok("POST", &path, json!({})).await;
        assert_eq!(replayed["requests"].as_array().unwrap().len(), 1, "{path}");
        assert_eq!(replayed["events"].as_array().unwrap().len(), 1, "{path}");
        assert_ne!(replayed["requests"][0]["id"], request_id.as_str());
        assert_ne!(replayed["events"][0]["id"], event["id"]);
        assert_eq!(
            replayed["events"][0]["request_id"],
            replayed["requests"][0]["id"]
        );
    }
    world.settle().await;
    assert_eq!(world.receiver.deliveries().len(), 3);
    assert_eq!(
        api.get(&format!("/events/{}", id(&event))).await.json()["attempts"],
        1
    );
    for received in world.receiver.deliveries() {
        assert_eq!(&received.body[..], b"{\"order\":7}");
    }
}
