//! How fast a destination may be called: its delivery policy turned into moments.
//!
//! A rate is spread evenly over its period, and unused slots are not saved up. Where events are grouped, each
//! group has its own pace, and all of them together have the destination's.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::lanes::Lane;
use crate::clock::Micros;

/// What one destination, or one group of it, takes at a time when the policy does not say.
pub(super) const CONCURRENT: usize = 32;
/// Rates faster than the timer are caught up with in bursts of at most this span.
const BURST: Duration = Duration::from_millis(5);

/// A destination's delivery policy, as far as pacing needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DeliveryPolicy {
    /// Deliveries at once, where the policy says so.
    pub(super) concurrent: Option<usize>,
    /// The distance between two deliveries.
    pub(super) interval: Option<Duration>,
    /// The pace of each group, where events are grouped.
    pub(super) groups: Option<GroupRates>,
}

/// How fast each group of a destination is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GroupRates {
    interval: Duration,
    overrides: HashMap<String, Duration>,
}

impl DeliveryPolicy {
    /// Reads `delivery_policy` of a destination's config.
    pub(super) fn of(config: &str) -> Self {
        let config: Value = serde_json::from_str(config).unwrap_or(Value::Null);
        let policy = &config["delivery_policy"];
        let concurrent = policy["period"] == "concurrent";
        let rate = policy["rate"].as_u64().filter(|rate| *rate > 0);
        Self {
            concurrent: rate
                .filter(|_| concurrent)
                .map(|rate| usize::try_from(rate).unwrap_or(usize::MAX)),
            interval: interval(policy, "period").filter(|_| !concurrent),
            groups: GroupRates::of(&policy["groups"]),
        }
    }

    /// The distance between two deliveries of a group.
    pub(super) fn group_interval(&self, group: &str) -> Option<Duration> {
        let groups = self.groups.as_ref()?;
        Some(*groups.overrides.get(group).unwrap_or(&groups.interval))
    }
}

impl GroupRates {
    fn of(groups: &Value) -> Option<Self> {
        let overrides = groups["overrides"].as_object();
        Some(Self {
            interval: interval(groups, "rate_period")?,
            overrides: overrides
                .into_iter()
                .flatten()
                .filter_map(|(group, pace)| Some((group.clone(), interval(pace, "rate_period")?)))
                .collect(),
        })
    }
}

/// The distance between two deliveries at the `rate` in `pace`, counted in the member named `period`.
fn interval(pace: &Value, period: &str) -> Option<Duration> {
    let rate = pace["rate"].as_u64().filter(|rate| *rate > 0)?;
    let period = match pace[period].as_str() {
        Some("minute") => Duration::from_secs(60),
        Some("hour") => Duration::from_secs(3_600),
        _ => Duration::from_secs(1),
    };
    let nanos = u64::try_from(period.as_nanos() / u128::from(rate)).unwrap_or(u64::MAX);
    Some(Duration::from_nanos(nanos).max(Duration::from_micros(1)))
}

/// The most deliveries that can start at one moment at this pace.
pub(super) fn at_once(interval: Option<Duration>) -> usize {
    match interval {
        None => usize::MAX,
        Some(interval) if interval >= BURST => 1,
        Some(interval) => {
            let more = BURST.as_nanos() / interval.as_nanos();
            usize::try_from(more).map_or(usize::MAX, |more| more + 1)
        }
    }
}

/// When each destination and each group may be called next; kept by the lane, where a whole destination is
/// one without a group.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    /// Shared with a look at the schedule while it lasts.
    next: Arc<HashMap<Lane, Micros>>,
}

impl Pace {
    /// The moment of the next slot of `lane`, `now` or later when there is one to wait for.
    pub(super) fn slot(&self, lane: &Lane, interval: Option<Duration>, now: Micros) -> Micros {
        match (self.next.get(lane), interval) {
            (Some(next), Some(interval)) => (*next).max(earliest(interval, now)),
            _ => now,
        }
    }

