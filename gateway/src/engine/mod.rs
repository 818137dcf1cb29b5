//! The engine of a project: its dispatcher looks at the schedule and starts the attempts that are due; the
//! handle here waits until it has nothing to do, and moves its time.

mod attempt;
mod context;
mod dispatcher;
mod lanes;
mod pace;
mod plan;
mod retry;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::Micros;
use crate::events::due;
use crate::store::StoreError;
use crate::wire::AttemptTrigger;
pub use context::EngineContext;
use dispatcher::Dispatcher;

/// Attempts at one moment beyond those ready at its start before a settle refuses to go on.
const RUNAWAY: u64 = 100_000;
/// The same for attempts of events that came from a delivery of a gateway: so many in all, and so
/// many more for each attempt of an event that did not.
const RUNAWAY_LOOP: u64 = 200;
const HOPS: u64 = 20;

/// One attempt that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiredAttempt {
    /// The event.
    pub event_id: String,
    /// Its connection.
    pub connection_id: String,
    /// When the attempt was recorded.
    pub at: Micros,
    /// What made it happen.
    pub trigger: AttemptTrigger,
    /// Which attempt of the event it was, from 1.
    pub attempt_number: i64,
}

/// Why waiting for a project was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EngineError {
    /// Attempts keep causing attempts at the same moment.
    Runaway {
        /// The connections and how many attempts each made, the busiest first.
        connections: Vec<(String, u64)>,
    },
    /// The store failed, and deliveries stand still until the next change.
    Store(StoreError),
    /// The project's clock is the system's and cannot be moved.
    SystemClock,
    /// The project is shut down.
    Stopped,
}

impl std::fmt::Display for EngineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Runaway { connections } => {
                f.write_str("deliveries keep causing deliveries at the same moment, through")?;
                for (id, count) in connections {
                    write!(f, " {id} ({count} attempts)")?;
                }
                Ok(())
            }
            Self::Store(error) => error.fmt(f),
            Self::SystemClock => {
                f.write_str("the clock is the system's; only a manual clock can be advanced")
            }
            Self::Stopped => f.write_str("the gateway is shut down"),
        }
    }
}

impl std::error::Error for EngineError {}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What the dispatcher tells after each look at the schedule.
#[derive(Clone, Debug, Default)]
struct DispatcherStatus {
    /// The number of the last wake it has taken note of.
    seen: u64,
    /// Attempts in flight.
    in_flight: usize,
    /// The next moment something becomes due, with nothing in flight.
    next: Option<Micros>,
    /// Attempts since the start, and those of events the gateway itself caused.
    attempts: u64,
    looped: u64,
    error: Option<StoreError>,
}

/// What only the dispatcher can do.
enum DispatcherCommand {
    /// Abandon all attempts in flight, empty the store, forget the pace.
    Reset(oneshot::Sender<Result<(), StoreError>>),
    /// Abandon all attempts in flight, take this content in place of the store's, forget the pace.
    Restore(Vec<u8>, String, oneshot::Sender<Result<(), StoreError>>),
    /// Start no more attempts and answer when the last one in flight is recorded.
    Drain(oneshot::Sender<()>),
}

/// What was fired while somebody watches.
#[derive(Debug, Default)]
struct FiredAttempts {
    fired: Option<Vec<FiredAttempt>>,
    per_connection: BTreeMap<String, u64>,
}

/// The shared half of the handle; the dispatcher holds it too.
#[derive(Debug)]
struct EngineState {
    status: watch::Sender<DispatcherStatus>,
    ingests: watch::Sender<usize>,
    activity: Mutex<FiredAttempts>,
    stopped: AtomicBool,
}

impl EngineState {
    fn publish(&self, status: DispatcherStatus) {
        self.status.send_replace(status);
    }

    fn fired(&self, attempt: FiredAttempt) {
        let mut activity = self.activity();
        *activity
            .per_connection
            .entry(attempt.connection_id.clone())
            .or_default() += 1;
        if let Some(fired) = &mut activity.fired {
            fired.push(attempt);
        }
    }

