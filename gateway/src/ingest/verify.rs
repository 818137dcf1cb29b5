//! Whether a request proves that it comes from whom its source expects.
//!
//! The generic proofs are checked: HMAC, basic auth and API key. A provider's own scheme is not, and says so.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use md5::Md5;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::receive::Received;

/// The verdict on a request's proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verification {
    /// The source asks for none.
    NotConfigured,
    /// The proof is good.
    Passed,
    /// The proof is missing or wrong, or the source's configuration makes a good one impossible.
    Failed,
    /// The source asks for a proof this gateway cannot check; what that is.
    NotBuilt(String),
}

/// Checks a request against the stored `config` of its source.
pub(super) fn verify(source_type: &str, config: &Value, received: &Received) -> Verification {
    let header = |name: &str| received.headers.get(name).and_then(Value::as_str);
    check(source_type, config, header, &received.body)
}

/// `header` finds a header by its lower-case name; the body is the exact bytes received.
fn check<'a>(
    source_type: &str,
    config: &Value,
    header: impl Fn(&str) -> Option<&'a str>,
    body: &[u8],
) -> Verification {
    let auth = &config["auth"];
    if auth.as_object().is_none_or(serde_json::Map::is_empty) {
        return Verification::NotConfigured;
    }
    let scheme = config["auth_type"].as_str().unwrap_or(source_type);
    let proven = match scheme {
        "HMAC" => named(auth, header).and_then(|given| hmac_proof(auth, given, body)),
        "BASIC_AUTH" => header("authorization").and_then(|given| basic_proof(auth, given)),
        "API_KEY" => named(auth, header).and_then(|given| key_proof(auth, given)),
        other => return Verification::NotBuilt(format!("{other} requests")),
    };
    if proven == Some(true) {
        Verification::Passed
    } else {
        Verification::Failed
    }
}

/// A setting that must not be empty: an empty secret would let everybody in.
fn setting<'a>(auth: &'a Value, name: &str) -> Option<&'a str> {
    auth[name].as_str().filter(|value| !value.is_empty())
}

/// The header that the source's configuration names.
fn named<'a>(auth: &Value, header: impl Fn(&str) -> Option<&'a str>) -> Option<&'a str> {
    header(&setting(auth, "header_key")?.to_ascii_lowercase())
}

fn hmac_proof(auth: &Value, header: &str, body: &[u8]) -> Option<bool> {
    let secret = setting(auth, "webhook_secret_key")?.as_bytes();
    let algorithm = setting(auth, "algorithm")?;
    let header = header.trim();
    // Many senders put the algorithm in front, as in `sha256=...`.
    let encoded = header
        .strip_prefix(algorithm)
        .and_then(|rest| rest.strip_prefix('='))
        .unwrap_or(header);
    let signature = decode(setting(auth, "encoding")?, encoded)?;
    Some(match algorithm {
        "md5" => signs::<Hmac<Md5>>(secret, body, &signature),
        "sha1" => signs::<Hmac<Sha1>>(secret, body, &signature),
        "sha256" => signs::<Hmac<Sha256>>(secret, body, &signature),
        "sha512" => signs::<Hmac<Sha512>>(secret, body, &signature),
        _ => return None,
    })
}

/// Compares in constant time.
fn signs<M: Mac + KeyInit>(secret: &[u8], body: &[u8], signature: &[u8]) -> bool {
    <M as KeyInit>::new_from_slice(secret)
        .is_ok_and(|mac| mac.chain_update(body).verify_slice(signature).is_ok())
}

/// Accepts base64 with and without padding.
fn decode(encoding: &str, text: &str) -> Option<Vec<u8>> {
    let alphabet = match encoding {
        "hex" => return decode_hex(text),
        "base64" => &alphabet::STANDARD,
        "base64url" => &alphabet::URL_SAFE,
        _ => return None,
    };
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, config).decode(text).ok()
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

fn basic_proof(auth: &Value, header: &str) -> Option<bool> {
    let (scheme, credentials) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let given = decode("base64", credentials.trim())?;
    let (username, password) = (auth["username"].as_str()?, auth["password"].as_str()?);
    if username.is_empty() && password.is_empty() {
        return None;
    }
    Some(same(&given, format!("{username}:{password}").as_bytes()))
}

fn key_proof(auth: &Value, given: &str) -> Option<bool> {
    Some(same(given.as_bytes(), setting(auth, "api_key")?.as_bytes()))
}

