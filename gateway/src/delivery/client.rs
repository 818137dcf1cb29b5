//! Sending a delivery and reading the answer.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HeaderMap, LOCATION};
use http::{Method, StatusCode};
use reqwest::{Client, Response};
use url::{Host, Url};

use super::address::{AddressPolicy, AddressRefused, GuardedResolver};
use super::failure::code_of;
use super::outgoing::Outgoing;
use crate::clock::{Clock, Micros};
use crate::events::attempt::Outcome;

/// The part of a destination's answer that is kept, in bytes.
pub const BODY_KEPT: usize = 128 * 1024;
/// The part of a longer answer that is still read, so that the connection can be used again.
const BODY_READ: usize = 1024 * 1024;
const REDIRECTS: usize = 10;
const IDLE: Duration = Duration::from_secs(30);
const MOCK_HOST: &str = "mock.hookdeck.com";

/// The HTTP client of one gateway. Made on first use, and the part that needs certificates only
/// when the first `https` destination is called: reading them takes longer than a test.
pub struct Deliverer {
    policy: AddressPolicy,
    plain: OnceLock<Result<Client, String>>,
    tls: OnceLock<Result<Client, String>>,
}

impl std::fmt::Debug for Deliverer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deliverer")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// An attempt's outcome with the part of the answer that decides about a retry.
pub struct Delivered {
    /// What is stored.
    pub outcome: Outcome,
    /// The destination's `retry-after`, as sent.
    pub retry_after: Option<String>,
}

impl Deliverer {
    /// A client that connects only where `policy` allows.
    pub fn new(policy: AddressPolicy) -> Self {
        Self {
            policy,
            plain: OnceLock::new(),
            tls: OnceLock::new(),
        }
    }

    /// Sends the delivery, follows redirects and reads the answer. The times of the outcome are the
    /// clock's, the time limit is real.
    pub async fn deliver(&self, outgoing: &Outgoing, clock: &Clock) -> Delivered {
        let delivered_at = clock.now();
        let mut outcome = Outcome {
            requested_url: Some(outgoing.shown_url.clone()),
            http_method: Some(outgoing.method.to_string()),
            delivered_at: Some(delivered_at),
            ..Outcome::default()
        };
        if outgoing.url.host_str() == Some(MOCK_HOST) {
            return mock(outgoing, outcome, clock.now());
        }
        let mut retry_after = None;
        match tokio::time::timeout(outgoing.timeout, self.exchange(outgoing)).await {
            Err(_) => outcome.error_code = Some("TIMEOUT"),
            Ok(Err(code)) => outcome.error_code = Some(code),
            Ok(Ok(answer)) => {
                outcome.response_status = Some(answer.status.as_u16());
                outcome.body = Some(answer.body);
                outcome.error_code = answer.broken;
                outcome.responded_at = Some(clock.now());
                retry_after = answer.retry_after;
            }
        }
        Delivered {
            outcome,
            retry_after,
        }
    }

    async fn exchange(&self, outgoing: &Outgoing) -> Result<Answer, &'static str> {
        let mut url = outgoing.url.clone();
        let mut method = outgoing.method.clone();
        let mut headers = outgoing.headers.clone();
        let mut body = outgoing.body.clone();
        headers.extend(outgoing.credentials.clone());
        for _ in 0..=REDIRECTS {
            self.check_literal(&url)?;
            let response = self
                .client(&url)?
                .request(method.clone(), url.clone())
                .headers(headers.clone())
                .body(body.clone())
                .send()
                .await
                .map_err(|error| code_of(&error))?;
            let Some(next) = redirect(&response, &url) else {
                return Ok(read(response).await);
            };
            if !same_origin(&url, &next) {
                let producers = [AUTHORIZATION, COOKIE].iter();
                for name in outgoing.credentials.keys().chain(producers) {
                    headers.remove(name);
                }
            }
            // As the fetch standard has it: 303 always becomes a GET, 301 and 302 only a POST.
            let becomes_get = match response.status() {
                StatusCode::SEE_OTHER => method != Method::HEAD,
                StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => method == Method::POST,
                _ => false,
            };
            if becomes_get {
                method = Method::GET;
                body = Bytes::new();
                headers.remove(CONTENT_TYPE);
                headers.remove(CONTENT_LENGTH);
            }
            url = next;
        }
        Err("TOO_MANY_REDIRECTS")
    }

    /// A URL with an address instead of a name does not pass the resolver.
    fn check_literal(&self, url: &Url) -> Result<(), &'static str> {
        let literal = match url.host() {
            Some(Host::Ipv4(v4)) => IpAddr::V4(v4),
            Some(Host::Ipv6(v6)) => IpAddr::V6(v6),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err("INVALID_URL"),
        };
        if self.policy.allows(literal) {
            return Ok(());
        }
        tracing::warn!(
            "{}",
            AddressRefused {
                host: literal.to_string()
            }
        );
        Err("HOST_UNREACHABLE")
    }

    fn client(&self, url: &Url) -> Result<&Client, &'static str> {
        let secure = url.scheme() == "https";
        let client = if secure { &self.tls } else { &self.plain };
        client
            .get_or_init(|| build(self.policy, secure))
            .as_ref()
            .map_err(|error| {
                tracing::error!("no HTTP client for deliveries: {error}");
                "INTERNAL_ERROR"
            })
    }
}

