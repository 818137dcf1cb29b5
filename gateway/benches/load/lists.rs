//! A page of a short list against the same page of a long one.

use std::path::Path;
use std::time::Instant;

use rusqlite::Connection as Database;
use serde_json::{Value, json};

use super::http::Connection;
use super::process::{Process, authorization};

const SHORT: usize = 1_000;
const CALLS: usize = 300;

/// The pages that are asked for. `{connection}` stands for the id of the only connection.
const PAGES: [(&str, &str); 6] = [
    ("events", "/events?limit=100"),
    ("events, from the middle", "/events?limit=100&next={middle}"),
    (
        "events of a connection",
        "/events?limit=100&webhook_id={connection}",
    ),
    ("events that failed", "/events?limit=100&status=FAILED"),
    ("requests", "/requests?limit=100"),
    ("attempts", "/attempts?limit=100"),
];

/// Prints for each page the median time with few rows and with many.
pub async fn measure(rows: usize) {
    let directory = tempfile::tempdir().expect("a directory");
    let connection = seed(directory.path()).await;
    grow(directory.path(), SHORT);
    let short = medians(directory.path(), &connection).await;
    grow(directory.path(), rows);
    let long = medians(directory.path(), &connection).await;
    for (((name, _), short), long) in PAGES.iter().zip(short).zip(long) {
        let ratio = long / short;
        let mark = if ratio < 1.5 {
            "same cost"
        } else {
            "MISSES same cost"
        };
        println!(
            "list           {name}: {short:.2} ms at {SHORT} rows, {long:.2} ms at {rows}, ratio {ratio:.2}, {mark}"
        );
    }
}

/// One webhook, refused by its destination, so that there is a row of everything to copy.
async fn seed(directory: &Path) -> String {
    let gateway = Process::gateway(Some(directory));
    let (id, path) = gateway.connect(json!({"url": "http://127.0.0.1:9"})).await;
    let mut producer = Connection::open(&gateway.url).await.expect("a connection");
    let headers = "content-type: application/json\r\n";
    let body = r#"{"type":"order.created","customer":{"name":"Ada","city":"London"}}"#;
    let (status, _) = producer
        .call("POST", &path, headers, body)
        .await
        .expect("an answer");
    assert_eq!(status, 200);
    loop {
        let attempts = gateway.api("GET", "/attempts", &Value::Null).await;
        if attempts["count"] == 1 {
            return id;
        }
        tokio::task::yield_now().await;
    }
}

/// Copies the first row until there are `rows`, a second apart, while the gateway does not run.
fn grow(directory: &Path, rows: usize) {
    let file = std::fs::read_dir(directory)
        .expect("the directory")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("project-") && name.ends_with(".db")
        })
        .expect("a project's database");
    let mut database = Database::open(file).expect("the database opens");
    let tx = database.transaction().expect("a transaction");
    tx.execute_batch("PRAGMA defer_foreign_keys = ON")
        .expect("deferred");
    let present: usize = tx
        .query_row("SELECT count(*) FROM events", [], |row| row.get(0))
        .expect("a count");
    for table in ["payloads", "requests", "events", "attempts"] {
        let columns: Vec<String> = tx
            .prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))
            .and_then(|mut names| names.query_map([], |row| row.get(0))?.collect())
            .expect("the columns");
        let values: Vec<String> = columns.iter().map(|column| value_of(column)).collect();
        let names: Vec<String> = columns
            .iter()
            .map(|column| format!("\"{column}\""))
            .collect();
        let sql = format!(
            "WITH RECURSIVE n (i) AS (SELECT {present} UNION ALL SELECT i + 1 FROM n WHERE i < {rows} - 1) \
             INSERT INTO {table} ({}) SELECT {} FROM n CROSS JOIN (SELECT * FROM {table} ORDER BY created_at DESC LIMIT 1) AS first",
            names.join(", "),
            values.join(", ")
        );
        tx.execute(&sql, [])
            .unwrap_or_else(|error| panic!("{error} in {sql}"));
    }
    tx.commit().expect("the commit");
}

/// A column of the copy: ids numbered in the order of time, which goes back from the first row; the rest as it is.
fn value_of(column: &str) -> String {
    match column {
        "id" | "event_id" | "request_id" | "payload_id" => {
            format!("substr(\"{column}\", 1, 12) || printf('%08d', 99999999 - i)")
        }
        "created_at" | "updated_at" | "ingested_at" => format!("\"{column}\" - 1000000 * i"),
        _ => format!("\"{column}\""),
    }
}

/// The median time of each page, in milliseconds.
async fn medians(directory: &Path, connection: &str) -> Vec<f64> {
    let gateway = Process::gateway(Some(directory));
    let middle = gateway.api("GET", "/events?limit=200", &Value::Null).await;
    let middle = middle["pagination"]["next"].as_str().expect("a next page");
    let mut client = Connection::open(&gateway.url).await.expect("a connection");
    let headers = authorization();
    let mut medians = Vec::new();
    for (name, path) in PAGES {
        let path = path
            .replace("{connection}", connection)
            .replace("{middle}", middle);
        let path = format!("/2026-09-01{path}");
        let mut times = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            let begun = Instant::now();
            let (status, body) = client
                .call("GET", &path, &headers, "")
                .await
                .expect("a reply");
            times.push(begun.elapsed().as_secs_f64() * 1e3);
            let page: Value = serde_json::from_slice(&body).expect("a page");
            assert_eq!(status, 200, "{name}: {page}");
            assert_eq!(page["count"], 100, "{name}: {page}");
        }
        times.sort_by(f64::total_cmp);
        medians.push(times[CALLS / 2]);
    }
    medians
}
