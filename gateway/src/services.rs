//! What work in a project draws on: its store, its time, its ids, and where its transformations run.

use std::sync::Arc;

use rusqlite::{Connection, Transaction};

use crate::clock::Clock;
use crate::ids::Ids;
use crate::store::{Store, StoreError};
use crate::transform::TransformRunner;

/// The services of one project. There is one way to write: [`change`](Services::change), which wakes the
/// engine, so that no change of the schedule goes unnoticed.
#[derive(Clone, Debug)]
pub struct Services {
    store: Store,
    /// The project's time.
    pub clock: Clock,
    /// The project's id generator.
    pub ids: Arc<Ids>,
    /// Where transformations run.
    pub runner: TransformRunner,
}

impl Services {
    /// The services over `store`.
    pub fn new(store: Store, clock: Clock, ids: Arc<Ids>) -> Self {
        Self {
            store,
            clock,
            ids,
            runner: TransformRunner::default(),
        }
    }

    /// Reads what is committed, see [`Store::read`].
    ///
    /// # Errors
    /// Those of `job` and of the store.
    pub async fn read<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.store.read(job).await
    }

    /// Runs `job` in one transaction, see [`Store::change`].
    ///
    /// # Errors
    /// Those of `job` and of the store; nothing is changed then.
    pub async fn change<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.store.change(job).await
    }
}
