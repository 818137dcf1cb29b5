//! What goes to the destination: the request as it was received, with the gateway's own headers.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};
use url::Url;

use super::auth::{self, Credentials};
use super::target::Target;
use crate::events::attempt::Claim;
use crate::project::Settings;

/// Headers that belong to one hop or to the transport, which makes its own, plus `accept-encoding`:
/// the gateway stores answers as they come and does not unpack them.
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
    // A receiver takes it for the project's signature during a rotation; a producer has none.
    "x-hookdeck-signature-2",
];

/// A delivery ready to be sent.
pub struct Outgoing {
    /// Where it goes. May hold an API key in the query.
    pub url: Url,
    /// The URL without what authentication added: this one is stored and shown.
    pub shown_url: String,
    /// With which method.
    pub method: Method,
    /// The headers, without credentials.
    pub headers: HeaderMap,
    /// Headers that only the destination's own host may see.
    pub credentials: HeaderMap,
    /// The names of the headers the gateway added, in the order the API lists them.
    pub appended: Vec<String>,
    /// The body, as received.
    pub body: Bytes,
    /// How long the attempt may take, in real time.
    pub timeout: Duration,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing")
            .field("method", &self.method)
            .field("url", &self.shown_url)
            .finish_non_exhaustive()
    }
}

/// Builds the delivery of a claimed event. `will_retry_after` is the pause before the automatic
/// retry that would follow a failure, if one would.
///
/// # Errors
/// The error code of an attempt that cannot even be sent.
pub fn outgoing(
    claim: &Claim,
    settings: &Settings,
    will_retry_after: Option<Duration>,
) -> Result<Outgoing, &'static str> {
    let target = Target::of(claim);
    let mut url = target.url(&claim.path, &claim.query)?;
    // Where a client forwards to is its own affair; the path is what it is told.
    let shown_url = if target.is_cli() {
        url[url::Position::BeforePath..].to_owned()
    } else {
        url.to_string()
    };
    let method = Method::from_bytes(target.method(&claim.method).as_bytes())
        .map_err(|_| "INVALID_CHARACTER")?;
    let Credentials {
        headers: credentials,
    } = auth::credentials(&target, &mut url, &claim.body)?;

    let stored: Map<String, Value> =
        serde_json::from_str(&claim.headers).map_err(|_| "PAYLOAD_MISSING")?;
    let mut headers = received_headers(&stored);
    let appended = append_headers(&mut headers, claim, settings, will_retry_after)?;
    Ok(Outgoing {
        url,
        shown_url,
        method,
        headers,
        credentials,
        appended,
        body: Bytes::from(claim.body.clone()),
        timeout: target.timeout(),
    })
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

fn append_headers(
    headers: &mut HeaderMap,
    claim: &Claim,
    settings: &Settings,
    will_retry_after: Option<Duration>,
) -> Result<Vec<String>, &'static str> {
    let will_retry_after = will_retry_after.map(seconds).unwrap_or_default();
    let event_url = format!("{}/events/{}", settings.base_url, claim.event_id);
    let attempt = (claim.attempts + 1).to_string();
    let signature = auth::sign(&settings.signing_secret, &claim.body);
    let table: [(&'static str, &str); 12] = [
        ("idempotency-key", &claim.event_id),
        ("x-hookdeck-eventid", &claim.event_id),
        ("x-hookdeck-requestid", &claim.request_id),
        (
            "x-hookdeck-verified",
            if claim.verified { "true" } else { "false" },
        ),
        ("x-hookdeck-event-url", &event_url),
        ("x-hookdeck-source-name", &claim.source_name),
        (
            "x-hookdeck-connection-name",
            claim.connection_name.as_deref().unwrap_or_default(),
        ),
        ("x-hookdeck-destination-name", &claim.destination_name),
        ("x-hookdeck-attempt-count", &attempt),
        ("x-hookdeck-attempt-trigger", claim.trigger.as_str()),
        ("x-hookdeck-will-retry-after", &will_retry_after),
        ("x-hookdeck-signature", &signature),
    ];
    let mut appended = Vec::with_capacity(table.len() + 2);
    for (name, value) in table {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_str(value).map_err(|_| "INVALID_CHARACTER")?,
        );
        appended.push(name.to_owned());
        // Stored with the request on ingestion, listed where the API lists it.
        if name == "x-hookdeck-requestid" && headers.contains_key("x-hookdeck-original-ip") {
            appended.push("x-hookdeck-original-ip".to_owned());
        }
    }
    if !headers.contains_key(ACCEPT) {
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("application/json, text/plain, */*"),
        );
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
