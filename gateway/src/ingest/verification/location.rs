//! Where a request says something.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::request::ReceivedRequest;

/// Where a value stands in a request. Header names are lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ingest) enum ValueLocation {
    /// A header.
    Header(&'static str),
    /// What follows `before` in a header, or in each of its items where any of the characters `split` separates items.
    Item {
        header: &'static str,
        split: &'static str,
        before: &'static str,
    },
    /// One item of a header, counted from 0.
    Nth {
        header: &'static str,
        split: char,
        index: usize,
    },
    /// A parameter of the query.
    Query(&'static str),
    /// A text, number or boolean in the body, by JSON pointer.
    Json(&'static str),
    /// A member of the body's outermost JSON object, exactly as it was sent.
    Raw(&'static str),
}

/// As many values as are looked at in one place: more signatures than that are no proof but work.
const VALUES: usize = 16;

impl ValueLocation {
    /// The values that stand there; none if there is no such place in the request.
    pub(in crate::ingest) fn all(self, received: &ReceivedRequest) -> Vec<Cow<'_, str>> {
        let header = |name| received.header(name);
        match self {
            Self::Header(name) => header(name)
                .map(str::trim)
                .map(Cow::Borrowed)
                .into_iter()
                .collect(),
            Self::Item {
                header: name,
                split,
                before,
            } => header(name)
                .into_iter()
                .flat_map(|list| list.split(|c| split.contains(c)))
                .filter_map(|item| item.trim().strip_prefix(before))
                .map(Cow::Borrowed)
                .take(VALUES)
                .collect(),
            Self::Nth {
                header: name,
                split,
                index,
            } => header(name)
                .and_then(|list| list.split(split).nth(index))
                .map(str::trim)
                .map(Cow::Borrowed)
                .into_iter()
                .collect(),
            Self::Query(name) => received.parsed_query[name]
                .as_str()
                .map(Cow::Borrowed)
                .into_iter()
                .collect(),
            Self::Json(pointer) => json(received, pointer).into_iter().collect(),
            Self::Raw(name) => raw_member(&received.body, name)
                .map(Cow::Borrowed)
                .into_iter()
                .collect(),
        }
    }

    /// The first value that stands there.
    pub(in crate::ingest) fn first(self, received: &ReceivedRequest) -> Option<Cow<'_, str>> {
        self.all(received).into_iter().next()
    }

    /// The place in words, for the table of providers.
    #[cfg(test)]
    pub(in crate::ingest) fn describe(self) -> String {
        match self {
            Self::Header(name) | Self::Nth { header: name, .. } => format!("`{name}`"),
            Self::Item {
                header, before: "", ..
            } => format!("`{header}`"),
            Self::Item { header, before, .. } => format!("`{header}` (`{before}`)"),
            Self::Query(name) => format!("query `{name}`"),
            Self::Json(pointer) => format!("body `{pointer}`"),
            Self::Raw(name) => format!("body `/{name}`"),
        }
    }
}

/// Some providers call their JSON text.
fn json<'a>(received: &'a ReceivedRequest, pointer: &str) -> Option<Cow<'a, str>> {
    if let Value::String(text) = &received.value {
        let value: Value = serde_json::from_str(text).ok()?;
        let found = value.pointer(pointer).and_then(scalar)?;
        return Some(Cow::Owned(found.into_owned()));
    }
    received.value.pointer(pointer).and_then(scalar)
}

pub(super) fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(_) | Value::Bool(_) => Some(Cow::Owned(value.to_string())),
        _ => None,
    }
}

fn raw_member<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let members: BTreeMap<Cow<'a, str>, &'a RawValue> = serde_json::from_slice(body).ok()?;
    members.get(name).map(|value| value.get())
}
