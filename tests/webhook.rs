//! Verifying deliveries.

#[path = "../examples/receiver/main.rs"]
#[expect(dead_code, reason = "its `main` is not called")]
mod receiver;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use hookdeck::ErrorKind;
use hookdeck::models::AttemptTrigger;
use hookdeck::webhook::{DeliveryInfo, Verifier, VerifyError, sign};
use http::HeaderMap;
use proptest::prelude::*;

const SECRET: &str = "whsec_test";
const BODY: &[u8] = br#"{"order":7}"#;

/// Computed with another implementation of HMAC.
const SIGNATURE: &str = "q0gxOeWuJgySPuWybcBbWKkyQYC9FlDaisDfmVN+3Xc=";
const SIGNED_WITH_OLD: &str = "XoXiyeYAjwZ0F8NQrqA4a4pjVyIgGEqzsTSNw0cw4uI=";

fn verifier() -> Verifier {
    Verifier::new(SECRET).unwrap()
}

fn verify(verifier: &Verifier, headers: &[(&str, &str)]) -> Result<DeliveryInfo, VerifyError> {
    verifier.verify(headers.iter().copied(), BODY)
}

#[test]
fn signatures_are_those_of_another_implementation() {
    let bytes: Vec<u8> = (0..=255).collect();
    let long = "k".repeat(100);
    for (secret, body, signature) in [
        (SECRET, BODY, SIGNATURE),
        ("whsec_old", BODY, SIGNED_WITH_OLD),
        (SECRET, b"", "Q8D00jyOiEE1j61GJLGlknmSIrKfJbtZuupDzctSLtE="),
        (
            &long,
            &bytes,
            "jRIv8wWIoCPwpe3bDS8jfRUN0KXDmuozbKRSBn1O/mk=",
        ),
        (
            "geheim-ü",
            "grüße".as_bytes(),
            "4Iov0DJiVR0XpUqK+geJJ/3H6XQWyuh2SATgzm0qCmM=",
        ),
    ] {
        assert_eq!(sign(secret, body), signature);
        let verifier = Verifier::new(secret).unwrap();
        let headers = [("x-hookdeck-signature", signature)];
        assert_eq!(
            verifier.receive(headers, body.to_vec()).unwrap().body(),
            body
        );
    }
}

#[test]
fn headers_come_from_any_framework_in_any_case() {
    let verifier = verifier();
    let mut map = HeaderMap::new();
    map.insert("X-Hookdeck-Signature", SIGNATURE.parse().unwrap());
    assert!(verifier.verify(&map, BODY).is_ok());

    let owned = HashMap::from([("X-HOOKDECK-SIGNATURE".to_owned(), SIGNATURE.to_owned())]);
    assert!(verifier.verify(&owned, BODY).is_ok());
    assert!(verifier.verify(owned, BODY).is_ok());
    let bytes = BTreeMap::from([("x-hookdeck-Signature", SIGNATURE.as_bytes())]);
    assert!(verifier.verify(&bytes, BODY).is_ok());
}

#[test]
fn each_failure_is_told_apart_and_tells_nothing_else() {
    let tampered = format!("r{}", &SIGNATURE[1..]);
    let unpadded = SIGNATURE.trim_end_matches('=');
    let url_safe = SIGNATURE.replace('+', "-");
    let name = "x-hookdeck-signature";
    for (headers, error) in [
        (vec![], VerifyError::MissingSignature),
        (
            vec![("x-hookdeck-signature-3", SIGNATURE)],
            VerifyError::MissingSignature,
        ),
        (
            vec![("signature", SIGNATURE)],
            VerifyError::MissingSignature,
        ),
        (vec![(name, "")], VerifyError::MalformedSignature),
        (vec![(name, "no base64!")], VerifyError::MalformedSignature),
        (vec![(name, "c2hvcnQ=")], VerifyError::MalformedSignature),
        (vec![(name, unpadded)], VerifyError::MalformedSignature),
        (vec![(name, &url_safe)], VerifyError::MalformedSignature),
        (vec![(name, &tampered)], VerifyError::SignatureMismatch),
        (
            vec![(name, SIGNED_WITH_OLD)],
            VerifyError::SignatureMismatch,
        ),
        (
            vec![
                (name, "no base64!"),
                ("x-hookdeck-signature-2", SIGNED_WITH_OLD),
            ],
            VerifyError::SignatureMismatch,
        ),
    ] {
        assert_eq!(verify(&verifier(), &headers), Err(error), "{headers:?}");
        let text = format!("{error} {error:?}");
        assert!(
            !text.contains(SECRET) && !text.contains(SIGNATURE),
            "{text}"
        );
    }
}

