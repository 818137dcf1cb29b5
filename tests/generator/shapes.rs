//! One test per shape of the closed list, and what is not on it.

use serde_json::{Value, json};

use crate::small::*;

#[test]
fn scalars() {
    assert_eq!(type_of(json!({"type": "string"})), "String");
    assert_eq!(
        type_of(json!({"type": "string", "format": "URL"})),
        "String"
    );
    assert_eq!(
        type_of(json!({"type": "string", "format": "date-time"})),
        "Timestamp"
    );
    assert_eq!(type_of(json!({"type": "integer", "minimum": 0})), "i64");
    assert_eq!(type_of(json!({"type": "number", "format": "float"})), "f64");
    assert_eq!(type_of(json!({"type": "boolean", "x-anything": 1})), "bool");
    assert_eq!(type_of(json!({"nullable": true})), "Option<Json>");
    assert_eq!(type_of(json!({"enum": [0, 3600, 86400]})), "i64");
    assert_eq!(type_of(json!({"enum": [0.5, 1]})), "f64");
    assert_eq!(type_of(json!({"enum": [true]})), "bool");
    assert_eq!(type_of(json!({"enum": ["a", 1]})), "Json");
    assert_eq!(
        type_of(json!({"type": ["string", "null"]})),
        "Option<String>"
    );
}

#[test]
fn objects_without_properties_are_any_json_and_maps_are_maps() {
    assert_eq!(type_of(json!({"type": "object", "properties": {}})), "Json");
    let text =
        json!({"type": "object", "properties": {}, "additionalProperties": {"type": "string"}});
    assert_eq!(type_of(text), "BTreeMap<String, String>");
    let open = json!({"type": "object", "additionalProperties": true});
    assert_eq!(type_of(open), "BTreeMap<String, Json>");
    let nulls = json!({"additionalProperties": {"type": "string", "nullable": true}});
    assert_eq!(type_of(nulls), "BTreeMap<String, Option<String>>");
}

#[test]
fn null_is_said_in_many_ways() {
    for schema in [
        json!({"type": "string", "nullable": true}),
        json!({"anyOf": [{"type": "string"}], "nullable": true}),
        json!({"anyOf": [{"type": "string", "nullable": true}]}),
        json!({"oneOf": [{"type": "string"}, {"nullable": true}]}),
        json!({"oneOf": [{"type": "string"}, {"type": "null"}]}),
        json!({"oneOf": [{"type": "string"}, {"enum": [null]}]}),
    ] {
        assert_eq!(type_of(schema.clone()), "Option<String>", "{schema}");
    }
    assert_eq!(
        type_of(json!({"type": "string", "enum": ["a", null]})),
        "Option<ThingP>"
    );
}

