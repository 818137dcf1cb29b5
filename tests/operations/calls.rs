//! Every method of every resource, called once with what its callers would give it.

use std::fmt::Debug;
use std::future::IntoFuture;

use hookdeck::models::*;
use hookdeck::query::{Direction, after, at_least, between};
use hookdeck::resources::{Granularity, OldSecret};
use hookdeck::types::{Json, Timestamp};
use hookdeck::{Client, Error, ErrorKind, Result};
use serde_json::json;

/// Stands for every parameter of a path.
pub const ID: &str = "id_1";

/// Makes a call. The transport answers all of them with the same empty object, so that many cannot
/// be decoded; anything else that goes wrong means that nothing was sent.
async fn made<T: Debug>(call: impl IntoFuture<Output = Result<T, Error>>) {
    if let Err(error) = call.into_future().await {
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

fn period() -> std::ops::Range<Timestamp> {
    time("2026-11-01")..time("2026-11-02")
}

pub async fn every_method(client: &Client) {
    sources(client).await;
    destinations(client).await;
    connections(client).await;
    requests(client).await;
    events(client).await;
    transformations(client).await;
    issues(client).await;
    bookmarks(client).await;
    bulk(client).await;
    metrics(client).await;
    account(client).await;
    integrations(client).await;
}

async fn sources(client: &Client) {
    let sources = client.sources();
    made(
        sources
            .list()
            .name("shop")
            .order_by(ResourceOrder::Name)
            .limit(5),
    )
    .await;
    made(sources.count()).await;
    made(sources.get(ID).include_auth()).await;
    let config = SourceConfig::new()
        .allowed_http_methods([HttpMethod::Post])
        .auth(SourceAuth::new().webhook_secret_key("whsec_1"));
    let stripe = sources.create("shop").kind(SourceType::Stripe);
    made(stripe.config(config)).await;
    made(sources.upsert("shop").description("orders")).await;
    made(sources.update(ID).clear_description()).await;
    made(sources.delete(ID)).await;
    made(sources.disable(ID)).await;
    made(sources.enable(ID)).await;
}

async fn destinations(client: &Client) {
    let destinations = client.destinations();
    made(destinations.list().kind(DestinationType::Http)).await;
    made(destinations.count()).await;
    made(destinations.get(ID)).await;
    let config = DestinationConfig::new()
        .url("https://example.com/hooks")
        .auth_type(DestinationAuthType::BearerToken)
        .auth(DestinationAuth::new().token("secret"));
    made(destinations.create("backend").config(config.clone())).await;
    made(destinations.upsert("backend").config(config)).await;
    made(destinations.update(ID).name("backend")).await;
    made(destinations.delete(ID)).await;
    made(destinations.disable(ID)).await;
    made(destinations.enable(ID)).await;
}

async fn connections(client: &Client) {
    let connections = client.connections();
    made(connections.list().source_id("src_1").dir(Direction::Asc)).await;
    made(
        connections
            .count()
            .filter(&ConnectionFilter::new().disabled(true)),
    )
    .await;
    made(connections.get(ID)).await;
    let destination = DestinationInput::new("backend")
        .config(DestinationConfig::new().url("https://example.com"));
    let inline = connections.create().name("orders").source_id("src_1");
    made(inline.destination(destination)).await;
    made(
        connections
            .upsert("orders")
            .source_id("src_1")
            .destination_id("des_1"),
    )
    .await;
    let retry = RetryRule::new(RetryStrategy::Linear)
        .interval(60_000)
        .count(3);
    made(connections.update(ID).rules([retry])).await;
    made(connections.delete(ID)).await;
    made(connections.disable(ID)).await;
    made(connections.enable(ID)).await;
    made(connections.pause(ID)).await;
    made(connections.unpause(ID)).await;
}

async fn requests(client: &Client) {
    let requests = client.requests();
    made(
        requests
            .list()
            .status(RequestOutcome::Rejected)
            .verified(false),
    )
    .await;
    made(requests.get(ID)).await;
    made(requests.raw_body(ID)).await;
    made(requests.events(ID).status(EventStatus::Failed)).await;
    made(requests.ignored_events(ID)).await;
    made(requests.retry(ID).webhook_ids(["web_1"])).await;
    made(requests.replay(ID).source_id("src_1")).await;
}

async fn events(client: &Client) {
    let events = client.events();
    let body = Json::new(&json!({"order": {"id": 7}}));
    let period = between(period().start, period().end);
    let some = events
        .list()
        .status([EventStatus::Failed, EventStatus::Hold]);
    let some = some.created_at(period).attempts(at_least(3_u32)).body(body);
    made(some).await;
    made(events.get(ID)).await;
    made(events.raw_body(ID)).await;
    made(events.retry(ID)).await;
    made(events.replay(ID).webhook_ids(["web_1"])).await;
    made(events.cancel(ID)).await;

    let attempts = client.attempts();
    made(attempts.list().event_id("evt_1")).await;
    made(attempts.get(ID)).await;
}

async fn transformations(client: &Client) {
    const CODE: &str = r#"addHandler("transform", (request) => request);"#;
    let transformations = client.transformations();
    made(transformations.list().name("stamp")).await;
    made(transformations.count()).await;
    made(transformations.get(ID)).await;
    made(
        transformations
            .create("stamp", CODE)
            .env([("STAGE", "test")]),
    )
    .await;
    made(transformations.upsert("stamp", CODE)).await;
    made(
        transformations
            .update(ID)
            .name("stamp")
            .env([("STAGE", "live")]),
    )
    .await;
    made(transformations.delete(ID)).await;
    let request = TransformationTestRequest::new([("content-type", "application/json")])
        .body(Json::new(&json!({"order": 7})))
        .path("/orders");
    made(
        transformations
            .run()
            .code(CODE)
            .webhook_id("web_1")
            .request(request),
    )
    .await;
    let executions = transformations.executions(ID).log_level(LogLevel::Fatal);
    made(executions.created_at(after(period().start))).await;
    made(transformations.execution(ID, ID)).await;
}

async fn issues(client: &Client) {
    let issues = client.issues();
    let keys = IssueAggregationFilter::new()
        .webhook_id("web_1")
        .delay(60_000);
    let filter = IssueFilter::new()
        .aggregation_keys(keys)
        .created_at(after(period().start))
        .dismissed_at(after(period().start))
        .first_seen_at(after(period().start))
        .id("iss_1")
        .issue_trigger_id(["it_1", "it_2"])
        .last_seen_at(after(period().start))
        .merged_with("iss_2")
        .status(IssueStatus::Opened)
        .kind([IssueType::Delivery, IssueType::Request]);
    let order = [IssueOrder::Status, IssueOrder::LastSeenAt];
    let list = issues.list().filter(&filter).order_by(order);
    made(list.dir([Direction::Asc, Direction::Desc])).await;
    made(issues.count().filter(&filter)).await;
    made(issues.get(ID)).await;
    made(issues.update(ID, IssueStatus::Acknowledged)).await;
    made(issues.dismiss(ID)).await;

    let triggers = client.issue_triggers();
    made(
        triggers
            .list()
            .kind(IssueType::Delivery)
            .order_by(IssueTriggerOrder::Type),
    )
    .await;
    made(triggers.get(ID)).await;
    let channels = IssueTriggerChannels::new()
        .email(IssueTriggerEmailChannel::new().member_emails(["ops@example.com"]))
        .slack(IssueTriggerChannel::new("#ops"));
    let configs = IssueTriggerConfigs::delivery(IssueTriggerStrategy::FinalAttempt, "*");
    let trigger = triggers.create(IssueType::Delivery, channels);
    made(trigger.name("lost").configs(configs)).await;
    let configs = IssueTriggerConfigs::backpressure(60_000, ["des_1"]);
    let trigger = triggers.upsert("slow", IssueType::Backpressure, None);
    made(trigger.configs(configs)).await;
    made(triggers.update(ID).clear_channels().clear_name()).await;
    made(triggers.delete(ID)).await;
    made(triggers.disable(ID)).await;
    made(triggers.enable(ID)).await;
}

async fn bookmarks(client: &Client) {
    let bookmarks = client.bookmarks();
    made(bookmarks.list().webhook_id("web_1").label("an order")).await;
    made(bookmarks.get(ID)).await;
    made(bookmarks.raw_body(ID)).await;
    made(bookmarks.create("an order", "web_1", "edt_1").name("order")).await;
    made(bookmarks.update(ID).label("another order")).await;
    made(bookmarks.delete(ID)).await;
    made(bookmarks.trigger(ID)).await;
}

async fn bulk(client: &Client) {
    let bulk = client.bulk();
    let failed = EventFilter::new()
        .status(EventStatus::Failed)
        .created_at(after(period().start))
        .headers(Json::new(&json!({"x-shop": "1"})));
    let retries = bulk.event_retries();
    made(retries.list().in_progress(true).query(&failed)).await;
    made(retries.plan(&failed)).await;
    made(retries.create(&failed)).await;
    made(retries.get(ID)).await;
    made(retries.cancel(ID)).await;

    let cancels = bulk.event_cancels();
    made(cancels.list().query_partial_match(true)).await;
    made(cancels.plan(&failed)).await;
    made(cancels.create(failed)).await;
    made(cancels.get(ID)).await;

    let rejected = RequestFilter::new()
        .rejection_cause([RejectionCause::NoConnection])
        .events_count(at_least(0_u32));
    let retries = bulk.request_retries();
    made(retries.list().created_at(after(period().start))).await;
    made(retries.plan(&rejected)).await;
    made(retries.create(&rejected)).await;
    made(retries.get(ID)).await;
    made(retries.cancel(ID)).await;

    let target = ReplayTarget::new()
        .source_id("src_1")
        .webhook_ids(["web_1", "web_2"]);
    let replay = rejected.replayed_to(target);
    let replays = bulk.request_replays();
    made(replays.list().query(&rejected)).await;
    made(replays.plan(&replay)).await;
    made(replays.create(replay)).await;
    made(replays.get(ID)).await;
    made(replays.cancel(ID)).await;

    let retries = bulk.ignored_event_retries();
    let disconnected = IgnoredEventRetryFilter::caused_by(IgnoredCause::CliDisconnected)
        .webhook_id(["web_1", "web_2"])
        .transformation_id("trs_1");
    made(retries.list().query(&disconnected)).await;
    made(retries.plan([IgnoredCause::Disabled, IgnoredCause::Filtered])).await;
    made(retries.create(disconnected)).await;
    made(retries.get(ID)).await;
    made(retries.cancel(ID)).await;
}

async fn metrics(client: &Client) {
    let metrics = client.metrics();
    let hourly = Granularity::hours(1);
    let filter = RequestMetricsFilter::new()
        .source_id(["src_1"])
        .events_count(MetricsBounds::new().min(1).max(5))
        .status(RequestMetricsOutcome::Accepted);
    let call = metrics.requests(period(), RequestMetricsMeasure::KNOWN.to_vec());
    let call = call.dimensions(RequestMetricsDimension::KNOWN.to_vec());
    made(call.granularity(hourly).filter(&filter)).await;

    let filter = EventMetricsFilter::new()
        .status([EventStatus::Failed])
        .issue_ids(["iss_1"])
        .response_status(500);
    let call = metrics.events(period(), EventMetricsMeasure::KNOWN.to_vec());
    let call = call.dimensions(EventMetricsDimension::KNOWN.to_vec());
    made(call.granularity(hourly).filter(&filter)).await;

    let filter = AttemptMetricsFilter::new()
        .destination_id("des_1")
        .trigger(AttemptTrigger::Automatic)
        .status(AttemptStatus::Failed);
    let call = metrics.attempts(period(), AttemptMetricsMeasure::KNOWN.to_vec());
    let call = call.dimensions(AttemptMetricsDimension::KNOWN.to_vec());
    made(call.granularity(hourly).filter(&filter)).await;

    let filter = IssueEventMetricsFilter::new().source_id("src_1");
    let call = metrics.events_by_issue(["iss_1", "iss_2"], period());
    let call = call.dimensions(IssueEventMetricsDimension::KNOWN.to_vec());
    made(call.granularity(hourly).filter(&filter)).await;

    let filter = QueueDepthMetricsFilter::new().delivery_group("customer-1");
    let call = metrics.queue_depth(period(), QueueDepthMetricsMeasure::KNOWN.to_vec());
    let call = call.dimensions(QueueDepthMetricsDimension::KNOWN.to_vec());
    made(call.granularity(hourly).filter(&filter)).await;

    let filter = TransformationMetricsFilter::new()
        .transformation_id("trs_1")
        .log_level(MetricsLogLevel::Error);
    let call = metrics.transformations(period(), TransformationMetricsMeasure::KNOWN.to_vec());
    let call = call.dimensions(TransformationMetricsDimension::KNOWN.to_vec());
    made(call.granularity(hourly).filter(&filter)).await;

    let filter = PendingMetricsFilter::new().destination_id(["des_1", "des_2"]);
    let call = metrics.events_pending(period());
    let call = call.dimensions(PendingMetricsDimension::KNOWN.to_vec());
    made(call.granularity(hourly).filter(&filter)).await;
}

async fn account(client: &Client) {
    let organizations = client.organizations();
    made(organizations.current()).await;
    made(organizations.update_current().name("The Shop")).await;

    let keys = client.api_keys();
    made(keys.list()).await;
    let key = keys.create("reports", ApiKeyReach::Project).team_id("tm_1");
    made(key.scopes(["gateway.events.read"])).await;
    made(keys.update(ID).scopes(["gateway.events.read"])).await;
    made(keys.roll(ID, OldSecret::LastsADay)).await;
    made(keys.delete(ID)).await;

    let projects = client.projects();
    made(projects.list()).await;
    made(projects.get(ID)).await;
    made(
        projects
            .create("staging")
            .kind(ProjectType::EventGateway)
            .private(true),
    )
    .await;
    let context = ProjectContext::new().size(ProjectSize::KNOWN[0].clone());
    made(projects.update(ID).context(context).clear_headers_prefix()).await;
    made(projects.delete(ID)).await;

    let domains = client.custom_domains(ID);
    made(domains.list()).await;
    made(domains.add("hooks.example.com")).await;
    made(domains.delete(ID)).await;

    let topics = [
        NotificationTopic::IssueOpened,
        NotificationTopic::EventSuccessful,
    ];
    made(client.notifications().set_webhooks(true, "src_1", topics)).await;
}

async fn integrations(client: &Client) {
    let integrations = client.integrations();
    made(integrations.list().provider(IntegrationProvider::Stripe)).await;
    made(integrations.get(ID)).await;
    let integration = integrations
        .create()
        .label("shop")
        .provider(IntegrationProvider::Stripe);
    let integration = integration.features([IntegrationFeature::Verification]);
    made(integration.configs(IntegrationConfig::new().webhook_secret_key("whsec_1"))).await;
    made(integrations.update(ID).label("the old shop")).await;
    made(integrations.delete(ID)).await;
    made(integrations.attach(ID, ID)).await;
    made(integrations.detach(ID, ID)).await;
}
