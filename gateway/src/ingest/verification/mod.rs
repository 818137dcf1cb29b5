//! Whether a request proves that it comes from whom its source expects.
//!
//! [`providers`] is the table: one row per source type, and with it every scheme that a row can name. Most schemes are
//! data ([`signature`]), put together from where things stand in a request ([`location`]); the generic ones are in
//! [`generic`], those that are like no other in [`own`]. A type whose scheme is not public, or that cannot be checked
//! without asking its provider, says so in the table: its requests are taken, and count as unverified.

mod crypto;
mod generic;
mod location;
mod own;
mod providers;
mod signature;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub(super) use crypto::{HashAlgorithm, base64};
pub(super) use location::ValueLocation;
use providers::Scheme;
pub(super) use signature::SECRET;

use crate::clock::Micros;
use crate::request::ReceivedRequest;
use crate::wire::SourceType;

/// The verdict on a request's proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verification {
    /// The source asks for none.
    NotConfigured,
    /// The proof is good.
    Passed,
    /// The proof is missing or wrong, or the source's configuration makes a good one impossible.
    Failed,
    /// The source asks for a proof that this gateway has no means to check.
    Unchecked,
}

/// What a proof is looked for in and checked with.
pub(super) struct VerificationInput<'a> {
    pub(super) received: &'a ReceivedRequest,
    /// The config of the source, with its credentials.
    pub(super) config: &'a Value,
    /// The URLs the producer may have posted to, with path and query; the source's own first.
    pub(super) urls: &'a [String],
    /// The gateway's time, by which a proof is fresh or stale.
    pub(super) now: Micros,
}

impl VerificationInput<'_> {
    /// A credential. An empty one counts as none: it would let everybody in.
    pub(super) fn setting(&self, name: &str) -> Option<&str> {
        self.config["auth"][name]
            .as_str()
            .filter(|value| !value.is_empty())
    }
}

/// The scheme that a source of this type and config is verified by: the type, unless the config chooses.
pub(super) fn scheme_name<'a>(source_type: &'a str, config: &'a Value) -> &'a str {
    config["auth_type"].as_str().unwrap_or(source_type)
}

/// Whether a producer is told that its proof failed. Live, some types are answered before the proof is looked at:
/// Stripe's, and those that follow Standard Webhooks. A challenge is answered by what it proves.
pub(super) fn answers_failed_verification(scheme_name: &str, received: &ReceivedRequest) -> bool {
    if is_challenge(scheme_name, received) {
        return true;
    }
    let is_standard = providers::scheme(scheme_name).is_some_and(Scheme::is_standard_webhooks);
    !is_standard && scheme_name != SourceType::Stripe.as_str()
}

/// Whether it is the question by which an MCP server makes sure of a URL, rather than an event.
fn is_challenge(scheme_name: &str, received: &ReceivedRequest) -> bool {
    scheme_name == SourceType::McpEvents.as_str()
        && received.value["type"] == "verification"
        && received.value["challenge"].is_string()
}

/// What challenges of MCP servers are checked by: unlike events they may not be of any age.
const STANDARD_WEBHOOKS: &str = "STANDARD_WEBHOOKS";

/// Checks a request by the scheme of its source.
pub(super) fn verify(scheme_name: &str, input: &VerificationInput<'_>) -> Verification {
    if input.config["auth"]
        .as_object()
        .is_none_or(serde_json::Map::is_empty)
    {
        return Verification::NotConfigured;
    }
    let scheme_name = if is_challenge(scheme_name, input.received) {
        STANDARD_WEBHOOKS
    } else {
        scheme_name
    };
    let good = match providers::scheme(scheme_name) {
        Some(Scheme::Hmac) => generic::hmac(input),
        Some(Scheme::BasicAuth) => generic::basic_auth(input),
        Some(Scheme::ApiKey) => generic::api_key(input),
        Some(Scheme::Token { at, setting }) => generic::token(input, *at, setting),
        Some(Scheme::One(signature)) => signature.check(input),
        Some(Scheme::Signed(signatures)) => signature::any(signatures, input),
        Some(Scheme::Own { check, .. }) => check(input),
        // The config chooses one, and this one has not.
        Some(Scheme::Chosen) => None,
        Some(Scheme::NoCredentials(_) | Scheme::Unchecked(_)) | None => {
            return Verification::Unchecked;
        }
    };
    if good == Some(true) {
        Verification::Passed
    } else {
        Verification::Failed
    }
}
