//! A socket meets its session.

use std::sync::Arc;

use super::hub::Hub;
use super::record;
use super::request::SessionRequest;
use super::socket::SocketSession;
use crate::services::Services;
use crate::store::StoreError;

/// The session a socket is for.
pub(crate) struct SessionToAttach {
    pub(crate) id: String,
    /// The client whose socket it is.
    pub(crate) client_id: String,
    /// What to make it from should it be lost.
    pub(crate) again: Option<SessionRequest>,
    /// Whether the client takes bodies that are no text.
    pub(crate) binary: bool,
}

/// Attaches a socket to its session, which is made again should it be lost; nothing when it cannot be.
///
/// # Errors
/// When the store fails.
pub(crate) async fn attach(
    hub: &Arc<Hub>,
    services: &Services,
    wanted: SessionToAttach,
) -> Result<Option<SocketSession>, StoreError> {
    let id = wanted.id.clone();
    let attached = services
        .change({
            let (hub, clock) = (Arc::clone(hub), services.clock.clone());
            move |tx| {
                let now = clock.now();
                let mut epoch = record::attach(tx, now, &wanted.id)?;
                if let (None, Some(mut again)) = (epoch, wanted.again) {
                    // Connections that were deleted meanwhile are left out.
                    again.webhook_ids = record::known(tx, again.webhook_ids)?;
                    if !again.webhook_ids.is_empty() {
                        record::create(tx, now, &wanted.id, &wanted.client_id, &again)?;
                        epoch = record::attach(tx, now, &wanted.id)?;
                    }
                }
                // Before the commit, so that no attempt can find the session connected and no socket.
                let entered =
                    epoch.map(|epoch| (epoch, hub.enter(&wanted.id, epoch, wanted.binary)));
                Ok::<_, StoreError>(entered)
            }
        })
        .await?;
    Ok(attached.map(|(epoch, entered)| SocketSession {
        hub: Arc::clone(hub),
        services: services.clone(),
        id,
        epoch,
        entered,
    }))
}
