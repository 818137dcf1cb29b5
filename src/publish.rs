//! Publishing: events into a source from a program that has the project's key.

use std::fmt;
use std::future::IntoFuture;

use bytes::Bytes;
use http::header::{self, CONTENT_TYPE, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::call::{CallFuture, Prepared, WithMeta, call_options, curl, response};
use crate::client::{Client, Service};
use crate::error::Error;
use crate::models::RequestId;
use crate::operation::PUBLISH;

const SOURCE_ID: HeaderName = HeaderName::from_static("x-hookdeck-source-id");
const SOURCE_NAME: HeaderName = HeaderName::from_static("x-hookdeck-source-name");

/// What the call itself sets, and what belongs to the connection it goes over.
static OURS: [HeaderName; 7] = [
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::HOST,
    header::TRANSFER_ENCODING,
    SOURCE_ID,
    SOURCE_NAME,
];

/// The publish endpoint; see [`Client::publish`].
#[derive(Clone, Debug)]
pub struct Publisher {
    client: Client,
}

impl Client {
    /// Publishes events to a source, in place of sending webhooks to its URL: authenticated by the
    /// client's key, always as a bearer token, and not counted against the quota.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let published = client
    ///     .publish()
    ///     .to_source("shop")
    ///     .json(&serde_json::json!({"type": "order.created", "order": {"id": 7}}))
    ///     .header("x-tenant", "acme")
    ///     .await?;
    /// println!("stored as {}", published.request_id);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn publish(&self) -> Publisher {
        Publisher {
            client: self.clone(),
        }
    }
}

impl Publisher {
    /// An event for the source of that name.
    pub fn to_source(&self, name: impl AsRef<str>) -> Publish {
        self.to(SOURCE_NAME, name.as_ref())
    }

    /// An event for the source with that id.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let source = client.sources().get("src_1").await?;
    /// client.publish().to_source_id(&source.id).body("ping").content_type("text/plain").await?;
    /// # Ok(()) }
    /// ```
    pub fn to_source_id(&self, id: impl AsRef<str>) -> Publish {
        self.to(SOURCE_ID, id.as_ref())
    }

    fn to(&self, header: HeaderName, source: &str) -> Publish {
        let mut prepared = Prepared::to(
            self.client.clone(),
            &PUBLISH,
            Service::Publish,
            String::new(),
        );
        match HeaderValue::from_str(source) {
            Ok(value) if !source.is_empty() => {
                prepared.headers.insert(header, value);
            }
            Ok(_) => prepared.refuse("the source is empty".into()),
            Err(_) => {
                prepared.refuse("the source holds characters that cannot stand in a header".into());
            }
        }
        Publish {
            prepared: Box::new(prepared),
        }
    }
}

/// One event to publish. Its body and headers are what the source's connections will see.
///
/// Not repeated when it is not known whether it arrived, for that could publish it twice; where
/// twice is harmless, say so with [`idempotent(true)`](Publish::idempotent).
#[must_use = "a call does nothing until it is awaited"]
pub struct Publish {
    prepared: Box<Prepared>,
}

impl Publish {
    call_options!();

    /// Sets the body to the JSON of a value, and the content type to `application/json`.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        self.prepared.set_body(value);
        self.content_type("application/json")
    }

    /// Sets the body to bytes as they are. Say what they are with
    /// [`content_type`](Publish::content_type); without it they are taken for JSON.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.prepared.body = Some(body.into());
        self
    }

    /// Sets the content type. One the source does not accept makes a rejected request, not an
    /// error.
    pub fn content_type(self, content_type: impl AsRef<str>) -> Self {
        self.header(CONTENT_TYPE, content_type)
    }

    /// Sets a header of the event, replacing one of the same name.
    ///
    /// What makes no header, and a header that the call itself sets, such as `authorization`, makes
    /// the call fail with [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) before it is sent.
    pub fn header(mut self, name: impl TryInto<HeaderName>, value: impl AsRef<str>) -> Self {
        let Ok(name) = name.try_into() else {
            self.prepared
                .refuse("the name of a header is not one that HTTP allows".into());
            return self;
        };
        if OURS.contains(&name) {
            self.prepared
                .refuse(format!("the header `{name}` is set by the call itself"));
            return self;
        }
        match HeaderValue::from_str(value.as_ref()) {
            Ok(value) => {
                self.prepared.headers.insert(name, value);
            }
            Err(_) => self.prepared.refuse(format!(
                "the value of the header `{name}` holds characters that cannot stand in one"
            )),
        }
        self
    }

    /// The call as a `curl` command. The key is left to the shell's `HOOKDECK_API_KEY`; headers
    /// other than the source and the content type, and secrets in a JSON body, are blanked out, and
    /// so is a body that is no JSON.
    #[must_use]
    pub fn to_curl(&self) -> String {
        curl::command(&self.prepared)
    }

    /// Returns the reply together with its status, headers and what the call took.
    pub fn with_meta(self) -> WithMeta<Published> {
        WithMeta::new(self.prepared)
    }
}

impl IntoFuture for Publish {
    type Output = Result<Published, Error>;
    type IntoFuture = CallFuture<Published>;

    fn into_future(self) -> CallFuture<Published> {
        Box::pin(async move {
            let reply = self.prepared.send().await?;
            response::decode(self.prepared.operation.id, &reply)
        })
    }
}

impl Clone for Publish {
    fn clone(&self) -> Self {
        Self {
            prepared: self.prepared.clone(),
        }
    }
}

/// Without headers and body, which may hold secrets.
impl fmt::Debug for Publish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Publish").field(&self.prepared).finish()
    }
}

/// The receipt of a published event: it is stored as a request.
///
/// Stored is not accepted: the source may still have rejected it. Read
/// [`rejection_cause`](crate::models::Request::rejection_cause) of the
/// [request](crate::resources::Requests::get) to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Published {
    /// The outcome as one word: `SUCCESS`.
    pub status: String,
    /// The same for people, with the address of the request in the dashboard.
    #[serde(default)]
    pub message: String,
    /// The request the event is stored as.
    pub request_id: RequestId,
}
