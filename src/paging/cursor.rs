//! A place in a list, to go on from later.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A place between two rows of a list, and the way to go on from it.
///
/// The API's token in it is opaque. To save a cursor, write it as text (`Display`) or with serde;
/// it belongs to the list it came from, with the same filters and order.
///
/// ```
/// use hookdeck::Cursor;
///
/// let saved = "next:evt_123";
/// let cursor: Cursor = saved.parse()?;
/// assert_eq!(cursor.to_string(), saved);
/// # Ok::<(), hookdeck::paging::ParseCursorError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    way: Way,
    token: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    Next,
    Prev,
}

impl Cursor {
    pub(crate) fn next(token: String) -> Self {
        Self {
            way: Way::Next,
            token,
        }
    }

    pub(crate) fn prev(token: String) -> Self {
        Self {
            way: Way::Prev,
            token,
        }
    }

    pub(crate) fn way(&self) -> Way {
        self.way
    }

    /// The name of the parameter it is sent in.
    pub(crate) fn parameter(&self) -> &'static str {
        match self.way {
            Way::Next => "next",
            Way::Prev => "prev",
        }
    }

    /// The API's own token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Whether going on from here goes against the list's order, over its `prev` pages.
    #[must_use]
    pub fn is_backward(&self) -> bool {
        self.way == Way::Prev
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.parameter(), self.token)
    }
}

/// The text is not one that a [`Cursor`] was written as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseCursorError(());

impl fmt::Display for ParseCursorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a cursor: expected `next:` or `prev:` and a token")
    }
}

impl std::error::Error for ParseCursorError {}

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, ParseCursorError> {
        match text.split_once(':') {
            Some((_, "")) => Err(ParseCursorError(())),
            Some(("next", token)) => Ok(Self::next(token.to_owned())),
            Some(("prev", token)) => Ok(Self::prev(token.to_owned())),
            _ => Err(ParseCursorError(())),
        }
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_being_written_and_read() {
        for text in ["next:evt_1", "prev:hq_eyJ4Ijp9:=", "next:a:b"] {
            let cursor: Cursor = text.parse().unwrap();
            let json = serde_json::to_string(&cursor).unwrap();
            assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
            assert_eq!(cursor.to_string(), text);
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "next:", "evt_1", "after:evt_1"] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}
