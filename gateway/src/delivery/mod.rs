//! The HTTP side of delivery: what goes out, where it may go, how fast, and what came back.

pub mod address;
pub(crate) mod auth;
mod body;
pub mod client;
pub mod dispatcher;
mod failure;
mod faulty;
pub(crate) mod http;
mod lanes;
mod mock;
pub mod outgoing;
mod pace;
mod plan;
mod retry;
mod target;
pub(crate) mod tls;
pub(crate) mod work;

pub use address::AddressPolicy;
pub(crate) use body::BODY_KEPT;
pub use outgoing::{Outgoing, outgoing};
