//! What the producer is told.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::ingest::HandshakeReply;
use crate::wire::RejectionCause;

/// The status a rejection answers with. Recorded: 401, 400, 413, and 200 for content types and
/// for a source without connections. Our choice: 403 and 405.
const fn status(cause: RejectionCause) -> StatusCode {
    match cause {
        RejectionCause::SourceDisabled => StatusCode::FORBIDDEN,
        RejectionCause::NoConnection | RejectionCause::UnsupportedContentType => StatusCode::OK,
        RejectionCause::VerificationFailed => StatusCode::UNAUTHORIZED,
        RejectionCause::UnsupportedHttpMethod => StatusCode::METHOD_NOT_ALLOWED,
        RejectionCause::UnparsableJson | RejectionCause::Unknown => StatusCode::BAD_REQUEST,
        RejectionCause::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        RejectionCause::IngestionFatal => StatusCode::NOT_IMPLEMENTED,
    }
}

/// Answers for a stored request.
pub(super) fn stored(
    request_id: &str,
    base_url: &str,
    rejected: Option<(RejectionCause, Option<String>)>,
    custom: Option<(String, String)>,
) -> Response {
    let (status, detail) = match rejected {
        None => (StatusCode::OK, None),
        Some((RejectionCause::VerificationFailed, _)) => {
            return plain(StatusCode::UNAUTHORIZED, None, String::new());
        }
        Some((cause, detail)) => (status(cause), Some((cause, detail))),
    };
    if status == StatusCode::OK {
        if let Some((content_type, body)) = custom {
            return plain(StatusCode::OK, Some(&content_type), body);
        }
        let message =
            format!("Request accepted by the gateway; it is at {base_url}/requests/{request_id}");
        return object(
            status,
            &json!({"status": "SUCCESS", "message": message, "request_id": request_id}),
        );
    }
    let (cause, detail) = detail.unwrap_or((RejectionCause::Unknown, None));
    let message = detail.unwrap_or_else(|| format!("The request is stored as rejected: {cause}"));
    object(
        status,
        &json!({"status": "REJECTED", "message": message, "request_id": request_id}),
    )
}

/// Answers a provider's question for a sign of life.
pub(super) fn handshake(answer: HandshakeReply) -> Response {
    let mut response = plain(StatusCode::OK, answer.content_type, answer.body);
    if let Some((name, value)) = answer.header
        && let Ok(value) = HeaderValue::from_str(&value)
    {
        let name = HeaderName::from_static(name);
        response.headers_mut().insert(name, value);
    }
    response
}

/// There is no such source.
pub(super) fn unknown_source() -> Response {
    object(
        StatusCode::NOT_FOUND,
        &json!({"status": "NOT_FOUND", "message": "No source has this URL."}),
    )
}

/// The source is deleted.
pub(super) fn deleted_source() -> Response {
    let message = "This source is deleted; its URL takes no more requests.";
    object(
        StatusCode::GONE,
        &json!({"status": "DELETED", "message": message}),
    )
}

/// The body could not be read to its end.
pub(super) fn broken_body() -> Response {
    let message = "The request's body broke off, so nothing is stored.";
    object(
        StatusCode::BAD_REQUEST,
        &json!({"status": "FAILED", "message": message}),
    )
}

/// Too much is being taken in already; nothing is stored. A choice of ours, for what the live edge answers
/// is not known.
pub(super) fn no_room() -> Response {
    let message = "The gateway takes in as much as it can already; send the request again.";
    let mut response = object(
        StatusCode::SERVICE_UNAVAILABLE,
        &json!({"status": "FAILED", "message": message}),
    );
    let soon = HeaderValue::from_static("1");
    response.headers_mut().insert(header::RETRY_AFTER, soon);
    response
}

/// The store refused; nothing is stored.
pub(super) fn failed() -> Response {
    let message = "The request could not be stored; send it again.";
    object(
        StatusCode::SERVICE_UNAVAILABLE,
        &json!({"status": "FAILED", "message": message}),
    )
}

fn object(status: StatusCode, body: &Value) -> Response {
    plain(
        status,
        Some("application/json; charset=utf-8"),
        body.to_string(),
    )
}

fn plain(status: StatusCode, content_type: Option<&str>, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    if let Some(value) =
        content_type.and_then(|content_type| HeaderValue::from_str(content_type).ok())
    {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}
