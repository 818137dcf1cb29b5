/// Declares the identifier type of a resource: `id! { /// docs \n EventId, "evt_" }`.
///
/// Any text is accepted: old identifiers have other prefixes and lengths.
macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// What identifiers of this kind begin with today. Older ones may differ.
            pub const PREFIX: &'static str = $prefix;

            /// Takes any text as an identifier.
            pub fn new(id: impl Into<Box<str>>) -> Self {
                Self(id.into())
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::types::text(deserializer)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($name)).field(&&*self.0).finish()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            fn from_str(id: &str) -> Result<Self, Self::Err> {
                Ok(Self::new(id))
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self::new(id)
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self::new(id)
            }
        }

        impl From<&String> for $name {
            fn from(id: &String) -> Self {
                Self::new(id.as_str())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                *self.0 == *other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                *self.0 == **other
            }
        }

        impl $crate::query::Param for $name {
            fn into_param(self) -> $crate::query::QueryValue {
                $crate::query::QueryValue::Text(self.0.into())
            }
        }

        impl From<&str> for $crate::query::OneOrMany<$name> {
            fn from(id: &str) -> Self {
                Self::One(id.into())
            }
        }

        impl From<String> for $crate::query::OneOrMany<$name> {
            fn from(id: String) -> Self {
                Self::One(id.into())
            }
        }

        impl From<&$name> for $crate::query::OneOrMany<$name> {
            fn from(id: &$name) -> Self {
                Self::One(id.clone())
            }
        }

        impl<const N: usize> From<[&$name; N]> for $crate::query::OneOrMany<$name> {
            fn from(ids: [&$name; N]) -> Self {
                Self::Many(ids.into_iter().cloned().collect())
            }
        }

        impl<const N: usize> From<[&str; N]> for $crate::query::OneOrMany<$name> {
            fn from(ids: [&str; N]) -> Self {
                Self::Many(ids.into_iter().map($name::from).collect())
            }
        }
    };
}
pub(crate) use id;
