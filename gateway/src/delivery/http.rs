//! One HTTP exchange with a destination or an authorization server: no redirect, no retry, and never with an
//! address the policy refuses.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use percent_encoding::percent_decode_str;
use rustls::pki_types::CertificateDer;
use url::{Host, Url};

use super::address::{AddressPolicy, AddressRefused, GuardedResolver};
use super::delivery_url::DeliveryUrl;
use super::failure::code_of;
use super::tls;
use crate::wire::ErrorCode;

const IDLE: Duration = Duration::from_secs(30);

/// An answer whose body is still to be read.
pub(super) type Response = http::Response<Incoming>;

type GuardedClient = Client<HttpsConnector<HttpConnector<GuardedResolver>>, Full<Bytes>>;

/// The HTTP clients of one gateway. Made on first use, and the one that needs certificates only when the
/// first `https` address is called: reading them takes longer than a test.
pub(super) struct HttpClients {
    policy: AddressPolicy,
    trusted: Vec<CertificateDer<'static>>,
    plain: OnceLock<Result<GuardedClient, String>>,
    tls: OnceLock<Result<GuardedClient, String>>,
}

/// A request as it goes out.
#[derive(Clone)]
pub(super) struct HttpRequest {
    pub(super) method: Method,
    pub(super) url: DeliveryUrl,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// A request that got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SendError {
    /// The error code of the attempt.
    pub(super) code: ErrorCode,
    /// Whether there was a connection, so that the request may have arrived.
    pub(super) connected: bool,
}

impl SendError {
    fn unsent(code: ErrorCode) -> Self {
        Self {
            code,
            connected: false,
        }
    }
}

impl HttpClients {
    /// Clients that connect only where `policy` allows, and trust `trusted` beside the system's roots.
    pub(super) fn new(policy: AddressPolicy, trusted: Vec<CertificateDer<'static>>) -> Self {
        Self {
            policy,
            trusted,
            plain: OnceLock::new(),
            tls: OnceLock::new(),
        }
    }

    /// Sends one request and answers the head of the response; its body is still to be read.
    pub(super) async fn send(&self, request: HttpRequest) -> Result<Response, SendError> {
        let url = request.url.url();
        self.check_literal(url)?;
        let client = self.client(url)?;
        let mut outgoing = http::Request::new(Full::new(request.body));
        *outgoing.method_mut() = request.method;
        *outgoing.uri_mut() = request.url.uri().map_err(SendError::unsent)?;
        *outgoing.headers_mut() = request.headers;
        if let Some(value) = basic_auth(url) {
            outgoing.headers_mut().entry(AUTHORIZATION).or_insert(value);
        }
        client.request(outgoing).await.map_err(|error| SendError {
            code: code_of(&error),
            connected: !error.is_connect(),
        })
    }

    /// A URL with an address instead of a name does not pass the resolver.
    fn check_literal(&self, url: &Url) -> Result<(), SendError> {
        let literal = match url.host() {
            Some(Host::Ipv4(v4)) => IpAddr::V4(v4),
            Some(Host::Ipv6(v6)) => IpAddr::V6(v6),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err(SendError::unsent(ErrorCode::InvalidUrl)),
        };
        if self.policy.allows(literal) {
            return Ok(());
        }
        let host = literal.to_string();
        tracing::warn!("{}", AddressRefused { host });
        Err(SendError::unsent(ErrorCode::HostUnreachable))
    }

    fn client(&self, url: &Url) -> Result<&GuardedClient, SendError> {
        let client = if url.scheme() == "https" {
            self.tls.get_or_init(|| {
                let config = tls::config(&self.trusted).map_err(|error| error.to_string())?;
                Ok(client(self.policy, config))
            })
        } else {
            self.plain.get_or_init(|| plain(self.policy))
        };
        client.as_ref().map_err(|error| {
            tracing::error!("no HTTP client for deliveries: {error}");
            SendError::unsent(ErrorCode::InternalError)
        })
    }
}

fn plain(policy: AddressPolicy) -> Result<GuardedClient, String> {
    let config = tls::nobody().map_err(|error| error.to_string())?;
    Ok(client(policy, config))
}

/// A client that connects only where `policy` allows. It follows no redirect and knows no proxy.
fn client(policy: AddressPolicy, tls: rustls::ClientConfig) -> GuardedClient {
    let mut tcp = HttpConnector::new_with_resolver(GuardedResolver(policy));
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE)
        .pool_timer(TokioTimer::new())
        .build(connector)
}

/// What a name and a password in a URL stand for.
fn basic_auth(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let plain = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let mut pair = plain(url.username());
    pair.push(b':');
    pair.extend(plain(url.password().unwrap_or_default()));
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The next piece of a body; nothing at its end.
pub(super) async fn next_chunk(response: &mut Response) -> Result<Option<Bytes>, hyper::Error> {
    while let Some(frame) = response.body_mut().frame().await {
        // Trailers are no part of the body.
        if let Ok(data) = frame?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}
