//! One error type for every call: what happened, to which operation, and whether it was sent.

mod api;
mod history;

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

pub use api::ApiError;
pub use history::FailedAttempt;

/// What kind of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client was set up with something unusable: a malformed key, base URL or version.
    Config,
    /// The call itself is unusable, such as an empty id. Nothing was sent.
    Invalid,
    /// No connection: refused, name not found, TLS failed. Nothing was sent.
    Connect,
    /// An attempt or the whole call ran out of time.
    Timeout,
    /// The connection broke while sending or while reading the reply.
    Transport,
    /// The API answered with an error status; see [`Error::api`].
    Api,
    /// The API answered 429, or waiting for the quota would outlast the call's deadline.
    RateLimited,
    /// The reply was a success, but its body is not what the operation returns.
    Decode,
    /// A list did not end: the API handed out a cursor a second time.
    Paging,
}

/// Whether the API can have seen a call that failed.
///
/// The only safe basis for deciding to do it again by hand: a call that was not sent did nothing.
/// All attempts at the call count, not only the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sent {
    /// It never left: nothing happened.
    No,
    /// It left, but no reply came back: it may or may not have been done.
    Maybe,
    /// A reply came back, at least to one attempt.
    Yes,
}

/// Why a call failed.
///
/// One pointer wide. Its text is one line that names the operation, the status, the API's code and
/// message, the request id where there is one, and what was tried; it holds neither the key nor
/// the query, and does not repeat its [`source`](StdError::source).
///
/// ```
/// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
/// match client.sources().get("src_1").await {
///     Ok(source) => println!("{}", source.name),
///     Err(error) if error.is_not_found() => println!("no such source"),
///     Err(error) => return Err(error),
/// }
/// # Ok(()) }
/// ```
pub struct Error(Box<ErrorDetails>);

pub(crate) struct ErrorDetails {
    pub(crate) kind: ErrorKind,
    pub(crate) operation: &'static str,
    pub(crate) sent: Sent,
    pub(crate) message: String,
    pub(crate) status: Option<StatusCode>,
    pub(crate) headers: Option<HeaderMap>,
    pub(crate) body: Option<Bytes>,
    pub(crate) api: Option<ApiError>,
    pub(crate) json_path: Option<String>,
    pub(crate) retryable: bool,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) exhausted: Option<Exhausted>,
    pub(crate) history: Vec<FailedAttempt>,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
    pub(crate) source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Why no further attempt was made at a call that could have been retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Exhausted {
    /// The configured number of attempts was used up.
    Attempts,
    /// The next attempt would have come after the call's deadline.
    Deadline,
    /// Too many calls of this client were being retried at once.
    Budget,
}

impl Error {
    pub(crate) fn new(
        kind: ErrorKind,
        operation: &'static str,
        message: impl Into<String>,
    ) -> Self {
        let sent = match kind {
            ErrorKind::Api | ErrorKind::RateLimited | ErrorKind::Decode | ErrorKind::Paging => {
                Sent::Yes
            }
            ErrorKind::Timeout | ErrorKind::Transport => Sent::Maybe,
            ErrorKind::Config | ErrorKind::Invalid | ErrorKind::Connect => Sent::No,
        };
        Self(Box::new(ErrorDetails {
            kind,
            operation,
            sent,
            message: message.into(),
            status: None,
            headers: None,
            body: None,
            api: None,
            json_path: None,
            retryable: false,
            retry_after: None,
            exhausted: None,
            history: Vec::new(),
            attempts: 0,
            elapsed: Duration::ZERO,
            source: None,
        }))
    }

    pub(crate) fn inner_mut(&mut self) -> &mut ErrorDetails {
        &mut self.0
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The operation that failed, by its name in the contract (`getEvent`), or `client` for errors
    /// of setting one up.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// Whether the API can have seen the call.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.0.sent
    }

