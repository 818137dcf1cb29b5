//! Three ways a server may count calls, each telling of itself as the live API does.

use std::collections::VecDeque;
use std::time::Duration;

/// How the calls of a key are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// A window begins with the first call after the one before; its budget comes back at its end.
    Fixed,
    /// Each call comes back a window after it was counted; `reset` is when the oldest does.
    Sliding,
    /// Calls come back evenly; `reset` is when all are back, on a refusal when the next one is.
    Bucket,
}

impl Policy {
    pub const ALL: [Self; 3] = [Self::Fixed, Self::Sliding, Self::Bucket];

    pub fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Sliding => "sliding",
            Self::Bucket => "bucket",
        }
    }
}

/// What the server answers.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub accepted: bool,
    pub limit: u32,
    pub remaining: u32,
    pub retry_after: Duration,
}

/// Calls of others with the same key: this many at this time. They are counted also when the budget
/// is used up, so that nobody gains by getting in their way.
#[derive(Clone, Copy, Debug)]
pub struct Others {
    pub at: Duration,
    pub calls: u32,
}

/// A server that counts the calls of one key. Times are counted from the start of the simulation
/// and never go back.
#[derive(Clone, Debug)]
pub struct Server {
    policy: Policy,
    limit: u32,
    window: Duration,
    others: VecDeque<Others>,
    /// Fixed: when the window ends and how many calls it has had.
    ends: Duration,
    used: u32,
    /// Sliding: when each call was counted.
    counted: VecDeque<Duration>,
    /// Bucket: the level at a time.
    level: f64,
    level_at: Duration,
}

impl Server {
    pub fn new(policy: Policy, limit: u32, window: Duration, others: &[Others]) -> Self {
        Self {
            policy,
            limit,
            window,
            others: others.iter().copied().collect(),
            ends: Duration::ZERO,
            used: 0,
            counted: VecDeque::new(),
            level: f64::from(limit),
            level_at: Duration::ZERO,
        }
    }

    fn per_second(&self) -> f64 {
        f64::from(self.limit) / self.window.as_secs_f64()
    }

    /// Brings the count up to a time, the calls of others included.
    fn catch_up(&mut self, now: Duration) {
        while let Some(others) = self
            .others
            .front()
            .copied()
            .filter(|others| others.at <= now)
        {
            self.others.pop_front();
            self.pass_time(others.at);
            for _ in 0..others.calls {
                self.count(others.at);
            }
        }
        self.pass_time(now);
    }

    fn pass_time(&mut self, now: Duration) {
        match self.policy {
            Policy::Fixed => {
                if self.ends <= now {
                    self.used = 0;
                }
            }
            Policy::Sliding => {
                while self
                    .counted
                    .front()
                    .is_some_and(|at| *at + self.window <= now)
                {
                    self.counted.pop_front();
                }
            }
            Policy::Bucket => {
                let passed = now.saturating_sub(self.level_at).as_secs_f64();
                self.level = (self.level + passed * self.per_second()).min(f64::from(self.limit));
                self.level_at = now;
            }
        }
    }

    fn remaining(&self) -> u32 {
        match self.policy {
            Policy::Fixed => self.limit.saturating_sub(self.used),
            Policy::Sliding => {
                let counted = u32::try_from(self.counted.len()).expect("not that many");
                self.limit.saturating_sub(counted)
            }
            // What floating point left below a whole call is rounding.
            Policy::Bucket => (self.level + 1e-9) as u32,
        }
    }

    fn count(&mut self, now: Duration) {
        match self.policy {
            Policy::Fixed => {
                if self.ends <= now {
                    self.ends = now + self.window;
                }
                self.used += 1;
            }
            Policy::Sliding => self.counted.push_back(now),
            Policy::Bucket => self.level -= 1.0,
        }
    }

    /// A call arrives.
    pub fn arrive(&mut self, now: Duration) -> Answer {
        self.catch_up(now);
        let accepted = self.remaining() > 0;
        if accepted {
            self.count(now);
        }
        let retry_after = match self.policy {
            Policy::Fixed => self.ends.saturating_sub(now),
            Policy::Sliding => self
                .counted
                .front()
                .map_or(self.window, |at| *at + self.window - now),
            Policy::Bucket => {
                let level = if accepted { f64::from(self.limit) } else { 1.0 };
                Duration::from_secs_f64((level - self.level).max(0.0) / self.per_second())
            }
        };
        Answer {
            accepted,
            limit: self.limit,
            remaining: self.remaining(),
            retry_after,
        }
    }

    /// The earliest time from `now` on at which a call would be accepted.
    pub fn accepts_at(&mut self, now: Duration) -> Duration {
        self.catch_up(now);
        if self.remaining() > 0 {
            return now;
        }
        match self.policy {
            Policy::Fixed => self.ends,
            Policy::Sliding => {
                let excess = self.counted.len() - self.limit as usize;
                self.counted[excess] + self.window
            }
            Policy::Bucket => {
                let missing = Duration::from_secs_f64((1.0 - self.level) / self.per_second());
                now + missing + Duration::from_nanos(1)
            }
        }
    }
}
