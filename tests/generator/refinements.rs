//! Names we choose and deviations from the document.

use serde_json::{Value, json};

use crate::small::*;

fn because(set: Value) -> Value {
    json!([{"reason": "A test.", "set": set}])
}

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
        "types": ["Thing", "Lost"], "fields": ["Thing.a", "Thing.b", "Lost.c"], "operations": ["getThing", "loseThing"],
    }});
    let message = refused_with(&document, &needs, FOREIGN);
    assert_eq!(
        message,
        "#: the hand-written part of this crate needs what this document does not have:\n  type Lost\n  \
         field Thing.b\n  field Lost.c\n  operation loseThing"
    );
    let alone = attempt(&document.to_string(), &needs.to_string(), ALONE);
    assert!(alone.is_ok());
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
