use proptest::prelude::*;
use serde_json::json;

use super::*;

/// One sentence of the language's description and the cases that show it: input, schema, whether it matches.
fn check(sentence: &str, cases: &[(Value, Value, bool)]) {
    for (input, schema, expected) in cases {
        assert_eq!(
            matches(input, schema),
            *expected,
            "{sentence}\n  input  {input}\n  schema {schema}"
        );
    }
}

#[test]
fn plain_values() {
    check(
        "a plain value matches a loosely equal one",
        &[
            (json!({"a": 1}), json!({"a": "1"}), true),
            (json!({"a": "1"}), json!({"a": 1}), true),
            (json!({"a": true}), json!({"a": 1}), true),
            (json!({"a": null}), json!({"a": null}), true),
            (json!({"a": null}), json!({"a": 0}), false),
            (json!({"a": "x"}), json!({"a": "y"}), false),
        ],
    );
    check(
        "a plain value matches a list with such an item",
        &[
            (json!({"a": [1, 2]}), json!({"a": "2"}), true),
            (json!({"a": [1, 2]}), json!({"a": 3}), false),
            (json!({"a": []}), json!({"a": null}), false),
            (json!({"a": [[1], [2]]}), json!({"a": 2}), true),
        ],
    );
    check(
        "a plain value never matches an object",
        &[
            (json!({"a": {}}), json!({"a": "[object Object]"}), false),
            (json!({"a": {"b": 1}}), json!({"a": 1}), false),
        ],
    );
    check(
        "values that are no objects are matched at the root",
        &[
            (json!("/x/y"), json!({"$startsWith": "/x"}), true),
            (json!("/y"), json!({"$startsWith": "/x"}), false),
            (json!("text"), json!("text"), true),
            (json!(["a", "b"]), json!("b"), true),
        ],
    );
}

#[test]
fn objects() {
    check(
        "every key must match",
        &[
            (json!({"a": 1, "b": 2}), json!({"a": 1, "b": 2}), true),
            (json!({"a": 1, "b": 3}), json!({"a": 1, "b": 2}), false),
            (
                json!({"a": {"b": {"c": 1}}}),
                json!({"a": {"b": {"c": 1}}}),
                true,
            ),
        ],
    );
    check(
        "further keys of the input do not matter",
        &[(json!({"a": 1, "b": 2}), json!({"a": 1}), true)],
    );
    check(
        "a missing key fails",
        &[
            (json!({}), json!({"a": null}), false),
            (json!({}), json!({"a": {"$neq": 1}}), false),
            (json!({}), json!({"a": {"$not": {"$exist": true}}}), false),
            (json!({"a": 1}), json!({"a": {"b": 1}}), false),
        ],
    );
    check(
        "{} matches any object and no plain value",
        &[
            (json!({}), json!({}), true),
            (json!({"a": 1}), json!({}), true),
            (json!({"a": {"b": 1}}), json!({"a": {}}), true),
            (json!({"a": 1}), json!({"a": {}}), false),
            (json!({"a": null}), json!({"a": {}}), false),
            (json!("a"), json!({}), false),
        ],
    );
}

#[test]
fn lists() {
    check(
        "every item of a list schema needs an item that matches it",
        &[
            (json!({"a": [1, 2, 3]}), json!({"a": [3, 1]}), true),
            (json!({"a": [1, 2, 3]}), json!({"a": [3, 4]}), false),
            (json!({"a": [1]}), json!({"a": [1, 1]}), true),
            (
                json!({"a": [{"x": 1, "y": 1}, {"x": 2}]}),
                json!({"a": [{"x": 2}, {"y": 1}]}),
                true,
            ),
            (json!({"a": []}), json!({"a": []}), true),
            (json!([1, 2]), json!([2]), true),
        ],
    );
    check(
        "a list schema matches only lists",
        &[
            (json!({"a": 1}), json!({"a": [1]}), false),
            (json!({"a": {}}), json!({"a": []}), false),
        ],
    );
    check(
        "another schema without operators matches a list with such an item",
        &[
            (
                json!({"a": [{"b": 1}, {"b": 2}]}),
                json!({"a": {"b": 2}}),
                true,
            ),
            (
                json!({"a": [{"b": 1}, {"c": 2}]}),
                json!({"a": {"b": 1, "c": 2}}),
                false,
            ),
            (json!({"a": [1]}), json!({"a": {}}), false),
            (json!([{"b": 1}]), json!({"b": 1}), true),
        ],
    );
    check(
        "an operator sees a list as a whole",
        &[
            (json!([1, 2, 3]), json!({"$eq": 3}), false),
            (json!([1, 2, 3]), json!([{"$eq": 3}]), true),
            (
                json!({"tags": ["test", "other"]}),
                json!({"tags": {"$eq": ["test", "other"]}}),
                true,
            ),
            (
                json!({"tags": ["other", "test"]}),
                json!({"tags": {"$eq": ["test", "other"]}}),
                false,
            ),
            (json!({"a": [2]}), json!({"a": {"$gt": 1}}), false),
        ],
    );
}

