//! Replies to calls of an older version.

use axum::response::Response;
use hookdeck::ApiVersion;
use hookdeck::operation::ops;
use hookdeck::version::Translation;
use http::StatusCode;
use serde_json::{Value, json};
use url::Url;

use super::reply::{json_bytes, refused};
use crate::api::{ApiError, ApiResult};
use crate::json;

/// A call of an older version, as far as its reply depends on it.
#[derive(Debug)]
pub(super) struct OlderCall<'a> {
    pub(super) translation: Translation,
    pub(super) operation: &'a str,
    /// What is said of the addresses in the body that could not be read.
    unreadable: Vec<&'static str>,
}

/// Addresses in the body of a call, and what is said of them if they are none.
const ADDRESSES: [(&str, &str); 2] = [
    ("/config/url", "config.url must be a valid uri"),
    (
        "/destination/config/url",
        "destination.config.url must be a valid uri",
    ),
];

impl<'a> OlderCall<'a> {
    /// A call with this body, which is in the newest version already.
    pub(super) fn new(translation: Translation, operation: &'a str, body: &Value) -> Self {
        let unreadable = |(place, message)| {
            let address = body.pointer(place)?.as_str()?;
            (!is_address(address)).then_some(message)
        };
        Self {
            translation,
            operation,
            unreadable: ADDRESSES.into_iter().filter_map(unreadable).collect(),
        }
    }

    /// The reply as the older version gives it.
    pub(super) fn reply(&self, answered: ApiResult) -> Response {
        match answered {
            Ok(body) => {
                let body = json::write(&body);
                let body = self
                    .translation
                    .downgrade_reply(self.operation, body.as_bytes());
                json_bytes(StatusCode::OK, body)
            }
            Err(ApiError::Validation(messages)) => {
                refused(ApiError::Validation(self.violations(&messages)))
            }
            Err(ApiError::AlreadyExists(data)) => refused(match quoted(data) {
                Ok(data) => ApiError::AlreadyExists(data),
                Err(error) => error,
            }),
            // The other errors name what the newest version has, whatever the caller's is.
            Err(error) => refused(error),
        }
    }

    /// Several violations of what was one thing are one violation. An address that cannot be read violated
    /// two rules with the same words while it was a property of its own.
    fn violations(&self, messages: &[String]) -> Vec<String> {
        let untyped = self.translation.undoes(&ApiVersion::V2025_01_01);
        let mut told: Vec<String> = Vec::new();
        for message in messages {
            let named = self.translation.downgrade_message(self.operation, message);
            if told.contains(&named) {
                continue;
            }
            if untyped && self.unreadable.contains(&message.as_str()) {
                told.push(named.clone());
            }
            told.push(named);
        }
        told
    }
}

/// Whether this is an address at all, of whatever scheme.
fn is_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        url.cannot_be_a_base() || url.host_str().is_some_and(|host| !host.is_empty())
    })
}

/// What is told of a connection that is in the way: the connection alone, flat as it was in the oldest of the
/// versions, at all of them.
fn quoted(mut data: Value) -> Result<Value, ApiError> {
    let Some(webhook) = data.get("webhook") else {
        return Ok(data);
    };
    let mut webhook = match ApiVersion::V2024_09_01.translation() {
        Some(flat) => {
            let webhook = json::write(webhook);
            let flat = flat.downgrade_reply(ops::GET_CONNECTION.id, webhook.as_bytes());
            let mut webhook: Value = serde_json::from_slice(&flat)?;
            let in_order = json::parse_ordered(&flat);
            if let Some(rules) = in_order.as_ref().and_then(|webhook| webhook.get("rules")) {
                webhook["rules"] = json::verbatim(&rules.to_string());
            }
            webhook
        }
        None => webhook.clone(),
    };
    webhook["deleted_at"] = Value::Null;
    webhook["source"]["deleted_at"] = Value::Null;
    webhook["source"]["integration_id"] = Value::Null;
    webhook["destination"]["deleted_at"] = Value::Null;
    data = json!({ "webhook": webhook, "resource_type": data["resource_type"] });
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_and_a_host_or_none_to_have() {
        for address in [
            "https://example.com",
            "ftp://h/x",
            "mock://mock",
            "localhost:3000",
            "mailto:a@b",
        ] {
            assert!(is_address(address), "{address}");
        }
        for none in [
            "",
            "mock",
            "mock://",
            "no address",
            "/hooks",
            "https://",
            "//h/x",
        ] {
            assert!(!is_address(none), "{none}");
        }
    }

    fn violations(version: &ApiVersion, body: &Value, messages: &[&str]) -> Vec<String> {
        let translation = version.translation().unwrap();
        let call = OlderCall::new(translation, ops::CREATE_CONNECTION.id, body);
        let messages: Vec<_> = messages.iter().map(|&m| m.to_owned()).collect();
        call.violations(&messages)
    }

    #[test]
    fn an_address_that_cannot_be_read_is_said_to_be_none_twice() {
        let message = ["destination.config.url must be a valid uri"];
        for (address, times) in [("mock", 2), ("mock://mock", 1)] {
            let body = json!({ "destination": { "config": { "url": address } } });
            let told = violations(&ApiVersion::V2024_03_01, &body, &message);
            assert_eq!(told, vec!["destination.url must be a valid uri"; times]);
            let told = violations(&ApiVersion::V2025_01_01, &body, &message);
            assert_eq!(told, message);
        }
    }

    #[test]
    fn what_quotes_no_connection_is_quoted_as_it_is() {
        for data in [
            json!({ "id": "src_1", "resource_type": "source" }),
            Value::Null,
        ] {
            assert_eq!(quoted(data.clone()).unwrap(), data);
        }
    }
}
