use proptest::prelude::*;
use serde_json::json;

use super::*;

#[track_caller]
fn body_errors(id: &str, body: Value) -> Vec<String> {
    Contract::get()
        .validate_body(operation(id), &body)
        .expect_err("the body is refused")
}

#[track_caller]
fn body_ok(id: &str, body: Value) -> Value {
    Contract::get()
        .validate_body(operation(id), &body)
        .expect("the body is accepted")
}

fn wrapped(inner: &str) -> String {
    format!(
        "Error code {inner} is not defined, your custom type is missing the correct messages definition"
    )
}

#[test]
fn names_are_required_where_they_stand() {
    assert_eq!(
        body_errors("createSource", Value::Null),
        ["name is required"]
    );
    assert_eq!(
        body_errors("createConnection", json!({"destination": {}, "source": {}})),
        ["destination.name is required", "source.name is required"]
    );
}

#[test]
fn all_violations_are_reported_at_once() {
    let body = json!({"name": "a b", "type": "FTP", "config": {"url": "nowhere"}, "extra": 1, "description": 3});
    assert_eq!(
        body_errors("createDestination", body),
        [
            "name with value \"a b\" fails to match the required pattern: /^[A-z0-9-_]+$/",
            "type must be one of [HTTP, CLI, MOCK_API]",
            "description must be a string",
            "extra is not allowed",
        ]
    );
}

#[test]
fn numbers_of_rules_are_ones_that_can_be_carried_out() {
    let rules = |rule: &Value| json!({"rules": [rule]});
    for (rule, inner) in [
        (
            json!({"type": "delay", "delay": -1}),
            "delay must be greater than or equal to 0",
        ),
        (
            json!({"type": "retry", "strategy": "linear", "interval": -5, "count": -1}),
            "interval must be greater than or equal to 0. count must be greater than or equal to 0",
        ),
        (
            json!({"type": "delay", "delay": 1e300}),
            "delay must be a safe number",
        ),
        (
            json!({"type": "retry", "strategy": "linear", "count": u64::MAX}),
            "count must be a safe number",
        ),
    ] {
        assert_eq!(
            body_errors("updateConnection", rules(&rule)),
            [wrapped(inner)],
            "{rule}"
        );
    }
    // Every rule the contract lets pass is one the engine reads.
    for rule in [
        json!({"type": "delay", "delay": 0}),
        json!({"type": "delay", "delay": 1500.0}),
        json!({"type": "retry", "strategy": "linear", "interval": 1e3, "count": 2.0}),
        json!({"type": "delay", "delay": 9_007_199_254_740_991_u64}),
    ] {
        let stored = body_ok("updateConnection", rules(&rule));
        assert!(
            crate::rules::Rules::parse(&stored["rules"]).is_ok(),
            "{rule} is stored as {stored}"
        );
    }
}

#[test]
fn strings_are_bounded() {
    let name = "a".repeat(156);
    assert_eq!(
        body_errors("createSource", json!({"name": name})),
        ["name length must be less than or equal to 155 characters long"]
    );
    assert_eq!(
        body_errors("createSource", json!({"name": ""})),
        ["name is not allowed to be empty"]
    );
    assert_eq!(
        body_errors("createSource", json!({"name": null})),
        ["name must be a string"]
    );
    body_ok(
        "updateConnection",
        json!({"name": null, "description": null}),
    );
    body_ok(
        "createSource",
        json!({"name": "é".repeat(0) + "ok", "description": "é".repeat(500)}),
    );
}

#[test]
fn a_body_is_an_object() {
    assert_eq!(
        body_errors("createSource", json!([])),
        ["value must be of type object"]
    );
}

#[test]
fn a_destination_config_follows_the_type() {
    let errors = |config: Value| {
        body_errors(
            "createDestination",
            json!({"name": "d", "type": "HTTP", "config": config}),
        )
    };
    assert_eq!(
        errors(json!({"url": "nowhere"})),
        ["config.url must be a valid uri"]
    );
    assert_eq!(
        errors(json!({"url": "http://a", "nothing": 1})),
        ["config.nothing is not allowed"]
    );
    assert_eq!(
        errors(json!({"delivery_timeout": 901})),
        ["config.delivery_timeout must be less than or equal to 900"]
    );
    assert_eq!(
        errors(json!({"delivery_timeout": 1.5})),
        ["config.delivery_timeout must be an integer"]
    );
    assert_eq!(
        errors(json!({"delivery_policy": {"groups": {"key": "x"}}})),
        [
            "config.delivery_policy.groups.key with value \"x\" fails to match the required pattern: /^(headers|body|query|path)(\\.[\\w-]+)*$/",
            "config.delivery_policy.groups.rate is required",
            "config.delivery_policy.groups.rate_period is required",
        ]
    );
    // The URL of an HTTP destination and keys of other types are domain errors, which come later.
    body_ok(
        "createDestination",
        json!({"name": "d", "type": "HTTP", "config": {}}),
    );
    body_ok(
        "createDestination",
        json!({"name": "d", "type": "MOCK_API", "config": {"path": "/"}}),
    );
    let contract = Contract::get();
    assert_eq!(
        contract.misplaced_config_keys("MOCK_API", &json!({"path": "/", "x": 1, "auth": {}})),
        ["path"]
    );
    assert_eq!(
        contract.misplaced_config_keys("CLI", &json!({"delivery_policy": null})),
        ["delivery_policy"]
    );
}

