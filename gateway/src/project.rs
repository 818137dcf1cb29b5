//! One project: everything that belongs to one API key.

use std::sync::Arc;

use crate::clock::Clock;
use crate::ids::Ids;
use crate::store::Store;

/// What holds for a project from its start to its end.
#[derive(Clone)]
pub struct Settings {
    /// `http://host:port` of this gateway, without a trailing slash.
    pub base_url: String,
    /// The key that signs deliveries.
    pub signing_secret: String,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// The URL producers post to for the source `source_id`.
    pub fn source_url(&self, source_id: &str) -> String {
        format!(
            "{}/e/{}",
            self.base_url,
            source_id.strip_prefix("src_").unwrap_or(source_id)
        )
    }
}

/// One API key's own world: store, time, ids and settings.
#[derive(Debug)]
pub struct Project {
    /// `tm_` and 12 characters, the same for the life of the store.
    pub team_id: String,
    /// Everything the project keeps.
    pub store: Store,
    /// The project's time.
    pub clock: Clock,
    /// The project's id generator.
    pub ids: Arc<Ids>,
    /// What holds for the project from its start to its end.
    pub settings: Settings,
}
