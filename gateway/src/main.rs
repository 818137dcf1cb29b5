//! The gateway as a program.

#![warn(clippy::expect_used, clippy::unwrap_used)]

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use hookdeck::types::Timestamp;
use hookdeck_gateway::compare::Comparison;
use hookdeck_gateway::{Gateway, RateLimit};
use http::StatusCode;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

/// How long a gateway may take to say that it is ready.
const HEALTH: Duration = Duration::from_secs(5);

/// A gateway for the Hookdeck Event Gateway API that needs no account and no network.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:4100")]
    listen: SocketAddr,
    /// API key; each one is a project of its own. Repeatable.
    #[arg(
        long = "api-key",
        value_name = "KEY",
        env = "HOOKDECK_GATEWAY_API_KEY",
        hide_env_values = true
    )]
    api_keys: Vec<String>,
    /// Secret that signs deliveries.
    #[arg(
        long,
        value_name = "SECRET",
        env = "HOOKDECK_GATEWAY_SIGNING_SECRET",
        hide_env_values = true
    )]
    signing_secret: Option<String>,
    /// Secret before that one, as while it is rotated: signs deliveries a second time.
    #[arg(
        long,
        value_name = "SECRET",
        env = "HOOKDECK_GATEWAY_PREVIOUS_SIGNING_SECRET",
        hide_env_values = true
    )]
    previous_signing_secret: Option<String>,
    /// Where the gateway is seen from outside, such as a tunnel's https://... .
    #[arg(long, value_name = "URL", env = "HOOKDECK_GATEWAY_PUBLIC_URL")]
    public_url: Option<String>,
    /// How long rows of the lists of requests and events may take to show, such as 15s or 500ms.
    #[arg(long, value_name = "DURATION")]
    visibility_lag: Option<Span>,
    /// PEM file of certificates to trust beside the system's when delivering over TLS. Repeatable.
    #[arg(long = "trust-certificate", value_name = "FILE")]
    trusted: Vec<PathBuf>,
    /// API calls per minute (240), per span of seconds (240/60s), or off.
    #[arg(long, value_name = "N|N/Ts|off", default_value = "240")]
    rate_limit: RateLimitArgument,
    /// Directory to keep everything in; without it nothing outlives the process.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Whether time runs by itself or only when the control API moves it.
    #[arg(long, value_enum, default_value_t = ClockKind::System)]
    clock: ClockKind,
    /// Let the control API under /_gateway/ change things.
    #[arg(long)]
    control: bool,
    /// Refuse members of bodies, and filters of bulk jobs and metrics, that the API does not know. Without it they are
    /// dropped, as live, and the journal names them.
    #[arg(long)]
    strict: bool,
    /// What ids and chances are drawn from; told at the start where it is not given.
    #[arg(long)]
    seed: Option<u64>,
    /// File to write the port to once the gateway is ready, for whoever listens on port 0.
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Ask a running gateway whether it is ready; succeeds if it is.
    Health {
        /// Address of the gateway, without a path.
        #[arg(long, default_value = "http://127.0.0.1:4100")]
        url: String,
    },
    /// Ask a server of the API what `PARITY.md` says of the live service, and print where it differs.
    Compare {
        /// Address of the API without a version, such as https://api.hookdeck.com.
        #[arg(long, value_name = "URL")]
        upstream: String,
        /// Key of a project made for the purpose.
        #[arg(long, env = "HOOKDECK_API_KEY", hide_env_values = true)]
        key: String,
        /// Ask only about the row with this id. Repeatable.
        #[arg(long, value_name = "ID")]
        only: Vec<String>,
        /// Do not ask before beginning.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum ClockKind {
    System,
    Manual,
}

#[derive(Clone, Copy)]
struct RateLimitArgument(RateLimit);

