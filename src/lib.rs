//! Rust SDK for the Hookdeck Event Gateway API.

mod auth;
mod call;
mod client;
#[cfg(feature = "contract")]
pub mod contract;
mod error;
mod macros;
pub mod models;
pub mod operation;
pub mod paging;
mod pipeline;
pub mod query;
pub mod resources;
pub mod transport;
pub mod types;
mod version;

pub use auth::{ApiKey, AuthScheme};
pub use call::{
    Call, CallFuture, Count, List, RateLimitStatus, RequestBody, Response, WithMeta, Write,
};
pub use client::{Client, ClientBuilder};
pub use error::{ApiError, Error, ErrorKind, Exhausted, Sent};
pub use paging::Cursor;
pub use pipeline::{CallEvent, Observer, RateLimit, Retry, Timeouts};
pub use version::ApiVersion;

/// What calls return.
pub type Result<T, E = Error> = std::result::Result<T, E>;
