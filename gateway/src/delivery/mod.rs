//! The HTTP side of delivery: what goes out, where it may go, how fast, and what came back.

pub mod address;
mod auth;
pub mod client;
pub mod dispatcher;
mod failure;
pub mod outgoing;
mod pace;
mod retry;
mod target;
pub(crate) mod work;

pub use address::AddressPolicy;
pub use outgoing::{Outgoing, outgoing};
