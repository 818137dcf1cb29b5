//! Lists, their filters, bodies that hold one, and the operation table.

use serde_json::{Value, json};

use crate::small::*;

fn query(name: &str, schema: Value) -> Value {
    json!({"in": "query", "name": name, "schema": schema})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn conditions() -> Value {
    let compare = json!({"anyOf": [{"type": "integer"}, reference("Operators")]});
    json!({"status": text(), "attempts": compare, "path": text()})
}

fn list_parameters() -> Value {
    let mut parameters: Vec<Value> = conditions()
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, schema)| query(name, schema.clone()))
        .collect();
    for name in ["limit", "next", "prev", "dir", "order_by"] {
        parameters.push(query(name, text()));
    }
    parameters.into()
}

#[test]
fn a_list_gets_a_filter_without_the_parameters_every_list_has() {
    let code = code(&generated(&listing(list_parameters())));
    let wanted = "filter! { pub struct ThingFilter -> Thing { own { \
                  plain_or_into } list { into order_by: String = \"order_by\", } } }";
    let own = "into attempts: Range<i64> = \"attempts\", into path: String = \"path\", into status: String = \"status\",";
    assert!(
        code.contains(&wanted.replace("plain_or_into", own)),
        "{code}"
    );
    assert!(
        !code.contains("limit") && !code.contains("ThingPage"),
        "{code}"
    );
}

#[test]
fn lists_with_the_same_parameters_share_a_filter_and_bulk_jobs_take_it() {
    let bulk = object(json!({"query": object(conditions(), &[])}), &["query"]);
    let list = json!({"operationId": "getThings", "parameters": list_parameters(), "responses": answer("ThingPage")});
    let mut nested = list.clone();
    nested["operationId"] = "getOwnerThings".into();
    let code = code(&generated(&document(
        json!({
            "/things": {"get": list},
            "/owners/{id}/things": {"get": nested},
            "/bulk/things": {
                "get": {
                    "operationId": "planBulk",
                    "parameters": [query("query", object(conditions(), &[]))],
                    "responses": answer("Thing"),
                },
                "post": {
                    "operationId": "createBulk",
                    "requestBody": {"content": {"application/json": {"schema": bulk}}},
                    "responses": answer("Thing"),
                },
            },
        }),
        page_schemas(),
    )));
    assert_eq!(code.matches("filter! {").count(), 1, "{code}");
    let wanted = r#"written! { pub struct CreateBulkBody -> Thing { required { into query: ThingFilter, ThingFilter = "query", }"#;
    assert!(code.contains(wanted), "{code}");
}

#[test]
fn an_object_in_a_parameter_is_a_filter_of_its_own() {
    let span = object(json!({"start": text(), "end": text()}), &["start", "end"]);
    let measures = json!({"type": "array", "items": members(&["count"])});
    let code = code(&generated(&listing(json!([
        query("date_range", span),
        query("measures", measures)
    ]))));
    assert!(
        code.contains("into date_range: GetThingsDateRange = \"date_range\","),
        "{code}"
    );
    assert!(
        code.contains("list measures: GetThingsMeasure = \"measures\","),
        "{code}"
    );
    assert!(
        code.contains("pub struct GetThingsDateRange { own {"),
        "{code}"
    );
}

#[test]
fn bodies_are_shared_only_where_the_answer_is_the_same() {
    let body = object(json!({"name": text()}), &["name"]);
    let write = |id: &str, reply: &str| {
        json!({
            "operationId": id,
            "requestBody": {"content": {"application/json": {"schema": body}}},
            "responses": answer(reply),
        })
    };
    let code = code(&generated(&document(
        json!({
            "/a": {"post": write("createA", "A"), "put": write("upsertA", "A")},
            "/b": {"post": write("createB", "B")},
        }),
        json!({
            "A": object(json!({"a": text()}), &["a"]),
            "B": object(json!({"b": text()}), &["b"]),
        }),
    )));
    assert_eq!(code.matches("input! {").count(), 2, "{code}");
    assert!(
        code.contains("pub struct CreateABody -> A")
            && code.contains("pub struct CreateBBody -> B"),
        "{code}"
    );
}

#[test]
fn the_table_says_what_a_call_may_do() {
    let mut list = listing(list_parameters());
    list["paths"]["/things"]["post"] = json!({
        "operationId": "createThing", "summary": "Create a thing.", "deprecated": true, "responses": {},
    });
    list["paths"]["/things"]["put"] = json!({"operationId": "upsertThing", "responses": {}});
    let code = code(&generated(&list));
    assert!(code.contains(
        r#"pub const GET_THINGS: Operation = Operation { id: "getThings", method: Method::Get, path: "/things", summary: "get things", idempotent: true, paged: true, deprecated: false,"#
    ), "{code}");
    assert!(code.contains(
        r#"id: "createThing", method: Method::Post, path: "/things", summary: "Create a thing", idempotent: false, paged: false, deprecated: true,"#
    ), "{code}");
    assert!(
        code.contains(
            "pub const ALL: &[&Operation] = &[ &CREATE_THING, &GET_THINGS, &UPSERT_THING, ];"
        ),
        "{code}"
    );
}

#[test]
fn a_list_whose_rows_are_chosen_by_when_they_were_made_and_say_so_is_timed() {
    let time = json!({"type": "string", "format": "date-time"});
    let compare =
        json!({"anyOf": [time, reference("Operators"), {"type": "array", "items": time}]});
    let chosen = json!([{"in": "query", "name": "created_at", "schema": compare}]);
    let declared = |parameters: &Value, created_at: Value, required: &[&str]| {
        let mut document = listing(parameters.clone());
        let row = json!({"id": {"type": "string"}, "created_at": created_at});
        document["components"]["schemas"]["Thing"] = object(row, required);
        code(&generated(&document))
    };
    let timed = |code: &str| code.contains("pub struct ThingFilter -> Thing, by created_at {");
    assert!(timed(&declared(&chosen, time.clone(), &["created_at"])));
    assert!(
        !timed(&declared(&chosen, time.clone(), &[])),
        "a row need not say"
    );
    let mut nullable = time.clone();
    nullable["nullable"] = json!(true);
    assert!(!timed(&declared(&chosen, nullable, &["created_at"])));
    let text = json!({"type": "string"});
    assert!(!timed(&declared(&chosen, text, &["created_at"])));
    assert!(!timed(&declared(&json!([]), time, &["created_at"])));
}
