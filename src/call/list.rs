//! Lists: one page by `.await`, all pages or items as streams.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

use super::{CallFuture, Prepared, WithMeta, call_options, curl};
use crate::error::Error;
use crate::operation::Operation;
use crate::paging::{Cursor, FetchPage, Items, Page, Pages, Timed, TimedList, Windows};
use crate::pipeline::CallEvent;
use crate::query::{Direction, Filter, OneOrMany, Param, Query, QueryValue};

/// A list of an API resource, filtered by methods of its own.
///
/// Awaiting it fetches one page. [`items`](List::items) is a stream of everything it holds, page
/// after page under the quota; [`pages`](List::pages) the same by page.
///
/// ```
/// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
/// use hookdeck::models::EventStatus;
/// use hookdeck::query::at_least;
///
/// let list = client.events().list().status([EventStatus::Failed]).attempts(at_least(3_u32));
/// let page = list.clone().limit(10).await?;
/// println!("{} of the first page", page.items.len());
///
/// let mut items = list.items();
/// while let Some(event) = items.try_next().await? {
///     println!("{}", event.id);
/// }
/// # Ok(()) }
/// ```
///
/// A parameter the API does not know is ignored by it, and the list is then not filtered at all;
/// the typed methods make that mistake impossible.
#[must_use = "a list does nothing until it is awaited or streamed"]
pub struct List<F: Filter> {
    prepared: Box<Prepared>,
    conditions: Query,
    /// Where the page to be fetched begins.
    place: Option<Cursor>,
    /// Whether the order is to be turned round.
    reversed: bool,
    filter: PhantomData<fn() -> F>,
}

impl<F: Filter> List<F> {
    pub(crate) fn new(prepared: Prepared) -> Self {
        Self {
            prepared: Box::new(prepared),
            conditions: Query::new(),
            place: None,
            reversed: false,
            filter: PhantomData,
        }
    }

    /// Where the setters of the filter write.
    pub(crate) fn query_mut(&mut self) -> &mut Query {
        &mut self.conditions
    }

    /// The call with the filter written into its query, before the paging parameters.
    fn ready(mut self) -> Box<Prepared> {
        let paging = std::mem::take(&mut self.prepared.query);
        let query = &mut self.prepared.query;
        for (name, value) in self.conditions.iter().chain(paging.iter()) {
            query.set(name.to_owned(), value.clone());
        }
        if self.reversed {
            let direction = reversed_direction(query, self.prepared.operation);
            query.set("dir", direction);
        }
        if let Some(place) = &self.place {
            query.remove("next");
            query.remove("prev");
            if let Some(token) = place.token() {
                query.set(place.parameter(), token.into_param());
            }
        }
        self.prepared
    }

    /// Whether the list is ordered by `created_at` alone, and then whether that is ascending.
    fn ascending_by_time(&self) -> Option<bool> {
        let ready = self.clone().ready();
        let by_time = match ready.query.get("order_by") {
            None => true,
            Some(QueryValue::Text(key)) => key == "created_at",
            Some(QueryValue::List(keys)) => *keys == ["created_at".into_param()],
            Some(_) => false,
        };
        let ascending = match ready.query.get("dir") {
            None => ready.operation.direction == Some(Direction::Asc),
            Some(QueryValue::Text(direction)) => direction.eq_ignore_ascii_case("asc"),
            Some(QueryValue::List(directions)) => match directions.as_slice() {
                [QueryValue::Text(direction)] => direction.eq_ignore_ascii_case("asc"),
                _ => return None,
            },
            Some(_) => return None,
        };
        by_time.then_some(ascending)
    }

    /// What fetches the list's pages, and tells the observer of each.
    fn into_fetch(self) -> FetchPage<F::Item> {
        let mut number = 0;
        Box::new(move |place| {
            number += 1;
            let page = number;
            let mut list = self.clone();
            list.place = place;
            Box::pin(async move {
                let client = list.prepared.client.clone();
                let operation = list.prepared.operation.id;
                let fetched = list.await?;
                client.pipeline().tell(&CallEvent::Page {
                    operation,
                    page,
                    items: fetched.items.len(),
                });
                Ok(fetched)
            })
        })
    }

