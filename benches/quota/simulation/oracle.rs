//! The least time possible: what a client would need that knew everything.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::network::latency;
use super::server::Server;
use super::{Outcome, Waits};

/// Makes the calls with so many tasks, each call arriving at the very moment the server would
/// accept it, as early as the server would have it.
pub fn least(mut server: Server, seed: u64, tasks: u64, calls: u64) -> Outcome {
    // In time order: when a call arrives, its number, and when it could have arrived.
    let mut arrivals = BinaryHeap::new();
    let mut sent = 0;
    let mut done = Duration::ZERO;
    let mut waits = Waits::default();
    let mut send = |arrivals: &mut BinaryHeap<_>, now: Duration| {
        if sent < calls {
            let at = now + latency(seed, sent).0;
            arrivals.push(Reverse((at, sent, at)));
            sent += 1;
        }
    };
    for _ in 0..tasks {
        send(&mut arrivals, Duration::ZERO);
    }
    while let Some(Reverse((at, number, could))) = arrivals.pop() {
        let accepted = server.accepts_at(at);
        if accepted > at {
            arrivals.push(Reverse((accepted, number, could)));
            continue;
        }
        assert!(server.arrive(at).accepted, "the server keeps its word");
        waits.add(at - could);
        let answered = at + latency(seed, number).1;
        done = done.max(answered);
        send(&mut arrivals, answered);
    }
    Outcome {
        took: done,
        refused: 0,
        failed: 0,
        waits,
    }
}
