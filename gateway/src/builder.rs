//! What a gateway is started with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hookdeck::types::Timestamp;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::control::{self, ControlState};
use crate::delivery::AddressPolicy;
use crate::delivery::client::Deliverer;
use crate::delivery::tls;
use crate::gateway::Gateway;
use crate::ids;
use crate::project::{Project, Projects};
use crate::server::{self, CallLimit, Server, Tenants};
use crate::settings::{PublicUrl, Settings};
use crate::store::{Store, StoreError};

/// The API key of a gateway that is given none.
pub(crate) const DEFAULT_API_KEY: &str = "gateway_test_key";
/// The signing secret of a gateway that is given none.
pub(crate) const DEFAULT_SIGNING_SECRET: &str = "gateway_test_signing_secret";

/// How many API calls a key may make in a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    calls: Option<(u32, Duration)>,
}

impl RateLimit {
    /// `calls` in a minute; the live API allows 240.
    pub const fn per_minute(calls: u32) -> Self {
        Self::new(calls, Duration::from_secs(60))
    }

    /// `calls` in `window`.
    pub const fn new(calls: u32, window: Duration) -> Self {
        Self {
            calls: Some((calls, window)),
        }
    }

    /// No limit; replies then carry no rate-limit headers either.
    pub const fn off() -> Self {
        Self { calls: None }
    }

    /// Calls and window, unless there is no limit.
    pub const fn calls(self) -> Option<(u32, Duration)> {
        self.calls
    }
}

/// Why a gateway did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The address could not be listened on.
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The data directory cannot be used.
    DataDir {
        /// The directory.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The store failed.
    Store(StoreError),
    /// An API key is empty or given twice.
    ApiKey,
    /// A signing secret is empty, so that nobody could tell who signed.
    SigningSecret,
    /// What was given as the URL the gateway is seen at from outside is none.
    PublicUrl {
        /// Why not.
        reason: String,
    },
    /// What was given as a certificate to trust is none.
    Certificate {
        /// Why not.
        reason: String,
    },
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Listen { address, source } => write!(f, "cannot listen on {address}: {source}"),
            Self::DataDir { path, reason } => write!(f, "cannot use {}: {reason}", path.display()),
            Self::Store(error) => error.fmt(f),
            Self::ApiKey => f.write_str("every API key must be given once and must not be empty"),
            Self::SigningSecret => f.write_str("a signing secret must not be empty"),
            Self::PublicUrl { reason } => write!(f, "the public URL cannot be used: {reason}"),
            Self::Certificate { reason } => {
                write!(f, "the certificate to trust cannot be used: {reason}")
            }
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen { source, .. } => Some(source),
            Self::Store(error) => Some(error),
            Self::DataDir { .. }
            | Self::ApiKey
            | Self::SigningSecret
            | Self::PublicUrl { .. }
            | Self::Certificate { .. } => None,
        }
    }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Collects what a gateway is started with; made by [`Gateway::builder`].
#[derive(Clone)]
pub struct GatewayBuilder {
    listen: SocketAddr,
    api_keys: Vec<String>,
    signing_secret: String,
    previous_signing_secret: Option<String>,
    public_url: Option<String>,
    visibility_lag: Duration,
    trusted: Vec<Vec<u8>>,
    rate_limit: RateLimit,
    data_dir: Option<PathBuf>,
    manual_clock: Option<Timestamp>,
    seed: Option<u64>,
    control: bool,
    strict: bool,
}

impl std::fmt::Debug for GatewayBuilder {
    /// Leaves the keys and the secret out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GatewayBuilder")
            .field("listen", &self.listen)
            .field("rate_limit", &self.rate_limit)
            .field("data_dir", &self.data_dir)
            .field("manual_clock", &self.manual_clock)
            .field("seed", &self.seed)
            .field("control", &self.control)
            .field("strict", &self.strict)
            .finish_non_exhaustive()
    }
}

impl Default for GatewayBuilder {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            api_keys: Vec::new(),
            signing_secret: DEFAULT_SIGNING_SECRET.to_owned(),
            previous_signing_secret: None,
            public_url: None,
            visibility_lag: Duration::ZERO,
            trusted: Vec::new(),
            rate_limit: RateLimit::per_minute(240),
            data_dir: None,
            manual_clock: None,
            seed: None,
            control: false,
            strict: false,
        }
    }
}

