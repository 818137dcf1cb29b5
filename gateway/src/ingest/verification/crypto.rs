//! The few primitives that proofs are made of.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::Hmac;
use md5::{Digest, Md5};
use ring::signature::{ED25519, UnparsedPublicKey};
use rustls::pki_types::{SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use webpki::RawPublicKeyEntity;

use crate::crypto::hmac;

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ingest) enum HashAlgorithm {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl HashAlgorithm {
    /// By the name it has in a source's config.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "md5" => Self::Md5,
            "sha1" => Self::Sha1,
            "sha256" => Self::Sha256,
            "sha512" => Self::Sha512,
            _ => return None,
        })
    }

    #[cfg(test)]
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    pub(in crate::ingest) fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => Md5::digest(message).to_vec(),
            Self::Sha1 => Sha1::digest(message).to_vec(),
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    pub(in crate::ingest) fn hmac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => hmac::<Hmac<Md5>>(key, message),
            Self::Sha1 => hmac::<Hmac<Sha1>>(key, message),
            Self::Sha256 => hmac::<Hmac<Sha256>>(key, message),
            Self::Sha384 => hmac::<Hmac<Sha384>>(key, message),
            Self::Sha512 => hmac::<Hmac<Sha512>>(key, message),
        }
    }
}

/// How bytes are written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Hex,
    Base64,
    Base64Url,
    /// The hexadecimal digits, as base64.
    HexInBase64,
}

impl Encoding {
    /// By the name it has in a source's config.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "hex" => Self::Hex,
            "base64" => Self::Base64,
            "base64url" => Self::Base64Url,
            _ => return None,
        })
    }

    #[cfg(test)]
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
            Self::HexInBase64 => "hex in base64",
        }
    }

    /// Accepts base64 with and without padding, and digits in either case.
    pub(super) fn decode(self, text: &str) -> Option<Vec<u8>> {
        let alphabet = match self {
            Self::Hex => return decode_hex(text),
            Self::HexInBase64 => {
                let digits = Self::Base64.decode(text)?;
                return decode_hex(std::str::from_utf8(&digits).ok()?);
            }
            Self::Base64 => &alphabet::STANDARD,
            Self::Base64Url => &alphabet::URL_SAFE,
        };
        let config =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        GeneralPurpose::new(alphabet, config).decode(text).ok()
    }
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()
}

/// Bytes as base64 with padding.
pub(in crate::ingest) fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A way to sign with a private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PublicKey {
    Ed25519,
    /// On the curve P-256 with SHA-256, signatures in ASN.1.
    Ecdsa,
    /// PKCS #1 v1.5.
    Rsa(HashAlgorithm),
    /// With a salt as long as the hash.
    RsaPss(HashAlgorithm),
}

impl PublicKey {
    /// `key` is 32 bytes for Ed25519, otherwise a key with its algorithm (SubjectPublicKeyInfo) in DER.
    pub(super) fn verifies(self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        use webpki::ring as by;
        let algorithm: &dyn SignatureVerificationAlgorithm = match self {
            Self::Ed25519 if key.len() == 32 => {
                return UnparsedPublicKey::new(&ED25519, key)
                    .verify(message, signature)
                    .is_ok();
            }
            Self::Ed25519 => by::ED25519,
            Self::Ecdsa => by::ECDSA_P256_SHA256,
            Self::Rsa(HashAlgorithm::Sha256) => by::RSA_PKCS1_2048_8192_SHA256,
            Self::Rsa(HashAlgorithm::Sha512) => by::RSA_PKCS1_2048_8192_SHA512,
            Self::RsaPss(HashAlgorithm::Sha256) => by::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
            Self::RsaPss(HashAlgorithm::Sha512) => by::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
            Self::Rsa(_) | Self::RsaPss(_) => return false,
        };
        let spki = SubjectPublicKeyInfoDer::from(key);
        RawPublicKeyEntity::try_from(&spki)
            .is_ok_and(|key| key.verify_signature(algorithm, message, signature).is_ok())
    }

    #[cfg(test)]
    pub(super) fn name(self) -> String {
        match self {
            Self::Ed25519 => "Ed25519".into(),
            Self::Ecdsa => "ECDSA P-256 SHA-256".into(),
            Self::Rsa(hash) => format!("RSA {}", hash.name()),
            Self::RsaPss(hash) => format!("RSA-PSS {}", hash.name()),
        }
    }
}

/// The bytes of a public key written as PEM or as the base64 inside it.
pub(super) fn public_key(text: &str) -> Option<Vec<u8>> {
    let base64: String = text
        .replace("\\n", "\n")
        .lines()
        .filter(|line| !line.trim_start().starts_with("-----"))
        .flat_map(str::chars)
        .filter(|c| !c.is_whitespace())
        .collect();
    Encoding::Base64
        .decode(&base64)
        .filter(|key| !key.is_empty())
}
