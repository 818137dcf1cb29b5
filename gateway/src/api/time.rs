//! Moments at the edge of the API.

use serde_json::Value;

use crate::clock::Micros;

/// Microseconds since the epoch of an ISO 8601 moment.
pub(crate) fn parse(text: &str) -> Option<i64> {
    crate::contract::parse_date(text).map(Micros::as_i64)
}

/// A moment with three digits of a second, or null.
pub(crate) fn millis(micros: Option<i64>) -> Value {
    micros.map_or(Value::Null, |at| {
        Micros::from_i64(at).to_millis_string().into()
    })
}

/// A moment with six digits of a second, or null: what the lists that come out of the live
/// API's analytics store show.
pub(crate) fn precise(micros: i64) -> Value {
    Micros::from_i64(micros).to_micros_string().into()
}
