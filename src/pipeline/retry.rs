//! When a failed attempt is worth another, and after how long.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};

use super::AGES;
use crate::transport::TransportErrorKind;

/// How calls are retried.
///
/// The default makes up to four attempts. Which failures are retried depends on the operation:
/// what was never sent and what the quota refused is retried always, anything else only where doing
/// it twice is harmless (reads, updates, upserts, deletes) or where the call says so with
/// `.idempotent(true)`. The delay before attempt *n* is random between zero and
/// `base * 2^(n-1)`, at most `cap`, and never shorter than the `Retry-After` of a 429 or 503.
///
/// A delete that is repeated because its first reply was lost may find nothing left to delete. It
/// has then done what it was to do and succeeds; an observer is told by
/// [`CallEvent::AlreadyDone`](crate::CallEvent::AlreadyDone).
///
/// ```
/// use std::time::Duration;
/// use hookdeck::Retry;
///
/// let patient = Retry::standard().max_attempts(8).backoff(
///     Duration::from_millis(500),
///     Duration::from_secs(60),
/// );
/// let off = Retry::off();
/// # let _ = (patient, off);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    pub(crate) max_attempts: u32,
    pub(crate) base: Duration,
    pub(crate) cap: Duration,
    pub(crate) retry_after_cap: Duration,
}

impl Retry {
    /// Four attempts, delays from 250 milliseconds up to 20 seconds, and no more than 60 seconds
    /// for a `Retry-After`.
    #[must_use]
    pub const fn standard() -> Self {
        Self {
            max_attempts: 4,
            base: Duration::from_millis(250),
            cap: Duration::from_secs(20),
            retry_after_cap: Duration::from_secs(60),
        }
    }

    /// One attempt only.
    #[must_use]
    pub const fn off() -> Self {
        Self {
            max_attempts: 1,
            ..Self::standard()
        }
    }

    /// The number of attempts in all, the first included; zero counts as one.
    #[must_use]
    pub const fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = if attempts == 0 { 1 } else { attempts };
        self
    }

    /// The upper bound of the first delay, doubled before each further attempt up to `cap`.
    #[must_use]
    pub const fn backoff(mut self, base: Duration, cap: Duration) -> Self {
        self.base = base;
        self.cap = cap;
        self
    }

    /// The longest `Retry-After` to follow. A longer one ends the call with the API's error.
    #[must_use]
    pub const fn retry_after_cap(mut self, cap: Duration) -> Self {
        self.retry_after_cap = cap;
        self
    }

    /// The upper bound of the delay before the attempt after the `made`-th.
    pub(crate) fn ceiling(&self, made: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(made.saturating_sub(1));
        self.base.saturating_mul(doubled).min(self.cap)
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self::standard()
    }
}

/// How an attempt failed, as far as retrying it is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Transport(TransportErrorKind),
    AttemptTimeout,
    Status(StatusCode),
}

/// Whether a failure may pass, and whether repeating is harmless whatever the operation does.
pub(crate) struct Judgement {
    /// The cause may pass.
    pub(crate) passing: bool,
    /// The operation was certainly not carried out, so that repeating cannot double it.
    pub(crate) undone: bool,
}

impl Failure {
    pub(crate) fn judge(self) -> Judgement {
        let (passing, undone) = match self {
            Self::Transport(TransportErrorKind::Connect) => (true, true),
            Self::Transport(TransportErrorKind::Request) => (false, true),
            Self::Transport(TransportErrorKind::Interrupted | TransportErrorKind::Timeout)
            | Self::AttemptTimeout => (true, false),
            // Refused at the door, before any work.
            Self::Status(StatusCode::TOO_MANY_REQUESTS) => (true, true),
            Self::Status(status) => (
                matches!(
                    status,
                    StatusCode::REQUEST_TIMEOUT
                        | StatusCode::INTERNAL_SERVER_ERROR
                        | StatusCode::BAD_GATEWAY
                        | StatusCode::SERVICE_UNAVAILABLE
                        | StatusCode::GATEWAY_TIMEOUT
                ),
                false,
            ),
        };
        Judgement { passing, undone }
    }
}

/// The delay a reply asks for: fractional seconds as the API writes it, or an HTTP date.
///
/// To be read on refusals only, for the API sends the header with every reply. A date is taken
/// relative to the reply's own `Date`, so that a wrong clock on either side does not matter.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        // More than can be counted is a wait as well, and not one to cut short.
        let delay = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(AGES);
        return Some(delay.min(AGES));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let now = headers
        .get(header::DATE)
        .and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok())
        .unwrap_or_else(SystemTime::now);
    let delay = until.duration_since(now).unwrap_or(Duration::ZERO);
    Some(delay.min(AGES))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, value.parse().unwrap());
        headers.insert(
            header::DATE,
            "Sat, 21 Nov 2026 10:00:00 GMT".parse().unwrap(),
        );
        retry_after(&headers)
    }

    #[test]
    fn retry_after_is_read_as_fractional_seconds_or_a_date() {
        assert_eq!(header("30.11"), Some(Duration::from_secs_f64(30.11)));
        assert_eq!(header("2"), Some(Duration::from_secs(2)));
        assert_eq!(header("-5"), Some(Duration::ZERO));
        assert_eq!(
            header("Sat, 21 Nov 2026 10:00:07 GMT"),
            Some(Duration::from_secs(7))
        );
        assert_eq!(
            header("Sat, 21 Nov 2026 09:00:00 GMT"),
            Some(Duration::ZERO)
        );
        assert_eq!(header("soon"), None);
        assert_eq!(header("NaN"), Some(Duration::ZERO));
        assert_eq!(
            header("Fri, 31 Dec 9999 23:59:59 GMT"),
            Some(AGES),
            "a date nobody waits for"
        );
        for unlucky in ["", "-inf", "1,2", "12 s", "0x10"] {
            let delay = header(unlucky).unwrap_or_default();
            assert_eq!(delay, Duration::ZERO, "{unlucky:?}");
        }
    }

    #[test]
    fn a_delay_beyond_any_range_is_the_longest_there_is() {
        for endless in [
            "1e300",
            "inf",
            "infinity",
            "1e999",
            "18446744073709551615",
            "18446744073709551616",
            "99999999999999999999",
        ] {
            assert_eq!(header(endless), Some(AGES), "{endless}");
        }
    }

    #[test]
    fn the_ceiling_doubles_up_to_the_cap() {
        let retry =
            Retry::standard().backoff(Duration::from_millis(100), Duration::from_millis(350));
        let ceilings: Vec<_> = (1..=4)
            .map(|made| retry.ceiling(made).as_millis())
            .collect();
        assert_eq!(ceilings, [100, 200, 350, 350]);
        assert_eq!(retry.ceiling(u32::MAX).as_millis(), 350);
    }
}
