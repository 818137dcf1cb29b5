//! Destinations, built by where they deliver to and how they authenticate there.

use super::checks::{self, ensure, is_request_field, within};
use super::destination_auth;
use crate::call::Write;
use crate::models::{
    ApiKeyPlace, DeliveryGroups, DeliveryPeriod, DeliveryPolicy, DestinationAuth,
    DestinationAuthType, DestinationConfig, DestinationInput, DestinationType, DestinationUpdate,
    HttpMethod, OauthAuthentication,
};
use crate::types::{Patch, Secret};

/// Rates of a delivery group.
const GROUP_RATES: std::ops::RangeInclusive<u32> = 1..=100_000;
/// The longest key of delivery groups, in characters.
const GROUP_KEY: usize = 256;
/// Waits for a destination's answer, in seconds.
const TIMEOUTS: std::ops::RangeInclusive<u32> = 1..=900;

impl DestinationInput {
    /// A server reached at a URL, authenticated to by the gateway's own signature unless told
    /// otherwise.
    ///
    /// ```
    /// use hookdeck::models::{DeliveryPeriod, DestinationInput};
    ///
    /// let destination = DestinationInput::http("backend", "https://example.com/hooks")
    ///     .bearer_token("token")
    ///     .rate(10, DeliveryPeriod::Second);
    /// ```
    #[must_use]
    pub fn http(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self::new(name)
            .kind(DestinationType::Http)
            .config(DestinationConfig::new().url(url))
    }

    /// A command-line client that forwards to this path on a developer's local server. It takes no
    /// rate.
    ///
    /// ```
    /// use hookdeck::models::DestinationInput;
    ///
    /// let destination = DestinationInput::cli("laptop", "/webhooks");
    /// ```
    #[must_use]
    pub fn cli(name: impl Into<String>, path: impl Into<String>) -> Self {
        Self::new(name)
            .kind(DestinationType::Cli)
            .config(DestinationConfig::new().path(path))
    }

    /// A stand-in that answers 200 to everything.
    ///
    /// ```
    /// use hookdeck::models::DestinationInput;
    ///
    /// let destination = DestinationInput::mock_api("sandbox");
    /// ```
    #[must_use]
    pub fn mock_api(name: impl Into<String>) -> Self {
        Self::new(name).kind(DestinationType::MockApi)
    }

    pub(crate) fn find_problem(&self) -> Result<(), String> {
        checks::name(&self.name)?;
        checks::description(self.description.value())?;
        // Left out, the API takes it for its default.
        let kind = self.kind.as_ref().unwrap_or(&DestinationType::Http);
        match &self.config {
            Some(config) => within("config", config.find_problem(Some(kind))),
            None => Ok(()),
        }
    }
}

impl DestinationUpdate {
    pub(crate) fn find_problem(&self) -> Result<(), String> {
        if let Some(name) = &self.name {
            checks::name(name)?;
        }
        checks::description(self.description.value())?;
        match &self.config {
            Some(config) => within("config", config.find_problem(self.kind.as_ref())),
            None => Ok(()),
        }
    }
}

