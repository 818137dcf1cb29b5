//! A world for tests: a gateway with its own time, the clients that call it, a producer that sends it
//! webhooks, and a receiver that takes its deliveries.
//!
//! ```
//! use hookdeck_testkit::{World, seconds};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let world = World::start().await;
//! let retry = json!([{"type": "retry", "strategy": "linear", "interval": 60_000, "count": 3}]);
//! let shop = world.connect("shop").rules(retry).await;
//!
//! world.receiver.answer([503]);
//! world.deliver(&shop, json!({"order": 7})).await;
//! world.advance(seconds(60)).await;
//!
//! let deliveries = world.receiver.deliveries();
//! assert_eq!(deliveries.len(), 2);
//! assert_eq!(deliveries[1].header("x-hookdeck-attempt-trigger"), "AUTOMATIC");
//! # }
//! ```
//!
//! | who | what it does |
//! |---|---|
//! | [`World`] | starts and holds the others; moves time; reads back what became of a webhook |
//! | [`Api`] | calls REST as a program of any language would, and holds every reply against the contract |
//! | [`Connect`] | makes a connection with its source, destination and rules |
//! | [`Webhook`] | a webhook to be sent, with any method, path, headers and body |
//! | [`Receiver`] | a destination that records what it gets and answers as the test says |
//!
//! Nothing here sleeps. Time passes when [`World::advance`] says so; what a test waits for, it waits
//! for by name: [`World::settle`] for the gateway, [`Receiver::next`] and [`Receiver::arrived`] for a
//! delivery that is still open.
//!
//! Only [`World`] needs a gateway in this process. The others work with any URL, so that a test of the
//! program, or one inside the gateway's own crate, can use them too.

mod api;
mod connect;
mod producer;
mod read;
mod receiver;
mod reply;
mod world;

pub use api::{Api, VERSION};
pub use connect::Connect;
pub use producer::{Headers, Hook, Webhook};
pub use receiver::{Answer, Delivery, Receiver};
pub use reply::{Reply, http, read, refusal};
pub use world::{START, World, client, gateway, seconds};

use serde_json::Value;

/// The id of a model as JSON.
///
/// # Panics
/// When it has none.
pub fn id(model: &Value) -> String {
    let id = model["id"].as_str();
    id.unwrap_or_else(|| panic!("no id in {model}")).to_owned()
}

/// The values of a text field of each model, in order.
///
/// # Panics
/// When a model does not have it.
pub fn field(models: &[Value], name: &str) -> Vec<String> {
    let value = |model: &Value| model[name].as_str().map(str::to_owned);
    let values = models
        .iter()
        .map(|model| value(model).unwrap_or_else(|| panic!("no {name} in {model}")));
    values.collect()
}
