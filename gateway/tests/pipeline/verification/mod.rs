//! Requests of providers, signed and forged.

mod handshakes;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use hookdeck::models::{Request, Source};
use hookdeck_testkit::{Headers, Reply, START, World, seconds};
use serde_json::{Value, json};
use sha2::Sha256;

const BODY: &str = r#"{"id":"evt_1"}"#;
const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A source of a provider's type, connected so that what it takes is not rejected.
async fn source_of(world: &World, kind: &str, config: Value) -> Source {
    let name = kind.to_lowercase();
    let source = json!({"name": name, "type": kind, "config": config});
    world.connect(name).source(source).mock().await.source
}

async fn send(world: &World, source: &Source, headers: Headers<'_>, body: &str) -> Reply {
    let webhook = world.webhook(source).headers(headers);
    webhook.json(body).send().await
}

/// The requests of a source, newest first.
async fn requests(world: &World, source: &Source) -> Vec<Request> {
    let requests = world.client.requests().list().source_id(&source.id);
    requests.await.unwrap().items
}

/// Whether the newest request of the source was verified, and why it was rejected.
async fn newest(world: &World, source: &Source) -> (Option<bool>, Option<String>) {
    let request = requests(world, source).await.remove(0);
    let cause = request.rejection_cause;
    (
        request.verified,
        cause.map(|cause| cause.as_str().to_owned()),
    )
}

fn sign(secret: &str, message: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let tag = mac.chain_update(message.as_bytes()).finalize().into_bytes();
    tag.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn refused() -> (Option<bool>, Option<String>) {
    (Some(false), Some("VERIFICATION_FAILED".into()))
}

#[tokio::test]
async fn a_signed_request_is_verified_and_a_forged_one_recorded_as_such() {
    let world = World::start().await;
    let auth = json!({"auth": {"webhook_secret_key": "s3cret"}});
    let source = source_of(&world, "GITHUB", auth).await;
    let good = format!("sha256={}", sign("s3cret", BODY));
    let reply = send(&world, &source, &[("x-hub-signature-256", &good)], BODY).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(newest(&world, &source).await, (Some(true), None));

    let forged = format!("sha256={}", sign("guess", BODY));
    let reply = send(&world, &source, &[("x-hub-signature-256", &forged)], BODY).await;
    assert_eq!((reply.status, &*reply.text), (401, ""));
    assert_eq!(newest(&world, &source).await, refused());
    assert_eq!(requests(&world, &source).await[0].events_count, Some(0));

    let reply = send(&world, &source, &[], BODY).await;
    assert_eq!((reply.status, &*reply.text), (401, ""));
    assert_eq!(requests(&world, &source).await.len(), 3);
}

#[tokio::test]
async fn stripe_is_not_told_that_a_signature_was_refused() {
    let world = World::start().await;
    let auth = json!({"auth": {"webhook_secret_key": "whsec_x"}});
    let source = source_of(&world, "STRIPE", auth).await;
    let signature =
        |secret: &str| format!("t={START},v1={}", sign(secret, &format!("{START}.{BODY}")));
    let reply = send(
        &world,
        &source,
        &[("stripe-signature", &signature("whsec_x"))],
        BODY,
    )
    .await;
    assert_eq!(reply.status, 200);
    assert_eq!(newest(&world, &source).await, (Some(true), None));
    let reply = send(
        &world,
        &source,
        &[("stripe-signature", &signature("whsec_y"))],
        BODY,
    )
    .await;
    assert_eq!(
        (reply.status, &reply.json()["status"]),
        (200, &json!("SUCCESS"))
    );
    assert_eq!(newest(&world, &source).await, refused());
}

#[tokio::test]
async fn the_gateways_clock_says_what_is_stale() {
    let world = World::start().await;
    let auth = json!({"auth": {"webhook_secret_key": "s"}});
    let source = source_of(&world, "SLACK", auth).await;
    let time = START.to_string();
    let signature = format!("v0={}", sign("s", &format!("v0:{time}:{BODY}")));
    let headers = [
        ("x-slack-signature", &*signature),
        ("x-slack-request-timestamp", &*time),
    ];
    world.advance(seconds(300)).await;
    assert_eq!(send(&world, &source, &headers, BODY).await.status, 200);
    world.advance(seconds(60)).await;
    assert_eq!(send(&world, &source, &headers, BODY).await.status, 401);
    assert_eq!(newest(&world, &source).await, refused());
}

#[tokio::test]
async fn a_signature_over_the_url_is_over_the_url_posted_to() {
    let world = World::start().await;
    let auth = json!({"auth": {"webhook_secret_key": "s"}});
    let source = source_of(&world, "HUBSPOT", auth).await;
    let time = (START * 1_000).to_string();
    for (posted, signed, status) in [
        ("/in?a=1", "/in?a=1", 200),
        ("/in?a=1", "/in?a=2", 401),
        ("", "", 200),
    ] {
        let message = format!("POST{}{signed}{BODY}{time}", source.url);
        let mac = Hmac::<Sha256>::new_from_slice(b"s").unwrap();
        let tag = mac.chain_update(message.as_bytes()).finalize().into_bytes();
        let signature = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, tag);
        let headers = [
            ("x-hubspot-signature-v3", &*signature),
            ("x-hubspot-request-timestamp", &*time),
        ];
        let reply = world
            .webhook(&source)
            .path(posted)
            .headers(&headers)
            .json(BODY)
            .send()
            .await;
        assert_eq!(reply.status, status, "{posted} signed as {signed}");
    }
}

