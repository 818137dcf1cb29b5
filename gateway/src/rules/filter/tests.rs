use serde_json::json;

use super::*;

/// One sentence of the language's description and the cases that show it: input, schema, whether it matches.
pub(super) fn check(sentence: &str, cases: &[(Value, Value, bool)]) {
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
