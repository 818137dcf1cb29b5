//! What generated filters say about the rows of their lists.

/// A filter whose rows can be chosen by when they were created.
pub trait Timed: crate::query::Filter {
    /// When a row was created.
    fn created_at(item: &Self::Item) -> crate::types::Timestamp;
}
