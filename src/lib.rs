//! Rust SDK for the Hookdeck Event Gateway API.

#[cfg(feature = "contract")]
pub mod contract;
pub mod query;
pub mod types;
