//! One value or several.

use super::{Param, QueryValue};
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

/// One value or a list of them, where the API takes either.
///
/// A filter given several values matches rows with any of them. Given none it would match nothing;
/// the API has no way to say so, and the call fails with `ErrorKind::Invalid` in place of taking
/// everything.
///
/// ```
/// use hookdeck::query::OneOrMany;
///
/// let one: OneOrMany<u32> = 1.into();
/// let many: OneOrMany<u32> = [1, 2].into();
/// assert_eq!(one.as_slice(), [1]);
/// assert_eq!(many.into_vec(), [1, 2]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OneOrMany<T> {
    /// A bare value.
    One(T),
    /// A list, which may hold one value or none.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// The values.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }

    /// The values, taken out.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(value) => vec![value],
            Self::Many(values) => values,
        }
    }
}

impl<T> From<T> for OneOrMany<T> {
    fn from(value: T) -> Self {
        Self::One(value)
    }
}

impl<T> From<Vec<T>> for OneOrMany<T> {
    fn from(values: Vec<T>) -> Self {
        Self::Many(values)
    }
}

impl<T, const N: usize> From<[T; N]> for OneOrMany<T> {
    fn from(values: [T; N]) -> Self {
        Self::Many(values.into())
    }
}

impl<T: Clone> From<&[T]> for OneOrMany<T> {
    fn from(values: &[T]) -> Self {
        Self::Many(values.to_vec())
    }
}

impl From<&str> for OneOrMany<String> {
    fn from(value: &str) -> Self {
        Self::One(value.to_owned())
    }
}

impl<const N: usize> From<[&str; N]> for OneOrMany<String> {
    fn from(values: [&str; N]) -> Self {
        Self::Many(values.into_iter().map(str::to_owned).collect())
    }
}

impl From<Vec<&str>> for OneOrMany<String> {
    fn from(values: Vec<&str>) -> Self {
        Self::Many(values.into_iter().map(str::to_owned).collect())
    }
}

impl<T: Param> Param for OneOrMany<T> {
    fn into_param(self) -> QueryValue {
        match self {
            Self::One(value) => value.into_param(),
            Self::Many(values) => {
                QueryValue::List(values.into_iter().map(Param::into_param).collect())
            }
        }
    }
}

impl<T: Serialize> Serialize for OneOrMany<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(value) => value.serialize(serializer),
            Self::Many(values) => values.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A list is recognised by its first byte; `T` itself is never a list.
        struct ValueOrList<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for ValueOrList<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a value or a list of values")
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<OneOrMany<T>, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element()? {
                    values.push(value);
                }
                Ok(OneOrMany::Many(values))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OneOrMany<T>, E> {
                T::deserialize(serde::de::value::StrDeserializer::new(text)).map(OneOrMany::One)
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<OneOrMany<T>, E> {
                T::deserialize(serde::de::value::I64Deserializer::new(number)).map(OneOrMany::One)
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<OneOrMany<T>, E> {
                T::deserialize(serde::de::value::U64Deserializer::new(number)).map(OneOrMany::One)
            }

            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<OneOrMany<T>, E> {
                T::deserialize(serde::de::value::F64Deserializer::new(number)).map(OneOrMany::One)
            }

            fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<OneOrMany<T>, E> {
                T::deserialize(serde::de::value::BoolDeserializer::new(value)).map(OneOrMany::One)
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<OneOrMany<T>, A::Error> {
                T::deserialize(serde::de::value::MapAccessDeserializer::new(map))
                    .map(OneOrMany::One)
            }
        }

        deserializer.deserialize_any(ValueOrList(std::marker::PhantomData))
    }
}
