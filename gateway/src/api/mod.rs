//! The REST API: `/<version>/<path>`, as the contract describes it.

mod attempts;
mod auth;
mod call;
mod config;
mod connections;
mod destinations;
mod dispatch;
mod error;
mod events;
mod list;
mod named;
mod payload;
mod quota;
mod render;
mod requests;
mod serve;
mod sources;
mod time;
mod version;

#[cfg(test)]
mod plan_tests;

pub(crate) use error::json_response;
pub(crate) use quota::Limit;
pub(crate) use serve::{ApiState, router};
