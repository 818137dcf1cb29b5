//! Down to an older version and up again: the same, for whatever both can express.

use hookdeck::ApiVersion;
use hookdeck::version::Translation;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn older() -> impl Strategy<Value = (ApiVersion, Translation)> {
    let versions = ApiVersion::KNOWN;
    let older = &versions[..versions.len() - 1];
    prop::sample::select(older).prop_map(|version| {
        (
            version.clone(),
            version.translation().expect("an older version"),
        )
    })
}

/// Those without types of sources and destinations.
fn older_untyped() -> impl Strategy<Value = (ApiVersion, Translation)> {
    older().prop_filter("knows types", |(version, _)| {
        *version < ApiVersion::V2025_01_01
    })
}

fn name() -> impl Strategy<Value = String> {
    "[a-z]{1,8}"
}

fn object(members: Vec<(&str, Option<Value>)>) -> Value {
    let members = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(Map::from_iter(members))
}

/// Configs of a source in a request, of every type that all versions can express.
fn source() -> impl Strategy<Value = Value> {
    let scheme = prop_oneof![
        Just((json!("WEBHOOK"), None, None)),
        Just((
            json!("WEBHOOK"),
            Some(json!("HMAC")),
            Some(json!({
                "webhook_secret_key": "s", "algorithm": "sha256", "encoding": "hex", "header_key": "x-sig",
            }))
        )),
        Just((
            json!("WEBHOOK"),
            Some(json!("BASIC_AUTH")),
            Some(json!({"username": "u", "password": "p"}))
        )),
        Just((
            json!("STRIPE"),
            None,
            Some(json!({"webhook_secret_key": "s"}))
        )),
        Just((
            json!("POSTMARK"),
            None,
            Some(json!({"username": "u", "password": "p"}))
        )),
        Just((json!("BRIDGE_XYZ"), None, Some(json!({"public_key": "k"})))),
        Just((json!("AWS_SNS"), None, Some(json!({})))),
    ];
    let methods = prop::option::of(Just(json!(["POST", "PUT"])));
    let response = prop::option::of(prop_oneof![
        Just(Value::Null),
        Just(json!({"content_type": "json", "body": "{}"})),
    ]);
    let description =
        prop::option::of(prop_oneof![Just(Value::Null), name().prop_map(Value::from)]);
    (name(), description, scheme, methods, response).prop_map(
        |(name, description, (kind, scheme, auth), methods, response)| {
            let config = object(vec![
                ("allowed_http_methods", methods),
                ("custom_response", response),
                ("auth_type", scheme),
                ("auth", auth),
            ]);
            // A plain source says so by saying nothing.
            let is_plain = kind == "WEBHOOK" && config.get("auth_type").is_none();
            object(vec![
                ("name", Some(name.into())),
                ("description", description),
                ("type", (!is_plain).then_some(kind)),
                (
                    "config",
                    config
                        .as_object()
                        .is_some_and(|c| !c.is_empty())
                        .then_some(config),
                ),
            ])
        },
    )
}

fn destination() -> impl Strategy<Value = Value> {
    let auth = prop::option::of(prop_oneof![
        Just(("HOOKDECK_SIGNATURE", json!({}))),
        Just(("BEARER_TOKEN", json!({"token": "t"}))),
        Just((
            "API_KEY",
            json!({"key": "x-key", "api_key": "k", "to": "query"})
        )),
    ]);
    let policy = prop::option::of(prop_oneof![
        Just(json!({"rate": 5, "period": "minute"})),
        Just(json!({"rate": null, "period": "second"})),
        Just(json!({"rate": 7})),
    ]);
    let kind = prop_oneof![
        Just(("HTTP", Some(("url", "https://example.com/hooks")))),
        Just(("MOCK_API", None)),
        Just(("CLI", Some(("path", "/hooks")))),
    ];
    let method = prop::option::of(prop_oneof![Just(Value::Null), Just(json!("PUT"))]);
    (name(), kind, policy, auth, method, any::<Option<bool>>()).prop_map(
        |(name, (kind, place), policy, auth, method, forwarding)| {
            let (auth_type, auth) = auth.unzip();
            let config = object(vec![
                (
                    "url",
                    place
                        .filter(|(name, _)| *name == "url")
                        .map(|(_, url)| url.into()),
                ),
                (
                    "path",
                    place
                        .filter(|(name, _)| *name == "path")
                        .map(|(_, path)| path.into()),
                ),
                ("delivery_policy", policy.filter(|_| kind != "CLI")),
                ("http_method", method),
                ("path_forwarding_disabled", forwarding.map(Value::from)),
                ("auth_type", auth_type.map(Value::from)),
                ("auth", auth),
            ]);
            object(vec![
                ("name", Some(name.into())),
                ("type", Some(kind.into())),
                (
                    "config",
                    config
                        .as_object()
                        .is_some_and(|c| !c.is_empty())
                        .then_some(config),
                ),
            ])
        },
    )
}

