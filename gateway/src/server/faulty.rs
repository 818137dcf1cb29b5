//! Answers as a fault leaves them.

use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;

use crate::faults::{Effect, InjectedFault};

/// On an answer: it is not sent, and its connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CutConnection {
    /// With a reset.
    Reset,
    /// Without a word.
    Close,
}

/// The answer that stands in place of the work; `None` where the work is done first.
pub(super) fn in_place(injected: &InjectedFault) -> Option<Response> {
    if injected.effect.follows_the_work() {
        return None;
    }
    Some(match &injected.effect {
        Effect::Status {
            status,
            body,
            headers,
        } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = (status, body.clone()).into_response();
            for (name, value) in headers {
                // Looked at when it was armed.
                if let (Ok(name), Ok(value)) =
                    (HeaderName::try_from(name), HeaderValue::try_from(value))
                {
                    response.headers_mut().insert(name, value);
                }
            }
            response
        }
        Effect::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests").into_response(),
        Effect::Reset => cut(CutConnection::Reset),
        _ => cut(CutConnection::Close),
    })
}

/// The end of a call that was stalled when everything was forgotten.
pub(super) fn close() -> Response {
    cut(CutConnection::Close)
}

fn cut(how: CutConnection) -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(how);
    response
}

/// The answer to work that is done. `cursor` is the one the page was asked for by.
pub(super) async fn spoil(
    injected: &InjectedFault,
    response: Response,
    cursor: Option<&str>,
) -> Response {
    match &injected.effect {
        Effect::LostReply => return cut(CutConnection::Reset),
        Effect::Stall => return response,
        _ => {}
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return cut(CutConnection::Close);
    };
    match &injected.effect {
        Effect::Truncated => {
            parts
                .headers
                .insert(header::CONTENT_LENGTH, bytes.len().into());
            let half = bytes.slice(..bytes.len() / 2);
            let broken = std::io::Error::other("cut by a fault");
            let chunks: [Result<Bytes, std::io::Error>; 2] = [Ok(half), Err(broken)];
            Response::from_parts(parts, Body::from_stream(stream::iter(chunks)))
        }
        Effect::Malformed => {
            let mut bytes = bytes.to_vec();
            let middle = bytes.len() / 2;
            bytes.truncate(middle);
            bytes.extend_from_slice(b"\"}]<oops>");
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(bytes))
        }
        effect => {
            let body = match serde_json::from_slice::<Value>(&bytes) {
                Ok(mut reply) => {
                    match effect {
                        Effect::RepeatedCursor => repeat(&mut reply, cursor),
                        _ => forget(&mut reply),
                    }
                    Body::from(reply.to_string())
                }
                Err(_) => Body::from(bytes),
            };
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, body)
        }
    }
}

/// Makes the page's `next` the cursor it was asked for by.
fn repeat(reply: &mut Value, cursor: Option<&str>) {
    let Some(pagination) = reply.get_mut("pagination").and_then(Value::as_object_mut) else {
        return;
    };
    if let Some(cursor) = cursor {
        pagination.insert("next".into(), cursor.into());
    }
}

/// Members whose values are of a list that may grow.
const OPEN: [&str; 7] = [
    "status",
    "type",
    "trigger",
    "cause",
    "rejection_cause",
    "error_code",
    "log_level",
];

fn forget(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if member.is_string() && OPEN.contains(&name.as_str()) {
                    *member = "VALUE_OF_TOMORROW".into();
                } else {
                    forget(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(forget),
        _ => {}
    }
}
