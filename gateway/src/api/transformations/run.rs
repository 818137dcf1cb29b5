//! Trying a transformation out. Nothing of it is stored.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::super::call::{ApiCall, ApiResult, text};
use super::super::error::ApiError;
use super::super::payload::{Payload, RequestText};
use super::super::render::{self, RenderContext, find};
use crate::json::{self, Ordered};
use crate::query;
use crate::transform::{TransformRun, TransformedRequest};

/// What a run needs, gathered in one read.
struct RunInput {
    code: String,
    env: String,
    request: RequestText,
    connection: Value,
    request_id: Option<String>,
}

/// Runs the code given, or a stored transformation, on the request given, or on that of an event. Code
/// that fails is an answer like any other, with the level `fatal` and no request.
pub(in crate::api) async fn run(call: ApiCall) -> ApiResult {
    let view = RenderContext::of(&call.project);
    let project = call.project.clone();
    let transformation_id = text(&call.body, "transformation_id").map(str::to_owned);
    let input = project
        .read(move |conn| input(conn, &view, &call.body, &call.ordered_body()))
        .await?;
    let run = TransformRun {
        code: input.code,
        env: input.env,
        request: input.request.to_json(),
        context: json::write(&json!({ "connection": input.connection })),
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

/// `sent` is the body with its members in order: code may go through them.
fn input(
    conn: &Connection,
    view: &RenderContext,
    body: &Value,
    sent: &Ordered,
) -> Result<RunInput, ApiError> {
    let (code, stored_env) = match (text(body, "code"), text(body, "transformation_id")) {
        (Some(code), _) => (code.to_owned(), "{}".to_owned()),
        (None, Some(id)) => find(
            conn,
            "SELECT coalesce(code, '') AS code, env FROM transformations WHERE id = ?",
            id,
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?
        .ok_or_else(|| ApiError::not_found(id))?,
        (None, None) => {
            return Err(ApiError::invalid(
                "value must contain at least one of [code, transformation_id]",
            ));
        }
    };
    let (request, request_id) = match (body.get("request"), text(body, "event_id")) {
        (Some(request @ Value::Object(_)), _) => (given(request, sent.get("request")), None),
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
    Ok(RunInput {
        code,
        env: super::env_of(sent).unwrap_or(stored_env),
        request,
        connection,
        request_id,
    })
}

/// The request of the body, completed to what a rule would hand over.
fn given(request: &Value, sent: Option<&Ordered>) -> RequestText {
    let query = text(request, "query").unwrap_or_default();
    let sent = |name: &str| sent.and_then(|sent| sent.get(name)).map(Ordered::to_string);
    RequestText {
        headers: request["headers"].clone(),
        body: sent("body").unwrap_or_else(|| "null".to_owned()),
        path: text(request, "path").unwrap_or_default().to_owned(),
        query: query.to_owned(),
        parsed_query: sent("parsed_query").unwrap_or_else(|| parse(query).to_string()),
    }
}

fn parse(text: &str) -> Value {
    query::parse(text).unwrap_or_else(|_| Value::Object(Map::new()))
}

/// The request an event came of, before any transformation, and its id.
fn of_event(conn: &Connection, id: &str) -> Result<(RequestText, Option<String>), ApiError> {
    let (request_id, payload_id): (String, String) = find(
        conn,
        "SELECT r.id, r.payload_id FROM events e JOIN requests r ON r.id = e.request_id WHERE e.id = ?",
        id,
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?
    .ok_or_else(|| ApiError::not_found(id))?;
    let payload =
        Payload::load(conn, &payload_id)?.ok_or_else(|| ApiError::not_found(&payload_id))?;
    Ok((payload.as_request(), Some(request_id)))
}

/// The request after the run. A path or query that was not returned is gone; the contract knows null for the latter.
fn shown(before: &RequestText, after: TransformedRequest) -> Value {
    let query = after.query;
    let body = after
        .body
        .map_or_else(|| before.body.clone(), |body| body.json);
    // The document has a text where the body is neither an object nor a text.
    let body = match json::parse_ordered(body.as_bytes()) {
        Some(body @ (Ordered::Object(_) | Ordered::Text(_))) => json::verbatim(&body.to_string()),
        None | Some(Ordered::Null) => Value::Null,
        Some(other) => Value::from(other.to_string()),
    };
    json!({
        "headers": after.headers,
        "path": after.path.unwrap_or_default(),
        "parsed_query": parse(query.as_deref().unwrap_or_default()),
        "query": query,
        "body": body,
    })
}
