use serde_json::json;

use super::*;

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
