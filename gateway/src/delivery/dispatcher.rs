//! The dispatcher of one project: looks at the schedule whenever something changed or a moment has
//! come, and starts the attempts that are due.
//!
//! The batches of bulk jobs are started here too, so that whoever waits for the deliveries waits for
//! them as well. It keeps no queue of its own. What it remembers is what is in flight, so that no event has two
//! attempts at once, and the pace of rate-limited destinations.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::client::Deliverer;
use super::outgoing::outgoing;
use super::pace::{Pace, Policy};
use super::retry;
use crate::bulk;
use crate::clock::{Clock, Micros};
use crate::defaults;
use crate::engine::{Command, FiredAttempt, Shared, Status};
use crate::events::attempt::{self, Claim, Claimed, Next, Outcome};
use crate::events::due;
use crate::ids::Ids;
use crate::ingest::Means;
use crate::issues::{self, FailedAttempt};
use crate::project::Settings;
use crate::store::{Store, StoreError};
use crate::transform::Runner;

/// Attempts in flight at once in one project, beyond the one that every destination may always have.
const IN_FLIGHT: usize = 256;
/// The pause after a failure of the store before the next try; it doubles up to [`PAUSE_MOST`].
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MOST: Duration = Duration::from_secs(60);

/// What an attempt needs from its project.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) ids: Arc<Ids>,
    pub(crate) runner: Runner,
    pub(crate) settings: Arc<Settings>,
    pub(crate) deliverer: Arc<Deliverer>,
    pub(crate) shared: Arc<Shared>,
}

impl Context {
    fn means(&self) -> Means {
        Means {
            store: self.store.clone(),
            clock: self.clock.clone(),
            ids: Arc::clone(&self.ids),
            runner: self.runner.clone(),
        }
    }
}

/// How an attempt, or a batch of a bulk job, ended, for the dispatcher.
struct Ended {
    /// The event or the job.
    id: String,
    /// The destination of an attempt.
    destination_id: Option<String>,
    result: Result<Made, StoreError>,
}

enum Made {
    /// An attempt was recorded; whether its request came from a delivery of this gateway.
    Attempt { looped: bool },
    /// A batch, or nothing, because there was nothing to deliver any more.
    Nothing,
}

/// A destination with events that are ready.
struct Ready {
    destination_id: String,
    policy: Policy,
    events: Vec<String>,
}

/// A look at the schedule.
struct Plan {
    waiting: Option<Micros>,
    ready: Vec<Ready>,
    /// Bulk jobs with the moment of their next batch.
    jobs: Vec<(String, Micros)>,
}

pub(crate) struct Dispatcher {
    context: Context,
    tasks: JoinSet<Ended>,
    in_flight: HashSet<String>,
    per_destination: HashMap<String, usize>,
    pace: Pace,
    attempts: u64,
    looped: u64,
    /// Set when the store failed; deliveries stand still until the next wake or for a while, so
    /// that a broken store does not turn into an endless stream of deliveries.
    error: Option<StoreError>,
    /// How long they stand still. Only by the system's clock: a manual one has no "a while".
    pause: Duration,
    /// The end of the pause that runs.
    resume_at: Option<Micros>,
    draining: Option<oneshot::Sender<()>>,
}

impl Dispatcher {
    pub(crate) fn new(context: Context) -> Self {
        Self {
            context,
            tasks: JoinSet::new(),
            in_flight: HashSet::new(),
            per_destination: HashMap::new(),
            pace: Pace::default(),
            attempts: 0,
            looped: 0,
            error: None,
            pause: PAUSE,
            resume_at: None,
            draining: None,
        }
    }

    /// Runs until the project is dropped.
    pub(crate) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut wakes = self.context.shared.wakes();
        let mut taken_note_of = 0;
        loop {
            let seen = *wakes.borrow_and_update();
            if seen > taken_note_of {
                self.go_on();
                taken_note_of = seen;
            }
            while let Some(ended) = self.tasks.try_join_next() {
                self.ended(ended);
            }
            let next = self.dispatch().await.or_else(|| self.next_try());
            self.context.shared.publish(Status {
                seen,
                in_flight: self.in_flight.len(),
                next,
                attempts: self.attempts,
                looped: self.looped,
                error: self.error.clone(),
            });
            if self.in_flight.is_empty()
                && let Some(reply) = self.draining.take()
            {
                self.context.shared.stop();
                // Whoever asked may have stopped waiting.
                let _ = reply.send(());
                return;
            }
            let clock = self.context.clock.clone();
            let timer = async {
                match next {
                    Some(moment) => clock.sleep_until(moment).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = wakes.changed() => if changed.is_err() { break },
                Some(ended) = self.tasks.join_next(), if !self.tasks.is_empty() => self.ended(ended),
                Some(command) = commands.recv() => self.obey(command).await,
                () = timer => self.go_on(),
            }
        }
        self.context.shared.stop();
    }

