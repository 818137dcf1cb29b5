//! The deduplicate rule: what of a request says that it is the same as one before.

use std::time::Duration;

use serde_json::{Value, json};

use super::field_path::FieldPath;
use super::filter::RequestParts;

/// A deduplicate rule.
#[derive(Debug, Clone, PartialEq)]
pub struct DeduplicateRule {
    /// How long a request is remembered, from its first sight on.
    pub window: Duration,
    /// The only fields that count, when listed.
    pub include_fields: Vec<String>,
    /// The fields that do not count.
    pub exclude_fields: Vec<String>,
}

impl DeduplicateRule {
    /// What is compared: equal keys, equal requests. A field that counts and is missing is the empty string, so two
    /// requests that both lack it are the same.
    pub fn key(&self, parts: &RequestParts<'_>) -> Value {
        if !self.include_fields.is_empty() {
            let missing = Value::from("");
            let found = self.include_fields.iter().map(|field| {
                let mut values = FieldPath::parse(field).select(parts);
                if values.is_empty() {
                    values.push(&missing);
                }
                json!(values)
            });
            return found.collect();
        }
        let mut whole = json!({
            "body": parts.body, "headers": parts.headers, "path": parts.path, "query": parts.query,
        });
        for field in &self.exclude_fields {
            FieldPath::parse(field).remove(&mut whole);
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(include: &[&str], exclude: &[&str]) -> DeduplicateRule {
        let owned = |fields: &[&str]| fields.iter().map(|field| (*field).to_owned()).collect();
        DeduplicateRule {
            window: Duration::from_secs(1),
            include_fields: owned(include),
            exclude_fields: owned(exclude),
        }
    }

    fn key(rule: &DeduplicateRule, headers: &Value, body: &Value) -> Value {
        rule.key(&RequestParts {
            headers,
            body,
            query: &json!({}),
            path: &json!("/"),
        })
    }

    #[test]
    fn without_lists_everything_counts() {
        let rule = rule(&[], &[]);
        let headers = json!({ "a": "1" });
        let one = key(&rule, &headers, &json!({ "id": 1 }));
        assert_eq!(one, key(&rule, &headers, &json!({ "id": 1 })));
        assert_ne!(one, key(&rule, &headers, &json!({ "id": 2 })));
        assert_ne!(one, key(&rule, &json!({ "a": "2" }), &json!({ "id": 1 })));
    }

    #[test]
    fn only_included_fields_count() {
        let rule = rule(&["body.items[*].id", "headers.X-Id"], &[]);
        let body =
            |a, b, rest| json!({ "items": [{ "id": a, "n": rest }, { "id": b }], "rest": rest });
        let headers = json!({ "x-id": "7", "date": "now" });
        let one = key(&rule, &headers, &body(1, 2, 3));
        assert_eq!(one, json!([[1, 2], ["7"]]));
        assert_eq!(one, key(&rule, &json!({ "x-id": "7" }), &body(1, 2, 4)));
        assert_ne!(one, key(&rule, &headers, &body(2, 1, 3)));
    }

    #[test]
    fn a_field_that_is_missing_is_the_empty_string() {
        let rule = rule(&["body.id", "headers.x-id"], &[]);
        let headers = json!({ "x-id": "7" });
        let lacks = key(&rule, &headers, &json!({ "n": 1 }));
        assert_eq!(lacks, key(&rule, &headers, &json!({ "n": 2 })));
        assert_eq!(lacks, key(&rule, &headers, &json!({ "id": "" })));
        assert_ne!(lacks, key(&rule, &headers, &json!({ "id": null })));
        assert_ne!(lacks, key(&rule, &headers, &json!({ "id": 0 })));
        assert_ne!(lacks, key(&rule, &json!({ "x-id": "8" }), &json!({})));
    }

    #[test]
    fn excluded_fields_do_not_count() {
        let rule = rule(
            &[],
            &["headers", "body.at", "body.list[0].x", "body.all[*]"],
        );
        let one = json!({ "at": 1, "id": 7, "list": [{ "x": 1, "y": 1 }], "all": [1] });
        let two = json!({ "at": 2, "id": 7, "list": [{ "x": 2, "y": 1 }], "all": [1, 2] });
        let other = json!({ "at": 1, "id": 7, "list": [{ "x": 1, "y": 2 }], "all": [1] });
        let key = |headers: &Value, body: &Value| key(&rule, headers, body);
        assert_eq!(key(&json!({ "a": 1 }), &one), key(&json!({}), &two));
        assert_ne!(key(&json!({}), &one), key(&json!({}), &other));
    }
}
