//! A gateway that speaks the Hookdeck Event Gateway API and does what it says: it takes webhooks in
//! at source URLs, applies the rules of each connection, delivers to HTTP destinations, records every
//! attempt and retries. It needs no account and no network beyond the destinations.
//!
//! In a test, one gateway per test, on a free port, with a clock that only moves when told to:
//!
//! ```
//! use std::time::Duration;
//! use hookdeck::types::Timestamp;
//! use hookdeck_gateway::Gateway;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let gateway = Gateway::builder().manual_clock(Timestamp::from_unix_seconds(1_800_000_000)).start().await?;
//! assert!(gateway.api_url().starts_with("http://127.0.0.1:"));
//!
//! // ... create a source, a destination and a connection over the API, post a webhook ...
//! gateway.settle().await?;
//! let advanced = gateway.advance(Duration::from_secs(3600)).await?;
//! assert!(advanced.fired.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! What the gateway keeps lives in memory and ends with it, unless
//! [`data_dir`](GatewayBuilder::data_dir) names a place: then nothing it has acknowledged is lost,
//! and what was in flight when it ended is delivered again.

#![warn(clippy::expect_used, clippy::unwrap_used)]

mod api;
mod builder;
mod bulk;
mod clock;
pub mod compare;
pub mod contract;
mod control;
mod crypto;
mod defaults;
mod delivery;
mod engine;
mod events;
mod faults;
mod gateway;
mod ids;
mod ingest;
mod intake;
mod issues;
mod journal;
mod json;
mod json_match;
mod metrics;
pub mod parity;
mod project;
mod query;
mod request;
mod rules;
mod server;
mod services;
mod sessions;
mod settings;
mod store;
#[cfg(test)]
mod tests;
mod transform;
mod wire;

pub use builder::{GatewayBuilder, RateLimit, StartError};
pub use engine::EngineError;
pub use faults::{ArmedFault, Effect, Fault, FaultError, FaultId, Plane};
pub use gateway::{Advanced, Fired, Gateway};
pub use journal::JournalEntry;
pub use store::StoreError;

/// The README's program, compiled and run with the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
