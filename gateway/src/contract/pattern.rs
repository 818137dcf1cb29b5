//! ECMAScript regular expressions of the document, translated for the `regex` crate.
//!
//! An engine that backtracks would run them as they stand, but what a body of ten megabytes makes it remember is
//! hundreds of megabytes; `regex` takes linear time and constant memory.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// A compiled pattern together with its original text, which violations quote.
#[derive(Debug)]
pub struct Pattern {
    source: String,
    regex: regex::Regex,
}

/// Compiled programs stay far below this; a hostile document cannot make one that is not.
const SIZE_LIMIT: usize = 1 << 20;

impl Pattern {
    /// Compiles an ECMAScript pattern.
    ///
    /// # Errors
    ///
    /// When it is none, or uses what the `regex` crate has not: look-around and back-references.
    pub fn new(source: &str) -> Result<Self, regex::Error> {
        let translated = jsonschema_regex::to_rust_regex(source)
            .map_err(|()| regex::Error::Syntax(format!("no ECMAScript pattern: {source}")))?;
        let regex = regex::RegexBuilder::new(&translated)
            .size_limit(SIZE_LIMIT)
            .build()?;
        Ok(Self {
            source: source.to_owned(),
            regex,
        })
    }

    /// Whether the pattern is found in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The pattern as the document has it.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = String::deserialize(deserializer)?;
        Self::new(&source).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).unwrap().is_match(text)
    }

    #[test]
    fn a_hyphen_behind_a_range_is_itself() {
        let name = "^[A-z0-9-_]+$";
        for text in ["a", "my-source_1", "A^[]\\`", "-"] {
            assert!(matches(name, text), "{text}");
        }
        for text in ["", "a b", "é", "a\n", "a:b", "a,b"] {
            assert!(!matches(name, text), "{text:?}");
        }
    }

    #[test]
    fn classes_are_ascii() {
        assert!(matches(r"^\d+$", "019"));
        assert!(!matches(r"^\d+$", "٣"));
        assert!(matches(r"^[\w-]+$", "a-b_1"));
        assert!(!matches(r"^[\w-]+$", "ä"));
        assert!(matches(r"^[a-z>\s]+$", "a > b\u{a0}"));
        assert!(!matches(r"^\S+$", "a b"));
    }

    #[test]
    fn set_operators_of_the_regex_crate_are_plain_characters() {
        assert!(matches("^[a&&b]+$", "a&b"));
        assert!(matches("^[[a]+$", "[a"));
        assert!(matches("^[a~~b]+$", "~"));
        assert!(matches(r"^a\/b$", "a/b"));
    }

    #[test]
    fn the_end_is_the_end_of_the_text() {
        assert!(!matches("^a$", "a\n"));
    }

    #[test]
    fn what_cannot_be_run_is_refused() {
        for pattern in ["(?=a)b", r"(a)\1", "a\\", "(", "[z-a]", "*a"] {
            assert!(Pattern::new(pattern).is_err(), "{pattern}");
        }
    }
}
