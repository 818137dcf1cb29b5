//! The default transport: reqwest, with everything switched off that the pipeline does itself.

use std::time::Duration;

use super::{Exchange, HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug)]
pub(crate) struct HttpClient(reqwest::Client);

impl HttpClient {
    /// Whether `https` addresses can be reached.
    pub(crate) const SPEAKS_TLS: bool = cfg!(any(feature = "rustls", feature = "native-tls"));

    /// A client for one base address; `secure` says whether that is `https`.
    pub(crate) fn new(secure: bool, connect_timeout: Duration) -> Result<Self, BoxError> {
        let builder = reqwest::Client::builder()
            .connect_timeout(connect_timeout)
            // The API never redirects; following one would carry the key to another place.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false);
        #[cfg(feature = "rustls")]
        let builder = builder.tls_backend_preconfigured(if secure {
            super::tls::with_platform_roots()?
        } else {
            super::tls::without_roots()?
        });
        #[cfg(not(feature = "rustls"))]
        let _ = secure;
        Ok(Self(builder.build()?))
    }

    pub(crate) fn from_client(client: reqwest::Client) -> Self {
        Self(client)
    }
}

impl Transport for HttpClient {
    fn send(&self, request: HttpRequest) -> Exchange<'_> {
        Box::pin(async move {
            let request = reqwest::Request::try_from(request).map_err(classify)?;
            let mut reply = self.0.execute(request).await.map_err(classify)?;
            let (status, headers) = (reply.status(), std::mem::take(reply.headers_mut()));
            let body = reply.bytes().await.map_err(classify)?;
            let mut response = HttpResponse::new(body);
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok(response)
        })
    }
}

fn classify(error: reqwest::Error) -> TransportError {
    let kind = if error.is_connect() {
        TransportErrorKind::Connect
    } else if error.is_builder() {
        TransportErrorKind::Request
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else {
        TransportErrorKind::Interrupted
    };
    // The URL may hold filters over personal data; logs are no place for it.
    TransportError::new(kind, error.without_url())
}
