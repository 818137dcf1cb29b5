//! When the API counted a call, by its own clock.
//!
//! A reply tells the reset twice: as a time of day and as a delay. Their difference is the time of
//! day at which the API answered. How the two clocks stand to each other follows from many replies:
//! each was written after its call was sent and before it was received, and all of these bounds
//! hold at once. Within seconds that narrows the moment a call was counted from the length of its
//! round trip down to that of the quickest one. No clock needs to be right for that.

use std::time::Duration;

use tokio::time::Instant;

use crate::types::Timestamp;

/// Both headers are rounded to milliseconds.
const ROUNDING: i64 = 1_000;

/// Clocks run at rates that differ by up to a part in this many.
const DRIFT: i64 = 10_000;

/// After so many replies that contradict what was known, what was known is forgotten.
const CONTRADICTIONS: u32 = 3;

/// Between which moments of this process's clock something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Between {
    pub(super) from: Instant,
    pub(super) to: Instant,
}

/// How far this process's clock is ahead of the API's, in microseconds, at least and at most.
#[derive(Clone, Copy, Debug)]
struct ClockLead {
    least: i64,
    most: i64,
    as_of: i64,
}

#[derive(Debug)]
pub(super) struct ServerClock {
    began: Instant,
    ahead: Option<ClockLead>,
    contradictions: u32,
}

impl ServerClock {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            ahead: None,
            contradictions: 0,
        }
    }

    fn micros(&self, at: Instant) -> i64 {
        let since = at.saturating_duration_since(self.began);
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX / 4)
    }

    fn instant(&self, micros: i64) -> Instant {
        self.began + Duration::from_micros(micros.try_into().unwrap_or(0))
    }

    /// Narrows down when a call was counted that was sent and answered then.
    pub(super) fn narrow(&mut self, trip: Between, told: Option<Timestamp>) -> Between {
        let Some(told) = told.map(Timestamp::unix_micros) else {
            return trip;
        };
        let (sent, received) = (self.micros(trip.from), self.micros(trip.to));
        let mut ahead = ClockLead {
            least: sent.saturating_sub(told) - ROUNDING,
            most: received.saturating_sub(told) + ROUNDING,
            as_of: received,
        };
        if let Some(known) = self.ahead {
            let drift = (received - known.as_of).abs() / DRIFT;
            let least = ahead.least.max(known.least - drift);
            let most = ahead.most.min(known.most + drift);
            if least > most {
                self.contradictions += 1;
                if self.contradictions >= CONTRADICTIONS {
                    self.ahead = None;
                    self.contradictions = 0;
                }
                return trip;
            }
            ahead.least = least;
            ahead.most = most;
        }
        self.ahead = Some(ahead);
        self.contradictions = 0;
        let from = self
            .instant(told.saturating_add(ahead.least))
            .max(trip.from);
        let to = self.instant(told.saturating_add(ahead.most)).min(trip.to);
        Between {
            from: from.min(trip.to),
            to: to.max(from).min(trip.to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Server {
        began: Instant,
        clock: ServerClock,
    }

    impl Server {
        fn trip(&mut self, sent: u64, counted: u64, received: u64, wrong: i64) -> (u64, u64) {
            let at = |millis| self.began + Duration::from_millis(millis);
            let trip = Between {
                from: at(sent),
                to: at(received),
            };
            let told = Timestamp::from_unix_millis(1_790_000_000_000 + wrong + counted as i64);
            let narrowed = self.clock.narrow(trip, Some(told));
            let millis = |at: Instant| (at - self.began).as_millis() as u64;
            (millis(narrowed.from), millis(narrowed.to))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_quick_reply_tells_when_slow_ones_were_counted() {
        let mut server = Server {
            began: Instant::now(),
            clock: ServerClock::new(),
        };
        assert_eq!(server.trip(0, 300, 500, 0), (0, 500));
        assert_eq!(server.trip(600, 605, 620, 0), (600, 620));
        let (from, to) = server.trip(700, 900, 1400, 0);
        assert!((893..=900).contains(&from), "{from}");
        assert!((900..=917).contains(&to), "{to}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_was_set_is_learnt_anew() {
        let mut server = Server {
            began: Instant::now(),
            clock: ServerClock::new(),
        };
        server.trip(0, 10, 20, 0);
        for n in 1..=3 {
            // What contradicts is not believed.
            assert_eq!(
                server.trip(n * 100, n * 100 + 10, n * 100 + 90, -50_000),
                (n * 100, n * 100 + 90)
            );
        }
        server.trip(400, 405, 410, -50_000);
        let (from, to) = server.trip(500, 600, 900, -50_000);
        assert!(
            (590..=600).contains(&from) && (600..=611).contains(&to),
            "{from} {to}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_time_of_day_nothing_is_narrowed() {
        let mut clock = ServerClock::new();
        let from = Instant::now();
        let trip = Between {
            from,
            to: from + Duration::from_secs(1),
        };
        assert_eq!(clock.narrow(trip, None), trip);
    }
}
