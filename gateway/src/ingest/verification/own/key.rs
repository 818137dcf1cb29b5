//! Public-key signatures over more than the parts of a request.

use percent_encoding::percent_decode_str;

use super::super::crypto::{Encoding, HashAlgorithm, PublicKey, public_key};
use super::super::{ValueLocation, VerificationInput};

/// Bridge signs the digest of time and body, so what is signed is hashed twice.
pub(in super::super) fn bridge_xyz(input: &VerificationInput<'_>) -> Option<bool> {
    let part = |before| {
        let header = "x-webhook-signature";
        ValueLocation::Item {
            header,
            split: ",",
            before,
        }
        .first(input.received)
    };
    let key = public_key(input.setting("public_key")?)?;
    let time = part("t=")?;
    let age = input.now.unix_millis().checked_sub(time.parse().ok()?)?;
    if age.checked_abs()? > 600_000 {
        return Some(false);
    }
    let signature = Encoding::Base64.decode(&part("v0=")?)?;
    let message = [time.as_bytes(), b".", &input.received.body].concat();
    let digest = HashAlgorithm::Sha256.digest(&message);
    Some(PublicKey::Rsa(HashAlgorithm::Sha256).verifies(&key, &digest, &signature))
}

/// Alipay's global products sign method and path, and then client, time and body.
pub(in super::super) fn alipay(input: &VerificationInput<'_>) -> Option<bool> {
    let header = |name| input.received.header(name);
    let key = public_key(input.setting("public_key")?)?;
    let given = ValueLocation::Item {
        header: "signature",
        split: ",",
        before: "signature=",
    };
    let given = given.first(input.received)?;
    let given = percent_decode_str(&given).decode_utf8().ok()?;
    let signature = Encoding::Base64
        .decode(&given)
        .or_else(|| Encoding::Base64Url.decode(&given))?;
    let url = url::Url::parse(input.urls.first()?).ok()?;
    let before = format!(
        "{} {}\n{}.{}.",
        input.received.method,
        url.path(),
        header("client-id")?,
        header("request-time").or_else(|| header("response-time"))?,
    );
    let message = [before.as_bytes(), &input.received.body].concat();
    Some(PublicKey::Rsa(HashAlgorithm::Sha256).verifies(&key, &message, &signature))
}
