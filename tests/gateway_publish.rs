//! Publishing through the SDK to the gateway.

use std::time::Duration;

use hookdeck::models::{DestinationInput, SourceInput};
use hookdeck::types::Timestamp;
use hookdeck::{Client, Error, RateLimit};
use hookdeck_gateway::Gateway;
use serde_json::json;

async fn start() -> (Gateway, Client) {
    let builder = Gateway::builder().manual_clock(Timestamp::from_unix_seconds(1_800_000_000));
    let gateway = builder.start().await.unwrap();
    let client = client_with(&gateway, gateway.api_key());
    (gateway, client)
}

fn client_with(gateway: &Gateway, key: &str) -> Client {
    Client::builder(key)
        .base_url(gateway.api_url())
        .rate_limit(RateLimit::off())
        .build()
        .unwrap()
}

#[tokio::test]
async fn what_is_published_is_delivered_without_the_key() {
    let (gateway, client) = start().await;
    let connection = client
        .connections()
        .create()
        .name("orders")
        .source(SourceInput::new("shop"))
        .destination(DestinationInput::mock_api("backend"))
        .await
        .unwrap();

    let order = json!({"type": "order.created"});
    let by_name = client.publish().to_source("shop").json(&order);
    let by_name = by_name.header("x-tenant", "acme").await.unwrap();
    let by_id = client.publish().to_source_id(&connection.source.id);
    let by_id = by_id.json(&order).await.unwrap();
    gateway.settle().await.unwrap();

    for request_id in [&by_name.request_id, &by_id.request_id] {
        let events = client.requests().events(request_id).await.unwrap();
        assert_eq!(events.items.len(), 1);
        assert_eq!(events.items[0].status, "SUCCESSFUL");
    }
    let request = client.requests().get(&by_name.request_id).await.unwrap();
    let data = request.data.unwrap();
    let headers = data.headers.unwrap();
    assert_eq!(headers.get("x-tenant").as_deref(), Some("acme"));
    assert_eq!(headers.get("authorization"), None);
    assert_eq!(headers.get("x-hookdeck-source-name"), None);
    assert!(!headers.as_json().as_str().contains(gateway.api_key()));
    assert_eq!(data.body.unwrap().to_value(), order);
}

#[tokio::test]
async fn an_unknown_source_or_key_takes_nothing_in() {
    let (gateway, client) = start().await;
    let nobody = client.publish().to_source("nobody").json(&json!({})).await;
    assert!(nobody.unwrap_err().is_not_found());

    let stranger = client_with(&gateway, "not-a-key");
    let refused: Error = stranger
        .publish()
        .to_source("shop")
        .json(&json!({}))
        .timeout(Duration::from_secs(30))
        .await
        .unwrap_err();
    assert!(refused.is_unauthorized(), "{refused}");
    assert!(client.requests().list().await.unwrap().items.is_empty());
}
