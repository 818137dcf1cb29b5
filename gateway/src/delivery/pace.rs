//! How fast a destination may be called: its delivery policy turned into moments.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;

use crate::clock::Micros;

/// What one destination takes at a time when its policy does not say.
const CONCURRENT: usize = 32;
/// Rates faster than the timer are caught up with in bursts of at most this span.
const BURST: Duration = Duration::from_millis(5);

/// A destination's delivery policy, as far as pacing needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    /// Deliveries at once.
    pub(super) concurrent: usize,
    /// The distance between two deliveries; rates are spread evenly over their period.
    pub(super) interval: Option<Duration>,
}

impl Policy {
    /// Reads `delivery_policy {rate, period}` of a destination's config.
    pub(super) fn of(config: &str) -> Self {
        let config: Value = serde_json::from_str(config).unwrap_or(Value::Null);
        let policy = &config["delivery_policy"];
        let unlimited = Self {
            concurrent: CONCURRENT,
            interval: None,
        };
        let Some(rate) = policy["rate"].as_u64().filter(|rate| *rate > 0) else {
            return unlimited;
        };
        let period = match policy["period"].as_str() {
            Some("concurrent") => {
                return Self {
                    concurrent: usize::try_from(rate).unwrap_or(CONCURRENT),
                    interval: None,
                };
            }
            Some("minute") => Duration::from_secs(60),
            Some("hour") => Duration::from_secs(3_600),
            _ => Duration::from_secs(1),
        };
        let nanos = period.as_nanos() / u128::from(rate);
        let interval = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
            .max(Duration::from_micros(1));
        Self {
            interval: Some(interval),
            ..unlimited
        }
    }
}

/// When each rate-limited destination may be called next.
#[derive(Debug, Default)]
pub(super) struct Pace {
    next: HashMap<String, Micros>,
}

impl Pace {
    /// How many of `wanted` deliveries may start at `now`, and takes their slots.
    pub(super) fn take(
        &mut self,
        destination: &str,
        policy: Policy,
        now: Micros,
        wanted: usize,
    ) -> usize {
        let Some(interval) = policy.interval else {
            return wanted;
        };
        if wanted == 0 {
            return 0;
        }
        let earliest = if interval < BURST {
            Micros::from_i64(now.as_i64() - 5_000)
        } else {
            now
        };
        let mut slot = self
            .next
            .get(destination)
            .copied()
            .map_or(now, |slot| slot.max(earliest));
        let mut taken = 0;
        while taken < wanted && slot <= now {
            taken += 1;
            slot = slot.plus(interval);
        }
        self.next.insert(destination.to_owned(), slot);
        taken
    }

    /// The moment of the next slot of `destination`, when it has to wait for one.
    pub(super) fn waits_until(
        &self,
        destination: &str,
        policy: Policy,
        now: Micros,
    ) -> Option<Micros> {
        policy.interval?;
        self.next
            .get(destination)
            .copied()
            .filter(|slot| *slot > now)
    }

    /// Forgets slots that have passed.
    pub(super) fn forget_passed(&mut self, now: Micros) {
        self.next.retain(|_, slot| slot.plus(BURST) > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_spread_evenly_over_its_period() {
        let policy = Policy::of(r#"{"delivery_policy":{"rate":4,"period":"minute"}}"#);
        assert_eq!(policy.interval, Some(Duration::from_secs(15)));
        let mut pace = Pace::default();
        let now = Micros::from_i64(0);
        assert_eq!(pace.take("des", policy, now, 10), 1);
        assert_eq!(pace.take("des", policy, now, 9), 0);
        let next = pace.waits_until("des", policy, now).unwrap();
        assert_eq!(next, now.plus(Duration::from_secs(15)));
        assert_eq!(pace.take("des", policy, next, 9), 1);
        // Unused slots are not saved up.
        let later = now.plus(Duration::from_secs(600));
        assert_eq!(pace.take("des", policy, later, 9), 1);
    }

    #[test]
    fn concurrency_and_absence_of_a_policy() {
        let policy = Policy::of(r#"{"delivery_policy":{"rate":3,"period":"concurrent"}}"#);
        assert_eq!(
            policy,
            Policy {
                concurrent: 3,
                interval: None
            }
        );
        assert_eq!(
            Policy::of("{}"),
            Policy {
                concurrent: CONCURRENT,
                interval: None
            }
        );
        assert_eq!(Policy::of(r#"{"delivery_policy":null}"#).interval, None);
    }
}
