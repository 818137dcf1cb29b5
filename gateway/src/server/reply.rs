//! Replies as they go out: content types, tags, errors.

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value;
use sha1::{Digest as _, Sha1};

use crate::api::{ApiError, ApiResult};
use crate::json;

/// A reply of the API with its status.
pub(super) fn reply(reply: ApiResult) -> Response {
    match reply {
        Ok(body) => json_response(StatusCode::OK, &body),
        Err(error) => refused(error),
    }
}

/// The reply to a call that is refused or has failed.
pub(super) fn refused(error: ApiError) -> Response {
    let (status, body) = error.parts();
    json_response(status, &body)
}

/// A JSON reply with the content type of the live API.
pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response {
    json_bytes(status, json::write(body).into_bytes())
}

/// A JSON reply that is written already. Its weak tag is made of the body alone, as by the live API's
/// framework: equal bodies have equal tags.
pub(super) fn json_bytes(status: StatusCode, body: Vec<u8>) -> Response {
    let digest = STANDARD_NO_PAD.encode(Sha1::digest(&body));
    let tag = format!("W/\"{:x}-{digest}\"", body.len());
    (
        status,
        [
            (
                header::CONTENT_TYPE,
                "application/json; charset=utf-8".to_owned(),
            ),
            (header::ETAG, tag),
        ],
        body,
    )
        .into_response()
}

/// A plain text reply.
pub(super) fn text_response(status: StatusCode, body: &'static str) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
        body,
    )
        .into_response()
}

/// The reply to a path or method that the API does not have: the page and words of the web framework that
/// the live API stands on, without rate-limit headers.
pub(super) fn unknown_path(method: &http::Method, path: &str) -> Response {
    let path = path
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    (
        StatusCode::NOT_FOUND,
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Error</title>\n\
             </head>\n<body>\n<pre>Cannot {method} {path}</pre>\n</body>\n</html>\n"
        ),
    )
        .into_response()
}

/// Whether a successful reply has one of the tags that `If-None-Match` lists. Tags are compared weakly.
pub(super) fn is_known(response: &Response, listed: &HeaderValue) -> bool {
    fn strong(tag: &str) -> &str {
        let tag = tag.trim();
        tag.strip_prefix("W/").unwrap_or(tag)
    }
    let Some(tag) = response.headers().get(header::ETAG) else {
        return false;
    };
    let (Ok(tag), Ok(listed)) = (tag.to_str(), listed.to_str()) else {
        return false;
    };
    // No tag of ours holds a comma.
    response.status() == StatusCode::OK
        && listed
            .split(',')
            .any(|known| known.trim() == "*" || strong(known) == strong(tag))
}

/// The reply to a caller who has this body already: its tag alone.
pub(super) fn unchanged(response: Response) -> Response {
    let mut headers = HeaderMap::new();
    headers.extend(
        response
            .headers()
            .get(header::ETAG)
            .map(|tag| (header::ETAG, tag.clone())),
    );
    (StatusCode::NOT_MODIFIED, headers).into_response()
}
