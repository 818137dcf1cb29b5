//! Every operation once, on things that are there, so that each succeeds.

use std::fmt::Debug;
use std::future::IntoFuture;
use std::time::Duration;

use hookdeck::models::*;
use hookdeck::query::after;
use hookdeck::resources::OldSecret;
use hookdeck::types::Timestamp;
use hookdeck::{Client, Error, Result};
use serde_json::json;

use super::wire::World;

const CODE: &str =
    r#"addHandler("transform", (request) => { console.log("seen"); return request; });"#;
const BROKEN: &str = r#"addHandler("transform", (request) => { throw new Error("no"); });"#;

/// A call that must succeed.
async fn ok<T: Debug>(what: &str, call: impl IntoFuture<Output = Result<T, Error>>) -> T {
    match call.into_future().await {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error} {:?}", error.api()),
    }
}

fn period() -> std::ops::Range<Timestamp> {
    Timestamp::from_unix_seconds(1_799_990_000)..Timestamp::from_unix_seconds(1_800_010_000)
}

/// What the calls are about.
struct Things {
    /// To a destination that takes everything.
    good: Connection,
    /// To one that refuses connections.
    bad: Connection,
    /// Whose transformation throws.
    broken: Connection,
    /// A request that reached all three.
    request: String,
    /// A request nobody took.
    rejected: String,
}

pub async fn tour(world: &World) {
    let things = set_up(world).await;
    let client = &world.client;
    sources(client).await;
    destinations(client).await;
    connections(client).await;
    requests(world, &things).await;
    events(world, &things).await;
    transformations(client, &things).await;
    bookmarks(client, &things).await;
    issues(client).await;
    bulk(world, &things).await;
    metrics(client).await;
    account(client, &things).await;
    integrations(client).await;
}

