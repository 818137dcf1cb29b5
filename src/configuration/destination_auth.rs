//! Which credentials go with which way of authenticating to a destination.

use super::checks::{credentials, ensure};
use crate::models::{DestinationAuth, DestinationAuthType};

type CredentialNames = (&'static [&'static str], &'static [&'static str]);

/// What is required and what is optional. `None` for a way this version does not know.
fn shape(auth_type: &DestinationAuthType) -> Option<CredentialNames> {
    Some(match auth_type {
        DestinationAuthType::HookdeckSignature => (&[], &[]),
        DestinationAuthType::CustomSignature => (&["key", "signing_secret"], &[]),
        DestinationAuthType::BasicAuth => (&["username", "password"], &[]),
        DestinationAuthType::ApiKey => (&["key", "api_key"], &["to"]),
        DestinationAuthType::BearerToken => (&["token"], &[]),
        DestinationAuthType::Oauth2ClientCredentials => (
            &["auth_server", "client_id", "client_secret"],
            &["scope", "authentication_type"],
        ),
        DestinationAuthType::Oauth2AuthorizationCode => (
            &["auth_server", "client_id", "client_secret", "refresh_token"],
            &["scope"],
        ),
        DestinationAuthType::AwsSignature => (
            &["access_key_id", "secret_access_key", "region", "service"],
            &[],
        ),
        DestinationAuthType::GcpServiceAccount => (&["service_account_key"], &["scope"]),
        _ => return None,
    })
}

pub(super) fn find_problem(
    auth_type: Option<&DestinationAuthType>,
    auth: Option<&DestinationAuth>,
) -> Result<(), String> {
    match (auth_type, auth) {
        (Some(auth_type), None) => Err(format!(
            "auth_type is {auth_type} without auth, and the API wants both"
        )),
        (Some(auth_type), Some(auth)) => match shape(auth_type) {
            Some((required, optional)) => credentials(auth, auth_type.as_str(), required, optional),
            None => Ok(()),
        },
        (None, Some(auth)) => ensure(
            *auth == DestinationAuth::new(),
            "auth is set without auth_type: `basic_auth`, `bearer_token` and the like set them \
             together",
        ),
        (None, None) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_way_has_its_credentials() {
        for auth_type in DestinationAuthType::KNOWN {
            assert!(shape(auth_type).is_some(), "{auth_type}");
        }
    }
}
