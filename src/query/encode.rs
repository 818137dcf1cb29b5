//! Writing parameters as a query string in the bracketed form the API's parser reads.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Query, QueryValue};

/// Everything but the unreserved characters of RFC 3986 is escaped, in values and names alike: a
/// name may come from a user too. The brackets around keys are written by us and stay readable.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':');

pub(crate) fn encode_query(query: &Query) -> String {
    let mut out = String::new();
    for (name, value) in query.iter() {
        write_value(&mut out, &escape(name), value);
    }
    out
}

/// One segment of a path: nothing in it can end the segment or climb out of it.
pub(crate) fn encode_path_segment(segment: &str) -> String {
    match segment {
        // Escaped dots are unreserved characters again to a URL parser, which would drop them.
        "." | ".." => segment.replace('.', "%252E"),
        _ => escape(segment),
    }
}

/// Text as it stands in a name or value of a query.
pub(crate) fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

fn write_value(out: &mut String, name: &str, value: &QueryValue) {
    match value {
        QueryValue::Null => write_pair(out, name, ""),
        QueryValue::Bool(value) => write_pair(out, name, &value.to_string()),
        QueryValue::Integer(value) => write_pair(out, name, &value.to_string()),
        QueryValue::Float(value) => write_pair(out, name, &value.to_string()),
        QueryValue::Text(value) => write_pair(out, name, &escape(value)),
        QueryValue::Json(value) => write_pair(out, name, &escape(value.as_str())),
        // `name[]` and not `name[0]`: parsers of this family turn an index past twenty into a key.
        QueryValue::List(values) => {
            let name = format!("{name}[]");
            for value in values {
                write_value(out, &name, value);
            }
        }
        QueryValue::Map(entries) => {
            for (key, value) in entries {
                write_value(out, &format!("{name}[{}]", escape(key)), value);
            }
        }
    }
}

fn write_pair(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() {
        out.push('&');
    }
    out.push_str(name);
    out.push('=');
    out.push_str(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Param;
    use crate::types::Json;
    use serde_json::json;

    fn query(pairs: Vec<(&'static str, QueryValue)>) -> Query {
        let mut query = Query::new();
        for (name, value) in pairs {
            query.set(name, value);
        }
        query
    }

    #[test]
    fn what_means_something_in_a_query_string_is_escaped() {
        let q = query(vec![("search_term", "a+b&c=d%#ü é\"[]".into_param())]);
        assert_eq!(
            encode_query(&q),
            "search_term=a%2Bb%26c%3Dd%25%23%C3%BC%20%C3%A9%22%5B%5D"
        );
    }

    #[test]
    fn json_is_a_string_in_a_query_and_itself_in_a_body() {
        let q = query(vec![(
            "body",
            Json::new(&json!({"a": {"b": [1]}})).into_param(),
        )]);
        assert_eq!(encode_query(&q), "body=%7B%22a%22:%7B%22b%22:%5B1%5D%7D%7D");
        assert_eq!(
            serde_json::to_string(&q).unwrap(),
            r#"{"body":{"a":{"b":[1]}}}"#
        );
    }

    #[test]
    fn lists_and_operators_are_bracketed() {
        let list = QueryValue::List(vec!["a".into_param(), QueryValue::Null]);
        let nested = QueryValue::Map(vec![(
            "webhook_id".into(),
            QueryValue::Map(vec![("x y".into(), true.into_param())]),
        )]);
        let q = query(vec![("id", list), ("filters", nested)]);
        assert_eq!(
            encode_query(&q),
            "id[]=a&id[]=&filters[webhook_id][x%20y]=true"
        );
        assert_eq!(
            serde_json::to_string(&q).unwrap(),
            r#"{"id":["a",null],"filters":{"webhook_id":{"x y":true}}}"#
        );
    }

    #[test]
    fn setting_a_parameter_again_replaces_it_where_it_stood() {
        let mut q = query(vec![("a", 1.into_param()), ("b", 2.into_param())]);
        q.set("a", 3.into_param());
        assert_eq!(encode_query(&q), "a=3&b=2");
        q.remove("a");
        assert_eq!(encode_query(&q), "b=2");
    }

    #[test]
    fn a_path_segment_cannot_leave_its_place() {
        assert_eq!(encode_path_segment("evt_1"), "evt_1");
        assert_eq!(encode_path_segment("a/b?c#d"), "a%2Fb%3Fc%23d");
        assert_eq!(encode_path_segment("req_1:web_2"), "req_1:web_2");
        assert_eq!(encode_path_segment(".."), "%252E%252E");
    }
}
