//! What the headers of a delivery say of it.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::models::{AttemptTrigger, EventId, RequestId};
use crate::types::read_json;

pub(super) const PREFIX: &str = "x-hookdeck";

/// A delivery whose signature was right. Only a [`Verifier`](super::Verifier) makes one, so a
/// function that takes it cannot be called with anything else.
#[derive(Clone)]
pub struct Delivery {
    info: DeliveryInfo,
    body: Bytes,
}

impl Delivery {
    pub(super) fn new(info: DeliveryInfo, body: Bytes) -> Self {
        Self { info, body }
    }

    /// What the headers say.
    #[must_use]
    pub fn info(&self) -> &DeliveryInfo {
        &self.info
    }

    /// The body as it arrived.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Reads the body into a type. Half of a surrogate pair, which some producers send where they cut a text
    /// in the middle of an emoji, reads as U+FFFD.
    ///
    /// # Errors
    ///
    /// If the body is no JSON, or not of that shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        read_json(&self.body)
    }

    /// Both parts.
    #[must_use]
    pub fn into_parts(self) -> (DeliveryInfo, Bytes) {
        (self.info, self.body)
    }
}

/// Without the body, which is somebody's data.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("info", &self.info)
            .field("body_len", &self.body.len())
            .finish()
    }
}

/// What the headers of a delivery say of it.
///
/// Everything is optional: what is absent, empty or unreadable is `None`. The signature does not
/// cover the headers; see the [module](super#what-a-signature-says-and-what-not).
///
/// ```
/// use hookdeck::webhook::DeliveryInfo;
///
/// let info = DeliveryInfo::from_headers([
///     ("X-Hookdeck-EventID", "evt_1"),
///     ("X-Hookdeck-Attempt-Count", "2"),
///     ("X-Hookdeck-Will-Retry-After", "60"),
/// ]);
/// assert_eq!(info.attempt_count, Some(2));
/// assert_eq!(info.dedup_key().unwrap().to_string(), "evt_1#2");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DeliveryInfo {
    /// The event delivered. Retries have the same one; a replay makes a new event.
    pub event_id: Option<EventId>,
    /// The request the event was made from.
    pub request_id: Option<RequestId>,
    /// The name of the source the webhook came in at.
    pub source_name: Option<String>,
    /// The name of the connection it took.
    pub connection_name: Option<String>,
    /// The name of the destination, which is the receiver.
    pub destination_name: Option<String>,
    /// Which attempt at the event this is, from one.
    pub attempt_count: Option<u32>,
    /// Why this attempt was made.
    pub attempt_trigger: Option<AttemptTrigger>,
    /// When the next automatic retry comes, should this attempt fail. `None` on the last.
    pub will_retry_after: Option<Duration>,
    /// Whether Hookdeck verified the sender of the webhook: `Some(false)` also where the source has
    /// no verification.
    pub verified: Option<bool>,
    /// The address of the event in the dashboard.
    pub event_url: Option<String>,
    /// The address the webhook was sent from.
    pub original_ip: Option<String>,
    /// The `idempotency-key`, which is the event's id unless the sender set its own.
    pub idempotency_key: Option<String>,
}

/// One attempt at one event: the key to remember handled deliveries by.
///
/// Written as `evt_1#2`, which suits a unique column.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DedupKey {
    /// The event.
    pub event_id: EventId,
    /// The attempt at it, from one.
    pub attempt_count: u32,
}

impl fmt::Display for DedupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.event_id, self.attempt_count)
    }
}

impl DeliveryInfo {
    /// Reads headers without checking any signature: pairs of name and value, such as `&HeaderMap`.
    pub fn from_headers<N, V>(headers: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<[u8]>,
    {
        Self::from_prefixed_headers(PREFIX, headers)
    }

    /// The same where the project has set a header prefix of its own, given without the `-` after
    /// it.
    pub fn from_prefixed_headers<N, V>(
        prefix: &str,
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Self
    where
        N: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let mut info = Self::default();
        for (name, value) in headers {
            info.read(prefix, name.as_ref(), value.as_ref());
        }
        info
    }

    /// Event and attempt together. The event alone would take a retry for a repetition of the
    /// attempt that failed. `None` if either is missing.
    #[must_use]
    pub fn dedup_key(&self) -> Option<DedupKey> {
        Some(DedupKey {
            event_id: self.event_id.clone()?,
            attempt_count: self.attempt_count?,
        })
    }

    /// Whether this is an attempt after the first.
    #[must_use]
    pub fn is_retry(&self) -> bool {
        self.attempt_count.is_some_and(|count| count > 1)
    }

    /// Takes in one header. Of several of one name the first readable one counts.
    pub(super) fn read(&mut self, prefix: &str, name: &str, value: &[u8]) {
        let Some(value) = std::str::from_utf8(value).ok().map(str::trim) else {
            return;
        };
        if value.is_empty() {
            return;
        }
        if name.eq_ignore_ascii_case("idempotency-key") {
            set(&mut self.idempotency_key, Some(value.to_owned()));
            return;
        }
        let Some(suffix) = suffix(prefix, name) else {
            return;
        };
        match suffix.to_ascii_lowercase().as_str() {
            "eventid" => set(&mut self.event_id, Some(value.into())),
            "requestid" => set(&mut self.request_id, Some(value.into())),
            "source-name" => set(&mut self.source_name, Some(value.to_owned())),
            "connection-name" => set(&mut self.connection_name, Some(value.to_owned())),
            "destination-name" => set(&mut self.destination_name, Some(value.to_owned())),
            "attempt-count" => set(&mut self.attempt_count, value.parse().ok()),
            "attempt-trigger" => set(&mut self.attempt_trigger, Some(value.into())),
            "will-retry-after" => set(&mut self.will_retry_after, seconds(value)),
            "verified" => set(&mut self.verified, boolean(value)),
            "event-url" => set(&mut self.event_url, Some(value.to_owned())),
            "original-ip" => set(&mut self.original_ip, Some(value.to_owned())),
            _ => {}
        }
    }
}

fn set<T>(field: &mut Option<T>, value: Option<T>) {
    if field.is_none() {
        *field = value;
    }
}

/// What follows `prefix-` in a header's name.
pub(super) fn suffix<'a>(prefix: &str, name: &'a str) -> Option<&'a str> {
    let (head, rest) = name.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| rest.strip_prefix('-'))?
}

fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}
