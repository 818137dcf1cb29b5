//! The request quota of a key: a fixed window that opens with its first call.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Micros;

/// How many calls a key may make, and in which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    /// Calls allowed in one window.
    pub(crate) calls: u32,
    /// Length of the window.
    pub(crate) window: Duration,
}

/// The calls a key has made in its current window.
#[derive(Debug)]
pub(crate) struct Quota {
    limit: Option<Limit>,
    window: Mutex<Option<Window>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    began: Micros,
    used: u32,
}

/// What one call finds out about the quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// False when the call is over the limit and must be refused.
    pub(crate) allowed: bool,
    /// Calls per window.
    pub(crate) limit: u32,
    /// Calls left after this one.
    pub(crate) remaining: u32,
    /// When the window ends.
    pub(crate) reset: Micros,
    /// The time until then.
    pub(crate) wait: Duration,
}

impl Quota {
    /// A quota of `limit`; `None` counts nothing and never refuses.
    pub(crate) fn new(limit: Option<Limit>) -> Self {
        Self {
            limit,
            window: Mutex::new(None),
        }
    }

    /// Counts one call at `now`. `None` when there is no limit.
    pub(crate) fn take(&self, now: Micros) -> Option<Standing> {
        let limit = self.limit?;
        // The state is two numbers written together: a panic elsewhere cannot tear it.
        let mut slot = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let mut window = match *slot {
            // A clock set backwards (reset of a manual clock) starts over as well.
            Some(w) if now >= w.began && now < w.began.plus(limit.window) => w,
            _ => Window {
                began: now,
                used: 0,
            },
        };
        let allowed = window.used < limit.calls;
        if allowed {
            window.used += 1;
        }
        *slot = Some(window);
        let reset = window.began.plus(limit.window);
        Some(Standing {
            allowed,
            limit: limit.calls,
            remaining: limit.calls - window.used,
            reset,
            wait: reset.since(now),
        })
    }

    /// Forgets every call, as if none had been made.
    pub(crate) fn reset(&self) {
        *self.window.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Micros {
        Micros::EPOCH.plus(Duration::from_secs(seconds))
    }

    fn three_a_minute() -> Quota {
        Quota::new(Some(Limit {
            calls: 3,
            window: Duration::from_secs(60),
        }))
    }

    #[test]
    fn the_window_opens_with_the_first_call_and_refuses_above_the_limit() {
        let quota = three_a_minute();
        let first = quota.take(at(1_000)).unwrap();
        assert_eq!((first.allowed, first.remaining), (true, 2));
        assert_eq!(first.reset, at(1_060));
        quota.take(at(1_001)).unwrap();
        assert_eq!(quota.take(at(1_001)).unwrap().remaining, 0);
        let refused = quota.take(at(1_020)).unwrap();
        assert!(!refused.allowed);
        assert_eq!(refused.wait, Duration::from_secs(40));
        let next = quota.take(at(1_060)).unwrap();
        assert_eq!((next.allowed, next.remaining), (true, 2));
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let quota = Quota::new(None);
        assert_eq!(quota.take(at(0)), None);
    }

    #[test]
    fn a_clock_set_back_opens_a_new_window() {
        let quota = three_a_minute();
        quota.take(at(500)).unwrap();
        assert_eq!(quota.take(at(0)).unwrap().remaining, 2);
    }

    #[test]
    fn reset_gives_every_call_back() {
        let quota = three_a_minute();
        quota.take(at(0)).unwrap();
        quota.reset();
        assert_eq!(quota.take(at(1)).unwrap().remaining, 2);
    }
}
