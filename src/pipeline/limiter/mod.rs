//! Pacing under the quota, before the API has to refuse anything.
//!
//! The API tells on every reply how many calls are left and when they come back. The limiter keeps
//! the same account: it spends what is there as fast as it is asked to, then holds calls back until
//! there is more. It begins by assuming fixed windows, as the live API has them, and finds out from
//! the replies if calls come back gradually instead. Calls of other processes with the same key
//! show as budget that is gone without this process having spent it.

mod account;
mod bucket;
mod clock;
mod crowd;
mod ledger;
mod queue;
mod report;
mod resets;
mod shared;
#[cfg(test)]
mod tests;
mod windows;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::AGES;
use account::{Account, Verdict};
use queue::Queue;
pub(crate) use report::Report;

/// How many calls a key may make in how long.
///
/// The default is the live API's 240 a minute. Whatever is set here, the limits that the API
/// announces on its replies win. Clients of one key and host in a process share one account, and
/// several processes with one key leave each other room.
///
/// The first call goes out alone, for its reply tells where the account stands; the others follow
/// when it is answered, or after a second.
///
/// ```
/// use std::time::Duration;
/// use hookdeck::RateLimit;
///
/// let default = RateLimit::per_minute(240);
/// let scaled = RateLimit::new(240, Duration::from_secs(6));
/// let off = RateLimit::off();
/// # let _ = (default, scaled, off);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit(Option<(u32, Duration)>);

impl RateLimit {
    /// So many calls a minute; zero counts as one.
    #[must_use]
    pub const fn per_minute(calls: u32) -> Self {
        Self::new(calls, Duration::from_secs(60))
    }

    /// So many calls in each window of that length; zero counts as one.
    #[must_use]
    pub const fn new(calls: u32, window: Duration) -> Self {
        Self(Some((if calls == 0 { 1 } else { calls }, window)))
    }

    /// No pacing: calls go out at once, and a 429 is only retried.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        Self::per_minute(240)
    }
}

/// The account of one key at one host, and who waits for it.
#[derive(Debug)]
pub(crate) struct Limiter(Mutex<QueuedAccount>);

#[derive(Debug)]
struct QueuedAccount {
    account: Account,
    queue: Queue,
}

impl QueuedAccount {
    /// Something happened to the account: the first of the queue may go now or must wait longer.
    fn changed(&self) {
        self.queue.wake_first();
    }

    /// What waiting calls can expect changed: whoever is now too late learns it at once.
    fn reconsider(&mut self, now: Instant) {
        let Self { account, queue } = self;
        queue.wake_late(|place| account.earliest(now, place));
        queue.wake_first();
    }
}

/// Waiting for the quota would outlast the call's deadline.
#[derive(Debug)]
pub(crate) struct WaitTooLong {
    pub(crate) wait: Duration,
}

