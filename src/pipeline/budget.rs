//! A bound on how much extra load retries may add.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const CAPACITY: f64 = 100.0;
const PER_SECOND: f64 = 1.0;
const PER_SUCCESS: f64 = 1.0;

/// What a retry costs. Being refused for the quota says nothing about the API's health.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cost {
    Throttled,
    Failed,
}

impl Cost {
    const fn tokens(self) -> f64 {
        match self {
            Self::Throttled => 2.0,
            Self::Failed => 5.0,
        }
    }
}

/// A bucket of tokens that retries draw from; it refills with time and with each success, so that
/// an outage does not leave a client without retries for good.
#[derive(Debug)]
pub(crate) struct Budget(Mutex<RetryTokens>);

#[derive(Debug)]
struct RetryTokens {
    tokens: f64,
    as_of: Instant,
}

impl RetryTokens {
    fn add(&mut self, tokens: f64) {
        self.tokens = (self.tokens + tokens).min(CAPACITY);
    }

    fn refill(&mut self, now: Instant) {
        let passed: Duration = now.saturating_duration_since(self.as_of);
        self.as_of = now;
        self.add(passed.as_secs_f64() * PER_SECOND);
    }
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(RetryTokens {
            tokens: CAPACITY,
            as_of: Instant::now(),
        }))
    }

    /// Takes the tokens of one retry, or says that there are too few.
    pub(crate) fn draw(&self, cost: Cost) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.refill(Instant::now());
        let enough = state.tokens >= cost.tokens();
        if enough {
            state.tokens -= cost.tokens();
        }
        enough
    }

    pub(crate) fn succeeded(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(PER_SUCCESS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn is_used_up_and_refills_with_time_and_success() {
        let budget = Budget::new();
        let drawn = (0..1000).take_while(|_| budget.draw(Cost::Failed)).count();
        assert_eq!(drawn, 20);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert!(budget.draw(Cost::Failed));
        assert!(!budget.draw(Cost::Throttled));
        budget.succeeded();
        budget.succeeded();
        assert!(budget.draw(Cost::Throttled));
    }
}
