//! Signatures as data: where one stands, what it covers, how it is made, and how old it may be.

use std::time::Duration;

use data_encoding::HEXLOWER;
use hookdeck::types::Timestamp;

use super::crypto::{Encoding, HashAlgorithm, PublicKey, public_key};
use super::{ValueLocation, VerificationInput};
use crate::clock::Micros;
use crate::crypto::is_same;

/// A way of signing requests. Built up from [`hex`](Self::hex) and its like, so that a provider is one line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signature {
    how: SignatureAlgorithm,
    key: KeyEncoding,
    /// The credential that holds the key.
    setting: &'static str,
    at: ValueLocation,
    encoding: Encoding,
    /// What is signed, in order.
    signed: &'static [SignedPart],
    fresh: Option<TimestampCheck>,
}

#[derive(Debug, Clone, Copy)]
enum SignatureAlgorithm {
    Hmac(HashAlgorithm),
    /// A plain digest of what is signed, which must then contain the secret.
    Digest(HashAlgorithm),
    PublicKey(PublicKey),
}

/// How the key is written in the source's credentials.
#[derive(Debug, Clone, Copy)]
pub(super) enum KeyEncoding {
    /// As the text that it is.
    Text,
    Hex,
    Base64,
    Base64Url,
    /// Base64 behind `whsec_`.
    Whsec,
    /// PEM, or the base64 inside it.
    Pem,
}

/// A piece of what is signed.
#[derive(Debug, Clone, Copy)]
pub(super) enum SignedPart {
    Body,
    /// The body's SHA-256 in hexadecimal digits.
    BodyDigest,
    Text(&'static str),
    At(ValueLocation),
    Method,
    /// The URL posted to, with its query.
    Url,
    /// The path posted to, with its query.
    PathAndQuery,
    /// A credential.
    Setting(&'static str),
}

#[derive(Debug, Clone, Copy)]
struct TimestampCheck {
    at: ValueLocation,
    unit: TimestampUnit,
    seconds: u64,
}

/// How a moment is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum TimestampUnit {
    Seconds,
    Millis,
    Rfc3339,
}

pub(in crate::ingest) const SECRET: &str = "webhook_secret_key";

impl Signature {
    const fn new(how: SignatureAlgorithm, at: ValueLocation, encoding: Encoding) -> Self {
        Self {
            how,
            key: KeyEncoding::Text,
            setting: SECRET,
            at,
            encoding,
            signed: &[SignedPart::Body],
            fresh: None,
        }
    }

    /// An HMAC of the body in hexadecimal digits.
    pub(super) const fn hex(hash: HashAlgorithm, at: ValueLocation) -> Self {
        Self::new(SignatureAlgorithm::Hmac(hash), at, Encoding::Hex)
    }

    /// An HMAC of the body in base64.
    pub(super) const fn base64(hash: HashAlgorithm, at: ValueLocation) -> Self {
        Self::new(SignatureAlgorithm::Hmac(hash), at, Encoding::Base64)
    }

    /// A digest, in hexadecimal digits, of something that contains the secret.
    pub(super) const fn digest(
        hash: HashAlgorithm,
        at: ValueLocation,
        signed: &'static [SignedPart],
    ) -> Self {
        Self::new(SignatureAlgorithm::Digest(hash), at, Encoding::Hex).over(signed)
    }

    /// A signature by a private key, in base64.
    pub(super) const fn public_key(
        how: PublicKey,
        at: ValueLocation,
        setting: &'static str,
    ) -> Self {
        Self::new(SignatureAlgorithm::PublicKey(how), at, Encoding::Base64)
            .keyed(KeyEncoding::Pem)
            .secret(setting)
    }

    /// With the signature written otherwise.
    pub(super) const fn encoded(self, encoding: Encoding) -> Self {
        Self { encoding, ..self }
    }

    /// Over more than the body.
    pub(super) const fn over(self, signed: &'static [SignedPart]) -> Self {
        Self { signed, ..self }
    }

    /// With a key written otherwise.
    pub(super) const fn keyed(self, key: KeyEncoding) -> Self {
        Self { key, ..self }
    }

    /// With the key in another credential.
    pub(super) const fn secret(self, setting: &'static str) -> Self {
        Self { setting, ..self }
    }

    /// No further than `seconds` from the moment that stands `at`, before or after.
    pub(super) const fn within(self, seconds: u64, at: ValueLocation, unit: TimestampUnit) -> Self {
        Self {
            fresh: Some(TimestampCheck { at, unit, seconds }),
            ..self
        }
    }

    /// Where it stands.
    pub(super) const fn location(&self) -> ValueLocation {
        self.at
    }

