//! The client: what every call goes through.

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use url::Url;

use crate::auth::{ApiKey, AuthScheme};
use crate::error::{Error, ErrorKind};
use crate::pipeline::{Limiter, Observer, Pipeline, RateLimit, Retry, Timeouts};
use crate::transport::{HttpClient, Transport};
use crate::version::{ApiVersion, Translation};

const DEFAULT_BASE_URL: &str = "https://api.hookdeck.com";
const DEFAULT_PUBLISH_URL: &str = "https://hkdk.events/v1/publish";

/// A client of the Hookdeck Event Gateway API.
///
/// Cheap to clone; clones share connections, settings and the quota. Resources are reached by
/// methods named after them: [`events`](Client::events), [`sources`](Client::sources) and so on.
///
/// ```no_run
/// # async fn example() -> hookdeck::Result<()> {
/// let client = hookdeck::Client::from_env()?;
/// let event = client.events().get("evt_123").await?;
/// println!("{} after {} attempts", event.status, event.attempts);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<ClientState>,
}

struct ClientState {
    api: Endpoint,
    publish: Endpoint,
    version: ApiVersion,
    /// The way to that version, if it is an older one.
    translation: Option<Translation>,
    pipeline: Pipeline,
}

/// Which of Hookdeck's services a call goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// The API, below its version.
    Api,
    /// The one address events are published at.
    Publish,
}

/// Where a service is and how it is called.
pub(crate) struct Endpoint {
    /// The address a call's path is appended to, without a slash at the end:
    /// `https://host/prefix/2026-09-01`.
    pub(crate) root: String,
    pub(crate) authorization: HeaderValue,
    /// Whether calls count against the quota of the key.
    pub(crate) paced: bool,
}

impl Client {
    /// A client with the given key and the defaults.
    ///
    /// # Errors
    ///
    /// If the key is empty or cannot stand in a header, or if TLS cannot be set up.
    pub fn new(key: impl Into<ApiKey>) -> Result<Self, Error> {
        Self::builder(key).build()
    }

    /// A client set up by the environment: `HOOKDECK_API_KEY`, and if they are set
    /// `HOOKDECK_BASE_URL`, `HOOKDECK_PUBLISH_URL` and `HOOKDECK_API_VERSION`.
    ///
    /// # Errors
    ///
    /// If `HOOKDECK_API_KEY` is not set, or if one of the variables is unusable.
    pub fn from_env() -> Result<Self, Error> {
        ClientBuilder::from_env()?.build()
    }

    /// Begins setting up a client.
    ///
    /// ```
    /// use std::time::Duration;
    /// use hookdeck::{Client, RateLimit, Retry, Timeouts};
    ///
    /// let client = Client::builder("my-key")
    ///     .base_url("http://127.0.0.1:4100")
    ///     .retry(Retry::standard().max_attempts(6))
    ///     .rate_limit(RateLimit::per_minute(240))
    ///     .timeouts(Timeouts::default().attempt(Duration::from_secs(20)))
    ///     .build()?;
    /// # Ok::<(), hookdeck::Error>(())
    /// ```
    pub fn builder(key: impl Into<ApiKey>) -> ClientBuilder {
        ClientBuilder::new(key.into())
    }

    /// The version of the API this client speaks.
    #[must_use]
    pub fn api_version(&self) -> &ApiVersion {
        &self.inner.version
    }

    pub(crate) fn endpoint(&self, service: Service) -> &Endpoint {
        match service {
            Service::Api => &self.inner.api,
            Service::Publish => &self.inner.publish,
        }
    }

    pub(crate) fn translation(&self) -> Option<&Translation> {
        self.inner.translation.as_ref()
    }

    pub(crate) fn pipeline(&self) -> &Pipeline {
        &self.inner.pipeline
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("root", &self.inner.api.root)
            .finish_non_exhaustive()
    }
}

