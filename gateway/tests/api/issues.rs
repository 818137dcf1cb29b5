//! Issues: what opens them, what opens them again, and which trigger is responsible.

use hookdeck_testkit::{Answer, id, seconds};
use serde_json::{Value, json};

use crate::start;

#[tokio::test]
async fn a_new_project_watches_everything() {
    let world = start().await;
    let api = &world.api;
    let triggers = api.models("/issue-triggers?order_by=type&dir=asc").await;
    let kinds: Vec<_> = triggers
        .iter()
        .map(|trigger| trigger["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["backpressure", "delivery", "request", "transformation"]
    );
    let configs: Vec<_> = triggers.iter().map(|trigger| &trigger["configs"]).collect();
    assert_eq!(
        configs[..3],
        [
            &json!({ "delay": 600_000, "destinations": "*" }),
            &json!({ "strategy": "first_attempt", "connections": "*" }),
            &json!({ "rejection_causes": "*", "sources": "*" }),
        ]
    );
}

#[tokio::test]
async fn failures_that_look_alike_are_one_issue() {
    let world = start().await;
    let api = &world.api;
    world.receiver.always(500);
    let connection = world.connect("c").json().await;
    world.deliver(&connection, json!({ "n": 1 })).await;
    let issues = api.models("/issues").await;
    assert_eq!(issues.len(), 1);
    let issue = &issues[0];
    assert_eq!(issue["status"], "OPENED");
    let keys =
        json!({ "webhook_id": [id(&connection)], "response_status": [500], "error_code": [] });
    assert_eq!(issue["aggregation_keys"], keys);
    let event = id(&issue["data"]["trigger_event"]);
    assert_eq!(issue["reference"]["event_id"], event.as_str());
    assert_eq!(issue["data"]["trigger_attempt"]["response_status"], 500);

    world.advance(seconds(60)).await;
    world.deliver(&connection, json!({ "n": 2 })).await;
    let again = api.get(&format!("/issues/{}", id(issue))).await.json();
    assert_eq!(again["first_seen_at"], "2026-09-01T12:00:00.000Z");
    assert_eq!(again["last_seen_at"], "2026-09-01T12:01:00.000Z");
    assert_eq!(again["reference"], issue["reference"]);

    world.receiver.always(503);
    world.deliver(&connection, json!({ "n": 3 })).await;
    assert_eq!(api.get("/issues/count").await.json()["count"], 2);
    let of_issue = api.models(&format!("/events?issue_id={}", id(issue))).await;
    assert_eq!(of_issue.len(), 2);
    for (query, count) in [
        ("aggregation_keys[response_status]=503".to_owned(), 1),
        (
            format!("aggregation_keys[webhook_id][]={}", id(&connection)),
            2,
        ),
        ("aggregation_keys[error_code]=TIMEOUT".to_owned(), 0),
        ("type=delivery&status[]=OPENED".to_owned(), 2),
        ("type=request".to_owned(), 0),
        ("last_seen_at[lt]=2026-09-01T12:01:00Z".to_owned(), 0),
        ("dismissed_at=".to_owned(), 2),
    ] {
        assert_eq!(
            api.models(&format!("/issues?{query}")).await.len(),
            count,
            "{query}"
        );
        let counted = api.get(&format!("/issues/count?{query}")).await.json();
        assert_eq!(counted["count"], count, "{query}");
    }
}

#[tokio::test]
async fn an_issue_opens_at_the_first_failure_unless_the_trigger_says_the_final_attempt() {
    let world = start().await;
    let api = &world.api;
    world.receiver.always(500);
    let retry = json!([{ "type": "retry", "strategy": "linear", "interval": 60_000, "count": 2 }]);
    let late = world.connect("late").rules(retry.clone()).json().await;
    let early = world.connect("early").rules(retry).json().await;
    let trigger = |strategy: &str, connections: &str| {
        let configs = json!({ "strategy": strategy, "connections": connections });
        json!({ "type": "delivery", "configs": configs, "channels": { "email": {} } })
    };
    let narrow = trigger("final_attempt", "lat*");
    let narrow = api.ok("POST", "/issue-triggers", narrow).await;
    // As wide as the one of a new project: it has nothing left to open.
    let wide = trigger("final_attempt", "*");
    let wide = api.ok("POST", "/issue-triggers", wide).await;
    let unknown = trigger("second_attempt", "*");
    assert_eq!(api.post("/issue-triggers", unknown).await.status, 422);

    world.deliver(&early, json!({})).await;
    world.deliver(&late, json!({})).await;
    let of =
        |connection: &Value| format!("/issues?aggregation_keys[webhook_id]={}", id(connection));
    let opened = api.models(&of(&early)).await[0]["issue_trigger_id"].clone();
    let default = &api
        .models("/issue-triggers?type=delivery&order_by=created_at&dir=asc")
        .await[0];
    assert_eq!(opened, default["id"]);
    assert_ne!(opened, wide["id"]);
    world.advance(seconds(60)).await;
    assert!(api.models(&of(&late)).await.is_empty(), "a retry is left");
    world.advance(seconds(60)).await;
    assert_eq!(
        api.models(&of(&late)).await[0]["issue_trigger_id"],
        narrow["id"]
    );

    // Its issues go with the trigger, and only they.
    api.delete(&format!("/issue-triggers/{}", id(&narrow)))
        .await;
    assert!(api.models(&of(&late)).await.is_empty());
    assert_eq!(api.models(&of(&early)).await.len(), 1);
}

#[tokio::test]
async fn a_trigger_may_leave_connections_out() {
    let world = start().await;
    let api = &world.api;
    world.receiver.always(500);
    let default = id(&api.models("/issue-triggers?type=delivery").await[0]);
    let configs = json!({ "strategy": "first_attempt", "connections": "!staging-*" });
    let path = format!("/issue-triggers/{default}");
    api.ok("PUT", &path, json!({ "configs": configs })).await;
    let staging = world.connect("staging-shop").json().await;
    let shop = world.connect("shop").json().await;
    world.deliver(&staging, json!({})).await;
    assert!(api.models("/issues").await.is_empty());
    world.deliver(&shop, json!({})).await;
    let issues = api.models("/issues").await;
    assert_eq!(issues.len(), 1);
    assert_eq!(
        issues[0]["aggregation_keys"]["webhook_id"],
        json!([id(&shop)])
    );
}

#[tokio::test]
async fn a_delivery_issue_says_what_the_destination_answered() {
    let world = start().await;
    let api = &world.api;
    let connection = world.connect("c").json().await;
    let cases = [
        (
            Answer::status(500).body("{\"error\":\"full\"}"),
            json!({ "error": "full" }),
        ),
        (Answer::status(501).body("no, sorry"), json!("no, sorry")),
        (Answer::status(502).body(""), json!("")),
    ];
    for (answer, expected) in cases {
        world.receiver.answer([answer]);
        world.deliver(&connection, json!({})).await;
        world.advance(seconds(1)).await;
        let newest = &api.models("/issues").await[0];
        assert_eq!(newest["reference"]["attempt_body"], expected);
        let path = format!("/issues/{}", id(newest));
        let issue = api.get(&path).await.json();
        assert_eq!(issue["reference"]["attempt_body"], expected);
    }
    let ordered = Answer::status(503).body("{\"z\":1,\"a\":2}");
    world.receiver.answer([ordered]);
    world.deliver(&connection, json!({})).await;
    let listed = api.get("/issues?aggregation_keys[response_status]=503");
    assert!(
        listed
            .await
            .text
            .contains(r#""attempt_body":{"z":1,"a":2}"#)
    );
    // Nobody there to answer.
    let nowhere = json!({ "name": "n", "type": "HTTP", "config": { "url": "http://127.0.0.1:1" } });
    let nowhere = world.connect("n").destination(nowhere).json().await;
    world.deliver(&nowhere, json!({})).await;
    let newest = &api.models("/issues").await[0];
    assert_eq!(newest["reference"]["attempt_body"], Value::Null);
    assert_eq!(newest["aggregation_keys"]["response_status"], json!([]));
}

#[tokio::test]
async fn an_issue_that_opens_again_keeps_its_id_and_names_the_trigger_that_opened_it() {
    let world = start().await;
    let api = &world.api;
    let connection = world.connect("shop").json().await;
    world.receiver.answer([Answer::status(500).body("first")]);
    world.deliver(&connection, json!({})).await;
    let before = api.models("/issues").await.remove(0);
    let path = format!("/issues/{}", id(&before));
    let dismissed = api.ok("DELETE", &path, json!({})).await;
    assert_eq!(dismissed["status"], "OPENED", "dismissing leaves it");
    assert!(dismissed["dismissed_at"].is_string());
    api.ok("PUT", &path, json!({ "status": "RESOLVED" })).await;
    world.advance(seconds(60)).await;
    let configs = json!({ "strategy": "first_attempt", "connections": "sho*" });
    let trigger = json!({ "type": "delivery", "configs": configs, "channels": null });
    let trigger = api.ok("POST", "/issue-triggers", trigger).await;
    world.receiver.answer([Answer::status(500).body("second")]);
    world.deliver(&connection, json!({})).await;
    let after = api.models("/issues").await;
    assert_eq!(after.len(), 1);
    let after = &after[0];
    for kept in ["id", "created_at", "first_seen_at", "aggregation_keys"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    assert_eq!(after["status"], "OPENED");
    assert_eq!(after["opened_at"], "2026-09-01T12:01:00.000Z");
    assert_eq!(after["dismissed_at"], Value::Null);
    assert_eq!(after["issue_trigger_id"], trigger["id"]);
    assert_eq!(after["reference"]["attempt_body"], "second");
}

#[tokio::test]
async fn resolved_and_dismissed_issues_open_again_and_ignored_ones_do_not() {
    let world = start().await;
    let api = &world.api;
    world.receiver.always(500);
    let connection = world.connect("c").json().await;
    world.deliver(&connection, json!({})).await;
    let path = format!("/issues/{}", id(&api.models("/issues").await[0]));
    for (status, dismissed, then) in [
        ("ACKNOWLEDGED", false, "ACKNOWLEDGED"),
        ("RESOLVED", false, "OPENED"),
        ("OPENED", true, "OPENED"),
        ("IGNORED", true, "IGNORED"),
    ] {
        api.ok("PUT", &path, json!({ "status": status })).await;
        if dismissed {
            let dismissed = api.ok("DELETE", &path, json!({})).await;
            assert!(dismissed["dismissed_at"].is_string());
        }
        world.advance(seconds(60)).await;
        world.deliver(&connection, json!({})).await;
        let issue = api.get(&path).await.json();
        assert_eq!(issue["status"], then, "{status}");
        assert_eq!(
            issue["dismissed_at"].is_string(),
            status == "IGNORED",
            "{status}"
        );
        let reopened = issue["opened_at"] == issue["last_seen_at"];
        assert_eq!(
            reopened,
            status == "RESOLVED" || status == "OPENED",
            "{status}"
        );
    }
    assert_eq!(api.models("/issues").await.len(), 1);
}

#[tokio::test]
async fn a_rejected_request_opens_an_issue_of_its_cause() {
    let world = start().await;
    let api = &world.api;
    let source = api.source("alone").await;
    let request_id = world.post(&source, "{}").await;
    let issues = api.models("/issues?type=request").await;
    assert_eq!(issues.len(), 1);
    let keys = json!({ "source_id": [id(&source)], "rejection_cause": ["NO_CONNECTION"] });
    assert_eq!(issues[0]["aggregation_keys"], keys);
    assert_eq!(issues[0]["data"]["request"]["id"], request_id.as_str());
}

#[tokio::test]
async fn a_destination_that_keeps_events_waiting_opens_an_issue_of_its_delay() {
    let world = start().await;
    let api = &world.api;
    let slow = |name: &str| {
        let policy = json!({ "rate": 1, "period": "minute" });
        let config = json!({ "url": world.receiver.url, "delivery_policy": policy });
        json!({ "name": name, "type": "HTTP", "config": config })
    };
    let watched = api.connect("w").destination(slow("watched")).json().await;
    let other = api.connect("o").destination(slow("other")).json().await;
    let configs = |delay: u64| json!({ "delay": delay, "destinations": "wat*" });
    let trigger = json!({
        "type": "backpressure", "configs": configs(120_000), "channels": { "email": {} },
    });
    let trigger = api.ok("POST", "/issue-triggers", trigger).await;
    let short = json!({ "type": "backpressure", "configs": configs(59_999), "channels": null });
    assert_eq!(api.post("/issue-triggers", short).await.status, 422);
    for n in 0..4 {
        world.deliver(&watched, json!({ "n": n })).await;
        world.deliver(&other, json!({ "n": n })).await;
    }

    world.advance(seconds(60)).await;
    assert_eq!(world.receiver.deliveries().len(), 4);
    assert!(api.models("/issues").await.is_empty(), "a minute is short");
    world.advance(seconds(60)).await;
    let issues = api.models("/issues?type=backpressure").await;
    assert_eq!(issues.len(), 1, "{issues:#?}");
    let issue = &issues[0];
    let destination = id(&watched["destination"]);
    assert_eq!(issue["issue_trigger_id"], trigger["id"]);
    assert_eq!(
        issue["aggregation_keys"],
        json!({ "destination_id": [destination], "delay": [120_000] })
    );
    assert_eq!(
        issue["reference"],
        json!({
            "destination_id": destination,
            "delivery_groups": [null],
            "triggered_by": { "type": "destination" },
        })
    );
    assert_eq!(issue["data"]["destination"]["id"], destination.as_str());
    let query = "/issues/count?aggregation_keys[delay]=120000";
    assert_eq!(api.get(query).await.json()["count"], 1);

    world.advance(seconds(60)).await;
    let again = api.get(&format!("/issues/{}", id(issue))).await.json();
    assert_eq!(again["first_seen_at"], "2026-09-01T12:02:00.000Z");
    assert_eq!(again["last_seen_at"], "2026-09-01T12:03:00.000Z");
    assert_eq!(api.models("/issues").await.len(), 1);
}

#[tokio::test]
async fn a_delivery_group_that_keeps_its_events_waiting_is_named_in_the_issue() {
    let world = start().await;
    let api = &world.api;
    let groups = json!({ "key": "body.t", "rate": 1, "rate_period": "hour" });
    let config = json!({ "url": world.receiver.url, "delivery_policy": { "groups": groups } });
    let destination = json!({ "name": "d", "type": "HTTP", "config": config });
    let connection = api.connect("c").destination(destination).json().await;
    for group in ["a", "b", "a"] {
        world.deliver(&connection, json!({ "t": group })).await;
    }
    world.advance(seconds(3_600)).await;
    assert_eq!(world.receiver.deliveries().len(), 3);
    // The trigger of a new project allows ten minutes.
    let issues = api.models("/issues").await;
    assert_eq!(issues.len(), 1, "{issues:#?}");
    let reference = &issues[0]["reference"];
    assert_eq!(reference["delivery_groups"], json!(["a"]));
    let by = json!({ "type": "delivery_group", "delivery_group": "a" });
    assert_eq!(reference["triggered_by"], by);
}

#[tokio::test]
async fn a_cause_can_be_left_out_and_a_disabled_trigger_opens_nothing() {
    let world = start().await;
    let api = &world.api;
    let source = api.source("alone").await;
    let send = async || {
        world.post(&source, "{}").await;
        api.get("/issues/count").await.json()["count"].clone()
    };
    let trigger = &api.models("/issue-triggers?type=request").await[0];
    let path = format!("/issue-triggers/{}", id(trigger));
    let configs = |excluded: Value| json!({ "rejection_causes": "*", "sources": "*", "excluded_rejection_causes": excluded });
    api.ok(
        "PUT",
        &path,
        json!({ "configs": configs(json!(["NO_CONNECTION"])) }),
    )
    .await;
    assert_eq!(send().await, 0);
    api.ok("PUT", &path, json!({ "configs": configs(json!([])) }))
        .await;
    let disabled = api.ok("PUT", &format!("{path}/disable"), json!({})).await;
    assert!(disabled["disabled_at"].is_string());
    assert_eq!(send().await, 0);
    api.ok("PUT", &format!("{path}/enable"), json!({})).await;
    assert_eq!(send().await, 1);
}

#[tokio::test]
async fn a_trigger_needs_the_configs_of_its_type_and_a_name_of_its_own() {
    let world = start().await;
    let api = &world.api;
    let body = |kind: &str, name: &str| {
        json!({
            "type": kind,
            "name": name,
            "configs": { "strategy": "first_attempt", "connections": "*" },
            "channels": { "email": {} },
        })
    };
    let created = api
        .ok("POST", "/issue-triggers", body("delivery", "a"))
        .await;
    let refused = api.post("/issue-triggers", body("delivery", "a")).await;
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()["data"]["id"], created["id"]);
    let refused = api.post("/issue-triggers", body("request", "b")).await;
    assert_eq!(
        refused.violations(),
        [
            "configs.rejection_causes is required",
            "configs.sources is required"
        ]
    );
    let bare = json!({ "type": "delivery", "channels": null });
    let refused = api.post("/issue-triggers", bare).await;
    assert_eq!(refused.violations(), ["configs is required"]);
    let upserted = api
        .ok("PUT", "/issue-triggers", body("delivery", "a"))
        .await;
    assert_eq!(upserted["id"], created["id"]);
}
