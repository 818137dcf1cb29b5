//! Sources, destinations and rules: what is set together, and what is refused before it is sent.

mod support;

use std::time::Duration;

use hookdeck::configuration::StatusMatch;
use hookdeck::models::{
    ApiKeyPlace, CustomResponse, DeduplicateRule, DeliveryGroupPeriod, DeliveryGroups,
    DeliveryPeriod, DestinationAuth, DestinationAuthType, DestinationConfig, DestinationInput,
    DestinationType, HmacAlgorithm, HmacEncoding, HttpMethod, OauthAuthentication, Rule,
    SourceAuth, SourceAuthType, SourceConfig, SourceInput, SourceType,
};
use hookdeck::{Error, ErrorKind, Sent};
use serde::Serialize;
use serde_json::{Value, json};
use support::{Script, Step, client, source};

fn as_json(value: impl Serialize) -> Value {
    serde_json::to_value(value).expect("it encodes")
}

fn no_calls() -> Script {
    Script::new([] as [Step; 0])
}

/// The message of a call that was refused before anything was sent. The script has no steps: a
/// request would panic.
fn refused(outcome: Result<impl Sized, Error>) -> String {
    let error = outcome.err().expect("the call is refused");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(error.sent(), Sent::No);
    error.to_string()
}

async fn refused_source(source: SourceInput) -> String {
    refused(client(&no_calls()).sources().create(source).await)
}

async fn refused_destination(destination: DestinationInput) -> String {
    refused(client(&no_calls()).destinations().create(destination).await)
}

async fn refused_rule(rule: impl Into<Rule>) -> String {
    refused(
        client(&no_calls())
            .connections()
            .update("web_1")
            .rule(rule)
            .await,
    )
}

#[test]
fn a_generic_source_gets_its_scheme_and_credentials_together() {
    let hmac = SourceInput::webhook("shop").hmac(
        "s3cret",
        "x-signature",
        HmacAlgorithm::Sha256,
        HmacEncoding::Hex,
    );
    assert_eq!(
        as_json(&hmac),
        json!({
            "name": "shop",
            "type": "WEBHOOK",
            "config": {
                "auth_type": "HMAC",
                "auth": {
                    "webhook_secret_key": "s3cret",
                    "header_key": "x-signature",
                    "algorithm": "sha256",
                    "encoding": "hex",
                },
            },
        })
    );
    assert!(!format!("{hmac:?}").contains("s3cret"), "{hmac:?}");
    assert_eq!(
        as_json(
            SourceInput::http("shop")
                .basic_auth("u", "p")
                .methods([HttpMethod::Post])
                .respond_with(CustomResponse::text("thanks"))
        ),
        json!({
            "name": "shop",
            "type": "HTTP",
            "config": {
                "auth_type": "BASIC_AUTH",
                "auth": {"username": "u", "password": "p"},
                "allowed_http_methods": ["POST"],
                "custom_response": {"content_type": "text", "body": "thanks"},
            },
        })
    );
    assert_eq!(
        as_json(SourceInput::http("shop").api_key("x-key", "k").config),
        json!({"auth_type": "API_KEY", "auth": {"header_key": "x-key", "api_key": "k"}})
    );
}

#[test]
fn a_providers_source_has_no_scheme() {
    assert_eq!(
        as_json(SourceInput::stripe("pay", "whsec")),
        json!({
            "name": "pay",
            "type": "STRIPE",
            "config": {"auth": {"webhook_secret_key": "whsec"}},
        })
    );
}

#[tokio::test]
async fn a_source_is_created_from_a_name_or_a_description() {
    let script = Script::new([source("src_1"), source("src_2"), source("src_3")]);
    let client = client(&script);
    client.sources().create("plain").await.unwrap();
    client
        .sources()
        .upsert(SourceInput::github("code", "s"))
        .await
        .unwrap();
    client
        .sources()
        .create("keyed")
        .api_key("x-key", "k")
        .await
        .unwrap();
    let sent: Vec<Value> = script
        .seen()
        .iter()
        .map(|seen| serde_json::from_slice(&seen.body).unwrap())
        .collect();
    assert_eq!(sent[0], json!({"name": "plain"}));
    assert_eq!(sent[1]["type"], "GITHUB");
    assert_eq!(sent[2]["config"]["auth_type"], "API_KEY");
}

