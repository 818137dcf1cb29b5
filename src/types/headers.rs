//! The headers of a stored HTTP message.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Json, read_json};

/// The headers of a stored request or delivery.
///
/// The API writes them as an object, and in some old records as a string that holds the JSON of
/// that object. Both read the same here. Names are matched without regard to case.
///
/// ```
/// let headers: hookdeck::types::Headers =
///     serde_json::from_str(r#"{"content-type": "application/json", "x-empty": null}"#)?;
/// assert_eq!(headers.get("Content-Type").as_deref(), Some("application/json"));
/// assert_eq!(headers.get("x-missing"), None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Headers(Json);

impl Headers {
    /// The value of a header, or `None` if it is absent or null.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        let found = self
            .to_map()
            .into_iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value)
    }

    /// All headers by name; a null value is `None`, and several values of one header are joined by
    /// `, `. Empty where the record holds no object.
    #[must_use]
    pub fn to_map(&self) -> BTreeMap<String, Option<String>> {
        let read = |text: &str| read_json::<BTreeMap<String, Value>>(text.as_bytes()).ok();
        let held = read(self.0.as_str()).or_else(|| read(&self.0.parse::<String>().ok()?));
        held.unwrap_or_default()
            .into_iter()
            .map(|(name, value)| (name, text(value)))
            .collect()
    }

    /// The headers as they were sent, in JSON.
    #[must_use]
    pub fn as_json(&self) -> &Json {
        &self.0
    }
}

/// A header's value as one text. One that came several times, as `set-cookie` does, is a list.
fn text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        Value::Array(values) => {
            let values: Vec<String> = values.into_iter().filter_map(text).collect();
            Some(values.join(", "))
        }
        other => Some(other.to_string()),
    }
}

impl From<Json> for Headers {
    fn from(json: Json) -> Self {
        Self(json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_and_a_string_holding_one_read_the_same() {
        let object: Headers = serde_json::from_str(r#"{"X-A":"1"}"#).unwrap();
        let text: Headers = serde_json::from_str(r#""{\"X-A\":\"1\"}""#).unwrap();
        assert_eq!(object.get("x-a"), Some("1".into()));
        assert_eq!(object.to_map(), text.to_map());
    }

    #[test]
    fn a_header_that_is_no_plain_text_does_not_hide_the_others() {
        let headers: Headers =
            serde_json::from_str(r#"{"host":"a","set-cookie":["a=1","b=2"],"content-length":12}"#)
                .unwrap();
        assert_eq!(headers.get("Host"), Some("a".into()));
        assert_eq!(headers.get("set-cookie"), Some("a=1, b=2".into()));
        assert_eq!(headers.get("content-length"), Some("12".into()));
    }

    #[test]
    fn anything_else_reads_as_no_headers() {
        let odd: Headers = serde_json::from_str("[1]").unwrap();
        assert!(odd.to_map().is_empty());
    }
}
