//! The retry rule: whether and when a failed event is tried again without anybody asking.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value};

use super::millis;
pub use super::status::StatusExpressions;
use crate::clock::Micros;

/// Most automatic retries of one event, whatever its rule says.
pub const MAX_RETRIES: u32 = 50;

/// Automatic retries end this long after the first attempt.
pub const MAX_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What a rule means that leaves the interval out; a choice of ours.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// What a rule means that leaves the count out; a choice of ours.
const DEFAULT_COUNT: u32 = 5;

/// A retry rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryRule {
    /// How the interval grows.
    pub strategy: RetryStrategy,
    /// Time to the first retry.
    pub interval: Duration,
    /// Most automatic retries, at most [`MAX_RETRIES`].
    pub count: u32,
    /// The response statuses it applies to, successes among them if it says so; all failures when absent.
    pub statuses: Option<StatusExpressions>,
}

/// How the time between retries grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryStrategy {
    /// Not at all.
    Linear,
    /// It doubles each time.
    Exponential,
}

/// A failed attempt, or one that a list of statuses has tried again although it succeeded, as far as the next one
/// depends on it.
#[derive(Debug, Clone, Copy)]
pub struct RetryInput<'a> {
    /// Automatic retries of this event so far, not counting the first attempt.
    pub retries: u32,
    /// The status the destination answered with, if it did.
    pub status: Option<u16>,
    /// The destination's `Retry-After` header, if it sent one.
    pub retry_after: Option<&'a str>,
    /// When the event was first attempted.
    pub first_attempt_at: Micros,
    /// When this attempt ended.
    pub now: Micros,
}

impl RetryRule {
    pub(super) fn parse(rule: &Map<String, Value>) -> Result<Self, String> {
        let strategy = match rule.get("strategy").and_then(Value::as_str) {
            Some("linear") => RetryStrategy::Linear,
            Some("exponential") => RetryStrategy::Exponential,
            _ => return Err("strategy must be linear or exponential".to_owned()),
        };
        let count = match rule.get("count") {
            None | Some(Value::Null) => DEFAULT_COUNT,
            Some(value) => {
                let count = value
                    .as_u64()
                    .ok_or("count must be a whole number, zero or more")?;
                u32::try_from(count).unwrap_or(MAX_RETRIES).min(MAX_RETRIES)
            }
        };
        let statuses = match rule.get("response_status_codes") {
            None | Some(Value::Null) => None,
            Some(Value::Array(items)) if items.is_empty() => None,
            Some(Value::Array(items)) => Some(StatusExpressions::parse(items)?),
            Some(_) => return Err("response_status_codes must be a list".to_owned()),
        };
        let interval = millis(rule, "interval")?.unwrap_or(DEFAULT_INTERVAL);
        Ok(Self {
            strategy,
            interval,
            count,
            statuses,
        })
    }

    /// How long after `failure.now` the next automatic attempt is due; `None` when there is none.
    ///
    /// A `Retry-After` of the destination replaces the rule's interval, and `-1` ends the retries; it gives no
    /// retry that the rule would not, and one that lies beyond [`MAX_AGE`] is not waited for.
    pub fn next(&self, failure: &RetryInput<'_>) -> Option<Duration> {
        if failure.retries >= self.count.min(MAX_RETRIES) {
            return None;
        }
        // Without a status there was no answer at all. Whether a list of statuses covers that is not known; such
        // failures are retried, being the most likely to pass.
        if let (Some(statuses), Some(status)) = (&self.statuses, failure.status)
            && !statuses.covers(status)
        {
            return None;
        }
        let delay = match failure
            .retry_after
            .and_then(|header| RetryAfter::parse(header, failure.now))
        {
            Some(RetryAfter::Never) => return None,
            Some(RetryAfter::Wait(delay)) => delay,
            None => self.delay(failure.retries),
        };
        let age = failure.now.since(failure.first_attempt_at);
        (age.saturating_add(delay) <= MAX_AGE).then_some(delay)
    }

    fn delay(&self, retries: u32) -> Duration {
        match self.strategy {
            RetryStrategy::Linear => self.interval,
            RetryStrategy::Exponential => self
                .interval
                .saturating_mul(1_u32.checked_shl(retries).unwrap_or(u32::MAX)),
        }
    }
}

/// What a destination asks for in its `Retry-After` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// `-1`: do not try again.
    Never,
    /// Seconds, with or without fraction, or a moment.
    Wait(Duration),
}

