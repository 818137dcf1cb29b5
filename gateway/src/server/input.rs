//! Query and body of a call.

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use hookdeck::version::Translation;
use serde_json::Value;

use crate::api::ApiError;
use crate::query;

/// The largest body of an API call. A connection with long filters stays far below it.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// What a call brings along.
pub(super) struct Input {
    /// The query as an object.
    pub(super) query: Value,
    /// The body as JSON, null if there is none.
    pub(super) body: Value,
    /// The body as it came.
    pub(super) text: Bytes,
}

/// Query and body of a call.
pub(super) async fn read_input(raw_query: &str, body: Body) -> Result<Input, ApiError> {
    let bytes = read_body(body).await?;
    parse(raw_query, bytes)
}

/// The same of a call in an older version.
pub(super) async fn read_older(
    older: Translation,
    operation: &str,
    raw_query: &str,
    body: Body,
) -> Result<Input, ApiError> {
    let bytes = read_body(body).await?;
    let given = (!bytes.is_empty()).then_some(&bytes[..]);
    let newest = older.upgrade_request(operation, raw_query, given);
    parse(&newest.query, newest.body.unwrap_or_default().into())
}

fn bad(message: String) -> ApiError {
    ApiError::BadRequest {
        message,
        data: Value::Null,
    }
}

async fn read_body(body: Body) -> Result<Bytes, ApiError> {
    to_bytes(body, BODY_LIMIT).await.map_err(|_| {
        bad(format!(
            "The body could not be read or is larger than {BODY_LIMIT} bytes"
        ))
    })
}

fn parse(raw_query: &str, text: Bytes) -> Result<Input, ApiError> {
    let query = query::parse(raw_query).map_err(|error| bad(error.to_string()))?;
    let body = match text.iter().all(u8::is_ascii_whitespace) {
        true => Value::Null,
        false => serde_json::from_slice(&text)
            .map_err(|error| bad(format!("The body is not JSON: {error}")))?,
    };
    Ok(Input { query, body, text })
}
