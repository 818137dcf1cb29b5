//! How the gateway identifies itself to a destination.

mod aws;
mod google;
mod grant;
mod tokens;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use tokio::time::Instant;

use super::outgoing::OutgoingRequest;
use super::target::DeliveryTarget;
use crate::crypto::hmac_sha256;
use crate::wire::{DestinationAuthType, ErrorCode};
use grant::Grant;
pub(crate) use tokens::{TokenCache, UsedToken};

/// base64 of HMAC-SHA256 over the raw body.
pub(super) fn sign(secret: &str, body: &[u8]) -> String {
    STANDARD.encode(hmac_sha256(secret.as_bytes(), body))
}

/// Adds to a delivery what the destination's authentication asks for, and answers the token that was used, if
/// one was. A destination whose method this gateway does not speak makes the attempt fail: delivering without
/// the credentials would only look like a success.
///
/// # Errors
/// The error code of the attempt.
pub(crate) async fn authenticate(
    tokens: &TokenCache,
    destination_id: &str,
    target: &DeliveryTarget,
    outgoing: &mut OutgoingRequest,
    deadline: Instant,
) -> Result<Option<UsedToken>, ErrorCode> {
    if let Some(grant) = Grant::of(target, outgoing.url.url()) {
        let grant = grant.map_err(|reason| {
            tracing::warn!("no token for destination {destination_id}: {reason}");
            ErrorCode::Oauth2HandshakeFailed
        })?;
        let (token, used) = tokens
            .get(destination_id, grant, deadline)
            .await
            // The reason is told where the token was fetched, once for all who waited.
            .map_err(|_| ErrorCode::Oauth2HandshakeFailed)?;
        let value = secret(&format!("Bearer {}", token.value))
            .map_err(|_| ErrorCode::Oauth2HandshakeFailed)?;
        outgoing.credentials.insert(AUTHORIZATION, value);
        return Ok(Some(used));
    }
    let now = tokens.now();
    let member = |name| target.auth(name).unwrap_or_default();
    let headers = &mut outgoing.credentials;
    match target.auth_type() {
        // The project's signature goes with every delivery; this method adds nothing to it.
        Some(DestinationAuthType::HookdeckSignature) => {}
        Some(DestinationAuthType::CustomSignature) => {
            let signature = sign(member("signing_secret"), &outgoing.body);
            headers.insert(name(member("key"))?, secret(&signature)?);
        }
        Some(DestinationAuthType::BasicAuth) => {
            let pair = STANDARD.encode(format!("{}:{}", member("username"), member("password")));
            headers.insert(AUTHORIZATION, secret(&format!("Basic {pair}"))?);
        }
        Some(DestinationAuthType::BearerToken) => {
            let value = secret(&format!("Bearer {}", member("token")))?;
            headers.insert(AUTHORIZATION, value);
        }
        Some(DestinationAuthType::ApiKey) if target.auth("to") == Some("query") => {
            outgoing.url.append(member("key"), member("api_key"))?;
        }
        Some(DestinationAuthType::ApiKey) => {
            headers.insert(name(member("key"))?, secret(member("api_key"))?);
        }
        Some(DestinationAuthType::AwsSignature) => {
            let key = aws::AwsKey {
                access_key_id: member("access_key_id"),
                secret_access_key: member("secret_access_key"),
                region: member("region"),
                service: member("service"),
            };
            let request = aws::UnsignedRequest {
                method: outgoing.method.as_str(),
                url: outgoing.url.url(),
                headers: &outgoing.headers,
                body: &outgoing.body,
            };
            let signed = key.sign(&request, now)?;
            // What the producer may have sent here belongs to a signature of its own.
            outgoing.headers.remove("x-amz-security-token");
            headers.extend(signed);
        }
        // Those that go by a grant are dealt with above. Whatever comes later is not known.
        Some(
            DestinationAuthType::Oauth2ClientCredentials
            | DestinationAuthType::Oauth2AuthorizationCode
            | DestinationAuthType::GcpServiceAccount,
        )
        | None => return Err(ErrorCode::InternalError),
    }
    Ok(None)
}

fn name(name: &str) -> Result<HeaderName, ErrorCode> {
    HeaderName::try_from(name).map_err(|_| ErrorCode::InvalidCharacter)
}

/// A header value that nothing shows.
fn secret(value: &str) -> Result<HeaderValue, ErrorCode> {
    let mut value = HeaderValue::try_from(value).map_err(|_| ErrorCode::InvalidCharacter)?;
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
