//! What a reply says of the quota.

use std::time::Duration;

use http::HeaderMap;

use crate::pipeline::retry::retry_after;
use crate::types::Timestamp;

/// Nothing the API says of its quota reaches further than this, unless the configured window does.
const FARTHEST_RESET: Duration = Duration::from_secs(3600);

/// The quota as a reply reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// Calls per window; never zero.
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Until calls come back, counted from when the API answered.
    pub(crate) resets_in: Duration,
    /// When the API answered, by its own clock.
    pub(super) at: Option<Timestamp>,
    /// How much the API may have rounded `resets_in`.
    pub(super) rounding: Duration,
}

impl Report {
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
        // Relative, and so right whatever the two clocks show; `x-ratelimit-reset` is not.
        let resets_in = retry_after(headers)?;
        let at = headers
            .get("x-ratelimit-reset")
            .and_then(|reset| reset.to_str().ok()?.trim().parse::<Timestamp>().ok())
            .and_then(|reset| reset.checked_sub(resets_in));
        Some(Self {
            limit: number("x-ratelimit-limit")?.max(1),
            remaining: number("x-ratelimit-remaining")?,
            resets_in,
            at,
            rounding: rounding(headers),
        })
    }

    /// Whether it can be true of a quota whose window is about that long.
    pub(super) fn is_plausible(&self, window: Duration) -> bool {
        self.resets_in <= window.max(FARTHEST_RESET)
    }
}

/// One unit of the last digit of `retry-after`.
fn rounding(headers: &HeaderMap) -> Duration {
    let text = headers
        .get(http::header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let digits = text
        .trim()
        .split_once('.')
        .map_or(0, |(_, fraction)| fraction.len());
    Duration::from_secs(1) / 10_u32.pow(u32::try_from(digits).unwrap_or(9).min(9))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(retry_after: &str) -> Option<Report> {
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-limit", 240.into());
        headers.insert("x-ratelimit-remaining", 226.into());
        headers.insert(
            "x-ratelimit-reset",
            "2026-06-11T05:30:09.900Z".parse().unwrap(),
        );
        headers.insert("retry-after", retry_after.parse().unwrap());
        Report::read(&headers)
    }

    #[test]
    fn knows_how_far_a_delay_can_be_trusted() {
        let report = read("30.11").unwrap();
        assert_eq!((report.limit, report.remaining), (240, 226));
        assert_eq!(report.resets_in, Duration::from_millis(30_110));
        assert_eq!(report.rounding, Duration::from_millis(10));
        let at: Timestamp = "2026-06-11T05:29:39.790Z".parse().unwrap();
        assert_eq!(report.at, Some(at));
        assert_eq!(read("30").unwrap().rounding, Duration::from_secs(1));
        assert_eq!(read("soon"), None);
    }

    #[test]
    fn a_reset_ages_away_is_not_plausible_unless_the_window_is_that_long() {
        let report = read("4000").unwrap();
        assert!(!report.is_plausible(Duration::from_secs(60)));
        assert!(report.is_plausible(Duration::from_secs(86_400)));
    }
}
