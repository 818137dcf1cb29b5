//! Plain HTTP: the client that everybody here uses, and a reply read to its end.

use std::sync::Arc;

use reqwest::header::HeaderMap;
use serde_json::Value;

/// A client of plain HTTP. Nobody needs to be trusted for that, so it reads no certificates, which
/// would take longer than most tests.
pub fn http() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .build()
        .unwrap()
}

/// Sends a request of [`http()`] and reads the reply to its end.
///
/// # Panics
/// When there is none.
pub async fn read(request: reqwest::RequestBuilder) -> Reply {
    Reply::to(request).await.unwrap()
}

/// A reply, read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Reply {
    /// The reply to a request, or why there is none.
    pub(crate) async fn to(request: reqwest::RequestBuilder) -> Result<Self, reqwest::Error> {
        let mut response = request.send().await?;
        Ok(Self {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            text: response.text().await?,
        })
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error} in {}: {}", self.status, self.text))
    }

    /// A header.
    ///
    /// # Panics
    /// When it is not there.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        let value = value.unwrap_or_else(|| panic!("no header {name} in {:?}", self.headers));
        value.to_str().unwrap()
    }

    /// The id of the request that a producer was told of.
    ///
    /// # Panics
    /// When it was told of none.
    pub fn request_id(&self) -> String {
        let id = self.json()["request_id"].as_str().map(str::to_owned);
        id.unwrap_or_else(|| panic!("no request_id in {}: {}", self.status, self.text))
    }

    /// The messages of a validation error.
    ///
    /// # Panics
    /// When it is another reply.
    pub fn violations(&self) -> Vec<String> {
        assert_eq!(self.status, 422, "{}", self.text);
        serde_json::from_value(self.json()["data"].take()).unwrap()
    }
}

/// The status and the message by which the API has refused a call of the SDK.
///
/// # Panics
/// When the call has failed otherwise.
pub fn refusal(error: &hookdeck::Error) -> (u16, String) {
    let status = error.status().unwrap_or_else(|| panic!("{error}"));
    let message = error.api().map(|api| api.message().to_owned());
    (status.as_u16(), message.unwrap_or_default())
}
