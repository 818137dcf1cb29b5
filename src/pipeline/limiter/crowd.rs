//! Who else uses the key, and how far that holds this process back.
//!
//! Nobody can be asked: other users show only as quota that is gone without this process having
//! spent it. Between two replies they may spend more, so whoever shares a key must not send all
//! that is left at once; a part of it at a time, the smaller the more others there are, uses the
//! window up within seconds without anybody being refused.

use std::time::Duration;

use tokio::time::Instant;

/// What is known of the balance ages quickly while others spend from it.
const FRESH: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    own: u32,
    others: u32,
    /// Calls of others from before this process looked for the first time: whoever made them may
    /// be gone.
    before: u32,
}

impl Tally {
    fn company(self) -> u32 {
        self.others - self.before
    }
}

/// Calls of this process and of others, in the current window and in the one before.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    current: Tally,
    previous: Tally,
    looked: bool,
    began: Option<Instant>,
}

impl Crowd {
    pub(super) fn sent(&mut self) {
        self.current.own = self.current.own.saturating_add(1);
    }

    pub(super) fn given_back(&mut self) {
        self.current.own = self.current.own.saturating_sub(1);
    }

    /// Calls of this process in the current window, at most.
    pub(super) fn own(&self) -> u32 {
        self.current.own
    }

    /// So many of the current window's calls are of others, at least.
    pub(super) fn saw(&mut self, others: u32) {
        self.current.others = self.current.others.max(others);
        if !self.looked {
            self.looked = true;
            self.current.before = others;
        }
    }

    /// A new window begins; the calls in flight may be counted in it.
    pub(super) fn turn(&mut self, now: Instant, window: Duration, in_flight: u32) {
        let idle = self.began.is_some_and(|began| began + window * 3 < now);
        self.previous = if idle { Tally::default() } else { self.current };
        self.current = Tally {
            own: in_flight,
            ..Tally::default()
        };
        self.began = Some(now);
    }

    /// When the current window was taken to begin.
    pub(super) fn began(&self) -> Option<Instant> {
        self.began
    }

    /// The part of the calls that are this process's, drawn towards half so that unequal processes
    /// become equal; `None` if it is alone.
    pub(super) fn share(&self) -> Option<f64> {
        let others = self.current.company().max(self.previous.company());
        if others == 0 {
            return None;
        }
        let own = f64::from(self.current.own.max(self.previous.own).max(1));
        let part = own / (own + f64::from(others));
        Some(f64::midpoint(part, 0.5))
    }

    /// Calls of others in a window, as lately seen.
    pub(super) fn others(&self) -> u32 {
        self.current.others.max(self.previous.others)
    }

    pub(super) fn is_alone(&self) -> bool {
        self.share().is_none()
    }

    /// How many calls may be in flight when so many are left, known since `known_since`.
    pub(super) fn cap(
        &self,
        left: u32,
        limit: u32,
        known_since: Option<Instant>,
        now: Instant,
    ) -> u32 {
        let Some(share) = self.share() else {
            return left;
        };
        // The last few are left alone: everybody who sees them may take one.
        let reserve = ((1.0 / share).ceil() as u32 + 1).min(limit);
        if left < reserve {
            return 0;
        }
        if known_since.is_some_and(|since| since + FRESH < now) {
            return 1;
        }
        ((f64::from(left) * share / 3.0) as u32).max(1)
    }
}
