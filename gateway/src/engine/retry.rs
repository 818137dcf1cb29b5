//! The retry rule applied to an attempt.

use std::time::Duration;

use serde_json::Value;

use crate::clock::Micros;
use crate::delivery::client::Delivered;
use crate::events::attempt::{Claim, Next};
use crate::rules::Rules;
use crate::rules::retry::{Failure, Retry, RetryAfter};

/// What follows an attempt that ended `now`.
pub(super) fn next(claim: &Claim, delivered: &Delivered, now: Micros) -> Next {
    if delivered.outcome.is_success() {
        return Next::Nothing;
    }
    let retry_after = delivered.retry_after.as_deref();
    let stop =
        retry_after.and_then(|header| RetryAfter::parse(header, now)) == Some(RetryAfter::Never);
    if stop {
        return Next::Stop;
    }
    if claim.trigger.is_asked_for() {
        return Next::Nothing;
    }
    match rule(claim).and_then(|rule| {
        rule.next(&failure(
            claim,
            delivered.outcome.response_status,
            retry_after,
            now,
        ))
    }) {
        // A moment that is shown: no fraction of a millisecond may hide in it.
        Some(pause) => Next::At(now.plus(pause).ceil_to_millis()),
        None => Next::Nothing,
    }
}

/// The pause before the automatic retry that would follow if the attempt now starting failed
/// without an answer, if one would.
pub(super) fn will_retry_after(claim: &Claim, now: Micros) -> Option<Duration> {
    if claim.trigger.is_asked_for() {
        return None;
    }
    rule(claim)?.next(&failure(claim, None, None, now))
}

fn rule(claim: &Claim) -> Option<Retry> {
    let rules: Value = serde_json::from_str(&claim.rules).ok()?;
    Rules::parse(&rules).ok()?.retry().cloned()
}

fn failure<'a>(
    claim: &Claim,
    status: Option<u16>,
    retry_after: Option<&'a str>,
    now: Micros,
) -> Failure<'a> {
    Failure {
        retries: u32::try_from(claim.automatic_count).unwrap_or(u32::MAX),
        status,
        retry_after,
        first_attempt_at: claim.first_attempt_at.unwrap_or(now),
        now,
    }
}
