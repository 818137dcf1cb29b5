use serde_json::json;

use super::*;

fn operation(id: &str) -> &'static Operation {
    Contract::get()
        .operation(id)
        .unwrap_or_else(|| panic!("no operation {id}"))
}

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

#[track_caller]
fn query(id: &str, raw: &str) -> Result<Value, Vec<String>> {
    Contract::get().validate_query(operation(id), &crate::query::parse(raw).unwrap())
}

#[track_caller]
fn query_errors(id: &str, raw: &str) -> Vec<String> {
    query(id, raw).expect_err("the query is refused")
}

fn wrapped(inner: &str) -> String {
    format!(
        "Error code {inner} is not defined, your custom type is missing the correct messages definition"
    )
}

#[test]
fn every_piece_of_the_document_is_readable() {
    let contract = Contract::get();
    assert!(contract.operations().len() > 100);
    for operation in contract.operations() {
        let _ = operation.query();
        let _ = operation.body();
        assert!(
            operation.statuses().any(|status| status == 200),
            "{}",
            operation.id
        );
        assert!(operation.reply(200).is_some(), "{}", operation.id);
    }
    for name in contract.schemas.keys() {
        assert!(contract.schema(name).is_some());
    }
}

#[test]
fn every_operation_is_routed_to_itself() {
    let contract = Contract::get();
    for operation in contract.operations() {
        let path = operation
            .path
            .replace("{id}", "x_1")
            .replace("{", "")
            .replace('}', "");
        let route = contract
            .route(&operation.method, &path)
            .unwrap_or_else(|| panic!("{path}"));
        assert_eq!(route.operation.id, operation.id);
    }
}

#[test]
fn fixed_segments_win_over_parameters() {
    let contract = Contract::get();
    let id = |method: &str, path: &str| {
        contract
            .route(method, path)
            .map(|route| route.operation.id.clone())
    };
    assert_eq!(id("GET", "/sources/count").as_deref(), Some("countSources"));
    assert_eq!(
        id("GET", "/bulk/events/retry/plan").as_deref(),
        Some("generateEventBulkRetryPlan")
    );
    assert_eq!(
        id("GET", "/bulk/events/retry/bch_1").as_deref(),
        Some("getEventBulkRetry")
    );
    assert_eq!(
        id("put", "/transformations/run").as_deref(),
        Some("testTransformation")
    );
    assert_eq!(
        id("GET", "/webhooks/web_1").as_deref(),
        Some("getConnection")
    );
    assert_eq!(id("GET", "/sources/").as_deref(), Some("getSources"));
    for (method, path) in [
        ("PATCH", "/sources"),
        ("GET", "/nothing"),
        ("GET", ""),
        ("GET", "/"),
        ("GET", "/sources//x"),
        ("GET", "/sources/%ff"),
    ] {
        assert_eq!(id(method, path), None, "{method} {path}");
    }
}

#[test]
fn path_parameters_are_decoded() {
    let route = Contract::get()
        .route("PUT", "/integrations/int_1/attach/a%2Fb")
        .unwrap();
    assert_eq!(route.param("id"), Some("int_1"));
    assert_eq!(route.param("source_id"), Some("a/b"));
    assert_eq!(route.param("nothing"), None);
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
            "type must be one of [CLI, HTTP, MOCK_API]",
            "description must be a string",
            "extra is not allowed",
        ]
    );
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
        ["source.config.auth_type is not allowed"]
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
        [wrapped(
            "Invalid field path: id. Must start with: headers, body, query, path"
        )]
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
        refused[0].contains("response_status_codes[0] with value \"600\" fails to match"),
        "{refused:?}"
    );
}

#[test]
fn query_values_are_typed() {
    assert_eq!(
        query(
            "getSources",
            "limit=10&disabled=true&id[]=a&id[]=b&whatever=1"
        )
        .unwrap(),
        json!({"limit": 10, "disabled": true, "id": ["a", "b"]})
    );
    assert_eq!(
        query(
            "getEvents",
            "attempts[gte]=2&attempts[any]=true&response_status[]=500&response_status[]=502"
        )
        .unwrap(),
        json!({"attempts": {"gte": 2, "any": true}, "response_status": [500, 502]})
    );
    assert_eq!(
        query(
            "getEvents",
            "created_at[gte]=2026-09-01&created_at[lt]=2026-09-02T00:00:00%2B02:00"
        )
        .unwrap(),
        json!({"created_at": {"gte": "2026-09-01T00:00:00.000000Z", "lt": "2026-09-01T22:00:00.000000Z"}})
    );
    assert_eq!(
        query("getSources", "name[contains]=x&name[le]=b").unwrap(),
        json!({"name": {"contains": "x", "le": "b"}})
    );
    assert_eq!(
        query("getEvents", "cli_id[any]=true").unwrap(),
        json!({"cli_id": {"any": true}})
    );
}

#[test]
fn nullable_parameters_take_null() {
    assert_eq!(
        query(
            "getEvents",
            "response_status=&successful_at=null&delivery_group[]=&delivery_group[]=a"
        )
        .unwrap(),
        json!({"response_status": null, "successful_at": null, "delivery_group": [null, "a"]})
    );
    assert_eq!(
        query("getRequests", "rejection_cause=").unwrap(),
        json!({"rejection_cause": null})
    );
    assert_eq!(
        query("getConnections", "paused_at=null").unwrap(),
        json!({"paused_at": null})
    );
    assert_eq!(
        query_errors("getEvents", "created_at="),
        ["created_at is not allowed to be empty"]
    );
}

#[test]
fn json_parameters_are_parsed() {
    assert_eq!(
        query(
            "getRequests",
            "body=%7B%22a%22:1%7D&headers=plain&parsed_query[a]=1"
        )
        .unwrap(),
        json!({"body": {"a": 1}, "headers": "plain", "parsed_query": {"a": "1"}})
    );
}

