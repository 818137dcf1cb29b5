//! Names we choose and deviations from the document.

use serde_json::{Value, json};

use crate::small::*;

fn thing(properties: Value) -> Value {
    answering(json!({"Thing": object(properties, &[])}))
}

#[test]
fn types_and_fields_are_renamed_and_typed() {
    let text = json!({"type": "string"});
    let list = json!({"anyOf": [text, {"type": "array", "items": text}]});
    let document = thing(json!({
        "id": text, "owner_id": list, "token": text, "count": {"type": "integer"}, "headers": {"anyOf": [text, {"type": "object"}]},
        "status": members(&["UP"]),
    }));
    let files = refined(
        &document,
        &json!({
            "ids": because(json!({
                "ThingId": {"prefix": "thg_", "doc": "A thing."},
                "OwnerId": {"prefix": "own_", "doc": "An owner."},
            })),
            "types": because(json!({
                "Thing.id": "ThingId", "owner_id": "OwnerId", "token": "Secret", "count": "u32", "Thing.headers": "Headers",
            })),
            "names": because(json!({"Thing": "Widget", "Thing.status": "State"})),
        }),
    );
    let code = code(&files);
    for wanted in [
        "pub struct Widget {",
        "pub id: Option<ThingId>",
        "pub owner_id: Option<OneOrMany<OwnerId>>",
        "pub token: Option<Secret>",
        "pub count: Option<u32>",
        "pub headers: Option<Headers>",
        "pub status: Option<State>",
    ] {
        assert!(code.contains(wanted), "{wanted} is not in {code}");
    }
    assert!(
        files["ids.rs"].contains("ThingId, \"thg_\""),
        "{}",
        files["ids.rs"]
    );
}

