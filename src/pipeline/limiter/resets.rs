//! What the resets that replies tell of say about the policy.

use std::time::Duration;

use tokio::time::Instant;

use super::report::Report;
use super::windows::Span;

/// So many resets that moved before they came make a bucket.
const MOVES: u32 = 2;

#[derive(Debug, Default)]
pub(super) struct Resets {
    longest: Duration,
    shortest: Option<Duration>,
    /// Whether the longest was told at the very beginning of a window.
    whole: bool,
    last: Option<Span>,
    /// How often the reset moved before it had come.
    moved: u32,
}

impl Resets {
    pub(super) fn see(&mut self, report: &Report, end: Span, now: Instant) {
        let time = report.resets_in;
        self.shortest = Some(self.shortest.map_or(time, |shortest| shortest.min(time)));
        if time > self.longest {
            self.longest = time;
            self.whole = report.remaining + 1 >= report.limit;
        }
        if let Some(last) = self.last.filter(|last| last.latest < end.earliest) {
            self.moved += u32::from(now < last.earliest);
        }
        if self.last.is_none_or(|last| last.latest < end.latest) {
            self.last = Some(end);
        }
    }

    /// The longest time to a reset that was told: no window is shorter.
    pub(super) fn longest(&self) -> Duration {
        self.longest
    }

    /// The window's length, as configured until it is known.
    pub(super) fn window(&self, configured: Duration) -> Duration {
        if self.whole {
            self.longest
        } else {
            self.longest.max(configured)
        }
    }

    /// Whether the resets are those of a bucket filling up: they move before they come, and not
    /// because they are always a whole window away, as a sliding one's youngest call is.
    pub(super) fn fill_up(&self) -> bool {
        let constant = self
            .shortest
            .is_none_or(|shortest| shortest.mul_f64(1.01) >= self.longest);
        self.moved >= MOVES && !constant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(resets: &[(u64, u32, f64)]) -> Resets {
        let start = Instant::now();
        let mut seen = Resets::default();
        for &(millis, remaining, resets_in) in resets {
            let now = start + Duration::from_millis(millis);
            let report = Report {
                limit: 240,
                remaining,
                resets_in: Duration::from_secs_f64(resets_in),
                at: None,
                rounding: Duration::from_millis(1),
            };
            let end = now + report.resets_in;
            let end = Span {
                earliest: end,
                latest: end,
            };
            seen.see(&report, end, now);
        }
        seen
    }

    #[test]
    fn a_window_is_known_when_its_beginning_was_seen() {
        let configured = Duration::from_secs(60);
        let midway = seen(&[(0, 100, 3.5), (100, 99, 3.4)]);
        assert_eq!(midway.window(configured), configured);
        let whole = seen(&[(0, 100, 3.5), (3_500, 239, 6.0)]);
        assert_eq!(whole.window(configured), Duration::from_secs(6));
    }

    #[test]
    fn only_a_bucket_has_resets_that_move_before_they_come() {
        assert!(!seen(&[(0, 239, 60.0), (100, 238, 59.9), (60_000, 239, 60.0)]).fill_up());
        assert!(!seen(&[(0, 239, 60.0), (100, 238, 60.0), (200, 237, 60.0)]).fill_up());
        assert!(seen(&[(0, 239, 0.25), (10, 238, 0.49), (20, 237, 0.73)]).fill_up());
    }
}
