//! The words of the wire: the states, triggers, causes, codes and types that the API and the store write as text.
//!
//! Each list is an enum that knows its words, so that no other code spells one. The lists are closed, because
//! the gateway is the one who writes them: a stored word that is on none of them is an error of the store. What is
//! only passed through, such as a status on its way from a row to a reply, stays text.
//!
//! Statements take words as parameters. Only beside `due_at IS NOT NULL`, where SQLite compares a statement with the
//! condition of a partial index, the word stands in the text, by [`sql!`]: for a parameter SQLite would not use the
//! index, or prepare the statement anew each time it is bound.

mod bulk;
mod configuration;
mod event;
mod issue;
mod request;
#[cfg(test)]
mod tests;
mod transformation;

pub use bulk::BulkType;
pub use configuration::{DestinationAuthType, DestinationType, SourceType};
pub use event::{AttemptStatus, AttemptTrigger, ErrorCode, EventStatus};
pub use issue::{IssueStatus, IssueTriggerStrategy, IssueType};
pub use request::{IgnoredCause, RejectionCause};
pub use transformation::{ConsoleLevel, LogLevel};

/// Declares a closed list of words.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// Every word, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word as the API and the store write it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// The one that is written so.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl rusqlite::types::ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                Ok(rusqlite::types::ToSqlOutput::from(self.as_str()))
            }
        }

        impl From<$name> for rusqlite::types::Value {
            fn from(word: $name) -> Self {
                Self::Text(word.as_str().to_owned())
            }
        }

        impl rusqlite::types::FromSql for $name {
            fn column_result(
                value: rusqlite::types::ValueRef<'_>,
            ) -> rusqlite::types::FromSqlResult<Self> {
                let word = value.as_str()?;
                Self::parse(word).ok_or_else(|| {
                    let unknown = format!("{word:?} is no {}", stringify!($name));
                    rusqlite::types::FromSqlError::Other(unknown.into())
                })
            }
        }
    };
}
use words;

/// The text of a statement with words in it, put together once.
macro_rules! sql {
    ($text:literal) => {{
        static SQL: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| format!($text));
        SQL.as_str()
    }};
}
pub(crate) use sql;
