//! Keeps web pages out of the control API and of sign-ins.
//!
//! A browser on the same machine reaches a gateway on loopback, also by a foreign name that
//! resolves there. So the name the caller used must be one that nobody else can register, and a
//! page that calls must come from such a name too.

use std::net::IpAddr;

use http::{HeaderMap, header};
use url::{Host, Url};

/// Whether the caller used a local name and is no foreign page.
pub(crate) fn is_local(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).map(|host| {
        // A host and a port; anything else could hide another host.
        let text = host
            .to_str()
            .ok()
            .filter(|text| !text.contains(['/', '\\', '@', '?', '#']))?;
        Url::parse(&format!("http://{text}/")).ok()
    });
    let origin = headers.get(header::ORIGIN).map(|origin| {
        let text = origin.to_str().ok()?;
        Url::parse(text).ok()
    });
    // HTTP/1.1 requires a Host; a caller without one is no browser.
    let host = host.is_none_or(|url| url.is_some_and(|url| is_local_name(&url, true)));
    let origin = origin.is_none_or(|url| url.is_some_and(|url| is_local_name(&url, false)));
    host && origin
}

/// Addresses and names without a dot (`localhost`, the name of a container) cannot be registered
/// by a stranger. A page must come from this machine itself.
fn is_local_name(url: &Url, any_address: bool) -> bool {
    let address = match url.host() {
        Some(Host::Domain(name)) => return !name.trim_end_matches('.').contains('.'),
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        None => return false,
    };
    any_address || address.is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(host: Option<&str>, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(host) = host {
            headers.insert(header::HOST, host.parse().unwrap());
        }
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        is_local(&headers)
    }

    #[test]
    fn local_names_and_addresses_may_call() {
        for host in [
            "localhost:4100",
            "127.0.0.1:4100",
            "[::1]:4100",
            "192.168.1.5",
            "gateway:4100",
        ] {
            assert!(local(Some(host), None), "{host}");
        }
        assert!(local(None, None));
        assert!(local(Some("localhost"), Some("http://localhost:3000")));
    }

    #[test]
    fn foreign_names_and_pages_may_not() {
        assert!(!local(Some("evil.example:4100"), None));
        assert!(!local(Some("localhost.evil.example"), None));
        assert!(!local(Some("evil.example@127.0.0.1"), None));
        assert!(!local(Some("127.0.0.1/evil.example"), None));
        assert!(!local(Some("localhost"), Some("https://evil.example")));
        assert!(!local(Some("localhost"), Some("http://93.184.216.34")));
        assert!(!local(Some("localhost"), Some("null")));
    }
}
