//! What every tagged union has in common.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Json;

/// A variant as it is written: its `type` beside its own properties.
#[derive(Debug, Serialize)]
pub struct Tagged<'a, T> {
    /// The variant's name on the wire.
    #[serde(rename = "type")]
    pub tag: &'static str,
    /// Its properties.
    #[serde(flatten)]
    pub value: &'a T,
}

/// The `type` of an object, if it is one and has one.
#[must_use]
pub fn tag_of(json: &Json) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Tag<'a> {
        #[serde(rename = "type", borrow)]
        tag: Cow<'a, str>,
    }

    serde_json::from_str::<Tag<'_>>(json.as_str())
        .ok()
        .map(|tag| tag.tag)
}