    /// Forgets a failure of the store.
    fn go_on(&mut self) {
        self.error = None;
        self.resume_at = None;
    }

    /// When to try again after a failure of the store that no wake follows up.
    fn next_try(&mut self) -> Option<Micros> {
        let clock = &self.context.clock;
        if self.error.is_none() || self.draining.is_some() || clock.is_manual() {
            return None;
        }
        let moment = *self.resume_at.get_or_insert_with(|| {
            let moment = clock.now().plus(self.pause);
            self.pause = (self.pause * 2).min(PAUSE_MOST);
            moment
        });
        Some(moment)
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Drain(reply) => self.draining = Some(reply),
            Command::Reset(reply) => {
                self.tasks.shutdown().await;
                self.in_flight.clear();
                self.per_destination.clear();
                self.pace = Pace::default();
                let now = self.context.clock.now();
                let reset = self
                    .context
                    .store
                    .reset(move |tx| defaults::fill(tx, now))
                    .await;
                let _ = reply.send(reset);
            }
        }
    }

    fn ended(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        let ended = match ended {
            Ok(ended) => ended,
            Err(error) => {
                // Attempts catch their panics, and only a reset abandons them.
                tracing::error!("an attempt ended abnormally: {error}");
                return;
            }
        };
        self.in_flight.remove(&ended.id);
        if let Some(destination) = &ended.destination_id
            && let Some(count) = self.per_destination.get_mut(destination)
        {
            *count -= 1;
            if *count == 0 {
                self.per_destination.remove(destination);
            }
        }
        match ended.result {
            Ok(Made::Attempt { looped }) => {
                self.pause = PAUSE;
                self.attempts += 1;
                self.looped += u64::from(looped);
            }
            Ok(Made::Nothing) => {}
            Err(error) => {
                tracing::error!(
                    id = ended.id,
                    "an attempt or a batch was not recorded: {error}"
                );
                self.error = Some(error);
            }
        }
    }

    /// Starts what is due and has room, and answers the next moment to look again.
    async fn dispatch(&mut self) -> Option<Micros> {
        if self.error.is_some() || self.draining.is_some() {
            return None;
        }
        let now = self.context.clock.now();
        match self.plan(now).await {
            Ok(plan) => self.start(plan, now),
            Err(error) => {
                tracing::error!("the schedule could not be read: {error}");
                self.error = Some(error);
                None
            }
        }
    }

    async fn plan(&self, now: Micros) -> Result<Plan, StoreError> {
        let store = &self.context.store;
        let room = IN_FLIGHT.saturating_sub(self.in_flight.len());
        let busy = self.per_destination.clone();
        let look = move |conn: &rusqlite::Connection| look(conn, room, &busy);
        let plan = store.read(look.clone()).await?;
        if plan.waiting.is_none_or(|moment| moment > now) {
            return Ok(plan);
        }
        store.write(move |tx| due::promote(tx, now)).await?;
        store.read(look).await
    }

    fn start(&mut self, plan: Plan, now: Micros) -> Option<Micros> {
        self.pace.forget_passed(now);
        let mut next = plan.waiting;
        for (id, moment) in plan.jobs {
            if moment > now {
                next = [next, Some(moment)].into_iter().flatten().min();
            } else if self.in_flight.insert(id.clone()) {
                self.tasks.spawn(work_off(self.context.clone(), id));
            }
        }
        for ready in plan.ready {
            let busy = self
                .per_destination
                .get(&ready.destination_id)
                .copied()
                .unwrap_or(0);
            let free = IN_FLIGHT.saturating_sub(self.in_flight.len());
            let room = share(free, ready.policy, busy);
            let mut events: Vec<String> = ready
                .events
                .into_iter()
                .filter(|id| !self.in_flight.contains(id))
                .collect();
            let wanted = events.len().min(room);
            let taken = self
                .pace
                .take(&ready.destination_id, ready.policy, now, wanted);
            if taken < wanted {
                let slot = self
                    .pace
                    .waits_until(&ready.destination_id, ready.policy, now);
                next = [next, slot].into_iter().flatten().min();
            }
            events.truncate(taken);
            for event_id in events {
                self.in_flight.insert(event_id.clone());
                *self
                    .per_destination
                    .entry(ready.destination_id.clone())
                    .or_default() += 1;
                self.tasks.spawn(make(
                    self.context.clone(),
                    event_id,
                    ready.destination_id.clone(),
                ));
            }
        }
        next
    }
}

/// How many more attempts a destination may have in flight when `free` are left to all of them and
/// it has `busy`. One is always its own, so that destinations that hang hold up nobody else.
fn share(free: usize, policy: Policy, busy: usize) -> usize {
    let free = free.max(usize::from(busy == 0));
    policy.concurrent.saturating_sub(busy).min(free)
}

