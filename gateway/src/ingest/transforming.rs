//! A transform rule applied to a request: what is run, and what comes of it in the store.

use rusqlite::{OptionalExtension, named_params};
use serde_json::{Value, json};

use super::accept::SourceConnection;
use super::rows::store_payload;
use super::transformed::rewrite;
use crate::intake::Intake;
use crate::issues;
use crate::request::ReceivedRequest;
use crate::store::StoreError;
use crate::transform::TransformRun;

/// What a transform rule makes of a request.
pub(super) enum TransformRuleOutcome {
    /// A new request, stored as this payload.
    Request(Box<ReceivedRequest>, String),
    /// None: the code failed, or there is no such transformation.
    Failed,
    /// Not known in this try.
    NotRunYet,
}

/// Runs the transformation on the request, which is stored as `payload_id`, and records the execution.
pub(super) fn transform(
    intake: &mut Intake<'_>,
    connection: &SourceConnection,
    transformation_id: &str,
    payload_id: &str,
    received: &ReceivedRequest,
) -> Result<TransformRuleOutcome, StoreError> {
    let found: Option<(String, String)> = intake
        .conn
        .prepare_cached("SELECT coalesce(code, ''), env FROM transformations WHERE id = :id")?
        .query_row(named_params! { ":id": transformation_id }, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((code, env)) = found else {
        return Ok(TransformRuleOutcome::Failed);
    };
    let run = TransformRun {
        code,
        env,
        request: shown(received),
        context: json!({ "connection": described(intake, &connection.id)? }).to_string(),
        now: intake.now,
        seed: 0,
    };
    let Some(outcome) = intake.transform(run) else {
        return Ok(TransformRuleOutcome::NotRunYet);
    };
    let rewritten = outcome.request.map(|request| rewrite(received, request));
    let transformed_id = match &rewritten {
        Some(received) => Some(store_payload(
            intake.conn,
            intake.now,
            intake.ids,
            received,
        )?),
        None => None,
    };
    let logs: Value = outcome.console.iter().map(|line| line.shown()).collect();
    let execution_id = intake.ids.execution();
    intake
        .conn
        .prepare_cached(
            "INSERT INTO executions (id, transformation_id, connection_id, payload_id, transformed_payload_id,
                 log_level, logs, created_at, updated_at)
             VALUES (:id, :transformation, :connection, :payload, :transformed, :log_level, :logs, :now, :now)",
        )?
        .execute(named_params! {
            ":id": execution_id,
            ":transformation": transformation_id,
            ":connection": connection.id,
            ":payload": payload_id,
            ":transformed": transformed_id,
            ":log_level": outcome.log_level,
            ":logs": logs.to_string(),
            ":now": intake.now,
        })?;
    issues::on_execution(
        intake.conn,
        intake.now,
        intake.ids,
        &execution_id,
        transformation_id,
        outcome.log_level,
    )?;
    Ok(match rewritten.zip(transformed_id) {
        Some((received, id)) => TransformRuleOutcome::Request(Box::new(received), id),
        None => TransformRuleOutcome::Failed,
    })
}

/// The request as the code gets it, as JSON. A body that is JSON goes in as it was sent, so that
/// its members keep their order.
fn shown(received: &ReceivedRequest) -> String {
    let body = match received.json() {
        Some(text) => text.into_owned(),
        None => received.value.to_string(),
    };
    format!(
        r#"{{"headers":{},"body":{body},"query":{},"parsed_query":{},"path":{}}}"#,
        Value::Object(received.headers.clone()),
        Value::from(received.query.as_str()),
        received.parsed_query,
        Value::from(received.path.as_str()),
    )
}

/// The connection as the code gets it: who it is and what it connects.
fn described(intake: &Intake<'_>, id: &str) -> Result<Value, StoreError> {
    let connection = intake
        .conn
        .prepare_cached(
            "SELECT c.id, c.name, c.description,
                    s.id AS source_id, s.name AS source_name, s.type AS source_type,
                    d.id AS destination_id, d.name AS destination_name, d.type AS destination_type
             FROM connections c
             JOIN sources s ON s.id = c.source_id
             JOIN destinations d ON d.id = c.destination_id
             WHERE c.id = :id",
        )?
        .query_row(named_params! { ":id": id }, |row| {
            Ok(json!({
                "id": row.get::<_, String>("id")?,
                "name": row.get::<_, Option<String>>("name")?,
                "description": row.get::<_, Option<String>>("description")?,
                "source": {
                    "id": row.get::<_, String>("source_id")?,
                    "name": row.get::<_, String>("source_name")?,
                    "type": row.get::<_, String>("source_type")?,
                },
                "destination": {
                    "id": row.get::<_, String>("destination_id")?,
                    "name": row.get::<_, String>("destination_name")?,
                    "type": row.get::<_, String>("destination_type")?,
                },
            }))
        })?;
    Ok(connection)
}
