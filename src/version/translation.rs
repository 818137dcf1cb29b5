//! Calls rewritten from one dated version to another.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::tree::Tree;
use super::{v2024_03_01, v2024_09_01, v2025_01_01, v2025_07_01, v2026_09_01};
use crate::operation::{self, Operation, PathStep, Resource};
use crate::query::escape;

/// One breaking change: what the version that brought it did, and how calls get past it in both directions.
pub(super) struct Change {
    /// The version that brought it.
    pub(super) since: &'static str,
    /// Whether it can make a difference to the operation.
    pub(super) concerns: fn(operation: &Operation) -> bool,
    /// From the version to the one before it. What that one cannot say is a problem, told in a few words.
    pub(super) downgrade: fn(operation: &Operation, request: &mut Request) -> Result<(), String>,
    /// From the one before it to the version.
    pub(super) upgrade: fn(operation: &Operation, request: &mut Request),
    /// A reply, from the version to the one before it.
    pub(super) downgrade_reply: fn(operation: &Operation, reply: &mut Tree),
    /// A reply, from the one before it to the version.
    pub(super) upgrade_reply: fn(operation: &Operation, reply: &mut Tree),
    /// A path, from the one before it to the version.
    pub(super) upgrade_path: fn(method: &str, path: &str, project: &str) -> Option<String>,
    /// Properties of a resource that have another name in the one before it, new to old, as validation
    /// messages name them. The first that fits counts.
    pub(super) names: fn(Resource) -> &'static [(&'static str, &'static str)],
    /// What was one thing in the one before it, or has other values there, by the name of a property of a
    /// resource or a parameter; and the sentence that is said there whatever is wrong with it.
    pub(super) sentences: fn(&Operation, Resource) -> &'static [(&'static str, &'static str)],
}

/// Every change between the oldest version that is translated and the newest, oldest first.
static CHANGES: [Change; 5] = [
    v2024_03_01::CHANGE,
    v2024_09_01::CHANGE,
    v2025_01_01::CHANGE,
    v2025_07_01::CHANGE,
    v2026_09_01::CHANGE,
];

/// The way between the newest version and an older one.
///
/// The client takes it with every call that a change concerns, a test server the other way round.
#[derive(Clone, Copy)]
pub struct Translation {
    changes: &'static [Change],
    version: &'static str,
}

/// A request on its way from one version to another.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) path: String,
    /// Decoded.
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Option<Tree>,
    /// The project a path named that names none in older versions.
    pub(super) project: Option<String>,
}

/// The rewritten parts of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rewritten {
    /// The path below the version.
    pub path: String,
    /// The query string, without `?`.
    pub query: String,
    /// The body.
    pub body: Option<Vec<u8>>,
}

impl Translation {
    /// The way to `version`. `None` for the newest and for what is no older dated version.
    pub(super) fn to(version: &str) -> Option<Self> {
        let version = super::ApiVersion::KNOWN
            .iter()
            .find(|known| known.as_str() == version)?;
        let version = match &version.0 {
            Cow::Borrowed(text) => *text,
            Cow::Owned(_) => return None,
        };
        let first = CHANGES.iter().position(|change| change.since > version)?;
        Some(Self {
            changes: &CHANGES[first..],
            version,
        })
    }

    /// Whether anything about the operation is different in the older version.
    #[must_use]
    pub fn concerns(&self, operation: &str) -> bool {
        self.of(operation::find(operation)).next().is_some()
    }

    /// Whether what `version` changed is among what is undone on this way.
    ///
    /// ```
    /// use hookdeck::ApiVersion;
    ///
    /// let older = ApiVersion::V2024_09_01.translation().expect("an older version");
    /// assert!(older.undoes(&ApiVersion::V2025_01_01));
    /// assert!(!older.undoes(&ApiVersion::V2024_09_01));
    /// ```
    #[must_use]
    pub fn undoes(&self, version: &super::ApiVersion) -> bool {
        self.changes
            .iter()
            .any(|change| change.since == version.as_str())
    }

    /// The changes that concern an operation, each with it. One that nobody knows is concerned by none.
    fn of(
        &self,
        operation: Option<&'static Operation>,
    ) -> impl DoubleEndedIterator<Item = (&'static Change, &'static Operation)> {
        let changes = self.changes.iter();
        changes.filter_map(move |change| {
            let operation = operation.filter(|operation| (change.concerns)(operation))?;
            Some((change, operation))
        })
    }

    /// A request of the newest version as the older one takes it.
    ///
    /// # Errors
    ///
    /// What the older version cannot express, as a sentence.
    pub fn downgrade_request(
        &self,
        operation: &str,
        path: &str,
        query: &str,
        body: Option<&[u8]>,
    ) -> Result<Rewritten, String> {
        let mut request = Request::read(path, query, body);
        for (change, operation) in self.of(operation::find(operation)).rev() {
            (change.downgrade)(operation, &mut request).map_err(|problem| {
                format!(
                    "API version {} cannot express this: {problem}",
                    self.version
                )
            })?;
        }
        Ok(request.written(body))
    }

    /// The path of a request of the older version in the newest; `project` is the caller's.
    #[must_use]
    pub fn upgrade_path(&self, method: &str, path: &str, project: &str) -> String {
        self.changes.iter().fold(path.to_owned(), |path, change| {
            (change.upgrade_path)(method, &path, project).unwrap_or(path)
        })
    }

