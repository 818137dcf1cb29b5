//! What the generator writes calls of, so that the behaviour of a whole family of types is read and
//! reviewed in one place.

mod filter;
mod id;
mod input;
mod open_enum;
mod tagged;

pub(crate) use filter::filter;
pub(crate) use id::id;
pub(crate) use input::{input, object, written};
pub(crate) use open_enum::open_enum;
pub(crate) use tagged::{list_or_object, tagged};
