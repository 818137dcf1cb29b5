use serde_json::json;

use super::*;

#[track_caller]
fn query(id: &str, raw: &str) -> Result<Value, Vec<String>> {
    Contract::get().validate_query(operation(id), &crate::query::parse(raw).unwrap())
}

#[track_caller]
fn query_errors(id: &str, raw: &str) -> Vec<String> {
    query(id, raw).expect_err("the query is refused")
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
fn a_parameter_that_is_an_object_may_come_as_json_text() {
    let plan = |raw: &str| query("generateEventBulkRetryPlan", raw);
    let status = json!({"query": {"status": "FAILED"}});
    assert_eq!(plan("query[status]=FAILED").unwrap(), status);
    assert_eq!(
        plan("query=%7B%22status%22:%22FAILED%22%7D").unwrap(),
        status
    );
    assert_eq!(plan("query=%7B%7D").unwrap(), json!({"query": {}}));
    // What is inside is typed and checked as between brackets.
    let inside =
        r#"query={"attempts":{"gte":2},"created_at":{"lt":"2026-09-01"},"headers":{"a":1}}"#;
    assert_eq!(
        plan(inside).unwrap(),
        json!({"query": {
            "attempts": {"gte": 2},
            "created_at": {"lt": "2026-09-01T00:00:00.000000Z"},
            "headers": {"a": 1},
        }})
    );
    assert!(plan(r#"query={"status":"DONE"}"#).is_err());
    for raw in [
        "query=[1]",
        "query=7",
        "query=null",
        "query=%22text%22",
        "query={%22status%22:%22FAILED",
        "query=",
        // Both at once, or twice: nobody can say which is meant.
        "query={%22status%22:%22FAILED%22}&query[status]=QUEUED",
        "query={}&query={}",
    ] {
        let refused = plan(raw).expect_err(raw);
        assert_eq!(refused, ["query must be of type object"], "{raw}");
    }
}

#[test]
fn every_parameter_that_is_an_object_may_come_as_json_text() {
    let contract = Contract::get();
    let mut seen = 0;
    for operation in contract.operations() {
        for parameter in operation.query() {
            let schema = contract.resolve(&parameter.schema);
            if schema.kind != Some(super::super::schema::Kind::Object) {
                continue;
            }
            seen += 1;
            let read = |value: Value| {
                let given = json!({ parameter.name.clone(): value });
                let read = contract.validate_query(operation, &given);
                read.map(|typed| typed[&parameter.name].clone())
            };
            let name = format!("{} {}", operation.id, parameter.name);
            // Each of its members where the document gives away a value: both ways of writing are read alike.
            let members = match parameter.name.as_str() {
                "date_range" => json!({"start": "2026-09-01", "end": "2026-09-02"}),
                "aggregation_keys" => json!({"webhook_id": "web_1"}),
                _ if schema.properties.get("webhook_id").is_some() => {
                    json!({"webhook_id": "web_1"})
                }
                _ if schema.properties.get("source_id").is_some() => json!({"source_id": "src_1"}),
                _ => json!({"destination_id": "des_1"}),
            };
            let text = Value::from(members.to_string());
            // A required member beside it may be missing, which is then said of both.
            assert_eq!(read(text), read(members), "{name}");
            for wrong in ["[1]", "7", "{\"a\":", "text"] {
                let refused = read(json!(wrong)).expect_err(&name);
                let expected = format!("{} must be of type object", parameter.name);
                assert!(refused.contains(&expected), "{name}: {refused:?}");
            }
        }
    }
    assert!(seen > 20, "only {seen} parameters");
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

proptest::proptest! {
    #[test]
    fn any_query_string_is_survived(raw in "(id|limit|created_at|status|body|order_by|name)?[a-c\\[\\]=&0-9]{0,40}") {
        for id in ["getEvents", "getConnections", "getSources", "getRequests"] {
            let _ = query(id, &raw);
        }
    }
}
