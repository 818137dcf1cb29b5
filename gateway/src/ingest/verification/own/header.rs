//! HMACs of the body in a header that the source may choose.

use serde_json::Value;

use super::super::crypto::{Encoding, HashAlgorithm};
use super::super::signature::SECRET;
use super::super::{ValueLocation, VerificationInput};
use crate::crypto::is_same;

/// Formstack, `sha256=` and hexadecimal digits.
pub(in super::super) fn formstack(input: &VerificationInput<'_>) -> Option<bool> {
    let given = chosen(input, "x-fs-signature")?.trim();
    let given = Encoding::Hex.decode(given.strip_prefix("sha256=").unwrap_or(given))?;
    let expected =
        HashAlgorithm::Sha256.hmac(input.setting(SECRET)?.as_bytes(), &input.received.body);
    Some(is_same(&given, &expected))
}

/// Vapi, whose credentials choose algorithm, encoding and header, and whether the body is signed without the white
/// space around it.
pub(in super::super) fn vapi(input: &VerificationInput<'_>) -> Option<bool> {
    let algorithm = input.setting("algorithm").unwrap_or("sha256");
    let encoding = Encoding::named(input.setting("encoding").unwrap_or("hex"))?;
    let given = chosen(input, "x-signature")?.trim();
    let given = given
        .strip_prefix(algorithm)
        .and_then(|rest| rest.strip_prefix('='))
        .unwrap_or(given);
    let body = &input.received.body;
    let body = if input.config["trim_payload"] == Value::Bool(true) {
        body.trim_ascii()
    } else {
        body
    };
    let expected = HashAlgorithm::named(algorithm)?.hmac(input.setting(SECRET)?.as_bytes(), body);
    Some(is_same(&encoding.decode(given)?, &expected))
}

fn chosen<'a>(input: &VerificationInput<'a>, usual: &'a str) -> Option<&'a str> {
    match input.setting("header_key") {
        Some(name) => input.received.header(&name.to_ascii_lowercase()),
        None => input.received.header(usual),
    }
}

/// Coinbase: the commerce product signs the body, the developer platform also the headers that it lists.
pub(in super::super) fn coinbase(input: &VerificationInput<'_>) -> Option<bool> {
    let key = input.setting(SECRET)?.as_bytes();
    let body = &input.received.body;
    if let Some(given) = input.received.header("x-cc-webhook-signature") {
        let given = Encoding::Hex.decode(given.trim())?;
        return Some(is_same(&given, &HashAlgorithm::Sha256.hmac(key, body)));
    }
    let part = |before| {
        let header = "x-hook0-signature";
        let place = ValueLocation::Item {
            header,
            split: ",",
            before,
        };
        place.first(input.received)
    };
    let (time, names) = (part("t=")?, part("h=")?);
    if !within(input, 300, &time)? {
        return Some(false);
    }
    let values: Vec<&str> = names
        .split(' ')
        .map(|name| {
            let name = name.to_ascii_lowercase();
            input.received.header(&name).unwrap_or_default()
        })
        .collect();
    let before = format!("{time}.{names}.{}.", values.join("."));
    let expected = HashAlgorithm::Sha256.hmac(key, &[before.as_bytes(), body].concat());
    Some(is_same(&Encoding::Hex.decode(&part("v1=")?)?, &expected))
}

fn within(input: &VerificationInput<'_>, seconds: i64, time: &str) -> Option<bool> {
    let age = input.now.unix_seconds().checked_sub(time.parse().ok()?)?;
    Some(age.checked_abs()? <= seconds)
}