#[test]
fn equality() {
    check(
        "$eq is loose, $neq its opposite",
        &[
            (json!({"a": 1}), json!({"a": {"$eq": "1"}}), true),
            (json!({"a": 1}), json!({"a": {"$neq": "1"}}), false),
            (json!({"a": 1}), json!({"a": {"$neq": 2}}), true),
            (
                json!({"a": {"b": 1}}),
                json!({"a": {"$eq": {"b": 1}}}),
                true,
            ),
            (json!({"a": [1]}), json!({"a": {"$neq": [2]}}), true),
            (json!({"a": null}), json!({"a": {"$eq": null}}), true),
        ],
    );
    check(
        "operators in one object must all hold",
        &[
            (json!({"a": 2}), json!({"a": {"$gt": 1, "$lt": 3}}), true),
            (json!({"a": 3}), json!({"a": {"$gt": 1, "$lt": 3}}), false),
        ],
    );
}

#[test]
fn containment() {
    check(
        "$in finds a value in a list, strictly",
        &[
            (json!({"a": 1}), json!({"a": {"$in": [1, 2]}}), true),
            (json!({"a": "1"}), json!({"a": {"$in": [1, 2]}}), false),
            (json!({"a": true}), json!({"a": {"$in": [true]}}), false),
            (json!({"a": 3}), json!({"a": {"$in": [1, 2]}}), false),
        ],
    );
    check(
        "$in finds a text in a text",
        &[
            (json!("some-text"), json!({"$in": "text"}), true),
            (json!("order 42"), json!({"$in": 42}), true),
            (json!("some-text"), json!({"$in": "other"}), false),
        ],
    );
    check(
        "$nin is the opposite",
        &[
            (json!({"a": 3}), json!({"a": {"$nin": [1, 2]}}), true),
            (json!({"a": 1}), json!({"a": {"$nin": [1, 2]}}), false),
            (json!({"a": null}), json!({"a": {"$nin": [1]}}), true),
            (json!("some-text"), json!({"$nin": "other"}), true),
        ],
    );
    check(
        "neither matches what they cannot be applied to",
        &[
            (json!({"a": [1]}), json!({"a": {"$in": [1]}}), false),
            (json!({"a": [1]}), json!({"a": {"$nin": [2]}}), false),
            (json!({"a": {}}), json!({"a": {"$nin": [2]}}), false),
            (json!({"a": 1}), json!({"a": {"$in": null}}), false),
            (json!({"a": 1}), json!({"a": {"$nin": {}}}), false),
            (json!({"a": 12}), json!({"a": {"$in": "1"}}), false),
            (json!({"a": 12}), json!({"a": {"$nin": "3"}}), false),
        ],
    );
}

#[test]
fn affixes() {
    check(
        "$startsWith and $endsWith take a string or a list of them",
        &[
            (json!("/orders/1"), json!({"$startsWith": "/orders"}), true),
            (
                json!("/orders/1"),
                json!({"$startsWith": ["/users", "/orders"]}),
                true,
            ),
            (json!("/orders/1"), json!({"$startsWith": []}), false),
            (json!("/orders/1"), json!({"$endsWith": "/1"}), true),
            (
                json!("/orders/1"),
                json!({"$endsWith": ["/2", "/3"]}),
                false,
            ),
            (json!(12), json!({"$startsWith": "1"}), false),
            (json!("12"), json!({"$startsWith": 1}), false),
            (json!("12"), json!({"$endsWith": ["2", 2]}), false),
        ],
    );
}

