//! What a program can watch of the calls it makes.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::error::Error;

/// Something that happened to a call.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallEvent<'a> {
    /// The call is held back until the quota allows it.
    Waiting {
        /// The operation, by its name in the contract.
        operation: &'static str,
        /// How long it will be held back, as far as is known now.
        wait: Duration,
    },
    /// An attempt came to an end.
    Attempt {
        /// The operation, by its name in the contract.
        operation: &'static str,
        /// The number of the attempt, from one.
        attempt: u32,
        /// The status answered, or `None` if there was no reply.
        status: Option<StatusCode>,
        /// From sending the request to the last byte of the reply.
        elapsed: Duration,
    },
    /// An attempt failed and another will follow.
    Retrying {
        /// The operation, by its name in the contract.
        operation: &'static str,
        /// The number of the attempt that failed, from one.
        attempt: u32,
        /// How long until the next one.
        delay: Duration,
        /// Why it failed.
        error: &'a Error,
    },
    /// A delete was repeated because nobody knew whether it had been carried out, and the API
    /// answered that there is nothing left to delete. The call succeeds.
    AlreadyDone {
        /// The operation, by its name in the contract.
        operation: &'static str,
        /// The number of the attempt that found out, from one.
        attempt: u32,
        /// The status answered: 404 or 410.
        status: StatusCode,
    },
    /// A stream fetched a page of its list.
    Page {
        /// The operation, by its name in the contract.
        operation: &'static str,
        /// The number of the page within its stream, from one.
        page: u64,
        /// The number of rows on it.
        items: usize,
    },
}

/// Tells of an event: as a trace, and to the observer if there is one.
pub(super) fn tell(observer: Option<&dyn Observer>, event: &CallEvent<'_>) {
    #[cfg(feature = "tracing")]
    match event {
        CallEvent::Waiting { operation, wait } => {
            tracing::debug!(operation, ?wait, "waiting for the quota");
        }
        CallEvent::Attempt {
            operation,
            attempt,
            status,
            elapsed,
        } => {
            let status = status.map(|status| status.as_u16());
            tracing::debug!(operation, attempt, status, ?elapsed, "attempt");
        }
        CallEvent::Retrying {
            operation,
            attempt,
            delay,
            error,
        } => {
            tracing::debug!(operation, attempt, ?delay, %error, "retrying");
        }
        CallEvent::AlreadyDone {
            operation,
            attempt,
            status,
        } => {
            let status = status.as_u16();
            tracing::debug!(operation, attempt, status, "had been deleted already");
        }
        CallEvent::Page {
            operation,
            page,
            items,
        } => {
            tracing::debug!(operation, page, items, "page");
        }
    }
    if let Some(observer) = observer {
        observer.observe(event);
    }
}

/// Watches calls: for metrics, logs or a progress display.
///
/// Called on the task that makes the call, so it should be quick and must not block.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use hookdeck::{CallEvent, Observer};
///
/// #[derive(Debug, Default)]
/// struct Throttled(AtomicU64);
///
/// impl Observer for Throttled {
///     fn observe(&self, event: &CallEvent<'_>) {
///         if let CallEvent::Attempt { status: Some(status), .. } = event {
///             if status.as_u16() == 429 {
///                 self.0.fetch_add(1, Ordering::Relaxed);
///             }
///         }
///     }
/// }
///
/// let client = hookdeck::Client::builder("key").observer(Throttled::default()).build()?;
/// # Ok::<(), hookdeck::Error>(())
/// ```
pub trait Observer: Send + Sync + fmt::Debug + 'static {
    /// Something happened to a call.
    fn observe(&self, event: &CallEvent<'_>);
}
