//! What the command-line client asks beside the contract: signing in, its sessions, the list of projects.
//!
//! | call | answers |
//! |---|---|
//! | `POST /cli-auth` | where to confirm a sign-in, and where to ask whether that was done |
//! | `GET /cli-auth/poll?key=` | the key, once the sign-in is confirmed |
//! | `GET /cli-auth/validate` | whose key it is |
//! | `POST /cli-auth/ci` | the key for a client that has a project's key |
//! | `POST /cli/guest` | a sign-in without an account |
//! | `PUT /cli/:id` | the client under its new name |
//! | `POST /cli-sessions` | the id for a websocket |
//!
//! Nobody has an account here, so these are choices of ours: a gateway that only its own machine can
//! reach confirms every sign-in at once, for its first key, and a guest is signed in like everybody else.
//! One that others can reach hands out no keys: there a client needs `--cli-key` or `ci --api-key`. A client
//! keeps using the key it came with, so that it stays signed in when a gateway in memory starts anew. A key
//! for the whole organization is refused, as live. Which project a client has chosen, in `X-Project-ID`, is
//! passed over by these calls: the key decides.

mod identity;
mod sign_ins;

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use rusqlite::{OptionalExtension, params};
use serde_json::{Map, Value, json};

use super::credential::{Credential, credential};
use super::guard;
use super::input::{Input, read_input};
use super::quota::with_quota;
use super::reply::{json_response, refused, reply, text_response};
use super::tenants::{KeyRefusal, Tenants};
use super::version;
use crate::api::{ApiError, ApiResult, text};
use crate::project::Project;
use crate::sessions::{SessionRequest, SessionRequestError, record};
use identity::{UNNAMED, client_id, identity, is_organizations, note, user_id};

pub(super) use identity::client_of;

pub(super) use sign_ins::SignIns;

/// Where a call leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ClientRoute {
    SignIn,
    Guest,
    Poll,
    Page,
    Validate,
    Ci,
    Rename(String),
    Session,
}

/// Whether a call is one of these.
pub(super) fn route(method: &str, path: &str) -> Option<ClientRoute> {
    Some(match (method, path) {
        ("POST", "/cli-auth") => ClientRoute::SignIn,
        ("POST", "/cli/guest") => ClientRoute::Guest,
        ("GET", "/cli-auth/poll") => ClientRoute::Poll,
        ("GET", "/cli-auth/confirmed") => ClientRoute::Page,
        ("GET", "/cli-auth/validate") => ClientRoute::Validate,
        ("POST", "/cli-auth/ci") => ClientRoute::Ci,
        ("POST", "/cli-sessions") => ClientRoute::Session,
        ("PUT", _) => {
            let id = path.strip_prefix("/cli/")?;
            (!id.is_empty() && !id.contains('/')).then(|| ClientRoute::Rename(id.to_owned()))?
        }
        _ => return None,
    })
}

/// Answers a call.
pub(super) async fn serve(
    tenants: &Tenants,
    route: &ClientRoute,
    version: &str,
    request: Request,
) -> Response {
    let raw_query = request.uri().query().unwrap_or_default().to_owned();
    let (parts, body) = request.into_parts();
    let anonymous = match route {
        ClientRoute::SignIn | ClientRoute::Poll | ClientRoute::Page => true,
        // A guest that has a key already asks for a new link.
        ClientRoute::Guest => credential(&parts.headers) == Credential::Missing,
        _ => false,
    };
    let admitted = if anonymous {
        let admitted = tenants.admit_anonymous();
        admitted
            .map(|standing| (None, standing))
            .map_err(|refused| *refused)
    } else {
        let admitted = tenants.admit(&parts.headers).await;
        admitted.map(|admitted| (Some(admitted.project), admitted.standing))
    };
    let (project, standing) = match admitted {
        Ok(admitted) => admitted,
        Err(refused) => return refused,
    };
    let response = match read_input(&raw_query, body).await {
        Err(error) => refused(error),
        Ok(Input { query, body, .. }) => {
            let call = ClientCall {
                version,
                headers: &parts.headers,
                query,
                body,
            };
            match (route, project) {
                (ClientRoute::Poll, _) => call.poll(tenants).await,
                (ClientRoute::Page, _) => page(),
                (ClientRoute::SignIn, _) | (ClientRoute::Guest, None) => call.begin(tenants, route),
                (_, None) => return tenants.unauthorized(&KeyRefusal::Missing),
                (route, Some(project)) => match call.of_a_project(&project, route).await {
                    Some(answered) => reply(answered),
                    None => return tenants.unauthorized(&KeyRefusal::Bad),
                },
            }
        }
    };
    with_quota(response, standing)
}

