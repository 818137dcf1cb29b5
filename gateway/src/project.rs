//! One project: everything that belongs to one API key.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::clock::{Clock, Micros};
use crate::defaults;
use crate::delivery::client::Deliverer;
use crate::engine::{Engine, EngineContext, EngineError, FiredAttempt};
use crate::faults::Faults;
use crate::ids::Ids;
use crate::journal::Journal;
use crate::services::Services;
use crate::sessions::{Hub, record};
use crate::settings::Settings;
use crate::store::{Store, StoreError};

/// Bodies of requests that are being taken in share so many permits, of [`ROOM_UNIT`] bytes each: 256 MiB, and
/// so no more than 4,096 requests.
const ROOM: usize = 4_096;
/// The bytes that a permit of [`Project::room`] stands for.
pub const ROOM_UNIT: usize = 64 * 1024;

/// One API key's own world: store, time, ids, settings and deliveries.
#[derive(Debug)]
pub struct Project {
    /// `tm_` and 12 characters, the same for the same key and for the life of the store.
    pub team_id: String,
    /// The loop that delivers, and moves the project's time.
    pub engine: Engine,
    /// Room for the bodies of requests that are being taken in.
    pub room: Semaphore,
    context: Arc<EngineContext>,
    seed: u64,
}

impl Project {
    /// Opens the project kept in `store`, and starts delivering what is due in it.
    ///
    /// A store that is opened for the first time becomes that of the project `team_id`.
    /// `seed` decides ids. A store that was open before continues with other ids than the first
    /// time, or the same ones would come again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open(
        store: Store,
        clock: Clock,
        team_id: String,
        seed: u64,
        settings: Arc<Settings>,
        deliverer: Arc<Deliverer>,
    ) -> Result<Arc<Self>, StoreError> {
        let ids = Arc::new(Ids::seeded(seed));
        let (team_id, opened) = store
            .write({
                let now = clock.now();
                move |tx| identify(tx, &team_id, now)
            })
            .await?;
        ids.reseed(seed.wrapping_add(opened));
        let services = Services::new(store.clone(), clock, ids);
        note_stamps(&services).await?;
        let faults = Faults::seeded(seed);
        let context = EngineContext::new(store, services, settings, deliverer, faults);
        let context = Arc::new(context);
        Ok(Arc::new(Self {
            team_id,
            engine: Engine::start(Arc::clone(&context)),
            room: Semaphore::new(ROOM),
            context,
            seed,
        }))
    }

    /// Store, clock, ids and transformations together, for work that outlives a call.
    pub fn services(&self) -> &Services {
        &self.context.services
    }

    /// The project's time.
    pub fn clock(&self) -> &Clock {
        &self.context.services.clock
    }

    /// The project's id generator.
    pub fn ids(&self) -> &Arc<Ids> {
        &self.context.services.ids
    }

    /// What holds for the project from its start to its end.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.context.settings
    }

    /// What the project's chances are drawn from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The command-line clients that are connected.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.context.hub
    }

    /// The faults that are armed.
    pub fn faults(&self) -> &Faults {
        &self.context.faults
    }

    /// What happened.
    pub fn journal(&self) -> &Journal {
        &self.context.journal
    }

    /// Reads what is committed, see [`Services::read`].
    ///
    /// # Errors
    /// Those of `job` and of the store.
    pub async fn read<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.services().read(job).await
    }

    /// Runs `job` in one transaction and lets the engine act on it, see [`Services::change`].
    ///
    /// # Errors
    /// Those of `job` and of the store; nothing is changed then.
    pub async fn change<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.services().change(job).await
    }

    /// Waits until nothing is being ingested or delivered and nothing is due now.
    ///
    /// # Errors
    /// See [`Engine::settle`].
    pub async fn settle(&self) -> Result<(), EngineError> {
        self.engine.settle().await
    }

    /// Moves a manual clock forward, stopping at every moment something becomes due, and answers
    /// the attempts made.
    ///
    /// # Errors
    /// See [`Engine::advance`].
    pub async fn advance(&self, span: Duration) -> Result<Vec<FiredAttempt>, EngineError> {
        self.engine.advance(span).await
    }

    /// Abandons deliveries in flight, empties the store in one step and starts the ids over.
    ///
    /// # Errors
    /// When the store refuses, or the gateway is shut down.
    pub async fn reset(&self) -> Result<(), EngineError> {
        // First, or a call that a fault has stalled would go on into the empty store.
        self.faults().forget();
        self.engine.reset().await?;
        self.faults().reseed(self.seed);
        self.journal().clear();
        self.hub().expire();
        self.clock().forget_stamps();
        self.ids().reseed(self.seed.wrapping_add(1));
        Ok(())
    }

    /// Everything the project keeps, as the bytes of a database file.
    ///
    /// # Errors
    /// When the store cannot be copied.
    pub async fn snapshot(&self) -> Result<Vec<u8>, StoreError> {
        self.engine.export().await
    }

    /// Abandons deliveries in flight and takes a snapshot in place of what the project keeps, in one step.
    /// Ids go on from the seed and the snapshot together, so that none in it comes again.
    ///
    /// # Errors
    /// When the bytes are no snapshot, and then nothing is changed; or the gateway is shut down.
    pub async fn restore(&self, bytes: Vec<u8>) -> Result<(), EngineError> {
        let mark = Sha256::digest(&bytes);
        self.engine.restore(bytes, self.team_id.clone()).await?;
        self.clock().forget_stamps();
        note_stamps(self.services()).await?;
        self.faults().forget();
        self.journal().clear();
        self.hub().expire();
        let (first, _) = mark.split_first_chunk().unwrap_or((&[0; 8], &[]));
        self.ids().reseed(self.seed ^ u64::from_le_bytes(*first));
        Ok(())
    }
}

