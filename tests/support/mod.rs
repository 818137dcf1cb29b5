//! What the tests of the client share: a transport that plays a script, and replies of the API.

// Each test binary uses its own part of this.
#![allow(dead_code, unused_imports)]

pub mod socket;
pub mod table;
pub mod transport;

use std::sync::atomic::{AtomicU64, Ordering};

use hookdeck::{Client, ClientBuilder};
use serde_json::{Value, json};

pub use table::Table;
pub use transport::{Script, Step, reply};

/// A key no other test has: clients of one key share their quota for the whole process.
pub fn fresh_key() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!(
        "test-key-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

/// A builder of a client that sends to the script.
pub fn builder(script: &Script) -> ClientBuilder {
    Client::builder(fresh_key())
        .base_url("http://api.test")
        .transport(script.clone())
}

/// A client with the defaults that sends to the script.
pub fn client(script: &Script) -> Client {
    builder(script).build().expect("the client is set up")
}

/// A source as the API answers it.
pub fn source(id: &str) -> Value {
    json!({
        "id": id,
        "name": format!("source {id}"),
        "team_id": "tm_1",
        "type": "WEBHOOK",
        "url": format!("https://hkdk.events/{id}"),
        "authenticated": false,
        "disabled_at": null,
        "created_at": "2026-09-01T00:00:00.000Z",
        "updated_at": "2026-09-01T00:00:00.000Z"
    })
}

/// An attempt as the API answers it in a list.
pub fn attempt(id: &str) -> Value {
    json!({
        "id": id,
        "event_id": "evt_1",
        "destination_id": "des_1",
        "team_id": "tm_1",
        "status": "SUCCESSFUL",
        "created_at": "2026-09-01T00:00:00.000Z",
        "updated_at": "2026-09-01T00:00:00.000Z"
    })
}

/// A page of a list, its cursors left out where there are none.
pub fn page(models: &[Value], next: Option<&str>, prev: Option<&str>) -> Value {
    let mut pagination = json!({"order_by": "created_at", "dir": "desc", "limit": 100});
    for (name, token) in [("next", next), ("prev", prev)] {
        if let Some(token) = token {
            pagination[name] = token.into();
        }
    }
    json!({"pagination": pagination, "count": models.len(), "models": models})
}

/// A page of sources with these ids.
pub fn sources(ids: &[&str], next: Option<&str>, prev: Option<&str>) -> Value {
    let models: Vec<_> = ids.iter().copied().map(source).collect();
    page(&models, next, prev)
}
