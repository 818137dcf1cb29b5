//! The dispatcher of one project: looks at the schedule whenever something changed or a moment has
//! come, and starts the attempts that are due.
//!
//! The batches of bulk jobs are started here too, so that whoever waits for the deliveries waits for
//! them as well. It keeps no queue of its own. What it remembers is what is in flight, so that no event
//! has two attempts at once, and the pace of rate-limited destinations.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::attempt::{FinishedTask, TaskOutcome, make, work_off};
use super::context::EngineContext;
use super::lanes::{InFlight, Lane};
use super::pace::Pace;
use super::plan::{DispatchPlan, DispatchState, ReadyDestination, lane_room, look};
use super::{DispatcherCommand, DispatcherStatus, EngineState};
use crate::clock::Micros;
use crate::defaults;
use crate::events::due;
use crate::sessions::record;
use crate::store::StoreError;

/// Attempts in flight at once in one project, beyond the one that every destination may always have.
const IN_FLIGHT: usize = 256;
/// The pause after a failure of the store before the next try; it doubles up to [`PAUSE_MOST`].
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MOST: Duration = Duration::from_secs(60);

pub(super) struct Dispatcher {
    context: Arc<EngineContext>,
    shared: Arc<EngineState>,
    tasks: JoinSet<FinishedTask>,
    in_flight: InFlight,
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
    pub(super) fn new(context: Arc<EngineContext>, shared: Arc<EngineState>) -> Self {
        Self {
            context,
            shared,
            tasks: JoinSet::new(),
            in_flight: InFlight::default(),
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
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<DispatcherCommand>) {
        let mut wakes = self.context.store.wakes().subscribe();
        let mut taken_note_of = 0;
        loop {
            let seen = *wakes.borrow_and_update();
            if seen > taken_note_of {
                self.go_on();
                taken_note_of = seen;
            }
            while let Some(finished) = self.tasks.try_join_next() {
                self.finished(finished);
            }
            let next = self.dispatch().await.or_else(|| self.next_try());
            self.shared.publish(DispatcherStatus {
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
                self.shared.stop();
                // Whoever asked may have stopped waiting.
                let _ = reply.send(());
                return;
            }
            let clock = self.context.services.clock.clone();
            let timer = async {
                match next {
                    Some(moment) => clock.sleep_until(moment).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = wakes.changed() => if changed.is_err() { break },
                Some(finished) = self.tasks.join_next(), if !self.tasks.is_empty() => self.finished(finished),
                Some(command) = commands.recv() => self.obey(command).await,
                () = timer => self.go_on(),
            }
        }
        self.shared.stop();
    }

    /// Forgets a failure of the store.
    fn go_on(&mut self) {
        self.error = None;
        self.resume_at = None;
    }

    /// When to try again after a failure of the store that no wake follows up.
    fn next_try(&mut self) -> Option<Micros> {
        let clock = &self.context.services.clock;
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

    async fn obey(&mut self, command: DispatcherCommand) {
        match command {
            DispatcherCommand::Drain(reply) => self.draining = Some(reply),
            DispatcherCommand::Reset(reply) => {
                self.abandon().await;
                let now = self.context.services.clock.now();
                let reset = self
                    .context
                    .store
                    .reset(move |tx| defaults::fill(tx, now))
                    .await;
                let _ = reply.send(reset);
            }
            DispatcherCommand::Restore(bytes, team_id, reply) => {
                self.abandon().await;
                let now = self.context.services.clock.now();
                let store = &self.context.store;
                let mut restored = store.import(bytes, team_id).await;
                if restored.is_ok() {
                    // Their sockets are not part of the copy.
                    restored = store.write(move |tx| record::drop_all(tx, now)).await;
                }
                let _ = reply.send(restored);
            }
        }
    }

    /// Gives up what is in flight, and what was known of it.
    async fn abandon(&mut self) {
        self.tasks.shutdown().await;
        self.in_flight.clear();
        self.pace = Pace::default();
        self.context.tokens.clear();
    }

    fn finished(&mut self, finished: Result<FinishedTask, tokio::task::JoinError>) {
        let finished = match finished {
            Ok(finished) => finished,
            Err(error) => {
                // Attempts catch their panics, and only a reset abandons them.
                tracing::error!("an attempt ended abnormally: {error}");
                return;
            }
        };
        self.in_flight.remove(&finished.id);
        match finished.result {
            Ok(TaskOutcome::Attempt { looped }) => {
                self.pause = PAUSE;
                self.attempts += 1;
                self.looped += u64::from(looped);
            }
            Ok(TaskOutcome::Nothing) => {}
            Err(error) => {
                tracing::error!(
                    id = finished.id,
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
        let now = self.context.services.clock.now();
        match self.plan(now).await {
            Ok(plan) => self.start(plan, now),
            Err(error) => {
                tracing::error!("the schedule could not be read: {error}");
                self.error = Some(error);
                None
            }
        }
    }

    async fn plan(&self, now: Micros) -> Result<DispatchPlan, StoreError> {
        let store = &self.context.store;
        let room = IN_FLIGHT.saturating_sub(self.in_flight.len());
        let state = DispatchState {
            now,
            room,
            busy: self.in_flight.busy().clone(),
            pace: self.pace.clone(),
        };
        let look = move |conn: &rusqlite::Connection| look(conn, &state);
        let plan = store.read(look.clone()).await?;
        if plan.waiting.is_none_or(|moment| moment > now) {
            return Ok(plan);
        }
        store.write(move |tx| due::promote(tx, now)).await?;
        store.read(look).await
    }

    fn start(&mut self, plan: DispatchPlan, now: Micros) -> Option<Micros> {
        self.pace.forget_passed(now);
        let mut next = plan.waiting;
        for (id, moment) in plan.jobs {
            if moment > now {
                next = [next, Some(moment)].into_iter().flatten().min();
            } else if !self.in_flight.contains(&id) {
                self.in_flight.add(id.clone(), None);
                self.tasks.spawn(work_off(Arc::clone(&self.context), id));
            }
        }
        for ready in plan.ready {
            let slot = self.start_at(ready, now);
            next = [next, slot].into_iter().flatten().min();
        }
        next
    }

    /// Starts what one destination may be sent now, and answers the moment of its next slot if something
    /// waits for one.
    fn start_at(&mut self, ready: ReadyDestination, now: Micros) -> Option<Micros> {
        let policy = ready.policy;
        let whole = Lane::whole(&ready.destination_id);
        let mut next = ready.slot;
        for candidate in ready.events {
            let lane = candidate.lane;
            if self.in_flight.contains(&candidate.event_id) {
                continue;
            }
            let free = IN_FLIGHT.saturating_sub(self.in_flight.len());
            if lane_room(&policy, &lane, free, self.in_flight.busy()) == 0 {
                // The end of an attempt makes room, and is looked after anyway.
                continue;
            }
            let slot = self.pace.slot(&whole, policy.interval, now);
            if slot > now {
                return [next, Some(slot)].into_iter().flatten().min();
            }
            let group = lane.group.as_deref();
            let group_interval = group.and_then(|group| policy.group_interval(group));
            let slot = self.pace.slot(&lane, group_interval, now);
            if slot > now {
                next = [next, Some(slot)].into_iter().flatten().min();
                continue;
            }
            self.pace.take(&whole, policy.interval, now);
            if group.is_some() {
                self.pace.take(&lane, group_interval, now);
            }
            let event_id = candidate.event_id;
            self.in_flight.add(event_id.clone(), Some(lane));
            self.tasks.spawn(make(
                Arc::clone(&self.context),
                Arc::clone(&self.shared),
                event_id,
            ));
        }
        next
    }
}