impl FromStr for RateLimitArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a number of calls, such as 240, 240/60s or off");
        let positive = |digits: &str| {
            digits
                .parse::<u32>()
                .ok()
                .filter(|number| *number > 0)
                .ok_or_else(wrong)
        };
        match text.split_once('/') {
            None if text == "off" => Ok(Self(RateLimit::off())),
            None => Ok(Self(RateLimit::per_minute(positive(text)?))),
            Some((calls, window)) => {
                let seconds = positive(window.strip_suffix('s').ok_or_else(wrong)?)?;
                Ok(Self(RateLimit::new(
                    positive(calls)?,
                    Duration::from_secs(u64::from(seconds)),
                )))
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Span(Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no span of time, such as 500ms, 15s or 2m");
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let count: u32 = digits.parse().map_err(|_| wrong())?;
        let unit = match &text[digits.len()..] {
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            _ => return Err(wrong()),
        };
        Ok(Self(unit * count))
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let outcome = match arguments.command {
        Some(Command::Health { url }) => health(&url).await,
        Some(Command::Compare {
            upstream,
            key,
            only,
            yes,
        }) => compare(&upstream, &key, &only, yes).await,
        None => run(arguments).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hookdeck-gateway: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let seed_is_drawn = arguments.seed.is_none();
    let mut builder = Gateway::builder()
        .listen(arguments.listen)
        .rate_limit(arguments.rate_limit.0)
        .control(arguments.control)
        .strict(arguments.strict);
    for key in arguments.api_keys {
        builder = builder.api_key(key);
    }
    if let Some(secret) = arguments.signing_secret {
        builder = builder.signing_secret(secret);
    }
    if let Some(secret) = arguments.previous_signing_secret {
        builder = builder.previous_signing_secret(secret);
    }
    if let Some(url) = arguments.public_url {
        builder = builder.public_url(url);
    }
    if let Some(Span(lag)) = arguments.visibility_lag {
        builder = builder.visibility_lag(lag);
    }
    for path in arguments.trusted {
        let pem = std::fs::read(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        builder = builder.trust_certificate(pem);
    }
    if let Some(directory) = arguments.data_dir {
        builder = builder.data_dir(directory);
    }
    if let Some(seed) = arguments.seed {
        builder = builder.seed(seed);
    }
    if let ClockKind::Manual = arguments.clock {
        builder = builder.manual_clock(Timestamp::now());
    }
    // Listening for signals before the line is printed: whoever reads it may stop us at once.
    let stop = stop_signal()?;
    let gateway = builder.start().await?;
    if seed_is_drawn {
        eprintln!("seed {}", gateway.seed());
    }
    if let Some(file) = &arguments.port_file {
        let port = gateway.api_url().rsplit(':').next().unwrap_or_default();
        write_whole(file, port).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let mut out = std::io::stdout();
    writeln!(out, "{}", gateway.api_url())?;
    out.flush()?;
    stop.await;
    gateway.shutdown().await;
    Ok(())
}

/// Writes a file in one step, so that whoever waits for it never reads half of it.
fn write_whole(file: &std::path::Path, text: &str) -> std::io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, file)
}

/// For containers that have no other program to ask with.
async fn health(url: &str) -> Result<(), Box<dyn std::error::Error>> {
    if !url.starts_with("http://") {
        return Err("the address must begin with http://".into());
    }
    let address = format!("{}/_gateway/ready", url.trim_end_matches('/'));
    match plain_client()?.get(address).send().await {
        Ok(reply) if reply.status() == StatusCode::OK => Ok(()),
        Ok(reply) => Err(format!("{url} answers {}", reply.status().as_u16()).into()),
        Err(error) if error.is_timeout() => Err(format!("{url} does not answer").into()),
        Err(error) => Err(format!("{url}: {}", root_cause(&error)).into()),
    }
}

/// The pause before a call is repeated whose answer does not show yet what it is to show.
const AGAIN: Duration = Duration::from_millis(500);

/// Compares a server with the live service as it is known. Fails when something differs or is left behind.
async fn compare(
    upstream: &str,
    key: &str,
    only: &[String],
    yes: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut comparison = Comparison::new(upstream, key)?;
    if !only.is_empty() {
        comparison = comparison.only(only)?;
    }
    println!("{}", comparison.plan());
    if !yes && !confirmed()? {
        return Err("nothing was asked".into());
    }
    let pause = async || tokio::time::sleep(AGAIN).await;
    let report = comparison.run(pause, |row| println!("{row}")).await?;
    println!("{report}");
    match report.counts() {
        (_, 0, _) if report.left_behind.is_empty() => Ok(()),
        (_, 0, _) => Err("something is left behind".into()),
        _ => Err("the server differs".into()),
    }
}

/// Asks on the terminal whether to begin; no answer is a no.
fn confirmed() -> std::io::Result<bool> {
    print!("Begin? [y/N] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// A client that asks the address it is given and no other, in the clear: without the system's roots, which take
/// longer to read than the answer.
fn plain_client() -> Result<reqwest::Client, Box<dyn std::error::Error>> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(HEALTH)
        .tls_backend_preconfigured(tls)
        .build()?)
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!("cannot listen for Ctrl-C: {error}");
            std::future::pending::<()>().await;
        }
    })
}
