//! The dated version a path asks for.

/// The version whose shapes the handlers speak.
pub(crate) const NEWEST: &str = "2026-09-01";

/// Every dated version that is served. All of them answer in the shape of [`NEWEST`]; a layer
/// that rewrites between the two belongs around [`super::dispatch::answer`], which sees the
/// parsed request and the reply as JSON values.
const KNOWN: [&str; 6] = [
    "2023-07-01",
    "2024-03-01",
    "2024-09-01",
    "2025-01-01",
    "2025-07-01",
    NEWEST,
];

/// Splits the version off a path. `None` for a version nobody knows, which is answered like any
/// other unknown path. A path without a version is served as the newest.
pub(crate) fn split(path: &str) -> Option<(&'static str, &str)> {
    let rest = path.strip_prefix('/').unwrap_or(path);
    let (first, tail) = match rest.find('/') {
        Some(at) => (&rest[..at], &rest[at..]),
        None => (rest, ""),
    };
    if let Some(version) = KNOWN.into_iter().find(|v| *v == first) {
        return Some((version, tail));
    }
    if looks_dated(first) {
        return None;
    }
    Some((NEWEST, path))
}

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

    #[test]
    fn a_known_version_is_split_off() {
        assert_eq!(
            split("/2025-07-01/events/evt_1"),
            Some(("2025-07-01", "/events/evt_1"))
        );
        assert_eq!(split("/2026-09-01"), Some(("2026-09-01", "")));
    }

    #[test]
    fn no_version_means_the_newest() {
        assert_eq!(split("/sources"), Some((NEWEST, "/sources")));
    }

    #[test]
    fn an_unknown_date_is_an_unknown_path() {
        assert_eq!(split("/2031-01-01/sources"), None);
    }
}
