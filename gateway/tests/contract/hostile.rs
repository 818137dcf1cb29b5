//! Input nobody means well with: the API refuses it or takes it, and never fails over it.

use hookdeck_gateway::contract::{Contract, Operation};
use hookdeck_testkit::World;
use serde_json::{Value, json};

/// Values for any query parameter, percent-encoded.
const VALUES: [&str; 16] = [
    "",
    "null",
    "true",
    "0",
    "-1",
    "99999999999999999999999",
    "1e400",
    "%00",
    "'%20OR%201=1--",
    "%22%5D%7B",
    "%7B%22a%22:%7B%22b%22:%5B1,null%5D%7D%7D",
    "[]",
    "2026-09-01",
    "0000-00-00T99:99:99Z",
    "hq_e30",
    "%F0%9F%A6%80",
];

/// What may stand between a parameter's name and its value.
const SHAPES: [&str; 8] = [
    "",
    "[]",
    "[0]",
    "[gte]",
    "[any]",
    "[contains]",
    "[x][y]",
    "[__proto__]",
];

async fn start() -> World {
    let world = World::start().await;
    let connection = world.connect("c").mock().await;
    let body = json!({ "a": { "b": [1, null] } });
    world.deliver(&connection, body).await;
    world
}

/// The path of an operation with `id` for each of its parameters.
fn path_of(operation: &Operation, id: &str) -> String {
    let segments = operation.path.split('/');
    let segments: Vec<&str> = segments
        .map(|segment| {
            if segment.starts_with('{') {
                id
            } else {
                segment
            }
        })
        .collect();
    segments.join("/")
}

#[tokio::test]
async fn no_query_makes_the_api_fail() {
    let world = start().await;
    let api = &world.api;
    let request = api.models("/requests").await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut refused = 0;
    let mut taken = 0;
    for operation in Contract::get().operations() {
        if operation.method != "GET" {
            continue;
        }
        let path = path_of(operation, &request);
        for parameter in operation.query() {
            for (index, shape) in SHAPES.iter().enumerate() {
                // Every value in the plain shape, every third in each other one.
                let step = if index == 0 { 1 } else { 3 };
                for value in VALUES.iter().skip(index % step).step_by(step) {
                    let query = format!("{path}?{}{shape}={value}", parameter.name);
                    match api.get(&query).await.status {
                        200 => taken += 1,
                        422 => refused += 1,
                        // An id of another resource.
                        404 => {}
                        other => panic!("{query} answers {other}"),
                    }
                }
            }
        }
    }
    assert!(
        taken > 500 && refused > 500,
        "{taken} taken, {refused} refused"
    );
}

#[tokio::test]
async fn no_body_makes_the_api_fail() {
    let world = start().await;
    let api = &world.api;
    let odd = [
        json!(null),
        json!([]),
        json!(1),
        json!("text"),
        json!({}),
        json!({ "": "" }),
        json!({ "a": { "b": {} } }),
        json!(-1.5e300),
    ];
    let fields = [
        "name",
        "type",
        "description",
        "config",
        "rules",
        "source",
        "destination",
        "source_id",
        "destination_id",
        "webhook_ids",
        "query",
        "configs",
        "channels",
        "code",
        "env",
        "request",
        "grants",
        "unknown",
    ];
    for operation in Contract::get().operations() {
        if operation.body().is_none() {
            continue;
        }
        let path = path_of(operation, "missing");
        let mut bodies: Vec<Value> = odd.to_vec();
        for field in fields {
            for value in &odd {
                bodies.push(json!({ "name": "x", field: value }));
            }
        }
        for body in bodies {
            let reply = api.call(&operation.method, &path, Some(&body)).await;
            assert!(
                matches!(reply.status, 200 | 400 | 404 | 409 | 422),
                "{} {path} {body} answers {}: {}",
                operation.method,
                reply.status,
                reply.text
            );
        }
    }
}
