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

/// Cause and meta of what was ignored of a request.
async fn ignored_events(world: &World, request_id: &str) -> Vec<(String, Value)> {
    let path = format!("/requests/{request_id}/ignored_events");
    let list: Value = world.client.raw().get(path).decode().await.unwrap();
    let models = list["models"].as_array().unwrap();
    assert_eq!(list["count"], models.len());
    models
        .iter()
        .map(|ignored| {
            let cause = ignored["cause"].as_str().unwrap().to_owned();
            (cause, ignored["meta"].clone())
        })
        .collect()
}

#[tokio::test]
async fn a_duplicate_is_ignored_and_says_of_what_until_the_window_after_the_first_is_over() {
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
        let (events, ignored, rejected) = world.counts_of(&id).await;
        assert_eq!(rejected, "", "a duplicate is accepted");
        let causes = ignored_events(&world, &id).await;
        seen.push((id, events, ignored, causes));
    }
    let first = seen[0].0.clone();
    let duplicate = || {
        vec![(
            "DUPLICATE".to_owned(),
            json!({ "duplicate_of_request_id": first }),
        )]
    };
    let became: Vec<_> = seen
        .into_iter()
        .map(|(_, events, ignored, causes)| (events, ignored, causes))
        .collect();
    assert_eq!(
        became,
        [
            (1, 0, vec![]),
            (0, 1, duplicate()),
            (1, 0, vec![]),
            (0, 1, duplicate()),
            (1, 0, vec![])
        ]
    );
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
            "{\"n\":1}",
            "{\"n\":2}",
            true,
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

#[tokio::test]
async fn two_connections_each_record_their_own() {
    let world = World::start().await;
    let from = json!({ "name": "shop" });
    let once = json!([rule(json!({ "include_fields": ["body.id"] }))]);
    let strict = json!([{ "type": "filter", "body": { "n": 1 } }]);
    let once = world
        .connect("once")
        .source(from.clone())
        .mock()
        .rules(once);
    let once = once.await;
    let strict = world.connect("strict").source(from).mock().rules(strict);
    let strict = strict.await;
    let first = world.post(&once, json!({ "id": 1, "n": 1 })).await;
    assert_eq!(world.counts_of(&first).await, (2, 0, String::new()));
    let second = world.post(&once, json!({ "id": 1, "n": 2 })).await;
    assert_eq!(world.counts_of(&second).await, (0, 2, String::new()));
    let causes: Vec<_> = world
        .ignored_of(&second)
        .await
        .into_iter()
        .map(|ignored| (ignored.webhook_id, ignored.cause.as_str().to_owned()))
        .collect();
    assert!(causes.contains(&(once.id.clone(), "DUPLICATE".to_owned())));
    assert!(causes.contains(&(strict.id.clone(), "FILTERED".to_owned())));
}

#[tokio::test]
async fn a_retry_of_the_request_delivers_a_duplicate_after_all() {
    let world = World::start().await;
    let rules = json!([rule(json!({ "include_fields": ["body.id"] }))]);
    let connection = world.connect("once").rules(rules).await;
    world.deliver(&connection, json!({ "id": 1 })).await;
    let copy = world.deliver(&connection, json!({ "id": 1 })).await;
    assert_eq!(world.receiver.deliveries().len(), 1);
    let retried = world.client.requests().retry(&copy).await.unwrap();
    assert_eq!(retried.events.unwrap().len(), 1);
    world.settle().await;
    assert_eq!(world.receiver.deliveries().len(), 2);
    assert_eq!(world.counts_of(&copy).await, (1, 0, String::new()));
    assert!(world.ignored_of(&copy).await.is_empty());
}
