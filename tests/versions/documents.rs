//! What the gateway answers at an older version, held against the document that was published for it. The
//! documents are the vendor's, so they are not part of this repository.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use hookdeck::ApiVersion;
use hookdeck::models::*;
use hookdeck_gateway::contract::Contract;
use serde_json::{Value, json};

use super::tour::tour;
use super::wire::{Recorded, World};

/// The version's document, if there are documents.
fn document(version: &ApiVersion) -> Option<Contract> {
    let Some(folder) = std::env::var_os("HOOKDECK_DOCUMENTS") else {
        eprintln!("skipped: HOOKDECK_DOCUMENTS names no folder with the published {version}.json");
        return None;
    };
    let file = Path::new(&folder).join(format!("{version}.json"));
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    Some(Contract::parse(text.leak()).expect("the document is readable"))
}

/// How many of the replies so far could be held against the document, and what is wrong with them.
fn held_against(document: &Contract, world: &World) -> (usize, Vec<String>) {
    let mut problems = BTreeSet::new();
    let mut checked = 0;
    for reply in world.recorded() {
        let Recorded {
            method,
            path,
            status,
            body,
        } = &reply;
        // Operations that are newer than the document are served all the same.
        let Some(route) = document.route(method, path) else {
            continue;
        };
        // An older document takes the newer `count` for an id.
        if path.ends_with("/count") && !route.operation.path.ends_with("/count") {
            continue;
        }
        checked += 1;
        for problem in document.validate_reply(route.operation, *status, body) {
            problems.insert(format!("{method} {path}: {problem}"));
        }
    }
    (checked, problems.into_iter().collect())
}

