//! The columns of the operation table: what an operation is about, what it does to it, and where
//! resources stand in its reply.

use serde_json::{Value, json};

use crate::generator::Files;
use crate::small::*;

/// One column of one operation, as it is written.
fn column(files: &Files, operation: &str, column: &str) -> String {
    let table = &files["operations.rs"];
    let row = table
        .split("pub const ")
        .find(|row| row.contains(&format!("    id: {operation:?},\n")))
        .unwrap_or_else(|| panic!("no `{operation}` in {table}"));
    let start = format!("    {column}: ");
    let line = row.lines().find_map(|line| line.strip_prefix(&start));
    let value = line.unwrap_or_else(|| panic!("no `{column}` in {row}"));
    value.trim_end_matches(',').to_owned()
}

fn operation(id: &str, reply: Value) -> Value {
    json!({"operationId": id, "responses": {"200": {"content": {"application/json": {"schema": reply}}}}})
}

/// Things with a list of their own, and parts that lie in them and are listed below them.
fn schemas() -> Value {
    let text = json!({"type": "string"});
    let list = |name: &str| json!({"type": "array", "items": reference(name)});
    let mut schemas = page_schemas();
    schemas["Part"] = object(json!({"id": text, "weight": {"type": "integer"}}), &["id"]);
    schemas["Thing"] = object(
        json!({"id": text, "part": reference("Part"), "data": object(json!({"spare": list("Part")}), &[])}),
        &["id"],
    );
    schemas["Parts"] = list("Part");
    schemas
}

fn things(paths: Value) -> Value {
    let mut all = json!({
        "/things": {"get": operation("getThings", reference("ThingPage"))},
        "/things/{id}/parts": {"get": operation("getParts", reference("Parts"))},
    });
    for (path, item) in paths.as_object().into_iter().flatten() {
        for (method, value) in item.as_object().into_iter().flatten() {
            all[path][method] = value.clone();
        }
    }
    document(all, schemas())
}

#[test]
fn resources_are_what_lists_hold_whether_paged_or_bare() {
    let files = generated(&things(json!({})));
    let resources = &files["resources.rs"];
    assert!(
        resources.contains("    Part,\n") && resources.contains("    Thing,\n"),
        "{resources}"
    );
    assert!(!resources.contains("ThingData"), "{resources}");
    let none = generated(&answering(json!({"Thing": object(json!({}), &[])})));
    assert!(
        none["resources.rs"].ends_with("pub enum Resource {\n}\n"),
        "{}",
        none["resources.rs"]
    );
}

#[test]
fn an_operation_is_about_what_the_nearest_list_on_its_path_holds() {
    let nothing = json!({"type": "object", "properties": {}});
    let files = generated(&things(json!({
        "/things/count": {"get": operation("countThings", nothing.clone())},
        "/things/{id}/parts/{part}": {"get": operation("getPart", reference("Part"))},
        "/things/{id}/parts/{part}/lend": {"put": operation("lendPart", reference("Thing"))},
        "/thingsandmore": {"get": operation("getMore", nothing)},
    })));
    let about = |id: &str| column(&files, id, "resource");
    assert_eq!(about("countThings"), "Some(Resource::Thing)");
    assert_eq!(about("getPart"), "Some(Resource::Part)");
    assert_eq!(
        about("lendPart"),
        "Some(Resource::Part)",
        "whatever it answers"
    );
    assert_eq!(
        about("getMore"),
        "None",
        "half a segment is no beginning of a path"
    );
}

