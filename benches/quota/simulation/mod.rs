//! Tasks of one or several processes that make calls against a server with a quota.

mod network;
mod oracle;
mod server;

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hookdeck::{Client, Timeouts};
use network::Network;
pub use server::Policy;
use server::{Others, Server};
use tokio::time::Instant;

const LIMIT: u32 = 240;
const WINDOW: Duration = Duration::from_secs(60);

#[derive(Clone, Copy)]
pub struct Scenario {
    pub name: &'static str,
    pub processes: u64,
    /// Of each process.
    pub tasks: u64,
    /// Of all processes.
    pub calls: u64,
    pub others: fn() -> Vec<Others>,
}

/// What making the calls took.
pub struct Outcome {
    pub took: Duration,
    /// Refusals for the quota.
    pub refused: usize,
    pub failed: usize,
    pub waits: Waits,
}

/// How long each call waited for its turn, in seconds.
#[derive(Debug, Default)]
pub struct Waits(Vec<f64>);

impl Waits {
    pub fn add(&mut self, wait: Duration) {
        self.0.push(wait.as_secs_f64());
    }

    pub fn longest(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }

    pub fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }

    /// The longest over the mean; one if nobody waited.
    pub fn unfairness(&self) -> f64 {
        if self.longest() == 0.0 {
            1.0
        } else {
            self.longest() / self.mean()
        }
    }
}

fn nobody() -> Vec<Others> {
    Vec::new()
}

/// Somebody who makes a call a second for two minutes, and a burst in between.
fn visitor() -> Vec<Others> {
    let steady = (40..160).map(|second| Others {
        at: Duration::from_secs(second),
        calls: 1,
    });
    let burst = Others {
        at: Duration::from_millis(62_500),
        calls: 50,
    };
    let mut others: Vec<_> = steady.chain([burst]).collect();
    others.sort_by_key(|others| others.at);
    others
}

pub fn scenarios() -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    for calls in [600, 1500] {
        for tasks in [1, 8, 64] {
            scenarios.push(Scenario {
                name: "alone",
                processes: 1,
                tasks,
                calls,
                others: nobody,
            });
        }
    }
    for processes in [2, 4] {
        for (tasks, calls) in [(8, 600), (8, 1500), (64, 1500)] {
            scenarios.push(Scenario {
                name: "fleet",
                processes,
                tasks,
                calls,
                others: nobody,
            });
        }
    }
    for tasks in [8, 64] {
        scenarios.push(Scenario {
            name: "visitor",
            processes: 1,
            tasks,
            calls: 1500,
            others: visitor,
        });
    }
    scenarios
}

impl Scenario {
    fn server(&self, policy: Policy) -> Server {
        Server::new(policy, LIMIT, WINDOW, &(self.others)())
    }

    /// What it takes with the SDK.
    pub async fn run(&self, policy: Policy, seed: u64) -> Outcome {
        fastrand::seed(seed);
        let network = Network::new(self.server(policy), seed);
        let began = Instant::now();
        let mut tasks = Vec::new();
        for number in 0..self.processes {
            let client = process(&network, number);
            let left = Arc::new(AtomicU64::new(self.calls / self.processes));
            for _ in 0..self.tasks {
                tasks.push(tokio::spawn(work(client.clone(), Arc::clone(&left))));
            }
        }
        let mut failed = 0;
        for task in tasks {
            failed += task.await.expect("the task ends");
        }
        Outcome {
            took: began.elapsed(),
            refused: network.refused(),
            failed,
            waits: network.waits(),
        }
    }

    /// What it takes somebody who knows everything.
    pub fn least(&self, policy: Policy, seed: u64) -> Outcome {
        let tasks = self.processes * self.tasks;
        oracle::least(self.server(policy), seed, tasks, self.calls)
    }

    /// Whether an outcome is within the budget: 1.02 of the least time and nothing refused for one
    /// process alone, 1.05 for several or with others about.
    pub fn keeps_budget(&self, outcome: &Outcome, ratio: f64) -> bool {
        if outcome.failed > 0 {
            return false;
        }
        match self.name {
            "alone" => ratio <= 1.02 && outcome.refused == 0,
            _ => ratio <= 1.05,
        }
    }
}

/// A runtime whose time passes only when everybody waits.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
}

/// A client of its own: a host of its own shares its account with no other.
fn process(network: &Network, number: u64) -> Client {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    Client::builder("key")
        .base_url(format!("http://process-{number}.run-{run}.test"))
        .transport(network.clone())
        .timeouts(Timeouts::default().without_total())
        .build()
        .expect("the client is set up")
}

/// Makes calls while there are some to make; returns how many failed.
async fn work(client: Client, left: Arc<AtomicU64>) -> usize {
    let mut failed = 0;
    let another = |left: u64| left.checked_sub(1);
    while left
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, another)
        .is_ok()
    {
        let call = client.sources().count().into_future();
        failed += usize::from(network::asked_now(call).await.is_err());
    }
    failed
}
