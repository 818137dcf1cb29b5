//! Pacing under the quota, before the API has to refuse anything.
//!
//! The API counts calls of a key in a fixed window and tells on every reply how many are left and
//! when the window ends. The limiter keeps the same account: it spends the window's whole budget at
//! once if asked to, then holds calls back until the window ends. Calls of other processes with the
//! same key show as budget that is gone without this process having spent it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use http::HeaderMap;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::AGES;
use super::retry::retry_after;

/// Nothing the API says of its quota reaches further than this, unless the configured window does.
const FARTHEST_RESET: Duration = Duration::from_secs(3600);

/// How many calls a key may make in how long.
///
/// The default is the live API's 240 a minute. Whatever is set here, the limits that the API
/// announces on its replies win. Clients of one key and host in a process share one account.
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

/// The account of one key at one host.
#[derive(Debug)]
pub(crate) struct Limiter {
    state: Mutex<State>,
    /// Waiting calls take turns in the order they came; only the first one watches the account.
    turn: tokio::sync::Mutex<()>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    limit: u32,
    window: Duration,
    /// Calls of this process in the current window.
    spent: u32,
    /// Calls of others in the current window, as far as the replies show.
    others: u32,
    /// When the current window ends: as told by the API, or as assumed until a reply tells.
    ends: Option<End>,
    frozen_until: Option<Instant>,
    /// The number of the current window, so that a call given back late is not given to another.
    number: u64,
}

#[derive(Clone, Copy, Debug)]
struct End {
    at: Instant,
    told: bool,
}

/// Waiting for the quota would outlast the call's deadline.
#[derive(Debug)]
pub(crate) struct WaitTooLong {
    pub(crate) wait: Duration,
}

impl State {
    fn roll(&mut self, now: Instant) {
        if self.frozen_until.is_some_and(|until| until <= now) {
            self.frozen_until = None;
        }
        if self.ends.is_some_and(|end| end.at <= now) {
            self.ends = None;
            self.begin_window();
        }
    }

    fn begin_window(&mut self) {
        self.spent = 0;
        self.others = 0;
        self.number += 1;
    }

    /// Whether there is a call to spend, or when there will be.
    fn look(&mut self, now: Instant) -> Result<(), Instant> {
        self.roll(now);
        if let Some(until) = self.frozen_until {
            return Err(until);
        }
        if self.spent.saturating_add(self.others) < self.limit {
            return Ok(());
        }
        Err(self.ends.map_or(now + self.window, |end| end.at))
    }

    /// Spends one call, or tells when there will be one. Returns the number of its window.
    fn take(&mut self, now: Instant) -> Result<u64, Instant> {
        self.look(now)?;
        self.spent += 1;
        self.ends.get_or_insert(End {
            at: now + self.window,
            told: false,
        });
        Ok(self.number)
    }

    /// Corrects the account by what a reply says.
    fn learn(&mut self, now: Instant, report: &Report) {
        self.roll(now);
        if report.resets_in > self.window.max(FARTHEST_RESET) {
            return;
        }
        self.limit = report.limit.max(1);
        let ends = now + report.resets_in;
        match self.ends {
            // A reply delayed from the window before: nothing to learn from it.
            Some(end) if end.told && ends + self.slack() < end.at => return,
            Some(end) if end.told && end.at + self.slack() < ends => {
                // The API is in a later window than we thought.
                self.begin_window();
                self.ends = Some(End {
                    at: ends,
                    told: true,
                });
            }
            // Replies take time to travel, so the earliest end told is the nearest to the truth.
            Some(end) if end.told => {
                self.ends = Some(End {
                    at: end.at.min(ends),
                    told: true,
                })
            }
            _ => {
                self.ends = Some(End {
                    at: ends,
                    told: true,
                })
            }
        }
        let gone = report.limit.saturating_sub(report.remaining);
        self.others = self.others.max(gone.saturating_sub(self.spent));
    }

    /// Ends of window nearer to each other than this are the same one.
    fn slack(&self) -> Duration {
        self.window / 4
    }
}

/// The quota as a reply reports it.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    pub(crate) resets_in: Duration,
}

impl Report {
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
        Some(Self {
            limit: number("x-ratelimit-limit")?,
            remaining: number("x-ratelimit-remaining")?,
            // Relative, and so right whatever the two clocks show; `x-ratelimit-reset` is not.
            resets_in: retry_after(headers)?,
        })
    }
}

