//! Paymob signs the values of certain fields of what a notification is about.

use super::super::crypto::{Encoding, HashAlgorithm};
use super::super::signature::SECRET;
use super::super::{ValueLocation, VerificationInput};
use crate::crypto::is_same;

const TRANSACTION: &[&str] = &[
    "/obj/amount_cents",
    "/obj/created_at",
    "/obj/currency",
    "/obj/error_occured",
    "/obj/has_parent_transaction",
    "/obj/id",
    "/obj/integration_id",
    "/obj/is_3d_secure",
    "/obj/is_auth",
    "/obj/is_capture",
    "/obj/is_refunded",
    "/obj/is_standalone_payment",
    "/obj/is_voided",
    "/obj/order/id",
    "/obj/owner",
    "/obj/pending",
    "/obj/source_data/pan",
    "/obj/source_data/sub_type",
    "/obj/source_data/type",
    "/obj/success",
];

const TOKEN: &[&str] = &[
    "/obj/card_subtype",
    "/obj/created_at",
    "/obj/email",
    "/obj/id",
    "/obj/masked_pan",
    "/obj/merchant_id",
    "/obj/order_id",
    "/obj/token",
];

pub(in super::super) fn paymob(input: &VerificationInput<'_>) -> Option<bool> {
    let key = input.setting(SECRET)?.as_bytes();
    let given = ValueLocation::Query("hmac").first(input.received)?;
    let given = Encoding::Hex.decode(&given)?;
    let fields = match input.received.value["type"].as_str()? {
        "TRANSACTION" => TRANSACTION,
        "TOKEN" => TOKEN,
        _ => return None,
    };
    let mut signed = String::new();
    for field in fields.iter().copied() {
        signed.push_str(
            &input
                .received
                .value
                .pointer(field)
                .and_then(super::super::location::scalar)?,
        );
    }
    Some(is_same(
        &given,
        &HashAlgorithm::Sha512.hmac(key, signed.as_bytes()),
    ))
}
