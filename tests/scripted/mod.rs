//! A transport that answers from a script and keeps what was sent.

#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookdeck::transport::{
    Exchange, HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind,
};
use hookdeck::{Client, ClientBuilder};
use tokio::time::Instant;

/// What one request is answered with.
#[derive(Debug)]
pub struct Reply(Result<HttpResponse, TransportErrorKind>);

impl Reply {
    pub fn new(status: u16, body: &'static str) -> Self {
        let mut response = HttpResponse::new(body.into());
        *response.status_mut() = status.try_into().unwrap();
        Self(Ok(response))
    }

    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        let response = self.0.as_mut().expect("a reply and no failure");
        response.headers_mut().insert(name, value.parse().unwrap());
        self
    }

    pub fn failure(kind: TransportErrorKind) -> Self {
        Self(Err(kind))
    }
}

/// Clones share the script and the record.
#[derive(Clone, Debug)]
pub struct Scripted(Arc<State>);

#[derive(Debug)]
struct State {
    replies: Mutex<VecDeque<Reply>>,
    requests: Mutex<Vec<HttpRequest>>,
    began: Option<Instant>,
}

impl Scripted {
    pub fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self(Arc::new(State {
            replies: Mutex::new(replies.into_iter().collect()),
            requests: Mutex::default(),
            began: tokio::runtime::Handle::try_current()
                .ok()
                .map(|_| Instant::now()),
        }))
    }

    pub fn client(&self, key: &str) -> ClientBuilder {
        Client::builder(key).transport(self.clone())
    }

    pub fn requests(&self) -> Vec<HttpRequest> {
        self.0.requests.lock().unwrap().clone()
    }

    pub fn only_request(&self) -> HttpRequest {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }

    /// The runtime's time since the script was made.
    pub fn elapsed(&self) -> Duration {
        self.0.began.expect("made within a runtime").elapsed()
    }
}

impl Transport for Scripted {
    fn send(&self, request: HttpRequest) -> Exchange<'_> {
        self.0.requests.lock().unwrap().push(request);
        let reply = self.0.replies.lock().unwrap().pop_front();
        Box::pin(async {
            let Reply(reply) = reply.expect("the script has an answer for every request");
            reply.map_err(|kind| TransportError::new(kind, "scripted"))
        })
    }
}