#[tokio::test]
async fn a_source_the_api_would_refuse_is_not_sent() {
    let auth = SourceAuth::new().webhook_secret_key("s3cret");
    let config = |config: SourceConfig| SourceInput::webhook("a").config(config);
    for (source, reason) in [
        (SourceInput::webhook(""), "name is empty"),
        (SourceInput::webhook("a b"), "name has other characters"),
        (
            SourceInput::webhook("a".repeat(156)),
            "name is longer than 155",
        ),
        (
            SourceInput::webhook("a").description("x".repeat(501)),
            "description is longer than 500",
        ),
        (
            config(SourceConfig::new().auth(auth.clone())),
            "config.auth is set without auth_type",
        ),
        (
            SourceInput::new("a").config(SourceConfig::new().auth(auth.clone())),
            "config.auth is set without auth_type",
        ),
        (
            config(SourceConfig::new().auth_type(SourceAuthType::Hmac)),
            "config.auth_type is HMAC without auth",
        ),
        (
            config(
                SourceConfig::new()
                    .auth_type(SourceAuthType::Hmac)
                    .auth(auth.clone()),
            ),
            "config.auth.header_key is missing, and HMAC needs it",
        ),
        (
            SourceInput::provider(SourceType::Stripe, "a").basic_auth("u", "p"),
            "config.auth_type is BASIC_AUTH, and sources of type STRIPE take none",
        ),
        (
            SourceInput::provider(SourceType::Discord, "a").secret("s3cret"),
            "config.auth.public_key is missing, and DISCORD needs it",
        ),
        (
            SourceInput::provider(SourceType::AwsSns, "a").secret("s3cret"),
            "config.auth.webhook_secret_key is set, and AWS_SNS does not know it",
        ),
        (
            SourceInput::http("a").config(
                SourceConfig::new()
                    .auth_type(SourceAuthType::Stripe)
                    .auth(auth),
            ),
            "config.auth_type is STRIPE, and type HTTP knows HMAC",
        ),
        (
            SourceInput::webhook("a").respond_with(CustomResponse::xml("x".repeat(1001))),
            "config.custom_response.body is longer than 1000",
        ),
    ] {
        let message = refused_source(source).await;
        assert!(message.contains(reason), "{message}\nlacks: {reason}");
        assert!(!message.contains("s3cret"), "{message}");
    }
}

#[tokio::test]
async fn an_update_is_checked_as_far_as_its_type_is_known() {
    let auth = SourceConfig::new().auth(SourceAuth::new().webhook_secret_key("s"));
    let script = Script::new([source("src_1")]);
    client(&script)
        .sources()
        .update("src_1")
        .config(auth.clone())
        .await
        .unwrap();

    let update = client(&no_calls()).sources().update("src_1");
    let message = refused(update.clone().kind(SourceType::Webhook).config(auth).await);
    assert!(message.contains("without auth_type"), "{message}");
    let half = SourceConfig::new().auth_type(SourceAuthType::Hmac);
    let message = refused(update.config(half).await);
    assert!(message.contains("without auth"), "{message}");
}

