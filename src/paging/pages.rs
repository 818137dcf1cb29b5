//! A list page by page.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::cursor::{Cursor, Way};
use super::page::Page;
use super::prefetch::Prefetch;
use super::walk::{FetchPage, Fetched, Outcome, Walk};
use crate::error::Error;
use crate::query::Filter;

/// The most pages that are fetched ahead.
const MOST_AHEAD: usize = 16;

/// A stream of the pages of a list.
///
/// The filters are those of the list when the stream was made. An error ends the stream; to go on
/// after one, [`resume`](crate::List::resume) a new list from [`cursor`](Pages::cursor). Empty pages in the
/// middle of a list are passed on like others. If the API hands out a cursor again the stream
/// passes on the page it came with and then ends with [`ErrorKind::Paging`](crate::ErrorKind::Paging),
/// in place of going round for ever.
///
/// Resumed from a place in the middle of a page, the first page passed on has only the rows that lie
/// ahead.
#[must_use = "a stream does nothing until it is polled"]
pub struct Pages<F: Filter> {
    state: PagesState<F>,
    way: Way,
    operation: &'static str,
    ahead: usize,
    /// How many items are wanted at most.
    wanted: usize,
    /// What the page asked for last was asked for with.
    at: Option<Cursor>,
    /// Whether `at` is a place to turn round at, and the page passed on last the one around it.
    turned: bool,
    /// Where the page behind the one passed on last begins.
    onward: Option<Cursor>,
}

/// A walk that is fetching a page, and will be handed back with it.
type WalkStep<F> =
    Pin<Box<dyn Future<Output = (Walk<F>, Option<Outcome<<F as Filter>::Item>>)> + Send>>;

enum PagesState<F: Filter> {
    Idle(Box<Walk<F>>),
    Fetching(WalkStep<F>),
    Ahead(Prefetch<F::Item>),
    Done,
}

impl<F: Filter> Pages<F> {
    pub(crate) fn new(
        operation: &'static str,
        start: Option<Cursor>,
        fetch: FetchPage<F::Item>,
    ) -> Self {
        let at = start.clone();
        let walk = Walk::new(operation, start, fetch);
        Self {
            way: walk.way(),
            state: PagesState::Idle(Box::new(walk)),
            operation,
            ahead: 0,
            wanted: usize::MAX,
            turned: false,
            at,
            onward: None,
        }
    }

    /// Fetches up to so many pages ahead while the one passed on last is being worked on, from 0,
    /// the default, to 16; more counts as 16.
    ///
    /// With 1 the following page is asked for when a page is handed over, and a program that takes as
    /// long over a page as the API does is never kept waiting. The price is calls of the quota for
    /// pages that may not be looked at; without prefetch there is no such call. At most so many pages
    /// are held in memory besides the one in use.
    ///
    /// Fetching goes on while the program does something else, so it runs in a task of the tokio
    /// runtime that the stream is first polled in; dropping the stream ends the task and the call it
    /// is making. Set it before the first page is asked for.
    pub fn prefetch(mut self, pages: usize) -> Self {
        self.ahead = pages.min(MOST_AHEAD);
        self
    }

    /// Where the page that was asked for last begins, `None` for the first page of the list.
    ///
    /// It moves on only when the stream is asked for another page: as long as a page is being worked
    /// on, a list resumed from here yields it again, and after an error it yields the page that could
    /// not be fetched. Nothing is skipped. Pages fetched ahead do not count.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        self.at.as_ref()
    }

    /// Where the page behind the one passed on last begins.
    pub(crate) fn onward(&self) -> Option<&Cursor> {
        self.onward.as_ref()
    }

    /// Whether the page passed on last was turned round on.
    pub(crate) fn is_turned(&self) -> bool {
        self.turned
    }

    /// Whether the stream goes against the list's order.
    pub(crate) fn is_backward(&self) -> bool {
        self.way == Way::Prev
    }

    /// Fetches no page ahead once there are so many items.
    pub(crate) fn want(&mut self, items: usize) {
        self.wanted = self.wanted.min(items);
    }

    /// Ends the stream and what it is doing.
    pub(crate) fn end(&mut self) {
        self.state = PagesState::Done;
    }

    /// The next page, or `None` after the last.
    ///
    /// The same as the stream, for programs that need no stream adapters.
    pub async fn next(&mut self) -> Option<Result<Page<F::Item>, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The next page, `Ok(None)` after the last.
    ///
    /// # Errors
    ///
    /// If fetching the page fails.
    pub async fn try_next(&mut self) -> Result<Option<Page<F::Item>>, Error> {
        self.next().await.transpose()
    }

    /// Begins with the next page.
    fn ask(&mut self, mut walk: Walk<F>) {
        if self.ahead > 0 {
            let ahead = Prefetch::start(walk, self.ahead, self.wanted, self.operation);
            self.state = PagesState::Ahead(ahead);
        } else {
            self.state = PagesState::Fetching(Box::pin(async move {
                let outcome = walk.step().await;
                (walk, outcome)
            }));
        }
    }

    fn poll_outcome(&mut self, context: &mut Context<'_>) -> Poll<Option<Outcome<F::Item>>> {
        loop {
            match &mut self.state {
                PagesState::Done => return Poll::Ready(None),
                PagesState::Idle(_) => {
                    if let PagesState::Idle(walk) =
                        std::mem::replace(&mut self.state, PagesState::Done)
                    {
                        self.ask(*walk);
                    }
                }
                PagesState::Fetching(step) => {
                    let (walk, outcome) = ready!(step.as_mut().poll(context));
                    self.state = if walk.is_over() {
                        PagesState::Done
                    } else {
                        PagesState::Idle(Box::new(walk))
                    };
                    return Poll::Ready(outcome);
                }
                PagesState::Ahead(ahead) => {
                    let outcome = ready!(ahead.poll(context));
                    if !matches!(&outcome, Some(Ok(found)) if found.onward.is_some()) {
                        self.state = PagesState::Done;
                    }
                    return Poll::Ready(outcome);
                }
            }
        }
    }
}

/// Nothing in it is pinned: the future in flight is boxed.
impl<F: Filter> Unpin for Pages<F> {}

impl<F: Filter> Stream for Pages<F> {
    type Item = Result<Page<F::Item>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(onward) = this.onward.take() {
                this.at = Some(onward);
                this.turned = false;
            }
            let Some(outcome) = ready!(this.poll_outcome(context)) else {
                return Poll::Ready(None);
            };
            match outcome {
                Err(error) => return Poll::Ready(Some(Err(error))),
                Ok(Fetched {
                    page,
                    turned,
                    onward,
                }) => {
                    this.turned = turned;
                    this.onward = onward;
                    // Of the page round a place there may be nothing that lies ahead.
                    let within = this.at.as_ref().is_some_and(Cursor::is_within);
                    if !(within && page.items.is_empty()) {
                        return Poll::Ready(Some(Ok(page)));
                    }
                }
            }
        }
    }
}

impl<F: Filter> FusedStream for Pages<F> {
    fn is_terminated(&self) -> bool {
        matches!(self.state, PagesState::Done)
    }
}

impl<F: Filter> fmt::Debug for Pages<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("operation", &self.operation)
            .field("at", &self.at)
            .field("prefetch", &self.ahead)
            .finish()
    }
}
