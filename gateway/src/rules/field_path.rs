//! Paths to fields of a request, such as `body.items[0].id`, in deduplicate rules and keys of delivery groups.
//!
//! A `$ref` of a filter has a grammar of its own ([`reference`](super::reference)): it is refused where it cannot
//! be read, counts positions and stops at the first value found.

use serde_json::Value;

use super::filter::RequestParts;

/// A path to fields of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath {
    steps: Vec<PathStep>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PathStep {
    Member(String),
    Item(usize),
    EveryItem,
}

impl FieldPath {
    /// Splits a path into its steps; `[*]` stands for every item of a list. Header names are stored in lower
    /// case, whatever the path says.
    pub fn parse(path: &str) -> Self {
        let in_headers = path == "headers" || path.starts_with("headers.");
        let member = |name: &str| {
            PathStep::Member(if in_headers {
                name.to_ascii_lowercase()
            } else {
                name.to_owned()
            })
        };
        let mut steps = Vec::new();
        for segment in path.split('.') {
            let (name, mut rest) = segment.split_at(segment.find('[').unwrap_or(segment.len()));
            if !name.is_empty() {
                steps.push(member(name));
            }
            while let Some((inner, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']'))
            {
                rest = after;
                steps.push(match inner.parse() {
                    Ok(index) => PathStep::Item(index),
                    Err(_) if inner == "*" => PathStep::EveryItem,
                    Err(_) => member(inner),
                });
            }
        }
        Self { steps }
    }

    /// What the path leads to in a request: nothing, one value, or many behind `[*]`.
    pub fn select<'a>(&self, parts: &RequestParts<'a>) -> Vec<&'a Value> {
        let Some((PathStep::Member(part), rest)) = self.steps.split_first() else {
            return Vec::new();
        };
        let mut found: Vec<&Value> = match part.as_str() {
            "body" => vec![parts.body],
            "headers" => vec![parts.headers],
            "path" => vec![parts.path],
            "query" => vec![parts.query],
            _ => Vec::new(),
        };
        for step in rest {
            found = found
                .into_iter()
                .flat_map(|value| -> Vec<&Value> {
                    match step {
                        PathStep::Member(name) => member(value, name).into_iter().collect(),
                        PathStep::Item(index) => value.get(index).into_iter().collect(),
                        PathStep::EveryItem => value.as_array().into_iter().flatten().collect(),
                    }
                })
                .collect();
        }
        found
    }

    /// Takes what the path leads to out of a whole request. An item of a list is blanked rather than removed,
    /// so that the others keep their places.
    pub fn remove(&self, whole: &mut Value) {
        let Some((last, before)) = self.steps.split_last() else {
            return;
        };
        let mut found = vec![whole];
        for step in before {
            found = found
                .into_iter()
                .flat_map(|value| -> Vec<&mut Value> {
                    match step {
                        PathStep::Member(name) => member_mut(value, name).into_iter().collect(),
                        PathStep::Item(index) => value.get_mut(index).into_iter().collect(),
                        PathStep::EveryItem => value.as_array_mut().into_iter().flatten().collect(),
                    }
                })
                .collect();
        }
        for value in found {
            match (last, value) {
                (PathStep::Member(name), Value::Object(members)) => {
                    members.remove(name);
                }
                (PathStep::EveryItem, Value::Array(items)) => items.clear(),
                (step, value) => {
                    let item = match step {
                        PathStep::Member(name) => member_mut(value, name),
                        PathStep::Item(index) => value.get_mut(index),
                        PathStep::EveryItem => None,
                    };
                    if let Some(item) = item {
                        *item = Value::Null;
                    }
                }
            }
        }
    }
}

/// A member of an object, or, by a number between dots, an item of a list.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => value.get(name),
    }
}

fn member_mut<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    match value {
        Value::Array(items) => items.get_mut(name.parse::<usize>().ok()?),
        _ => value.get_mut(name),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_is_taken_apart() {
        let member = |name: &str| PathStep::Member(name.to_owned());
        assert_eq!(
            FieldPath::parse("body.a-b[0][*].C").steps,
            [
                member("body"),
                member("a-b"),
                PathStep::Item(0),
                PathStep::EveryItem,
                member("C")
            ]
        );
        assert_eq!(
            FieldPath::parse("headers.X-Id").steps,
            [member("headers"), member("x-id")]
        );
    }

    #[test]
    fn items_stand_in_brackets_or_between_dots() {
        let body = json!({"list": [{"id": 1}, {"id": 2}], "0": "member"});
        let (empty, path) = (json!({}), json!("/"));
        let parts = RequestParts {
            headers: &empty,
            body: &body,
            query: &empty,
            path: &path,
        };
        let found = |path: &str| json!(FieldPath::parse(path).select(&parts));
        assert_eq!(found("body.list[1].id"), json!([2]));
        assert_eq!(found("body.list.1.id"), json!([2]));
        assert_eq!(found("body.list[*].id"), json!([1, 2]));
        assert_eq!(found("body.0"), json!(["member"]));
        for nothing in [
            "body.list.-1",
            "body.list[7]",
            "body.none",
            "cookies",
            "",
            "[0]",
        ] {
            assert_eq!(found(nothing), json!([]), "{nothing}");
        }
    }

    #[test]
    fn what_is_removed_is_gone_and_the_rest_keeps_its_place() {
        let mut whole =
            json!({"body": {"a": 1, "list": [1, 2], "all": [1]}, "headers": {"x": "1"}});
        for path in [
            "body.a",
            "body.list[0]",
            "body.all[*]",
            "headers.X",
            "body.none.more",
            "",
        ] {
            FieldPath::parse(path).remove(&mut whole);
        }
        assert_eq!(
            whole,
            json!({"body": {"list": [null, 2], "all": []}, "headers": {}})
        );
    }
}