#[test]
fn destination_credentials_follow_the_auth_type() {
    let errors = |config: Value| {
        let body = json!({"destination": {"name": "d", "config": config}, "source": {"name": "s"}});
        body_errors("createConnection", body)
    };
    assert_eq!(
        errors(json!({"auth_type": "BASIC_AUTH"})),
        ["destination.config.auth is required"]
    );
    assert_eq!(
        errors(
            json!({"auth_type": "API_KEY", "auth": {"key": "k", "api_key": 1, "to": "body", "token": "t"}})
        ),
        [
            "destination.config.auth.api_key must be a string",
            "destination.config.auth.to must be one of [header, query]",
            "destination.config.auth.token is not allowed",
        ]
    );
    assert_eq!(
        errors(json!({"auth_type": "HOOKDECK_SIGNATURE", "auth": {"x": 1}})),
        ["destination.config.auth.x is not allowed"]
    );
    for auth_type in [
        "CUSTOM_SIGNATURE",
        "BASIC_AUTH",
        "API_KEY",
        "BEARER_TOKEN",
        "OAUTH2_CLIENT_CREDENTIALS",
        "OAUTH2_AUTHORIZATION_CODE",
        "AWS_SIGNATURE",
        "GCP_SERVICE_ACCOUNT",
    ] {
        assert_eq!(
            errors(json!({"auth_type": auth_type, "auth": {"x": 1}})),
            ["destination.config.auth.x is not allowed"],
            "{auth_type}"
        );
    }
    let secret =
        json!({"auth_type": "CUSTOM_SIGNATURE", "auth": {"key": "x-sig", "signing_secret": "s"}});
    body_ok("createDestination", json!({"name": "d", "config": secret}));
}

#[test]
fn source_credentials_follow_the_type_and_auth_type() {
    let errors = |kind: &str, config: Value| {
        let body = json!({"source": {"name": "s", "type": kind, "config": config}});
        body_errors("createConnection", body)
    };
    let hmac = json!({"algorithm": "crc", "encoding": "base32", "header_key": "x", "webhook_secret_key": "s"});
    assert_eq!(
        errors("WEBHOOK", json!({"auth_type": "HMAC", "auth": hmac})),
        [
            "source.config.auth.algorithm must be one of [sha1, sha256, sha512, md5]",
            "source.config.auth.encoding must be one of [base64, base64url, hex]",
        ]
    );
    assert_eq!(
        errors("HTTP", json!({"auth": {"webhook_secret_key": "s"}})),
        ["source.config.auth is not allowed"]
    );
    assert_eq!(
        errors("STRIPE", json!({"auth": {}})),
        ["source.config.auth.webhook_secret_key is required"]
    );
    assert_eq!(
        errors("STRIPE", json!({"auth_type": "HMAC"})),
        ["source.config.auth_type must be [STRIPE]"]
    );
    assert_eq!(
        errors("WEBHOOK", json!({"auth_type": "STRIPE", "auth": {}})),
        ["source.config.auth.webhook_secret_key is required"]
    );
    assert_eq!(
        errors(
            "WEBHOOK",
            json!({"auth_type": "VERCEL", "auth": {"store_name": "x", "webhook_secret_key": "s"}})
        ),
        ["source.config.auth.store_name is not allowed"]
    );
    assert_eq!(
        errors(
            "GITLAB",
            json!({"auth_type": "GITLAB", "auth": {"webhook_secret_key": "s"}})
        ),
        ["source.config.auth.webhook_secret_key is not allowed"]
    );
    assert_eq!(
        errors(
            "GITLAB",
            json!({"auth_type": "STANDARD_WEBHOOKS", "auth": {"api_key": "s"}})
        ),
        ["source.config.auth.api_key is not allowed"]
    );
    assert_eq!(
        errors("HTTP", json!({"auth_type": "STRIPE"})),
        ["source.config.auth_type must be one of [HMAC, BASIC_AUTH, API_KEY, null]"]
    );
    assert_eq!(
        errors(
            "PROPERTY-FINDER",
            json!({"auth": {"x": 1, "webhook_secret_key": "s"}})
        ),
        ["source.config.auth.x is not allowed"]
    );
    assert_eq!(
        errors(
            "HTTP",
            json!({"custom_response": {"content_type": "yaml", "body": "x".repeat(1001)}})
        ),
        [
            "source.config.custom_response.content_type must be one of [json, text, xml]",
            "source.config.custom_response.body length must be less than or equal to 1000 characters long",
        ]
    );
    body_ok(
        "createSource",
        json!({"name": "s", "config": {"auth_type": "BASIC_AUTH", "auth": {"username": "u", "password": "p"}}}),
    );
    body_ok(
        "createSource",
        json!({"name": "s", "config": {"custom_response": null, "auth": null}}),
    );
}