    /// Whether the request has this signature; nothing if it has none, or if there is no key to check it with.
    pub(super) fn check(&self, input: &VerificationInput<'_>) -> Option<bool> {
        let key = self.key.bytes(input.setting(self.setting)?)?;
        if self
            .fresh
            .is_some_and(|fresh| fresh.holds(input) != Some(true))
        {
            return Some(false);
        }
        let given: Vec<Vec<u8>> = self
            .at
            .all(input.received)
            .iter()
            .filter_map(|text| self.encoding.decode(text))
            .collect();
        if given.is_empty() {
            return None;
        }
        let by_url = self
            .signed
            .iter()
            .any(|part| matches!(part, SignedPart::Url));
        let urls = if by_url { input.urls.len() } else { 1 };
        for url in input.urls.iter().take(urls) {
            let mut message = Vec::with_capacity(input.received.body.len() + 128);
            for part in self.signed {
                part.add(&mut message, input, url)?;
            }
            let good = match self.how {
                SignatureAlgorithm::Hmac(hash) => {
                    let expected = hash.hmac(&key, &message);
                    given.iter().any(|given| is_same(given, &expected))
                }
                SignatureAlgorithm::Digest(hash) => {
                    let expected = hash.digest(&message);
                    given.iter().any(|given| is_same(given, &expected))
                }
                SignatureAlgorithm::PublicKey(how) => given
                    .iter()
                    .any(|given| how.verifies(&key, &message, given)),
            };
            if good {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Where the signature stands, in words.
    #[cfg(test)]
    pub(super) fn place(&self) -> String {
        self.at.describe()
    }

    /// How it is made, in words.
    #[cfg(test)]
    pub(super) fn describe(&self) -> String {
        let how = match self.how {
            SignatureAlgorithm::Hmac(hash) => format!("HMAC {}", hash.name()),
            SignatureAlgorithm::Digest(hash) => hash.name().to_owned(),
            SignatureAlgorithm::PublicKey(how) => how.name(),
        };
        let signed: Vec<String> = self.signed.iter().map(SignedPart::describe).collect();
        let fresh = self
            .fresh
            .map(|fresh| format!(", within {} s", fresh.seconds))
            .unwrap_or_default();
        format!(
            "{how}, {}, of {}{fresh}",
            self.encoding.name(),
            signed.join(" ")
        )
    }
}

/// Whether the request has one of the signatures.
pub(super) fn any(signatures: &[Signature], input: &VerificationInput<'_>) -> Option<bool> {
    Some(
        signatures
            .iter()
            .any(|signature| signature.check(input) == Some(true)),
    )
}

impl KeyEncoding {
    fn bytes(self, text: &str) -> Option<Vec<u8>> {
        let bytes = match self {
            Self::Text => text.as_bytes().to_vec(),
            Self::Hex => Encoding::Hex.decode(text.trim())?,
            Self::Base64 => Encoding::Base64.decode(text.trim())?,
            Self::Base64Url => Encoding::Base64Url.decode(text.trim())?,
            Self::Whsec => {
                let text = text.trim();
                Encoding::Base64.decode(text.strip_prefix("whsec_").unwrap_or(text))?
            }
            Self::Pem => public_key(text)?,
        };
        (!bytes.is_empty()).then_some(bytes)
    }
}

impl SignedPart {
    fn add(&self, message: &mut Vec<u8>, input: &VerificationInput<'_>, url: &str) -> Option<()> {
        match *self {
            Self::Body => message.extend_from_slice(&input.received.body),
            Self::BodyDigest => {
                let digest = HashAlgorithm::Sha256.digest(&input.received.body);
                message.extend_from_slice(HEXLOWER.encode(&digest).as_bytes());
            }
            Self::Text(text) => message.extend_from_slice(text.as_bytes()),
            Self::At(place) => {
                message.extend_from_slice(place.first(input.received)?.as_bytes());
            }
            Self::Method => message.extend_from_slice(input.received.method.as_bytes()),
            Self::Url => message.extend_from_slice(url.as_bytes()),
            Self::PathAndQuery => {
                let behind_host = url.split_once("://")?.1;
                let path = &behind_host[behind_host.find('/')?..];
                message.extend_from_slice(path.as_bytes());
            }
            Self::Setting(name) => message.extend_from_slice(input.setting(name)?.as_bytes()),
        }
        Some(())
    }

    #[cfg(test)]
    fn describe(&self) -> String {
        match self {
            Self::Body => "body".into(),
            Self::BodyDigest => "SHA-256(body)".into(),
            Self::Text("\n") => "newline".into(),
            Self::Text(text) => format!("`{text}`"),
            Self::At(place) => place.describe(),
            Self::Method => "method".into(),
            Self::Url => "URL".into(),
            Self::PathAndQuery => "path and query".into(),
            Self::Setting(SECRET) => "secret".into(),
            Self::Setting(name) => name.replace('_', " "),
        }
    }
}

impl TimestampCheck {
    fn holds(&self, input: &VerificationInput<'_>) -> Option<bool> {
        let text = self.at.first(input.received)?;
        let moment = match self.unit {
            TimestampUnit::Seconds => Micros::from_unix_seconds(text.parse().ok()?),
            TimestampUnit::Millis => Micros::from_unix_millis(text.parse().ok()?),
            TimestampUnit::Rfc3339 => text.parse::<Timestamp>().ok()?.into(),
        };
        let apart = input.now.since(moment).max(moment.since(input.now));
        Some(apart <= Duration::from_secs(self.seconds))
    }
}
