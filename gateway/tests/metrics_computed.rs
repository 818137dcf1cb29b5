//! Metrics against a second computation.
//!
//! Some hours of random traffic, always the same, and then every endpoint of metrics is held against what
//! the plain lists of requests, events, attempts, issues and executions add up to.

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use hookdeck::types::Timestamp;
use hookdeck_gateway::{Gateway, RateLimit};
use serde_json::{Map, Value, json};
use support::{Api, Receiver, id};

/// Four hours before a month ends, at half a second.
const START: &str = "2026-09-30T20:00:00.500Z";
const RANGE: (&str, &str) = ("2026-09-30T21:30:00Z", "2026-10-01T03:00:00Z");
const ALL: (&str, &str) = ("2026-09-01T00:00:00Z", "2026-11-01T00:00:00Z");

const CODE: &str = "addHandler('transform', (request) => {
    for (const level of request.body.say) console[level]('x');
    if (request.body.throws) throw new Error('thrown');
    return request;
});";

/// What the traffic leaves in the lists.
struct Traffic {
    api: Api,
    requests: Vec<Value>,
    events: Vec<Value>,
    attempts: Vec<Value>,
    executions: Vec<Value>,
    /// One row for every event of every issue.
    issue_events: Vec<Value>,
    /// One row for every wait.
    waits: Vec<Value>,
}

fn micros(text: &Value) -> i64 {
    let text = text.as_str().unwrap_or_else(|| panic!("no time: {text}"));
    text.parse::<Timestamp>().unwrap().unix_micros()
}

fn moment(text: &str) -> i64 {
    micros(&json!(text))
}

/// All of a list, page by page.
async fn walked(api: &Api, path: &str) -> Vec<Value> {
    let sign = if path.contains('?') { '&' } else { '?' };
    let mut all = Vec::new();
    let mut link = String::new();
    loop {
        let reply = api.get(&format!("{path}{sign}limit=100{link}")).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        let page = reply.json();
        all.extend(page["models"].as_array().unwrap().iter().cloned());
        match page["pagination"]["next"].as_str() {
            Some(next) => link = format!("&next={next}"),
            None => return all,
        }
    }
}

async fn post(api: &Api, source: &Value, body: &Value) {
    let request = api
        .http
        .post(source["url"].as_str().unwrap())
        .header("content-type", "application/json")
        .body(body.to_string());
    assert_eq!(support::read(request).await.status, 200);
    api.gateway.settle().await.unwrap();
}

