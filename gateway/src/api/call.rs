//! One API call on its way to a handler.

use std::sync::Arc;

use bytes::Bytes;
use hookdeck::ApiVersion;
use hookdeck::version::Translation;
use serde_json::Value;

use super::error::ApiError;
use crate::clock::Micros;
use crate::contract::Operation;
use crate::journal::Notes;
use crate::json::{self, Ordered};
use crate::project::Project;

/// What a handler gives back: the reply's body, always with status 200.
pub(crate) type ApiResult = Result<Value, ApiError>;

/// A call that has a key, quota and an operation. Query and body are checked and typed. It has no
/// `Debug`: bodies carry credentials.
pub(crate) struct ApiCall {
    /// The project of the key.
    pub(crate) project: Arc<Project>,
    /// The way to the version the caller speaks, if that is an older one.
    pub(crate) older: Option<Translation>,
    /// The operation the path and method name.
    pub(crate) operation: &'static Operation,
    /// The `{id}` of the path, empty where the path has none.
    pub(crate) id: String,
    /// Every parameter of the path by name.
    pub(crate) params: Vec<(&'static str, String)>,
    /// The query, an object.
    pub(crate) query: Value,
    /// The query of a call in an older version with what only that version knows; else null.
    pub(crate) older_query: Value,
    /// The body; null where the operation takes none.
    pub(crate) body: Value,
    /// The body as it came, with its members in their order.
    pub(crate) text: Bytes,
    /// What its entry in the journal is to say.
    pub(crate) notes: Notes,
}

impl ApiCall {
    /// Whether `include` asks for `part`.
    pub(crate) fn includes(&self, part: &str) -> bool {
        self.query.get("include").and_then(Value::as_str) == Some(part)
    }

    /// Whether the caller's version knows no types of sources and destinations.
    pub(crate) fn is_untyped(&self) -> bool {
        self.undoes(&ApiVersion::V2025_01_01)
    }

    /// Whether the caller's version is older than this one.
    pub(crate) fn undoes(&self, version: &ApiVersion) -> bool {
        self.older.is_some_and(|older| older.undoes(version))
    }

    /// A parameter of the path, empty where the path has none of this name.
    pub(crate) fn param(&self, name: &str) -> &str {
        let mut params = self.params.iter();
        params
            .find(|(key, _)| *key == name)
            .map_or("", |(_, value)| value)
    }

    /// The body with its members in their order; null where there is none.
    pub(crate) fn ordered_body(&self) -> Ordered {
        json::parse_ordered(&self.text).unwrap_or(Ordered::Null)
    }

    /// The current moment of the project. Asked inside a write it grows in the order of the commits, which is
    /// what lists are sorted by.
    pub(crate) fn now(&self) -> Micros {
        self.project.clock().now()
    }
}

/// A string field of an object.
pub(crate) fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}