#[test]
fn enums_given_one_name_are_one_enum_with_the_members_of_all() {
    let document =
        thing(json!({"a": members(&["GET"]), "b": members(&["PUT"]), "c": members(&["PUT"])}));
    let names = json!({"names": because(json!({"Thing.a": "Method", "Thing.b": "Method"}))});
    let code = code(&refined(&document, &names));
    assert!(
        code.contains(r#"pub enum Method { Get = "GET", Put = "PUT", }"#),
        "{code}"
    );
    assert!(code.contains("pub c: Option<Method>"), "{code}");
}

#[test]
fn what_live_replies_leave_out_or_add_is_said_here() {
    let text = json!({"type": "string"});
    let document = answering(json!({"Thing": object(json!({"a": text, "b": text}), &["a", "b"])}));
    let code = code(&refined(
        &document,
        &json!({
            "lenient": because(json!(["Thing.a"])),
            "extra": because(json!({"Thing.more": {"type": "bool", "doc": "More."}})),
        }),
    ));
    assert!(code.contains("pub a: Option<String>"), "{code}");
    assert!(code.contains("pub b: String"), "{code}");
    assert!(code.contains("pub more: Option<bool>"), "{code}");
}

#[test]
fn operations_can_be_dropped_and_schemas_replaced() {
    let mut document = answering(json!({
        "Thing": object(json!({"a": reference("Old")}), &["a"]),
        "Old": object(json!({"x": {"type": "string"}}), &[]),
        "New": object(json!({"y": {"type": "string"}}), &[]),
    }));
    document["paths"]["/things/{id}"]["put"] =
        json!({"operationId": "archiveThing", "responses": {}});
    let code = code(&refined(
        &document,
        &json!({
            "drop": because(json!(["archiveThing"])),
            "replace": because(json!({"Old": "New"})),
        }),
    ));
    assert!(
        code.contains("pub a: New") && !code.contains("struct Old"),
        "{code}"
    );
    assert!(!code.contains("ARCHIVE_THING"), "{code}");
}

#[test]
fn a_tagged_union_can_be_made_one_struct() {
    let variant = |tag: &str| {
        object(
            json!({"type": members(&[tag]), "id": {"type": "string"}}),
            &["type", "id"],
        )
    };
    let document = property(json!({"anyOf": [variant("a"), variant("b")]}));
    let code = code(&refined(
        &document,
        &json!({"merge": because(json!(["Thing.p"]))}),
    ));
    assert!(
        code.contains("pub kind: ThingPType") && code.contains("pub id: String"),
        "{code}"
    );
}

#[test]
fn a_count_may_use_the_filter_of_its_list_if_that_covers_it() {
    let text = json!({"type": "string"});
    let mut document = listing(
        json!([{"in": "query", "name": "name", "schema": text}, {"in": "query", "name": "path", "schema": text}]),
    );
    document["paths"]["/things/count"] = json!({"get": {
        "operationId": "countThings",
        "parameters": [{"in": "query", "name": "name", "schema": text}],
        "responses": answer("Thing"),
    }});
    let shared = json!({"filters": because(json!({"countThings": "ThingFilter"}))});
    assert_eq!(
        code(&refined(&document, &shared))
            .matches("filter! {")
            .count(),
        1
    );
    document["paths"]["/things/count"]["get"]["parameters"][0]["name"] = "other".into();
    let message = refused_with(&document, &shared, OWN);
    assert_eq!(
        message,
        "#/paths/~1things~1count/get: `ThingFilter` does not cover the parameters of `countThings`"
    );
}

#[test]
fn an_entry_without_a_target_fails_our_own_build_only() {
    let document = thing(json!({"a": {"type": "string"}}));
    let stale = json!({
        "names": because(json!({"Gone.status": "State"})),
        "types": because(json!({"gone_id": "u32"})),
        "lenient": because(json!(["Thing.gone"])),
        "drop": because(json!(["goneThing"])),
    });
    let message = refused_with(&document, &stale, OWN);
    assert_eq!(
        message,
        "refinements.json#: entries whose target does not exist:\n  drop: goneThing\n  lenient: Thing.gone\n  \
         names: Gone.status\n  types: gone_id"
    );
    let foreign = attempt(&document.to_string(), &stale.to_string(), FOREIGN);
    assert!(foreign.is_ok());
}

#[test]
fn what_the_hand_written_layer_needs_is_asked_for_in_one_message() {
    let document = thing(json!({"a": {"type": "string"}}));
    let needs = json!({"needs": {
        "types": ["Thing", "Lost"], "fields": ["Thing.a", "Thing.b", "Lost.c"], "operations": ["getThing", "loseThing"], "resources": ["Thing"],
    }});
    let message = refused_with(&document, &needs, FOREIGN);
    assert_eq!(
        message,
        "#: the hand-written part of this crate needs what this document does not have:\n  type Lost\n  \
         field Thing.b\n  field Lost.c\n  operation loseThing\n  resource Thing"
    );
    let alone = attempt(&document.to_string(), &needs.to_string(), ALONE);
    assert!(alone.is_ok());
}

/// Code that passes a filter on, or calls `new`, needs more than the names.
#[test]
fn what_a_needed_field_holds_and_what_a_constructor_takes_is_checked() {
    let text = json!({"type": "string"});
    let thing = object(
        json!({"name": text, "kind": text, "at": text}),
        &["name", "kind"],
    );
    let document = body(thing);
    let needs = |set: Value| json!({"needs": set});
    let message = refused_with(
        &document,
        &needs(json!({
            "fields": ["CreateThingBody.at: String", "CreateThingBody.name: ThingFilter"],
            "constructors": ["CreateThingBody(name)", "Lost()"],
        })),
        FOREIGN,
    );
    assert_eq!(
        message,
        "#: the hand-written part of this crate needs what this document does not have:\n  \
         field CreateThingBody.name: ThingFilter\n  \
         constructor CreateThingBody(name), which is now CreateThingBody(kind, name)\n  \
         constructor Lost()"
    );
}

#[test]
fn every_entry_has_a_reason_and_a_known_section() {
    let document = thing(json!({"a": {"type": "string"}}));
    let message = refused_with(
        &document,
        &json!({"names": [{"set": {"Thing": "Widget"}}]}),
        OWN,
    );
    assert!(
        message.starts_with("refinements.json#/names: an entry without a reason"),
        "{message}"
    );
    let message = refused_with(&document, &json!({"nmaes": []}), OWN);
    assert_eq!(message, "refinements.json#/nmaes: no such section");
    let message = refused_with(
        &document,
        &json!({"types": because(json!({"a": "Uuid"}))}),
        OWN,
    );
    assert_eq!(
        message,
        "refinements.json#/types: `Thing.a`: no type `Uuid`"
    );
}

#[test]
fn what_is_no_document_is_refused_in_words() {
    let refused = |text: &str| match attempt(text, "{}", OWN) {
        Ok(_) => panic!("`{text}` was taken"),
        Err(failure) => failure,
    };
    assert!(
        refused("{").starts_with("#: not JSON: "),
        "{}",
        refused("{")
    );
    assert_eq!(
        refused("{}"),
        "#/paths: missing: this is not an OpenAPI document"
    );
}

#[test]
fn prose_can_be_put_in_place_of_the_document_s() {
    let document = thing(json!({"type": {"type": "string", "description": "Theirs."}}));
    let docs =
        json!({"docs": because(json!({"Thing": "A thing of ours.", "Thing.kind": "Ours."}))});
    let files = refined(&document, &docs);
    let models = &files["models.rs"];
    assert!(
        models.contains("/// A thing of ours.\n") && models.contains("    /// Ours.\n"),
        "{models}"
    );
    assert!(!models.contains("Theirs"), "{models}");
}

/// Words after a marker in the code of a file, comments left out: `ops::GET_EVENT`,
/// `models::{Event, ..}`.
fn names_after(code: &str, marker: &str) -> Vec<String> {
    let mut names = Vec::new();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for (at, _) in code.match_indices(marker) {
        let rest = &code[at + marker.len()..];
        let listed = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default(),
            None => rest.split(|c: char| !is_word(c)).next().unwrap_or_default(),
        };
        let words = listed
            .split(|c: char| !is_word(c))
            .filter(|word| !word.is_empty());
        names.extend(words.map(str::to_owned));
    }
    names
}

