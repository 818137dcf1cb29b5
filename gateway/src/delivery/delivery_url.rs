//! The URL of a delivery. Where it goes is read by the rules of URLs; what is asked for there is kept byte for byte,
//! because signatures cover it as it was written, and those rules rewrite some characters, such as an apostrophe in
//! a query.

use std::fmt;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use url::{Position, Url};

use crate::wire::ErrorCode;

/// Where a delivery goes, and what it asks for there.
#[derive(Clone)]
pub struct DeliveryUrl {
    /// As the rules of URLs have it.
    url: Url,
    /// Path and query as they are sent.
    target: PathAndQuery,
}

impl DeliveryUrl {
    /// The URL with this path and query in place of its own.
    ///
    /// # Errors
    /// `INVALID_CHARACTER` for what cannot stand in the first line of a request.
    pub(super) fn new(mut url: Url, path: &str, query: Option<&str>) -> Result<Self, ErrorCode> {
        let path = if path.is_empty() { "/" } else { path };
        let target = match query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        // The parser would take it for a fragment and leave it out.
        if target.contains('#') {
            return Err(ErrorCode::InvalidCharacter);
        }
        url.set_path(path);
        url.set_query(query);
        url.set_fragment(None);
        let target = PathAndQuery::try_from(target).map_err(|_| ErrorCode::InvalidCharacter)?;
        Ok(Self { url, target })
    }

    /// A URL that somebody wrote down: its query stays as it was written.
    pub(super) fn written(url: Url, text: &str) -> Result<Self, ErrorCode> {
        let query = written_query(&url, text);
        let path = url.path().to_owned();
        Self::new(url, &path, query.as_deref())
    }

    /// The whole URL as the rules of URLs have it.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Path and query as they are sent.
    pub(crate) fn path_and_query(&self) -> &str {
        self.target.as_str()
    }

    /// Adds a parameter to the query.
    ///
    /// # Errors
    /// That of [`new`](Self::new).
    pub(super) fn append(&mut self, name: &str, value: &str) -> Result<(), ErrorCode> {
        let pair = url::form_urlencoded::Serializer::new(String::new())
            .append_pair(name, value)
            .finish();
        let query = match self.target.query() {
            Some(query) if !query.is_empty() => format!("{query}&{pair}"),
            _ => pair,
        };
        *self = Self::new(self.url.clone(), self.target.path(), Some(&query))?;
        Ok(())
    }

    /// Where a `location` leads from here, if it is one that a request can go to.
    pub(super) fn join(&self, location: &str) -> Option<Self> {
        let next = self.url.join(location).ok()?;
        if !matches!(next.scheme(), "http" | "https") {
            return None;
        }
        Self::written(next, location).ok()
    }

    /// What an HTTP client is told.
    ///
    /// # Errors
    /// `INVALID_URL` where there is no host to go to.
    pub(super) fn uri(&self) -> Result<Uri, ErrorCode> {
        let authority = &self.url[Position::BeforeHost..Position::AfterPort];
        let scheme = match self.url.scheme() {
            "https" => Scheme::HTTPS,
            _ => Scheme::HTTP,
        };
        Uri::builder()
            .scheme(scheme)
            .authority(Authority::try_from(authority).map_err(|_| ErrorCode::InvalidUrl)?)
            .path_and_query(self.target.clone())
            .build()
            .map_err(|_| ErrorCode::InvalidUrl)
    }
}

/// The query of `url` as it stands in `text`, which `url` was read from. What the parser leaves out of it, such as a
/// line break, makes it take over the parser's.
pub(super) fn written_query(url: &Url, text: &str) -> Option<String> {
    let parsed = url.query()?;
    let text = text.split('#').next().unwrap_or_default();
    let written = text.split_once('?').map(|(_, query)| query);
    let written = written.filter(|query| {
        let query = query.bytes();
        query.clone().all(|byte| byte.is_ascii_graphic()) && !query.clone().any(|b| b == b'"')
    });
    Some(written.unwrap_or(parsed).to_owned())
}

impl fmt::Display for DeliveryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url[..Position::BeforePath])?;
        f.write_str(self.path_and_query())
    }
}

impl From<Url> for DeliveryUrl {
    fn from(url: Url) -> Self {
        // What the parser wrote can be sent.
        let target = PathAndQuery::try_from(&url[Position::BeforePath..Position::AfterQuery]);
        Self {
            target: target.unwrap_or_else(|_| PathAndQuery::from_static("/")),
            url,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn every_character_that_http_can_carry_is_kept() {
        let path = "/O'Brien/{}/\"/^|~/%7B%2f/é!$&()*+,;=:@\\";
        let query = "name=O'Brien&a=:@,;!$()*+%/?[]^|~{}\\`&b=%ZZ%FF&c&a=é";
        let kept = DeliveryUrl::new(url("http://a.test:81/x?y#z"), path, Some(query)).unwrap();
        assert_eq!(kept.path_and_query(), format!("{path}?{query}"));
        assert_eq!(kept.to_string(), format!("http://a.test:81{path}?{query}"));
        assert_eq!(
            kept.uri().unwrap().path_and_query().unwrap().as_str(),
            format!("{path}?{query}")
        );
    }

    #[test]
    fn what_http_cannot_carry_is_an_error() {
        for (path, query) in [
            ("/a b", None),
            ("/a\nb", None),
            ("/a#b", None),
            ("/", Some("a=b c")),
            ("/", Some("a=<b>")),
            ("/", Some("a=\"b\"")),
            ("/", Some("a=b#c")),
            ("/", Some("a\r\nx: y")),
        ] {
            let refused = DeliveryUrl::new(url("http://a.test"), path, query);
            assert_eq!(
                refused.err(),
                Some(ErrorCode::InvalidCharacter),
                "{path} {query:?}"
            );
        }
    }

    #[test]
    fn redirects_and_added_parameters_keep_what_stands_there() {
        let first = DeliveryUrl::new(url("http://a.test"), "/x", Some("q='")).unwrap();
        for (location, expected) in [
            ("?n=O'Brien#top", Some("http://a.test/x?n=O'Brien")),
            ("/y/../z?n='", Some("http://a.test/z?n='")),
            (
                "https://b.test/ü?n=\"a b\"",
                Some("https://b.test/%C3%BC?n=%22a%20b%22"),
            ),
            ("mailto:a@b.test", None),
            ("http://", None),
        ] {
            let next = first.join(location).map(|next| next.to_string());
            assert_eq!(next.as_deref(), expected, "{location}");
        }
        let mut with_key = first;
        with_key.append("k e", "s&t").unwrap();
        assert_eq!(with_key.path_and_query(), "/x?q='&k+e=s%26t");
    }
}