#[test]
fn while_secrets_change_either_signature_and_either_secret_will_do() {
    let both = [
        ("x-hookdeck-signature", SIGNATURE),
        ("x-hookdeck-signature-2", SIGNED_WITH_OLD),
    ];
    let old = Verifier::new("whsec_old").unwrap();
    assert!(verify(&verifier(), &both).is_ok());
    assert!(verify(&old, &both).is_ok());
    assert!(verify(&old, &both[..1]).is_err());

    let either = verifier().or_secret("whsec_old").unwrap();
    assert!(verify(&either, &both[..1]).is_ok());
    assert!(verify(&either, &both[1..]).is_ok());

    // One header twice is not one that counts and one that does not.
    let twice = [
        ("x-hookdeck-signature", SIGNED_WITH_OLD),
        ("x-hookdeck-signature", SIGNATURE),
    ];
    assert!(verify(&verifier(), &twice).is_ok());
    let malformed_first = [
        ("x-hookdeck-signature", "?"),
        ("x-hookdeck-signature-2", SIGNATURE),
    ];
    assert!(verify(&verifier(), &malformed_first).is_ok());
}

#[test]
fn a_secret_that_cannot_be_meant_is_refused() {
    for secret in ["", " ", "whsec_1\n", "\twhsec_1"] {
        let alone = Verifier::new(secret).unwrap_err();
        let second = verifier().or_secret(secret).unwrap_err();
        for error in [alone, second] {
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!format!("{error} {error:?}").contains("whsec_1"), "{error}");
        }
    }
    for name in ["", "no name", "ä"] {
        assert!(verifier().custom_header(name).is_err(), "{name:?}");
        assert!(verifier().header_prefix(name).is_err(), "{name:?}");
    }
}

#[test]
fn a_verified_source_can_be_asked_for() {
    let strict = verifier().require_verified_source();
    let with = |verified| {
        verify(
            &strict,
            &[
                ("x-hookdeck-signature", SIGNATURE),
                ("x-hookdeck-verified", verified),
            ],
        )
    };
    assert!(with("true").is_ok());
    for other in ["false", "", "1", "truth"] {
        assert_eq!(
            with(other),
            Err(VerifyError::SourceNotVerified),
            "{other:?}"
        );
    }
    let without = verify(&strict, &[("x-hookdeck-signature", SIGNATURE)]);
    assert_eq!(without, Err(VerifyError::SourceNotVerified));

    // Who cannot sign does not learn what else would be asked.
    let forged = verify(&strict, &[("x-hookdeck-signature", SIGNED_WITH_OLD)]);
    assert_eq!(forged, Err(VerifyError::SignatureMismatch));
    assert!(verify(&verifier(), &[("x-hookdeck-signature", SIGNATURE)]).is_ok());
}

#[test]
fn a_destination_with_a_signature_of_its_own_is_checked_by_its_header_alone() {
    let custom = verifier().custom_header("X-Shop-Signature").unwrap();
    assert!(verify(&custom, &[("x-shop-signature", SIGNATURE)]).is_ok());
    assert_eq!(
        verify(&custom, &[("x-hookdeck-signature", SIGNATURE)]),
        Err(VerifyError::MissingSignature)
    );
}

#[test]
fn a_prefix_of_the_project_replaces_hookdecks() {
    let acme = verifier().header_prefix("X-Acme").unwrap();
    let info = verify(
        &acme,
        &[("x-acme-signature", SIGNATURE), ("X-Acme-EventID", "evt_1")],
    )
    .unwrap();
    assert_eq!(info.event_id.unwrap(), "evt_1");
    assert_eq!(
        verify(&acme, &[("x-hookdeck-signature", SIGNATURE)]),
        Err(VerifyError::MissingSignature)
    );
}

#[test]
fn every_header_of_a_delivery_is_read() {
    let headers = [
        ("Idempotency-Key", "evt_1"),
        ("X-Hookdeck-EventID", "evt_1"),
        ("X-Hookdeck-RequestID", "req_1"),
        ("X-Hookdeck-Original-IP", "203.0.113.9"),
        ("X-Hookdeck-Verified", "false"),
        (
            "X-Hookdeck-Event-URL",
            "https://dashboard.hookdeck.com/events/evt_1",
        ),
        ("X-Hookdeck-Source-Name", "shop"),
        ("X-Hookdeck-Connection-Name", "orders"),
        ("X-Hookdeck-Destination-Name", "backend"),
        ("X-Hookdeck-Attempt-Count", "2"),
        ("X-Hookdeck-Attempt-Trigger", "AUTOMATIC"),
        ("X-Hookdeck-Will-Retry-After", "62.5"),
        ("X-Hookdeck-Something-New", "x"),
        ("Content-Type", "application/json"),
    ];
    let info = DeliveryInfo::from_headers(headers);
    assert_eq!(info.idempotency_key.as_deref(), Some("evt_1"));
    assert_eq!(info.event_id.as_ref().unwrap(), "evt_1");
    assert_eq!(info.request_id.as_ref().unwrap(), "req_1");
    assert_eq!(info.original_ip.as_deref(), Some("203.0.113.9"));
    assert_eq!(info.verified, Some(false));
    assert!(info.event_url.as_ref().unwrap().ends_with("/evt_1"));
    assert_eq!(info.source_name.as_deref(), Some("shop"));
    assert_eq!(info.connection_name.as_deref(), Some("orders"));
    assert_eq!(info.destination_name.as_deref(), Some("backend"));
    assert_eq!(info.attempt_count, Some(2));
    assert_eq!(info.attempt_trigger, Some(AttemptTrigger::Automatic));
    assert_eq!(info.will_retry_after, Some(Duration::from_millis(62_500)));
    assert!(info.is_retry());
    assert_eq!(info.dedup_key().unwrap().to_string(), "evt_1#2");

    let acme = headers.map(|(name, value)| (name.replace("X-Hookdeck", "x-acme"), value));
    assert_eq!(DeliveryInfo::from_prefixed_headers("X-Acme", acme), info);
}

