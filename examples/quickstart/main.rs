//! One webhook's way from source to destination, on your machine.
//!
//! ```sh
//! cargo run --example quickstart            # against a gateway started here, nothing else needed
//! HOOKDECK_API_KEY=... cargo run --example quickstart -- --live   # lists what your project holds
//! ```

mod receiver;

use std::error::Error;
use std::time::Duration;

use hookdeck::models::{
    DestinationConfig, DestinationInput, EventStatus, FilterRule, RetryRule, RetryStrategy, Rule,
    SourceInput,
};
use hookdeck::query::at_least;
use hookdeck::types::{Json, Timestamp};
use hookdeck::{Client, RateLimit};
use hookdeck_gateway::Gateway;
use receiver::Receiver;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let report = if std::env::args().any(|argument| argument == "--live") {
        list_live(&Client::from_env()?).await?
    } else {
        run().await?
    };
    print!("{report}");
    Ok(())
}

/// The whole tour; returns what it would print.
pub async fn run() -> Result<String, Box<dyn Error>> {
    // A gateway and a service to deliver to, both in this process. The gateway's clock stands still
    // until it is moved, so waiting for a retry takes no time.
    let gateway = Gateway::builder()
        .manual_clock(Timestamp::now())
        .start()
        .await?;
    let backend = Receiver::start().await?;
    let client = Client::builder(gateway.api_key())
        .base_url(gateway.api_url())
        .rate_limit(RateLimit::off())
        .build()?;

    // Orders go to the backend, everything else is filtered out. What fails is tried again after a
    // minute, at most three times.
    let orders = json!({ "type": { "$startsWith": "order." } });
    let connection = client
        .connections()
        .create()
        .name("orders")
        .source(SourceInput::new("shop"))
        .destination(
            DestinationInput::new("backend").config(DestinationConfig::new().url(backend.url())),
        )
        .rules([
            Rule::Filter(FilterRule::new().body(orders)),
            Rule::Retry(
                RetryRule::new(RetryStrategy::Linear)
                    .interval(60_000)
                    .count(3),
            ),
        ])
        .await?;
    let unconnected = client.sources().create("no-connection").await?;

    // The provider's part: webhooks sent over HTTP to the URLs of the sources, a second apart.
    let shop = &connection.source.url;
    let webhooks = [
        (
            shop,
            json!({ "type": "order.created", "order": { "id": 1, "total": 40 } }),
        ),
        (shop, json!({ "type": "cart.viewed", "cart": 7 })),
        (
            shop,
            json!({ "type": "order.paid", "order": { "id": 2, "total": 95 } }),
        ),
        (&unconnected.url, json!({ "type": "order.created" })),
    ];
    for (url, webhook) in webhooks {
        if webhook["type"] == "order.paid" {
            backend.fail_next();
        }
        send(url, &webhook).await?;
        gateway.advance(Duration::from_secs(1)).await?;
    }

    gateway.settle().await?; // everything due now has been tried
    gateway.advance(Duration::from_secs(60)).await?; // and the retry a minute later

    report(&client).await
}

/// What became of the webhooks, read from the API as streams.
async fn report(client: &Client) -> Result<String, Box<dyn Error>> {
    let mut out = String::from("webhook          became     because\n");
    let mut requests = client
        .requests()
        .list()
        .dir(hookdeck::query::Direction::Asc)
        .items();
    while let Some(request) = requests.try_next().await? {
        let body: serde_json::Value =
            serde_json::from_str(&client.requests().raw_body(&request.id).await?.body)?;
        let kind = body["type"].as_str().unwrap_or("?");
        if let Some(cause) = &request.rejection_cause {
            out += &format!("{kind:<16} rejected   {cause}\n");
        }
        let mut ignored = client.requests().ignored_events(&request.id).items();
        while let Some(ignored) = ignored.try_next().await? {
            out += &format!("{kind:<16} ignored    {}\n", ignored.cause);
        }
        let mut events = client.requests().events(&request.id).items();
        while let Some(event) = events.try_next().await? {
            let answers = answers(client, event.id.as_str()).await?;
            let status = event.status.to_string().to_lowercase();
            out += &format!("{kind:<16} {status:<10} backend answered {answers}\n");
        }
    }

    // The same by filter: which events needed more than one attempt, and which carry order 1?
    let all = client.events().list().status([EventStatus::Successful]);
    let retried = all.clone().attempts(at_least(2_u32)).await?;
    let of_order_1 = all
        .body(Json::new(&json!({ "order": { "id": 1 } })))
        .await?;
    out += &format!(
        "\n{} event needed a second attempt, {} carries order 1\n",
        retried.items.len(),
        of_order_1.items.len()
    );
    Ok(out)
}

/// The statuses a destination answered, first attempt first: `500, 200`.
async fn answers(client: &Client, event: &str) -> hookdeck::Result<String> {
    let mut attempts = client.attempts().list().event_id(event).items();
    let mut answers = Vec::new();
    while let Some(attempt) = attempts.try_next().await? {
        answers.push((attempt.attempt_number, attempt.response_status));
    }
    answers.sort_unstable();
    let statuses: Vec<String> = answers
        .iter()
        .map(|(_, status)| status.map_or_else(|| "nothing".to_owned(), |code| code.to_string()))
        .collect();
    Ok(statuses.join(", "))
}

/// What the project of a real key holds: changes nothing.
async fn list_live(client: &Client) -> Result<String, Box<dyn Error>> {
    let mut out = String::new();
    let mut connections = client.connections().list().items();
    while let Some(connection) = connections.try_next().await? {
        let (source, destination) = (&connection.source.name, &connection.destination.name);
        out += &format!("connection  {source} -> {destination}\n");
    }
    for event in client.events().list().limit(10).await?.items {
        out += &format!(
            "event       {} {} {}\n",
            event.created_at, event.id, event.status
        );
    }
    Ok(out)
}

/// Posts a webhook, as a provider would.
async fn send(url: &str, body: &serde_json::Value) -> Result<(), Box<dyn Error>> {
    receiver::http_client()?
        .post(url)
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await?
        .error_for_status()?;
    Ok(())
}
