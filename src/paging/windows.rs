//! A list read in several slices of time at once.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::cursor::Cursor;
use super::page::Page;
use super::pages::Pages;
use super::slices::{RowDensity, TimeSlice, TimeSlices, bounds};
use super::walk::{FetchPage, PageFuture};
use crate::error::{Error, ErrorKind};
use crate::query::{Filter, Query, QueryValue};
use crate::types::Timestamp;

/// The most slices that are read at once.
const MOST_AT_ONCE: usize = 64;

/// A list whose rows can be chosen by when they were created, and so read in
/// [`windows`](crate::List::windows).
pub trait Timed: Filter {
    /// When a row was created.
    fn created_at(item: &Self::Item) -> Timestamp;
}

/// A list as windows see it: what its conditions are, and how a part of it is read.
pub(crate) struct TimedList<T> {
    pub(crate) operation: &'static str,
    pub(crate) conditions: Query,
    /// Whether it is in ascending order of `created_at`; `None` where it is in another order.
    pub(crate) ascending: Option<bool>,
    /// Where it is to go on from.
    pub(crate) start: Option<Cursor>,
    /// What fetches the pages of the list with another condition on `created_at`.
    pub(crate) fetch: Box<dyn Fn(QueryValue) -> FetchPage<T> + Send>,
}

/// A stream of the items of a list in its order, read in several slices of time at once; made by
/// [`List::windows`](crate::List::windows).
#[must_use = "a stream does nothing until it is polled"]
pub struct Windows<F: Timed> {
    list: TimedList<F::Item>,
    at_once: usize,
    state: WindowsState<F>,
    /// What is left of the current page, the next item last.
    left: Vec<F::Item>,
}

enum WindowsState<F: Timed> {
    Begin,
    /// The first page of the whole range is on its way.
    Probing(TimeSlices, PageFuture<F::Item>),
    Reading(TimeSlices, VecDeque<SliceReader<F>>),
    Done,
}

/// One slice being read.
struct SliceReader<F: Timed> {
    slice: TimeSlice,
    pages: Pages<F>,
    /// Its first page, which is taken at once, for what it tells about the slices to come.
    first: Option<Result<Page<F::Item>, Error>>,
    begun: bool,
}

