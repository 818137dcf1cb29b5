//! A transport without a network: it answers from a script and records what it was sent and when.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hookdeck::transport::{
    Exchange, HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind,
};
use hookdeck::{Client, ClientBuilder};
use http::{HeaderMap, Method, Uri};
use serde_json::Value;
use tokio::time::Instant;

/// What happens to one request.
#[derive(Clone, Debug)]
pub enum Step {
    /// It is answered.
    Reply(HttpResponse),
    /// The exchange fails.
    Fail(TransportErrorKind),
    /// Nothing ever comes back.
    Hang,
    /// It takes so long until the rest happens.
    After(Duration, Box<Step>),
    /// The exchange is pending for so many polls before the rest happens.
    Yield(usize, Box<Step>),
}

impl From<HttpResponse> for Step {
    fn from(response: HttpResponse) -> Self {
        Self::Reply(response)
    }
}

impl From<TransportErrorKind> for Step {
    fn from(kind: TransportErrorKind) -> Self {
        Self::Fail(kind)
    }
}

impl From<Value> for Step {
    fn from(body: Value) -> Self {
        Self::Reply(reply(200, &[], &body.to_string()))
    }
}

impl Step {
    pub fn after(self, delay: Duration) -> Self {
        Self::After(delay, Box::new(self))
    }

    pub fn yielding(self, polls: usize) -> Self {
        Self::Yield(polls, Box::new(self))
    }

    fn play(self) -> Exchange<'static> {
        Box::pin(async move {
            match self {
                Self::Reply(response) => Ok(response),
                Self::Fail(kind) => Err(TransportError::new(kind, "as the script says")),
                Self::Hang => std::future::pending().await,
                Self::After(delay, rest) => {
                    tokio::time::sleep(delay).await;
                    rest.play().await
                }
                Self::Yield(polls, rest) => {
                    for _ in 0..polls {
                        tokio::task::yield_now().await;
                    }
                    rest.play().await
                }
            }
        })
    }
}

/// A reply with that status, headers and body.
pub fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> HttpResponse {
    let mut response = HttpResponse::new(Bytes::copy_from_slice(body.as_bytes()));
    *response.status_mut() = status.try_into().expect("a status");
    for (name, value) in headers {
        response.headers_mut().append(
            http::HeaderName::try_from(*name).expect("a header name"),
            value.parse().expect("a header value"),
        );
    }
    response
}

/// A request as it was sent.
#[derive(Clone)]
pub struct Seen {
    /// Since the script was made.
    pub at: Duration,
    pub method: Method,
    pub uri: Uri,
    pub path: String,
    /// As it stood in the URI, percent-encoded; empty if there was none.
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} {} {}?{}",
            self.at, self.method, self.path, self.query
        )
    }
}

/// The transport. Clones play the same script.
#[derive(Clone)]
pub struct Script {
    shared: Arc<Shared>,
}

struct Shared {
    began: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    steps: VecDeque<Step>,
    /// What happens to requests past the end of the script.
    always: Option<Step>,
    seen: Vec<Seen>,
}

impl Script {
    /// Plays the steps in turn. A request past the last one panics.
    pub fn new(steps: impl IntoIterator<Item = impl Into<Step>>) -> Self {
        let state = State {
            steps: steps.into_iter().map(Into::into).collect(),
            ..State::default()
        };
        Self {
            shared: Arc::new(Shared {
                began: Instant::now(),
                state: Mutex::new(state),
            }),
        }
    }

    /// The same for every request.
    pub fn always(step: impl Into<Step>) -> Self {
        Self::new([] as [Step; 0]).then_always(step)
    }

    /// After the steps, the same for every further request.
    pub fn then_always(self, step: impl Into<Step>) -> Self {
        self.state().always = Some(step.into());
        self
    }

    /// From now on only what was given to `then_always`.
    pub fn skip_to_the_end(&self) {
        self.state().steps.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A builder of a client of that key that sends to the script, its addresses those of the live API.
    pub fn client(&self, key: &str) -> ClientBuilder {
        Client::builder(key).transport(self.clone())
    }

    /// The one request that was sent.
    pub fn only(&self) -> Seen {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }

    /// The runtime's time since the script was made.
    pub fn elapsed(&self) -> Duration {
        self.shared.began.elapsed()
    }

    /// What was sent so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// How many requests were sent so far.
    pub fn count(&self) -> usize {
        self.state().seen.len()
    }

    /// When each request was sent, since the script was made.
    pub fn times(&self) -> Vec<Duration> {
        self.state().seen.iter().map(|seen| seen.at).collect()
    }

    /// The pauses between requests, of which each was answered at once.
    pub fn pauses(&self) -> Vec<Duration> {
        self.times()
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .collect()
    }

    /// The query of each request.
    pub fn queries(&self) -> Vec<String> {
        self.state()
            .seen
            .iter()
            .map(|seen| seen.query.clone())
            .collect()
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}

impl Transport for Script {
    fn send(&self, request: HttpRequest) -> Exchange<'_> {
        let step = {
            let mut state = self.state();
            let (parts, body) = request.into_parts();
            state.seen.push(Seen {
                at: self.shared.began.elapsed(),
                method: parts.method,
                path: parts.uri.path().to_owned(),
                query: parts.uri.query().unwrap_or_default().to_owned(),
                uri: parts.uri,
                headers: parts.headers,
                body,
            });
            state.steps.pop_front().or_else(|| state.always.clone())
        };
        step.expect("a request past the end of the script").play()
    }
}