#[tokio::test]
async fn every_scheme_passes_the_check_and_is_sent() {
    let script = Script::always(source("src_1"));
    let sources = client(&script).sources();
    for input in [
        SourceInput::webhook("a").hmac("s", "h", HmacAlgorithm::Md5, HmacEncoding::Base64),
        SourceInput::http("a").basic_auth("u", "p"),
        SourceInput::http("a").api_key("h", "k"),
        SourceInput::gitlab("a", "t"),
        SourceInput::webhook("a").standard_webhooks("whsec_c2VjcmV0"),
        SourceInput::provider(SourceType::Gitlab, "a").standard_webhooks("whsec_c2VjcmV0"),
        SourceInput::mcp_events("a", "whsec_c2VjcmV0"),
        SourceInput::slack("a", "s"),
        SourceInput::provider(SourceType::AzureEventGrid, "a").api_key("h", "k"),
        SourceInput::provider(SourceType::Postmark, "a")
            .auth(SourceAuth::new().username("u").password("p")),
        SourceInput::provider(SourceType::AwsSns, "a"),
        SourceInput::provider(SourceType::Vapi, "a").secret("s"),
    ] {
        sources.upsert(input).await.unwrap();
    }
    assert_eq!(script.count(), 12);
}

#[tokio::test]
async fn standard_webhooks_are_for_the_types_that_know_them() {
    assert_eq!(
        as_json(SourceInput::webhook("a").standard_webhooks("whsec_c2VjcmV0")),
        json!({"name": "a", "type": "WEBHOOK", "config": {
            "auth_type": "STANDARD_WEBHOOKS", "auth": {"webhook_secret_key": "whsec_c2VjcmV0"},
        }})
    );
    assert_eq!(
        as_json(SourceInput::mcp_events("a", "whsec_c2VjcmV0")),
        json!({"name": "a", "type": "MCP_EVENTS", "config": {
            "auth": {"webhook_secret_key": "whsec_c2VjcmV0"},
        }})
    );
    for (source, reason) in [
        (
            SourceInput::http("a").standard_webhooks("s3cret"),
            "auth_type is STANDARD_WEBHOOKS, and type HTTP knows HMAC, BASIC_AUTH and API_KEY",
        ),
        (
            SourceInput::mcp_events("a", "s3cret").standard_webhooks("s3cret"),
            "auth_type is STANDARD_WEBHOOKS, and sources of type MCP_EVENTS take none",
        ),
        (
            SourceInput::provider(SourceType::McpEvents, "a")
                .auth(SourceAuth::new().api_key("s3cret")),
            "webhook_secret_key",
        ),
    ] {
        let message = refused_source(source).await;
        assert!(message.contains(reason), "{message}\nlacks: {reason}");
        assert!(!message.contains("s3cret"), "{message}");
    }
}

#[tokio::test]
async fn what_is_newer_than_this_version_is_left_to_the_api() {
    let script = Script::new([source("src_1"), source("src_2")]);
    let sources = client(&script).sources();
    let unknown = SourceInput::provider(SourceType::from("BRAND_NEW"), "a").secret("s");
    sources.create(unknown).await.unwrap();
    let scheme = SourceConfig::new()
        .auth_type(SourceAuthType::from("BRAND_NEW"))
        .auth(SourceAuth::new().token("t"));
    sources
        .create(SourceInput::webhook("a").config(scheme))
        .await
        .unwrap();
    assert_eq!(script.count(), 2);
}

