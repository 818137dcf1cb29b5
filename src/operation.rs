//! The table of operations the API has.

/// An HTTP method an operation of the API uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// `GET`
    Get,
    /// `PUT`
    Put,
    /// `POST`
    Post,
    /// `DELETE`
    Delete,
    /// `PATCH`
    Patch,
    /// `HEAD`
    Head,
    /// `OPTIONS`
    Options,
}

impl Method {
    /// The method as it stands in a request line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Patch => "PATCH",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
        }
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// One operation of the API, as the document states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Operation {
    /// The document's `operationId`, such as `getEvent`.
    pub id: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path below the version, with its parameters in braces: `/events/{id}`.
    pub path: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// Whether repeating the call changes nothing: true for everything but `POST` and `PATCH`.
    pub idempotent: bool,
    /// Whether it answers pages of a list.
    pub paged: bool,
    /// Whether the document marks it deprecated.
    pub deprecated: bool,
}

/// The publish endpoint, which the API's document does not describe.
pub(crate) static PUBLISH: Operation = Operation {
    id: "publish",
    method: Method::Post,
    path: "",
    summary: "Publish an event to a source",
    idempotent: false,
    paged: false,
    deprecated: false,
};

/// What a `HEAD` of any path is called; its replies have no body.
pub(crate) const RAW_HEAD: &str = "rawHead";

/// What is known of a call to any path: its method, and by it whether it may be repeated.
pub(crate) const fn raw(method: Method) -> &'static Operation {
    const fn by(id: &'static str, method: Method) -> Operation {
        Operation {
            id,
            method,
            path: "",
            summary: "Call any path",
            idempotent: !matches!(method, Method::Post | Method::Patch),
            paged: false,
            deprecated: false,
        }
    }
    match method {
        Method::Get => const { &by("rawGet", Method::Get) },
        Method::Put => const { &by("rawPut", Method::Put) },
        Method::Post => const { &by("rawPost", Method::Post) },
        Method::Delete => const { &by("rawDelete", Method::Delete) },
        Method::Patch => const { &by("rawPatch", Method::Patch) },
        Method::Head => const { &by(RAW_HEAD, Method::Head) },
        Method::Options => const { &by("rawOptions", Method::Options) },
    }
}

/// Every operation by name.
pub mod ops {
    use super::{Method, Operation};

    include!(concat!(env!("OUT_DIR"), "/operations.rs"));
}