    /// Takes the next slot of `lane`, which must not lie in the future.
    pub(super) fn take(&mut self, lane: &Lane, interval: Option<Duration>, now: Micros) {
        if let Some(interval) = interval {
            let slot = self.slot(lane, Some(interval), now);
            Arc::make_mut(&mut self.next).insert(lane.clone(), slot.plus(interval));
        }
    }

    /// Forgets slots that have passed.
    pub(super) fn forget_passed(&mut self, now: Micros) {
        Arc::make_mut(&mut self.next).retain(|_, slot| slot.plus(BURST) > now);
    }
}

/// How far back a slot may lie.
fn earliest(interval: Duration, now: Micros) -> Micros {
    if interval < BURST {
        now.minus(BURST)
    } else {
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of ten deliveries may start now.
    fn taken(pace: &mut Pace, interval: Option<Duration>, now: Micros) -> usize {
        let lane = Lane::whole("des");
        (0..10)
            .take_while(|_| {
                let free = pace.slot(&lane, interval, now) <= now;
                if free {
                    pace.take(&lane, interval, now);
                }
                free
            })
            .count()
    }

    #[test]
    fn a_rate_is_spread_evenly_over_its_period() {
        let policy = DeliveryPolicy::of(r#"{"delivery_policy":{"rate":4,"period":"minute"}}"#);
        let interval = policy.interval;
        assert_eq!(interval, Some(Duration::from_secs(15)));
        let mut pace = Pace::default();
        let now = Micros::from_i64(0);
        assert_eq!(taken(&mut pace, interval, now), 1);
        assert_eq!(taken(&mut pace, interval, now), 0);
        let next = pace.slot(&Lane::whole("des"), interval, now);
        assert_eq!(next, now.plus(Duration::from_secs(15)));
        assert_eq!(taken(&mut pace, interval, next), 1);
        // Unused slots are not saved up.
        let later = now.plus(Duration::from_secs(600));
        assert_eq!(taken(&mut pace, interval, later), 1);
    }

    #[test]
    fn a_rate_faster_than_the_timer_is_caught_up_with() {
        let policy = DeliveryPolicy::of(r#"{"delivery_policy":{"rate":1000,"period":"second"}}"#);
        let mut pace = Pace::default();
        assert_eq!(taken(&mut pace, policy.interval, Micros::from_i64(0)), 1);
        assert_eq!(
            taken(&mut pace, policy.interval, Micros::from_i64(60_000)),
            6
        );
        assert_eq!(at_once(policy.interval), 6);
        assert_eq!(at_once(Some(Duration::from_secs(1))), 1);
    }

    #[test]
    fn concurrency_and_absence_of_a_policy() {
        let policy = DeliveryPolicy::of(r#"{"delivery_policy":{"rate":3,"period":"concurrent"}}"#);
        assert_eq!((policy.concurrent, policy.interval), (Some(3), None));
        for none in [
            "{}",
            r#"{"delivery_policy":null}"#,
            r#"{"delivery_policy":{"rate":null,"period":"concurrent","groups":null}}"#,
        ] {
            assert_eq!(
                DeliveryPolicy::of(none),
                DeliveryPolicy::default(),
                "{none}"
            );
        }
    }

    #[test]
    fn groups_have_their_own_paces() {
        let policy = DeliveryPolicy::of(
            r#"{"delivery_policy":{"groups":{"key":"body.t","rate":2,"rate_period":"second",
                "overrides":{"slow":{"rate":1,"rate_period":"hour"}}}}}"#,
        );
        assert_eq!(policy.interval, None);
        assert_eq!(
            policy.group_interval("any"),
            Some(Duration::from_millis(500))
        );
        assert_eq!(
            policy.group_interval("slow"),
            Some(Duration::from_secs(3_600))
        );
        assert_eq!(DeliveryPolicy::default().group_interval("any"), None);
    }
}
