//! The threads that own the connections.

use std::any::Any;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

#[cfg(test)]
use super::trap::Trap;
use super::{StoreError, Wakes};

/// Jobs waiting for the writer; a caller beyond that waits to hand its job in.
const QUEUE: usize = 1_024;
/// Jobs that share one commit.
const GROUP: usize = 256;

/// What a job asks of the connection it runs on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
    /// Writes, and wakes whoever waits for changes.
    Change,
}

/// One unit of work with its waiting caller, free of the types of its result.
trait StoreJob: Send {
    /// Does the work; `false` asks to take its changes back.
    fn run(&mut self, tx: &Transaction<'_>) -> bool;
    /// Whether others are to hear of what it did.
    fn wakes(&self) -> bool;
    /// Tells the caller, once the outcome of the commit is known.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

/// What the writer does next.
enum WriterItem {
    /// Shares a transaction with others.
    Job(Box<dyn StoreJob>),
    /// Has the connection for itself, with no transaction open.
    Alone(Box<dyn FnOnce(&mut Connection) + Send>),
}

struct QueuedJob<T, E, F> {
    access: Access,
    work: Option<F>,
    result: Option<Result<T, E>>,
    has_changed: bool,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> StoreJob for QueuedJob<T, E, F>
where
    F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &Transaction<'_>) -> bool {
        let Some(work) = self.work.take() else {
            return false;
        };
        let changes = tx.total_changes();
        // Whatever the job left half done inside the database is rolled back with its savepoint.
        let result = catch_unwind(AssertUnwindSafe(|| work(tx)))
            .unwrap_or_else(|_: Box<dyn Any + Send>| Err(StoreError::Panicked.into()));
        // On the writer's connection nothing else stops a read from writing. (`PRAGMA query_only`
        // would, but makes SQLite compile every cached statement again.)
        let result = match self.access {
            Access::Read if tx.total_changes() != changes => Err(StoreError::ReadOnly.into()),
            _ => result,
        };
        let keep = result.is_ok();
        self.has_changed = keep && tx.total_changes() != changes;
        self.result = Some(result);
        keep
    }

    fn wakes(&self) -> bool {
        self.access == Access::Change && self.has_changed
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let result = match (self.result, commit) {
            (Some(Ok(_)) | None, Err(error)) => Err(error.into()),
            (Some(result), _) => result,
            (None, Ok(())) => Err(StoreError::Closed.into()),
        };
        // A caller that stopped waiting does not need the answer.
        let _ = self.reply.send(result);
    }
}

/// A thread that is joined when its owner goes, unless the owner goes on that very thread.
struct Thread(Option<JoinHandle<()>>);

impl Thread {
    fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<Self, StoreError> {
        let handle = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(work)
            .map_err(|error| StoreError::Unusable(format!("no thread for {name}: {error}")))?;
        Ok(Self(Some(handle)))
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        if let Some(handle) = self.0.take()
            && handle.thread().id() != std::thread::current().id()
        {
            // Only a panic outside a job could make this fail, and then the thread is gone too.
            let _ = handle.join();
        }
    }
}

/// The one thread that writes.
pub(super) struct Writer {
    // Declared before the thread: fields are dropped in order, and the thread ends when its queue does.
    jobs: mpsc::Sender<WriterItem>,
    _thread: Thread,
    #[cfg(test)]
    pub(super) trap: Arc<Trap>,
}

impl Writer {
    pub(super) fn start(connection: Connection, wakes: Wakes) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let trap = Arc::new(Trap::unset());
        #[cfg(test)]
        let own = Arc::clone(&trap);
        let thread = Thread::start("gateway-writer", move || {
            write_loop(connection, queue, &wakes, &trap)
        })?;
        Ok(Self {
            jobs,
            _thread: thread,
            #[cfg(test)]
            trap: own,
        })
    }

    pub(super) async fn write<T, E, F>(&self, access: Access, work: F) -> Result<T, E>
    where
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.submit(access, work).await
    }

    pub(super) async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.submit(Access::Read, move |tx: &Transaction<'_>| work(tx))
            .await
    }

    async fn submit<T, E, F>(&self, access: Access, work: F) -> Result<T, E>
    where
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let task = Box::new(QueuedJob {
            access,
            work: Some(work),
            result: None,
            has_changed: false,
            reply,
        });
        if self.jobs.send(WriterItem::Job(task)).await.is_err() {
            return Err(StoreError::Closed.into());
        }
        answer
            .await
            .unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Runs `work` on the connection between two transactions.
    pub(super) async fn alone<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        F: FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = move |connection: &mut Connection| {
            let result = catch_unwind(AssertUnwindSafe(|| work(connection)))
                .unwrap_or(Err(StoreError::Panicked));
            // A caller that stopped waiting does not need the answer.
            let _ = reply.send(result);
        };
        if self
            .jobs
            .send(WriterItem::Alone(Box::new(work)))
            .await
            .is_err()
        {
            return Err(StoreError::Closed);
        }
        answer.await.unwrap_or(Err(StoreError::Closed))
    }
}

