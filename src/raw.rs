//! Calls of any path: for what the SDK has no method for.

use std::fmt;
use std::future::IntoFuture;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::{Call, CallFuture, Prepared, WithMeta, call_options, curl, response};
use crate::client::{Client, Service};
use crate::error::Error;
use crate::operation::{self, Method};
use crate::query::Param;
use crate::types::Json;

/// Calls of any path; see [`Client::raw`].
#[derive(Clone, Debug)]
pub struct Raw {
    client: Client,
}

impl Client {
    /// Calls any path of the API by hand, with everything other calls have: authentication, pacing,
    /// retries, timeouts, errors.
    ///
    /// Paths are given below the version: `/events/evt_1`. The API is spoken to in the client's
    /// version as it is, whichever that is; nothing is translated.
    ///
    /// ```
    /// # async fn example(client: hookdeck::Client) -> hookdeck::Result<()> {
    /// let event = client.raw().get("/events/evt_1").param("include", "data").await?;
    /// println!("{event}");
    ///
    /// let source: hookdeck::models::Source = client
    ///     .raw()
    ///     .post("/sources")
    ///     .json(&serde_json::json!({"name": "shop"}))
    ///     .decode()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn raw(&self) -> Raw {
        Raw {
            client: self.clone(),
        }
    }
}

impl Raw {
    /// A `GET` of a path below the version.
    pub fn get(&self, path: impl Into<String>) -> RawCall {
        self.request(Method::Get, path)
    }

    /// A `POST` to a path below the version; not repeated where that could do it twice.
    pub fn post(&self, path: impl Into<String>) -> RawCall {
        self.request(Method::Post, path)
    }

    /// A `PUT` to a path below the version.
    pub fn put(&self, path: impl Into<String>) -> RawCall {
        self.request(Method::Put, path)
    }

    /// A `PATCH` of a path below the version; not repeated where that could do it twice.
    pub fn patch(&self, path: impl Into<String>) -> RawCall {
        self.request(Method::Patch, path)
    }

    /// A `DELETE` of a path below the version.
    pub fn delete(&self, path: impl Into<String>) -> RawCall {
        self.request(Method::Delete, path)
    }

    /// A call of a path below the version with any method.
    ///
    /// The path begins with `/` and is written as it stands, so what is special in a path must come
    /// percent-encoded; the query is added by [`param`](RawCall::param). A path that could leave
    /// the version, such as one with `..` in it, makes the call fail with
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) before it is sent.
    pub fn request(&self, method: Method, path: impl Into<String>) -> RawCall {
        let path = path.into();
        let problem = check_path(&path).err();
        let mut prepared = Prepared::to(
            self.client.clone(),
            operation::raw(method),
            Service::Api,
            path,
        );
        if let Some(problem) = problem {
            prepared.refuse(problem.to_owned());
        }
        RawCall {
            prepared: Box::new(prepared),
        }
    }
}

/// Whether a path stays below the version and needs no encoding. The problem never repeats the
/// path: what was taken for one may hold anything.
fn check_path(path: &str) -> Result<(), &'static str> {
    let Some(below) = path.strip_prefix('/') else {
        return Err("the path does not begin with `/`; give it without host and version");
    };
    if below.contains(['?', '#']) {
        return Err("the path holds a query or a fragment; add parameters with `param`");
    }
    if below.split('/').any(str::is_empty) {
        return Err("the path has an empty segment; is an id empty?");
    }
    // The dots count in their encoded form too, which URL parsers take for the same.
    let dots = |segment: &str| {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        plain == "." || plain == ".."
    };
    if below.split('/').any(dots) {
        return Err("the path holds `.` or `..` as a segment");
    }
    let mut bytes = below.bytes();
    while let Some(byte) = bytes.next() {
        let fine = match byte {
            b'%' => {
                let hex = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_hexdigit());
                hex(bytes.next()) && hex(bytes.next())
            }
            _ => byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&byte),
        };
        if !fine {
            return Err("the path holds characters that must be percent-encoded");
        }
    }
    Ok(())
}

/// A call of any path, made by [`Raw`]. Awaiting it returns the reply as JSON text, `null` for a
/// reply without a body (204, or to `HEAD`);
/// [`decode`](RawCall::decode) makes it a call of a type.
#[must_use = "a call does nothing until it is awaited"]
pub struct RawCall {
    prepared: Box<Prepared>,
}

impl RawCall {
    call_options!();

    /// Adds a query parameter: text, a number, a list, operators such as
    /// [`at_least`](crate::query::at_least).
    pub fn param(mut self, name: impl Into<String>, value: impl Param) -> Self {
        self.prepared.query.set(name.into(), value.into_param());
        self
    }

    /// Sets the body to the JSON of a value.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        self.prepared.set_body(value);
        self
    }

    /// The same call, its reply decoded into a type of yours or of [`models`](crate::models).
    pub fn decode<T: DeserializeOwned + Send + 'static>(self) -> Call<T> {
        Call::new(*self.prepared)
    }

    /// The call as a `curl` command. The key is left to the shell's `HOOKDECK_API_KEY`, and secrets
    /// in the body are blanked out.
    #[must_use]
    pub fn to_curl(&self) -> String {
        curl::command(&self.prepared)
    }

    /// Returns the reply together with status, headers, quota and what the call took.
    pub fn with_meta(self) -> WithMeta<Json> {
        WithMeta::new(self.prepared)
    }
}

impl IntoFuture for RawCall {
    type Output = Result<Json, Error>;
    type IntoFuture = CallFuture<Json>;

    fn into_future(self) -> CallFuture<Json> {
        Box::pin(async move {
            let reply = self.prepared.send().await?;
            response::decode(self.prepared.operation.id, &reply)
        })
    }
}

impl Clone for RawCall {
    fn clone(&self) -> Self {
        Self {
            prepared: self.prepared.clone(),
        }
    }
}

/// Without the body, which may hold secrets.
impl fmt::Debug for RawCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawCall").field(&self.prepared).finish()
    }
}
