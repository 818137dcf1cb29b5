//! The least time possible: what a client would need that knew everything.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::network::latency;
use crate::server::Server;

/// Makes the calls with so many tasks, each call arriving at the very moment the server would
/// accept it, and returns when the last is answered.
pub fn least(mut server: Server, seed: u64, tasks: u64, calls: u64) -> Duration {
    // Arrivals in time order: when, the call's number, whether it has been sent off already.
    let mut arrivals = BinaryHeap::new();
    let mut sent = 0;
    let mut done = Duration::ZERO;
    let mut send = |arrivals: &mut BinaryHeap<_>, now: Duration| {
        if sent < calls {
            arrivals.push(Reverse((now + latency(seed, sent).0, sent)));
            sent += 1;
        }
    };
    for _ in 0..tasks {
        send(&mut arrivals, Duration::ZERO);
    }
    while let Some(Reverse((at, number))) = arrivals.pop() {
        let accepted = server.accepts_at(at);
        if accepted > at {
            arrivals.push(Reverse((accepted, number)));
            continue;
        }
        assert!(server.arrive(at).accepted, "the server keeps its word");
        let answered = at + latency(seed, number).1;
        done = done.max(answered);
        send(&mut arrivals, answered);
    }
    done
}
