//! The calls that wait for the quota, in the order they came.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::Instant;

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    deadline: Option<Instant>,
    wake: Arc<Notify>,
}

/// Only the first of the queue watches the account; the others wait to be first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiters: VecDeque<Waiter>,
    next: u64,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    /// Joins the end; returns a ticket and what wakes its holder.
    pub(super) fn join(&mut self, deadline: Option<Instant>) -> (u64, Arc<Notify>) {
        let ticket = self.next;
        self.next += 1;
        let wake = Arc::new(Notify::new());
        self.waiters.push_back(Waiter {
            ticket,
            deadline,
            wake: Arc::clone(&wake),
        });
        (ticket, wake)
    }

    /// How many are before the holder of a ticket.
    pub(super) fn ahead(&self, ticket: u64) -> usize {
        self.waiters
            .partition_point(|waiter| waiter.ticket < ticket)
    }

    pub(super) fn leave(&mut self, ticket: u64) {
        let place = self.ahead(ticket);
        if self
            .waiters
            .get(place)
            .is_some_and(|waiter| waiter.ticket == ticket)
        {
            self.waiters.remove(place);
        }
        if place == 0 {
            self.wake_first();
        }
    }

    /// Has the first look at the account again.
    pub(super) fn wake_first(&self) {
        if let Some(first) = self.waiters.front() {
            first.wake.notify_one();
        }
    }

    /// Wakes everybody who can no longer be served in time, given when each place is served.
    pub(super) fn wake_late(&self, mut served: impl FnMut(u32) -> Instant) {
        for (place, waiter) in (1_u32..).zip(&self.waiters) {
            if waiter
                .deadline
                .is_some_and(|deadline| served(place) >= deadline)
            {
                waiter.wake.notify_one();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_move_up_as_others_leave() {
        let mut queue = Queue::default();
        let tickets: Vec<_> = (0..4).map(|_| queue.join(None).0).collect();
        queue.leave(tickets[1]);
        queue.leave(tickets[1]);
        assert_eq!(queue.ahead(tickets[3]), 2);
        queue.leave(tickets[0]);
        assert_eq!(queue.ahead(tickets[2]), 0);
        queue.leave(tickets[2]);
        queue.leave(tickets[3]);
        assert!(queue.is_empty());
    }
}