fn rules() -> impl Strategy<Value = Value> {
    let transform = json!({"type": "transform", "transformation_id": "trs_1"});
    let rest = prop_oneof![
        Just(json!({"type": "filter", "body": {"a": {"$gt": 1}}})),
        Just(json!({"type": "retry", "strategy": "linear", "interval": 60000, "count": 3})),
        Just(json!({"type": "delay", "delay": 1000})),
    ];
    (any::<bool>(), prop::collection::vec(rest, 0..3)).prop_map(move |(transforms, rest)| {
        let first = transforms.then(|| transform.clone());
        first.into_iter().chain(rest).collect()
    })
}

/// Down and up again.
fn there_and_back(
    older: &Translation,
    operation: &str,
    query: &str,
    body: Option<&Value>,
) -> (String, Option<Value>) {
    let bytes = body.map(Value::to_string).map(String::into_bytes);
    let down = older
        .downgrade_request(operation, "/x", query, bytes.as_deref())
        .unwrap_or_else(|problem| panic!("{problem} in {body:?}"));
    let up = older.upgrade_request(operation, &down.query, down.body.as_deref());
    (
        up.query,
        up.body
            .map(|bytes| serde_json::from_slice(&bytes).expect("JSON")),
    )
}

/// A verification without configs was refused, so a type that needs none is sent with empty ones.
#[test]
fn a_type_without_credentials_is_sent_with_empty_ones() {
    let older = ApiVersion::V2024_09_01.translation().unwrap();
    for config in [None, Some(json!({"auth": null}))] {
        let source = object(vec![
            ("name", Some(json!("s"))),
            ("type", Some(json!("AWS_SNS"))),
            ("config", config),
        ]);
        let source = source.to_string();
        let down = older
            .downgrade_request("createSource", "/sources", "", Some(source.as_bytes()))
            .unwrap();
        let down: Value = serde_json::from_slice(&down.body.unwrap()).unwrap();
        assert_eq!(
            down,
            json!({"name": "s", "verification": {"type": "AWS_SNS", "configs": {}}})
        );
    }
}

