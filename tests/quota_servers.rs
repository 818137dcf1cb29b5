//! The quota under each way a server may count: used to the last call, and nobody told off.
//!
//! The bench of the same name has all figures; here are the ones that must hold.

#[path = "../benches/quota/simulation/mod.rs"]
mod simulation;

use simulation::{Policy, Scenario, runtime, scenarios};

fn hold(name: &str, seed: u64) {
    let runtime = runtime();
    let mut held = 0;
    // The long runs and most tasks are left to the bench.
    let quick = |one: &Scenario| one.name == name && one.tasks * one.calls <= 64 * 600;
    for scenario in scenarios().into_iter().filter(quick) {
        for policy in Policy::ALL {
            let outcome = runtime.block_on(scenario.run(policy, seed));
            let least = scenario.least(policy, seed);
            // Simulated time: the same on every machine.
            let ratio = outcome.took.as_secs_f64() / least.took.as_secs_f64();
            let what = format!(
                "{} processes of {} tasks, {} calls, {}",
                scenario.processes,
                scenario.tasks,
                scenario.calls,
                policy.name()
            );
            assert!(ratio >= 0.999, "{what}: quicker than possible, {ratio}");
            assert!(
                scenario.keeps_budget(&outcome, ratio),
                "{what}: {ratio} of the least time, {} refused, {} failed",
                outcome.refused,
                outcome.failed
            );
            assert!(
                outcome.waits.longest() <= 2.0 * least.waits.longest() + 5.0,
                "{what}"
            );
            assert!(outcome.waits.mean() > 0.0 || outcome.waits.unfairness() == 1.0);
            held += 1;
        }
    }
    assert!(held >= 3, "no such scenario: {name}");
}

#[test]
fn one_process_uses_the_whole_quota_and_is_never_refused() {
    hold("alone", 11);
}

#[test]
fn processes_with_one_key_share_its_quota() {
    hold("fleet", 7);
}

#[test]
fn others_who_come_and_go_are_made_room_for() {
    hold("visitor", 7);
}