async fn a_tour_is_valid(version: &ApiVersion) {
    let Some(document) = document(version) else {
        return;
    };
    let world = World::new(version).await;
    tour(&world).await;
    let (checked, problems) = held_against(&document, &world);
    assert!(checked > 90, "only {checked} replies were held against it");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[tokio::test]
async fn replies_at_2024_09_01_are_valid_against_its_document() {
    a_tour_is_valid(&ApiVersion::V2024_09_01).await;
}

#[tokio::test]
async fn replies_at_2025_07_01_are_valid_against_its_document() {
    a_tour_is_valid(&ApiVersion::V2025_07_01).await;
}

/// What the API added without a new version is shown at older ones too, as the live API does, although their
/// documents do not know it: leaving it out would lose it for whoever writes back what was read.
#[tokio::test]
async fn at_2024_09_01_nothing_but_additions_goes_beyond_its_document() {
    let beyond = what_goes_beyond(&ApiVersion::V2024_09_01).await;
    // Types of sources and destinations' authentication, deduplication, methods, who gets e-mail.
    assert_beyond(
        &beyond,
        &[
            "verification does not match any of the allowed types",
            "auth_method does not match any of the allowed types",
            "rules[0] does not match any of the allowed types",
            "allowed_http_methods[0] must be one of",
            "allowed_http_methods[1] must be one of",
            "channels.email.member_emails is not allowed",
        ],
    );
}

#[tokio::test]
async fn at_2025_07_01_nothing_but_additions_goes_beyond_its_document() {
    let beyond = what_goes_beyond(&ApiVersion::V2025_07_01).await;
    // The same of later, time-outs, and the scheme of a GitLab source that is not the old one.
    assert_beyond(
        &beyond,
        &[
            "type must be one of",
            "config.auth_type is not allowed",
            "config.allowed_http_methods[0] must be one of",
            "config.delivery_timeout is not allowed",
            "channels.email.member_emails is not allowed",
        ],
    );
}

fn assert_beyond(problems: &[String], known: &[&str]) {
    let unknown: Vec<_> = problems
        .iter()
        .filter(|problem| !known.iter().any(|known| problem.contains(known)))
        .collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
}

async fn what_goes_beyond(version: &ApiVersion) -> Vec<String> {
    let Some(document) = document(version) else {
        return Vec::new();
    };
    let world = World::new(version).await;
    newest_things(&world).await;
    read_everything(&world).await;
    let (checked, problems) = held_against(&document, &world);
    assert!(checked > 150, "only {checked} replies were held against it");
    // The check can fail at all.
    assert!(!problems.is_empty());
    problems
}

async fn create(world: &World, path: &str, body: Value) -> Value {
    let reply = world.newest.raw().post(path).json(&body).await;
    let reply = reply.unwrap_or_else(|error| panic!("{path} {body}: {error} {:?}", error.api()));
    serde_json::from_str(reply.as_str()).unwrap()
}

/// Much of what the newest version alone has, made there.
async fn newest_things(world: &World) {
    for kind in SourceType::KNOWN {
        let name = kind.as_str();
        create(world, "/sources", json!({"name": name, "type": name})).await;
    }
    let gitlab = json!({
        "name": "gitlab-2",
        "type": "GITLAB",
        "config": {"auth_type": "STANDARD_WEBHOOKS", "auth": {"webhook_secret_key": "whsec_c2VjcmV0"}},
    });
    create(world, "/sources", gitlab).await;
    let query =
        json!({"name": "query", "config": {"allowed_http_methods": ["QUERY", "HEAD", "POST"]}});
    create(world, "/sources", query).await;
    destinations(world).await;
    triggers(world).await;
    happenings(world).await;
}

async fn destinations(world: &World) {
    let oauth = |with: &str| {
        let mut auth =
            json!({"auth_server": "https://a.example", "client_id": "c", "client_secret": "s"});
        auth[with] = json!(if with == "authentication_type" {
            "basic"
        } else {
            "r"
        });
        auth
    };
    for (kind, auth) in [
        ("BASIC_AUTH", json!({"username": "u", "password": "p"})),
        (
            "API_KEY",
            json!({"key": "x", "api_key": "k", "to": "header"}),
        ),
        ("BEARER_TOKEN", json!({"token": "t"})),
        ("OAUTH2_CLIENT_CREDENTIALS", oauth("authentication_type")),
        ("OAUTH2_AUTHORIZATION_CODE", oauth("refresh_token")),
        (
            "CUSTOM_SIGNATURE",
            json!({"key": "x-sig", "signing_secret": "0123456789abcdef"}),
        ),
        (
            "AWS_SIGNATURE",
            json!({"access_key_id": "a", "secret_access_key": "s", "region": "r", "service": "s"}),
        ),
        ("HOOKDECK_SIGNATURE", json!({})),
        ("GCP_SERVICE_ACCOUNT", json!({"service_account_key": "{}"})),
    ] {
        let config = json!({"url": "https://example.com", "auth_type": kind, "auth": auth});
        let destination = json!({"name": kind, "type": "HTTP", "config": config});
        create(world, "/destinations", destination).await;
    }
    let groups = json!({
        "key": "body.customer",
        "rate": 2,
        "rate_period": "minute",
        "overrides": {"big": {"rate": 3, "rate_period": "hour"}},
    });
    let config = json!({
        "url": "https://example.com",
        "delivery_timeout": 900,
        "http_method": "PUT",
        "delivery_policy": {"rate": 1, "period": "concurrent", "groups": groups},
    });
    let slow = json!({"name": "slow", "type": "HTTP", "config": config});
    create(world, "/destinations", slow).await;
    for kind in ["CLI", "MOCK_API"] {
        create(world, "/destinations", json!({"name": kind, "type": kind})).await;
    }
}

async fn triggers(world: &World) {
    let channels = json!({
        "email": {"member_emails": []},
        "opsgenie": {},
        "pagerduty": {},
        "incidentio": {},
        "slack": {"channel_name": "#x"},
        "discord": {"channel_name": "x", "channel_id": "1"},
        "microsoft_teams": {"channel_name": "x"},
        "betteruptime": {"escalation_policy_id": "1", "escalation_policy_name": "x"},
    });
    for (kind, configs) in [
        (
            "delivery",
            json!({"strategy": "first_attempt", "connections": "*"}),
        ),
        (
            "transformation",
            json!({"log_level": "error", "transformations": "*"}),
        ),
        ("backpressure", json!({"delay": 60000, "destinations": "*"})),
        ("request", json!({"sources": "*", "rejection_causes": "*"})),
    ] {
        let trigger = json!({"name": kind, "type": kind, "configs": configs, "channels": channels});
        create(world, "/issue-triggers", trigger).await;
    }
}

/// Requests, events and attempts in several states, and the issues they open.
async fn happenings(world: &World) {
    let rules = json!([
        {"type": "deduplicate", "window": 1000},
        {"type": "filter", "body": {"kept": true}},
        {"type": "delay", "delay": 1000},
        {"type": "retry", "strategy": "exponential", "interval": 60000, "count": 2},
    ]);
    let connection = json!({
        "name": "rules",
        "source": {"name": "rules"},
        "destination": {"name": "gone", "type": "HTTP", "config": {"url": "http://127.0.0.1:9/"}},
        "rules": rules,
    });
    let connection = create(world, "/connections", connection).await;
    let url = connection["source"]["url"].as_str().unwrap();
    for body in [
        r#"{"kept":true,"n":1}"#,
        r#"{"kept":true,"n":1}"#,
        r#"{"kept":true,"n":2}"#,
        r#"{"kept":false}"#,
    ] {
        world.post(url, body).await;
    }
    let lonely = world.newest.sources().create("lonely").await.unwrap();
    world.post(&lonely.url, "{}").await;
    let events = world.newest.events().list().await.unwrap().items;
    world.newest.events().cancel(&events[0].id).await.unwrap();
    world
        .gateway
        .advance(Duration::from_secs(30))
        .await
        .unwrap();
    for name in ["paused", "disabled"] {
        let source = connection["source"]["id"].clone();
        let mock = json!({"name": name, "type": "MOCK_API"});
        let made = json!({"name": name, "source_id": source, "destination": mock});
        let made = create(world, "/connections", made).await;
        let id = made["id"].as_str().unwrap();
        let connections = world.newest.connections();
        match name {
            "paused" => connections.pause(id).await.unwrap(),
            _ => connections.disable(id).await.unwrap(),
        };
    }
    world.post(url, r#"{"kept":false}"#).await;
}

/// Reads all lists, and each of their rows alone.
async fn read_everything(world: &World) {
    let get = async |path: &str, params: &[(&'static str, &'static str)]| -> Value {
        let call = params
            .iter()
            .fold(world.client.raw().get(path), |call, (name, value)| {
                call.param(*name, *value)
            });
        let reply = call.await.unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_str(reply.as_str()).unwrap()
    };
    for path in [
        "/sources",
        "/destinations",
        "/connections",
        "/requests",
        "/events",
        "/attempts",
        "/issues",
        "/issue-triggers",
        "/transformations",
    ] {
        let page = get(path, &[("limit", "250")]).await;
        for model in page["models"].as_array().unwrap() {
            let id = model["id"].as_str().unwrap();
            get(&format!("{path}/{id}"), &[]).await;
            if path == "/requests" {
                get(&format!("{path}/{id}/ignored_events"), &[]).await;
                get(&format!("{path}/{id}/events"), &[]).await;
            }
        }
    }
    get("/connections", &[("disabled", "true")]).await;
    get("/events", &[("include", "data")]).await;
}
