//! What is configured, built by what it does: sources by what they verify, destinations by how they
//! authenticate, connections by rules.
//!
//! The methods are on the [`models`](crate::models) themselves. They set together what belongs
//! together, such as credentials and the name of their scheme:
//!
//! ```
//! # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
//! use std::time::Duration;
//! use hookdeck::models::{DeliveryPeriod, DestinationInput, Rule, SourceInput};
//! use serde_json::json;
//!
//! client
//!     .connections()
//!     .upsert("payments")
//!     .source(SourceInput::stripe("stripe", "whsec_1"))
//!     .destination(
//!         DestinationInput::http("backend", "https://example.com/hooks")
//!             .bearer_token("token")
//!             .rate(10, DeliveryPeriod::Second),
//!     )
//!     .rule(Rule::filter().body(json!({"type": {"$startsWith": "invoice."}})))
//!     .rule(Rule::deduplicate(Duration::from_secs(300)).include(["body.id"]))
//!     .rule(Rule::retry().exponential(Duration::from_secs(30)).count(5).on_status(500..))
//!     .await?;
//! # Ok(()) }
//! ```
//!
//! Everything can be set by hand as well. What the API is known to refuse is not sent then, but
//! fails with [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) and the reason; types and schemes
//! this version does not know are left to the API.

mod checks;
mod connections;
mod destination_auth;
mod destinations;
mod rules;
mod source_auth;
mod sources;
mod statuses;

pub use rules::{Deduplication, RetryBuilder};
pub use statuses::{StatusMatch, retries};

/// Declares methods of a configuration, which the body that holds it and the call that sends it have
/// as well.
macro_rules! on_config {
    (
        $input:ident, $config:ident;
        $(
            $(#[$meta:meta])*
            fn $name:ident($($arg:ident: $ty:ty),* $(,)?) |$target:ident| $body:block
        )*
    ) => {
        impl $config {
            $(
                $(#[$meta])*
                #[must_use]
                pub fn $name(mut self, $($arg: $ty),*) -> Self {
                    let $target = &mut self;
                    $body
                    self
                }
            )*
        }

        impl $input {
            $(
                $(#[$meta])*
                #[must_use]
                pub fn $name(mut self, $($arg: $ty),*) -> Self {
                    self.config = Some(self.config.take().unwrap_or_default().$name($($arg),*));
                    self
                }
            )*
        }

        impl Write<$input> {
            $(
                $(#[$meta])*
                pub fn $name(mut self, $($arg: $ty),*) -> Self {
                    let config = &mut self.body_mut().config;
                    *config = Some(config.take().unwrap_or_default().$name($($arg),*));
                    self
                }
            )*
        }
    };
}
use on_config;
