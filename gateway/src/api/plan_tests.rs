//! A page must cost the same in a short list and in a long one. So the database has to walk an
//! index in the list's order; it must neither sort nor look at rows off the page.

use serde_json::{Value, json};

use super::list::{Conditions, Listing, plan};
use super::named::Named;
use super::{
    attempts, bookmarks, connections, events, integrations, issue_triggers, issues, requests,
    transformations,
};
use crate::store::{Store, StoreError};

async fn plan_of(listing: &'static Listing, query: Value) -> Vec<String> {
    let store = Store::ephemeral().unwrap();
    let lines: Result<Vec<String>, StoreError> = store
        .read(move |conn| {
            let mut conditions = Conditions::new();
            if matches!(listing.from, "sources" | "destinations") {
                conditions.push("deleted_at IS NULL", []);
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
            Named::Source.listing(),
            &[
                json!({}),
                json!({ "order_by": "updated_at" }),
                json!({ "order_by": "name" }),
            ],
        ),
        (
            Named::Destination.listing(),
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
            ],
        ),
        (
            &requests::LISTING,
            &[
                json!({}),
                json!({ "order_by": "ingested_at" }),
                json!({ "source_id": "src_1" }),
                json!({ "rejection_cause": "NO_CONNECTION" }),
            ],
        ),
        (&attempts::LISTING, &[json!({})]),
        (&requests::IGNORED, &[json!({})]),
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
        (&bookmarks::LISTING, &[json!({})]),
        (&integrations::LISTING, &[json!({})]),
    ];
    for (listing, queries) in cases {
        for query in *queries {
            let lines = plan_of(listing, query.clone()).await;
            for line in &lines {
                let sorts = line.contains("TEMP B-TREE");
                let scans = line.starts_with("SCAN") && !line.contains("INDEX");
                assert!(!sorts && !scans, "{} {query}: {lines:?}", listing.from);
            }
        }
    }
}
