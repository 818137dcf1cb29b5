use proptest::prelude::*;
use serde_json::json;

use super::*;

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
        // At the root, an operator such as `$eq` would see the object as a whole.
        for schema in [json!({"a": schema}), json!({"$or": [{"a": schema}, {"b": schema}]})] {
            prop_assert_eq!(matches(&input, &schema), matches(&more, &schema));
        }
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
