//! Keys, projects and the rest of what belongs to an account rather than to its webhooks.

use hookdeck_testkit::{Api, Reply, World, gateway, id, read, seconds};
use serde_json::{Value, json};

use crate::start;

/// The status a key gets for a list of sources.
async fn opens(api: &Api, key: &str) -> u16 {
    read(api.http.get(api.url("/sources")).bearer_auth(key))
        .await
        .status
}

/// The same for a list of events.
async fn opens_events(api: &Api, key: &str) -> u16 {
    read(api.http.get(api.url("/events")).bearer_auth(key))
        .await
        .status
}

fn secret(key: &Value) -> String {
    key["key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_created_key_opens_the_project_until_it_is_deleted() {
    let world = start().await;
    let api = &world.api;
    let body = json!({ "label": "ci", "type": "project", "scopes": ["gateway.events.read"] });
    let key = api
        .ok("POST", "/organizations/current/api-keys", body)
        .await;
    let project = &api.get("/projects").await.json()[0];
    assert_eq!(key["team_id"], project["id"]);
    assert_eq!(key["scopes"], json!(["gateway.events.read"]));
    assert_eq!(opens_events(api, &secret(&key)).await, 200);

    let listed = api.get("/organizations/current/api-keys").await.json();
    assert_eq!(listed[0]["id"], key["id"]);
    assert_eq!(listed[0].get("key"), None, "a secret is shown once");
    assert_eq!(listed[0]["key_fingerprint"], key["key_fingerprint"]);

    api.delete(&format!("/organizations/current/api-keys/{}", id(&key)))
        .await;
    assert_eq!(opens_events(api, &secret(&key)).await, 401);
    assert_eq!(
        api.get("/organizations/current/api-keys").await.json(),
        json!([])
    );
}

#[tokio::test]
async fn a_rolled_key_keeps_its_old_secret_for_as_long_as_asked() {
    let world = start().await;
    let api = &world.api;
    let body = json!({ "label": "ci", "type": "organization" });
    let first = api
        .ok("POST", "/organizations/current/api-keys", body)
        .await;
    assert_eq!(first["team_id"], Value::Null);
    let roll = format!("/organizations/current/api-keys/{}/roll", id(&first));
    let second = api.ok("POST", &roll, json!({ "delay_sec": 3600 })).await;
    assert_ne!(secret(&first), secret(&second));
    assert_eq!(second["id"], first["id"]);
    assert_eq!(
        [
            opens(api, &secret(&first)).await,
            opens(api, &secret(&second)).await
        ],
        [200, 200]
    );
    world.advance(seconds(3_600)).await;
    assert_eq!(
        [
            opens(api, &secret(&first)).await,
            opens(api, &secret(&second)).await
        ],
        [401, 200]
    );
    let third = api.ok("POST", &roll, json!({ "delay_sec": 0 })).await;
    assert_eq!(
        [
            opens(api, &secret(&second)).await,
            opens(api, &secret(&third)).await
        ],
        [401, 200]
    );
    assert_eq!(api.post(&roll, json!({ "delay_sec": 5 })).await.status, 422);
}

#[tokio::test]
async fn a_key_of_another_project_opens_nothing_here() {
    let world = start().await;
    let api = &world.api;
    let other = api
        .ok("POST", "/projects", json!({ "name": "other" }))
        .await;
    let body = json!({ "label": "ci", "type": "project", "team_id": id(&other) });
    let key = api
        .ok("POST", "/organizations/current/api-keys", body)
        .await;
    assert_eq!(opens(api, &secret(&key)).await, 401);
    let body = json!({ "label": "ci", "type": "project", "team_id": "tm_none" });
    let refused = api.post("/organizations/current/api-keys", body).await;
    assert_eq!(refused.status, 404);
}

#[tokio::test]
async fn the_project_shows_its_settings_and_cannot_be_deleted() {
    let world = start().await;
    let api = &world.api;
    let source = id(&api.source("s").await);
    let own = format!("/projects/{}", id(&api.get("/projects").await.json()[0]));
    let updated = api
        .ok(
            "PUT",
            &own,
            json!({ "name": "mine", "headers_prefix": "x-mine", "private": true }),
        )
        .await;
    assert_eq!(
        (&updated["name"], &updated["private"]),
        (&json!("mine"), &json!(true))
    );
    assert_eq!(updated["headers_prefix"], "x-mine");

    let topics = json!(["issue.opened", "event.successful"]);
    let body = json!({ "enabled": true, "topics": topics, "source_id": source });
    assert_eq!(
        api.ok("PUT", "/notifications/webhooks", body.clone()).await,
        body
    );
    let project = api.get(&own).await.json();
    assert_eq!(project["webhook_topics"], topics);
    assert_eq!(project["webhook_source_id"], source.as_str());
    assert_eq!(project["notification_methods"], json!(["email", "webhook"]));
    assert_eq!(project["name"], "mine");

    let domains = format!("{own}/custom_domains");
    api.ok("POST", &domains, json!({ "hostname": "hooks.example.com" }))
        .await;
    assert_eq!(
        api.get(&own).await.json()["custom_hostnames"],
        json!(["hooks.example.com"])
    );
    let again = api
        .post(&domains, json!({ "hostname": "hooks.example.com" }))
        .await;
    assert_eq!(again.status, 409);

    let refused = api.delete(&own).await;
    assert_eq!(refused.status, 422);
    assert_eq!(api.get(&own).await.status, 200);
}

#[tokio::test]
async fn a_bookmark_is_sent_again_under_todays_rules() {
    let world = start().await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    world.deliver(&connection, json!({ "n": 1 })).await;
    let event = &api.models("/events").await[0];
    let body = |connection: &str, data: &Value| json!({ "webhook_id": connection, "event_data_id": data, "label": "one", "name": "one" });
    let data = &event["event_data_id"];
    let bookmark = api
        .ok("POST", "/bookmarks", body(&id(&connection), data))
        .await;
    assert_eq!(
        (&bookmark["alias"], &bookmark["last_used_at"]),
        (&json!("one"), &Value::Null)
    );
    for refused in [
        body("web_none", data),
        body(&id(&connection), &json!("edt_none")),
    ] {
        assert_eq!(api.post("/bookmarks", refused).await.status, 404);
    }
    let path = format!("/bookmarks/{}", id(&bookmark));
    let shown = api.get(&path).await.json();
    assert_eq!(shown["data"]["body"], json!({ "n": 1 }));
    assert_eq!(
        api.get(&format!("{path}/raw_body")).await.json()["body"],
        "{\"n\":1}"
    );

    let events = api.ok("POST", &format!("{path}/trigger"), json!({})).await;
    assert_eq!(events.as_array().unwrap().len(), 1);
    assert_eq!(events[0]["webhook_id"], id(&connection).as_str());
    assert_ne!(events[0]["request_id"], event["request_id"]);
    world.settle().await;
    assert_eq!(api.models("/events?status=SUCCESSFUL").await.len(), 2);
    assert!(api.get(&path).await.json()["last_used_at"].is_string());

    let own = format!("/connections/{}", id(&connection));
    api.ok(
        "PUT",
        &own,
        json!({ "rules": [{ "type": "filter", "body": { "n": 2 } }] }),
    )
    .await;
    let events = api.ok("POST", &format!("{path}/trigger"), json!({})).await;
    assert_eq!(events, json!([]));
    api.ok("PUT", &format!("{own}/disable"), json!({})).await;
    let refused = api.post(&format!("{path}/trigger"), json!({})).await;
    assert_eq!(refused.status, 422);
    assert_eq!(
        refused.json()["message"],
        "Connection does not exist or is disabled"
    );
    for (query, count) in [
        ("label=one", 1),
        ("name=two", 0),
        ("last_used_at[any]=true", 1),
    ] {
        assert_eq!(
            api.models(&format!("/bookmarks?{query}")).await.len(),
            count,
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_source_has_one_integration_at_most() {
    let world = start().await;
    let api = &world.api;
    let source = id(&api.source("s").await);
    let create = async |label: &str| {
        let body = json!({ "label": label, "provider": "GITHUB", "configs": { "webhook_secret_key": "x" } });
        format!(
            "/integrations/{}",
            id(&api.ok("POST", "/integrations", body).await)
        )
    };
    let (first, second) = (create("first").await, create("second").await);
    for path in [&first, &second] {
        let attached = api
            .ok("PUT", &format!("{path}/attach/{source}"), json!({}))
            .await;
        assert_eq!(attached, json!({ "success": true }));
    }
    assert_eq!(api.get(&first).await.json()["sources"], json!([]));
    assert_eq!(api.get(&second).await.json()["sources"], json!([source]));
    assert_eq!(
        api.ok("PUT", &format!("{second}/detach/{source}"), json!({}))
            .await,
        json!({})
    );
    assert_eq!(api.get(&second).await.json()["sources"], json!([]));
    let unknown = api
        .put(&format!("{first}/attach/src_none"), json!({}))
        .await;
    assert_eq!(unknown.json()["data"]["id"], "src_none");
    assert_eq!(api.models("/integrations?label=first").await.len(), 1);
    let refused = api.post("/integrations", json!({ "label": "x" })).await;
    assert_eq!(refused.violations(), ["provider is required"]);
}

/// A call of a path with this key and headers.
async fn called(api: &Api, method: &str, path: &str, key: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = api
        .http
        .request(method.parse().unwrap(), api.url(path))
        .bearer_auth(key)
        .body("{\"name\":\"s\"}");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    read(request).await
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_no_more() {
    let world = start().await;
    let api = &world.api;
    let scopes = json!([
        "gateway.sources.read",
        "gateway.destinations.write",
        "projects.read"
    ]);
    let body = json!({ "label": "ci", "type": "project", "scopes": scopes });
    let created = api
        .ok("POST", "/organizations/current/api-keys", body)
        .await;
    let key = secret(&created);
    for (method, path, needed) in [
        ("GET", "/sources", None),
        ("GET", "/sources/count", None),
        ("POST", "/sources", Some("gateway.sources.write")),
        ("GET", "/destinations", None),
        ("GET", "/events", Some("gateway.events.read")),
        ("GET", "/bulk/events/retry", Some("gateway.events.read")),
        ("GET", "/projects", None),
        ("POST", "/projects", Some("projects.write")),
    ] {
        let reply = called(api, method, path, &key, &[]).await;
        match needed {
            None => assert_eq!(reply.status, 200, "{method} {path}: {}", reply.text),
            Some(needed) => {
                assert_eq!(reply.status, 403, "{method} {path}");
                assert_eq!(
                    reply.json(),
                    json!({
                        "code": "INSUFFICIENT_SCOPE",
                        "status": 403,
                        "message": "The API key does not have the required scope for this operation",
                        "data": { "required": needed },
                    })
                );
            }
        }
    }
    assert!(
        api.models("/sources").await.is_empty(),
        "what is refused is not done"
    );
    // It may do more as soon as it is allowed to.
    let path = format!("/organizations/current/api-keys/{}", id(&created));
    let more = json!({ "scopes": ["gateway.sources.write"] });
    api.ok("PUT", &path, more).await;
    assert_eq!(called(api, "POST", "/sources", &key, &[]).await.status, 200);
    assert_eq!(called(api, "GET", "/projects", &key, &[]).await.status, 403);
}

#[tokio::test]
async fn a_call_that_names_a_project_must_have_a_key_for_it() {
    let world = World::of(gateway().api_key("one").api_key("two")).await;
    let api = &world.api;
    let own = id(&api.get("/projects").await.json()[0]);
    let others = id(&called(api, "GET", "/projects", "two", &[]).await.json()[0]);
    let sibling = id(&api
        .ok("POST", "/projects", json!({ "name": "sibling" }))
        .await);
    let body = json!({ "label": "all", "type": "organization" });
    let everywhere = secret(
        &api.ok("POST", "/organizations/current/api-keys", body)
            .await,
    );
    for header in ["x-hookdeck-team-id", "X-Team-ID", "X-Project-ID"] {
        for (key, named, status) in [
            ("one", &own, 200),
            ("one", &others, 401),
            ("one", &sibling, 401),
            ("two", &others, 200),
            ("two", &own, 401),
            (&everywhere, &own, 200),
            (&everywhere, &others, 401),
            (&everywhere, &sibling, 501),
            ("none", &own, 401),
        ] {
            let reply = called(api, "GET", "/sources", key, &[(header, named)]).await;
            assert_eq!(reply.status, status, "{header}: {named} {}", reply.text);
            if status == 401 {
                assert_eq!(reply.text, "Unauthorized");
            }
        }
        for key in ["one", &everywhere] {
            let reply = called(api, "GET", "/sources", key, &[(header, "tm_nobodys")]).await;
            assert_eq!(reply.status, 404);
            assert_eq!(
                reply.json(),
                json!({
                    "code": "NOT_FOUND",
                    "status": 404,
                    "message": "Team Not Found",
                    "data": { "id": "tm_nobodys" },
                })
            );
        }
        // A client that has none yet.
        let reply = called(api, "GET", "/sources", "one", &[(header, "")]).await;
        assert_eq!(reply.status, 200);
    }
    // All of them count.
    let both = [
        ("x-team-id", own.as_str()),
        ("x-project-id", others.as_str()),
    ];
    assert_eq!(
        called(api, "GET", "/sources", "one", &both).await.status,
        401
    );
}

#[tokio::test]
async fn a_key_is_that_of_the_same_project_whenever_a_gateway_starts() {
    let project = async |seed: u64, key: &str| {
        let world = World::of(gateway().seed(seed).api_key(key)).await;
        id(&world.api.get("/projects").await.json()[0])
    };
    let first = project(1, "one").await;
    assert_eq!(project(2, "one").await, first);
    assert_ne!(project(1, "two").await, first);
}
