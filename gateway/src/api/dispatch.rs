//! From an operation of the contract to the handler that serves it.

use hookdeck::ApiVersion;
use hookdeck::operation::{self, Method, Resource};

use super::call::{ApiCall, ApiResult};
use super::error::ApiError;
use super::named::NamedResource;
use super::{
    api_keys, attempts, bookmarks, bulk, connections, custom_domains, destinations, events,
    integrations, issue_triggers, issues, metrics, notifications, organizations, projects, replay,
    requests, sources, transformations,
};
use crate::contract::{Contract, Leniency};

const SOURCE: NamedResource = NamedResource::Source;
const DESTINATION: NamedResource = NamedResource::Destination;

/// Answers a call whose query and body are still as they were sent.
///
/// This is where the dated versions meet: a layer for an older version rewrites `call` before
/// and the reply after.
pub(crate) async fn answer(mut call: ApiCall) -> ApiResult {
    if !is_served(&call.operation.id) {
        return Err(ApiError::NotImplemented {
            operation: call.operation.id.clone(),
        });
    }
    let contract = Contract::get();
    let leniency = leniency(&call);
    let query = contract
        .check_query(call.operation, &call.query, leniency)
        .map_err(ApiError::Validation)?;
    // What is written in place of something stored may leave its type out.
    let replaces = operation::find(&call.operation.id)
        .filter(|found| found.method == Method::Put && found.has_body)
        .and_then(|found| found.resource);
    let current = match replaces {
        Some(Resource::Source) => sources::current_type(&call).await?,
        Some(Resource::Destination) => DESTINATION.current_type(&call).await?,
        _ => None,
    };
    let misplaced = match replaces {
        Some(Resource::Source) => sources::without_untyped_config(&mut call),
        _ => None,
    };
    let body = contract.check_body(call.operation, &call.body, current.as_deref(), leniency);
    let body = match (body, misplaced) {
        (Ok(body), None) => body,
        (Ok(_), Some(message)) => return Err(ApiError::invalid(message)),
        (Err(mut messages), misplaced) => {
            messages.extend(misplaced.map(str::to_owned));
            return Err(ApiError::Validation(messages));
        }
    };
    call.notes.dropped(query.dropped);
    call.notes.dropped(body.dropped);
    call.query = query.value;
    call.body = body.value;
    run(call).await
}

/// What becomes of what the contract does not list. Before 2026-09-01 a command-line destination refused to be
/// given a rate.
fn leniency(call: &ApiCall) -> Leniency {
    match call.project.settings().strict {
        true => Leniency::STRICT,
        false => Leniency {
            drops_cli_policy: !call.undoes(&ApiVersion::V2026_09_01),
            ..Leniency::LIVE
        },
    }
}

async fn served<F: Future<Output = ApiResult>>(
    call: ApiCall,
    handler: impl FnOnce(ApiCall) -> F,
) -> ApiResult {
    handler(call).await
}

macro_rules! operations {
    ($($id:literal $(| $alias:literal)* => $handler:expr;)*) => {
        /// Whether [`run`] has a handler for the operation.
        pub(crate) fn is_served(id: &str) -> bool {
            matches!(id, $($id $(| $alias)*)|*)
        }

        async fn run(call: ApiCall) -> ApiResult {
            match call.operation.id.as_str() {
                $($id $(| $alias)* => served(call, $handler).await,)*
                other => Err(ApiError::NotImplemented { operation: other.to_owned() }),
            }
        }
    };
}

