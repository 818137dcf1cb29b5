//! How filters are written: as a query string for lists, as JSON for bodies.

mod support;

use std::collections::BTreeMap;

use hookdeck::models::{
    ConnectionFilter, EventFilter, EventStatus, IssueAggregationFilter, RequestFilter, SourceFilter,
};
use hookdeck::query::{
    Direction, Filter, Param, Query, QueryValue, after, any, at_least, at_most, before, between,
    containing, is_null,
};
use hookdeck::types::{Json, Timestamp};
use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{Script, client, page};

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn both<F: Filter + serde::Serialize>(filter: &F) -> (String, Value) {
    (
        filter.query().to_query_string(),
        serde_json::to_value(filter).unwrap(),
    )
}

#[test]
fn filters_are_written_both_ways() {
    let golden: Vec<((String, Value), &str, Value)> = vec![
        (both(&EventFilter::new()), "", json!({})),
        (
            both(&EventFilter::new().status(EventStatus::Failed)),
            "status=FAILED",
            json!({"status": "FAILED"}),
        ),
        (
            both(&EventFilter::new().status([EventStatus::Failed, "NEW_ONE".into()])),
            "status[]=FAILED&status[]=NEW_ONE",
            json!({"status": ["FAILED", "NEW_ONE"]}),
        ),
        (
            both(&EventFilter::new().id("evt_1").attempts(3)),
            "id=evt_1&attempts=3",
            json!({"id": "evt_1", "attempts": 3}),
        ),
        (
            both(&EventFilter::new().attempts(at_least(3).and(at_most(5)))),
            "attempts[gte]=3&attempts[lte]=5",
            json!({"attempts": {"gte": 3, "lte": 5}}),
        ),
        (
            both(&EventFilter::new().response_status([500, 502])),
            "response_status[]=500&response_status[]=502",
            json!({"response_status": [500, 502]}),
        ),
        (
            both(&EventFilter::new().response_status(is_null())),
            "response_status=",
            json!({"response_status": null}),
        ),
        (
            both(&EventFilter::new().created_at(between(
                time("2026-09-01"),
                time("2026-09-01T01:02:03.456789Z"),
            ))),
            "created_at[gte]=2026-09-01T00:00:00.000Z\
             &created_at[lt]=2026-09-01T01:02:03.456789Z",
            json!({"created_at": {
                "gte": "2026-09-01T00:00:00.000Z",
                "lt": "2026-09-01T01:02:03.456789Z"
            }}),
        ),
        (
            both(&EventFilter::new().successful_at(any())),
            "successful_at[any]=true",
            json!({"successful_at": {"any": true}}),
        ),
        (
            both(
                &EventFilter::new()
                    .last_attempt_at(after(time("2026-01-01")))
                    .next_attempt_at(before(time("2026-01-02"))),
            ),
            "last_attempt_at[gt]=2026-01-01T00:00:00.000Z\
             &next_attempt_at[lt]=2026-01-02T00:00:00.000Z",
            json!({
                "last_attempt_at": {"gt": "2026-01-01T00:00:00.000Z"},
                "next_attempt_at": {"lt": "2026-01-02T00:00:00.000Z"}
            }),
        ),
        (
            both(&EventFilter::new().body(Json::new(&json!({"a": {"b": [1, "x&y=z"]}})))),
            "body=%7B%22a%22:%7B%22b%22:%5B1%2C%22x%26y%3Dz%22%5D%7D%7D",
            json!({"body": {"a": {"b": [1, "x&y=z"]}}}),
        ),
        (
            both(&EventFilter::new().search_term("a+b c/%25?#ü[]=")),
            "search_term=a%2Bb%20c%2F%2525%3F%23%C3%BC%5B%5D%3D",
            json!({"search_term": "a+b c/%25?#ü[]="}),
        ),
        (
            both(&EventFilter::new().cli_id(containing("x y"))),
            "cli_id[contains]=x%20y",
            json!({"cli_id": {"contains": "x y"}}),
        ),
        (
            both(
                &RequestFilter::new()
                    .source_id(["src_1", "src_2"])
                    .verified(true),
            ),
            "source_id[]=src_1&source_id[]=src_2&verified=true",
            json!({"source_id": ["src_1", "src_2"], "verified": true}),
        ),
        (
            both(&SourceFilter::new().name("a").name("b")),
            "name=b",
            json!({"name": "b"}),
        ),
        (
            both(&ConnectionFilter::new().disabled(false)),
            "disabled=false",
            json!({"disabled": false}),
        ),
    ];
    for ((query, body), expected_query, expected_body) in golden {
        assert_eq!(query, expected_query);
        assert_eq!(body, expected_body);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_encoded_is_what_is_sent() {
    let script = Script::always(page(&[], None, None));
    let client = client(&script);
    let filter = EventFilter::new().search_term("é+\"'<>`{}|\\^ \t\u{7f}");
    client.events().list().filter(&filter).await.unwrap();
    client
        .events()
        .list()
        .dir([Direction::Asc, Direction::Desc])
        .param("x[y]", "1")
        .limit(0)
        .await
        .unwrap();
    assert_eq!(
        script.queries(),
        [
            "search_term=%C3%A9%2B%22%27%3C%3E%60%7B%7D%7C%5C%5E%20%09%7F",
            "dir[]=asc&dir[]=desc&x%5By%5D=1&limit=0",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_filter_replaces_conditions_and_keeps_the_paging() {
    let script = Script::always(page(&[], None, None));
    let failed = EventFilter::new().status(EventStatus::Failed);
    client(&script)
        .events()
        .list()
        .id("evt_1")
        .limit(7)
        .filter(&failed)
        .attempts(at_least(2))
        .await
        .unwrap();
    assert_eq!(script.queries(), ["status=FAILED&attempts[gte]=2&limit=7"]);
}

#[tokio::test(start_paused = true)]
async fn counting_by_what_the_api_cannot_count_by_is_refused() {
    let script = Script::always(json!({"count": 3}));
    let connections = client(&script).connections();
    let by_source = ConnectionFilter::new().source_id("src_1");
    assert_eq!(connections.count().filter(&by_source).await.unwrap(), 3);
    let by_name = ConnectionFilter::new().name("x");
    let error = connections.count().filter(&by_name).await.unwrap_err();
    assert_eq!(error.kind(), hookdeck::ErrorKind::Invalid);
    assert!(error.to_string().contains("`name`"), "{error}");
    assert_eq!(script.queries(), ["source_id=src_1"]);
}

#[test]
fn brackets_are_not_left_for_curl_to_expand() {
    let client = client(&Script::always(page(&[], None, None)));
    let list = client.events().list();
    assert!(list.to_curl().starts_with("curl -X GET 'http://api.test"));
    let narrowed = list.attempts(at_least(3)).to_curl();
    assert!(
        narrowed.starts_with(
            "curl --globoff -X GET 'http://api.test/2026-09-01/events?attempts[gte]=3'"
        ),
        "{narrowed}"
    );
    let head = client
        .raw()
        .request(hookdeck::operation::Method::Head, "/events");
    assert!(
        head.to_curl().starts_with("curl --head 'http"),
        "{}",
        head.to_curl()
    );
}

/// A computed list of values may turn out empty, and must not turn a condition into none, however
/// deep it stands.
#[tokio::test(start_paused = true)]
async fn a_condition_without_values_is_never_sent() {
    let nothing: [&str; 0] = [];
    let script = Script::always(page(&[], None, None));
    let client = client(&script);
    let sources = EventFilter::new().source_id(nothing);
    let keys = IssueAggregationFilter::new().source_id(nothing);
    let errors = [
        (
            "source_id",
            client.events().list().filter(&sources).await.err(),
        ),
        (
            "aggregation_keys",
            client.issues().list().aggregation_keys(keys).await.err(),
        ),
        (
            "query",
            client.bulk().event_retries().plan(&sources).await.err(),
        ),
        (
            "source_id",
            client.bulk().event_retries().create(&sources).await.err(),
        ),
    ];
    for (name, error) in errors {
        let error = error.expect("the call is refused");
        assert_eq!(error.kind(), hookdeck::ErrorKind::Invalid);
        assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
    }
    assert!(script.queries().is_empty());
    assert!(serde_json::to_value(&sources).is_err());
}

/// What a parser of bracketed query strings makes of one. Like the common ones it decodes a name
/// before it looks for brackets in it.
#[derive(Clone, Debug, Default, PartialEq)]
enum Node {
    #[default]
    Nothing,
    Text(String),
    List(Vec<Node>),
    Map(BTreeMap<String, Node>),
}

impl Node {
    fn put(&mut self, keys: &[&str], text: String) {
        match (keys, &mut *self) {
            ([], node @ Self::Nothing) => *node = Self::Text(text),
            ([""], Self::List(items)) => items.push(Self::Text(text)),
            ([""], node @ Self::Nothing) => *node = Self::List(vec![Self::Text(text)]),
            ([key, rest @ ..], Self::Map(entries)) => {
                entries
                    .entry((*key).to_owned())
                    .or_default()
                    .put(rest, text);
            }
            ([_, ..], node @ Self::Nothing) => {
                *node = Self::Map(BTreeMap::new());
                node.put(keys, text);
            }
            (keys, node) => panic!("{keys:?} written over {node:?}"),
        }
    }
}

fn decode(query: &str) -> Node {
    let mut root = Node::Map(BTreeMap::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').expect("a value");
        let text = |part: &str| percent_decode_str(part).decode_utf8().unwrap().into_owned();
        let (name, value) = (text(name), text(value));
        let mut keys: Vec<&str> = Vec::new();
        let (first, mut rest) = name.split_at(name.find('[').unwrap_or(name.len()));
        keys.push(first);
        while let Some(inner) = rest.strip_prefix('[') {
            let (key, after) = inner.split_once(']').expect("a closing bracket");
            keys.push(key);
            rest = after;
        }
        assert_eq!(rest, "", "{name}");
        root.put(&keys, value);
    }
    root
}

/// The same value as it must come out of a query string.
fn as_node(value: &QueryValue) -> Node {
    match value {
        QueryValue::Null => Node::Text(String::new()),
        QueryValue::Bool(value) => Node::Text(value.to_string()),
        QueryValue::Integer(value) => Node::Text(value.to_string()),
        QueryValue::Float(value) => Node::Text(value.to_string()),
        QueryValue::Text(value) => Node::Text(value.clone()),
        QueryValue::Json(value) => Node::Text(value.as_str().to_owned()),
        QueryValue::List(values) => Node::List(values.iter().map(as_node).collect()),
        QueryValue::Map(entries) => Node::Map(
            entries
                .iter()
                .map(|(key, value)| (key.to_string(), as_node(value)))
                .collect(),
        ),
    }
}

/// The same value as it must come out of a body.
fn as_json(value: &QueryValue) -> Value {
    match value {
        QueryValue::Null => Value::Null,
        QueryValue::Bool(value) => json!(value),
        QueryValue::Integer(value) => json!(value),
        QueryValue::Float(value) => json!(value),
        QueryValue::Text(value) => json!(value),
        QueryValue::Json(value) => value.to_value(),
        QueryValue::List(values) => values.iter().map(as_json).collect(),
        QueryValue::Map(entries) => entries
            .iter()
            .map(|(key, value)| (key.to_string(), as_json(value)))
            .collect(),
    }
}

fn leaf() -> impl Strategy<Value = QueryValue> {
    prop_oneof![
        Just(QueryValue::Null),
        any_bool().prop_map(QueryValue::Bool),
        proptest::num::i64::ANY.prop_map(QueryValue::Integer),
        proptest::num::f64::NORMAL.prop_map(QueryValue::Float),
        ".*".prop_map(QueryValue::Text),
        "[-+&=%#\\[\\]{} \"'?/;,.:\\\\]{0,12}".prop_map(QueryValue::Text),
        ".*".prop_map(|text| QueryValue::Json(Json::new(&json!({"k": [text, 1]})))),
    ]
}

fn any_bool() -> proptest::bool::Any {
    proptest::bool::ANY
}

/// A name: brackets within one mean nesting to every parser, and cannot be escaped.
fn name() -> impl Strategy<Value = String> {
    "[^\\[\\]]{1,8}"
}

fn value() -> impl Strategy<Value = QueryValue> {
    let list = proptest::collection::vec(leaf(), 1..4).prop_map(QueryValue::List);
    let flat = prop_oneof![3 => leaf(), 1 => list];
    flat.prop_recursive(3, 12, 3, |inner| {
        proptest::collection::btree_map(name(), inner, 1..4).prop_map(|entries| {
            QueryValue::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| (key.into(), value))
                    .collect(),
            )
        })
    })
}

fn query() -> impl Strategy<Value = Query> {
    proptest::collection::btree_map(name(), value(), 0..5).prop_map(|entries| {
        let mut query = Query::new();
        for (name, value) in entries {
            query.set(name, value);
        }
        query
    })
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(query in query()) {
        let expected = query.iter().map(|(name, value)| (name.to_owned(), as_node(value)));
        prop_assert_eq!(decode(&query.to_query_string()), Node::Map(expected.collect()));
    }

    #[test]
    fn in_a_body_it_is_the_json_of_the_same_values(query in query()) {
        let expected: Value = query.iter().map(|(name, value)| (name, as_json(value))).collect();
        prop_assert_eq!(serde_json::to_value(&query).unwrap(), expected);
    }

    #[test]
    fn nothing_between_here_and_the_wire_changes_it(query in query()) {
        let text = query.to_query_string();
        prop_assert!(text.is_ascii());
        let address = format!("http://api.test/2026-09-01/events?{text}");
        let uri: http::Uri = address.parse().unwrap();
        prop_assert_eq!(uri.query().unwrap_or_default(), &text);
        let url = url::Url::parse(&address).unwrap();
        prop_assert_eq!(url.query().unwrap_or_default(), &text);
    }

    #[test]
    fn setting_and_removing_leave_the_rest_alone(query in query(), name in name()) {
        let mut changed = query.clone();
        changed.set(name.clone(), true.into_param());
        prop_assert_eq!(changed.get(&name), Some(&QueryValue::Bool(true)));
        changed.remove(&name);
        let mut rest = query;
        rest.remove(&name);
        prop_assert_eq!(changed, rest);
    }
}
