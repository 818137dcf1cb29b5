//! Times that agree: what a reply shows is what a filter, an order and a cursor compare.
//!
//! Every list of the contract that filters by a time or sorts by one is asked with the times its own rows
//! show, under both clocks. A row is never after itself, and never left out of what is up to it.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::time::Duration;

use hookdeck::types::Timestamp;
use hookdeck_gateway::GatewayBuilder;
use hookdeck_testkit::{Api, World, gateway, id};
use serde_json::{Value, json};

/// A list and what of it is a time.
struct TimedList {
    path: String,
    filters: BTreeSet<String>,
    orders: BTreeSet<String>,
    /// The filters that counting knows too.
    counted: BTreeSet<String>,
}

/// The parameters of a path that are times.
fn times_among(paths: &serde_json::Map<String, Value>, path: &str) -> BTreeSet<String> {
    let parameters = paths.get(path).map(|path| &path["get"]["parameters"]);
    let parameters = parameters.and_then(Value::as_array).into_iter().flatten();
    parameters
        .filter_map(|parameter| parameter["name"].as_str())
        .filter(|name| name.ends_with("_at"))
        .map(str::to_owned)
        .collect()
}

/// The lists of the contract that come in pages and know times.
fn timed_lists() -> Vec<TimedList> {
    let document: Value = serde_json::from_str(hookdeck::contract::DOCUMENT).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let of = |path: &str| {
        let parameters = paths.get(path)?["get"]["parameters"].as_array()?;
        let named = |name: &str| parameters.iter().find(|p| p["name"] == name);
        named("next")?;
        let orders = named("order_by").map_or(&Value::Null, |order| &order["schema"]);
        let orders = orders["enum"]
            .as_array()
            .or_else(|| orders["anyOf"][0]["enum"].as_array());
        let orders = orders.into_iter().flatten().filter_map(Value::as_str);
        Some(TimedList {
            path: path.to_owned(),
            filters: times_among(paths, path),
            orders: orders
                .filter(|name| name.ends_with("_at"))
                .map(str::to_owned)
                .collect(),
            counted: times_among(paths, &format!("{path}/count")),
        })
    };
    let lists: Vec<TimedList> = paths
        .keys()
        .filter(|path| !path.ends_with("/count"))
        .filter_map(|path| of(path))
        .collect();
    assert_eq!(lists.len(), 18);
    lists
}

/// What a row shows under a name, which for joined rows is that of another model.
fn shown<'a>(row: &'a Value, name: &str) -> Option<&'a str> {
    match name.split_once('.') {
        Some(("sources", name)) => row["source"][name].as_str(),
        Some(("destinations", name)) => row["destination"][name].as_str(),
        _ => row[name].as_str(),
    }
}

fn moment(text: &str) -> Timestamp {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn ids(rows: &[Value]) -> BTreeSet<String> {
    rows.iter().map(id).collect()
}

/// Up to three of the times there are: both ends and one between.
fn sample(times: &BTreeSet<String>) -> Vec<&String> {
    let all: Vec<&String> = times.iter().collect();
    match all.len() {
        0..=3 => all,
        many => vec![all[0], all[many / 2], all[many - 1]],
    }
}

/// The same moment in other words.
fn spellings(time: &str) -> [String; 4] {
    let at = moment(time);
    let bare = time.trim_end_matches('Z');
    let ahead = Timestamp::from_unix_micros(at.unix_micros() + 7_200_000_000);
    let ahead = format!("{:.6}", civil(ahead));
    [
        time.to_owned(),
        format!("{bare}000Z"),
        bare.to_owned(),
        format!("{ahead}%2B02:00"),
    ]
}

fn civil(at: Timestamp) -> jiff::civil::DateTime {
    let since = jiff::SignedDuration::from_micros(at.unix_micros());
    jiff::civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0)
        .checked_add(since)
        .unwrap()
}

