//! Which delivery group new events belong to, at destinations that group.

use rusqlite::{Connection, named_params};
use serde_json::Value;

use crate::events::group;
use crate::request::Received;
use crate::store::StoreError;

/// Groups these new events by `key`, each by its own payload, which transformations may have changed.
pub(super) fn assign(conn: &Connection, key: &str, event_ids: &[String]) -> Result<(), StoreError> {
    for id in event_ids {
        let received = conn
            .prepare_cached(
                "SELECT p.method, p.path, p.query, p.headers, p.body
                 FROM events e JOIN payloads p ON p.id = e.payload_id
                 WHERE e.id = :id",
            )?
            .query_row(named_params! { ":id": id }, |row| {
                let headers: String = row.get(3)?;
                Ok(Received::stored(
                    None,
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    serde_json::from_str(&headers).unwrap_or_default(),
                    row.get(4)?,
                ))
            })?;
        let path = if received.path.is_empty() {
            "/"
        } else {
            &received.path
        };
        let parts = group::Parts {
            headers: &Value::Object(received.headers.clone()),
            body: &received.value,
            query: &received.parsed_query,
            path: &Value::from(path),
        };
        conn.prepare_cached("UPDATE events SET delivery_group = :group WHERE id = :id")?
            .execute(named_params! { ":id": id, ":group": group::of(key, parts) })?;
    }
    Ok(())
}
