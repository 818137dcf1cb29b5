//! The subset of OpenAPI 3.0 schemas the contract is written in, read without losing the order of properties.

use std::fmt;
use std::sync::OnceLock;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::pattern::Pattern;

/// One schema of the document.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Schema {
    /// A reference to a named schema; the other members are then empty.
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    /// The JSON type; absent on unions and on schemas that allow anything.
    #[serde(rename = "type")]
    pub kind: Option<Kind>,
    /// Whether `null` is a value of this schema.
    pub nullable: bool,
    /// The values allowed, when there is a closed list.
    #[serde(rename = "enum")]
    pub values: Option<Vec<Value>>,
    /// `date-time`, `URL`, `email` or `float`.
    pub format: Option<String>,
    /// An ECMAScript regular expression.
    pub pattern: Option<Pattern>,
    /// Fewest characters of a string.
    #[serde(rename = "minLength")]
    pub min_length: Option<usize>,
    /// Most characters of a string.
    #[serde(rename = "maxLength")]
    pub max_length: Option<usize>,
    /// Smallest number, inclusive.
    pub minimum: Option<f64>,
    /// Largest number, inclusive.
    pub maximum: Option<f64>,
    /// Fewest items of an array.
    #[serde(rename = "minItems")]
    pub min_items: Option<usize>,
    /// Most items of an array.
    #[serde(rename = "maxItems")]
    pub max_items: Option<usize>,
    /// Whether two items of an array may be equal.
    #[serde(rename = "uniqueItems")]
    pub unique_items: bool,
    /// The schema of an array's items.
    pub items: Option<Box<Schema>>,
    /// The properties of an object, in the document's order.
    pub properties: Properties,
    /// Names of the properties that must be there.
    pub required: Vec<String>,
    /// What other properties an object may have.
    #[serde(rename = "additionalProperties")]
    pub additional: Additional,
    /// Alternatives (`anyOf` and `oneOf` mean the same in this document).
    #[serde(rename = "anyOf", alias = "oneOf")]
    pub alternatives: Vec<Schema>,
}

impl Schema {
    /// The last segment of [`reference`](Self::reference).
    pub fn reference_name(&self) -> Option<&str> {
        self.reference
            .as_deref()
            .map(|text| text.strip_prefix("#/components/schemas/").unwrap_or(text))
    }

    /// Whether the property `name` must be there.
    pub fn requires(&self, name: &str) -> bool {
        self.required.iter().any(|required| required == name)
    }

    /// An object for which the document lists no property and allows none. Inside a union the document means "any
    /// object" by it, elsewhere an object without members.
    pub fn is_empty_object(&self) -> bool {
        self.kind == Some(Kind::Object)
            && self.properties.0.is_empty()
            && self.alternatives.is_empty()
            && matches!(self.additional, Additional::Allowed(false))
    }
}

/// A JSON type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Text.
    String,
    /// Any number.
    Number,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A list.
    Array,
    /// A map.
    Object,
}

/// What properties beyond the listed ones an object may have.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Additional {
    /// Any (`true`, also when the document says nothing) or none.
    Allowed(bool),
    /// Any name, with values of this schema.
    Schema(Box<Schema>),
}

impl Default for Additional {
    fn default() -> Self {
        Self::Allowed(true)
    }
}

/// Named schemas in the order of the document, which is the order in which violations are reported.
#[derive(Debug, Default)]
pub struct Properties(pub Vec<(String, Schema)>);

impl Properties {
    /// The schema of one property.
    pub fn get(&self, name: &str) -> Option<&Schema> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, schema)| schema)
    }
}

impl<'de> Deserialize<'de> for Properties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PropertiesVisitor;

        impl<'de> Visitor<'de> for PropertiesVisitor {
            type Value = Properties;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of schemas")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Properties, A::Error> {
                let mut entries = Vec::with_capacity(map.size_hint().unwrap_or(0));
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Properties(entries))
            }
        }

        deserializer.deserialize_map(PropertiesVisitor)
    }
}

/// A piece of the document that is parsed when it is first needed: a process that serves ten operations never pays
/// for the schemas of the others.
pub struct Lazy<T> {
    raw: &'static RawValue,
    cell: OnceLock<T>,
}

impl<T: serde::de::DeserializeOwned> Lazy<T> {
    pub(super) fn new(raw: &'static RawValue) -> Self {
        Self {
            raw,
            cell: OnceLock::new(),
        }
    }

    /// The parsed piece.
    ///
    /// # Panics
    ///
    /// When the bundled document holds a schema of an unknown shape; a test reads every piece once.
    pub fn get(&self) -> &T {
        self.cell.get_or_init(|| {
            serde_json::from_str(self.raw.get()).unwrap_or_else(|error| {
                panic!("the bundled document has an unreadable schema: {error}")
            })
        })
    }
}

impl<T> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy")
            .field("bytes", &self.raw.get().len())
            .finish()
    }
}
