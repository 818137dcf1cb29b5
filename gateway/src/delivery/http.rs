//! One HTTP exchange with a destination or an authorization server: no redirect, no retry, and never with an
//! address the policy refuses.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::HeaderMap;
use reqwest::{Client, Response};
use rustls::pki_types::CertificateDer;
use url::{Host, Url};

use super::address::{AddressPolicy, AddressRefused, GuardedResolver};
use super::failure::code_of;
use super::tls;
use crate::wire::ErrorCode;

const IDLE: Duration = Duration::from_secs(30);

/// The HTTP clients of one gateway. Made on first use, and the one that needs certificates only when the
/// first `https` address is called: reading them takes longer than a test.
pub(super) struct HttpClients {
    policy: AddressPolicy,
    trusted: Vec<CertificateDer<'static>>,
    plain: OnceLock<Result<Client, String>>,
    tls: OnceLock<Result<Client, String>>,
}

/// A request as it goes out.
#[derive(Clone)]
pub(super) struct HttpRequest {
    pub(super) method: Method,
    pub(super) url: Url,
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
        self.check_literal(&request.url)?;
        self.client(&request.url)?
            .request(request.method, request.url)
            .headers(request.headers)
            .body(request.body)
            .send()
            .await
            .map_err(|error| SendError {
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

    fn client(&self, url: &Url) -> Result<&Client, SendError> {
        let client = if url.scheme() == "https" {
            self.tls.get_or_init(|| {
                let config = tls::config(&self.trusted).map_err(|error| error.to_string())?;
                client(self.policy, config)
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

/// A client that connects only where `policy` allows and speaks no TLS.
pub(crate) fn plain(policy: AddressPolicy) -> Result<Client, String> {
    client(policy, tls::nobody().map_err(|error| error.to_string())?)
}

fn client(policy: AddressPolicy, tls: rustls::ClientConfig) -> Result<Client, String> {
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(GuardedResolver(policy)))
        .pool_idle_timeout(IDLE)
        .http1_only()
        .tls_backend_preconfigured(tls)
        .build()
        .map_err(|error| error.to_string())
}
