//! The key of a Google Cloud service account.
//!
//! Google's own libraries decide by the scope, and so does this gateway: with one, a signed assertion is
//! exchanged at the key's `token_uri` for an access token; without, the signed assertion is the token
//! itself, made out to the destination's origin.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Map, Value, json};
use url::Url;
use url::form_urlencoded::Serializer;

use super::grant::{IssuedToken, TokenError, TokenStep, endpoint};
use crate::clock::Micros;

const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The longest life Google gives an assertion.
const LIFE: Duration = Duration::from_secs(3_600);

/// The key of a service account and what it is to be used for.
pub(super) struct ServiceAccount {
    key_file: String,
    email: String,
    key_id: Option<String>,
    private_key: String,
    token_uri: Url,
    scope: Option<String>,
    audience: String,
}

impl ServiceAccount {
    /// Reads a key file, for deliveries to `url`.
    pub(super) fn read(key_file: &str, scope: Option<&str>, url: &Url) -> Result<Self, TokenError> {
        let key: Map<String, Value> = serde_json::from_str(key_file)
            .map_err(|_| no("service_account_key is not a JSON object"))?;
        let text = |name: &str| key.get(name).and_then(Value::as_str).map(str::to_owned);
        let needed = |name: &str| {
            text(name).ok_or_else(|| TokenError(format!("service_account_key has no {name}")))
        };
        Ok(Self {
            key_file: key_file.to_owned(),
            email: needed("client_email")?,
            key_id: text("private_key_id"),
            private_key: needed("private_key")?,
            token_uri: endpoint(text("token_uri").as_deref().unwrap_or(TOKEN_URI))?,
            scope: scope.filter(|scope| !scope.is_empty()).map(str::to_owned),
            audience: format!("{}/", url.origin().ascii_serialization()),
        })
    }

    pub(super) fn parts(&self) -> Vec<&str> {
        let scope = self.scope.as_deref().unwrap_or_default();
        vec![&self.key_file, scope, &self.audience]
    }

    pub(super) fn step(&self, now: Micros) -> Result<TokenStep, TokenError> {
        let issued_at = now.unix_seconds();
        let expires_at = now.plus(LIFE);
        let expiry = expires_at.unix_seconds();
        let Some(scope) = &self.scope else {
            let token = self.signed(&json!({
                "iss": self.email, "sub": self.email, "aud": self.audience,
                "iat": issued_at, "exp": expiry,
            }))?;
            return Ok(TokenStep::Made(IssuedToken {
                access_token: token,
                expires_at: Some(expires_at),
                refresh_token: None,
            }));
        };
        let assertion = self.signed(&json!({
            "iss": self.email, "scope": scope, "aud": self.token_uri.as_str(),
            "iat": issued_at, "exp": expiry,
        }))?;
        let form = Serializer::new(String::new())
            .append_pair("grant_type", GRANT_TYPE)
            .append_pair("assertion", &assertion)
            .finish();
        Ok(TokenStep::Ask {
            server: self.token_uri.clone(),
            authorization: None,
            form,
        })
    }

    /// A JSON Web Token over `claims`, signed with the account's key.
    fn signed(&self, claims: &Value) -> Result<String, TokenError> {
        let key = self.key_pair()?;
        let mut header = json!({"alg": "RS256", "typ": "JWT"});
        if let Some(key_id) = &self.key_id {
            header["kid"] = Value::from(key_id.as_str());
        }
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let text = format!("{}.{}", encode(&header), encode(claims));
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            text.as_bytes(),
            &mut signature,
        )
        .map_err(|_| no("the private key of the service account does not sign"))?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn key_pair(&self) -> Result<RsaKeyPair, TokenError> {
        let unusable =
            "the private key of the service account is not an RSA key of 2048 bits or more in PEM";
        let pair = match PrivateKeyDer::from_pem_slice(self.private_key.as_bytes()) {
            Ok(PrivateKeyDer::Pkcs8(key)) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).ok(),
            Ok(PrivateKeyDer::Pkcs1(key)) => RsaKeyPair::from_der(key.secret_pkcs1_der()).ok(),
            _ => None,
        };
        pair.ok_or_else(|| no(unusable))
    }
}

fn no(reason: &str) -> TokenError {
    TokenError(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_none_says_what_is_missing() {
        let url = Url::parse("https://run.test/").unwrap();
        for (key, reason) in [
            ("", "service_account_key is not a JSON object"),
            ("[]", "service_account_key is not a JSON object"),
            ("{}", "service_account_key has no client_email"),
            (
                r#"{"client_email": "a@b"}"#,
                "service_account_key has no private_key",
            ),
        ] {
            let refused = ServiceAccount::read(key, None, &url).err().unwrap();
            assert_eq!(refused.0, reason);
        }
        let key = r#"{"client_email": "a@b", "private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}"#;
        let account = ServiceAccount::read(key, None, &url).ok().unwrap();
        let refused = account.step(Micros::from_i64(0)).err().unwrap();
        assert!(refused.0.contains("not an RSA key"), "{refused}");
    }
}
