//! `PROVIDERS.md` says what the table of providers says.

use std::fmt::Write as _;

use super::super::providers::{PROVIDERS, Scheme, scheme};
use super::super::signature::Signature;
use super::source_types;
use crate::ingest::handshake;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/PROVIDERS.md");

#[test]
fn every_source_type_of_the_contract_is_in_the_table_once() {
    let types = source_types();
    assert!(types.len() > 100, "the contract has source types");
    for kind in &types {
        assert!(scheme(kind).is_some(), "{kind} is missing");
    }
    let known: Vec<&str> = PROVIDERS.iter().map(|(name, _)| *name).collect();
    let auth_types = ["HMAC", "BASIC_AUTH", "API_KEY", "STANDARD_WEBHOOKS"];
    for (index, name) in known.iter().enumerate() {
        assert!(!known[..index].contains(name), "{name} is there twice");
        assert!(
            auth_types.contains(name) || types.iter().any(|kind| kind == name),
            "{name} is unknown"
        );
    }
}

#[test]
fn handshakes_are_those_of_types_that_there_are() {
    let types = source_types();
    for kind in handshake::types() {
        assert!(types.iter().any(|known| known == kind), "{kind}");
    }
}

#[test]
fn the_document_is_in_step() {
    let expected = document();
    let found = std::fs::read_to_string(PATH).unwrap_or_default();
    if found != expected {
        // Written where it does no harm, so that it can be looked at and taken over.
        let beside = std::env::temp_dir().join("PROVIDERS.md");
        std::fs::write(&beside, expected).unwrap();
        panic!(
            "PROVIDERS.md is out of step with the table; it should be as {}",
            beside.display()
        );
    }
}

fn document() -> String {
    let mut rows = String::new();
    let mut checked = 0;
    let mut sorted: Vec<_> = PROVIDERS.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    for (name, scheme) in sorted {
        let (status, place, how) = describe(scheme);
        if status == "verified" {
            checked += 1;
        }
        let cell = |text: &str| text.replace('|', "\\|");
        writeln!(
            rows,
            "| {name} | {status} | {} | {} |",
            cell(&place),
            cell(&how)
        )
        .unwrap();
    }
    let preface = include_str!("preface.md");
    let handshakes: Vec<&str> = handshake::types().into_iter().collect();
    let handshakes = handshakes.join(", ");
    let all = PROVIDERS.len();
    format!(
        "{preface}\nHandshakes are answered for {handshakes}.\n\n{checked} of {all} schemes are verified.\n\n\
         | Type | Status | Proof stands in | Scheme |\n| --- | --- | --- | --- |\n{rows}"
    )
}

fn describe(scheme: &Scheme) -> (&'static str, String, String) {
    let verified = |place: String, how: String| ("verified", place, how);
    match scheme {
        Scheme::Chosen => verified("as configured".into(), "by `auth_type`".into()),
        Scheme::Hmac => verified(
            "header of choice".into(),
            "HMAC of the body, algorithm and encoding of choice".into(),
        ),
        Scheme::BasicAuth => verified("`authorization`".into(), "basic authentication".into()),
        Scheme::ApiKey => verified("header of choice".into(), "the key as it is".into()),
        Scheme::Token { at, setting } => verified(
            at.describe(),
            format!("the {} as it is", setting.replace('_', " ")),
        ),
        Scheme::One(signature) => verified(signature.place(), signature.describe()),
        Scheme::Signed(signatures) => verified(
            joined(signatures, Signature::place),
            joined(signatures, Signature::describe),
        ),
        Scheme::Own { place, what, .. } => verified((*place).into(), (*what).into()),
        Scheme::NoCredentials(what) => (
            "no credentials",
            String::new(),
            format!("requests carry {what}"),
        ),
        Scheme::Unchecked(why) => ("unverified", String::new(), (*why).into()),
    }
}

/// What is the same for several is said once.
fn joined(signatures: &[Signature], of: impl Fn(&Signature) -> String) -> String {
    let mut all: Vec<String> = Vec::new();
    for text in signatures.iter().map(of) {
        if !all.contains(&text) {
            all.push(text);
        }
    }
    all.join("; or ")
}
