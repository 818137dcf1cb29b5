//! The receiving side: checking that a delivery comes from Hookdeck, and reading what its headers
//! say of it. Feature `webhook`.
//!
//! Hookdeck signs every delivery to an HTTP destination with the project's signing secret (shown in
//! the dashboard, not in the API): `x-hookdeck-signature` is the base64 of the HMAC-SHA256 of the
//! body. A [`Verifier`] checks it:
//!
//! ```
//! use hookdeck::webhook::{Verifier, sign};
//! use http::HeaderMap;
//!
//! let verifier = Verifier::new("whsec_1")?;
//!
//! // What arrives: the headers and the bytes of the body, before anything has parsed them.
//! let body = br#"{"type":"order.created"}"#;
//! let mut headers = HeaderMap::new();
//! headers.insert("x-hookdeck-signature", sign("whsec_1", body).parse()?);
//! headers.insert("x-hookdeck-eventid", "evt_1".parse()?);
//!
//! let delivery = verifier.receive(&headers, &body[..])?;
//! assert_eq!(delivery.info().event_id.as_ref().unwrap(), "evt_1");
//! let order: serde_json::Value = delivery.json()?;
//! assert_eq!(order["type"], "order.created");
//!
//! assert!(verifier.receive(&headers, "another body").is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The headers can come from any framework, as name and value pairs:
//!
//! ```
//! # use hookdeck::webhook::{Verifier, sign};
//! # let verifier = Verifier::new("whsec_1")?;
//! # let signature = sign("whsec_1", b"{}");
//! let pairs = [("X-Hookdeck-Signature", signature.as_str()), ("X-Hookdeck-EventID", "evt_1")];
//! let info = verifier.verify(pairs, b"{}")?;
//! # assert_eq!(info.event_id.unwrap(), "evt_1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The example `receiver` is a server on axum whose handlers see verified deliveries only.
//!
//! # What a signature says, and what not
//!
//! It covers the bytes of the body and nothing else. Whoever has seen one delivery, body and
//! signature, can send it again at any time, under headers of their own choosing: there is no
//! timestamp in it, and the event id, the attempt count and `x-hookdeck-verified` stand outside it.
//! So use TLS, and do not decide anything on a header that the body does not bear out where such a
//! repetition would do harm.
//!
//! # Seeing a delivery twice
//!
//! Deliveries are made at least once. A retry has the event id of the first attempt and a higher
//! attempt count; [`DeliveryInfo::dedup_key`] is both together, different for each attempt and the
//! same when one attempt arrives twice. That does not make handling happen once: an attempt that was
//! handled, but whose answer got lost, is followed by a retry under a new key. What must never happen
//! twice needs a key of its own from the body, such as the number of an order.

mod delivery;
mod error;
mod verifier;

pub use delivery::{DedupKey, Delivery, DeliveryInfo};
pub use error::VerifyError;
pub use verifier::Verifier;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// A key ready to sign.
type Key = Hmac<Sha256>;

#[expect(clippy::expect_used, reason = "HMAC refuses no key for its length")]
fn key(secret: &[u8]) -> Key {
    Key::new_from_slice(secret).expect("HMAC takes keys of any length")
}

/// The signature Hookdeck would send for a body: what goes into `x-hookdeck-signature`.
///
/// For tests of a receiver, and for programs that deliver as Hookdeck does.
///
/// ```
/// use hookdeck::webhook::sign;
///
/// let signature = sign("whsec_test", br#"{"order":7}"#);
/// assert_eq!(signature, "q0gxOeWuJgySPuWybcBbWKkyQYC9FlDaisDfmVN+3Xc=");
/// ```
#[must_use]
pub fn sign(secret: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> String {
    let mac = key(secret.as_ref()).chain_update(body.as_ref());
    STANDARD.encode(mac.finalize().into_bytes())
}