    /// The status of the last reply, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// What the API said, if it answered with an error status.
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        self.0.api.as_ref()
    }

    /// The headers of the last reply, if there was one.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.headers.as_ref()
    }

    /// The body of the last reply as it came, if there was one.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        self.0.body.as_ref()
    }

    /// The id the API's edge gave the request, if the reply carried one: quote it to support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.headers.as_ref().and_then(request_id)
    }

    /// Where in the reply decoding failed, such as `models[3].status`.
    #[must_use]
    pub fn json_path(&self) -> Option<&str> {
        self.0.json_path.as_deref()
    }

    /// How often the call was tried.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The time from starting the call to giving up, waits included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// How long the API asked to wait before trying again: only on 429 and 503, for the API sends
    /// the header on every reply.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Why the call was not tried again although it could have been.
    #[must_use]
    pub fn exhausted(&self) -> Option<Exhausted> {
        self.0.exhausted
    }

    /// The resource does not exist (404) or was deleted (410): to the API's clients the same.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(
            self.status(),
            Some(StatusCode::NOT_FOUND | StatusCode::GONE)
        )
    }

    /// The API refused what was sent (400 or 422). Change the request; [`ApiError::violations`]
    /// often says which field.
    #[must_use]
    pub fn is_validation(&self) -> bool {
        matches!(
            self.status(),
            Some(StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY)
        )
    }

    /// The key was missing, wrong or revoked (401), or does not reach that far (403).
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        matches!(
            self.status(),
            Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
        )
    }

    /// Something of that name exists already (409). Final: use the upsert to update it.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.status() == Some(StatusCode::CONFLICT)
    }

    /// The quota was used up.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.0.kind == ErrorKind::RateLimited
    }

    /// The call or an attempt at it ran out of time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// Whether the cause is passing, so that the same call may succeed later. Says nothing about
    /// whether doing it twice is harmless: for that see [`sent`](Error::sent).
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Whether the call was retried until something ran out; see [`exhausted`](Error::exhausted).
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.0.exhausted.is_some()
    }
}

/// The header differs by edge; the API itself documents none.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    ["x-request-id", "x-hookdeck-request-id", "cf-ray"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
}

/// `getEvent` as a person would say it.
struct Words(&'static str);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if c.is_ascii_uppercase() {
                write!(f, " {}", c.to_ascii_lowercase())?;
            } else {
                write!(f, "{c}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        write!(f, "{}: ", Words(inner.operation))?;
        match (&inner.status, &inner.api) {
            (Some(status), Some(api)) => write!(f, "{} {api}", status.as_u16())?,
            _ => f.write_str(&inner.message)?,
        }
        if let Some(path) = &inner.json_path {
            write!(f, " at `{path}`")?;
        }
        let mut notes = Vec::new();
        if let Some(id) = self.request_id() {
            notes.push(format!("request {id}"));
        }
        if inner.attempts > 1 {
            notes.push(format!(
                "{} attempts in {:.1?}",
                inner.attempts, inner.elapsed
            ));
        }
        match inner.exhausted {
            Some(Exhausted::Deadline) => notes.push("deadline reached".into()),
            Some(Exhausted::Budget) => notes.push("retry budget used up".into()),
            Some(Exhausted::Attempts) | None => {}
        }
        if let Some(wait) = inner.retry_after {
            notes.push(format!("retry after {wait:.1?}"));
        }
        if notes.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", notes.join(", "))
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        let mut out = f.debug_struct("Error");
        out.field("kind", &inner.kind)
            .field("operation", &inner.operation)
            .field("message", &self.to_string())
            .field("sent", &inner.sent);
        if let Some(status) = inner.status {
            out.field("status", &status.as_u16());
        }
        if let Some(source) = &inner.source {
            out.field("source", source);
        }
        out.finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_pointer_wide_and_crosses_threads() {
        fn crosses<T: Send + Sync + Unpin + 'static>() {}
        crosses::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn says_what_happened_in_one_line() {
        let mut error = Error::new(ErrorKind::Api, "getEvent", "");
        let inner = error.inner_mut();
        inner.status = Some(StatusCode::NOT_FOUND);
        inner.api = Some(ApiError::read(
            StatusCode::NOT_FOUND,
            br#"{"code":"NOT_FOUND","message":"gone"}"#,
        ));
        inner.attempts = 2;
        inner.elapsed = Duration::from_millis(1300);
        assert_eq!(
            error.to_string(),
            "get event: 404 NOT_FOUND: gone (2 attempts in 1.3s)"
        );
    }

    #[test]
    fn does_not_repeat_its_source() {
        let error = Error::new(ErrorKind::Connect, "getEvent", "could not connect")
            .with_source("connection refused");
        assert_eq!(error.to_string(), "get event: could not connect");
        assert_eq!(error.source().unwrap().to_string(), "connection refused");
        assert_eq!(error.sent(), Sent::No);
    }
}
