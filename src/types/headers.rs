//! The headers of a stored HTTP message.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Json;

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

    /// All headers by name; a null value is `None`. Empty where the record holds no object.
    #[must_use]
    pub fn to_map(&self) -> BTreeMap<String, Option<String>> {
        if let Ok(map) = self.0.parse() {
            return map;
        }
        let text: String = self.0.parse().unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The headers as they were sent, in JSON.
    #[must_use]
    pub fn as_json(&self) -> &Json {
        &self.0
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
    fn anything_else_reads_as_no_headers() {
        let odd: Headers = serde_json::from_str("[1]").unwrap();
        assert!(odd.to_map().is_empty());
    }
}
