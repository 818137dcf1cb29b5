//! Credentials that need nobody else.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use hookdeck_testkit::{Answer, Receiver, START, World};
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{code, only_attempt};

/// Made for these tests; it opens nothing.
const SERVICE_ACCOUNT_KEY: &str = include_str!("service_account.pem");

fn authenticated(url: &str, auth_type: &str, auth: Value) -> Value {
    json!({"url": url, "auth_type": auth_type, "auth": auth})
}

#[tokio::test]
async fn fixed_credentials_stand_where_the_destination_wants_them() {
    let cases = [
        (
            "BASIC_AUTH",
            json!({"username": "u", "password": "p:1"}),
            "authorization",
            "Basic dTpwOjE=",
        ),
        (
            "BEARER_TOKEN",
            json!({"token": "t"}),
            "authorization",
            "Bearer t",
        ),
        (
            "API_KEY",
            json!({"key": "X-Key", "api_key": "k", "to": "header"}),
            "x-key",
            "k",
        ),
        // HMAC-SHA256 of {"n":1} under s3cret, worked out with openssl.
        (
            "CUSTOM_SIGNATURE",
            json!({"key": "x-sig", "signing_secret": "s3cret"}),
            "x-sig",
            "jwEZF59yoe4d3W6hk9csVDAif07LklXqpUSZuWVZxK0=",
        ),
    ];
    for (auth_type, auth, name, value) in cases {
        let world = World::start().await;
        let attempt = only_attempt(
            &world,
            "a",
            authenticated(&world.receiver.url, auth_type, auth),
        )
        .await;
        assert_eq!(attempt.response_status, Some(200), "{auth_type}");
        assert_eq!(
            world.receiver.deliveries()[0].header(name),
            value,
            "{auth_type}"
        );
    }
}

#[tokio::test]
async fn credentials_that_fit_into_no_header_fail_the_attempt() {
    let world = World::start().await;
    for (name, auth_type, auth) in [
        ("a", "BEARER_TOKEN", json!({"token": "two\nlines"})),
        (
            "b",
            "API_KEY",
            json!({"key": "a header", "api_key": "k", "to": "header"}),
        ),
    ] {
        let attempt = only_attempt(
            &world,
            name,
            authenticated(&world.receiver.url, auth_type, auth),
        )
        .await;
        assert_eq!(code(&attempt), "INVALID_CHARACTER");
        assert_eq!(attempt.delivered_at, None);
    }
    assert!(world.receiver.deliveries().is_empty());
}

