//! The questions by which a provider makes sure that a URL is its customer's, and their answers.
//!
//! A handshake is no event: it is answered at once, whatever methods the source takes, and not recorded. That is our
//! choice; what the live API records of them is not known. Where a provider signs its handshakes, one that is not
//! signed well is no handshake and goes the way of every other request. A disabled source answers none.
//!
//! The confirmation that AWS SNS asks for is a visit to a URL outside, which this gateway does not make: the request
//! is taken like any other, so that a destination can make the visit.

use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::verification::{
    HashAlgorithm, SECRET, ValueLocation, Verification, VerificationInput, base64, verify,
};
use crate::request::ReceivedRequest;
use ValueLocation::{Header, Json, Query};

/// A question that a provider's types may ask.
struct Handshake {
    types: &'static [&'static str],
    method: &'static str,
    /// What makes a request the question: what stands in these places, if only one value will do.
    asked: &'static [(ValueLocation, Option<&'static str>)],
    reply: HandshakeTemplate,
    /// Whether it is signed like any other request.
    signed: bool,
}

/// What is answered, with status 200 unless said otherwise.
enum HandshakeTemplate {
    Empty,
    /// Nothing, to a request that looks like this.
    EmptyTo(fn(&ReceivedRequest) -> bool),
    /// What stands there, as text.
    Text(ValueLocation),
    /// What stands there, as the only member of an object.
    Member(&'static str, ValueLocation),
    /// What stands there, as a header.
    Header(&'static str, ValueLocation),
    /// An object, if the source has what it takes.
    Own(fn(&VerificationInput<'_>) -> Option<Value>),
}

const fn get(
    types: &'static [&'static str],
    asked: &'static [(ValueLocation, Option<&'static str>)],
    reply: HandshakeTemplate,
) -> Handshake {
    handshake("GET", types, asked, reply)
}

const fn post(
    types: &'static [&'static str],
    asked: &'static [(ValueLocation, Option<&'static str>)],
    reply: HandshakeTemplate,
) -> Handshake {
    handshake("POST", types, asked, reply)
}

const fn handshake(
    method: &'static str,
    types: &'static [&'static str],
    asked: &'static [(ValueLocation, Option<&'static str>)],
    reply: HandshakeTemplate,
) -> Handshake {
    Handshake {
        types,
        method,
        asked,
        reply,
        signed: false,
    }
}

impl Handshake {
    const fn signed(self) -> Self {
        Self {
            signed: true,
            ..self
        }
    }
}

const HUB: (ValueLocation, Option<&str>) = (Query("hub.mode"), Some("subscribe"));
const HOOK_SECRET: ValueLocation = Header("x-hook-secret");

