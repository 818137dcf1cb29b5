//! Deliveries: how they authenticate, how fast they go, what they meet on the way, and what is kept of it.

mod auth;
mod endpoint;
#[path = "../support/mod.rs"]
mod support;
mod tokens;
mod world;