    /// Called when the dispatcher ends for good, so that nobody waits for it.
    fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.status.send_modify(|_| {});
    }

    fn activity(&self) -> MutexGuard<'_, FiredAttempts> {
        self.activity.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The handle to a project's dispatcher. Dropping the last one ends it and abandons what is in flight.
#[derive(Debug)]
pub struct Engine {
    context: Arc<EngineContext>,
    shared: Arc<EngineState>,
    commands: mpsc::Sender<DispatcherCommand>,
    task: tokio::task::JoinHandle<()>,
    /// One settle or advance at a time: each owns the record of what fires.
    watching: tokio::sync::Mutex<()>,
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.abort();
    }
}

/// Counts as an ingest in progress until dropped, so that a settle waits for it.
#[derive(Debug)]
pub struct IngestGuard(Arc<EngineState>);

impl Drop for IngestGuard {
    fn drop(&mut self) {
        self.0.ingests.send_modify(|count| *count -= 1);
    }
}

impl Engine {
    /// Starts delivering what is due in the project.
    pub fn start(context: Arc<EngineContext>) -> Self {
        let shared = Arc::new(EngineState {
            status: watch::Sender::new(DispatcherStatus::default()),
            ingests: watch::Sender::new(0),
            activity: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let (commands, received) = mpsc::channel(4);
        let dispatcher = Dispatcher::new(Arc::clone(&context), Arc::clone(&shared));
        Self {
            context,
            shared,
            commands,
            task: tokio::spawn(dispatcher.run(received)),
            watching: tokio::sync::Mutex::default(),
        }
    }

    /// Ends the dispatcher and abandons what is in flight; it stays due in the store.
    pub fn abort(&self) {
        self.task.abort();
        self.shared.stop();
    }

    /// Marks an ingest as in progress; [`settle`](Engine::settle) waits until it is dropped.
    pub fn ingesting(&self) -> IngestGuard {
        self.shared.ingests.send_modify(|count| *count += 1);
        IngestGuard(Arc::clone(&self.shared))
    }

    /// The store itself, to look behind the scenes.
    #[cfg(test)]
    pub fn store(&self) -> &crate::store::Store {
        &self.context.store
    }

    /// How many attempts were made since the start.
    pub fn attempts(&self) -> u64 {
        self.shared.status.borrow().attempts
    }

    /// Waits until nothing is being ingested, nothing is in flight and nothing is due now. Events
    /// that wait for a later moment, or for the rate of their destination, may remain.
    ///
    /// # Errors
    /// [`EngineError::Runaway`] when attempts keep causing attempts, a store failure, or the end of
    /// the project.
    pub async fn settle(&self) -> Result<(), EngineError> {
        let _watching = self.watching.lock().await;
        self.settle_now().await.map(|_| ())
    }

    /// Moves a manual clock forward by `span`, stopping at every moment something becomes due and
    /// letting what it causes finish. Answers the attempts made, in order.
    ///
    /// # Errors
    /// As [`settle`](Engine::settle), and [`EngineError::SystemClock`]. The clock then stands at the
    /// moment that failed.
    pub async fn advance(&self, span: Duration) -> Result<Vec<FiredAttempt>, EngineError> {
        let _watching = self.watching.lock().await;
        let clock = &self.context.services.clock;
        if !clock.is_manual() {
            return Err(EngineError::SystemClock);
        }
        self.shared.activity().fired = Some(Vec::new());
        let outcome = self.walk(clock.now().plus(span)).await;
        let fired = self.shared.activity().fired.take().unwrap_or_default();
        outcome.map(|()| fired)
    }

    async fn walk(&self, target: Micros) -> Result<(), EngineError> {
        let clock = &self.context.services.clock;
        loop {
            match self.settle_now().await? {
                Some(next) if next <= target => clock.set(next),
                _ if clock.now() < target => clock.set(target),
                _ => return Ok(()),
            };
        }
    }

    /// Waits for quiet and answers the next moment something becomes due.
    async fn settle_now(&self) -> Result<Option<Micros>, EngineError> {
        self.shared.activity().per_connection.clear();
        let mut status = self.shared.status.subscribe();
        let before = status.borrow().clone();
        let ready = self.context.store.read(due::ready_count).await?;
        let wakes = self.context.store.wakes();
        loop {
            self.ingests_done().await?;
            let wake = wakes.wake();
            let quiet = loop {
                if self.shared.stopped.load(Ordering::SeqCst) || self.task.is_finished() {
                    return Err(EngineError::Stopped);
                }
                let now = status.borrow_and_update().clone();
                if let Some(error) = now.error.clone().filter(|_| now.seen >= wake) {
                    return Err(error.into());
                }
                let attempts = now.attempts - before.attempts;
                let looped = now.looped - before.looped;
                let started = ready + (attempts - looped);
                if attempts > ready + RUNAWAY || looped > RUNAWAY_LOOP + HOPS * started {
                    return Err(self.runaway());
                }
                if now.seen >= wake && now.in_flight == 0 {
                    break now;
                }
                if status.changed().await.is_err() {
                    return Err(EngineError::Stopped);
                }
            };
            // A delivery may have come back in as a webhook meanwhile; that has woken the dispatcher.
            if *self.shared.ingests.borrow() == 0 && wakes.last() == wake {
                return Ok(quiet.next);
            }
        }
    }

    async fn ingests_done(&self) -> Result<(), EngineError> {
        let mut ingests = self.shared.ingests.subscribe();
        ingests
            .wait_for(|count| *count == 0)
            .await
            .map(|_| ())
            .map_err(|_| EngineError::Stopped)
    }

    fn runaway(&self) -> EngineError {
        let activity = self.shared.activity();
        let mut connections: Vec<_> = activity
            .per_connection
            .iter()
            .map(|(id, count)| (id.clone(), *count))
            .collect();
        connections.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        connections.truncate(5);
        EngineError::Runaway { connections }
    }

    /// Abandons what is in flight and empties the store in one step.
    ///
    /// # Errors
    /// When the store refuses, or the project is shut down.
    pub async fn reset(&self) -> Result<(), EngineError> {
        let (reply, answer) = oneshot::channel();
        self.commands
            .send(DispatcherCommand::Reset(reply))
            .await
            .map_err(|_| EngineError::Stopped)?;
        answer
            .await
            .map_err(|_| EngineError::Stopped)?
            .map_err(EngineError::from)
    }

    /// The store's whole content, as the bytes of a database file.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub async fn export(&self) -> Result<Vec<u8>, StoreError> {
        self.context.store.export().await
    }

    /// Abandons what is in flight and takes other content in place of the store's in one step.
    ///
    /// # Errors
    /// When the bytes are no export of a store, the store refuses, or the project is shut down.
    pub async fn restore(&self, bytes: Vec<u8>, team_id: String) -> Result<(), EngineError> {
        let (reply, answer) = oneshot::channel();
        self.commands
            .send(DispatcherCommand::Restore(bytes, team_id, reply))
            .await
            .map_err(|_| EngineError::Stopped)?;
        let restored = answer.await.map_err(|_| EngineError::Stopped)?;
        self.context.store.wakes().wake();
        restored.map_err(EngineError::from)
    }

    /// Starts no more attempts and returns when the last one in flight is recorded. What is due
    /// stays due.
    pub async fn drain(&self) {
        let (reply, answer) = oneshot::channel();
        if self
            .commands
            .send(DispatcherCommand::Drain(reply))
            .await
            .is_ok()
        {
            // Fails only when the dispatcher has ended, and then nothing is in flight.
            let _ = answer.await;
        }
    }
}
