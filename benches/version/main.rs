//! What dated versions cost: nothing to a client of the newest.
//!
//! ```sh
//! cargo bench --bench version
//! ```
//!
//! Calls answered from memory, the same page of 100 events each time, by clients of several versions. What
//! is counted is allocations and their bytes for one call, which are the same on every machine, and time
//! against the newest version's, as the median of rounds that take turns.
//!
//! - `newest`: the default.
//! - `unknown`: a version newer than this crate. Nothing knows how to translate it, so this is a client
//!   without the layer, and `newest` must not be told from it.
//! - `2025-07-01`, an operation no change since concerns: the question whether one does is all it pays.
//! - `2024-09-01`: a page that is translated.
//!
//! Fails if a call of the newest version allocates more than one without the layer.

use std::alloc::{GlobalAlloc, Layout, System};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use hookdeck::transport::{Exchange, HttpRequest, HttpResponse, Transport};
use hookdeck::{ApiVersion, Client, RateLimit};
use serde_json::{Value, json};

const ROUNDS: usize = 41;
const CALLS: usize = 200;

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

#[allow(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: every call goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        BYTES.fetch_add(layout.size() as u64, Relaxed);
        // SAFETY: the caller's promise, handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, handed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        BYTES.fetch_add(size as u64, Relaxed);
        // SAFETY: the caller's promise, handed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Debug)]
struct Page(bytes::Bytes);

impl Transport for Page {
    fn send(&self, _request: HttpRequest) -> Exchange<'_> {
        let body = self.0.clone();
        Box::pin(async move { Ok(HttpResponse::new(body)) })
    }
}

fn page() -> bytes::Bytes {
    let models: Vec<Value> = (0..100)
        .map(|row| {
            json!({
                "id": format!("evt_{row:018}"),
                "team_id": "tm_a1b2c3d4e5f6",
                "webhook_id": "web_a1b2c3d4e5f6",
                "source_id": "src_a1b2c3d4e5f6g7",
                "destination_id": "des_a1b2c3d4e5f6",
                "event_data_id": format!("edt_{row:020}"),
                "request_id": format!("req_{row:020}"),
                "attempts": 1,
                "last_attempt_at": "2026-11-01T08:00:00.120Z",
                "next_attempt_at": null,
                "response_status": 200,
                "error_code": null,
                "status": "SUCCESSFUL",
                "successful_at": "2026-11-01T08:00:00.240Z",
                "cli_id": null,
                "created_at": "2026-11-01T08:00:00.000Z",
                "updated_at": "2026-11-01T08:00:00.240Z",
            })
        })
        .collect();
    json!({"pagination": {"order_by": "created_at", "dir": "desc", "limit": 100}, "count": 100, "models": models})
        .to_string()
        .into()
}

fn client(version: ApiVersion) -> Client {
    Client::builder("version-bench-key")
        .base_url("http://api.test")
        .api_version(version)
        .rate_limit(RateLimit::off())
        .transport(Page(page()))
        .build()
        .expect("a client")
}

async fn call(client: &Client) {
    let page = client.events().list().limit(100).await.expect("a page");
    assert_eq!(page.items.len(), 100);
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    runtime.block_on(measure())
}

async fn measure() -> ExitCode {
    let unknown = ApiVersion::custom("2099-01-01").expect("a version");
    let subjects = [
        ("newest", client(ApiVersion::default())),
        ("unknown", client(unknown)),
        ("2025-07-01, not concerned", client(ApiVersion::V2025_07_01)),
        ("2024-09-01, translated", client(ApiVersion::V2024_09_01)),
    ];
    let mut allocations = Vec::new();
    for (_, client) in &subjects {
        call(client).await;
        let before = (ALLOCATIONS.load(Relaxed), BYTES.load(Relaxed));
        call(client).await;
        allocations.push((
            ALLOCATIONS.load(Relaxed) - before.0,
            BYTES.load(Relaxed) - before.1,
        ));
    }
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); subjects.len()];
    for _ in 0..ROUNDS {
        for ((_, client), times) in subjects.iter().zip(&mut times) {
            let begun = Instant::now();
            for _ in 0..CALLS {
                call(client).await;
            }
            times.push(begun.elapsed().as_secs_f64() * 1e6 / CALLS as f64);
        }
    }
    let newest = times[0].clone();
    for (((name, _), (count, bytes)), times) in subjects.iter().zip(&allocations).zip(times) {
        let ratio = median(
            times
                .iter()
                .zip(&newest)
                .map(|(own, newest)| own / newest)
                .collect(),
        );
        println!(
            "{name:<27} {count:>6} allocations, {bytes:>8} bytes, {:>7.1} us, {ratio:.3} of newest",
            median(times)
        );
    }
    // The version in the path is as long in both.
    if allocations[0] == allocations[1] {
        ExitCode::SUCCESS
    } else {
        eprintln!("a call of the newest version allocates what one without the layer does not");
        ExitCode::FAILURE
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