#[test]
fn an_update_without_type_is_checked_as_the_stored_type() {
    let update = operation("updateSource");
    let body = json!({"config": {"auth": {"webhook_secret_key": "s"}}});
    let contract = Contract::get();
    assert!(
        contract
            .validate_body_for(update, &body, Some("STRIPE"))
            .is_ok()
    );
    assert_eq!(
        contract.validate_body_for(update, &body, Some("HTTP")),
        Err(vec!["config.auth is not allowed".into()])
    );
}

#[test]
fn rule_violations_come_wrapped() {
    let errors = |rule: Value| body_errors("updateConnection", json!({"rules": [rule]}));
    assert_eq!(
        errors(json!({"type": "alert"})),
        [wrapped("Invalid rule type")]
    );
    assert_eq!(errors(json!(1)), [wrapped("Invalid rule type")]);
    assert_eq!(
        errors(json!({"type": "deduplicate"})),
        [wrapped("window is required")]
    );
    assert_eq!(
        errors(json!({"type": "deduplicate", "window": 999})),
        [wrapped("window must be greater than or equal to 1000")]
    );
    assert_eq!(
        errors(json!({"type": "deduplicate", "window": 1000, "include_fields": ["id"]})),
        // Twice, as recorded.
        [wrapped(&wrapped(
            "Invalid field path: id. Must start with: headers, body, query, path"
        ))]
    );
    // Fields are looked at once all else is right.
    assert_eq!(
        errors(json!({"type": "deduplicate", "window": 600, "include_fields": ["id"]})),
        [wrapped("window must be greater than or equal to 1000")]
    );
    assert_eq!(
        errors(json!({"type": "retry"})),
        [wrapped("strategy is required")]
    );
    assert_eq!(
        errors(
            json!({"type": "retry", "strategy": "linear", "response_status_codes": vec!["500"; 11]})
        ),
        [wrapped(
            "response_status_codes must contain less than or equal to 10 items"
        )]
    );
    assert_eq!(
        errors(json!({"type": "transform"})),
        [wrapped(
            "value must contain at least one of [transformation_id, transformation]"
        )]
    );
    assert_eq!(
        errors(json!({"type": "filter", "body": ["a"]})),
        [wrapped(
            "body must be one of [string, number, boolean, object]"
        )]
    );
}

#[test]
fn status_codes_given_as_numbers_become_text() {
    let body = json!({"rules": [{"type": "retry", "strategy": "linear", "response_status_codes": [500, "!401"]}]});
    let typed = body_ok("updateConnection", body);
    assert_eq!(
        typed["rules"][0]["response_status_codes"],
        json!(["500", "!401"])
    );
    let refused = body_errors(
        "updateConnection",
        json!({"rules": [{"type": "retry", "strategy": "linear", "response_status_codes": [600]}]}),
    );
    assert!(
        refused[0].contains("response_status_codes[0] with value 600 fails to match"),
        "{refused:?}"
    );
}

#[test]
fn the_query_of_a_bulk_body_is_checked_like_a_query() {
    assert_eq!(
        body_errors("createRequestBulkRetry", json!({"query": {"status": "x"}})),
        ["query.status must be one of [accepted, rejected]"]
    );
}

#[test]
fn operations_without_a_body_take_anything() {
    assert_eq!(body_ok("retryEvent", json!({"x": 1})), Value::Null);
}

fn bodies() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "HTTP|CLI|WEBHOOK|STRIPE|GITLAB|HMAC|BASIC_AUTH|retry|filter|\\PC{0,6}"
            .prop_map(Value::from),
    ];
    let keys = "name|type|config|auth|auth_type|url|rules|source|destination|query|status|created_at|gte|x";
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(keys, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_body_is_survived_and_a_good_one_stays_good(body in bodies()) {
        let contract = Contract::get();
        for id in ["createConnection", "updateSource", "createDestination", "createEventBulkRetry", "createIssueTrigger"] {
            if let Ok(typed) = contract.validate_body(operation(id), &body) {
                prop_assert_eq!(contract.validate_body(operation(id), &typed), Ok(typed));
            }
        }
    }
}
