//! The dated versions of the API.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// A dated version of the API, the first segment of every path.
///
/// The models of this crate speak [`V2026_09_01`](ApiVersion::V2026_09_01), the default. Another
/// version goes into the path as it is; its replies decode as far as they have the same shape.
///
/// ```
/// use hookdeck::ApiVersion;
///
/// assert_eq!(ApiVersion::default(), ApiVersion::V2026_09_01);
/// assert_eq!("2025-07-01".parse::<ApiVersion>()?, ApiVersion::V2025_07_01);
/// assert_eq!(ApiVersion::custom("2027-01-01")?.as_str(), "2027-01-01");
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
    /// If the text could not stand as one segment of a path: it may hold letters, digits, `-`, `_`
    /// and `.`, and must begin with a letter or digit.
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
            return Ok(Self(Cow::Owned(version)));
        }
        let message = format!("{version:?} is no API version; a date such as 2026-09-01 is");
        Err(Error::new(ErrorKind::Config, "client", message))
    }

    /// The version as it stands in the path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
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
