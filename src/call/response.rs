//! Reading replies.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, request_id};
use crate::operation::RAW_HEAD;
use crate::pipeline::{Reply, Report};
use crate::types::{read_json, replace_half_surrogates};

/// A value and the reply it came in.
///
/// Dereferences to the value.
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    attempts: u32,
    elapsed: Duration,
}

/// What a reply says of the key's quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitStatus {
    /// How many calls the key may make in a window.
    pub limit: u32,
    /// How many of them are left.
    pub remaining: u32,
    /// When the window ends, counted from the reply.
    pub resets_in: Duration,
}

impl<T> Response<T> {
    pub(crate) fn new(value: T, reply: Reply) -> Self {
        let Reply {
            status,
            headers,
            body,
            attempts,
            elapsed,
        } = reply;
        Self {
            value,
            status,
            headers,
            body,
            attempts,
            elapsed,
        }
    }

    /// The value alone.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The status; the API answers every success with 200. Only a repeated delete that found its
    /// work done, because an earlier attempt whose reply was lost had done it, has 404 or 410 here.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers of the reply.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body as it came: everything the API sent, fields this crate does not know included. Of a
    /// repeated delete that found its work done, the body that the first would have had.
    #[must_use]
    pub fn body_bytes(&self) -> &Bytes {
        &self.body
    }

    /// The id the API's edge gave the request, if the reply carried one.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.headers)
    }

    /// The quota of the key, if the reply told.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimitStatus> {
        let Report {
            limit,
            remaining,
            resets_in,
            ..
        } = Report::read(&self.headers)?;
        Some(RateLimitStatus {
            limit,
            remaining,
            resets_in,
        })
    }

    /// How many attempts the call took.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How long the call took, waits and retries included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

/// Without headers and body, which may hold secrets the value's own `Debug` hides.
impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("value", &self.value)
            .field("status", &self.status)
            .field("attempts", &self.attempts)
            .field("elapsed", &self.elapsed)
            .finish_non_exhaustive()
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Reads the body of a success, whatever cut texts are in it. Where in it reading failed is looked for only once it has, so that
/// success pays nothing for it.
pub(crate) fn decode<T: DeserializeOwned>(
    operation: &'static str,
    reply: &Reply,
) -> Result<T, Error> {
    let body = match reply.body.is_empty() {
        true if says_nothing(operation, reply) => b"null",
        _ => &reply.body[..],
    };
    read_json(body).map_err(|plain| undecodable::<T>(operation, reply, plain))
}

/// Whether an empty body is all there can be.
fn says_nothing(operation: &str, reply: &Reply) -> bool {
    reply.status == StatusCode::NO_CONTENT || operation == RAW_HEAD
}

fn undecodable<T: DeserializeOwned>(
    operation: &'static str,
    reply: &Reply,
    plain: serde_json::Error,
) -> Error {
    let body = replace_half_surrogates(&reply.body);
    let mut reader = serde_json::Deserializer::from_slice(&body);
    let path = serde_path_to_error::deserialize::<_, T>(&mut reader)
        .err()
        .map(|error| error.path().to_string())
        .filter(|path| path != ".");
    let message = match reply.body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => "the reply has an empty body".to_owned(),
        Some(b'<') => "the reply is HTML, not JSON; is the base URL right?".to_owned(),
        Some(_) => format!("the reply does not decode: {}", without_texts(&plain)),
    };
    let mut error = Error::new(ErrorKind::Decode, operation, message);
    let inner = error.inner_mut();
    inner.status = Some(reply.status);
    inner.headers = Some(reply.headers.clone());
    inner.body = Some(reply.body.clone());
    inner.json_path = path;
    inner.attempts = reply.attempts;
    inner.elapsed = reply.elapsed;
    error
}

/// What serde_json says, less the texts it met: one of them may be a secret in the wrong place.
fn without_texts(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let mut out = String::with_capacity(said.len());
    let (mut inside, mut escaped) = (false, false);
    for c in said.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => {
                out.push_str(if inside { "\"" } else { "\"…" });
                inside = !inside;
            }
            _ if inside => {}
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_the_wrong_place_is_not_repeated() {
        let error = serde_json::from_str::<u32>(r#""a \"secret\" one""#).unwrap_err();
        assert!(error.to_string().contains("secret"), "{error}");
        assert_eq!(
            without_texts(&error),
            "invalid type: string \"…\", expected u32 at line 1 column 18"
        );
    }
}