#[test]
fn order() {
    check(
        "numbers by size, strings by letter, mixed as numbers",
        &[
            (json!({"a": 2}), json!({"a": {"$gt": 1}}), true),
            (json!({"a": 2}), json!({"a": {"$gt": 2}}), false),
            (json!({"a": 2}), json!({"a": {"$gte": 2, "$lte": 2}}), true),
            (json!({"a": "10"}), json!({"a": {"$lt": "9"}}), true),
            (json!({"a": "10"}), json!({"a": {"$lt": 9}}), false),
            (
                json!({"a": "2026-09-02"}),
                json!({"a": {"$gte": "2026-09-01"}}),
                true,
            ),
        ],
    );
    check(
        "nothing else has an order",
        &[
            (json!({"a": true}), json!({"a": {"$gt": 0}}), false),
            (json!({"a": null}), json!({"a": {"$lte": 0}}), false),
            (json!({"a": 1}), json!({"a": {"$gt": null}}), false),
            (json!({"a": "x"}), json!({"a": {"$gt": 0}}), false),
        ],
    );
}

#[test]
fn existence() {
    check(
        "$exist says whether the key is there; null is there",
        &[
            (json!({"a": null}), json!({"a": {"$exist": true}}), true),
            (json!({"a": null}), json!({"a": {"$exist": false}}), false),
            (json!({"a": {}}), json!({"a": {"$exist": true}}), true),
            (json!({}), json!({"a": {"$exist": true}}), false),
            (json!({}), json!({"a": {"$exist": false}}), true),
            (json!({"a": 1}), json!({"a": {"$exist": "yes"}}), false),
        ],
    );
    check(
        "$exist: false holds only for a missing leaf",
        &[
            (
                json!({"a": {}}),
                json!({"a": {"b": {"$exist": false}}}),
                true,
            ),
            (json!({}), json!({"a": {"b": {"$exist": false}}}), false),
        ],
    );
}

