//! The questions by which providers try a URL out.

use super::*;

#[tokio::test]
async fn handshakes_are_answered_and_not_recorded() {
    let world = World::start().await;
    let secret = json!({"auth": {"webhook_secret_key": "s"}});
    let zoom = r#"{"event":"endpoint.url_validation","payload":{"plainToken":"p"}}"#;
    let zoom_time = START.to_string();
    let zoom_signature = format!("v0={}", sign("s", &format!("v0:{zoom_time}:{zoom}")));
    let zoom_headers = [
        ("x-zm-signature", &*zoom_signature),
        ("x-zm-request-timestamp", &*zoom_time),
    ];
    let encrypted = sign("s", "p");
    let ebay = json!({"auth": {
        "environment": "SANDBOX", "dev_id": "d", "client_id": "c", "client_secret": "x", "verification_token": "v",
    }});
    type Asked<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str);
    let cases: Vec<(&str, Value, Asked<'_>, String)> = vec![
        (
            "FACEBOOK",
            json!({}),
            (
                "GET",
                "?hub.mode=subscribe&hub.challenge=c1&hub.verify_token=t",
                &[],
                "",
            ),
            "c1".into(),
        ),
        (
            "STRAVA",
            json!({}),
            (
                "GET",
                "?hub.mode=subscribe&hub.challenge=c1&hub.verify_token=STRAVA",
                &[],
                "",
            ),
            r#"{"hub.challenge":"c1"}"#.into(),
        ),
        (
            "SLACK",
            json!({}),
            (
                "POST",
                "",
                &[],
                r#"{"type":"url_verification","challenge":"c1"}"#,
            ),
            r#"{"challenge":"c1"}"#.into(),
        ),
        (
            "DISCORD",
            json!({}),
            ("POST", "", &[], r#"{"type":1}"#),
            r#"{"type":1}"#.into(),
        ),
        (
            "ZOOM",
            secret.clone(),
            ("POST", "", &zoom_headers, zoom),
            format!(r#"{{"encryptedToken":"{encrypted}","plainToken":"p"}}"#),
        ),
        (
            "OKTA",
            secret.clone(),
            ("GET", "", &[("x-okta-verification-challenge", "c1")], ""),
            r#"{"verification":"c1"}"#.into(),
        ),
        (
            "MICROSOFT_GRAPH",
            json!({}),
            (
                "POST",
                "?validationToken=a%20b",
                &[("content-type", "text/plain")],
                "",
            ),
            "a b".into(),
        ),
        (
            "MONDAY",
            json!({}),
            ("POST", "", &[], r#"{"challenge":"c1"}"#),
            r#"{"challenge":"c1"}"#.into(),
        ),
        (
            "TWITCH",
            json!({}),
            (
                "POST",
                "",
                &[(
                    "twitch-eventsub-message-type",
                    "webhook_callback_verification",
                )],
                r#"{"challenge":"c1"}"#,
            ),
            "c1".into(),
        ),
        (
            "NYLAS",
            json!({}),
            ("GET", "?challenge=c1", &[], ""),
            "c1".into(),
        ),
        (
            "LINKEDIN",
            secret.clone(),
            ("GET", "?challengeCode=c1", &[], ""),
            format!(
                r#"{{"challengeCode":"c1","challengeResponse":"{}"}}"#,
                sign("s", "c1")
            ),
        ),
        (
            "OURA",
            json!({}),
            ("GET", "?verification_token=t&challenge=c1", &[], ""),
            r#"{"challenge":"c1"}"#.into(),
        ),
        (
            "TEBEX",
            json!({}),
            (
                "POST",
                "",
                &[],
                r#"{"id":"w1","type":"validation.webhook"}"#,
            ),
            r#"{"id":"w1"}"#.into(),
        ),
        (
            "SMARTCAR",
            secret.clone(),
            (
                "POST",
                "",
                &[],
                r#"{"eventName":"verify","payload":{"challenge":"c1"}}"#,
            ),
            format!(r#"{{"challenge":"{}"}}"#, sign("s", "c1")),
        ),
        (
            "AZURE_EVENT_GRID",
            json!({}),
            (
                "POST",
                "",
                &[("aeg-event-type", "SubscriptionValidation")],
                r#"[{"data":{"validationCode":"c1"}}]"#,
            ),
            r#"{"validationResponse":"c1"}"#.into(),
        ),
        (
            "TRELLO",
            secret.clone(),
            ("HEAD", "", &[], ""),
            String::new(),
        ),
        ("MAILCHIMP", json!({}), ("GET", "", &[], ""), String::new()),
    ];
    for (kind, config, (method, query, headers, body), expected) in cases {
        let source = source_of(&world, kind, config).await;
        let mut all = headers.to_vec();
        if !all.iter().any(|(name, _)| *name == "content-type") {
            all.push(("content-type", "application/json"));
        }
        let reply = world
            .webhook(&source)
            .method(method)
            .path(query)
            .headers(&all)
            .body(body.to_owned())
            .send()
            .await;
        assert_eq!((reply.status, &*reply.text), (200, &*expected), "{kind}");
        assert!(requests(&world, &source).await.is_empty(), "{kind}");
    }

    let source = source_of(&world, "EBAY", ebay).await;
    let reply = world
        .webhook(&source)
        .path("?challenge_code=c1")
        .method("GET")
        .send()
        .await;
    let digest = <Sha256 as sha2::Digest>::digest(format!("c1v{}", source.url).as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(reply.json(), json!({ "challengeResponse": digest }));

    let source = source_of(&world, "TWITTER", json!({"auth": {"api_key": "s"}})).await;
    let reply = world
        .webhook(&source)
        .path("?crc_token=c1")
        .method("GET")
        .send()
        .await;
    let response = "sha256=ilTWX3G2BSriuvI9fBah6lrAjIQ80ATohgdZaC5ZxEg=";
    assert_eq!(reply.json(), json!({ "response_token": response }));

    for (kind, header) in [
        ("ASANA", "x-hook-secret"),
        ("RING_CENTRAL", "validation-token"),
    ] {
        let source = source_of(&world, kind, json!({})).await;
        let reply = send(&world, &source, &[(header, "h1")], "").await;
        assert_eq!((reply.status, reply.header(header)), (200, "h1"), "{kind}");
    }
}

#[tokio::test]
async fn what_only_looks_like_a_handshake_is_a_request() {
    let world = World::start().await;
    // Slack signs its handshakes.
    let auth = json!({"auth": {"webhook_secret_key": "s"}});
    let source = source_of(&world, "SLACK", auth).await;
    let asked = r#"{"type":"url_verification","challenge":"c1"}"#;
    let reply = send(&world, &source, &[("x-slack-signature", "v0=00")], asked).await;
    assert_eq!((reply.status, &*reply.text), (401, ""));
    assert_eq!(newest(&world, &source).await, refused());

    // Another provider's question is nobody's.
    let source = source_of(&world, "SHOPIFY", json!({})).await;
    let reply = send(&world, &source, &[], asked).await;
    assert_eq!(reply.json()["status"], "SUCCESS");
    assert_eq!(newest(&world, &source).await, (Some(false), None));

    // A verify token that is not the one to use.
    let source = source_of(&world, "STRAVA", json!({})).await;
    let reply = world
        .webhook(&source)
        .path("?hub.mode=subscribe&hub.challenge=c1&hub.verify_token=other")
        .method("GET")
        .send()
        .await;
    assert_eq!(reply.status, 405);

    // A disabled source answers nobody.
    let source = source_of(&world, "MONDAY", json!({})).await;
    world
        .client
        .sources()
        .disable(source.id.clone())
        .await
        .unwrap();
    let reply = send(&world, &source, &[], r#"{"challenge":"c1"}"#).await;
    assert_eq!(reply.status, 403);
}

#[tokio::test]
async fn the_ping_of_woocommerce_is_answered_and_nothing_that_is_more_than_one() {
    let world = World::start().await;
    let auth = json!({"auth": {"webhook_secret_key": "s"}});
    let source = source_of(&world, "WOOCOMMERCE", auth).await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    let json = ("content-type", "application/json");
    let post = async |headers: Headers<'_>, body: &'static str| {
        let webhook = world.webhook(&source).headers(headers);
        webhook.body(body).send().await.status
    };
    assert_eq!(post(&[form], "webhook_id=4").await, 200);
    assert!(requests(&world, &source).await.is_empty());
    for (headers, body) in [
        (&[form][..], "webhook_id=4&order=1"),
        (&[form], "webhook_id=x"),
        (&[form], "webhook_id="),
        (&[json], r#"{"webhook_id":4,"total":"9"}"#),
        (
            &[form, ("x-wc-webhook-topic", "order.created")],
            "webhook_id=4",
        ),
    ] {
        assert_eq!(post(headers, body).await, 401, "{headers:?} {body}");
        assert_eq!(newest(&world, &source).await, refused());
    }
}
