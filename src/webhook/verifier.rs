//! Checking signatures.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::Mac;
use http::HeaderName;

use super::{Delivery, DeliveryInfo, Key, VerifyError, delivery, key};
use crate::error::{Error, ErrorKind};
use crate::types::Secret;

/// The length of a SHA-256.
const SIGNATURE_BYTES: usize = 32;

/// Checks the signatures of deliveries. Make one at start and share it.
///
/// Signatures are compared in constant time, against every secret it knows. `Debug` shows none of
/// them.
#[derive(Clone)]
pub struct Verifier {
    keys: Vec<Key>,
    prefix: String,
    /// The one header of a destination with a signature of its own.
    custom_header: Option<String>,
    verified_source_only: bool,
}

impl Verifier {
    /// Checks against the project's signing secret.
    ///
    /// # Errors
    ///
    /// If the secret is empty, for everybody can sign with that, or if it begins or ends with white
    /// space, which is what reading it from a file or a shell leaves behind.
    pub fn new(secret: impl Into<Secret>) -> Result<Self, Error> {
        Self {
            keys: Vec::new(),
            prefix: delivery::PREFIX.to_owned(),
            custom_header: None,
            verified_source_only: false,
        }
        .or_secret(secret)
    }

    /// Accepts what is signed with this secret too: to change secrets without refusing what is
    /// under way, and to receive for several projects at one address.
    ///
    /// ```
    /// use hookdeck::webhook::Verifier;
    ///
    /// let verifier = Verifier::new("whsec_new")?.or_secret("whsec_old")?;
    /// # Ok::<(), hookdeck::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`new`](Verifier::new).
    pub fn or_secret(mut self, secret: impl Into<Secret>) -> Result<Self, Error> {
        let secret: Secret = secret.into();
        let text = secret.expose();
        if text.is_empty() {
            return Err(unusable("the signing secret is empty"));
        }
        if text.trim() != text {
            return Err(unusable(
                "the signing secret begins or ends with white space; was it read with a line break?",
            ));
        }
        self.keys.push(key(text.as_bytes()));
        Ok(self)
    }

    /// Looks for the signature in this header alone: for destinations that sign with a key of their
    /// own (`CUSTOM_SIGNATURE`), whose `auth.key` is the header and whose secret is the one given
    /// here.
    ///
    /// ```
    /// use hookdeck::webhook::{Verifier, sign};
    ///
    /// let verifier = Verifier::new("own-secret")?.custom_header("X-Shop-Signature")?;
    /// let signature = sign("own-secret", "{}");
    /// verifier.verify([("x-shop-signature", &signature)], b"{}")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If this cannot be the name of a header.
    pub fn custom_header(mut self, name: impl AsRef<str>) -> Result<Self, Error> {
        self.custom_header = Some(header_name(name.as_ref())?);
        Ok(self)
    }

    /// The prefix of Hookdeck's headers where the project has set one of its own, without the `-`
    /// after it; `x-hookdeck` by default.
    ///
    /// # Errors
    ///
    /// If no header can begin like that.
    pub fn header_prefix(mut self, prefix: impl AsRef<str>) -> Result<Self, Error> {
        self.prefix = header_name(prefix.as_ref())?;
        Ok(self)
    }

    /// Refuses deliveries of webhooks whose sender Hookdeck did not verify: those without
    /// `x-hookdeck-verified: true`, which is also what sources without verification send.
    #[must_use]
    pub fn require_verified_source(mut self) -> Self {
        self.verified_source_only = true;
        self
    }

    /// Checks a delivery and keeps it together with what its headers say.
    ///
    /// `headers` are pairs of name and value, such as `&HeaderMap` or a map of strings; names are
    /// compared without regard to case. `body` is the body as it arrived, byte for byte: neither parsed nor
    /// decompressed. A producer's gzip is delivered as it came and signed as it came, so a layer that
    /// decompresses requests must not stand in front of this.
    ///
    /// # Errors
    ///
    /// See [`VerifyError`].
    pub fn receive<N, V>(
        &self,
        headers: impl IntoIterator<Item = (N, V)>,
        body: impl Into<Bytes>,
    ) -> Result<Delivery, VerifyError>
    where
        N: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let body = body.into();
        let info = self.verify(headers, &body)?;
        Ok(Delivery::new(info, body))
    }

    /// Checks a delivery whose body stays where it is, and returns what its headers say.
    ///
    /// # Errors
    ///
    /// See [`VerifyError`].
    pub fn verify<N, V>(
        &self,
        headers: impl IntoIterator<Item = (N, V)>,
        body: &[u8],
    ) -> Result<DeliveryInfo, VerifyError>
    where
        N: AsRef<str>,
        V: AsRef<[u8]>,
    {
        let mut presented = Presented::default();
        let mut info = DeliveryInfo::default();
        for (name, value) in headers {
            let (name, value) = (name.as_ref(), value.as_ref());
            if self.is_signature(name) {
                presented.add(value);
            } else {
                info.read(&self.prefix, name, value);
            }
        }
        self.check(&presented, body)?;
        if self.verified_source_only && info.verified != Some(true) {
            return Err(VerifyError::SourceNotVerified);
        }
        Ok(info)
    }

    /// Hookdeck sends a second signature, with the other secret, while secrets are being changed.
    fn is_signature(&self, name: &str) -> bool {
        match &self.custom_header {
            Some(custom) => name.eq_ignore_ascii_case(custom),
            None => delivery::suffix(&self.prefix, name).is_some_and(|suffix| {
                ["signature", "signature-2"]
                    .iter()
                    .any(|known| suffix.eq_ignore_ascii_case(known))
            }),
        }
    }

    fn check(&self, presented: &Presented, body: &[u8]) -> Result<(), VerifyError> {
        if presented.signatures.is_empty() {
            return Err(if presented.malformed {
                VerifyError::MalformedSignature
            } else {
                VerifyError::MissingSignature
            });
        }
        let mut matches = false;
        // Every pair is tried, so that the time taken does not tell which one matched.
        for key in &self.keys {
            let mac = key.clone().chain_update(body);
            for signature in &presented.signatures {
                matches |= mac.clone().verify_slice(signature).is_ok();
            }
        }
        if matches {
            Ok(())
        } else {
            Err(VerifyError::SignatureMismatch)
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("secrets", &self.keys.len())
            .field("prefix", &self.prefix)
            .field("custom_header", &self.custom_header)
            .field("verified_source_only", &self.verified_source_only)
            .finish()
    }
}

/// The signatures a delivery came with.
#[derive(Default)]
struct Presented {
    signatures: Vec<[u8; SIGNATURE_BYTES]>,
    malformed: bool,
}

impl Presented {
    fn add(&mut self, value: &[u8]) {
        let decoded = STANDARD.decode(value).ok();
        match decoded.and_then(|bytes| bytes.try_into().ok()) {
            Some(signature) => self.signatures.push(signature),
            None => self.malformed = true,
        }
    }
}

fn unusable(problem: &str) -> Error {
    Error::new(ErrorKind::Config, "webhookVerifier", problem)
}

/// A header name, or the beginning of one, as HTTP writes it.
fn header_name(text: &str) -> Result<String, Error> {
    HeaderName::try_from(text)
        .map(|name| name.as_str().to_owned())
        .map_err(|_| unusable(&format!("{text:?} cannot stand in the name of a header")))
}
