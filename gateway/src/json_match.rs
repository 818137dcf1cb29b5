//! The partial match of the list filters `body`, `headers` and `parsed_query`.
//!
//! This is not the filter language of rules. That a match is partial is known; how far is not, so these are choices
//! of ours: an object matches when every given member is there and matches; a list when every given item is matched
//! by some item; a plain value when it is equal, or when a list has an equal item. Headers are found whatever the case of
//! their name, and headers and query parameters, being text, equal a number or boolean that is spelled the same.

use serde_json::Value;

/// Whether a body, parsed or as text, has everything that `wanted` names. Plain text is looked for anywhere in a body
/// that is text.
pub fn matches(wanted: &Value, body: &Value) -> bool {
    match (body, wanted) {
        (Value::String(body), Value::String(wanted)) => body.contains(wanted.as_str()),
        _ => value(MatchedPart::Body, body, wanted),
    }
}

/// Whether headers, an object of strings, have everything that `wanted` names.
pub fn matches_headers(wanted: &Value, headers: &Value) -> bool {
    value(MatchedPart::Headers, headers, wanted)
}

/// Whether a parsed query string has everything that `wanted` names.
pub fn matches_query(wanted: &Value, parsed_query: &Value) -> bool {
    value(MatchedPart::ParsedQuery, parsed_query, wanted)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MatchedPart {
    Body,
    Headers,
    ParsedQuery,
}

fn value(part: MatchedPart, stored: &Value, wanted: &Value) -> bool {
    match (stored, wanted) {
        (Value::Object(stored), Value::Object(wanted)) => wanted.iter().all(|(name, wanted)| {
            let member = match part {
                MatchedPart::Headers => stored
                    .iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value),
                MatchedPart::Body | MatchedPart::ParsedQuery => stored.get(name),
            };
            member.is_some_and(|stored| value(part, stored, wanted))
        }),
        (Value::Array(stored), Value::Array(wanted)) => wanted
            .iter()
            .all(|wanted| stored.iter().any(|stored| value(part, stored, wanted))),
        (Value::Array(stored), _) => stored.iter().any(|stored| value(part, stored, wanted)),
        (Value::String(text), Value::Number(_) | Value::Bool(_)) if part != MatchedPart::Body => {
            wanted.to_string().eq(text)
        }
        (Value::Number(stored), Value::Number(wanted)) => stored.as_f64() == wanted.as_f64(),
        _ => stored == wanted,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_given_member_must_be_there() {
        let stored = json!({"a": {"b": 1, "c": "x"}, "d": null});
        for wanted in [
            json!({}),
            json!({"a": {"b": 1}}),
            json!({"a": {}, "d": null}),
            json!({"a": {"b": 1.0}}),
        ] {
            assert!(matches(&wanted, &stored), "{wanted}");
        }
        for wanted in [
            json!({"a": 1}),
            json!({"a": {"b": 2}}),
            json!({"e": null}),
            json!({"a": {"c": "X"}}),
            json!([]),
        ] {
            assert!(!matches(&wanted, &stored), "{wanted}");
        }
    }

    #[test]
    fn lists_contain() {
        let stored = json!({"tags": ["a", "b", {"n": 1, "m": 2}]});
        for wanted in [
            json!({"tags": ["b", "a"]}),
            json!({"tags": "a"}),
            json!({"tags": [{"n": 1}]}),
            json!({"tags": []}),
        ] {
            assert!(matches(&wanted, &stored), "{wanted}");
        }
        for wanted in [
            json!({"tags": ["a", "c"]}),
            json!({"tags": "c"}),
            json!({"tags": {"n": 2}}),
        ] {
            assert!(!matches(&wanted, &stored), "{wanted}");
        }
    }

    #[test]
    fn text_equals_what_is_spelled_the_same_outside_of_bodies() {
        let stored = json!({"x-count": "3", "x-flag": "true"});
        assert!(matches_headers(
            &json!({"X-Count": 3, "x-flag": true}),
            &stored
        ));
        assert!(!matches_query(&json!({"X-Count": 3}), &stored));
        assert!(!matches(&json!({"x-count": 3}), &stored));
        assert!(!matches(&json!({"X-Count": "3"}), &stored));
        assert!(matches_query(
            &json!({"page": 2}),
            &json!({"page": ["1", "2"]})
        ));
        assert!(!matches_query(&json!({"page": "2"}), &json!({"page": "1"})));
    }

    #[test]
    fn text_is_found_in_a_text_body() {
        assert!(matches(&json!("long"), &json!("a long text")));
        assert!(!matches(&json!("short"), &json!("a long text")));
        assert!(!matches(&json!("long"), &json!({"a": "long"})));
        assert!(!matches_headers(&json!("long"), &json!("a long text")));
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 16, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn everything_matches_itself_and_what_is_less(stored in values(), extra in values()) {
            for matches in [matches, matches_headers, matches_query] {
                prop_assert!(matches(&stored, &stored));
                if let Value::Object(members) = &stored {
                    let mut more = members.clone();
                    more.insert("extra".to_owned(), extra.clone());
                    let more = Value::Object(more);
                    prop_assert!(matches(&stored, &more));
                    prop_assert!(!matches(&more, &stored));
                }
            }
        }
    }
}
