//! A gateway with a manual clock, and ways past the API into its store.

use std::sync::Arc;

use hookdeck::types::Timestamp;
use hookdeck_testkit::{Api, START};
use rusqlite::types::Value as Column;
use serde_json::{Value, json};

use crate::project::Project;
use crate::store::StoreError;
use crate::{Gateway, GatewayBuilder};

/// Microseconds at `seconds` after the start.
pub(super) fn at(seconds: i64) -> i64 {
    (START + seconds) * 1_000_000
}

// The testkit's own is of another build of this crate.
pub(super) fn manual() -> GatewayBuilder {
    Gateway::builder()
        .seed(1)
        .manual_clock(Timestamp::from_unix_seconds(START))
}

pub(super) fn api(gateway: &Gateway) -> Api {
    Api::at(gateway.api_url(), gateway.api_key())
}

pub(super) fn project(gateway: &Gateway) -> Arc<Project> {
    gateway.projects().next().unwrap().clone()
}

/// Writes into the store past everything that would refuse it.
pub(super) async fn execute(gateway: &Gateway, sql: &str) {
    let (project, sql) = (project(gateway), sql.to_owned());
    let written = project
        .engine
        .store()
        .write(move |tx| Ok::<_, StoreError>(tx.execute_batch(&sql)?));
    written.await.unwrap();
}

/// The only row of a query, as JSON values.
pub(super) async fn row(gateway: &Gateway, sql: &str) -> Vec<Value> {
    let (project, sql) = (project(gateway), sql.to_owned());
    let read = project.engine.store().read(move |conn| {
        let mut statement = conn.prepare(&sql)?;
        let columns = statement.column_count();
        let row = statement.query_row([], |row| {
            (0..columns)
                .map(|index| {
                    Ok(match row.get(index)? {
                        Column::Integer(number) => json!(number),
                        Column::Text(text) => json!(text),
                        _ => Value::Null,
                    })
                })
                .collect()
        })?;
        Ok::<_, StoreError>(row)
    });
    read.await.unwrap()
}
