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
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRef, State};
use axum::http::{Request, StatusCode};
use axum::routing::post;
use extractor::Verified;
use hookdeck::webhook::{DedupKey, Verifier, sign};
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

/// Delivers to the service as Hookdeck would, and as others might; returns what it would print.
pub async fn run() -> Result<String, Box<dyn Error>> {
    let service = service(Verifier::new("whsec_demo")?);
    let order = r#"{"id":7}"#;
    let signature = sign("whsec_demo", order);
    let mut report = String::new();
    for (what, signature, body) in [
        ("a delivery", signature.as_str(), order),
        ("the same again", &signature, order),
        ("another body", &signature, r#"{"id":8}"#),
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
        let text = String::from_utf8_lossy(&text);
        report += format!("{what:<15} {status} {text}").trim_end();
        report += "\n";
    }
    Ok(report)
}
