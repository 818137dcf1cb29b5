//! A store that fails at a commit of a test's choice.
//!
//! Each store has its own, so that tests can run side by side.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::StoreError;

/// On which side of the commit it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommitSide {
    /// Nothing of the transaction is kept.
    Before,
    /// All of it is kept, and nobody is told.
    After,
}

/// What happens at the commit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CommitFault {
    /// The store is dead from then on, as with its process.
    Crash(CommitSide),
    /// This commit fails, as on a full disk; later ones do not.
    Fail,
}

#[derive(Debug, Default)]
struct TrapState {
    /// Commits until it strikes.
    armed: Option<(u64, CommitFault)>,
    commits: u64,
    dead: bool,
}

/// The trap of one store; not armed unless a test does.
#[derive(Debug, Default)]
pub(crate) struct Trap(Mutex<TrapState>);

impl Trap {
    pub(super) fn unset() -> Self {
        Self::default()
    }

    /// Strikes at the `nth` commit from now, counted from 1.
    pub(crate) fn arm(&self, nth: u64, strike: CommitFault) {
        self.lock().armed = Some((nth, strike));
    }

    /// Whether it has struck dead.
    pub(crate) fn is_dead(&self) -> bool {
        self.lock().dead
    }

    /// Commits so far.
    pub(crate) fn commits(&self) -> u64 {
        self.lock().commits
    }

    pub(super) fn alive(&self) -> Result<(), StoreError> {
        if self.lock().dead {
            return Err(crashed());
        }
        Ok(())
    }

    /// Around a commit that changes something.
    pub(super) fn around(
        &self,
        commit: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let strike = {
            let mut state = self.lock();
            state.commits += 1;
            let strike = match &mut state.armed {
                Some((nth, strike)) => {
                    *nth -= 1;
                    (*nth == 0).then_some(*strike)
                }
                None => None,
            };
            if strike.is_some() {
                state.armed = None;
            }
            state.dead |= matches!(strike, Some(CommitFault::Crash(_)));
            strike
        };
        match strike {
            None => commit(),
            Some(CommitFault::Crash(CommitSide::After)) => {
                commit()?;
                Err(crashed())
            }
            Some(CommitFault::Crash(CommitSide::Before)) => Err(crashed()),
            Some(CommitFault::Fail) => Err(StoreError::Commit("database or disk is full".into())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, TrapState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn crashed() -> StoreError {
    StoreError::Commit("the process has ended".into())
}
