//! The policy of a token bucket: calls come back one by one, at an even rate.

use std::time::Duration;

use tokio::time::Instant;

use super::clock::Between;

/// How long the rate is measured at a time, at least.
const MEASURE: Duration = Duration::from_secs(5);

/// The rate may turn out this many times lower or higher than assumed.
const RANGE: f64 = 16.0;

/// What was left at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallsLeft {
    pub(super) counted: Between,
    pub(super) left: u32,
}

#[derive(Debug)]
pub(super) struct Bucket {
    /// Calls a second as configured or told.
    nominal: f64,
    /// Calls a second that come back to this process: as assumed, within what was measured.
    rate: f64,
    mark: Option<CallsLeft>,
}

impl Bucket {
    pub(super) fn new(per_second: f64) -> Self {
        Self {
            nominal: per_second,
            rate: per_second,
            mark: None,
        }
    }

    pub(super) fn grown(&self, since: Instant, now: Instant) -> u32 {
        (now.saturating_duration_since(since).as_secs_f64() * self.rate) as u32
    }

    /// When one more call than now will have come back since.
    pub(super) fn next(&self, since: Instant, now: Instant) -> Instant {
        let more = f64::from(self.grown(since, now)) + 1.0;
        since + Duration::from_secs_f64(more / self.rate)
    }

    /// How long so many calls take to come back, at least.
    pub(super) fn shortest(&self, calls: u32) -> Duration {
        Duration::from_secs_f64(f64::from(calls) / self.rate.max(self.nominal))
    }

    /// The API refused a call that this rate allowed.
    pub(super) fn slow_down(&mut self) {
        self.rate = (self.rate * 0.8).max(self.nominal / RANGE);
    }

    /// Since when the rate is being measured, unless the bucket is full: then what comes back is
    /// lost, and there is nothing to measure by.
    pub(super) fn measures_since(&mut self, level: CallsLeft, limit: u32) -> Option<Between> {
        if level.left.saturating_add(1) >= limit {
            self.mark = None;
            return None;
        }
        Some(self.mark.get_or_insert(level).counted)
    }

    /// Measures the rate by the calls of this process since then, at least and at most; returns how
    /// many others have made meanwhile, at least.
    pub(super) fn measure(&mut self, level: CallsLeft, at_least: u32, at_most: u32) -> u32 {
        let Some(mark) = self.mark else {
            return 0;
        };
        let shortest = level
            .counted
            .from
            .saturating_duration_since(mark.counted.to);
        let longest = level
            .counted
            .to
            .saturating_duration_since(mark.counted.from);
        if shortest < MEASURE {
            return 0;
        }
        self.mark = Some(level);
        // What is left is told in whole calls.
        let more = f64::from(level.left) - f64::from(mark.left);
        let lowest = (more + f64::from(at_least) - 1.0) / longest.as_secs_f64();
        let highest = (more + f64::from(at_most) + 1.0) / shortest.as_secs_f64();
        let bounds = self.nominal / RANGE..self.nominal * RANGE;
        self.rate = self
            .rate
            .min(highest)
            .max(lowest)
            .clamp(bounds.start, bounds.end);
        self.nominal = self.nominal.max(lowest.min(bounds.end));
        ((self.nominal - highest) * shortest.as_secs_f64()) as u32
    }

    /// This process need not content itself with less than its part.
    pub(super) fn claim(&mut self, share: f64) {
        self.rate = self.rate.max(self.nominal * share / 2.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_come_back_one_by_one() {
        let bucket = Bucket::new(4.0);
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(bucket.grown(start, at(249)), 0);
        assert_eq!(bucket.next(start, at(249)), at(250));
        assert_eq!(bucket.grown(start, at(2_600)), 10);
        assert_eq!(bucket.next(start, at(2_600)), at(2_750));
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_is_measured_and_what_others_take_is_missed() {
        let mut bucket = Bucket::new(4.0);
        let start = Instant::now();
        let level = |seconds, left| {
            let at = start + Duration::from_secs(seconds);
            CallsLeft {
                counted: Between { from: at, to: at },
                left,
            }
        };
        let close = |rate: f64, expected: f64| (rate - expected).abs() < 1e-9;
        assert_eq!(bucket.measures_since(level(0, 240), 240), None);
        assert!(bucket.measures_since(level(1, 100), 240).is_some());
        // Forty came back, all of them spent here, give or take the calls in flight.
        assert_eq!(bucket.measure(level(11, 100), 38, 42), 0);
        assert!(close(bucket.rate, 4.0), "{}", bucket.rate);
        // At least seventeen of forty were spent by others.
        assert_eq!(bucket.measure(level(21, 90), 28, 32), 17);
        assert!(close(bucket.rate, 2.3), "{}", bucket.rate);
        bucket.slow_down();
        assert!(close(bucket.rate, 1.84), "{}", bucket.rate);
        bucket.claim(0.5);
        assert!(close(bucket.rate, 1.84), "{}", bucket.rate);
        bucket.claim(1.0);
        assert!(close(bucket.rate, 2.0), "{}", bucket.rate);
    }
}
