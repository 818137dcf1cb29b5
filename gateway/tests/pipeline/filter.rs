//! Filter rules: what passes, what is ignored and why.

use hookdeck_testkit::World;
use serde_json::{Value, json};

/// What becomes of a request under one filter: the failing parts, or nothing.
async fn verdict(world: &World, name: &str, filter: Value, body: &str) -> Option<Value> {
    let mut rule = json!({ "type": "filter" });
    for (part, schema) in filter.as_object().unwrap() {
        rule[part] = schema.clone();
    }
    let connection = world.connect(name).mock().rules(json!([rule])).await;
    let reply = world
        .webhook(&connection)
        .path("/orders/7?page=2&tags[]=a")
        .header("X-Shop", "Berlin")
        .json(body)
        .send()
        .await;
    let id = reply.request_id();
    match world.counts_of(&id).await {
        (1, 0, _) => None,
        (0, 1, _) => {
            let ignored = world.ignored_of(&id).await.remove(0);
            assert_eq!(ignored.cause.as_str(), "FILTERED");
            Some(serde_json::to_value(ignored.meta).unwrap())
        }
        other => panic!("{filter}: {other:?}"),
    }
}

#[tokio::test]
async fn every_part_of_a_request_can_be_asked_and_names_itself_when_it_fails() {
    let world = World::start().await;
    let body = r#"{"type":"order","total":12.5,"items":[{"sku":"a"},{"sku":"b"}],"note":null}"#;
    for (index, (filter, failing)) in [
        (json!({ "body": { "type": "order" } }), None),
        (json!({ "body": { "type": "user" } }), Some(json!(["body"]))),
        (json!({ "headers": { "x-shop": "Berlin" } }), None),
        (
            json!({ "headers": { "x-shop": { "$startsWith": "Mu" } } }),
            Some(json!(["headers"])),
        ),
        (json!({ "path": "/orders/7" }), None),
        (
            json!({ "path": { "$startsWith": "/users" } }),
            Some(json!(["path"])),
        ),
        (json!({ "query": { "page": 2, "tags": "a" } }), None),
        (
            json!({ "query": { "page": { "$gt": 2 } } }),
            Some(json!(["query"])),
        ),
        (
            json!({ "body": { "a": 1 }, "headers": { "b": 1 }, "path": "/", "query": { "c": 1 } }),
            Some(json!(["body", "headers", "path", "query"])),
        ),
        (json!({ "body": null, "headers": {} }), None),
        (json!({ "body": { "items": { "sku": "b" } } }), None),
        (
            json!({ "body": { "items": [{ "sku": "a" }, { "sku": "b" }] } }),
            None,
        ),
        (
            json!({ "body": { "items": [{ "sku": "a" }, { "sku": "c" }] } }),
            Some(json!(["body"])),
        ),
        (
            json!({ "body": { "total": { "$gte": 12.5, "$lt": 13 } } }),
            None,
        ),
        // Under a key a group does not match a plain value, as in the engine that defines this.
        (
            json!({ "body": { "total": { "$and": [{ "$gt": 1 }, { "$lt": 13 }] } } }),
            Some(json!(["body"])),
        ),
        (
            json!({ "body": { "$and": [{ "total": { "$gt": 1 } }, { "type": "order" }] } }),
            None,
        ),
        (
            json!({ "body": { "$or": [{ "total": 1 }, { "type": "order" }], "missing": 1 } }),
            Some(json!(["body"])),
        ),
        (
            json!({ "body": { "note": { "$exist": true }, "other": { "$exist": false } } }),
            None,
        ),
        (
            json!({ "body": { "deep": { "other": { "$exist": false } } } }),
            Some(json!(["body"])),
        ),
        (
            json!({ "body": { "type": { "$in": ["order", "user"] }, "total": { "$nin": [1] } } }),
            None,
        ),
        (json!({ "body": { "$not": { "type": "user" } } }), None),
        (
            json!({ "body": { "items": [{ "sku": { "$ref": "items[$index].sku" } }] } }),
            None,
        ),
        (
            json!({ "body": { "type": { "$ref": "[" } } }),
            Some(json!(["body"])),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("filter-{index}");
        assert_eq!(
            verdict(&world, &name, filter.clone(), body).await,
            failing,
            "{filter}"
        );
    }
}

#[tokio::test]
async fn numbers_and_nesting_beyond_what_can_be_held_do_not_break_a_filter() {
    let world = World::start().await;
    let deep = |levels: usize| "{\"a\":".repeat(levels) + "1" + &"}".repeat(levels);
    let filter = json!({ "body": { "n": { "$gt": 1_000 } } });
    assert_eq!(
        verdict(&world, "huge", filter.clone(), "{\"n\":1e400}").await,
        None
    );
    assert_eq!(
        verdict(&world, "small", filter, "{\"n\":-1e400}").await,
        Some(json!(["body"]))
    );
    let filter = json!({ "body": { "a": { "a": { "$exist": true } } } });
    assert_eq!(verdict(&world, "deep", filter, &deep(5_000)).await, None);
}

#[tokio::test]
async fn the_first_filter_that_fails_decides() {
    let world = World::start().await;
    let rules = json!([
        { "type": "filter", "headers": { "x-a": "1" } },
        { "type": "filter", "body": { "b": 1 } },
    ]);
    let connection = world.connect("two").mock().rules(rules).await;
    let id = world.post(&connection, "{}").await;
    let meta = serde_json::to_value(&world.ignored_of(&id).await[0].meta).unwrap();
    assert_eq!(meta, json!(["headers"]));
}

#[tokio::test]
async fn json_cut_in_the_middle_of_a_character_is_json_and_arrives_as_it_was_sent() {
    let world = World::start().await;
    let rules = json!([{ "type": "filter", "body": { "kind": "order" } }]);
    let connection = world.connect("cut").rules(rules).await;
    let body = r#"{"kind":"order","note":"cut \ud83d"}"#;
    world.deliver(&connection, body).await;
    assert_eq!(world.receiver.next().await.text(), body);
}