impl RetryAfter {
    /// Reads the header's value. A moment that has passed is no wait.
    /// `None` for what is neither a number from zero on, nor `-1`, nor an HTTP date.
    pub fn parse(header: &str, now: Micros) -> Option<Self> {
        let header = header.trim();
        if let Ok(seconds) = header.parse::<f64>() {
            return if seconds == -1.0 {
                Some(Self::Never)
            } else {
                Duration::try_from_secs_f64(seconds).ok().map(Self::Wait)
            };
        }
        let moment = httpdate::parse_http_date(header)
            .ok()?
            .duration_since(UNIX_EPOCH)
            .ok()?;
        let now = now.since(Micros::EPOCH);
        Some(Self::Wait(moment.saturating_sub(now)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// 2026-09-01T00:00:00Z.
    const NOW: Micros = Micros::from_i64(1_788_220_800_000_000);

    fn rule(value: Value) -> Result<RetryRule, String> {
        RetryRule::parse(value.as_object().unwrap())
    }

    fn linear(count: u32) -> RetryRule {
        rule(json!({"strategy": "linear", "interval": 30_000, "count": count})).unwrap()
    }

    fn failure(retries: u32) -> RetryInput<'static> {
        RetryInput {
            retries,
            status: Some(500),
            retry_after: None,
            first_attempt_at: NOW,
            now: NOW,
        }
    }

    fn seconds(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn linear_waits_the_same_time() {
        let waits: Vec<_> = (0..4)
            .map(|retries| linear(3).next(&failure(retries)))
            .collect();
        assert_eq!(waits, [seconds(30), seconds(30), seconds(30), None]);
    }

    #[test]
    fn exponential_doubles() {
        let rule =
            rule(json!({"strategy": "exponential", "interval": 30_000, "count": 3})).unwrap();
        let waits: Vec<_> = (0..4).map(|retries| rule.next(&failure(retries))).collect();
        assert_eq!(waits, [seconds(30), seconds(60), seconds(120), None]);
    }

    #[test]
    fn a_count_of_zero_is_no_retry_and_fifty_is_the_most() {
        assert_eq!(linear(0).next(&failure(0)), None);
        assert_eq!(linear(1000).next(&failure(49)), seconds(30));
        assert_eq!(linear(1000).next(&failure(50)), None);
        assert_eq!(
            rule(json!({"strategy": "linear", "count": u64::MAX}))
                .unwrap()
                .count,
            MAX_RETRIES
        );
    }

    #[test]
    fn retries_end_a_week_after_the_first_attempt() {
        let at = |now| linear(50).next(&RetryInput { now, ..failure(1) });
        let last = NOW.plus(MAX_AGE - Duration::from_secs(30));
        assert_eq!(at(last), seconds(30));
        assert_eq!(at(last.plus(Duration::from_micros(1))), None);
        let long =
            rule(json!({"strategy": "exponential", "interval": u64::MAX, "count": 50})).unwrap();
        assert_eq!(long.next(&failure(49)), None);
    }

    #[test]
    fn what_is_left_out_has_defaults() {
        let rule = rule(json!({"strategy": "linear", "interval": null})).unwrap();
        assert_eq!(
            (rule.interval, rule.count, rule.statuses),
            (DEFAULT_INTERVAL, DEFAULT_COUNT, None)
        );
    }

    #[test]
    fn what_makes_no_rule_is_refused() {
        for value in [
            json!({}),
            json!({"strategy": "quadratic"}),
            json!({"strategy": "linear", "interval": -1}),
            json!({"strategy": "linear", "count": -1}),
            json!({"strategy": "linear", "count": 1.5}),
            json!({"strategy": "linear", "response_status_codes": "500"}),
            json!({"strategy": "linear", "response_status_codes": ["5xx"]}),
            json!({"strategy": "linear", "response_status_codes": ["!410", "5xx"]}),
        ] {
            assert!(rule(value.clone()).is_err(), "{value}");
        }
    }

    #[test]
    fn a_list_of_statuses_does_not_cover_others_but_missing_answers() {
        let rule =
            rule(json!({"strategy": "linear", "interval": 1000, "response_status_codes": ["500"]}))
                .unwrap();
        assert_eq!(
            rule.next(&RetryInput {
                status: Some(404),
                ..failure(0)
            }),
            None
        );
        assert_eq!(
            rule.next(&RetryInput {
                status: Some(500),
                ..failure(0)
            }),
            seconds(1)
        );
        assert_eq!(
            rule.next(&RetryInput {
                status: None,
                ..failure(0)
            }),
            seconds(1)
        );
    }

    #[test]
    fn an_empty_list_of_statuses_is_none() {
        let rule = rule(json!({"strategy": "linear", "response_status_codes": []})).unwrap();
        assert_eq!(rule.statuses, None);
    }

    #[test]
    fn the_destination_may_set_the_wait() {
        let after = |header| {
            linear(3).next(&RetryInput {
                retry_after: Some(header),
                ..failure(0)
            })
        };
        assert_eq!(after("5"), seconds(5));
        assert_eq!(after(" 2.5 "), Some(Duration::from_millis(2500)));
        assert_eq!(after("0"), seconds(0));
        assert_eq!(after("-1"), None);
        assert_eq!(after("Tue, 01 Sep 2026 00:01:00 GMT"), seconds(60));
        assert_eq!(after("Mon, 31 Aug 2026 00:00:00 GMT"), seconds(0));
        assert_eq!(after("604801"), None);
        for useless in ["soon", "", "-2", "NaN", "inf", "1e300"] {
            assert_eq!(after(useless), seconds(30), "{useless}");
        }
        let used_up = RetryInput {
            retry_after: Some("5"),
            ..failure(3)
        };
        assert_eq!(linear(3).next(&used_up), None);
    }

    proptest! {
        #[test]
        fn no_header_and_no_moment_breaks_it(header in "\\PC{0,20}", now in any::<i64>(), first in any::<i64>(), retries in any::<u32>()) {
            let failure = RetryInput { retries, status: Some(500), retry_after: Some(&header), first_attempt_at: Micros::from_i64(first), now: Micros::from_i64(now) };
            if let Some(delay) = linear(50).next(&failure) {
                prop_assert!(delay <= MAX_AGE && retries < MAX_RETRIES);
            }
        }
    }
}
