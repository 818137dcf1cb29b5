//! What the live service does, what this gateway does, and how either is known: the rows of `PARITY.md`.
//!
//! ```
//! use hookdeck_gateway::parity;
//!
//! for (area, rows) in parity::rows() {
//!     for row in rows.iter().filter(|row| !row.same) {
//!         println!("{area}: {} Live: {} Here: {}", row.behaviour, row.live, row.ours);
//!     }
//! }
//! ```

mod page;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::{Map, Value};

pub use page::page;

/// The rows, by area.
const FILES: &[(&str, &str)] = &[
    (
        "Requests, lists and rules",
        include_str!("../../parity/known.json"),
    ),
    ("Dated versions", include_str!("../../parity/versions.json")),
    (
        "Times, lists, addresses and keys",
        include_str!("../../parity/lists.json"),
    ),
    (
        "Ingestion, transformations and delivery",
        include_str!("../../parity/delivery.json"),
    ),
    (
        "Bodies of calls, bulk jobs and metrics",
        include_str!("../../parity/rest.json"),
    ),
    (
        "Events, rules, issues and terminals",
        include_str!("../../parity/events.json"),
    ),
];

/// One behaviour of the API or the event gateway.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// A name of it, in small letters and dashes.
    pub id: String,
    /// What it is about, a sentence.
    pub behaviour: String,
    /// What the live service does.
    pub live: String,
    /// How well that is known.
    pub evidence: Evidence,
    /// When it was seen or written.
    pub when: String,
    /// Who saw or wrote it.
    pub source: String,
    /// What this gateway does.
    pub ours: String,
    /// Whether that is the same.
    pub same: bool,
    /// Why it is not.
    #[serde(default)]
    pub why: Option<String>,
    /// The test that holds it.
    #[serde(default)]
    pub test: Option<String>,
    /// How to ask any server about it over HTTP.
    #[serde(default)]
    pub probe: Option<Probe>,
}

/// How well it is known what the live service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// Somebody tried it on the service and wrote down what happened.
    Measured,
    /// It stands in a recorded session.
    Recorded,
    /// The vendor says so.
    Documented,
    /// It follows from the published schema.
    Schema,
    /// Nobody knows; ours is a choice.
    Unknown,
    /// What is known contradicts itself.
    Contradictory,
}

impl Evidence {
    /// The word of the page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Recorded => "recorded",
            Self::Documented => "documented",
            Self::Schema => "schema",
            Self::Unknown => "unknown",
            Self::Contradictory => "contradictory",
        }
    }
}

/// Questions to a server, and what is to be seen of its answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The calls, in order.
    pub steps: Vec<ProbeStep>,
    /// What is looked at, a template.
    pub sees: Value,
    /// What a server that behaves like the live service shows there.
    pub expects: Value,
}

/// One call of a probe. Its strings are templates: `{{c.body.source.id}}` stands for what the step named `c`
/// was answered, `{{run}}` for a word that no other run uses, `{{publish}}` for the publish endpoint.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeStep {
    /// Method and path below the version, or method and URL.
    pub call: String,
    /// What its answer is called in later templates.
    #[serde(default, rename = "as")]
    pub name: Option<String>,
    /// The version in the path; the newest unless it is given, none if it is empty.
    #[serde(default)]
    pub version: Option<String>,
    /// Headers beside the key.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// The body, as JSON.
    #[serde(default)]
    pub json: Option<Value>,
    /// The body, as text.
    #[serde(default)]
    pub text: Option<String>,
    /// Whether the call goes without a key. Calls of a URL always do.
    #[serde(default)]
    pub anonymous: bool,
    /// Whether a call of a URL goes with the key.
    #[serde(default)]
    pub key: bool,
    /// The call is repeated until its answer shows these values at these places, for a while.
    #[serde(default)]
    pub until: Map<String, Value>,
}

/// The rows by area.
///
/// # Panics
/// When a row cannot be read; a test reads them all.
#[allow(clippy::expect_used, reason = "compiled in, and read by a test")]
pub fn rows() -> Vec<(&'static str, Vec<Row>)> {
    FILES
        .iter()
        .map(|(area, text)| {
            let rows = serde_json::from_str(text).expect("rows that can be read");
            (*area, rows)
        })
        .collect()
}
