//! What sends webhooks to a source.

use std::fmt::Display;

use hookdeck::models::{Connection, Source};
use serde_json::Value;

use crate::{Reply, http};

/// Names and values of headers.
pub type Headers<'a> = &'a [(&'a str, &'a str)];

/// What a webhook can be sent to: a connection or a source, as model or as JSON, or a URL.
pub trait Hook {
    /// The URL of the source.
    fn url(&self) -> String;
}

impl Hook for Connection {
    fn url(&self) -> String {
        self.source.url.clone()
    }
}

impl Hook for Source {
    fn url(&self) -> String {
        self.url.clone()
    }
}

impl Hook for Value {
    fn url(&self) -> String {
        let source = self.get("source").unwrap_or(self);
        let url = source["url"].as_str();
        url.unwrap_or_else(|| panic!("no source in {self}"))
            .to_owned()
    }
}

impl Hook for str {
    fn url(&self) -> String {
        self.to_owned()
    }
}

impl Hook for String {
    fn url(&self) -> String {
        self.clone()
    }
}

/// A webhook to be sent: a `POST` without a body, until more is said.
#[derive(Debug)]
#[must_use = "a webhook is sent by `send` or `taken`"]
pub struct Webhook {
    http: reqwest::Client,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: reqwest::Body,
}

impl Webhook {
    /// A webhook to this source.
    pub fn to(hook: &(impl Hook + ?Sized)) -> Self {
        Self::by(http(), hook)
    }

    /// A webhook to this source, sent by a client of [`http()`] that sends others too.
    pub fn by(http: reqwest::Client, hook: &(impl Hook + ?Sized)) -> Self {
        Self {
            http,
            method: "POST".to_owned(),
            url: hook.url(),
            headers: Vec::new(),
            body: "".into(),
        }
    }

    /// Uses another method.
    pub fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    /// Goes to something behind the source's URL, such as `/orders?page=2`.
    pub fn path(mut self, path: &str) -> Self {
        self.url.push_str(path);
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds headers.
    pub fn headers(self, headers: Headers<'_>) -> Self {
        let add = |webhook: Self, (name, value): &(&str, &str)| webhook.header(name, value);
        headers.iter().fold(self, add)
    }

    /// Sets the body, without a content type.
    pub fn body(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the body to JSON, as a value or as text that is sent as it stands.
    pub fn json(self, body: impl Display) -> Self {
        let typed = self.header("content-type", "application/json");
        typed.body(body.to_string())
    }

    /// Sends it, and answers the reply.
    ///
    /// # Panics
    /// When there is none.
    pub async fn send(self) -> Reply {
        self.try_send().await.unwrap()
    }

    /// Sends it, and answers the reply or why there is none.
    ///
    /// # Errors
    /// When the connection ends before the reply does.
    ///
    /// # Panics
    /// When the method is none.
    pub async fn try_send(self) -> Result<Reply, reqwest::Error> {
        let method = self.method.parse().unwrap();
        let request = self.http.request(method, self.url).body(self.body);
        let headers = self.headers.iter();
        Reply::to(headers.fold(request, |request, (name, value)| {
            request.header(name, value)
        }))
        .await
    }

    /// Sends it, and answers the id of the request; it must be taken.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn taken(self) -> String {
        let reply = self.send().await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.request_id()
    }
}
