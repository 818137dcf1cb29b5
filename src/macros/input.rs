/// Declares an object users build: in a request body, or as one. Required properties are arguments
/// of `new`; the others have fluent setters, and `clear_..` where null means something. With
/// `-> Reply` it is a whole body, and the call that sends it has the same setters.
///
/// How a setter takes its argument: `plain` as it is, `into` by conversion, `list` several of them,
/// `map` pairs of them.
macro_rules! input {
    ($(#[$meta:meta])* pub struct $name:ident $(-> $reply:ty)? { $($body:tt)* }) => {
        $crate::macros::object! {
            $(#[$meta])*
            #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
            #[non_exhaustive]
            pub struct $name [$($reply)?] { $($body)* }
        }
    };
}
pub(crate) use input;

/// [`input`] for bodies that hold a filter: those are written and never read.
macro_rules! written {
    ($(#[$meta:meta])* pub struct $name:ident $(-> $reply:ty)? { $($body:tt)* }) => {
        $crate::macros::object! {
            $(#[$meta])*
            #[derive(Clone, Debug, PartialEq, serde::Serialize)]
            #[non_exhaustive]
            pub struct $name [$($reply)?] { $($body)* }
        }
    };
}
pub(crate) use written;

macro_rules! object {
    (
        $(#[$meta:meta])*
        pub struct $name:ident [$($reply:ty)?] {
            required { $($(#[$rmeta:meta])* $rkind:ident $rname:ident: $rstored:ty, $rty:ty = $rwire:literal,)* }
            optional { $($(#[$ometa:meta])* $okind:ident $oname:ident: $ostored:ty, $oty:ty = $owire:literal,)* }
            nullable {
                $($(#[$nmeta:meta])* $nkind:ident $nname:ident $clear:ident: $nstored:ty, $nty:ty = $nwire:literal,)*
            }
        }
    ) => {
        $(#[$meta])*
        pub struct $name {
            $(
                $(#[$rmeta])*
                #[serde(rename = $rwire)]
                pub $rname: $rstored,
            )*
            $(
                $(#[$ometa])*
                #[serde(rename = $owire, default, skip_serializing_if = "Option::is_none")]
                pub $oname: Option<$ostored>,
            )*
            $(
                $(#[$nmeta])*
                #[serde(rename = $nwire, default, skip_serializing_if = "Patch::is_absent")]
                pub $nname: Patch<$nstored>,
            )*
        }

        impl $name {
            $crate::macros::object! {
                @new [$($rkind $rname: $rty,)*] [$($oname)*] [$($nname)*]
            }
            $($crate::macros::object!(@setter $okind $oname [$(#[$ometa])* #[must_use]] $oty; self, self.$oname);)*
            $($crate::macros::object!(@setter $nkind $nname [$(#[$nmeta])* #[must_use]] $nty; self, self.$nname);)*
            $(
                /// Sends null, which clears the value.
                #[must_use]
                pub fn $clear(mut self) -> Self {
                    self.$nname = Patch::Null;
                    self
                }
            )*
        }

        $crate::macros::object!(@default $name [$($rname)*]);
        $crate::macros::object! {
            @body $name [$($reply)?]
            { $([$(#[$ometa])*] $okind $oname: $oty,)* $([$(#[$nmeta])*] $nkind $nname: $nty,)* }
            { $($clear $nname)* }
        }
    };

    (@new [$($rkind:ident $rname:ident: $rty:ty,)*] [$($oname:ident)*] [$($nname:ident)*]) => {
        $crate::macros::object! {
            @arguments [$($rkind $rname: $rty,)*] [] [$($rname)*] [$($oname)*] [$($nname)*]
        }
    };
    (@arguments [plain $name:ident: $ty:ty, $($rest:tt)*] [$($done:tt)*] $r:tt $o:tt $n:tt) => {
        $crate::macros::object!(@arguments [$($rest)*] [$($done)* ($name: $ty, $name)] $r $o $n);
    };
    (@arguments [into $name:ident: $ty:ty, $($rest:tt)*] [$($done:tt)*] $r:tt $o:tt $n:tt) => {
        $crate::macros::object!(
            @arguments [$($rest)*] [$($done)* ($name: impl Into<$ty>, $name.into())] $r $o $n
        );
    };
    (@arguments [list $name:ident: $ty:ty, $($rest:tt)*] [$($done:tt)*] $r:tt $o:tt $n:tt) => {
        $crate::macros::object!(
            @arguments [$($rest)*]
            [$($done)* ($name: impl IntoIterator<Item = impl Into<$ty>>, $name.into_iter().map(Into::into).collect())]
            $r $o $n
        );
    };
    (@arguments [map $name:ident: $ty:ty, $($rest:tt)*] [$($done:tt)*] $r:tt $o:tt $n:tt) => {
        $crate::macros::object!(
            @arguments [$($rest)*]
            [$($done)* (
                $name: impl IntoIterator<Item = (impl Into<String>, impl Into<$ty>)>,
                $name.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
            )]
            $r $o $n
        );
    };
    (
        @arguments [] [$(($name:ident: $ty:ty, $value:expr))*]
        [$($rname:ident)*] [$($oname:ident)*] [$($nname:ident)*]
    ) => {
        /// With what is required; the rest is left out.
        #[must_use]
        pub fn new($($name: $ty),*) -> Self {
            Self {
                $($name: $value,)*
                $($oname: None,)*
                $($nname: Patch::Absent,)*
            }
        }
    };

    (@default $name:ident []) => {
        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }
    };
    (@default $name:ident [$($required:ident)+]) => {};

    (@body $name:ident [] { $($setters:tt)* } { $($clears:tt)* }) => {};
    (
        @body $name:ident [$reply:ty]
        { $([$($meta:tt)*] $kind:ident $field:ident: $ty:ty,)* }
        { $($clear:ident $nullable:ident)* }
    ) => {
        impl $crate::call::RequestBody for $name {
            type Reply = $reply;
        }

        impl $crate::call::Write<$name> {
            $($crate::macros::object!(@setter $kind $field [$($meta)*] $ty; self, self.body_mut().$field);)*
            $(
                /// Sends null, which clears the value.
                pub fn $clear(mut self) -> Self {
                    self.body_mut().$nullable = Patch::Null;
                    self
                }
            )*
        }
    };

    (@setter plain $setter:ident [$($meta:tt)*] $ty:ty; $this:ident, $place:expr) => {
        $($meta)*
        pub fn $setter(mut $this, value: $ty) -> Self {
            $place = value.into();
            $this
        }
    };
    (@setter into $setter:ident [$($meta:tt)*] $ty:ty; $this:ident, $place:expr) => {
        $($meta)*
        pub fn $setter(mut $this, value: impl Into<$ty>) -> Self {
            let value: $ty = value.into();
            $place = value.into();
            $this
        }
    };
    (@setter list $setter:ident [$($meta:tt)*] $ty:ty; $this:ident, $place:expr) => {
        $($meta)*
        pub fn $setter(mut $this, values: impl IntoIterator<Item = impl Into<$ty>>) -> Self {
            let values: Vec<$ty> = values.into_iter().map(Into::into).collect();
            $place = values.into();
            $this
        }
    };
    (@setter map $setter:ident [$($meta:tt)*] $ty:ty; $this:ident, $place:expr) => {
        $($meta)*
        pub fn $setter(
            mut $this,
            entries: impl IntoIterator<Item = (impl Into<String>, impl Into<$ty>)>,
        ) -> Self {
            let entries: BTreeMap<String, $ty> =
                entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
            $place = entries.into();
            $this
        }
    };
}
pub(crate) use object;