/// Sets up a [`Client`].
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    key: ApiKey,
    scheme: AuthScheme,
    base_url: String,
    publish_url: Option<String>,
    version: ApiVersion,
    retry: Retry,
    rate_limit: RateLimit,
    timeouts: Timeouts,
    transport: Option<Arc<dyn Transport>>,
    observer: Option<Arc<dyn Observer>>,
}

impl ClientBuilder {
    fn new(key: ApiKey) -> Self {
        Self {
            key,
            scheme: AuthScheme::default(),
            base_url: DEFAULT_BASE_URL.to_owned(),
            publish_url: None,
            version: ApiVersion::default(),
            retry: Retry::default(),
            rate_limit: RateLimit::default(),
            timeouts: Timeouts::default(),
            transport: None,
            observer: None,
        }
    }

    /// Begins with what the environment says; see [`Client::from_env`].
    ///
    /// # Errors
    ///
    /// If `HOOKDECK_API_KEY` is not set, if one of the variables is not UTF-8, or if
    /// `HOOKDECK_API_VERSION` is no version.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_vars(|name| std::env::var_os(name))
    }

    fn from_vars(var: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        // One that cannot be read must not count as not set: the client would call another place.
        let set = |name: &str| match var(name).map(OsString::into_string) {
            None => Ok(None),
            Some(Ok(value)) => Ok(Some(value).filter(|value| !value.is_empty())),
            Some(Err(_)) => {
                let message = format!("{name} is no text in UTF-8");
                Err(Error::new(ErrorKind::Config, "client", message))
            }
        };
        let key = set("HOOKDECK_API_KEY")?.ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                "client",
                "HOOKDECK_API_KEY is not set; create a key in the project's settings",
            )
        })?;
        let mut builder = Self::new(ApiKey::new(key));
        if let Some(url) = set("HOOKDECK_BASE_URL")? {
            builder.base_url = url;
        }
        builder.publish_url = set("HOOKDECK_PUBLISH_URL")?;
        if let Some(version) = set("HOOKDECK_API_VERSION")? {
            builder.version = version.parse()?;
        }
        Ok(builder)
    }

    /// The address of the API without its version, which each call adds;
    /// `https://api.hookdeck.com` by default.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// The address events are [published](Client::publish) at.
    ///
    /// By default `https://hkdk.events/v1/publish`; but where the base URL is set to another host
    /// than Hookdeck's own, it is `/v1/publish` below that, so that a program pointed at a local
    /// gateway publishes nothing into the real project.
    pub fn publish_url(mut self, url: impl Into<String>) -> Self {
        self.publish_url = Some(url.into());
        self
    }

    /// The dated version to speak; the newest by default. Requests and replies of an older one are
    /// translated, see [`ApiVersion`].
    pub fn api_version(mut self, version: ApiVersion) -> Self {
        self.version = version;
        self
    }

    /// How the key is presented; as a bearer token by default.
    pub fn auth(mut self, scheme: AuthScheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// How failed calls are retried.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The quota to keep to; 240 calls a minute by default.
    pub fn rate_limit(mut self, rate_limit: RateLimit) -> Self {
        self.rate_limit = rate_limit;
        self
    }

    /// How long things may take.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Watches what happens to calls.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Sends through a transport of yours in place of HTTP.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sends through a reqwest client of yours: for proxies, client certificates and the like.
    ///
    /// It should follow no redirects and not retry on its own. `Timeouts::connect` has no effect on
    /// it.
    ///
    /// If nothing else in the program enables reqwest's own TLS, install a provider before building
    /// one (`rustls::crypto::ring::default_provider().install_default()`), or reqwest panics for want
    /// of it: this crate sets TLS up for its own client only.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.transport = Some(Arc::new(HttpClient::from_client(client)));
        self
    }

    /// Builds the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// If the key is empty or cannot stand in a header, if the base or publish URL is no `http` or
    /// `https` address, ends with a version or carries a query or credentials, or if TLS cannot be
    /// set up.
    pub fn build(self) -> Result<Client, Error> {
        let base = check_url(&self.base_url, "base URL")?;
        if let Some(version) = version_in(&base) {
            let problem = format!(
                "the base URL ends with the version {version}, which each call adds; leave it off \
                 and set it with `api_version` or HOOKDECK_API_VERSION"
            );
            return Err(Error::new(ErrorKind::Config, "client", problem));
        }
        let base_root = base.as_str().trim_end_matches('/');
        let publish = match &self.publish_url {
            Some(url) => check_url(url, "publish URL")?,
            None if is_hookdecks(&base) => check_url(DEFAULT_PUBLISH_URL, "publish URL")?,
            None => check_url(&format!("{base_root}/v1/publish"), "publish URL")?,
        };
        let api = Endpoint {
            root: format!("{base_root}/{}", self.version),
            authorization: self.key.header(self.scheme)?,
            paced: true,
        };
        let publish_root = publish.as_str().trim_end_matches('/');
        let published = Endpoint {
            root: publish_root.to_owned(),
            // Older tools' basic authentication is known of the API only.
            authorization: self.key.header(AuthScheme::Bearer)?,
            paced: false,
        };
        let host = format!(
            "{}:{}",
            base.host_str().unwrap_or_default(),
            base.port_or_known_default().unwrap_or_default()
        );
        let limiter = Limiter::shared(self.key.as_bytes(), &host, self.rate_limit);
        let transport = match self.transport {
            Some(transport) => transport,
            None => {
                let secure = [&base, &publish].iter().any(|url| url.scheme() == "https");
                if secure && !HttpClient::SPEAKS_TLS {
                    let problem = "an https address needs TLS: build with the feature `rustls` or \
                                   `native-tls`, or give a transport of your own";
                    return Err(Error::new(ErrorKind::Config, "client", problem));
                }
                let client = HttpClient::new(secure, self.timeouts.connect).map_err(|source| {
                    Error::new(
                        ErrorKind::Config,
                        "client",
                        "the HTTP client cannot be set up",
                    )
                    .with_source(source)
                })?;
                Arc::new(client)
            }
        };
        let pipeline = Pipeline::new(transport, limiter, self.retry, self.timeouts, self.observer);
        Ok(Client {
            inner: Arc::new(ClientState {
                api,
                publish: published,
                translation: self.version.translation(),
                version: self.version,
                pipeline,
            }),
        })
    }
}

