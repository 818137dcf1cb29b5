//! Adyen signs each item of a standard notification inside the item, and other notifications in a header.

use serde_json::Value;

use super::super::crypto::{Encoding, HashAlgorithm};
use super::super::signature::SECRET;
use super::super::{ValueLocation, VerificationInput};
use crate::crypto::is_same;

const FIELDS: [&str; 8] = [
    "/pspReference",
    "/originalReference",
    "/merchantAccountCode",
    "/merchantReference",
    "/amount/value",
    "/amount/currency",
    "/eventCode",
    "/success",
];

/// The key is written in hexadecimal digits.
pub(in super::super) fn adyen(input: &VerificationInput<'_>) -> Option<bool> {
    let key = Encoding::Hex
        .decode(input.setting(SECRET)?.trim())
        .filter(|key| !key.is_empty())?;
    let items = input.received.value["notificationItems"].as_array();
    let Some(items) = items.filter(|items| !items.is_empty()) else {
        let given = ValueLocation::Header("hmacsignature").first(input.received)?;
        let given = Encoding::Base64.decode(&given)?;
        return Some(is_same(
            &given,
            &HashAlgorithm::Sha256.hmac(&key, &input.received.body),
        ));
    };
    Some(
        items
            .iter()
            .all(|item| signed(&item["NotificationRequestItem"], &key) == Some(true)),
    )
}

fn signed(item: &Value, key: &[u8]) -> Option<bool> {
    let given = item["additionalData"]["hmacSignature"].as_str()?;
    let given = Encoding::Base64.decode(given)?;
    let fields: Vec<String> = FIELDS
        .iter()
        .map(|field| text(item.pointer(field)))
        .collect();
    Some(is_same(
        &given,
        &HashAlgorithm::Sha256.hmac(key, fields.join(":").as_bytes()),
    ))
}

/// What is not there is signed as nothing.
fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}
