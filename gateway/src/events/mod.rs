//! The life of an event: its states, who may change them, and the schedule.
//!
//! An event owes an attempt when `due_at` is set; nothing else schedules it. `QUEUED` events are
//! ready for their destination, `SCHEDULED` and `FAILED` ones wait for their moment, `HOLD` ones
//! owe an attempt without a moment, because their connection is paused; one that came in during the
//! pause and is delayed keeps the end of the delay as its moment. Between a failed attempt
//! and the retry the event is `FAILED` with a `next_attempt_at`; at that moment it becomes `QUEUED`.
//!
//! The functions here work inside somebody's transaction. After its commit the caller wakes the
//! project's engine.

pub mod attempt;
mod change;
pub mod due;

use crate::store::StoreError;
use crate::wire::EventStatus;

pub use change::{
    cancel, cancel_pending_of_connection, pause_connection, retry, retry_with, unpause_connection,
};

/// Why a change of an event, connection or request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventError {
    /// There is no such event, request or connection.
    NotFound {
        /// The id asked for.
        id: String,
    },
    /// Only events that still owe an attempt can be cancelled.
    NotCancellable {
        /// The event.
        id: String,
        /// Its status.
        status: EventStatus,
    },
    /// The event's connection is deleted or disabled.
    ConnectionUnavailable {
        /// The connection.
        id: String,
    },
    /// The request was neither rejected nor has ignored events, or its cause rules a retry out.
    NotRetryable {
        /// The request.
        request_id: String,
    },
    /// A rule stands in the way that this gateway cannot carry out.
    NotBuilt {
        /// Which rule of which connection, as a sentence.
        what: String,
    },
    /// The store failed.
    Store(StoreError),
}

impl std::fmt::Display for EventError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotFound { id } => write!(f, "{id} does not exist"),
            Self::NotCancellable { id, status } => {
                write!(f, "{id} is {status} and cannot be cancelled")
            }
            Self::ConnectionUnavailable { id } => {
                write!(f, "connection {id} does not exist or is disabled")
            }
            Self::NotRetryable { request_id } => {
                write!(f, "request {request_id} cannot be retried")
            }
            Self::NotBuilt { what } => f.write_str(what),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for EventError {}

impl From<StoreError> for EventError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for EventError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

#[cfg(test)]
mod tests;
