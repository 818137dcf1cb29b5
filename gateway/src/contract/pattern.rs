//! ECMAScript regular expressions of the document, run by the `regex` crate.

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
    /// When it uses what the `regex` crate has not: look-around and back-references.
    pub fn new(source: &str) -> Result<Self, regex::Error> {
        let regex = regex::RegexBuilder::new(&translate(source))
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

/// Rewrites what the two dialects read differently: the ASCII classes `\d`, `\w` and `\s`, an escaped slash, and the
/// characters that are plain inside an ECMAScript class but set operators in a `regex` class.
fn translate(source: &str) -> String {
    const SPACES: &str = r"\t\n\x0B\x0C\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}";
    let mut out = String::with_capacity(source.len() + 16);
    let mut in_class = false;
    let mut rest = source.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some('d') => out.push_str(if in_class { "0-9" } else { "[0-9]" }),
                Some('D') => out.push_str("[^0-9]"),
                Some('w') => out.push_str(if in_class {
                    "A-Za-z0-9_"
                } else {
                    "[A-Za-z0-9_]"
                }),
                Some('W') => out.push_str("[^A-Za-z0-9_]"),
                Some('s') if in_class => out.push_str(SPACES),
                Some('s') => out.push_str(&format!("[{SPACES}]")),
                Some('S') => out.push_str(&format!("[^{SPACES}]")),
                Some('/') => out.push('/'),
                Some(other) => {
                    out.push('\\');
                    out.push(other);
                }
                None => out.push_str(r"\\"),
            },
            '[' if in_class => out.push_str(r"\["),
            '[' => {
                in_class = true;
                out.push('[');
                if rest.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
            }
            ']' => {
                in_class = false;
                out.push(']');
            }
            '&' | '~' if in_class => {
                out.push('\\');
                out.push(c);
            }
            '-' if in_class && !is_range(&out, rest.peek().copied()) => out.push_str(r"\-"),
            _ => out.push(c),
        }
    }
    out
}

/// Whether a `-` inside a class, after `before` and in front of `next`, can be a range: not at an edge of the class
/// and not behind something that is a range or a class escape already.
fn is_range(before: &str, next: Option<char>) -> bool {
    if matches!(next, None | Some(']')) {
        return false;
    }
    let mut back = before.chars().rev();
    match back.next() {
        None | Some('[' | '^') => false,
        Some(_) => back.next() != Some('-'),
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
        assert!(Pattern::new("(?=a)b").is_err());
        assert!(Pattern::new(r"(a)\1").is_err());
        assert!(Pattern::new("a\\").is_ok());
    }
}