impl Limiter {
    fn new(limit: u32, window: Duration) -> Self {
        Self {
            state: Mutex::new(State {
                limit,
                window: window.min(AGES),
                spent: 0,
                others: 0,
                ends: None,
                frozen_until: None,
                number: 0,
            }),
            turn: tokio::sync::Mutex::new(()),
            changed: Notify::new(),
        }
    }

    /// The account of a key at a host, shared by every client of both in the process.
    pub(crate) fn shared(key: &[u8], host: &str, rate: RateLimit) -> Option<Arc<Self>> {
        static ACCOUNTS: OnceLock<Mutex<HashMap<u64, Weak<Limiter>>>> = OnceLock::new();
        let (limit, window) = rate.0?;
        let mut hasher = DefaultHasher::new();
        (key, host).hash(&mut hasher);
        let mut accounts = ACCOUNTS
            .get_or_init(Mutex::default)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        accounts.retain(|_, account| account.strong_count() > 0);
        let account = accounts.entry(hasher.finish()).or_default();
        if let Some(shared) = account.upgrade() {
            return Some(shared);
        }
        let limiter = Arc::new(Self::new(limit, window));
        *account = Arc::downgrade(&limiter);
        Some(limiter)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a call's worth of quota.
    ///
    /// Dropping the future gives up the place in the queue; dropping the permit unused gives the
    /// call back.
    pub(crate) async fn acquire<W: FnOnce(Duration)>(
        self: &Arc<Self>,
        deadline: Option<Instant>,
        waiting: W,
    ) -> Result<Permit, WaitTooLong> {
        let mut waiting = Some(waiting);
        let tell = |waiting: &mut Option<_>, until: Instant| {
            if let Some(waiting) = waiting.take() {
                let waiting: W = waiting;
                waiting(until.saturating_duration_since(Instant::now()));
            }
        };
        let refuse = |until: Instant| match deadline {
            // At the deadline there is no time left to send anything.
            Some(deadline) if until >= deadline => Err(WaitTooLong {
                wait: until.saturating_duration_since(Instant::now()),
            }),
            _ => Ok(()),
        };
        // Whoever cannot be served before its deadline need not queue to learn that.
        if let Err(until) = self.peek() {
            refuse(until)?;
            tell(&mut waiting, until);
        }
        let turn = self.turn.lock();
        let _turn = match deadline {
            Some(deadline) => tokio::time::timeout_at(deadline, turn)
                .await
                .map_err(|_| self.too_long())?,
            None => turn.await,
        };
        loop {
            let changed = self.changed.notified();
            let until = match self.state().take(Instant::now()) {
                Ok(window) => {
                    return Ok(Permit {
                        limiter: Arc::clone(self),
                        window,
                        spent: false,
                    });
                }
                Err(until) => until,
            };
            refuse(until)?;
            tell(&mut waiting, until);
            // Either the time has come or the account has changed: look again.
            let _ = tokio::time::timeout_at(until, changed).await;
        }
    }

    /// When the next call could go out, without spending it.
    fn peek(&self) -> Result<(), Instant> {
        self.state().look(Instant::now())
    }

    /// Of a call whose turn did not come before its deadline.
    fn too_long(&self) -> WaitTooLong {
        let wait = match self.peek() {
            Ok(()) => Duration::ZERO,
            Err(until) => until.saturating_duration_since(Instant::now()),
        };
        WaitTooLong { wait }
    }

    /// Reads the quota off a reply.
    pub(crate) fn observe(&self, headers: &HeaderMap) {
        if let Some(report) = Report::read(headers) {
            self.state().learn(Instant::now(), &report);
            self.changed.notify_waiters();
        }
    }

    /// After a 429: nobody sends before the window ends.
    pub(crate) fn freeze(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut state = self.state();
        state.frozen_until = Some(state.frozen_until.map_or(until, |known| known.max(until)));
    }
}

/// One call's worth of quota, given back when dropped unless it was spent.
#[derive(Debug)]
pub(crate) struct Permit {
    limiter: Arc<Limiter>,
    window: u64,
    spent: bool,
}

impl Permit {
    /// The call is on its way: from here on the quota is spent, also if the call is dropped.
    pub(crate) fn spend(&mut self) {
        self.spent = true;
    }

    /// The call turned out never to have reached the API, which therefore has not counted it.
    pub(crate) fn refund(mut self) {
        self.spent = false;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.spent {
            let mut state = self.limiter.state();
            state.roll(Instant::now());
            if state.number == self.window {
                state.spent = state.spent.saturating_sub(1);
            }
            drop(state);
            self.limiter.changed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests;
