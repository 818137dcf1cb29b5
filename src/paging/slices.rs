//! Cutting a range of time into slices that hold about a page each.

use std::borrow::Cow;

use crate::query::{Param, Query, QueryValue};
use crate::types::Timestamp;

const MILLISECOND: i128 = 1_000_000;

/// An end of a range: the operator and the instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TimeBound {
    operator: &'static str,
    at: Timestamp,
}

impl TimeBound {
    pub(crate) fn new(operator: &'static str, at: Timestamp) -> Self {
        Self { operator, at }
    }

    fn nanos(self) -> i128 {
        self.at.unix_nanos().into()
    }
}

/// The bounds on `created_at` of a list, the upper one now if there is none. `Err` says what is
/// missing.
pub(crate) fn bounds(
    conditions: &Query,
    now: Timestamp,
) -> Result<(TimeBound, TimeBound), &'static str> {
    let Some(QueryValue::Map(entries)) = conditions.get("created_at") else {
        return Err("windows need bounds on `created_at`");
    };
    let (mut lower, mut upper) = (None, None);
    for (operator, value) in entries {
        let at = match value {
            QueryValue::Text(text) => text.parse().ok(),
            _ => None,
        };
        let at = at.ok_or("windows need instants as bounds on `created_at`")?;
        let (side, bound) = match operator.as_ref() {
            "gt" => (&mut lower, TimeBound::new("gt", at)),
            "gte" => (&mut lower, TimeBound::new("gte", at)),
            "lt" => (&mut upper, TimeBound::new("lt", at)),
            "lte" => (&mut upper, TimeBound::new("lte", at)),
            _ => return Err("windows take no other conditions on `created_at` than bounds"),
        };
        if side.replace(bound).is_some() {
            return Err("windows take one lower and one upper bound on `created_at`");
        }
    }
    let lower = lower.ok_or("windows need a lower bound on `created_at`")?;
    Ok((lower, upper.unwrap_or(TimeBound::new("lte", now))))
}

/// A part of the range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TimeSlice {
    lower: TimeBound,
    upper: TimeBound,
}

impl TimeSlice {
    /// As the value of `created_at`.
    pub(crate) fn condition(self) -> QueryValue {
        let bound = |bound: TimeBound| (Cow::Borrowed(bound.operator), bound.at.into_param());
        QueryValue::Map(vec![bound(self.lower), bound(self.upper)])
    }

    fn width(self) -> i128 {
        self.upper.nanos() - self.lower.nanos()
    }
}

/// What a page told about how close rows lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowDensity {
    pub(crate) rows: usize,
    /// The most rows a page can have.
    pub(crate) page: usize,
    /// The time between its first row and its last, if there are more rows behind it.
    pub(crate) span: Option<i128>,
}

/// The range from one end to the other, cut as it is gone through.
///
/// Each row is in one slice: an instant where two meet belongs to the later one. Cuts are at whole
/// milliseconds, which every server keeps.
#[derive(Debug)]
pub(crate) struct TimeSlices {
    /// What is left.
    rest: Option<TimeSlice>,
    ascending: bool,
    /// Nanoseconds.
    width: i128,
}

impl TimeSlices {
    pub(crate) fn new(lower: TimeBound, upper: TimeBound, ascending: bool) -> Self {
        let rest = TimeSlice { lower, upper };
        Self {
            rest: Some(rest),
            ascending,
            width: rest.width(),
        }
    }

    pub(crate) fn whole(&self) -> Option<TimeSlice> {
        self.rest
    }

    /// Leaves out what lies before a cut, in the direction of the walk.
    pub(crate) fn begin_at(&mut self, cut: Timestamp) {
        if let Some(rest) = &mut self.rest {
            if self.ascending {
                rest.lower = TimeBound::new("gte", cut);
            } else {
                rest.upper = TimeBound::new("lt", cut);
            }
        }
    }

