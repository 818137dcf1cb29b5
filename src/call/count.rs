//! Counting what a list would hold.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

use serde::Deserialize;

use super::{CallFuture, Prepared, call_options, curl};
use crate::error::Error;
use crate::query::Filter;

/// A call that counts rows without fetching them.
///
/// ```
/// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
/// let sources: u64 = client.sources().count().await?;
/// # Ok(()) }
/// ```
#[must_use = "a call does nothing until it is awaited"]
pub struct Count<F = ()> {
    prepared: Box<Prepared>,
    /// The conditions the API can count by: fewer than it can list by, and it ignores the others.
    known: &'static [&'static str],
    filter: PhantomData<fn() -> F>,
}

impl<F> Count<F> {
    pub(crate) fn new(prepared: Prepared, known: &'static [&'static str]) -> Self {
        Self {
            prepared: Box::new(prepared),
            known,
            filter: PhantomData,
        }
    }

    call_options!();

    /// The call as a `curl` command, the key left to the shell's `HOOKDECK_API_KEY`.
    #[must_use]
    pub fn to_curl(&self) -> String {
        curl::command(&self.prepared)
    }
}

impl<F: Filter> Count<F> {
    /// Counts only what the filter of the list lets through.
    ///
    /// The API can count by fewer conditions than it can list by and ignores the rest, which would
    /// make a wrong number: the call fails with [`ErrorKind::Invalid`](crate::ErrorKind::Invalid)
    /// instead, naming the condition.
    pub fn filter(mut self, filter: &F) -> Self {
        let query = filter.query();
        if let Some((name, _)) = query.iter().find(|(name, _)| !self.known.contains(name)) {
            let known = self.known.join("`, `");
            self.prepared.refuse(format!(
                "counting by `{name}` is not possible, only by `{known}`"
            ));
        }
        self.prepared.query = query.clone();
        self
    }
}

#[derive(Deserialize)]
struct Counted {
    /// The contract says a number with a fraction; a count has none, but may be written as one.
    count: f64,
}

impl<F> IntoFuture for Count<F> {
    type Output = Result<u64, Error>;
    type IntoFuture = CallFuture<u64>;

    fn into_future(self) -> CallFuture<u64> {
        let prepared = self.prepared;
        Box::pin(async move {
            let reply = prepared.send().await?;
            let Counted { count } = prepared.decode(&reply)?;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a count"
            )]
            Ok(count as u64)
        })
    }
}

impl<F> Clone for Count<F> {
    fn clone(&self) -> Self {
        Self {
            prepared: self.prepared.clone(),
            known: self.known,
            filter: PhantomData,
        }
    }
}

impl<F> fmt::Debug for Count<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Count").field(&self.prepared).finish()
    }
}
