//! Every operation once, on things that are there, so that each succeeds.

use std::time::Duration;

use hookdeck::models::*;
use hookdeck::query::after;
use hookdeck::resources::OldSecret;
use hookdeck::types::Timestamp;
use serde_json::json;

use super::wire::World;

const CODE: &str =
    r#"addHandler("transform", (request) => { console.log("seen"); return request; });"#;
const BROKEN: &str = r#"addHandler("transform", (request) => { throw new Error("no"); });"#;

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
    sources(world).await;
    destinations(world).await;
    connections(world).await;
    requests(world, &things).await;
    events(world, &things).await;
    transformations(world, &things).await;
    bookmarks(world, &things).await;
    issues(world).await;
    bulk(world, &things).await;
    metrics(world).await;
    account(world, &things).await;
    integrations(world).await;
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
    let good = world.ok("good", good).await;
    let bad = client
        .connections()
        .create()
        .name("bad")
        .source_id(good.source.id.clone())
        .destination(DestinationInput::http("gone", "http://127.0.0.1:9/hooks"));
    let bad = world.ok("bad", bad).await;
    let broken = client
        .connections()
        .create()
        .name("broken")
        .source_id(good.source.id.clone())
        .destination_id(good.destination.id.clone())
        .rule(Rule::transform_code("thrower", BROKEN));
    let broken = world.ok("broken", broken).await;
    let lonely = world.ok("lonely", client.sources().create("lonely")).await;

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

async fn sources(world: &World) {
    let client = &world.client;
    let sources = client.sources();
    let made = world
        .ok(
            "create",
            sources.create(SourceInput::github("code", "s3cret")),
        )
        .await;
    world
        .ok("upsert", sources.upsert("plain").description("a plain one"))
        .await;
    world
        .ok("update", sources.update(&made.id).name("code-2"))
        .await;
    world.ok("get", sources.get(&made.id).include_auth()).await;
    world.page("list", sources.list().disabled(true)).await;
    world.count("count", sources.count()).await;
    world.ok("disable", sources.disable(&made.id)).await;
    world.ok("enable", sources.enable(&made.id)).await;
    world.ok("delete", sources.delete(&made.id)).await;
}

async fn destinations(world: &World) {
    let client = &world.client;
    let destinations = client.destinations();
    let made = DestinationInput::http("backend", "https://example.com/hooks").bearer_token("t0ken");
    let made = world.ok("create", destinations.create(made)).await;
    let cli = DestinationInput::cli("laptop", "/hooks");
    world.ok("upsert", destinations.upsert(cli)).await;
    world
        .ok("update", destinations.update(&made.id).name("backend-2"))
        .await;
    world
        .ok("get", destinations.get(&made.id).include_auth())
        .await;
    world.page("list", destinations.list()).await;
    world.count("count", destinations.count()).await;
    world.ok("disable", destinations.disable(&made.id)).await;
    world.ok("enable", destinations.enable(&made.id)).await;
    world.ok("delete", destinations.delete(&made.id)).await;
}

async fn connections(world: &World) {
    let client = &world.client;
    let connections = client.connections();
    let made = connections
        .upsert("spare")
        .source(SourceInput::webhook("spare"))
        .destination(DestinationInput::http("spare", "https://example.com/spare"));
    let made = world.ok("upsert", made).await;
    world
        .ok("update", connections.update(&made.id).description("unused"))
        .await;
    world.ok("get", connections.get(&made.id)).await;
    world.page("list", connections.list().disabled(true)).await;
    let filter = ConnectionFilter::new().disabled(true);
    world
        .count("count", connections.count().filter(&filter))
        .await;
    world.ok("pause", connections.pause(&made.id)).await;
    world.ok("unpause", connections.unpause(&made.id)).await;
    world.ok("disable", connections.disable(&made.id)).await;
    world.ok("enable", connections.enable(&made.id)).await;
    world.ok("delete", connections.delete(&made.id)).await;
}

