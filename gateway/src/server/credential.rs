//! Reading the API key out of a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// What the `Authorization` header holds. It has no `Debug`: a key must not end up in a log.
#[derive(PartialEq, Eq)]
pub(super) enum Credential {
    /// No header, or an empty key.
    Missing,
    /// A header in a scheme or an encoding the API does not take.
    Unreadable,
    /// A key, not checked yet.
    Key(String),
}

/// The credential of a request: a bearer token, or the user name of HTTP Basic.
pub(super) fn credential(headers: &HeaderMap) -> Credential {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Credential::Missing;
    };
    let Ok(value) = value.to_str() else {
        return Credential::Unreadable;
    };
    let (scheme, rest) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
    let rest = rest.trim();
    let key = if scheme.eq_ignore_ascii_case("bearer") {
        Some(rest.to_owned())
    } else if scheme.eq_ignore_ascii_case("basic") {
        STANDARD
            .decode(rest)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .map(|pair| match pair.split_once(':') {
                Some((user, _)) => user.to_owned(),
                None => pair,
            })
    } else {
        None
    };
    match key {
        None => Credential::Unreadable,
        Some(key) if key.is_empty() => Credential::Missing,
        Some(key) => Credential::Key(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(value: &str) -> Credential {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        credential(&headers)
    }

    #[test]
    fn bearer_and_basic_carry_the_same_key() {
        assert!(with("Bearer abc") == Credential::Key("abc".into()));
        assert!(with("bearer abc") == Credential::Key("abc".into()));
        // "abc:" in base64
        assert!(with("Basic YWJjOg==") == Credential::Key("abc".into()));
    }

    #[test]
    fn nothing_given_differs_from_something_unreadable() {
        assert!(credential(&HeaderMap::new()) == Credential::Missing);
        assert!(with("Bearer ") == Credential::Missing);
        assert!(with("Basic Og==") == Credential::Missing);
        assert!(with("Digest x") == Credential::Unreadable);
        assert!(with("Basic ???") == Credential::Unreadable);
    }
}
