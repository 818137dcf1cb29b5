//! Sending a delivery, following where it is led, and reading the answer.
//!
//! Redirects are followed as browsers do: 303 becomes a GET, and so do 301 and 302 of a POST; 307 and 308
//! repeat the request as it was. Ten in a row are the most. One that leads nowhere an HTTP request can go is an
//! answer like any other. Credentials, and what the producer proved itself with, go no further than the
//! destination's own scheme, host and port.

use bytes::Bytes;
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HeaderMap, HeaderValue, LOCATION,
};
use http::{Method, StatusCode};
use rustls::pki_types::CertificateDer;
use tokio::time::Instant;
use url::Url;

use super::address::AddressPolicy;
use super::body::{self, ResponseBody};
use super::delivery_url::DeliveryUrl;
use super::http::{HttpClients, HttpRequest, Response, SendError, next_chunk};
use super::mock;
use super::outgoing::OutgoingRequest;
use crate::clock::{Clock, Micros};
use crate::events::attempt::AttemptOutcome;
use crate::wire::ErrorCode;

const REDIRECTS: usize = 10;

/// What delivers for all projects of a gateway.
pub struct Deliverer {
    http: HttpClients,
}

impl std::fmt::Debug for Deliverer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deliverer").finish_non_exhaustive()
    }
}

/// An attempt's outcome with the part of the answer that decides about a retry.
#[derive(Debug)]
pub struct DeliveryOutcome {
    /// What is stored.
    pub outcome: AttemptOutcome,
    /// The destination's `retry-after`, as sent.
    pub retry_after: Option<String>,
}

impl DeliveryOutcome {
    /// An attempt that ended before anything was sent.
    pub(crate) fn unsent(code: ErrorCode) -> Self {
        Self {
            outcome: AttemptOutcome {
                error_code: Some(code),
                ..AttemptOutcome::default()
            },
            retry_after: None,
        }
    }
}

struct DestinationResponse {
    status: StatusCode,
    retry_after: Option<String>,
    body: ResponseBody,
}

impl Deliverer {
    /// One that connects only where `policy` allows, and trusts `trusted` beside the system's roots.
    pub fn new(policy: AddressPolicy, trusted: Vec<CertificateDer<'static>>) -> Self {
        Self {
            http: HttpClients::new(policy, trusted),
        }
    }

    /// Sends the delivery, follows redirects and reads the answer. The times of the outcome are the
    /// clock's; the deadline is real.
    pub async fn deliver(
        &self,
        outgoing: &OutgoingRequest,
        deadline: Instant,
        clock: &Clock,
    ) -> DeliveryOutcome {
        let delivered_at = clock.now();
        let mut outcome = AttemptOutcome {
            requested_url: Some(outgoing.shown_url.clone()),
            http_method: Some(outgoing.method.to_string()),
            delivered_at: Some(delivered_at),
            ..AttemptOutcome::default()
        };
        if let Some(status) = mock::status(outgoing.url.url()) {
            return answered_by_mock(outcome, status, delivered_at);
        }
        let mut retry_after = None;
        match tokio::time::timeout_at(deadline, self.exchange(outgoing)).await {
            Err(_) => outcome.error_code = Some(ErrorCode::Timeout),
            Ok(Err(failed)) => {
                outcome.error_code = Some(failed.code);
                outcome.delivered_at = outcome.delivered_at.filter(|_| failed.connected);
            }
            Ok(Ok(answer)) => {
                outcome.response_status = Some(answer.status.as_u16());
                outcome.body = Some(answer.body.text);
                outcome.error_code = answer.body.broken;
                outcome.responded_at = Some(clock.now());
                retry_after = answer.retry_after;
            }
        }
        DeliveryOutcome {
            outcome,
            retry_after,
        }
    }

    async fn exchange(&self, outgoing: &OutgoingRequest) -> Result<DestinationResponse, SendError> {
        let mut request = HttpRequest {
            method: outgoing.method.clone(),
            url: outgoing.url.clone(),
            headers: outgoing.headers.clone(),
            body: outgoing.body.clone(),
        };
        request.headers.extend(outgoing.credentials.clone());
        for hop in 0..=REDIRECTS {
            let sent = self.http.send(request.clone()).await;
            // Behind a redirect the destination itself was reached.
            let response = sent.map_err(|failed| SendError {
                connected: failed.connected || hop > 0,
                ..failed
            })?;
            let Some(next) = redirect(&response, &request.url) else {
                return Ok(DestinationResponse {
                    status: response.status(),
                    retry_after: header(response.headers(), "retry-after"),
                    body: body::read(response).await,
                });
            };
            follow(&mut request, response.status(), next, &outgoing.credentials);
        }
        Err(SendError {
            code: ErrorCode::TooManyRedirects,
            connected: true,
        })
    }

    /// Posts a form to an authorization server, and answers its status and the beginning of its body.
    /// Redirects are not followed: credentials in a body must not go elsewhere.
    ///
    /// # Errors
    /// The error code a delivery would have.
    pub(super) async fn ask(
        &self,
        server: Url,
        authorization: Option<HeaderValue>,
        form: String,
        limit: usize,
    ) -> Result<(u16, Vec<u8>), ErrorCode> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization);
        }
        let request = HttpRequest {
            method: Method::POST,
            url: DeliveryUrl::from(server),
            headers,
            body: Bytes::from(form),
        };
        let mut response = self
            .http
            .send(request)
            .await
            .map_err(|failed| failed.code)?;
        let mut body = Vec::new();
        while body.len() < limit
            && let Some(chunk) = next_chunk(&mut response)
                .await
                .map_err(|error| super::failure::code_of(&error))?
        {
            body.extend_from_slice(&chunk);
        }
        Ok((response.status().as_u16(), body))
    }
}

/// Where a response leads on to, if it does.
fn redirect(response: &Response, from: &DeliveryUrl) -> Option<DeliveryUrl> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    from.join(location)
}

/// Turns a request into the one a redirect asks for.
fn follow(
    request: &mut HttpRequest,
    status: StatusCode,
    next: DeliveryUrl,
    credentials: &HeaderMap,
) {
    if !same_origin(request.url.url(), next.url()) {
        for name in credentials.keys().chain(&[AUTHORIZATION, COOKIE]) {
            request.headers.remove(name);
        }
    }
    // As the fetch standard has it: 303 always becomes a GET, 301 and 302 only a POST.
    let becomes_get = match status {
        StatusCode::SEE_OTHER => request.method != Method::HEAD,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => request.method == Method::POST,
        _ => false,
    };
    if becomes_get {
        request.method = Method::GET;
        request.body = Bytes::new();
        request.headers.remove(CONTENT_TYPE);
        request.headers.remove(CONTENT_LENGTH);
    }
    request.url = next;
}

fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme()
        && a.host() == b.host()
        && a.port_or_known_default() == b.port_or_known_default()
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

fn answered_by_mock(mut outcome: AttemptOutcome, status: u16, now: Micros) -> DeliveryOutcome {
    outcome.response_status = Some(status);
    outcome.body = Some(String::new());
    outcome.responded_at = Some(now);
    DeliveryOutcome {
        outcome,
        retry_after: None,
    }
}
