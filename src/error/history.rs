//! What was tried before a call was given up.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use super::{Error, ErrorKind, Sent};

/// One failed attempt at a call, as [`Error::history`] lists them.
///
/// ```
/// # async fn example(client: hookdeck::Client) {
/// if let Err(error) = client.sources().get("src_1").await {
///     for attempt in error.history() {
///         eprintln!("{attempt}"); // after 0.2s: 502 Bad Gateway, next in 0.4s
///     }
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FailedAttempt {
    /// What kind of failure it was.
    pub kind: ErrorKind,
    /// The status answered, or `None` if there was no reply.
    pub status: Option<StatusCode>,
    /// Whether the API can have seen this attempt.
    pub sent: Sent,
    /// What went wrong, in one line.
    pub message: String,
    /// When it failed, from the start of the call.
    pub after: Duration,
    /// How long the next attempt was put off, or `None` if there was to be none.
    pub delay: Option<Duration>,
}

impl fmt::Display for FailedAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after {:.1?}: {}", self.after, self.message)?;
        match self.delay {
            Some(delay) => write!(f, ", next in {delay:.1?}"),
            None => Ok(()),
        }
    }
}

impl Error {
    /// Every attempt in the order made, the last one included; empty if nothing was attempted.
    #[must_use]
    pub fn history(&self) -> &[FailedAttempt] {
        &self.0.history
    }

    /// This failure as one of several attempts.
    pub(crate) fn as_attempt(&self, after: Duration) -> FailedAttempt {
        let inner = &*self.0;
        let message = match (&inner.status, &inner.api) {
            (Some(status), Some(api)) => format!("{} {api}", status.as_u16()),
            _ => inner.message.clone(),
        };
        FailedAttempt {
            kind: inner.kind,
            status: inner.status,
            sent: inner.sent,
            message,
            after,
            delay: None,
        }
    }
}
