//! From an operation of the contract to the handler that serves it.

use super::call::{Call, Reply};
use super::error::ApiError;
use super::{attempts, connections, destinations, events, requests, sources};
use crate::contract::Contract;

/// Answers a call whose query and body are still as they were sent.
///
/// This is where the dated versions meet: a layer for an older version rewrites `call` before
/// and the reply after.
pub(crate) async fn answer(mut call: Call) -> Reply {
    if !is_served(&call.operation.id) {
        return Err(ApiError::NotImplemented {
            operation: call.operation.id.clone(),
        });
    }
    let contract = Contract::get();
    call.query = contract
        .validate_query(call.operation, &call.query)
        .map_err(ApiError::Validation)?;
    let current = match call.operation.id.as_str() {
        "updateSource" | "upsertSource" => sources::current_type(&call).await?,
        "updateDestination" | "upsertDestination" => destinations::current_type(&call).await?,
        _ => None,
    };
    call.body = contract
        .validate_body_for(call.operation, &call.body, current.as_deref())
        .map_err(ApiError::Validation)?;
    run(call).await
}

macro_rules! operations {
    ($($id:literal $(| $alias:literal)* => $handler:path;)*) => {
        /// Whether [`run`] has a handler for the operation.
        pub(crate) fn is_served(id: &str) -> bool {
            matches!(id, $($id $(| $alias)*)|*)
        }

        async fn run(call: Call) -> Reply {
            match call.operation.id.as_str() {
                $($id $(| $alias)* => $handler(call).await,)*
                other => Err(ApiError::NotImplemented { operation: other.to_owned() }),
            }
        }
    };
}

operations! {
    "getSources" => sources::list;
    "countSources" => sources::count;
    "createSource" => sources::create;
    "upsertSource" => sources::upsert;
    "getSource" => sources::get;
    "updateSource" => sources::update;
    "deleteSource" => sources::delete;
    "disableSource" | "disableSource_archive" => sources::disable;
    "enableSource" | "enableSource_unarchive" => sources::enable;

    "getDestinations" => destinations::list;
    "countDestinations" => destinations::count;
    "createDestination" => destinations::create;
    "upsertDestination" => destinations::upsert;
    "getDestination" => destinations::get;
    "updateDestination" => destinations::update;
    "deleteDestination" => destinations::delete;
    "disableDestination" | "disableDestination_archive" => destinations::disable;
    "enableDestination" | "enableDestination_unarchive" => destinations::enable;

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
    "retryRequest" => requests::retry;
    "replayRequest" => requests::replay;

    "getEvents" => events::list;
    "getEvent" => events::get;
    "getEventRawBody" => events::raw_body;
    "retryEvent" => events::retry;
    "replayEvent" => events::replay;
    "cancelEvent" | "cancelEvent_mute" => events::cancel;

    "getAttempts" => attempts::list;
    "getAttempt" => attempts::get;
}
