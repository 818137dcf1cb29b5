//! The proofs that name no provider: HMAC, basic auth, API key, and a token in a place.

use serde_json::Value;

use super::crypto::{Encoding, HashAlgorithm};
use super::signature::SECRET;
use super::{ValueLocation, VerificationInput};
use crate::crypto::is_same;

/// The header that the source's configuration names.
fn named<'a>(input: &VerificationInput<'a>) -> Option<&'a str> {
    let name = input.setting("header_key")?.to_ascii_lowercase();
    input.received.headers.get(&name).and_then(Value::as_str)
}

/// A signature of the body with algorithm, encoding and header of the source's choice.
pub(super) fn hmac(input: &VerificationInput<'_>) -> Option<bool> {
    let secret = input.setting(SECRET)?.as_bytes();
    let algorithm = input.setting("algorithm")?;
    let given = named(input)?.trim();
    // Many senders put the algorithm in front, as in `sha256=...`.
    let encoded = given
        .strip_prefix(algorithm)
        .and_then(|rest| rest.strip_prefix('='))
        .unwrap_or(given);
    let signature = Encoding::named(input.setting("encoding")?)?.decode(encoded)?;
    let expected = HashAlgorithm::named(algorithm)?.hmac(secret, &input.received.body);
    Some(is_same(&signature, &expected))
}

/// Username and password.
pub(super) fn basic_auth(input: &VerificationInput<'_>) -> Option<bool> {
    let (scheme, credentials) = input.received.header("authorization")?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let given = Encoding::Base64.decode(credentials.trim())?;
    let (username, password) = (
        input.config["auth"]["username"].as_str()?,
        input.config["auth"]["password"].as_str()?,
    );
    if username.is_empty() && password.is_empty() {
        return None;
    }
    Some(is_same(&given, format!("{username}:{password}").as_bytes()))
}

/// A key in the header of the source's choice.
pub(super) fn api_key(input: &VerificationInput<'_>) -> Option<bool> {
    Some(is_same(
        named(input)?.as_bytes(),
        input.setting("api_key")?.as_bytes(),
    ))
}

/// A credential that the request repeats in a place.
pub(super) fn token(
    input: &VerificationInput<'_>,
    at: ValueLocation,
    setting: &str,
) -> Option<bool> {
    let given = at.first(input.received)?;
    Some(is_same(
        given.as_bytes(),
        input.setting(setting)?.as_bytes(),
    ))
}
