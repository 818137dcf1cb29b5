//! Cutting a page out of a list.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use serde_json::{Value, json};

use super::Listing;
use super::cursor::{CursorPosition, CursorStyle, PackedCursor};
use super::filter::Conditions;
use super::order::{Direction, SortOrder};
use crate::api::error::ApiError;

/// The largest page.
const MAX_LIMIT: usize = 255;

/// Which page a call asks for.
#[derive(Clone, Debug)]
pub(crate) struct PageRequest {
    sorting: SortOrder,
    limit: usize,
    from: PageStart,
}

#[derive(Clone, Debug)]
enum PageStart {
    Start,
    After(String),
    Before(String),
}

/// A page of rendered rows.
#[derive(Debug)]
pub(crate) struct Page {
    request: PageRequest,
    models: Vec<Value>,
    next: Option<String>,
    prev: Option<String>,
}

impl PageRequest {
    /// Reads `order_by`, `dir`, `limit`, `next` and `prev`. With both cursors, `next` wins.
    pub(crate) fn read(listing: &Listing, query: &Value) -> Result<Self, ApiError> {
        let limit = match query.get("limit") {
            None => listing.limit,
            Some(value) => value
                .as_u64()
                .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
                .and_then(|limit| usize::try_from(limit).ok())
                .ok_or_else(|| ApiError::invalid("limit must be a number"))?,
        };
        if limit > MAX_LIMIT {
            return Err(ApiError::invalid(format!(
                "limit must be less than or equal to {MAX_LIMIT}"
            )));
        }
        let text = |name: &str| {
            query
                .get(name)
                .and_then(Value::as_str)
                .filter(|cursor| !cursor.is_empty())
                .map(str::to_owned)
        };
        let from = match (text("next"), text("prev")) {
            (Some(cursor), _) => PageStart::After(cursor),
            (None, Some(cursor)) => PageStart::Before(cursor),
            (None, None) => PageStart::Start,
        };
        Ok(Self {
            sorting: SortOrder::read(listing, query)?,
            limit,
            from,
        })
    }
}

impl Page {
    /// The reply.
    pub(crate) fn into_json(self) -> Value {
        let mut pagination = json!({
            "order_by": self.request.sorting.order_by,
            "dir": self.request.sorting.dir,
            "limit": self.request.limit,
        });
        // A page without a neighbour has no key for it, rather than a null.
        if let Some(next) = self.next {
            pagination["next"] = Value::from(next);
        }
        if let Some(prev) = self.prev {
            pagination["prev"] = Value::from(prev);
        }
        json!({
            "pagination": pagination,
            "count": self.models.len(),
            "models": self.models,
        })
    }
}

/// How many rows fit `conditions`.
pub(crate) fn count(
    conn: &Connection,
    listing: &Listing,
    conditions: &Conditions,
) -> Result<i64, ApiError> {
    let sql = format!(
        "SELECT count(*) FROM {} WHERE {}",
        listing.from,
        conditions.clause()
    );
    Ok(conn
        .prepare_cached(&sql)?
        .query_row(params_from_iter(conditions.binds()), |row| row.get(0))?)
}

