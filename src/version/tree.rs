//! JSON that is taken apart only where somebody looks.
//!
//! What a change does not touch stays the text it came as, payloads with their long numbers above all.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

/// A JSON value, unread until asked.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    Unread(Box<RawValue>),
    Object(Object),
    Array(Vec<Tree>),
}

/// An object's members, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    members: Vec<(String, Tree)>,
}

impl Tree {
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().map(Self::Unread)
    }

    /// Anything that encodes.
    pub(super) fn of(value: &(impl Serialize + ?Sized)) -> Self {
        // Texts, numbers and trees encode; nothing else is ever given.
        serde_json::value::to_raw_value(value).map_or_else(|_| Self::null(), Self::Unread)
    }

    pub(super) fn null() -> Self {
        Self::Unread(RawValue::NULL.to_owned())
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // As in `of`.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Unread(raw) if raw.get() == "null")
    }

    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Unread(raw) if raw.get().starts_with('"') => serde_json::from_str(raw.get()).ok(),
            _ => None,
        }
    }

    /// The members, if this is an object.
    pub(super) fn object(&mut self) -> Option<&mut Object> {
        self.open('{');
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The items, if this is an array.
    pub(super) fn array(&mut self) -> Option<&mut Vec<Self>> {
        self.open('[');
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    fn open(&mut self, with: char) {
        if let Self::Unread(raw) = self
            && raw.get().starts_with(with)
            && let Ok(level) = serde_json::from_str::<TreeLevel>(raw.get())
        {
            *self = match level {
                TreeLevel::Object(members) => Self::Object(Object { members }),
                TreeLevel::Array(items) => Self::Array(items),
            };
        }
    }
}

impl Object {
    pub(super) fn has(&self, name: &str) -> bool {
        self.at(name).is_some()
    }

    pub(super) fn get(&mut self, name: &str) -> Option<&mut Tree> {
        let at = self.at(name)?;
        self.members.get_mut(at).map(|(_, tree)| tree)
    }

    /// The member as text.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.get(name)?.text()
    }

    /// The member as an object.
    pub(super) fn object(&mut self, name: &str) -> Option<&mut Self> {
        self.get(name)?.object()
    }

    /// Whether the member is there and not null.
    pub(super) fn is_set(&mut self, name: &str) -> bool {
        self.get(name).is_some_and(|tree| !tree.is_null())
    }

    pub(super) fn remove(&mut self, name: &str) -> Option<Tree> {
        let at = self.at(name)?;
        Some(self.members.remove(at).1)
    }

    pub(super) fn set(&mut self, name: &str, tree: Tree) {
        match self.get(name) {
            Some(present) => *present = tree,
            None => self.members.push((name.to_owned(), tree)),
        }
    }

    /// Gives a member another name. One that already stands there under that name stays.
    pub(super) fn rename(&mut self, from: &str, to: &str) {
        if let Some(at) = self.at(from)
            && !self.has(to)
        {
            to.clone_into(&mut self.members[at].0);
        }
    }

    /// Takes a member over from another object, under another name.
    pub(super) fn take(&mut self, other: &mut Self, from: &str, to: &str) {
        if let Some(tree) = other.remove(from) {
            self.set(to, tree);
        }
    }

    /// Replaces a text by what `map` says of it.
    pub(super) fn map_text(&mut self, name: &str, map: impl Fn(&str) -> Option<&'static str>) {
        if let Some(tree) = self.get(name)
            && let Some(mapped) = tree.text().as_deref().and_then(map)
        {
            *tree = Tree::of(mapped);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn values(&mut self) -> impl Iterator<Item = &mut Tree> {
        self.members.iter_mut().map(|(_, tree)| tree)
    }

    fn at(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|(member, _)| member == name)
    }
}

impl From<Object> for Tree {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unread(raw) => raw.serialize(serializer),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(object) => {
                let mut map = serializer.serialize_map(Some(object.members.len()))?;
                for (name, tree) in &object.members {
                    map.serialize_entry(name, tree)?;
                }
                map.end()
            }
        }
    }
}

/// One level of an object or array, what lies below unread.
enum TreeLevel {
    Object(Vec<(String, Tree)>),
    Array(Vec<Tree>),
}

impl<'de> Deserialize<'de> for TreeLevel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Opened;

        impl<'de> Visitor<'de> for Opened {
            type Value = TreeLevel;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or an array")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TreeLevel, A::Error> {
                let mut members = Vec::new();
                while let Some((name, raw)) = map.next_entry()? {
                    members.push((name, Tree::Unread(raw)));
                }
                Ok(TreeLevel::Object(members))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<TreeLevel, A::Error> {
                let mut items = Vec::new();
                while let Some(raw) = seq.next_element()? {
                    items.push(Tree::Unread(raw));
                }
                Ok(TreeLevel::Array(items))
            }
        }

        deserializer.deserialize_any(Opened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_looks_at_stays_the_text_it_was() {
        let text = r#"{"a":{"n":123456789012345678901234567890, "x" : 1e400},"b":[1.0,"\u00e9"]}"#;
        let mut tree = Tree::parse(text.as_bytes()).unwrap();
        let object = tree.object().unwrap();
        object.rename("b", "c");
        assert_eq!(
            String::from_utf8(tree.to_bytes()).unwrap(),
            r#"{"a":{"n":123456789012345678901234567890, "x" : 1e400},"c":[1.0,"\u00e9"]}"#
        );
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for text in ["1", "null", "\"{\"", "[1]"] {
            assert!(
                Tree::parse(text.as_bytes()).unwrap().object().is_none(),
                "{text}"
            );
        }
        assert!(Tree::parse(b"{\"a\":").is_none());
        assert!(Tree::parse(b"").is_none());
    }

    #[test]
    fn a_name_that_is_taken_is_not_taken_over() {
        let mut tree = Tree::parse(br#"{"a":1,"b":2}"#).unwrap();
        tree.object().unwrap().rename("a", "b");
        assert_eq!(tree.to_bytes(), br#"{"a":1,"b":2}"#);
    }
}
