//! What holds for a project while it runs.

use std::sync::Arc;

use crate::delivery::auth::TokenCache;
use crate::delivery::client::Deliverer;
use crate::faults::Faults;
use crate::journal::Journal;
use crate::services::Services;
use crate::sessions::Hub;
use crate::settings::Settings;
use crate::store::Store;

/// One project's world: its services and everything its attempts need.
#[derive(Debug)]
pub struct EngineContext {
    /// Store, clock, ids and transformations.
    pub services: Services,
    /// What holds from the project's start to its end.
    pub settings: Arc<Settings>,
    /// The command-line clients that are connected.
    pub hub: Arc<Hub>,
    /// The faults that are armed.
    pub faults: Faults,
    /// What happened.
    pub journal: Journal,
    /// What the engine itself writes wakes nobody: it looks at the schedule after every attempt anyway.
    pub(super) store: Store,
    pub(super) deliverer: Arc<Deliverer>,
    pub(super) tokens: TokenCache,
}

impl EngineContext {
    /// The world around a store whose services are `services`.
    pub fn new(
        store: Store,
        services: Services,
        settings: Arc<Settings>,
        deliverer: Arc<Deliverer>,
        faults: Faults,
    ) -> Self {
        Self {
            tokens: TokenCache::new(Arc::clone(&deliverer), services.clone()),
            services,
            settings,
            hub: Arc::default(),
            faults,
            journal: Journal::default(),
            store,
            deliverer,
        }
    }
}
