//! A page must cost the same in a short list and in a long one. So the database has to walk an
//! index in the list's order; it must neither sort nor look at rows off the page.

use serde_json::{Value, json};

use super::list::{Conditions, Listing, plan};
use super::named::NamedResource;
use super::{
    attempts, bookmarks, bulk, connections, events, integrations, issue_triggers, issues, requests,
    transformations,
};
use crate::store::{Store, StoreError};

/// Every list that comes in pages.
fn listings() -> [&'static Listing; 14] {
    [
        NamedResource::Source.listing(),
        NamedResource::Destination.listing(),
        &connections::LISTING,
        &events::LISTING,
        &requests::LISTING,
        &requests::IGNORED,
        &attempts::LISTING,
        &bulk::LISTING,
        &transformations::LISTING,
        &transformations::EXECUTIONS,
        &issues::LISTING,
        &issue_triggers::LISTING,
        &bookmarks::LISTING,
        &integrations::LISTING,
    ]
}

async fn plan_of(listing: &'static Listing, query: Value) -> Vec<String> {
    let store = Store::ephemeral().unwrap();
    let lines: Result<Vec<String>, StoreError> = store
        .read(move |conn| {
            let mut conditions = Conditions::new();
            // What the call puts in beside the client's own filters.
            match listing.from {
                "sources" | "destinations" => conditions.push("deleted_at IS NULL", []),
                "connections" => conditions.push("c.deleted_at IS NULL", []),
                "bulk_jobs" => conditions.push("kind = ?", ["events.retry".to_owned().into()]),
                "executions" => {
                    conditions.push("transformation_id = ?", ["trs_1".to_owned().into()]);
                }
                "ignored_events" => {
                    conditions.push("request_id = ?", ["req_1".to_owned().into()]);
                }
                _ => {}
            }
            conditions.fields(listing.fields, &query).unwrap();
            Ok(plan(conn, listing, &query, conditions))
        })
        .await;
    lines.unwrap()
}

#[tokio::test]
async fn every_default_order_and_common_filter_walks_an_index() {
    let cases: &[(&Listing, &[Value])] = &[
        (
            NamedResource::Source.listing(),
            &[
                json!({}),
                json!({ "order_by": "updated_at" }),
                json!({ "order_by": "name" }),
            ],
        ),
        (
            NamedResource::Destination.listing(),
            &[
                json!({}),
                json!({ "order_by": "updated_at" }),
                json!({ "order_by": "name" }),
            ],
        ),
        (
            &connections::LISTING,
            &[
                json!({}),
                json!({ "source_id": "src_1" }),
                json!({ "destination_id": "des_1" }),
            ],
        ),
        (
            &events::LISTING,
            &[
                json!({}),
                json!({ "dir": "asc" }),
                json!({ "webhook_id": "web_1" }),
                json!({ "source_id": "src_1" }),
                json!({ "destination_id": "des_1" }),
                json!({ "status": "FAILED" }),
                json!({ "created_at": { "gte": "2026-09-01T00:00:00Z" } }),
                json!({ "status": "FAILED", "created_at": { "gte": "2026-09-01T00:00:00Z" } }),
                json!({ "webhook_id": "web_1", "status": ["FAILED", "HOLD"] }),
                json!({ "attempts": { "gte": 2 } }),
                json!({ "response_status": 500 }),
                json!({ "error_code": "TIMEOUT" }),
                json!({ "bulk_retry_id": "bch_1" }),
                json!({ "event_data_id": "edt_1" }),
            ],
        ),
        (
            &requests::LISTING,
            &[
                json!({}),
                json!({ "order_by": "ingested_at" }),
                json!({ "source_id": "src_1" }),
                json!({ "rejection_cause": "NO_CONNECTION" }),
                json!({ "created_at": { "lt": "2026-09-01T00:00:00Z" } }),
                json!({ "ingested_at": { "gte": "2026-09-01T00:00:00Z" } }),
                json!({ "source_id": "src_1", "created_at": { "gte": "2026-09-01" } }),
                json!({ "bulk_retry_id": "bch_1" }),
                json!({ "events_count": 0 }),
            ],
        ),
        (
            &attempts::LISTING,
            &[
                json!({}),
                json!({ "dir": "asc" }),
                json!({ "event_id": "evt_1" }),
            ],
        ),
        (
            &requests::IGNORED,
            &[json!({}), json!({ "order_by": "created_at" })],
        ),
        (
            &bulk::LISTING,
            &[json!({}), json!({ "created_at": { "gte": "2026-09-01" } })],
        ),
        (&transformations::EXECUTIONS, &[json!({})]),
        (
            &transformations::LISTING,
            &[
                json!({}),
                json!({ "order_by": "updated_at" }),
                json!({ "order_by": "name" }),
            ],
        ),
        (
            &issues::LISTING,
            &[json!({}), json!({ "created_at": { "gte": "2026-09-01" } })],
        ),
        (&issue_triggers::LISTING, &[json!({})]),
        (
            &bookmarks::LISTING,
            &[json!({}), json!({ "webhook_id": "web_1" })],
        ),
        (&integrations::LISTING, &[json!({})]),
    ];
    let mut slow = Vec::new();
    for (listing, queries) in cases {
        for query in *queries {
            let lines = plan_of(listing, query.clone()).await;
            let sorts = lines.iter().any(|line| line.contains("TEMP B-TREE"));
            let scans = |line: &String| line.starts_with("SCAN") && !line.contains("INDEX");
            if sorts || lines.iter().any(scans) {
                slow.push(format!("{} {query}: {lines:?}", listing.from));
            }
        }
    }
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}

#[test]
fn no_list_sorts_by_a_column_that_may_be_null() {
    let conn = rusqlite::Connection::open_in_memory().unwrap();
    conn.execute_batch(include_str!("../store/schema.sql"))
        .unwrap();
    for listing in listings() {
        for order in listing.orders {
            // `alias.column`, where the alias is that of a joined table; the rest are expressions.
            let (alias, column) = order.sql.rsplit_once('.').unwrap_or(("", order.sql));
            let table = match alias {
                "" => listing.from,
                "c" => "connections",
                "s" => "sources",
                "d" => "destinations",
                _ => {
                    assert_eq!(order.name, "full_name", "{}", order.sql);
                    // Its parts are names that must be there, or one in place of one that is not.
                    continue;
                }
            };
            let never_null: bool = conn
                .query_row(
                    "SELECT \"notnull\" FROM pragma_table_info(?) WHERE name = ?",
                    [table, column],
                    |row| row.get(0),
                )
                .unwrap();
            assert!(never_null, "{table} by {}", order.sql);
        }
    }
}
