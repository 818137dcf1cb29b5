//! The retry rule applied to an attempt.

use std::time::Duration;

use serde_json::Value;

use crate::clock::Micros;
use crate::delivery::client::DeliveryOutcome;
use crate::events::attempt::{ClaimedEvent, RetryDecision};
use crate::rules::Rules;
use crate::rules::retry::{RetryAfter, RetryInput, RetryRule};

/// What follows an attempt that ended `now`.
pub(super) fn next(
    claim: &ClaimedEvent,
    delivered: &DeliveryOutcome,
    now: Micros,
) -> RetryDecision {
    let success = delivered.outcome.is_success();
    let retry_after = delivered.retry_after.as_deref();
    let stop =
        retry_after.and_then(|header| RetryAfter::parse(header, now)) == Some(RetryAfter::Never);
    if stop && !success {
        return RetryDecision::Stop;
    }
    if claim.trigger.is_asked_for() {
        return RetryDecision::Nothing;
    }
    let status = delivered.outcome.response_status;
    // Only a list of statuses can have a success tried again.
    let rule = rule(claim).filter(|rule| !success || rule.statuses.is_some());
    match rule.and_then(|rule| rule.next(&failure(claim, status, retry_after, now))) {
        // A moment that is shown: no fraction of a millisecond may hide in it.
        Some(pause) => RetryDecision::At(now.plus(pause).ceil_to_millis()),
        None => RetryDecision::Nothing,
    }
}

/// The pause before the automatic retry that would follow if the attempt now starting failed
/// without an answer, if one would.
pub(super) fn will_retry_after(claim: &ClaimedEvent, now: Micros) -> Option<Duration> {
    if claim.trigger.is_asked_for() {
        return None;
    }
    rule(claim)?.next(&failure(claim, None, None, now))
}

fn rule(claim: &ClaimedEvent) -> Option<RetryRule> {
    let rules: Value = serde_json::from_str(&claim.rules).ok()?;
    Rules::parse(&rules).ok()?.retry().cloned()
}

fn failure<'a>(
    claim: &ClaimedEvent,
    status: Option<u16>,
    retry_after: Option<&'a str>,
    now: Micros,
) -> RetryInput<'a> {
    RetryInput {
        retries: u32::try_from(claim.automatic_count).unwrap_or(u32::MAX),
        status,
        retry_after,
        first_attempt_at: claim.first_attempt_at.unwrap_or(now),
        now,
    }
}