    call_options!();

    /// Lists what a filter made elsewhere lets through, in place of the conditions set so far.
    pub fn filter(mut self, filter: &F) -> Self {
        self.conditions = filter.query().clone();
        self
    }

    /// The most items on a page, from 0 to 255. Without it the API's default holds, 50 or 100 by
    /// list; 255 reads a long list with the fewest calls.
    pub fn limit(mut self, limit: u8) -> Self {
        self.prepared
            .query
            .set("limit", i64::from(limit).into_param());
        self
    }

    /// The direction of the order, one for each key it has; newest first by default.
    pub fn dir(mut self, direction: impl Into<OneOrMany<Direction>>) -> Self {
        self.prepared
            .query
            .set("dir", direction.into().into_param());
        self
    }

    /// The whole list from its other end: the direction of the order is turned round, whether it
    /// was set before, is set later, or is the list's own.
    ///
    /// What is added at the list's end while it is walked comes first in a walk begun later and not
    /// at all in this one; what is added at its beginning comes last. Cursors of a reversed list
    /// belong to it and not to the list as it was. To walk back from a place in a list, use
    /// [`backward_from`](List::backward_from).
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let mut oldest_first = client.events().list().reversed().items();
    /// println!("{:?}", oldest_first.try_next().await?.map(|event| event.created_at));
    /// # Ok(()) }
    /// ```
    pub fn reversed(mut self) -> Self {
        self.reversed = !self.reversed;
        self
    }

    /// Begins at a cursor saved earlier, and goes on in its direction.
    ///
    /// [`items`](List::items) and [`pages`](List::pages) go on at exactly that place. Awaiting the
    /// list returns the whole page that the place is on.
    pub fn resume(mut self, cursor: &Cursor) -> Self {
        self.place = Some(cursor.clone());
        self
    }

    /// Begins at a cursor and goes back from there, against the list's order: yields every row
    /// before the place, the nearest first, and none behind it.
    ///
    /// From the cursor of a stream that means what the stream has yielded, last row first, and then
    /// what lies before the place it began at. Rows added meanwhile come where the list has them now.
    /// A place that a forward cursor tells costs one call more, for the page it is on; if by then the
    /// place cannot be found there any more, the stream ends with
    /// [`ErrorKind::Paging`](crate::ErrorKind::Paging) rather than leave rows out.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let list = client.events().list();
    /// let mut events = list.clone().items();
    /// let newest = events.try_next().await?;
    /// if let Some(place) = events.cursor() {
    ///     // `newest` once more, then what has come in since.
    ///     let mut back = list.backward_from(&place).items();
    ///     assert_eq!(back.try_next().await?.map(|event| event.id), newest.map(|event| event.id));
    /// }
    /// # Ok(()) }
    /// ```
    pub fn backward_from(self, cursor: &Cursor) -> Self {
        if cursor.is_backward() {
            self.resume(cursor)
        } else {
            self.resume(&cursor.reversed())
        }
    }

    /// Adds a query parameter that the SDK has no method for.
    pub fn param(mut self, name: impl Into<String>, value: impl Param) -> Self {
        self.prepared.query.set(name.into(), value.into_param());
        self
    }

    /// Everything the list holds, page by page, as a stream.
    pub fn pages(self) -> Pages<F> {
        let operation = self.prepared.operation.id;
        Pages::new(operation, self.place.clone(), self.into_fetch())
    }

    /// Everything the list holds, item by item, as a stream.
    pub fn items(self) -> Items<F> {
        Items::new(self.pages())
    }

