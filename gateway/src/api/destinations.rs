//! Disabling destinations, which is unlike disabling sources. All else they have in common with them is in
//! [`named`](super::named).

use serde_json::Value;

use super::call::{ApiCall, ApiResult};
use super::error::ApiError;
use super::named::NamedResource;
use super::render::RenderContext;
use crate::events;

const DESTINATION: NamedResource = NamedResource::Destination;

/// Disables the destination. It delivers nothing any more, so what waits for it is cancelled, as
/// on a disabled connection; its connections stay as they are.
pub(super) async fn disable(call: ApiCall) -> ApiResult {
    let view = RenderContext::of_call(&call);
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
