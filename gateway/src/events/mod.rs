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

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::store::StoreError;

pub use change::{
    cancel, cancel_pending_of_connection, pause_connection, retry, retry_with, unpause_connection,
};

/// What made an attempt happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The first attempt of the event.
    Initial,
    /// The retry rule.
    Automatic,
    /// Somebody asked for this event.
    Manual,
    /// The connection is no longer paused.
    Unpause,
    /// A bulk retry.
    BulkRetry,
}

impl Trigger {
    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "INITIAL",
            Self::Automatic => "AUTOMATIC",
            Self::Manual => "MANUAL",
            Self::Unpause => "UNPAUSE",
            Self::BulkRetry => "BULK_RETRY",
        }
    }

    /// Whether somebody asked for the attempt, so that its failure does not use up the retry rule.
    pub const fn is_asked_for(self) -> bool {
        matches!(self, Self::Manual | Self::BulkRetry)
    }
}

impl ToSql for Trigger {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.as_str()))
    }
}

impl FromSql for Trigger {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "INITIAL" => Ok(Self::Initial),
            "AUTOMATIC" => Ok(Self::Automatic),
            "MANUAL" => Ok(Self::Manual),
            "UNPAUSE" => Ok(Self::Unpause),
            "BULK_RETRY" => Ok(Self::BulkRetry),
            other => Err(FromSqlError::Other(
                format!("unknown trigger {other}").into(),
            )),
        }
    }
}

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
        status: String,
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
