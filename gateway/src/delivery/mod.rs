//! The HTTP side of delivery: what goes out, where it may go, how fast, and what came back.

pub mod address;
pub(crate) mod auth;
mod body;
pub mod client;
mod delivery_url;
mod failure;
pub(crate) mod faulty;
pub(crate) mod http;
mod mock;
pub mod outgoing;
pub(crate) mod target;
pub(crate) mod tls;

pub use address::AddressPolicy;
pub(crate) use body::BODY_KEPT;
pub use outgoing::{OutgoingRequest, outgoing};
