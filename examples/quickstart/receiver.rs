//! The service at the other end: answers 200, or 500 once when told to.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::StatusCode;

pub struct Receiver {
    url: String,
    fail: Arc<AtomicBool>,
    server: tokio::task::JoinHandle<()>,
}

impl Receiver {
    pub async fn start() -> Result<Self, Box<dyn Error>> {
        let fail = Arc::new(AtomicBool::new(false));
        let failing = Arc::clone(&fail);
        let app = axum::Router::new().fallback(move || {
            let failing = Arc::clone(&failing);
            async move {
                if failing.swap(false, Ordering::SeqCst) {
                    StatusCode::INTERNAL_SERVER_ERROR
                } else {
                    StatusCode::OK
                }
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/hooks", listener.local_addr()?);
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                eprintln!("the receiver stopped: {error}");
            }
        });
        Ok(Self { url, fail, server })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The next delivery is answered with 500.
    pub fn fail_next(&self) {
        self.fail.store(true, Ordering::SeqCst);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A plain HTTP client. This build of reqwest comes without a TLS provider, and asks for one even
/// where only plain HTTP is spoken.
pub fn http_client() -> reqwest::Result<reqwest::Client> {
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().build()
}
