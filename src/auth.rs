//! The API key and how it is presented.

use std::fmt;

use http::HeaderValue;

use crate::error::{Error, ErrorKind};

/// A key of the API. Its text never shows in `Debug`, in errors or in logs.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// Takes a key as the dashboard shows it. It is checked when the client is built.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let problem = if self.0.is_empty() {
            "the API key is empty"
        } else if self.0.trim() != self.0 {
            "the API key begins or ends with white space; was it read with a line break?"
        } else if !self.0.bytes().all(|b| b.is_ascii_graphic()) {
            "the API key holds characters that cannot stand in a header"
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::Config, "client", problem))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The value of the `Authorization` header, marked sensitive.
    pub(crate) fn header(&self, scheme: AuthScheme) -> Result<HeaderValue, Error> {
        self.check()?;
        let text = match scheme {
            AuthScheme::Bearer => format!("Bearer {}", self.0),
            AuthScheme::Basic => format!("Basic {}", base64(format!("{}:", self.0).as_bytes())),
        };
        let mut value = HeaderValue::try_from(text).map_err(|_| {
            Error::new(
                ErrorKind::Config,
                "client",
                "the API key cannot stand in a header",
            )
        })?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(REDACTED)")
    }
}

impl From<&str> for ApiKey {
    fn from(key: &str) -> Self {
        Self::new(key)
    }
}

impl From<String> for ApiKey {
    fn from(key: String) -> Self {
        Self::new(key)
    }
}

/// How the key is presented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AuthScheme {
    /// `Authorization: Bearer`, the default.
    #[default]
    Bearer,
    /// HTTP Basic with the key as the user name and no password, as older tools do.
    Basic,
}

/// Standard base64 with padding. Written out, for the one header that needs it.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .fold(0_u32, |group, &byte| group << 8 | u32::from(byte))
            << (8 * (3 - chunk.len()));
        for position in 0..4 {
            if position <= chunk.len() {
                let index = group >> (18 - 6 * position) & 63;
                out.push(char::from(ALPHABET[index as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_follows_rfc_4648() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn an_unusable_key_is_refused_without_being_shown() {
        for key in ["", " secret-k", "secret-k\n", "secret-kéy", "secret k"] {
            let error = ApiKey::new(key).header(AuthScheme::Bearer).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn the_header_is_marked_sensitive() {
        let basic = ApiKey::new("k").header(AuthScheme::Basic).unwrap();
        assert!(basic.is_sensitive());
        assert_eq!(basic.to_str().unwrap(), "Basic azo=");
        assert!(!format!("{basic:?}").contains("azo="));
    }
}
