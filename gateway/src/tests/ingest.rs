use http::Method;
use serde_json::{Value, json};

use super::harness::{Receiver, Setup, manual, post, row, rows, send};
use crate::events::EventError;
use crate::ingest::{self, ReplayTarget, Replayed};
use crate::project::Project;

/// Rejection cause, verified, counts.
async fn request(path: &super::harness::Path, id: &str) -> Vec<Value> {
    let sql = "SELECT rejection_cause, events_count, ignored_count FROM requests WHERE id = ?1";
    row(&path.project, sql, &[id]).await
}

async fn replay_event(
    project: &Project,
    id: &str,
    target: ReplayTarget,
) -> Result<Replayed, EventError> {
    let id = id.to_owned();
    let job =
        move |intake: &mut crate::intake::Intake<'_>| ingest::replay_event(intake, &id, &target);
    project.services().intake(job).await
}

async fn replay_request(
    project: &Project,
    id: &str,
    target: ReplayTarget,
) -> Result<Replayed, EventError> {
    let id = id.to_owned();
    let job =
        move |intake: &mut crate::intake::Intake<'_>| ingest::replay(intake, &id, &target, None);
    project.services().intake(job).await
}

/// The new events of the request.
async fn retry_request(
    project: &Project,
    id: &str,
    only: Option<Vec<String>>,
) -> Result<Vec<String>, EventError> {
    let id = id.to_owned();
    let job = move |intake: &mut crate::intake::Intake<'_>| {
        ingest::retry(intake, &id, only.as_deref(), None).map(|retried| retried.event_ids)
    };
    project.services().intake(job).await
}