impl From<&str> for DestinationInput {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<&String> for DestinationInput {
    fn from(name: &String) -> Self {
        Self::new(name)
    }
}

impl From<String> for DestinationInput {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

super::on_config! { DestinationInput, DestinationConfig;
    /// Signs deliveries with the project's secret in the gateway's own header, as is the default.
    fn hookdeck_signature() |config| {
        set(config, DestinationAuthType::HookdeckSignature, DestinationAuth::new());
    }

    /// Signs deliveries as the gateway does, with a secret of yours and in this header.
    fn custom_signature(header: impl Into<String>, secret: impl Into<Secret>) |config| {
        let auth = DestinationAuth::new().key(header).signing_secret(secret);
        set(config, DestinationAuthType::CustomSignature, auth);
    }

    /// Presents a user name and password.
    fn basic_auth(username: impl Into<String>, password: impl Into<Secret>) |config| {
        let auth = DestinationAuth::new().username(username).password(password);
        set(config, DestinationAuthType::BasicAuth, auth);
    }

    /// Presents a key in the header or query parameter of this name.
    fn api_key(place: ApiKeyPlace, name: impl Into<String>, key: impl Into<Secret>) |config| {
        let auth = DestinationAuth::new().to(place).key(name).api_key(key);
        set(config, DestinationAuthType::ApiKey, auth);
    }

    /// Presents a token, given without the word `Bearer`.
    fn bearer_token(token: impl Into<Secret>) |config| {
        set(config, DestinationAuthType::BearerToken, DestinationAuth::new().token(token));
    }

    /// Presents a token that the gateway obtains at this token endpoint for a client of its own.
    fn oauth2_client_credentials(
        auth_server: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
    ) |config| {
        let auth = DestinationAuth::new()
            .auth_server(auth_server)
            .client_id(client_id)
            .client_secret(client_secret);
        set(config, DestinationAuthType::Oauth2ClientCredentials, auth);
    }

    /// Presents a token that the gateway obtains at this token endpoint by a refresh token.
    fn oauth2_authorization_code(
        auth_server: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
        refresh_token: impl Into<Secret>,
    ) |config| {
        let auth = DestinationAuth::new()
            .auth_server(auth_server)
            .client_id(client_id)
            .client_secret(client_secret)
            .refresh_token(refresh_token);
        set(config, DestinationAuthType::Oauth2AuthorizationCode, auth);
    }

    /// Signs deliveries for an AWS service in a region, such as `lambda` in `us-east-1`.
    fn aws_signature(
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<Secret>,
        region: impl Into<String>,
        service: impl Into<String>,
    ) |config| {
        let auth = DestinationAuth::new()
            .access_key_id(access_key_id)
            .secret_access_key(secret_access_key)
            .region(region)
            .service(service);
        set(config, DestinationAuthType::AwsSignature, auth);
    }

    /// Presents a token of a Google Cloud service account, by its key file as a JSON string.
    fn gcp_service_account(key: impl Into<Secret>) |config| {
        let auth = DestinationAuth::new().service_account_key(key);
        set(config, DestinationAuthType::GcpServiceAccount, auth);
    }

    /// Asks for these scopes, as one string. For OAuth and service accounts, after the credentials.
    fn scope(scope: impl Into<String>) |config| {
        let auth = std::mem::take(&mut config.auth).into_value().unwrap_or_default();
        config.auth = Patch::Value(auth.scope(scope));
    }

    /// How the client presents itself at the token endpoint. For client credentials, after them.
    fn oauth_authentication(authentication: OauthAuthentication) |config| {
        let auth = std::mem::take(&mut config.auth).into_value().unwrap_or_default();
        config.auth = Patch::Value(auth.authentication_type(authentication));
    }

    /// Delivers at most so many events per period, or has at most so many requests open at a time if
    /// the period is [`Concurrent`](DeliveryPeriod::Concurrent). Not for type `CLI`.
    fn rate(rate: u32, period: DeliveryPeriod) |config| {
        let policy = std::mem::take(&mut config.delivery_policy).into_value().unwrap_or_default();
        config.delivery_policy = Patch::Value(policy.rate(rate).period(period));
    }

    /// Paces events separately by a value taken from the request. Not for type `CLI`.
    ///
    /// ```
    /// use hookdeck::models::{DeliveryGroupPeriod, DeliveryGroups, DestinationInput};
    ///
    /// let by_tenant = DeliveryGroups::new("body.tenant_id", 5, DeliveryGroupPeriod::Second);
    /// let destination = DestinationInput::http("backend", "https://example.com").groups(by_tenant);
    /// ```
    fn groups(groups: DeliveryGroups) |config| {
        let policy = std::mem::take(&mut config.delivery_policy).into_value().unwrap_or_default();
        config.delivery_policy = Patch::Value(policy.groups(groups));
    }
}

fn set(config: &mut DestinationConfig, auth_type: DestinationAuthType, auth: DestinationAuth) {
    config.auth_type = Patch::Value(auth_type);
    config.auth = Patch::Value(auth);
}

impl DestinationConfig {
    /// `kind` is `None` where the type is not known, as in an update that leaves it as it is.
    fn find_problem(&self, kind: Option<&DestinationType>) -> Result<(), String> {
        if let Some(kind) = kind {
            self.fits(kind)?;
        }
        destination_auth::find_problem(self.auth_type.value(), self.auth.value())?;
        if let Some(&seconds) = self.delivery_timeout.value() {
            let problem =
                format!("delivery_timeout is {seconds}, and the API takes 1 to 900 seconds");
            ensure(TIMEOUTS.contains(&seconds), problem)?;
        }
        if let Some(method @ (HttpMethod::Head | HttpMethod::Query)) = self.http_method.value() {
            return Err(format!(
                "http_method is {method}, and destinations take none"
            ));
        }
        match self.delivery_policy.value() {
            Some(policy) => within("delivery_policy", policy.find_problem()),
            None => Ok(()),
        }
    }

    fn fits(&self, kind: &DestinationType) -> Result<(), String> {
        let refuse = |set: bool, what: &str| {
            let problem = format!("{what} is set, and destinations of type {kind} take none");
            ensure(!set, problem)
        };
        match kind {
            DestinationType::Http => {
                ensure(
                    self.url.as_deref().is_some_and(|url| !url.is_empty()),
                    "url is missing, and destinations of type HTTP need one",
                )?;
                refuse(self.path.is_some(), "path")
            }
            DestinationType::Cli => {
                refuse(self.url.is_some(), "url")?;
                refuse(!self.delivery_policy.is_absent(), "delivery_policy")
            }
            DestinationType::MockApi => {
                refuse(self.url.is_some(), "url")?;
                refuse(self.path.is_some(), "path")
            }
            _ => Ok(()),
        }
    }
}

impl DeliveryPolicy {
    fn find_problem(&self) -> Result<(), String> {
        ensure(self.rate.value() != Some(&0), "rate is 0; the least is 1")?;
        let Some(groups) = self.groups.value() else {
            return Ok(());
        };
        let key = &groups.key;
        let problem = format!(
            "groups.key is {key:?}, which is no path in `headers`, `body`, `query` or `path` of \
             {GROUP_KEY} characters at most"
        );
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let whole = !key.ends_with('.') && !key.contains("..");
        let known = is_request_field(key) && key.len() <= GROUP_KEY;
        ensure(known && whole && key.chars().all(plain), problem)?;
        let overrides = groups.overrides.value();
        let overridden = overrides.into_iter().flat_map(|rates| rates.values());
        for rate in overridden.map(|group| group.rate).chain([groups.rate]) {
            let problem = format!("groups.rate is {rate}, and the API takes 1 to 100000");
            ensure(GROUP_RATES.contains(&rate), problem)?;
        }
        Ok(())
    }
}
