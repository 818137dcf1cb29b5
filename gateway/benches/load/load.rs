//! Webhooks by the ten thousand, and what became of each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::http::Connection;
use super::judged;
use super::process::Process;
use super::receiver;

/// Producers at once, each with a connection of its own.
const PRODUCERS: usize = 64;
const WARM_UP: usize = 2_000;
const STARTS: usize = 15;

/// What the producers saw.
struct Outcome {
    elapsed: Duration,
    /// Nanoseconds from sending to the answer, in order.
    accepted: Vec<u64>,
    /// Nanoseconds since `origin` at which each webhook was sent, by its number.
    sent: Vec<u64>,
    refused: usize,
}

impl Outcome {
    fn rate(&self) -> f64 {
        self.accepted.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// The value below which `share` of the sorted values lie, in milliseconds.
fn percentile(sorted: &[u64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let at = ((sorted.len() as f64) * share) as usize;
    sorted.get(at.min(last)).copied().unwrap_or_default() as f64 / 1e6
}

fn directory(durable: bool) -> Option<tempfile::TempDir> {
    durable.then(|| tempfile::tempdir().expect("a directory"))
}

fn kept(durable: bool) -> &'static str {
    if durable { "durable" } else { "ephemeral" }
}

/// Sends `count` webhooks, numbered from `first`.
async fn produce(url: &str, path: &str, first: usize, count: usize, origin: Instant) -> Outcome {
    let next = Arc::new(AtomicUsize::new(0));
    let sent: Arc<Vec<AtomicU64>> = Arc::new((0..count).map(|_| AtomicU64::new(0)).collect());
    let started = Instant::now();
    let mut producers = Vec::new();
    for _ in 0..PRODUCERS {
        let (next, sent) = (Arc::clone(&next), Arc::clone(&sent));
        let (url, path) = (url.to_owned(), path.to_owned());
        producers.push(tokio::spawn(async move {
            let mut connection = Connection::open(&url).await.expect("a connection");
            let (mut accepted, mut refused) = (Vec::new(), 0);
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return (accepted, refused);
                }
                let body = format!(
                    r#"{{"number":{},"type":"order.created","customer":{{"name":"Ada","city":"London"}},"lines":[1,2,3]}}"#,
                    first + index
                );
                let begun = Instant::now();
                sent[index].store(nanos(begun - origin), Ordering::Relaxed);
                let headers = "content-type: application/json\r\n";
                let (status, _) = connection
                    .call("POST", &path, headers, &body)
                    .await
                    .expect("an answer");
                if status == 200 {
                    accepted.push(nanos(begun.elapsed()));
                } else {
                    refused += 1;
                }
            }
        }));
    }
    let (mut accepted, mut refused) = (Vec::with_capacity(count), 0);
    for producer in producers {
        let (times, more) = producer.await.expect("a producer");
        accepted.extend(times);
        refused += more;
    }
    let elapsed = started.elapsed();
    accepted.sort_unstable();
    Outcome {
        elapsed,
        accepted,
        sent: sent.iter().map(|at| at.load(Ordering::Relaxed)).collect(),
        refused,
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// From starting the program to the line that says it is ready.
pub async fn start() {
    let mut times: Vec<u64> = (0..STARTS)
        .map(|_| {
            let begun = Instant::now();
            let _gateway = Process::gateway(None);
            nanos(begun.elapsed())
        })
        .collect();
    times.sort_unstable();
    let median = percentile(&times, 0.5);
    println!(
        "start          ms        {}",
        judged(median, median < 20.0, "20")
    );
}

/// What a server that does nothing answers to the same producers, in webhooks a second.
pub async fn bare(webhooks: usize) -> f64 {
    let process = Process::bare();
    let origin = Instant::now();
    produce(&process.url, "/", 0, WARM_UP, origin).await;
    let outcome = produce(&process.url, "/", 0, webhooks, origin).await;
    println!("bare server    a second  {:>9.1}", outcome.rate());
    outcome.rate()
}

/// Webhooks taken in as a request and an event each; nothing is delivered, for the connection is paused.
pub async fn ingest(durable: bool, webhooks: usize, bare: f64) -> bool {
    let directory = directory(durable);
    let gateway = Process::gateway(directory.as_ref().map(tempfile::TempDir::path));
    let (id, path) = gateway.connect(json!({"url": "http://127.0.0.1:9"})).await;
    gateway
        .api("PUT", &format!("/connections/{id}/pause"), &Value::Null)
        .await;
    let origin = Instant::now();
    produce(&gateway.url, &path, 0, WARM_UP, origin).await;
    let outcome = produce(&gateway.url, &path, 0, webhooks, origin).await;
    let (rate, budget) = (outcome.rate(), if durable { 5_000.0 } else { 10_000.0 });
    let p99 = percentile(&outcome.accepted, 0.99);
    let kept = kept(durable);
    println!(
        "ingest         a second  {}, {:.2} of bare, {kept}",
        judged(rate, rate >= budget, &budget.to_string()),
        rate / bare,
    );
    println!("  answered p99 ms        {}", judged(p99, p99 < 50.0, "50"));
    println!("  refused                {:>9}", outcome.refused);
    true
}

/// Webhooks from producer to receiver.
pub async fn deliver(durable: bool, webhooks: usize, bare: f64) -> bool {
    let directory = directory(durable);
    let gateway = Process::gateway(directory.as_ref().map(tempfile::TempDir::path));
    let (address, received) = receiver::start(WARM_UP + webhooks).await;
    let (_, path) = gateway
        .connect(json!({"url": format!("http://{address}/hooks")}))
        .await;
    let warm = produce(&gateway.url, &path, 0, WARM_UP, received.origin).await;
    received.until((WARM_UP - warm.refused) as u64).await;

    let begun = Instant::now();
    let outcome = produce(&gateway.url, &path, WARM_UP, webhooks, received.origin).await;
    let acknowledged = outcome.accepted.len();
    let expected = (WARM_UP - warm.refused + acknowledged) as u64;
    let complete = tokio::time::timeout(Duration::from_secs(300), received.until(expected)).await;
    let elapsed = begun.elapsed();

    let mut latencies = Vec::with_capacity(webhooks);
    let (mut delivered, mut doubled) = (0, 0);
    for (index, sent) in outcome.sent.iter().enumerate() {
        let number = WARM_UP + index;
        match received.times[number].load(Ordering::Relaxed) {
            0 => continue,
            1 => {}
            _ => doubled += 1,
        }
        delivered += 1;
        latencies.push(
            received.first[number]
                .load(Ordering::Relaxed)
                .saturating_sub(*sent),
        );
    }
    latencies.sort_unstable();
    let rate = delivered as f64 / elapsed.as_secs_f64();
    let kept = kept(durable);
    println!(
        "deliver        a second  {}, {:.2} of bare, {kept}",
        judged(rate, rate >= 3_000.0, "3000"),
        rate / bare
    );
    println!(
        "  sent to arrived ms     p50 {:.1}, p99 {:.1}, most {:.1}",
        percentile(&latencies, 0.5),
        percentile(&latencies, 0.99),
        percentile(&latencies, 1.0)
    );
    println!(
        "  acknowledged {acknowledged}, delivered {delivered}, refused {}, doubled {doubled}",
        outcome.refused
    );
    complete.is_ok() && delivered >= acknowledged && doubled == 0
}
