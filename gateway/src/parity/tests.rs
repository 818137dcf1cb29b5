use std::collections::BTreeSet;
use std::path::Path;

use super::*;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

fn all() -> Vec<Row> {
    rows().into_iter().flat_map(|(_, rows)| rows).collect()
}

#[test]
fn every_file_of_rows_is_compiled_in() {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(Path::new(FOLDER).join("parity")).unwrap() {
        files.push(std::fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    assert_eq!(files.len(), FILES.len());
    for (area, text) in FILES {
        assert!(files.iter().any(|file| file == text), "{area}");
    }
}

#[test]
fn ids_are_unique_and_every_difference_has_a_reason() {
    let mut ids = BTreeSet::new();
    for row in all() {
        let id = &row.id;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!(!id.is_empty() && id.bytes().all(plain), "{id}");
        assert!(ids.insert(id.clone()), "{id} is there twice");
        assert!(row.same || row.why.is_some(), "{id} does not say why");
        assert!(
            row.evidence != Evidence::Unknown || row.probe.is_none(),
            "{id}: what nobody knows cannot be compared"
        );
    }
}

/// The text of every source file below `folder`.
fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, text);
        } else if path.extension().is_some_and(|end| end == "rs") {
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_row_can_be_asked_or_names_a_test_that_there_is() {
    let mut text = String::new();
    for folder in ["src", "tests", "../tests", "../src", "../build"] {
        sources(&Path::new(FOLDER).join(folder), &mut text);
    }
    let mut missing = Vec::new();
    for row in all() {
        let Some(test) = &row.test else {
            // What can be asked is asked of this gateway by the test of the comparison.
            if row.probe.is_none() {
                missing.push(format!("{} has no test", row.id));
            }
            continue;
        };
        let name = test.rsplit("::").next().unwrap();
        if !text.contains(&format!("fn {name}(")) {
            missing.push(format!("{}: {name}", row.id));
        }
    }
    assert!(missing.is_empty(), "no such tests:\n{}", missing.join("\n"));
}

/// A comparison may run in a project that holds more than its own.
#[test]
fn probes_touch_nothing_but_what_they_created() {
    for row in all() {
        let Some(probe) = &row.probe else { continue };
        for step in &probe.steps {
            let call = step.call.as_str();
            let (method, target) = call.split_once(' ').unwrap();
            let creates = matches!(method, "POST" | "PUT")
                && step.json.as_ref().is_some_and(|json| !json.is_null());
            if creates && let Some(name) = step.json.as_ref().and_then(|json| json.get("name")) {
                let is_own = name.as_str().is_some_and(|name| name.contains("{{"));
                assert!(is_own, "{}: {call} uses a name of others", row.id);
            }
            let is_public = target.ends_with("/openapi");
            let is_own = target.contains("{{") || is_public;
            assert!(
                is_own || method != "GET",
                "{}: {call} reads what it did not create",
                row.id
            );
            assert!(
                target.contains("{{") || method != "DELETE",
                "{}: {call} deletes what it did not create",
                row.id
            );
        }
    }
}

#[test]
fn the_page_is_in_step() {
    let path = Path::new(FOLDER).join("PARITY.md");
    let found = std::fs::read_to_string(path).unwrap_or_default();
    let expected = page();
    if found != expected {
        // Written where it does no harm, so that it can be looked at and taken over.
        let beside = std::env::temp_dir().join("PARITY.md");
        std::fs::write(&beside, expected).unwrap();
        panic!(
            "PARITY.md is out of step with parity/*.json; it should be as {}",
            beside.display()
        );
    }
}