const HANDSHAKES: &[Handshake] = &[
    get(
        &["FACEBOOK", "WHATSAPP"],
        &[HUB],
        HandshakeTemplate::Text(Query("hub.challenge")),
    ),
    get(
        &["STRAVA"],
        &[HUB, (Query("hub.verify_token"), Some("STRAVA"))],
        HandshakeTemplate::Member("hub.challenge", Query("hub.challenge")),
    ),
    post(
        &["SLACK"],
        &[(Json("/type"), Some("url_verification"))],
        HandshakeTemplate::Member("challenge", Json("/challenge")),
    )
    .signed(),
    post(
        &["DISCORD"],
        &[(Json("/type"), Some("1"))],
        HandshakeTemplate::Own(discord),
    )
    .signed(),
    post(
        &["ZOOM"],
        &[(Json("/event"), Some("endpoint.url_validation"))],
        HandshakeTemplate::Own(zoom),
    )
    .signed(),
    get(
        &["OKTA"],
        &[],
        HandshakeTemplate::Member("verification", Header("x-okta-verification-challenge")),
    ),
    post(
        &["MICROSOFT_GRAPH"],
        &[],
        HandshakeTemplate::Text(Query("validationToken")),
    ),
    post(
        &["MICROSOFT_GRAPH", "MICROSOFT_SHAREPOINT"],
        &[],
        HandshakeTemplate::Text(Query("validationtoken")),
    ),
    post(
        &["MONDAY"],
        &[],
        HandshakeTemplate::Member("challenge", Json("/challenge")),
    ),
    post(
        &["TWITCH"],
        &[(
            Header("twitch-eventsub-message-type"),
            Some("webhook_callback_verification"),
        )],
        HandshakeTemplate::Text(Json("/challenge")),
    )
    .signed(),
    get(&["TWITTER"], &[], HandshakeTemplate::Own(twitter)),
    get(&["NYLAS"], &[], HandshakeTemplate::Text(Query("challenge"))),
    get(&["EBAY"], &[], HandshakeTemplate::Own(ebay)),
    get(&["LINKEDIN"], &[], HandshakeTemplate::Own(linkedin)),
    get(
        &["OURA"],
        &[],
        HandshakeTemplate::Member("challenge", Query("challenge")),
    ),
    post(
        &["ASANA", "CLIO"],
        &[],
        HandshakeTemplate::Header("x-hook-secret", HOOK_SECRET),
    ),
    post(
        &["RING_CENTRAL"],
        &[],
        HandshakeTemplate::Header("validation-token", Header("validation-token")),
    ),
    post(
        &["FRONTAPP"],
        &[],
        HandshakeTemplate::Text(Header("x-front-challenge")),
    )
    .signed(),
    post(
        &["TEBEX"],
        &[(Json("/type"), Some("validation.webhook"))],
        HandshakeTemplate::Member("id", Json("/id")),
    )
    .signed(),
    post(
        &["MCP_EVENTS"],
        &[(Json("/type"), Some("verification"))],
        HandshakeTemplate::Own(mcp_events),
    )
    .signed(),
    post(
        &["WOOCOMMERCE"],
        &[(Json("/webhook_id"), None)],
        HandshakeTemplate::EmptyTo(woocommerce),
    ),
    post(
        &["SMARTCAR"],
        &[(Json("/eventName"), Some("verify"))],
        HandshakeTemplate::Own(|input| smartcar(input, "/payload/challenge")),
    ),
    post(
        &["SMARTCAR"],
        &[(Json("/eventType"), Some("VERIFY"))],
        HandshakeTemplate::Own(|input| smartcar(input, "/data/challenge")),
    ),
    post(
        &["AZURE_EVENT_GRID"],
        &[(Header("aeg-event-type"), Some("SubscriptionValidation"))],
        HandshakeTemplate::Member("validationResponse", Json("/0/data/validationCode")),
    ),
    handshake(
        "OPTIONS",
        &["AZURE_EVENT_GRID"],
        &[],
        HandshakeTemplate::Header("webhook-allowed-origin", Header("webhook-request-origin")),
    ),
    handshake(
        "HEAD",
        &["TRELLO", "MAILCHIMP", "INTERCOM"],
        &[],
        HandshakeTemplate::Empty,
    ),
    get(&["MAILCHIMP"], &[], HandshakeTemplate::Empty),
];

/// The types that have a handshake, for the table of providers.
#[cfg(test)]
pub(super) fn types() -> std::collections::BTreeSet<&'static str> {
    let types = HANDSHAKES.iter().flat_map(|handshake| handshake.types);
    types.copied().collect()
}

/// The answer to a request, if it is a handshake of the source's scheme.
pub(super) fn answer(scheme: &str, input: &VerificationInput<'_>) -> Option<HandshakeReply> {
    HANDSHAKES
        .iter()
        .filter(|handshake| {
            handshake.types.contains(&scheme) && handshake.method == input.received.method
        })
        .filter(|handshake| {
            handshake.asked.iter().all(|(place, wanted)| {
                let found = place.first(input.received);
                found.is_some_and(|found| wanted.is_none_or(|wanted| found == wanted))
            })
        })
        .filter(|handshake| !handshake.signed || verify(scheme, input) != Verification::Failed)
        .find_map(|handshake| handshake.reply.to(input))
}

