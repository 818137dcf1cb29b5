//! Signing in with the command-line client.

use std::net::SocketAddr;

use hookdeck_gateway::Gateway;
use hookdeck_testkit::{Reply, gateway, http, read};
use serde_json::{Value, json};

use crate::terminal::Handshake;
use crate::world::World;

async fn call(
    gateway: &Gateway,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: Value,
) -> Reply {
    let url = format!("{}{path}", gateway.api_url());
    let mut request = http()
        .request(method.parse().unwrap(), url)
        .header("content-type", "application/json")
        .body(body.to_string());
    if path.contains("/cli") {
        // What a client sends along and these calls pass over.
        request = request
            .header("x-team-id", "tm_chosen")
            .header("x-project-id", "tm_chosen");
    }
    let request = match key {
        Some(key) => request.basic_auth(key, Some("")),
        None => request,
    };
    read(request).await
}

#[tokio::test]
async fn a_client_with_a_key_learns_whose_it_is() {
    let world = World::start().await;
    let key = Some(world.gateway.api_key());
    let path = "/2026-09-01/cli-auth/validate";
    let whose = call(&world.gateway, "GET", path, key, Value::Null)
        .await
        .json();
    let projects: Value = world.client.raw().get("/projects").decode().await.unwrap();
    assert_eq!(whose["team_id"], projects[0]["id"]);
    assert_eq!(whose["team_name_no_org"], "Local");
    assert_eq!(
        projects[0]["name"], "[Local] Local",
        "a list names the organization too"
    );
    assert_eq!(whose["organization_id"], projects[0]["organization_id"]);
    assert_eq!(whose["team_type"], "event_gateway");
    assert!(whose["user_id"].as_str().unwrap().starts_with("usr_"));
    assert!(whose.get("key").is_none());

    let ci = call(
        &world.gateway,
        "POST",
        "/2026-09-01/cli-auth/ci",
        key,
        json!({ "device_name": "build-7" }),
    );
    let ci = ci.await.json();
    assert_eq!(ci["claimed"], true);
    assert_eq!(ci["key"], world.gateway.api_key());
    assert_eq!(ci["team_id"], whose["team_id"]);
    let client_id = ci["client_id"].as_str().unwrap();

    let renamed = format!("/2026-09-01/cli/{client_id}");
    let body = json!({ "device_name": "laptop" });
    let renamed = call(&world.gateway, "PUT", &renamed, key, body).await;
    assert_eq!(
        renamed.json(),
        json!({ "id": client_id, "device_name": "laptop" })
    );
    let whose = call(&world.gateway, "GET", path, key, Value::Null)
        .await
        .json();
    assert_eq!(whose["client_id"], client_id);
    let unknown = call(
        &world.gateway,
        "PUT",
        "/2026-09-01/cli/cli_1",
        key,
        json!({"device_name": "x"}),
    );
    assert_eq!(unknown.await.status, 404);
}

#[tokio::test]
async fn older_versions_speak_of_teams_and_modes() {
    let world = World::start().await;
    let key = Some(world.gateway.api_key());
    let path = "/2025-07-01/cli-auth/validate";
    let whose = call(&world.gateway, "GET", path, key, Value::Null)
        .await
        .json();
    assert_eq!(whose["team_mode"], "inbound");
    assert!(whose.get("team_type").is_none());
    let teams = call(&world.gateway, "GET", "/2025-07-01/teams", key, Value::Null).await;
    let teams = teams.json();
    assert_eq!(teams[0]["id"], whose["team_id"]);
    assert_eq!(teams[0]["mode"], "inbound");
    assert!(teams[0].get("type").is_none());
    let newest = call(&world.gateway, "GET", "/2026-09-01/teams", key, Value::Null).await;
    assert_eq!(newest.status, 404);
}

#[tokio::test]
async fn a_sign_in_is_confirmed_at_once_where_only_this_machine_can_reach_the_gateway() {
    let world = World::start().await;
    for path in ["/2026-09-01/cli-auth", "/2026-09-01/cli/guest"] {
        let begun = call(
            &world.gateway,
            "POST",
            path,
            None,
            json!({ "device_name": "x" }),
        )
        .await;
        let begun = begun.json();
        let page = http().get(begun["browser_url"].as_str().unwrap());
        assert_eq!(read(page).await.status, 200);
        let poll = begun["poll_url"].as_str().unwrap();
        let polled = read(http().get(poll)).await.json();
        assert_eq!(polled["claimed"], true);
        assert_eq!(polled["key"], world.gateway.api_key());
        assert_eq!(polled["user_name"], "Local");
        assert!(!begun.to_string().contains(world.gateway.api_key()));
    }
}

#[tokio::test]
async fn the_oldest_sign_ins_make_room_for_new_ones() {
    let world = World::start().await;
    let mut polls = Vec::new();
    for _ in 0..65 {
        let path = "/2026-09-01/cli-auth";
        let begun = call(&world.gateway, "POST", path, None, json!({})).await;
        polls.push(begun.json()["poll_url"].as_str().unwrap().to_owned());
    }
    let status = async |poll: &str| read(http().get(poll)).await.status;
    assert_eq!(status(&polls[0]).await, 401);
    assert_eq!(status(&polls[1]).await, 200);
    assert_eq!(status(&polls[64]).await, 200);
}

