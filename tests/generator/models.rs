//! The generated types at work.

use hookdeck::models::{
    ConnectionUpdate, DelayRule, DestinationConfig, Event, EventBulkInput, EventFilter, EventId,
    EventStatus, HttpMethod, IgnoredCause, IgnoredEvent, IgnoredEventMeta, Rule, SourceAuth,
    SourceConfig, SourceInput, SourceType, SourceUpdate,
};
use hookdeck::operation::{Method, Resource, find, ops};
use hookdeck::query::{Direction, Range, at_least, is_null};
use hookdeck::types::{Patch, Secret};
use serde_json::{Value, json};

fn round_trip<T: serde::de::DeserializeOwned + serde::Serialize>(value: &Value) -> (T, Value) {
    let read: T =
        serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{value}: {error}"));
    let written = serde_json::to_value(&read).expect("is written");
    (read, written)
}

#[test]
fn absent_null_and_set_are_told_apart_both_ways() {
    for (wire, description) in [
        (json!({}), Patch::Absent),
        (json!({"description": null}), Patch::Null),
        (
            json!({"description": "shop"}),
            Patch::Value("shop".to_owned()),
        ),
    ] {
        let (read, written) = round_trip::<SourceUpdate>(&wire);
        assert_eq!(read.description, description);
        assert_eq!(written, wire);
    }
    let update = SourceUpdate::new().name("shop").clear_description();
    assert_eq!(
        serde_json::to_value(&update).expect("is written"),
        json!({"name": "shop", "description": null})
    );
    assert_eq!(SourceUpdate::default(), SourceUpdate::new());
}

#[test]
fn bodies_are_built_from_plain_values() {
    let config = SourceConfig::new()
        .auth(SourceAuth::new().webhook_secret_key("whsec_1"))
        .allowed_http_methods([HttpMethod::Post, "PURGE".into()])
        .clear_custom_response();
    let input = SourceInput::new("shop").kind("STRIPE").config(config);
    assert_eq!(
        serde_json::to_value(&input).expect("is written"),
        json!({"name": "shop", "type": "STRIPE", "config": {
            "auth": {"webhook_secret_key": "whsec_1"},
            "allowed_http_methods": ["POST", "PURGE"],
            "custom_response": null,
        }})
    );
    assert_eq!(input.kind, Some(SourceType::Stripe));
    let rules = ConnectionUpdate::new().rules([DelayRule::new(60_000)]);
    assert_eq!(
        serde_json::to_value(&rules).expect("is written"),
        json!({"rules": [{"type": "delay", "delay": 60_000}]})
    );
}

#[test]
fn secrets_are_sent_and_never_printed() {
    let auth = SourceAuth::new().password("hunter2").username("ada");
    let printed = format!("{auth:?}");
    assert!(
        !printed.contains("hunter2") && printed.contains("ada"),
        "{printed}"
    );
    assert_eq!(auth.password.as_ref().map(Secret::expose), Some("hunter2"));
    assert_eq!(
        serde_json::to_value(&auth).expect("is written"),
        json!({"password": "hunter2", "username": "ada"})
    );
}

#[test]
fn unknown_members_and_types_are_kept() {
    let (status, written) = round_trip::<EventStatus>(&json!("DREAMING"));
    assert!(!status.is_known());
    assert_eq!(status, "DREAMING");
    assert_eq!(written, json!("DREAMING"));
    assert_ne!(status, EventStatus::from("SLEEPING"));
    assert_eq!(EventStatus::from("FAILED"), EventStatus::Failed);
    for known in EventStatus::KNOWN {
        let read = EventStatus::from(known.as_str());
        assert!(known.is_known() && read == *known, "{known}");
    }

    let wire = json!({"type": "shred", "pieces": [1, 2]});
    let (rule, written) = round_trip::<Rule>(&wire);
    assert!(matches!(rule, Rule::Unknown(_)), "{rule:?}");
    assert_eq!(written, wire);

    let wire = json!({"type": "delay", "delay": 5});
    let (rule, written) = round_trip::<Rule>(&wire);
    assert_eq!(rule, DelayRule::new(5).into());
    assert_eq!(written, wire);
    let broken = serde_json::from_value::<Rule>(json!({"type": "delay", "delay": "long"}))
        .expect_err("is refused");
    assert!(
        broken.to_string().contains("in type `delay`: invalid type"),
        "{broken}"
    );

    for (wire, known) in [
        (json!(["body"]), true),
        (json!({"transformation_id": "trs_1"}), true),
        (json!({"duplicate_of_request_id": "req_1"}), true),
        (json!({"brand_new": 1}), false),
        (json!("odd"), false),
    ] {
        let (meta, written) = round_trip::<IgnoredEventMeta>(&wire);
        assert_eq!(
            !matches!(meta, IgnoredEventMeta::Unknown(_)),
            known,
            "{meta:?}"
        );
        assert_eq!(written, wire);
    }
}

#[test]
fn a_dropped_repeat_names_the_request_it_repeats() {
    let wire = json!({
        "id": "req_2:web_1", "team_id": "tm_1", "webhook_id": "web_1", "request_id": "req_2",
        "cause": "DUPLICATE", "meta": {"duplicate_of_request_id": "req_1"},
        "created_at": "2026-10-08T00:00:00.000Z",
    });
    let (ignored, written) = round_trip::<IgnoredEvent>(&wire);
    assert_eq!(ignored.cause, IgnoredCause::Duplicate);
    let Some(IgnoredEventMeta::DuplicateRequest(meta)) = ignored.meta else {
        panic!("{:?}", ignored.meta)
    };
    assert_eq!(meta.duplicate_of_request_id, "req_1");
    assert_eq!(written, wire);
}

