//! Deduplicate rules: which requests are the same, and for how long.

use hookdeck_testkit::{World, seconds};
use serde_json::{Value, json};

fn rule(fields: Value) -> Value {
    let mut rule = json!({ "type": "deduplicate", "window": 60_000 });
    for (list, value) in fields.as_object().unwrap() {
        rule[list] = value.clone();
    }
    rule
}

#[tokio::test]
async fn a_repeat_counts_as_ignored_until_the_window_after_the_first_is_over() {
    let world = World::start().await;
    let rules = json!([rule(json!({ "include_fields": ["body.id"] }))]);
    let connection = world.connect("once").mock().rules(rules).await;
    let mut seen = Vec::new();
    for (later, body) in [
        (0, "{\"id\":1,\"n\":1}"),
        (30, "{\"id\":1,\"n\":2}"),
        (0, "{\"id\":2}"),
        // 59 seconds after the first; the repeat in between does not prolong the window.
        (29, "{\"id\":1}"),
        (1, "{\"id\":1}"),
    ] {
        world.advance(seconds(later)).await;
        let id = world.post(&connection, body).await;
        let (events, ignored, _) = world.counts_of(&id).await;
        assert!(world.ignored_of(&id).await.is_empty());
        seen.push((events, ignored));
    }
    assert_eq!(seen, [(1, 0), (0, 1), (1, 0), (0, 1), (1, 0)]);
}

#[tokio::test]
async fn fields_reach_into_lists_and_headers() {
    let world = World::start().await;
    for (index, (fields, first, second, same)) in [
        (
            json!({}),
            "{\"a\":1,\"b\":2}",
            "{ \"b\": 2, \"a\": 1 }",
            false,
        ),
        (json!({}), "{\"a\":1}", "{\"a\":1}", true),
        (
            json!({ "exclude_fields": ["headers"] }),
            "{\"a\":1,\"b\":2}",
            "{\"b\":2,\"a\":1}",
            true,
        ),
        (
            json!({ "include_fields": ["body"] }),
            "{\"a\":1}",
            "{\"a\":2}",
            false,
        ),
        (
            json!({ "include_fields": ["body.items[*].id"] }),
            "{\"items\":[{\"id\":1,\"x\":1},{\"id\":2}]}",
            "{\"items\":[{\"id\":1},{\"id\":2}]}",
            true,
        ),
        (
            json!({ "include_fields": ["body.items[*].id"] }),
            "{\"items\":[{\"id\":1},{\"id\":2}]}",
            "{\"items\":[{\"id\":2},{\"id\":1}]}",
            false,
        ),
        (
            json!({ "include_fields": ["body.items[1].id"] }),
            "{\"items\":[{\"id\":1},{\"id\":2}]}",
            "{\"items\":[{\"id\":5},{\"id\":2}]}",
            true,
        ),
        (
            json!({ "include_fields": ["body.missing"] }),
            "{}",
            "{}",
            false,
        ),
        (
            json!({ "include_fields": ["path", "query.page"] }),
            "{\"a\":1}",
            "{\"a\":2}",
            true,
        ),
        (
            json!({ "exclude_fields": ["headers", "body.at", "body.items[*].at"] }),
            "{\"at\":1,\"id\":1,\"items\":[{\"at\":1,\"n\":1}]}",
            "{\"at\":2,\"id\":1,\"items\":[{\"at\":3,\"n\":1}]}",
            true,
        ),
        (
            json!({ "exclude_fields": ["headers", "body.at"] }),
            "{\"at\":1,\"id\":1}",
            "{\"at\":1,\"id\":2}",
            false,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("fields-{index}");
        let connection = world
            .connect(&name)
            .mock()
            .rules(json!([rule(fields.clone())]))
            .await;
        world.post(&connection, first).await;
        let id = world.post(&connection, second).await;
        let (events, ignored, _) = world.counts_of(&id).await;
        assert_eq!((events == 0, ignored == 1), (same, same), "{fields}");
    }
}

#[tokio::test]
async fn what_is_sent_again_on_purpose_is_no_repeat() {
    let world = World::start().await;
    let rules = json!([rule(json!({}))]);
    let connection = world.connect("again").mock().rules(rules).await;
    let id = world.deliver(&connection, "{}").await;
    let replayed = world.client.requests().replay(&id).await.unwrap();
    assert_eq!(replayed.events.len(), 1);
    // Only the rule's own connection remembers.
    let source = json!({ "name": "again-source" });
    world.connect("other").source(source).mock().await;
    let id = world.deliver(&connection, "{}").await;
    assert_eq!(world.counts_of(&id).await, (1, 1, String::new()));
}
