//! What is written by hand beside the generated models: constructors that set together what belongs
//! together, and checks of what the API would refuse.

mod checks;
mod connections;
mod destination_auth;
mod destinations;
mod rules;
mod source_auth;
mod sources;
mod statuses;

pub use rules::{Deduplication, RetryBuilder};
pub use statuses::StatusMatch;

/// Declares methods of a configuration, which the body that holds it and the call that sends it have
/// as well.
macro_rules! on_config {
    (
        $input:ident, $config:ident;
        $(
            $(#[$meta:meta])*
            fn $name:ident($($arg:ident: $ty:ty),* $(,)?) |$target:ident| $body:block
        )*
    ) => {
        impl $config {
            $(
                $(#[$meta])*
                #[must_use]
                pub fn $name(mut self, $($arg: $ty),*) -> Self {
                    let $target = &mut self;
                    $body
                    self
                }
            )*
        }

        impl $input {
            $(
                $(#[$meta])*
                #[must_use]
                pub fn $name(mut self, $($arg: $ty),*) -> Self {
                    self.config = Some(self.config.take().unwrap_or_default().$name($($arg),*));
                    self
                }
            )*
        }

        impl Write<$input> {
            $(
                $(#[$meta])*
                pub fn $name(mut self, $($arg: $ty),*) -> Self {
                    let config = &mut self.body_mut().config;
                    *config = Some(config.take().unwrap_or_default().$name($($arg),*));
                    self
                }
            )*
        }
    };
}
use on_config;