/// Connections that filter and retry, transform under a limit, and delay; and a source that leads nowhere.
async fn traffic() -> Traffic {
    let api = Api::of(
        Gateway::builder()
            .manual_clock(START.parse().unwrap())
            .seed(2026)
            .rate_limit(RateLimit::off()),
    )
    .await;
    let receiver = Receiver::start(200).await;
    let shop = api.source("shop").await;
    let nowhere = api.source("nowhere").await;
    let connect = async |name: &str, destination: Value, rules: Value| {
        let body = json!({ "name": name, "source_id": id(&shop), "destination": destination, "rules": rules });
        api.ok("POST", "/connections", body).await
    };
    let retried = connect(
        "retried",
        receiver.destination("flaky"),
        json!([
            { "type": "filter", "body": { "keep": true } },
            { "type": "retry", "strategy": "linear", "interval": 600_000, "count": 2 },
        ]),
    )
    .await;
    let grouped = json!({
        "name": "grouped", "type": "HTTP",
        "config": {
            "url": receiver.url,
            "delivery_policy": {
                "rate": 12, "period": "hour",
                "groups": { "key": "body.group", "rate": 10, "rate_period": "hour" },
            },
        },
    });
    let transformed = connect(
        "transformed",
        grouped,
        json!([{ "type": "transform", "transformation": { "name": "t", "code": CODE } }]),
    )
    .await;
    connect(
        "delayed",
        json!({ "name": "mock", "type": "MOCK_API" }),
        json!([{ "type": "delay", "delay": 1_500_000 }]),
    )
    .await;

    let mut random = fastrand::Rng::with_seed(2026);
    let levels = ["debug", "info", "warn", "error"];
    for step in 0..90 {
        match random.u32(0..10) {
            0..=4 => {
                let say: Vec<_> = levels.iter().filter(|_| random.u32(0..4) == 0).collect();
                let group = ["a", "b"][random.usize(0..2)];
                let body = json!({
                    "keep": random.u32(0..4) > 0, "group": group,
                    "say": say, "throws": random.u32(0..6) == 0, "step": step,
                });
                for _ in 0..random.u32(1..3) {
                    post(&api, &shop, &body).await;
                }
            }
            5 => post(&api, &nowhere, &json!({ "step": step })).await,
            6 => receiver.answer([200, 500, 500, 404][random.usize(0..4)]),
            7 => {
                let connection = id([&retried, &transformed][random.usize(0..2)]);
                let verb = ["pause", "unpause", "unpause"][random.usize(0..3)];
                api.ok(
                    "PUT",
                    &format!("/connections/{connection}/{verb}"),
                    json!({}),
                )
                .await;
            }
            8 => {
                let done = api.models("/events?status=FAILED&limit=5").await;
                if let Some(event) = random.choice(&done) {
                    api.ok("POST", &format!("/events/{}/retry", id(event)), json!({}))
                        .await;
                }
            }
            _ => {
                let held = api.models("/events?status=HOLD&limit=5").await;
                if let Some(event) = random.choice(&held) {
                    api.ok("PUT", &format!("/events/{}/cancel", id(event)), json!({}))
                        .await;
                }
            }
        }
        api.gateway.settle().await.unwrap();
        let span = Duration::from_millis(random.u64(0..600_000));
        api.gateway.advance(span).await.unwrap();
    }
    // Some left on hold, some delayed, some to be retried.
    receiver.answer(500);
    let pause = format!("/connections/{}/pause", id(&transformed));
    api.ok("PUT", &pause, json!({})).await;
    let unpause = format!("/connections/{}/unpause", id(&retried));
    api.ok("PUT", &unpause, json!({})).await;
    let body = json!({ "keep": true, "group": "a", "say": ["warn"] });
    post(&api, &shop, &body).await;
    post(&api, &shop, &body).await;
    read_back(api).await
}

async fn read_back(api: Api) -> Traffic {
    let mut requests = walked(&api, "/requests").await;
    for request in &mut requests {
        let rejected = request["rejection_cause"].is_string();
        request["status"] = json!(if rejected { "REJECTED" } else { "ACCEPTED" });
    }
    let events = walked(&api, "/events").await;
    let by_id: BTreeMap<String, &Value> = events.iter().map(|event| (id(event), event)).collect();
    let mut attempts = walked(&api, "/attempts").await;
    for attempt in &mut attempts {
        let event = by_id[attempt["event_id"].as_str().unwrap()];
        attempt["delivery_group"] = event["delivery_group"].clone();
    }
    let mut executions = Vec::new();
    for transformation in walked(&api, "/transformations").await {
        let path = format!("/transformations/{}/executions", id(&transformation));
        executions.extend(walked(&api, &path).await);
    }
    for execution in &mut executions {
        if execution["issue_id"] == "" {
            execution["issue_id"] = Value::Null;
        }
        if execution["logs"].as_array().unwrap().is_empty() {
            execution["log_level"] = json!("");
        }
    }
    let mut issue_events = Vec::new();
    for issue in walked(&api, "/issues?type=delivery").await {
        let path = format!("/events?issue_id={}", id(&issue));
        for mut event in walked(&api, &path).await {
            event["issue_id"] = issue["id"].clone();
            issue_events.push(event);
        }
    }
    let now = api.gateway.now().unix_micros();
    let first: BTreeMap<&str, i64> = attempts
        .iter()
        .filter(|attempt| attempt["attempt_number"] == 1)
        .map(|attempt| {
            (
                attempt["event_id"].as_str().unwrap(),
                micros(&attempt["created_at"]),
            )
        })
        .collect();
    let mut waits = Vec::new();
    for event in &events {
        let ended = match first.get(event["id"].as_str().unwrap()) {
            Some(at) => *at,
            None if event["status"] == "CANCELLED" => micros(&event["updated_at"]),
            None => now + 1,
        };
        let again = (event["status"] == "QUEUED" && event["attempts"] != 0)
            .then(|| (micros(&event["updated_at"]), now + 1));
        for (began, ended) in [Some((micros(&event["created_at"]), ended)), again]
            .into_iter()
            .flatten()
        {
            let mut wait = event.clone();
            wait["began"] = json!(began);
            wait["ended"] = json!(ended);
            waits.push(wait);
        }
    }
    Traffic {
        api,
        requests,
        events,
        attempts,
        executions,
        issue_events,
        waits,
    }
}

