//! Comparison operators as values: `created_at(after(t))`, `attempts(at_least(3).and(at_most(5)))`.

use std::borrow::Cow;

use super::{OneOrMany, Param, QueryValue};

/// What a field is compared with: a value, one of several, or bounds that must all hold.
///
/// Built from a value (`3.into()`), an array of them, or by the functions of this module.
///
/// ```
/// use hookdeck::query::{Param, Query, after, any, at_most};
/// use hookdeck::types::Timestamp;
///
/// let since: Timestamp = "2026-06-01".parse()?;
/// let until: Timestamp = "2026-07-01".parse()?;
/// let mut query = Query::new();
/// query.set("created_at", after(since).and(at_most(until)).into_param());
/// query.set("successful_at", any::<Timestamp>().into_param());
/// assert_eq!(
///     query.to_query_string(),
///     "created_at[gt]=2026-06-01T00:00:00.000Z&created_at[lte]=2026-07-01T00:00:00.000Z\
///      &successful_at[any]=true",
/// );
/// # Ok::<(), hookdeck::types::ParseTimestampError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Range<T>(RangeCondition<T>);

#[derive(Clone, Debug, PartialEq)]
enum RangeCondition<T> {
    Equal(OneOrMany<T>),
    Null,
    Bounds(Vec<(&'static str, BoundValue<T>)>),
}

#[derive(Clone, Debug, PartialEq)]
enum BoundValue<T> {
    Value(T),
    Set,
}

impl<T> Range<T> {
    fn bound(operator: &'static str, bound: BoundValue<T>) -> Self {
        Self(RangeCondition::Bounds(vec![(operator, bound)]))
    }

    /// Both ranges must hold.
    ///
    /// Operators are kept per name, so a second lower bound of the same kind replaces the first.
    /// Against an exact value the later one wins, for the API has no way to say both.
    #[must_use]
    pub fn and(self, other: impl Into<Self>) -> Self {
        match (self.0, other.into().0) {
            (RangeCondition::Bounds(mut held), RangeCondition::Bounds(more)) => {
                for (operator, bound) in more {
                    held.retain(|(known, _)| *known != operator);
                    held.push((operator, bound));
                }
                Self(RangeCondition::Bounds(held))
            }
            (_, later) => Self(later),
        }
    }
}

/// Strictly later, or greater, than the value (`gt`).
pub fn after<T>(value: T) -> Range<T> {
    Range::bound("gt", BoundValue::Value(value))
}

/// Strictly earlier, or less, than the value (`lt`).
pub fn before<T>(value: T) -> Range<T> {
    Range::bound("lt", BoundValue::Value(value))
}

/// The value or anything greater or later (`gte`).
pub fn at_least<T>(value: T) -> Range<T> {
    Range::bound("gte", BoundValue::Value(value))
}

/// The value or anything less or earlier (`lte`).
pub fn at_most<T>(value: T) -> Range<T> {
    Range::bound("lte", BoundValue::Value(value))
}

/// From the first value up to, but not including, the second (`gte` and `lt`): slices of time laid
/// side by side cover each row once.
pub fn between<T>(from: T, until: T) -> Range<T> {
    at_least(from).and(before(until))
}

/// Text that contains the value (`contains`).
pub fn containing<T>(value: T) -> Range<T> {
    Range::bound("contains", BoundValue::Value(value))
}

/// Any value at all: the field is set (`any`).
#[must_use]
pub fn any<T>() -> Range<T> {
    Range::bound("any", BoundValue::Set)
}

/// No value: the field is null.
#[must_use]
pub fn is_null<T>() -> Range<T> {
    Range(RangeCondition::Null)
}

impl<T> From<T> for Range<T> {
    fn from(value: T) -> Self {
        Self(RangeCondition::Equal(OneOrMany::One(value)))
    }
}

impl<T> From<Vec<T>> for Range<T> {
    fn from(values: Vec<T>) -> Self {
        Self(RangeCondition::Equal(values.into()))
    }
}

impl<T, const N: usize> From<[T; N]> for Range<T> {
    fn from(values: [T; N]) -> Self {
        Self(RangeCondition::Equal(values.into()))
    }
}

impl From<&str> for Range<String> {
    fn from(value: &str) -> Self {
        Self(RangeCondition::Equal(value.into()))
    }
}

impl From<Range<&str>> for Range<String> {
    fn from(range: Range<&str>) -> Self {
        Self(match range.0 {
            RangeCondition::Equal(values) => {
                let mut owned = values.into_vec().into_iter().map(str::to_owned);
                match (owned.len(), owned.next()) {
                    (1, Some(value)) => RangeCondition::Equal(OneOrMany::One(value)),
                    (_, first) => RangeCondition::Equal(OneOrMany::Many(
                        first.into_iter().chain(owned).collect(),
                    )),
                }
            }
            RangeCondition::Null => RangeCondition::Null,
            RangeCondition::Bounds(bounds) => RangeCondition::Bounds(
                bounds
                    .into_iter()
                    .map(|(operator, bound)| {
                        let bound = match bound {
                            BoundValue::Value(text) => BoundValue::Value(text.to_owned()),
                            BoundValue::Set => BoundValue::Set,
                        };
                        (operator, bound)
                    })
                    .collect(),
            ),
        })
    }
}

impl<T: Param> Param for Range<T> {
    fn into_param(self) -> QueryValue {
        match self.0 {
            RangeCondition::Equal(values) => values.into_param(),
            RangeCondition::Null => QueryValue::Null,
            RangeCondition::Bounds(bounds) => QueryValue::Map(
                bounds
                    .into_iter()
                    .map(|(operator, bound)| {
                        let value = match bound {
                            BoundValue::Value(value) => value.into_param(),
                            BoundValue::Set => QueryValue::Bool(true),
                        };
                        (Cow::Borrowed(operator), value)
                    })
                    .collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<T: Param>(range: Range<T>) -> String {
        let mut query = super::super::Query::new();
        query.set("n", range.into_param());
        query.to_query_string()
    }

    #[test]
    fn values_and_bounds_are_written_as_the_api_reads_them() {
        assert_eq!(written(Range::<i64>::from(3)), "n=3");
        assert_eq!(written(Range::<i64>::from([3, 4])), "n[]=3&n[]=4");
        assert_eq!(written(between(1, 9)), "n[gte]=1&n[lt]=9");
        assert_eq!(written(any::<i64>()), "n[any]=true");
        assert_eq!(written(is_null::<i64>()), "n=");
        assert_eq!(written(containing("x y")), "n[contains]=x%20y");
    }

    #[test]
    fn and_keeps_one_bound_of_each_kind() {
        assert_eq!(
            written(after(1).and(at_most(5)).and(after(2))),
            "n[lte]=5&n[gt]=2"
        );
        assert_eq!(written(after(1).and(7)), "n=7");
    }
}