/// Lets the clock go on behind the stamps that are in the store already.
async fn note_stamps(services: &Services) -> Result<(), StoreError> {
    let last: Option<Micros> = services
        .read(|conn| {
            let newest = "SELECT max(created_at) FROM requests";
            Ok::<_, StoreError>(conn.query_row(newest, [], |row| row.get(0))?)
        })
        .await?;
    if let Some(last) = last {
        services.clock.note_stamp(last);
    }
    Ok(())
}

/// The project's id, made at the first opening, and the number of this opening from 1.
fn identify(
    tx: &rusqlite::Transaction<'_>,
    fresh: &str,
    now: Micros,
) -> Result<(String, u64), StoreError> {
    tx.execute("INSERT INTO meta (key, value) VALUES ('team_id', ?1), ('opened', '0') ON CONFLICT DO NOTHING", [fresh])?;
    tx.execute(
        "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'opened'",
        [],
    )?;
    let value = |key: &str| {
        tx.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
            row.get::<_, String>(0)
        })
    };
    let opened = value("opened")?;
    let opened = opened
        .parse()
        .map_err(|_| StoreError::Unusable(format!("meta.opened is {opened:?}")))?;
    if opened == 1 {
        defaults::fill(tx, now)?;
    }
    record::drop_all(tx, now)?;
    Ok((value("team_id")?, opened))
}

/// All projects of one gateway.
pub struct Projects {
    /// By API key, in the order the keys were given.
    list: Vec<(String, Arc<Project>)>,
    /// Which project a source belongs to. A source never changes hands, so what was found once holds.
    of_source: RwLock<HashMap<String, usize>>,
}

impl std::fmt::Debug for Projects {
    /// Leaves the keys out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.list.iter().map(|(_, project)| &project.team_id))
            .finish()
    }
}

impl Projects {
    pub(crate) fn new(list: Vec<(String, Arc<Project>)>) -> Self {
        Self {
            list,
            of_source: RwLock::default(),
        }
    }

    /// The projects with their API keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(String, Arc<Project>)> {
        self.list.iter()
    }

    /// The project that has the source, deleted ones included.
    ///
    /// # Errors
    /// When a store fails.
    pub(crate) async fn of_source(
        &self,
        source_id: &str,
    ) -> Result<Option<&Arc<Project>>, StoreError> {
        if let [(_, only)] = self.list.as_slice() {
            return Ok(Some(only));
        }
        let known = self
            .of_source
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(source_id)
            .copied();
        if let Some(index) = known {
            return Ok(self.list.get(index).map(|(_, project)| project));
        }
        for (index, (_, project)) in self.list.iter().enumerate() {
            let id = source_id.to_owned();
            let found = project
                .read(move |conn| {
                    let mut statement =
                        conn.prepare_cached("SELECT 1 FROM sources WHERE id = ?1")?;
                    Ok::<_, StoreError>(statement.query_row([id], |_| Ok(())).optional()?.is_some())
                })
                .await?;
            if found {
                self.of_source
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(source_id.to_owned(), index);
                return Ok(Some(project));
            }
        }
        Ok(None)
    }
}