async fn filters_agree(api: &Api, list: &TimedList, path: &str, all: &str, name: &str) -> bool {
    let rows = api.all(&format!("{path}{all}")).await;
    let times: BTreeSet<String> = rows
        .iter()
        .filter_map(|row| shown(row, name))
        .map(str::to_owned)
        .collect();
    for (number, time) in sample(&times).into_iter().enumerate() {
        for (index, spelling) in spellings(time).iter().enumerate() {
            type Fits = fn(Ordering) -> bool;
            let operators: [(&str, Fits); 5] = [
                ("[gt]", Ordering::is_gt),
                ("[gte]", Ordering::is_ge),
                ("[lt]", Ordering::is_lt),
                ("[lte]", Ordering::is_le),
                ("", Ordering::is_eq),
            ];
            for (operator, fits) in operators {
                // In other words it is enough to ask of one time by two of them.
                if index > 0 && (number > 0 || !matches!(operator, "[gt]" | "[lte]")) {
                    continue;
                }
                // The contract knows some times by comparison alone.
                if operator.is_empty()
                    && api.get(&format!("{path}?{name}={spelling}")).await.status != 200
                {
                    continue;
                }
                let query = format!("{all}&{name}{operator}={spelling}");
                let found = api.all(&format!("{path}{query}")).await;
                let expected: BTreeSet<String> = rows
                    .iter()
                    .filter(|row| {
                        shown(row, name).is_some_and(|shown| fits(moment(shown).cmp(&moment(time))))
                    })
                    .map(id)
                    .collect();
                assert_eq!(ids(&found), expected, "{path}{query}");
                if list.counted.contains(name) {
                    // Some are counted by their absence alone.
                    let count = api.get(&format!("{path}/count{query}")).await;
                    if count.status == 200 {
                        let count = count.json();
                        assert_eq!(count["count"], expected.len(), "{path}/count{query}");
                    }
                }
            }
        }
        let range = format!("{all}&{name}[gte]={time}&{name}[lte]={time}");
        let found = ids(&api.all(&format!("{path}{range}")).await);
        let equal = rows.iter().filter(|row| shown(row, name) == Some(time));
        assert_eq!(found, equal.map(id).collect(), "{path}{range}");
    }
    !times.is_empty()
}

/// Walks the list two rows at a time, there and back again.
async fn order_agrees(api: &Api, path: &str, all: &str, name: &str) {
    let whole: Vec<Value> = api.all(&format!("{path}{all}")).await;
    for dir in ["asc", "desc"] {
        let limit = (whole.len() / 4).max(2);
        let first = format!("{path}{all}&order_by={name}&dir={dir}&limit={limit}");
        let (mut pages, mut next) = (Vec::new(), first.clone());
        let last = loop {
            let page = api.get(&next).await.json();
            pages.push(page["models"].as_array().unwrap().clone());
            match page["pagination"]["next"].as_str() {
                Some(cursor) => next = format!("{first}&next={cursor}"),
                None => break page,
            }
        };
        let rows: Vec<&Value> = pages.iter().flatten().collect();
        assert_eq!(rows.len(), whole.len(), "{first}");
        assert_eq!(
            rows.iter().map(|row| id(row)).collect::<BTreeSet<_>>(),
            ids(&whole)
        );
        let times: Vec<Timestamp> = rows
            .iter()
            .map(|row| moment(shown(row, name).unwrap()))
            .collect();
        let sorted = match dir {
            "asc" => times.is_sorted(),
            _ => times.iter().rev().is_sorted(),
        };
        assert!(sorted, "{first}: {times:?}");
        let mut page = last;
        while let Some(cursor) = page["pagination"]["prev"].as_str() {
            pages.pop();
            page = api.get(&format!("{first}&prev={cursor}")).await.json();
            assert_eq!(&page["models"], &json!(pages.last().unwrap()), "{first}");
        }
        assert_eq!(pages.len(), 1);
    }
}

