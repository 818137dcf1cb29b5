//! The small types the API is made of: timestamps, ids, open enums, values told apart from null.

mod headers;
mod json;
mod timestamp;

pub use headers::Headers;
pub use json::Json;
pub use timestamp::{ParseTimestampError, Timestamp};
