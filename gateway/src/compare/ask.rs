//! One call after the other, at the pace that the server allows.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value, json};

use super::template::{fill, text_of};
use crate::delivery::tls;
use crate::parity::ProbeStep;

const NEWEST: &str = "2026-09-01";
/// The longest that one call may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Calls that are left to others of the project.
const LEFT: u64 = 5;
/// The longest wait for a quota that is believed.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// Why something could not be asked.
#[derive(Debug)]
pub(super) struct NotAsked(pub(super) String);

pub(super) struct Asker {
    pub(super) upstream: String,
    pub(super) client: reqwest::Client,
    key: HeaderValue,
    /// Ids of what was created, oldest first.
    pub(super) created: Vec<String>,
}

impl Asker {
    pub(super) fn new(upstream: &str, key: &str) -> Result<Self, String> {
        let mut key = HeaderValue::try_from(format!("Bearer {key}"))
            .map_err(|_| "the key cannot stand in a header".to_owned())?;
        key.set_sensitive(true);
        let client = http_client()?;
        Ok(Self {
            upstream: upstream.to_owned(),
            client,
            key,
            created: Vec::new(),
        })
    }

    /// Makes a call and answers `{status, headers, body}`. The body is text where it is no JSON.
    pub(super) async fn call(
        &mut self,
        step: &ProbeStep,
        scope: &Value,
    ) -> Result<Value, NotAsked> {
        let call = text_of(&step.call, scope).map_err(NotAsked)?;
        let (method, target) = call
            .split_once(' ')
            .ok_or_else(|| NotAsked(format!("{call:?} is no method and path")))?;
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| NotAsked(format!("{method:?} is no method")))?;
        let is_path = target.starts_with('/');
        let url = match step.version.as_deref().unwrap_or(NEWEST) {
            _ if !is_path => target.to_owned(),
            "" => format!("{}{target}", self.upstream),
            version => format!("{}/{version}{target}", self.upstream),
        };
        let mut headers = HeaderMap::new();
        if (is_path && !step.anonymous) || step.key {
            headers.insert(header::AUTHORIZATION, self.key.clone());
        }
        let body = match (&step.json, &step.text) {
            (Some(json), _) => {
                let json_type = HeaderValue::from_static("application/json");
                headers.insert(header::CONTENT_TYPE, json_type);
                fill(json, scope).map_err(NotAsked)?.to_string()
            }
            (None, Some(text)) => text_of(text, scope).map_err(NotAsked)?,
            (None, None) => String::new(),
        };
        for (name, value) in &step.headers {
            let value = text_of(value.as_str().unwrap_or_default(), scope).map_err(NotAsked)?;
            let wrong = || NotAsked(format!("{name}: {value:?} is no header"));
            headers.insert(
                HeaderName::try_from(name).map_err(|_| wrong())?,
                HeaderValue::try_from(&value).map_err(|_| wrong())?,
            );
        }
        let answer = self.send(&method, &url, headers, body).await?;
        if is_path && (method == Method::POST || method == Method::PUT) {
            self.note_created(target, &answer["body"]);
        }
        Ok(answer)
    }

    /// Sends a call, again after a wait if the quota is used up.
    pub(super) async fn send(
        &self,
        method: &Method,
        url: &str,
        headers: HeaderMap,
        body: String,
    ) -> Result<Value, NotAsked> {
        loop {
            let request = self
                .client
                .request(method.clone(), url)
                .headers(headers.clone())
                .body(body.clone());
            let failed = |error: reqwest::Error| {
                NotAsked(format!("{method} {}: {}", shown(url), error.without_url()))
            };
            let response = request.send().await.map_err(failed)?;
            let status = response.status();
            let wait = wait_for_quota(status, response.headers());
            let headers: Map<String, Value> = response
                .headers()
                .iter()
                .filter_map(|(name, value)| {
                    Some((name.to_string(), Value::from(value.to_str().ok()?)))
                })
                .collect();
            let bytes = response.bytes().await.map_err(failed)?;
            if let Some(wait) = wait {
                tokio::time::sleep(wait).await;
            }
            if status == StatusCode::TOO_MANY_REQUESTS && wait.is_some() {
                continue;
            }
            let body = serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&bytes)));
            return Ok(json!({ "status": status.as_u16(), "headers": headers, "body": body }));
        }
    }

    /// The headers of a call with the key.
    pub(super) fn with_key(&self) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, self.key.clone())])
    }
}

/// A client that goes where it is told and no further, and trusts the system's roots.
fn http_client() -> Result<reqwest::Client, String> {
    let failed = |error: &dyn std::error::Error| format!("no HTTP client can be made: {error}");
    // Source URLs may be of another scheme than the API's.
    let tls = tls::config(&[]).or_else(|_| tls::nobody());
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .tls_backend_preconfigured(tls.map_err(|error| failed(&error))?)
        .build()
        .map_err(|error| failed(&error))
}

/// A URL without what may be secret in it.
fn shown(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

/// How long to wait before the next call, if the quota is as good as used up.
fn wait_for_quota(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<f64>().ok();
    let short = number("x-ratelimit-remaining").is_some_and(|left| left < LEFT as f64);
    if !short && status != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let wait = Duration::try_from_secs_f64(number("retry-after")?).ok()?;
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(status: u16, pairs: &[(&'static str, &'static str)]) -> Option<Duration> {
        let headers = pairs.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        wait_for_quota(StatusCode::from_u16(status).unwrap(), &headers.collect())
    }

    #[test]
    fn the_last_calls_of_a_window_are_left_to_others() {
        let second = Some(Duration::from_secs(1));
        let left = |left| [("x-ratelimit-remaining", left), ("retry-after", "1.000")];
        assert_eq!(waits(200, &left("200")), None);
        assert_eq!(waits(200, &left("4")), second);
        assert_eq!(waits(429, &left("0")), second);
        assert_eq!(waits(200, &[]), None, "a server without a quota");
        assert_eq!(waits(429, &[]), None, "nobody knows for how long");
        let forever = [("x-ratelimit-remaining", "0"), ("retry-after", "1e300")];
        assert_eq!(waits(429, &forever), None);
    }
}
