//! The policy of a token bucket: calls come back one by one, at an even rate.

use std::time::Duration;

use tokio::time::Instant;

/// How long the rate is measured at a time, at least.
const MEASURE: Duration = Duration::from_secs(5);

/// The rate may turn out this many times lower or higher than assumed.
const RANGE: f64 = 16.0;

#[derive(Clone, Copy, Debug)]
struct Mark {
    at: Instant,
    left: u32,
    /// Calls of this process answered until then.
    answered: u64,
}

#[derive(Debug)]
pub(super) struct Bucket {
    /// Calls a second as configured or told.
    nominal: f64,
    /// Calls a second that come back to this process, as measured.
    rate: f64,
    mark: Option<Mark>,
}

impl Bucket {
    pub(super) fn new(limit: u32, window: Duration) -> Self {
        let nominal = f64::from(limit) / window.as_secs_f64().max(0.001);
        Self {
            nominal,
            rate: nominal,
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

    /// Measures the rate from what is left; returns how many calls others have made meanwhile.
    pub(super) fn measure(&mut self, now: Instant, left: u32, limit: u32, answered: u64) -> u32 {
        let mark = Mark {
            at: now,
            left,
            answered,
        };
        // A full bucket loses what comes back: nothing to measure by.
        if left.saturating_add(1) >= limit {
            self.mark = None;
            return 0;
        }
        let Some(before) = self.mark else {
            self.mark = Some(mark);
            return 0;
        };
        let passed = now.saturating_duration_since(before.at);
        if passed < MEASURE {
            return 0;
        }
        self.mark = Some(mark);
        let own = (answered - before.answered) as f64;
        let gained = f64::from(left) - f64::from(before.left) + own;
        let rate = (gained / passed.as_secs_f64()).clamp(self.nominal / RANGE, self.nominal * RANGE);
        self.rate = f64::midpoint(self.rate, rate);
        self.nominal = self.nominal.max(self.rate);
        let missing = self.nominal * passed.as_secs_f64() - gained;
        // Calls in flight blur the measure; a fifth of what came back is more than that.
        if missing > 2.0 + self.nominal * passed.as_secs_f64() / 5.0 {
            missing as u32
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn calls_come_back_one_by_one() {
        let bucket = Bucket::new(240, Duration::from_secs(60));
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(bucket.grown(start, at(249)), 0);
        assert_eq!(bucket.next(start, at(249)), at(250));
        assert_eq!(bucket.grown(start, at(2_600)), 10);
        assert_eq!(bucket.next(start, at(2_600)), at(2_750));
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_is_measured_and_what_others_take_is_missed() {
        let mut bucket = Bucket::new(240, Duration::from_secs(60));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(bucket.measure(at(0), 100, 240, 0), 0);
        // Forty came back, all of them spent here.
        assert_eq!(bucket.measure(at(10), 100, 240, 40), 0);
        assert!((bucket.rate - 4.0).abs() < 1e-9);
        // Twenty of forty were spent by others.
        assert_eq!(bucket.measure(at(20), 90, 240, 70), 20);
        assert!((bucket.rate - 3.0).abs() < 1e-9);
        bucket.slow_down();
        assert!((bucket.rate - 2.4).abs() < 1e-9);
    }
}
