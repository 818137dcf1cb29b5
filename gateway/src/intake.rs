//! Writes that may have to run transformations.
//!
//! A transformation cannot run inside the transaction that needs its result: it would hold up every
//! other write. So the transaction is tried; where it comes to a transformation whose result is not
//! known, it notes the run as missing and goes on to find the others. Then it is rolled back, what was missing is run,
//! and it is tried again with the results. They are found by what was run and on what, so a rule or a
//! transformation that changes in between is simply run anew. A write without transformations is tried
//! once and costs nothing more.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use crate::clock::{Clock, Micros};
use crate::ids::Ids;
use crate::services::Services;
use crate::store::StoreError;
use crate::transform::{TransformOutcome, TransformRun};
use crate::wire::IgnoredCause;

/// How often a write is tried. Each try settles one more transformation of every chain, so this bounds
/// how many a connection may have in a row, far beyond what makes sense.
const TRIES: usize = 1_000;

/// A digest of what is run and on what.
type TransformRunKey = [u8; 32];

/// One try of a write.
pub(crate) struct Intake<'a> {
    pub(crate) conn: &'a Connection,
    /// The moment of this try. It is asked inside the write, so that it grows in the order of the
    /// commits: whoever walks a list by it must not be overtaken by an older row.
    pub(crate) now: Micros,
    pub(crate) ids: &'a Ids,
    /// What became of the request on each connection, for the journal.
    pub(crate) outcomes: Vec<ConnectionOutcome>,
    clock: &'a Clock,
    done: &'a HashMap<TransformRunKey, TransformOutcome>,
    missing: Vec<(TransformRunKey, TransformRun)>,
}

/// What a connection made of a request: events, or a cause to ignore it.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionOutcome {
    pub(crate) connection_id: String,
    pub(crate) destination_id: String,
    pub(crate) event_ids: Vec<String>,
    pub(crate) cause: Option<IgnoredCause>,
    pub(crate) meta: Option<String>,
}

impl Intake<'_> {
    /// A moment to the microsecond that no other row has: when a request or an ignored event came to be.
    pub(crate) fn stamp(&self) -> Micros {
        self.clock.stamp()
    }

    /// The result of a run; nothing if it is not known yet, and then it is noted as missing.
    pub(crate) fn transform(&mut self, run: TransformRun) -> Option<TransformOutcome> {
        let key = key_of(&run);
        if let Some(outcome) = self.done.get(&key) {
            return Some(outcome.clone());
        }
        if !self.missing.iter().any(|(missing, _)| *missing == key) {
            let seed = self.ids.number();
            self.missing.push((key, TransformRun { seed, ..run }));
        }
        None
    }
}

/// Time and seed are left out: a run that is tried again must be recognised.
fn key_of(run: &TransformRun) -> TransformRunKey {
    let mut digest = Sha256::new();
    for part in [&run.code, &run.env, &run.request, &run.context] {
        digest.update(part.len().to_le_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().into()
}

/// Why a try was rolled back.
enum Rollback<E> {
    Failed(E),
    Runs(Vec<(TransformRunKey, TransformRun)>),
}

impl<E: From<StoreError>> From<StoreError> for Rollback<E> {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl Services {
    /// Runs `job` in one transaction, with every transformation it needs.
    ///
    /// # Errors
    /// Those of `job`, of the store, and a store error when the transformations never come to an end.
    pub(crate) async fn intake<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: Fn(&mut Intake<'_>) -> Result<T, E> + Clone + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let mut done = HashMap::new();
        for _ in 0..TRIES {
            let (job, clock, ids) = (job.clone(), self.clock.clone(), Arc::clone(&self.ids));
            // The results come back with the outcome, so that they need not be copied.
            let known = Arc::new(std::mem::take(&mut done));
            let given = Arc::clone(&known);
            let tried = self
                .change(move |tx| {
                    let mut intake = Intake {
                        conn: tx,
                        now: clock.now(),
                        ids: &ids,
                        outcomes: Vec::new(),
                        clock: &clock,
                        done: &given,
                        missing: Vec::new(),
                    };
                    let result = job(&mut intake).map_err(Rollback::Failed);
                    match intake.missing {
                        missing if missing.is_empty() => result,
                        missing => Err(Rollback::Runs(missing)),
                    }
                })
                .await;
            match tried {
                Ok(result) => return Ok(result),
                Err(Rollback::Failed(error)) => return Err(error),
                Err(Rollback::Runs(runs)) => {
                    done = Arc::try_unwrap(known).unwrap_or_else(|known| (*known).clone());
                    self.run(runs, &mut done).await?;
                }
            }
        }
        Err(StoreError::Unusable(format!("more than {TRIES} transformations in a row")).into())
    }

    async fn run(
        &self,
        runs: Vec<(TransformRunKey, TransformRun)>,
        done: &mut HashMap<TransformRunKey, TransformOutcome>,
    ) -> Result<(), StoreError> {
        let (keys, runs): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
        let runs = runs.into_iter().map(|run| self.runner.run(run));
        let outcomes = futures_util::future::join_all(runs).await;
        for (key, outcome) in keys.into_iter().zip(outcomes) {
            done.insert(key, outcome.ok_or(StoreError::Closed)?);
        }
        Ok(())
    }
}
