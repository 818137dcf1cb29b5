//! Signatures over the URL and the fields of a form, sorted by name.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;

use super::super::VerificationInput;
use super::super::crypto::{Encoding, HashAlgorithm};
use super::super::signature::SECRET;
use crate::crypto::is_same;

/// Twilio signs the URL and then the form, or the URL alone where its query has the SHA-256 of the body.
pub(in super::super) fn twilio(input: &VerificationInput<'_>) -> Option<bool> {
    let body = &input.received.body;
    let fields = match input.received.parsed_query["bodySHA256"].as_str() {
        Some(digest)
            if is_same(
                digest.as_bytes(),
                HEXLOWER
                    .encode(&HashAlgorithm::Sha256.digest(body))
                    .as_bytes(),
            ) =>
        {
            String::new()
        }
        Some(_) => return Some(false),
        None => sorted(body, true),
    };
    signed_url(input, "x-twilio-signature", &fields)
}

/// Mailchimp Transactional, formerly Mandrill.
pub(in super::super) fn mandrill(input: &VerificationInput<'_>) -> Option<bool> {
    let fields = sorted(&input.received.body, false);
    signed_url(input, "x-mandrill-signature", &fields)
}

fn signed_url(input: &VerificationInput<'_>, header: &str, fields: &str) -> Option<bool> {
    let key = input.setting(SECRET)?.as_bytes();
    let given = Encoding::Base64.decode(input.received.header(header)?.trim())?;
    Some(input.urls.iter().any(|url| {
        let expected = HashAlgorithm::Sha1.hmac(key, format!("{url}{fields}").as_bytes());
        is_same(&given, &expected)
    }))
}

/// Names and values of a form, one after the other. Where a name comes more than once, its values are sorted too,
/// each taken once if `distinct`.
fn sorted(body: &[u8], distinct: bool) -> String {
    let mut fields: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        fields.entry(name).or_default().push(value);
    }
    let mut text = String::with_capacity(body.len());
    for (name, mut values) in fields {
        values.sort();
        if distinct {
            values.dedup();
        }
        for value in values {
            text.push_str(&name);
            text.push_str(&value);
        }
    }
    text
}