/// Compares in constant time, by way of their signatures under a key of no importance, which also hides lengths.
fn same(given: &[u8], expected: &[u8]) -> bool {
    let mac = |text: &[u8]| {
        <Hmac<Sha256> as Mac>::new_from_slice(b"comparison").map(|mac| mac.chain_update(text))
    };
    match (mac(given), mac(expected)) {
        (Ok(given), Ok(expected)) => given.verify(&expected.finalize().into_bytes()).is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Test case 2 of RFC 4231 and RFC 2202: the same secret and body under every algorithm.
    const BODY: &[u8] = b"what do ya want for nothing?";
    const MD5: &str = "750c783e6ab0b503eaa86e310a5db738";
    const SHA1: &str = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";
    const SHA256: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const SHA256_BASE64: &str = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=";
    const SHA1_BASE64URL: &str = "7_zfauXrL6LSdBbV8YTfnCWafHk=";
    const SHA512_BASE64: &str =
        "Fkt6e/z4GeLjlfvnO1bgo4e9ZCIugx/WECcM1+olBVSXWL91wFqZSm0DT2X48Ob9yuqxo01Ka0tjbgcKOLznNw==";

    fn hmac_source(algorithm: &str, encoding: &str) -> Value {
        let auth = json!({"webhook_secret_key": "Jefe", "algorithm": algorithm, "encoding": encoding, "header_key": "X-Sig"});
        json!({"auth_type": "HMAC", "auth": auth})
    }

    fn with(config: &Value, header: (&str, &str)) -> Verification {
        check(
            "WEBHOOK",
            config,
            |name| (name == header.0).then_some(header.1),
            BODY,
        )
    }

    #[test]
    fn published_signatures_pass_in_every_algorithm_and_encoding() {
        for (algorithm, encoding, signature) in [
            ("md5", "hex", MD5),
            ("sha1", "hex", SHA1),
            ("sha1", "base64url", SHA1_BASE64URL),
            ("sha256", "hex", SHA256),
            ("sha256", "base64", SHA256_BASE64),
            ("sha512", "base64", SHA512_BASE64),
        ] {
            let config = hmac_source(algorithm, encoding);
            assert_eq!(
                with(&config, ("x-sig", signature)),
                Verification::Passed,
                "{algorithm} {encoding}"
            );
            let prefixed = format!("{algorithm}={signature}");
            assert_eq!(
                with(&config, ("x-sig", &prefixed)),
                Verification::Passed,
                "{prefixed}"
            );
            let unpadded = signature.trim_end_matches('=');
            assert_eq!(
                with(&config, ("x-sig", unpadded)),
                Verification::Passed,
                "{unpadded}"
            );
        }
        let upper = SHA256.to_uppercase();
        assert_eq!(
            with(&hmac_source("sha256", "hex"), ("x-sig", &upper)),
            Verification::Passed
        );
    }

    #[test]
    fn wrong_signatures_fail() {
        let config = hmac_source("sha256", "hex");
        for signature in [
            "",
            "00",
            SHA1,
            &SHA256[..63],
            &SHA256[..62],
            &SHA256.replacen('5', "6", 1),
            "zz",
        ] {
            assert_eq!(
                with(&config, ("x-sig", signature)),
                Verification::Failed,
                "{signature}"
            );
        }
        assert_eq!(with(&config, ("x-other", SHA256)), Verification::Failed);
        let other = check("WEBHOOK", &config, |_| Some(SHA256), b"another body");
        assert_eq!(other, Verification::Failed);
    }

    #[test]
    fn an_empty_secret_lets_nobody_in() {
        let mut config = hmac_source("sha256", "hex");
        config["auth"]["webhook_secret_key"] = json!("");
        let mac = <Hmac<Sha256> as Mac>::new_from_slice(b"")
            .unwrap()
            .chain_update(BODY)
            .finalize()
            .into_bytes();
        let signature: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(with(&config, ("x-sig", &signature)), Verification::Failed);
        let config =
            json!({"auth_type": "API_KEY", "auth": {"header_key": "x-key", "api_key": ""}});
        assert_eq!(with(&config, ("x-key", "")), Verification::Failed);
        let config = json!({"auth_type": "BASIC_AUTH", "auth": {"username": "", "password": ""}});
        assert_eq!(
            with(&config, ("authorization", "Basic Og==")),
            Verification::Failed
        );
    }

    #[test]
    fn basic_auth_compares_both_halves() {
        let config = json!({"auth_type": "BASIC_AUTH", "auth": {"username": "Aladdin", "password": "open sesame"}});
        for (header, expected) in [
            ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", Verification::Passed),
            ("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ", Verification::Passed),
            ("Basic QWxhZGRpbjpvcGVu", Verification::Failed),
            ("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", Verification::Failed),
            ("Basic", Verification::Failed),
            ("Basic !", Verification::Failed),
        ] {
            assert_eq!(
                with(&config, ("authorization", header)),
                expected,
                "{header}"
            );
        }
        assert_eq!(check("HTTP", &config, |_| None, BODY), Verification::Failed);
    }

    #[test]
    fn an_api_key_is_compared_exactly() {
        let config =
            json!({"auth_type": "API_KEY", "auth": {"header_key": "X-Key", "api_key": "k1"}});
        assert_eq!(with(&config, ("x-key", "k1")), Verification::Passed);
        for wrong in ["k2", "k", "k11", "K1", ""] {
            assert_eq!(
                with(&config, ("x-key", wrong)),
                Verification::Failed,
                "{wrong}"
            );
        }
    }

    #[test]
    fn no_credentials_are_no_demand_and_unknown_schemes_are_named() {
        for config in [
            json!({}),
            json!({"auth": null}),
            json!({"auth": {}, "auth_type": "HMAC"}),
        ] {
            assert_eq!(
                with(&config, ("x", "y")),
                Verification::NotConfigured,
                "{config}"
            );
        }
        let stripe = json!({"auth": {"webhook_secret_key": "s"}});
        assert_eq!(
            check("STRIPE", &stripe, |_| None, BODY),
            Verification::NotBuilt("STRIPE requests".into())
        );
        let github = json!({"auth_type": "GITHUB", "auth": {"webhook_secret_key": "s"}});
        assert_eq!(
            with(&github, ("x", "y")),
            Verification::NotBuilt("GITHUB requests".into())
        );
    }
}
