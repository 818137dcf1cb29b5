//! Destinations.

use serde_json::Value;

use super::call::{Call, Reply};
use super::error::ApiError;
use super::named::Named;
use super::render::View;
use crate::events;

const DESTINATION: Named = Named::Destination;

/// The type of the destination a body is about, where it is stored already.
pub(super) async fn current_type(call: &Call) -> Result<Option<String>, ApiError> {
    DESTINATION.current_type(call).await
}

pub(super) async fn list(call: Call) -> Reply {
    DESTINATION.list(call).await
}

pub(super) async fn count(call: Call) -> Reply {
    DESTINATION.count(call).await
}

pub(super) async fn create(call: Call) -> Reply {
    DESTINATION.create(call).await
}

pub(super) async fn upsert(call: Call) -> Reply {
    DESTINATION.upsert(call).await
}

pub(super) async fn get(call: Call) -> Reply {
    DESTINATION.get(call).await
}

pub(super) async fn update(call: Call) -> Reply {
    DESTINATION.update(call).await
}

pub(super) async fn delete(call: Call) -> Reply {
    DESTINATION.delete(call).await
}

pub(super) async fn enable(call: Call) -> Reply {
    DESTINATION.enable(call).await
}

/// Disables the destination. It delivers nothing any more, so what waits for it is cancelled, as
/// on a disabled connection; its connections stay as they are.
pub(super) async fn disable(call: Call) -> Reply {
    let view = View::of_call(&call);
    call.project
        .clone()
        .change(move |tx| -> Result<Value, ApiError> {
            let now = call.now();
            DESTINATION.must_live(tx, &call.id)?;
            DESTINATION.set_disabled(tx, &call.id, true, now)?;
            for connection in DESTINATION.connections_of(tx, &call.id)? {
                events::cancel_pending_of_connection(tx, now, &connection)?;
            }
            DESTINATION
                .show(tx, &view, &call.id, false)?
                .ok_or_else(|| ApiError::not_found(&call.id))
        })
        .await
}