impl GatewayBuilder {
    /// The address to listen on; `127.0.0.1:0`, a free port, unless set. A gateway that listens
    /// beyond loopback does not deliver to loopback or private addresses.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Adds an API key. Each key is a project of its own, with its own data, time and quota.
    /// Without any there is one, `gateway_test_key`.
    #[must_use]
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_keys.push(key.into());
        self
    }

    /// The secret deliveries are signed with; `gateway_test_signing_secret` unless set.
    #[must_use]
    pub fn signing_secret(mut self, secret: impl Into<String>) -> Self {
        self.signing_secret = secret.into();
        self
    }

    /// The secret before the present one, as while a secret is being rotated: deliveries then carry a
    /// signature under it too, in `x-hookdeck-signature-2`. None unless set.
    #[must_use]
    pub fn previous_signing_secret(mut self, secret: impl Into<String>) -> Self {
        self.previous_signing_secret = Some(secret.into());
        self
    }

    /// Where the gateway is seen from outside, such as `https://my-tunnel.example`: what source URLs, the
    /// publish URL of a source and the event URLs in deliveries begin with, and what signatures that cover a
    /// URL are checked against besides its own address. A path is kept; the proxy has to take it off. The
    /// address it listens on unless set.
    ///
    /// `https://hkdk.events` gives source URLs the shape of the live service's, `https://hkdk.events/<id>`,
    /// for clients that expect it. Requests whose `Host` is that one are taken there too.
    #[must_use]
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// How long the lists of requests and events may lag behind, for tests of programs that poll them. Each
    /// row shows after a time of its own, drawn from the seed: between a twenty-fifth of this and all of it, a
    /// sixth at the median, so that rows turn up out of order. On the live service it is about 15 seconds.
    /// Nothing lags unless set.
    ///
    /// What is read by its id is there at once; so are counts, metrics and what bulk jobs find. It is the
    /// gateway's time that counts: [`settle`](Gateway::settle) does not wait for rows to show, and an
    /// [`advance`](Gateway::advance) by the whole lag shows all there are.
    #[must_use]
    pub fn visibility_lag(mut self, longest: Duration) -> Self {
        self.visibility_lag = longest;
        self
    }

    /// Certificates in PEM that deliveries over TLS trust beside the system's: of an authority, or of a
    /// destination itself. Several calls add up.
    ///
    /// ```no_run
    /// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
    /// use hookdeck_gateway::Gateway;
    ///
    /// let authority = std::fs::read("rootCA.pem")?;
    /// let gateway = Gateway::builder().trust_certificate(authority).start().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn trust_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.trusted.push(pem.into());
        self
    }

    /// The quota of each key; 240 calls a minute unless set.
    #[must_use]
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = limit;
        self
    }

    /// A directory to keep everything in, created when absent. What the gateway has acknowledged
    /// then survives the end of its process and, as far as the disk honours a sync, the loss of
    /// power. One gateway at a time may use it.
    #[must_use]
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(path.into());
        self
    }

    /// A clock that starts at `start`, cut to a whole millisecond, and moves only by [`Gateway::advance`].
    /// Time limits of deliveries stay real.
    #[must_use]
    pub fn manual_clock(mut self, start: Timestamp) -> Self {
        self.manual_clock = Some(start);
        self
    }

    /// The system's clock, which is what a gateway uses unless told otherwise.
    #[must_use]
    pub fn system_clock(mut self) -> Self {
        self.manual_clock = None;
        self
    }

    /// What ids are drawn from: the same seed and the same calls in the same order give the same
    /// ids. A random one unless set; see [`Gateway::seed`].
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Whether the control API under `/_gateway/` may change things; off unless set.
    #[must_use]
    pub fn control(mut self, on: bool) -> Self {
        self.control = on;
        self
    }

    /// Whether members of bodies, and filters of bulk jobs and metrics, that the contract does not list are refused,
    /// so that typing errors are found. Unless set they are dropped, as by the live API, and the call's entry in the
    /// [journal](Gateway::journal) names them.
    ///
    /// ```
    /// use hookdeck_gateway::Gateway;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let gateway = Gateway::builder().strict(true).start().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn strict(mut self, on: bool) -> Self {
        self.strict = on;
        self
    }

    /// Starts the gateway on the current Tokio runtime. It accepts requests when this returns.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(mut self) -> Result<Gateway, StartError> {
        if self.api_keys.is_empty() {
            self.api_keys.push(DEFAULT_API_KEY.to_owned());
        }
        let repeated =
            |(index, key): (usize, &String)| key.is_empty() || self.api_keys[..index].contains(key);
        if self.api_keys.iter().enumerate().any(repeated) {
            return Err(StartError::ApiKey);
        }
        if self.signing_secret.is_empty() || self.previous_signing_secret.as_deref() == Some("") {
            return Err(StartError::SigningSecret);
        }
        let public_url = self.public_url.as_deref().map(PublicUrl::parse).transpose();
        let public_url = public_url.map_err(|reason| StartError::PublicUrl { reason })?;
        let mut trusted = Vec::new();
        for pem in &self.trusted {
            let found =
                tls::certificates(pem).map_err(|reason| StartError::Certificate { reason })?;
            trusted.extend(found);
        }
        let listen_error = |source| StartError::Listen {
            address: self.listen,
            source,
        };
        let listener = TcpListener::bind(self.listen).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let base_url = base_url(address);
        let lock = self.data_dir.as_deref().map(lock_directory).transpose()?;

        let seed = self.seed.unwrap_or_else(|| fastrand::u64(..));
        let policy = AddressPolicy::for_listener(address);
        let deliverer = Arc::new(Deliverer::new(policy, trusted));
        let settings = Arc::new(Settings {
            base_url: base_url.clone(),
            loopback: address.ip().to_canonical().is_loopback()
                && !public_url.as_ref().is_some_and(PublicUrl::lets_others_in),
            public_url: public_url.clone(),
            visibility_lag: Some(self.visibility_lag).filter(|lag| !lag.is_zero()),
            signing_secret: self.signing_secret.clone(),
            previous_signing_secret: self.previous_signing_secret.clone(),
            strict: self.strict,
        });
        let mut projects = Vec::new();
        for key in &self.api_keys {
            let digest = Sha256::digest(key.as_bytes());
            let project = Project::open(
                self.store(&digest)?,
                self.clock(),
                // A client that remembers its project finds it again when a gateway in memory starts anew.
                ids::derived("tm_", 12, &format!("project {key}")),
                seed ^ first_eight(&digest),
                Arc::clone(&settings),
                Arc::clone(&deliverer),
            )
            .await?;
            projects.push((key.clone(), project));
        }
        let projects = Arc::new(Projects::new(projects));
        let mut routes = self.routes(&projects);
        if let Some(public_url) = public_url.filter(PublicUrl::is_live) {
            routes = server::with_live_source_urls(routes, public_url);
        }
        Ok(Gateway::new(
            projects,
            Server::start(listener, routes),
            base_url,
            seed,
            lock,
        ))
    }

    fn routes(&self, projects: &Arc<Projects>) -> axum::Router {
        let limit = self
            .rate_limit
            .calls()
            .map(|(calls, window)| CallLimit { calls, window });
        let tenants = Tenants::new(projects.iter().cloned(), limit);
        let control = ControlState::new(tenants.clone(), self.control);
        server::router(Arc::clone(projects), tenants).merge(control::router(control))
    }

    fn clock(&self) -> Clock {
        match self.manual_clock {
            Some(start) => Clock::manual(start.into()),
            None => Clock::system(),
        }
    }

    fn store(&self, key_digest: &[u8]) -> Result<Store, StartError> {
        match &self.data_dir {
            None => Ok(Store::ephemeral()?),
            Some(directory) => {
                // The file is found by the key and does not give it away.
                let name = format!("project-{:016x}.db", first_eight(key_digest));
                Ok(Store::durable(&directory.join(name))?)
            }
        }
    }
}