    /// Makes the slices to come about as wide as three quarters of a page are, by what a slice, or
    /// the beginning of the whole range, turned out to hold.
    pub(crate) fn learn(&mut self, of: TimeSlice, density: RowDensity) {
        let wanted = (density.page as i128 * 3 / 4).max(1);
        let rows = density.rows as i128;
        let width = of.width();
        let fitting = match density.span {
            Some(span) => (span * wanted / rows.max(1)).clamp(0, width),
            // Too wide a slice costs time, too narrow ones cost calls. Nor does one that was cut
            // before the width grew say anything against the growth.
            None if rows == 0 => (width * 16).max(self.width),
            None => (width * wanted / rows).min(width * 4),
        };
        self.width = fitting.max(2 * MILLISECOND);
    }
}

impl Iterator for TimeSlices {
    type Item = TimeSlice;

    fn next(&mut self) -> Option<TimeSlice> {
        let rest = self.rest.take()?;
        let cut = if self.ascending {
            rest.lower.nanos() + self.width
        } else {
            rest.upper.nanos() - self.width
        };
        let cut = cut.div_euclid(MILLISECOND) * MILLISECOND;
        if cut <= rest.lower.nanos() || cut >= rest.upper.nanos() {
            return Some(rest);
        }
        // Within the range, both ends of which are 64-bit numbers.
        let Ok(cut) = i64::try_from(cut / MILLISECOND) else {
            return Some(rest);
        };
        let cut = Timestamp::from_unix_millis(cut);
        let earlier = TimeSlice {
            lower: rest.lower,
            upper: TimeBound::new("lt", cut),
        };
        let later = TimeSlice {
            lower: TimeBound::new("gte", cut),
            upper: rest.upper,
        };
        let (now, then) = if self.ascending {
            (earlier, later)
        } else {
            (later, earlier)
        };
        self.rest = Some(then);
        Some(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slices(ascending: bool, width: i128) -> Vec<String> {
        let millis = Timestamp::from_unix_millis;
        let (lower, upper) = (
            TimeBound::new("gt", millis(0)),
            TimeBound::new("lte", millis(10)),
        );
        let mut slices = TimeSlices::new(lower, upper, ascending);
        slices.width = width * MILLISECOND;
        slices
            .map(|slice| {
                let text =
                    |bound: TimeBound| format!("{} {}", bound.operator, bound.at.unix_millis());
                format!("{}, {}", text(slice.lower), text(slice.upper))
            })
            .collect()
    }

    #[test]
    fn slices_meet_without_overlap_and_keep_the_outer_bounds() {
        let forward = ["gt 0, lt 4", "gte 4, lt 8", "gte 8, lte 10"];
        assert_eq!(slices(true, 4), forward);
        let backward = ["gte 6, lte 10", "gte 2, lt 6", "gt 0, lt 2"];
        assert_eq!(slices(false, 4), backward);
        assert_eq!(slices(true, 10), ["gt 0, lte 10"]);
        assert_eq!(slices(false, 99), ["gt 0, lte 10"]);
    }

    #[test]
    fn the_width_follows_what_slices_hold() {
        let millis = Timestamp::from_unix_millis;
        let (lower, upper) = (
            TimeBound::new("gte", millis(0)),
            TimeBound::new("lt", millis(1000)),
        );
        let mut slices = TimeSlices::new(lower, upper, true);
        let of = slices.whole().unwrap();
        let mut learn = |rows, span: Option<i128>| {
            let span = span.map(|span| span * MILLISECOND);
            let page = 100;
            slices.learn(of, RowDensity { rows, page, span });
            slices.width / MILLISECOND
        };
        assert_eq!(learn(100, Some(400)), 300, "three quarters of a page");
        assert_eq!(learn(0, None), 16_000);
        assert_eq!(learn(1, None), 4000);
        assert_eq!(learn(100, None), 750);
        assert_eq!(learn(100, Some(0)), 2, "never nothing");
    }
}
