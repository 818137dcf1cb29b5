//! What a page costs the client's processor, against reqwest and serde_json by hand.
//!
//! ```sh
//! cargo bench --bench page
//! ```
//!
//! A process of its own answers every call with the same page of 100 events, once bare and once with
//! their bodies. The rounds of both sides take turns, and the ratio is the median of those of each
//! round. What is counted is the time on the processor of the one thread that everything runs on, where the system
//! tells it, and else the time that passes.
//!
//! By hand means what a careful program would write: one struct with a field for each member, texts as
//! `String`, bodies as `serde_json::Value`.

mod server;

use std::process::ExitCode;
use std::time::Instant;

use hookdeck::{Client, RateLimit};
use serde::Deserialize;
use serde_json::Value;

const ROUNDS: usize = 41;
const PAGES: usize = 100;

#[derive(Deserialize)]
#[allow(dead_code, reason = "a program would read them")]
struct Event {
    attempts: u32,
    cli_id: Option<String>,
    created_at: String,
    data: Option<EventData>,
    delivery_group: Option<String>,
    destination_id: String,
    error_code: Option<String>,
    event_data_id: String,
    id: String,
    last_attempt_at: Option<String>,
    next_attempt_at: Option<String>,
    request_id: String,
    response_status: Option<u16>,
    source_id: String,
    status: String,
    successful_at: Option<String>,
    team_id: String,
    updated_at: String,
    webhook_id: String,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "a program would read them")]
struct EventData {
    appended_headers: Option<Vec<String>>,
    body: Option<Value>,
    headers: Option<Value>,
    is_large_payload: Option<bool>,
    method: String,
    parsed_query: Option<Value>,
    path: Option<String>,
    query: Option<String>,
    url: String,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "a program would read them")]
struct Pagination {
    order_by: Option<String>,
    dir: Option<String>,
    limit: Option<u32>,
    next: Option<String>,
    prev: Option<String>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "a program would read them")]
struct Page {
    pagination: Pagination,
    count: u32,
    models: Vec<Event>,
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    if words.any(|word| word == "server") {
        server::run();
        return ExitCode::SUCCESS;
    }
    let server = server::Process::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    for (name, key) in [("events", "bare"), ("events with bodies", "bodies")] {
        let (hand, sdk): (Vec<f64>, Vec<f64>) = runtime
            .block_on(compare(&server.url, key))
            .into_iter()
            .unzip();
        let ratio = median(
            sdk.iter()
                .zip(&hand)
                .map(|(sdk, hand)| sdk / hand)
                .collect(),
        );
        let (hand, sdk) = (median(hand), median(sdk));
        // Where bodies are carried, not taking them apart must show.
        let most = if key == "bodies" { 1.0 } else { 1.05 };
        let mark = if ratio <= most { "within" } else { "MISSES" };
        println!(
            "{name}: {hand:.0} us a page by hand, {sdk:.0} us with the SDK, ratio {ratio:.3}, {mark} {most}"
        );
    }
    ExitCode::SUCCESS
}

/// Microseconds a page in each round: by hand, with the SDK.
async fn compare(url: &str, key: &str) -> Vec<(f64, f64)> {
    let client = Client::builder(key)
        .base_url(url)
        .rate_limit(RateLimit::off())
        .build()
        .expect("a client");
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let http = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .build()
        .expect("a client");
    let address = format!("{url}/2026-09-01/events?limit=100");
    let mut rounds = Vec::with_capacity(ROUNDS);
    for round in 0..=ROUNDS {
        let begun = processor();
        for _ in 0..PAGES {
            let reply = http
                .get(&address)
                .bearer_auth(key)
                .send()
                .await
                .expect("a reply");
            let bytes = reply.bytes().await.expect("a body");
            let page: Page = serde_json::from_slice(&bytes).expect("a page");
            assert_eq!(page.models.len(), 100);
        }
        let between = processor();
        for _ in 0..PAGES {
            let page = client.events().list().limit(100).await.expect("a page");
            assert_eq!(page.items.len(), 100);
        }
        let ended = processor();
        // The first round opens the connections.
        if round > 0 {
            let page = |span: f64| span / PAGES as f64;
            rounds.push((page(between - begun), page(ended - between)));
        }
    }
    rounds
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Microseconds this thread has been on a processor; where nobody tells, since some moment.
fn processor() -> f64 {
    thread_local! {
        static BEGUN: Instant = Instant::now();
    }
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    told.and_then(|text| text.split(' ').next()?.parse::<f64>().ok())
        .map_or_else(
            || BEGUN.with(|begun| begun.elapsed().as_secs_f64() * 1e6),
            |nanoseconds| nanoseconds / 1e3,
        )
}