/// A client that connects only where `policy` allows; without `secure` it speaks no TLS.
pub(crate) fn build(policy: AddressPolicy, secure: bool) -> Result<Client, String> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let mut builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(std::sync::Arc::new(GuardedResolver(policy)))
        .pool_idle_timeout(IDLE)
        .http1_only();
    if secure {
        // An application may have chosen a provider already; then that one stays.
        let _ = rustls::crypto::CryptoProvider::install_default((*provider).clone());
    } else {
        // Never used for TLS, so it needs no certificates: a configuration that trusts nobody.
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        builder = builder.tls_backend_preconfigured(config);
    }
    builder.build().map_err(|error| error.to_string())
}

struct Answer {
    status: StatusCode,
    retry_after: Option<String>,
    body: String,
    /// Set when the answer broke off in the middle of its body.
    broken: Option<&'static str>,
}

fn redirect(response: &Response, from: &Url) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let next = from.join(location).ok()?;
    matches!(next.scheme(), "http" | "https").then_some(next)
}

fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme()
        && a.host() == b.host()
        && a.port_or_known_default() == b.port_or_known_default()
}

async fn read(mut response: Response) -> Answer {
    let status = response.status();
    let retry_after = header(response.headers(), "retry-after");
    let mut kept = Vec::new();
    let mut seen = 0;
    let mut broken = None;
    while seen < BODY_READ {
        match response.chunk().await {
            Ok(None) => break,
            Ok(Some(chunk)) => {
                seen += chunk.len();
                kept.extend_from_slice(&chunk[..chunk.len().min(BODY_KEPT - kept.len())]);
            }
            Err(error) => {
                broken = Some(match code_of(&error) {
                    "NETWORK_ERROR" => "SOCKET_CLOSED",
                    code => code,
                });
                break;
            }
        }
    }
    Answer {
        status,
        retry_after,
        body: text(kept, seen > BODY_KEPT),
        broken,
    }
}

/// The kept bytes as text; a character cut in two by the limit is left out whole.
fn text(kept: Vec<u8>, cut: bool) -> String {
    match String::from_utf8(kept) {
        Ok(text) => text,
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let end = if cut && bytes.len() - valid < 4 {
                valid
            } else {
                bytes.len()
            };
            String::from_utf8_lossy(&bytes[..end]).into_owned()
        }
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

/// The vendor's mock API accepts everything without a network; `?status=` asks for another answer.
fn mock(outgoing: &Outgoing, mut outcome: Outcome, now: Micros) -> Delivered {
    let asked = outgoing
        .url
        .query_pairs()
        .find(|(name, _)| name == "status");
    let status = asked
        .and_then(|(_, value)| value.parse::<u16>().ok())
        .filter(|status| (200..600).contains(status));
    outcome.response_status = Some(status.unwrap_or(200));
    outcome.body = Some(String::new());
    outcome.responded_at = Some(now);
    Delivered {
        outcome,
        retry_after: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_body_loses_no_more_than_the_cut_character() {
        assert_eq!(text("aé".as_bytes()[..2].to_vec(), true), "a");
        assert_eq!(text(vec![b'a', 0xff, b'b'], false), "a\u{fffd}b");
        assert_eq!(text("aé".into(), true), "aé");
    }
}
