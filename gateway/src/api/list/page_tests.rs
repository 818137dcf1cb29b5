use std::collections::BTreeSet;

use proptest::prelude::*;
use rusqlite::params;

use super::super::{CursorStyle, FieldKind, FilterField, SortKey};
use super::*;

/// The first is one that rows keep; by `k` and `j` they may move.
const ORDERS: &[SortKey] = &[
    SortKey::new("created_at", "r.k"),
    SortKey::new("k", "r.k"),
    SortKey::new("j", "r.j"),
];

const FIELDS: &[FilterField] = &[FilterField::new("k", "r.k", FieldKind::Integer)];

const fn listing(cursor: CursorStyle) -> Listing {
    Listing {
        from: "rows r",
        columns: "r.*",
        id: "r.id",
        seq: "r.seq",
        fields: FIELDS,
        orders: ORDERS,
        direction: Direction::Desc,
        limit: 3,
        cursor,
    }
}

static BY_ID: Listing = listing(CursorStyle::Id);
static PACKED: Listing = listing(CursorStyle::Packed);

/// A table in which a deleted row stays and is hidden, as resources are.
struct Table(Connection);

impl Table {
    fn new() -> Self {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "CREATE TABLE rows (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, k INTEGER, j INTEGER, gone INTEGER DEFAULT 0)",
        )
        .unwrap();
        Self(conn)
    }

    fn insert(&self, id: &str, k: i64, j: i64) {
        self.0
            .execute(
                "INSERT OR IGNORE INTO rows (id, k, j) VALUES (?, ?, ?)",
                params![id, k, j],
            )
            .unwrap();
    }

    fn update(&self, id: &str, k: i64, j: i64) {
        self.0
            .execute(
                "UPDATE rows SET k = ?2, j = ?3 WHERE id = ?1",
                params![id, k, j],
            )
            .unwrap();
    }

    fn delete(&self, id: &str) {
        self.0
            .execute("UPDATE rows SET gone = 1 WHERE id = ?", [id])
            .unwrap();
    }

    fn page(&self, listing: &'static Listing, query: Value) -> Result<Value, ApiError> {
        let request = PageRequest::read(listing, &query)?;
        let mut conditions = Conditions::new();
        conditions.push("r.gone = 0", []);
        conditions.fields(listing.fields, &query)?;
        page(&self.0, listing, request, conditions, true, |row| {
            Ok(Some(json!(row.get::<_, String>("id")?)))
        })
        .map(Page::into_json)
    }
}

fn ids(page: &Value) -> Vec<String> {
    let models = page["models"].as_array().unwrap();
    models
        .iter()
        .map(|id| id.as_str().unwrap().to_owned())
        .collect()
}

fn five() -> Table {
    let table = Table::new();
    for (id, k) in [("a", 1), ("b", 2), ("c", 2), ("d", 3), ("e", 4)] {
        table.insert(id, k, 0);
    }
    table
}

#[test]
fn the_first_page_has_no_prev_and_the_last_no_next() {
    let table = five();
    let first = table.page(&BY_ID, json!({})).unwrap();
    assert_eq!(ids(&first), ["e", "d", "c"]);
    assert_eq!(
        first["pagination"],
        json!({ "order_by": "created_at", "dir": "desc", "limit": 3, "next": "c" })
    );
    assert_eq!(first["count"], 3);
    let last = table.page(&BY_ID, json!({ "next": "c" })).unwrap();
    assert_eq!(ids(&last), ["b", "a"]);
    assert_eq!(
        last["pagination"],
        json!({ "order_by": "created_at", "dir": "desc", "limit": 3, "prev": "b" })
    );
    let back = table.page(&BY_ID, json!({ "prev": "b" })).unwrap();
    assert_eq!(ids(&back), ["e", "d", "c"]);
    assert_eq!(back["pagination"].get("prev"), None);
    assert_eq!(back["pagination"]["next"], "c");
}