/// The beginning of the bucket a moment falls into, from the calendar.
fn bucket(granularity: &str, at: i64) -> i64 {
    let (number, unit) = granularity.split_at(granularity.len() - 1);
    let number: i64 = number.parse().unwrap();
    let text = Timestamp::from_unix_micros(at).to_string();
    let date = &text[..10];
    let midnight = moment(&format!("{date}T00:00:00Z"));
    let day = 86_400_000_000;
    // Every size in hours, minutes and seconds asked for here divides a day.
    let part = |size: i64| midnight + (at - midnight) / size * size;
    match unit {
        "M" if number == 1 => moment(&format!("{}-01T00:00:00Z", &date[..7])),
        "w" if number == 1 => {
            let monday = moment("2026-09-28T00:00:00Z");
            monday + (midnight - monday).div_euclid(7 * day) * 7 * day
        }
        "d" if number == 1 => midnight,
        "h" => part(number * 3_600_000_000),
        "m" => part(number * 60_000_000),
        "s" => part(number * 1_000_000),
        _ => panic!("{granularity}"),
    }
}

fn count_where(rows: &[&Value], fits: impl Fn(&Value) -> bool) -> f64 {
    rows.iter().filter(|row| fits(row)).count() as f64
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

fn mean(rows: &[&Value], name: &str) -> f64 {
    let values: Vec<f64> = rows.iter().filter_map(|row| row[name].as_f64()).collect();
    ratio(values.iter().sum(), values.len() as f64)
}

fn highest(rows: &[&Value], name: &str) -> f64 {
    rows.iter()
        .filter_map(|row| row[name].as_f64())
        .fold(0.0, f64::max)
}

/// The least value that no more than this share (of 100) of the values exceed.
fn rank(rows: &[&Value], name: &str, percent: usize) -> f64 {
    let values: Vec<u64> = rows.iter().filter_map(|row| row[name].as_u64()).collect();
    let holds = |limit: &u64| {
        let below = values.iter().filter(|value| *value <= limit).count();
        below * 100 >= percent * values.len()
    };
    values.iter().copied().filter(holds).min().unwrap_or(0) as f64
}

fn measured(table: &str, measure: &str, rows: &[&Value]) -> f64 {
    let status = |wanted: &'static str| count_where(rows, |row| row["status"] == wanted);
    let (failed, good) = (status("FAILED"), status("SUCCESSFUL"));
    let level = |wanted: &'static str| count_where(rows, |row| row["log_level"] == wanted);
    let all = rows.len() as f64;
    match (table, measure) {
        (_, "count") => all,
        ("requests", "accepted_count") => status("ACCEPTED"),
        ("requests", "rejected_count") => status("REJECTED"),
        ("requests", "discarded_count") => count_where(rows, |row| {
            row["status"] == "ACCEPTED" && row["events_count"] == 0 && row["cli_events_count"] == 0
        }),
        ("requests", "avg_events_per_request") => mean(rows, "events_count"),
        ("requests", "avg_ignored_per_request") => mean(rows, "ignored_count"),
        ("transformations", "failed_count") => level("fatal"),
        ("transformations", "successful_count") => all - level("fatal"),
        ("transformations", "error_rate") => ratio(level("fatal"), all),
        ("transformations", "error_count") => level("error"),
        ("transformations", "warn_count") => level("warn"),
        ("transformations", "info_count") => level("info"),
        ("transformations", "debug_count") => level("debug"),
        ("events" | "attempts", "successful_count") => good,
        ("events" | "attempts", "failed_count") => failed,
        ("events" | "attempts", "error_rate") => ratio(failed, failed + good),
        ("events", "scheduled_count") => status("SCHEDULED"),
        ("events", "paused_count") => status("HOLD"),
        ("events", "avg_attempts") => mean(rows, "attempts"),
        ("events", "scheduled_retry_count") => count_where(rows, |row| {
            row["status"] == "FAILED" && row["next_attempt_at"].is_string()
        }),
        ("events", "max_count_per_second") => {
            let mut seconds: BTreeMap<i64, u32> = BTreeMap::new();
            for row in rows {
                *seconds
                    .entry(bucket("1s", micros(&row["created_at"])))
                    .or_default() += 1;
            }
            f64::from(seconds.into_values().max().unwrap_or(0))
        }
        ("attempts", "delivered_count") => count_where(rows, |row| row["delivered_at"].is_string()),
        ("attempts", "response_latency_avg") => mean(rows, "response_latency"),
        ("attempts", "response_latency_max") => highest(rows, "response_latency"),
        ("attempts", "response_latency_p95") => rank(rows, "response_latency", 95),
        ("attempts", "response_latency_p99") => rank(rows, "response_latency", 99),
        ("attempts", "delivery_latency_avg") => mean(rows, "delivery_latency"),
        _ => panic!("{table} {measure}"),
    }
}

/// Rows of a result by bucket and dimensions.
type Result = BTreeMap<(Option<i64>, String), BTreeMap<String, f64>>;

fn named(names: &[&str], row: &Value) -> String {
    let members: Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), row[*name].clone()))
        .collect();
    Value::Object(members).to_string()
}

