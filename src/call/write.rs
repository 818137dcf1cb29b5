//! Calls that carry a typed body.

use std::fmt;
use std::future::IntoFuture;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{CallFuture, Prepared, WithMeta, call_options, curl};
use crate::error::Error;

/// The body of a request, and what the API returns for it.
pub trait RequestBody: Serialize + Clone + Send + Sync + 'static {
    /// The reply.
    type Reply: DeserializeOwned + Send + 'static;
}

/// A call with a body that is filled in by methods of the call.
///
/// What is not set is left out, and the API leaves it as it is. What can be null is cleared by a
/// method of its own:
///
/// ```
/// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
/// let source = client.sources().update("src_1").name("shop").clear_description().await?;
/// # Ok(()) }
/// ```
#[must_use = "a call does nothing until it is awaited"]
pub struct Write<B: RequestBody> {
    prepared: Box<Prepared>,
    body: B,
    check: Check<B>,
}

/// Looks in a body for what the API would refuse, and says what is wrong, beginning with the
/// property it is wrong with.
type Check<B> = fn(&B) -> Result<(), String>;

impl<B: RequestBody> Write<B> {
    pub(crate) fn new(prepared: Prepared, body: B) -> Self {
        Self {
            prepared: Box::new(prepared),
            body,
            check: |_| Ok(()),
        }
    }

    /// Sends nothing if the body, as it is when the call is awaited, fails this.
    pub(crate) fn checked(mut self, check: Check<B>) -> Self {
        self.check = check;
        self
    }

    pub(crate) fn body_mut(&mut self) -> &mut B {
        &mut self.body
    }

    call_options!();

    /// The body as set so far.
    pub fn body(&self) -> &B {
        &self.body
    }

    fn ready(mut self) -> Box<Prepared> {
        if let Err(problem) = (self.check)(&self.body) {
            self.prepared.refuse(problem);
        }
        self.prepared.set_body(&self.body);
        self.prepared
    }

    /// The call as a `curl` command. The key is left to the shell's `HOOKDECK_API_KEY`, and secrets
    /// in the body are blanked out.
    #[must_use]
    pub fn to_curl(&self) -> String {
        curl::command(&self.clone().ready())
    }

    /// Returns the value together with status, headers, quota and what the call took.
    pub fn with_meta(self) -> WithMeta<B::Reply> {
        WithMeta {
            prepared: self.ready(),
            reply: std::marker::PhantomData,
        }
    }
}

impl<B: RequestBody> IntoFuture for Write<B> {
    type Output = Result<B::Reply, Error>;
    type IntoFuture = CallFuture<B::Reply>;

    fn into_future(self) -> CallFuture<B::Reply> {
        let prepared = self.ready();
        Box::pin(async move {
            let reply = prepared.send().await?;
            prepared.decode(&reply)
        })
    }
}

impl<B: RequestBody> Clone for Write<B> {
    fn clone(&self) -> Self {
        Self {
            prepared: self.prepared.clone(),
            body: self.body.clone(),
            check: self.check,
        }
    }
}

/// Without the body, which may hold secrets.
impl<B: RequestBody> fmt::Debug for Write<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Write").field(&self.prepared).finish()
    }
}
