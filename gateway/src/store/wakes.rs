//! Word of committed changes.

use std::sync::Arc;

use tokio::sync::watch;

/// Counts the commits that changed something the engine may have to act on, and wakes it.
#[derive(Clone, Debug)]
pub struct Wakes(Arc<watch::Sender<u64>>);

impl Default for Wakes {
    fn default() -> Self {
        // Not zero: the engine's first look at the schedule follows a wake like all others.
        Self(Arc::new(watch::Sender::new(1)))
    }
}

impl Wakes {
    /// Wakes the engine and answers the number of this wake.
    pub fn wake(&self) -> u64 {
        let mut number = 0;
        self.0.send_modify(|wakes| {
            *wakes += 1;
            number = *wakes;
        });
        number
    }

    /// The number of the last wake.
    pub fn last(&self) -> u64 {
        *self.0.borrow()
    }

    /// The numbers of the wakes to come, the last one included.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
