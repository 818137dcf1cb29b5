//! The least of a call that generated setters are written against.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A body that says what it is answered with.
pub trait RequestBody: Serialize {
    /// The answer.
    type Reply: DeserializeOwned + Send + 'static;
}

/// A list call.
pub struct List<F> {
    filter: std::marker::PhantomData<F>,
    query: crate::query::Query,
}

impl<F> List<F> {
    pub(crate) fn query_mut(&mut self) -> &mut crate::query::Query {
        &mut self.query
    }
}

/// A call with a body.
pub struct Write<B> {
    body: B,
}

impl<B> Write<B> {
    pub(crate) fn body_mut(&mut self) -> &mut B {
        &mut self.body
    }
}
