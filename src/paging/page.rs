//! One page of a list.

use serde::Deserialize;

use super::cursor::{Cursor, Way};

/// One page of a list.
///
/// ```
/// use hookdeck::paging::Page;
///
/// let page: Page<u32> = serde_json::from_str(
///     r#"{"pagination": {"limit": 2, "next": "b"}, "count": 2, "models": [1, 2]}"#,
/// )?;
/// assert_eq!(page.items, [1, 2]);
/// assert_eq!(page.next.map(|cursor| cursor.to_string()).as_deref(), Some("next:b"));
/// assert_eq!(page.prev, None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "Wire<T>", bound(deserialize = "T: Deserialize<'de>"))]
#[non_exhaustive]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub items: Vec<T>,
    /// The number of rows the API says are on this page. It is not the length of the list; where
    /// the API counts that, the resource has a `count` method.
    pub count: Option<u64>,
    /// The most rows a page of this list has.
    pub limit: Option<u64>,
    /// Where the following page begins, or `None` on the last one.
    pub next: Option<Cursor>,
    /// Where the page before ends, or `None` on the first one.
    pub prev: Option<Cursor>,
}

impl<T> Page<T> {
    /// Where to go on in that direction.
    pub(crate) fn onward(&self, way: Way) -> Option<&Cursor> {
        match way {
            Way::Next => self.next.as_ref(),
            Way::Prev => self.prev.as_ref(),
        }
    }
}

#[derive(Deserialize)]
struct Wire<T> {
    pagination: Option<Pagination>,
    count: Option<u64>,
    models: Vec<T>,
}

#[derive(Default, Deserialize)]
struct Pagination {
    limit: Option<u64>,
    next: Option<String>,
    prev: Option<String>,
}

impl<T> From<Wire<T>> for Page<T> {
    fn from(wire: Wire<T>) -> Self {
        let Pagination { limit, next, prev } = wire.pagination.unwrap_or_default();
        let set = |token: Option<String>| token.filter(|token| !token.is_empty());
        Self {
            items: wire.models,
            count: wire.count,
            limit,
            next: set(next).map(Cursor::next),
            prev: set(prev).map(Cursor::prev),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_may_be_absent_null_or_empty_at_the_ends() {
        for pagination in [
            r#""pagination":{}"#,
            r#""pagination":{"next":null,"prev":""}"#,
            r#""x":1"#,
        ] {
            let page: Page<u8> =
                serde_json::from_str(&format!(r#"{{{pagination},"models":[]}}"#)).unwrap();
            assert_eq!((page.next, page.prev, page.count), (None, None, None));
        }
    }

    #[test]
    fn what_has_no_rows_at_all_is_no_page() {
        assert!(serde_json::from_str::<Page<u8>>("{}").is_err());
    }
}
