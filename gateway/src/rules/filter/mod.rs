//! The filter language: a JSON value that describes which requests pass.
//!
//! | schema | input | matches when |
//! |---|---|---|
//! | plain value | plain value | they are loosely equal (`1` and `"1"` are) |
//! | plain value | list | some item matches |
//! | object | object | every member matches; a missing one fails, unless its schema has `$exist: false` |
//! | object | list | some item matches |
//! | list | list | every schema item is matched by some input item |
//! | operators | anything | all of them hold; on a list they see the list as a whole |
//!
//! Known oddities of the engine that defines the language are kept, because filters written against it depend on
//! them: under a key, `$or` hides its siblings, and `$and` and `$not` never match a plain value.

mod matching;
mod operators;

use serde_json::{Map, Value};

pub use matching::matches;

/// A filter rule: a schema for each part of the request it looks at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// For the parsed body, or the text of a body that is not JSON.
    pub body: Option<Value>,
    /// For the headers, by lower-case name.
    pub headers: Option<Value>,
    /// For the path, a string.
    pub path: Option<Value>,
    /// For the parsed query string.
    pub query: Option<Value>,
}

/// The parts of a request a filter looks at.
#[derive(Debug, Clone, Copy)]
pub struct RequestParts<'a> {
    /// The parsed body, or its text.
    pub body: &'a Value,
    /// An object of strings.
    pub headers: &'a Value,
    /// A string.
    pub path: &'a Value,
    /// The parsed query string.
    pub query: &'a Value,
}

/// The name of a part, as the `meta` of an ignored event lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterPart {
    /// The body.
    Body,
    /// The headers.
    Headers,
    /// The path.
    Path,
    /// The query string.
    Query,
}

impl FilterPart {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Headers => "headers",
            Self::Path => "path",
            Self::Query => "query",
        }
    }
}

impl Filter {
    /// Reads the members of a rule, or of an object of the same make.
    pub(crate) fn parse(rule: &Map<String, Value>) -> Self {
        let part = |name: &str| rule.get(name).filter(|schema| !schema.is_null()).cloned();
        Self {
            body: part("body"),
            headers: part("headers"),
            path: part("path"),
            query: part("query"),
        }
    }

    /// The parts that do not match; empty when the request passes. A part without schema, or with null, passes.
    pub fn failing(&self, parts: &RequestParts<'_>) -> Vec<FilterPart> {
        let all = [
            (FilterPart::Body, &self.body, parts.body),
            (FilterPart::Headers, &self.headers, parts.headers),
            (FilterPart::Path, &self.path, parts.path),
            (FilterPart::Query, &self.query, parts.query),
        ];
        let failing = all.into_iter().filter(|(_, schema, input)| {
            schema
                .as_ref()
                .is_some_and(|schema| !matches(input, schema))
        });
        failing.map(|(part, _, _)| part).collect()
    }
}

#[cfg(test)]
mod groups_tests;
#[cfg(test)]
mod laws_tests;
#[cfg(test)]
mod tests;
