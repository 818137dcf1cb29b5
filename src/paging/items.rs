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
/// Holds one page at a time, and those that [`prefetch`](Items::prefetch) allows. Empty pages in the
/// middle of a list are walked over. An error ends the stream, after the items before it.
///
/// ```
/// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
/// let mut sources = client.sources().list().items().prefetch(1);
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
    /// How many items may still come.
    wanted: usize,
    /// The id of the item of the current page that was yielded last, empty before the first.
    last: String,
    /// Whether a page has come since the stream began.
    begun: bool,
}

impl<F: Filter> Items<F> {
    pub(crate) fn new(pages: Pages<F>) -> Self {
        Self {
            pages,
            left: Vec::new(),
            wanted: usize::MAX,
            last: String::new(),
            begun: false,
        }
    }

    /// Fetches up to so many pages ahead while items are being worked on, from 0, the default, to 16;
    /// more counts as 16.
    ///
    /// With 1 the following page is asked for when the first item of a page is handed over. What that
    /// costs and needs is told at [`Pages::prefetch`]. [`take`](Items::take) bounds it: no page is
    /// fetched for items that were not asked for.
    pub fn prefetch(mut self, pages: usize) -> Self {
        self.pages = self.pages.prefetch(pages);
        self
    }

    /// Ends the stream after that many further items.
    ///
    /// Unlike the adapter of the same name in stream libraries, pages beyond them are not fetched
    /// ahead either, provided that it is called before the first item is asked for.
    pub fn take(mut self, items: usize) -> Self {
        self.wanted = self.wanted.min(items);
        self.pages.want(self.wanted);
        self
    }

    /// The place right behind the item yielded last, `None` at the beginning of the list.
    ///
    /// Save it when that item is dealt with: a list resumed from there goes on with the very next
    /// item, neither leaving one out nor yielding one again, whatever was fetched ahead. What happens
    /// if the item is deleted by then is told at [`Cursor`]. After an error it is the place of what
    /// could not be fetched; at the end of a list it yields what was added behind it since.
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        let at = self.pages.cursor();
        if !self.begun {
            return at.cloned();
        }
        if self.left.is_empty()
            && let Some(onward) = self.pages.onward()
        {
            return Some(onward.clone());
        }
        if self.pages.is_turned() {
            // Against the page's direction, the row the place is behind is the one to come.
            let row = self.left.last().map(|item| F::row_id(item));
            return Some(Cursor::behind(at, row));
        }
        if self.last.is_empty() {
            return at.cloned();
        }
        Some(Cursor::behind(at, Some(&self.last)))
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
            if this.wanted == 0 {
                this.pages.end();
                return Poll::Ready(None);
            }
            if let Some(item) = this.left.pop() {
                this.wanted -= 1;
                this.last.clear();
                this.last.push_str(F::row_id(&item));
                return Poll::Ready(Some(Ok(item)));
            }
            // From here on the place is where the following page begins, if there is one.
            if this.pages.onward().is_some() {
                this.last.clear();
            }
            match ready!(Pin::new(&mut this.pages).poll_next(context)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(page)) => {
                    this.begun = true;
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
        let left = self.left.len().min(self.wanted);
        let most = if self.pages.is_terminated() {
            Some(left)
        } else {
            Some(self.wanted).filter(|wanted| *wanted != usize::MAX)
        };
        (left, most)
    }
}

impl<F: Filter> FusedStream for Items<F> {
    fn is_terminated(&self) -> bool {
        self.wanted == 0 || (self.left.is_empty() && self.pages.is_terminated())
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
