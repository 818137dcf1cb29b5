//! How the gateway identifies itself to a destination.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;
use url::Url;

use super::target::Target;

/// What authentication adds. A destination whose method this gateway does not speak makes the
/// attempt fail: delivering without the credentials would only look like a success.
pub(super) struct Credentials {
    /// Headers that are secrets of this destination's host and must not follow a redirect elsewhere.
    pub(super) headers: HeaderMap,
}

/// base64 of HMAC-SHA256 over the raw body.
pub(super) fn sign(secret: &str, body: &[u8]) -> String {
    #[allow(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Works out the credentials; an API key that belongs in the query is added to `url`.
///
/// # Errors
/// The error code of the attempt.
pub(super) fn credentials(
    target: &Target,
    url: &mut Url,
    body: &[u8],
) -> Result<Credentials, &'static str> {
    let mut headers = HeaderMap::new();
    let member = |name| target.auth(name).unwrap_or_default();
    match target.auth_type() {
        // The project's signature goes with every delivery; this method adds nothing to it.
        "HOOKDECK_SIGNATURE" => {}
        "CUSTOM_SIGNATURE" => {
            let signature = sign(member("signing_secret"), body);
            headers.insert(name(member("key"))?, secret(&signature)?);
        }
        "BASIC_AUTH" => {
            let pair = STANDARD.encode(format!("{}:{}", member("username"), member("password")));
            headers.insert(AUTHORIZATION, secret(&format!("Basic {pair}"))?);
        }
        "BEARER_TOKEN" => {
            headers.insert(
                AUTHORIZATION,
                secret(&format!("Bearer {}", member("token")))?,
            );
        }
        "API_KEY" if target.auth("to") == Some("query") => {
            url.query_pairs_mut()
                .append_pair(member("key"), member("api_key"));
        }
        "API_KEY" => {
            headers.insert(name(member("key"))?, secret(member("api_key"))?);
        }
        "OAUTH2_CLIENT_CREDENTIALS" | "OAUTH2_AUTHORIZATION_CODE" => {
            return Err("OAUTH2_HANDSHAKE_FAILED");
        }
        // AWS_SIGNATURE, GCP_SERVICE_ACCOUNT and whatever comes later.
        _ => return Err("INTERNAL_ERROR"),
    }
    Ok(Credentials { headers })
}

fn name(name: &str) -> Result<HeaderName, &'static str> {
    HeaderName::try_from(name).map_err(|_| "INVALID_CHARACTER")
}

fn secret(value: &str) -> Result<HeaderValue, &'static str> {
    let mut value = HeaderValue::try_from(value).map_err(|_| "INVALID_CHARACTER")?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_rfc_4231_case_two() {
        // The RFC gives 5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843 in hex.
        assert_eq!(
            sign("Jefe", b"what do ya want for nothing?"),
            "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="
        );
    }
}
