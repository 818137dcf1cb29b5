//! The table of operations.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::schema::{Lazy, Schema};

/// One operation of the document.
#[derive(Debug)]
pub struct Operation {
    /// The `operationId`.
    pub id: String,
    /// The method, upper case.
    pub method: String,
    /// The path template, such as `/events/{id}`.
    pub path: String,
    pub(super) segments: Vec<Segment>,
    query: Option<Lazy<Parameters>>,
    body: Option<Lazy<Content>>,
    replies: Option<Lazy<BTreeMap<String, Content>>>,
}

/// A query parameter.
#[derive(Debug)]
pub struct QueryParameter {
    /// Its name, without brackets.
    pub name: String,
    /// Whether a call without it is refused.
    pub required: bool,
    /// What values it takes.
    pub schema: Schema,
}

/// An operation together with the values of its path parameters, percent-decoded.
#[derive(Debug)]
pub struct Route<'a> {
    /// The operation.
    pub operation: &'a Operation,
    /// Name and value of each path parameter.
    pub params: Vec<(&'a str, String)>,
}

impl Route<'_> {
    /// The value of a path parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.as_str())
    }
}

#[derive(Debug)]
pub(super) enum Segment {
    Fixed(String),
    Parameter(String),
}

#[derive(Deserialize)]
pub(super) struct RawOperation<'a> {
    #[serde(rename = "operationId")]
    id: String,
    #[serde(borrow)]
    parameters: Option<&'a RawValue>,
    #[serde(borrow, rename = "requestBody")]
    body: Option<&'a RawValue>,
    #[serde(borrow)]
    responses: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Content {
    #[serde(default)]
    content: BTreeMap<String, Media>,
}

impl Content {
    fn schema(&self) -> Option<&Schema> {
        self.content
            .get("application/json")
            .and_then(|media| media.schema.as_ref())
    }
}

#[derive(Debug, Deserialize)]
struct Media {
    schema: Option<Schema>,
}

/// The query parameters of an operation; path parameters need no schema, every id is a string.
#[derive(Debug)]
struct Parameters(Vec<QueryParameter>);

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Parameter {
            name: String,
            #[serde(rename = "in")]
            place: String,
            #[serde(default)]
            required: bool,
            schema: Schema,
        }

        let all = Vec::<Parameter>::deserialize(deserializer)?;
        let query = all
            .into_iter()
            .filter(|parameter| parameter.place == "query")
            .map(|parameter| QueryParameter {
                name: parameter.name,
                required: parameter.required,
                schema: parameter.schema,
            });
        Ok(Self(query.collect()))
    }
}

impl Operation {
    pub(super) fn new(method: &str, path: &str, raw: RawOperation<'static>) -> Self {
        let segments = path.trim_start_matches('/').split('/').map(|segment| {
            match segment
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'))
            {
                Some(name) => Segment::Parameter(name.to_owned()),
                None => Segment::Fixed(segment.to_owned()),
            }
        });
        Self {
            id: raw.id,
            method: method.to_ascii_uppercase(),
            path: path.to_owned(),
            segments: segments.collect(),
            query: raw.parameters.map(Lazy::new),
            body: raw.body.map(Lazy::new),
            replies: raw.responses.map(Lazy::new),
        }
    }

    pub(super) fn matches(&self, parts: &[String]) -> bool {
        self.segments.len() == parts.len()
            && self
                .segments
                .iter()
                .zip(parts)
                .all(|(segment, part)| match segment {
                    Segment::Fixed(text) => text == part,
                    Segment::Parameter(_) => !part.is_empty(),
                })
    }

    /// The query parameters, in the order of the document.
    pub fn query(&self) -> &[QueryParameter] {
        self.query.as_ref().map_or(&[], |lazy| &lazy.get().0)
    }

    /// The schema of the request body, when the operation takes one.
    pub fn body(&self) -> Option<&Schema> {
        self.body.as_ref().and_then(|lazy| lazy.get().schema())
    }

    /// The schema of the reply with this status, when the document has one.
    pub fn reply(&self, status: u16) -> Option<&Schema> {
        self.replies
            .as_ref()
            .and_then(|lazy| lazy.get().get(&status.to_string()))
            .and_then(Content::schema)
    }

    /// The statuses the document lists.
    pub fn statuses(&self) -> impl Iterator<Item = u16> {
        self.replies
            .iter()
            .flat_map(|lazy| lazy.get().keys())
            .filter_map(|status| status.parse().ok())
    }
}
