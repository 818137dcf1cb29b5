//! A service that receives webhooks from Hookdeck: every delivery is verified before its handler
//! runs, and handled once however often it arrives.
//!
//! ```sh
//! cargo run --example receiver                                  # shows what it answers, and ends
//! HOOKDECK_SIGNING_SECRET=... cargo run --example receiver      # serves on 127.0.0.1:3000
//! ```

mod extractor;

use std::collections::HashSet;
use std::error::Error;
use std::future::IntoFuture;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRef, State};
use axum::http::{Request, StatusCode};
use axum::routing::post;
use extractor::Verified;
use hookdeck::Client;
use hookdeck::models::{DestinationConfig, DestinationInput, SourceInput};
use hookdeck::types::Timestamp;
use hookdeck::webhook::{DedupKey, Verifier, sign};
use hookdeck_gateway::Gateway;
use serde::Deserialize;
use tower::ServiceExt;

/// The largest body Hookdeck takes in, and so the largest it delivers.
const LARGEST_BODY: usize = 10 * 1024 * 1024;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Ok(secret) = std::env::var("HOOKDECK_SIGNING_SECRET") else {
        print!("{}", run().await?);
        return Ok(());
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!(
        "POST deliveries to http://{}/orders",
        listener.local_addr()?
    );
    axum::serve(listener, service(Verifier::new(secret)?)).await?;
    Ok(())
}

/// What the handlers share.
#[derive(Clone)]
struct App {
    verifier: Arc<Verifier>,
    /// The deliveries handled so far. A service with more than one process keeps this in its
    /// database, in one transaction with what handling changes.
    handled: Arc<Mutex<HashSet<DedupKey>>>,
}

impl FromRef<App> for Arc<Verifier> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.verifier)
    }
}

/// The whole service.
pub fn service(verifier: Verifier) -> Router {
    let app = App {
        verifier: Arc::new(verifier),
        handled: Arc::default(),
    };
    Router::new()
        .route("/orders", post(order))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(app)
}

#[derive(Deserialize)]
struct Order {
    id: u64,
}

async fn order(State(app): State<App>, Verified(delivery): Verified) -> (StatusCode, String) {
    let order: Order = match delivery.json() {
        Ok(order) => order,
        Err(problem) => return (StatusCode::UNPROCESSABLE_ENTITY, problem.to_string()),
    };
    let mut handled = app.handled.lock().unwrap_or_else(PoisonError::into_inner);
    let new = match delivery.info().dedup_key() {
        Some(key) => handled.insert(key),
        None => true,
    };
    let verb = if new { "took" } else { "already had" };
    (StatusCode::OK, format!("{verb} order {}", order.id))
}

/// Puts the service behind a gateway started here, then tries what others might send it; returns
/// what it would print.
pub async fn run() -> Result<String, Box<dyn Error>> {
    let gateway = Gateway::builder()
        .manual_clock(Timestamp::now())
        .start()
        .await?;
    let secret = gateway.signing_secret();
    let service = service(Verifier::new(secret)?);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/orders", listener.local_addr()?);
    let server = tokio::spawn(axum::serve(listener, service.clone()).into_future());

    let mut report = delivered(&gateway, &url).await?;
    server.abort();

    let order = r#"{"id":8}"#;
    let signature = sign(secret, order);
    for (what, signature, body) in [
        ("signed here", signature.as_str(), order),
        ("the same again", &signature, order),
        ("another body", &signature, r#"{"id":9}"#),
        ("another secret", &sign("whsec_guess", order), order),
        ("no signature", "", order),
    ] {
        let request = Request::post("/orders")
            .header("x-hookdeck-signature", signature)
            .header("x-hookdeck-eventid", "evt_1")
            .header("x-hookdeck-attempt-count", "1")
            .body(Body::from(body))?;
        let answer = service.clone().oneshot(request).await?;
        let status = answer.status().as_u16();
        let text = axum::body::to_bytes(answer.into_body(), 1024).await?;
        report += &line(what, status, &String::from_utf8_lossy(&text));
    }
    Ok(report)
}

/// What the service answers to a webhook that comes through the gateway.
async fn delivered(gateway: &Gateway, url: &str) -> Result<String, Box<dyn Error>> {
    let client = Client::builder(gateway.api_key())
        .base_url(gateway.api_url())
        .build()?;
    let connection = client
        .connections()
        .create()
        .name("orders")
        .source(SourceInput::new("shop"))
        .destination(DestinationInput::new("service").config(DestinationConfig::new().url(url)))
        .await?;
    // This build of reqwest comes without a TLS provider and asks for one even for plain HTTP.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
        .post(&connection.source.url)
        .header("content-type", "application/json")
        .body(r#"{"id":7}"#)
        .send()
        .await?
        .error_for_status()?;
    gateway.settle().await?;

    let attempts = client.attempts().list().await?;
    let attempt = attempts.items.first().ok_or("nothing was delivered")?;
    let status = attempt
        .response_status
        .ok_or("the service did not answer")?;
    Ok(line("by the gateway", status, ""))
}

fn line(what: &str, status: u16, answer: &str) -> String {
    format!("{what:<15} {status} {answer}")
        .trim_end()
        .to_owned()
        + "\n"
}