#[test]
fn a_value_or_a_list_of_it() {
    let text = json!({"type": "string", "maxLength": 255});
    let list = |item: &serde_json::Value| json!({"type": "array", "items": item});
    assert_eq!(
        type_of(json!({"anyOf": [text, list(&text)]})),
        "OneOrMany<String>"
    );
    let nullable = json!({"type": "string", "nullable": true});
    assert_eq!(
        type_of(json!({"anyOf": [nullable, list(&nullable)]})),
        "Option<OneOrMany<String>>"
    );
    let status = members(&["A", "B"]);
    assert_eq!(
        type_of(json!({"anyOf": [status, list(&status)]})),
        "OneOrMany<ThingP>"
    );
    // "Any" as a word, or a list of members: one enum holds both.
    let schema = json!({"anyOf": [members(&["*"]), list(&status)]});
    assert_eq!(type_of(schema.clone()), "OneOrMany<ThingP>");
    let code = code(&generated(&property(schema)));
    assert!(
        code.contains(r#"pub enum ThingP { Any = "*", A = "A", B = "B", }"#),
        "{code}"
    );
}

#[test]
fn comparisons_are_ranges_of_what_they_compare() {
    let operators = reference("Operators");
    let list = |kind: &str| json!({"type": "array", "items": {"type": kind}});
    let time = json!({"type": "string", "format": "date-time"});
    assert_eq!(
        parameter_type(json!({"anyOf": [time, operators]})),
        "Range<Timestamp>"
    );
    let times = json!({"type": "array", "items": time});
    assert_eq!(
        parameter_type(json!({"anyOf": [time, times]})),
        "Range<Timestamp>"
    );
    let number = json!({"type": "integer"});
    assert_eq!(
        parameter_type(json!({"anyOf": [number, operators, list("integer")]})),
        "Range<i64>"
    );
    let text = json!({"type": "string", "nullable": true});
    assert_eq!(
        parameter_type(json!({"anyOf": [text, operators]})),
        "Range<String>"
    );
    let set = object(
        json!({"any": {"type": "boolean"}, "all": {"type": "boolean"}}),
        &[],
    );
    assert_eq!(
        parameter_type(json!({"anyOf": [text, set, list("string")]})),
        "Range<String>"
    );
    // A list that may also be null needs a way to say null.
    assert_eq!(
        parameter_type(json!({"anyOf": [text, list("string")]})),
        "Range<String>"
    );
    assert!(
        !code(&generated(&parameter(json!({"anyOf": [text, operators]})))).contains("Operators")
    );
}

#[test]
fn a_comparison_in_a_reply_is_refused() {
    let message = refused(&answering(json!({
        "Thing": object(json!({"p": reference("Operators")}), &[]),
        "Operators": operators(),
    })));
    assert!(message.contains("comparison object"), "{message}");
}

#[test]
fn text_or_anything_is_json() {
    let text = json!({"type": "string"});
    let any = json!({"type": "object", "properties": {}});
    let list = json!({"type": "array", "items": {}});
    assert_eq!(type_of(json!({"anyOf": [text, any]})), "Json");
    assert_eq!(
        type_of(json!({"anyOf": [text, any, list], "nullable": true})),
        "Option<Json>"
    );
    assert_eq!(parameter_type(json!({"anyOf": [text, any]})), "Json");
    let number = json!({"type": "number"});
    let map = json!({"type": "object", "additionalProperties": true});
    assert_eq!(
        type_of(json!({"anyOf": [text, number, {"type": "boolean"}, map]})),
        "Json"
    );
    assert_eq!(
        type_of(json!({"anyOf": [text, number, {"type": "boolean"}, {"nullable": true}]})),
        "Option<Json>"
    );
    assert_eq!(type_of(json!({"anyOf": [text, {}]})), "Json");
}

#[test]
fn enums_unite_and_stay_open() {
    let schema = json!({"anyOf": [{"enum": ["asc"]}, {"enum": ["desc"]}, {"enum": ["ASC"]}, {"enum": ["DESC"]}]});
    let code = code(&generated(&property(schema)));
    let wanted =
        r#"pub enum ThingP { AscUpper = "ASC", DescUpper = "DESC", Asc = "asc", Desc = "desc", }"#;
    assert!(code.contains(wanted), "{code}");
    assert_eq!(
        type_of(json!({"anyOf": [members(&["a"]), {"type": "string"}]})),
        "ThingP"
    );
}

#[test]
fn objects_with_a_type_each_are_a_tagged_union() {
    let rule = |tag: &str, field: &str| {
        object(
            json!({"type": members(&[tag]), field: {"type": "string"}}),
            &["type"],
        )
    };
    let code = code(&generated(&answering(json!({
        "Thing": object(json!({"rules": {"type": "array", "items": reference("Rule")}}), &["rules"]),
        "Rule": {"anyOf": [reference("DelayRule"), reference("Inner")]},
        "Inner": {"anyOf": [reference("RetryRule"), reference("DropRule")]},
        "DelayRule": rule("delay", "seconds"),
        "RetryRule": rule("retry", "count"),
        "DropRule": rule("drop", "why"),
    }))));
    let wanted = r#"pub enum Rule { Delay(DelayRule) = "delay", Retry(RetryRule) = "retry", Drop(DropRule) = "drop", }"#;
    assert!(code.contains(wanted), "{code}");
    assert!(
        !code.contains("pub kind"),
        "the union writes the tag: {code}"
    );
}

#[test]
fn other_objects_become_one_struct() {
    let code = code(&generated(&property(json!({"oneOf": [
        object(json!({
            "always": {"type": "string"},
            "auth": object(json!({"secret": {"type": "string"}, "to": members(&["header"])}), &["secret"]),
            "mixed": {"type": "string"},
        }), &["always", "auth"]),
        object(json!({
            "always": {"type": "string", "nullable": true},
            "auth": object(json!({"token": {"type": "string"}, "to": members(&["query"])}), &["token"]),
            "mixed": {"type": "integer"},
            "only": {"type": "boolean"},
        }), &["always"]),
        {"nullable": true},
    ]}))));
    assert!(code.contains("pub always: Option<String>,"), "{code}");
    assert!(code.contains("pub auth: Option<ThingPAuth>,"), "{code}");
    assert!(code.contains("pub mixed: Option<Json>,"), "{code}");
    assert!(code.contains("pub only: Option<bool>,"), "{code}");
    assert!(
        code.contains("pub secret: Option<String>,") && code.contains("pub token: Option<String>,")
    );
    assert!(
        code.contains(r#"pub enum ThingPAuthTo { Header = "header", Query = "query", }"#),
        "{code}"
    );
    assert_eq!(code.matches("pub struct").count(), 3, "{code}");
}

#[test]
fn two_spellings_of_one_type_do_not_tag() {
    let code = code(&generated(&property(json!({"oneOf": [
        object(json!({"type": members(&["stripe", "STRIPE"]), "configs": {"type": "string"}}), &["type"]),
        object(json!({"type": members(&["github", "GITHUB"]), "configs": {"type": "string"}}), &["type"]),
    ]}))));
    assert!(code.contains("pub kind: ThingPType,"), "{code}");
    let wanted =
        r#"GithubUpper = "GITHUB", StripeUpper = "STRIPE", Github = "github", Stripe = "stripe","#;
    assert!(code.contains(wanted), "{code}");
}

#[test]
fn a_list_or_an_object_is_told_by_its_first_byte() {
    let code = code(&generated(&answering(json!({
        "Thing": object(json!({"meta": {"anyOf": [reference("Parts"), reference("Failure")]}}), &[]),
        "Parts": {"type": "array", "items": members(&["body", "path"])},
        "Failure": object(json!({"reason": {"type": "string"}}), &["reason"]),
    }))));
    assert!(
        code.contains("pub enum ThingMeta { List(Vec<Part>), Object(Failure) }"),
        "{code}"
    );
}

#[test]
fn several_objects_beside_a_list_are_told_by_what_each_requires() {
    let text = json!({"type": "string"});
    let declared = |second: Value| {
        let variants = json!([
            reference("Parts"),
            reference("Failure"),
            reference("Repeat")
        ]);
        let meta = json!({"meta": {"anyOf": variants}});
        code(&generated(&answering(json!({
            "Thing": object(meta, &[]),
            "Parts": {"type": "array", "items": members(&["body", "path"])},
            "Failure": object(json!({"reason": text, "at": text}), &["reason"]),
            "Repeat": second,
        }))))
    };
    let told = declared(object(json!({"of": text, "at": text}), &["of"]));
    assert!(
        told.contains("pub enum ThingMeta { List(Vec<Part>), Failure(Failure), Repeat(Repeat) }"),
        "{told}"
    );
    // What requires nothing of its own reads whatever comes: one struct for both.
    for second in [
        object(json!({"of": text}), &[]),
        object(json!({"reason": text, "of": text}), &["reason"]),
    ] {
        let merged = declared(second);
        assert!(
            merged.contains("pub enum ThingMeta { List(Vec<Part>), Object(ThingMetaObject) }"),
            "{merged}"
        );
    }
}

#[test]
fn a_word_or_an_object_is_any_json() {
    let word = members(&["body", "path"]);
    let object = object(json!({"a": {"type": "string"}}), &["a"]);
    assert_eq!(type_of(json!({"anyOf": [word, object]})), "Json");
}

#[test]
fn what_is_not_on_the_list_is_refused_by_its_place() {
    let message = refused(&property(json!({"anyOf": [
        {"type": "array", "items": {"type": "string"}},
        {"type": "array", "items": {"type": "integer"}},
        object(json!({"a": {"type": "string"}}), &[]),
    ]})));
    assert_eq!(
        message,
        "#/components/schemas/Thing/properties/p/anyOf: a union of unknown shape: list | list | object"
    );
    let message = refused(&parameter(json!({"anyOf": [{"type": "file"}]})));
    assert_eq!(
        message,
        "#/paths/~1things/get/parameters/0/schema/anyOf/0: unknown type `file`"
    );
    let message = refused(&property(reference("Nowhere")));
    assert_eq!(
        message,
        "#/components/schemas/Nowhere: is referred to and does not exist"
    );
}

#[test]
fn all_of_one_is_that_one_and_all_of_objects_hold_together() {
    assert_eq!(
        type_of(json!({"allOf": [{"type": "string"}], "nullable": true})),
        "Option<String>"
    );
    assert_eq!(type_of(json!({"oneOf": [{"type": "string"}]})), "String");
    let code = code(&generated(&property(json!({"allOf": [
        object(json!({"a": {"type": "string"}}), &["a"]),
        object(json!({"b": {"type": "string"}}), &[]),
    ]}))));
    assert!(
        code.contains("pub a: String,") && code.contains("pub b: Option<String>,"),
        "{code}"
    );
}

#[test]
fn a_schema_that_contains_itself_is_boxed_once() {
    let code = code(&generated(&answering(json!({"Thing": object(json!({
        "parent": reference("Thing"),
        "children": {"type": "array", "items": reference("Thing")},
    }), &["parent", "children"])}))));
    assert!(code.contains("pub parent: Box<Thing>,"), "{code}");
    assert!(code.contains("pub children: Vec<Thing>,"), "{code}");
}

#[test]
fn presence_and_null_are_two_things_in_what_users_send_and_one_in_what_they_read() {
    let both = json!({"name": {"type": "string"}, "note": {"type": "string", "nullable": true}});
    let read = code(&generated(&answering(
        json!({"Thing": object(both.clone(), &[])}),
    )));
    assert!(
        read.contains("pub name: Option<String>,") && read.contains("pub note: Option<String>,")
    );
    let sent = code(&generated(&body(object(both, &[]))));
    let wanted = r#"input! { pub struct CreateThingBody -> Thing { required { } optional { into name: String, String = "name", } nullable { into note clear_note: String, String = "note", } } }"#;
    assert!(sent.contains(wanted), "{sent}");
}

#[test]
fn equal_schemas_are_one_type_whatever_their_prose() {
    let named = |text: &str| {
        let mut schema = object(json!({"key": {"type": "string"}}), &["key"]);
        schema["description"] = text.into();
        schema
    };
    let code = code(&generated(&answering(json!({
        "Thing": object(json!({"a": reference("StripeConfig"), "b": reference("Config")}), &["a", "b"]),
        "StripeConfig": named("One."),
        "Config": named("Another."),
    }))));
    assert!(
        code.contains("pub a: Config,") && code.contains("pub b: Config,"),
        "{code}"
    );
    assert!(!code.contains("StripeConfig"), "{code}");
}

#[test]
fn comparisons_outside_of_filters_are_data() {
    let compare =
        json!({"anyOf": [{"type": "string"}, object(json!({"any": {"type": "boolean"}}), &[])]});
    assert_eq!(type_of(compare.clone()), "Json");
    assert_eq!(parameter_type(compare), "Range<String>");
    let odd = json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {}}]});
    assert_eq!(type_of(odd), "Json");
}

#[test]
fn a_parameter_of_any_shape_can_be_set() {
    let map = json!({"type": "object", "additionalProperties": {"type": "string"}});
    assert_eq!(parameter_type(map), "Json");
    let nested = json!({"type": "array", "items": {"type": "array", "items": {"type": "string"}}});
    assert_eq!(parameter_type(nested), "Json");
    assert_eq!(
        parameter_type(json!({"type": "array", "items": {"type": "string"}})),
        "String"
    );
}

#[test]
fn names_that_lead_in_a_circle_are_refused() {
    let circle = |p: serde_json::Value| {
        answering(json!({
            "Thing": object(json!({"p": p}), &[]), "A": reference("B"), "B": reference("A"), "C": reference("D"),
            "D": {"type": "string"},
        }))
    };
    assert!(refused(&circle(reference("A"))).contains("is another name for itself"));
    let union = json!({"anyOf": [reference("A"), {"type": "string"}]});
    assert!(refused(&circle(union)).contains("is another name for itself"));
    assert!(code(&generated(&circle(reference("C")))).contains("pub p: Option<String>"));
}