impl Limiter {
    fn new(limit: u32, window: Duration) -> Self {
        Self(Mutex::new(QueuedAccount {
            account: Account::new(limit, window.min(AGES)),
            queue: Queue::default(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, QueuedAccount> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a call's worth of quota, in the order of asking.
    ///
    /// Dropping the future gives up the place in the queue; dropping the permit unused gives the
    /// call back.
    pub(crate) async fn acquire(
        self: &Arc<Self>,
        deadline: Option<Instant>,
        waiting: impl FnOnce(Duration),
    ) -> Result<Permit, WaitTooLong> {
        if let Some(permit) = self.take_if_nobody_waits() {
            return Ok(permit);
        }
        let mut waiting = Some(waiting);
        let place = Place::join(self, deadline);
        loop {
            let until = match place.look()? {
                Look::Taken(permit) => return Ok(permit),
                Look::Wait(until) => until,
            };
            let now = Instant::now();
            if let Some(until) = until.expected
                && until > now
                && let Some(waiting) = waiting.take()
            {
                waiting(until - now);
            }
            // Either the time has come or the account or the queue has changed: look again.
            match until.look_at {
                Some(at) => {
                    let _ = tokio::time::timeout_at(at, place.wake.notified()).await;
                }
                None => place.wake.notified().await,
            }
        }
    }

    fn take_if_nobody_waits(self: &Arc<Self>) -> Option<Permit> {
        let now = Instant::now();
        let mut state = self.state();
        if !state.queue.is_empty() || state.account.verdict(now) != Verdict::Go {
            return None;
        }
        state.account.grant(now);
        drop(state);
        Some(Permit::new(self))
    }

    fn update(&self, change: impl FnOnce(&mut Account, Instant) -> bool) {
        let now = Instant::now();
        let mut state = self.state();
        if change(&mut state.account, now) {
            state.reconsider(now);
        } else {
            state.changed();
        }
    }
}

/// A place in the queue; dropping it leaves the queue.
struct Place<'a> {
    limiter: &'a Arc<Limiter>,
    ticket: u64,
    wake: Arc<tokio::sync::Notify>,
    deadline: Option<Instant>,
}

enum Look {
    Taken(Permit),
    Wait(Until),
}

struct Until {
    /// When it will be this call's turn, at the earliest.
    expected: Option<Instant>,
    /// When to look again if nothing happens before.
    look_at: Option<Instant>,
}

impl<'a> Place<'a> {
    fn join(limiter: &'a Arc<Limiter>, deadline: Option<Instant>) -> Self {
        let (ticket, wake) = limiter.state().queue.join(deadline);
        Self {
            limiter,
            ticket,
            wake,
            deadline,
        }
    }

    /// Takes a call if it is this place's turn and there is one.
    fn look(&self) -> Result<Look, WaitTooLong> {
        let now = Instant::now();
        let mut state = self.limiter.state();
        let ahead = u32::try_from(state.queue.ahead(self.ticket)).unwrap_or(u32::MAX);
        let until = if ahead == 0 {
            match state.account.verdict(now) {
                Verdict::Go => {
                    state.account.grant(now);
                    drop(state);
                    return Ok(Look::Taken(Permit::new(self.limiter)));
                }
                Verdict::Until(at) => Until {
                    expected: Some(state.account.earliest(now, 1).max(at)),
                    look_at: Some(at),
                },
                Verdict::OnReply => Until {
                    expected: None,
                    look_at: None,
                },
            }
        } else {
            Until {
                expected: Some(state.account.earliest(now, ahead.saturating_add(1))),
                look_at: None,
            }
        };
        drop(state);
        let Some(deadline) = self.deadline else {
            return Ok(Look::Wait(until));
        };
        // At the deadline there is no time left to send anything.
        let late = until.expected.filter(|at| *at >= deadline);
        match late.or((now >= deadline).then_some(now)) {
            Some(at) => Err(WaitTooLong { wait: at - now }),
            None => Ok(Look::Wait(Until {
                look_at: Some(until.look_at.map_or(deadline, |at| at.min(deadline))),
                ..until
            })),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.limiter.state().queue.leave(self.ticket);
    }
}

/// One call's worth of quota. Whoever has it tells what became of the call; dropped before the call
/// was sent it is given back, dropped after it, the call may have been counted.
#[derive(Debug)]
pub(crate) struct Permit {
    limiter: Arc<Limiter>,
    sent: Option<Instant>,
    settled: bool,
}

impl Permit {
    fn new(limiter: &Arc<Limiter>) -> Self {
        Self {
            limiter: Arc::clone(limiter),
            sent: None,
            settled: false,
        }
    }

    /// The call is on its way.
    pub(crate) fn spend(&mut self) {
        self.sent = Some(Instant::now());
    }

    /// The call turned out never to have reached the API, which therefore has not counted it.
    pub(crate) fn refund(mut self) {
        self.sent = None;
    }

    /// The call was answered, with what the reply says of the quota.
    pub(crate) fn answered(mut self, report: Option<&Report>) {
        self.settled = true;
        let sent = self.sent;
        self.limiter
            .update(|account, now| account.answered(sent.unwrap_or(now), now, report));
    }

    /// The call was refused with 429: nobody sends before the wait is over.
    pub(crate) fn refused(mut self, report: Option<&Report>, wait: Duration) {
        self.settled = true;
        let sent = self.sent;
        self.limiter.update(|account, now| {
            account.refused(sent.unwrap_or(now), now, report, wait);
            true
        });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let sent = self.sent;
        self.limiter.update(|account, now| {
            match sent {
                Some(sent) => account.untold(sent, now),
                None => account.give_back(),
            }
            false
        });
    }
}
