//! The vendor's mock API: it accepts everything, and this gateway plays it without a network.

use url::Url;

const HOST: &str = "mock.hookdeck.com";

/// Where destinations of type `MOCK_API` lead.
pub(super) const URL: &str = "https://mock.hookdeck.com";

/// The status the mock API answers at `url`: 200, or the one that `status` in the query asks for. `None` for
/// every other host.
pub(super) fn status(url: &Url) -> Option<u16> {
    if url.host_str() != Some(HOST) {
        return None;
    }
    let asked = url.query_pairs().find(|(name, _)| name == "status");
    let status = asked
        .and_then(|(_, value)| value.parse::<u16>().ok())
        .filter(|status| (200..600).contains(status));
    Some(status.unwrap_or(200))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_as_the_query_asks() {
        for (url, expected) in [
            ("https://mock.hookdeck.com/any/path", Some(200)),
            ("https://mock.hookdeck.com/x?status=503&y=1", Some(503)),
            ("https://mock.hookdeck.com?status=1000", Some(200)),
            ("https://mock.hookdeck.com?status=no", Some(200)),
            ("https://mock.hookdeck.com.test?status=503", None),
        ] {
            assert_eq!(status(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