fn write_loop(
    mut connection: Connection,
    mut queue: mpsc::Receiver<WriterItem>,
    wakes: &Wakes,
    trap: &Trap,
) {
    let mut group: Vec<Box<dyn StoreJob>> = Vec::with_capacity(GROUP);
    while let Some(first) = queue.blocking_recv() {
        let mut next = Some(first);
        let alone = loop {
            match next {
                Some(WriterItem::Job(job)) => group.push(job),
                Some(WriterItem::Alone(work)) => break Some(work),
                None => break None,
            }
            next = match group.len() {
                GROUP.. => None,
                _ => queue.try_recv().ok(),
            };
        };
        run_group(&mut connection, &mut group, wakes, trap);
        if let Some(work) = alone {
            work(&mut connection);
        }
    }
}

/// Runs the jobs in one transaction and answers them all. When the transaction breaks in the middle
/// (a full disk ends it as a whole), the jobs done so far fail and the others get a new one.
fn run_group(
    connection: &mut Connection,
    group: &mut Vec<Box<dyn StoreJob>>,
    wakes: &Wakes,
    trap: &Trap,
) {
    while !group.is_empty() {
        let mut done = 0;
        let commit = run_in_transaction(connection, group, &mut done, trap);
        // A transaction that could not begin has tried nobody; the first job carries the news.
        let answered = done.max(1).min(group.len());
        // Here and not by the caller, who may have stopped waiting.
        if commit.is_ok() && group.iter().take(answered).any(|job| job.wakes()) {
            wakes.wake();
        }
        for job in group.drain(..answered) {
            job.answer(commit.clone());
        }
    }
}

fn run_in_transaction(
    connection: &mut Connection,
    group: &mut [Box<dyn StoreJob>],
    done: &mut usize,
    trap: &Trap,
) -> Result<(), StoreError> {
    trap.alive()?;
    let before = connection.total_changes();
    let failed = |error: rusqlite::Error| StoreError::Commit(error.to_string());
    let tx = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    for job in group {
        *done += 1;
        tx.prepare_cached("SAVEPOINT job")
            .and_then(|mut s| s.execute([]))
            .map_err(failed)?;
        if !job.run(&tx) {
            if tx.is_autocommit() {
                return Err(StoreError::Commit(
                    "the transaction was ended by an earlier error".into(),
                ));
            }
            tx.prepare_cached("ROLLBACK TO job")
                .and_then(|mut s| s.execute([]))
                .map_err(failed)?;
        }
        tx.prepare_cached("RELEASE job")
            .and_then(|mut s| s.execute([]))
            .map_err(failed)?;
    }
    if tx.total_changes() == before {
        return tx.commit().map_err(failed);
    }
    trap.around(|| tx.commit().map_err(failed))
}

/// Outside tests a trap that is never set.
#[cfg(not(test))]
struct Trap;

#[cfg(not(test))]
impl Trap {
    fn unset() -> Self {
        Self
    }

    #[allow(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "as the one of tests"
    )]
    fn alive(&self) -> Result<(), StoreError> {
        Ok(())
    }

    #[allow(clippy::unused_self, reason = "as the one of tests")]
    fn around(&self, commit: impl FnOnce() -> Result<(), StoreError>) -> Result<(), StoreError> {
        commit()
    }
}

/// A small pool of threads with read-only connections.
pub(super) struct Readers {
    jobs: mpsc::Sender<Box<dyn StoreJob>>,
    _threads: Vec<Thread>,
}

impl Readers {
    pub(super) fn start(connections: Vec<Connection>) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel::<Box<dyn StoreJob>>(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        let threads = connections
            .into_iter()
            .map(|connection| {
                let queue = Arc::clone(&queue);
                Thread::start("gateway-reader", move || read_loop(&connection, &queue))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            jobs,
            _threads: threads,
        })
    }

    pub(super) async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = move |tx: &Transaction<'_>| work(tx.deref());
        let task = Box::new(QueuedJob {
            access: Access::Read,
            work: Some(work),
            result: None,
            has_changed: false,
            reply,
        });
        if self.jobs.send(task).await.is_err() {
            return Err(StoreError::Closed.into());
        }
        answer
            .await
            .unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }
}

fn read_loop(connection: &Connection, queue: &Mutex<mpsc::Receiver<Box<dyn StoreJob>>>) {
    loop {
        let next = queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .blocking_recv();
        let Some(mut job) = next else { return };
        // One transaction per job, so that all its statements see the same state.
        let outcome = connection.unchecked_transaction().map(|tx| {
            job.run(&tx);
        });
        job.answer(outcome.map_err(StoreError::from));
    }
}