fn first_eight(digest: &[u8]) -> u64 {
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// Where clients on this machine reach the listener: an unspecified address is none to connect to.
fn base_url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// Holds a directory for one gateway until dropped, or until the process ends in whatever way.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    _connection: rusqlite::Connection,
}

fn lock_directory(directory: &Path) -> Result<DirectoryLock, StartError> {
    let refused = |reason: String| StartError::DataDir {
        path: directory.to_owned(),
        reason,
    };
    std::fs::create_dir_all(directory).map_err(|error| refused(error.to_string()))?;
    // An exclusive transaction is a lock the system takes back when the process dies.
    let connection = rusqlite::Connection::open(directory.join("lock.db"))
        .map_err(|error| refused(error.to_string()))?;
    connection
        .busy_timeout(Duration::ZERO)
        .map_err(|error| refused(error.to_string()))?;
    connection
        .execute_batch("BEGIN EXCLUSIVE")
        .map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy) => {
                refused("another gateway is using it".to_owned())
            }
            _ => refused(error.to_string()),
        })?;
    Ok(DirectoryLock {
        _connection: connection,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let builder = Gateway::builder()
            .api_key("key-to-hide")
            .signing_secret("secret-to-hide")
            .previous_signing_secret("another-to-hide");
        assert!(!format!("{builder:?}").contains("hide"));
    }

    #[tokio::test]
    async fn keys_must_be_given_once_and_not_empty() {
        for keys in [&["a", "a"][..], &[""]] {
            let builder = keys
                .iter()
                .fold(Gateway::builder(), |builder, key| builder.api_key(*key));
            assert!(
                matches!(builder.start().await, Err(StartError::ApiKey)),
                "{keys:?}"
            );
        }
    }

    #[tokio::test]
    async fn the_signing_secret_must_not_be_empty() {
        for builder in [
            Gateway::builder().signing_secret(""),
            Gateway::builder().previous_signing_secret(""),
        ] {
            let refused = builder.start().await;
            assert!(matches!(refused, Err(StartError::SigningSecret)));
        }
    }

    #[tokio::test]
    async fn what_is_no_certificate_is_not_trusted_in_silence() {
        let refused = Gateway::builder().trust_certificate("x").start().await;
        assert_eq!(
            refused.unwrap_err().to_string(),
            "the certificate to trust cannot be used: it holds no certificate in PEM"
        );
    }

    #[tokio::test]
    async fn what_is_no_public_url_is_not_shown_to_anybody() {
        let refused = Gateway::builder().public_url("my-tunnel").start().await;
        assert_eq!(
            refused.unwrap_err().to_string(),
            "the public URL cannot be used: relative URL without a base"
        );
    }

    #[tokio::test]
    async fn a_directory_serves_one_gateway_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let builder = Gateway::builder().data_dir(directory.path());
        let first = builder.clone().start().await.unwrap();
        let refused = builder.clone().start().await.unwrap_err();
        assert!(
            refused.to_string().ends_with("another gateway is using it"),
            "{refused}"
        );
        first.shutdown().await;
        builder.start().await.unwrap();
    }
}