proptest! {
    #[test]
    fn sources_in_requests((version, older) in older(), source in source()) {
        let (_, back) = there_and_back(&older, "createSource", "", Some(&source));
        prop_assert_eq!(back, Some(source), "at {}", version);
    }

    #[test]
    fn destinations_in_requests((version, older) in older(), destination in destination()) {
        let (_, back) = there_and_back(&older, "upsertDestination", "", Some(&destination));
        prop_assert_eq!(back, Some(destination), "at {}", version);
    }

    #[test]
    fn connections_in_requests(
        (version, older) in older(),
        source in source(),
        destination in destination(),
        rules in rules(),
    ) {
        let body = json!({"name": "c", "source": source, "destination": destination, "rules": rules});
        let (_, back) = there_and_back(&older, "createConnection", "", Some(&body));
        prop_assert_eq!(back, Some(body), "at {}", version);
    }

    #[test]
    fn conditions_of_lists(
        (version, older) in older(),
        cause in prop::sample::select(&["SOURCE_DISABLED", "NO_CONNECTION", "VERIFICATION_FAILED"][..]),
        term in "[a-zA-Z0-9 &=%+\\[\\]é]{0,12}",
        include in any::<bool>(),
    ) {
        let encoded: String = url::form_urlencoded::byte_serialize(term.as_bytes()).collect();
        let query = format!("rejection_cause[]={cause}&search_term={encoded}");
        let (back, _) = there_and_back(&older, "getRequests", &query, None);
        let read = |query: &str| -> Vec<(String, String)> {
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
        };
        prop_assert_eq!(read(&back), read(&query), "at {}", &version);

        let mut query = "disabled=true&disabled_at[gte]=2026-01-01".to_owned();
        if include {
            query.push_str("&include=config.auth");
        }
        let (back, _) = there_and_back(&older, "getSource", &query, None);
        prop_assert_eq!(back, query, "at {}", version);
    }

    /// A mock destination's path is lost on the way to it, one that was read is not: it was made elsewhere.
    #[test]
    fn addresses_of_the_mock_service((version, older) in older_untyped(), path in "(/[a-z]{0,5}|\\?a=1|)") {
        let url = format!("https://mock.hookdeck.com{path}");
        let flat = json!({"name": "d", "url": url, "cli_path": null}).to_string();
        let up = older.upgrade_request("createDestination", "", Some(flat.as_bytes()));
        let up: Value = serde_json::from_slice(&up.body.unwrap()).unwrap();
        prop_assert_eq!(up, json!({"name": "d", "type": "MOCK_API"}), "at {}", &version);

        let kind = if path.is_empty() { "MOCK_API" } else { "HTTP" };
        let read = older.upgrade_reply("getDestination", flat.as_bytes());
        let read: Value = serde_json::from_slice(&read).unwrap();
        prop_assert_eq!(&read["type"], kind, "at {}", version);
        prop_assert_eq!(read["config"].get("url").is_some(), kind == "HTTP", "{}", read);
    }

    /// The models of a reply: what both can show comes back.
    #[test]
    fn sources_and_destinations_in_replies(
        (version, older) in older(),
        mut source in source(),
        mut destination in destination(),
        disabled in any::<bool>(),
    ) {
        let common = |model: &mut Value, id: &str| {
            model["id"] = id.into();
            model["disabled_at"] = if disabled { "2026-11-01T00:00:00.000Z".into() } else { Value::Null };
        };
        common(&mut source, "src_1");
        common(&mut destination, "des_1");
        source["type"] = source.get("type").cloned().unwrap_or("WEBHOOK".into());
        let verifies = source["type"] != "WEBHOOK" || source["config"].get("auth_type").is_some();
        source["authenticated"] = verifies.into();
        source["config"] = source.get("config").cloned().unwrap_or(json!({}));
        let config = &mut destination["config"];
        *config = if config.is_null() { json!({}) } else { config.clone() };
        for (name, value) in [("http_method", Value::Null), ("path_forwarding_disabled", false.into())] {
            if config.get(name).is_none() {
                config[name] = value;
            }
        }
        if destination["type"] != "CLI" {
            let policy = &mut destination["config"]["delivery_policy"];
            *policy = json!({
                "rate": policy.get("rate").cloned().unwrap_or_default(),
                "period": policy.get("period").cloned().unwrap_or_default(),
            });
        }
        let reply = json!({"id": "web_1", "source": source, "destination": destination, "disabled_at": null, "rules": []});
        let down = older.downgrade_reply("getConnection", reply.to_string().as_bytes());
        let back = older.upgrade_reply("getConnection", &down);
        let back: Value = serde_json::from_slice(&back).expect("JSON");
        prop_assert_eq!(back, reply, "at {}, by way of {}", version, String::from_utf8_lossy(&down));
    }

    /// Whatever bytes come, nothing panics, and what is no JSON goes on as it is.
    #[test]
    fn any_bytes(
        (_, older) in older(),
        operation in prop::sample::select(hookdeck::operation::ops::ALL),
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        query in "[a-z\\[\\]=&%0-9]{0,30}",
    ) {
        let _ = older.downgrade_request(operation.id, "/x", &query, Some(&bytes));
        let _ = older.upgrade_request(operation.id, &query, Some(&bytes));
        let same = older.upgrade_reply(operation.id, &bytes);
        if serde_json::from_slice::<Value>(&bytes).is_err() {
            prop_assert_eq!(same, bytes);
        }
    }
}
