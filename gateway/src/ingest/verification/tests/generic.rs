use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::super::crypto::HashAlgorithm;
use super::{Case, Verification};

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
    check("WEBHOOK", config, &[header], BODY)
}

fn check(kind: &str, config: &Value, headers: &[(&str, &str)], body: &[u8]) -> Verification {
    let case = Case {
        kind: kind.into(),
        config: config.clone(),
        method: "POST".into(),
        url: "https://gateway.example/e/abc".into(),
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
        body: body.to_vec(),
        now: 0,
    };
    case.verdict()
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
    let other = check("WEBHOOK", &config, &[("x-sig", SHA256)], b"another body");
    assert_eq!(other, Verification::Failed);
}

#[test]
fn an_empty_secret_lets_nobody_in() {
    let mut config = hmac_source("sha256", "hex");
    config["auth"]["webhook_secret_key"] = json!("");
    let signature = HEXLOWER.encode(&HashAlgorithm::Sha256.hmac(b"", BODY));
    assert_eq!(with(&config, ("x-sig", &signature)), Verification::Failed);
    let config = json!({"auth_type": "API_KEY", "auth": {"header_key": "x-key", "api_key": ""}});
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
    assert_eq!(check("HTTP", &config, &[], BODY), Verification::Failed);
}

#[test]
fn an_api_key_is_compared_exactly() {
    let config = json!({"auth_type": "API_KEY", "auth": {"header_key": "X-Key", "api_key": "k1"}});
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
fn without_credentials_nothing_is_demanded() {
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
}

#[test]
fn credentials_without_a_scheme_let_nobody_in() {
    let config = json!({"auth": {"header_key": "x-key", "api_key": "k1"}});
    assert_eq!(with(&config, ("x-key", "k1")), Verification::Failed);
}

#[test]
fn a_generic_source_may_name_a_providers_scheme() {
    let config = json!({"auth_type": "GITHUB", "auth": {"webhook_secret_key": "Jefe"}});
    let signature = format!("sha256={SHA256}");
    assert_eq!(
        with(&config, ("x-hub-signature-256", &signature)),
        Verification::Passed
    );
    assert_eq!(with(&config, ("x", "y")), Verification::Failed);
}

#[test]
fn what_cannot_be_checked_is_neither_good_nor_bad() {
    let config = json!({"auth": {"webhook_id": "1"}});
    assert_eq!(check("PAYPAL", &config, &[], BODY), Verification::Unchecked);
}