operations! {
    "getSources" => |call| SOURCE.list(call);
    "countSources" => |call| SOURCE.count(call);
    "createSource" => |call| SOURCE.create(call);
    "upsertSource" => |call| SOURCE.upsert(call);
    "getSource" => |call| SOURCE.get(call);
    "updateSource" => |call| SOURCE.update(call);
    "deleteSource" => |call| SOURCE.delete(call);
    "disableSource" | "disableSource_archive" => sources::disable;
    "enableSource" | "enableSource_unarchive" => |call| SOURCE.enable(call);

    "getDestinations" => |call| DESTINATION.list(call);
    "countDestinations" => |call| DESTINATION.count(call);
    "createDestination" => |call| DESTINATION.create(call);
    "upsertDestination" => |call| DESTINATION.upsert(call);
    "getDestination" => |call| DESTINATION.get(call);
    "updateDestination" => |call| DESTINATION.update(call);
    "deleteDestination" => |call| DESTINATION.delete(call);
    "disableDestination" | "disableDestination_archive" => destinations::disable;
    "enableDestination" | "enableDestination_unarchive" => |call| DESTINATION.enable(call);

    "getConnections" => connections::list;
    "countConnections" => connections::count;
    "createConnection" => connections::create;
    "upsertConnection" => connections::upsert;
    "getConnection" => connections::get;
    "updateConnection" => connections::update;
    "deleteConnection" => connections::delete;
    "disableConnection" | "disableConnection_archive" => connections::disable;
    "enableConnection" | "enableConnection_unarchive" => connections::enable;
    "pauseConnection" => connections::pause;
    "unpauseConnection" => connections::unpause;

    "getRequests" => requests::list;
    "getRequest" => requests::get;
    "getRequestRawBody" => requests::raw_body;
    "getRequestEvents" => requests::events;
    "getRequestIgnoredEvents" => requests::ignored_events;
    "retryRequest" => replay::retry_request;
    "replayRequest" => replay::replay_request;

    "getEvents" => events::list;
    "getEvent" => events::get;
    "getEventRawBody" => events::raw_body;
    "retryEvent" => events::retry;
    "replayEvent" => replay::replay_event;
    "cancelEvent" | "cancelEvent_mute" => events::cancel;

    "getAttempts" => attempts::list;
    "getAttempt" => attempts::get;

    "getTransformations" => transformations::list;
    "getTransformationsCount" => transformations::count;
    "createTransformation" => transformations::create;
    "upsertTransformation" => transformations::upsert;
    "getTransformation" => transformations::get;
    "updateTransformation" => transformations::update;
    "deleteTransformation" => transformations::delete;
    "testTransformation" => transformations::run;
    "getTransformationExecutions" => transformations::executions;
    "getTransformationExecution" => transformations::execution;

    "getBookmarks" => bookmarks::list;
    "createBookmark" => bookmarks::create;
    "getBookmark" => bookmarks::get;
    "updateBookmark" => bookmarks::update;
    "deleteBookmark" => bookmarks::delete;
    "getBookmarkRawBody" => bookmarks::raw_body;
    "triggerBookmark" => replay::trigger_bookmark;

    "getIssueTriggers" => issue_triggers::list;
    "createIssueTrigger" => issue_triggers::create;
    "upsertIssueTrigger" => issue_triggers::upsert;
    "getIssueTrigger" => issue_triggers::get;
    "updateIssueTrigger" => issue_triggers::update;
    "deleteIssueTrigger" => issue_triggers::delete;
    "disableIssueTrigger" => issue_triggers::disable;
    "enableIssueTrigger" => issue_triggers::enable;

    "getIssues" => issues::list;
    "getIssueCount" => issues::count;
    "getIssue" => issues::get;
    "updateIssue" => issues::update;
    "dismissIssue" => issues::dismiss;

    "getEventBulkRetries" | "getEventBulkCancels" | "getRequestBulkRetries" | "getRequestBulkReplays"
        | "getIgnoredEventBulkRetries" => bulk::list;
    "createEventBulkRetry" | "createEventBulkCancel" | "createRequestBulkRetry" | "createRequestBulkReplay"
        | "createIgnoredEventBulkRetry" => bulk::create;
    "generateEventBulkRetryPlan" | "generateEventBulkCancelPlan" | "generateRequestBulkRetryPlan"
        | "generateRequestBulkReplayPlan" | "generateIgnoredEventBulkRetryPlan" => bulk::plan;
    "getEventBulkRetry" | "getEventBulkCancel" | "getRequestBulkRetry" | "getRequestBulkReplay"
        | "getIgnoredEventBulkRetry" => bulk::get;
    "cancelEventBulkRetry" | "cancelRequestBulkRetry" | "cancelRequestBulkReplay"
        | "cancelIgnoredEventBulkRetry" => bulk::cancel;

    "queryRequestMetrics" => metrics::requests;
    "queryEventMetrics" => metrics::events;
    "queryAttemptMetrics" => metrics::attempts;
    "queryEventsByIssueMetrics" => metrics::events_by_issue;
    "queryQueueDepthMetrics" => metrics::queue_depth;
    "queryTransformationMetrics" => metrics::transformations;
    "queryEventsPendingTimeseriesMetrics" => metrics::events_pending;

    "getIntegrations" => integrations::list;
    "createIntegration" => integrations::create;
    "getIntegration" => integrations::get;
    "updateIntegration" => integrations::update;
    "deleteIntegration" => integrations::delete;
    "attachIntegrationToSource" => integrations::attach;
    "detachIntegrationToSource" => integrations::detach;

    "toggleWebhookNotifications" => notifications::toggle;

    "getCurrentOrganization" => organizations::get;
    "updateCurrentOrganization" => organizations::update;
    "listApiKeys" => api_keys::list;
    "createApiKey" => api_keys::create;
    "updateApiKey" => api_keys::update;
    "rollApiKey" => api_keys::roll;
    "deleteApiKey" => api_keys::delete;

    "listProjects" => projects::list;
    "createProject" => projects::create;
    "getProject" => projects::get;
    "updateProject" => projects::update;
    "deleteProject" => projects::delete;
    "addCustomDomain" => custom_domains::add;
    "listCustomDomains" => custom_domains::list;
    "deleteCustomDomain" => custom_domains::delete;
}
