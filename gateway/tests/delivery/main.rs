//! Deliveries: how they authenticate, how fast they go, what they meet on the way, and what is kept of it.

mod answers;
mod auth;
mod endpoint;
mod network;
mod policy;
mod requests;
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod tokens;
mod world;
