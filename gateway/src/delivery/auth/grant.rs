//! How a token is come by: the OAuth2 grants, and the key of a Google service account.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::HeaderValue;
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::google::ServiceAccount;
use super::secret;
use crate::clock::Micros;
use crate::delivery::target::DeliveryTarget;
use crate::wire::DestinationAuthType;

/// What a destination's config says about getting a token. It has no `Debug`: it holds secrets.
pub(super) enum Grant {
    ClientCredentials {
        client: OauthClient,
        authentication: ClientAuthentication,
    },
    RefreshToken {
        client: OauthClient,
        refresh_token: String,
    },
    ServiceAccount(ServiceAccount),
}

/// An OAuth2 client at its authorization server.
pub(super) struct OauthClient {
    server: Url,
    id: String,
    secret: String,
    scope: Option<String>,
}

/// How a client presents itself at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientAuthentication {
    /// HTTP basic authentication, each half encoded as a form is, which is what RFC 6749 asks for.
    Basic,
    /// `authorization: Bearer` and the secret, with the id in the form. What the live service sends is not
    /// documented; this is our choice.
    Bearer,
    /// Id and secret in the form.
    Form,
}

/// The next step to a token.
pub(super) enum TokenStep {
    /// This form is posted there.
    Ask {
        server: Url,
        authorization: Option<HeaderValue>,
        form: String,
    },
    /// The token needs nobody else.
    Made(IssuedToken),
}

/// A token, fresh from where it comes from.
#[derive(PartialEq, Eq)]
pub(super) struct IssuedToken {
    pub(super) access_token: String,
    /// When it ends; `None` when nobody said.
    pub(super) expires_at: Option<Micros>,
    /// The token that gets the next one, when the server has exchanged it.
    pub(super) refresh_token: Option<String>,
}

/// Why there is no token. Holds nothing secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TokenError(pub(super) String);

impl std::fmt::Display for TokenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn no(reason: &str) -> TokenError {
    TokenError(reason.to_owned())
}

impl Grant {
    /// Reads the grant of a destination; `None` when its authentication needs no token.
    pub(super) fn of(target: &DeliveryTarget, url: &Url) -> Option<Result<Self, TokenError>> {
        match target.auth_type() {
            Some(DestinationAuthType::Oauth2ClientCredentials) => {
                Some(client(target).map(|client| {
                    let authentication = match target.auth("authentication_type") {
                        Some("bearer") => ClientAuthentication::Bearer,
                        Some("x-www-form-urlencoded") => ClientAuthentication::Form,
                        _ => ClientAuthentication::Basic,
                    };
                    Self::ClientCredentials {
                        client,
                        authentication,
                    }
                }))
            }
            Some(DestinationAuthType::Oauth2AuthorizationCode) => {
                Some(client(target).map(|client| Self::RefreshToken {
                    client,
                    refresh_token: target.auth("refresh_token").unwrap_or_default().to_owned(),
                }))
            }
            Some(DestinationAuthType::GcpServiceAccount) => {
                let key = target.auth("service_account_key").unwrap_or_default();
                let account = ServiceAccount::read(key, target.auth("scope"), url);
                Some(account.map(Self::ServiceAccount))
            }
            _ => None,
        }
    }

    /// Tells apart what would get different tokens.
    pub(super) fn digest(&self) -> [u8; 32] {
        let parts: Vec<&str> = match self {
            Self::ClientCredentials {
                client,
                authentication,
            } => {
                let authentication = match authentication {
                    ClientAuthentication::Basic => "basic",
                    ClientAuthentication::Bearer => "bearer",
                    ClientAuthentication::Form => "form",
                };
                client.parts(authentication)
            }
            Self::RefreshToken {
                client,
                refresh_token,
            } => client.parts(refresh_token),
            Self::ServiceAccount(account) => account.parts(),
        };
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        digest.finalize().into()
    }

    /// The same grant with the refresh token it would have next.
    pub(super) fn with_refresh_token(self, next: &str) -> Self {
        match self {
            Self::RefreshToken { client, .. } => Self::RefreshToken {
                client,
                refresh_token: next.to_owned(),
            },
            other => other,
        }
    }

