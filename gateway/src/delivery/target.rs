//! Where a delivery goes: the destination's config read as far as delivery needs it.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::delivery_url::{DeliveryUrl, written_query};
use super::mock;
use crate::events::attempt::ClaimedEvent;
use crate::wire::{DestinationAuthType, DestinationType, ErrorCode};

/// How long an attempt may take unless the destination says otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// The destination's config, parsed once per attempt.
pub(crate) struct DeliveryTarget {
    /// `None` for a type of tomorrow, which goes where its URL leads.
    destination_type: Option<DestinationType>,
    config: Value,
}

impl DeliveryTarget {
    pub(crate) fn of(claim: &ClaimedEvent) -> Self {
        // The store holds what the API validated. Anything else has no members, so the attempt
        // fails for want of a URL instead of going somewhere by accident.
        let config = serde_json::from_str(&claim.destination_config).unwrap_or(Value::Null);
        Self::new(&claim.destination_type, config)
    }

    pub(super) fn new(destination_type: &str, config: Value) -> Self {
        Self {
            destination_type: DestinationType::parse(destination_type),
            config,
        }
    }

    pub(super) fn is_mock(&self) -> bool {
        self.destination_type == Some(DestinationType::MockApi)
    }

    pub(crate) fn is_cli(&self) -> bool {
        self.destination_type == Some(DestinationType::Cli)
    }

    pub(super) fn timeout(&self) -> Duration {
        self.config["delivery_timeout"]
            .as_u64()
            .map_or(DEFAULT_TIMEOUT, Duration::from_secs)
    }

    pub(super) fn method<'a>(&'a self, original: &'a str) -> &'a str {
        self.config["http_method"].as_str().unwrap_or(original)
    }

    /// How the gateway authenticates; `None` for a way of tomorrow.
    pub(super) fn auth_type(&self) -> Option<DestinationAuthType> {
        match self.config["auth_type"].as_str() {
            Some(name) => DestinationAuthType::parse(name),
            None => Some(DestinationAuthType::HookdeckSignature),
        }
    }

    pub(super) fn auth(&self, member: &str) -> Option<&str> {
        self.config["auth"][member].as_str()
    }

    /// The URL for a request with this path and query. The path is appended unless the destination
    /// keeps its own; the query is passed on unless the destination's URL has one.
    ///
    /// # Errors
    /// The error code of the attempt.
    pub(super) fn url(&self, path: &str, query: &str) -> Result<DeliveryUrl, ErrorCode> {
        let base = if self.is_mock() {
            Cow::Borrowed(mock::URL)
        } else if self.is_cli() {
            let path = self.config["path"].as_str().unwrap_or("/");
            // Only path and query leave the gateway.
            Cow::Owned(format!("http://localhost/{}", path.trim_start_matches('/')))
        } else {
            Cow::Borrowed(self.config["url"].as_str().unwrap_or(""))
        };
        if base.is_empty() {
            return Err(ErrorCode::MissingUrl);
        }
        let url = Url::parse(&base).map_err(|_| ErrorCode::InvalidUrl)?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(ErrorCode::InvalidUrl);
        }
        let forwards = !self.config["path_forwarding_disabled"]
            .as_bool()
            .unwrap_or(false);
        let mut own_path = url.path().to_owned();
        if forwards && !path.is_empty() {
            own_path = format!("{}{}", own_path.trim_end_matches('/'), without_dots(path));
        }
        let own_query = written_query(&url, &base);
        let query = Some(query).filter(|query| !query.is_empty());
        DeliveryUrl::new(url, &own_path, own_query.as_deref().or(query))
    }
}

/// The path without `.` and `..` segments, encoded or not: a producer must not climb out of the
/// destination's own path. To some servers a backslash is a slash.
fn without_dots(path: &str) -> String {
    let is_dots = |segment: &str| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".."
    };
    let mut kept = String::with_capacity(path.len());
    let mut rest = path;
    loop {
        // A segment, with what separates it from the one before.
        let end = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| matches!(c, '/' | '\\'));
        let (segment, after) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        if !is_dots(segment.trim_start_matches(['/', '\\'])) {
            kept.push_str(segment);
        }
        if after.is_empty() {
            return kept;
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(kind: &str, config: Value, path: &str, query: &str) -> Result<String, ErrorCode> {
        DeliveryTarget::new(kind, config)
            .url(path, query)
            .map(|url| url.to_string())
    }

    #[test]
    fn path_and_query_are_passed_on_as_the_destination_wants() {
        use serde_json::json;
        for (config, path, query, expected) in [
            (
                json!({"url": "http://a.test"}),
                "",
                "",
                Ok("http://a.test/"),
            ),
            (
                json!({"url": "http://a.test/in"}),
                "/x/y",
                "q=1",
                Ok("http://a.test/in/x/y?q=1"),
            ),
            (
                json!({"url": "http://a.test/in/"}),
                "/x",
                "",
                Ok("http://a.test/in/x"),
            ),
            (
                json!({"url": "http://a.test/in?k=v"}),
                "/x",
                "q=1",
                Ok("http://a.test/in/x?k=v"),
            ),
            (
                json!({"url": "http://a.test/in", "path_forwarding_disabled": true}),
                "/x",
                "q=1",
                Ok("http://a.test/in?q=1"),
            ),
            (
                json!({"url": "http://a.test/in"}),
                "/../../admin/%2E%2e/z",
                "",
                Ok("http://a.test/in/admin/z"),
            ),
            (
                json!({"url": "http://a.test/in"}),
                "/x\\..\\..\\admin",
                "",
                Ok("http://a.test/in/x\\admin"),
            ),
            (
                json!({"url": "http://a.test/in"}),
                "/a%20b",
                "",
                Ok("http://a.test/in/a%20b"),
            ),
            (
                json!({"url": "http://a.test/in?n=O'Brien#top"}),
                "/x",
                "",
                Ok("http://a.test/in/x?n=O'Brien"),
            ),
            (
                json!({"url": "http://a.test"}),
                "/{}",
                "n=O'Brien",
                Ok("http://a.test/{}?n=O'Brien"),
            ),
            (
                json!({"url": "http://a.test"}),
                "/a b",
                "",
                Err(ErrorCode::InvalidCharacter),
            ),
            (json!({}), "/x", "", Err(ErrorCode::MissingUrl)),
            (
                json!({"url": "not a url"}),
                "",
                "",
                Err(ErrorCode::InvalidUrl),
            ),
            (
                json!({"url": "ftp://a.test"}),
                "",
                "",
                Err(ErrorCode::InvalidUrl),
            ),
        ] {
            assert_eq!(
                url("HTTP", config.clone(), path, query),
                expected.map(str::to_owned),
                "{config} {path}"
            );
        }
        assert_eq!(
            url("MOCK_API", json!({}), "/x", ""),
            Ok("https://mock.hookdeck.com/x".into())
        );
        for (config, expected) in [
            (json!({}), "http://localhost/x?q=1"),
            (json!({"path": "/"}), "http://localhost/x?q=1"),
            (json!({"path": "/in"}), "http://localhost/in/x?q=1"),
            (json!({"path": "in?k=v"}), "http://localhost/in/x?k=v"),
            (
                json!({"path": "//evil.test/in"}),
                "http://localhost/evil.test/in/x?q=1",
            ),
            (
                json!({"path": "/in", "path_forwarding_disabled": true}),
                "http://localhost/in?q=1",
            ),
        ] {
            assert_eq!(
                url("CLI", config.clone(), "/x", "q=1"),
                Ok(expected.to_owned()),
                "{config}"
            );
        }
    }
}
