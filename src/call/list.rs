//! Lists: one page by `.await`, all pages or items as streams.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

use super::{CallFuture, Prepared, WithMeta, call_options, curl, response};
use crate::error::Error;
use crate::paging::{Cursor, Items, Page, Pages};
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
    filter: PhantomData<fn() -> F>,
}

impl<F: Filter> List<F> {
    pub(crate) fn new(prepared: Prepared) -> Self {
        Self {
            prepared: Box::new(prepared),
            conditions: Query::new(),
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
        self.prepared
    }

    pub(crate) fn operation(&self) -> &'static str {
        self.prepared.operation.id
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

    /// Begins at a cursor saved earlier, and goes on in its direction.
    pub fn resume(mut self, cursor: &Cursor) -> Self {
        self.seek(Some(cursor));
        self
    }

    /// Adds a query parameter that the SDK has no method for.
    pub fn param(mut self, name: impl Into<String>, value: impl Param) -> Self {
        self.prepared.query.set(name.into(), value.into_param());
        self
    }

    /// The cursor set by `resume`.
    pub(crate) fn start(&self) -> Option<Cursor> {
        let token = |name| match self.prepared.query.get(name) {
            Some(QueryValue::Text(token)) => Some(token.clone()),
            _ => None,
        };
        token("next")
            .map(Cursor::next)
            .or_else(|| token("prev").map(Cursor::prev))
    }

    pub(crate) fn seek(&mut self, cursor: Option<&Cursor>) {
        let query = &mut self.prepared.query;
        query.remove("next");
        query.remove("prev");
        if let Some(cursor) = cursor {
            query.set(cursor.parameter(), cursor.token().into_param());
        }
    }

    /// Everything the list holds, page by page, as a stream.
    pub fn pages(self) -> Pages<F> {
        Pages::new(self)
    }

    /// Everything the list holds, item by item, as a stream.
    pub fn items(self) -> Items<F> {
        Items::new(self.pages())
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

impl<F: Filter> IntoFuture for List<F> {
    type Output = Result<Page<F::Item>, Error>;
    type IntoFuture = CallFuture<Page<F::Item>>;

    fn into_future(self) -> CallFuture<Page<F::Item>> {
        let prepared = self.ready();
        Box::pin(async move {
            let reply = prepared.send().await?;
            response::decode(prepared.operation.id, &reply)
        })
    }
}

impl<F: Filter> Clone for List<F> {
    fn clone(&self) -> Self {
        Self {
            prepared: self.prepared.clone(),
            conditions: self.conditions.clone(),
            filter: PhantomData,
        }
    }
}

impl<F: Filter> fmt::Debug for List<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("List")
            .field(&self.prepared)
            .field(&self.conditions)
            .finish()
    }
}
