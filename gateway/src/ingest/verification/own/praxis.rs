//! Praxis signs the values of certain fields of a notification, with the secret behind them.

use super::super::crypto::{Encoding, HashAlgorithm};
use super::super::location::scalar;
use super::super::signature::SECRET;
use super::super::{ValueLocation, VerificationInput};
use crate::crypto::is_same;

const PAYMENT: &[&str] = &[
    "/merchant_id",
    "/application_key",
    "/timestamp",
    "/customer/customer_token",
    "/session/order_id",
    "/transaction/tid",
    "/transaction/currency",
    "/transaction/amount",
    "/transaction/conversion_rate",
    "/transaction/processed_currency",
    "/transaction/processed_amount",
];

const SUBSCRIPTION: &[&str] = &[
    "/event",
    "/merchant_id",
    "/application_key",
    "/cid",
    "/plan_id",
    "/subscription_id",
    "/subscription_status",
    "/timestamp",
];

/// What is not there is signed as nothing.
pub(in super::super) fn praxis(input: &VerificationInput<'_>) -> Option<bool> {
    let secret = input.setting(SECRET)?;
    let given = ValueLocation::Header("gt-authentication").first(input.received)?;
    let given = Encoding::Hex.decode(&given)?;
    let body = &input.received.value;
    let fields = if body.get("event").is_some() {
        SUBSCRIPTION
    } else {
        PAYMENT
    };
    let mut signed: String = fields
        .iter()
        .filter_map(|field| body.pointer(field).and_then(scalar))
        .collect();
    signed.push_str(secret);
    Some(is_same(
        &given,
        &HashAlgorithm::Sha384.digest(signed.as_bytes()),
    ))
}