/// Fills every list with rows at moments of every kind. Answers a request whose delivery failed, one that
/// was delivered, one that was ignored, and a transformation that ran.
async fn fill(world: &World) -> [String; 4] {
    let api = &world.api;
    let tick = async |micros: u64| {
        if world
            .gateway
            .advance(Duration::from_micros(micros))
            .await
            .is_err()
        {
            // The system's clock goes on by itself.
            tokio::task::yield_now().await;
        }
    };
    let code = "addHandler(\"transform\", (request) => { console.log(1); return request })";
    let transformation = api
        .ok(
            "POST",
            "/transformations",
            json!({ "name": "t", "code": code }),
        )
        .await;
    let retry = json!({ "type": "retry", "strategy": "linear", "interval": 3_600_000, "count": 2 });
    let transform = json!({ "type": "transform", "transformation_id": id(&transformation) });
    let failing = world
        .connect("failing")
        .rules(json!([retry, transform]))
        .json()
        .await;
    tick(333).await;
    let picky = world
        .connect("picky")
        .rules(json!([{ "type": "filter", "body": { "never": true } }]))
        .json()
        .await;
    tick(1_500).await;
    let quiet = api.connect("quiet").json().await;
    world.receiver.always(500);
    for n in 0..6 {
        world.deliver(&failing, json!({ "n": n })).await;
        world.deliver(&picky, json!({ "n": n })).await;
        world.deliver(&quiet, json!({ "n": n })).await;
        tick(700 * (n % 3)).await;
    }
    let hopeless = world.connect("hopeless").json().await;
    for status in [500, 503] {
        world.receiver.always(status);
        world.deliver(&hopeless, json!({})).await;
        tick(2_400).await;
    }
    for n in 0..101 {
        world.post(&quiet, json!({ "many": n })).await;
    }
    world.settle().await;

    // Bulk jobs of every kind, and one of more than a batch that is cancelled between two.
    let of = |model: &Value| json!({ "query": { "source_id": model["source"]["id"] } });
    let ignored = json!({ "query": { "webhook_id": id(&picky) } });
    let mut replay = of(&failing);
    replay["query"]["target"] = json!({ "webhook_ids": [id(&failing)] });
    for (path, body) in [
        (
            "/bulk/events/retry",
            json!({ "query": { "webhook_id": id(&failing) } }),
        ),
        (
            "/bulk/events/cancel",
            json!({ "query": { "webhook_id": id(&failing) } }),
        ),
        ("/bulk/requests/replay", replay),
        ("/bulk/requests/retry", of(&picky)),
        ("/bulk/ignored-events/retry", ignored),
    ] {
        // Only what waits can be cancelled.
        let cancels = path.ends_with("/cancel");
        let connection = format!("/connections/{}", id(&failing));
        if cancels {
            api.ok("PUT", &format!("{connection}/pause"), json!({}))
                .await;
            world.deliver(&failing, json!({})).await;
        }
        let reply = api.post(path, body).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        world.settle().await;
        if cancels {
            api.ok("PUT", &format!("{connection}/unpause"), json!({}))
                .await;
        }
        tick(1_001).await;
    }
    let many = json!({ "query": { "webhook_id": id(&quiet) } });
    let job = api.ok("POST", "/bulk/events/retry", many).await;
    let cancel = format!("/bulk/events/retry/{}/cancel", id(&job));
    api.ok("POST", &cancel, json!({})).await;
    world.settle().await;

    // What is disabled, paused, dismissed, used.
    for (path, model) in [
        ("sources", &picky["source"]),
        ("destinations", &picky["destination"]),
        ("connections", &quiet),
    ] {
        api.ok("PUT", &format!("/{path}/{}/disable", id(model)), json!({}))
            .await;
        tick(999).await;
    }
    api.ok(
        "PUT",
        &format!("/connections/{}/pause", id(&failing)),
        json!({}),
    )
    .await;
    let triggers = api.models("/issue-triggers").await;
    let trigger = format!("/issue-triggers/{}/disable", id(&triggers[0]));
    api.ok("PUT", &trigger, json!({})).await;
    let issues = api.models("/issues").await;
    api.ok("DELETE", &format!("/issues/{}", id(&issues[0])), json!({}))
        .await;
    let requests = api.all("/requests?order_by=created_at&dir=asc").await;
    let event = api.models("/events?limit=1").await.remove(0);
    let bookmark = json!({
        "webhook_id": id(&failing), "event_data_id": event["event_data_id"], "label": "l", "name": "b",
    });
    let bookmark = api.ok("POST", "/bookmarks", bookmark).await;
    api.ok(
        "POST",
        &format!("/bookmarks/{}/trigger", id(&bookmark)),
        json!({}),
    )
    .await;
    world.settle().await;
    let led = |model: &Value| {
        let source = &model["source"]["id"];
        id(requests
            .iter()
            .find(|request| request["source_id"] == *source)
            .unwrap())
    };
    [led(&failing), led(&quiet), led(&picky), id(&transformation)]
}

