//! The deduplicate rule: what of a request says that it is the same as one before.

use std::time::Duration;

use serde_json::{Map, Value};

use super::filter::Parts;

/// A deduplicate rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Deduplicate {
    /// How long a request is remembered, from its first sight on.
    pub window: Duration,
    /// The only fields that count, when listed.
    pub include_fields: Vec<String>,
    /// The fields that do not count.
    pub exclude_fields: Vec<String>,
}

impl Deduplicate {
    /// What is compared: equal keys, equal requests. Nothing for a request that has none of the
    /// fields that count: it is like no other.
    pub fn key(&self, parts: &Parts<'_>) -> Option<Value> {
        let mut whole = Map::new();
        for (name, part) in [
            ("body", parts.body),
            ("headers", parts.headers),
            ("path", parts.path),
            ("query", parts.query),
        ] {
            whole.insert(name.to_owned(), part.clone());
        }
        let mut whole = Value::Object(whole);
        if !self.include_fields.is_empty() {
            let found: Vec<Vec<Value>> = self
                .include_fields
                .iter()
                .map(|field| select(&whole, &steps(field)))
                .collect();
            let some = found.iter().any(|values| !values.is_empty());
            return some.then(|| Value::from_iter(found.into_iter().map(Value::from)));
        }
        for field in &self.exclude_fields {
            remove(&mut whole, &steps(field));
        }
        Some(whole)
    }
}

/// One step of a field path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Item(usize),
    EveryItem,
}

/// Splits `body.items[0].id` into its steps. `[*]` stands for every item of a list.
fn steps(field: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for segment in field.split('.') {
        let (name, mut rest) = segment.split_at(segment.find('[').unwrap_or(segment.len()));
        if !name.is_empty() {
            steps.push(Step::Member(name.to_owned()));
        }
        while let Some((inner, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
            rest = after;
            steps.push(match inner.parse() {
                Ok(index) => Step::Item(index),
                Err(_) if inner == "*" => Step::EveryItem,
                Err(_) => Step::Member(inner.to_owned()),
            });
        }
    }
    steps
}

/// Header names are stored in lower case, whatever the rule says.
fn name_at(depth_of_headers: bool, name: &str) -> String {
    if depth_of_headers {
        name.to_ascii_lowercase()
    } else {
        name.to_owned()
    }
}

fn select(whole: &Value, steps: &[Step]) -> Vec<Value> {
    let in_headers = steps.first() == Some(&Step::Member("headers".to_owned()));
    let mut found = vec![whole];
    for step in steps {
        found = match step {
            Step::Member(name) => {
                let name = name_at(in_headers, name);
                found
                    .into_iter()
                    .filter_map(|value| value.get(&name))
                    .collect()
            }
            Step::Item(index) => found
                .into_iter()
                .filter_map(|value| value.get(index))
                .collect(),
            Step::EveryItem => found
                .into_iter()
                .filter_map(Value::as_array)
                .flatten()
                .collect(),
        };
    }
    found.into_iter().cloned().collect()
}

fn remove(whole: &mut Value, steps: &[Step]) {
    let in_headers = steps.first() == Some(&Step::Member("headers".to_owned()));
    let Some((last, before)) = steps.split_last() else {
        return;
    };
    let mut found = vec![whole];
    for step in before {
        found = found
            .into_iter()
            .flat_map(|value| -> Vec<&mut Value> {
                match step {
                    Step::Member(name) => value
                        .get_mut(name_at(in_headers, name).as_str())
                        .into_iter()
                        .collect(),
                    Step::Item(index) => value.get_mut(index).into_iter().collect(),
                    Step::EveryItem => value.as_array_mut().into_iter().flatten().collect(),
                }
            })
            .collect();
    }
    for value in found {
        match (last, value) {
            (Step::Member(name), Value::Object(members)) => {
                members.remove(&name_at(in_headers, name));
            }
            // An item is blanked rather than removed, so that the others keep their places.
            (Step::Item(index), Value::Array(items)) => {
                if let Some(item) = items.get_mut(*index) {
                    *item = Value::Null;
                }
            }
            (Step::EveryItem, Value::Array(items)) => items.clear(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(include: &[&str], exclude: &[&str]) -> Deduplicate {
        let owned = |fields: &[&str]| fields.iter().map(|field| (*field).to_owned()).collect();
        Deduplicate {
            window: Duration::from_secs(1),
            include_fields: owned(include),
            exclude_fields: owned(exclude),
        }
    }

    fn key(rule: &Deduplicate, headers: &Value, body: &Value) -> Option<Value> {
        rule.key(&Parts {
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
        assert_eq!(one, Some(json!([[1, 2], ["7"]])));
        assert_eq!(one, key(&rule, &json!({ "x-id": "7" }), &body(1, 2, 4)));
        assert_ne!(one, key(&rule, &headers, &body(2, 1, 3)));
    }

    #[test]
    fn a_request_without_any_included_field_is_like_no_other() {
        assert_eq!(
            key(&rule(&["body.id"], &[]), &json!({}), &json!({ "n": 1 })),
            None
        );
        assert_eq!(
            key(&rule(&["body.id"], &[]), &json!({}), &json!({ "id": null })),
            Some(json!([[null]]))
        );
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

    #[test]
    fn a_field_path_is_taken_apart() {
        let member = |name: &str| Step::Member(name.to_owned());
        assert_eq!(
            steps("body.a-b[0][*].c"),
            [
                member("body"),
                member("a-b"),
                Step::Item(0),
                Step::EveryItem,
                member("c")
            ]
        );
    }
}