#[test]
fn groups() {
    check(
        "$or and $and at the root stand beside other keys",
        &[
            (
                json!({"a": 1, "b": 2}),
                json!({"$or": [{"a": 2}, {"b": 2}]}),
                true,
            ),
            (
                json!({"a": 1, "b": 2}),
                json!({"$or": [{"a": 2}, {"b": 3}]}),
                false,
            ),
            (
                json!({"a": 1, "b": 2}),
                json!({"$and": [{"a": 1}, {"b": 2}]}),
                true,
            ),
            (
                json!({"a": 1, "b": 2}),
                json!({"$and": [{"a": 1}, {"b": 3}]}),
                false,
            ),
            (
                json!({"a": 1, "b": 2}),
                json!({"a": 1, "$or": [{"b": 1}, {"b": 2}]}),
                true,
            ),
            (
                json!({"a": 2, "b": 2}),
                json!({"a": 1, "$or": [{"b": 1}, {"b": 2}]}),
                false,
            ),
            (
                json!({"a": 1}),
                json!({"$or": [{"$and": [{"a": 1}, {"b": {"$exist": false}}]}]}),
                true,
            ),
        ],
    );
    check(
        "$or nests under a key",
        &[
            (json!({"a": 1}), json!({"a": {"$or": [1, 2]}}), true),
            (
                json!({"a": 3}),
                json!({"a": {"$or": [1, {"$gt": 2}]}}),
                true,
            ),
            (json!({"a": 3}), json!({"a": {"$or": [1, 2]}}), false),
            (json!({"a": [1, 5]}), json!({"a": {"$or": [5, 6]}}), true),
        ],
    );
    check(
        "under a key, $or hides its siblings",
        &[
            (
                json!({"a": {"b": 1, "c": 1}}),
                json!({"a": {"$or": [{"b": 1}], "c": 2}}),
                true,
            ),
            (json!({"a": 5}), json!({"a": {"$or": [5], "$lt": 1}}), true),
        ],
    );
    check(
        "$and and $not under a key match objects, and never a plain value",
        &[
            (
                json!({"n": 2}),
                json!({"n": {"$and": [{"$gt": 1}, {"$lt": 3}]}}),
                false,
            ),
            (json!({"n": 2}), json!({"n": {"$gt": 1, "$lt": 3}}), true),
            (json!({"n": 2}), json!({"n": {"$not": {"$eq": 3}}}), false),
            (
                json!({"n": {"a": 1, "b": 2}}),
                json!({"n": {"$and": [{"a": 1}, {"b": 2}]}}),
                true,
            ),
            (
                json!({"n": {"a": 1}}),
                json!({"n": {"$not": {"a": 2}}}),
                true,
            ),
            (
                json!({"n": {"a": 1}}),
                json!({"n": {"$not": {"a": 1}}}),
                false,
            ),
        ],
    );
    check(
        "$not negates, alone or beside other keys",
        &[
            (json!({"a": 1}), json!({"$not": {"a": 2}}), true),
            (json!({"a": 1}), json!({"$not": {"a": 1}}), false),
            (
                json!({"a": 1, "b": 1}),
                json!({"$not": {"a": 2}, "b": 1}),
                true,
            ),
            (
                json!({"a": 1, "b": 2}),
                json!({"$not": {"a": 2}, "b": 1}),
                false,
            ),
            (
                json!({"a": 1}),
                json!({"$or": [{"$not": {"a": 1}}, {"$not": {"a": 2}}]}),
                true,
            ),
            (
                json!({"a": 1}),
                json!({"$and": [{"$not": {"a": 1}}, {"a": 1}]}),
                false,
            ),
        ],
    );
    check(
        "a group that is no list is a key like any other",
        &[
            (json!({"a": 1}), json!({"$or": {"a": 1}}), false),
            (json!({"a": 1}), json!({"$and": 1}), false),
        ],
    );
}

#[test]
fn references() {
    check(
        "$ref stands for another value of the input",
        &[
            (
                json!({"types": ["a", "b"], "kind": "b"}),
                json!({"kind": {"$ref": "types[1]"}}),
                true,
            ),
            (
                json!({"types": ["a", "b"], "kind": "a"}),
                json!({"kind": {"$ref": "types[1]"}}),
                false,
            ),
            (
                json!({"current": {"something": 2}, "old": 1}),
                json!({"old": {"$lt": {"$ref": "current.something"}}}),
                true,
            ),
            (
                json!({"current": {"something": 2}, "old": 2}),
                json!({"old": {"$neq": {"$ref": "current.something"}}}),
                false,
            ),
        ],
    );
    check(
        "$index is the place in the list being walked",
        &[
            (
                json!({"test": [{"a": 1, "b": 2}, {"a": 3, "b": 3}]}),
                json!({"test": {"a": {"$ref": "test[$index].b"}}}),
                true,
            ),
            (
                json!({"test": [{"a": 1, "b": 2}, {"a": 2, "b": 3}]}),
                json!({"test": {"a": {"$ref": "test[$index].b"}}}),
                false,
            ),
        ],
    );
    check(
        "a reference to nothing is null",
        &[
            (json!({"a": null}), json!({"a": {"$ref": "b"}}), true),
            (json!({"a": 1}), json!({"a": {"$ref": "b"}}), false),
        ],
    );
    check(
        "what cannot be read does not match, negated or not",
        &[
            (json!({"a": 1}), json!({"a": {"$ref": "a["}}), false),
            (json!({"a": 1}), json!({"a": {"$ref": 1}}), false),
            (
                json!({"a": 1}),
                json!({"$not": {"a": {"$ref": "a["}}}),
                false,
            ),
        ],
    );
}