#[test]
fn a_full_last_page_has_no_next() {
    let table = five();
    let page = table.page(&BY_ID, json!({ "limit": 5 })).unwrap();
    assert_eq!(page["count"], 5);
    assert_eq!(page["pagination"].get("next"), None);
}

#[test]
fn a_cursor_whose_row_was_deleted_still_works() {
    let table = five();
    table.delete("c");
    let page = table.page(&BY_ID, json!({ "next": "c" })).unwrap();
    assert_eq!(ids(&page), ["b", "a"]);
}

#[test]
fn limits_reach_from_0_to_255() {
    let table = five();
    let none = table.page(&BY_ID, json!({ "limit": 0 })).unwrap();
    assert_eq!(
        (none["count"].as_u64(), none["models"].clone()),
        (Some(0), json!([]))
    );
    assert!(table.page(&BY_ID, json!({ "limit": 255 })).is_ok());
    assert!(matches!(
        table.page(&BY_ID, json!({ "limit": 256 })),
        Err(ApiError::Validation(messages)) if messages == ["limit must be less than or equal to 255"]
    ));
}

#[test]
fn foreign_cursors_are_refused() {
    let table = five();
    for listing in [&BY_ID, &PACKED] {
        let refused = table.page(listing, json!({ "next": "nowhere" }));
        assert!(matches!(refused, Err(ApiError::Validation(_))));
    }
    let page = table.page(&PACKED, json!({ "dir": "asc" })).unwrap();
    let next = page["pagination"]["next"].clone();
    assert!(
        table
            .page(&PACKED, json!({ "dir": "desc", "next": next }))
            .is_err()
    );
    assert!(
        table
            .page(
                &PACKED,
                json!({ "dir": "asc", "order_by": "j", "next": next })
            )
            .is_err()
    );
    let again = table
        .page(&PACKED, json!({ "dir": "asc", "next": next }))
        .unwrap();
    assert_eq!(ids(&again), ["d", "e"]);
}

#[test]
fn two_keys_may_run_in_different_directions() {
    let table = Table::new();
    for (id, k, j) in [("a", 1, 1), ("b", 1, 2), ("c", 2, 1), ("d", 2, 2)] {
        table.insert(id, k, j);
    }
    let query = json!({ "order_by": ["k", "j"], "dir": ["asc", "desc"], "limit": 3 });
    let first = table.page(&BY_ID, query.clone()).unwrap();
    assert_eq!(ids(&first), ["b", "a", "d"]);
    assert_eq!(first["pagination"]["order_by"], json!(["k", "j"]));
    assert_eq!(first["pagination"]["dir"], json!(["asc", "desc"]));
    let mut next = query;
    next["next"] = first["pagination"]["next"].clone();
    assert_eq!(ids(&table.page(&BY_ID, next).unwrap()), ["c"]);
}

#[test]
fn counting_uses_the_same_filters() {
    let table = five();
    let mut conditions = Conditions::new();
    conditions
        .fields(BY_ID.fields, &json!({ "k": { "gte": 2, "lt": 4 } }))
        .unwrap();
    assert_eq!(count(&table.0, &BY_ID, &conditions).unwrap(), 3);
}

#[test]
fn rows_turned_down_while_rendering_are_made_up_for() {
    let table = five();
    let request = PageRequest::read(&BY_ID, &json!({ "limit": 2 })).unwrap();
    let reply = page(&table.0, &BY_ID, request, Conditions::new(), false, |row| {
        let id: String = row.get("id")?;
        Ok((id != "d").then(|| json!(id)))
    })
    .unwrap()
    .into_json();
    assert_eq!(ids(&reply), ["e", "c"]);
    assert_eq!(reply["pagination"]["next"], "c");
}

/// What happens between two pages.
#[derive(Clone, Debug)]
enum Change {
    Insert(u8, i64, i64),
    /// Moves the row to another place in the order.
    Update(u8, i64, i64),
    Delete(u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (100u8..200, 0i64..4, 0i64..3).prop_map(|(id, k, j)| Change::Insert(id, k, j)),
        (0u8..200, 0i64..4, 0i64..3).prop_map(|(id, k, j)| Change::Update(id, k, j)),
        (0u8..200).prop_map(Change::Delete),
    ]
}

