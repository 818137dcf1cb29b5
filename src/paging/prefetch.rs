//! Fetching pages ahead of who reads them.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::walk::{Outcome, Walk};
use crate::error::{Error, ErrorKind};
use crate::query::Filter;

/// A task that walks ahead. It ends when this is dropped.
pub(crate) struct Prefetch<T> {
    pages: mpsc::Receiver<Outcome<T>>,
    task: FetchTask,
    operation: &'static str,
}

struct FetchTask(JoinHandle<()>);

impl Drop for FetchTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<T: Send + 'static> Prefetch<T> {
    /// Walks on in a task, at most so many pages ahead of what is taken, until it has that many
    /// items.
    pub(crate) fn start<F: Filter<Item = T>>(
        walk: Walk<F>,
        pages: usize,
        wanted: usize,
        operation: &'static str,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(pages);
        let walking = go(walk, sender, wanted);
        #[cfg(feature = "tracing")]
        let walking = tracing::Instrument::in_current_span(walking);
        Self {
            pages: receiver,
            task: FetchTask(tokio::spawn(walking)),
            operation,
        }
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Outcome<T>>> {
        if let Some(outcome) = ready!(self.pages.poll_recv(context)) {
            return Poll::Ready(Some(outcome));
        }
        // The end, unless the task was brought down: that must not look like the end of the list.
        Poll::Ready(match ready!(Pin::new(&mut self.task.0).poll(context)) {
            Ok(()) => None,
            Err(failure) => match failure.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Some(Err(Error::new(
                    ErrorKind::Transport,
                    self.operation,
                    "the runtime stopped the task that fetches ahead",
                ))),
            },
        })
    }
}

/// Room for a page comes before the call for it, so that no more are fetched than there is room for.
async fn go<F: Filter>(
    mut walk: Walk<F>,
    sender: mpsc::Sender<Outcome<F::Item>>,
    mut wanted: usize,
) {
    while wanted > 0 {
        let Ok(room) = sender.reserve().await else {
            return;
        };
        let Some(outcome) = walk.step().await else {
            return;
        };
        let items = outcome.as_ref().map_or(0, |found| found.page.items.len());
        wanted = wanted.saturating_sub(items);
        room.send(outcome);
    }
}
