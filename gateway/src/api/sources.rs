//! Where sources are unlike destinations. All else they have in common with them is in [`named`](super::named).

use rusqlite::named_params;
use serde_json::Value;

use super::call::{ApiCall, ApiResult};
use super::error::ApiError;
use super::named::NamedResource;
use super::render::RenderContext;
use crate::events;

const SOURCE: NamedResource = NamedResource::Source;

/// The type of the source a body is about, where it is stored already.
pub(super) async fn current_type(call: &ApiCall) -> Result<Option<String>, ApiError> {
    match call.id.as_str() {
        // An upsert that names no type makes a source of the default type.
        "" => Ok(None),
        _ => SOURCE.current_type(call).await,
    }
}

/// Takes the `config` out of an update that names no `type`, and gives back what the live API says to it: what a
/// config may hold depends on the type, and an update does not look at the stored one.
pub(super) fn without_untyped_config(call: &mut ApiCall) -> Option<&'static str> {
    if call.id.is_empty() || call.is_untyped() || call.body.get("type").is_some() {
        return None;
    }
    let config = call.body.as_object_mut()?.remove("config");
    config.map(|_| "config is not allowed")
}

/// Disables the source and all its connections, whose pending events are cancelled.
pub(super) async fn disable(call: ApiCall) -> ApiResult {
    let view = RenderContext::of_call(&call);
    call.project
        .clone()
        .change(move |tx| -> Result<Value, ApiError> {
            let now = call.now();
            SOURCE.must_live(tx, &call.id)?;
            SOURCE.set_disabled(tx, &call.id, true, now)?;
            for connection in SOURCE.connections_of(tx, &call.id)? {
                tx.prepare_cached(
                    "UPDATE connections SET disabled_at = :now, updated_at = :now
                     WHERE id = :id AND disabled_at IS NULL",
                )?
                .execute(named_params! { ":id": connection, ":now": now })?;
                events::cancel_pending_of_connection(tx, now, &connection)?;
            }
            SOURCE
                .show(tx, &view, &call.id, false)?
                .ok_or_else(|| ApiError::not_found(&call.id))
        })
        .await
}