#[tokio::test]
async fn an_api_key_in_the_query_is_sent_and_not_shown() {
    let world = World::start().await;
    let auth = json!({"key": "k", "api_key": "hidden", "to": "query"});
    let url = format!("{}/in?v=1", world.receiver.url);
    let attempt = only_attempt(&world, "a", authenticated(&url, "API_KEY", auth)).await;
    assert_eq!(world.receiver.deliveries()[0].uri, "/in?v=1&k=hidden");
    assert_eq!(attempt.requested_url.as_deref(), Some(url.as_str()));
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What AWS does with what arrives: it works the signature out again from the request as it came.
#[tokio::test]
async fn an_aws_signature_holds_for_what_arrives() {
    let world = World::start().await;
    let auth = json!({
        "access_key_id": "AKID", "secret_access_key": "shh", "region": "eu-west-1", "service": "lambda",
    });
    let url = format!("{}/fn", world.receiver.url);
    let connection = world
        .connect("a")
        .config(authenticated(&url, "AWS_SIGNATURE", auth))
        .await;
    world
        .webhook(&connection)
        .path("/a%20b?y=2&x=1")
        .header("x-amz-meta-shop", "7")
        .header("x-amz-security-token", "the producer's own")
        .header("authorization", "the producer's own")
        .json(r#"{"n":1}"#)
        .taken()
        .await;
    world.settle().await;

    let received = &world.receiver.deliveries()[0];
    assert_eq!(received.uri, "/fn/a%20b?y=2&x=1");
    assert_eq!(received.header("x-amz-date"), "20270115T080000Z");
    assert_eq!(received.header("x-amz-security-token"), "(absent)");
    let digest = hex(&Sha256::digest(br#"{"n":1}"#));
    let host = world.receiver.url.strip_prefix("http://").unwrap();
    let canonical = format!(
        "POST\n/fn/a%2520b\nx=1&y=2\ncontent-type:application/json\nhost:{host}\n\
         x-amz-date:20270115T080000Z\nx-amz-meta-shop:7\n\n\
         content-type;host;x-amz-date;x-amz-meta-shop\n{digest}"
    );
    let scope = "20270115/eu-west-1/lambda/aws4_request";
    let text = format!(
        "AWS4-HMAC-SHA256\n20270115T080000Z\n{scope}\n{}",
        hex(&Sha256::digest(canonical))
    );
    let key = hmac(b"AWS4shh", "20270115");
    let key = hmac(&hmac(&hmac(&key, "eu-west-1"), "lambda"), "aws4_request");
    let signature = hex(&hmac(&key, &text));
    assert_eq!(
        received.header("authorization"),
        format!(
            "AWS4-HMAC-SHA256 Credential=AKID/{scope}, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-meta-shop, Signature={signature}"
        )
    );
}

fn service_account(token_uri: &str) -> String {
    json!({
        "type": "service_account",
        "client_email": "robot@project.iam.test",
        "private_key_id": "key-1",
        "private_key": SERVICE_ACCOUNT_KEY,
        "token_uri": token_uri,
    })
    .to_string()
}

/// The header and the claims of a token that the service account's key has signed.
fn verified(token: &str) -> (Value, Value) {
    let der = STANDARD
        .decode(
            SERVICE_ACCOUNT_KEY
                .lines()
                .filter(|line| !line.starts_with('-'))
                .collect::<String>(),
        )
        .unwrap();
    let key = RsaKeyPair::from_pkcs8(&der).unwrap();
    let (text, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref())
        .verify(text.as_bytes(), &signature)
        .unwrap();
    let part = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let (header, claims) = text.split_once('.').unwrap();
    (part(header), part(claims))
}

#[tokio::test]
async fn a_service_account_without_scope_signs_a_token_for_the_destination_itself() {
    let world = World::start().await;
    let auth = json!({"service_account_key": service_account("http://127.0.0.1:1/")});
    let url = format!("{}/run", world.receiver.url);
    only_attempt(
        &world,
        "a",
        authenticated(&url, "GCP_SERVICE_ACCOUNT", auth),
    )
    .await;
    let received = &world.receiver.deliveries()[0];
    let token = received
        .header("authorization")
        .strip_prefix("Bearer ")
        .unwrap();
    assert_eq!(
        verified(token),
        (
            json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"}),
            json!({
                "iss": "robot@project.iam.test",
                "sub": "robot@project.iam.test",
                "aud": format!("{}/", world.receiver.url),
                "iat": START,
                "exp": START + 3_600,
            })
        )
    );
}

#[tokio::test]
async fn a_service_account_with_scope_exchanges_what_it_signs_for_a_token() {
    let server = Receiver::scripted(|_, _| {
        Answer::json(&json!({"access_token": "ya29", "expires_in": 3_599, "token_type": "Bearer"}))
    })
    .await;
    let world = World::start().await;
    let token_uri = format!("{}/token", server.url);
    let auth = json!({
        "service_account_key": service_account(&token_uri),
        "scope": "https://www.googleapis.com/auth/cloud-platform",
    });
    only_attempt(
        &world,
        "a",
        authenticated(&world.receiver.url, "GCP_SERVICE_ACCOUNT", auth),
    )
    .await;
    assert_eq!(
        world.receiver.deliveries()[0].header("authorization"),
        "Bearer ya29"
    );

    let asked = &server.deliveries()[0];
    assert_eq!(
        (asked.method.as_str(), asked.uri.path()),
        ("POST", "/token")
    );
    assert_eq!(
        asked.field("grant_type").as_deref(),
        Some("urn:ietf:params:oauth:grant-type:jwt-bearer")
    );
    let (_, claims) = verified(&asked.field("assertion").unwrap());
    assert_eq!(
        claims,
        json!({
            "iss": "robot@project.iam.test",
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "aud": token_uri,
            "iat": START,
            "exp": START + 3_600,
        })
    );
}

#[tokio::test]
async fn a_service_account_key_that_is_none_fails_the_handshake() {
    let world = World::start().await;
    let auth = json!({"service_account_key": "{\"client_email\": \"a@b\"}"});
    let attempt = only_attempt(
        &world,
        "a",
        authenticated(&world.receiver.url, "GCP_SERVICE_ACCOUNT", auth),
    )
    .await;
    assert_eq!(code(&attempt), "OAUTH2_HANDSHAKE_FAILED");
    assert!(world.receiver.deliveries().is_empty());
}
