//! Query strings with brackets, as the API's callers write them.
//!
//! `a=1` is text, `a[]=1&a[]=2`, `a[0]=1&a[1]=2` and `a=1&a=2` are lists, `a[b][c]=1` is nested. Every scalar stays
//! text; [`crate::contract`] converts it. What a query string can cost is bounded: see [`QueryLimits`].

use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use url::form_urlencoded;

/// Bounds on one query string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryLimits {
    /// Most `name=value` pairs.
    pub pairs: usize,
    /// Most bracketed segments behind a name; further brackets count as text of the last name.
    pub depth: usize,
    /// Largest index read as a place in a list; a larger one is a name.
    pub index: usize,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            pairs: 1000,
            depth: 5,
            index: 999,
        }
    }
}

/// The query string has more pairs than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyPairs {
    /// How many are allowed.
    pub limit: usize,
}

impl fmt::Display for TooManyPairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the query string has more than {} parameters",
            self.limit
        )
    }
}

impl std::error::Error for TooManyPairs {}

/// Parses a query string (without its `?`) into an object, with the default [`QueryLimits`].
///
/// # Errors
///
/// When it has too many pairs. Leaving the rest out, as other parsers do, would widen a filter unseen.
pub fn parse(raw: &str) -> Result<Value, TooManyPairs> {
    parse_within(raw, QueryLimits::default())
}

/// Like [`parse`], with limits of your own.
///
/// # Errors
///
/// When it has more pairs than `limits.pairs`.
pub fn parse_within(raw: &str, limits: QueryLimits) -> Result<Value, TooManyPairs> {
    let mut root = QueryNode::default();
    for (index, pair) in raw.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if index == limits.pairs {
            return Err(TooManyPairs {
                limit: limits.pairs,
            });
        }
        // An encoded `=` belongs to the name, a plain one behind `]` or the first one at all ends it.
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name);
        if !name.is_empty() {
            root.insert(&segments(&name, limits), decode(value));
        }
    }
    let members = root
        .named
        .into_iter()
        .map(|(name, slot)| (name, slot.into_value()));
    Ok(Value::Object(members.collect()))
}

/// The query string that [`parse`] reads as this: `a=1`, `a[]=1` for a list of plain items, `a[0][b]=1` for any
/// other, `a[b]=1` for members. Names and values are escaped as in a form. Null is an empty value; an empty list or
/// object leaves nothing, and so does what is no object.
pub fn write(value: &Value) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    if let Value::Object(members) = value {
        for (name, value) in members {
            write_at(name, value, &mut out);
        }
    }
    out.finish()
}

fn write_at(name: &str, value: &Value, out: &mut form_urlencoded::Serializer<'_, String>) {
    match value {
        Value::Null => {
            out.append_pair(name, "");
        }
        Value::String(text) => {
            out.append_pair(name, text);
        }
        Value::Bool(_) | Value::Number(_) => {
            out.append_pair(name, &value.to_string());
        }
        Value::Array(items) => {
            // Many readers take a high index for a name, so a list goes without where it can.
            let nested = items.iter().any(|item| item.is_array() || item.is_object());
            for (index, item) in items.iter().enumerate() {
                let at = match nested {
                    true => format!("{name}[{index}]"),
                    false => format!("{name}[]"),
                };
                write_at(&at, item, out);
            }
        }
        Value::Object(members) => {
            for (member, value) in members {
                write_at(&format!("{name}[{member}]"), value, out);
            }
        }
    }
}

/// Decodes `+` and percent escapes; what is no escape stays, what is no UTF-8 becomes U+FFFD.
fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

/// One step into the value.
#[derive(Debug, PartialEq, Eq)]
enum QuerySegment {
    Name(String),
    Index(usize),
    Push,
}

