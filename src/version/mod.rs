//! The dated versions of the API, and calls translated between them.
//!
//! A program needs [`ApiVersion`] alone. [`Translation`] is for whoever stands on the other side: a test
//! server, a proxy, a check.

mod places;
mod translation;
mod tree;
mod v2024_03_01;
mod v2024_09_01;
mod v2025_01_01;
mod v2025_07_01;
mod v2026_09_01;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

pub use translation::{Rewritten, Translation};

/// A dated version of the API, the first segment of every path.
///
/// The models of this crate speak [`V2026_09_01`](ApiVersion::V2026_09_01), the default. A client pinned to
/// an older version has the same models and methods: what each version changed is undone in every request
/// and done to every reply. A request that the older version cannot express fails with
/// [`ErrorKind::Invalid`] before it is sent, and says what was in the way.
///
/// | pinned to | what differs | what is lost |
/// |---|---|---|
/// | 2025-07-01 | delivery rates are `rate_limit`s, projects are teams, custom domains belong to the present team | GitLab's second scheme |
/// | 2025-01-01 | transformations ran before filters | a filter in front of a transformation |
/// | 2024-09-01 | sources have a `verification`, destinations a `url` or `cli_path` | sources of type `HTTP`, delivery groups and time-outs, deduplication, Google's service accounts, lists filtered by type; `url` and `method` of an event's data, which are empty |
/// | 2024-03-01 | retrying an event answers `{event, attempt}` | as above |
/// | 2023-07-01 | archived, not disabled; other causes and types of verification | AWS signatures, concurrency as a rate; as above |
///
/// What a version merely added is not translated: operations such as `replay`, metrics or API keys, source
/// types, methods and filters go to an older version as they are and come back from it, for the API adds to
/// old versions as well. Errors come as they are, and so name properties as the older version does.
/// [`client.raw()`](crate::Client::raw) and [`client.publish()`](crate::Client::publish) are never
/// translated. Each version is supported for about a year after the next one; before 2023-07-01 none is, and
/// that one was no longer served by the live API in June 2026: it answers 404 there.
///
/// ```
/// use hookdeck::ApiVersion;
///
/// assert_eq!(ApiVersion::default(), ApiVersion::V2026_09_01);
/// assert_eq!("2025-07-01".parse::<ApiVersion>()?, ApiVersion::V2025_07_01);
/// // One that is newer than this crate goes into the path as it is.
/// assert_eq!(ApiVersion::custom("2027-01-01")?.as_str(), "2027-01-01");
/// let error = ApiVersion::custom("2022-11-01").unwrap_err();
/// assert!(error.to_string().contains("2023-07-01"));
/// # Ok::<(), hookdeck::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiVersion(Cow<'static, str>);

macro_rules! versions {
    ($($(#[$doc:meta])* $name:ident = $date:literal;)*) => {
        impl ApiVersion {
            $($(#[$doc])* pub const $name: Self = Self(Cow::Borrowed($date));)*

            /// The versions this crate knows by name, oldest first.
            pub const KNOWN: &[Self] = &[$(Self::$name),*];
        }
    };
}

versions! {
    /// 2023-07-01: rulesets are gone, sources have a `verification`.
    V2023_07_01 = "2023-07-01";
    /// 2024-03-01: `archive` became `disable`.
    V2024_03_01 = "2024-03-01";
    /// 2024-09-01: retrying an event answers the event itself.
    V2024_09_01 = "2024-09-01";
    /// 2025-01-01: sources and destinations have a `type` and a `config`.
    V2025_01_01 = "2025-01-01";
    /// 2025-07-01: rules are applied in their order.
    V2025_07_01 = "2025-07-01";
    /// 2026-09-01: `delivery_policy` in place of rate limits, projects in place of teams.
    V2026_09_01 = "2026-09-01";
}

impl ApiVersion {
    /// A version this crate may not know.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the text could not stand as one segment of a path
    /// (it may hold letters, digits, `-`, `_` and `.`, and must begin with a letter or digit), or if it is a
    /// date before [the oldest version](ApiVersion::V2023_07_01) there still is.
    pub fn custom(version: impl Into<String>) -> Result<Self, Error> {
        let version = version.into();
        if let Some(known) = Self::KNOWN.iter().find(|known| known.as_str() == version) {
            return Ok(known.clone());
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if version.bytes().all(allowed)
            && version
                .as_bytes()
                .first()
                .is_some_and(u8::is_ascii_alphanumeric)
        {
            if is_before_all(&version) {
                let message = format!(
                    "API version {version} is no longer supported; the oldest that is, is {}",
                    Self::V2023_07_01
                );
                return Err(Error::new(ErrorKind::Config, "client", message));
            }
            return Ok(Self(Cow::Owned(version)));
        }
        let message = format!("{version:?} is no API version; a date such as 2026-09-01 is");
        Err(Error::new(ErrorKind::Config, "client", message))
    }

    /// The way between the newest version and this one; `None` where there is nothing to translate.
    ///
    /// ```
    /// use hookdeck::ApiVersion;
    ///
    /// let older = ApiVersion::V2024_03_01.translation().expect("an older version");
    /// let reply = older.downgrade_reply("retryEvent", br#"{"id":"evt_1"}"#);
    /// assert_eq!(reply, br#"{"event":{"id":"evt_1"},"attempt":null}"#);
    /// assert!(ApiVersion::default().translation().is_none());
    /// ```
    #[must_use]
    pub fn translation(&self) -> Option<Translation> {
        Translation::to(self.as_str())
    }

    /// The version as it stands in the path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether this is a date, and one before the oldest version.
fn is_before_all(version: &str) -> bool {
    let is_date = version.len() == 10
        && version.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    is_date && version < ApiVersion::V2023_07_01.as_str()
}

impl Default for ApiVersion {
    fn default() -> Self {
        Self::V2026_09_01
    }
}

impl FromStr for ApiVersion {
    type Err = Error;

    fn from_str(version: &str) -> Result<Self, Error> {
        Self::custom(version)
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiVersion({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_change_the_path_is_no_version() {
        for text in ["", "..", "2026/09/01", "2026-09-01?x", "a b", "é"] {
            let error = ApiVersion::custom(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
        }
    }
}
