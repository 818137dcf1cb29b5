//! The request quota of a key: a fixed window that opens with its first call.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::response::Response;
use http::HeaderValue;

use crate::clock::Micros;

/// How many calls a key may make, and in which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CallLimit {
    /// Calls allowed in one window.
    pub(crate) calls: u32,
    /// Length of the window.
    pub(crate) window: Duration,
}

/// The calls a key has made in its current window.
#[derive(Debug)]
pub(super) struct Quota {
    limit: Option<CallLimit>,
    window: Mutex<Option<QuotaWindow>>,
}

#[derive(Clone, Copy, Debug)]
struct QuotaWindow {
    began: Micros,
    used: u32,
}

/// What one call finds out about the quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct QuotaStatus {
    /// False when the call is over the limit and must be refused.
    pub(super) allowed: bool,
    /// Calls per window.
    pub(super) limit: u32,
    /// Calls left after this one.
    pub(super) remaining: u32,
    /// When the window ends.
    pub(super) reset: Micros,
    /// The time until then.
    pub(super) wait: Duration,
}

impl Quota {
    /// A quota of `limit`; `None` counts nothing and never refuses.
    pub(super) fn new(limit: Option<CallLimit>) -> Self {
        Self {
            limit,
            window: Mutex::new(None),
        }
    }

    /// Counts one call at `now`. `None` when there is no limit.
    pub(super) fn take(&self, now: Micros) -> Option<QuotaStatus> {
        let limit = self.limit?;
        // The state is two numbers written together: a panic elsewhere cannot tear it.
        let mut slot = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let mut window = match *slot {
            // A clock set backwards (reset of a manual clock) starts over as well.
            Some(w) if now >= w.began && now < w.began.plus(limit.window) => w,
            _ => QuotaWindow {
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
        Some(QuotaStatus {
            allowed,
            limit: limit.calls,
            remaining: limit.calls - window.used,
            reset,
            wait: reset.since(now),
        })
    }

    /// Forgets every call, as if none had been made.
    pub(super) fn reset(&self) {
        *self.window.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Adds the four quota headers, which stand on every reply, successes included.
pub(super) fn with_quota(mut response: Response, standing: Option<QuotaStatus>) -> Response {
    let Some(standing) = standing else {
        return response;
    };
    let headers = response.headers_mut();
    headers.insert("x-ratelimit-limit", HeaderValue::from(standing.limit));
    headers.insert(
        "x-ratelimit-remaining",
        HeaderValue::from(standing.remaining),
    );
    // Rounded up to milliseconds, so that whoever waits as told does not come too early.
    let up = Duration::from_micros(999);
    let reset = standing.reset.plus(up).to_millis_string();
    let wait = standing.wait.saturating_add(up);
    let wait = format!("{}.{:03}", wait.as_secs(), wait.subsec_millis());
    for (name, value) in [("x-ratelimit-reset", reset), ("retry-after", wait)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Micros {
        Micros::EPOCH.plus(Duration::from_secs(seconds))
    }

    fn three_a_minute() -> Quota {
        Quota::new(Some(CallLimit {
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
