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

mod simulation;

use std::process::ExitCode;

use simulation::{Policy, Scenario, runtime, scenarios};

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

fn main() -> ExitCode {
    let wanted = Wanted::read();
    let runtime = runtime();
    println!(
        "{:<8} {:>9} {:>5} {:>5}  {:<8} {:>8} {:>8} {:>7} {:>5} {:>6}  longest wait over mean, least possible",
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
    for scenario in scenarios() {
        for policy in Policy::ALL {
            if !wanted.has(&scenario, policy) {
                continue;
            }
            let outcome = runtime.block_on(scenario.run(policy, wanted.seed));
            let least = scenario.least(policy, wanted.seed);
            let ratio = outcome.took.as_secs_f64() / least.took.as_secs_f64();
            let kept = scenario.keeps_budget(&outcome, ratio);
            missed += usize::from(!kept);
            println!(
                "{:<8} {:>9} {:>5} {:>5}  {:<8} {:>8.2} {:>8.2} {:>7.4} {:>5} {:>6}  {:>5.1} / {:>4.1} = {:>4.1}, {:.1}{}",
                scenario.name,
                scenario.processes,
                scenario.tasks,
                scenario.calls,
                policy.name(),
                least.took.as_secs_f64(),
                outcome.took.as_secs_f64(),
                ratio,
                outcome.refused,
                outcome.failed,
                outcome.waits.longest(),
                outcome.waits.mean(),
                outcome.waits.unfairness(),
                least.waits.unfairness(),
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
