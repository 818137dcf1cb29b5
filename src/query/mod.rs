//! Typed filters, and the two ways they are written: as a bracketed query string for lists, as
//! JSON for the bodies of bulk jobs.

mod encode;
mod many;
mod range;

use std::borrow::Cow;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::ser::{self, Serialize, SerializeMap, SerializeSeq, Serializer};

pub(crate) use encode::{encode_path_segment, encode_query, escape};
pub use many::OneOrMany;
pub use range::{Range, after, any, at_least, at_most, before, between, containing, is_null};

use crate::types::{Json, Timestamp};

/// One parameter's value, ready to be written.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryValue {
    /// Matches rows where the field is null.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Text(String),
    /// Any of several values.
    List(Vec<QueryValue>),
    /// Operators, such as `gte`, or the members of a nested object.
    Map(Vec<(Cow<'static, str>, QueryValue)>),
    /// JSON: a string of it in a query string, the value itself in a body.
    Json(Json),
}

/// What a filter's setter can turn into a parameter. Implemented by this crate for the types the
/// API's filters use.
pub trait Param {
    /// The value to write.
    fn into_param(self) -> QueryValue;
}

macro_rules! param {
    ($($type:ty => |$value:ident| $param:expr;)*) => {$(
        impl Param for $type {
            fn into_param(self) -> QueryValue {
                let $value = self;
                $param
            }
        }
    )*};
}

param! {
    QueryValue => |value| value;
    bool => |value| QueryValue::Bool(value);
    i32 => |value| QueryValue::Integer(value.into());
    i64 => |value| QueryValue::Integer(value);
    u16 => |value| QueryValue::Integer(value.into());
    u32 => |value| QueryValue::Integer(value.into());
    f64 => |value| QueryValue::Float(value);
    String => |value| QueryValue::Text(value);
    &str => |value| QueryValue::Text(value.to_owned());
    Timestamp => |value| QueryValue::Text(value.to_string());
    Json => |value| QueryValue::Json(value);
}

/// The direction of a list's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Smallest or oldest first.
    Asc,
    /// Greatest or newest first, the default of nearly every list.
    Desc,
}

impl Param for Direction {
    fn into_param(self) -> QueryValue {
        match self {
            Self::Asc => "asc".into_param(),
            Self::Desc => "desc".into_param(),
        }
    }
}

/// The parameters of a list: what the typed filters write into.
///
/// Kept as one flat list instead of a struct per filter, so that a filter costs a user of the SDK
/// almost nothing to compile and writes itself both ways with the same code.
#[derive(Clone, Default, PartialEq)]
pub struct Query {
    params: Vec<(Cow<'static, str>, QueryValue)>,
}

impl Query {
    /// No parameters.
    #[must_use]
    pub const fn new() -> Self {
        Self { params: Vec::new() }
    }

    /// Sets a parameter, replacing what it held.
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, value: QueryValue) {
        let name = name.into();
        match self.params.iter_mut().find(|(known, _)| *known == name) {
            Some((_, held)) => *held = value,
            None => self.params.push((name, value)),
        }
    }

    /// Removes a parameter.
    pub fn remove(&mut self, name: &str) {
        self.params.retain(|(known, _)| known != name);
    }

    /// The value of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&QueryValue> {
        self.params
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// The name of a parameter whose list of values is empty, or that holds such a list: a query
    /// string cannot say that, and a condition nothing can meet would become none.
    pub(crate) fn empty_list(&self) -> Option<&str> {
        fn is_empty(value: &QueryValue) -> bool {
            match value {
                QueryValue::List(values) => values.is_empty() || values.iter().any(is_empty),
                QueryValue::Map(entries) => entries.iter().any(|(_, value)| is_empty(value)),
                _ => false,
            }
        }
        let found = self.iter().find(|(_, value)| is_empty(value));
        found.map(|(name, _)| name)
    }

    /// Whether no parameter is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.params.is_empty()
    }

    /// The parameters in the order they were first set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &QueryValue)> {
        self.params
            .iter()
            .map(|(name, value)| (name.as_ref(), value))
    }

    /// The query string without its `?`, percent-encoded.
    ///
    /// ```
    /// use hookdeck::query::{Param, Query, at_least};
    ///
    /// let mut query = Query::new();
    /// query.set("attempts", at_least(3_u32).into_param());
    /// assert_eq!(query.to_query_string(), "attempts[gte]=3");
    /// ```
    #[must_use]
    pub fn to_query_string(&self) -> String {
        encode_query(self)
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// What to say of a parameter whose list of values is empty.
pub(crate) fn no_value(name: &str) -> String {
    format!("`{name}` is given no value at all, which the API would read as no condition")
}

/// As the JSON object a bulk job's `query` is. Fails if a list of values is empty.
impl Serialize for Query {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(name) = self.empty_list() {
            return Err(ser::Error::custom(no_value(name)));
        }
        let mut map = serializer.serialize_map(Some(self.params.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Serialize for QueryValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Json(value) => value.serialize(serializer),
            Self::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(value)?;
                }
                list.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (name, value) in entries {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

/// A typed filter: what a list, its count and the matching bulk job have in common.
pub trait Filter: Clone + Default + Send + Sync + 'static {
    /// What the list yields.
    type Item: DeserializeOwned + Send + 'static;

    /// The parameters set so far.
    fn query(&self) -> &Query;

    /// The id of a row, by which a saved place in the list is found again.
    fn row_id(item: &Self::Item) -> &str;
}