/// Columns that are shown to the microsecond.
const PRECISE: [&str; 4] = [
    "ignored_events.created_at",
    "ignored_events.updated_at",
    "requests.created_at",
    "requests.updated_at",
];

/// The columns that hold more digits of a moment than a reply shows of it.
async fn columns_with_hidden_digits(world: &World) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("snapshot.db");
    std::fs::write(&file, world.gateway.snapshot().await.unwrap()).unwrap();
    let store = rusqlite::Connection::open(&file).unwrap();
    let columns: Vec<(String, String)> = store
        .prepare(
            "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
             WHERE t.type = 'table' AND c.name LIKE '%\\_at' ESCAPE '\\'",
        )
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(columns.len() > 40, "{columns:?}");
    let hidden = |(table, column): &(String, String)| {
        let sql = format!("SELECT count(*) FROM {table} WHERE {column} % 1000 <> 0");
        let count: i64 = store.query_row(&sql, [], |row| row.get(0)).unwrap();
        count > 0
    };
    let found = columns.iter().filter(|column| hidden(column));
    found
        .map(|(table, column)| format!("{table}.{column}"))
        .collect()
}

async fn all_times_agree(builder: GatewayBuilder) {
    let world = World::of(builder).await;
    let api = &world.api;
    let [failed, delivered, ignored, transformation] = fill(&world).await;
    let hidden = columns_with_hidden_digits(&world).await;
    assert!(
        hidden
            .iter()
            .all(|column| PRECISE.contains(&column.as_str())),
        "{hidden:?}"
    );
    let mut unasked = Vec::new();
    for list in timed_lists() {
        let (one, other) = match list.path.as_str() {
            path if path.contains("ignored_events") => (&ignored, None),
            path if path.contains("transformations") => (&transformation, None),
            path if path.contains("{id}") => (&failed, Some(&delivered)),
            _ => (&failed, None),
        };
        let all = match list.path.as_str() {
            "/sources" | "/destinations" | "/connections" => "?disabled=true",
            _ => "?",
        };
        let mut unknown = list.filters.clone();
        for id in std::iter::once(one).chain(other) {
            let path = list.path.replace("{id}", id);
            for name in &list.filters {
                if filters_agree(api, &list, &path, all, name).await {
                    unknown.remove(name);
                }
            }
            for name in &list.orders {
                order_agrees(api, &path, all, name).await;
            }
        }
        unasked.extend(unknown.iter().map(|name| format!("{} {name}", list.path)));
    }
    assert_eq!(unasked, UNASKED, "every time must have been asked for once");
}

#[tokio::test]
async fn a_time_read_from_a_row_compares_as_the_row_does_by_the_systems_clock() {
    all_times_agree(gateway().system_clock()).await;
}

#[tokio::test]
async fn a_time_read_from_a_row_compares_as_the_row_does_by_a_manual_clock() {
    let start = "2026-09-01T12:00:00.123456Z".parse().unwrap();
    all_times_agree(gateway().manual_clock(start)).await;
}

/// What no row of the test has: one kind of job cannot be cancelled, and of the others, which are rows of one
/// table, one is enough.
const UNASKED: [&str; 4] = [
    "/bulk/events/cancel cancelled_at",
    "/bulk/ignored-events/retry cancelled_at",
    "/bulk/requests/replay cancelled_at",
    "/bulk/requests/retry cancelled_at",
];

