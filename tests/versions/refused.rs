//! What an older version cannot express is said before anything is sent.

use hookdeck::models::*;
use hookdeck::{ApiVersion, Error, ErrorKind, Sent};
use serde_json::json;

use super::wire::World;

fn refused<T: std::fmt::Debug>(world: &World, outcome: Result<T, Error>, part: &str) {
    let error = outcome.expect_err("the call is refused");
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert_eq!(error.sent(), Sent::No);
    let message = error.to_string();
    assert!(message.contains(part), "{message}");
    assert!(message.contains(world.version.as_str()), "{message}");
    assert!(world.recorded().is_empty(), "something was sent");
}

fn http() -> DestinationInput {
    DestinationInput::http("d", "https://example.com")
}

fn groups() -> DestinationInput {
    http().groups(DeliveryGroups::new(
        "body.customer",
        5,
        DeliveryGroupPeriod::Second,
    ))
}

#[tokio::test]
async fn delivery_groups_before_they_were() {
    for version in [ApiVersion::V2023_07_01, ApiVersion::V2024_09_01] {
        let world = World::new(&version).await;
        let call = world.client.destinations().create(groups());
        assert!(
            call.to_curl().contains("cannot express"),
            "{}",
            call.to_curl()
        );
        refused(&world, call.await, "config.delivery_policy.groups");
        // Below a connection the property is named from the root of the body.
        let inline = world
            .client
            .connections()
            .upsert("c")
            .source_id("src_1")
            .destination(groups());
        refused(
            &world,
            inline.await,
            "`destination.config.delivery_policy.groups`",
        );
    }
}

#[tokio::test]
async fn rules_before_they_were() {
    let deduplicate = || Rule::deduplicate(std::time::Duration::from_secs(60));
    for version in [ApiVersion::V2023_07_01, ApiVersion::V2024_09_01] {
        let world = World::new(&version).await;
        let call = world
            .client
            .connections()
            .update("web_1")
            .rule(deduplicate());
        refused(&world, call.await, "deduplicate");
    }
    let world = World::new(&ApiVersion::V2025_01_01).await;
    let call = world
        .client
        .connections()
        .update("web_1")
        .rule(Rule::filter().body(json!({"a": 1})))
        .rule(Rule::transform("trs_1"));
    refused(&world, call.await, "filter before they transform");
}

#[tokio::test]
async fn types_and_schemes_before_they_were() {
    let world = World::new(&ApiVersion::V2024_09_01).await;
    let source = SourceInput::new("s").kind(SourceType::Http);
    refused(
        &world,
        world.client.sources().create(source).await,
        "`type` HTTP",
    );
    let list = world
        .client
        .destinations()
        .list()
        .kind(DestinationType::Cli);
    refused(&world, list.await, "`type`");
    let google = http().config(
        DestinationConfig::new()
            .url("https://example.com")
            .auth_type(DestinationAuthType::GcpServiceAccount)
            .auth(DestinationAuth::new().service_account_key("{}")),
    );
    refused(
        &world,
        world.client.destinations().create(google).await,
        "GCP_SERVICE_ACCOUNT",
    );

    let world = World::new(&ApiVersion::V2023_07_01).await;
    let one_by_one = http().rate(1, DeliveryPeriod::Concurrent);
    refused(
        &world,
        world.client.destinations().create(one_by_one).await,
        "concurrent",
    );

    let world = World::new(&ApiVersion::V2025_07_01).await;
    let gitlab = SourceInput::new("s").kind(SourceType::Gitlab).config(
        SourceConfig::new()
            .auth_type(SourceAuthType::StandardWebhooks)
            .auth(SourceAuth::new().webhook_secret_key("whsec_1")),
    );
    refused(
        &world,
        world.client.sources().create(gitlab).await,
        "STANDARD_WEBHOOKS",
    );
}

#[test]
fn versions_before_the_oldest_name_it() {
    for text in ["2020-01-01", "2023-01-01", "2023-06-30"] {
        let error = text.parse::<ApiVersion>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("2023-07-01"), "{error}");
    }
    for text in ["2023-07-02", "2027-01-01", "beta"] {
        assert!(
            text.parse::<ApiVersion>().unwrap().translation().is_none(),
            "{text}"
        );
    }
}
