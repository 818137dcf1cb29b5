//! Tokens that are fetched: kept, shared, given back, and what happens when there is none.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hookdeck::models::EventStatus;
use hookdeck_testkit::{Answer, Receiver, World, gateway, seconds};
use serde_json::{Value, json};

use crate::{code, only_attempt};

fn token(value: impl Into<String>, lasts: u64) -> Answer {
    Answer::json(
        &json!({"access_token": value.into(), "expires_in": lasts, "token_type": "bearer"}),
    )
}

/// An authorization server that hands out `t0`, `t1` and so on, each good for a minute.
async fn server() -> Receiver {
    Receiver::scripted(|_, before| token(format!("t{before}"), 60)).await
}

fn client_credentials(destination: &str, server: &str) -> Value {
    json!({
        "url": destination,
        "auth_type": "OAUTH2_CLIENT_CREDENTIALS",
        "auth": {
            "auth_server": server,
            "client_id": "me",
            "client_secret": "hidden-secret",
            "scope": "hooks",
            "authentication_type": "x-www-form-urlencoded",
        },
    })
}

fn refresh_token(destination: &str, server: &str) -> Value {
    json!({
        "url": destination,
        "auth_type": "OAUTH2_AUTHORIZATION_CODE",
        "auth": {
            "auth_server": server,
            "client_id": "me",
            "client_secret": "hidden-secret",
            "refresh_token": "r0",
        },
    })
}

fn authorizations(receiver: &Receiver) -> Vec<String> {
    let received = receiver.deliveries();
    received
        .iter()
        .map(|received| received.header("authorization").to_owned())
        .collect()
}

#[tokio::test]
async fn a_token_is_kept_until_it_ends_by_the_gateways_clock() {
    let (server, destination) = (server().await, Receiver::start().await);
    let world = World::start().await;
    let config = client_credentials(&destination.url, &server.url);
    let connection = world.connect("a").config(config).await;
    world.deliver(&connection, 1).await;
    world.advance(seconds(59)).await;
    world.deliver(&connection, 2).await;
    world.advance(seconds(1)).await;
    world.deliver(&connection, 3).await;
    assert_eq!(
        authorizations(&destination),
        ["Bearer t0", "Bearer t0", "Bearer t1"]
    );

    let asked = server.deliveries();
    assert_eq!(asked.len(), 2);
    for (field, value) in [
        ("grant_type", "client_credentials"),
        ("client_id", "me"),
        ("client_secret", "hidden-secret"),
        ("scope", "hooks"),
    ] {
        assert_eq!(asked[0].field(field).as_deref(), Some(value));
    }
}

#[tokio::test]
async fn deliveries_at_once_share_one_handshake() {
    let (server, destination) = (server().await, Receiver::start().await);
    let world = World::start().await;
    let config = client_credentials(&destination.url, &server.url);
    let connection = world.connect("a").config(config).await;
    world
        .client
        .connections()
        .pause(&connection.id)
        .await
        .unwrap();
    for n in 0..8 {
        world.post(&connection, n).await;
    }
    server.hold();
    world
        .client
        .connections()
        .unpause(&connection.id)
        .await
        .unwrap();
    server.arrived(1).await;
    server.release(100);
    world.settle().await;
    assert_eq!(authorizations(&destination), ["Bearer t0"; 8]);
    assert_eq!(server.deliveries().len(), 1);
}

#[tokio::test]
async fn each_destination_has_a_token_of_its_own_and_a_changed_one_a_new_one() {
    let (server, destination) = (server().await, Receiver::start().await);
    let world = World::start().await;
    let config = client_credentials(&destination.url, &server.url);
    let first = world.connect("a").config(config.clone()).await;
    let second = world.connect("b").config(config.clone()).await;
    world.deliver(&first, 1).await;
    world.deliver(&second, 2).await;
    let mut changed = config;
    changed["auth"]["client_secret"] = json!("another");
    let path = format!("/destinations/{}", first.destination.id);
    let update = world
        .client
        .raw()
        .put(path)
        .json(&json!({"config": changed}));
    update.await.unwrap();
    world.deliver(&first, 3).await;
    world.deliver(&second, 4).await;
    assert_eq!(
        authorizations(&destination),
        ["Bearer t0", "Bearer t1", "Bearer t2", "Bearer t1"]
    );
}

