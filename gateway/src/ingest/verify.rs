//! Whether a request proves that it comes from whom its source expects.

use serde_json::Value;

use super::receive::Received;

/// The verdict on a request's proof.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verification {
    /// The source asks for none.
    NotConfigured,
    /// The proof is good.
    Passed,
    /// The proof is missing or wrong.
    Failed,
    /// The source asks for one this gateway cannot check.
    NotBuilt(String),
}

/// Checks a request against its source's `auth`.
pub(super) fn verify(kind: &str, config: &Value, _received: &Received) -> Verification {
    let configured = config["auth"]
        .as_object()
        .is_some_and(|auth| !auth.is_empty());
    if !configured {
        return Verification::NotConfigured;
    }
    let method = config["auth_type"].as_str().unwrap_or(kind);
    Verification::NotBuilt(format!("{method} requests"))
}
