//! What is live beyond the published document, written into it: every addition says where and when it was
//! seen, finds its place, and leaves the rest as it stands.

use serde_json::{Value, json};

use crate::small::*;

const DOCUMENT: &str = r##"{
  "paths": {"/a~b": {"get": {"tags": []}}},
  "zeta": {"enum": ["b", "a"], "text": "Said \"so\"."},
  "alpha": { }
}"##;

fn addition(verb: &str, places: Value) -> Value {
    json!([{"what": "A test.", "source": "this file", "date": "2026-10-06", verb: places}])
}

fn completed(additions: &Value) -> String {
    merged(DOCUMENT, &additions.to_string(), true).unwrap_or_else(|failure| panic!("{failure}"))
}

fn refused_addition(additions: &Value) -> String {
    match merged(DOCUMENT, &additions.to_string(), true) {
        Ok(merged) => panic!("was merged: {merged}"),
        Err(failure) => failure,
    }
}

#[test]
fn items_members_and_sentences_are_added_in_place_and_the_rest_stays_to_the_byte() {
    let additions = json!([
        {"what": "Two.", "source": "this file", "date": "2026-10-06",
            "append": {"/zeta/enum": ["c", "d"], "/zeta/text": "\n- \"More\"."}},
        {"what": "One and one.", "source": "this file", "date": "2026-10-07",
            "append": {"/zeta/enum": ["e"], "/paths/~1a~0b/get/tags": [{"x": 1}]},
            "set": {"/alpha": {"y": [], "x": null}, "/zeta": {"last": true}}},
    ]);
    assert_eq!(
        completed(&additions),
        r##"{
  "paths": {"/a~b": {"get": {"tags": [{"x":1}]}}},
  "zeta": {"enum": ["b", "a", "c", "d", "e"], "text": "Said \"so\".\n- \"More\".", "last": true},
  "alpha": {"x": null, "y": []}
}"##
    );
    assert_eq!(completed(&json!([])), DOCUMENT);
}

#[test]
fn an_addition_that_finds_no_place_or_its_work_done_is_told_with_its_place() {
    for (verb, places, problem) in [
        (
            "append",
            json!({"/zeta/enums": ["c"]}),
            "is not in the document",
        ),
        (
            "append",
            json!({"/zeta/enum/7": ["c"]}),
            "is not in the document",
        ),
        (
            "append",
            json!({"/zeta/enum/0/x": ["c"]}),
            "is not in the document",
        ),
        ("append", json!({"zeta": ["c"]}), "is not in the document"),
        (
            "append",
            json!({"/zeta/enum": ["c", "a"]}),
            r#""a" is there already"#,
        ),
        (
            "append",
            json!({"/zeta/text": "\"so\"."}),
            "is there already",
        ),
        (
            "set",
            json!({"/zeta": {"new": 1, "text": 2}}),
            "text is there already",
        ),
        (
            "set",
            json!({"/zeta/enum": {"x": 1}}),
            "`set` does not fit what is there",
        ),
        (
            "append",
            json!({"/alpha": ["x"]}),
            "`append` does not fit what is there",
        ),
        (
            "append",
            json!({"/zeta/enum": "c"}),
            "`append` does not fit what is there",
        ),
    ] {
        let additions = addition(verb, places.clone());
        let failure = refused_addition(&additions);
        let place = places.as_object().and_then(|all| all.keys().next());
        assert!(
            failure.starts_with("additions.json#/0: ") && failure.contains(problem),
            "{failure}"
        );
        assert!(failure.contains(place.expect("a place")), "{failure}");
        // Another document may lack the place, or have caught up.
        let lenient = merged(DOCUMENT, &additions.to_string(), false);
        assert_eq!(lenient.as_deref(), Ok(DOCUMENT), "{places}");
    }
}

#[test]
fn what_two_entries_add_alike_is_refused() {
    let mut additions = addition("append", json!({"/zeta/enum": ["c"]}));
    let again = additions[0].clone();
    additions.as_array_mut().expect("a list").push(again);
    assert_eq!(
        refused_addition(&additions),
        "additions.json#/1: /zeta/enum: \"c\" is added twice"
    );
}

#[test]
fn an_addition_says_what_it_is_where_it_was_seen_and_when() {
    let whole = addition("append", json!({"/zeta/enum": ["c"]}));
    for fact in ["what", "source", "date"] {
        for missing in [Value::Null, json!(""), json!(7)] {
            let mut additions = whole.clone();
            additions[0][fact] = missing;
            let failure = refused_addition(&additions);
            assert_eq!(
                failure,
                format!("additions.json#/0: does not say its `{fact}`")
            );
        }
    }
    let mut additions = whole.clone();
    additions[0]["date"] = json!("6 October");
    assert!(refused_addition(&additions).contains("is no date"));
    let mut additions = whole.clone();
    additions[0]["remove"] = json!({});
    assert!(refused_addition(&additions).contains("`remove`, which means nothing here"));
    assert!(refused_addition(&json!({})).contains("must be a list"));
    let broken = merged(DOCUMENT, "[", true).expect_err("is no JSON");
    assert!(
        broken.starts_with("additions.json#: not JSON: "),
        "{broken}"
    );
    let broken = merged("{", "[]", true).expect_err("is no JSON");
    assert!(broken.starts_with("#: not JSON: "), "{broken}");
}

#[test]
fn our_own_additions_all_find_their_places_and_change_no_published_fact() {
    let merged: Value = serde_json::from_str(&own_document()).expect("is JSON");
    let published: Value =
        serde_json::from_str(include_str!("../../openapi/2026-09-01.json")).expect("is JSON");
    assert!(holds(&merged, &published), "something was taken away");
    assert_ne!(merged, published);
    let causes = &merged["components"]["schemas"]["IgnoredEventCause"]["enum"];
    assert!(
        causes
            .as_array()
            .expect("a list")
            .contains(&json!("DUPLICATE"))
    );
}

/// Whether everything in `less` is in `more`: members by name, items in their order from the first on, texts
/// as the beginning.
fn holds(more: &Value, less: &Value) -> bool {
    match (more, less) {
        (Value::Object(more), Value::Object(less)) => less
            .iter()
            .all(|(name, less)| more.get(name).is_some_and(|more| holds(more, less))),
        (Value::Array(more), Value::Array(less)) => {
            more.len() >= less.len() && more.iter().zip(less).all(|(more, less)| holds(more, less))
        }
        (Value::String(more), Value::String(less)) => more.starts_with(less.as_str()),
        _ => more == less,
    }
}
