//! The seam to HTTP: one small trait, reqwest behind it by default.

mod http_client;
#[cfg(feature = "rustls")]
mod tls;

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

pub(crate) use http_client::HttpClient;

/// A request as the transport gets it: absolute URI, final headers, the whole body.
pub type HttpRequest = http::Request<Bytes>;

/// A reply as the transport returns it, its body read to the end.
pub type HttpResponse = http::Response<Bytes>;

/// The future of one exchange.
pub type Exchange<'a> =
    Pin<Box<dyn Future<Output = Result<HttpResponse, TransportError>> + Send + 'a>>;

/// Sends one request and reads its whole reply.
///
/// Implement it to send calls through a client of your own, or through none at all in a test. The
/// SDK does everything else above this line: authentication, pacing, retries, timeouts, decoding.
/// An implementation must not retry on its own, must not follow redirects, and must stop when its
/// future is dropped.
///
/// ```
/// use hookdeck::transport::{Exchange, HttpRequest, HttpResponse, Transport};
///
/// /// Answers every call with an empty list.
/// #[derive(Debug)]
/// struct Nothing;
///
/// impl Transport for Nothing {
///     fn send(&self, _request: HttpRequest) -> Exchange<'_> {
///         Box::pin(async {
///             Ok(HttpResponse::new(r#"{"count":0,"models":[],"pagination":{}}"#.into()))
///         })
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let client = hookdeck::Client::builder("any-key").transport(Nothing).build()?;
/// assert!(client.events().list().await?.items.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Transport: Send + Sync + fmt::Debug + 'static {
    /// Sends the request; the future ends when the body has been read.
    fn send(&self, request: HttpRequest) -> Exchange<'_>;
}

/// How far an exchange got before it failed, which decides whether it may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection was made: the request was never sent.
    Connect,
    /// The request could not be written down as HTTP: it was never sent, and never can be.
    Request,
    /// The connection broke after the request, or part of it, was sent.
    Interrupted,
    /// The transport's own timer ran out; the request may have been sent.
    Timeout,
}

/// Why an exchange failed. Its text never holds the URL or a header.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    source: Box<dyn StdError + Send + Sync>,
}

impl TransportError {
    /// An error of that kind with its cause.
    pub fn new(
        kind: TransportErrorKind,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            source: source.into(),
        }
    }

    pub(crate) fn into_source(self) -> Box<dyn StdError + Send + Sync> {
        self.source
    }

    /// How far the exchange got.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TransportErrorKind::Connect => "could not connect",
            TransportErrorKind::Request => "not a request that HTTP can carry",
            TransportErrorKind::Interrupted => "the connection broke",
            TransportErrorKind::Timeout => "timed out",
        })
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}
