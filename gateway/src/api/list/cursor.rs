//! Page cursors: where a page ends, in a form the client hands back unread.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::types::Value as Sql;
use serde_json::{Value, json};

use super::Direction;
use super::order::SortOrder;

/// How a list writes its cursors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CursorStyle {
    /// The id of the boundary row. Its place is looked up when the cursor comes back, so the row
    /// must still be in its table; deleted resources keep theirs. In an order by something that can
    /// change, the row may stand elsewhere by then, and the cursor holds the place itself.
    Id,
    /// `hq_` and base64 of the boundary's time, id and number with the list's order: events and requests.
    Packed,
}

const PREFIX: &str = "hq_";
/// Before a place that is written out.
const WRITTEN: &str = "pl_";

/// A packed cursor, unpacked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PackedCursor {
    /// The sort key of the boundary row, microseconds.
    pub(crate) at: i64,
    /// Its id.
    pub(crate) id: String,
    /// Its number in the order of adding.
    pub(crate) seq: i64,
    /// The sort key of the list it was made in.
    pub(crate) by: String,
    /// The direction of that list.
    pub(crate) dir: Direction,
}

impl PackedCursor {
    /// The cursor as text.
    pub(crate) fn encode(&self) -> String {
        let object = json!({
            "at": self.at, "id": self.id, "seq": self.seq, "by": self.by, "dir": self.dir.name(),
        });
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(object.to_string()))
    }

    /// Reads a cursor back; `None` if it is not one.
    pub(crate) fn decode(cursor: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor.strip_prefix(PREFIX)?).ok()?;
        let object: Value = serde_json::from_slice(&bytes).ok()?;
        Some(Self {
            at: object.get("at")?.as_i64()?,
            id: object.get("id")?.as_str()?.to_owned(),
            seq: object.get("seq")?.as_i64()?,
            by: object.get("by")?.as_str()?.to_owned(),
            dir: Direction::parse(object.get("dir")?.as_str()?)?,
        })
    }
}

/// A row's place in an order: its sort keys, then its number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CursorPosition {
    /// One value for each sort key.
    pub(crate) keys: Vec<Sql>,
    /// The row's id.
    pub(crate) id: String,
    /// The row's number in the order of adding, which decides between equal keys.
    pub(crate) seq: i64,
}

impl CursorPosition {
    /// The cursor for this place in a list sorted by `sorting`.
    pub(super) fn cursor(&self, style: CursorStyle, sorting: &SortOrder) -> String {
        let (order, dir) = sorting.keys[0];
        match (style, self.keys.first()) {
            (CursorStyle::Packed, Some(Sql::Integer(at))) => PackedCursor {
                at: *at,
                id: self.id.clone(),
                seq: self.seq,
                by: order.name.to_owned(),
                dir,
            }
            .encode(),
            _ if sorting.is_lasting() => self.id.clone(),
            _ => self.written(sorting),
        }
    }

    fn written(&self, sorting: &SortOrder) -> String {
        let keys: Vec<Value> = self.keys.iter().map(json_of).collect();
        let object = json!({
            "id": self.id, "seq": self.seq, "keys": keys, "order": sorting.terms(),
        });
        format!("{WRITTEN}{}", URL_SAFE_NO_PAD.encode(object.to_string()))
    }

    /// Reads a cursor that holds a place; `None` if it is another kind of cursor.
    ///
    /// # Errors
    /// When it is broken or comes from a list in another order.
    pub(super) fn read(cursor: &str, sorting: &SortOrder) -> Option<Result<Self, InvalidCursor>> {
        let text = cursor.strip_prefix(WRITTEN)?;
        Some(Self::parse(text, sorting).ok_or(InvalidCursor))
    }

    fn parse(text: &str, sorting: &SortOrder) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let object: Value = serde_json::from_slice(&bytes).ok()?;
        let keys: Vec<Sql> = object["keys"]
            .as_array()?
            .iter()
            .map(sql_of)
            .collect::<Option<_>>()?;
        let fits = object["order"] == json!(sorting.terms()) && keys.len() == sorting.keys.len();
        fits.then_some(Self {
            keys,
            id: object["id"].as_str()?.to_owned(),
            seq: object["seq"].as_i64()?,
        })
    }
}

/// A cursor that is broken, or belongs to a list in another order.
pub(super) struct InvalidCursor;

fn json_of(key: &Sql) -> Value {
    match key {
        Sql::Integer(number) => Value::from(*number),
        Sql::Real(number) => Value::from(*number),
        Sql::Text(text) => Value::from(text.as_str()),
        // Nothing is sorted by bytes.
        Sql::Null | Sql::Blob(_) => Value::Null,
    }
}

fn sql_of(key: &Value) -> Option<Sql> {
    match key {
        Value::Null => Some(Sql::Null),
        Value::String(text) => Some(Sql::from(text.clone())),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Some(Sql::from(whole)),
            None => number.as_f64().map(Sql::from),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_cursor_comes_back_as_it_was() {
        let cursor = PackedCursor {
            at: 1_781_000_000_123_456,
            id: "evt_0123456789abcdef01".into(),
            seq: 1_234_567,
            by: "created_at".into(),
            dir: Direction::Desc,
        };
        let text = cursor.encode();
        assert!(text.starts_with("hq_") && text.len() <= 255);
        assert_eq!(PackedCursor::decode(&text), Some(cursor));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in ["", "hq_", "evt_1", "hq_%%%", "hq_e30", "hq_bnVsbA"] {
            assert_eq!(PackedCursor::decode(text), None, "{text}");
        }
    }
}
