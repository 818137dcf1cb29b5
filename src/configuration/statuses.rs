//! Which answers of a destination a retry rule is about.

use std::fmt;
use std::ops::{RangeFrom, RangeInclusive, RangeTo, RangeToInclusive};

/// Answers of a destination by their status: one, a range, or what a comparison lets through.
///
/// ```
/// use hookdeck::configuration::StatusMatch;
///
/// assert_eq!(StatusMatch::from(429).to_string(), "429");
/// assert_eq!(StatusMatch::from(500..=599).to_string(), "500-599");
/// assert_eq!(StatusMatch::from(500..).to_string(), ">=500");
/// assert_eq!(StatusMatch::from(..500).to_string(), "<500");
/// assert_eq!(StatusMatch::except(501).to_string(), "!501");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StatusMatch(String);

impl StatusMatch {
    /// Not this status, whatever entries before it say of it.
    ///
    /// Of other statuses it says nothing. But **in a list of nothing but these every other status counts, 2xx
    /// included**: a delivery that was answered 200 is made again, until the count of the rule is used up. Name
    /// what is to be retried first, or use
    /// [`on_failures_except`](crate::models::RetryRule::on_failures_except), which does.
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

impl From<RangeTo<u16>> for StatusMatch {
    fn from(range: RangeTo<u16>) -> Self {
        Self(format!("<{}", range.end))
    }
}

impl From<RangeToInclusive<u16>> for StatusMatch {
    fn from(range: RangeToInclusive<u16>) -> Self {
        Self(format!("<={}", range.end))
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

/// Whether a delivery that was answered with this status is made again by a retry rule with this list.
///
/// The entries are read in order, and the last that speaks about the status decides: one that covers it
/// includes it, `!` before the very status excludes it. A status of which no entry speaks is not retried,
/// except where the list holds nothing but exclusions: then all of those are, 2xx too. What is no expression
/// covers nothing. That is how the live service was measured in October 2026, as far as it was.
///
/// ```
/// use hookdeck::configuration::retries;
///
/// assert!(retries(&["500-599", "429"], 503));
/// assert!(!retries(&[">=300", "!410"], 410));
/// assert!(retries(&["!410"], 200), "a trap: see `StatusMatch::except`");
/// ```
#[must_use]
pub fn retries(statuses: &[impl AsRef<str>], status: u16) -> bool {
    let expressions: Vec<_> = statuses
        .iter()
        .map(|text| Expression::parse(text.as_ref()))
        .collect();
    let is_exclusion = |entry: &Option<Expression>| matches!(entry, Some(Expression::Except(_)));
    let unspoken = !expressions.is_empty() && expressions.iter().all(is_exclusion);
    let spoken = expressions
        .into_iter()
        .flatten()
        .rev()
        .find_map(|entry| match entry {
            Expression::Except(excluded) => (excluded == status).then_some(false),
            entry => entry.includes(status).then_some(true),
        });
    spoken.unwrap_or(unspoken)
}

/// An entry of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expression {
    Between(u16, u16),
    /// Which relations to the status may hold; `<>` is "not equal".
    Compared {
        less: bool,
        equal: bool,
        greater: bool,
        to: u16,
    },
    Except(u16),
}

impl Expression {
    /// `None` for what is none the API takes. Statuses are those from 200 to 599.
    fn parse(text: &str) -> Option<Self> {
        if let Some(excluded) = text.strip_prefix('!') {
            return parse_status(excluded).map(Self::Except);
        }
        if let Some((from, to)) = text.split_once('-') {
            return Some(Self::Between(parse_status(from)?, parse_status(to)?));
        }
        let digits = text.trim_start_matches(['<', '>', '=']);
        let relation = text.strip_suffix(digits)?;
        let to = parse_status(digits).filter(|_| relation.len() <= 2)?;
        Some(Self::Compared {
            less: relation.contains('<'),
            equal: relation.contains('=') || relation.is_empty(),
            greater: relation.contains('>'),
            to,
        })
    }