#[tokio::test]
async fn what_cannot_be_checked_flows_as_unverified() {
    let world = World::start().await;
    let source = source_of(&world, "PAYPAL", json!({"auth": {"webhook_id": "w"}})).await;
    let reply = send(&world, &source, &[("paypal-transmission-sig", "x")], BODY).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(newest(&world, &source).await, (Some(false), None));
    assert_eq!(requests(&world, &source).await[0].events_count, Some(1));
}

#[tokio::test]
async fn without_a_secret_everything_is_taken_as_unverified() {
    let world = World::start().await;
    let source = source_of(&world, "SHOPIFY", json!({})).await;
    assert_eq!(send(&world, &source, &[], BODY).await.status, 200);
    assert_eq!(newest(&world, &source).await, (Some(false), None));
}

#[tokio::test]
async fn gitlab_is_verified_by_the_scheme_its_source_chooses() {
    let world = World::start().await;
    let config = json!({"auth_type": "GITLAB", "auth": {"api_key": "t0ken"}});
    let source = source_of(&world, "GITLAB", config).await;
    assert_eq!(
        send(&world, &source, &[("x-gitlab-token", "t0ken")], BODY)
            .await
            .status,
        200
    );
    assert_eq!(newest(&world, &source).await, (Some(true), None));
    assert_eq!(
        send(&world, &source, &[("x-gitlab-token", "token")], BODY)
            .await
            .status,
        401
    );
}

