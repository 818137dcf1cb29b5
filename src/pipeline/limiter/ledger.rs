//! When this process's calls were counted, as nearly as can be known.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Slices per window: enough that merging calls costs nothing worth having, and few enough to keep.
const SLICES: u32 = 1024;

/// Calls counted close to each other. The API counted each between being sent and answered.
#[derive(Clone, Copy, Debug)]
struct CountedCalls {
    /// The earliest sending.
    sent: Instant,
    /// The first and the last answer.
    first: Instant,
    last: Instant,
    calls: u32,
}

/// The calls of the last window, in the order of their answers; bounded whatever the limit is.
#[derive(Debug, Default)]
pub(super) struct Ledger(VecDeque<CountedCalls>);

impl Ledger {
    pub(super) fn add(&mut self, sent: Instant, answered: Instant, window: Duration) {
        // Twice the window, for a window may turn out longer than it looked.
        while self
            .0
            .front()
            .is_some_and(|slice| slice.last + window * 2 < answered)
        {
            self.0.pop_front();
        }
        match self.0.back_mut() {
            // Replies may come in another order than calls were counted: a slice takes late ones in.
            Some(slice) if answered.saturating_duration_since(slice.first) < window / SLICES => {
                slice.sent = slice.sent.min(sent);
                slice.last = slice.last.max(answered);
                slice.calls += 1;
            }
            _ => self.0.push_back(CountedCalls {
                sent,
                first: answered,
                last: answered,
                calls: 1,
            }),
        }
    }

    fn count(&self, of: impl Fn(&CountedCalls) -> bool) -> u32 {
        self.0
            .iter()
            .filter(|slice| of(slice))
            .map(|slice| slice.calls)
            .sum()
    }

    /// Calls that a sliding window may still count.
    pub(super) fn held(&self, now: Instant, window: Duration) -> u32 {
        self.count(|slice| slice.last + window > now)
    }

    /// Calls that a sliding window surely counted at `then` and surely counts no more.
    pub(super) fn returned(&self, then: Instant, now: Instant, window: Duration) -> u32 {
        self.count(|slice| slice.sent + window > then && slice.last + window <= now)
    }

    /// When a sliding window gives the next calls back.
    pub(super) fn next_return(&self, now: Instant, window: Duration) -> Option<Instant> {
        self.0
            .iter()
            .map(|slice| slice.last + window)
            .find(|at| *at > now)
    }

    /// The earliest that a sliding window can have given so many calls back.
    pub(super) fn returns(&self, calls: u32, now: Instant, window: Duration) -> Option<Instant> {
        let mut returned = 0;
        self.0
            .iter()
            .filter(|slice| slice.last + window > now)
            .find(|slice| {
                returned += slice.calls;
                returned >= calls
            })
            .map(|slice| slice.sent + window)
    }

    /// Calls that may have been counted between two instants.
    pub(super) fn maybe_between(&self, from: Instant, to: Instant) -> u32 {
        self.count(|slice| slice.last >= from && slice.sent <= to)
    }

    /// Calls surely counted between two instants.
    pub(super) fn surely_between(&self, from: Instant, to: Instant) -> u32 {
        self.count(|slice| slice.sent >= from && slice.last <= to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_call_is_held_until_a_window_after_its_answer() {
        let mut ledger = Ledger::default();
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        ledger.add(at(0), at(500), WINDOW);
        ledger.add(at(100), at(900), WINDOW);
        assert_eq!(ledger.held(at(60_499), WINDOW), 2);
        assert_eq!(ledger.next_return(at(60_499), WINDOW), Some(at(60_500)));
        assert_eq!(ledger.held(at(60_500), WINDOW), 1);
        assert_eq!(ledger.returns(1, at(60_500), WINDOW), Some(at(60_100)));
        assert_eq!(ledger.returns(2, at(60_500), WINDOW), None);
        // What was given back before the time looked at is not given back after it.
        assert_eq!(ledger.returned(at(1_000), at(61_000), WINDOW), 2);
        assert_eq!(ledger.returned(at(60_050), at(61_000), WINDOW), 1);
        assert_eq!(ledger.surely_between(at(0), at(500)), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn is_bounded_whatever_the_number_of_calls() {
        let mut ledger = Ledger::default();
        let start = Instant::now();
        for millis in 0..200_000 {
            let at = start + Duration::from_millis(millis);
            ledger.add(at, at, WINDOW);
        }
        assert!(
            ledger.0.len() <= 2 * SLICES as usize + 1,
            "{}",
            ledger.0.len()
        );
        let held = ledger.held(start + Duration::from_millis(200_000), WINDOW);
        assert!((60_000..60_100).contains(&held), "{held}");
    }
}
