//! The dated version a path asks for.

use std::borrow::Cow;

use hookdeck::ApiVersion;
use hookdeck::version::Translation;

/// The version whose shapes the handlers speak.
pub(super) const NEWEST: &str = "2026-09-01";

/// What a path without a version is taken for. The live API answered such paths in the shape of this version
/// when they were last recorded.
const UNVERSIONED: ApiVersion = ApiVersion::V2025_07_01;

/// A path with its version taken off.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// The version, as the caller wrote it.
    pub(super) version: &'static str,
    /// The way to it, if it is an older one.
    pub(super) translation: Option<Translation>,
    /// The path below it.
    pub(super) rest: &'a str,
}

/// Why a path has no version that is served.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unserved {
    /// A date nobody knows: answered like any other unknown path.
    Unknown,
    /// A version that is no longer supported; the message says which still are.
    TooOld(String),
}

/// Splits the version off a path.
///
/// # Errors
/// For dates that are no version that is served.
pub(super) fn split(path: &str) -> Result<Asked<'_>, Unserved> {
    let rest = path.strip_prefix('/').unwrap_or(path);
    let (first, tail) = match rest.find('/') {
        Some(at) => (&rest[..at], &rest[at..]),
        None => (rest, ""),
    };
    if first == "latest" {
        return Ok(asked(&ApiVersion::V2026_09_01, tail));
    }
    if let Some(version) = ApiVersion::KNOWN.iter().find(|v| v.as_str() == first) {
        return Ok(asked(version, tail));
    }
    if looks_dated(first) {
        return Err(match ApiVersion::custom(first) {
            Ok(_) => Unserved::Unknown,
            Err(_) => Unserved::TooOld(format!(
                "API version {first} is no longer supported; the oldest that is, is {}",
                ApiVersion::V2023_07_01
            )),
        });
    }
    Ok(asked(&UNVERSIONED, path))
}

fn asked<'a>(version: &ApiVersion, rest: &'a str) -> Asked<'a> {
    let known = ApiVersion::KNOWN.iter().find(|known| *known == version);
    Asked {
        version: known.map_or(NEWEST, ApiVersion::as_str),
        translation: version.translation(),
        rest,
    }
}

impl Asked<'_> {
    /// The path below the version, as the newest one has it. The project of a path that names none is
    /// `current`.
    pub(super) fn newest_path(&self, method: &str) -> Cow<'_, str> {
        match &self.translation {
            Some(translation) => translation.upgrade_path(method, self.rest, CURRENT).into(),
            None => self.rest.into(),
        }
    }
}

/// Stands for the caller's project in a path that names none.
pub(super) const CURRENT: &str = "current";

fn looks_dated(segment: &str) -> bool {
    segment.len() == 10
        && segment.bytes().enumerate().all(|(i, b)| match i {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split_of(path: &str) -> (&'static str, &str) {
        let asked = split(path).unwrap();
        (asked.version, asked.rest)
    }

    #[test]
    fn a_known_version_is_split_off() {
        assert_eq!(
            split_of("/2025-07-01/events/evt_1"),
            ("2025-07-01", "/events/evt_1")
        );
        assert_eq!(split_of("/2026-09-01"), ("2026-09-01", ""));
        assert_eq!(split_of("/latest/events"), (NEWEST, "/events"));
    }

    #[test]
    fn no_version_means_the_one_that_was_last_recorded() {
        assert_eq!(split_of("/sources"), ("2025-07-01", "/sources"));
    }

    #[test]
    fn an_unknown_date_is_an_unknown_path_and_an_old_one_is_named() {
        assert_eq!(split("/2031-01-01/sources").unwrap_err(), Unserved::Unknown);
        let Err(Unserved::TooOld(message)) = split("/2022-11-01/sources") else {
            panic!("it is not served");
        };
        assert!(message.contains("2023-07-01"), "{message}");
    }
}