async fn requests(world: &World, things: &Things) {
    let requests = world.client.requests();
    world
        .page("list", requests.list().include(ListInclude::Data))
        .await;
    world.ok("get", requests.get(&things.request)).await;
    world
        .ok("raw_body", requests.raw_body(&things.request))
        .await;
    world.page("events", requests.events(&things.request)).await;
    let ignored = world
        .page("ignored", requests.ignored_events(&things.request))
        .await;
    assert_eq!(ignored.items.len(), 1, "{ignored:?}");
    world.ok("retry", requests.retry(&things.rejected)).await;
    world.ok("replay", requests.replay(&things.request)).await;
    world.gateway.advance(Duration::from_secs(5)).await.unwrap();
}

async fn events(world: &World, things: &Things) {
    let (events, attempts) = (world.client.events(), world.client.attempts());
    let list = events.list().webhook_id(things.good.id.clone());
    let done = world
        .page("list", list.include(ListInclude::Data))
        .await
        .items[0]
        .clone();
    world.ok("get", events.get(&done.id)).await;
    world.ok("raw_body", events.raw_body(&done.id)).await;
    let again = world.ok("retry", events.retry(&done.id)).await;
    assert_eq!(again.id, done.id);
    world.gateway.settle().await.unwrap();
    world.ok("replay", events.replay(&done.id)).await;
    world.gateway.settle().await.unwrap();

    world
        .ok("pause", world.client.connections().pause(&things.good.id))
        .await;
    let request = world
        .post(&things.good.source.url, r#"{"type":"order.paid"}"#)
        .await;
    let held = events.list().webhook_id(things.good.id.clone());
    let held = world
        .page("held", held.status(EventStatus::Hold))
        .await
        .items[0]
        .clone();
    assert_eq!(held.request_id.as_str(), request);
    world.ok("cancel", events.cancel(&held.id)).await;
    world.ok("cancelled", events.get(&held.id)).await;
    world
        .ok(
            "unpause",
            world.client.connections().unpause(&things.good.id),
        )
        .await;

    let failed = attempts.list();
    let failed = world.page("attempts", failed).await.items;
    world.ok("attempt", attempts.get(&failed[0].id)).await;
}

async fn transformations(world: &World, things: &Things) {
    let client = &world.client;
    let transformations = client.transformations();
    let made = world
        .ok("create", transformations.create("stamp", CODE))
        .await;
    world
        .ok("upsert", transformations.upsert("stamp", CODE))
        .await;
    world
        .ok("update", transformations.update(&made.id).env([("A", "b")]))
        .await;
    world.ok("get", transformations.get(&made.id)).await;
    world.page("list", transformations.list()).await;
    world.count("count", transformations.count()).await;
    let request = TransformationTestRequest::new([("content-type", "application/json")]);
    world
        .ok("run", transformations.run().code(CODE).request(request))
        .await;
    let thrower = world
        .page("thrower", transformations.list().name("thrower"))
        .await
        .items[0]
        .clone();
    let ran = world
        .page("executions", transformations.executions(&thrower.id))
        .await
        .items;
    assert_eq!(ran[0].webhook_id, things.broken.id);
    world
        .ok(
            "execution",
            transformations.execution(&thrower.id, &ran[0].id),
        )
        .await;
    world.ok("delete", transformations.delete(&made.id)).await;
}

async fn bookmarks(world: &World, things: &Things) {
    let client = &world.client;
    let bookmarks = client.bookmarks();
    let event = client.events().list().webhook_id(things.good.id.clone());
    let event = world.page("event", event).await.items[0].clone();
    let made = bookmarks.create("an order", &things.good.id, event.event_data_id.clone());
    let made = world.ok("create", made).await;
    world
        .ok("update", bookmarks.update(&made.id).label("another"))
        .await;
    world.ok("get", bookmarks.get(&made.id)).await;
    world.page("list", bookmarks.list()).await;
    world.ok("raw_body", bookmarks.raw_body(&made.id)).await;
    world.ok("trigger", bookmarks.trigger(&made.id)).await;
    world.ok("delete", bookmarks.delete(&made.id)).await;
}

async fn issues(world: &World) {
    let client = &world.client;
    let issues = client.issues();
    world.page("list", issues.list()).await;
    world.count("count", issues.count()).await;
    let delivery = world
        .page("delivery", issues.list().kind(IssueType::Delivery))
        .await
        .items[0]
        .clone();
    world.ok("get", issues.get(&delivery.id)).await;
    world
        .ok(
            "update",
            issues.update(&delivery.id, IssueStatus::Acknowledged),
        )
        .await;
    let thrown = world
        .page("thrown", issues.list().kind(IssueType::Transformation))
        .await
        .items[0]
        .clone();
    world.ok("get", issues.get(&thrown.id)).await;
    world.ok("dismiss", issues.dismiss(&thrown.id)).await;

    let triggers = client.issue_triggers();
    let channels = IssueTriggerChannels::new().slack(IssueTriggerChannel::new("#ops"));
    let configs = IssueTriggerConfigs::delivery(IssueTriggerStrategy::FinalAttempt, "x*");
    let made = triggers
        .create(IssueType::Delivery, channels.clone())
        .name("lost");
    let made = world.ok("create", made.configs(configs)).await;
    let configs = IssueTriggerConfigs::backpressure(60_000, "y*");
    let slow = triggers.upsert("slow", IssueType::Backpressure, channels);
    world.ok("upsert", slow.configs(configs)).await;
    world
        .ok("update", triggers.update(&made.id).name("lost-2"))
        .await;
    world.ok("get", triggers.get(&made.id)).await;
    world.page("list", triggers.list()).await;
    world.ok("disable", triggers.disable(&made.id)).await;
    world.ok("enable", triggers.enable(&made.id)).await;
    world.ok("delete", triggers.delete(&made.id)).await;
}

async fn bulk(world: &World, things: &Things) {
    let bulk = world.client.bulk();
    let failed = EventFilter::new().webhook_id(things.bad.id.clone());
    let jobs = bulk.event_retries();
    world.ok("plan", jobs.plan(&failed)).await;
    let made = world.ok("create", jobs.create(&failed)).await;
    world.ok("get", jobs.get(&made.id)).await;
    world.page("list", jobs.list()).await;
    world.ok("cancel", jobs.cancel(&made.id)).await;
    world.gateway.settle().await.unwrap();

    // Only what waits can be cancelled.
    let connections = world.client.connections();
    world.ok("pause", connections.pause(&things.bad.id)).await;
    world.post(&things.good.source.url, "{}").await;
    world.gateway.settle().await.unwrap();
    let jobs = bulk.event_cancels();
    world.ok("plan", jobs.plan(&failed)).await;
    let made = world.ok("create", jobs.create(&failed)).await;
    world.ok("get", jobs.get(&made.id)).await;
    world.page("list", jobs.list()).await;
    world
        .ok("unpause", connections.unpause(&things.bad.id))
        .await;
    world.gateway.settle().await.unwrap();

    let rejected = RequestFilter::new().rejection_cause([RejectionCause::NoConnection]);
    let jobs = bulk.request_retries();
    world.ok("plan", jobs.plan(&rejected)).await;
    let made = world.ok("create", jobs.create(&rejected)).await;
    world.ok("get", jobs.get(&made.id)).await;
    world.page("list", jobs.list()).await;
    world.ok("cancel", jobs.cancel(&made.id)).await;
    world.gateway.settle().await.unwrap();

    let target = ReplayTarget::new().source_id(things.good.source.id.clone());
    let replay = rejected.replayed_to(target);
    let jobs = bulk.request_replays();
    world.ok("plan", jobs.plan(&replay)).await;
    let made = world.ok("create", jobs.create(replay)).await;
    world.ok("get", jobs.get(&made.id)).await;
    world.page("list", jobs.list()).await;
    world.ok("cancel", jobs.cancel(&made.id)).await;
    world.gateway.settle().await.unwrap();

    let jobs = bulk.ignored_event_retries();
    let filtered = IgnoredEventRetryFilter::caused_by(IgnoredCause::Filtered);
    world.ok("plan", jobs.plan([IgnoredCause::Filtered])).await;
    let made = world.ok("create", jobs.create(filtered)).await;
    world.ok("get", jobs.get(&made.id)).await;
    world.page("list", jobs.list()).await;
    world.ok("cancel", jobs.cancel(&made.id)).await;
    world.gateway.settle().await.unwrap();
}

async fn metrics(world: &World) {
    let client = &world.client;
    let metrics = client.metrics();
    world
        .ok(
            "requests",
            metrics.requests(period(), [RequestMetricsMeasure::Count]),
        )
        .await;
    world
        .ok(
            "events",
            metrics.events(period(), [EventMetricsMeasure::Count]),
        )
        .await;
    world
        .ok(
            "attempts",
            metrics.attempts(period(), [AttemptMetricsMeasure::Count]),
        )
        .await;
    world
        .ok("by issue", metrics.events_by_issue(["iss_1"], period()))
        .await;
    let depth = [QueueDepthMetricsMeasure::MaxDepth];
    world
        .ok("depth", metrics.queue_depth(period(), depth))
        .await;
    let count = [TransformationMetricsMeasure::Count];
    world
        .ok("transformations", metrics.transformations(period(), count))
        .await;
    world.ok("pending", metrics.events_pending(period())).await;
}

async fn account(world: &World, things: &Things) {
    let client = &world.client;
    let organizations = client.organizations();
    world.ok("current", organizations.current()).await;
    world
        .ok("rename", organizations.update_current().name("The Shop"))
        .await;

    let keys = client.api_keys();
    let made = keys
        .create("reports", ApiKeyReach::Project)
        .team_id(things.good.team_id.clone());
    let made = world
        .ok("create", made.scopes(["gateway.events.read"]))
        .await;
    world.ok("list", keys.list()).await;
    world
        .ok(
            "update",
            keys.update(&made.id).scopes(["gateway.events.read"]),
        )
        .await;
    world
        .ok("roll", keys.roll(&made.id, OldSecret::LastsADay))
        .await;
    world.ok("delete", keys.delete(&made.id)).await;

    let projects = client.projects();
    let listed = world.ok("list", projects.list()).await;
    assert_eq!(listed[0].kind, ProjectType::EventGateway);
    let made = world.ok("create", projects.create("staging")).await;
    world.ok("get", projects.get(&made.id)).await;
    world
        .ok("update", projects.update(&made.id).name("staging-2"))
        .await;
    world.ok("delete", projects.delete(&made.id)).await;

    let domains = client.custom_domains(things.good.team_id.clone());
    world.ok("add", domains.add("hooks.example.com")).await;
    let listed = world.ok("list", domains.list()).await;
    world
        .ok(
            "delete",
            domains.delete(listed[0].id.as_deref().unwrap_or_default()),
        )
        .await;

    let notifications = client.notifications();
    let topics = [NotificationTopic::IssueOpened];
    world
        .ok(
            "notify",
            notifications.set_webhooks(true, things.good.source.id.clone(), topics),
        )
        .await;
    let since = after(period().start);
    world
        .page("since", client.requests().list().created_at(since))
        .await;
}

async fn integrations(world: &World) {
    let client = &world.client;
    let integrations = client.integrations();
    let source = world
        .ok("source", client.sources().create("integrated"))
        .await;
    let made = integrations
        .create()
        .label("shop")
        .provider(IntegrationProvider::Stripe)
        .features([IntegrationFeature::Verification])
        .configs(IntegrationConfig::new().webhook_secret_key("whsec_1"));
    let made = world.ok("create", made).await;
    world
        .ok(
            "update",
            integrations.update(&made.id).label("the old shop"),
        )
        .await;
    world.ok("get", integrations.get(&made.id)).await;
    world.page("list", integrations.list()).await;
    world
        .ok("attach", integrations.attach(&made.id, &source.id))
        .await;
    world
        .ok("detach", integrations.detach(&made.id, &source.id))
        .await;
    world.ok("delete", integrations.delete(&made.id)).await;
}
