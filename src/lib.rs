//! Rust SDK for the [Hookdeck](https://hookdeck.com) Event Gateway API: typed, streaming, and paced
//! under the quota. An independent project, not made or endorsed by Hookdeck.
//!
//! Webhooks arrive at a **source** and are stored as **requests**. Every **connection** of the source
//! turns a request into an **event** for its **destination**, by its **rules**; each try at
//! delivering an event is an **attempt**. The [`Client`] reaches all of them:
//!
//! ```no_run
//! use hookdeck::Client;
//! use hookdeck::models::EventStatus;
//! use hookdeck::query::at_least;
//!
//! # async fn example() -> hookdeck::Result<()> {
//! let client = Client::from_env()?; // HOOKDECK_API_KEY
//!
//! let mut failed = client
//!     .events()
//!     .list()
//!     .status([EventStatus::Failed])
//!     .attempts(at_least(3_u32))
//!     .items();
//! while let Some(event) = failed.try_next().await? {
//!     client.events().retry(&event.id).await?;
//! }
//! # Ok(()) }
//! ```
//!
//! # Calls
//!
//! A resource's methods prepare a call; `.await` makes it. Before that, options can be set on it
//! (`timeout`, `idempotent`), its meta data asked for (`with_meta`), or the call printed as a `curl`
//! command (`to_curl`). What is listed is fetched page by page: await a [`List`] for one page, or
//! stream it with [`items`](List::items) or [`pages`](List::pages).
//!
//! # The quota
//!
//! The API allows 240 calls a minute and key. The client keeps count, reads what every reply says of
//! the quota, and holds calls back before the API has to refuse them. All clients of one key in a
//! process share one count. See [`RateLimit`].
//!
//! # Failures
//!
//! Every failure is an [`Error`] that says what happened, to which operation, how often it was tried
//! and [whether the API can have seen it](Error::sent). What may pass is retried as far as that is
//! harmless; see [`Retry`].
//!
//! # Growth of the API
//!
//! Unknown fields of a reply are ignored, unknown values of an enum kept and written as received. A
//! model encodes again as the reply it came from, down to the digits of its timestamps and the text of
//! its payloads, except that fields it does not know are gone, an optional field that was null is left
//! out, and a whole number in a field that may have a fraction is written with one (`5.0`).
//! [`Response::body_bytes`] has everything the API sent.
//!
//! # Features
//!
//! | feature | default | what it does |
//! |---|---|---|
//! | `rustls` | yes | TLS by rustls with ring and the platform's roots |
//! | `native-tls` | no | TLS by the operating system's library |
//! | `http2` | yes | HTTP/2 where the server offers it |
//! | `tracing` | yes | events for attempts, waits and retries, at level `DEBUG` |
//! | `webhook` | no | the module `webhook`: checking the signatures of deliveries in a receiver |
//! | `contract` | no | the module `contract`: the OpenAPI document as text, for test servers and validators |

#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::expect_used, clippy::unwrap_used)]

mod auth;
mod call;
mod client;
pub mod configuration;
#[cfg(feature = "contract")]
#[cfg_attr(docsrs, doc(cfg(feature = "contract")))]
pub mod contract;
mod error;
mod macros;
pub mod models;
pub mod operation;
pub mod paging;
mod pipeline;
pub mod publish;
pub mod query;
pub mod raw;
pub mod resources;
pub mod transport;
pub mod types;
pub mod version;
#[cfg(feature = "webhook")]
#[cfg_attr(docsrs, doc(cfg(feature = "webhook")))]
pub mod webhook;

pub use auth::{ApiKey, AuthScheme};
pub use call::{
    Call, CallFuture, Count, List, RateLimitStatus, RequestBody, Response, WithMeta, Write,
};
pub use client::{Client, ClientBuilder};
pub use error::{ApiError, Error, ErrorKind, Exhausted, FailedAttempt, Sent};
pub use paging::Cursor;
pub use pipeline::{CallEvent, Observer, RateLimit, Retry, Timeouts};
pub use version::ApiVersion;

/// What calls return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The README's programs, compiled with the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
