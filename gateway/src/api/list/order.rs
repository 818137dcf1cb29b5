//! The order of a list: one sort key or two, and the order of adding to decide between equals.

use serde_json::Value;

use super::Listing;
use crate::api::error::ApiError;

/// Which end of the order comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Smallest first.
    Asc,
    /// Largest first.
    Desc,
}

impl Direction {
    /// Reads `asc` or `desc`, in either case.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("asc") {
            Some(Self::Asc)
        } else if text.eq_ignore_ascii_case("desc") {
            Some(Self::Desc)
        } else {
            None
        }
    }

    /// The name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Asc => "asc",
            Self::Desc => "desc",
        }
    }

    /// The other direction.
    pub(crate) fn reversed(self) -> Self {
        match self {
            Self::Asc => Self::Desc,
            Self::Desc => Self::Asc,
        }
    }

    /// The comparison that holds for rows further on.
    pub(super) fn beyond(self) -> &'static str {
        match self {
            Self::Asc => ">",
            Self::Desc => "<",
        }
    }
}

/// A sort key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SortKey {
    /// Its name on the wire.
    pub(crate) name: &'static str,
    /// The column or expression. It must never be null: no comparison with null holds, so rows without a
    /// key would be on the first page and lost to the ones behind it.
    pub(crate) sql: &'static str,
}

impl SortKey {
    /// A sort key.
    pub(crate) const fn new(name: &'static str, sql: &'static str) -> Self {
        Self { name, sql }
    }
}

/// The order one call asks for.
#[derive(Clone, Debug)]
pub(super) struct SortOrder {
    /// Sort keys with their directions, one or two.
    pub(super) keys: Vec<(SortKey, Direction)>,
    /// `order_by` as the reply repeats it.
    pub(super) order_by: Value,
    /// `dir` as the reply repeats it.
    pub(super) dir: Value,
}

impl SortOrder {
    /// Reads `order_by` and `dir`.
    pub(super) fn read(listing: &Listing, query: &Value) -> Result<Self, ApiError> {
        let names = query
            .get("order_by")
            .cloned()
            .unwrap_or_else(|| Value::from(listing.orders[0].name));
        let dirs = query
            .get("dir")
            .cloned()
            .unwrap_or_else(|| Value::from(listing.direction.name()));
        let mut keys = Vec::new();
        for (index, name) in each(&names).enumerate() {
            let order = listing
                .orders
                .iter()
                .find(|order| Some(order.name) == name.as_str())
                .ok_or_else(|| one_of(listing))?;
            // One direction serves both keys; a missing second one is the first again.
            let dir = each(&dirs).nth(index).or_else(|| each(&dirs).last());
            let dir = dir
                .and_then(Value::as_str)
                .and_then(Direction::parse)
                .ok_or_else(|| ApiError::invalid("dir must be one of [asc, desc]"))?;
            // A key named twice orders nothing more.
            if !keys
                .iter()
                .any(|(o, _): &(SortKey, _)| o.name == order.name)
            {
                keys.push((*order, dir));
            }
        }
        if keys.is_empty() {
            return Err(one_of(listing));
        }
        Ok(Self {
            keys,
            order_by: names,
            dir: dirs,
        })
    }

    /// Whether a row keeps its place for good: whatever else changes, when it was created and what
    /// it is called by do not.
    pub(super) fn is_lasting(&self) -> bool {
        self.keys.iter().all(|(order, _)| {
            matches!(order.name, "id" | "ingested_at") || order.name.ends_with("created_at")
        })
    }

    /// The sort keys with their directions, as cursors remember them.
    pub(super) fn terms(&self) -> Vec<String> {
        let term = |(order, dir): &(SortKey, Direction)| format!("{} {}", order.name, dir.name());
        self.keys.iter().map(term).collect()
    }

    /// The direction that decides between rows with equal keys.
    pub(super) fn last_direction(&self) -> Direction {
        self.keys.last().map_or(Direction::Desc, |(_, dir)| *dir)
    }
}

fn each(value: &Value) -> std::slice::Iter<'_, Value> {
    match value {
        Value::Array(items) => items.iter(),
        single => std::slice::from_ref(single).iter(),
    }
}

fn one_of(listing: &Listing) -> ApiError {
    let names: Vec<_> = listing.orders.iter().map(|order| order.name).collect();
    ApiError::invalid(format!("order_by must be one of [{}]", names.join(", ")))
}
