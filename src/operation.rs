//! The table of operations the API has.

use crate::query::Direction;

include!(concat!(env!("OUT_DIR"), "/resources.rs"));

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
    /// Whether it removes what the last parameter of its path names, and so answers nothing but the id
    /// of that. Not every `DELETE` does: one dismisses an issue and answers it.
    pub deletes: bool,
    /// Whether it takes a body.
    pub has_body: bool,
    /// The direction of a list that is not told one; `None` for what is no list or takes no direction.
    pub direction: Option<Direction>,
    /// What it is about: what the list that its path goes on from holds.
    pub resource: Option<Resource>,
    /// Where resources stand in its reply. What lies inside another comes before that.
    pub places: &'static [ResourcePlace],
    /// The `type` of the bulk jobs it is about, such as `events.retry`.
    pub bulk_type: Option<&'static str>,
}

/// Where a resource stands in a reply.
///
/// ```
/// use hookdeck::operation::{PathStep, Resource, ops};
///
/// let place = &ops::GET_CONNECTIONS.places[0];
/// assert_eq!(place.resource, Resource::Destination);
/// let path = [PathStep::Member("models"), PathStep::Items, PathStep::Member("destination")];
/// assert_eq!(place.path, path);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ResourcePlace {
    /// The way from the whole reply to it; empty where the reply is the resource.
    pub path: &'static [PathStep],
    /// What stands there. A member that is optional may be missing or null.
    pub resource: Resource,
}

/// A step on the way from a reply to something in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PathStep {
    /// The member of an object with that name.
    Member(&'static str),
    /// Each item of a list.
    Items,
}

/// The operation with that id. A document may have one more than once, each time with the older name of
/// its path after the id (`disableSource_archive`): those are the same operation.
///
/// ```
/// use hookdeck::operation::find;
///
/// assert_eq!(find("disableSource_archive").map(|found| found.path), Some("/sources/{id}/disable"));
/// assert!(find("disableEverything").is_none());
/// ```
#[must_use]
pub fn find(id: &str) -> Option<&'static Operation> {
    let named = |id: &str| {
        let at = ops::ALL.binary_search_by(|known| known.id.cmp(id)).ok()?;
        ops::ALL.get(at).copied()
    };
    named(id).or_else(|| named(id.split('_').next()?))
}

/// What holds of a call that the document does not describe.
const UNDESCRIBED: Operation = Operation {
    id: "",
    method: Method::Get,
    path: "",
    summary: "",
    idempotent: false,
    paged: false,
    deprecated: false,
    deletes: false,
    has_body: false,
    direction: None,
    resource: None,
    places: &[],
    bulk_type: None,
};

/// The publish endpoint, which the API's document does not describe.
pub(crate) static PUBLISH: Operation = Operation {
    id: "publish",
    method: Method::Post,
    summary: "Publish an event to a source",
    has_body: true,
    ..UNDESCRIBED
};

/// What a `HEAD` of any path is called; its replies have no body.
pub(crate) const RAW_HEAD: &str = "rawHead";

/// What is known of a call to any path: its method, and by it whether it may be repeated.
pub(crate) const fn raw(method: Method) -> &'static Operation {
    const fn by(id: &'static str, method: Method) -> Operation {
        Operation {
            id,
            method,
            summary: "Call any path",
            idempotent: !matches!(method, Method::Post | Method::Patch),
            ..UNDESCRIBED
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
    use super::{Method, Operation, PathStep, Resource, ResourcePlace};
    use crate::query::Direction;

    include!(concat!(env!("OUT_DIR"), "/operations.rs"));
}