async fn set_up(world: &World) -> Things {
    let client = &world.client;
    let good = client
        .connections()
        .create()
        .name("good")
        .source(SourceInput::webhook("shop"))
        .destination(DestinationInput::mock_api("mock"))
        .rule(Rule::filter().body(json!({"type": {"$startsWith": "order."}})))
        .rule(Rule::retry().linear(Duration::from_secs(3600)).count(2))
        .rule(Rule::delay(Duration::from_secs(1)));
    let good = ok("good", good).await;
    let bad = client
        .connections()
        .create()
        .name("bad")
        .source_id(good.source.id.clone())
        .destination(DestinationInput::http("gone", "http://127.0.0.1:9/hooks"));
    let bad = ok("bad", bad).await;
    let broken = client
        .connections()
        .create()
        .name("broken")
        .source_id(good.source.id.clone())
        .destination_id(good.destination.id.clone())
        .rule(Rule::transform_code("thrower", BROKEN));
    let broken = ok("broken", broken).await;
    let lonely = ok("lonely", client.sources().create("lonely")).await;

    let request = world
        .post(&good.source.url, r#"{"type":"order.created","id":7}"#)
        .await;
    world.post(&good.source.url, r#"{"type":"other"}"#).await;
    let rejected = world.post(&lonely.url, "{}").await;
    world
        .gateway
        .advance(Duration::from_secs(60))
        .await
        .unwrap();
    Things {
        good,
        bad,
        broken,
        request,
        rejected,
    }
}

async fn sources(client: &Client) {
    let sources = client.sources();
    let made = ok(
        "create",
        sources.create(SourceInput::github("code", "s3cret")),
    )
    .await;
    ok("upsert", sources.upsert("plain").description("a plain one")).await;
    ok("update", sources.update(&made.id).name("code-2")).await;
    ok("get", sources.get(&made.id).include_auth()).await;
    ok("list", sources.list().disabled(true)).await;
    ok("count", sources.count()).await;
    ok("disable", sources.disable(&made.id)).await;
    ok("enable", sources.enable(&made.id)).await;
    ok("delete", sources.delete(&made.id)).await;
}

async fn destinations(client: &Client) {
    let destinations = client.destinations();
    let made = DestinationInput::http("backend", "https://example.com/hooks").bearer_token("t0ken");
    let made = ok("create", destinations.create(made)).await;
    let cli = DestinationInput::cli("laptop", "/hooks");
    ok("upsert", destinations.upsert(cli)).await;
    ok("update", destinations.update(&made.id).name("backend-2")).await;
    ok("get", destinations.get(&made.id).include_auth()).await;
    ok("list", destinations.list()).await;
    ok("count", destinations.count()).await;
    ok("disable", destinations.disable(&made.id)).await;
    ok("enable", destinations.enable(&made.id)).await;
    ok("delete", destinations.delete(&made.id)).await;
}

async fn connections(client: &Client) {
    let connections = client.connections();
    let made = connections
        .upsert("spare")
        .source(SourceInput::webhook("spare"))
        .destination(DestinationInput::http("spare", "https://example.com/spare"));
    let made = ok("upsert", made).await;
    ok("update", connections.update(&made.id).description("unused")).await;
    ok("get", connections.get(&made.id)).await;
    ok("list", connections.list().disabled(true)).await;
    let filter = ConnectionFilter::new().disabled(true);
    ok("count", connections.count().filter(&filter)).await;
    ok("pause", connections.pause(&made.id)).await;
    ok("unpause", connections.unpause(&made.id)).await;
    ok("disable", connections.disable(&made.id)).await;
    ok("enable", connections.enable(&made.id)).await;
    ok("delete", connections.delete(&made.id)).await;
}

async fn requests(world: &World, things: &Things) {
    let requests = world.client.requests();
    ok("list", requests.list().include(ListInclude::Data)).await;
    ok("get", requests.get(&things.request)).await;
    ok("raw_body", requests.raw_body(&things.request)).await;
    ok("events", requests.events(&things.request)).await;
    let ignored = ok("ignored", requests.ignored_events(&things.request)).await;
    assert_eq!(ignored.items.len(), 1, "{ignored:?}");
    ok("retry", requests.retry(&things.rejected)).await;
    ok("replay", requests.replay(&things.request)).await;
    world.gateway.advance(Duration::from_secs(5)).await.unwrap();
}

async fn events(world: &World, things: &Things) {
    let (events, attempts) = (world.client.events(), world.client.attempts());
    let list = events.list().webhook_id(things.good.id.clone());
    let done = ok("list", list.include(ListInclude::Data)).await.items[0].clone();
    ok("get", events.get(&done.id)).await;
    ok("raw_body", events.raw_body(&done.id)).await;
    let again = ok("retry", events.retry(&done.id)).await;
    assert_eq!(again.id, done.id);
    world.gateway.settle().await.unwrap();
    ok("replay", events.replay(&done.id)).await;
    world.gateway.settle().await.unwrap();

    ok("pause", world.client.connections().pause(&things.good.id)).await;
    let request = world
        .post(&things.good.source.url, r#"{"type":"order.paid"}"#)
        .await;
    let held = events.list().webhook_id(things.good.id.clone());
    let held = ok("held", held.status(EventStatus::Hold)).await.items[0].clone();
    assert_eq!(held.request_id.as_str(), request);
    ok("cancel", events.cancel(&held.id)).await;
    ok("cancelled", events.get(&held.id)).await;
    ok(
        "unpause",
        world.client.connections().unpause(&things.good.id),
    )
    .await;

    let failed = attempts.list();
    let failed = ok("attempts", failed).await.items;
    ok("attempt", attempts.get(&failed[0].id)).await;
}

async fn transformations(client: &Client, things: &Things) {
    let transformations = client.transformations();
    let made = ok("create", transformations.create("stamp", CODE)).await;
    ok("upsert", transformations.upsert("stamp", CODE)).await;
    ok("update", transformations.update(&made.id).env([("A", "b")])).await;
    ok("get", transformations.get(&made.id)).await;
    ok("list", transformations.list()).await;
    ok("count", transformations.count()).await;
    let request = TransformationTestRequest::new([("content-type", "application/json")]);
    ok("run", transformations.run().code(CODE).request(request)).await;
    let thrower = ok("thrower", transformations.list().name("thrower"))
        .await
        .items[0]
        .clone();
    let ran = ok("executions", transformations.executions(&thrower.id))
        .await
        .items;
    assert_eq!(ran[0].webhook_id, things.broken.id);
    ok(
        "execution",
        transformations.execution(&thrower.id, &ran[0].id),
    )
    .await;
    ok("delete", transformations.delete(&made.id)).await;
}

async fn bookmarks(client: &Client, things: &Things) {
    let bookmarks = client.bookmarks();
    let event = client.events().list().webhook_id(things.good.id.clone());
    let event = ok("event", event).await.items[0].clone();
    let made = bookmarks.create("an order", &things.good.id, event.event_data_id.clone());
    let made = ok("create", made).await;
    ok("update", bookmarks.update(&made.id).label("another")).await;
    ok("get", bookmarks.get(&made.id)).await;
    ok("list", bookmarks.list()).await;
    ok("raw_body", bookmarks.raw_body(&made.id)).await;
    ok("trigger", bookmarks.trigger(&made.id)).await;
    ok("delete", bookmarks.delete(&made.id)).await;
}

async fn issues(client: &Client) {
    let issues = client.issues();
    ok("list", issues.list()).await;
    ok("count", issues.count()).await;
    let delivery = ok("delivery", issues.list().kind(IssueType::Delivery))
        .await
        .items[0]
        .clone();
    ok("get", issues.get(&delivery.id)).await;
    ok(
        "update",
        issues.update(&delivery.id, IssueStatus::Acknowledged),
    )
    .await;
    let thrown = ok("thrown", issues.list().kind(IssueType::Transformation))
        .await
        .items[0]
        .clone();
    ok("get", issues.get(&thrown.id)).await;
    ok("dismiss", issues.dismiss(&thrown.id)).await;

    let triggers = client.issue_triggers();
    let channels = IssueTriggerChannels::new().slack(IssueTriggerChannel::new("#ops"));
    let configs = IssueTriggerConfigs::delivery(IssueTriggerStrategy::FinalAttempt, "x*");
    let made = triggers
        .create(IssueType::Delivery, channels.clone())
        .name("lost");
    let made = ok("create", made.configs(configs)).await;
    let configs = IssueTriggerConfigs::backpressure(60_000, "y*");
    let slow = triggers.upsert("slow", IssueType::Backpressure, channels);
    ok("upsert", slow.configs(configs)).await;
    ok("update", triggers.update(&made.id).name("lost-2")).await;
    ok("get", triggers.get(&made.id)).await;
    ok("list", triggers.list()).await;
    ok("disable", triggers.disable(&made.id)).await;
    ok("enable", triggers.enable(&made.id)).await;
    ok("delete", triggers.delete(&made.id)).await;
}

async fn bulk(world: &World, things: &Things) {
    let bulk = world.client.bulk();
    let failed = EventFilter::new().webhook_id(things.bad.id.clone());
    let jobs = bulk.event_retries();
    ok("plan", jobs.plan(&failed)).await;
    let made = ok("create", jobs.create(&failed)).await;
    ok("get", jobs.get(&made.id)).await;
    ok("list", jobs.list()).await;
    ok("cancel", jobs.cancel(&made.id)).await;
    world.gateway.settle().await.unwrap();

    let jobs = bulk.event_cancels();
    ok("plan", jobs.plan(&failed)).await;
    let made = ok("create", jobs.create(&failed)).await;
    ok("get", jobs.get(&made.id)).await;
    ok("list", jobs.list()).await;

    let rejected = RequestFilter::new().rejection_cause([RejectionCause::NoConnection]);
    let jobs = bulk.request_retries();
    ok("plan", jobs.plan(&rejected)).await;
    let made = ok("create", jobs.create(&rejected)).await;
    ok("get", jobs.get(&made.id)).await;
    ok("list", jobs.list()).await;
    ok("cancel", jobs.cancel(&made.id)).await;
    world.gateway.settle().await.unwrap();

    let target = ReplayTarget::new().source_id(things.good.source.id.clone());
    let replay = rejected.replayed_to(target);
    let jobs = bulk.request_replays();
    ok("plan", jobs.plan(&replay)).await;
    let made = ok("create", jobs.create(replay)).await;
    ok("get", jobs.get(&made.id)).await;
    ok("list", jobs.list()).await;
    ok("cancel", jobs.cancel(&made.id)).await;
    world.gateway.settle().await.unwrap();

    let jobs = bulk.ignored_event_retries();
    let filtered = IgnoredEventRetryFilter::caused_by(IgnoredCause::Filtered);
    ok("plan", jobs.plan([IgnoredCause::Filtered])).await;
    let made = ok("create", jobs.create(filtered)).await;
    ok("get", jobs.get(&made.id)).await;
    ok("list", jobs.list()).await;
    ok("cancel", jobs.cancel(&made.id)).await;
    world.gateway.settle().await.unwrap();
}

async fn metrics(client: &Client) {
    let metrics = client.metrics();
    ok(
        "requests",
        metrics.requests(period(), [RequestMetricsMeasure::Count]),
    )
    .await;
    ok(
        "events",
        metrics.events(period(), [EventMetricsMeasure::Count]),
    )
    .await;
    ok(
        "attempts",
        metrics.attempts(period(), [AttemptMetricsMeasure::Count]),
    )
    .await;
    ok("by issue", metrics.events_by_issue(["iss_1"], period())).await;
    let depth = [QueueDepthMetricsMeasure::MaxDepth];
    ok("depth", metrics.queue_depth(period(), depth)).await;
    let count = [TransformationMetricsMeasure::Count];
    ok("transformations", metrics.transformations(period(), count)).await;
    ok("pending", metrics.events_pending(period())).await;
}

async fn account(client: &Client, things: &Things) {
    let organizations = client.organizations();
    ok("current", organizations.current()).await;
    ok("rename", organizations.update_current().name("The Shop")).await;

    let keys = client.api_keys();
    let made = keys
        .create("reports", ApiKeyReach::Project)
        .team_id(things.good.team_id.clone());
    let made = ok("create", made.scopes(["gateway.events.read"])).await;
    ok("list", keys.list()).await;
    ok(
        "update",
        keys.update(&made.id).scopes(["gateway.events.read"]),
    )
    .await;
    ok("roll", keys.roll(&made.id, OldSecret::LastsADay)).await;
    ok("delete", keys.delete(&made.id)).await;

    let projects = client.projects();
    let listed = ok("list", projects.list()).await;
    assert_eq!(listed[0].kind, ProjectType::EventGateway);
    let made = ok("create", projects.create("staging")).await;
    ok("get", projects.get(&made.id)).await;
    ok("update", projects.update(&made.id).name("staging-2")).await;
    ok("delete", projects.delete(&made.id)).await;

    let domains = client.custom_domains(things.good.team_id.clone());
    ok("add", domains.add("hooks.example.com")).await;
    let listed = ok("list", domains.list()).await;
    ok(
        "delete",
        domains.delete(listed[0].id.as_deref().unwrap_or_default()),
    )
    .await;

    let notifications = client.notifications();
    let topics = [NotificationTopic::IssueOpened];
    ok(
        "notify",
        notifications.set_webhooks(true, things.good.source.id.clone(), topics),
    )
    .await;
    let since = after(period().start);
    ok("since", client.requests().list().created_at(since)).await;
}

async fn integrations(client: &Client) {
    let integrations = client.integrations();
    let source = ok("source", client.sources().create("integrated")).await;
    let made = integrations
        .create()
        .label("shop")
        .provider(IntegrationProvider::Stripe)
        .features([IntegrationFeature::Verification])
        .configs(IntegrationConfig::new().webhook_secret_key("whsec_1"));
    let made = ok("create", made).await;
    ok(
        "update",
        integrations.update(&made.id).label("the old shop"),
    )
    .await;
    ok("get", integrations.get(&made.id)).await;
    ok("list", integrations.list()).await;
    ok("attach", integrations.attach(&made.id, &source.id)).await;
    ok("detach", integrations.detach(&made.id, &source.id)).await;
    ok("delete", integrations.delete(&made.id)).await;
}
