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
use tower::util::MapRequest;

use crate::project::Projects;
use crate::settings::PublicUrl;
pub(crate) use guard::is_local;
pub(crate) use listener::Server;
pub(crate) use quota::CallLimit;
pub(crate) use reply::json_response;
pub(crate) use tenants::Tenants;

/// Takes requests that name the host of `public_url` at source URLs of the live service's shape, `/<id>` and what
/// is behind it, and at the publish endpoint. Other hosts find all routes as they are.
pub(crate) fn with_live_source_urls(routes: Router, public_url: PublicUrl) -> Router {
    let routed = MapRequest::new(routes, move |request| {
        sources::from_live(request, &public_url)
    });
    Router::new().fallback_service(routed)
}

/// Every route of the gateway but the control API's.
pub(crate) fn router(projects: Arc<Projects>, tenants: Tenants) -> Router {
    sources::router(projects)
        .merge(websocket::router(tenants.clone()))
        .merge(publish::router(tenants.clone()))
        .merge(rest::router(tenants))
}