#[tokio::test]
async fn a_webhook_becomes_a_request_an_event_and_a_delivery() {
    let mut receiver = Receiver::start().await;
    let gateway = manual().start().await.unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;

    let url = format!("{}/orders/42?a=1&b[]=x", path.url);
    let (status, reply) = post(&url, &json!({"id": 7})).await;
    assert_eq!((status, &reply["status"]), (200, &json!("SUCCESS")));
    let request_id = reply["request_id"].as_str().unwrap();
    gateway.settle().await.unwrap();

    assert_eq!(
        request(&path, request_id).await,
        [Value::Null, json!(1), json!(0)]
    );
    let seen = receiver.next().await;
    assert_eq!(seen.method, Method::POST);
    assert_eq!(seen.uri, "/hook/orders/42?a=1&b[]=x");
    assert_eq!(seen.body, r#"{"id":7}"#);
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!(seen.header("x-hookdeck-requestid"), request_id);
    assert_eq!(seen.header("x-hookdeck-original-ip"), "127.0.0.1");
    let payload = row(
        &path.project,
        "SELECT path, parsed_query FROM payloads",
        &[],
    )
    .await;
    assert_eq!(payload[0], "/orders/42");
    assert_eq!(
        serde_json::from_str::<Value>(payload[1].as_str().unwrap()).unwrap(),
        json!({"a": "1", "b": ["x"]})
    );
}

#[tokio::test]
async fn each_fault_has_its_cause_and_status_and_is_stored() {
    let receiver = Receiver::start().await;
    let gateway = manual().start().await.unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;
    let json_type = ("content-type", "application/json");
    let large = "x".repeat(crate::ingest::BODY_LIMIT + 1);
    for (method, query, header, body, status, cause) in [
        (
            Method::GET,
            "",
            json_type,
            "{}",
            405,
            "UNSUPPORTED_HTTP_METHOD",
        ),
        (
            Method::POST,
            "?x-hookdeck-allow-methods=put",
            json_type,
            "{}",
            405,
            "UNSUPPORTED_HTTP_METHOD",
        ),
        (
            Method::POST,
            "",
            json_type,
            "{not json",
            400,
            "UNPARSABLE_JSON",
        ),
        (
            Method::POST,
            "",
            ("content-type", "application/x-unknown"),
            "?",
            200,
            "UNSUPPORTED_CONTENT_TYPE",
        ),
        (
            Method::POST,
            "?x-hookdeck-content-type=application/x-unknown",
            json_type,
            "{}",
            200,
            "UNSUPPORTED_CONTENT_TYPE",
        ),
        (
            Method::POST,
            "",
            ("content-type", "text/plain"),
            large.as_str(),
            413,
            "PAYLOAD_TOO_LARGE",
        ),
    ] {
        let reply = send(
            method.clone(),
            &format!("{}{query}", path.url),
            &[header],
            body.to_owned(),
        )
        .await;
        assert_eq!(reply.0, status, "{cause}: {}", reply.1);
        let id = reply.1["request_id"].as_str().unwrap();
        assert_eq!(request(&path, id).await, [json!(cause), json!(0), json!(0)]);
    }
}

#[tokio::test]
async fn a_body_of_the_greatest_size_is_taken() {
    let gateway = manual().start().await.unwrap();
    let path = Setup {
        kind: "MOCK_API",
        ..Setup::to("")
    }
    .create(&gateway)
    .await;
    let body = "x".repeat(crate::ingest::BODY_LIMIT);
    let (status, _) = send(
        Method::POST,
        &path.url,
        &[("content-type", "text/plain")],
        body,
    )
    .await;
    assert_eq!(status, 200);
    gateway.settle().await.unwrap();
    let stored = row(
        &path.project,
        "SELECT length(body), is_large FROM payloads",
        &[],
    )
    .await;
    assert_eq!(stored, [json!(crate::ingest::BODY_LIMIT), json!(1)]);
}

#[tokio::test]
async fn sources_that_are_unknown_deleted_disabled_or_without_connection() {
    let gateway = manual().start().await.unwrap();
    let path = Setup::to("http://127.0.0.1:1").create(&gateway).await;
    assert_eq!(
        post(&format!("{}/e/nobody", gateway.api_url()), &json!({}))
            .await
            .0,
        404
    );

    path.change(|conn, _| Ok(conn.execute("UPDATE connections SET deleted_at = 1", [])?))
        .await;
    let id = path.post(json!({})).await;
    assert_eq!(request(&path, &id).await[0], "NO_CONNECTION");

    path.change(|conn, _| Ok(conn.execute("UPDATE sources SET disabled_at = 1", [])?))
        .await;
    let (status, reply) = post(&path.url, &json!({})).await;
    assert_eq!(status, 403);
    assert_eq!(
        request(&path, reply["request_id"].as_str().unwrap()).await[0],
        "SOURCE_DISABLED"
    );

    path.change(|conn, _| Ok(conn.execute("UPDATE sources SET deleted_at = 1", [])?))
        .await;
    let (status, reply) = post(&path.url, &json!({})).await;
    assert_eq!((status, &reply["status"]), (410, &json!("DELETED")));
    assert_eq!(
        rows(&path.project, "SELECT 1 FROM requests", &[])
            .await
            .len(),
        2
    );
}

#[tokio::test]
async fn a_filter_that_does_not_match_leaves_an_ignored_event() {
    let mut receiver = Receiver::start().await;
    let gateway = manual().start().await.unwrap();
    let rules = json!([{"type": "filter", "body": {"kind": "order"}}]);
    let path = Setup::to(&receiver.url).rules(rules).create(&gateway).await;

    let ignored = path.post(json!({"kind": "note"})).await;
    let passed = path.post(json!({"kind": "order"})).await;
    gateway.settle().await.unwrap();

    assert_eq!(
        request(&path, &ignored).await,
        [Value::Null, json!(0), json!(1)]
    );
    assert_eq!(
        request(&path, &passed).await,
        [Value::Null, json!(1), json!(0)]
    );
    assert_eq!(receiver.all().len(), 1);
    let stored = row(
        &path.project,
        "SELECT id, cause, meta FROM ignored_events",
        &[],
    )
    .await;
    assert_eq!(
        stored,
        [
            json!(format!("{ignored}:web_a")),
            json!("FILTERED"),
            json!(r#"["body"]"#)
        ]
    );
}

#[tokio::test]
async fn a_disabled_connection_ignores() {
    let gateway = manual().start().await.unwrap();
    let path = Setup::to("http://127.0.0.1:1").create(&gateway).await;
    path.change(|conn, _| Ok(conn.execute("UPDATE connections SET disabled_at = 1", [])?))
        .await;
    path.post(json!({})).await;
    assert_eq!(
        row(&path.project, "SELECT cause, meta FROM ignored_events", &[]).await,
        [json!("DISABLED"), Value::Null]
    );
}

#[tokio::test]
async fn a_rule_that_cannot_be_understood_is_refused_by_name() {
    let gateway = manual().start().await.unwrap();
    let rules = json!([{"type": "alert"}]);
    let path = Setup::to("http://127.0.0.1:1")
        .rules(rules)
        .create(&gateway)
        .await;
    let (status, reply) = post(&path.url, &json!({})).await;
    assert_eq!(status, 501);
    assert!(
        reply["message"].as_str().unwrap().contains("alert"),
        "{reply}"
    );
    assert!(
        rows(&path.project, "SELECT 1 FROM events", &[])
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn the_source_or_the_url_may_choose_the_answer() {
    let gateway = manual().start().await.unwrap();
    let config = json!({"custom_response": {"content_type": "xml", "body": "<ok/>"}});
    let path = Setup {
        kind: "MOCK_API",
        ..Setup::to("")
    }
    .source_config(config)
    .create(&gateway)
    .await;
    for (query, body) in [
        ("", json!("<ok/>")),
        ("?x-hookdeck-response[json]={\"a\":1}", json!({"a": 1})),
        ("?x-hookdeck-response=null", json!("")),
    ] {
        assert_eq!(
            post(&format!("{}{query}", path.url), &json!({})).await,
            (200, body),
            "{query}"
        );
    }
}

#[tokio::test]
async fn text_bodies_arrive_byte_for_byte() {
    let mut receiver = Receiver::start().await;
    let gateway = manual().start().await.unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;
    let body = b"{ \"a\" : 1.0,\r\n\"b\":\"\xc3\xa9\" }".to_vec();
    send(
        Method::POST,
        &path.url,
        &[("content-type", "application/json")],
        body.clone(),
    )
    .await;
    let binary = vec![0u8, 255, 1, 254];
    send(
        Method::POST,
        &path.url,
        &[("content-type", "application/octet-stream")],
        binary.clone(),
    )
    .await;
    gateway.settle().await.unwrap();
    let mut bodies: Vec<_> = receiver
        .all()
        .into_iter()
        .map(|seen| seen.body.to_vec())
        .collect();
    bodies.sort();
    assert_eq!(bodies, [binary, body]);
}

#[tokio::test]
async fn a_replay_makes_a_new_request_with_new_events() {
    let mut receiver = Receiver::start().await;
    let gateway = manual().start().await.unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;
    let request_id = path.post(json!({"n": 1})).await;
    let event_id = path.event_of(&request_id).await;
    gateway.settle().await.unwrap();

    let by_event = replay_event(&path.project, &event_id, ReplayTarget::default())
        .await
        .unwrap();
    let by_request = replay_request(&path.project, &request_id, ReplayTarget::default())
        .await
        .unwrap();
    gateway.settle().await.unwrap();

    for replayed in [&by_event, &by_request] {
        assert_eq!(
            (replayed.request_ids.len(), replayed.event_ids.len()),
            (1, 1)
        );
        assert_ne!(replayed.request_ids[0], request_id);
    }
    let seen = receiver.all();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|seen| seen.body == r#"{"n":1}"#));
    assert_eq!(seen[1].header("x-hookdeck-attempt-trigger"), "INITIAL");

    path.change(|conn, _| Ok(conn.execute("UPDATE connections SET disabled_at = 1", [])?))
        .await;
    let nobody = replay_request(&path.project, &request_id, ReplayTarget::default())
        .await
        .unwrap();
    assert!(nobody.event_ids.is_empty());
    assert_eq!(
        request(&path, &nobody.request_ids[0]).await[0],
        "NO_CONNECTION"
    );
    let unknown = ReplayTarget {
        source_id: None,
        webhook_ids: vec!["web_x".into()],
    };
    assert!(
        replay_request(&path.project, &request_id, unknown)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_request_retry_fills_in_what_was_ignored() {
    let mut receiver = Receiver::start().await;
    let gateway = manual().start().await.unwrap();
    let rules = json!([{"type": "filter", "body": {"kind": "order"}}]);
    let path = Setup::to(&receiver.url).rules(rules).create(&gateway).await;
    let delivered = path.post(json!({"kind": "order"})).await;
    let ignored = path.post(json!({"kind": "note"})).await;

    assert!(
        retry_request(&path.project, &delivered, None)
            .await
            .is_err(),
        "nothing to retry"
    );
    // The filter still says no: the request stays ignored, once.
    let again = retry_request(&path.project, &ignored, None).await.unwrap();
    assert!(again.is_empty());
    assert_eq!(
        request(&path, &ignored).await,
        [Value::Null, json!(0), json!(1)]
    );

    path.change(|conn, _| Ok(conn.execute("UPDATE connections SET rules = '[]'", [])?))
        .await;
    let filled = retry_request(&path.project, &ignored, Some(vec!["web_a".into()]))
        .await
        .unwrap();
    assert_eq!(filled.len(), 1);
    assert_eq!(
        request(&path, &ignored).await,
        [Value::Null, json!(1), json!(0)]
    );
    gateway.settle().await.unwrap();
    assert_eq!(receiver.all().len(), 2);
    assert!(
        retry_request(&path.project, &ignored, None).await.is_err(),
        "no longer ignored"
    );
}

#[tokio::test]
async fn a_configured_proof_is_asked_for() {
    let gateway = manual().start().await.unwrap();
    let auth = json!({"auth_type": "API_KEY", "auth": {"header_key": "x-key", "api_key": "k"}});
    let path = Setup {
        kind: "MOCK_API",
        ..Setup::to("")
    }
    .source_config(auth)
    .create(&gateway)
    .await;
    let refused = send(Method::POST, &path.url, &[("x-key", "wrong")], "{}").await;
    assert_eq!(refused, (401, json!("")));
    let (status, _) = send(Method::POST, &path.url, &[("x-key", "k")], "{}").await;
    assert_eq!(status, 200);
    let sql = "SELECT rejection_cause, verified FROM requests ORDER BY verified";
    let stored = rows(&path.project, sql, &[]).await;
    let refused = vec![json!("VERIFICATION_FAILED"), json!(0)];
    assert_eq!(stored, [refused, vec![Value::Null, json!(1)]]);
}

#[tokio::test]
async fn a_replay_does_not_deliver_what_the_source_would_not_take() {
    let mut receiver = Receiver::start().await;
    let gateway = manual().start().await.unwrap();
    let path = Setup::to(&receiver.url).create(&gateway).await;
    let many = format!("?{}", "a=1&".repeat(1_001));
    let large = "x".repeat(crate::ingest::BODY_LIMIT + 1);
    for (method, query, content_type, body, cause) in [
        (Method::POST, "", "text/plain", &*large, "PAYLOAD_TOO_LARGE"),
        (Method::POST, "", "application/json", "{", "UNPARSABLE_JSON"),
        (Method::POST, "", "a/b", "x", "UNSUPPORTED_CONTENT_TYPE"),
        (Method::GET, "", "text/plain", "", "UNSUPPORTED_HTTP_METHOD"),
        (Method::POST, &*many, "text/plain", "x", "UNKNOWN"),
    ] {
        let url = format!("{}{query}", path.url);
        let header = [("content-type", content_type)];
        let reply = send(method, &url, &header, body.to_owned()).await.1;
        let id = reply["request_id"].as_str().unwrap();
        // A replay of a replay is no way around it.
        let mut replayed = id.to_owned();
        for _ in 0..2 {
            let made = replay_request(&path.project, &replayed, ReplayTarget::default())
                .await
                .unwrap();
            assert_eq!(made.event_ids, Vec::<String>::new(), "{cause}");
            replayed = made.request_ids[0].clone();
            assert_eq!(request(&path, &replayed).await[0], cause);
        }
    }
    gateway.settle().await.unwrap();
    assert!(receiver.all().is_empty());
}

#[tokio::test]
async fn json_cut_in_the_middle_of_a_character_is_json_and_arrives_as_it_was_sent() {
    let mut receiver = Receiver::start().await;
    let gateway = manual().start().await.unwrap();
    let rules = json!([{"type": "filter", "body": {"kind": "order"}}]);
    let path = Setup::to(&receiver.url).rules(rules).create(&gateway).await;
    let body = r#"{"kind":"order","note":"cut \ud83d"}"#;
    let header = [("content-type", "application/json")];
    let (status, reply) = send(Method::POST, &path.url, &header, body).await;
    assert_eq!(status, 200, "{reply}");
    gateway.settle().await.unwrap();
    assert_eq!(receiver.next().await.body, body);
}