#[tokio::test]
async fn a_token_taken_back_early_is_replaced_within_the_attempt() {
    let server = server().await;
    let valid = Arc::new(AtomicUsize::new(0));
    let destination = Receiver::scripted({
        let valid = Arc::clone(&valid);
        move |received, _| {
            let expected = format!("Bearer t{}", valid.load(Ordering::SeqCst));
            Answer::status(if received.header("authorization") == expected {
                200
            } else {
                401
            })
        }
    })
    .await;
    let world = World::start().await;
    let config = client_credentials(&destination.url, &server.url);
    let connection = world.connect("a").config(config).await;
    world.deliver(&connection, 1).await;
    valid.store(1, Ordering::SeqCst);
    world.deliver(&connection, 2).await;
    let attempts = world.attempts().await;
    assert_eq!(attempts.len(), 2);
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.response_status == Some(200))
    );
    assert_eq!(
        authorizations(&destination),
        ["Bearer t0", "Bearer t0", "Bearer t1"]
    );
}

#[tokio::test]
async fn a_destination_that_refuses_even_a_fresh_token_is_asked_once() {
    let server = server().await;
    let destination = Receiver::scripted(|_, _| Answer::status(401)).await;
    let world = World::start().await;
    let config = client_credentials(&destination.url, &server.url);
    let connection = world.connect("a").config(config).await;
    world.deliver(&connection, 1).await;
    world.deliver(&connection, 2).await;
    // The token it refused was not kept for the second event.
    assert_eq!(authorizations(&destination), ["Bearer t0", "Bearer t1"]);
    let attempts = world.attempts().await;
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.response_status == Some(401))
    );
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_the_retry_tries_anew() {
    let server = Receiver::scripted(|_, before| match before {
        0 => Answer::status(500),
        1 => Answer::json(&json!({"token": "hidden-secret"})),
        2 => Answer::status(200).body("<html>"),
        3 => Answer::status(302).header("location", "/elsewhere"),
        _ => token("good", 60),
    })
    .await;
    let destination = Receiver::start().await;
    let world = World::start().await;
    let config = client_credentials(&destination.url, &server.url);
    let rules = json!([{"type": "retry", "strategy": "linear", "interval": 10_000, "count": 9}]);
    let connection = world.connect("a").config(config).rules(rules).await;
    world.deliver(&connection, 1).await;
    world.advance(seconds(3_600)).await;
    let attempts = world.attempts().await;
    let codes: Vec<&str> = attempts.iter().map(code).collect();
    let failed = "OAUTH2_HANDSHAKE_FAILED";
    assert_eq!(codes, [failed, failed, failed, failed, ""]);
    assert_eq!(attempts[0].delivered_at, None);
    assert_eq!(authorizations(&destination), ["Bearer good"]);
    assert!(
        server
            .deliveries()
            .iter()
            .all(|asked| asked.uri.path() == "/")
    );
    assert_eq!(world.events().await[0].status, EventStatus::Successful);
}

#[tokio::test]
async fn an_authorization_server_that_hangs_ends_with_the_deliverys_time() {
    let server = server().await;
    server.hold();
    let destination = Receiver::start().await;
    let world = World::start().await;
    // The shortest limit there is; the test ends when the limit does, however long that takes.
    let mut config = client_credentials(&destination.url, &server.url);
    config["delivery_timeout"] = json!(1);
    let attempt = only_attempt(&world, "a", config).await;
    assert_eq!(code(&attempt), "OAUTH2_HANDSHAKE_FAILED");
    assert!(destination.deliveries().is_empty());
}

#[tokio::test]
async fn the_authorization_servers_address_is_guarded_as_a_destinations_is() {
    let destination = Receiver::start().await;
    let world = World::start().await;
    for (name, server) in [
        ("a", "http://169.254.169.254/latest/api/token"),
        ("b", "file:///etc/passwd"),
        ("c", "http://nothing.invalid/"),
    ] {
        let config = client_credentials(&destination.url, server);
        assert_eq!(
            code(&only_attempt(&world, name, config).await),
            "OAUTH2_HANDSHAKE_FAILED"
        );
    }
    // A gateway that others reach asks nobody on its own network.
    let server = self::server().await;
    let open = World::of(gateway().listen("0.0.0.0:0".parse().unwrap())).await;
    let config = client_credentials("http://mock.hookdeck.com", &server.url);
    let attempt = only_attempt(&open, "a", config).await;
    assert_eq!(code(&attempt), "OAUTH2_HANDSHAKE_FAILED");
    assert!(server.deliveries().is_empty());
}

