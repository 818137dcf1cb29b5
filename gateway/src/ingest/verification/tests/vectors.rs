//! Every scheme against requests signed elsewhere: by the provider's documentation where it publishes one, otherwise
//! computed with another language's libraries. What each must refuse is derived from what it must accept.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::providers::{PROVIDERS, Scheme};
use super::{Case, Verification};

#[derive(Deserialize)]
struct Vector {
    r#type: String,
    auth: Map<String, Value>,
    /// Further members of the config.
    #[serde(default)]
    config: Map<String, Value>,
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: String,
    /// The gateway's time in seconds since the epoch.
    at: i64,
    /// A body that must not pass instead; none where the body is not signed.
    tamper: Option<String>,
    /// Whether age matters.
    stale: bool,
}

impl Vector {
    fn all() -> Vec<Self> {
        serde_json::from_str(include_str!("vectors.json")).unwrap()
    }

    fn case(&self) -> Case {
        let mut config = self.config.clone();
        config.insert("auth".into(), Value::Object(self.auth.clone()));
        Case {
            kind: self.r#type.clone(),
            config: Value::Object(config),
            method: self.method.clone(),
            url: self.url.clone(),
            headers: self.headers.clone().into_iter().collect(),
            body: self.body.clone().into_bytes(),
            now: self.at,
        }
    }

    /// The credentials that are secrets or keys, rather than names.
    fn secrets(&self) -> impl Iterator<Item = &String> {
        let names = ["algorithm", "encoding", "header_key"];
        self.auth
            .keys()
            .filter(move |key| !names.contains(&key.as_str()))
    }

    /// The headers that the proof is in.
    fn proofs(&self) -> impl Iterator<Item = usize> {
        self.headers
            .keys()
            .enumerate()
            .filter(|(_, name)| !["content-type", "protocol"].contains(&name.as_str()))
            .map(|(index, _)| index)
    }
}

#[test]
fn what_is_signed_well_passes() {
    for vector in Vector::all() {
        let case = vector.case();
        assert_eq!(
            case.verdict(),
            Verification::Passed,
            "{} {:?}",
            vector.r#type,
            vector.headers
        );
    }
}

#[test]
fn every_scheme_that_is_checked_has_a_request_to_check() {
    let vectors = Vector::all();
    let tried: BTreeSet<&str> = vectors.iter().map(|vector| &*vector.r#type).collect();
    for (name, scheme) in PROVIDERS {
        let checked = !matches!(
            scheme,
            Scheme::Chosen | Scheme::NoCredentials(_) | Scheme::Unchecked(_)
        );
        assert_eq!(tried.contains(name), checked, "{name}");
    }
}

#[test]
fn another_secret_fails() {
    for vector in Vector::all() {
        for name in vector.secrets() {
            let mut case = vector.case();
            let secret = vector.auth[name].as_str().unwrap();
            // Of the same form, so that it is the comparison that refuses it.
            let middle = secret.len() / 2;
            let middle = (middle..).find(|at| secret.is_char_boundary(*at)).unwrap();
            let (before, after) = secret.split_at(middle);
            let first = after.chars().next().unwrap();
            let other = if first == 'A' || first == '4' {
                '5'
            } else if first.is_ascii_digit() {
                '4'
            } else {
                'A'
            };
            let other = format!("{before}{other}{}", &after[first.len_utf8()..]);
            case.config["auth"][name] = json!(other);
            assert_eq!(
                case.verdict(),
                Verification::Failed,
                "{} {name}",
                vector.r#type
            );
        }
    }
}

#[test]
fn an_empty_or_missing_secret_lets_nobody_in() {
    for vector in Vector::all() {
        for name in vector.secrets() {
            for nothing in [json!(""), Value::Null] {
                let mut case = vector.case();
                case.config["auth"][name] = nothing;
                if vector.auth.contains_key("username") {
                    case.config["auth"] = json!({"username": "", "password": ""});
                    case.headers[0].1 = "Basic Og==".into();
                }
                assert_eq!(
                    case.verdict(),
                    Verification::Failed,
                    "{} {name}",
                    vector.r#type
                );
            }
        }
    }
}

#[test]
fn another_body_fails() {
    for vector in Vector::all() {
        if let Some(body) = &vector.tamper {
            let mut case = vector.case();
            case.body = body.clone().into_bytes();
            assert_ne!(case.body, vector.body.as_bytes(), "{}", vector.r#type);
            assert_eq!(case.verdict(), Verification::Failed, "{}", vector.r#type);
        }
    }
}

#[test]
fn no_header_of_the_proof_may_be_missing_or_malformed() {
    for vector in Vector::all() {
        for index in vector.proofs() {
            let mut case = vector.case();
            let (name, value) = case.headers.remove(index);
            assert_eq!(
                case.verdict(),
                Verification::Failed,
                "{} without {name}",
                vector.r#type
            );
            for malformed in [
                "",
                "=",
                ",",
                ";;;",
                "t=,v1=",
                "v1,",
                "%zz",
                "\u{fffd}",
                &"9".repeat(64),
                "sha256=zz",
                "-9223372036854775808",
                "9223372036854775807",
                "t=-9223372036854775808,h=a,v0=00,v1=00",
                "ts=9223372036854775807;h1=00",
            ] {
                case.headers.push((name.clone(), malformed.into()));
                assert_eq!(
                    case.verdict(),
                    Verification::Failed,
                    "{} {name}: {malformed}",
                    vector.r#type
                );
                case.headers.pop();
            }
            let flipped: String = value
                .chars()
                .map(|c| {
                    if c == '1' {
                        '2'
                    } else if c == 'a' {
                        'b'
                    } else {
                        c
                    }
                })
                .collect();
            case.headers.push((name.clone(), flipped.clone()));
            if flipped != value {
                assert_eq!(
                    case.verdict(),
                    Verification::Failed,
                    "{} {name}: {flipped}",
                    vector.r#type
                );
            }
        }
    }
}

#[test]
fn age_matters_where_the_provider_says_so() {
    for vector in Vector::all() {
        let mut case = vector.case();
        case.now += 366 * 24 * 3600;
        let expected = if vector.stale {
            Verification::Failed
        } else {
            Verification::Passed
        };
        assert_eq!(case.verdict(), expected, "{}", vector.r#type);
    }
}

#[test]
fn a_tolerance_is_met_to_the_second_and_to_both_sides() {
    let stripe = Vector::all()
        .into_iter()
        .find(|vector| vector.r#type == "STRIPE")
        .unwrap();
    for (offset, expected) in [
        (300, Verification::Passed),
        (301, Verification::Failed),
        (-300, Verification::Passed),
        (-301, Verification::Failed),
    ] {
        let mut case = stripe.case();
        case.now += offset;
        assert_eq!(case.verdict(), expected, "{offset}");
    }
}