impl<F: Timed> Windows<F> {
    pub(crate) fn new(list: TimedList<F::Item>, at_once: usize) -> Self {
        Self {
            list,
            at_once: at_once.clamp(1, MOST_AT_ONCE),
            state: WindowsState::Begin,
            left: Vec::new(),
        }
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
    /// If fetching a page fails, or the list cannot be sliced; see [`List::windows`](crate::List::windows).
    pub async fn try_next(&mut self) -> Result<Option<F::Item>, Error> {
        self.next().await.transpose()
    }

    fn plan(&self) -> Result<TimeSlices, Error> {
        let list = &self.list;
        let planned = bounds(&list.conditions, Timestamp::now()).and_then(|(lower, upper)| {
            let ascending = list
                .ascending
                .ok_or("windows need the order by `created_at` alone")?;
            if list.start.is_some() {
                return Err("windows cannot be resumed from a cursor; narrow `created_at` instead");
            }
            Ok(TimeSlices::new(lower, upper, ascending))
        });
        planned.map_err(|message| Error::new(ErrorKind::Invalid, list.operation, message))
    }

    /// Takes the rows of the first page that no slice will bring again, and learns from it.
    fn probed(&mut self, mut slices: TimeSlices, mut page: Page<F::Item>) {
        let whole = slices.whole();
        let density = density::<F>(&page);
        let last = page.items.last().map(F::created_at);
        // Rows as old as the last may go on behind the page: they are left to the slices. The rows
        // before them are all there.
        let whole_instants = last.map_or(0, |last| {
            page.items
                .partition_point(|item| F::created_at(item) != last)
        });
        self.state = match (whole, last) {
            _ if page.next.is_none() => WindowsState::Done,
            (Some(whole), Some(last)) => {
                let before = page.items[..whole_instants].last().map(F::created_at);
                if let Some(before) = before {
                    slices.begin_at(if before < last { last } else { before });
                    page.items.truncate(whole_instants);
                } else {
                    page.items.clear();
                }
                slices.learn(whole, density);
                WindowsState::Reading(slices, VecDeque::new())
            }
            _ => WindowsState::Reading(slices, VecDeque::new()),
        };
        self.take_page(page);
    }

    fn take_page(&mut self, page: Page<F::Item>) {
        self.left = page.items;
        self.left.reverse();
    }

    /// Opens windows as far as there is room, and looks for first pages.
    fn advance(&mut self, context: &mut Context<'_>) {
        let WindowsState::Reading(slices, windows) = &mut self.state else {
            return;
        };
        while windows.len() < self.at_once {
            let Some(slice) = slices.next() else { break };
            let fetch = (self.list.fetch)(slice.condition());
            windows.push_back(SliceReader {
                slice,
                pages: Pages::new(self.list.operation, None, fetch).prefetch(1),
                first: None,
                begun: false,
            });
        }
        for window in windows.iter_mut().filter(|window| !window.begun) {
            let Poll::Ready(first) = Pin::new(&mut window.pages).poll_next(context) else {
                continue;
            };
            window.begun = true;
            if let Some(Ok(page)) = &first {
                slices.learn(window.slice, density::<F>(page));
            }
            window.first = first;
        }
    }

    /// The next page of the foremost window, `None` when all are used up.
    fn poll_page(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Page<F::Item>, Error>>> {
        loop {
            self.advance(context);
            let WindowsState::Reading(_, windows) = &mut self.state else {
                return Poll::Ready(None);
            };
            let Some(window) = windows.front_mut() else {
                return Poll::Ready(None);
            };
            if !window.begun {
                return Poll::Pending;
            }
            let page = match window.first.take() {
                Some(first) => Some(first),
                None => ready!(Pin::new(&mut window.pages).poll_next(context)),
            };
            match page {
                Some(page) => return Poll::Ready(Some(page)),
                None => drop(windows.pop_front()),
            }
        }
    }
}

fn density<F: Timed>(page: &Page<F::Item>) -> RowDensity {
    let rows = page.items.len();
    let ends = page.items.first().zip(page.items.last());
    let span = ends.map_or(0, |(first, last)| {
        let nanos = |item| i128::from(F::created_at(item).unix_nanos());
        (nanos(first) - nanos(last)).abs()
    });
    RowDensity {
        rows,
        page: page
            .limit
            .and_then(|limit| usize::try_from(limit).ok())
            .map_or(rows, |limit| limit.max(rows)),
        span: page.next.is_some().then_some(span),
    }
}

/// Nothing in it is pinned: the futures in flight are boxed.
impl<F: Timed> Unpin for Windows<F> {}

impl<F: Timed> Stream for Windows<F> {
    type Item = Result<F::Item, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.left.pop() {
                return Poll::Ready(Some(Ok(item)));
            }
            let failed = match std::mem::replace(&mut this.state, WindowsState::Done) {
                WindowsState::Done => return Poll::Ready(None),
                WindowsState::Begin => match this.plan() {
                    Ok(slices) => {
                        if let Some(whole) = slices.whole() {
                            let probe = (this.list.fetch)(whole.condition())(None);
                            this.state = WindowsState::Probing(slices, probe);
                        }
                        continue;
                    }
                    Err(error) => error,
                },
                WindowsState::Probing(slices, mut probe) => match probe.as_mut().poll(context) {
                    Poll::Pending => {
                        this.state = WindowsState::Probing(slices, probe);
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(page)) => {
                        this.probed(slices, page);
                        continue;
                    }
                    Poll::Ready(Err(error)) => error,
                },
                reading @ WindowsState::Reading(..) => {
                    this.state = reading;
                    match ready!(this.poll_page(context)) {
                        Some(Ok(page)) => {
                            this.take_page(page);
                            continue;
                        }
                        Some(Err(error)) => error,
                        None => {
                            this.state = WindowsState::Done;
                            continue;
                        }
                    }
                }
            };
            this.state = WindowsState::Done;
            return Poll::Ready(Some(Err(failed)));
        }
    }
}

impl<F: Timed> FusedStream for Windows<F> {
    fn is_terminated(&self) -> bool {
        self.left.is_empty() && matches!(self.state, WindowsState::Done)
    }
}

impl<F: Timed> fmt::Debug for Windows<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = match &self.state {
            WindowsState::Reading(_, windows) => windows.len(),
            _ => 0,
        };
        f.debug_struct("Windows")
            .field("operation", &self.list.operation)
            .field("conditions", &self.list.conditions)
            .field("at_once", &self.at_once)
            .field("open", &open)
            .finish()
    }
}
