//! The contract this crate is generated from, as text (feature `contract`).
//!
//! Test servers and validators need the OpenAPI document at run time; everybody else should not
//! carry it, so it is off by default.

/// The OpenAPI document of API version 2026-09-01: our own statement of the contract, as JSON text.
///
/// The facts are those of the published document and, beyond them, what the live API has been seen to have
/// since: the document grows under its date. `openapi/additions.json` in the repository lists those
/// additions, each with where and when it was seen.
///
/// ```
/// assert!(hookdeck::contract::DOCUMENT.contains("\"openapi\""));
/// ```
pub const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/document.json"));