/// What a call asks for.
#[derive(Clone, Copy, Debug)]
struct Asked<'a> {
    table: &'a str,
    range: (&'a str, &'a str),
    measures: &'a [&'a str],
    dimensions: &'a [&'a str],
    granularity: Option<&'a str>,
    filter: &'a str,
}

async fn answered(api: &Api, asked: &Asked<'_>) -> Result {
    let list = |name: &str, items: &[&str]| -> String {
        items
            .iter()
            .map(|item| format!("&{name}[]={item}"))
            .collect()
    };
    let mut path = format!(
        "/metrics/{}?date_range[start]={}&date_range[end]={}{}{}{}",
        asked.table,
        asked.range.0,
        asked.range.1,
        list("measures", asked.measures),
        list("dimensions", asked.dimensions),
        asked.filter,
    );
    if let Some(size) = asked.granularity {
        path.push_str(&format!("&granularity={size}"));
    }
    let reply = api.get(&path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    let reply = reply.json();
    let rows = reply["data"].as_array().unwrap();
    let metadata = &reply["metadata"];
    assert_eq!(metadata["granularity"], json!(asked.granularity), "{path}");
    assert_eq!(metadata["row_count"], rows.len(), "{path}");
    assert_eq!(metadata["row_limit"], 10_000, "{path}");
    assert_eq!(metadata["truncated"], false, "{path}");
    assert!(metadata["query_time_ms"].is_number(), "{path}");
    let keyed: Result = rows
        .iter()
        .map(|row| {
            let at = (!row["time_bucket"].is_null()).then(|| micros(&row["time_bucket"]));
            let metrics = serde_json::from_value(row["metrics"].clone()).unwrap();
            ((at, named(asked.dimensions, &row["dimensions"])), metrics)
        })
        .collect();
    assert_eq!(keyed.len(), rows.len(), "{path}: a row comes twice");
    keyed
}

/// What the rows of a list add up to.
fn counted(rows: &[Value], asked: &Asked<'_>, fits: &dyn Fn(&Value) -> bool) -> Result {
    let (start, end) = (moment(asked.range.0), moment(asked.range.1));
    let mut groups: BTreeMap<(Option<i64>, String), Vec<&Value>> = BTreeMap::new();
    if asked.granularity.is_none() && asked.dimensions.is_empty() {
        groups.insert((None, "{}".to_owned()), Vec::new());
    }
    for row in rows {
        let at = micros(&row["created_at"]);
        if at >= start && at < end && fits(row) {
            let key = asked.granularity.map(|size| bucket(size, at));
            groups
                .entry((key, named(asked.dimensions, row)))
                .or_default()
                .push(row);
        }
    }
    let measure = |rows: &[&Value]| {
        let measures = asked.measures.iter();
        measures
            .map(|name| ((*name).to_owned(), measured(asked.table, name, rows)))
            .collect()
    };
    groups
        .into_iter()
        .map(|(key, rows)| (key, measure(&rows)))
        .collect()
}

fn same(answered: &Result, expected: &Result, asked: &Asked<'_>) {
    let close = |a: &BTreeMap<String, f64>, b: &BTreeMap<String, f64>| {
        a.len() == b.len()
            && a.iter().all(|(name, value)| {
                b.get(name)
                    .is_some_and(|other| (value - other).abs() < 1e-9)
            })
    };
    for (key, metrics) in expected {
        let Some(found) = answered.get(key) else {
            panic!("{asked:?}: {key:?} is missing")
        };
        assert!(
            close(found, metrics),
            "{asked:?} {key:?}: answered {found:?}, computed {metrics:?}"
        );
    }
    let more: Vec<_> = answered
        .keys()
        .filter(|key| !expected.contains_key(key))
        .collect();
    assert!(more.is_empty(), "{asked:?}: {more:?} are too many");
}

type Fits<'a> = Box<dyn Fn(&Value) -> bool + 'a>;

fn is(name: &'static str, value: Value) -> Fits<'static> {
    Box::new(move |row| row[name] == value)
}

const SIZES: [Option<&str>; 7] = [
    None,
    Some("1m"),
    Some("15m"),
    Some("1h"),
    Some("1d"),
    Some("1w"),
    Some("1M"),
];

/// Every size of buckets over each set of dimensions, and every filter, with all measures at once.
async fn hold(
    api: &Api,
    table: &str,
    rows: &[Value],
    measures: &[&str],
    dimensions: &[&[&str]],
    filters: &[(String, Fits<'_>)],
) {
    let mut asked = Asked {
        table,
        range: ALL,
        measures,
        dimensions: &[],
        granularity: None,
        filter: "",
    };
    let needed = &filters[0];
    for range in [ALL, RANGE] {
        for granularity in SIZES {
            for dimensions in dimensions {
                asked = Asked {
                    range,
                    granularity,
                    dimensions,
                    filter: &needed.0,
                    ..asked
                };
                same(
                    &answered(api, &asked).await,
                    &counted(rows, &asked, &needed.1),
                    &asked,
                );
            }
        }
    }
    for (filter, fits) in filters {
        asked = Asked {
            range: ALL,
            granularity: Some("1h"),
            dimensions: dimensions[0],
            filter,
            ..asked
        };
        let expected = counted(rows, &asked, fits);
        same(&answered(api, &asked).await, &expected, &asked);
    }
}

fn everything() -> (String, Fits<'static>) {
    (String::new(), Box::new(|_| true))
}

#[tokio::test]
async fn metrics_are_what_the_lists_add_up_to() {
    let Traffic {
        api,
        requests,
        events,
        attempts,
        executions,
        issue_events,
        waits,
    } = traffic().await;
    // The traffic has what is to be told apart.
    let has = |rows: &[Value], name: &str, value: &str| rows.iter().any(|row| row[name] == value);
    for status in ["SUCCESSFUL", "FAILED", "HOLD", "SCHEDULED", "CANCELLED"] {
        assert!(has(&events, "status", status), "{status}");
    }
    for trigger in ["INITIAL", "AUTOMATIC", "MANUAL"] {
        assert!(has(&attempts, "trigger", trigger), "{trigger}");
    }
    for level in ["", "fatal", "error", "warn", "info", "debug"] {
        assert!(has(&executions, "log_level", level), "{level:?}");
    }
    assert!(
        attempts
            .iter()
            .any(|attempt| attempt["delivery_latency"].as_u64() > Some(0))
    );
    assert!(has(&requests, "rejection_cause", "NO_CONNECTION"));
    assert!(!issue_events.is_empty());

    let source = requests[0]["source_id"].clone();
    hold(
        &api,
        "requests",
        &requests,
        &[
            "count",
            "accepted_count",
            "rejected_count",
            "discarded_count",
            "avg_events_per_request",
            "avg_ignored_per_request",
        ],
        &[
            &[],
            &["source_id"],
            &["status", "rejection_cause"],
            &["events_count", "ignored_count"],
        ],
        &[
            everything(),
            (
                format!("&filters[source_id]={}", source.as_str().unwrap()),
                is("source_id", source),
            ),
            (
                "&filters[status]=REJECTED".to_owned(),
                is("status", json!("REJECTED")),
            ),
            (
                "&filters[rejection_cause]=NO_CONNECTION".to_owned(),
                is("rejection_cause", json!("NO_CONNECTION")),
            ),
            (
                "&filters[events_count][min]=1&filters[events_count][max]=2".to_owned(),
                Box::new(|row| {
                    row["events_count"]
                        .as_u64()
                        .is_some_and(|count| (1..=2).contains(&count))
                }),
            ),
            (
                "&filters[ignored_count][min]=1".to_owned(),
                Box::new(|row| row["ignored_count"].as_u64() >= Some(1)),
            ),
        ],
    )
    .await;

    let of = |name: &'static str, rows: &[Value]| {
        let value = rows[0][name].clone();
        (
            format!("&filters[{name}]={}", value.as_str().unwrap()),
            is(name, value),
        )
    };
    hold(
        &api,
        "events",
        &events,
        &[
            "count",
            "successful_count",
            "failed_count",
            "scheduled_count",
            "paused_count",
            "error_rate",
            "avg_attempts",
            "scheduled_retry_count",
            "max_count_per_second",
        ],
        &[
            &[],
            &["status"],
            &["webhook_id", "delivery_group"],
            &["attempts", "response_status", "error_code"],
        ],
        &[
            everything(),
            of("webhook_id", &events),
            of("destination_id", &events),
            of("source_id", &events),
            (
                "&filters[status]=FAILED".to_owned(),
                is("status", json!("FAILED")),
            ),
            (
                "&filters[status][]=HOLD&filters[status][]=CANCELLED".to_owned(),
                Box::new(|row| row["status"] == "HOLD" || row["status"] == "CANCELLED"),
            ),
            (
                "&filters[delivery_group]=a".to_owned(),
                is("delivery_group", json!("a")),
            ),
            (
                "&filters[response_status]=404".to_owned(),
                is("response_status", json!(404)),
            ),
            ("&filters[attempts]=2".to_owned(), is("attempts", json!(2))),
        ],
    )
    .await;

    hold(
        &api,
        "attempts",
        &attempts,
        &[
            "count",
            "successful_count",
            "failed_count",
            "delivered_count",
            "error_rate",
            "response_latency_avg",
            "response_latency_max",
            "response_latency_p95",
            "response_latency_p99",
            "delivery_latency_avg",
        ],
        &[
            &[],
            &["status", "trigger"],
            &["destination_id", "delivery_group"],
            &["event_id"],
            &["error_code", "bulk_retry_id"],
        ],
        &[
            everything(),
            of("destination_id", &attempts),
            of("event_id", &attempts),
            (
                "&filters[status]=SUCCESSFUL".to_owned(),
                is("status", json!("SUCCESSFUL")),
            ),
            (
                "&filters[trigger]=AUTOMATIC".to_owned(),
                is("trigger", json!("AUTOMATIC")),
            ),
            (
                "&filters[delivery_group]=b".to_owned(),
                is("delivery_group", json!("b")),
            ),
        ],
    )
    .await;

    hold(
        &api,
        "transformations",
        &executions,
        &[
            "count",
            "successful_count",
            "failed_count",
            "error_rate",
            "error_count",
            "warn_count",
            "info_count",
            "debug_count",
        ],
        &[
            &[],
            &["transformation_id", "log_level"],
            &["webhook_id", "issue_id"],
        ],
        &[
            everything(),
            of("transformation_id", &executions),
            of("webhook_id", &executions),
            (
                "&filters[log_level]=warn".to_owned(),
                is("log_level", json!("warn")),
            ),
            (
                "&filters[log_level]=".to_owned(),
                is("log_level", json!("")),
            ),
        ],
    )
    .await;

    let issues: std::collections::BTreeSet<&str> = issue_events
        .iter()
        .map(|event| event["issue_id"].as_str().unwrap())
        .collect();
    assert!(
        issues.len() > 1,
        "{issues:?} {:#?}",
        walked(&api, "/issues").await
    );
    let every: String = issues
        .iter()
        .map(|issue| format!("&filters[issue_id][]={issue}"))
        .collect();
    let one = of("issue_id", &issue_events);
    hold(
        &api,
        "events-by-issue",
        &issue_events,
        &["count"],
        &[
            &[],
            &["issue_id"],
            &["source_id", "destination_id", "webhook_id"],
        ],
        &[(every, Box::new(|_| true)), one],
    )
    .await;

    let now = api.gateway.now().unix_micros();
    hold_waits(&api, &waits, now).await;
}

/// What the waits come to, moment by moment.
fn gauged(waits: &[Value], asked: &Asked<'_>, now: i64, fits: &dyn Fn(&Value) -> bool) -> Result {
    let (start, end) = (moment(asked.range.0), moment(asked.range.1).min(now + 1));
    let span = |wait: &Value| {
        (
            wait["began"].as_i64().unwrap(),
            wait["ended"].as_i64().unwrap(),
        )
    };
    let mut groups: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
    if asked.dimensions.is_empty() {
        groups.insert("{}".to_owned(), Vec::new());
    }
    for wait in waits.iter().filter(|wait| fits(wait)) {
        let (began, ended) = span(wait);
        if began < end && ended > start {
            groups
                .entry(named(asked.dimensions, wait))
                .or_default()
                .push((began, ended));
        }
    }
    let mut result = Result::new();
    for (name, spans) in groups {
        // Every bucket that something waits in, found by its first moment and by those of the buckets behind it.
        let mut buckets: Vec<(Option<i64>, i64, i64)> = Vec::new();
        match asked.granularity {
            None => buckets.push((None, start, end)),
            Some(size) => {
                let minute = 60_000_000;
                let mut at = start;
                while at < end {
                    let label = bucket(size, at);
                    let mut behind = at;
                    while behind < end && bucket(size, behind) == label {
                        behind += minute;
                    }
                    buckets.push((Some(label), at, behind.min(end)));
                    at = behind;
                }
            }
        }
        for (label, from, to) in buckets {
            let within: Vec<_> = spans
                .iter()
                .filter(|(began, ended)| began < ended && *began < to && *ended > from)
                .collect();
            if within.is_empty() && label.is_some() {
                continue;
            }
            // The depth only grows when a wait begins.
            let moments = within.iter().map(|(began, _)| (*began).max(from));
            let depth = |at: i64| {
                within
                    .iter()
                    .filter(|(began, ended)| *began <= at && at < *ended)
                    .count()
            };
            let most = moments.map(depth).max().unwrap_or(0);
            let oldest = within
                .iter()
                .map(|(began, ended)| (*ended).min(to) - began)
                .max()
                .unwrap_or(0)
                / 1_000;
            let left = within.iter().filter(|(_, ended)| *ended >= to).count();
            let metrics = asked.measures.iter().map(|name| {
                let value = match *name {
                    "max_depth" => most as f64,
                    "max_age" => oldest as f64,
                    "count" => left as f64,
                    other => panic!("{other}"),
                };
                ((*name).to_owned(), value)
            });
            result.insert((label, name.clone()), metrics.collect());
        }
    }
    result
}

async fn hold_waits(api: &Api, waits: &[Value], now: i64) {
    let destination = waits[0]["destination_id"].clone();
    let filter = format!("&filters[destination_id]={}", destination.as_str().unwrap());
    let filters: [(&str, Fits<'_>); 2] = [
        ("", Box::new(|_| true)),
        (&filter, is("destination_id", destination)),
    ];
    let tables: [(&str, &[&str], &[&[&str]]); 2] = [
        (
            "queue-depth",
            &["max_depth", "max_age"],
            &[
                &[],
                &["destination_id"],
                &["destination_id", "delivery_group"],
            ],
        ),
        (
            "events-pending-timeseries",
            &["count"],
            &[&[], &["destination_id"]],
        ),
    ];
    let late = ("2026-09-30T20:00:00Z", "2026-11-01T00:00:00Z");
    for (table, measures, sets) in tables {
        for (filter, fits) in &filters {
            for range in [RANGE, late] {
                for granularity in SIZES {
                    for dimensions in sets {
                        let asked = Asked {
                            table,
                            range,
                            measures,
                            dimensions,
                            granularity,
                            filter,
                        };
                        same(
                            &answered(api, &asked).await,
                            &gauged(waits, &asked, now, fits),
                            &asked,
                        );
                    }
                }
            }
        }
    }
}

/// What every endpoint insists on.
#[tokio::test]
async fn a_range_and_measures_are_required_everywhere() {
    let api = Api::start().await;
    for table in [
        "requests",
        "events",
        "attempts",
        "events-by-issue",
        "queue-depth",
        "transformations",
        "events-pending-timeseries",
    ] {
        let range = format!("date_range[start]={}&date_range[end]={}", ALL.0, ALL.1);
        let issue = if table == "events-by-issue" {
            "&filters[issue_id]=iss_1"
        } else {
            ""
        };
        let measures = if table == "queue-depth" {
            "measures[]=max_depth"
        } else {
            "measures[]=count"
        };
        for (query, missing) in [
            (format!("{measures}{issue}"), "date_range"),
            (format!("{range}{issue}"), "measures"),
            (format!("{range}&measures[]={issue}"), "measures"),
            (
                format!("{measures}&date_range[start]={}{issue}", ALL.0),
                "date_range.end",
            ),
        ] {
            let violations = api
                .get(&format!("/metrics/{table}?{query}"))
                .await
                .violations();
            assert!(
                violations
                    .iter()
                    .any(|violation| violation.contains(missing)),
                "{table}?{query}: {violations:?}"
            );
        }
        let good = api
            .get(&format!("/metrics/{table}?{range}&{measures}{issue}"))
            .await;
        assert_eq!(good.status, 200, "{table}: {}", good.text);
    }
}