    fn includes(self, status: u16) -> bool {
        match self {
            Self::Between(from, to) => (from..=to).contains(&status),
            Self::Compared {
                less,
                equal,
                greater,
                to,
            } => match status.cmp(&to) {
                std::cmp::Ordering::Less => less,
                std::cmp::Ordering::Equal => equal,
                std::cmp::Ordering::Greater => greater,
            },
            Self::Except(_) => false,
        }
    }
}

fn parse_status(text: &str) -> Option<u16> {
    let plain = text.len() == 3 && text.bytes().all(|digit| digit.is_ascii_digit());
    let status = text.parse().ok().filter(|_| plain)?;
    (200..600).contains(&status).then_some(status)
}

/// Whether this is an expression the API takes.
pub(super) fn is_expression(text: &str) -> bool {
    Expression::parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_those_of_the_contract() {
        for good in [
            "200", "599", "!401", "500-599", ">=500", "<300", "==404", ">400", "=<500", "<>404",
        ] {
            assert!(is_expression(good), "{good}");
        }
        for bad in [
            "",
            "99",
            "600",
            "199",
            "5xx",
            "!!401",
            ">>>500",
            "500-",
            "-500",
            "500-600",
            "!>500",
            "é00",
            "!",
            "+50",
            "!500-599",
            " 500",
            "500 ",
            "200-300-400",
        ] {
            assert!(!is_expression(bad), "{bad}");
        }
    }

    /// Whether somebody saw the live service do it.
    #[derive(Debug)]
    enum Known {
        /// Measured, October 2026.
        Measured,
        /// What follows from the rule that fits all that was measured.
        Inferred,
    }
    use Known::{Inferred, Measured};

    #[test]
    fn the_last_entry_that_speaks_about_a_status_decides() {
        let table: &[(&[&str], u16, bool, Known)] = &[
            // Nothing but exclusions: all other statuses, success among them.
            (&["!410", "!413"], 200, true, Measured),
            (&["!410", "!413"], 410, false, Inferred),
            (&["!410", "!413"], 500, true, Inferred),
            (&["!410", "!413"], 413, false, Inferred),
            (&["!410", "!413"], 204, true, Inferred),
            (&["!410", "!413"], 302, true, Inferred),
            (&["!410", "!413"], 404, true, Inferred),
            (&["!500"], 500, false, Inferred),
            (&["!500"], 501, true, Inferred),
            (&["!200"], 200, false, Inferred),
            // Inclusions first, exclusions after: an exclusion says nothing of other statuses.
            (&[">=300", "!410", "!413"], 500, true, Measured),
            (&[">=300", "!410", "!413"], 200, false, Measured),
            (&[">=300", "!410", "!413"], 410, false, Measured),
            (&[">=300", "!410", "!413"], 413, false, Inferred),
            (&[">=300", "!410", "!413"], 300, true, Inferred),
            (&[">=300", "!410", "!413"], 299, false, Inferred),
            (&["500-599", "!501"], 501, false, Inferred),
            (&["500-599", "!501"], 502, true, Inferred),
            (&["500-599", "!501"], 404, false, Inferred),
            (&["429", "!429"], 429, false, Inferred),
            // What is said later wins.
            (&["500-599", "!503", "503"], 503, true, Inferred),
            (&["!500", ">=400"], 500, true, Inferred),
            (&["!500", ">=400"], 404, true, Inferred),
            (&["!500", ">=400"], 200, false, Inferred),
            (&["!503", "500-599", "!503"], 503, false, Inferred),
            (&["!503", "500-599", "!503"], 500, true, Inferred),
            (&["500", "!500", "500", "!500"], 500, false, Inferred),
            (&["!404", "500"], 404, false, Inferred),
            (&["!404", "500"], 500, true, Inferred),
            // Single statuses, ranges and comparisons, each at its edges.
            (&["429"], 429, true, Inferred),
            (&["429"], 430, false, Inferred),
            (&["429"], 200, false, Inferred),
            (&["500-503"], 500, true, Inferred),
            (&["500-503"], 503, true, Inferred),
            (&["500-503"], 499, false, Inferred),
            (&["500-503"], 504, false, Inferred),
            (&["503-500"], 501, false, Inferred),
            (&[">=500"], 500, true, Inferred),
            (&[">=500"], 499, false, Inferred),
            (&[">500"], 500, false, Inferred),
            (&[">500"], 501, true, Inferred),
            (&["<300"], 299, true, Inferred),
            (&["<300"], 300, false, Inferred),
            (&["<=300"], 300, true, Inferred),
            (&["==404"], 404, true, Inferred),
            (&["==404"], 405, false, Inferred),
            (&["=404"], 404, true, Inferred),
            (&["<>404"], 405, true, Inferred),
            (&["<>404"], 404, false, Inferred),
            // The API refuses these. They cover nothing, and are no exclusions either.
            (&["5xx"], 500, false, Inferred),
            (&["!5xx"], 200, false, Inferred),
            (&["!410", "garbage"], 500, false, Inferred),
            (&["garbage", "500"], 500, true, Inferred),
            (&[""], 500, false, Inferred),
            (&[], 500, false, Inferred),
            // Statuses beyond those that a list can name.
            (&["!410"], 101, true, Inferred),
            (&[">=500"], 600, true, Inferred),
        ];
        assert!(table.len() >= 40);
        for (list, status, retried, known) in table {
            assert_eq!(
                retries(list, *status),
                *retried,
                "{list:?} and {status}, {known:?}"
            );
        }
    }
}