/// Splits `a[b][0][]` into its steps. A bracket that is never closed is text.
fn segments(name: &str, limits: QueryLimits) -> Vec<QuerySegment> {
    let open = name.find('[').filter(|&at| name[at..].contains(']'));
    let Some(open) = open else {
        return vec![QuerySegment::Name(name.to_owned())];
    };
    let mut segments = Vec::new();
    if open > 0 {
        segments.push(QuerySegment::Name(name[..open].to_owned()));
    }
    let mut rest = &name[open..];
    let mut depth = 0;
    while let Some((inner, after)) = rest.strip_prefix('[').and_then(|text| text.split_once(']')) {
        if depth == limits.depth {
            break;
        }
        depth += 1;
        rest = after;
        segments.push(match inner {
            // At the front, `[]` is no list of anything; qs calls it by the name it has.
            _ if segments.is_empty() => QuerySegment::Name(inner.to_owned()),
            "" => QuerySegment::Push,
            digits => match digits.parse::<usize>() {
                // `01` and `+1` are names.
                Ok(index) if index <= limits.index && index.to_string() == digits => {
                    QuerySegment::Index(index)
                }
                _ => QuerySegment::Name(digits.to_owned()),
            },
        });
    }
    // Brackets beyond the depth stay readable as one last name; other text behind the brackets means nothing.
    if depth == limits.depth && rest.starts_with('[') {
        segments.push(QuerySegment::Name(rest.to_owned()));
    }
    segments
}

/// What has been written to one place.
#[derive(Debug, Default)]
struct QueryNode {
    /// Plain values and pushed items, in the order received.
    items: Vec<Value>,
    /// Whether a bracket made this a list even with one item.
    list: bool,
    indexed: BTreeMap<usize, QueryNode>,
    named: BTreeMap<String, QueryNode>,
}

impl QueryNode {
    fn insert(&mut self, path: &[QuerySegment], value: String) {
        match path.split_first() {
            None => self.items.push(Value::String(value)),
            Some((QuerySegment::Name(name), rest)) => self
                .named
                .entry(name.clone())
                .or_default()
                .insert(rest, value),
            Some((QuerySegment::Index(index), rest)) => {
                self.indexed.entry(*index).or_default().insert(rest, value)
            }
            Some((QuerySegment::Push, rest)) => {
                self.list = true;
                let mut item = Self::default();
                item.insert(rest, value);
                self.items.push(item.into_value());
            }
        }
    }

