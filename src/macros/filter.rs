/// Declares the filter of a list: a struct that holds nothing but the parameters set so far, with a
/// typed setter for each. The same setters stand on the list call, which has those of `list` besides.
///
/// `, by created_at` says that its rows can be chosen by when they were created.
///
/// How a setter takes its argument: `plain` as it is, `into` by conversion, `list` several of them.
macro_rules! filter {
    (
        $(#[$meta:meta])*
        pub struct $name:ident $(-> $item:ty $(, by $created_at:ident)?)? {
            own { $($(#[$ometa:meta])* $okind:ident $own:ident: $oty:ty = $owire:literal,)* }
            list { $($(#[$lmeta:meta])* $lkind:ident $list:ident: $lty:ty = $lwire:literal,)* }
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            query: $crate::query::Query,
        }

        impl $name {
            /// No conditions.
            #[must_use]
            pub const fn new() -> Self {
                Self { query: $crate::query::Query::new() }
            }

            /// The parameters set so far.
            #[must_use]
            pub fn params(&self) -> &$crate::query::Query {
                &self.query
            }

            /// The parameters set so far, to set one this version has no setter for.
            pub fn params_mut(&mut self) -> &mut $crate::query::Query {
                &mut self.query
            }

            $($crate::macros::filter!(@setter query $okind $own [$(#[$ometa])* #[must_use]] $oty, $owire);)*
        }

        impl From<&$name> for $name {
            fn from(filter: &$name) -> Self {
                filter.clone()
            }
        }

        /// As the JSON object a bulk job's `query` is.
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.query.serialize(serializer)
            }
        }

        impl $crate::query::Param for $name {
            fn into_param(self) -> $crate::query::QueryValue {
                let entries = self.query.iter().map(|(name, value)| (name.to_owned().into(), value.clone()));
                $crate::query::QueryValue::Map(entries.collect())
            }
        }

        $crate::macros::filter! {
            @list $name [$($item)?]
            { $([$(#[$ometa])*] $okind $own: $oty = $owire,)* $([$(#[$lmeta])*] $lkind $list: $lty = $lwire,)* }
        }
        $($crate::macros::filter!(@timed $name $($created_at)?);)?
    };

    (@timed $name:ident) => {};
    (@timed $name:ident $created_at:ident) => {
        impl $crate::paging::Timed for $name {
            fn created_at(item: &Self::Item) -> $crate::types::Timestamp {
                item.$created_at
            }
        }
    };

    (@list $name:ident [] { $($rest:tt)* }) => {};
    (
        @list $name:ident [$item:ty]
        { $([$($meta:tt)*] $kind:ident $setter:ident: $ty:ty = $wire:literal,)* }
    ) => {
        impl $crate::query::Filter for $name {
            type Item = $item;

            fn query(&self) -> &$crate::query::Query {
                &self.query
            }

            fn row_id(item: &$item) -> &str {
                item.id.as_ref()
            }
        }

        impl $crate::call::List<$name> {
            $($crate::macros::filter!(@setter list $kind $setter [$($meta)*] $ty, $wire);)*
        }
    };

    (@setter $target:ident plain $setter:ident [$($meta:tt)*] $ty:ty, $wire:literal) => {
        $($meta)*
        pub fn $setter(mut self, value: $ty) -> Self {
            $crate::macros::filter!(@query $target self)
                .set($wire, $crate::query::Param::into_param(value));
            self
        }
    };
    (@setter $target:ident into $setter:ident [$($meta:tt)*] $ty:ty, $wire:literal) => {
        $($meta)*
        pub fn $setter(mut self, value: impl Into<$ty>) -> Self {
            $crate::macros::filter!(@query $target self)
                .set($wire, $crate::query::Param::into_param(value.into()));
            self
        }
    };
    (@setter $target:ident list $setter:ident [$($meta:tt)*] $ty:ty, $wire:literal) => {
        $($meta)*
        pub fn $setter(mut self, values: impl IntoIterator<Item = impl Into<$ty>>) -> Self {
            let values: Vec<$ty> = values.into_iter().map(Into::into).collect();
            $crate::macros::filter!(@query $target self)
                .set($wire, $crate::query::Param::into_param($crate::query::OneOrMany::Many(values)));
            self
        }
    };

    (@query query $this:ident) => { $this.query };
    (@query list $this:ident) => { $this.query_mut() };
}
pub(crate) use filter;