/// Takes each refresh token once and hands out the next one with the access token.
async fn rotating_server() -> Receiver {
    let next = AtomicUsize::new(0);
    Receiver::scripted(move |asked, _| {
        let n = next.load(Ordering::SeqCst);
        if asked.field("refresh_token") != Some(format!("r{n}")) {
            return Answer::status(400).body(r#"{"error": "invalid_grant"}"#);
        }
        next.store(n + 1, Ordering::SeqCst);
        Answer::json(&json!({
            "access_token": format!("t{n}"),
            "expires_in": "60",
            "refresh_token": format!("r{}", n + 1),
        }))
    })
    .await
}

#[tokio::test]
async fn an_exchanged_refresh_token_is_used_from_then_on_and_outlives_the_gateway() {
    let (server, destination) = (rotating_server().await, Receiver::start().await);
    let directory = tempfile::tempdir().unwrap();
    let builder = gateway().data_dir(directory.path());
    let world = World::of(builder.clone()).await;
    let config = refresh_token(&destination.url, &server.url);
    let connection = world.connect("a").config(config).await;
    for n in 0..3 {
        world.deliver(&connection, n).await;
        world.advance(seconds(60)).await;
    }
    let now = world.gateway.now();
    world.gateway.shutdown().await;

    let world = World::of(builder.manual_clock(now)).await;
    let connections = world.client.connections();
    let connection = connections.get(connection.id).await.unwrap();
    world.deliver(&connection, 3).await;
    assert_eq!(
        authorizations(&destination),
        ["Bearer t0", "Bearer t1", "Bearer t2", "Bearer t3"]
    );
}

#[tokio::test]
async fn a_refresh_token_somebody_sets_wins_over_the_exchanged_one() {
    let destination = Receiver::start().await;
    let server = Receiver::scripted(|asked, _| {
        let used = asked.field("refresh_token").unwrap();
        Answer::json(
            &json!({"access_token": format!("for {used}"), "refresh_token": format!("{used}+")}),
        )
    })
    .await;
    let world = World::start().await;
    let mut config = refresh_token(&destination.url, &server.url);
    let connection = world.connect("a").config(config.clone()).await;
    world.deliver(&connection, 1).await;
    // This token came without an end, so it is kept.
    world.advance(seconds(1_000_000)).await;
    world.deliver(&connection, 2).await;
    config["auth"]["refresh_token"] = json!("mine");
    let path = format!("/destinations/{}", connection.destination.id);
    let update = world
        .client
        .raw()
        .put(path)
        .json(&json!({"config": config}));
    update.await.unwrap();
    world.deliver(&connection, 3).await;
    assert_eq!(
        authorizations(&destination),
        ["Bearer for r0", "Bearer for r0", "Bearer for mine"]
    );
}

#[tokio::test]
async fn nothing_that_is_shown_holds_a_secret() {
    let server = Receiver::scripted(|_, _| token("hidden-token", 60)).await;
    let destination = Receiver::start().await;
    let world = World::start().await;
    let config = client_credentials(&destination.url, &server.url);
    let connection = world.connect("a").config(config).await;
    world.deliver(&connection, 1).await;
    let event = world.events().await.remove(0);
    let attempt = world.attempts().await.remove(0);
    for path in [
        format!("/connections/{}", connection.id),
        format!("/destinations/{}", connection.destination.id),
        format!("/events/{}", event.id),
        format!("/attempts/{}", attempt.id),
    ] {
        let shown = world.client.raw().get(path.clone()).await.unwrap();
        assert!(!shown.to_string().contains("hidden"), "{path}: {shown}");
    }
    // What the event's data does show is the request, whatever the authentication.
    let data = event.data.unwrap();
    assert_eq!(data.url, format!("{}/", destination.url));
    assert!(
        data.appended_headers
            .unwrap()
            .contains(&"x-hookdeck-signature".to_owned())
    );
}
