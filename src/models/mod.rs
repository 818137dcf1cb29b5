//! The objects of the API: what it answers, what it takes, and what lists can be narrowed by.
//!
//! Generated from the OpenAPI document of API version 2026-09-01. Unknown fields of a reply are
//! ignored and unknown enum values kept, so that an additive change of the API breaks nothing.

use std::collections::BTreeMap;

use crate::macros::{filter, id, input, list_or_object, open_enum, tagged, written};
use crate::query::{OneOrMany, Range};
use crate::types::{Headers, Json, Patch, Secret, Timestamp};

include!(concat!(env!("OUT_DIR"), "/ids.rs"));
include!(concat!(env!("OUT_DIR"), "/models.rs"));
include!(concat!(env!("OUT_DIR"), "/bodies.rs"));
include!(concat!(env!("OUT_DIR"), "/filters.rs"));
