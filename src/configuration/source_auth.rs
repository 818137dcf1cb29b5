//! Which credentials sources of a type are verified by.

use super::checks::{credentials, ensure};
use crate::models::{SourceAuth, SourceAuthType, SourceType};

/// Types with their credentials: what is required and what is optional. Types that are in no list
/// are left to the API.
const PROVIDERS: &[(&str, &[&str], &[&str])] = &[
    (SECRET, &["webhook_secret_key"], &[]),
    (NOTHING, &[], &[]),
    (
        "ALIPAY BRIDGE_XYZ DISCORD SHIPSTATION TELNYX TOKENIO UTILA WECHAT",
        &["public_key"],
        &[],
    ),
    (
        "CHARGEBEE_BILLING GREENDOT PIPEDRIVE POSTMARK",
        &["username", "password"],
        &[],
    ),
    ("CIRCLE CLOUDSIGNAL MERAKI TWITTER", &["api_key"], &[]),
    ("FIREBLOCKS VOLUME", &["environment"], &[]),
    ("MANAGED RING_CENTRAL", &["token"], &[]),
    ("NEON", &["neon_auth_url"], &[]),
    (
        "EBAY",
        &[
            "client_id",
            "client_secret",
            "dev_id",
            "environment",
            "verification_token",
        ],
        &[],
    ),
    ("FISERV", &["webhook_secret_key"], &["store_name"]),
    ("FORMSTACK", &["webhook_secret_key"], &["header_key"]),
    ("GOOGLE_PUBSUB", &["audience", "service_account_email"], &[]),
    ("PAYPAL", &["webhook_id"], &[]),
    ("TIKTOK_SHOP", &["webhook_secret_key", "app_key"], &[]),
    (
        "VAPI",
        &["webhook_secret_key"],
        &["algorithm", "encoding", "header_key"],
    ),
    ("VERCEL_LOG_DRAINS", &[], &["webhook_secret_key"]),
];

/// Types that verify by themselves.
const NOTHING: &str = "AWS_SNS BASELINKER ETHOCA HOOKDECK_OUTPOST MICROSOFT_GRAPH \
    MICROSOFT_SHAREPOINT MONDAY PUBLISH_API STRAVA TIKKIE ZIFT";

/// Types that are verified by a secret.
const SECRET: &str = "\
    ADYEN AIPRISE AIRCALL AIRTABLE AIRWALLEX AKENEO ALCHEMY ASANA ASCEND ASHBY ATTENTIVE \
    BIGCOMMERCE BONDSMITH BRIDGE_API BUNNY_STREAM CHAINDOTS CLAUDE CLIO CLOUDINARY \
    COINBASE COMMERCELAYER COMMUNITY COURIER CRONOFY CURSOR CUSTOMERIO DOCUSIGN ELEVENLABS \
    ENODE EXACT_ONLINE FACEBOOK FASTSPRING FAUNDIT FAVRO FIREFLIES FLEXPORT FRONTAPP \
    FUSIONAUTH GEMINI GITHUB GOCARDLESS HUBSPOT INTERCOM LINEAR LINKEDIN LITHIC MAILCHIMP \
    MAILERSEND MAILGUN MCP_EVENTS NMI NUVEMSHOP NYLAS OKTA OPENAI ORB OURA PADDLE PAYMOB \
    PAYPRO_GLOBAL PAYSTACK PERSONA PICQER POLAR PORTAL PRAXIS PROPERTY-FINDER PYLON QUO \
    QUOTER RAZORPAY RECHARGE RECURLY REPAY REPLICATE RESEND RETELL REVOLUT SANITY SCRAPFLY \
    SENDGRID SHIPBOB SHIPHERO SHOPIFY SHOPLINE SLACK SMARTCAR SMILE SOLIDGATE SQUARE \
    STATSIG STRIPE SVIX SYNCTERA TALLY TEBEX THREE_D_EYE TIKTOK TREEZOR TRELLO TWILIO \
    TWITCH TYPEFORM UBER UPOLLO USPS VERCEL WALMART WHATSAPP WIX WOOCOMMERCE WORKOS XERO \
    ZENDESK ZEROHASH ZOOM";

/// Schemes that the generic types choose from.
const SCHEMES: &[(&str, &[&str])] = &[
    (
        "HMAC",
        &["webhook_secret_key", "header_key", "algorithm", "encoding"],
    ),
    ("BASIC_AUTH", &["username", "password"]),
    ("API_KEY", &["header_key", "api_key"]),
    (STANDARD_WEBHOOKS, &["webhook_secret_key"]),
];

/// The one scheme that not all of them know.
const STANDARD_WEBHOOKS: &str = "STANDARD_WEBHOOKS";

