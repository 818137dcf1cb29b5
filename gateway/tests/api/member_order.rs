//! JSON keeps the order of its members: as text, for a reader of JSON in Rust would sort them.

use hookdeck_testkit::{Answer, World, id, read};
use serde_json::{Value, json};

/// Sorted by nothing.
const BODY: &str = r#"{"zeta":1,"alpha":{"y":1,"b":[{"d":1,"c":2}]},"mid":3}"#;

async fn at(world: &World, version: &str, method: &str, path: &str, body: &str) -> String {
    let url = format!("{}/{version}{path}", world.gateway.api_url());
    let request = world
        .api
        .http
        .request(method.parse().unwrap(), url)
        .bearer_auth(world.gateway.api_key())
        .header("content-type", "application/json")
        .body(body.to_owned());
    let reply = read(request).await;
    assert_eq!(
        reply.status, 200,
        "{version} {method} {path}: {}",
        reply.text
    );
    reply.text
}

#[tokio::test]
async fn a_body_is_shown_everywhere_as_it_was_sent() {
    let world = World::start().await;
    let api = &world.api;
    world.receiver.always(Answer::status(200).body(BODY));
    let code = "addHandler('transform', (request) => { request.body.last = 1; request.body.also = 2; return request; });";
    let rule = json!({ "type": "transform", "transformation": { "name": "t", "code": code } });
    let plain = world.connect("plain").json().await;
    let rewriting = world.connect("rewriting").rules(json!([rule])).json().await;
    let request = world.deliver(&plain, BODY).await;
    let event = api
        .models(&format!("/events?webhook_id={}", id(&plain)))
        .await
        .remove(0);
    let bookmark =
        json!({ "webhook_id": id(&plain), "event_data_id": event["event_data_id"], "label": "b" });
    let bookmark = api.ok("POST", "/bookmarks", bookmark).await;
    let attempt = api.models("/attempts").await.remove(0);
    let shown = format!(r#""body":{BODY}"#);
    for version in ["2026-09-01", "2025-07-01", "2024-09-01"] {
        for path in [
            format!("/requests/{request}"),
            "/requests?include=data".to_owned(),
            format!("/events/{}", id(&event)),
            "/events?include=data".to_owned(),
            format!("/bookmarks/{}", id(&bookmark)),
            // What the destination answered.
            format!("/attempts/{}", id(&attempt)),
        ] {
            let text = at(&world, version, "GET", &path, "").await;
            assert!(text.contains(&shown), "{version} {path}: {text}");
        }
    }
    // What a transformation makes of it as well.
    world.deliver(&rewriting, BODY).await;
    let made = format!(r#"{},"last":1,"also":2}}"#, BODY.strip_suffix('}').unwrap());
    let path = format!("/events?include=data&webhook_id={}", id(&rewriting));
    let text = api.get(&path).await.text;
    assert!(text.contains(&format!(r#""body":{made}"#)), "{text}");
    let executions = format!(
        "/transformations/{}/executions",
        rewriting["rules"][0]["transformation_id"].as_str().unwrap()
    );
    let execution = api.models(&executions).await.remove(0);
    let text = api
        .get(&format!("{executions}/{}", id(&execution)))
        .await
        .text;
    assert!(text.contains(&shown) && text.contains(&made), "{text}");
    // And it is still looked into.
    let filter = r#"/events?body={"alpha":{"b":{"d":1}}}"#;
    assert_eq!(api.models(filter).await.len(), 2);
}

#[tokio::test]
async fn a_body_that_javascript_would_order_is_ordered_as_javascript_does() {
    let world = World::start().await;
    let connection = world.connect("c").mock().await;
    let request = world
        .deliver(
            &connection,
            r#" { "b" : 1, "10": 2, "a" : "\ud83d", "9": [], "b": 3 } "#,
        )
        .await;
    let text = world.api.get(&format!("/requests/{request}")).await.text;
    let shown = "\"body\":{\"9\":[],\"10\":2,\"b\":3,\"a\":\"\u{fffd}\"}";
    assert!(text.contains(shown), "{text}");
}

#[tokio::test]
async fn a_run_sees_and_shows_its_request_in_the_order_it_was_given_in() {
    let world = World::start().await;
    let code = r#"addHandler(\"transform\", (r) => { r.headers.s = JSON.stringify([r.body, r.parsed_query, process.env]); return r; })"#;
    for version in ["2026-09-01", "2025-07-01"] {
        let body = format!(
            r#"{{"code":"{code}","env":{{"Z":"1","A":"2"}},
                "request":{{"headers":{{}},"body":{BODY},"parsed_query":{{"z":"1","a":"2"}}}}}}"#
        );
        let text = at(&world, version, "PUT", "/transformations/run", &body).await;
        assert!(text.contains(&format!(r#""body":{BODY}"#)), "{text}");
        let ran: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            ran["request"]["headers"]["s"],
            format!(r#"[{BODY},{{"z":"1","a":"2"}},{{"Z":"1","A":"2"}}]"#)
        );
    }
    // On the request of an event, with what is stored.
    let connection = world.connect("c").mock().await;
    let event = world.event(&connection, BODY).await;
    let made = format!(r#"{{"name":"t","code":"{code}","env":{{"Z":"1","A":"2"}}}}"#);
    let made = at(&world, "2026-09-01", "PUT", "/transformations", &made).await;
    let made: Value = serde_json::from_str(&made).unwrap();
    let run = json!({ "transformation_id": id(&made), "event_id": event.id });
    let ran = world.api.ok("PUT", "/transformations/run", run).await;
    assert_eq!(
        ran["request"]["headers"]["s"],
        format!(r#"[{BODY},{{}},{{"Z":"1","A":"2"}}]"#)
    );
}

#[tokio::test]
async fn an_environment_keeps_its_order_however_it_is_written() {
    let world = World::start().await;
    let env = r#""env":{"Z":"1","A":"2","M":"3"}"#;
    for version in ["2026-09-01", "2025-07-01", "2024-09-01"] {
        let name = format!("t{version}");
        let whole = format!(r#"{{"name":"{name}","code":"1",{env}}}"#);
        let made = at(&world, version, "POST", "/transformations", &whole).await;
        assert!(made.contains(env), "{made}");
        let path = format!(
            "/transformations/{}",
            id(&serde_json::from_str::<Value>(&made).unwrap())
        );
        let reordered = r#"{"env":{"M":"3","A":"2"}}"#;
        let changed = at(&world, version, "PUT", &path, reordered).await;
        assert!(
            changed.contains(&reordered[1..reordered.len() - 1]),
            "{changed}"
        );
        let inline = format!(
            r#"{{"name":"c","source":{{"name":"s"}},"destination":{{"name":"d","url":"http://a.example",
                "type":"HTTP","config":{{"url":"http://a.example"}}}},
                "rules":[{{"type":"delay","delay":1}},{{"type":"transform","transformation":{whole}}}]}}"#
        );
        at(&world, version, "PUT", "/connections", &inline).await;
        for path in [path.as_str(), "/transformations"] {
            let text = at(&world, version, "GET", path, "").await;
            assert!(text.contains(env), "{version} {path}: {text}");
        }
    }
}

/// The order of the database behind the live API, in which all recorded rules stand: shorter names first.
#[tokio::test]
async fn rules_are_shown_in_the_order_of_postgres() {
    let world = World::start().await;
    let written = r#"{"name":"c","source":{"name":"s"},"destination":{"name":"d","type":"MOCK_API"},"rules":[
        {"type":"retry","strategy":"linear","interval":1000,"count":2,"response_status_codes":["500"]},
        {"type":"filter","headers":{"x-long":{"$eq":"a"},"x":"b"},"body":{"zz":1,"a":2}}]}"#;
    let shown = r#""rules":[{"type":"retry","count":2,"interval":1000,"strategy":"linear","response_status_codes":["500"]},{"body":{"a":2,"zz":1},"type":"filter","headers":{"x":"b","x-long":{"$eq":"a"}}}]"#;
    let made = at(&world, "2026-09-01", "POST", "/connections", written).await;
    assert!(made.contains(shown), "{made}");
    let path = format!(
        "/connections/{}",
        id(&serde_json::from_str::<Value>(&made).unwrap())
    );
    for version in ["2026-09-01", "2025-07-01", "2024-09-01"] {
        for path in [path.as_str(), "/connections"] {
            let text = at(&world, version, "GET", path, "").await;
            assert!(text.contains(shown), "{version} {path}: {text}");
        }
    }
    // In what stands in the way of a new one, too.
    let reply = world
        .api
        .post("/connections", serde_json::from_str(written).unwrap())
        .await;
    assert_eq!(reply.status, 409);
    assert!(reply.text.contains(shown), "{}", reply.text);
}