/// The headers of Standard Webhooks over a body, signed at this moment with this secret.
fn standard(secret: &str, at: i64, body: &str) -> [(&'static str, String); 3] {
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let tag = mac.chain_update(format!("msg_1.{at}.{body}")).finalize();
    [
        ("webhook-id", "msg_1".to_owned()),
        ("webhook-timestamp", at.to_string()),
        (
            "webhook-signature",
            format!("v1,{}", STANDARD.encode(tag.into_bytes())),
        ),
    ]
}

async fn send_standard(
    world: &World,
    source: &Source,
    headers: &[(&'static str, String); 3],
    path: &str,
    body: &str,
) -> Reply {
    let headers = headers.each_ref().map(|(name, value)| (*name, &**value));
    let webhook = world.webhook(source).path(path).headers(&headers);
    webhook.json(body).send().await
}

#[tokio::test]
async fn types_that_are_answered_before_they_are_checked_are_told_nothing() {
    let world = World::start().await;
    let secret = json!({"auth": {"webhook_secret_key": WHSEC}});
    let chosen = |auth_type: &str, auth: Value| json!({"auth_type": auth_type, "auth": auth});
    let generic = json!({"webhook_secret_key": "s", "algorithm": "sha256", "encoding": "hex", "header_key": "x-sig"});
    for (kind, name, config, status) in [
        ("STRIPE", "stripe", secret.clone(), 200),
        ("RESEND", "resend", secret.clone(), 200),
        ("SVIX", "svix", secret.clone(), 200),
        ("OPENAI", "openai", secret.clone(), 200),
        ("MCP_EVENTS", "mcp", secret.clone(), 200),
        (
            "WEBHOOK",
            "standard",
            chosen("STANDARD_WEBHOOKS", json!({"webhook_secret_key": WHSEC})),
            200,
        ),
        ("GITHUB", "github", secret.clone(), 401),
        ("SHOPIFY", "shopify", secret.clone(), 401),
        ("WEBHOOK", "hmac", chosen("HMAC", generic), 401),
        (
            "WEBHOOK",
            "basic",
            chosen("BASIC_AUTH", json!({"username": "u", "password": "p"})),
            401,
        ),
        (
            "WEBHOOK",
            "key",
            chosen("API_KEY", json!({"header_key": "x-key", "api_key": "k"})),
            401,
        ),
    ] {
        let source = json!({"name": name, "type": kind, "config": config});
        let source = world.connect(name).source(source).mock().await.source;
        let forged = [
            ("webhook-signature", "v1,AAAA"),
            ("svix-signature", "v1,AAAA"),
        ];
        for headers in [&forged[..], &[]] {
            let reply = send(&world, &source, headers, BODY).await;
            assert_eq!(reply.status, status, "{name}");
            if status == 200 {
                assert_eq!(reply.json()["status"], "SUCCESS", "{name}");
            } else {
                assert_eq!(reply.text, "", "{name}");
            }
            assert_eq!(newest(&world, &source).await, refused(), "{name}");
            let request = requests(&world, &source).await.remove(0);
            assert_eq!(request.events_count, Some(0), "{name}");
        }
    }
}

#[tokio::test]
async fn standard_webhooks_may_be_chosen_for_a_generic_source() {
    let world = World::start().await;
    let config = json!({"auth_type": "STANDARD_WEBHOOKS", "auth": {"webhook_secret_key": WHSEC}});
    let source = source_of(&world, "WEBHOOK", config).await;
    let mut signed = standard(WHSEC, START, BODY);
    send_standard(&world, &source, &signed, "", BODY).await;
    assert_eq!(newest(&world, &source).await, (Some(true), None));
    // One good entry among several is enough.
    signed[2].1 = format!("v1,AAAA {}", signed[2].1);
    send_standard(&world, &source, &signed, "", BODY).await;
    assert_eq!(newest(&world, &source).await, (Some(true), None));
    let stale = standard(WHSEC, START - 301, BODY);
    send_standard(&world, &source, &stale, "", BODY).await;
    assert_eq!(newest(&world, &source).await, refused());
}

#[tokio::test]
async fn challenges_of_mcp_servers_are_answered_and_their_events_may_be_old() {
    const OTHER: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let world = World::start().await;
    let auth = json!({"auth": {"webhook_secret_key": WHSEC}});
    let source = source_of(&world, "MCP_EVENTS", auth).await;
    let challenge = r#"{"type":"verification","challenge":"c1"}"#;
    for path in ["", "/any/path?x=1"] {
        for at in [START, START - 300, START + 300] {
            let signed = standard(WHSEC, at, challenge);
            let reply = send_standard(&world, &source, &signed, path, challenge).await;
            assert_eq!((reply.status, &*reply.text), (200, r#"{"challenge":"c1"}"#));
        }
    }
    assert!(requests(&world, &source).await.is_empty());
    for (secret, at) in [(OTHER, START), (WHSEC, START - 301), (WHSEC, START + 301)] {
        let signed = standard(secret, at, challenge);
        let reply = send_standard(&world, &source, &signed, "", challenge).await;
        assert_eq!((reply.status, &*reply.text), (401, ""), "{secret} {at}");
        assert_eq!(newest(&world, &source).await, refused());
    }

    // Everything else is an event, and of any age.
    for body in [
        r#"{"id":"evt_1","type":"event"}"#,
        r#"{"type":"gap"}"#,
        r#"{"type":"terminated"}"#,
        r#"{"type":"verification"}"#,
        r#"{"type":"verification","challenge":7}"#,
    ] {
        let signed = standard(WHSEC, START - 86_400, body);
        let reply = send_standard(&world, &source, &signed, "", body).await;
        assert_eq!(reply.json()["status"], "SUCCESS", "{body}");
        assert_eq!(newest(&world, &source).await, (Some(true), None), "{body}");
        let forged = standard(OTHER, START, body);
        let reply = send_standard(&world, &source, &forged, "", body).await;
        assert_eq!(reply.status, 200, "{body}");
        assert_eq!(newest(&world, &source).await, refused(), "{body}");
    }
}

#[tokio::test]
async fn the_forms_of_mailgun_are_verified_as_its_json_is() {
    let world = World::start().await;
    let auth = json!({"auth": {"webhook_secret_key": "s"}});
    let source = source_of(&world, "MAILGUN", auth).await;
    let good = sign("s", "1800000000t0");
    let bad = sign("x", "1800000000t0");
    let form = "application/x-www-form-urlencoded";
    let nested = |signature: &str| json!({"signature": {"timestamp": "1800000000", "token": "t0", "signature": signature}});
    let flat = |signature: &str| {
        format!("event=opened&timestamp=1800000000&token=t0&signature={signature}")
    };
    for (content_type, body, expected) in [
        (form, flat(&good), (Some(true), None)),
        (form, flat(&bad), refused()),
        (form, "timestamp=1800000000&token=t0".to_owned(), refused()),
        (
            "application/json",
            nested(&good).to_string(),
            (Some(true), None),
        ),
        ("application/json", nested(&bad).to_string(), refused()),
    ] {
        let headers = [("content-type", content_type)];
        let webhook = world.webhook(&source).headers(&headers);
        webhook.body(body.clone()).send().await;
        assert_eq!(newest(&world, &source).await, expected, "{body}");
    }
}

#[tokio::test]
async fn what_is_published_is_verified_whatever_the_source_asks_of_others() {
    let world = World::start().await;
    let secret = json!({"auth": {"webhook_secret_key": WHSEC}});
    let hmac = json!({"auth_type": "HMAC", "auth": {"webhook_secret_key": "s",
        "algorithm": "sha256", "encoding": "hex", "header_key": "x-sig"}});
    for (kind, name, config) in [
        ("PUBLISH_API", "publish", json!({})),
        ("WEBHOOK", "generic", json!({})),
        ("WEBHOOK", "hmac", hmac),
        ("STRIPE", "stripe", secret.clone()),
        ("SLACK", "slack", secret.clone()),
        ("MCP_EVENTS", "mcp", secret),
    ] {
        let source = json!({"name": name, "type": kind, "config": config});
        let source = world.connect(name).source(source).await.source;
        // Nobody's question either, though it looks like one.
        let body = r#"{"type":"url_verification","challenge":"c1"}"#;
        let published = world
            .api
            .http
            .post(format!("{}/v1/publish", world.gateway.api_url()))
            .bearer_auth(world.gateway.api_key())
            .header("x-hookdeck-source-name", name)
            .header("x-hookdeck-verified", "false")
            .header("content-type", "application/json")
            .body(body);
        let published = published.send().await.unwrap();
        assert_eq!(published.status(), 200, "{name}");
        assert_eq!(newest(&world, &source).await, (Some(true), None), "{name}");
        world.settle().await;
        let delivered = world.receiver.next().await;
        assert_eq!(delivered.header("x-hookdeck-verified"), "true", "{name}");
        assert_eq!(delivered.text(), body);
    }
}

#[tokio::test]
async fn a_source_for_publishing_takes_nothing_at_its_url() {
    let world = World::start().await;
    let source = source_of(&world, "PUBLISH_API", json!({})).await;
    let id = source.id.as_str().strip_prefix("src_").unwrap();
    let url = format!("{}/e/{id}", world.gateway.api_url());
    let reply = world.webhook(&*url).json(BODY).send().await;
    assert_eq!((reply.status, &*reply.text), (401, ""));
    assert_eq!(newest(&world, &source).await, refused());
    assert_eq!(requests(&world, &source).await[0].events_count, Some(0));
}

#[tokio::test]
async fn a_changed_secret_replaces_the_old_one_at_once() {
    let world = World::start().await;
    let config = |secret: &str| json!({"auth": {"webhook_secret_key": secret}});
    let source = source_of(&world, "GITHUB", config("old")).await;
    let path = format!("/sources/{}", source.id);
    let changed = json!({"type": "GITHUB", "config": config("new")});
    world.api.ok("PUT", &path, changed).await;
    for (secret, status) in [("old", 401), ("new", 200)] {
        let signature = format!("sha256={}", sign(secret, BODY));
        let headers = [("x-hub-signature-256", signature.as_str())];
        let reply = send(&world, &source, &headers, BODY).await;
        assert_eq!(reply.status, status, "{secret}");
    }
}
