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

/// Every operation by name.
pub mod ops {
    use super::{Method, Operation};

    include!(concat!(env!("OUT_DIR"), "/operations.rs"));
}
