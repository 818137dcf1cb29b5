//! The handshake of the websocket, at the root of the gateway's address.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::json;

use super::command_line::client_of;
use super::credential::{Credential, credential};
use super::reply::{json_response, unknown_path};
use super::tenants::Tenants;
use crate::project::Project;
use crate::sessions::{self, SessionRequest, SessionRequestError, SessionToAttach, socket};

const PROTOCOL: &str = "hookdeckcli-devproxy-v1";
/// The longest message that is taken: a client sends the whole answer of its local server.
const MESSAGE_LIMIT: usize = 16 * 1024 * 1024;

/// The route of the websocket.
pub(super) fn router(tenants: Tenants) -> Router {
    Router::new().route("/", any(serve)).with_state(tenants)
}

/// A socket that is refused.
struct UpgradeError(StatusCode, String);

impl IntoResponse for UpgradeError {
    /// In the shape that clients read.
    fn into_response(self) -> Response {
        json_response(self.0, &json!({ "error": { "message": self.1 } }))
    }
}

async fn serve(
    State(tenants): State<Tenants>,
    method: Method,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) if headers.contains_key(header::UPGRADE) => {
            return rejection.into_response();
        }
        Err(_) => return unknown_path(&method, "/"),
    };
    match admit(&tenants, &headers).await {
        Ok((project, wanted)) => upgrade
            .protocols([PROTOCOL])
            .max_message_size(MESSAGE_LIMIT)
            .max_frame_size(MESSAGE_LIMIT)
            .on_upgrade(move |socket| attend(project, wanted, socket)),
        Err(refusal) => refusal.into_response(),
    }
}

async fn admit(
    tenants: &Tenants,
    headers: &HeaderMap,
) -> Result<(Arc<Project>, SessionToAttach), UpgradeError> {
    let unauthorized = || UpgradeError(StatusCode::UNAUTHORIZED, "Unauthorized".to_owned());
    let Credential::Key(key) = credential(headers) else {
        return Err(unauthorized());
    };
    let project = tenants.project_with(key.clone()).await.map_err(|error| {
        tracing::error!("a key could not be looked up: {error:?}");
        UpgradeError(StatusCode::INTERNAL_SERVER_ERROR, "Fatal Error".to_owned())
    })?;
    let project = project.ok_or_else(unauthorized)?;
    let id = headers.get("websocket-id").and_then(|id| id.to_str().ok());
    let Some(id) = id.filter(|id| is_session_id(id)) else {
        let message = "Unknown WebSocket ID.".to_owned();
        return Err(UpgradeError(StatusCode::BAD_REQUEST, message));
    };
    let again = SessionRequest::from_headers(headers).map_err(|SessionRequestError(wrong)| {
        UpgradeError(StatusCode::BAD_REQUEST, wrong.join(", "))
    })?;
    let capabilities = headers.get_all("x-hookdeck-cli-capabilities");
    let binary = capabilities
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|name| name.trim() == "binary");
    let wanted = SessionToAttach {
        id: id.to_owned(),
        client_id: client_of(&project.team_id, &key, headers),
        again,
        binary,
    };
    Ok((project, wanted))
}

/// Whether this could be the id of a session. A client may bring one along from a gateway that is gone.
fn is_session_id(id: &str) -> bool {
    let rest = id.strip_prefix("cses_").unwrap_or_default();
    (1..=64).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Serves a socket to its end.
async fn attend(project: Arc<Project>, wanted: SessionToAttach, socket: WebSocket) {
    match sessions::attach(project.hub(), project.services(), wanted).await {
        Ok(Some(session)) => session.serve(socket).await,
        Ok(None) => socket::close(socket, socket::EXPIRED).await,
        Err(error) => {
            tracing::error!("a session could not be attached: {error}");
            socket::close(socket, socket::FAILED).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_sessions_are_told_from_other_texts() {
        assert!(is_session_id("cses_0aZ"));
        for id in [
            "",
            "cses_",
            "cses_a b",
            "cses_ä",
            "web_1",
            &format!("cses_{}", "a".repeat(65)),
        ] {
            assert!(!is_session_id(id), "{id}");
        }
    }
}
