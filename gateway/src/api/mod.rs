//! The operations of the REST API: a handler each, on a call that has a key and quota, in the newest version.

pub(crate) mod api_keys;
mod attempts;
mod bookmarks;
mod bulk;
mod call;
mod config;
mod connections;
mod custom_domains;
mod destinations;
mod dispatch;
mod error;
mod events;
mod integrations;
mod issue_triggers;
mod issues;
mod list;
mod metrics;
mod named;
mod notifications;
pub(crate) mod organizations;
mod payload;
pub(crate) mod projects;
mod render;
mod replay;
mod requests;
mod rows;
mod scopes;
mod sources;
mod time;
mod transformations;

#[cfg(test)]
mod plan_tests;

pub(crate) use call::{ApiCall, ApiResult, text};
pub(crate) use dispatch::answer;
pub(crate) use error::ApiError;
pub(crate) use scopes::Scopes;