/// Nothing is left to do in a browser.
fn page() -> Response {
    text_response(
        StatusCode::OK,
        "This gateway confirms every sign-in by itself. You can close this page.\n",
    )
}

/// One call. It has no `Debug`: it carries keys.
struct ClientCall<'a> {
    version: &'a str,
    headers: &'a HeaderMap,
    query: Value,
    body: Value,
}

impl ClientCall<'_> {
    fn key(&self) -> Option<String> {
        match credential(self.headers) {
            Credential::Key(key) => Some(key),
            Credential::Missing | Credential::Unreadable => None,
        }
    }

    /// Answers a call with a key; nothing when the key is for the whole organization, for clients are of one
    /// project.
    async fn of_a_project(&self, project: &Project, route: &ClientRoute) -> Option<ApiResult> {
        match is_organizations(project, self.key().unwrap_or_default()).await {
            Ok(false) => {}
            Ok(true) => return None,
            Err(error) => return Some(Err(error)),
        }
        Some(match route {
            ClientRoute::Validate => self.validate(project).await,
            ClientRoute::Ci => self.ci(project).await,
            ClientRoute::Rename(id) => self.rename(project, id).await,
            ClientRoute::Session => self.session(project).await,
            ClientRoute::SignIn | ClientRoute::Poll | ClientRoute::Page | ClientRoute::Guest => {
                self.link(project)
            }
        })
    }

    /// Begins a sign-in, of a guest or of somebody with an account.
    fn begin(&self, tenants: &Tenants, route: &ClientRoute) -> Response {
        // A page of another host must not be able to talk the gateway out of its key.
        let begun = Some(tenants.sign_ins())
            .filter(|_| guard::is_local(self.headers))
            .and_then(SignIns::begin);
        let Some((project, token)) = begun else {
            let message = "This gateway can be reached by others and hands out no keys; \
                           sign in with --cli-key or with ci --api-key";
            let body = json!({ "code": "FORBIDDEN", "status": 403, "message": message });
            return json_response(StatusCode::FORBIDDEN, &body);
        };
        let base = project.settings().site_url();
        let page = format!("{base}/cli-auth/confirmed");
        let mut begun = json!({
            "browser_url": page,
            "poll_url": format!("{base}/{}/cli-auth/poll?key={token}", self.version),
        });
        if *route == ClientRoute::Guest {
            begun["id"] = Value::from(user_id(project));
            begun["key"] = Value::from(token);
            begun["link"] = Value::from(page);
        }
        json_response(StatusCode::OK, &begun)
    }

    /// Tells the key of a confirmed sign-in, or says about a key that it is good: who signs in without a
    /// browser asks for the latter.
    async fn poll(&self, tenants: &Tenants) -> Response {
        match self.asked_for(tenants).await {
            Ok(Some((key, project))) => reply(self.claimed(&project, key, None).await),
            Ok(None) => text_response(StatusCode::UNAUTHORIZED, "Unauthorized"),
            Err(error) => refused(error),
        }
    }

    /// The key a poll is about.
    async fn asked_for(
        &self,
        tenants: &Tenants,
    ) -> Result<Option<(String, Arc<Project>)>, ApiError> {
        let asked = text(&self.query, "key").unwrap_or_default();
        let signed_in = tenants.sign_ins().confirmed(asked);
        if let Some(signed_in) = signed_in.filter(|_| guard::is_local(self.headers)) {
            return Ok(Some(signed_in.clone()));
        }
        let key = asked.to_owned();
        let Some(project) = tenants.project_with(key.clone()).await? else {
            return Ok(None);
        };
        let organizations = is_organizations(&project, key.clone()).await?;
        Ok((!organizations).then_some((key, project)))
    }

    async fn ci(&self, project: &Project) -> ApiResult {
        let device_name = self.device_name()?;
        let key = self.key().unwrap_or_default();
        self.claimed(project, key, Some(device_name)).await
    }

    /// Who is signed in, with the key. A client that names its device is noted.
    async fn claimed(&self, project: &Project, key: String, device: Option<String>) -> ApiResult {
        let (mut reply, client_id) = self.signed_in(project, device).await?;
        reply.insert("claimed".into(), true.into());
        reply.insert("key".into(), key.into());
        reply.insert("client_id".into(), client_id.into());
        Ok(Value::from(reply))
    }

    async fn validate(&self, project: &Project) -> ApiResult {
        let (mut reply, client_id) = self.signed_in(project, None).await?;
        reply.insert("client_id".into(), client_id.into());
        Ok(Value::from(reply))
    }

    async fn signed_in(
        &self,
        project: &Project,
        device: Option<String>,
    ) -> Result<(Map<String, Value>, Option<String>), ApiError> {
        let user_id = user_id(project);
        let (team_id, clock) = (project.team_id.clone(), project.clock().clone());
        let newest = self.version == version::NEWEST;
        let key = self.key().unwrap_or_default();
        project
            .change(move |tx| {
                if let Some(device) = device {
                    let id = client_id(&team_id, &key, &device);
                    note(tx, clock.now(), &id, &device)?;
                }
                let client_id = tx
                    .prepare_cached(
                        "SELECT id FROM cli_clients ORDER BY updated_at DESC, rowid DESC LIMIT 1",
                    )?
                    .query_row([], |row| row.get(0))
                    .optional()?;
                Ok((identity(tx, &user_id, &team_id, newest)?, client_id))
            })
            .await
    }

    fn device_name(&self) -> Result<String, ApiError> {
        match &self.body["device_name"] {
            Value::Null => Ok(UNNAMED.to_owned()),
            Value::String(name) => Ok(name.clone()),
            _ => Err(ApiError::invalid("device_name must be a string")),
        }
    }

    /// A guest's link to sign up by.
    fn link(&self, project: &Project) -> ApiResult {
        let day = std::time::Duration::from_secs(24 * 60 * 60);
        Ok(json!({
            "id": user_id(project),
            "link": format!("{}/cli-auth/confirmed", project.settings().site_url()),
            "expires_at": project.clock().now().plus(day).to_millis_string(),
        }))
    }

    async fn rename(&self, project: &Project, id: &str) -> ApiResult {
        let device_name = match &self.body["device_name"] {
            Value::Null => return Err(ApiError::invalid("device_name is required")),
            _ => self.device_name()?,
        };
        let (id, clock) = (id.to_owned(), project.clock().clone());
        project
            .change(move |tx| {
                let renamed = tx
                    .prepare_cached(
                        "UPDATE cli_clients SET device_name = ?2, updated_at = ?3 WHERE id = ?1",
                    )?
                    .execute(params![id, device_name, clock.now()])?;
                if renamed == 0 {
                    return Err(ApiError::not_found(id));
                }
                Ok(json!({ "id": id, "device_name": device_name }))
            })
            .await
    }

    async fn session(&self, project: &Project) -> ApiResult {
        let wanted = SessionRequest::from_body(&self.body)
            .map_err(|SessionRequestError(wrong)| ApiError::Validation(wrong))?;
        let (id, clock) = (project.ids().cli_session(), project.clock().clone());
        let key = self.key().unwrap_or_default();
        let client_id = client_of(&project.team_id, &key, self.headers);
        project
            .change(move |tx| {
                let known = record::known(tx, wanted.webhook_ids.clone())?;
                let unknown = wanted.webhook_ids.iter().find(|id| !known.contains(id));
                if let Some(unknown) = unknown {
                    return Err(ApiError::not_found(unknown));
                }
                record::create(tx, clock.now(), &id, &client_id, &wanted)?;
                Ok(json!({ "id": id }))
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_these_calls_are_taken() {
        assert_eq!(route("POST", "/cli-auth"), Some(ClientRoute::SignIn));
        assert_eq!(
            route("PUT", "/cli/cli_1"),
            Some(ClientRoute::Rename("cli_1".into()))
        );
        for (method, path) in [
            ("GET", "/cli-auth"),
            ("PUT", "/cli/"),
            ("PUT", "/cli/cli_1/x"),
            ("PUT", "/sources"),
            ("GET", "/cli-sessions"),
            ("GET", "/teams"),
        ] {
            assert_eq!(route(method, path), None, "{method} {path}");
        }
    }
}
