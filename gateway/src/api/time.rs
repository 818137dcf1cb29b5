//! Moments at the edge of the API: the one place that reads them and the one that shows them.

use serde_json::Value;

use crate::clock::Micros;

/// Reads an ISO 8601 moment.
pub(crate) fn parse(text: &str) -> Option<Micros> {
    crate::contract::parse_date(text)
}

/// The last microsecond at or before a moment, and whether the moment lies beyond it: what is stored has no more
/// digits, and a moment between two that may be stored equals neither.
pub(crate) fn parse_exactly(text: &str) -> Option<(Micros, bool)> {
    crate::contract::parse_date_exactly(text)
}

/// A moment with three digits of a second, or null.
pub(crate) fn millis(moment: Option<Micros>) -> Value {
    moment.map_or(Value::Null, |at| at.to_millis_string().into())
}

/// A moment with six digits of a second: what the lists that come out of the live API's analytics store show.
pub(crate) fn precise(moment: Micros) -> Value {
    moment.to_micros_string().into()
}
