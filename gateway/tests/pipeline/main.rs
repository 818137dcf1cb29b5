//! From a webhook to the end of its events: what is taken in, what the rules make of it, and the
//! states an event goes through. Driven through the SDK, by the gateway's own clock.

mod again;
mod bodies;
mod deduplicate;
mod durable;
mod filter;
mod intake;
mod model;
mod races;
mod retries;
mod states;
mod time;
mod transform;
mod verification;