fn order_query() -> impl Strategy<Value = Value> {
    let dir = || prop_oneof![Just("asc"), Just("desc")];
    prop_oneof![
        dir().prop_map(|dir| json!({ "order_by": "k", "dir": dir })),
        (dir(), dir()).prop_map(|(a, b)| json!({ "order_by": ["k", "j"], "dir": [a, b] })),
    ]
}

/// Walks from one end to the other, a change before each page; gives the ids of each page.
fn walk(
    table: &Table,
    listing: &'static Listing,
    query: &Value,
    first: Value,
    link: &str,
    changes: &mut impl Iterator<Item = Change>,
) -> (Vec<Vec<String>>, Value) {
    let mut page = first;
    let mut pages = vec![ids(&page)];
    // Changes run out, so the walk ends; the bound only keeps a fault from hanging the test.
    for _ in 0..1_000 {
        match changes.next() {
            Some(Change::Insert(id, k, j)) => table.insert(&format!("r{id:03}"), k, j),
            Some(Change::Update(id, k, j)) => table.update(&format!("r{id:03}"), k, j),
            Some(Change::Delete(id)) => table.delete(&format!("r{id:03}")),
            None => {}
        }
        let Some(cursor) = page["pagination"].get(link).cloned() else {
            return (pages, page);
        };
        let mut query = query.clone();
        query[link] = cursor;
        page = table.page(listing, query).unwrap();
        pages.push(ids(&page));
    }
    panic!("the walk does not end");
}

proptest! {
    /// Whatever is inserted, moved and deleted meanwhile: a walk in either direction sees every row
    /// that was there all the time, unmoved, exactly once and in order.
    #[test]
    fn a_walk_sees_every_lasting_row_once(
        rows in proptest::collection::vec((0i64..4, 0i64..3), 0..40),
        changes in proptest::collection::vec(change(), 0..60),
        order in order_query(),
        limit in 1usize..6,
        packed in any::<bool>(),
    ) {
        let mut order = order;
        // Packed cursors hold one key: the lists that use them sort by one.
        let listing = if packed { &PACKED } else { &BY_ID };
        if packed {
            order = json!({ "dir": order["dir"].as_str().unwrap_or("asc") });
        }
        order["limit"] = json!(limit);
        let table = Table::new();
        for (index, (k, j)) in rows.iter().enumerate() {
            table.insert(&format!("r{index:03}"), *k, *j);
        }
        let touched: BTreeSet<String> = changes
            .iter()
            .filter_map(|change| match change {
                Change::Update(id, ..) | Change::Delete(id) => Some(format!("r{id:03}")),
                Change::Insert(..) => None,
            })
            .collect();
        let mut whole = order.clone();
        whole["limit"] = json!(255);
        let lasting: Vec<String> = ids(&table.page(listing, whole).unwrap())
            .into_iter()
            .filter(|id| !touched.contains(id))
            .collect();
        let initial: BTreeSet<String> = (0..rows.len()).map(|i| format!("r{i:03}")).collect();
        let seen = |pages: Vec<Vec<String>>| -> Vec<String> {
            let lasts = |id: &String| initial.contains(id) && !touched.contains(id);
            pages.into_iter().flatten().filter(lasts).collect()
        };

        let mut changes = changes.into_iter();
        let first = table.page(listing, order.clone()).unwrap();
        let (pages, last) = walk(&table, listing, &order, first, "next", &mut changes);
        prop_assert_eq!(&seen(pages), &lasting);

        let (mut pages, first) = walk(&table, listing, &order, last, "prev", &mut changes);
        pages.reverse();
        prop_assert!(first["pagination"].get("prev").is_none());
        // An empty last page has no cursor to walk back from.
        if pages.len() > 1 || lasting.is_empty() {
            prop_assert_eq!(&seen(pages), &lasting);
        }
    }
}
