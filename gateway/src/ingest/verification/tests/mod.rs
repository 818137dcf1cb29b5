mod document;
mod generic;
mod vectors;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

use super::{Verification, VerificationInput, scheme_name, verify};
use crate::clock::Micros;
use crate::request::ReceivedRequest;

/// A request and the source that it comes to.
#[derive(Clone)]
struct Case {
    kind: String,
    config: Value,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Seconds since the epoch.
    now: i64,
}

impl Case {
    fn verdict(&self) -> Verification {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let method: Method = self.method.parse().unwrap();
        let query = self.url.split_once('?').map_or("", |(_, query)| query);
        let received =
            ReceivedRequest::new(&method, "", query, &headers, None, Some(self.body.clone()));
        let input = VerificationInput {
            received: &received,
            config: &self.config,
            urls: std::slice::from_ref(&self.url),
            now: Micros::from_i64(self.now * 1_000_000),
        };
        verify(scheme_name(&self.kind, &self.config), &input)
    }
}

/// The source types of the contract.
fn source_types() -> Vec<String> {
    let contract: Value = serde_json::from_str(hookdeck::contract::DOCUMENT).unwrap();
    let types = &contract["components"]["schemas"]["Source"]["properties"]["type"]["enum"];
    serde_json::from_value(types.clone()).unwrap()
}