/// Cuts the page that `request` asks for out of the rows that fit `conditions`.
///
/// `render` turns a row into a model, or into nothing if a filter that SQL cannot express turns
/// it down; the page is filled up with the rows behind it. `every_row_fits` says that `render`
/// never does that, which lets the database stop early.
pub(crate) fn page(
    conn: &Connection,
    listing: &Listing,
    request: PageRequest,
    conditions: Conditions,
    every_row_fits: bool,
    mut render: impl FnMut(&Row<'_>) -> Result<Option<Value>, ApiError>,
) -> Result<Page, ApiError> {
    let sorting = &request.sorting;
    let backwards = matches!(request.from, PageStart::Before(_));
    let start = match &request.from {
        PageStart::Start => None,
        PageStart::After(cursor) | PageStart::Before(cursor) => {
            Some(place_of(conn, listing, sorting, cursor)?)
        }
    };
    if request.limit == 0 {
        return Ok(Page {
            request,
            models: Vec::new(),
            next: None,
            prev: None,
        });
    }

    let (sql, binds) = select(
        listing,
        &request,
        conditions,
        start,
        every_row_fits.then_some(request.limit + 1),
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(&binds))?;
    let mut found: Vec<(CursorPosition, Value)> = Vec::new();
    let mut more = false;
    while let Some(row) = rows.next()? {
        let Some(model) = render(row)? else { continue };
        if found.len() == request.limit {
            more = true;
            break;
        }
        let mut keys = Vec::with_capacity(sorting.keys.len());
        for index in 0..sorting.keys.len() {
            keys.push(row.get::<_, Sql>(format!("sort.{index}").as_str())?);
        }
        let (id, seq) = (row.get("sort.id")?, row.get("sort.seq")?);
        found.push((CursorPosition { keys, id, seq }, model));
    }
    if backwards {
        found.reverse();
    }

    let (has_next, has_prev) = match request.from {
        PageStart::Start => (more, false),
        PageStart::After(_) => (more, true),
        PageStart::Before(_) => (true, more),
    };
    let at = |found: Option<&(CursorPosition, Value)>| {
        found.map(|(place, _)| place.cursor(listing.cursor, sorting))
    };
    let next = at(found.last()).filter(|_| has_next);
    let prev = at(found.first()).filter(|_| has_prev);
    Ok(Page {
        models: found.into_iter().map(|(_, model)| model).collect(),
        request,
        next,
        prev,
    })
}

/// The query for the rows of a page, from its start on, at most `rows` of them.
fn select(
    listing: &Listing,
    request: &PageRequest,
    mut conditions: Conditions,
    start: Option<CursorPosition>,
    rows: Option<usize>,
) -> (String, Vec<Sql>) {
    let sorting = &request.sorting;
    let backwards = matches!(request.from, PageStart::Before(_));
    let walk = |dir: Direction| if backwards { dir.reversed() } else { dir };
    let mut terms: Vec<(&str, Direction)> = sorting
        .keys
        .iter()
        .map(|(order, dir)| (order.sql, walk(*dir)))
        .collect();
    // An id as a sort key decides already; named twice, it would cost the database a sort.
    let by_id = terms.iter().any(|(sql, _)| *sql == listing.id);
    if !by_id {
        terms.push((listing.seq, walk(sorting.last_direction())));
    }
    if let Some(place) = start {
        let mut values = place.keys;
        if !by_id {
            values.push(Sql::from(place.seq));
        }
        let (sql, binds) = beyond(&terms, &values);
        conditions.push(sql, binds);
    }
    let selected: Vec<String> = sorting
        .keys
        .iter()
        .enumerate()
        .map(|(index, (order, _))| format!("{} AS \"sort.{index}\"", order.sql))
        .collect();
    let ordered: Vec<String> = terms
        .iter()
        .map(|(sql, dir)| format!("{sql} {}", dir.name()))
        .collect();
    let mut sql = format!(
        "SELECT {}, {}, {} AS \"sort.id\", {} AS \"sort.seq\" FROM {} WHERE {} ORDER BY {}",
        listing.columns,
        selected.join(", "),
        listing.id,
        listing.seq,
        listing.from,
        conditions.clause(),
        ordered.join(", "),
    );
    if let Some(rows) = rows {
        sql.push_str(&format!(" LIMIT {rows}"));
    }
    (sql, conditions.binds().to_vec())
}

/// Where a cursor points.
fn place_of(
    conn: &Connection,
    listing: &Listing,
    sorting: &SortOrder,
    cursor: &str,
) -> Result<CursorPosition, ApiError> {
    let unknown = || ApiError::invalid("the page cursor is not one of this list");
    if listing.cursor == CursorStyle::Packed {
        let packed = PackedCursor::decode(cursor).ok_or_else(unknown)?;
        let (by, dir) = sorting.keys[0];
        if packed.dir != dir || packed.by != by.name {
            return Err(ApiError::invalid(
                "the page cursor belongs to another order",
            ));
        }
        return Ok(CursorPosition {
            keys: vec![Sql::from(packed.at)],
            id: packed.id,
            seq: packed.seq,
        });
    }
    if let Some(place) = CursorPosition::read(cursor, sorting) {
        return place.map_err(|_| ApiError::invalid("the page cursor belongs to another order"));
    }
    let keys: Vec<&str> = sorting.keys.iter().map(|(order, _)| order.sql).collect();
    // In a list by id the cursor says it all, even if its row is gone.
    if keys == [listing.id] {
        return Ok(CursorPosition {
            keys: vec![Sql::from(cursor.to_owned())],
            id: cursor.to_owned(),
            seq: 0,
        });
    }
    let sql = format!(
        "SELECT {}, {} AS \"sort.seq\" FROM {} WHERE {} = ?",
        keys.join(", "),
        listing.seq,
        listing.from,
        listing.id
    );
    let (keys, seq) = conn
        .prepare_cached(&sql)?
        .query_row([cursor], |row| {
            let keys = (0..keys.len()).map(|index| row.get(index));
            Ok((keys.collect::<Result<_, _>>()?, row.get("sort.seq")?))
        })
        .optional()?
        .ok_or_else(unknown)?;
    Ok(CursorPosition {
        keys,
        id: cursor.to_owned(),
        seq,
    })
}

/// The condition that a row stands beyond `values` in the order of `terms`.
fn beyond(terms: &[(&str, Direction)], values: &[Sql]) -> (String, Vec<Sql>) {
    let same = terms.iter().all(|(_, dir)| *dir == terms[0].1);
    if same {
        // One comparison of row values, which an index on the terms serves as it stands.
        let columns: Vec<&str> = terms.iter().map(|(sql, _)| *sql).collect();
        let marks = vec!["?"; terms.len()].join(", ");
        let sql = format!("({}) {} ({marks})", columns.join(", "), terms[0].1.beyond());
        return (sql, values.to_vec());
    }
    let mut alternatives = Vec::new();
    let mut binds = Vec::new();
    for last in 0..terms.len() {
        let mut parts: Vec<String> = Vec::new();
        for (index, (sql, dir)) in terms.iter().enumerate().take(last + 1) {
            let sign = if index == last { dir.beyond() } else { "=" };
            parts.push(format!("{sql} {sign} ?"));
            binds.push(values[index].clone());
        }
        alternatives.push(format!("({})", parts.join(" AND ")));
    }
    (format!("({})", alternatives.join(" OR ")), binds)
}

/// How the database goes about the second page of a list: the lines of its plan.
#[cfg(test)]
pub(crate) fn plan(
    conn: &Connection,
    listing: &Listing,
    query: &Value,
    conditions: Conditions,
) -> Vec<String> {
    let mut request = PageRequest::read(listing, query).unwrap();
    request.from = PageStart::After(String::new());
    let start = CursorPosition {
        keys: vec![Sql::from(0); request.sorting.keys.len()],
        id: String::new(),
        seq: 0,
    };
    let (sql, binds) = select(listing, &request, conditions, Some(start), Some(2));
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let lines = statement.query_map(params_from_iter(&binds), |row| row.get("detail"));
    lines.unwrap().collect::<Result<_, _>>().unwrap()
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
