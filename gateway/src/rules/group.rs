//! The delivery group of an event: the value its destination's policy finds in it.
//!
//! An event is grouped when it comes in, by the policy of that moment, and keeps its group. What the key
//! leads to must be a text, a number or a boolean; all else, and an empty text, is the unknown group. Names of
//! groups are cut after 255 characters. These three are our choices.

use serde_json::Value;

use super::field_path::FieldPath;
use super::filter::RequestParts;

/// The group of events in which the key leads to nothing.
pub const UNKNOWN: &str = "__unknown__";
const LONGEST: usize = 255;

/// The group of an event by a key such as `body.tenant.id`.
pub fn of(key: &str, parts: &RequestParts<'_>) -> String {
    found(key, parts).map_or_else(
        || UNKNOWN.to_owned(),
        |name| name.chars().take(LONGEST).collect(),
    )
}

fn found(key: &str, parts: &RequestParts<'_>) -> Option<String> {
    let found = FieldPath::parse(key).select(parts);
    let [value] = found.as_slice() else {
        return None;
    };
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_key_leads_to_the_group() {
        let headers = json!({"x-tenant": "h"});
        let body = json!({
            "tenant": {"id": 7, "none": null, "list": [{"id": true}]}, "empty": "", "long": "é".repeat(300),
        });
        let (query, path) = (json!({"t": ["a", "b"]}), json!("/orders"));
        let parts = RequestParts {
            headers: &headers,
            body: &body,
            query: &query,
            path: &path,
        };
        for (key, group) in [
            ("headers.X-Tenant", "h"),
            ("body.tenant.id", "7"),
            ("body.tenant.list.0.id", "true"),
            ("query.t.1", "b"),
            ("path", "/orders"),
            ("headers.x-other", UNKNOWN),
            ("body", UNKNOWN),
            ("body.tenant", UNKNOWN),
            ("body.tenant.none", UNKNOWN),
            ("body.tenant.id.more", UNKNOWN),
            ("body.tenant.list.-1", UNKNOWN),
            ("body.empty", UNKNOWN),
            ("path.0", UNKNOWN),
            ("cookies.t", UNKNOWN),
            ("", UNKNOWN),
        ] {
            assert_eq!(of(key, &parts), group, "{key}");
        }
        assert_eq!(of("body.long", &parts), "é".repeat(255));
    }

    proptest! {
        #[test]
        fn every_key_leads_to_a_name_of_bounded_length(key in "\\PC{0,40}", text in "\\PC{0,400}") {
            let body = json!({"a": [text], "b": text});
            let parts = RequestParts { headers: &body, body: &body, query: &body, path: &body };
            for key in [key.as_str(), "body.b", "body.a.0", "headers.b"] {
                let group = of(key, &parts);
                prop_assert!(!group.is_empty() && group.chars().count() <= LONGEST);
            }
        }
    }
}