    /// The refresh token, if this grant works by one.
    pub(super) fn refresh_token(&self) -> Option<&str> {
        match self {
            Self::RefreshToken { refresh_token, .. } => Some(refresh_token),
            _ => None,
        }
    }

    /// What to do for a token at `now`.
    pub(super) fn step(&self, now: Micros) -> Result<TokenStep, TokenError> {
        match self {
            Self::ClientCredentials {
                client,
                authentication,
            } => client.ask(*authentication, &[("grant_type", "client_credentials")]),
            // This grant has no authentication type; in the form is where most servers look.
            Self::RefreshToken {
                client,
                refresh_token,
            } => client.ask(
                ClientAuthentication::Form,
                &[
                    ("grant_type", "refresh_token"),
                    ("refresh_token", refresh_token),
                ],
            ),
            Self::ServiceAccount(account) => account.step(now),
        }
    }
}

fn client(target: &DeliveryTarget) -> Result<OauthClient, TokenError> {
    let text = |name| target.auth(name).unwrap_or_default().to_owned();
    Ok(OauthClient {
        server: endpoint(target.auth("auth_server").unwrap_or_default())?,
        id: text("client_id"),
        secret: text("client_secret"),
        scope: target
            .auth("scope")
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned),
    })
}

/// The URL of a token endpoint.
pub(super) fn endpoint(text: &str) -> Result<Url, TokenError> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
        .ok_or_else(|| no("the address of the authorization server is not an http or https URL"))
}

impl OauthClient {
    fn parts<'a>(&'a self, more: &'a str) -> Vec<&'a str> {
        let scope = self.scope.as_deref().unwrap_or_default();
        vec![self.server.as_str(), &self.id, &self.secret, scope, more]
    }

    fn ask(
        &self,
        authentication: ClientAuthentication,
        grant: &[(&str, &str)],
    ) -> Result<TokenStep, TokenError> {
        let mut form = Serializer::new(String::new());
        form.extend_pairs(grant);
        if let Some(scope) = &self.scope {
            form.append_pair("scope", scope);
        }
        if authentication != ClientAuthentication::Basic {
            form.append_pair("client_id", &self.id);
        }
        if authentication == ClientAuthentication::Form {
            form.append_pair("client_secret", &self.secret);
        }
        let authorization = match authentication {
            ClientAuthentication::Basic => {
                let mut pair: String = byte_serialize(self.id.as_bytes()).collect();
                pair.push(':');
                pair.extend(byte_serialize(self.secret.as_bytes()));
                Some(format!("Basic {}", STANDARD.encode(pair)))
            }
            ClientAuthentication::Bearer => Some(format!("Bearer {}", self.secret)),
            ClientAuthentication::Form => None,
        };
        Ok(TokenStep::Ask {
            server: self.server.clone(),
            authorization: authorization
                .as_deref()
                .map(secret)
                .transpose()
                .map_err(|_| no("the client's secret does not fit into a header"))?,
            form: form.finish(),
        })
    }
}

impl IssuedToken {
    /// Reads the answer of a token endpoint, received `now`.
    pub(super) fn read(status: u16, body: &[u8], now: Micros) -> Result<Self, TokenError> {
        let answer: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        if !(200..300).contains(&status) {
            let mut reason = format!("the authorization server answered {status}");
            // One of a few words that the standard lists, not free text.
            if let Some(error) = answer["error"].as_str().filter(|error| is_word(error)) {
                let _ = write!(reason, " ({error})");
            }
            return Err(TokenError(reason));
        }
        let text = |name: &str| answer[name].as_str().filter(|text| !text.is_empty());
        let access_token = text("access_token")
            .ok_or_else(|| no("the authorization server's answer holds no access token"))?;
        let seconds = match &answer["expires_in"] {
            Value::Number(number) => number.as_f64(),
            // Some servers write it as text.
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let lasts =
            seconds.and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok());
        Ok(Self {
            access_token: access_token.to_owned(),
            expires_at: lasts.map(|lasts| now.plus(lasts)),
            refresh_token: text("refresh_token").map(str::to_owned),
        })
    }
}

