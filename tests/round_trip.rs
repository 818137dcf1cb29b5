//! Nothing is lost on the way: a reply decoded into a model and encoded again is the reply.
//!
//! Held against real replies of the gateway. Three things are not kept, as the documentation says:
//! fields the models do not know, the difference between an optional field that is null and one that
//! is absent, and whether a whole number stood without `.0` in a field that may have a fraction.

#[path = "support/levelled.rs"]
mod levelled;

use std::future::IntoFuture;

use futures_util::future::BoxFuture;
use hookdeck::models::{
    DestinationConfig, DestinationInput, FilterRule, RetryRule, RetryStrategy, Rule, SourceInput,
};
use hookdeck::raw::Raw;
use hookdeck::{Response, Result};
use hookdeck_testkit::{World, seconds};
use serde::Serialize;
use serde_json::{Value, json};

use levelled::levelled;

async fn holds<T: Serialize>(
    call: impl IntoFuture<Output = Result<Response<T>>>,
) -> std::result::Result<(), String> {
    let response = call.await.map_err(|error| error.to_string())?;
    let received: Value =
        serde_json::from_slice(response.body_bytes()).map_err(|error| error.to_string())?;
    let written = serde_json::to_value(&*response).map_err(|error| error.to_string())?;
    let (received, written) = (levelled(received), levelled(written));
    if received == written {
        Ok(())
    } else {
        Err(format!("received {received:#}\nwritten {written:#}"))
    }
}

/// A call of a table, made when its turn comes.
fn row<C, T>(what: &str, call: C) -> (&str, BoxFuture<'static, std::result::Result<(), String>>)
where
    C: IntoFuture<Output = Result<Response<T>>, IntoFuture: Send> + Send + 'static,
    T: Serialize + Send + Sync + 'static,
{
    (what, Box::pin(holds(call)))
}

#[tokio::test]
async fn what_the_gateway_answers_encodes_again_as_it_was() {
    let world = World::start().await;
    let client = &world.client;

    let filter = json!({"type": {"$in": ["a", "b"]}, "deep": [{"x": null}]});
    let connection = client
        .connections()
        .create()
        .name("orders")
        .source(SourceInput::new("shop").description("ünï \"quoted\""))
        .destination(DestinationInput::new("backend").config(
            // Nobody listens there, so that there are failures to read.
            DestinationConfig::new().url("http://127.0.0.1:9/hooks"),
        ))
        .rules([
            Rule::Filter(FilterRule::new().headers(json!({"x-kind": "order"}))),
            Rule::Retry(
                RetryRule::new(RetryStrategy::Linear)
                    .interval(60_000)
                    .count(2),
            ),
        ])
        .await
        .unwrap();
    let body = json!({"type": "order.created", "list": [1, 2.5, null, {"a": "é"}]});
    let publish = |kind: &'static str| {
        let publish = client.publish().to_source("shop").json(&body);
        publish.header("x-kind", kind)
    };
    let taken = publish("order").await.unwrap();
    let ignored = publish("other").await.unwrap();
    // Past the last retry, so that there is an issue to read.
    world.advance(seconds(600)).await;
    let event = client.requests().events(&taken.request_id).await.unwrap();
    let event = &event.items[0];
    let attempt = client.attempts().list().event_id(&event.id).await.unwrap();
    let attempt = &attempt.items[0];
    client
        .connections()
        .update(&connection.id)
        .rules([Rule::Filter(FilterRule::new().body(filter))])
        .await
        .unwrap();

    let (sources, destinations) = (client.sources(), client.destinations());
    let (requests, events) = (client.requests(), client.events());
    let (triggers, issues) = (client.issue_triggers(), client.issues());
    let (taken, ignored) = (&taken.request_id, &ignored.request_id);
    let mut calls = vec![
        row("source", sources.get(&connection.source.id).with_meta()),
        row(
            "destination",
            destinations.get(&connection.destination.id).with_meta(),
        ),
        row(
            "connection",
            client.connections().get(&connection.id).with_meta(),
        ),
        row("request", requests.get(taken).with_meta()),
        row("ignored request", requests.get(ignored).with_meta()),
        row("raw body", requests.raw_body(taken).with_meta()),
        row("event", events.get(&event.id).with_meta()),
        row("retried event", events.retry(&event.id).with_meta()),
        row("attempt", client.attempts().get(&attempt.id).with_meta()),
        row("replay", requests.replay(taken).with_meta()),
        row(
            "project",
            client.projects().get(&connection.team_id).with_meta(),
        ),
        row("organization", client.organizations().current().with_meta()),
    ];
    for trigger in triggers.list().await.unwrap().items {
        calls.push(row("issue trigger", triggers.get(&trigger.id).with_meta()));
    }
    for issue in issues.list().await.unwrap().items {
        calls.push(row("issue", issues.get(&issue.id).with_meta()));
    }
    for what in ["issue trigger", "issue"] {
        assert!(calls.iter().any(|(name, _)| *name == what), "no {what}");
    }
    for (what, call) in calls {
        call.await
            .unwrap_or_else(|problem| panic!("{what}: {problem}"));
    }
}

