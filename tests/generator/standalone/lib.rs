//! Nothing but generated code and what it is made of: the macros and types of the SDK, taken from
//! their place in it. `ROOT` stands for that place.
#![deny(missing_docs, unsafe_code)]
// Parts of the query module are for the client, and a document need not have every shape.
#![allow(dead_code, unused_imports, unused_macros)]

pub mod call;
#[path = "ROOT/macros/mod.rs"]
mod macros;
#[path = "ROOT/models/mod.rs"]
pub mod models;
#[path = "ROOT/operation.rs"]
pub mod operation;
pub mod paging;
#[path = "ROOT/query/mod.rs"]
pub mod query;
#[path = "ROOT/types/mod.rs"]
pub mod types;
