//! The contract this crate is generated from, as text (feature `contract`).
//!
//! Test servers and validators need the OpenAPI document at run time; everybody else should not
//! carry it, so it is off by default.

/// The OpenAPI document of API version 2026-09-01: our own statement of the contract, as JSON text.
///
/// ```
/// assert!(hookdeck::contract::DOCUMENT.contains("\"openapi\""));
/// ```
pub const DOCUMENT: &str = include_str!("../openapi/2026-09-01.json");