fn look(
    conn: &rusqlite::Connection,
    room: usize,
    busy: &HashMap<String, usize>,
) -> Result<Plan, StoreError> {
    let waiting = due::next_waiting(conn)?;
    let jobs = bulk::due(conn)?;
    let mut ready = Vec::new();
    for destination_id in due::ready_destinations(conn)? {
        let config: String = conn
            .prepare_cached("SELECT config FROM destinations WHERE id = ?1")?
            .query_row([&destination_id], |row| row.get(0))?;
        let policy = Policy::of(&config);
        let busy = busy.get(&destination_id).copied().unwrap_or(0);
        let room = share(room, policy, busy);
        if room > 0 {
            // Those in flight are still ready in the store and stand in front.
            let events = due::ready(conn, &destination_id, room + busy)?;
            ready.push(Ready {
                destination_id,
                policy,
                events,
            });
        }
    }
    Ok(Plan {
        waiting,
        ready,
        jobs,
    })
}

/// Works off one batch of a bulk job.
async fn work_off(context: Context, job_id: String) -> Ended {
    let result = AssertUnwindSafe(bulk::step(&context.means(), &job_id))
        .catch_unwind()
        .await
        .unwrap_or(Err(StoreError::Panicked));
    Ended {
        id: job_id,
        destination_id: None,
        result: result.map(|()| Made::Nothing),
    }
}

/// Makes one attempt, from reading the event to recording the outcome.
async fn make(context: Context, event_id: String, destination_id: String) -> Ended {
    // A panic counts as a failure of the store: deliveries stand still until the next wake.
    let result = AssertUnwindSafe(attempt(&context, event_id.clone()))
        .catch_unwind()
        .await
        .unwrap_or(Err(StoreError::Panicked));
    Ended {
        id: event_id,
        destination_id: Some(destination_id),
        result,
    }
}

async fn attempt(context: &Context, event_id: String) -> Result<Made, StoreError> {
    let store = &context.store;
    let id = event_id.clone();
    let claim = match store.read(move |conn| attempt::claim(conn, &id)).await? {
        Claimed::Ready(claim) => *claim,
        Claimed::NotReady => return Ok(Made::Nothing),
        Claimed::Unavailable => {
            let now = context.clock.now();
            store
                .write(move |tx| attempt::cancel_unavailable(tx, now, &event_id))
                .await?;
            return Ok(Made::Nothing);
        }
    };
    let (outcome, next) = deliver(context, &claim).await;
    record(context, claim, outcome, next).await
}

async fn deliver(context: &Context, claim: &Claim) -> (Outcome, Next) {
    let will_retry_after = retry::will_retry_after(claim, context.clock.now());
    let delivered = match outgoing(claim, &context.settings, will_retry_after) {
        Ok(outgoing) => context.deliverer.deliver(&outgoing, &context.clock).await,
        Err(code) => super::client::Delivered {
            outcome: Outcome {
                error_code: Some(code),
                ..Outcome::default()
            },
            retry_after: None,
        },
    };
    let next = retry::next(claim, &delivered, context.clock.now());
    (delivered.outcome, next)
}

async fn record(
    context: &Context,
    claim: Claim,
    outcome: Outcome,
    next: Next,
) -> Result<Made, StoreError> {
    let now = context.clock.now();
    let attempt_id = context.ids.attempt();
    let ids = Arc::clone(&context.ids);
    let looped = claim.headers.contains("\"x-hookdeck-eventid\"");
    let fired = FiredAttempt {
        event_id: claim.event_id.clone(),
        connection_id: claim.connection_id.clone(),
        at: now,
        trigger: claim.trigger,
        attempt_number: claim.attempts + 1,
    };
    let stored = context
        .store
        .write(move |tx| {
            let stored = attempt::record(tx, now, &attempt_id, &claim, &outcome, next)?;
            if stored && !outcome.is_success() {
                let failed = FailedAttempt {
                    attempt_id: &attempt_id,
                    event_id: &claim.event_id,
                    connection_id: &claim.connection_id,
                    response_status: outcome.response_status,
                    error_code: outcome.error_code,
                };
                issues::on_failed_attempt(tx, now, &ids, &failed)?;
            }
            Ok::<_, StoreError>(stored)
        })
        .await?;
    if !stored {
        return Ok(Made::Nothing);
    }
    context.shared.fired(fired);
    Ok(Made::Attempt { looped })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_that_hang_leave_one_attempt_to_every_other() {
        let policy = Policy::of(r#"{"delivery_policy":{"rate":500,"period":"concurrent"}}"#);
        assert_eq!(share(IN_FLIGHT, policy, 0), IN_FLIGHT);
        assert_eq!(share(0, policy, IN_FLIGHT), 0);
        assert_eq!(share(0, policy, 0), 1);
        assert_eq!(share(0, policy, 1), 0);
        assert_eq!(share(3, policy, 1), 3);
        let one = Policy::of(r#"{"delivery_policy":{"rate":1,"period":"concurrent"}}"#);
        assert_eq!(share(100, one, 0), 1);
        assert_eq!(share(100, one, 1), 0);
    }
}
