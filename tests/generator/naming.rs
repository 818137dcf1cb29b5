//! Names: readable, legal, unique and the same on every run.

use serde_json::json;

use crate::small::*;

#[test]
fn any_wire_value_gets_a_legal_name() {
    let wires = [
        "PROPERTY-FINDER",
        "Customer.IO",
        "3dEye",
        "x-www-form-urlencoded",
        "< 1M",
        "150+",
        "1-5",
        "",
        "self",
        "*",
    ];
    let code = code(&generated(&property(members(&wires))));
    for wanted in [
        r#"PropertyFinder = "PROPERTY-FINDER""#,
        r#"CustomerIo = "Customer.IO""#,
        r#"N3dEye = "3dEye""#,
        r#"XWwwFormUrlencoded = "x-www-form-urlencoded""#,
        r#"LessThan1m = "< 1M""#,
        r#"N150Plus = "150+""#,
        r#"N1To5 = "1-5""#,
        r#"Empty = """#,
        r#"SelfValue = "self""#,
        r#"Any = "*""#,
    ] {
        assert!(code.contains(wanted), "{wanted} is not in {code}");
    }
}

#[test]
fn members_that_would_share_a_name_get_numbers() {
    let code = code(&generated(&property(members(&["a-b", "a_b", "a b"]))));
    assert!(
        code.contains(r#"AB = "a b", AB2 = "a-b", AB3 = "a_b","#),
        "{code}"
    );
}

#[test]
fn fields_avoid_keywords_and_each_other() {
    let text = json!({"type": "string"});
    let code = code(&generated(&answering(json!({"Thing": object(
        json!({"type": text, "use": text, "fooBar": text, "foo_bar": text, "2fa": text}),
        &["type", "use", "fooBar", "foo_bar", "2fa"],
    )}))));
    for wanted in [
        r#"#[serde(rename = "type")] pub kind: String"#,
        r#"#[serde(rename = "use")] pub use_: String"#,
        r#"#[serde(rename = "fooBar")] pub foo_bar: String"#,
        r#"#[serde(rename = "foo_bar")] pub foo_bar2: String"#,
        r#"#[serde(rename = "2fa")] pub n2fa: String"#,
    ] {
        assert!(code.contains(wanted), "{wanted} is not in {code}");
    }
}

#[test]
fn a_schema_may_be_called_like_a_type_of_ours() {
    let code = code(&generated(&answering(json!({
        "Thing": object(json!({"list": reference("List")}), &["list"]),
        "List": object(json!({"x": {"type": "string"}}), &[]),
    }))));
    assert!(code.contains("pub list: List2,"), "{code}");
}

#[test]
fn different_types_never_share_a_name() {
    let one = json!({"x": members(&["a"])});
    let other = json!({"y": {"type": "string"}});
    let code = code(&generated(&answering(json!({
        "Thing": object(json!({"p_q": object(one, &[]), "p": object(json!({"q": object(other, &[])}), &[])}), &[]),
    }))));
    assert!(
        code.contains("pub struct ThingPQ {") && code.contains("pub struct ThingPQ2 {"),
        "{code}"
    );
}

#[test]
fn items_are_named_in_the_singular() {
    let entry = object(json!({"x": {"type": "string"}}), &["x"]);
    let code = code(&generated(&property(
        json!({"type": "object", "additionalProperties": {"type": "array", "items": entry}}),
    )));
    assert!(
        code.contains("pub p: BTreeMap<String, Vec<ThingP>>,"),
        "{code}"
    );
    let entry = object(json!({"x": {"type": "string"}}), &["x"]);
    let thing = object(
        json!({"policies": {"type": "array", "items": entry}}),
        &["policies"],
    );
    let code = self::code(&generated(&answering(json!({"Thing": thing}))));
    assert!(code.contains("pub policies: Vec<ThingPolicy>,"), "{code}");
}

#[test]
fn what_has_no_description_is_described_by_its_name() {
    let files = generated(&property(json!({"type": "string"})));
    assert!(
        files["models.rs"].contains("/// Thing.\n") && files["models.rs"].contains("    /// P.\n")
    );
}

#[test]
fn prose_is_escaped_where_rustdoc_would_read_markup() {
    let text = "Maps <a> to [b], see https://example.com/x. Code: `a[0] <T>`. An array[*].";
    let files = generated(&property(json!({"type": "string", "description": text})));
    let wanted = r"    /// Maps \<a\> to \[b\], see <https://example.com/x>. Code: `a[0] <T>`. An array\[\*\].";
    assert!(
        files["models.rs"].contains(wanted),
        "{}",
        files["models.rs"]
    );
}

#[test]
fn the_same_document_yields_the_same_text_whatever_the_order_of_its_keys() {
    let document = &own_document();
    let refinements = include_str!("../../openapi/refinements.json");
    let origin = OWN;
    let first = attempt(document, refinements, origin);
    let again = attempt(document, refinements, origin);
    let (Ok(first), Ok(again)) = (first, again) else {
        panic!("our own document is refused")
    };
    assert_eq!(first, again);

    let a = r#"{"paths":{"/a":{"get":{"responses":{}}},"/b":{"put":{"responses":{}},"get":{"responses":{}}}}}"#;
    let b = r#"{"paths":{"/b":{"get":{"responses":{}},"put":{"responses":{}}},"/a":{"get":{"responses":{}}}}}"#;
    let [a, b] = [a, b].map(|text| generated(&serde_json::from_str(text).expect("is JSON")));
    assert_eq!(a, b);
    assert!(
        a["operations.rs"].contains("pub const GET_A: Operation"),
        "{}",
        a["operations.rs"]
    );
}

#[test]
fn provider_configurations_collapse_into_a_handful_of_types() {
    let document = &own_document();
    let refinements = include_str!("../../openapi/refinements.json");
    let files = attempt(document, refinements, OWN).unwrap_or_else(|failure| panic!("{failure}"));
    let summary = &files["summary.txt"];
    let figure = |name: &str| -> usize {
        let line = summary.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        number
            .and_then(|n| n.parse().ok())
            .unwrap_or_else(|| panic!("no `{name}` in {summary}"))
    };
    assert!(3 * figure("types: ") < figure("schemas: "), "{summary}");
    assert!(
        2 * figure("lines of types: ") < figure("lines with a type per schema: "),
        "{summary}"
    );
    let source: Vec<&str> = summary
        .lines()
        .filter(|name| name.starts_with("Source"))
        .collect();
    assert_eq!(
        source,
        [
            "Source",
            "SourceAuth",
            "SourceAuthType",
            "SourceConfig",
            "SourceFilter",
            "SourceInput",
            "SourceType",
            "SourceUpdate"
        ]
    );
}

#[test]
fn setters_keep_clear_of_the_methods_beside_them() {
    let text = json!({"type": "string"});
    let parameters = json!([{"in": "query", "name": "filter", "schema": text}]);
    let listed = code(&generated(&listing(parameters)));
    assert!(
        listed.contains(r#"into filter_: String = "filter""#),
        "{listed}"
    );
    let sent = code(&generated(&body(object(
        json!({"timeout": text, "filter": text}),
        &[],
    ))));
    assert!(
        sent.contains("into timeout_: String") && sent.contains("into filter: String"),
        "{sent}"
    );
}

#[test]
fn links_lead_only_to_types_that_are_there() {
    let prose = "Of a [`Thing`], not of a [`Gadget`].";
    let files = generated(&property(json!({"type": "string", "description": prose})));
    assert!(
        files["models.rs"].contains("/// Of a [`Thing`], not of a `Gadget`."),
        "{}",
        files["models.rs"]
    );
}

/// A setter called like a method of the call it stands on would not compile, and the message would
/// name neither the document nor the property.
#[test]
fn setters_keep_clear_of_every_method_of_their_call() {
    let text = json!({"type": "string"});
    let methods = |source: &str| -> Vec<String> {
        let code = source.lines().map(str::trim_start);
        let code = code.filter(|line| !line.starts_with("//"));
        let named = code.filter_map(|line| line.split_once("fn ")?.1.split(['(', '<']).next());
        // Methods of traits, which setters may be called like.
        let own = named.filter(|name| !["clone", "fmt", "into_future"].contains(name));
        own.map(str::to_owned).collect()
    };
    let both = methods(include_str!("../../src/call/mod.rs"));
    let both = both
        .iter()
        .filter(|name| ["timeout", "idempotent"].contains(&name.as_str()));
    let both: Vec<String> = both.cloned().collect();
    assert_eq!(both.len(), 2);

    let of_list = methods(include_str!("../../src/call/list.rs"));
    assert!(of_list.contains(&"into_fetch".to_owned()), "{of_list:?}");
    for name in of_list.iter().chain(&both) {
        let parameters = json!([{"in": "query", "name": name, "schema": text}]);
        let code = code(&generated(&listing(parameters)));
        assert!(
            !code.contains(&format!("into {name}: ")),
            "{name} in {code}"
        );
    }
    let of_write = methods(include_str!("../../src/call/write.rs"));
    assert!(of_write.contains(&"body_mut".to_owned()), "{of_write:?}");
    for name in of_write.iter().chain(&both) {
        let properties = json!({name.as_str(): text});
        let code = code(&generated(&body(object(properties, &[]))));
        assert!(
            !code.contains(&format!("into {name}: ")),
            "{name} in {code}"
        );
    }
}

#[test]
fn operations_whose_ids_read_alike_get_constants_of_their_own() {
    let get = |id: &str| json!({"get": {"operationId": id, "responses": answer("Thing")}});
    let paths =
        json!({"/a": get("getThing"), "/b": get("get_thing"), "/c": get("all"), "/d": get("2fa")});
    let code = code(&generated(&document(paths, page_schemas())));
    for wanted in [
        "pub const GET_THING: Operation = Operation { id: \"getThing\"",
        "pub const GET_THING2: Operation = Operation { id: \"get_thing\"",
        "pub const ALL2: Operation = Operation { id: \"all\"",
        "pub const N_2FA: Operation = Operation { id: \"2fa\"",
        "&N_2FA, &ALL2, &GET_THING, &GET_THING2,",
    ] {
        assert!(code.contains(wanted), "{wanted} is not in {code}");
    }
}
