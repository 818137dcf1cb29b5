//! Sizes of the buckets of a time series.

use std::fmt;

use crate::query::{Param, QueryValue};

/// The size of the buckets of a time series, such as five minutes.
///
/// ```
/// use hookdeck::resources::Granularity;
///
/// assert_eq!(Granularity::minutes(5).to_string(), "5m");
/// assert_eq!(Granularity::months(1).to_string(), "1M");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Granularity {
    count: u32,
    unit: &'static str,
}

macro_rules! units {
    ($($(#[$meta:meta])* $unit:ident = $wire:literal;)*) => {
        impl Granularity {
            $(
                $(#[$meta])*
                #[must_use]
                pub const fn $unit(count: u32) -> Self {
                    Self { count, unit: $wire }
                }
            )*
        }
    };
}

units! {
    /// Buckets of so many seconds.
    seconds = "s";
    /// Buckets of so many minutes.
    minutes = "m";
    /// Buckets of so many hours.
    hours = "h";
    /// Buckets of so many days.
    days = "d";
    /// Buckets of so many weeks.
    weeks = "w";
    /// Buckets of so many months.
    months = "M";
}

impl Granularity {
    /// Whether buckets of this size hold no time.
    pub(super) const fn is_empty(self) -> bool {
        self.count == 0
    }
}

impl fmt::Display for Granularity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.count, self.unit)
    }
}

impl Param for Granularity {
    fn into_param(self) -> QueryValue {
        QueryValue::Text(self.to_string())
    }
}
