//! Making a connection with everything that belongs to it.

use std::pin::Pin;

use hookdeck::models::{Connection, Rule};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Api;

/// A connection to be made. Await it for the model, or [`json`](Self::json) for the reply.
///
/// Its source is called `name-source` and its destination `name-destination`, unless they are given.
#[derive(Debug)]
#[must_use = "a connection is made when it is awaited"]
pub struct Connect<'a> {
    api: &'a Api,
    body: Value,
}

impl<'a> Connect<'a> {
    pub(crate) fn new(api: &'a Api, name: String) -> Self {
        let body = json!({
            "name": name,
            "source": { "name": format!("{name}-source") },
            "destination": { "name": format!("{name}-destination"), "type": "MOCK_API" },
        });
        Self { api, body }
    }

    fn set(mut self, member: &str, value: impl Serialize) -> Self {
        self.body[member] = serde_json::to_value(value).unwrap();
        self
    }

    /// From this source, as the API takes it inline: JSON or a `SourceInput`.
    ///
    /// # Panics
    /// When it cannot be written as JSON.
    pub fn source(self, source: impl Serialize) -> Self {
        self.set("source", source)
    }

    /// From a source that there is, by its id.
    ///
    /// # Panics
    /// When the id cannot be written as JSON.
    pub fn from(mut self, source_id: impl Serialize) -> Self {
        self.body.as_object_mut().unwrap().remove("source");
        self.set("source_id", source_id)
    }

    /// To this destination, as the API takes it inline: JSON or a `DestinationInput`.
    ///
    /// # Panics
    /// When it cannot be written as JSON.
    pub fn destination(self, destination: impl Serialize) -> Self {
        self.set("destination", destination)
    }

    /// To a URL over HTTP, or to a [`Receiver`](crate::Receiver).
    pub fn to(mut self, url: impl AsRef<str>) -> Self {
        self.body["destination"]["type"] = json!("HTTP");
        self.config(json!({ "url": url.as_ref() }))
    }

    /// To a destination that takes everything and sends nothing anywhere.
    pub fn mock(mut self) -> Self {
        let destination = &mut self.body["destination"];
        *destination = json!({ "name": destination["name"], "type": "MOCK_API" });
        self
    }

    /// More of the destination's configuration. What is given twice counts as it was given last.
    ///
    /// # Panics
    /// When it is no object.
    pub fn config(mut self, config: Value) -> Self {
        let destination = &mut self.body["destination"];
        for (member, value) in config.as_object().unwrap() {
            destination["config"][member] = value.clone();
        }
        self
    }

    /// With one rule more.
    ///
    /// # Panics
    /// When it cannot be written as JSON.
    pub fn rule(mut self, rule: impl Into<Rule>) -> Self {
        let rule = serde_json::to_value(rule.into()).unwrap();
        match &mut self.body["rules"] {
            Value::Array(rules) => rules.push(rule),
            none => *none = json!([rule]),
        }
        self
    }

    /// With these rules: JSON or a list of `Rule`.
    ///
    /// # Panics
    /// When they cannot be written as JSON.
    pub fn rules(self, rules: impl Serialize) -> Self {
        self.set("rules", rules)
    }

    /// Makes it, and answers the reply of the API.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn json(self) -> Value {
        self.api.ok("POST", "/connections", self.body).await
    }
}

impl<'a> IntoFuture for Connect<'a> {
    type Output = Connection;
    type IntoFuture = Pin<Box<dyn Future<Output = Connection> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { serde_json::from_value(self.json().await).unwrap() })
    }
}