#[tokio::test]
async fn a_moment_may_be_given_with_any_number_of_digits_and_any_offset() {
    let world = World::at("2026-10-01T10:00:00.1Z").await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    world.deliver(&connection, json!({})).await;
    let event = api.models("/events").await.remove(0);
    assert_eq!(event["created_at"], "2026-10-01T10:00:00.100Z");
    // What is asked, and how the event compares with it.
    for (text, is) in [
        ("2026-10-01", Ordering::Greater),
        ("2026-10-02", Ordering::Less),
        ("2026-10-01T10:00Z", Ordering::Greater),
        ("2026-10-01T10:00:00.1Z", Ordering::Equal),
        ("2026-10-01T10:00:00,1", Ordering::Equal),
        ("2026-10-01 10:00:00.100000", Ordering::Equal),
        ("2026-10-01T10:00:00.100000000000Z", Ordering::Equal),
        ("2026-10-01T10:00:00.099999999Z", Ordering::Greater),
        ("2026-10-01T10:00:00.100000001Z", Ordering::Less),
        ("2026-10-01T10:00:00.123456789Z", Ordering::Less),
        ("2026-10-01T12:00:00.1%2B02:00", Ordering::Equal),
        ("2026-10-01T12:00:00.1%2B02", Ordering::Equal),
        ("2026-10-01T05:30:00.1-0430", Ordering::Equal),
        ("2026-10-01T12:00%2B02:00", Ordering::Greater),
        ("2026-10-02T09:59:00.1%2B23:59", Ordering::Equal),
    ] {
        for (operator, fits) in [
            ("gt", is.is_gt()),
            ("gte", is.is_ge()),
            ("lt", is.is_lt()),
            ("lte", is.is_le()),
        ] {
            let query = format!("/events?created_at[{operator}]={text}");
            assert_eq!(api.models(&query).await.len(), usize::from(fits), "{query}");
        }
    }
    for text in [
        "",
        "noon",
        "2026-13-01",
        "2026-10-01T10:00:60Z",
        "2026-10-01T10:00%2B24:00",
    ] {
        let reply = api.get(&format!("/events?created_at[gt]={text}")).await;
        // An empty bound bounds nothing.
        assert_eq!(
            reply.status,
            if text.is_empty() { 200 } else { 422 },
            "{text}"
        );
    }
}

#[tokio::test]
async fn requests_are_received_in_milliseconds_and_come_to_be_one_after_the_other() {
    let world = World::at("2026-10-01T10:00:00Z").await;
    let api = &world.api;
    let connection = api.connect("c").json().await;
    let mut seen = "2026-10-01T09:59:59.999999Z".to_owned();
    for n in 0..5 {
        let id_of_new = world.post(&connection, json!({ "n": n })).await;
        // Whoever asks for what came after the newest one gets what is new, though no time has passed.
        let new = api
            .models(&format!("/requests?created_at[gt]={seen}"))
            .await;
        assert_eq!(new.iter().map(id).collect::<Vec<_>>(), [id_of_new]);
        assert_eq!(new[0]["ingested_at"], "2026-10-01T10:00:00.000Z");
        seen = new[0]["created_at"].as_str().unwrap().to_owned();
        assert_eq!(seen, format!("2026-10-01T10:00:00.00000{n}Z"));
        assert_eq!(new[0]["updated_at"], seen);
    }
}

#[tokio::test]
async fn events_of_one_moment_are_listed_and_delivered_in_the_order_they_came() {
    let world = World::start().await;
    let connection = world
        .connect("c")
        .config(json!({ "delivery_policy": { "rate": 1, "period": "second" } }))
        .json()
        .await;
    let mut posted = Vec::new();
    for n in 0..12 {
        posted.push(world.post(&connection, json!({ "n": n })).await);
    }
    let listed = world.api.models("/events?dir=asc").await;
    let requests: Vec<_> = listed
        .iter()
        .map(|event| event["request_id"].clone())
        .collect();
    assert_eq!(json!(requests), json!(posted));
    world.advance(Duration::from_secs(12)).await;
    let delivered: Vec<_> = world
        .receiver
        .deliveries()
        .iter()
        .map(|delivery| delivery.json()["n"].as_u64().unwrap())
        .collect();
    assert_eq!(delivered, (0..12).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_request_after_a_snapshot_of_the_same_moment_is_the_newest() {
    let first = World::start().await;
    let connection = first.api.connect("c").json().await;
    for n in 0..3 {
        first.post(&connection, json!({ "n": n })).await;
    }
    let second = World::start().await;
    second
        .gateway
        .restore(first.gateway.snapshot().await.unwrap())
        .await
        .unwrap();
    let local = second.api.models("/sources").await.remove(0);
    let newest = second.post(&local, json!({})).await;
    let listed = second.api.models("/requests").await;
    assert_eq!((listed.len(), id(&listed[0])), (4, newest));
}