#[test]
fn a_destination_gets_its_way_and_credentials_together() {
    let auth = |destination: DestinationInput| {
        let config = as_json(destination.config);
        (config["auth_type"].clone(), config["auth"].clone())
    };
    let http = || DestinationInput::http("a", "https://example.com");
    assert_eq!(
        as_json(http().rate(10, DeliveryPeriod::Concurrent)),
        json!({
            "name": "a",
            "type": "HTTP",
            "config": {
                "url": "https://example.com",
                "delivery_policy": {"rate": 10, "period": "concurrent"},
            },
        })
    );
    for (destination, auth_type, credentials) in [
        (http().hookdeck_signature(), "HOOKDECK_SIGNATURE", json!({})),
        (
            http().custom_signature("x-sig", "s"),
            "CUSTOM_SIGNATURE",
            json!({"key": "x-sig", "signing_secret": "s"}),
        ),
        (
            http().basic_auth("u", "p"),
            "BASIC_AUTH",
            json!({"username": "u", "password": "p"}),
        ),
        (
            http().api_key(ApiKeyPlace::Query, "key", "k"),
            "API_KEY",
            json!({"key": "key", "api_key": "k", "to": "query"}),
        ),
        (
            http().bearer_token("t"),
            "BEARER_TOKEN",
            json!({"token": "t"}),
        ),
        (
            http()
                .oauth2_client_credentials("https://id.example.com", "c", "s")
                .scope("hooks")
                .oauth_authentication(OauthAuthentication::Basic),
            "OAUTH2_CLIENT_CREDENTIALS",
            json!({
                "auth_server": "https://id.example.com",
                "client_id": "c",
                "client_secret": "s",
                "scope": "hooks",
                "authentication_type": "basic",
            }),
        ),
        (
            http().oauth2_authorization_code("https://id.example.com", "c", "s", "r"),
            "OAUTH2_AUTHORIZATION_CODE",
            json!({
                "auth_server": "https://id.example.com",
                "client_id": "c",
                "client_secret": "s",
                "refresh_token": "r",
            }),
        ),
        (
            http().aws_signature("id", "s", "us-east-1", "lambda"),
            "AWS_SIGNATURE",
            json!({
                "access_key_id": "id",
                "secret_access_key": "s",
                "region": "us-east-1",
                "service": "lambda",
            }),
        ),
        (
            http().gcp_service_account("{}"),
            "GCP_SERVICE_ACCOUNT",
            json!({"service_account_key": "{}"}),
        ),
    ] {
        assert_eq!(auth(destination), (json!(auth_type), credentials));
    }
}

#[tokio::test]
async fn every_way_of_authenticating_passes_the_check_and_is_sent() {
    let destination = json!({
        "id": "des_1", "name": "a", "team_id": "tm_1", "type": "HTTP", "config": {},
        "created_at": "2026-09-01T00:00:00.000Z", "updated_at": "2026-09-01T00:00:00.000Z",
    });
    let script = Script::always(destination);
    let destinations = client(&script).destinations();
    let create = destinations.create(DestinationInput::http("a", "https://example.com"));
    for call in [
        create.clone().hookdeck_signature(),
        create.clone().custom_signature("x-sig", "s"),
        create.clone().basic_auth("u", "p"),
        create.clone().api_key(ApiKeyPlace::Header, "key", "k"),
        create.clone().bearer_token("t"),
        create
            .clone()
            .oauth2_client_credentials("https://id.example.com", "c", "s"),
        create
            .clone()
            .oauth2_authorization_code("https://id.example.com", "c", "s", "r"),
        create
            .clone()
            .aws_signature("id", "s", "us-east-1", "lambda"),
        create.clone().gcp_service_account("{}").scope("hooks"),
        create.groups(DeliveryGroups::new(
            "body.a",
            5,
            DeliveryGroupPeriod::Second,
        )),
        destinations.create(DestinationInput::cli("a", "/hooks")),
        destinations.upsert(DestinationInput::mock_api("a").rate(1, DeliveryPeriod::Hour)),
    ] {
        call.await.unwrap();
    }
    assert_eq!(script.count(), 12);
}

