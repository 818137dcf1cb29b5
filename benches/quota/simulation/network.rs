//! The way to the server and back, in simulated time.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hookdeck::transport::{Exchange, HttpRequest, HttpResponse, Transport};
use hookdeck::types::Timestamp;
use tokio::time::{Instant, sleep};

use super::Waits;
use super::server::{Answer, Server};

const SERVER_EPOCH_MILLIS: i64 = 1_790_000_000_000;

/// How long the n-th call takes to the server and back: 20 to 800 milliseconds together.
pub fn latency(seed: u64, number: u64) -> (Duration, Duration) {
    let mut random = fastrand::Rng::with_seed(seed.wrapping_mul(0x9e37_79b9).wrapping_add(number));
    let whole = random.u64(20..=800);
    let there = random.u64(0..=whole);
    (
        Duration::from_millis(there),
        Duration::from_millis(whole - there),
    )
}

/// Carries the calls of any number of clients to one server.
#[derive(Clone)]
pub struct Network(Arc<Shared>);

struct Shared {
    began: Instant,
    seed: u64,
    server: Mutex<Server>,
    calls: AtomicU64,
    refused: AtomicUsize,
    waits: Mutex<Waits>,
}

tokio::task_local! {
    static ASKED: Instant;
}

/// Makes a call that is asked for now: from here on it waits for its turn.
pub async fn asked_now<C: Future>(call: C) -> C::Output {
    ASKED.scope(Instant::now(), call).await
}

impl Network {
    pub fn new(server: Server, seed: u64) -> Self {
        Self(Arc::new(Shared {
            began: Instant::now(),
            seed,
            server: Mutex::new(server),
            calls: AtomicU64::new(0),
            refused: AtomicUsize::new(0),
            waits: Mutex::default(),
        }))
    }

    /// How many calls were refused.
    pub fn refused(&self) -> usize {
        self.0.refused.load(Ordering::Relaxed)
    }
}

impl Network {
    /// How long each call waited until it was sent, takes the list away.
    pub fn waits(&self) -> Waits {
        std::mem::take(&mut *self.0.waits.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

impl Transport for Network {
    fn send(&self, _: HttpRequest) -> Exchange<'_> {
        let number = self.0.calls.fetch_add(1, Ordering::Relaxed);
        let (there, back) = latency(self.0.seed, number);
        let wait = ASKED.get().elapsed();
        let mut waits = self.0.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.add(wait);
        drop(waits);
        Box::pin(async move {
            sleep(there).await;
            let now = self.0.began.elapsed();
            let answer = {
                let mut server = self.0.server.lock().unwrap_or_else(PoisonError::into_inner);
                server.arrive(now)
            };
            if !answer.accepted {
                self.0.refused.fetch_add(1, Ordering::Relaxed);
            }
            sleep(back).await;
            Ok(reply(answer, now))
        })
    }
}

fn reply(answer: Answer, now: Duration) -> HttpResponse {
    let mut response = HttpResponse::new(if answer.accepted {
        r#"{"count":1}"#.into()
    } else {
        "Too Many Requests".into()
    });
    if !answer.accepted {
        *response.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
    }
    // Rounded up: whoever waits as told must not come too early.
    let millis = answer.retry_after.as_nanos().div_ceil(1_000_000);
    let headers = response.headers_mut();
    headers.insert("x-ratelimit-limit", answer.limit.into());
    headers.insert("x-ratelimit-remaining", answer.remaining.into());
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    headers.insert("retry-after", text.parse().expect("digits and a point"));
    // The server's clock has nothing to do with ours.
    let reset = SERVER_EPOCH_MILLIS + i64::try_from(now.as_millis() + millis).expect("no aeons");
    let reset = Timestamp::from_unix_millis(reset).to_string();
    headers.insert("x-ratelimit-reset", reset.parse().expect("a time"));
    response
}
