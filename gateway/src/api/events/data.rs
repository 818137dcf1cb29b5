//! `data` of an event: the request as it goes to the destination.

use rusqlite::{Connection, Row};
use serde_json::{Map, Value, json};

use crate::api::error::ApiError;
use crate::api::payload::Payload;
use crate::api::render::{RenderContext, find};
use crate::delivery::outgoing;
use crate::events::attempt::ClaimedEvent;
use crate::wire::AttemptTrigger;

/// The data of an event as its latest attempt sent it, or as its first one will. Credentials of
/// the destination are not part of it.
pub(super) fn data(
    conn: &Connection,
    view: &RenderContext,
    event_id: &str,
) -> Result<Value, ApiError> {
    let found = find(
        conn,
        "SELECT e.*, c.name AS connection_name, c.rules, s.name AS source_name,
                d.name AS destination_name, d.type AS destination_type,
                d.config AS destination_config, r.verified, p.method, p.path, p.query, p.headers,
                p.body,
                (SELECT json_extract(t.settings, '$.headers_prefix') FROM projects t
                 JOIN meta m ON m.value = t.id WHERE m.key = 'team_id') AS headers_prefix,
                (SELECT a.\"trigger\" FROM attempts a
                 WHERE a.event_id = e.id ORDER BY a.attempt_number DESC LIMIT 1) AS last_trigger
         FROM events e
         JOIN connections c ON c.id = e.connection_id
         JOIN sources s ON s.id = e.source_id
         JOIN destinations d ON d.id = e.destination_id
         JOIN requests r ON r.id = e.request_id
         JOIN payloads p ON p.id = e.payload_id
         WHERE e.id = ?",
        event_id,
        |row| Ok((claim_of(row)?, row.get::<_, String>("payload_id")?)),
    )?;
    let Some((claim, payload_id)) = found else {
        return Ok(Value::Null);
    };
    let Some(payload) = Payload::load(conn, &payload_id)? else {
        return Ok(Value::Null);
    };
    let mut data = payload.shown();
    // What cannot be sent is shown as it was received.
    match outgoing(&claim, &view.settings, None) {
        Ok(sent) => {
            let headers: Map<String, Value> = sent
                .headers
                .iter()
                .map(|(name, value)| {
                    let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                    (name.to_string(), Value::from(value))
                })
                .collect();
            data["url"] = Value::from(sent.shown_url);
            data["method"] = Value::from(sent.method.as_str());
            data["headers"] = Value::Object(headers);
            data["appended_headers"] = json!(sent.appended);
        }
        Err(_) => {
            data["url"] = Value::from("");
            data["method"] = Value::from(claim.method);
            data["appended_headers"] = json!([]);
        }
    }
    Ok(data)
}

fn claim_of(row: &Row<'_>) -> Result<ClaimedEvent, ApiError> {
    let attempts: i64 = row.get("attempts")?;
    let trigger: Option<AttemptTrigger> = row.get("last_trigger")?;
    Ok(ClaimedEvent {
        event_id: row.get("id")?,
        request_id: row.get("request_id")?,
        connection_id: row.get("connection_id")?,
        connection_name: row.get("connection_name")?,
        rules: row.get("rules")?,
        headers_prefix: row.get("headers_prefix")?,
        source_name: row.get("source_name")?,
        destination_id: row.get("destination_id")?,
        destination_name: row.get("destination_name")?,
        destination_type: row.get("destination_type")?,
        destination_config: row.get("destination_config")?,
        verified: row.get("verified")?,
        method: row.get("method")?,
        path: row.get("path")?,
        query: row.get("query")?,
        headers: row.get("headers")?,
        body: row.get("body")?,
        // The attempt count among the headers is one more than the attempts before.
        attempts: attempts.saturating_sub(1).max(0),
        automatic_count: row.get("automatic_count")?,
        trigger: trigger.unwrap_or(AttemptTrigger::Initial),
        due_at: row.get("created_at")?,
        due_version: row.get("due_version")?,
        bulk_retry_id: row.get("bulk_retry_id")?,
        first_attempt_at: None,
        cli_id: row.get("cli_id")?,
        client_awaited_until: None,
    })
}