fn is_word(text: &str) -> bool {
    text.len() <= 40
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn grant(auth_type: &str, auth: Value) -> Result<Grant, TokenError> {
        let target = DeliveryTarget::new("HTTP", json!({"auth_type": auth_type, "auth": auth}));
        let url = Url::parse("https://run.test/hook").unwrap();
        Grant::of(&target, &url).unwrap()
    }

    fn oauth(authentication_type: &str) -> Value {
        json!({
            "auth_server": "https://id.test/token",
            "client_id": "me@x",
            "client_secret": "s:1",
            "scope": "a b",
            "authentication_type": authentication_type,
        })
    }

    fn asked(grant: &Grant) -> (Option<String>, String) {
        match grant.step(Micros::from_i64(0)) {
            Ok(TokenStep::Ask {
                server,
                authorization,
                form,
            }) => {
                assert_eq!(server.as_str(), "https://id.test/token");
                let header =
                    authorization.map(|value| String::from_utf8(value.as_bytes().into()).unwrap());
                (header, form)
            }
            _ => panic!("nothing is asked"),
        }
    }

    #[test]
    fn a_client_presents_itself_in_three_ways() {
        let kind = "OAUTH2_CLIENT_CREDENTIALS";
        let ask = |authentication| asked(&grant(kind, oauth(authentication)).ok().unwrap());
        // base64 of me%40x:s%3A1
        assert_eq!(
            ask("basic"),
            (
                Some("Basic bWUlNDB4OnMlM0Ex".into()),
                "grant_type=client_credentials&scope=a+b".into()
            )
        );
        assert_eq!(
            ask("bearer"),
            (
                Some("Bearer s:1".into()),
                "grant_type=client_credentials&scope=a+b&client_id=me%40x".into()
            )
        );
        assert_eq!(
            ask("x-www-form-urlencoded"),
            (
                None,
                "grant_type=client_credentials&scope=a+b&client_id=me%40x&client_secret=s%3A1"
                    .into()
            )
        );
    }

    #[test]
    fn a_refresh_token_is_exchanged_and_replaced() {
        let mut auth = oauth("basic");
        auth["refresh_token"] = json!("r1");
        let first = grant("OAUTH2_AUTHORIZATION_CODE", auth).ok().unwrap();
        let digest = first.digest();
        let form = asked(&first).1;
        assert_eq!(
            form,
            "grant_type=refresh_token&refresh_token=r1&scope=a+b&client_id=me%40x&client_secret=s%3A1"
        );
        let next = first.with_refresh_token("r2");
        assert_eq!(next.refresh_token(), Some("r2"));
        assert_ne!(next.digest(), digest);
    }

    #[test]
    fn an_address_that_is_none_is_said_before_anything_is_sent() {
        for server in ["", "id.test/token", "ftp://id.test/"] {
            let mut auth = oauth("basic");
            auth["auth_server"] = json!(server);
            let refused = grant("OAUTH2_CLIENT_CREDENTIALS", auth).err().unwrap();
            assert!(refused.0.contains("http or https"), "{server}: {refused}");
        }
    }

    #[test]
    fn answers_of_a_token_endpoint() {
        let now = Micros::from_i64(1_000_000);
        let read =
            |status, body: Value| IssuedToken::read(status, body.to_string().as_bytes(), now);
        let lasts = |body: Value| read(200, body).ok().unwrap().expires_at.map(Micros::as_i64);
        assert_eq!(
            lasts(json!({"access_token": "t", "expires_in": 60})),
            Some(61_000_000)
        );
        assert_eq!(
            lasts(json!({"access_token": "t", "expires_in": "60"})),
            Some(61_000_000)
        );
        assert_eq!(lasts(json!({"access_token": "t"})), None);
        assert_eq!(lasts(json!({"access_token": "t", "expires_in": -1})), None);
        for (status, body, reason) in [
            (
                200,
                json!({"token": "secret"}),
                "the authorization server's answer holds no access token",
            ),
            (
                400,
                json!({"error": "invalid_grant"}),
                "the authorization server answered 400 (invalid_grant)",
            ),
            (
                400,
                json!({"error": "Secret: s:1"}),
                "the authorization server answered 400",
            ),
            (302, json!({}), "the authorization server answered 302"),
        ] {
            assert_eq!(read(status, body).err().unwrap().0, reason);
        }
        assert!(IssuedToken::read(200, b"<html>", now).is_err());
    }
}