#[test]
fn everything_the_hand_written_layer_uses_is_listed_as_needed() {
    fn visit(folder: &std::path::Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).expect("is a folder") {
            let path = entry.expect("is readable").path();
            if path.is_dir() {
                visit(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("is readable");
            let code: String = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .map(|line| format!("{line}\n"))
                .collect();
            found.extend(
                names_after(&code, "crate::models::")
                    .into_iter()
                    .map(|n| ("types".into(), n)),
            );
            let shouted = |n: &String| n != "ALL" && !n.contains(|c: char| c.is_ascii_lowercase());
            let operations = names_after(&code, "ops::").into_iter().filter(shouted);
            found.extend(operations.map(|n| ("operations".into(), n)));
            found.extend(
                names_after(&code, "Resource::")
                    .into_iter()
                    .map(|n| ("resources".into(), n)),
            );
        }
    }

    let mut used = Vec::new();
    visit(
        &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut used,
    );
    assert!(used.len() > 20, "{used:?}");
    let refinements: Value =
        serde_json::from_str(include_str!("../../openapi/refinements.json")).expect("is JSON");
    let constant = |id: &str| -> String {
        let spell = |c: char| {
            if c.is_ascii_uppercase() {
                format!("_{c}")
            } else {
                c.to_string()
            }
        };
        id.chars()
            .map(spell)
            .collect::<String>()
            .to_ascii_uppercase()
    };
    let listed = |section: &str, name: &str| {
        let list = refinements["needs"][section]
            .as_array()
            .into_iter()
            .flatten();
        list.filter_map(Value::as_str)
            .any(|entry| entry == name || constant(entry) == name)
    };
    used.retain(|(section, name)| !listed(section, name));
    used.sort();
    used.dedup();
    assert!(
        used.is_empty(),
        "add to `needs` in openapi/refinements.json: {used:?}"
    );
}
