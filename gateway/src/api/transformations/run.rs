//! Trying a transformation out. Nothing of it is stored.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::super::call::{Call, Reply, text};
use super::super::error::ApiError;
use super::super::payload::Payload;
use super::super::render::{self, View, find};
use crate::query;
use crate::transform::{TransformRun, TransformedRequest};

/// What a run needs, gathered in one read.
struct Input {
    code: String,
    env: Value,
    request: Value,
    connection: Value,
    request_id: Option<String>,
}

/// Runs the code given, or a stored transformation, on the request given, or on that of an event. Code
/// that fails is an answer like any other, with the level `fatal` and no request.
pub(in crate::api) async fn run(call: Call) -> Reply {
    let view = View::of(&call.project);
    let project = call.project.clone();
    let transformation_id = text(&call.body, "transformation_id").map(str::to_owned);
    let input = project
        .read(move |conn| input(conn, &view, &call.body))
        .await?;
    let run = TransformRun {
        code: input.code,
        env: input.env.to_string(),
        request: input.request.to_string(),
        context: json!({ "connection": input.connection }).to_string(),
        now: project.clock().now(),
        seed: project.ids().number(),
    };
    let outcome = project
        .services()
        .runner
        .run(run)
        .await
        .ok_or_else(|| ApiError::Internal("the gateway is shutting down".into()))?;
    let console: Value = outcome.console.iter().map(|line| line.shown()).collect();
    let mut output = json!({
        "request_id": input.request_id,
        "transformation_id": transformation_id,
        "execution_id": null,
        "log_level": outcome.log_level,
        "console": console,
    });
    if let Some(request) = outcome.request {
        output["request"] = shown(&input.request, request);
    }
    Ok(output)
}

fn input(conn: &Connection, view: &View, body: &Value) -> Result<Input, ApiError> {
    let (code, stored_env) = match (text(body, "code"), text(body, "transformation_id")) {
        (Some(code), _) => (code.to_owned(), json!({})),
        (None, Some(id)) => find(
            conn,
            "SELECT coalesce(code, '') AS code, env FROM transformations WHERE id = ?",
            id,
            |row| Ok((row.get(0)?, render::stored_json(row, "env")?)),
        )?
        .ok_or_else(|| ApiError::not_found(id))?,
        (None, None) => {
            return Err(ApiError::invalid(
                "value must contain at least one of [code, transformation_id]",
            ));
        }
    };
    let (request, request_id) = match (body.get("request"), text(body, "event_id")) {
        (Some(request @ Value::Object(_)), _) => (given(request), None),
        (_, Some(id)) => of_event(conn, id)?,
        _ => {
            return Err(ApiError::invalid(
                "value must contain at least one of [request, event_id]",
            ));
        }
    };
    let connection = match text(body, "webhook_id") {
        Some(id) => find(
            conn,
            "SELECT * FROM connections WHERE id = ? AND deleted_at IS NULL",
            id,
            |row| render::connection(conn, view, row),
        )?
        .ok_or_else(|| ApiError::not_found(id))?,
        None => Value::Null,
    };
    Ok(Input {
        code,
        env: body.get("env").cloned().unwrap_or(stored_env),
        request,
        connection,
        request_id,
    })
}

/// The request of the body, completed to what a rule would hand over.
fn given(request: &Value) -> Value {
    let query = text(request, "query").unwrap_or_default();
    let parsed = request.get("parsed_query").cloned();
    json!({
        "headers": request["headers"],
        "body": request.get("body").cloned().unwrap_or(Value::Null),
        "path": text(request, "path").unwrap_or_default(),
        "query": query,
        "parsed_query": parsed.unwrap_or_else(|| parse(query)),
    })
}

fn parse(text: &str) -> Value {
    query::parse(text).unwrap_or_else(|_| Value::Object(Map::new()))
}

/// The request an event came of, before any transformation, and its id.
fn of_event(conn: &Connection, id: &str) -> Result<(Value, Option<String>), ApiError> {
    let (request_id, payload_id): (String, String) = find(
        conn,
        "SELECT r.id, r.payload_id FROM events e JOIN requests r ON r.id = e.request_id WHERE e.id = ?",
        id,
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?
    .ok_or_else(|| ApiError::not_found(id))?;
    let payload =
        Payload::load(conn, &payload_id)?.ok_or_else(|| ApiError::not_found(&payload_id))?;
    let mut request = payload.shown();
    if let Some(request) = request.as_object_mut() {
        request.remove("is_large_payload");
    }
    Ok((request, Some(request_id)))
}

/// The request after the run; what the code left out is as before.
fn shown(before: &Value, after: TransformedRequest) -> Value {
    let old = |name: &str| text(before, name).unwrap_or_default().to_owned();
    let query = after.query.unwrap_or_else(|| old("query"));
    let body = match after
        .body
        .map_or_else(|| before["body"].clone(), |body| body.value)
    {
        body @ (Value::Object(_) | Value::String(_) | Value::Null) => body,
        other => Value::from(other.to_string()),
    };
    json!({
        "headers": after.headers,
        "path": after.path.unwrap_or_else(|| old("path")),
        "parsed_query": parse(&query),
        "query": query,
        "body": body,
    })
}
