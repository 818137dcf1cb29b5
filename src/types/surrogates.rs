//! Texts with half of a surrogate pair, which JSON can spell and no Rust text can hold.
//!
//! JavaScript and others cut texts in the middle of an emoji and write what is left as `\ud83d`. The
//! live API passes that on, as it should.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

/// Reads JSON. Halves of surrogate pairs, where they keep it from being read, count as U+FFFD, the
/// character that stands for what cannot be shown.
pub(crate) fn read_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(json).or_else(|error| match replace_half_surrogates(json) {
        Cow::Borrowed(_) => Err(error),
        Cow::Owned(json) => serde_json::from_slice(&json),
    })
}

/// The text of JSON with U+FFFD in place of every half of a pair; whatever else it is, it stays.
pub(crate) fn replace_half_surrogates(json: &[u8]) -> Cow<'_, [u8]> {
    let mut replaced = Cow::Borrowed(json);
    let mut at = 0;
    while at < json.len() {
        if json[at] != b'\\' {
            at += 1;
            continue;
        }
        let rest = &json[at..];
        at += match unit(rest) {
            Some(0xd800..=0xdbff) if matches!(unit(&rest[6..]), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                // As long as what it replaces.
                replaced.to_mut()[at..at + 6].copy_from_slice(br"\ufffd");
                6
            }
            Some(_) => 6,
            // Another escape, such as that of a backslash.
            None => 2,
        };
    }
    replaced
}

/// The UTF-16 unit that an escape at the beginning of a text spells.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(br"\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(json: &str) -> String {
        let replaced = replace_half_surrogates(json.as_bytes());
        String::from_utf8(replaced.into_owned()).unwrap()
    }

    #[test]
    fn halves_are_replaced_and_nothing_else() {
        for (json, expected) in [
            (r#""cut \ud83d""#, r#""cut \ufffd""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\uD83D\uDE00 \uDE00""#, r#""\uD83D\uDE00 \ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83d\u0041""#, r#""\ufffd\u0041""#),
            (r#""\ud83d\n\ude00""#, r#""\ufffd\n\ufffd""#),
            // The backslash itself is escaped: this is a text about an escape.
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\\\ud83d""#, r#""\\\ufffd""#),
            (r#"{"\ude00": 1}"#, r#"{"\ufffd": 1}"#),
            (r#""é 😀 \u00e9""#, r#""é 😀 \u00e9""#),
            // Cut short, and no JSON.
            (r#""\ud8"#, r#""\ud8"#),
            (r#""\ud83d\"#, r#""\ufffd\"#),
            (r#""\"#, r#""\"#),
            (r#""\uzzzz\ud83d""#, r#""\uzzzz\ufffd""#),
            ("", ""),
        ] {
            assert_eq!(replaced(json), expected, "{json}");
        }
    }

    #[test]
    fn what_can_be_read_as_it_is_stays_as_it_is() {
        let raw: crate::types::Json = read_json(br#""cut \ud83d""#).unwrap();
        assert_eq!(raw.as_str(), r#""cut \ud83d""#);
        let text: String = read_json(br#""cut \ud83d""#).unwrap();
        assert_eq!(text, "cut \u{fffd}");
        let error = read_json::<u8>(br#""cut \ud83d""#).unwrap_err();
        assert!(error.to_string().contains("expected u8"), "{error}");
        assert!(read_json::<String>(br#""\ud8"#).is_err());
    }
}
