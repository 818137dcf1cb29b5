//! The table of source types: how requests of each are verified.
//!
//! A tolerance stands where the provider's documentation names one. `PROVIDERS.md` is made from this table.

use super::ValueLocation::{Header, Item, Json, Nth};
use super::crypto::{Encoding, HashAlgorithm, PublicKey};
use super::own;
use super::signature::SignedPart::{
    At, Body, BodyDigest, Method, PathAndQuery, Setting, Text, Url,
};
use super::signature::{KeyEncoding, SECRET, Signature, SignedPart, TimestampUnit};
use super::{ValueLocation, VerificationInput};
use HashAlgorithm::{Sha1, Sha256, Sha512};

/// How a request is verified. What is only said about it is for `PROVIDERS.md`.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "only the document reads all of it")
)]
pub(super) enum Scheme {
    /// One of the three generic schemes, or any other in this table: `auth_type` says which.
    Chosen,
    Hmac,
    BasicAuth,
    ApiKey,
    /// The credential `setting` stands in the request as it is.
    Token {
        at: ValueLocation,
        setting: &'static str,
    },
    /// This signature.
    One(Signature),
    /// Any of these signatures.
    Signed(&'static [Signature]),
    /// A scheme that is like no other.
    Own {
        place: &'static str,
        what: &'static str,
        check: fn(&VerificationInput<'_>) -> Option<bool>,
    },
    /// The contract knows no credentials for the type, so nothing is configured; what its requests show instead.
    NoCredentials(&'static str),
    /// The gateway cannot tell, and why.
    Unchecked(&'static str),
}

impl Scheme {
    /// Whether it is Standard Webhooks, by its own headers or by those of Svix.
    pub(super) fn is_standard_webhooks(&self) -> bool {
        let is_standard = |signature: &Signature| {
            let at = signature.location();
            at == STANDARD.location() || at == SVIX.location()
        };
        match self {
            Self::One(signature) => is_standard(signature),
            Self::Signed(signatures) => signatures.iter().any(is_standard),
            _ => false,
        }
    }
}

/// The scheme of that name: a source type, or an `auth_type` that is none.
pub(super) fn scheme(name: &str) -> Option<&'static Scheme> {
    PROVIDERS
        .iter()
        .find_map(|(known, scheme)| (*known == name).then_some(scheme))
}

use Scheme::{ApiKey, BasicAuth, Chosen, Hmac, NoCredentials, One, Own, Signed, Token, Unchecked};

const fn item(header: &'static str, split: &'static str, before: &'static str) -> ValueLocation {
    Item {
        header,
        split,
        before,
    }
}

/// A header that must start with `before`.
const fn after(header: &'static str, before: &'static str) -> ValueLocation {
    item(header, "", before)
}

/// An HMAC SHA-256 of the body in hexadecimal digits, in a header of its own.
const fn hex(header: &'static str) -> Scheme {
    One(hmac_hex(Header(header)))
}

/// An HMAC SHA-256 of the body in base64, in a header of its own.
const fn base64(header: &'static str) -> Scheme {
    One(hmac_base64(Header(header)))
}

const fn hmac_hex(at: ValueLocation) -> Signature {
    Signature::hex(Sha256, at)
}

const fn hmac_base64(at: ValueLocation) -> Signature {
    Signature::base64(Sha256, at)
}

const fn own(
    place: &'static str,
    what: &'static str,
    check: fn(&VerificationInput<'_>) -> Option<bool>,
) -> Scheme {
    Own { place, what, check }
}

/// Standard Webhooks, by headers of these names.
const fn standard(
    time: &'static str,
    signature: &'static str,
    signed: &'static [SignedPart],
) -> Signature {
    Signature::base64(Sha256, item(signature, " ", "v1,"))
        .over(signed)
        .keyed(KeyEncoding::Whsec)
        .within(300, Header(time), TimestampUnit::Seconds)
}

/// With the headers of the specification.
const STANDARD: Signature = standard("webhook-timestamp", "webhook-signature", STANDARD_SIGNED);

const STANDARD_SIGNED: &[SignedPart] = &[
    At(Header("webhook-id")),
    Text("."),
    At(Header("webhook-timestamp")),
    Text("."),
    Body,
];

/// The same of any age, as live takes events of MCP servers.
const AGELESS: Signature = Signature::base64(Sha256, item("webhook-signature", " ", "v1,"))
    .over(STANDARD_SIGNED)
    .keyed(KeyEncoding::Whsec);

/// With the headers that Svix had before it.
const SVIX: Signature = standard(
    "svix-timestamp",
    "svix-signature",
    &[
        At(Header("svix-id")),
        Text("."),
        At(Header("svix-timestamp")),
        Text("."),
        Body,
    ],
);

const STRIPE_TIME: ValueLocation = item("stripe-signature", ",", "t=");

const META: Signature = Signature::hex(Sha256, after("x-hub-signature-256", "sha256="));
const SHA1_HUB: Signature = Signature::hex(Sha1, after("x-hub-signature", "sha1="));

const RECURLY_TIME: ValueLocation = Nth {
    header: "recurly-signature",
    split: ',',
    index: 0,
};
const RETELL_TIME: ValueLocation = item("x-retell-signature", ",", "v=");
const CLOUDINARY: &[SignedPart] = &[Body, At(Header("x-cld-timestamp")), Setting(SECRET)];
const HUBSPOT: ValueLocation = Header("x-hubspot-signature");
const HUBSPOT_V1: Signature = Signature::digest(Sha256, HUBSPOT, &[Setting(SECRET), Body]);
const HUBSPOT_V2: Signature =
    Signature::digest(Sha256, HUBSPOT, &[Setting(SECRET), Method, Url, Body]);
const HUBSPOT_TIME: ValueLocation = Header("x-hubspot-request-timestamp");
const HUBSPOT_V3: Signature = Signature::base64(Sha256, Header("x-hubspot-signature-v3"))
    .over(&[Method, Url, Body, At(HUBSPOT_TIME)])
    .within(300, HUBSPOT_TIME, TimestampUnit::Millis);
const WORKOS_TIME: ValueLocation = item("workos-signature", ",", "t=");
const TWITCH_TIME: ValueLocation = Header("twitch-eventsub-message-timestamp");
const ELEVENLABS_TIME: ValueLocation = item("elevenlabs-signature", ",", "t=");
const PADDLE_TIME: ValueLocation = item("paddle-signature", ";", "ts=");
const ZEROHASH_TIME: ValueLocation = Header("x-zh-hook-timestamp");
const WECHAT_TIME: ValueLocation = Header("wechatpay-timestamp");

const NOT_PUBLIC: &str = "no public description of the scheme was found";
const KEY_FETCHED: &str = "needs a key that is fetched from the provider";

/// Every source type of the contract, in its order, and then the schemes that only an `auth_type` names.
#[rustfmt::skip]
pub(super) const PROVIDERS: &[(&str, Scheme)] = &[
    ("AIPRISE", hex("x-hmac-signature")),
    ("AIRCALL", Token { at: Json("/token"), setting: SECRET }),
    ("ALCHEMY", hex("x-alchemy-signature")),
    ("ATTENTIVE", hex("x-attentive-hmac-sha256")),
    ("DOCUSIGN", Signed(&[hmac_base64(Header("x-docusign-signature-1")), hmac_base64(Header("x-docusign-signature-2")), hmac_base64(Header("x-docusign-signature-3")), hmac_base64(Header("x-docusign-signature-4")), hmac_base64(Header("x-docusign-signature-5"))])),
    ("INTERCOM", One(SHA1_HUB)),
    ("PUBLISH_API", NoCredentials("the publish endpoint asks for the API key")),
    ("WEBHOOK", Chosen),
    ("HTTP", Chosen),
    ("MANAGED", Unchecked(NOT_PUBLIC)),
    ("HOOKDECK_OUTPOST", NoCredentials("nothing")),
    ("SANITY", One(hmac_hex(item("sanity-webhook-signature", ",", "v1=")).encoded(Encoding::Base64Url).over(&[At(item("sanity-webhook-signature", ",", "t=")), Text("."), Body]))),
    ("BASELINKER", NoCredentials("nothing")),
    ("BIGCOMMERCE", One(STANDARD.keyed(KeyEncoding::Text))),
    ("CLAUDE", One(STANDARD)),
    ("OPENAI", One(STANDARD)),
    ("POLAR", One(STANDARD.keyed(KeyEncoding::Text))),
    ("BRIDGE_XYZ", own("`x-webhook-signature`", "RSA SHA-256, base64, of SHA-256(timestamp `.` body), within 600 s", own::bridge_xyz)),
    ("BRIDGE_API", One(hmac_hex(item("bridgeapi-signature", ",", "v1=")))),
    ("CHARGEBEE_BILLING", BasicAuth),
    ("CHAINDOTS", Unchecked(NOT_PUBLIC)),
    ("CLOUDSIGNAL", Token { at: Json("/apikey"), setting: "api_key" }),
    ("COINBASE", own("`x-cc-webhook-signature`, or `x-hook0-signature` (`v1=`)", "HMAC SHA-256, hex, of the body; or, within 300 s, of time, names and values of the headers that it lists, and body", own::coinbase)),
    ("COURIER", One(hmac_hex(item("courier-signature", ",", "signature=")).over(&[At(item("courier-signature", ",", "t=")), Text("."), Body]))),
    ("CURSOR", One(hmac_hex(after("x-webhook-signature", "sha256=")))),
    ("MERAKI", Token { at: Json("/sharedSecret"), setting: "api_key" }),
    ("MICROSOFT_GRAPH", NoCredentials("a `clientState` in the body, which is the receiver's to compare")),
    ("MICROSOFT_SHAREPOINT", NoCredentials("a `clientState` in the body, which is the receiver's to compare")),
    ("AZURE_EVENT_GRID", Chosen),
    ("FIREBLOCKS", Unchecked(KEY_FETCHED)),
    ("FRONTAPP", Signed(&[hmac_base64(Header("x-front-signature")).over(&[At(Header("x-front-request-timestamp")), Text(":"), Body]), Signature::base64(Sha1, Header("x-front-signature"))])),
    ("ZOOM", One(hmac_hex(after("x-zm-signature", "v0=")).over(&[Text("v0:"), At(Header("x-zm-request-timestamp")), Text(":"), Body]))),
    ("TWITTER", One(hmac_base64(after("x-twitter-webhooks-signature", "sha256=")).secret("api_key"))),
    ("RECHARGE", One(Signature::digest(Sha256, Header("x-recharge-hmac-sha256"), &[Setting(SECRET), Body]))),
    ("CRONOFY", One(hmac_base64(item("cronofy-hmac-sha256", ",", "")))),
    ("RECURLY", One(hmac_hex(item("recurly-signature", ",", "")).over(&[At(RECURLY_TIME), Text("."), Body]).within(300, RECURLY_TIME, TimestampUnit::Millis))),
    ("RETELL", One(hmac_hex(item("x-retell-signature", ",", "d=")).over(&[Body, At(RETELL_TIME)]).within(300, RETELL_TIME, TimestampUnit::Millis))),
    ("REVOLUT", One(hmac_hex(item("revolut-signature", ",", "v1=")).over(&[Text("v1."), At(Header("revolut-request-timestamp")), Text("."), Body]).within(300, Header("revolut-request-timestamp"), TimestampUnit::Millis))),
    ("RING_CENTRAL", Token { at: Header("verification-token"), setting: "token" }),
    ("STRIPE", One(hmac_hex(item("stripe-signature", ",", "v1=")).over(&[At(STRIPE_TIME), Text("."), Body]).within(300, STRIPE_TIME, TimestampUnit::Seconds))),
    ("CLOUDINARY", Signed(&[Signature::digest(Sha1, Header("x-cld-signature"), CLOUDINARY).within(7200, Header("x-cld-timestamp"), TimestampUnit::Seconds), Signature::digest(Sha256, Header("x-cld-signature"), CLOUDINARY).within(7200, Header("x-cld-timestamp"), TimestampUnit::Seconds)])),
    ("PROPERTY-FINDER", Unchecked(NOT_PUBLIC)),
    ("QUO", Signed(&[STANDARD, hmac_base64(Nth { header: "openphone-signature", split: ';', index: 3 }).over(&[At(Nth { header: "openphone-signature", split: ';', index: 2 }), Text("."), Body]).keyed(KeyEncoding::Base64)])),
    ("QUOTER", One(Signature::digest(HashAlgorithm::Md5, Json("/hash"), &[Setting(SECRET), At(Json("/timestamp")), At(Json("/data"))]).within(300, Json("/timestamp"), TimestampUnit::Seconds))),
    ("SHOPIFY", base64("x-shopify-hmac-sha256")),
    ("TWILIO", own("`x-twilio-signature`", "HMAC SHA-1, base64, of URL and sorted form; with `bodySHA256` in the query, of URL and SHA-256(body)", own::twilio)),
    ("GITHUB", One(META)),
    ("POSTMARK", BasicAuth),
    ("TALLY", base64("tally-signature")),
    ("TYPEFORM", One(hmac_base64(after("typeform-signature", "sha256=")))),
    ("PICQER", base64("x-picqer-signature")),
    ("XERO", base64("x-xero-signature")),
    ("SVIX", Signed(&[SVIX, STANDARD])),
    ("RESEND", Signed(&[SVIX, STANDARD])),
    ("GEMINI", One(STANDARD)),
    ("ADYEN", own("body `/notificationItems`, or `hmacsignature`", "HMAC SHA-256, base64, of fields of each item; in the header, of the body", own::adyen)),
    ("AKENEO", One(hmac_hex(Header("x-akeneo-request-signature")).over(&[At(Header("x-akeneo-request-timestamp")), Text("."), Body]).within(300, Header("x-akeneo-request-timestamp"), TimestampUnit::Seconds))),
    ("GITLAB", Token { at: Header("x-gitlab-token"), setting: "api_key" }),
    ("WOOCOMMERCE", base64("x-wc-webhook-signature")),
    ("OKTA", Token { at: Header("authorization"), setting: SECRET }),
    ("OURA", One(hmac_hex(Header("x-oura-signature")).over(&[At(Header("x-oura-timestamp")), Body]))),
    ("COMMERCELAYER", base64("x-commercelayer-signature")),
    ("COMMUNITY", One(hmac_hex(item("community-signature", ",", "v1=")).over(&[At(item("community-signature", ",", "t=")), Text("."), Body]))),
    ("HUBSPOT", Signed(&[HUBSPOT_V3, HUBSPOT_V2, HUBSPOT_V1])),
    ("MAILERSEND", hex("signature")),
    ("MAILGUN", Signed(&[hmac_hex(Json("/signature/signature")).over(&[At(Json("/signature/timestamp")), At(Json("/signature/token"))]), hmac_hex(Json("/signature")).over(&[At(Json("/timestamp")), At(Json("/token"))])])),
    ("PERSONA", One(hmac_hex(item("persona-signature", ", ", "v1=")).over(&[At(item("persona-signature", ", ", "t=")), Text("."), Body]))),
    ("PIPEDRIVE", BasicAuth),
    ("SENDGRID", One(Signature::public_key(PublicKey::Ecdsa, Header("x-twilio-email-event-webhook-signature"), SECRET).over(&[At(Header("x-twilio-email-event-webhook-timestamp")), Body]))),
    ("WORKOS", One(hmac_hex(item("workos-signature", ",", "v1=")).over(&[At(WORKOS_TIME), Text("."), Body]).within(180, WORKOS_TIME, TimestampUnit::Millis))),
    ("SYNCTERA", One(hmac_hex(item("synctera-signature", ".", "")).over(&[At(Header("request-timestamp")), Text("."), Body]).within(300, Header("request-timestamp"), TimestampUnit::Seconds))),
    ("AWS_SNS", NoCredentials("a signature by a certificate that is fetched from the provider")),
    ("THREE_D_EYE", Unchecked(NOT_PUBLIC)),
    ("TWITCH", One(hmac_hex(after("twitch-eventsub-message-signature", "sha256=")).over(&[At(Header("twitch-eventsub-message-id")), At(TWITCH_TIME), Body]).within(600, TWITCH_TIME, TimestampUnit::Rfc3339))),
    ("ELEVENLABS", One(hmac_hex(item("elevenlabs-signature", ",", "v0=")).over(&[At(ELEVENLABS_TIME), Text("."), Body]).within(1800, ELEVENLABS_TIME, TimestampUnit::Seconds))),
    ("ENODE", One(Signature::hex(Sha1, after("x-enode-signature", "sha1=")))),
    ("FAUNDIT", One(hmac_hex(Header("x-faundit-signature-next")).over(&[Text("v1:"), At(Header("x-faundit-timestamp")), Text(":"), Body]))),
    ("FAVRO", One(Signature::base64(Sha1, Header("x-favro-webhook")).over(&[At(Json("/payloadId")), Url]))),
    ("LINEAR", One(hmac_hex(Header("linear-signature")).within(60, Json("/webhookTimestamp"), TimestampUnit::Millis))),
    ("SHIPBOB", One(STANDARD)),
    ("SHIPHERO", base64("x-shiphero-hmac-sha256")),
    ("SHOPLINE", Signed(&[hmac_base64(Header("x-shopline-hmac-sha256")), hmac_hex(Header("x-shopline-hmac-sha256"))])),
    ("WIX", own("the body, a JWT", "RS256", own::wix)),
    ("NMI", One(hmac_hex(item("webhook-signature", ",", "s=")).over(&[At(item("webhook-signature", ",", "t=")), Text("."), Body]))),
    ("NEON", Unchecked(KEY_FETCHED)),
    ("ORB", One(hmac_hex(item("x-orb-signature", ",", "v1=")).over(&[Text("v1:"), At(Header("x-orb-timestamp")), Text(":"), Body]))),
    ("PYLON", One(hmac_hex(after("pylon-webhook-signature", "hs256=")).over(&[At(Header("pylon-webhook-timestamp")), Text("."), Body]))),
    ("RAZORPAY", hex("x-razorpay-signature")),
    ("REPAY", Unchecked(NOT_PUBLIC)),
    ("SQUARE", One(hmac_base64(Header("x-square-hmacsha256-signature")).over(&[Url, Body]))),
    ("SOLIDGATE", One(Signature::base64(Sha512, Header("signature")).encoded(Encoding::HexInBase64).over(&[At(Header("merchant")), Body, At(Header("merchant"))]))),
    ("TRELLO", One(Signature::base64(Sha1, Header("x-trello-webhook")).over(&[Body, Url]))),
    ("EBAY", Unchecked(KEY_FETCHED)),
    ("TELNYX", One(Signature::public_key(PublicKey::Ed25519, Header("telnyx-signature-ed25519"), "public_key").over(&[At(Header("telnyx-timestamp")), Text("|"), Body]).within(300, Header("telnyx-timestamp"), TimestampUnit::Seconds))),
    ("DISCORD", One(Signature::public_key(PublicKey::Ed25519, Header("x-signature-ed25519"), "public_key").encoded(Encoding::Hex).keyed(KeyEncoding::Hex).over(&[At(Header("x-signature-timestamp")), Body]))),
    ("TOKENIO", One(Signature::public_key(PublicKey::Ed25519, Header("token-signature"), "public_key").encoded(Encoding::Base64Url).keyed(KeyEncoding::Base64Url))),
    ("FISERV", Unchecked(NOT_PUBLIC)),
    ("FUSIONAUTH", own("`x-fusionauth-signature-jwt`", "JWT, HS256, HS384 or HS512, with the SHA-256 of the body", own::fusionauth)),
    ("BONDSMITH", Unchecked(NOT_PUBLIC)),
    ("VERCEL_LOG_DRAINS", One(Signature::hex(Sha1, Header("x-vercel-signature")))),
    ("VERCEL", One(Signature::hex(Sha1, Header("x-vercel-signature")))),
    ("TEBEX", One(hmac_hex(Header("x-signature")).over(&[BodyDigest]))),
    ("SLACK", One(hmac_hex(after("x-slack-signature", "v0=")).over(&[Text("v0:"), At(Header("x-slack-request-timestamp")), Text(":"), Body]).within(300, Header("x-slack-request-timestamp"), TimestampUnit::Seconds))),
    ("SMARTCAR", hex("sc-signature")),
    ("MAILCHIMP", own("`x-mandrill-signature`", "HMAC SHA-1, base64, of URL and sorted form", own::mandrill)),
    ("NUVEMSHOP", hex("x-linkedstore-hmac-sha256")),
    ("PADDLE", One(hmac_hex(item("paddle-signature", ";", "h1=")).over(&[At(PADDLE_TIME), Text(":"), Body]).within(5, PADDLE_TIME, TimestampUnit::Seconds))),
    ("PAYPAL", Unchecked("is signed with a certificate that is fetched from the provider")),
    ("PAYMOB", own("query `hmac`", "HMAC SHA-512, hex, of fields of the transaction", own::paymob)),
    ("PAYSTACK", One(Signature::hex(Sha512, Header("x-paystack-signature")))),
    ("SCRAPFLY", hex("x-scrapfly-webhook-signature")),
    ("PORTAL", Unchecked(NOT_PUBLIC)),
    ("TREEZOR", One(hmac_base64(Json("/object_payload_signature")).over(&[At(ValueLocation::Raw("object_payload"))]))),
    ("PRAXIS", own("`gt-authentication`", "SHA-384, hex, of fields of the notification and the secret", own::praxis)),
    ("CUSTOMERIO", One(hmac_hex(Header("x-cio-signature")).over(&[Text("v0:"), At(Header("x-cio-timestamp")), Text(":"), Body]))),
    ("EXACT_ONLINE", One(hmac_hex(Json("/HashCode")).over(&[At(ValueLocation::Raw("Content"))]))),
    ("FACEBOOK", One(META)),
    ("WHATSAPP", One(META)),
    ("REPLICATE", One(STANDARD)),
    ("TIKKIE", NoCredentials("nothing")),
    ("TIKTOK", One(hmac_hex(item("tiktok-signature", ",", "s=")).over(&[At(item("tiktok-signature", ",", "t=")), Text("."), Body]))),
    ("TIKTOK_SHOP", One(hmac_hex(Header("authorization")).over(&[Setting("app_key"), Body]))),
    ("AIRWALLEX", One(hmac_hex(Header("x-signature")).over(&[At(Header("x-timestamp")), Body]))),
    ("ASCEND", One(hmac_hex(item("x-ascend-signature", ",", "v1=")).over(&[At(item("x-ascend-signature", ",", "t=")), Text(":"), Body]))),
    ("ALIPAY", own("`signature` (`signature=`)", "RSA SHA-256, base64url or base64, of method, path, `client-id`, `request-time` and body", own::alipay)),
    ("ZENDESK", One(hmac_base64(Header("x-zendesk-webhook-signature")).over(&[At(Header("x-zendesk-webhook-signature-timestamp")), Body]))),
    ("UPOLLO", One(Signature::hex(Sha512, item("upollo-signature", ",", "s0:")))),
    ("SMILE", One(Signature::hex(Sha512, Header("smile-signature")))),
    ("NYLAS", hex("x-nylas-signature")),
    ("CLIO", hex("x-hook-signature")),
    ("GOCARDLESS", hex("webhook-signature")),
    ("GOOGLE_PUBSUB", NoCredentials("a token signed with a key that is fetched from the provider")),
    ("LINKEDIN", Signed(&[hmac_hex(item("x-li-signature", "", "")).over(&[Text("hmacsha256="), Body]), hmac_hex(after("x-li-signature", "hmacsha256=")).over(&[Text("hmacsha256="), Body])])),
    ("LITHIC", One(STANDARD)),
    ("STRAVA", NoCredentials("nothing")),
    ("UTILA", One(Signature::public_key(PublicKey::RsaPss(Sha512), Header("x-utila-signature"), "public_key"))),
    ("MONDAY", NoCredentials("a JWT, if the app has a signing secret")),
    ("GREENDOT", BasicAuth),
    ("ZEROHASH", Signed(&[hmac_hex(Header("x-zh-hook-signature")).over(&[Body, At(ZEROHASH_TIME)]).within(300, ZEROHASH_TIME, TimestampUnit::Millis), hmac_hex(Header("x-zh-hook-signature-256"))])),
    ("ZIFT", NoCredentials("nothing")),
    ("ETHOCA", NoCredentials("nothing")),
    ("AIRTABLE", One(hmac_hex(after("x-airtable-content-mac", "hmac-sha256=")).keyed(KeyEncoding::Base64))),
    ("ASANA", hex("x-hook-signature")),
    ("ASHBY", One(hmac_hex(after("ashby-signature", "sha256=")))),
    ("FASTSPRING", base64("x-fs-signature")),
    ("PAYPRO_GLOBAL", One(Signature::digest(Sha256, Json("/SIGNATURE"), &[At(Json("/ORDER_ID")), At(Json("/ORDER_STATUS")), At(Json("/ORDER_TOTAL_AMOUNT")), At(Json("/CUSTOMER_EMAIL")), Setting(SECRET), At(Json("/TEST_MODE")), At(Json("/IPN_TYPE_NAME"))]))),
    ("USPS", One(hmac_base64(Header("x-hmac")).over(&[At(Json("/timestamp")), At(Json("/payload"))]))),
    ("WALMART", One(hmac_base64(Header("wm_sec.signature")).over(&[Method, Text("\n"), PathAndQuery, Text("\n"), At(Header("wm_sec.timestamp")), Text("\n"), BodyDigest]))),
    ("FIREFLIES", One(hmac_hex(after("x-hub-signature", "sha256=")))),
    ("FLEXPORT", Signed(&[META, SHA1_HUB])),
    ("UBER", hex("x-uber-signature")),
    ("WECHAT", One(Signature::public_key(PublicKey::Rsa(Sha256), Header("wechatpay-signature"), "public_key").over(&[At(WECHAT_TIME), Text("\n"), At(Header("wechatpay-nonce")), Text("\n"), Body, Text("\n")]).within(300, WECHAT_TIME, TimestampUnit::Seconds))),
    ("BUNNY_STREAM", hex("x-bunnystream-signature")),
    ("SHIPSTATION", One(Signature::public_key(PublicKey::Rsa(Sha256), Header("x-shipengine-rsa-sha256-signature"), "public_key").over(&[At(Header("x-shipengine-timestamp")), Text("."), Body]).within(300, Header("x-shipengine-timestamp"), TimestampUnit::Rfc3339))),
    ("CIRCLE", Unchecked(KEY_FETCHED)),
    ("STATSIG", One(hmac_hex(after("x-statsig-signature", "v0=")).over(&[Text("v0:"), At(Header("x-statsig-request-timestamp")), Text(":"), Body]))),
    ("VAPI", own("header of choice, else `x-signature`", "HMAC of the body, algorithm and encoding of choice, else SHA-256 in hex", own::vapi)),
    ("VOLUME", Unchecked(KEY_FETCHED)),
    ("FORMSTACK", own("header of choice, else `x-fs-signature` (`sha256=`)", "HMAC SHA-256, hex, of body", own::formstack)),
    ("MCP_EVENTS", One(AGELESS)),
    ("HMAC", Hmac),
    ("BASIC_AUTH", BasicAuth),
    ("API_KEY", ApiKey),
    ("STANDARD_WEBHOOKS", One(STANDARD)),
];
