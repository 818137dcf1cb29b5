//! A call: prepared by a resource's method, changed by options, made by `.await`.

mod count;
pub(crate) mod curl;
mod list;
mod prepared;
pub(crate) mod response;
mod write;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;

use serde::de::DeserializeOwned;

use crate::error::Error;

pub use count::Count;
pub use list::List;
pub(crate) use prepared::Prepared;
pub use response::{RateLimitStatus, Response};
pub use write::{RequestBody, Write};

/// The future of a call. Dropping it stops the call where it is.
pub type CallFuture<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// The options that every kind of call has.
macro_rules! call_options {
    () => {
        /// Limits the whole call, its waits and retries included, in place of the client's
        /// [`Timeouts::total`](crate::Timeouts::total). One attempt is limited by
        /// [`Timeouts::attempt`](crate::Timeouts::attempt) all the same.
        pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.prepared.options.timeout = Some(timeout);
            self
        }

        /// Says whether making this call twice leaves things as making it once, and so whether it
        /// may be repeated when it is not known if the API carried it out. By default reads,
        /// updates, upserts and deletes may be repeated, creates and triggers may not.
        pub fn idempotent(mut self, idempotent: bool) -> Self {
            self.prepared.options.idempotent = Some(idempotent);
            self
        }
    };
}
pub(crate) use call_options;

/// A call that returns a `T`.
///
/// Nothing is sent until it is awaited. Options come before:
///
/// ```
/// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
/// use std::time::Duration;
///
/// let event = client.events().get("evt_1").timeout(Duration::from_secs(5)).await?;
/// let response = client.events().get("evt_1").with_meta().await?;
/// println!("{:?} calls left", response.rate_limit().map(|quota| quota.remaining));
/// # Ok(()) }
/// ```
///
/// Dropping the future stops the call; a request that had been sent by then may still be carried
/// out.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<T> {
    prepared: Box<Prepared>,
    reply: PhantomData<fn() -> T>,
}

impl<T> Call<T> {
    pub(crate) fn new(prepared: Prepared) -> Self {
        Self {
            prepared: Box::new(prepared),
            reply: PhantomData,
        }
    }

    call_options!();

    /// Makes the call fail when it is awaited, before anything is sent.
    pub(crate) fn refused(mut self, problem: &str) -> Self {
        self.prepared.refuse(problem.to_owned());
        self
    }

    /// Adds a query parameter that the SDK has no method for.
    pub fn param(mut self, name: impl Into<String>, value: impl crate::query::Param) -> Self {
        self.prepared.query.set(name.into(), value.into_param());
        self
    }

    /// The call as a `curl` command. The key is left to the shell's `HOOKDECK_API_KEY`, and secrets
    /// in a body are blanked out.
    #[must_use]
    pub fn to_curl(&self) -> String {
        curl::command(&self.prepared)
    }
}

impl<T: DeserializeOwned + Send + 'static> Call<T> {
    /// Returns the value together with status, headers, quota and what the call took.
    pub fn with_meta(self) -> WithMeta<T> {
        WithMeta {
            prepared: self.prepared,
            reply: PhantomData,
        }
    }
}

impl<T> WithMeta<T> {
    pub(crate) fn new(prepared: Box<Prepared>) -> Self {
        Self {
            prepared,
            reply: PhantomData,
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for Call<T> {
    type Output = Result<T, Error>;
    type IntoFuture = CallFuture<T>;

    fn into_future(self) -> CallFuture<T> {
        Box::pin(async move {
            let reply = self.prepared.send().await?;
            self.prepared.decode(&reply)
        })
    }
}

impl<T> Clone for Call<T> {
    fn clone(&self) -> Self {
        Self {
            prepared: self.prepared.clone(),
            reply: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.prepared).finish()
    }
}

/// A call that returns its reply's meta data too; made by `with_meta`.
#[must_use = "a call does nothing until it is awaited"]
pub struct WithMeta<T> {
    prepared: Box<Prepared>,
    reply: PhantomData<fn() -> T>,
}

impl<T> WithMeta<T> {
    call_options!();
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for WithMeta<T> {
    type Output = Result<Response<T>, Error>;
    type IntoFuture = CallFuture<Response<T>>;

    fn into_future(self) -> CallFuture<Response<T>> {
        Box::pin(async move {
            let reply = self.prepared.send().await?;
            let value = self.prepared.decode(&reply)?;
            Ok(Response::new(value, reply))
        })
    }
}

impl<T> fmt::Debug for WithMeta<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WithMeta").field(&self.prepared).finish()
    }
}
