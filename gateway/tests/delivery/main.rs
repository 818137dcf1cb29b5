//! Deliveries: how they authenticate, how fast they go, what they meet on the way, and what is kept of it.

mod answers;
mod auth;
mod network;
mod policy;
mod requests;
mod tls;
mod tokens;

use hookdeck::models::Attempt;
use hookdeck_testkit::World;
use serde_json::{Value, json};

/// Delivers one event to a destination with this configuration, and answers its only attempt.
async fn only_attempt(world: &World, name: &str, config: Value) -> Attempt {
    let connection = world.connect(name).config(config).await;
    let event = world.event(&connection, json!({"n": 1})).await;
    let mut attempts = world.attempts_of(&event).await;
    assert_eq!(attempts.len(), 1);
    attempts.remove(0)
}

/// The error code of an attempt, or nothing.
fn code(attempt: &Attempt) -> &str {
    attempt.error_code.as_ref().map_or("", |code| code.as_str())
}