#[test]
fn query_violations_name_the_parameter() {
    assert_eq!(
        query_errors("getSources", "limit=256"),
        ["limit must be less than or equal to 255"]
    );
    assert_eq!(
        query_errors("getDestinations", "limit=-1&dir=up"),
        [
            "dir must be one of [asc, desc]",
            "limit must be greater than or equal to 0"
        ]
    );
    assert_eq!(
        query_errors("getSources", "limit=x"),
        ["limit must be a number"]
    );
    assert_eq!(
        query_errors("getSources", "limit=1.5"),
        ["limit must be an integer"]
    );
    assert_eq!(
        query_errors("getSources", "disabled=1"),
        ["disabled must be a boolean"]
    );
    assert_eq!(
        query_errors("getSource", "include=auth"),
        ["include must be [config.auth]"]
    );
    assert_eq!(
        query_errors("getRequests", "status=x"),
        ["status must be one of [accepted, rejected]"]
    );
    assert_eq!(
        query_errors("getRequests", "created_at[gte]=soon"),
        ["created_at.gte must be in ISO 8601 date format"]
    );
    assert_eq!(
        query_errors("getRequests", "created_at[gte]=2026-09-01&created_at[eq]=1"),
        ["created_at.eq is not allowed"]
    );
    assert_eq!(
        query_errors("getRequests", "search_term=ab"),
        ["search_term length must be at least 3 characters long"]
    );
    assert_eq!(
        query_errors("getConnections", "dir[]=asc"),
        ["dir must contain 2 items"]
    );
    assert_eq!(
        query_errors("getConnections", "name=a+b"),
        ["name with value \"a b\" fails to match the required pattern: /^[A-z0-9-_]+$/"]
    );
    assert_eq!(
        query_errors("generateEventBulkRetryPlan", "query=%7B%7D"),
        ["query must be of type object"]
    );
    assert_eq!(
        query_errors("queryEventMetrics", "date_range[start]=2026-09-01"),
        ["date_range.end is required"]
    );
}

#[test]
fn a_union_of_lists_says_all_it_takes() {
    let errors = query_errors("getEvents", "status=DONE");
    assert!(
        errors[0].starts_with("status must be one of ["),
        "{errors:?}"
    );
    assert!(
        errors[0].contains("QUEUED") && errors[0].ends_with(", array]"),
        "{errors:?}"
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

fn source() -> Value {
    json!({
        "id": "src_1", "name": "s", "description": null, "team_id": "tm_1", "url": "http://127.0.0.1:1/e/1",
        "type": "WEBHOOK", "authenticated": false,
        "config": {"allowed_http_methods": ["POST"], "custom_response": null},
        "disabled_at": null, "updated_at": "2026-09-01T00:00:00.000Z", "created_at": "2026-09-01T00:00:00.000Z",
    })
}

#[test]
fn replies_are_held_against_the_document() {
    let contract = Contract::get();
    let list = operation("getSources");
    let page = |source: Value| {
        let pagination = json!({"order_by": "created_at", "dir": "desc", "limit": 100});
        json!({"pagination": pagination, "count": 1, "models": [source]})
    };
    assert_eq!(contract.validate_reply(list, 200, &page(source())), [""; 0]);
    let mut wrong = source();
    wrong["secret"] = json!(1);
    wrong["created_at"] = json!("yesterday");
    wrong["config"]["allowed_http_methods"][0] = json!("post");
    wrong.as_object_mut().unwrap().remove("url");
    let messages = contract.validate_reply(list, 200, &page(wrong));
    assert_eq!(messages[0], "getSources: models[0].url is required");
    assert!(
        messages[1].starts_with(
            "getSources: models[0].config.allowed_http_methods[0] must be one of [GET"
        )
    );
    assert_eq!(
        messages[2],
        "getSources: models[0].created_at must be in ISO 8601 date format"
    );
    assert_eq!(messages[3], "getSources: models[0].secret is not allowed");
    assert_eq!(messages.len(), 4, "{messages:?}");
}

#[test]
fn known_live_habits_pass() {
    let moment = "2026-09-01T00:00:00.000000Z";
    let request = json!({
        "id": "req_1", "team_id": "tm_1", "verified": false, "original_event_data_id": "edt_1",
        "rejection_cause": null, "ingested_at": moment, "source_id": "src_1", "events_count": 1,
        "cli_events_count": 0, "ignored_count": 0, "updated_at": moment, "created_at": moment, "service_tier": "level1",
    });
    let contract = Contract::get();
    assert_eq!(
        contract.validate_reply(operation("getRequest"), 200, &request),
        [""; 0]
    );
    let refused = json!({"level": "info", "data": ["name is required"], "status": 422, "code": "UNPROCESSABLE_ENTITY"});
    assert_eq!(
        contract.validate_reply(operation("createSource"), 422, &refused),
        [""; 0]
    );
    assert_eq!(
        contract
            .validate_reply(operation("createSource"), 404, &refused)
            .len(),
        1
    );
    assert_eq!(
        contract
            .validate_reply(operation("createSource"), 404, &json!({}))
            .len(),
        1
    );
    assert_eq!(
        contract
            .validate_reply(operation("createSource"), 201, &source())
            .len(),
        1
    );
}

proptest::proptest! {
    #[test]
    fn any_query_string_is_survived(raw in "(id|limit|created_at|status|body|order_by|name)?[a-c\\[\\]=&0-9]{0,40}") {
        for id in ["getEvents", "getConnections", "getSources", "getRequests"] {
            let _ = query(id, &raw);
        }
    }
}
