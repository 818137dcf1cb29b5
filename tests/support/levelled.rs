//! JSON without the differences that the models do not keep.

use serde_json::Value;

/// Without members that are null, and every number as one that may have a fraction.
pub fn levelled(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let set = members.into_iter().filter(|(_, member)| !member.is_null());
            set.map(|(name, member)| (name, levelled(member))).collect()
        }
        Value::Array(items) => items.into_iter().map(levelled).collect(),
        Value::Number(number) => number.as_f64().into(),
        other => other,
    }
}
