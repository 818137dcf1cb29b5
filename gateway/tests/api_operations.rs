//! Which operations of the contract are served: all those of the six resources, and no other
//! pretends to be.

mod support;

use hookdeck_gateway::contract::Contract;
use hookdeck_gateway::{Gateway, RateLimit};
use support::Api;

const SERVED: [&str; 6] = [
    "sources",
    "destinations",
    "connections",
    "requests",
    "events",
    "attempts",
];

#[tokio::test]
async fn every_operation_is_either_served_or_answers_501() {
    let api = Api::of(Gateway::builder().rate_limit(RateLimit::off())).await;
    let mut served = 0;
    for operation in Contract::get().operations() {
        let path = operation
            .path
            .split('/')
            .map(|segment| if segment.starts_with('{') { "missing" } else { segment })
            .collect::<Vec<_>>()
            .join("/");
        let reply = api.call(&operation.method, &path, None).await;
        let resource = operation.path.split('/').nth(1).unwrap();
        if SERVED.contains(&resource) {
            served += 1;
            assert_ne!(reply.status, 501, "{}", operation.id);
            assert_ne!(reply.status, 500, "{}", operation.id);
            if path.contains("missing") {
                assert_eq!(reply.status, 404, "{}: {}", operation.id, reply.text);
                assert_eq!(reply.json()["data"]["id"], "missing", "{}", operation.id);
            }
        } else {
            assert_eq!(reply.status, 501, "{}", operation.id);
            assert_eq!(reply.json()["data"]["operation"], operation.id.as_str());
        }
    }
    assert_eq!(served, 51);
}
