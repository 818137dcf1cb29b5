/// Declares a union of objects told apart by their `type`. A type this version does not know is kept
/// as JSON and written back unchanged.
macro_rules! tagged {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$vmeta:meta])* $variant:ident($inner:ty) = $tag:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vmeta])* $variant($inner),)*
            /// A type this version does not know, as it came.
            Unknown($crate::types::Json),
        }

        $(
            impl From<$inner> for $name {
                fn from(value: $inner) -> Self {
                    Self::$variant(value)
                }
            }
        )*

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(value) => $crate::types::Tagged { tag: $tag, value }.serialize(serializer),)*
                    Self::Unknown(json) => json.serialize(serializer),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let json = $crate::types::Json::deserialize(deserializer)?;
                match $crate::types::tag_of(&json).as_deref() {
                    $(Some($tag) => json.parse().map(Self::$variant).map_err(|error| {
                        serde::de::Error::custom(format_args!("in type `{}`: {error}", $tag))
                    }),)*
                    _ => Ok(Self::Unknown(json)),
                }
            }
        }
    };
}
pub(crate) use tagged;

/// Declares a union of a list and objects. The list is told by the first byte, objects by being
/// readable, the first that is. Anything else is kept as JSON.
macro_rules! list_or_object {
    ($(#[$meta:meta])* pub enum $name:ident { List($list:ty) $(, $variant:ident($object:ty))* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            /// A list.
            List($list),
            $(
                /// An object.
                $variant($object),
            )*
            /// Something this version does not know, as it came.
            Unknown($crate::types::Json),
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    Self::List(value) => value.serialize(serializer),
                    $(Self::$variant(value) => value.serialize(serializer),)*
                    Self::Unknown(json) => json.serialize(serializer),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let json = $crate::types::Json::deserialize(deserializer)?;
                let known = match json.as_str().as_bytes().first() {
                    Some(b'[') => json.parse().ok().map(Self::List),
                    Some(b'{') => None$(.or_else(|| json.parse().ok().map(Self::$variant)))*,
                    _ => None,
                };
                Ok(known.unwrap_or(Self::Unknown(json)))
            }
        }
    };
}
pub(crate) use list_or_object;
