//! Publishing through the SDK to the gateway.

use hookdeck::Error;
use hookdeck::models::SourceInput;
use hookdeck_testkit::{World, seconds};
use serde_json::json;

#[tokio::test]
async fn what_is_published_is_delivered_without_the_key() {
    let world = World::start().await;
    let client = &world.client;
    let connection = world.connect("orders").source(SourceInput::new("shop"));
    let connection = connection.mock().await;

    let order = json!({"type": "order.created"});
    let by_name = client.publish().to_source("shop").json(&order);
    let by_name = by_name.header("x-tenant", "acme").await.unwrap();
    let by_id = client.publish().to_source_id(&connection.source.id);
    let by_id = by_id.json(&order).await.unwrap();
    world.settle().await;

    for request_id in [&by_name.request_id, &by_id.request_id] {
        let event = world.event_of(request_id.as_str()).await;
        assert_eq!(event.status, "SUCCESSFUL");
    }
    let request = client.requests().get(&by_name.request_id).await.unwrap();
    let data = request.data.unwrap();
    let headers = data.headers.unwrap();
    assert_eq!(headers.get("x-tenant").as_deref(), Some("acme"));
    assert_eq!(headers.get("authorization"), None);
    assert_eq!(headers.get("x-hookdeck-source-name"), None);
    assert!(!headers.as_json().as_str().contains(world.gateway.api_key()));
    assert_eq!(data.body.unwrap().to_value(), order);
}

#[tokio::test]
async fn an_unknown_source_or_key_takes_nothing_in() {
    let world = World::start().await;
    let client = &world.client;
    let nobody = client.publish().to_source("nobody").json(&json!({})).await;
    assert!(nobody.unwrap_err().is_not_found());

    let stranger = world.client_with("not-a-key");
    let refused: Error = stranger
        .publish()
        .to_source("shop")
        .json(&json!({}))
        .timeout(seconds(30))
        .await
        .unwrap_err();
    assert!(refused.is_unauthorized(), "{refused}");
    assert!(client.requests().list().await.unwrap().items.is_empty());
}