fn event() -> Value {
    json!({
        "id": "evt_1", "team_id": "tm_1", "webhook_id": "web_1", "source_id": "src_1", "destination_id": "des_1",
        "event_data_id": "edt_1", "request_id": "req_1", "attempts": 1, "last_attempt_at": null, "next_attempt_at": null,
        "status": "QUEUED", "successful_at": null, "cli_id": null,
        "updated_at": "2026-09-01T00:00:00.000Z", "created_at": "2026-09-01T00:00:00.000Z",
    })
}

#[test]
fn replies_may_carry_more_than_we_know_and_null_where_live_ones_do() {
    let mut wire = event();
    wire["error_code"] = Value::Null;
    wire["invented_tomorrow"] = json!({"deep": [1]});
    let (event, written) = round_trip::<Event>(&wire);
    assert_eq!(event.error_code, None);
    assert_eq!(written["last_attempt_at"], Value::Null);
    assert_eq!(written.get("invented_tomorrow"), None);
}

#[test]
fn what_a_reply_must_have_is_missed_by_name() {
    let mut wire = event();
    wire.as_object_mut().expect("is an object").remove("status");
    let error = serde_json::from_value::<Event>(wire).expect_err("is refused");
    assert!(
        error.to_string().contains("missing field `status`"),
        "{error}"
    );
}

#[test]
fn ids_compare_with_text_and_keep_apart() {
    let id = EventId::from("evt_1");
    assert_eq!(id, "evt_1");
    assert_eq!(id.to_string(), "evt_1");
    assert_eq!(format!("{id:?}"), "EventId(\"evt_1\")");
    assert_eq!(EventId::PREFIX, "evt_");
    assert_eq!("anything".parse(), Ok(EventId::new("anything")));
    assert_eq!(EventId::from(&id), id);
}

#[test]
fn a_filter_writes_itself_as_query_and_as_body() {
    let filter = EventFilter::new()
        .status([EventStatus::Failed, EventStatus::Hold])
        .webhook_id("web_1")
        .attempts(at_least(3))
        .response_status(500)
        .delivery_group(is_null::<String>());
    assert_eq!(
        filter.params().to_query_string(),
        "status[]=FAILED&status[]=HOLD&webhook_id=web_1&attempts[gte]=3&response_status=500&delivery_group="
    );
    let body = EventBulkInput::new().query(&filter);
    assert_eq!(
        serde_json::to_value(&body).expect("is written"),
        json!({"query": {
            "status": ["FAILED", "HOLD"], "webhook_id": "web_1", "attempts": {"gte": 3}, "response_status": 500, "delivery_group": null,
        }})
    );
    let _: Range<String> = "text".into();
}

#[test]
fn configurations_of_all_types_are_one_struct() {
    let wire = json!({
        "url": "https://example.com", "auth_type": "BEARER_TOKEN", "auth": {"token": "t"}, "http_method": null,
        "path_forwarding_disabled": false, "delivery_policy": {"rate": 10, "period": "second", "groups": null},
    });
    let (config, written) = round_trip::<DestinationConfig>(&wire);
    assert!(config.http_method.is_null() && config.delivery_timeout.is_absent());
    assert_eq!(
        config
            .auth
            .value()
            .and_then(|auth| auth.token.as_ref())
            .map(Secret::expose),
        Some("t")
    );
    assert_eq!(written, wire);
}

#[test]
fn the_operation_table_knows_paths_and_methods() {
    assert_eq!(ops::GET_EVENT.path, "/events/{id}");
    assert_eq!(
        (ops::GET_EVENT.method, ops::RETRY_EVENT.method.as_str()),
        (Method::Get, "POST")
    );
    let listed = |id: &str| {
        ops::ALL
            .iter()
            .find(|op| op.id == id)
            .expect("is in the table")
    };
    assert!(listed("getEvents").paged && !listed("getEvent").paged);
    assert!(listed("upsertSource").idempotent && !listed("createSource").idempotent);
    assert!(listed("deleteSource").deletes && !listed("dismissIssue").deletes);
    assert!(listed("updateSource").has_body && !listed("disableSource").has_body);
    assert_eq!(listed("getEvents").direction, Some(Direction::Desc));
    assert_eq!(
        listed("getRequestIgnoredEvents").direction,
        Some(Direction::Asc)
    );
    assert_eq!(listed("getIntegrations").direction, None);
    assert_eq!(
        listed("cancelIgnoredEventBulkRetry").bulk_type,
        Some("ignored_events.retry")
    );
    assert_eq!(
        listed("countConnections").resource,
        Some(Resource::Connection)
    );
    assert!(ops::ALL.iter().all(|op| !op.id.contains("archive")));
    assert!(ops::ALL.windows(2).all(|pair| pair[0].id < pair[1].id));
}

#[test]
fn every_operation_is_found_by_its_id_and_by_older_ones() {
    for operation in ops::ALL {
        assert_eq!(find(operation.id), Some(*operation));
    }
    assert_eq!(find("cancelEvent_mute"), Some(&ops::CANCEL_EVENT));
    for unknown in ["", "_", "getEvent ", "GETEVENT", "zzz", "nothing_archive"] {
        assert_eq!(find(unknown), None, "{unknown:?}");
    }
}