#[test]
fn a_request_that_refers_to_itself_does_not_hang() {
    let circle = json!({"a": {"$ref": "a"}, "b": 1});
    assert!(!matches(&circle, &json!({"b": {"$ref": "a"}})));
    let again = json!({"$ref": "a"});
    let wide = json!({"a": {"$or": [again, again, again]}, "b": 1});
    assert!(!matches(&wide, &json!({"b": {"$ref": "a"}})));
    assert!(!matches(&wide, &json!({"$not": {"b": {"$ref": "a"}}})));
}

#[test]
fn an_evaluation_that_costs_too_much_does_not_match() {
    let input = json!({"list": vec![1; 100]});
    let schema = json!({"$not": {"list": 2}});
    assert!(matching::matches_within(&input, &schema, 1000));
    assert!(!matching::matches_within(&input, &schema, 50));
}

#[test]
fn failing_parts_are_listed_and_the_others_are_not() {
    let rule = json!({"type": "filter", "headers": {"x": "1"}, "body": {"a": 1}, "path": "/p", "query": null});
    let filter = Filter::parse(rule.as_object().unwrap());
    let (headers, body, path, query) = (json!({"x": "1"}), json!({"a": 2}), json!("/q"), json!({}));
    let parts = Parts {
        headers: &headers,
        body: &body,
        path: &path,
        query: &query,
    };
    let names: Vec<&str> = filter
        .failing(&parts)
        .into_iter()
        .map(Part::as_str)
        .collect();
    assert_eq!(names, ["body", "path"]);
    assert_eq!(Filter::default().failing(&parts), []);
}

fn json_values(keys: &'static str) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..4).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ab1\\[\\].$]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(keys, inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn inputs() -> impl Strategy<Value = Value> {
    json_values("[a-c]|\\$ref|\\$or")
}

fn schemas() -> impl Strategy<Value = Value> {
    json_values("[a-c]|\\$(eq|neq|in|nin|startsWith|endsWith|gt|gte|lt|lte|exist|or|and|not|ref)")
}

/// Schemas without references, whose failures a negation does not turn around.
fn plain_schemas() -> impl Strategy<Value = Value> {
    json_values("[a-c]|\\$(eq|neq|in|nin|startsWith|endsWith|gt|gte|lt|lte|exist|or|and|not)")
}

fn object_inputs() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-c]", inputs(), 0..4)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

proptest! {
    #[test]
    fn anything_against_anything_is_survived(input in inputs(), schema in schemas()) {
        let _ = matches(&input, &schema);
    }

    #[test]
    fn the_empty_schema_matches_objects_and_only_them(input in inputs().prop_filter("no list", |input| !input.is_array())) {
        prop_assert_eq!(matches(&input, &json!({})), input.is_object());
    }

    #[test]
    fn further_keys_of_the_input_change_nothing(input in object_inputs(), value in inputs(), schema in plain_schemas()) {
        let mut more = input.clone();
        more.as_object_mut().unwrap().insert("unrelated".to_owned(), value);
        prop_assert_eq!(matches(&input, &schema), matches(&more, &schema));
    }

    #[test]
    fn or_and_and_not_are_what_their_names_say(input in object_inputs(), one in plain_schemas(), two in plain_schemas()) {
        let (first, second) = (matches(&input, &one), matches(&input, &two));
        prop_assert_eq!(matches(&input, &json!({"$or": [one, two]})), first || second);
        prop_assert_eq!(matches(&input, &json!({"$and": [one, two]})), first && second);
        prop_assert_eq!(matches(&input, &json!({"$not": one})), !first);
        prop_assert_eq!(matches(&input, &json!({"$not": {"$not": one}})), first);
        let (none, all) = (json!({"$or": []}), json!({"$and": []}));
        prop_assert!(!matches(&input, &none));
        prop_assert!(matches(&input, &all));
    }

    #[test]
    fn opposite_operators_are_opposites(input in inputs(), operand in plain_schemas()) {
        prop_assume!(operand.get("$ref").is_none());
        let holds = |operator: &str| matches(&json!({"a": input}), &json!({"a": {operator: operand}}));
        prop_assert_ne!(holds("$eq"), holds("$neq"));
        prop_assert!(!(holds("$in") && holds("$nin")));
        prop_assert!(!(holds("$gt") && holds("$lte")));
    }
}
