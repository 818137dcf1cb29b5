//! A list page by page.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::cursor::{Cursor, Way};
use super::page::Page;
use crate::call::{CallFuture, List};
use crate::error::{Error, ErrorKind};
use crate::query::Filter;

/// A stream of the pages of a list.
///
/// The filters are those of the list when the stream was made. An error ends the stream; to go on
/// after one, [`resume`](List::resume) a new list from [`cursor`](Pages::cursor). Empty pages in the
/// middle of a list are passed on like others. If the API hands out a cursor again the stream
/// passes on the page it came with and then ends with [`ErrorKind::Paging`], in place of going
/// round for ever.
#[must_use = "a stream does nothing until it is polled"]
pub struct Pages<F: Filter> {
    list: List<F>,
    way: Way,
    state: State<F::Item>,
    /// What the page asked for last was asked for with.
    at: Option<Cursor>,
    cycle: CycleGuard,
}

enum State<T> {
    /// The page that begins here is to be fetched next.
    Ready(Option<Cursor>),
    Fetching(CallFuture<Page<T>>),
    /// There is no going on, which is told after the last page.
    Stuck(Error),
    Done,
}

impl<F: Filter> Pages<F> {
    pub(crate) fn new(list: List<F>) -> Self {
        let start = list.start();
        let way = start.as_ref().map_or(Way::Next, Cursor::way);
        Self {
            list,
            way,
            at: start.clone(),
            state: State::Ready(start),
            cycle: CycleGuard::default(),
        }
    }

    /// Where the page that was asked for last begins, `None` for the first page of the list.
    ///
    /// It moves on only when the stream is asked for another page: as long as a page is being worked
    /// on, a list resumed from here yields it again, and after an error it yields the page that could
    /// not be fetched. Nothing is skipped.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        self.at.as_ref()
    }

    /// Whether the stream goes against the list's order.
    pub(crate) fn is_backward(&self) -> bool {
        self.way == Way::Prev
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
}

/// Nothing in it is pinned: the future in flight is boxed.
impl<F: Filter> Unpin for Pages<F> {}

impl<F: Filter> Stream for Pages<F> {
    type Item = Result<Page<F::Item>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            match std::mem::replace(&mut this.state, State::Done) {
                State::Done => return Poll::Ready(None),
                State::Stuck(error) => return Poll::Ready(Some(Err(error))),
                State::Ready(from) => {
                    this.at = from;
                    this.list.seek(this.at.as_ref());
                    this.state = State::Fetching(this.list.clone().into_future());
                }
                State::Fetching(mut call) => {
                    let Poll::Ready(outcome) = call.as_mut().poll(context) else {
                        this.state = State::Fetching(call);
                        return Poll::Pending;
                    };
                    if let Ok(page) = &outcome {
                        this.arrived(page);
                    }
                    return Poll::Ready(Some(outcome));
                }
            }
        }
    }
}

impl<F: Filter> Pages<F> {
    /// Decides how to go on after a page.
    fn arrived(&mut self, page: &Page<F::Item>) {
        let Some(onward) = page.onward(self.way) else {
            return;
        };
        self.state = if self.cycle.sees_again(onward, self.at.as_ref()) {
            let message = format!("the API handed out the cursor {:?} again", onward.token());
            State::Stuck(Error::new(
                ErrorKind::Paging,
                self.list.operation(),
                message,
            ))
        } else {
            State::Ready(Some(onward.clone()))
        };
    }
}

/// Notices a walk that goes in a circle, in constant memory.
///
/// Compares each cursor with one marked earlier, and moves the mark to the present at every power
/// of two: a circle is noticed within three times its length (Brent's method).
#[derive(Default)]
struct CycleGuard {
    mark: Option<String>,
    steps: u64,
    until: u64,
}

impl CycleGuard {
    fn sees_again(&mut self, cursor: &Cursor, before: Option<&Cursor>) -> bool {
        if before == Some(cursor) || self.mark.as_deref() == Some(cursor.token()) {
            return true;
        }
        if self.steps == self.until {
            self.mark = Some(cursor.token().to_owned());
            self.until = self.until.saturating_mul(2).max(1);
            self.steps = 0;
        }
        self.steps += 1;
        false
    }
}

impl<F: Filter> FusedStream for Pages<F> {
    fn is_terminated(&self) -> bool {
        matches!(self.state, State::Done)
    }
}

impl<F: Filter> fmt::Debug for Pages<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("list", &self.list)
            .field("at", &self.at)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_of_any_length_is_noticed_soon() {
        for length in 1..200_usize {
            for tail in [0, 1, 7, 100] {
                let mut guard = CycleGuard::default();
                let mut before = None;
                let noticed = (0..10_000).find(|step| {
                    let place = if *step < tail {
                        *step
                    } else {
                        tail + (step - tail) % length
                    };
                    let cursor = Cursor::next(format!("c{place}"));
                    let again = guard.sees_again(&cursor, before.as_ref());
                    before = Some(cursor);
                    again
                });
                let noticed = noticed.expect("the circle is noticed");
                assert!(
                    noticed >= tail + length,
                    "a cursor was new but not taken as such"
                );
                assert!(
                    noticed <= 4 * (tail + length) + 4,
                    "{noticed} for {tail}+{length}"
                );
            }
        }
    }

    #[test]
    fn a_walk_without_a_circle_goes_on() {
        let mut guard = CycleGuard::default();
        for step in 0..10_000 {
            assert!(!guard.sees_again(&Cursor::next(format!("c{step}")), None));
        }
    }
}