/// What is wrong with a source's credentials. `kind` is `None` where the type is not known.
pub(super) fn find_problem(
    kind: Option<&SourceType>,
    auth_type: Option<&SourceAuthType>,
    auth: Option<&SourceAuth>,
) -> Result<(), String> {
    let name = kind.map_or("", SourceType::as_str);
    if let Some((_, required, optional)) = provider(name) {
        if let Some(auth_type) = auth_type {
            let problem = format!(
                "auth_type is {auth_type}, and sources of type {name} take none: \
                 their type says how they verify"
            );
            return Err(problem);
        }
        return auth.map_or(Ok(()), |auth| credentials(auth, name, required, optional));
    }
    let Some(auth) = auth else {
        return Ok(());
    };
    let Some(auth_type) = auth_type else {
        let chosen = matches!(name, "WEBHOOK" | "HTTP" | "AZURE_EVENT_GRID" | "GITLAB");
        let problem = format!(
            "auth is set without auth_type, and sources of type {name} need both: \
             `hmac`, `basic_auth`, `api_key` and `gitlab` set them together"
        );
        return ensure(!chosen, problem);
    };
    let scheme = SCHEMES.iter().find(|(scheme, _)| *auth_type == **scheme);
    match name {
        "HTTP" | "AZURE_EVENT_GRID" => ensure(
            !auth_type.is_known() || scheme.is_some_and(|(scheme, _)| *scheme != STANDARD_WEBHOOKS),
            format!("auth_type is {auth_type}, and type {name} knows HMAC, BASIC_AUTH and API_KEY"),
        )?,
        "GITLAB" => ensure(
            matches!(auth_type.as_str(), "GITLAB" | "STANDARD_WEBHOOKS") || !auth_type.is_known(),
            format!("auth_type is {auth_type}, and type {name} knows GITLAB and STANDARD_WEBHOOKS"),
        )?,
        _ => {}
    }
    match scheme {
        Some((scheme, required)) => credentials(auth, scheme, required, &[]),
        None => Ok(()),
    }
}

type ProviderCredentials = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

fn provider(name: &str) -> Option<&'static ProviderCredentials> {
    PROVIDERS
        .iter()
        .find(|(types, ..)| types.split_whitespace().any(|known| known == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn document() -> Value {
        let text = include_str!(concat!(env!("OUT_DIR"), "/document.json"));
        serde_json::from_str(text).expect("the document is JSON")
    }

    fn names(list: &Value) -> Vec<&str> {
        let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut names: Vec<_> = list.iter().filter_map(Value::as_str).collect();
        names.sort_unstable();
        names
    }

    /// Every type the table knows is in the document with just these credentials, and the document
    /// has no other types than those and the four that choose a scheme.
    #[test]
    fn the_table_is_that_of_the_document() {
        let document = document();
        let schemas = &document["components"]["schemas"];
        let mut choosing = Vec::new();
        for kind in SourceType::KNOWN {
            // The one type whose name on the wire has a hyphen has none in its schema's name.
            let schema = format!("SourceTypeConfig{}", kind.as_str().replace('-', ""));
            let properties = &schemas[&schema]["properties"];
            assert!(properties.is_object(), "{schema} is not there");
            if properties.get("auth_type").is_some() {
                assert!(provider(kind.as_str()).is_none(), "{kind}");
                choosing.push(kind.as_str());
                continue;
            }
            let mut auth = &properties["auth"];
            if let Some(name) = auth["$ref"].as_str() {
                auth = &schemas[name.trim_start_matches("#/components/schemas/")];
            }
            let (_, required, optional) =
                provider(kind.as_str()).unwrap_or_else(|| panic!("{kind} is in no list"));
            let mut known: Vec<_> = required.to_vec();
            known.sort_unstable();
            assert_eq!(names(&auth["required"]), known, "{kind}");
            known.extend(*optional);
            known.sort_unstable();
            let mut all: Vec<_> = auth["properties"]
                .as_object()
                .map(|all| all.keys().map(String::as_str).collect())
                .unwrap_or_default();
            all.sort_unstable();
            assert_eq!(all, known, "{kind}");
        }
        choosing.sort_unstable();
        assert_eq!(choosing, ["AZURE_EVENT_GRID", "GITLAB", "HTTP", "WEBHOOK"]);
    }

    #[test]
    fn constructors_with_a_secret_are_for_types_with_a_secret() {
        for kind in super::super::sources::NAMED {
            let found = provider(kind.as_str()).expect("the type is in a list");
            assert_eq!(found.0, SECRET, "{kind}");
        }
    }
}
