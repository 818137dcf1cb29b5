//! Why a delivery is not believed.

use std::fmt;

/// Why a delivery is not believed. Answer it with 401 and nothing more.
///
/// It holds nothing of the delivery and nothing of the secret, so it can be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerifyError {
    /// There is no signature header: the delivery did not come through Hookdeck, or a proxy on the
    /// way dropped the header, or the project sends it under another name.
    MissingSignature,
    /// What stands in the signature header cannot be one: it is not the base64 of 32 bytes.
    MalformedSignature,
    /// The signature is not that of this body under any of the secrets: the delivery is forged, the
    /// secret is another project's or was rotated, or the body was parsed and written anew before
    /// it was checked.
    SignatureMismatch,
    /// The signature is right, but Hookdeck did not verify the sender of the webhook, which
    /// [`require_verified_source`](super::Verifier::require_verified_source) asks for.
    SourceNotVerified,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MissingSignature => "the delivery is not signed",
            Self::MalformedSignature => "the delivery's signature is malformed",
            Self::SignatureMismatch => "the delivery's signature does not match",
            Self::SourceNotVerified => "the delivery's source was not verified",
        })
    }
}

impl std::error::Error for VerifyError {}
