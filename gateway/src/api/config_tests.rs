use super::*;

fn refused(result: Result<Value, ApiError>) -> Vec<String> {
    match result {
        Err(ApiError::Validation(messages)) => messages,
        Err(ApiError::Domain { message, .. }) => vec![message],
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[test]
fn a_new_source_takes_writes_and_no_auth() {
    let config = source("WEBHOOK", None, None, "").unwrap();
    assert_eq!(
        config,
        json!({
            "allowed_http_methods": ["POST", "PUT", "PATCH", "DELETE"],
            "custom_response": null,
        })
    );
    assert!(!is_authenticated(&config));
    assert_eq!(
        source("STRIPE", None, None, "").unwrap()["allowed_http_methods"],
        json!(["POST"])
    );
}

#[test]
fn auth_of_a_generic_source_needs_its_type() {
    let given = json!({ "auth": { "api_key": "k", "header_key": "x" } });
    assert_eq!(
        refused(source("WEBHOOK", Some(&given), None, "source.")),
        ["source.config.auth is not allowed"]
    );
    let given = json!({ "auth_type": "API_KEY" });
    assert_eq!(
        refused(source("HTTP", Some(&given), None, "")),
        ["config.auth is required"]
    );
    let given = json!({ "auth": { "webhook_secret_key": "k" } });
    let stripe = source("STRIPE", Some(&given), None, "").unwrap();
    assert!(is_authenticated(&stripe));
}

#[test]
fn a_config_of_the_same_type_is_laid_over_the_stored_one() {
    let stored = StoredConfig {
        kind: "HTTP".into(),
        config: destination(
            "HTTP",
            Some(&json!({
                "url": "https://a.example",
                "auth_type": "BEARER_TOKEN",
                "auth": { "token": "t" },
            })),
            None,
            "",
        )
        .unwrap(),
    };
    let update = json!({ "url": "https://b.example" });
    let config = destination("HTTP", Some(&update), Some(&stored), "").unwrap();
    assert_eq!(config["url"], "https://b.example");
    assert_eq!(config["auth"]["token"], "t");

    let config = destination("MOCK_API", None, Some(&stored), "").unwrap();
    assert_eq!(config["auth_type"], "HOOKDECK_SIGNATURE");
    assert!(config.get("url").is_none());
}

#[test]
fn null_auth_takes_the_auth_away() {
    let stored = StoredConfig {
        kind: "WEBHOOK".into(),
        config: source(
            "WEBHOOK",
            Some(&json!({
                "auth_type": "API_KEY",
                "auth": { "api_key": "k", "header_key": "x" },
            })),
            None,
            "",
        )
        .unwrap(),
    };
    assert!(is_authenticated(&stored.config));
    for update in [
        json!({ "auth": null }),
        json!({ "auth_type": null }),
        json!({ "auth": null, "auth_type": null }),
    ] {
        let config = source("WEBHOOK", Some(&update), Some(&stored), "").unwrap();
        assert!(!is_authenticated(&config), "{update}");
        assert!(config.get("auth_type").is_none(), "{update}");
    }
    let config = source("WEBHOOK", Some(&json!({})), Some(&stored), "").unwrap();
    assert!(is_authenticated(&config));
}

#[test]
fn an_http_destination_needs_a_url() {
    assert_eq!(
        refused(destination("HTTP", None, None, "")),
        ["HTTP destination requires `config.url`."]
    );
}

#[test]
fn a_destination_starts_with_signature_auth_and_no_rate() {
    let config = destination(
        "HTTP",
        Some(&json!({ "url": "https://a.example" })),
        None,
        "",
    )
    .unwrap();
    assert_eq!(
        config,
        json!({
            "url": "https://a.example",
            "delivery_policy": { "rate": null, "period": "second" },
            "http_method": null,
            "path_forwarding_disabled": false,
            "auth_type": "HOOKDECK_SIGNATURE",
            "auth": {},
        })
    );
    let config = destination("CLI", None, None, "").unwrap();
    assert_eq!(config["path"], "/");
    assert!(config.get("delivery_policy").is_none());
}

#[test]
fn keys_of_another_destination_type_are_refused_by_name() {
    let given = json!({ "path": "/x" });
    assert_eq!(
        refused(destination("MOCK_API", Some(&given), None, "")),
        [
            "Cannot set `config.path` on a MOCK_API destination. Pass `type: 'CLI'` explicitly to change it."
        ]
    );
}

#[test]
fn a_policy_given_in_part_is_whole_when_stored() {
    let given = json!({ "delivery_policy": { "rate": 5, "period": "minute" } });
    let config = destination("MOCK_API", Some(&given), None, "").unwrap();
    assert_eq!(
        config["delivery_policy"],
        json!({ "rate": 5, "period": "minute" })
    );
    let config = destination(
        "MOCK_API",
        Some(&json!({ "delivery_policy": null })),
        None,
        "",
    )
    .unwrap();
    assert_eq!(
        config["delivery_policy"],
        json!({ "rate": null, "period": "second" })
    );
}

#[test]
fn secrets_are_shown_only_when_asked_for() {
    let config = json!({ "auth_type": "BEARER_TOKEN", "auth": { "token": "t" } });
    assert_eq!(shown_destination(config.clone(), false)["auth"], json!({}));
    assert_eq!(
        shown_destination(config.clone(), true)["auth"]["token"],
        "t"
    );
    assert!(shown_source(config.clone(), false).get("auth").is_none());
    assert_eq!(shown_source(config, true)["auth"]["token"], "t");
}
