//! Which answers of a destination a retry rule is about.

use std::fmt;
use std::ops::{RangeFrom, RangeInclusive};

/// Answers of a destination by their status: one, a range, or what a comparison lets through.
///
/// ```
/// use hookdeck::configuration::StatusMatch;
///
/// assert_eq!(StatusMatch::from(429).to_string(), "429");
/// assert_eq!(StatusMatch::from(500..=599).to_string(), "500-599");
/// assert_eq!(StatusMatch::from(500..).to_string(), ">=500");
/// assert_eq!(StatusMatch::except(501).to_string(), "!501");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StatusMatch(String);

impl StatusMatch {
    /// Everything but this status. It wins over what another entry includes.
    #[must_use]
    pub fn except(status: u16) -> Self {
        Self(format!("!{status}"))
    }

    /// An expression of the API's own, such as `<500`.
    pub fn expression(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<u16> for StatusMatch {
    fn from(status: u16) -> Self {
        Self(status.to_string())
    }
}

impl From<RangeInclusive<u16>> for StatusMatch {
    fn from(range: RangeInclusive<u16>) -> Self {
        Self(format!("{}-{}", range.start(), range.end()))
    }
}

impl From<RangeFrom<u16>> for StatusMatch {
    fn from(range: RangeFrom<u16>) -> Self {
        Self(format!(">={}", range.start))
    }
}

impl From<StatusMatch> for String {
    fn from(status: StatusMatch) -> Self {
        status.0
    }
}

impl fmt::Display for StatusMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whether this is an expression the API takes. Statuses are those from 200 to 599.
pub(super) fn is_expression(text: &str) -> bool {
    if let Some((from, to)) = text.split_once('-') {
        return is_status(from) && is_status(to);
    }
    let bare = text.trim_start_matches(['<', '>', '=']);
    match text.len() - bare.len() {
        0 => is_status(text.strip_prefix('!').unwrap_or(text)),
        1 | 2 => is_status(bare),
        _ => false,
    }
}

fn is_status(text: &str) -> bool {
    text.len() == 3
        && text.bytes().all(|digit| digit.is_ascii_digit())
        && (b'2'..=b'5').contains(&text.as_bytes()[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_those_of_the_contract() {
        for good in [
            "200", "599", "!401", "500-599", ">=500", "<300", "==404", ">400",
        ] {
            assert!(is_expression(good), "{good}");
        }
        for bad in [
            "", "99", "600", "199", "5xx", "!!401", ">>>500", "500-", "-500", "500-600", "!>500",
            "é00",
        ] {
            assert!(!is_expression(bad), "{bad}");
        }
    }
}
