//! Sources and destinations.

use super::words;

words! {
    /// The types of sources that are treated differently from all others; there are some hundred more.
    pub enum SourceType {
        Webhook = "WEBHOOK",
        Http = "HTTP",
        Managed = "MANAGED",
        McpEvents = "MCP_EVENTS",
        /// Takes what is published, and nothing else.
        PublishApi = "PUBLISH_API",
        Shopify = "SHOPIFY",
        Stripe = "STRIPE",
    }
}

impl SourceType {
    /// Whether it is no provider's: how its webhooks are verified is chosen by the config.
    pub fn is_generic(self) -> bool {
        matches!(self, Self::Webhook | Self::Http)
    }
}

words! {
    /// Where a destination leads. The live API lists them in this order.
    pub enum DestinationType {
        Http = "HTTP",
        /// A terminal.
        Cli = "CLI",
        /// The vendor's service that accepts everything.
        MockApi = "MOCK_API",
    }
}

words! {
    /// How the gateway proves itself to a destination.
    pub enum DestinationAuthType {
        HookdeckSignature = "HOOKDECK_SIGNATURE",
        CustomSignature = "CUSTOM_SIGNATURE",
        BasicAuth = "BASIC_AUTH",
        BearerToken = "BEARER_TOKEN",
        ApiKey = "API_KEY",
        AwsSignature = "AWS_SIGNATURE",
        Oauth2ClientCredentials = "OAUTH2_CLIENT_CREDENTIALS",
        Oauth2AuthorizationCode = "OAUTH2_AUTHORIZATION_CODE",
        GcpServiceAccount = "GCP_SERVICE_ACCOUNT",
    }
}