#[tokio::test]
async fn a_destination_the_api_would_refuse_is_not_sent() {
    let http = || DestinationInput::http("a", "https://example.com");
    let group = |key: &str, rate| DeliveryGroups::new(key, rate, DeliveryGroupPeriod::Minute);
    let config = |config: DestinationConfig| {
        DestinationInput::new("a").config(config.url("https://example.com"))
    };
    for (destination, reason) in [
        (
            DestinationInput::http("", "https://example.com"),
            "name is empty",
        ),
        (DestinationInput::http("a", ""), "config.url is missing"),
        (
            DestinationInput::new("a").config(DestinationConfig::new()),
            "config.url is missing",
        ),
        (
            DestinationInput::cli("a", "/").rate(5, DeliveryPeriod::Second),
            "config.delivery_policy is set, and destinations of type CLI take none",
        ),
        (
            http().kind(DestinationType::MockApi),
            "config.url is set, and destinations of type MOCK_API take none",
        ),
        (
            http().rate(0, DeliveryPeriod::Second),
            "config.delivery_policy.rate is 0",
        ),
        (
            http().groups(group("tenant", 1)),
            "groups.key is \"tenant\"",
        ),
        (http().groups(group("body.", 1)), "groups.key is \"body.\""),
        (http().groups(group("body.a", 0)), "groups.rate is 0"),
        (
            http().groups(group("body.a", 100_001)),
            "groups.rate is 100001",
        ),
        (
            config(DestinationConfig::new().auth_type(DestinationAuthType::BearerToken)),
            "config.auth_type is BEARER_TOKEN without auth",
        ),
        (
            config(DestinationConfig::new().auth(DestinationAuth::new().token("s3cret"))),
            "config.auth is set without auth_type",
        ),
        (
            http().bearer_token("s3cret").scope("hooks"),
            "config.auth.scope is set, and BEARER_TOKEN does not know it",
        ),
        (
            config(DestinationConfig::new().delivery_timeout(901)),
            "config.delivery_timeout is 901",
        ),
        (
            config(DestinationConfig::new().http_method(HttpMethod::Head)),
            "config.http_method is HEAD",
        ),
    ] {
        let message = refused_destination(destination).await;
        assert!(message.contains(reason), "{message}\nlacks: {reason}");
        assert!(!message.contains("s3cret"), "{message}");
    }
}

#[test]
fn rules_say_what_they_do() {
    for (rule, expected) in [
        (
            Rule::retry().linear(Duration::from_secs(60)).into(),
            json!({"type": "retry", "strategy": "linear", "interval": 60_000}),
        ),
        (
            Rule::filter()
                .body(json!({"a": 1}))
                .headers(json!({"b": "c"}))
                .into(),
            json!({"type": "filter", "body": {"a": 1}, "headers": {"b": "c"}}),
        ),
        (
            Rule::delay(Duration::from_millis(1500)),
            json!({"type": "delay", "delay": 1500}),
        ),
        (
            Rule::retry()
                .linear(Duration::from_secs(30))
                .on_status(..400)
                .on_status(..=404)
                .into(),
            json!({
                "type": "retry", "strategy": "linear", "interval": 30_000,
                "response_status_codes": ["<400", "<=404"],
            }),
        ),
        (
            Rule::retry()
                .linear(Duration::from_secs(30))
                .on_failures_except([410, 413])
                .into(),
            json!({
                "type": "retry", "strategy": "linear", "interval": 30_000,
                "response_status_codes": [">=300", "!410", "!413"],
            }),
        ),
        (
            Rule::deduplicate(Duration::from_secs(60)).into(),
            json!({"type": "deduplicate", "window": 60_000}),
        ),
        (
            Rule::deduplicate(Duration::from_secs(60)).include(["body.id"]),
            json!({"type": "deduplicate", "window": 60_000, "include_fields": ["body.id"]}),
        ),
        (
            Rule::deduplicate(Duration::from_secs(60)).exclude(["headers.date"]),
            json!({"type": "deduplicate", "window": 60_000, "exclude_fields": ["headers.date"]}),
        ),
        (
            Rule::transform("trs_1"),
            json!({"type": "transform", "transformation_id": "trs_1"}),
        ),
        (
            Rule::transform_code("tag", "code"),
            json!({"type": "transform", "transformation": {"name": "tag", "code": "code"}}),
        ),
    ] {
        assert_eq!(as_json(rule), expected);
    }
}

