//! Going from page to page: what streams do themselves, or have a task do ahead of them.

use std::future::Future;
use std::pin::Pin;

use super::cursor::{Cursor, Way};
use super::cycle::CycleGuard;
use super::page::Page;
use crate::error::{Error, ErrorKind};
use crate::query::Filter;

/// A page on its way.
pub(crate) type PageFuture<T> = Pin<Box<dyn Future<Output = Result<Page<T>, Error>> + Send>>;

/// Fetches the page that a place is on, the first of the list if there is no place.
pub(crate) type FetchPage<T> = Box<dyn FnMut(Option<Cursor>) -> PageFuture<T> + Send>;

/// A walk over the pages of a list, one call at a time.
pub(crate) struct Walk<F: Filter> {
    operation: &'static str,
    fetch: FetchPage<F::Item>,
    way: Way,
    state: WalkState,
    cycle: CycleGuard,
}

enum WalkState {
    /// The page that begins here is next.
    At(Option<Cursor>),
    /// There is no going on, which is told after the last page.
    Stuck(Error),
    Over,
}

/// A page and how the walk goes on behind it.
pub(crate) struct Fetched<T> {
    /// Of the rows only those that lie ahead.
    pub(crate) page: Page<T>,
    /// Whether the page was fetched to turn round on it: its rows lie behind where it begins.
    pub(crate) turned: bool,
    /// Where the following page begins.
    pub(crate) onward: Option<Cursor>,
}

pub(crate) type Outcome<T> = Result<Fetched<T>, Error>;

impl<F: Filter> Walk<F> {
    pub(crate) fn new(
        operation: &'static str,
        start: Option<Cursor>,
        fetch: FetchPage<F::Item>,
    ) -> Self {
        Self {
            operation,
            fetch,
            way: start.as_ref().map_or(Way::Next, Cursor::heading),
            state: WalkState::At(start),
            cycle: CycleGuard::default(),
        }
    }

    pub(crate) fn way(&self) -> Way {
        self.way
    }

    /// Whether nothing is left to fetch or tell.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, WalkState::Over)
    }

    /// The next page, `None` when the walk is over. An error ends it.
    pub(crate) async fn step(&mut self) -> Option<Outcome<F::Item>> {
        let from = match std::mem::replace(&mut self.state, WalkState::Over) {
            WalkState::Over => return None,
            WalkState::Stuck(error) => return Some(Err(error)),
            WalkState::At(from) => from,
        };
        let outcome = (self.fetch)(from.clone()).await;
        Some(outcome.and_then(|page| self.arrived(page, from)))
    }

    /// Decides how to go on behind a page.
    fn arrived(&mut self, mut page: Page<F::Item>, from: Option<Cursor>) -> Outcome<F::Item> {
        let turned = from.as_ref().is_some_and(Cursor::is_turned);
        let empty = page.items.is_empty();
        if let Some(place) = from.as_ref().filter(|from| from.is_within()) {
            let found = keep_ahead::<F>(&mut page.items, place);
            // It may be on a later page by now, and what lies between there and here would be missed.
            if turned && !found && page.onward(place.way()).is_some() {
                return Err(self.error(
                    "the row to turn round at is not on its page any more; walk the list `reversed`",
                ));
            }
        }
        let onward = page.onward(self.way).cloned();
        match &onward {
            // Behind an empty page that a token led to lie rows that no cursor leads back to.
            None if turned && empty && from.as_ref().is_some_and(|from| from.token().is_some()) => {
                return Err(self.error(
                    "no row is left at the place to turn round at; walk the list `reversed`",
                ));
            }
            None => {}
            Some(onward) if self.cycle.sees_again(onward, from.as_ref()) => {
                let token = onward.token().unwrap_or_default();
                let message = format!("the API handed out the cursor {token:?} again");
                self.state = WalkState::Stuck(self.error(message));
            }
            Some(onward) => self.state = WalkState::At(Some(onward.clone())),
        }
        Ok(Fetched {
            page,
            turned,
            onward,
        })
    }

    fn error(&self, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Paging, self.operation, message)
    }
}

/// Drops the rows of a page, in the list's order, that are not ahead of a place on it. All stay if
/// the row the place is behind is not there, which is told by `false`: rather yield some again than
/// leave one out.
fn keep_ahead<F: Filter>(items: &mut Vec<F::Item>, place: &Cursor) -> bool {
    let row = match place.row() {
        None => None,
        Some(row) => match items.iter().position(|item| F::row_id(item) == row) {
            Some(row) => Some(row),
            None => return false,
        },
    };
    // The number of rows that come before the place in the list's order.
    let before = match (place.way(), row) {
        (Way::Next, Some(row)) => row + 1,
        (Way::Next, None) => 0,
        (Way::Prev, Some(row)) => row,
        (Way::Prev, None) => items.len(),
    };
    match place.heading() {
        Way::Next => drop(items.drain(..before)),
        Way::Prev => items.truncate(before),
    }
    true
}
