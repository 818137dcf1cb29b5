//! What goes to the destination: the request as it was received, with the gateway's own headers.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::auth;
use super::delivery_url::DeliveryUrl;
use super::target::DeliveryTarget;
use crate::events::attempt::ClaimedEvent;
use crate::settings::Settings;
use crate::wire::ErrorCode;

/// Headers that belong to one hop or to the transport, which makes its own, plus `accept-encoding`: the
/// answer is for the gateway, which wants it plain.
const NOT_FORWARDED: &[&str] = &[
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "accept-encoding",
];

/// What the names of the gateway's headers begin with, unless the project has a prefix of its own.
const PREFIX: &str = "x-hookdeck";
const ORIGINAL_IP: &str = "x-hookdeck-original-ip";
const ACCEPTED: &str = "application/json, text/plain, */*";

/// A delivery ready to be sent.
pub struct OutgoingRequest {
    /// Where it goes. May hold an API key in the query, once authenticated.
    pub url: DeliveryUrl,
    /// The URL without what authentication added: this one is stored and shown.
    pub shown_url: String,
    /// With which method.
    pub method: Method,
    /// The headers, without credentials.
    pub headers: HeaderMap,
    /// Headers that only the destination's own host may see; none before authentication.
    pub credentials: HeaderMap,
    /// The names of the headers the gateway added, in the order the API lists them.
    pub appended: Vec<String>,
    /// The body, as received.
    pub body: Bytes,
    /// How long the attempt may take, in real time.
    pub timeout: Duration,
}

impl std::fmt::Debug for OutgoingRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutgoingRequest")
            .field("method", &self.method)
            .field("url", &self.shown_url)
            .finish_non_exhaustive()
    }
}

/// Builds the delivery of a claimed event, without what authentication adds. `will_retry_after` is the pause before the automatic
/// retry that would follow a failure, if one would.
///
/// # Errors
/// The error code of an attempt that cannot even be sent.
pub fn outgoing(
    claim: &ClaimedEvent,
    settings: &Settings,
    will_retry_after: Option<Duration>,
) -> Result<OutgoingRequest, ErrorCode> {
    let target = DeliveryTarget::of(claim);
    let url = target.url(&claim.path, &claim.query)?;
    // Where a client forwards to is its own affair; the path is what it is told.
    let shown_url = if target.is_cli() {
        url.path_and_query().to_owned()
    } else {
        url.to_string()
    };
    let method = Method::from_bytes(target.method(&claim.method).as_bytes())
        .map_err(|_| ErrorCode::InvalidCharacter)?;
    let stored: Map<String, Value> =
        serde_json::from_str(&claim.headers).map_err(|_| ErrorCode::PayloadMissing)?;
    let mut headers = received_headers(&stored);
    // A receiver takes it for the project's signature during a rotation; a producer has none.
    let prefix = claim.headers_prefix.as_deref().unwrap_or(PREFIX);
    headers.remove(format!("{prefix}-signature-2"));
    if let Some(length) = content_length(&method, claim.body.len()) {
        headers.insert(CONTENT_LENGTH, length);
    }
    let appended = append_headers(&mut headers, claim, settings, will_retry_after)?;
    Ok(OutgoingRequest {
        url,
        shown_url,
        method,
        headers,
        credentials: HeaderMap::new(),
        appended,
        body: Bytes::from(claim.body.clone()),
        timeout: target.timeout(),
    })
}

/// How long the body is. A method that expects one says so of an empty one too: some servers answer 411 otherwise.
fn content_length(method: &Method, length: usize) -> Option<HeaderValue> {
    let expects_body = matches!(*method, Method::POST | Method::PUT | Method::PATCH);
    (length > 0 || expects_body).then(|| HeaderValue::from(length))
}

fn received_headers(stored: &Map<String, Value>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(stored.len() + 16);
    for (name, value) in stored {
        if NOT_FORWARDED.contains(&name.as_str()) {
            continue;
        }
        // What was stored came in over HTTP, so both halves convert; bytes beyond ASCII go as UTF-8.
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = value
            .as_str()
            .map(|text| HeaderValue::from_bytes(text.as_bytes()));
        if let (Ok(name), Some(Ok(value))) = (name, value) {
            headers.insert(name, value);
        }
    }
    headers
}

/// Adds the gateway's own headers, and answers their names in the order the API lists them.
fn append_headers(
    headers: &mut HeaderMap,
    claim: &ClaimedEvent,
    settings: &Settings,
    will_retry_after: Option<Duration>,
) -> Result<Vec<String>, ErrorCode> {
    let prefix = claim.headers_prefix.as_deref().unwrap_or(PREFIX);
    let address = headers.remove(ORIGINAL_IP);
    let address = address
        .as_ref()
        .map(|value| String::from_utf8_lossy(value.as_bytes()));
    let signed = |secret: &String| auth::sign(secret, &claim.body);
    let previous = settings.previous_signing_secret.as_ref().map(signed);
    let table: [(&str, Option<&str>); 13] = [
        ("eventid", Some(&claim.event_id)),
        ("requestid", Some(&claim.request_id)),
        // Stored with the request on ingestion.
        ("original-ip", address.as_deref()),
        (
            "verified",
            Some(if claim.verified { "true" } else { "false" }),
        ),
        (
            "event-url",
            Some(&format!(
                "{}/events/{}",
                settings.site_url(),
                claim.event_id
            )),
        ),
        ("source-name", Some(&claim.source_name)),
        (
            "connection-name",
            Some(claim.connection_name.as_deref().unwrap_or_default()),
        ),
        ("destination-name", Some(&claim.destination_name)),
        ("attempt-count", Some(&(claim.attempts + 1).to_string())),
        ("attempt-trigger", Some(claim.trigger.as_str())),
        (
            "will-retry-after",
            Some(&will_retry_after.map(seconds).unwrap_or_default()),
        ),
        ("signature", Some(&signed(&settings.signing_secret))),
        ("signature-2", previous.as_deref()),
    ];
    let mut add = |name: String, value: &str| -> Result<String, ErrorCode> {
        let header = HeaderName::try_from(&name).map_err(|_| ErrorCode::InvalidCharacter)?;
        let value = HeaderValue::from_str(value).map_err(|_| ErrorCode::InvalidCharacter)?;
        let name = header.as_str().to_owned();
        headers.insert(header, value);
        Ok(name)
    };
    let mut appended = vec![add("idempotency-key".to_owned(), &claim.event_id)?];
    for (name, value) in table {
        if let Some(value) = value {
            appended.push(add(format!("{prefix}-{name}"), value)?);
        }
    }
    if !headers.contains_key(ACCEPT) {
        headers.insert(ACCEPT, HeaderValue::from_static(ACCEPTED));
        appended.push("accept".to_owned());
    }
    Ok(appended)
}

/// Whole seconds where they are whole, otherwise with the fraction.
fn seconds(span: Duration) -> String {
    if span.subsec_nanos() == 0 {
        span.as_secs().to_string()
    } else {
        span.as_secs_f64().to_string()
    }
}

/// The name of the header with the event's id as it stands in stored headers: a request that has it was a
/// delivery of this project before.
pub(crate) fn event_id_header(claim: &ClaimedEvent) -> String {
    let prefix = claim.headers_prefix.as_deref().unwrap_or(PREFIX);
    format!("\"{}-eventid\":", prefix.to_ascii_lowercase())
}