/// Without the base URL, which is not checked yet and may hold a password.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("scheme", &self.scheme)
            .field("version", &self.version)
            .field("retry", &self.retry)
            .field("rate_limit", &self.rate_limit)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

/// Whether this is a host of Hookdeck's own API, whose publish endpoint is on another host.
fn is_hookdecks(base: &Url) -> bool {
    let host = base.host_str().unwrap_or_default();
    ["api.hookdeck.com", "api.hookdeck.io"].contains(&host)
}

/// The dated version a base URL ends with, as the addresses in the API's own documentation do.
fn version_in(base: &Url) -> Option<&str> {
    let last = base.path_segments()?.rfind(|segment| !segment.is_empty())?;
    let is_date = last.len() == 10
        && last.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    is_date.then_some(last)
}

/// The message never repeats the URL's user part, where people put passwords.
fn check_url(text: &str, what: &str) -> Result<Url, Error> {
    let fail = |problem: String| Err(Error::new(ErrorKind::Config, "client", problem));
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(problem) => {
            let hint = "it begins with http:// or https://";
            return fail(format!("the {what} is no absolute URL: {problem}; {hint}"));
        }
    };
    if !matches!(url.scheme(), "http" | "https") {
        return fail(format!(
            "the {what} begins with {}:, not with http or https",
            url.scheme()
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return fail(format!(
            "the {what} holds credentials; give the key to the builder"
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return fail(format!("the {what} holds a query or a fragment"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars<'a>(set: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        |name| {
            set.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).into())
        }
    }

    #[test]
    fn the_environment_sets_key_address_and_version() {
        let client = ClientBuilder::from_vars(vars(&[
            ("HOOKDECK_API_KEY", "k"),
            ("HOOKDECK_BASE_URL", "http://localhost:4100/api/"),
            ("HOOKDECK_API_VERSION", "2025-07-01"),
        ]))
        .and_then(ClientBuilder::build)
        .unwrap();
        assert_eq!(
            client.endpoint(Service::Api).root,
            "http://localhost:4100/api/2025-07-01"
        );
        assert_eq!(
            client.endpoint(Service::Publish).root,
            "http://localhost:4100/api/v1/publish"
        );
    }

    #[test]
    fn a_missing_key_says_what_to_set() {
        for set in [&[][..], &[("HOOKDECK_API_KEY", "")]] {
            let error = ClientBuilder::from_vars(vars(set)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains("HOOKDECK_API_KEY"), "{error}");
        }
    }

    #[test]
    fn a_base_url_that_cannot_work_is_refused() {
        for url in [
            "",
            "api.hookdeck.com",
            "ftp://api.hookdeck.com",
            "https://user:secret@api.hookdeck.com",
            "https://api.hookdeck.com?x=1",
            "https://",
        ] {
            let error = Client::builder("k").base_url(url).build().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{url}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_base_url_with_a_version_is_refused_in_words() {
        for url in [
            "https://api.hookdeck.com/2025-07-01",
            "http://127.0.0.1:4100/prefix/2026-09-01/",
        ] {
            let error = Client::builder("k").base_url(url).build().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{url}");
            assert!(error.to_string().contains("leave it off"), "{error}");
        }
        let prefixed = "https://proxy.example.com/2026-09-01-beta";
        assert!(Client::builder("k").base_url(prefixed).build().is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_no_text_is_not_taken_for_unset() {
        use std::os::unix::ffi::OsStringExt;

        let error = ClientBuilder::from_vars(|name| match name {
            "HOOKDECK_API_KEY" => Some("k".into()),
            "HOOKDECK_BASE_URL" => Some(OsString::from_vec(b"http://localhost\xff".to_vec())),
            _ => None,
        })
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "client: HOOKDECK_BASE_URL is no text in UTF-8"
        );
    }

    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    #[test]
    fn https_without_tls_is_refused_when_the_client_is_built() {
        let error = Client::new("k").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("`rustls`"), "{error}");
    }

    #[test]
    fn publishing_stays_with_the_gateway_the_client_is_pointed_at() {
        let publish_url = |set: &[(&str, &str)]| {
            let mut all = vec![("HOOKDECK_API_KEY", "k")];
            all.extend_from_slice(set);
            ClientBuilder::from_vars(vars(&all))
                .and_then(ClientBuilder::build)
                .map(|client| client.endpoint(Service::Publish).root.clone())
        };
        assert_eq!(publish_url(&[]).unwrap(), DEFAULT_PUBLISH_URL);
        let local = ("HOOKDECK_BASE_URL", "http://127.0.0.1:4100");
        assert_eq!(
            publish_url(&[local]).unwrap(),
            "http://127.0.0.1:4100/v1/publish"
        );
        assert_eq!(
            publish_url(&[local, ("HOOKDECK_PUBLISH_URL", "http://localhost:1/p")]).unwrap(),
            "http://localhost:1/p"
        );
        let error = publish_url(&[("HOOKDECK_PUBLISH_URL", "hkdk.events")]).unwrap_err();
        assert!(error.to_string().contains("publish URL"), "{error}");
    }

    #[test]
    fn neither_client_nor_builder_shows_the_key() {
        let builder = Client::builder("sk_live_1").transport(Never);
        assert!(!format!("{builder:?}").contains("sk_live_1"));
        assert!(!format!("{:?}", builder.build().unwrap()).contains("sk_live_1"));
    }

    #[derive(Debug)]
    struct Never;

    impl Transport for Never {
        fn send(&self, _: crate::transport::HttpRequest) -> crate::transport::Exchange<'_> {
            Box::pin(std::future::pending())
        }
    }
}
