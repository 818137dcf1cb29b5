//! JSON as producers send it.

use serde_json::Value;

/// Parses a body as `JSON.parse` would, save for two things that stay refused: nesting beyond 128
/// levels, and numbers too large for a double.
///
/// Half a surrogate pair, as producers leave behind that cut text by UTF-16 units, is no text in
/// Rust. It counts as U+FFFD here; the stored bytes are not touched.
pub(crate) fn parse(body: &[u8]) -> Option<Value> {
    match serde_json::from_slice(body) {
        Ok(value) => Some(value),
        Err(_) => serde_json::from_slice(&without_halves(body)?).ok(),
    }
}

/// The text with every half of a surrogate pair replaced; `None` when there is none.
fn without_halves(text: &[u8]) -> Option<Vec<u8>> {
    const REPLACEMENT: &[u8] = b"\\ufffd";
    let mut whole = Vec::with_capacity(text.len());
    let mut found = false;
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let (before, escape) = rest.split_at(at);
        whole.extend_from_slice(before);
        let length = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                found = true;
                whole.extend_from_slice(REPLACEMENT);
                rest = &escape[6..];
                continue;
            }
            (Some(_), _) => 6,
            // The escaped character belongs to the escape: it may be a backslash itself.
            (None, _) => escape.len().min(2),
        };
        whole.extend_from_slice(&escape[..length]);
        rest = &escape[length..];
    }
    whole.extend_from_slice(rest);
    found.then_some(whole)
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

    proptest! {
        #[test]
        fn only_texts_with_half_a_pair_are_touched(text in r#"(\\u[0-9a-fD][0-9a-f89c]{3}|\\\\|\\n|[a-z"\\])*"#) {
            let text = format!("\"{text}\"");
            if let Ok(value) = serde_json::from_str::<Value>(&text) {
                prop_assert_eq!(without_halves(text.as_bytes()), None);
                prop_assert_eq!(parse(text.as_bytes()), Some(value));
            } else if let Some(value) = parse(text.as_bytes()) {
                let replaced = value.as_str().is_some_and(|text| text.contains(char::REPLACEMENT_CHARACTER));
                prop_assert!(replaced);
            }
        }
    }
}
