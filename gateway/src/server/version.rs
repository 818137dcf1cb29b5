//! The dated version a path asks for.

use std::borrow::Cow;

use hookdeck::ApiVersion;
use hookdeck::version::Translation;

/// The version whose shapes the handlers speak.
pub(super) const NEWEST: &str = "2026-09-01";

/// What a path without a version is taken for. The live API answered such paths in the shape of this version
/// when they were last recorded.
const UNVERSIONED: ApiVersion = ApiVersion::V2025_07_01;

/// Projects were teams in that version, and a path without a version still knows none.
const VERSIONED_ONLY: &str = "projects";

/// A path with its version taken off.
#[derive(Debug)]
pub(super) struct VersionedPath<'a> {
    /// The version, as the caller wrote it.
    pub(super) version: &'static str,
    /// The way to it, if it is an older one.
    pub(super) translation: Option<Translation>,
    /// The path below it.
    pub(super) rest: &'a str,
}

/// Splits the version off a path. `None` for what is not served: dates that are no version, older than all
/// or yet to come, and what came after the version that stands for none.
pub(super) fn split(path: &str) -> Option<VersionedPath<'_>> {
    let rest = path.strip_prefix('/').unwrap_or(path);
    let (first, tail) = match rest.find('/') {
        Some(at) => (&rest[..at], &rest[at..]),
        None => (rest, ""),
    };
    if first == "latest" {
        return Some(asked(&ApiVersion::V2026_09_01, tail));
    }
    if let Some(version) = ApiVersion::KNOWN.iter().find(|v| v.as_str() == first) {
        return Some(asked(version, tail));
    }
    let served = !looks_dated(first) && first != VERSIONED_ONLY;
    served.then(|| asked(&UNVERSIONED, path))
}

/// Whether a path asks for the API's document, which is the newest at every version that is served.
pub(super) fn is_document(path: &str) -> bool {
    split(path).is_some_and(|asked| asked.rest == "/openapi" && asked.rest != path)
}

fn asked<'a>(version: &ApiVersion, rest: &'a str) -> VersionedPath<'a> {
    let known = ApiVersion::KNOWN.iter().find(|known| *known == version);
    VersionedPath {
        version: known.map_or(NEWEST, ApiVersion::as_str),
        translation: version.translation(),
        rest,
    }
}

impl VersionedPath<'_> {
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
        assert_eq!(split_of("/projectors"), ("2025-07-01", "/projectors"));
    }

    #[test]
    fn dates_that_are_no_version_are_not_served() {
        for path in ["/2031-01-01/sources", "/2023-01-01/sources", "/2022-09-14"] {
            assert!(split(path).is_none(), "{path}");
        }
    }

    #[test]
    fn projects_are_known_by_version_alone() {
        for path in [
            "/projects",
            "/projects/tm_1",
            "/projects/tm_1/custom_domains",
        ] {
            assert!(split(path).is_none(), "{path}");
            assert!(split(&format!("/2026-09-01{path}")).is_some(), "{path}");
        }
    }

    #[test]
    fn every_served_version_has_a_document() {
        for version in ["2023-07-01", "2025-07-01", "2026-09-01", "latest"] {
            assert!(is_document(&format!("/{version}/openapi")), "{version}");
        }
        for path in [
            "/2022-09-14/openapi",
            "/openapi",
            "/2026-09-01/openapi/",
            "/x/openapi",
        ] {
            assert!(!is_document(path), "{path}");
        }
    }
}