    /// A request of the older version as the newest takes it, its path apart.
    #[must_use]
    pub fn upgrade_request(&self, operation: &str, query: &str, body: Option<&[u8]>) -> Rewritten {
        let mut request = Request::read("", query, body);
        for (change, operation) in self.of(operation::find(operation)) {
            (change.upgrade)(operation, &mut request);
        }
        request.written(body)
    }

    /// A reply of the newest version as the older one gives it. What is no JSON stays as it is.
    #[must_use]
    pub fn downgrade_reply(&self, operation: &str, reply: &[u8]) -> Vec<u8> {
        let Some(mut tree) = Tree::parse(reply) else {
            return reply.to_vec();
        };
        for (change, operation) in self.of(operation::find(operation)).rev() {
            (change.downgrade_reply)(operation, &mut tree);
        }
        tree.to_bytes()
    }

    /// A reply of the older version as the newest gives it. What is no JSON stays as it is.
    #[must_use]
    pub fn upgrade_reply(&self, operation: &str, reply: &[u8]) -> Vec<u8> {
        let Some(mut tree) = Tree::parse(reply) else {
            return reply.to_vec();
        };
        for (change, operation) in self.of(operation::find(operation)) {
            (change.upgrade_reply)(operation, &mut tree);
        }
        tree.to_bytes()
    }

    /// A validation message of the newest version as the older one words it: with the property's name, by
    /// which it begins, in the older one, or one sentence for all that is wrong with a property.
    ///
    /// ```
    /// use hookdeck::ApiVersion;
    ///
    /// let older = ApiVersion::V2024_09_01.translation().expect("an older version");
    /// let message = older.downgrade_message("createConnection", "destination.config.url is required");
    /// assert_eq!(message, "destination.url is required");
    /// ```
    #[must_use]
    pub fn downgrade_message(&self, operation: &str, message: &str) -> String {
        let operation = operation::find(operation);
        let Some(about) = operation.and_then(|operation| operation.resource) else {
            return message.to_owned();
        };
        // What is written inline is named from the body's root.
        let inline = operation.into_iter().flat_map(|operation| operation.places);
        let (within, resource, message) = inline
            .filter_map(|place| match place.path {
                [PathStep::Member(name)] => Some((*name, place.resource)),
                _ => None,
            })
            .find_map(|(name, resource)| {
                let rest = message.strip_prefix(name)?.strip_prefix('.')?;
                Some((format!("{name}."), resource, rest))
            })
            .unwrap_or((String::new(), about, message));
        let message =
            self.of(operation)
                .rev()
                .fold(message.to_owned(), |message, (change, operation)| {
                    let renamed = (change.names)(resource).iter().find_map(|(new, old)| {
                        Some(format!("{old}{}", after_name(&message, new)?))
                    });
                    let message = renamed.unwrap_or(message);
                    let sentence = (change.sentences)(operation, resource)
                        .iter()
                        .find_map(|(new, sentence)| after_name(&message, new).map(|_| *sentence));
                    sentence.map_or(message, str::to_owned)
                });
        format!("{within}{message}")
    }
}

impl std::fmt::Debug for Translation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Translation").field(&self.version).finish()
    }
}

impl Request {
    fn read(path: &str, query: &str, body: Option<&[u8]>) -> Self {
        Self {
            path: path.to_owned(),
            query: query
                .split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decoded(name), decoded(value))
                })
                .collect(),
            body: body.and_then(Tree::parse),
            project: None,
        }
    }

    /// `body` is what there was: it goes on as it is where it could not be read.
    fn written(self, body: Option<&[u8]>) -> Rewritten {
        let mut query = String::new();
        for (name, value) in &self.query {
            if !query.is_empty() {
                query.push('&');
            }
            // The brackets between keys stay readable, as where they were written.
            let mut parts = name.split('[');
            query.push_str(&escape(parts.next().unwrap_or_default()));
            for part in parts {
                query.push('[');
                match part.strip_suffix(']') {
                    Some(key) => {
                        query.push_str(&escape(key));
                        query.push(']');
                    }
                    None => query.push_str(&escape(part)),
                }
            }
            query.push('=');
            query.push_str(&escape(value));
        }
        Rewritten {
            path: self.path,
            query,
            body: match &self.body {
                Some(tree) => Some(tree.to_bytes()),
                None => body.map(<[u8]>::to_vec),
            },
        }
    }

    /// Gives a parameter another name, whatever stands in brackets behind it.
    pub(super) fn rename(&mut self, from: &str, to: &str) {
        for (name, _) in &mut self.query {
            if base(name) == from {
                *name = format!("{to}{}", &name[from.len()..]);
            }
        }
    }

    /// Whether there is a parameter of the name, with or without brackets behind it.
    pub(super) fn asks(&self, wanted: &str) -> bool {
        self.query.iter().any(|(name, _)| base(name) == wanted)
    }
}

/// What follows a property's name, by which a message begins: the whole name, followed by none that goes on.
fn after_name<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let rest = message.strip_prefix(name)?;
    let ends = !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    ends.then_some(rest)
}

/// The name of a parameter without what stands in brackets.
pub(super) fn base(name: &str) -> &str {
    name.split('[').next().unwrap_or_default()
}

fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8_lossy().into_owned()
}