#[test]
fn places_lead_to_every_resource_of_a_reply_the_inner_ones_first() {
    let files = generated(&things(json!({
        "/things/{id}": {"get": operation("getThing", reference("Thing"))},
        "/pairs": {"post": operation("createPair", object(
            json!({"both": {"type": "array", "items": reference("Thing")}, "note": {"type": "string"}}),
            &[],
        ))},
    })));
    let places = |id: &str| {
        column(&files, id, "places")
            .replace("PathStep::Member", "")
            .replace("PathStep::", "")
            .replace("ResourcePlace ", "")
            .replace("Resource::", "")
    };
    assert_eq!(
        places("getThing"),
        r#"&[{ path: &[("data"), ("spare"), Items], resource: Part }, { path: &[("part")], resource: Part }, { path: &[], resource: Thing }]"#
    );
    assert_eq!(
        places("getThings"),
        r#"&[{ path: &[("models"), Items, ("data"), ("spare"), Items], resource: Part }, { path: &[("models"), Items, ("part")], resource: Part }, { path: &[("models"), Items], resource: Thing }]"#
    );
    assert_eq!(
        places("getParts"),
        "&[{ path: &[Items], resource: Part }]",
        "a bare list"
    );
    assert!(
        places("createPair").ends_with(r#"{ path: &[("both"), Items], resource: Thing }]"#),
        "{}",
        places("createPair")
    );
}

#[test]
fn a_resource_that_holds_itself_or_has_kinds_is_led_to_once() {
    let text = json!({"type": "string"});
    let kind = |name: &str| {
        let own =
            json!({"type": members(&[name]), "id": text, "part": reference("Part"), name: text});
        object(own, &["type", "id"])
    };
    let mut schemas = schemas();
    schemas["Thing"] = json!({"oneOf": [kind("a"), kind("b")]});
    schemas["Part"] = object(json!({"id": text, "part": reference("Part")}), &["id"]);
    let paths = json!({
        "/things": {"get": operation("getThings", reference("ThingPage"))},
        "/parts": {"get": operation("getParts", reference("Parts"))},
        "/things/{id}": {"get": operation("getThing", reference("Thing"))},
    });
    let files = generated(&document(paths, schemas));
    assert_eq!(
        column(&files, "getThing", "places"),
        r#"&[ResourcePlace { path: &[PathStep::Member("part")], resource: Resource::Part }, ResourcePlace { path: &[], resource: Resource::Thing }]"#
    );
}

#[test]
fn what_deletes_is_told_from_a_delete_that_answers_the_thing() {
    let id = object(json!({"id": {"type": "string"}}), &["id"]);
    let files = generated(&things(json!({
        "/things/{id}": {
            "delete": operation("deleteThing", id.clone()),
            "post": operation("touchThing", id),
        },
        "/things/{id}/parts/{part}": {"delete": operation("archivePart", reference("Part"))},
        "/things/all": {"delete": {"operationId": "dropThings", "responses": {"204": {"description": "Gone."}}}},
    })));
    let deletes = |id: &str| column(&files, id, "deletes");
    assert_eq!(deletes("deleteThing"), "true");
    for other in ["touchThing", "archivePart", "dropThings", "getThings"] {
        assert_eq!(deletes(other), "false", "{other}");
    }
}

#[test]
fn the_direction_of_a_list_is_refined_stated_or_common_in_this_order() {
    let listing = |dir: Value| listing(json!([{"in": "query", "name": "dir", "schema": dir}]));
    let refinements = |set: Value| json!({"directions": because(set)});
    let direction = |document: &Value, refinements: &Value| {
        column(&refined(document, refinements), "getThings", "direction")
    };
    let plain = listing(members(&["asc", "desc"]));
    let mut stated = members(&["asc", "desc"]);
    stated["default"] = json!("ASC");
    let several =
        listing(json!({"anyOf": [stated.clone(), {"type": "array", "items": {"type": "string"}}]}));
    let stated = listing(stated);

    assert_eq!(direction(&plain, &json!({})), "None");
    assert_eq!(
        direction(&plain, &refinements(json!({"*": "desc"}))),
        "Some(Direction::Desc)"
    );
    assert_eq!(direction(&stated, &json!({})), "Some(Direction::Asc)");
    assert_eq!(direction(&several, &json!({})), "Some(Direction::Asc)");
    assert_eq!(
        direction(&stated, &refinements(json!({"getThings": "desc"}))),
        "Some(Direction::Desc)"
    );
    let without = parameter(json!({"type": "string"}));
    assert_eq!(direction(&without, &json!({})), "None");

    let wrong = refused_with(&plain, &refinements(json!({"getThings": "down"})), OWN);
    assert_eq!(
        wrong,
        "#/paths/~1things/get/parameters/0: `down` is not a direction: `asc` or `desc` is"
    );
    let lost = refused_with(&without, &refinements(json!({"getThings": "asc"})), OWN);
    assert!(lost.ends_with("directions: getThings"), "{lost}");
}

#[test]
fn bulk_jobs_are_told_by_their_path_and_bodies_are_noticed() {
    let body = json!({"content": {"application/json": {"schema": object(json!({"p": {"type": "string"}}), &[])}}});
    let mut with_body = operation("createBulk", reference("Thing"));
    with_body["requestBody"] = body;
    let files = generated(&things(json!({
        "/bulk/odd-things/paint": {"post": with_body},
        "/bulk/odd-things/paint/{id}/cancel": {"post": operation("cancelBulk", reference("Thing"))},
        "/bulk": {"get": operation("getBulk", reference("Thing"))},
    })));
    let bulk_type = |id: &str| column(&files, id, "bulk_type");
    assert_eq!(bulk_type("createBulk"), r#"Some("odd_things.paint")"#);
    assert_eq!(bulk_type("cancelBulk"), r#"Some("odd_things.paint")"#);
    assert_eq!(bulk_type("getBulk"), "None");
    assert_eq!(bulk_type("getThings"), "None");
    assert_eq!(column(&files, "createBulk", "has_body"), "true");
    assert_eq!(column(&files, "cancelBulk", "has_body"), "false");
}