#[test]
fn a_retry_rule_tells_what_it_does_with_an_answer() {
    let rule = || Rule::retry().linear(Duration::from_secs(30));
    for (rule, retried, left) in [
        (rule(), vec![100, 302, 404, 500], vec![200, 204, 299]),
        (rule().clear_response_status_codes(), vec![404], vec![200]),
        (
            rule().on_status(500..=599).on_status(429),
            vec![429, 503],
            vec![200, 404],
        ),
        (
            rule().on_failures_except([410, 413]),
            vec![302, 500],
            vec![200, 410, 413],
        ),
        (rule().on_failures_except([]), vec![302, 500], vec![200]),
        // Nothing but exclusions.
        (
            rule().on_status(StatusMatch::except(410)),
            vec![200, 204, 404, 500],
            vec![410],
        ),
    ] {
        for status in retried {
            assert!(rule.retries(status), "{status}: {rule:?}");
        }
        for status in left {
            assert!(!rule.retries(status), "{status}: {rule:?}");
        }
    }
}

#[tokio::test]
async fn a_rule_the_api_would_refuse_is_not_sent() {
    let second = Duration::from_secs(1);
    let mut statuses = Rule::retry().linear(second);
    for status in 400..411 {
        statuses = statuses.on_status(status);
    }
    let both = DeduplicateRule::new(1000)
        .include_fields(["body"])
        .exclude_fields(["headers"]);
    for (rule, reason) in [
        (
            Rule::from(Rule::retry().linear(second).count(51)),
            "rules[0].count is 51, and the API retries 50 times at most",
        ),
        (
            statuses.into(),
            "response_status_codes has not 1 to 10 entries",
        ),
        (
            Rule::retry()
                .linear(second)
                .on_status(StatusMatch::expression("5xx"))
                .into(),
            "response_status_codes has \"5xx\"",
        ),
        (
            Rule::retry()
                .linear(second)
                .on_failures_except(400..410)
                .into(),
            "response_status_codes has not 1 to 10 entries",
        ),
        (
            Rule::retry().linear(second).on_status(600).into(),
            "response_status_codes has \"600\"",
        ),
        (
            Rule::deduplicate(Duration::from_millis(999)).into(),
            "window is 999 ms",
        ),
        (
            Rule::deduplicate(Duration::from_millis(3_600_001)).into(),
            "window is 3600001 ms",
        ),
        (
            both.into(),
            "include_fields and exclude_fields are both set",
        ),
        (
            Rule::deduplicate(second).include(["order.id"]),
            "field \"order.id\" does not begin with",
        ),
        (Rule::delay(Duration::MAX), "rules[0].delay is too long"),
        (
            Rule::transform_code("", "code"),
            "rules[0].transformation.name is empty",
        ),
    ] {
        let message = refused_rule(rule).await;
        assert!(message.contains(reason), "{message}\nlacks: {reason}");
    }
    // The last that pass.
    let script = Script::always(json!({"id": "web_1"}));
    let update = client(&script).connections().update("web_1");
    let fine = update
        .rule(
            Rule::retry()
                .exponential(second)
                .count(50)
                .on_status(500..)
                .on_status(429),
        )
        .rule(Rule::deduplicate(Duration::from_secs(3600)));
    assert_eq!(
        fine.await.unwrap_err().kind(),
        ErrorKind::Decode,
        "it was sent: the reply is what fails"
    );
}

#[tokio::test]
async fn a_connection_needs_both_ends_once_each() {
    let connections = client(&no_calls()).connections();
    let stripe = SourceInput::stripe("pay", "s");
    for (call, reason) in [
        (connections.create(), "source is missing"),
        (
            connections.upsert("a").source_id("src_1"),
            "destination is missing",
        ),
        (
            connections
                .create()
                .source_id("src_1")
                .source(stripe.clone())
                .destination_id("des_1"),
            "source and source_id are both set",
        ),
        (
            connections.create().source_id("").destination_id("des_1"),
            "source_id is empty",
        ),
        (
            connections
                .create()
                .source(stripe.clone())
                .destination(DestinationInput::http("a", "")),
            "destination.config.url is missing",
        ),
        (
            connections
                .upsert("")
                .source(stripe)
                .destination_id("des_1"),
            "name is empty",
        ),
    ] {
        let message = refused(call.await);
        assert!(message.contains(reason), "{message}\nlacks: {reason}");
    }
}
