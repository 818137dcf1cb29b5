//! The table of source types: how requests of each are verified.
//!
//! A tolerance stands where the provider's documentation names one. `PROVIDERS.md` is made from this table.

use super::Place::{Header, Item, Json, Nth};
use super::crypto::{Encoding, Hash, PublicKey};
use super::own;
use super::signature::Part::{At, Body, BodyDigest, Method, Setting, Text, Url};
use super::signature::{Key, Part, SECRET, Signature, Unit};
use super::{Place, Proof};
use Hash::{Sha1, Sha256, Sha512};

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
        at: Place,
        setting: &'static str,
    },
    /// Any of these signatures.
    Signed(&'static [Signature]),
    /// A scheme that is like no other.
    Own {
        place: &'static str,
        what: &'static str,
        check: fn(&Proof<'_>) -> Option<bool>,
    },
    /// The contract knows no credentials for the type, so nothing is configured; what its requests show instead.
    NoCredentials(&'static str),
    /// The gateway cannot tell, and why.
    Unchecked(&'static str),
}

/// The scheme of that name: a source type, or an `auth_type` that is none.
pub(super) fn scheme(name: &str) -> Option<&'static Scheme> {
    PROVIDERS
        .iter()
        .find_map(|(known, scheme)| (*known == name).then_some(scheme))
}

use Scheme::{ApiKey, BasicAuth, Chosen, Hmac, NoCredentials, Own, Signed, Token, Unchecked};

const fn item(header: &'static str, split: &'static str, before: &'static str) -> Place {
    Item {
        header,
        split,
        before,
    }
}

/// A header that must start with `before`.
const fn after(header: &'static str, before: &'static str) -> Place {
    item(header, "", before)
}

const fn own(
    place: &'static str,
    what: &'static str,
    check: fn(&Proof<'_>) -> Option<bool>,
) -> Scheme {
    Own { place, what, check }
}

/// Standard Webhooks, by headers of these names.
const fn standard(
    time: &'static str,
    signature: &'static str,
    signed: &'static [Part],
) -> Signature {
    Signature::base64(Sha256, item(signature, " ", "v1,"))
        .over(signed)
        .keyed(Key::Whsec)
        .within(300, Header(time), Unit::Seconds)
}

/// With the headers of the specification.
const STANDARD: Signature = standard(
    "webhook-timestamp",
    "webhook-signature",
    &[
        At(Header("webhook-id")),
        Text("."),
        At(Header("webhook-timestamp")),
        Text("."),
        Body,
    ],
);

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

const STRIPE_TIME: Place = item("stripe-signature", ",", "t=");

const META: Signature = Signature::hex(Sha256, after("x-hub-signature-256", "sha256="));
const SHA1_HUB: Signature = Signature::hex(Sha1, after("x-hub-signature", "sha1="));

const COINBASE_COMMERCE: Signature = Signature::hex(Sha256, Header("x-cc-webhook-signature"));
const RECURLY_TIME: Place = Nth {
    header: "recurly-signature",
    split: ',',
    index: 0,
};
const RETELL_TIME: Place = item("x-retell-signature", ",", "v=");
const CLOUDINARY: &[Part] = &[Body, At(Header("x-cld-timestamp")), Setting(SECRET)];
const HUBSPOT: Place = Header("x-hubspot-signature");
const HUBSPOT_V1: Signature = Signature::digest(Sha256, HUBSPOT, &[Setting(SECRET), Body]);
const HUBSPOT_V2: Signature =
    Signature::digest(Sha256, HUBSPOT, &[Setting(SECRET), Method, Url, Body]);
const HUBSPOT_TIME: Place = Header("x-hubspot-request-timestamp");
const HUBSPOT_V3: Signature = Signature::base64(Sha256, Header("x-hubspot-signature-v3"))
    .over(&[Method, Url, Body, At(HUBSPOT_TIME)])
    .within(300, HUBSPOT_TIME, Unit::Millis);
const WORKOS_TIME: Place = item("workos-signature", ",", "t=");
const TWITCH_TIME: Place = Header("twitch-eventsub-message-timestamp");
const ELEVENLABS_TIME: Place = item("elevenlabs-signature", ",", "t=");
const PADDLE_TIME: Place = item("paddle-signature", ";", "ts=");
const ZEROHASH_TIME: Place = Header("x-zh-hook-timestamp");
const WECHAT_TIME: Place = Header("wechatpay-timestamp");

const NOT_PUBLIC: &str = "no public description of the scheme was found";
const KEY_FETCHED: &str = "needs a key that is fetched from the provider";

/// Every source type of the contract, in its order, and then the schemes that only an `auth_type` names.
pub(super) const PROVIDERS: &[(&str, Scheme)] = &[
    (
        "AIPRISE",
        Signed(&[Signature::hex(Sha256, Header("x-hmac-signature"))]),
    ),
    (
        "AIRCALL",
        Token {
            at: Json("/token"),
            setting: SECRET,
        },
    ),
    (
        "ALCHEMY",
        Signed(&[Signature::hex(Sha256, Header("x-alchemy-signature"))]),
    ),
    (
        "ATTENTIVE",
        Signed(&[Signature::hex(Sha256, Header("x-attentive-hmac-sha256"))]),
    ),
    (
        "DOCUSIGN",
        Signed(&[
            Signature::base64(Sha256, Header("x-docusign-signature-1")),
            Signature::base64(Sha256, Header("x-docusign-signature-2")),
            Signature::base64(Sha256, Header("x-docusign-signature-3")),
            Signature::base64(Sha256, Header("x-docusign-signature-4")),
            Signature::base64(Sha256, Header("x-docusign-signature-5")),
        ]),
    ),
    ("INTERCOM", Signed(&[SHA1_HUB])),
    (
        "PUBLISH_API",
        NoCredentials("the publish endpoint asks for the API key"),
    ),
    ("WEBHOOK", Chosen),
    ("HTTP", Chosen),
    ("MANAGED", Unchecked(NOT_PUBLIC)),
    ("HOOKDECK_OUTPOST", NoCredentials("nothing")),
    (
        "SANITY",
        Signed(&[
            Signature::hex(Sha256, item("sanity-webhook-signature", ",", "v1="))
                .encoded(Encoding::Base64Url)
                .over(&[
                    At(item("sanity-webhook-signature", ",", "t=")),
                    Text("."),
                    Body,
                ]),
        ]),
    ),
    ("BASELINKER", NoCredentials("nothing")),
    ("BIGCOMMERCE", Signed(&[STANDARD.keyed(Key::Text)])),
    ("CLAUDE", Signed(&[STANDARD])),
    ("OPENAI", Signed(&[STANDARD])),
    ("POLAR", Signed(&[STANDARD.keyed(Key::Text)])),
    (
        "BRIDGE_XYZ",
        own(
            "`x-webhook-signature`",
            "RSA SHA-256, base64, of SHA-256(timestamp `.` body), within 600 s",
            own::bridge_xyz,
        ),
    ),
    (
        "BRIDGE_API",
        Signed(&[Signature::hex(
            Sha256,
            item("bridgeapi-signature", ",", "v1="),
        )]),
    ),
    ("CHARGEBEE_BILLING", BasicAuth),
    ("CHAINDOTS", Unchecked(NOT_PUBLIC)),
    ("CLOUDSIGNAL", Unchecked(NOT_PUBLIC)),
    ("COINBASE", Signed(&[COINBASE_COMMERCE])),
    (
        "COURIER",
        Signed(&[
            Signature::hex(Sha256, item("courier-signature", ",", "signature=")).over(&[
                At(item("courier-signature", ",", "t=")),
                Text("."),
                Body,
            ]),
        ]),
    ),
    (
        "CURSOR",
        Signed(&[Signature::hex(
            Sha256,
            after("x-webhook-signature", "sha256="),
        )]),
    ),
    (
        "MERAKI",
        Token {
            at: Json("/sharedSecret"),
            setting: "api_key",
        },
    ),
    (
        "MICROSOFT_GRAPH",
        NoCredentials("a `clientState` in the body, which is the receiver's to compare"),
    ),
    (
        "MICROSOFT_SHAREPOINT",
        NoCredentials("a `clientState` in the body, which is the receiver's to compare"),
    ),
    ("AZURE_EVENT_GRID", Chosen),
    ("FIREBLOCKS", Unchecked(KEY_FETCHED)),
    (
        "FRONTAPP",
        Signed(&[
            Signature::base64(Sha256, Header("x-front-signature")).over(&[
                At(Header("x-front-request-timestamp")),
                Text(":"),
                Body,
            ]),
            Signature::base64(Sha1, Header("x-front-signature")),
        ]),
    ),
    (
        "ZOOM",
        Signed(&[
            Signature::hex(Sha256, after("x-zm-signature", "v0=")).over(&[
                Text("v0:"),
                At(Header("x-zm-request-timestamp")),
                Text(":"),
                Body,
            ]),
        ]),
    ),
    (
        "TWITTER",
        Signed(&[
            Signature::base64(Sha256, after("x-twitter-webhooks-signature", "sha256="))
                .secret("api_key"),
        ]),
    ),
    (
        "RECHARGE",
        Signed(&[Signature::digest(
            Sha256,
            Header("x-recharge-hmac-sha256"),
            &[Setting(SECRET), Body],
        )]),
    ),
    (
        "CRONOFY",
        Signed(&[Signature::base64(
            Sha256,
            item("cronofy-hmac-sha256", ",", ""),
        )]),
    ),
    (
        "RECURLY",
        Signed(&[Signature::hex(Sha256, item("recurly-signature", ",", ""))
            .over(&[At(RECURLY_TIME), Text("."), Body])
            .within(300, RECURLY_TIME, Unit::Millis)]),
    ),
    (
        "RETELL",
        Signed(&[
            Signature::hex(Sha256, item("x-retell-signature", ",", "d="))
                .over(&[Body, At(RETELL_TIME)])
                .within(300, RETELL_TIME, Unit::Millis),
        ]),
    ),
    (
        "REVOLUT",
        Signed(&[
            Signature::hex(Sha256, item("revolut-signature", ",", "v1="))
                .over(&[
                    Text("v1."),
                    At(Header("revolut-request-timestamp")),
                    Text("."),
                    Body,
                ])
                .within(300, Header("revolut-request-timestamp"), Unit::Millis),
        ]),
    ),
    (
        "RING_CENTRAL",
        Token {
            at: Header("verification-token"),
            setting: "token",
        },
    ),
    (
        "STRIPE",
        Signed(
            &[Signature::hex(Sha256, item("stripe-signature", ",", "v1="))
                .over(&[At(STRIPE_TIME), Text("."), Body])
                .within(300, STRIPE_TIME, Unit::Seconds)],
        ),
    ),
    (
        "CLOUDINARY",
        Signed(&[
            Signature::digest(Sha1, Header("x-cld-signature"), CLOUDINARY).within(
                7200,
                Header("x-cld-timestamp"),
                Unit::Seconds,
            ),
            Signature::digest(Sha256, Header("x-cld-signature"), CLOUDINARY).within(
                7200,
                Header("x-cld-timestamp"),
                Unit::Seconds,
            ),
        ]),
    ),
    ("PROPERTY-FINDER", Unchecked(NOT_PUBLIC)),
    (
        "QUO",
        Signed(&[
            STANDARD,
            Signature::base64(
                Sha256,
                Nth {
                    header: "openphone-signature",
                    split: ';',
                    index: 3,
                },
            )
            .over(&[
                At(Nth {
                    header: "openphone-signature",
                    split: ';',
                    index: 2,
                }),
                Text("."),
                Body,
            ])
            .keyed(Key::Base64),
        ]),
    ),
    ("QUOTER", Unchecked(NOT_PUBLIC)),
    (
        "SHOPIFY",
        Signed(&[Signature::base64(Sha256, Header("x-shopify-hmac-sha256"))]),
    ),
    (
        "TWILIO",
        own(
            "`x-twilio-signature`",
            "HMAC SHA-1, base64, of URL and sorted form; with `bodySHA256` in the query, of URL and SHA-256(body)",
            own::twilio,
        ),
    ),
    ("GITHUB", Signed(&[META])),
    ("POSTMARK", BasicAuth),
    (
        "TALLY",
        Signed(&[Signature::base64(Sha256, Header("tally-signature"))]),
    ),
    (
        "TYPEFORM",
        Signed(&[Signature::base64(
            Sha256,
            after("typeform-signature", "sha256="),
        )]),
    ),
    (
        "PICQER",
        Signed(&[Signature::base64(Sha256, Header("x-picqer-signature"))]),
    ),
    (
        "XERO",
        Signed(&[Signature::base64(Sha256, Header("x-xero-signature"))]),
    ),
    ("SVIX", Signed(&[SVIX, STANDARD])),
    ("RESEND", Signed(&[SVIX, STANDARD])),
    ("GEMINI", Unchecked(NOT_PUBLIC)),
    (
        "ADYEN",
        own(
            "body `/notificationItems`, or `hmacsignature`",
            "HMAC SHA-256, base64, of fields of each item; in the header, of the body",
            own::adyen,
        ),
    ),
    (
        "AKENEO",
        Signed(
            &[Signature::hex(Sha256, Header("x-akeneo-request-signature"))
                .over(&[At(Header("x-akeneo-request-timestamp")), Text("."), Body])
                .within(300, Header("x-akeneo-request-timestamp"), Unit::Seconds)],
        ),
    ),
    (
        "GITLAB",
        Token {
            at: Header("x-gitlab-token"),
            setting: "api_key",
        },
    ),
    (
        "WOOCOMMERCE",
        Signed(&[Signature::base64(Sha256, Header("x-wc-webhook-signature"))]),
    ),
    (
        "OKTA",
        Token {
            at: Header("authorization"),
            setting: SECRET,
        },
    ),
    (
        "OURA",
        Signed(&[Signature::hex(Sha256, Header("x-oura-signature"))
            .over(&[At(Header("x-oura-timestamp")), Body])]),
    ),
    (
        "COMMERCELAYER",
        Signed(&[Signature::base64(
            Sha256,
            Header("x-commercelayer-signature"),
        )]),
    ),
    ("COMMUNITY", Unchecked(NOT_PUBLIC)),
    ("HUBSPOT", Signed(&[HUBSPOT_V3, HUBSPOT_V2, HUBSPOT_V1])),
    (
        "MAILERSEND",
        Signed(&[Signature::hex(Sha256, Header("signature"))]),
    ),
    (
        "MAILGUN",
        Signed(
            &[Signature::hex(Sha256, Json("/signature/signature")).over(&[
                At(Json("/signature/timestamp")),
                At(Json("/signature/token")),
            ])],
        ),
    ),
    (
        "PERSONA",
        Signed(&[
            Signature::hex(Sha256, item("persona-signature", ", ", "v1=")).over(&[
                At(item("persona-signature", ", ", "t=")),
                Text("."),
                Body,
            ]),
        ]),
    ),
    ("PIPEDRIVE", BasicAuth),
    (
        "SENDGRID",
        Signed(&[Signature::public_key(
            PublicKey::Ecdsa,
            Header("x-twilio-email-event-webhook-signature"),
            SECRET,
        )
        .over(&[At(Header("x-twilio-email-event-webhook-timestamp")), Body])]),
    ),
    (
        "WORKOS",
        Signed(
            &[Signature::hex(Sha256, item("workos-signature", ",", "v1="))
                .over(&[At(WORKOS_TIME), Text("."), Body])
                .within(180, WORKOS_TIME, Unit::Millis)],
        ),
    ),
    (
        "SYNCTERA",
        Signed(
            &[Signature::hex(Sha256, item("synctera-signature", ".", ""))
                .over(&[At(Header("request-timestamp")), Text("."), Body])
                .within(300, Header("request-timestamp"), Unit::Seconds)],
        ),
    ),
    (
        "AWS_SNS",
        NoCredentials("a signature by a certificate that is fetched from the provider"),
    ),
    ("THREE_D_EYE", Unchecked(NOT_PUBLIC)),
    (
        "TWITCH",
        Signed(&[Signature::hex(
            Sha256,
            after("twitch-eventsub-message-signature", "sha256="),
        )
        .over(&[
            At(Header("twitch-eventsub-message-id")),
            At(TWITCH_TIME),
            Body,
        ])
        .within(600, TWITCH_TIME, Unit::Rfc3339)]),
    ),
    (
        "ELEVENLABS",
        Signed(&[
            Signature::hex(Sha256, item("elevenlabs-signature", ",", "v0="))
                .over(&[At(ELEVENLABS_TIME), Text("."), Body])
                .within(1800, ELEVENLABS_TIME, Unit::Seconds),
        ]),
    ),
    (
        "ENODE",
        Signed(&[Signature::hex(Sha1, after("x-enode-signature", "sha1="))]),
    ),
    ("FAUNDIT", Unchecked(NOT_PUBLIC)),
    (
        "FAVRO",
        Signed(&[
            Signature::base64(Sha1, Header("x-favro-webhook")).over(&[At(Json("/payloadId")), Url])
        ]),
    ),
    (
        "LINEAR",
        Signed(&[Signature::hex(Sha256, Header("linear-signature")).within(
            60,
            Json("/webhookTimestamp"),
            Unit::Millis,
        )]),
    ),
    ("SHIPBOB", Unchecked(NOT_PUBLIC)),
    (
        "SHIPHERO",
        Signed(&[Signature::base64(Sha256, Header("x-shiphero-hmac-sha256"))]),
    ),
    (
        "SHOPLINE",
        Signed(&[
            Signature::base64(Sha256, Header("x-shopline-hmac-sha256")),
            Signature::hex(Sha256, Header("x-shopline-hmac-sha256")),
        ]),
    ),
    ("WIX", own("the body, a JWT", "RS256", own::wix)),
    (
        "NMI",
        Signed(&[
            Signature::hex(Sha256, item("webhook-signature", ",", "s=")).over(&[
                At(item("webhook-signature", ",", "t=")),
                Text("."),
                Body,
            ]),
        ]),
    ),
    ("NEON", Unchecked(KEY_FETCHED)),
    (
        "ORB",
        Signed(&[
            Signature::hex(Sha256, item("x-orb-signature", ",", "v1=")).over(&[
                Text("v1:"),
                At(Header("x-orb-timestamp")),
                Text(":"),
                Body,
            ]),
        ]),
    ),
    (
        "PYLON",
        Signed(&[
            Signature::hex(Sha256, after("pylon-webhook-signature", "hs256=")).over(&[
                At(Header("pylon-webhook-timestamp")),
                Text("."),
                Body,
            ]),
        ]),
    ),
    (
        "RAZORPAY",
        Signed(&[Signature::hex(Sha256, Header("x-razorpay-signature"))]),
    ),
    ("REPAY", Unchecked(NOT_PUBLIC)),
    (
        "SQUARE",
        Signed(&[
            Signature::base64(Sha256, Header("x-square-hmacsha256-signature")).over(&[Url, Body]),
        ]),
    ),
    (
        "SOLIDGATE",
        Signed(&[Signature::base64(Sha512, Header("signature"))
            .encoded(Encoding::HexInBase64)
            .over(&[At(Header("merchant")), Body, At(Header("merchant"))])]),
    ),
    (
        "TRELLO",
        Signed(&[Signature::base64(Sha1, Header("x-trello-webhook")).over(&[Body, Url])]),
    ),
    ("EBAY", Unchecked(KEY_FETCHED)),
    (
        "TELNYX",
        Signed(&[Signature::public_key(
            PublicKey::Ed25519,
            Header("telnyx-signature-ed25519"),
            "public_key",
        )
        .over(&[At(Header("telnyx-timestamp")), Text("|"), Body])
        .within(300, Header("telnyx-timestamp"), Unit::Seconds)]),
    ),
    (
        "DISCORD",
        Signed(&[Signature::public_key(
            PublicKey::Ed25519,
            Header("x-signature-ed25519"),
            "public_key",
        )
        .encoded(Encoding::Hex)
        .keyed(Key::Hex)
        .over(&[At(Header("x-signature-timestamp")), Body])]),
    ),
    ("TOKENIO", Unchecked(NOT_PUBLIC)),
    ("FISERV", Unchecked(NOT_PUBLIC)),
    (
        "FUSIONAUTH",
        own(
            "`x-fusionauth-signature-jwt`",
            "JWT, HS256, HS384 or HS512, with the SHA-256 of the body",
            own::fusionauth,
        ),
    ),
    ("BONDSMITH", Unchecked(NOT_PUBLIC)),
    (
        "VERCEL_LOG_DRAINS",
        Signed(&[Signature::hex(Sha1, Header("x-vercel-signature"))]),
    ),
    (
        "VERCEL",
        Signed(&[Signature::hex(Sha1, Header("x-vercel-signature"))]),
    ),
    (
        "TEBEX",
        Signed(&[Signature::hex(Sha256, Header("x-signature")).over(&[BodyDigest])]),
    ),
    (
        "SLACK",
        Signed(&[Signature::hex(Sha256, after("x-slack-signature", "v0="))
            .over(&[
                Text("v0:"),
                At(Header("x-slack-request-timestamp")),
                Text(":"),
                Body,
            ])
            .within(300, Header("x-slack-request-timestamp"), Unit::Seconds)]),
    ),
    (
        "SMARTCAR",
        Signed(&[Signature::hex(Sha256, Header("sc-signature"))]),
    ),
    (
        "MAILCHIMP",
        own(
            "`x-mandrill-signature`",
            "HMAC SHA-1, base64, of URL and sorted form",
            own::mandrill,
        ),
    ),
    (
        "NUVEMSHOP",
        Signed(&[Signature::hex(Sha256, Header("x-linkedstore-hmac-sha256"))]),
    ),
    (
        "PADDLE",
        Signed(
            &[Signature::hex(Sha256, item("paddle-signature", ";", "h1="))
                .over(&[At(PADDLE_TIME), Text(":"), Body])
                .within(5, PADDLE_TIME, Unit::Seconds)],
        ),
    ),
    (
        "PAYPAL",
        Unchecked("is signed with a certificate that is fetched from the provider"),
    ),
    (
        "PAYMOB",
        own(
            "query `hmac`",
            "HMAC SHA-512, hex, of fields of the transaction",
            own::paymob,
        ),
    ),
    (
        "PAYSTACK",
        Signed(&[Signature::hex(Sha512, Header("x-paystack-signature"))]),
    ),
    (
        "SCRAPFLY",
        Signed(&[Signature::hex(
            Sha256,
            Header("x-scrapfly-webhook-signature"),
        )]),
    ),
    ("PORTAL", Unchecked(NOT_PUBLIC)),
    (
        "TREEZOR",
        Signed(
            &[Signature::base64(Sha256, Json("/object_payload_signature"))
                .over(&[At(Place::Raw("object_payload"))])],
        ),
    ),
    ("PRAXIS", Unchecked(NOT_PUBLIC)),
    (
        "CUSTOMERIO",
        Signed(&[Signature::hex(Sha256, Header("x-cio-signature")).over(&[
            Text("v0:"),
            At(Header("x-cio-timestamp")),
            Text(":"),
            Body,
        ])]),
    ),
    (
        "EXACT_ONLINE",
        Signed(&[Signature::hex(Sha256, Json("/HashCode")).over(&[At(Place::Raw("Content"))])]),
    ),
    ("FACEBOOK", Signed(&[META])),
    ("WHATSAPP", Signed(&[META])),
    ("REPLICATE", Signed(&[STANDARD])),
    ("TIKKIE", NoCredentials("nothing")),
    (
        "TIKTOK",
        Signed(&[
            Signature::hex(Sha256, item("tiktok-signature", ",", "s=")).over(&[
                At(item("tiktok-signature", ",", "t=")),
                Text("."),
                Body,
            ]),
        ]),
    ),
    (
        "TIKTOK_SHOP",
        Signed(
            &[Signature::hex(Sha256, Header("authorization")).over(&[Setting("app_key"), Body])],
        ),
    ),
    (
        "AIRWALLEX",
        Signed(&[
            Signature::hex(Sha256, Header("x-signature")).over(&[At(Header("x-timestamp")), Body])
        ]),
    ),
    ("ASCEND", Unchecked(NOT_PUBLIC)),
    (
        "ALIPAY",
        own(
            "`signature` (`signature=`)",
            "RSA SHA-256, base64url or base64, of method, path, `client-id`, `request-time` and body",
            own::alipay,
        ),
    ),
    (
        "ZENDESK",
        Signed(&[
            Signature::base64(Sha256, Header("x-zendesk-webhook-signature"))
                .over(&[At(Header("x-zendesk-webhook-signature-timestamp")), Body]),
        ]),
    ),
    ("UPOLLO", Unchecked(NOT_PUBLIC)),
    ("SMILE", Unchecked(NOT_PUBLIC)),
    (
        "NYLAS",
        Signed(&[Signature::hex(Sha256, Header("x-nylas-signature"))]),
    ),
    (
        "CLIO",
        Signed(&[Signature::hex(Sha256, Header("x-hook-signature"))]),
    ),
    (
        "GOCARDLESS",
        Signed(&[Signature::hex(Sha256, Header("webhook-signature"))]),
    ),
    (
        "GOOGLE_PUBSUB",
        NoCredentials("a token signed with a key that is fetched from the provider"),
    ),
    (
        "LINKEDIN",
        Signed(&[
            Signature::hex(Sha256, item("x-li-signature", "", ""))
                .over(&[Text("hmacsha256="), Body]),
            Signature::hex(Sha256, after("x-li-signature", "hmacsha256="))
                .over(&[Text("hmacsha256="), Body]),
        ]),
    ),
    ("LITHIC", Signed(&[STANDARD])),
    ("STRAVA", NoCredentials("nothing")),
    (
        "UTILA",
        Signed(&[Signature::public_key(
            PublicKey::RsaPss(Sha512),
            Header("x-utila-signature"),
            "public_key",
        )]),
    ),
    (
        "MONDAY",
        NoCredentials("a JWT, if the app has a signing secret"),
    ),
    ("GREENDOT", BasicAuth),
    (
        "ZEROHASH",
        Signed(&[
            Signature::hex(Sha256, Header("x-zh-hook-signature"))
                .over(&[Body, At(ZEROHASH_TIME)])
                .within(300, ZEROHASH_TIME, Unit::Millis),
            Signature::hex(Sha256, Header("x-zh-hook-signature-256")),
        ]),
    ),
    ("ZIFT", NoCredentials("nothing")),
    ("ETHOCA", NoCredentials("nothing")),
    (
        "AIRTABLE",
        Signed(&[
            Signature::hex(Sha256, after("x-airtable-content-mac", "hmac-sha256="))
                .keyed(Key::Base64),
        ]),
    ),
    (
        "ASANA",
        Signed(&[Signature::hex(Sha256, Header("x-hook-signature"))]),
    ),
    (
        "ASHBY",
        Signed(&[Signature::hex(Sha256, after("ashby-signature", "sha256="))]),
    ),
    (
        "FASTSPRING",
        Signed(&[Signature::base64(Sha256, Header("x-fs-signature"))]),
    ),
    ("PAYPRO_GLOBAL", Unchecked(NOT_PUBLIC)),
    ("USPS", Unchecked(NOT_PUBLIC)),
    ("WALMART", Unchecked(NOT_PUBLIC)),
    (
        "FIREFLIES",
        Signed(&[Signature::hex(Sha256, after("x-hub-signature", "sha256="))]),
    ),
    ("FLEXPORT", Unchecked(NOT_PUBLIC)),
    (
        "UBER",
        Signed(&[Signature::hex(Sha256, Header("x-uber-signature"))]),
    ),
    (
        "WECHAT",
        Signed(&[Signature::public_key(
            PublicKey::Rsa(Sha256),
            Header("wechatpay-signature"),
            "public_key",
        )
        .over(&[
            At(WECHAT_TIME),
            Text(
                "
",
            ),
            At(Header("wechatpay-nonce")),
            Text(
                "
",
            ),
            Body,
            Text(
                "
",
            ),
        ])
        .within(300, WECHAT_TIME, Unit::Seconds)]),
    ),
    (
        "BUNNY_STREAM",
        Signed(&[Signature::hex(Sha256, Header("x-bunnystream-signature"))]),
    ),
    (
        "SHIPSTATION",
        Signed(&[Signature::public_key(
            PublicKey::Rsa(Sha256),
            Header("x-shipengine-rsa-sha256-signature"),
            "public_key",
        )
        .over(&[At(Header("x-shipengine-timestamp")), Text("."), Body])
        .within(300, Header("x-shipengine-timestamp"), Unit::Rfc3339)]),
    ),
    ("CIRCLE", Unchecked(KEY_FETCHED)),
    (
        "STATSIG",
        Signed(&[
            Signature::hex(Sha256, after("x-statsig-signature", "v0=")).over(&[
                Text("v0:"),
                At(Header("x-statsig-request-timestamp")),
                Text(":"),
                Body,
            ]),
        ]),
    ),
    (
        "VAPI",
        own(
            "header of choice, else `x-vapi-signature`",
            "HMAC of the body, algorithm and encoding of choice, else SHA-256 in hex",
            own::vapi,
        ),
    ),
    ("VOLUME", Unchecked(KEY_FETCHED)),
    (
        "FORMSTACK",
        own(
            "header of choice, else `x-fs-signature` (`sha256=`)",
            "HMAC SHA-256, hex, of body",
            own::formstack,
        ),
    ),
    ("HMAC", Hmac),
    ("BASIC_AUTH", BasicAuth),
    ("API_KEY", ApiKey),
    ("STANDARD_WEBHOOKS", Signed(&[STANDARD])),
];
