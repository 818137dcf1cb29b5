//! Storage of one project: an embedded SQLite database behind one writer thread.
//!
//! Every change goes through [`Store::change`], or, if it is the engine's own, [`Store::write`]. The writer takes all jobs that wait, runs each in a
//! savepoint of one transaction, commits once and only then answers, so that many jobs share one
//! sync to disk and an answered write is a committed one.
//!
//! An ephemeral store lives in memory and is gone with its last handle. A store on disk uses a
//! write-ahead log with `synchronous=FULL`: what it answered survives the end of the process and,
//! as far as the disk honours a sync, the loss of power.

mod copy;
mod error;
mod open;
#[cfg(test)]
pub(crate) mod trap;
mod wakes;
mod worker;

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, Transaction};

pub use error::StoreError;
pub use wakes::Wakes;
use worker::{Access, Readers, Writer};

/// A handle to the database of one project. Clones share it; the last one to go closes it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<StoreInner>,
}

struct StoreInner {
    writer: Writer,
    /// Absent for an in-memory database, whose only connection belongs to the writer.
    readers: Option<Readers>,
    wakes: Wakes,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("durable", &self.inner.readers.is_some())
            .finish()
    }
}

impl Store {
    /// A new, empty database in memory.
    ///
    /// # Errors
    /// When SQLite cannot open it or a thread cannot be started.
    pub fn ephemeral() -> Result<Self, StoreError> {
        let wakes = Wakes::default();
        let writer = Writer::start(open::in_memory()?, wakes.clone())?;
        Ok(Self {
            inner: Arc::new(StoreInner {
                writer,
                readers: None,
                wakes,
            }),
        })
    }

    /// The database in `file`, created when absent.
    ///
    /// # Errors
    /// When the file cannot be opened, is not a database of this version, or does not take the
    /// settings that durability needs.
    pub fn durable(file: &Path) -> Result<Self, StoreError> {
        let wakes = Wakes::default();
        let writer = Writer::start(open::writer(file)?, wakes.clone())?;
        let readers = Readers::start(open::readers(file)?)?;
        Ok(Self {
            inner: Arc::new(StoreInner {
                writer,
                readers: Some(readers),
                wakes,
            }),
        })
    }

    /// Where this store can be made to fail.
    #[cfg(test)]
    pub(crate) fn trap(&self) -> &trap::Trap {
        &self.inner.writer.trap
    }

    /// Runs `job` in a transaction on the writer thread and answers after the commit. A job that
    /// fails takes back its own changes and no one else's. Once begun the job is carried through,
    /// even when nobody waits for the answer any more.
    ///
    /// # Errors
    /// The job's own error, or [`StoreError`] when the job panicked, the commit failed or the store
    /// is closed.
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.writer.write(Access::Write, job).await
    }

    /// The same, and whoever waits for [`wakes`](Store::wakes) is woken once it is committed, if it has
    /// changed anything.
    ///
    /// # Errors
    /// As [`write`](Store::write).
    pub async fn change<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.writer.write(Access::Change, job).await
    }

    /// Word of committed changes.
    pub fn wakes(&self) -> &Wakes {
        &self.inner.wakes
    }

    /// Runs `job` on a connection that refuses changes and sees one consistent, committed state.
    ///
    /// # Errors
    /// The job's own error, or [`StoreError`] when the job panicked or the store is closed.
    pub async fn read<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        // Whoever is dead reads nothing either.
        #[cfg(test)]
        self.trap().alive()?;
        match &self.inner.readers {
            Some(readers) => readers.read(job).await,
            None => self.inner.writer.read(job).await,
        }
    }

    /// The whole content as the bytes of a database file, in one consistent state.
    ///
    /// # Errors
    /// When the copy cannot be written to the system's temporary directory.
    pub async fn export(&self) -> Result<Vec<u8>, StoreError> {
        self.inner
            .writer
            .alone(|connection| copy::export(connection))
            .await
    }

    /// Takes the content of an export in place of its own, in one step. It stays the project `team_id`.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when the bytes are no such export; the content is then unchanged.
    pub async fn import(&self, bytes: Vec<u8>, team_id: String) -> Result<(), StoreError> {
        let work = move |connection: &mut Connection| copy::import(connection, &bytes, &team_id);
        self.inner.writer.alone(work).await
    }

    /// Empties the database and lets `fill` put in what a new one has, in one step: every table is
    /// dropped and made anew, except what identifies the project.
    ///
    /// # Errors
    /// When the database or `fill` refuses; it is then unchanged.
    pub async fn reset(
        &self,
        fill: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            open::recreate(tx)?;
            fill(tx)
        })
        .await
    }
}

#[cfg(test)]
mod tests;
