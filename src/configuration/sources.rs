//! Sources, built by what they verify.

use super::checks::{self, ensure, within};
use super::source_auth;
use crate::call::Write;
use crate::models::{
    CustomResponse, CustomResponseType, HmacAlgorithm, HmacEncoding, HttpMethod, SourceAuth,
    SourceAuthType, SourceConfig, SourceInput, SourceType, SourceUpdate,
};
use crate::types::{Json, Patch, Secret};

/// The longest body of a custom response, in characters.
const CUSTOM_BODY: usize = 1000;

impl SourceInput {
    /// A source of type `WEBHOOK`, the default: any producer. It verifies nothing until it is told
    /// how:
    ///
    /// ```
    /// use hookdeck::models::{HmacAlgorithm, HmacEncoding, SourceInput};
    ///
    /// let source = SourceInput::webhook("shop").hmac(
    ///     "secret",
    ///     "x-shop-signature",
    ///     HmacAlgorithm::Sha256,
    ///     HmacEncoding::Hex,
    /// );
    /// ```
    #[must_use]
    pub fn webhook(name: impl Into<String>) -> Self {
        Self::new(name).kind(SourceType::Webhook)
    }

    /// A source of type `HTTP`: any producer, verified by HMAC, basic authentication, an API key or
    /// not at all.
    ///
    /// ```
    /// use hookdeck::models::{HttpMethod, SourceInput};
    ///
    /// let source = SourceInput::http("metrics")
    ///     .basic_auth("collector", "secret")
    ///     .methods([HttpMethod::Post, HttpMethod::Put]);
    /// ```
    #[must_use]
    pub fn http(name: impl Into<String>) -> Self {
        Self::new(name).kind(SourceType::Http)
    }

    /// A source of any provider. Most are verified by a [`secret`](SourceInput::secret); for others,
    /// [`auth`](SourceInput::auth) takes what the provider uses.
    ///
    /// ```
    /// use hookdeck::models::{SourceAuth, SourceInput, SourceType};
    ///
    /// let source = SourceInput::provider(SourceType::Razorpay, "payments").secret("secret");
    /// let source = SourceInput::provider(SourceType::Discord, "bot")
    ///     .auth(SourceAuth::new().public_key("3b6a27bc"));
    /// ```
    #[must_use]
    pub fn provider(kind: SourceType, name: impl Into<String>) -> Self {
        Self::new(name).kind(kind)
    }

    /// A source of GitLab's webhooks, verified by their secret token.
    ///
    /// ```
    /// use hookdeck::models::{SourceAuthType, SourceInput};
    ///
    /// let source = SourceInput::gitlab("code", "token");
    /// let config = source.config.expect("it is set");
    /// assert_eq!(config.auth_type.value(), Some(&SourceAuthType::Gitlab));
    /// ```
    #[must_use]
    pub fn gitlab(name: impl Into<String>, token: impl Into<Secret>) -> Self {
        let config = SourceConfig::new()
            .auth_type(SourceAuthType::Gitlab)
            .auth(SourceAuth::new().api_key(token));
        Self::provider(SourceType::Gitlab, name).config(config)
    }

    /// A source of events of a Model Context Protocol server, verified by the secret of the subscription
    /// (`whsec_` and base64). The challenge of a subscription is answered at the source's URL as soon as the
    /// source is there. Repeats are not dropped by themselves; a [`Rule::deduplicate`] on
    /// `headers.webhook-id` drops them.
    ///
    /// Live since 6 October 2026; the published document does not list the type.
    ///
    /// ```
    /// use hookdeck::models::{SourceInput, SourceType};
    ///
    /// let source = SourceInput::mcp_events("agents", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    /// assert_eq!(source.kind, Some(SourceType::McpEvents));
    /// ```
    ///
    /// [`Rule::deduplicate`]: crate::models::Rule::deduplicate
    #[must_use]
    pub fn mcp_events(name: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self::provider(SourceType::McpEvents, name).secret(secret)
    }

