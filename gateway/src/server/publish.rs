//! The publish endpoint: a webhook sent by whoever holds the project's key, to a source it names.
//!
//! It takes part in no quota. What it takes in goes the way of every other request of that source, save that the key
//! verifies it: no signature is looked for.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, StatusCode};
use rusqlite::OptionalExtension;
use serde_json::json;

use super::credential::{Credential, credential};
use super::reply::json_response;
use super::sources;
use super::tenants::Tenants;
use crate::api::ApiError;
use crate::store::StoreError;

const SOURCE_ID: HeaderName = HeaderName::from_static("x-hookdeck-source-id");
const SOURCE_NAME: HeaderName = HeaderName::from_static("x-hookdeck-source-name");

/// The route of the publish endpoint.
pub(super) fn router(tenants: Tenants) -> Router {
    Router::new()
        .route("/v1/publish", post(publish))
        .with_state(tenants)
}

async fn publish(State(tenants): State<Tenants>, request: Request) -> Response {
    take_in(&tenants, request)
        .await
        .unwrap_or_else(|refused| refused)
}

/// How a source is named.
enum PublishTarget {
    Id(String),
    Name(String),
}

async fn take_in(tenants: &Tenants, request: Request) -> Result<Response, Response> {
    let (mut parts, body) = request.into_parts();
    let project = match credential(&parts.headers) {
        Credential::Key(key) => tenants.project_with(key).await.map_err(failed)?,
        Credential::Missing | Credential::Unreadable => None,
    };
    let Some(project) = project else {
        let message = "No valid API key was provided through Basic Auth or Bearer Token";
        return Err(refusal(StatusCode::UNAUTHORIZED, message, "UNAUTHORIZED"));
    };
    let Some(wanted) = wanted(&parts.headers) else {
        let message = "Missing x-hookdeck-source-id or x-hookdeck-source-name header";
        return Err(refusal(
            StatusCode::BAD_REQUEST,
            message,
            "MISSING_PARAMETER",
        ));
    };
    let found = project
        .read(move |conn| {
            let (column, value) = match &wanted {
                PublishTarget::Id(id) => ("id", id),
                PublishTarget::Name(name) => ("name", name),
            };
            // Names of deleted sources may be in use again.
            let sql = format!("SELECT id FROM sources WHERE {column} = ?1 AND deleted_at IS NULL");
            let id = conn
                .prepare_cached(&sql)?
                .query_row([value], |row| row.get::<_, String>(0))
                .optional()?;
            Ok::<_, StoreError>(id)
        })
        .await
        .map_err(|error| failed(error.into()))?;
    let Some(source_id) = found else {
        let message = "No source has that id or name";
        return Err(refusal(StatusCode::NOT_FOUND, message, "NOT_FOUND"));
    };
    // Said to the gateway, not to the destination: above all the key.
    for name in [AUTHORIZATION, SOURCE_ID, SOURCE_NAME] {
        parts.headers.remove(name);
    }
    Ok(sources::take_in(&project, source_id, "", &parts, body, true).await)
}

fn wanted(headers: &HeaderMap) -> Option<PublishTarget> {
    let text = |name| {
        let value = headers.get(name)?.to_str().ok()?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    };
    text(SOURCE_ID)
        .map(PublishTarget::Id)
        .or_else(|| text(SOURCE_NAME).map(PublishTarget::Name))
}

fn refusal(status: StatusCode, message: &str, code: &str) -> Response {
    json_response(status, &json!({ "message": message, "code": code }))
}

fn failed(error: ApiError) -> Response {
    tracing::error!("a webhook could not be published: {error:?}");
    let message = "The request could not be stored; send it again.";
    refusal(StatusCode::SERVICE_UNAVAILABLE, message, "FATAL_ERROR")
}
