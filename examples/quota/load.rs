//! Many calls by many tasks with one client, and what came of them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hookdeck::{CallEvent, Client, ClientBuilder, Observer, Timeouts};

/// How many calls, and how many at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    pub calls: u64,
    pub tasks: u64,
}

impl Load {
    /// Reads `--calls N` and `--tasks M` from the command line.
    pub fn with_arguments(mut self, arguments: &[String]) -> Result<Self, String> {
        for (name, value) in [("--calls", &mut self.calls), ("--tasks", &mut self.tasks)] {
            let Some(place) = arguments.iter().position(|argument| argument == name) else {
                continue;
            };
            let text = arguments.get(place + 1).map_or("", String::as_str);
            *value = text
                .parse()
                .map_err(|_| format!("{name} takes a number, not `{text}`"))?;
        }
        Ok(self)
    }

    /// Makes the calls: each lists a page of sources.
    pub async fn run(self, client: ClientBuilder) -> hookdeck::Result<Outcome> {
        let throttled = Throttled::default();
        // A batch has time: better to wait for the quota than to fail after two minutes.
        let client = client
            .timeouts(Timeouts::default().without_total())
            .observer(throttled.clone())
            .build()?;
        let began = Instant::now();
        let left = Arc::new(AtomicU64::new(self.calls));
        let tasks: Vec<_> = (0..self.tasks.max(1))
            .map(|_| tokio::spawn(work(client.clone(), Arc::clone(&left))))
            .collect();
        let (mut done, mut failed) = (0, 0);
        for task in tasks {
            let (task_done, task_failed) = task.await.expect("a task does not panic");
            done += task_done;
            failed += task_failed;
        }
        Ok(Outcome {
            done,
            failed,
            throttled: throttled.0.load(Ordering::Relaxed),
            seconds: began.elapsed().as_secs_f64(),
        })
    }
}

async fn work(client: Client, left: Arc<AtomicU64>) -> (u64, u64) {
    let (mut done, mut failed) = (0, 0);
    let another = |left: u64| left.checked_sub(1);
    while left
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, another)
        .is_ok()
    {
        match client.sources().list().limit(1).await {
            Ok(_) => done += 1,
            Err(error) => {
                eprintln!("{error}");
                failed += 1;
            }
        }
    }
    (done, failed)
}

/// Counts the attempts that were answered with 429.
#[derive(Clone, Debug, Default)]
struct Throttled(Arc<AtomicU64>);

impl Observer for Throttled {
    fn observe(&self, event: &CallEvent<'_>) {
        if let CallEvent::Attempt {
            status: Some(status),
            ..
        } = event
            && status.as_u16() == 429
        {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What came of the calls.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    pub done: u64,
    pub failed: u64,
    /// Refusals for the quota, whether or not the call succeeded in the end.
    pub throttled: u64,
    pub seconds: f64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            done,
            failed,
            throttled,
            seconds,
        } = self;
        write!(
            f,
            "done={done} failed={failed} throttled={throttled} seconds={seconds:.2}"
        )
    }
}

/// A tenth of the live API's minute, so that nobody has to wait long to see it work.
pub const SCALED: hookdeck_gateway::RateLimit =
    hookdeck_gateway::RateLimit::new(240, Duration::from_secs(6));