/// An answer to a handshake.
#[derive(Default)]
pub struct HandshakeReply {
    pub content_type: Option<&'static str>,
    pub header: Option<(&'static str, String)>,
    pub body: String,
}

/// Says nothing of the answer, which may hold a secret.
impl std::fmt::Debug for HandshakeReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HandshakeReply").finish_non_exhaustive()
    }
}

impl HandshakeTemplate {
    fn to(&self, input: &VerificationInput<'_>) -> Option<HandshakeReply> {
        let said = |place: &ValueLocation| {
            place
                .first(input.received)
                .map(std::borrow::Cow::into_owned)
        };
        let object = |value: Value| HandshakeReply {
            content_type: Some("application/json; charset=utf-8"),
            header: None,
            body: value.to_string(),
        };
        Some(match self {
            Self::Empty => HandshakeReply::default(),
            Self::EmptyTo(looks) => {
                return looks(input.received).then(HandshakeReply::default);
            }
            Self::Text(place) => HandshakeReply {
                content_type: Some("text/plain; charset=utf-8"),
                header: None,
                body: said(place)?,
            },
            Self::Member(name, place) => object(json!({ *name: said(place)? })),
            Self::Header(name, place) => HandshakeReply {
                content_type: None,
                header: Some((name, said(place)?)),
                body: String::new(),
            },
            Self::Own(make) => object(make(input)?),
        })
    }
}

fn mcp_events(input: &VerificationInput<'_>) -> Option<Value> {
    let challenge = input.received.value["challenge"].as_str()?;
    Some(json!({ "challenge": challenge }))
}

/// The form `webhook_id=4` and nothing else, which WooCommerce sends unsigned when a webhook is saved. What it sends
/// later has a topic.
fn woocommerce(received: &ReceivedRequest) -> bool {
    let members = received.value.as_object();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    members.is_some_and(|members| members.len() == 1)
        && received.value["webhook_id"].as_str().is_some_and(digits)
        && received.header("x-wc-webhook-topic").is_none()
}

/// A ping of the interactions endpoint. A webhook event has the same type, and what it is about.
fn discord(input: &VerificationInput<'_>) -> Option<Value> {
    input
        .received
        .value
        .get("event")
        .is_none()
        .then(|| json!({"type": 1}))
}

fn zoom(input: &VerificationInput<'_>) -> Option<Value> {
    let token = Json("/payload/plainToken").first(input.received)?;
    let key = input.setting(SECRET)?.as_bytes();
    let encrypted = HEXLOWER.encode(&HashAlgorithm::Sha256.hmac(key, token.as_bytes()));
    Some(json!({"plainToken": token, "encryptedToken": encrypted}))
}

fn twitter(input: &VerificationInput<'_>) -> Option<Value> {
    let token = Query("crc_token").first(input.received)?;
    let key = input.setting("api_key")?.as_bytes();
    let response = base64(&HashAlgorithm::Sha256.hmac(key, token.as_bytes()));
    Some(json!({"response_token": format!("sha256={response}")}))
}

/// The digest covers the URL as eBay has it, without a query.
fn ebay(input: &VerificationInput<'_>) -> Option<Value> {
    let code = Query("challenge_code").first(input.received)?;
    let token = input.setting("verification_token")?;
    let url = input.urls.first()?.split('?').next()?;
    let digest = HashAlgorithm::Sha256.digest(format!("{code}{token}{url}").as_bytes());
    Some(json!({"challengeResponse": HEXLOWER.encode(&digest)}))
}

fn linkedin(input: &VerificationInput<'_>) -> Option<Value> {
    let code = Query("challengeCode").first(input.received)?;
    let key = input.setting(SECRET)?.as_bytes();
    let response = HEXLOWER.encode(&HashAlgorithm::Sha256.hmac(key, code.as_bytes()));
    Some(json!({"challengeCode": code, "challengeResponse": response}))
}

fn smartcar(input: &VerificationInput<'_>, pointer: &'static str) -> Option<Value> {
    let challenge = Json(pointer).first(input.received)?;
    let key = input.setting(SECRET)?.as_bytes();
    Some(
        json!({"challenge": HEXLOWER.encode(&HashAlgorithm::Sha256.hmac(key, challenge.as_bytes()))}),
    )
}
