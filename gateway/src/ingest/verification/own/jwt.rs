//! Proofs that are JSON web tokens.

use serde_json::Value;

use super::super::VerificationInput;
use super::super::crypto::{Encoding, HashAlgorithm, PublicKey, base64, public_key};
use super::super::signature::SECRET;
use crate::crypto::is_same;

/// FusionAuth sends a token about the body: signed with a secret, or with the private key to a public key that is
/// given as PEM.
pub(in super::super) fn fusionauth(input: &VerificationInput<'_>) -> Option<bool> {
    let token = input.received.header("x-fusionauth-signature-jwt")?.trim();
    let claims = claims(token, input.setting(SECRET)?)?;
    let digest = HashAlgorithm::Sha256.digest(&input.received.body);
    let claimed = claims["request_body_sha256"].as_str()?;
    Some(is_same(claimed.as_bytes(), base64(&digest).as_bytes()) && current(&claims, input))
}

/// The body of a Wix request is a token, signed with the private key to a public key that is given as PEM.
pub(in super::super) fn wix(input: &VerificationInput<'_>) -> Option<bool> {
    let token = std::str::from_utf8(&input.received.body).ok()?.trim();
    let (header, _) = token.split_once('.')?;
    if json(header)?["alg"] != "RS256" {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let key = public_key(input.setting(SECRET)?)?;
    let signature = Encoding::Base64Url.decode(signature)?;
    let claims = json(signed.split_once('.')?.1)?;
    let good = PublicKey::Rsa(HashAlgorithm::Sha256).verifies(&key, signed.as_bytes(), &signature);
    Some(good && current(&claims, input))
}

/// The claims of a token whose signature is good. A public key is never taken for a secret: everybody knows it.
fn claims(token: &str, key: &str) -> Option<Value> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let signature = Encoding::Base64Url.decode(signature)?;
    let pem = key.trim_start().starts_with("-----BEGIN");
    let hash = match (json(header)?["alg"].as_str()?, pem) {
        ("HS256", false) => HashAlgorithm::Sha256,
        ("HS384", false) => HashAlgorithm::Sha384,
        ("HS512", false) => HashAlgorithm::Sha512,
        ("RS256", true) => {
            let good = PublicKey::Rsa(HashAlgorithm::Sha256).verifies(
                &public_key(key)?,
                signed.as_bytes(),
                &signature,
            );
            return if good { json(claims) } else { None };
        }
        _ => return None,
    };
    if is_same(&signature, &hash.hmac(key.as_bytes(), signed.as_bytes())) {
        json(claims)
    } else {
        None
    }
}

/// Whether the token has not expired, if it says when it does.
fn current(claims: &Value, input: &VerificationInput<'_>) -> bool {
    claims["exp"]
        .as_i64()
        .is_none_or(|seconds| input.now.unix_seconds() <= seconds)
}

fn json(part: &str) -> Option<Value> {
    serde_json::from_slice(&Encoding::Base64Url.decode(part)?).ok()
}