    /// A place that was written as a scalar, a list and an object at once becomes a list of all that was written, so
    /// that nothing is lost and validation refuses it where it matters.
    fn into_value(self) -> Value {
        let Self {
            mut items,
            list,
            indexed,
            named,
        } = self;
        let is_list = list
            || !indexed.is_empty()
            || items.len() > 1
            || (!items.is_empty() && !named.is_empty());
        items.extend(indexed.into_values().map(Self::into_value));
        if named.is_empty() {
            return if is_list {
                Value::Array(items)
            } else {
                items.pop().unwrap_or_default()
            };
        }
        let object = Value::Object(
            named
                .into_iter()
                .map(|(name, slot)| (name, slot.into_value()))
                .collect::<Map<_, _>>(),
        );
        if is_list {
            items.push(object);
            return Value::Array(items);
        }
        object
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[track_caller]
    fn check(raw: &str, expected: Value) {
        assert_eq!(parse(raw), Ok(expected), "{raw}");
    }

    #[test]
    fn scalars_stay_text() {
        check("", json!({}));
        check("&&", json!({}));
        check("a=1", json!({"a": "1"}));
        check("a", json!({"a": ""}));
        check("a=&b=x", json!({"a": "", "b": "x"}));
        check("a=b=c", json!({"a": "b=c"}));
        check("=1", json!({}));
    }

    #[test]
    fn escapes_are_decoded_in_names_and_values() {
        check("a=x+y%20z%2B", json!({"a": "x y z+"}));
        check(
            "body=%7B%22a%22%3A%5B1%5D%7D",
            json!({"body": "{\"a\":[1]}"}),
        );
        check(
            "created_at%5Bgte%5D=2026-09-01",
            json!({"created_at": {"gte": "2026-09-01"}}),
        );
        check("a=%zz%", json!({"a": "%zz%"}));
        check("a=%ff", json!({"a": "\u{fffd}"}));
    }

    #[test]
    fn lists_come_in_three_spellings() {
        check("id[]=a&id[]=b", json!({"id": ["a", "b"]}));
        check("id[0]=a&id[1]=b", json!({"id": ["a", "b"]}));
        check("id[2]=b&id[1]=a", json!({"id": ["a", "b"]}));
        check("id=a&id=b", json!({"id": ["a", "b"]}));
        check("id[]=a", json!({"id": ["a"]}));
        check("id[]=", json!({"id": [""]}));
        check("id[]=a&id=b&id[0]=c", json!({"id": ["a", "b", "c"]}));
        check("m[][a]=1&m[][a]=2", json!({"m": [{"a": "1"}, {"a": "2"}]}));
    }

    #[test]
    fn brackets_nest() {
        check(
            "a[b][c]=1&a[b][d]=2&a[e]=3",
            json!({"a": {"b": {"c": "1", "d": "2"}, "e": "3"}}),
        );
        check(
            "filters[status][]=FAILED",
            json!({"filters": {"status": ["FAILED"]}}),
        );
        check("a[1000]=x&a[01]=y", json!({"a": {"1000": "x", "01": "y"}}));
    }

    #[test]
    fn odd_brackets_are_text() {
        check("a[b=1", json!({"a[b": "1"}));
        check("a]b=1", json!({"a]b": "1"}));
        check("[a]=1", json!({"a": "1"}));
        check("[]=1", json!({"": "1"}));
        check("a[b]c=1", json!({"a": {"b": "1"}}));
    }

    #[test]
    fn a_place_of_two_kinds_keeps_both() {
        check("a=1&a[b]=2", json!({"a": ["1", {"b": "2"}]}));
        check("a[0]=1&a[b]=2", json!({"a": ["1", {"b": "2"}]}));
    }

    #[test]
    fn depth_and_count_are_bounded() {
        check(
            "a[1][2][3][4][5][6][7]=x",
            json!({"a": [[[[[{"[6][7]": "x"}]]]]]}),
        );
        let deep = format!("a{}=x", "[b]".repeat(100_000));
        assert!(parse(&deep).is_ok());
        let wide = "a=1&".repeat(1001);
        assert_eq!(parse(&wide), Err(TooManyPairs { limit: 1000 }));
        assert!(parse(&"a[]=1&".repeat(1000)).is_ok());
    }

    #[test]
    fn what_is_written_is_spelled_as_forms_are() {
        for (value, expected) in [
            (
                json!({"a": "x y", "b": 2, "c": true, "d": null}),
                "a=x+y&b=2&c=true&d=",
            ),
            (
                json!({"a": ["1", "2"], "b": {"c": "&"}}),
                "a%5B%5D=1&a%5B%5D=2&b%5Bc%5D=%26",
            ),
            (json!({"a": [{"b": "1"}]}), "a%5B0%5D%5Bb%5D=1"),
            (json!({"a": [], "b": {}}), ""),
            (json!([1]), ""),
        ] {
            assert_eq!(write(&value), expected);
        }
    }

    /// Nested values a query string can say: no empty list or object, and no name that reads as an index or bracket.
    fn values() -> impl Strategy<Value = Value> {
        let leaf = "\\PC{0,8}".prop_map(Value::String);
        let inner = leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(Value::Array),
                members(inner).prop_map(Value::Object),
            ]
        });
        members(inner).prop_map(Value::Object)
    }

    fn members(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
        prop::collection::btree_map("[a-z+& =%é][a-z0-9+& =%é]{0,6}", inner, 1..4)
            .prop_map(|map| map.into_iter().collect())
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(value in values()) {
            prop_assert_eq!(parse(&write(&value)).unwrap(), value);
        }

        #[test]
        fn any_text_is_survived(raw in "[a-c\\[\\]=&%+0-9]{0,80}") {
            prop_assert!(parse(&raw).unwrap().is_object());
        }
    }
}