#[test]
fn what_is_absent_empty_or_unreadable_is_none() {
    let none = DeliveryInfo::default();
    assert_eq!(DeliveryInfo::from_headers([("host", "x")]), none);
    assert_eq!(none.dedup_key(), None);
    let odd: [(&str, &[u8]); 8] = [
        ("x-hookdeck-will-retry-after", b""),
        ("x-hookdeck-will-retry-after", b"2026-11-21T10:00:00Z"),
        ("x-hookdeck-will-retry-after", b"-1"),
        ("x-hookdeck-attempt-count", b"many"),
        ("x-hookdeck-verified", b"maybe"),
        ("x-hookdeck-source-name", b"\xff"),
        ("x-hookdeck", b"x"),
        ("x-hookdeckeventid", b"evt_1"),
    ];
    assert_eq!(DeliveryInfo::from_headers(odd), none);

    let twice = [
        ("x-hookdeck-eventid", "evt_1"),
        ("x-hookdeck-eventid", "evt_2"),
    ];
    assert_eq!(DeliveryInfo::from_headers(twice).event_id.unwrap(), "evt_1");
    let unknown = DeliveryInfo::from_headers([("x-hookdeck-attempt-trigger", "TOMORROW")]);
    assert_eq!(unknown.attempt_trigger.unwrap(), "TOMORROW");
}

#[test]
fn debug_shows_neither_secrets_nor_bodies() {
    let verifier = verifier().or_secret("whsec_old").unwrap();
    let delivery = verifier
        .receive([("x-hookdeck-signature", SIGNATURE)], BODY)
        .unwrap();
    let text = format!("{verifier:?} {delivery:?}");
    for hidden in [SECRET, "whsec_old", "order", SIGNATURE] {
        assert!(!text.contains(hidden), "{text}");
    }
}

#[tokio::test]
async fn the_receiver_of_the_examples_lets_only_deliveries_through() {
    let report = receiver::run().await.unwrap();
    assert_eq!(
        report,
        "by the gateway  200\n\
         signed here     200 took order 8\n\
         the same again  200 already had order 8\n\
         another body    401\n\
         another secret  401\n\
         no signature    401\n"
    );
}

proptest! {
    #[test]
    fn what_was_signed_verifies(secret in "[!-~]{1,100}", body: Vec<u8>) {
        let verifier = Verifier::new(secret.as_str()).unwrap();
        let headers = [("x-hookdeck-signature", sign(&secret, &body))];
        prop_assert!(verifier.receive(headers, body).is_ok());
    }

    #[test]
    fn a_flipped_bit_of_the_body_does_not(
        mut body in prop::collection::vec(any::<u8>(), 1..300),
        at: prop::sample::Index,
        bit in 0_u32..8,
    ) {
        let headers = [("x-hookdeck-signature", sign(SECRET, &body))];
        let at = at.index(body.len());
        body[at] ^= 1_u8 << bit;
        let outcome = verifier().receive(headers, body).err();
        prop_assert_eq!(outcome, Some(VerifyError::SignatureMismatch));
    }

    /// Not even one that decodes to the same bytes: there is one way to write a signature.
    #[test]
    fn a_changed_character_of_the_signature_does_not(
        at in 0..SIGNATURE.len(),
        to in any::<u8>().prop_filter("visible", |byte| byte.is_ascii_graphic()),
    ) {
        let mut signature = SIGNATURE.as_bytes().to_vec();
        prop_assume!(signature[at] != to);
        signature[at] = to;
        let headers = [("x-hookdeck-signature", signature)];
        prop_assert!(verifier().verify(headers, BODY).is_err());
    }

    #[test]
    fn another_secret_does_not(secret in "[!-~]{1,64}") {
        prop_assume!(secret != SECRET);
        let headers = [("x-hookdeck-signature", sign(secret, BODY))];
        let outcome = verifier().verify(headers, BODY);
        prop_assert_eq!(outcome, Err(VerifyError::SignatureMismatch));
    }

    #[test]
    fn no_headers_make_it_panic(
        pairs in prop::collection::vec((header_name(), prop::collection::vec(any::<u8>(), 0..50)), 0..6),
    ) {
        prop_assert!(verifier().verify(pairs, BODY).is_err());
    }
}

fn header_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zé-]{0,30}",
        "(x-hookdeck|idempotency)-(signature|signature-2|eventid|will-retry-after|key|é)?",
    ]
}
