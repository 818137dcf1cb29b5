//! The gateway's doors: everything that answers on its socket, and who may come in.
//!
//! | door | for |
//! |---|---|
//! | [`sources`] | producers, at source URLs |
//! | [`rest`] | the API |
//! | [`publish`] | webhooks sent with the project's key |
//! | [`websocket`] | sessions of the command-line client |
//! | [`command_line`] | what that client asks beside the contract, its sign-in above all |

mod command_line;
mod credential;
mod faulty;
mod guard;
mod input;
mod listener;
mod older;
mod publish;
mod quota;
mod reply;
mod rest;
mod sources;
mod tenants;
mod version;
mod websocket;

use std::sync::Arc;

use axum::Router;

use crate::project::Projects;
pub(crate) use guard::is_local;
pub(crate) use listener::Server;
pub(crate) use quota::CallLimit;
pub(crate) use reply::json_response;
pub(crate) use tenants::Tenants;

/// Every route of the gateway but the control API's.
pub(crate) fn router(projects: Arc<Projects>, tenants: Tenants) -> Router {
    sources::router(projects)
        .merge(websocket::router(tenants.clone()))
        .merge(publish::router(tenants.clone()))
        .merge(rest::router(tenants))
}
