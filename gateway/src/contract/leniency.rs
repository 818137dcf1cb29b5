//! How forgiving a check of input is, beside what the document says.

use serde_json::Value;

/// What becomes of input that the document does not list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leniency {
    /// Members of bodies and of object parameters that are not listed are dropped, not refused.
    pub drops_unlisted: bool,
    /// A delivery policy of a command-line destination is dropped. Where it is not, the writer of the config
    /// refuses it by name.
    pub drops_cli_policy: bool,
}

impl Leniency {
    /// As the live API: what is not listed is dropped without a word.
    pub const LIVE: Self = Self {
        drops_unlisted: true,
        drops_cli_policy: true,
    };
    /// What is not listed is refused, for people who want their typing errors found.
    pub const STRICT: Self = Self {
        drops_unlisted: false,
        drops_cli_policy: false,
    };
}

/// Input that fits the document.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The input with typed values, without what was dropped.
    pub value: Value,
    /// The places of what was dropped, such as `config.auth.encoding` or `filters.colour`.
    pub dropped: Vec<String>,
}