    /// Everything the list holds in its order, read in slices of `created_at`, so many at a time.
    ///
    /// A walk from page to page is bound by the time each call takes: 250 ms a call is 240 pages a
    /// minute whatever the quota is. Slices of time need not wait for one another. The list needs a
    /// lower bound on `created_at`; the upper one is the present if it is not set. The first page
    /// tells how close the rows lie, and each further one more, so that a slice is about three
    /// quarters of a page; a list of one page takes one call. Up to `at_once` slices, from 1 to 64,
    /// are read at a time, all through the limiter.
    ///
    /// Each row comes once, in the order of the list, whichever direction that is. At most two pages
    /// a slice are held in memory. An error ends the stream, after the items before it. The slices
    /// are read in tasks of the tokio runtime, which end when the stream is dropped.
    ///
    /// Awaiting the first item fails with [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if there
    /// is no lower bound, if `created_at` has other conditions than bounds, if the list has another
    /// order, or if it is resumed from a cursor.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// use hookdeck::query::between;
    /// use hookdeck::types::Timestamp;
    ///
    /// let from: Timestamp = "2026-10-01".parse().expect("a date");
    /// let until: Timestamp = "2026-11-01".parse().expect("a date");
    /// let october = client.events().list().created_at(between(from, until)).limit(255);
    /// let mut events = october.windows(8);
    /// while let Some(event) = events.try_next().await? {
    ///     println!("{}", event.id);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn windows(self, at_once: usize) -> Windows<F>
    where
        F: Timed,
    {
        let list = TimedList {
            operation: self.prepared.operation.id,
            conditions: self.conditions.clone(),
            ascending: self.ascending_by_time(),
            start: self.place.clone(),
            fetch: Box::new(move |created_at| {
                let mut list = self.clone();
                list.conditions.set("created_at", created_at);
                list.into_fetch()
            }),
        };
        Windows::new(list, at_once)
    }

    /// The call for the first page as a `curl` command, the key left to the shell's
    /// `HOOKDECK_API_KEY`.
    #[must_use]
    pub fn to_curl(&self) -> String {
        curl::command(&self.clone().ready())
    }

    /// Returns one page together with status, headers, quota and what the call took.
    pub fn with_meta(self) -> WithMeta<Page<F::Item>> {
        WithMeta {
            prepared: self.ready(),
            reply: std::marker::PhantomData,
        }
    }
}

/// The opposite of the direction a query asks for, or of the one the list has by itself.
fn reversed_direction(query: &Query, operation: &Operation) -> QueryValue {
    fn flip(value: &QueryValue) -> QueryValue {
        match value {
            QueryValue::Text(text) if text.eq_ignore_ascii_case("asc") => {
                Direction::Desc.into_param()
            }
            QueryValue::List(values) => QueryValue::List(values.iter().map(flip).collect()),
            _ => Direction::Asc.into_param(),
        }
    }
    if let Some(set) = query.get("dir") {
        return flip(set);
    }
    let own = operation.direction.unwrap_or(Direction::Desc);
    let reversed = flip(&own.into_param());
    // A list ordered by several keys takes a direction for each.
    match query.get("order_by") {
        Some(QueryValue::List(keys)) => QueryValue::List(vec![reversed; keys.len()]),
        _ => reversed,
    }
}

impl<F: Filter> IntoFuture for List<F> {
    type Output = Result<Page<F::Item>, Error>;
    type IntoFuture = CallFuture<Page<F::Item>>;

    fn into_future(self) -> CallFuture<Page<F::Item>> {
        let prepared = self.ready();
        Box::pin(async move {
            let reply = prepared.send().await?;
            prepared.decode(&reply)
        })
    }
}

impl<F: Filter> Clone for List<F> {
    fn clone(&self) -> Self {
        Self {
            prepared: self.prepared.clone(),
            conditions: self.conditions.clone(),
            place: self.place.clone(),
            reversed: self.reversed,
            filter: PhantomData,
        }
    }
}

impl<F: Filter> fmt::Debug for List<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("List")
            .field(&self.prepared)
            .field(&self.conditions)
            .field(&self.place)
            .finish()
    }
}
