//! JSON that stays text until somebody reads it.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::read_json;

/// A JSON value kept as the text it arrived as.
///
/// Payloads pass through most programs unread, so the SDK does not take them apart: reading is a
/// call of [`parse`](Json::parse), into a type of yours or into [`serde_json::Value`]. Encoding a
/// `Json` again writes the same bytes.
///
/// ```
/// use hookdeck::types::Json;
///
/// let body = Json::new(&serde_json::json!({"order": {"id": 7}}));
/// let order: serde_json::Value = body.parse()?;
/// assert_eq!(order["order"]["id"], 7);
/// assert_eq!(body.as_str(), r#"{"order":{"id":7}}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl Json {
    /// Encodes a value.
    ///
    /// # Panics
    ///
    /// Never for [`serde_json::Value`] and types that derive `Serialize` with string keys; a type
    /// whose own `Serialize` fails is a bug in that type. Use [`Json::try_new`] to handle it.
    #[must_use]
    #[expect(clippy::expect_used, reason = "told above; `try_new` does not panic")]
    pub fn new<T: Serialize + ?Sized>(value: &T) -> Self {
        Self::try_new(value).expect("the value encodes as JSON")
    }

    /// Encodes a value whose `Serialize` may fail.
    ///
    /// # Errors
    ///
    /// What serde_json says of the value: a failing `Serialize`, or map keys that are no strings.
    pub fn try_new<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Self)
    }

    /// Takes JSON text as it is.
    ///
    /// # Errors
    ///
    /// If the text is not one well-formed JSON value.
    pub fn from_text(text: impl Into<String>) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text.into()).map(Self)
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Reads the value into a type.
    ///
    /// Half of a surrogate pair (`\ud83d`, from a text that was cut in the middle of an emoji), which no
    /// Rust text can hold, reads as U+FFFD. [`as_str`](Json::as_str) has it as it came.
    ///
    /// # Errors
    ///
    /// If the value does not have the shape of the type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        read_json(self.0.get().as_bytes())
    }

    /// The value as a tree. `Null` where the text nests deeper than serde_json goes (128 levels) or has a
    /// number beyond the range of `f64`, such as `1e400`; [`parse`](Json::parse) says so.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.parse().unwrap_or(Value::Null)
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.0.get() == "null"
    }
}

/// Equal when the values are, whatever the white space and the order of keys.
impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
            || matches!(
                (self.parse::<Value>(), other.parse::<Value>()),
                (Ok(a), Ok(b)) if a == b
            )
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self::new(&value)
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        Self::new(value)
    }
}

/// The text becomes a JSON string.
impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// The text becomes a JSON string.
impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

macro_rules! from_scalar {
    ($($scalar:ty),*) => {$(
        impl From<$scalar> for Json {
            fn from(value: $scalar) -> Self {
                Self::new(&value)
            }
        }
    )*};
}
from_scalar!(bool, i32, i64, u32, u64, f64);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keeps_the_text_and_compares_the_value() {
        let a = Json::from_text(r#"{"a": 1.0, "b": [null]}"#).unwrap();
        let b = Json::from_text(r#"{"b":[null],"a":1.0}"#).unwrap();
        assert_eq!(
            serde_json::to_string(&a).unwrap(),
            r#"{"a": 1.0, "b": [null]}"#
        );
        assert_eq!(a, b);
        assert_ne!(a, Json::new(&json!({"a": 1.0})));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        assert!(Json::from_text("{").is_err());
        assert!(Json::from_text("1 2").is_err());
    }

    #[test]
    fn is_read_from_a_tree_as_well_as_from_text() {
        let from_tree: Json = serde_json::from_value(json!({"x": [1, 2]})).unwrap();
        assert_eq!(from_tree, Json::new(&json!({"x": [1, 2]})));
    }

    #[test]
    fn half_of_a_surrogate_pair_loses_that_character_and_nothing_else() {
        let body = Json::from_text(r#"{"id":7,"t":"cut \ud83d"}"#).unwrap();
        assert_eq!(body.to_value(), json!({"id": 7, "t": "cut \u{fffd}"}));
        assert_eq!(body.parse::<Value>().unwrap()["id"], 7);
        assert_eq!(
            body,
            Json::from_text(r#"{ "t": "cut \ud83d", "id": 7 }"#).unwrap()
        );
        assert_eq!(body.as_str(), r#"{"id":7,"t":"cut \ud83d"}"#);
        let beyond = Json::from_text("1e400").unwrap();
        assert!(beyond.to_value().is_null() && beyond.parse::<Value>().is_err());
    }
}