    pub(crate) fn find_problem(&self) -> Result<(), String> {
        checks::name(&self.name)?;
        checks::description(self.description.value())?;
        // Left out, the API takes it for its default.
        let kind = self.kind.as_ref().unwrap_or(&SourceType::Webhook);
        match &self.config {
            Some(config) => within("config", config.find_problem(Some(kind))),
            None => Ok(()),
        }
    }
}

impl SourceUpdate {
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

impl From<&str> for SourceInput {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<&String> for SourceInput {
    fn from(name: &String) -> Self {
        Self::new(name)
    }
}

impl From<String> for SourceInput {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

macro_rules! secret_providers {
    ($($method:ident = $kind:ident, $provider:literal;)*) => {
        /// Providers that are verified by a secret. Others: [`SourceInput::provider`].
        impl SourceInput {
            $(
                #[doc = concat!("A source of ", $provider, "'s webhooks, verified by their secret.")]
                ///
                /// ```
                /// use hookdeck::models::SourceInput;
                ///
                #[doc = concat!("let source = SourceInput::", stringify!($method), "(\"inbox\", \"secret\");")]
                #[doc = concat!("assert_eq!(source.kind, Some(hookdeck::models::SourceType::", stringify!($kind), "));")]
                /// ```
                #[must_use]
                pub fn $method(name: impl Into<String>, secret: impl Into<Secret>) -> Self {
                    Self::provider(SourceType::$kind, name).secret(secret)
                }
            )*
        }

        #[cfg(test)]
        pub(super) const NAMED: &[SourceType] = &[$(SourceType::$kind),*];
    };
}

secret_providers! {
    adyen = Adyen, "Adyen";
    airtable = Airtable, "Airtable";
    asana = Asana, "Asana";
    bigcommerce = Bigcommerce, "BigCommerce";
    claude = Claude, "Claude";
    coinbase = Coinbase, "Coinbase";
    docusign = Docusign, "DocuSign";
    facebook = Facebook, "Facebook";
    github = Github, "GitHub";
    gocardless = Gocardless, "GoCardless";
    hubspot = Hubspot, "HubSpot";
    intercom = Intercom, "Intercom";
    linear = Linear, "Linear";
    mailchimp = Mailchimp, "Mailchimp";
    mailgun = Mailgun, "Mailgun";
    okta = Okta, "Okta";
    openai = Openai, "OpenAI";
    paddle = Paddle, "Paddle";
    paystack = Paystack, "Paystack";
    razorpay = Razorpay, "Razorpay";
    resend = Resend, "Resend";
    sendgrid = Sendgrid, "SendGrid";
    shopify = Shopify, "Shopify";
    slack = Slack, "Slack";
    square = Square, "Square";
    stripe = Stripe, "Stripe";
    svix = Svix, "Svix";
    trello = Trello, "Trello";
    twilio = Twilio, "Twilio";
    twitch = Twitch, "Twitch";
    typeform = Typeform, "Typeform";
    vercel = Vercel, "Vercel";
    whatsapp = Whatsapp, "WhatsApp";
    woocommerce = Woocommerce, "WooCommerce";
    workos = Workos, "WorkOS";
    xero = Xero, "Xero";
    zendesk = Zendesk, "Zendesk";
    zoom = Zoom, "Zoom";
}

super::on_config! { SourceInput, SourceConfig;
    /// Verifies an HMAC signature of the body: the secret it is made with, the header it comes in,
    /// its hash function and text form. For types `WEBHOOK` and `HTTP`.
    fn hmac(
        secret: impl Into<Secret>,
        header: impl Into<String>,
        algorithm: HmacAlgorithm,
        encoding: HmacEncoding,
    ) |config| {
        let auth = SourceAuth::new()
            .webhook_secret_key(secret)
            .header_key(header)
            .algorithm(algorithm)
            .encoding(encoding);
        config.auth = Patch::Value(auth);
        config.auth_type = Patch::Value(SourceAuthType::Hmac);
    }

    /// Asks the producer for a user name and password. For types `WEBHOOK` and `HTTP`.
    fn basic_auth(username: impl Into<String>, password: impl Into<Secret>) |config| {
        let auth = SourceAuth::new().username(username).password(password);
        config.auth = Patch::Value(auth);
        config.auth_type = Patch::Value(SourceAuthType::BasicAuth);
    }

    /// Asks the producer for a key in this header. For types `WEBHOOK` and `HTTP`.
    fn api_key(header: impl Into<String>, key: impl Into<Secret>) |config| {
        let auth = SourceAuth::new().header_key(header).api_key(key);
        config.auth = Patch::Value(auth);
        config.auth_type = Patch::Value(SourceAuthType::ApiKey);
    }

    /// Verifies signatures of the Standard Webhooks scheme, made with this secret (`whsec_` and base64).
    /// For types `WEBHOOK` and `GITLAB`.
    fn standard_webhooks(secret: impl Into<Secret>) |config| {
        config.auth = Patch::Value(SourceAuth::new().webhook_secret_key(secret));
        config.auth_type = Patch::Value(SourceAuthType::StandardWebhooks);
    }

    /// Verifies by the secret agreed with the provider. For types of providers.
    fn secret(secret: impl Into<Secret>) |config| {
        config.auth = Patch::Value(SourceAuth::new().webhook_secret_key(secret));
    }

    /// Accepts only these HTTP methods.
    fn methods(methods: impl IntoIterator<Item = HttpMethod>) |config| {
        config.allowed_http_methods = Some(methods.into_iter().collect());
    }

    /// Answers producers with this in place of the gateway's own reply.
    fn respond_with(response: CustomResponse) |config| {
        config.custom_response = Patch::Value(response);
    }
}

impl SourceInput {
    /// Verifies by these credentials, in the shape the provider uses.
    #[must_use]
    pub fn auth(mut self, auth: impl Into<SourceAuth>) -> Self {
        self.config = Some(self.config.take().unwrap_or_default().auth(auth));
        self
    }
}

impl Write<SourceInput> {
    /// Verifies by these credentials, in the shape the provider uses.
    pub fn auth(mut self, auth: impl Into<SourceAuth>) -> Self {
        let config = &mut self.body_mut().config;
        *config = Some(config.take().unwrap_or_default().auth(auth));
        self
    }
}

impl CustomResponse {
    /// A reply of JSON. The body can have 1000 characters.
    ///
    /// ```
    /// use hookdeck::models::CustomResponse;
    ///
    /// let response = CustomResponse::json(serde_json::json!({"ok": true}));
    /// assert_eq!(response.body, r#"{"ok":true}"#);
    /// ```
    #[must_use]
    pub fn json(body: impl Into<Json>) -> Self {
        Self::new(body.into().as_str(), CustomResponseType::Json)
    }

    /// A reply of plain text, with 1000 characters at most.
    #[must_use]
    pub fn text(body: impl Into<String>) -> Self {
        Self::new(body, CustomResponseType::Text)
    }

    /// A reply of XML, with 1000 characters at most.
    #[must_use]
    pub fn xml(body: impl Into<String>) -> Self {
        Self::new(body, CustomResponseType::Xml)
    }
}

impl SourceConfig {
    /// `kind` is `None` where the type is not known, as in an update that leaves it as it is.
    fn find_problem(&self, kind: Option<&SourceType>) -> Result<(), String> {
        if let Some(response) = self.custom_response.value() {
            let problem = format!("custom_response.body is longer than {CUSTOM_BODY} characters");
            ensure(response.body.chars().count() <= CUSTOM_BODY, problem)?;
        }
        if let Some(auth_type) = self.auth_type.value() {
            let problem = format!(
                "auth_type is {auth_type} without auth, and the API never sends credentials back \
                 to be sent again"
            );
            ensure(self.auth.value().is_some(), problem)?;
        }
        source_auth::find_problem(kind, self.auth_type.value(), self.auth.value())
    }
}
