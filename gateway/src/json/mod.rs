//! JSON as producers and JavaScript write it.

mod ordered;
mod verbatim;

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

pub(crate) use ordered::Ordered;
pub(crate) use verbatim::{verbatim, write};

/// Deepest nesting of what [`parse`] gives back; what lies deeper is null there.
const DEPTH: usize = 120;

/// The largest number that is kept as one.
const LARGEST: &str = "1.7976931348623157e308";

/// Parses a body as `JSON.parse` would, as far as a [`Value`] can hold it. What it cannot hold is
/// replaced, here and never in the stored bytes: half a surrogate pair and bytes that are no UTF-8
/// count as U+FFFD, a number beyond the range of a double as the largest one, and what is nested
/// deeper than 120 levels as null.
pub(crate) fn parse(body: &[u8]) -> Option<Value> {
    read(body)
}

/// The same with the members in their order.
pub(crate) fn parse_ordered(body: &[u8]) -> Option<Ordered> {
    read(body)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    if let Ok(value) = serde_json::from_slice(body) {
        return Some(value);
    }
    let text = text(body)?;
    serde_json::from_slice(&tamed(text.as_bytes())).ok()
}

/// The body as JSON text for JavaScript, which can hold all of it; `None` when it is no JSON.
pub(crate) fn text(body: &[u8]) -> Option<Cow<'_, str>> {
    let text = String::from_utf8_lossy(body);
    // Checked without recursion, and without looking at ranges and surrogates.
    serde_json::from_str::<&RawValue>(&text).ok()?;
    Some(text)
}

/// JSON that parses into a [`Value`], from JSON that may not.
fn tamed(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len());
    let mut depth = 0;
    let mut rest = json;
    while let Some(first) = rest.first() {
        let length = match first {
            b'"' => string(rest),
            b'-' | b'0'..=b'9' => rest
                .iter()
                .position(|byte| !matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'))
                .unwrap_or(rest.len()),
            _ => 1,
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        match first {
            b'{' | b'[' => {
                depth += 1;
                if depth == DEPTH + 1 {
                    out.extend_from_slice(b"null");
                }
            }
            b'}' | b']' => {
                depth -= 1;
                if depth == DEPTH {
                    continue;
                }
            }
            _ => {}
        }
        match first {
            _ if depth > DEPTH => {}
            b'"' => without_halves(token, &mut out),
            b'-' | b'0'..=b'9' => number(token, &mut out),
            _ => out.extend_from_slice(token),
        }
    }
    out
}

/// The length of the string that stands in front, with its quotes.
fn string(json: &[u8]) -> usize {
    let mut escaped = false;
    let end = json[1..].iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.map_or(json.len(), |end| end + 2)
}

fn number(token: &[u8], out: &mut Vec<u8>) {
    let value = std::str::from_utf8(token).ok().and_then(|t| t.parse().ok());
    if value.is_some_and(f64::is_infinite) {
        if token[0] == b'-' {
            out.push(b'-');
        }
        out.extend_from_slice(LARGEST.as_bytes());
    } else {
        out.extend_from_slice(token);
    }
}

/// Writes a string with every half of a surrogate pair replaced.
fn without_halves(string: &[u8], out: &mut Vec<u8>) {
    let mut rest = string;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let (before, escape) = rest.split_at(at);
        out.extend_from_slice(before);
        let length = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                out.extend_from_slice(b"\\ufffd");
                rest = &escape[6..];
                continue;
            }
            (Some(_), _) => 6,
            // The escaped character belongs to the escape: it may be a backslash itself.
            (None, _) => escape.len().min(2),
        };
        out.extend_from_slice(&escape[..length]);
        rest = &escape[length..];
    }
    out.extend_from_slice(rest);
}

/// The code unit of a `\uXXXX` that stands in front.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    let text = std::str::from_utf8(digits).ok()?;
    let plain = digits.iter().all(u8::is_ascii_hexdigit);
    plain.then(|| u16::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn half_a_pair_is_a_replacement_character() {
        for (text, expected) in [
            (r#""\ud83d\ude00""#, json!("😀")),
            (r#""cut \ud83d""#, json!("cut \u{fffd}")),
            (r#""\ude00 alone""#, json!("\u{fffd} alone")),
            (r#""\ud83d\ud83d\ude00""#, json!("\u{fffd}😀")),
            (
                r#"{"\ud83d":["\\ud83d","\\\ud83d"]}"#,
                json!({"\u{fffd}": ["\\ud83d", "\\\u{fffd}"]}),
            ),
            (r#""\ud83dA\u0041""#, json!("\u{fffd}AA")),
        ] {
            assert_eq!(parse(text.as_bytes()), Some(expected), "{text}");
        }
        for text in [
            r#""\ud83d"#,
            r#""\ud83"#,
            r#"{"\ud83d"}"#,
            r"\ud83d",
            "\"\\",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_number_beyond_a_double_is_the_largest_one() {
        let parsed = parse(br#"[1e400,-1E+999,"1e400",{"a":1e-999}]"#).unwrap();
        assert_eq!(parsed, json!([f64::MAX, f64::MIN, "1e400", { "a": 0.0 }]));
        for text in ["1e", "01e400", "[1e400", "-", "1e400e"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_is_nested_too_deep_is_null_and_still_json() {
        let nested = |depth: usize| r#"{"a":["#.repeat(depth) + r#""}]""# + &"]}".repeat(depth);
        for depth in [61, 200, 100_000] {
            let text = nested(depth);
            let mut parsed = &parse(text.as_bytes()).unwrap_or_else(|| panic!("{depth}"));
            for _ in 0..60 {
                parsed = &parsed["a"][0];
            }
            assert_eq!(parsed.is_null(), depth > 61, "{depth}");
            assert_eq!(parse(&text.as_bytes()[..text.len() - 1]), None, "{depth}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_count_as_replacement_characters() {
        assert_eq!(parse(b"{\"a\":\"\xe9\"}"), Some(json!({ "a": "\u{fffd}" })));
        assert_eq!(parse(b"\xff"), None);
    }

    proptest! {
        #[test]
        fn taming_changes_no_value_that_can_be_held(text in r#"(\\u[0-9a-fD][0-9a-f89c]{3}|\\\\|\\n|[a-z"\\]){0,8}"#, numbers in prop::collection::vec(any::<f64>().prop_filter("finite", |n| n.is_finite()), 0..4)) {
            let text = format!("{{\"k\":\"{text}\",\"n\":{}}}", json!(numbers));
            if let Ok(value) = serde_json::from_str::<Value>(&text) {
                prop_assert_eq!(serde_json::from_slice::<Value>(&tamed(text.as_bytes())).ok(), Some(value.clone()));
                prop_assert_eq!(parse(text.as_bytes()), Some(value));
            } else if let Some(value) = parse(text.as_bytes()) {
                let replaced = value["k"].as_str().is_some_and(|text| text.contains(char::REPLACEMENT_CHARACTER))
                    || value.as_object().is_some_and(|members| members.keys().any(|key| key.contains(char::REPLACEMENT_CHARACTER)));
                prop_assert!(replaced, "{value}");
            }
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(prop::sample::select(b"[]{}\":,\\u0d8e9+-.1ntrueflas \xff".to_vec()), 0..64)) {
            prop_assert_eq!(parse(&bytes).is_some(), text(&bytes).is_some());
        }
    }
}
