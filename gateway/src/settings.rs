//! What holds for a project from its start to its end.

use std::time::Duration;

use url::{Host, Url};

/// The host of the live service's source URLs, which have the source's id right behind it.
const LIVE_SOURCES: &str = "hkdk.events";

/// What holds for a project from its start to its end.
pub struct Settings {
    /// `http://host:port` of this gateway, without a trailing slash.
    pub base_url: String,
    /// Where it is seen from outside, if that is another place.
    pub public_url: Option<PublicUrl>,
    /// How long rows of the lists of requests and events may take to show, if they do not at once.
    pub visibility_lag: Option<Duration>,
    /// The key that signs deliveries.
    pub signing_secret: String,
    /// Whether only this machine can reach the gateway.
    pub loopback: bool,
    /// The key before it, while it is being rotated.
    pub previous_signing_secret: Option<String>,
    /// Whether members that the contract does not list are refused. The live API drops them.
    pub strict: bool,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("base_url", &self.base_url)
            .field("public_url", &self.public_url)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// The URL producers post to for the source `source_id`.
    pub fn source_url(&self, source_id: &str) -> String {
        match &self.public_url {
            Some(public) if public.is_live => format!("{}/{}", public.text, bare(source_id)),
            Some(public) => source_below(&public.text, source_id),
            None => source_below(&self.base_url, source_id),
        }
    }

    /// The same at the address the gateway listens on.
    pub fn local_source_url(&self, source_id: &str) -> String {
        source_below(&self.base_url, source_id)
    }

    /// Where webhooks are published with the project's key.
    pub fn publish_url(&self) -> String {
        let public = self.public_url.as_ref().map(|public| &public.text);
        format!("{}/v1/publish", public.unwrap_or(&self.base_url))
    }

    /// Where people and programs find what the gateway tells of. The live service's host for webhooks has
    /// nothing of that.
    pub fn site_url(&self) -> &str {
        match &self.public_url {
            Some(public) if !public.is_live => &public.text,
            _ => &self.base_url,
        }
    }
}

/// A source's path below a base of our own.
fn source_below(base: &str, source_id: &str) -> String {
    format!("{base}/e/{}", bare(source_id))
}

/// What a source URL shows of a source's id.
pub fn bare(source_id: &str) -> &str {
    source_id.strip_prefix("src_").unwrap_or(source_id)
}

/// Where a gateway is seen from outside: behind a tunnel, a proxy, or a name that leads to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// Without a trailing slash.
    text: String,
    host: Host<String>,
    is_live: bool,
}

impl PublicUrl {
    /// Reads one.
    ///
    /// # Errors
    /// Why it is none. The text is not repeated, for it may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("it must begin with http:// or https://".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it must not hold a user name or a password".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("it must end with its path".to_owned());
        }
        let host = url.host().ok_or("it has no host")?.to_owned();
        Ok(Self {
            text: url.as_str().trim_end_matches('/').to_owned(),
            is_live: url.host_str() == Some(LIVE_SOURCES) && url.path() == "/",
            host,
        })
    }

    /// Whether its source URLs have the shape of the live service's, `https://hkdk.events/<id>`.
    pub const fn is_live(&self) -> bool {
        self.is_live
    }

    /// Whether a `Host` header names it.
    pub fn is_host(&self, header: &str) -> bool {
        let named = Url::parse(&format!("http://{header}/"));
        named.is_ok_and(|named| {
            named.host().map(|host| host.to_owned()).as_ref() == Some(&self.host)
        })
    }

    /// Whether others can come in by it: not by a name of this machine alone, nor by one that leads elsewhere
    /// for everybody else.
    pub fn lets_others_in(&self) -> bool {
        let is_own = match &self.host {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        !is_own && !self.is_live
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(public_url: Option<&str>) -> Settings {
        Settings {
            base_url: "http://127.0.0.1:4100".into(),
            public_url: public_url.map(|text| PublicUrl::parse(text).unwrap()),
            visibility_lag: None,
            signing_secret: "s".into(),
            loopback: true,
            previous_signing_secret: None,
            strict: false,
        }
    }

    #[test]
    fn each_url_is_below_the_one_that_leads_there() {
        let local = "http://127.0.0.1:4100";
        for (public, source, publish, site) in [
            (
                None,
                format!("{local}/e/x1"),
                format!("{local}/v1/publish"),
                local,
            ),
            (
                Some("https://tunnel.example/"),
                "https://tunnel.example/e/x1".into(),
                "https://tunnel.example/v1/publish".into(),
                "https://tunnel.example",
            ),
            (
                Some("HTTPS://Proxy.Example:8443/hooks//"),
                "https://proxy.example:8443/hooks/e/x1".into(),
                "https://proxy.example:8443/hooks/v1/publish".into(),
                "https://proxy.example:8443/hooks",
            ),
            (
                Some("https://hkdk.events"),
                "https://hkdk.events/x1".into(),
                "https://hkdk.events/v1/publish".into(),
                local,
            ),
        ] {
            let settings = settings(public);
            assert_eq!(settings.source_url("src_x1"), source);
            assert_eq!(settings.publish_url(), publish);
            assert_eq!(settings.site_url(), site);
            assert_eq!(settings.local_source_url("src_x1"), format!("{local}/e/x1"));
        }
    }

    #[test]
    fn what_is_no_public_url_is_refused_without_being_repeated() {
        for (text, part) in [
            ("", "relative URL"),
            ("tunnel.example", "relative URL"),
            ("localhost:4100", "http://"),
            ("ftp://tunnel.example", "http://"),
            ("https://", "host"),
            ("https://me:hidden@tunnel.example", "password"),
            ("https://tunnel.example?a=1", "path"),
            ("https://tunnel.example/#top", "path"),
            ("https://tunnel.example:99999", "port"),
        ] {
            let refused = PublicUrl::parse(text).unwrap_err();
            assert!(
                refused.contains(part) && !refused.contains("hidden"),
                "{text}: {refused}"
            );
        }
    }

    #[test]
    fn a_name_of_this_machine_lets_nobody_else_in() {
        for (text, lets) in [
            ("http://localhost:8080", false),
            ("http://127.0.0.1:8080", false),
            ("http://[::1]:8080", false),
            ("https://hkdk.events", false),
            ("https://tunnel.example", true),
            ("http://192.168.1.5", true),
        ] {
            assert_eq!(
                PublicUrl::parse(text).unwrap().lets_others_in(),
                lets,
                "{text}"
            );
        }
    }

    #[test]
    fn a_host_is_told_whatever_its_case_and_port() {
        let url = PublicUrl::parse("https://hkdk.events").unwrap();
        for host in [
            "hkdk.events",
            "HKDK.events",
            "hkdk.events:443",
            "hkdk.events:4100",
        ] {
            assert!(url.is_host(host), "{host}");
        }
        for host in ["", "hkdk.events.example", "127.0.0.1:4100", "x@hkdk.event"] {
            assert!(!url.is_host(host), "{host}");
        }
    }
}
