//! What a call for metrics asks for, what it answers, and the times in both.

use std::collections::BTreeMap;

use hookdeck::types::Timestamp;
use hookdeck_testkit::Api;
use serde_json::{Map, Value, json};

pub fn micros(text: &Value) -> i64 {
    let text = text.as_str().unwrap_or_else(|| panic!("no time: {text}"));
    text.parse::<Timestamp>().unwrap().unix_micros()
}

pub fn moment(text: &str) -> i64 {
    micros(&json!(text))
}

/// The beginning of the bucket a moment falls into, from the calendar.
pub fn bucket(granularity: &str, at: i64) -> i64 {
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

/// Rows of a result by bucket and dimensions.
pub type Result = BTreeMap<(Option<i64>, String), BTreeMap<String, f64>>;

pub fn named(names: &[&str], row: &Value) -> String {
    let members: Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), row[*name].clone()))
        .collect();
    Value::Object(members).to_string()
}

/// What a call asks for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub table: &'a str,
    pub range: (&'a str, &'a str),
    pub measures: &'a [&'a str],
    pub dimensions: &'a [&'a str],
    pub granularity: Option<&'a str>,
    pub filter: &'a str,
}

pub async fn answered(api: &Api, asked: &Asked<'_>) -> Result {
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

pub fn same(answered: &Result, expected: &Result, asked: &Asked<'_>) {
    let close = |a: &BTreeMap<String, f64>, b: &BTreeMap<String, f64>| {
        a.len() == b.len()
            && a.iter().all(|(name, value)| {
                b.get(name)
                    .is_some_and(|other| (value - other).abs() < 1e-12 * (1.0 + value.abs()))
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
