//! Small documents, and a way to look at what became of them.

use serde_json::{Value, json};

use crate::generator::{Checks, Files, generate, merge};

/// As for our own document.
pub const OWN: Checks = Checks {
    targets: true,
    needs: true,
};
/// As for another document with the hand-written layer around it.
pub const FOREIGN: Checks = Checks {
    targets: false,
    needs: true,
};
/// As for another document by itself.
pub const ALONE: Checks = Checks {
    targets: false,
    needs: false,
};

/// Generates, or says why not.
pub fn attempt(document: &str, refinements: &str, checks: Checks) -> Result<Files, String> {
    generate(document, refinements, checks).map_err(|failure| failure.within("", ""))
}

/// Our document, completed by what is live beyond it.
pub fn own_document() -> String {
    let document = include_str!("../../openapi/2026-09-01.json");
    let additions = include_str!("../../openapi/additions.json");
    merged(document, additions, true).unwrap_or_else(|failure| panic!("{failure}"))
}

/// Completes a document, or says why not.
pub fn merged(document: &str, additions: &str, targets: bool) -> Result<String, String> {
    merge(document, additions, targets).map_err(|failure| failure.within("", ""))
}

/// A document with these named schemas, one of which, `Thing`, is what `GET /things/{id}` answers.
pub fn answering(schemas: Value) -> Value {
    document(
        json!({"/things/{id}": {"get": {"operationId": "getThing", "responses": answer("Thing")}}}),
        schemas,
    )
}

/// A document with one property of one object: `Thing.p`.
pub fn property(schema: Value) -> Value {
    answering(json!({"Thing": object(json!({"p": schema}), &["p"])}))
}

/// A document with a list of things that takes one parameter, `p`.
pub fn parameter(schema: Value) -> Value {
    listing(json!([{"in": "query", "name": "p", "schema": schema}]))
}

pub fn listing(parameters: Value) -> Value {
    document(
        json!({"/things": {"get": {
            "operationId": "getThings",
            "parameters": parameters,
            "responses": answer("ThingPage"),
        }}}),
        page_schemas(),
    )
}

pub fn page_schemas() -> Value {
    json!({
        "Thing": object(json!({"id": {"type": "string"}}), &["id"]),
        "ThingPage": object(json!({
            "pagination": object(json!({"next": {"type": "string"}}), &[]),
            "models": {"type": "array", "items": reference("Thing")},
        }), &[]),
        "Operators": operators(),
    })
}

pub fn operators() -> Value {
    object(
        json!({"gt": {"type": "string"}, "lte": {"type": "string"}, "any": {"type": "boolean"}}),
        &[],
    )
}

/// A document with `POST /things`, taking this body and answering a `Thing`.
pub fn body(schema: Value) -> Value {
    document(
        json!({"/things": {"post": {
            "operationId": "createThing",
            "requestBody": {"content": {"application/json": {"schema": schema}}},
            "responses": answer("Thing"),
        }}}),
        page_schemas(),
    )
}

pub fn document(paths: Value, schemas: Value) -> Value {
    json!({"openapi": "3.0.1", "paths": paths, "components": {"schemas": schemas}})
}

pub fn answer(schema: &str) -> Value {
    json!({"200": {"content": {"application/json": {"schema": reference(schema)}}}})
}

pub fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

pub fn object(properties: Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

pub fn members(members: &[&str]) -> Value {
    json!({"type": "string", "enum": members})
}

/// A section of the refinements.
pub fn because(set: Value) -> Value {
    json!([{"reason": "A test.", "set": set}])
}

/// Generates with these refinements, which must all find their targets.
pub fn refined(document: &Value, refinements: &Value) -> Files {
    match attempt(&document.to_string(), &refinements.to_string(), OWN) {
        Ok(files) => files,
        Err(failure) => panic!("{failure}"),
    }
}

pub fn generated(document: &Value) -> Files {
    refined(document, &json!({}))
}

/// Why a document is refused.
pub fn refused(document: &Value) -> String {
    refused_with(document, &json!({}), OWN)
}

pub fn refused_with(document: &Value, refinements: &Value, checks: Checks) -> String {
    match attempt(&document.to_string(), &refinements.to_string(), checks) {
        Ok(files) => panic!("was generated: {files:#?}"),
        Err(failure) => failure,
    }
}

/// Everything generated, one space between words, without comments: what assertions look into.
pub fn code(files: &Files) -> String {
    let mut out = String::new();
    for name in ["models.rs", "bodies.rs", "filters.rs", "operations.rs"] {
        for line in files[name]
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with("//"))
        {
            out.push_str(line);
            out.push(' ');
        }
    }
    out
}

/// The type of `Thing.p` for a schema.
pub fn type_of(schema: Value) -> String {
    let code = code(&generated(&property(schema)));
    let at = code.find("pub p: ").map(|at| at + "pub p: ".len());
    let at = at.unwrap_or_else(|| panic!("no `p` in {code}"));
    code[at..]
        .split(", }")
        .next()
        .unwrap_or_default()
        .trim_end_matches([',', ' ', '}'])
        .to_owned()
}

/// The type a parameter's setter takes.
pub fn parameter_type(schema: Value) -> String {
    let code = code(&generated(&parameter(schema)));
    let at = code
        .find(" p: ")
        .unwrap_or_else(|| panic!("no `p` in {code}"))
        + " p: ".len();
    code[at..]
        .split(" = ")
        .next()
        .unwrap_or_default()
        .to_owned()
}
