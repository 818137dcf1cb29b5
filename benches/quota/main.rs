//! How well the quota is used: simulated time, the same figures on every machine.
//!
//! ```sh
//! cargo bench --bench quota                    # everything
//! cargo bench --bench quota -- fleet sliding 8 # a scenario, a server, a seed: each may be left out
//! ```
//!
//! Tasks of one or several processes make calls against a server that allows 240 a minute. Per
//! scenario and way of counting: the time taken against the least possible for that server and
//! those latencies, the calls refused, and how long calls waited for their turn. Fails if a budget
//! is missed: 1.02 of the least time and nothing refused for one process alone, 1.05 for several.

mod network;
mod oracle;
mod server;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hookdeck::{Client, Timeouts};
use network::Network;
use server::{Others, Policy, Server};
use tokio::time::Instant;

const LIMIT: u32 = 240;
const WINDOW: Duration = Duration::from_secs(60);
const SEED: u64 = 7;

/// What the command line picks.
struct Wanted {
    words: Vec<String>,
    seed: u64,
}

impl Wanted {
    fn read() -> Self {
        // `--bench` or `--test`, which cargo passes, say nothing here.
        let words = std::env::args()
            .skip(1)
            .filter(|word| !word.starts_with('-'));
        let (numbers, words): (Vec<_>, Vec<_>) =
            words.partition(|word| word.parse::<u64>().is_ok());
        Self {
            words,
            seed: numbers
                .first()
                .map_or(SEED, |seed| seed.parse().expect("a number")),
        }
    }

    fn has(&self, scenario: &Scenario, policy: Policy) -> bool {
        self.words
            .iter()
            .all(|word| word == scenario.name || word == policy.name())
    }
}

#[derive(Clone, Copy)]
struct Scenario {
    name: &'static str,
    processes: u64,
    /// Of each process.
    tasks: u64,
    /// Of all processes.
    calls: u64,
    others: fn() -> Vec<Others>,
}

struct Outcome {
    took: Duration,
    refused: usize,
    failed: usize,
    longest_wait: f64,
    mean_wait: f64,
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

fn scenarios() -> Vec<Scenario> {
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

/// The n-th process: a client with a host of its own shares its account with no other.
fn process(network: &Network, number: u64, run: u64) -> Client {
    Client::builder("key")
        .base_url(format!("http://process-{number}.run-{run}.test"))
        .transport(network.clone())
        .timeouts(Timeouts::default().without_total())
        .build()
        .expect("the client is set up")
}

async fn run(scenario: Scenario, server: Server, number: u64, seed: u64) -> Outcome {
    fastrand::seed(seed);
    let network = Network::new(server, seed);
    let began = Instant::now();
    let mut tasks = Vec::new();
    for process_number in 0..scenario.processes {
        let client = process(&network, process_number, number);
        let left = Arc::new(AtomicU64::new(scenario.calls / scenario.processes));
        for _ in 0..scenario.tasks {
            let (client, left) = (client.clone(), Arc::clone(&left));
            tasks.push(tokio::spawn(work(client, left)));
        }
    }
    let mut waits = Vec::new();
    let mut failed = 0;
    for task in tasks {
        let (of_task, failures) = task.await.expect("the task ends");
        waits.extend(of_task);
        failed += failures;
    }
    let sum: f64 = waits.iter().sum();
    Outcome {
        took: began.elapsed(),
        refused: network.refused(),
        failed,
        longest_wait: waits.iter().copied().fold(0.0, f64::max),
        mean_wait: sum / waits.len() as f64,
    }
}

/// Makes calls while there are some to make; returns how long each took, and how many failed.
async fn work(client: Client, left: Arc<AtomicU64>) -> (Vec<f64>, usize) {
    let mut took = Vec::new();
    let mut failed = 0;
    let another = |left: u64| left.checked_sub(1);
    while left
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, another)
        .is_ok()
    {
        let began = Instant::now();
        if client.sources().count().await.is_err() {
            failed += 1;
        }
        took.push(began.elapsed().as_secs_f64());
    }
    (took, failed)
}

fn main() -> ExitCode {
    let wanted = Wanted::read();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    println!(
        "{:<8} {:>9} {:>5} {:>5}  {:<8} {:>8} {:>8} {:>7} {:>5} {:>6}  wait max/mean",
        "who",
        "processes",
        "tasks",
        "calls",
        "server",
        "least s",
        "took s",
        "ratio",
        "429s",
        "failed",
    );
    let mut missed = 0;
    for (number, scenario) in (0_u64..).zip(scenarios()) {
        for policy in Policy::ALL {
            if !wanted.has(&scenario, policy) {
                continue;
            }
            let server = Server::new(policy, LIMIT, WINDOW, &(scenario.others)());
            let number = number * 3 + policy as u64;
            let outcome = runtime.block_on(run(scenario, server.clone(), number, wanted.seed));
            let tasks = scenario.processes * scenario.tasks;
            let least = oracle::least(server, wanted.seed, tasks, scenario.calls);
            let ratio = outcome.took.as_secs_f64() / least.as_secs_f64();
            let alone = scenario.processes == 1 && scenario.name == "alone";
            let kept = outcome.failed == 0
                && ratio <= if alone { 1.02 } else { 1.05 }
                && (outcome.refused == 0 || !alone);
            missed += usize::from(!kept);
            println!(
                "{:<8} {:>9} {:>5} {:>5}  {:<8} {:>8.2} {:>8.2} {:>7.4} {:>5} {:>6}  {:.1}/{:.1} = {:.1}{}",
                scenario.name,
                scenario.processes,
                scenario.tasks,
                scenario.calls,
                policy.name(),
                least.as_secs_f64(),
                outcome.took.as_secs_f64(),
                ratio,
                outcome.refused,
                outcome.failed,
                outcome.longest_wait,
                outcome.mean_wait,
                outcome.longest_wait / outcome.mean_wait,
                if kept { "" } else { "  MISSED" },
            );
        }
    }
    if missed == 0 {
        ExitCode::SUCCESS
    } else {
        println!("{missed} budgets missed");
        ExitCode::FAILURE
    }
}
