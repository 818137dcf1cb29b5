//! Webhooks that came before anything was connected, replayed in bulk while a bar shows how far the
//! job has come.
//!
//! ```sh
//! cargo run --example bulk            # against a gateway started here, nothing else needed
//! ```

use std::error::Error;
use std::time::Duration;

use hookdeck::models::{DestinationInput, RejectionCause, ReplayTarget, RequestFilter};
use hookdeck::types::Timestamp;
use hookdeck::{Client, RateLimit};
use hookdeck_gateway::Gateway;
use indicatif::ProgressBar;
use serde_json::json;

/// More than two batches.
const WEBHOOKS: u64 = 250;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", run(&ProgressBar::new(0)).await?);
    Ok(())
}

/// Does it all; returns what it would print.
pub async fn run(bar: &ProgressBar) -> Result<String, Box<dyn Error>> {
    // A gateway in this process. Its clock stands still until it is moved.
    let gateway = Gateway::builder()
        .manual_clock(Timestamp::now())
        .start()
        .await?;
    let client = Client::builder(gateway.api_key())
        .base_url(gateway.api_url())
        .rate_limit(RateLimit::off())
        .build()?;

    // Nobody listens yet: every webhook is kept and rejected.
    let shop = client.sources().create("shop").await?;
    send_webhooks(&shop.url).await?;

    // Now somebody does, and wants what was missed.
    client
        .connections()
        .create()
        .name("orders")
        .source_id(&shop.id)
        .destination(DestinationInput::mock_api("backend"))
        .await?;
    let missed = RequestFilter::new()
        .source_id(&shop.id)
        .rejection_cause(RejectionCause::NoConnection)
        .replayed_to(ReplayTarget::new());
    let replays = client.bulk().request_replays();
    let plan = replays.plan(&missed).await?;
    bar.set_length(plan.estimated_count.unwrap_or(0));

    let job = replays.start(&missed).await?;
    // Against Hookdeck itself, `job.progress()` asks at a pace the quota can bear.
    let mut progress = job.progress().every(Duration::from_millis(50));
    let mut done = job.state().clone();
    while let Some(now) = progress.try_next().await? {
        bar.set_position(now.completed);
        done = now.state;
        gateway.advance(Duration::from_secs(1)).await?;
    }
    bar.finish();

    let events = client.events().list().source_id([&shop.id]).limit(255);
    Ok(format!(
        "{} of {} webhooks replayed in {} batches, {} events made",
        done.completed_count.unwrap_or(0),
        plan.estimated_count.unwrap_or(0),
        done.processed_batch.unwrap_or(0),
        events.await?.items.len(),
    ))
}

/// Posts webhooks, as a provider would.
async fn send_webhooks(url: &str) -> Result<(), Box<dyn Error>> {
    // This build of reqwest comes without a TLS provider, and asks for one even where only plain
    // HTTP is spoken.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().build()?;
    for id in 1..=WEBHOOKS {
        http.post(url)
            .header("content-type", "application/json")
            .body(json!({ "type": "order.created", "order": { "id": id } }).to_string())
            .send()
            .await?
            .error_for_status()?;
    }
    Ok(())
}
