use serde_json::json;

use super::tests::check;
use super::*;

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
    let parts = RequestParts {
        headers: &headers,
        body: &body,
        path: &path,
        query: &query,
    };
    let names: Vec<&str> = filter
        .failing(&parts)
        .into_iter()
        .map(FilterPart::as_str)
        .collect();
    assert_eq!(names, ["body", "path"]);
    assert_eq!(Filter::default().failing(&parts), []);
}
