//! A place in a list, to go on from later.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A place between two rows of a list, and the way to go on from it.
///
/// It holds the API's token of a page and, in the middle of a page, the id of the row the place is
/// right behind. So a list resumed from it goes on with the very next row, and rows added or removed
/// meanwhile change nothing about that. Only if that one row itself is gone or no longer on its page
/// is the page yielded from its beginning: rows may come again then, but none is left out. In an order
/// by what changes, such as a name, a place moves with its row if that moves within its page.
///
/// To save a cursor, write it as text (`Display`) or with serde. It belongs to the list it came from,
/// with the same filters, order and page size.
///
/// | text | the place |
/// |---|---|
/// | `next:TOKEN` | at the beginning of the page that `next` asks for |
/// | `prev:TOKEN` | at the end of the page that `prev` asks for, going against the list's order |
/// | `next@ID:TOKEN` | on that page, right behind the row with that id |
/// | `next@ID:` | the same on the first page of the list, which has no token |
/// | `~next@ID:TOKEN` | the same place, but turned round: going back to the rows before it |
///
/// ```
/// use hookdeck::Cursor;
///
/// let saved = "next@evt_130:evt_123";
/// let cursor: Cursor = saved.parse()?;
/// assert_eq!(cursor.to_string(), saved);
/// assert_eq!(cursor.reversed().to_string(), "~next@evt_130:evt_123");
/// # Ok::<(), hookdeck::paging::ParseCursorError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// How the page is asked for.
    way: Way,
    /// `None` for the first page of the list.
    token: Option<String>,
    /// The row on that page that the place is right behind, seen in the direction of `way`.
    after: Option<String>,
    /// Whether the walk goes against `way`.
    turned: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    Next,
    Prev,
}

impl Way {
    fn opposite(self) -> Self {
        match self {
            Self::Next => Self::Prev,
            Self::Prev => Self::Next,
        }
    }
}

impl Cursor {
    fn at(way: Way, token: Option<String>) -> Self {
        Self {
            way,
            token,
            after: None,
            turned: false,
        }
    }

    pub(crate) fn next(token: String) -> Self {
        Self::at(Way::Next, Some(token))
    }

    pub(crate) fn prev(token: String) -> Self {
        Self::at(Way::Prev, Some(token))
    }

    /// Right behind a row of the page that `page` begins, the first of the list if it is `None`.
    pub(crate) fn behind(page: Option<&Self>, row: Option<&str>) -> Self {
        let (way, token, turned) = page.map_or((Way::Next, None, false), |page| {
            (page.way, page.token.clone(), page.turned)
        });
        Self {
            way,
            token,
            after: row.map(str::to_owned),
            turned,
        }
    }

    /// The way the walk goes from here.
    pub(crate) fn heading(&self) -> Way {
        if self.turned {
            self.way.opposite()
        } else {
            self.way
        }
    }

    /// How the page is asked for.
    pub(crate) fn way(&self) -> Way {
        self.way
    }

    pub(crate) fn is_turned(&self) -> bool {
        self.turned
    }

    /// Whether the place is anywhere but where its page begins for who walks on.
    pub(crate) fn is_within(&self) -> bool {
        self.turned || self.after.is_some()
    }

    /// The name of the parameter it is sent in.
    pub(crate) fn parameter(&self) -> &'static str {
        match self.way {
            Way::Next => "next",
            Way::Prev => "prev",
        }
    }

    /// The API's own token, `None` on the first page of a list.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The id of the row the place is right behind, `None` where a page begins.
    #[must_use]
    pub fn row(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// Whether going on from here goes against the list's order.
    #[must_use]
    pub fn is_backward(&self) -> bool {
        self.heading() == Way::Prev
    }

    /// The same place, the other way: a list resumed there yields what a walk up to here has yielded,
    /// the last row first. Reversed twice it is what it was.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self {
            turned: !self.turned,
            ..self.clone()
        }
    }
}

/// Ids of some lists hold a colon, which ends the id here.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.');

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.turned {
            f.write_str("~")?;
        }
        f.write_str(self.parameter())?;
        if let Some(row) = &self.after {
            write!(f, "@{}", utf8_percent_encode(row, ESCAPED))?;
        }
        write!(f, ":{}", self.token.as_deref().unwrap_or_default())
    }
}

/// The text is not one that a [`Cursor`] was written as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseCursorError(());

impl fmt::Display for ParseCursorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a cursor: expected `next` or `prev`, perhaps `@` and an id, `:` and a token",
        )
    }
}

impl std::error::Error for ParseCursorError {}

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, ParseCursorError> {
        read(text).ok_or(ParseCursorError(()))
    }
}

fn read(text: &str) -> Option<Cursor> {
    let (place, token) = text.split_once(':')?;
    let (turned, place) = match place.strip_prefix('~') {
        Some(place) => (true, place),
        None => (false, place),
    };
    let (way, after) = match place.split_once('@') {
        Some((way, row)) => {
            let row = percent_decode_str(row).decode_utf8().ok()?.into_owned();
            (way, Some(row).filter(|row| !row.is_empty())?.into())
        }
        None => (place, None),
    };
    let way = match way {
        "next" => Way::Next,
        "prev" => Way::Prev,
        _ => return None,
    };
    let token = (!token.is_empty()).then(|| token.to_owned());
    // Without a token it is the first page, which `prev` does not lead to, and there its beginning
    // is a place only for who turns round.
    if token.is_none() && (way == Way::Prev || (after.is_none() && !turned)) {
        return None;
    }
    Some(Cursor {
        way,
        token,
        after,
        turned,
    })
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
        for text in [
            "next:evt_1",
            "prev:hq_eyJ4Ijp9:=",
            "next:a:b",
            "next:a@b:c",
            "next@evt_1:",
            "next@req_1%3Aweb_1:req_0:web_9",
            "prev@evt_2:evt_1",
            "~next@evt_2:evt_1",
            "~next:evt_1",
            "~next:",
            "~prev@evt_2:evt_1",
        ] {
            let cursor: Cursor = text.parse().unwrap();
            let json = serde_json::to_string(&cursor).unwrap();
            assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
            assert_eq!(cursor.to_string(), text);
            assert_eq!(cursor.reversed().reversed(), cursor);
            assert_ne!(cursor.reversed().is_backward(), cursor.is_backward());
        }
        let cursor: Cursor = "next@req_1%3Aweb_1:req_0:web_9".parse().unwrap();
        assert_eq!(cursor.row(), Some("req_1:web_1"));
        assert_eq!(cursor.token(), Some("req_0:web_9"));
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "next:",
            "prev:",
            "evt_1",
            "after:evt_1",
            "next@:evt_1",
            "prev@evt_1:",
            "~prev:",
            "~~next:evt_1",
            "next@%ff:evt_1",
        ] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}