/// The id of what is made of a body as it stands.
async fn made(raw: &Raw, path: &str, body: &Value) -> String {
    let made = raw.post(path).json(body).decode::<Value>().await.unwrap();
    made["id"].as_str().unwrap().to_owned()
}

/// Every scheme of a destination, some of a source, and every kind of rule, credentials included.
#[tokio::test]
async fn every_scheme_and_rule_encodes_again_as_it_was() {
    let world = World::start().await;
    let client = &world.client;
    let raw = client.raw();

    let schemes = [
        json!({"auth_type": "HOOKDECK_SIGNATURE", "auth": {}}),
        json!({"auth_type": "CUSTOM_SIGNATURE", "auth": {"key": "x-sig", "signing_secret": "s"}}),
        json!({"auth_type": "BASIC_AUTH", "auth": {"username": "u", "password": "p"}}),
        json!({"auth_type": "API_KEY", "auth": {"key": "k", "api_key": "v", "to": "query"}}),
        json!({"auth_type": "BEARER_TOKEN", "auth": {"token": "t"}}),
        json!({"auth_type": "OAUTH2_CLIENT_CREDENTIALS", "auth": {
            "auth_server": "https://example.com/token", "client_id": "i", "client_secret": "s",
            "scope": "a b", "authentication_type": "basic",
        }}),
        json!({"auth_type": "OAUTH2_AUTHORIZATION_CODE", "auth": {
            "auth_server": "https://example.com/token", "client_id": "i", "client_secret": "s",
            "refresh_token": "r",
        }}),
        json!({"auth_type": "AWS_SIGNATURE", "auth": {
            "access_key_id": "a", "secret_access_key": "s", "region": "eu-west-1", "service": "lambda",
        }}),
    ];
    for (number, mut config) in schemes.into_iter().enumerate() {
        config["url"] = json!("https://example.com/hooks");
        config["http_method"] = json!("PUT");
        config["delivery_policy"] = json!({"rate": 3, "period": "minute", "groups": {
            "key": "body.customer", "rate": 1, "rate_period": "hour",
            "overrides": {"large": {"rate": 9, "rate_period": "second"}},
        }});
        let body = json!({"name": format!("d{number}"), "type": "HTTP", "config": config});
        let id = &made(&raw, "/destinations", &body).await;
        let call = client.destinations().get(id).include_auth().with_meta();
        holds(call)
            .await
            .unwrap_or_else(|error| panic!("{body}: {error}"));
    }

    let sources = [
        json!({"type": "WEBHOOK", "config": {"auth_type": "HMAC", "auth": {
            "webhook_secret_key": "s", "algorithm": "sha512", "encoding": "base64", "header_key": "x-sig",
        }}}),
        json!({"type": "HTTP", "config": {"auth_type": "API_KEY", "auth": {"api_key": "v", "header_key": "k"}}}),
        json!({"type": "HTTP", "config": {"auth_type": "BASIC_AUTH", "auth": {"username": "u", "password": "p"}}}),
        json!({"type": "STRIPE", "config": {"auth": {"webhook_secret_key": "s"}}}),
        json!({"type": "DISCORD", "config": {"auth": {"public_key": "p"}}}),
        json!({"type": "WEBHOOK", "config": {
            "allowed_http_methods": ["GET", "PATCH"],
            "custom_response": {"content_type": "xml", "body": "<ok/>"},
        }}),
    ];
    for (number, mut body) in sources.into_iter().enumerate() {
        body["name"] = json!(format!("s{number}"));
        let id = &made(&raw, "/sources", &body).await;
        let call = client.sources().get(id).include_auth().with_meta();
        holds(call)
            .await
            .unwrap_or_else(|error| panic!("{body}: {error}"));
    }

    let rules = json!([
        {"type": "deduplicate", "window": 60_000, "include_fields": ["body.id"]},
        {"type": "transform", "transformation": {
            "name": "t", "code": "addHandler('transform', (request) => request)", "env": {"A": "b"},
        }},
        {"type": "filter", "headers": {"x": "y"}, "body": {"a": [1, 2.5]}, "query": null, "path": "/p"},
        {"type": "delay", "delay": 1_000},
        {"type": "retry", "strategy": "exponential", "interval": 60_000, "count": 3,
            "response_status_codes": ["500-599", "!501"]},
    ]);
    let body = json!({
        "name": "c", "source": {"name": "s"}, "destination": {"name": "d", "type": "MOCK_API"}, "rules": rules,
    });
    let id = &made(&raw, "/connections", &body).await;
    holds(client.connections().get(id).with_meta())
        .await
        .unwrap();
}
