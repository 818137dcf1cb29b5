//! The REST API: `/<version>/<path>`, as the contract describes it.

mod api_keys;
mod attempts;
mod auth;
mod bookmarks;
mod bulk;
mod call;
mod cli;
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
mod organizations;
mod payload;
mod projects;
mod publish;
mod quota;
mod render;
mod requests;
mod rows;
mod serve;
mod sources;
mod time;
mod transformations;
mod version;

#[cfg(test)]
mod plan_tests;

pub(crate) use auth::{Credential, credential};
pub(crate) use error::{json_response, unknown_path};
pub(crate) use publish::router as publish_router;
pub(crate) use quota::Limit;
pub(crate) use serve::{ApiState, router};