#[tokio::test]
async fn a_poll_knows_begun_sign_ins_and_good_keys_and_nothing_else() {
    let world = World::start().await;
    let poll = |key: &str| format!("/2026-09-01/cli-auth/poll?key={key}");
    let key = world.gateway.api_key();
    let known = call(&world.gateway, "GET", &poll(key), None, Value::Null).await;
    assert_eq!(known.json()["key"], key);
    for unknown in ["", "guess"] {
        let reply = call(&world.gateway, "GET", &poll(unknown), None, Value::Null).await;
        assert_eq!(reply.status, 401, "{unknown:?}");
    }
}

#[tokio::test]
async fn a_gateway_that_others_can_reach_hands_out_no_key() {
    let listen: SocketAddr = ([0, 0, 0, 0], 0).into();
    let gateway = gateway().listen(listen).start().await.unwrap();
    for path in ["/2026-09-01/cli-auth", "/2026-09-01/cli/guest"] {
        let refused = call(&gateway, "POST", path, None, json!({})).await;
        assert_eq!(refused.status, 403);
        assert!(!refused.text.contains(gateway.api_key()));
    }
    let key = Some(gateway.api_key());
    let ci = call(&gateway, "POST", "/2026-09-01/cli-auth/ci", key, json!({})).await;
    assert_eq!(ci.json()["claimed"], true);
}

#[tokio::test]
async fn a_page_of_another_host_cannot_sign_in() {
    let world = World::start().await;
    let url = format!("{}/2026-09-01/cli-auth", world.gateway.api_url());
    for (name, value) in [("host", "evil.example"), ("origin", "https://evil.example")] {
        let request = http().post(&url).header(name, value).body("{}");
        assert_eq!(read(request).await.status, 403, "{name}");
    }
}

#[tokio::test]
async fn calls_without_a_good_key_are_refused_like_every_other() {
    let world = World::start().await;
    for (method, path) in [
        ("GET", "/2026-09-01/cli-auth/validate"),
        ("POST", "/2026-09-01/cli-auth/ci"),
        ("PUT", "/2026-09-01/cli/cli_1"),
        ("POST", "/2026-09-01/cli-sessions"),
        ("GET", "/2025-07-01/teams"),
    ] {
        let missing = call(&world.gateway, method, path, None, json!({})).await;
        assert_eq!(missing.status, 401, "{path}");
        assert_eq!(missing.json()["code"], "UNAUTHORIZED");
        let wrong = call(&world.gateway, method, path, Some("wrong"), json!({})).await;
        assert_eq!(
            (wrong.status, wrong.text.as_str()),
            (401, "Unauthorized"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_key_for_the_whole_organization_is_refused() {
    let world = World::start().await;
    let create = |kind: &str| {
        let body = json!({ "label": kind, "type": kind });
        world
            .client
            .raw()
            .post("/organizations/current/api-keys")
            .json(&body)
            .decode::<Value>()
    };
    let organization = create("organization").await.unwrap();
    let key = organization["key"].as_str().unwrap();
    for (method, path) in [
        ("GET", "/2026-09-01/cli-auth/validate"),
        ("POST", "/2026-09-01/cli-auth/ci"),
    ] {
        let reply = call(&world.gateway, method, path, Some(key), json!({})).await;
        assert_eq!(
            (reply.status, reply.text.as_str()),
            (401, "Unauthorized"),
            "{path}"
        );
    }
    let poll = format!("/2026-09-01/cli-auth/poll?key={key}");
    let reply = call(&world.gateway, "GET", &poll, None, Value::Null).await;
    assert_eq!(reply.status, 401);

    let project = create("project").await.unwrap();
    let key = project["key"].as_str().unwrap();
    let ci = call(
        &world.gateway,
        "POST",
        "/2026-09-01/cli-auth/ci",
        Some(key),
        json!({}),
    )
    .await;
    assert_eq!(ci.json()["key"], key, "a project's key goes on being used");
    let connection = world.connection("shop").await;
    let terminal = Handshake::with(world.gateway.api_url())
        .key(key)
        .session("cses_1")
        .header("x-webhook-ids", connection.id.as_str());
    terminal.open().await.close().await;
}

#[tokio::test]
async fn a_session_is_refused_with_everything_that_is_wrong() {
    let world = World::start().await;
    let key = Some(world.gateway.api_key());
    let body = json!({ "webhook_ids": [], "filters": { "cookies": {} } });
    let refused = call(
        &world.gateway,
        "POST",
        "/2026-09-01/cli-sessions",
        key,
        body,
    )
    .await;
    assert_eq!(
        refused.violations(),
        [
            "webhook_ids must contain at least 1 items",
            "filters.cookies is not allowed",
        ]
    );
    let body = json!({ "device_name": 7 });
    let refused = call(&world.gateway, "POST", "/2026-09-01/cli-auth/ci", key, body).await;
    assert_eq!(refused.violations(), ["device_name must be a string"]);
}
