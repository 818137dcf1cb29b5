//! The small types the API is made of: timestamps, ids, open enums, values told apart from null.

mod headers;
mod json;
mod open_enum;
mod patch;
mod secret;
mod surrogates;
mod tagged;
mod timestamp;

pub use headers::Headers;
pub use json::Json;
#[doc(hidden)]
pub use open_enum::{Custom, text};
pub use patch::Patch;
pub use secret::Secret;
pub(crate) use surrogates::{read_json, replace_half_surrogates};
#[doc(hidden)]
pub use tagged::{Tagged, tag_of};
pub use timestamp::{ParseTimestampError, Timestamp};
