//! A request as rules see it.

use serde_json::Value;

use super::receive::ReceivedRequest;
use crate::rules::filter::RequestParts;

/// The parts of a request that rules look at, owned.
pub struct RequestView {
    headers: Value,
    path: Value,
}

impl RequestView {
    /// The view of `received`.
    pub fn of(received: &ReceivedRequest) -> Self {
        let path = if received.path.is_empty() {
            "/"
        } else {
            &received.path
        };
        Self {
            headers: Value::Object(received.headers.clone()),
            path: Value::from(path),
        }
    }

    /// Its parts, with the body and the query of `received`, which it was made of.
    pub fn parts<'a>(&'a self, received: &'a ReceivedRequest) -> RequestParts<'a> {
        RequestParts {
            headers: &self.headers,
            body: &received.value,
            query: &received.parsed_query,
            path: &self.path,
        }
    }
}
