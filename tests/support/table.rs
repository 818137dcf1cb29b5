//! A transport that pages a table of rows as the API does, and lets the test change it meanwhile.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use hookdeck::transport::{Exchange, HttpRequest, Transport};
use hookdeck::types::Timestamp;
use hookdeck::{Client, ClientBuilder};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::reply;

/// Rows have a time and an id, and are in descending order unless `dir` says otherwise. A cursor is
/// the key of its boundary row, so it holds when that row is gone. Clones share the table.
#[derive(Clone)]
pub struct Table(Arc<Mutex<Inner>>);

struct Inner {
    /// Oldest first.
    rows: Vec<Row>,
    size: usize,
    delay: Duration,
    began: Instant,
    /// The query of each call, and when it came.
    calls: Vec<(String, Duration)>,
    fail: Option<(usize, u16)>,
    busy: usize,
    most_busy: usize,
}

type Row = (Timestamp, String);

impl Table {
    /// A table of rows that come a millisecond apart, with pages of a size.
    pub fn new(ids: impl IntoIterator<Item = impl Into<String>>, size: usize) -> Self {
        let rows = (0..).zip(ids);
        Self::of(
            rows.map(|(at, id)| (Timestamp::from_unix_millis(at), id.into())),
            size,
        )
    }

    pub fn of(rows: impl IntoIterator<Item = Row>, size: usize) -> Self {
        let mut rows: Vec<Row> = rows.into_iter().collect();
        rows.sort();
        Self(Arc::new(Mutex::new(Inner {
            rows,
            size,
            delay: Duration::ZERO,
            began: Instant::now(),
            calls: Vec::new(),
            fail: None,
            busy: 0,
            most_busy: 0,
        })))
    }

    /// Every call takes so long.
    pub fn slow(self, delay: Duration) -> Self {
        self.lock().delay = delay;
        self
    }

    /// The call of that number, from zero, is answered with a status in place of rows.
    pub fn failing(self, call: usize, status: u16) -> Self {
        self.lock().fail = Some((call, status));
        self
    }

    pub fn builder(&self) -> ClientBuilder {
        Client::builder(super::fresh_key())
            .base_url("http://api.test")
            .transport(self.clone())
    }

    pub fn client(&self) -> Client {
        self.builder().build().expect("the client is set up")
    }

    pub fn insert(&self, millis: i64, id: &str) {
        let row = (Timestamp::from_unix_millis(millis), id.to_owned());
        let mut inner = self.lock();
        inner.rows.push(row);
        inner.rows.sort();
    }

    pub fn remove(&self, id: &str) {
        self.lock().rows.retain(|row| row.1 != id);
    }

    pub fn calls(&self) -> usize {
        self.lock().calls.len()
    }

    pub fn queries(&self) -> Vec<String> {
        self.lock()
            .calls
            .iter()
            .map(|call| call.0.clone())
            .collect()
    }

    pub fn times(&self) -> Vec<Duration> {
        self.lock().calls.iter().map(|call| call.1).collect()
    }

    /// The most calls that were being answered at once.
    pub fn most_busy(&self) -> usize {
        self.lock().most_busy
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no test panicked with it")
    }
}

impl Inner {
    fn page(&self, path: &str, query: &str) -> Value {
        let pairs: Vec<(String, String)> = url_pairs(query);
        let get = |name: &str| {
            pairs
                .iter()
                .find(|pair| pair.0 == name)
                .map(|pair| &*pair.1)
        };
        let bound = |operator: &str| -> Option<Timestamp> {
            get(&format!("created_at[{operator}]")).map(|text| text.parse().expect("a time"))
        };
        let mut rows: Vec<&Row> = self
            .rows
            .iter()
            .filter(|row| bound("gt").is_none_or(|bound| row.0 > bound))
            .filter(|row| bound("gte").is_none_or(|bound| row.0 >= bound))
            .filter(|row| bound("lt").is_none_or(|bound| row.0 < bound))
            .filter(|row| bound("lte").is_none_or(|bound| row.0 <= bound))
            .collect();
        let ascending = get("dir") == Some("asc");
        if !ascending {
            rows.reverse();
        }
        let before = |row: &Row, key: &str| (*key_of(row) < *key) == ascending;
        let size = get("limit").map_or(self.size, |limit| limit.parse().expect("a number"));
        let (start, end) = match (get("next"), get("prev")) {
            (Some(key), _) => {
                let start = rows.partition_point(|row| before(row, key) || key_of(row) == key);
                (start, rows.len().min(start + size))
            }
            (None, Some(key)) => {
                let end = rows.partition_point(|row| before(row, key) && key_of(row) != key);
                (end.saturating_sub(size), end)
            }
            (None, None) => (0, rows.len().min(size)),
        };
        let page = &rows[start..end];
        let next = page
            .last()
            .filter(|_| end < rows.len())
            .map(|row| key_of(row));
        let prev = page.first().filter(|_| start > 0).map(|row| key_of(row));
        let model = if path.ends_with("/events") {
            event
        } else {
            source
        };
        let models: Vec<_> = page.iter().map(|row| model(row)).collect();
        let mut page = super::page(&models, next.as_deref(), prev.as_deref());
        page["pagination"]["limit"] = json!(size);
        page
    }
}

fn key_of(row: &Row) -> String {
    format!("{:020}-{}", row.0.unix_micros(), row.1)
}

fn url_pairs(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

fn source(row: &Row) -> Value {
    let mut source = super::source(&row.1);
    source["created_at"] = json!(row.0);
    source
}

fn event(row: &Row) -> Value {
    json!({
        "id": row.1,
        "team_id": "tm_1",
        "webhook_id": "web_1",
        "source_id": "src_1",
        "destination_id": "des_1",
        "event_data_id": "edt_1",
        "request_id": "req_1",
        "attempts": 1,
        "status": "SUCCESSFUL",
        "response_status": 200,
        "error_code": null,
        "cli_id": null,
        "last_attempt_at": null,
        "next_attempt_at": null,
        "successful_at": null,
        "updated_at": row.0,
        "created_at": row.0,
    })
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Table")
    }
}

/// Counts a call as being answered, however it ends.
struct Busy(Table);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.lock().busy -= 1;
    }
}

impl Transport for Table {
    fn send(&self, request: HttpRequest) -> Exchange<'_> {
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let (number, delay) = {
            let mut inner = self.lock();
            let at = inner.began.elapsed();
            inner.calls.push((query.clone(), at));
            inner.busy += 1;
            inner.most_busy = inner.most_busy.max(inner.busy);
            (inner.calls.len() - 1, inner.delay)
        };
        let busy = Busy(self.clone());
        Box::pin(async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            let inner = busy.0.lock();
            let answer = match inner.fail {
                Some((call, status)) if call == number => reply(status, &[], ""),
                _ => reply(200, &[], &inner.page(&path, &query).to_string()),
            };
            drop(inner);
            Ok(answer)
        })
    }
}
