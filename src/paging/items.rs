//! A list item by item.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::cursor::Cursor;
use super::pages::Pages;
use crate::error::Error;
use crate::query::Filter;

/// A stream of the items of a list, page after page.
///
/// Holds one page at a time. Empty pages in the middle of a list are walked over. An error ends the
/// stream.
///
/// ```
/// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
/// let mut sources = client.sources().list().items();
/// while let Some(source) = sources.try_next().await? {
///     println!("{}", source.name);
/// }
/// # Ok(()) }
/// ```
#[must_use = "a stream does nothing until it is polled"]
pub struct Items<F: Filter> {
    pages: Pages<F>,
    /// What is left of the current page, the next item last.
    left: Vec<F::Item>,
}

impl<F: Filter> Items<F> {
    pub(crate) fn new(pages: Pages<F>) -> Self {
        Self {
            pages,
            left: Vec::new(),
        }
    }

    /// Where the page being yielded begins, `None` for the first page of the list.
    ///
    /// It moves on only when an item of the following page is asked for, so a list resumed from here
    /// skips nothing; it may yield again items of a page that was not used up.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        self.pages.cursor()
    }

    /// The next item, or `None` after the last.
    ///
    /// The same as the stream, for programs that need no stream adapters.
    pub async fn next(&mut self) -> Option<Result<F::Item, Error>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The next item, `Ok(None)` after the last.
    ///
    /// # Errors
    ///
    /// If fetching a page fails.
    pub async fn try_next(&mut self) -> Result<Option<F::Item>, Error> {
        self.next().await.transpose()
    }
}

/// Nothing in it is pinned: the future in flight is boxed.
impl<F: Filter> Unpin for Items<F> {}

impl<F: Filter> Stream for Items<F> {
    type Item = Result<F::Item, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.left.pop() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(Pin::new(&mut this.pages).poll_next(context)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(page)) => {
                    this.left = page.items;
                    // A page is in the list's order whichever way it was reached.
                    if !this.pages.is_backward() {
                        this.left.reverse();
                    }
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (
            self.left.len(),
            if self.pages.is_terminated() {
                Some(self.left.len())
            } else {
                None
            },
        )
    }
}

impl<F: Filter> FusedStream for Items<F> {
    fn is_terminated(&self) -> bool {
        self.left.is_empty() && self.pages.is_terminated()
    }
}

impl<F: Filter> fmt::Debug for Items<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("pages", &self.pages)
            .field("left", &self.left.len())
            .finish()
    }
}
