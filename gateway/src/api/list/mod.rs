//! One engine for every list: filters, order, keyset pages and counts.
//!
//! Pages are cut by the sort keys and the place in the order of adding of their boundary rows, not by
//! offsets. So a page costs the same anywhere in the list, and rows added or removed while a client walks
//! neither repeat nor hide others.

mod cursor;
mod filter;
mod lag;
mod order;
mod page;

pub(crate) use cursor::CursorStyle;
pub(crate) use filter::{Conditions, FieldKind, FilterField, truthy};
pub(crate) use order::{Direction, SortKey};
#[cfg(test)]
pub(crate) use page::plan;
pub(crate) use page::{Page, PageRequest, count, page};

/// A list: where its rows come from and how it may be ordered.
#[derive(Debug)]
pub(crate) struct Listing {
    /// What follows FROM.
    pub(crate) from: &'static str,
    /// The columns a row is rendered from.
    pub(crate) columns: &'static str,
    /// The id column.
    pub(crate) id: &'static str,
    /// The column that counts rows in the order they were added, which decides between equal sort keys.
    pub(crate) seq: &'static str,
    /// Parameters that filter by a column.
    pub(crate) fields: &'static [FilterField],
    /// The sort keys a client may name; the first is the default.
    pub(crate) orders: &'static [SortKey],
    /// The direction when none is asked for.
    pub(crate) direction: Direction,
    /// Models on a page when no limit is asked for.
    pub(crate) limit: usize,
    /// How cursors look.
    pub(crate) cursor: CursorStyle,
}
