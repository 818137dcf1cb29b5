//! The dispatcher of one project: looks at the schedule whenever something changed or a moment has
//! come, and starts the attempts that are due.
//!
//! The batches of bulk jobs are started here too, so that whoever waits for the deliveries waits for
//! them as well. It keeps no queue of its own. What it remembers is what is in flight, so that no event
//! has two attempts at once, and the pace of rate-limited destinations.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::pace::{Pace, Policy};
use super::work::{Context, Ended, Made, make, work_off};
use crate::bulk;
use crate::clock::Micros;
use crate::defaults;
use crate::engine::{Command, Status};
use crate::events::due;
use crate::store::StoreError;

/// Attempts in flight at once in one project, beyond the one that every destination may always have.
const IN_FLIGHT: usize = 256;
/// The pause after a failure of the store before the next try; it doubles up to [`PAUSE_MOST`].
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MOST: Duration = Duration::from_secs(60);

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
                self.context.tokens.clear();
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
