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
//! passed over: the key decides.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Map, Value, json};

use super::auth::{Credential, credential};
use super::call::{Reply, text};
use super::error::{ApiError, json_response, text_response};
use super::serve::{ApiState, Refusal, answer, read_input, with_quota};
use super::{api_keys, organizations, projects, version};
use crate::control::guard;
use crate::ids::derived;
use crate::project::Project;
use crate::sessions::{Refused, SessionRequest, record};
use crate::store::StoreError;

/// Sign-ins that may be open at once; the oldest is forgotten for a new one.
const OPEN: usize = 64;

/// Where a call leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
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
pub(super) fn route(method: &str, path: &str) -> Option<Route> {
    Some(match (method, path) {
        ("POST", "/cli-auth") => Route::SignIn,
        ("POST", "/cli/guest") => Route::Guest,
        ("GET", "/cli-auth/poll") => Route::Poll,
        ("GET", "/cli-auth/confirmed") => Route::Page,
        ("GET", "/cli-auth/validate") => Route::Validate,
        ("POST", "/cli-auth/ci") => Route::Ci,
        ("POST", "/cli-sessions") => Route::Session,
        ("PUT", _) => {
            let id = path.strip_prefix("/cli/")?;
            (!id.is_empty() && !id.contains('/')).then(|| Route::Rename(id.to_owned()))?
        }
        _ => return None,
    })
}

/// Sign-ins that have begun, and the key they lead to.
#[derive(Default)]
pub(super) struct SignIns {
    /// The first key with its project, on a gateway that only its own machine can reach.
    offered: Option<(String, Arc<Project>)>,
    open: Mutex<VecDeque<String>>,
}

impl SignIns {
    /// Makes this the key that sign-ins lead to, if it is the first one and may be handed out.
    pub(super) fn offer(&mut self, key: &str, project: &Arc<Project>) {
        if self.offered.is_none() && project.settings.loopback {
            self.offered = Some((key.to_owned(), Arc::clone(project)));
        }
    }

    /// Begins one, and answers the project it leads to and the secret to ask for it by.
    fn begin(&self) -> Option<(&Arc<Project>, String)> {
        let (_, project) = self.offered.as_ref()?;
        let token = api_keys::new_secret();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.truncate(OPEN - 1);
        open.push_front(token.clone());
        Some((project, token))
    }

    /// What a sign-in leads to.
    fn confirmed(&self, token: &str) -> Option<&(String, Arc<Project>)> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        self.offered
            .as_ref()
            .filter(|_| open.iter().any(|known| known == token))
    }
}

/// Answers a call.
pub(super) async fn serve(
    state: &ApiState,
    route: &Route,
    version: &str,
    request: Request,
) -> Response {
    let raw_query = request.uri().query().unwrap_or_default().to_owned();
    let (parts, body) = request.into_parts();
    let anonymous = match route {
        Route::SignIn | Route::Poll | Route::Page => true,
        // A guest that has a key already asks for a new link.
        Route::Guest => credential(&parts.headers) == Credential::Missing,
        _ => false,
    };
    let admitted = if anonymous {
        let admitted = state.admit_anonymous();
        admitted
            .map(|standing| (None, standing))
            .map_err(|refused| *refused)
    } else {
        let admitted = state.admit(&parts.headers).await;
        admitted.map(|(project, standing)| (Some(project), standing))
    };
    let (project, standing) = match admitted {
        Ok(admitted) => admitted,
        Err(refused) => return refused,
    };
    let response = match read_input(&raw_query, body).await {
        Err(error) => error.into_response(),
        Ok((query, body)) => {
            let call = ClientCall {
                version,
                headers: &parts.headers,
                query,
                body,
            };
            match (route, project) {
                (Route::Poll, _) => return call.poll(state).await,
                (Route::Page, _) => page(),
                (Route::SignIn, _) | (Route::Guest, None) => call.begin(state, route),
                (_, Some(project)) if call.is_organizations(&project).await => {
                    return state.unauthorized(&Refusal::BadKey);
                }
                (Route::Validate, Some(project)) => answer(call.validate(&project).await),
                (Route::Ci, Some(project)) => answer(call.ci(&project).await),
                (Route::Guest, Some(project)) => answer(call.link(&project)),
                (Route::Rename(id), Some(project)) => answer(call.rename(&project, id).await),
                (Route::Session, Some(project)) => answer(call.session(&project).await),
                (_, None) => return state.unauthorized(&Refusal::NoKey),
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

    /// Whether the key is for the whole organization; clients are of one project.
    async fn is_organizations(&self, project: &Project) -> bool {
        let Some(key) = self.key() else { return false };
        let looked = project
            .store
            .read(move |conn| api_keys::is_organizations(conn, &key));
        looked.await.unwrap_or_else(|error| {
            tracing::error!("a key could not be looked up: {error:?}");
            // What is not known to be allowed is not.
            true
        })
    }

    /// Begins a sign-in, of a guest or of somebody with an account.
    fn begin(&self, state: &ApiState, route: &Route) -> Response {
        // A page of another host must not be able to talk the gateway out of its key.
        let begun = Some(state.sign_ins())
            .filter(|_| guard::is_local(self.headers))
            .and_then(SignIns::begin);
        let Some((project, token)) = begun else {
            let message = "This gateway can be reached by others and hands out no keys; \
                           sign in with --cli-key or with ci --api-key";
            let body = json!({ "code": "FORBIDDEN", "status": 403, "message": message });
            return json_response(StatusCode::FORBIDDEN, &body);
        };
        let base = &project.settings.base_url;
        let page = format!("{base}/cli-auth/confirmed");
        let mut reply = json!({
            "browser_url": page,
            "poll_url": format!("{base}/{}/cli-auth/poll?key={token}", self.version),
        });
        if *route == Route::Guest {
            reply["id"] = Value::from(user_id(project));
            reply["key"] = Value::from(token);
            reply["link"] = Value::from(page);
        }
        json_response(StatusCode::OK, &reply)
    }

    /// Tells the key of a confirmed sign-in, or says about a key that it is good: who signs in without a
    /// browser asks for the latter.
    async fn poll(&self, state: &ApiState) -> Response {
        let asked = text(&self.query, "key").unwrap_or_default().to_owned();
        let signed_in = state.sign_ins().confirmed(&asked);
        let (key, project) = match signed_in.filter(|_| guard::is_local(self.headers)) {
            Some((key, project)) => (key.clone(), Arc::clone(project)),
            None => match state.project_with(asked.clone()).await {
                Ok(Some(project)) => (asked, project),
                Ok(None) => return state.unauthorized(&Refusal::BadKey),
                Err(error) => return error.into_response(),
            },
        };
        let organizations = {
            let key = key.clone();
            let looked = project
                .store
                .read(move |conn| api_keys::is_organizations(conn, &key));
            looked.await
        };
        match organizations {
            Ok(false) => answer(self.claimed(&project, key, None).await),
            Ok(true) => state.unauthorized(&Refusal::BadKey),
            Err(error) => error.into_response(),
        }
    }

    async fn ci(&self, project: &Project) -> Reply {
        let device_name = self.device_name()?;
        let key = self.key().unwrap_or_default();
        self.claimed(project, key, Some(device_name)).await
    }

    /// Who is signed in, with the key. A client that names its device is noted.
    async fn claimed(&self, project: &Project, key: String, device: Option<String>) -> Reply {
        let (mut reply, client_id) = self.signed_in(project, device).await?;
        reply.insert("claimed".into(), true.into());
        reply.insert("key".into(), key.into());
        reply.insert("client_id".into(), client_id.into());
        Ok(Value::from(reply))
    }

    async fn validate(&self, project: &Project) -> Reply {
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
        let (team_id, clock) = (project.team_id.clone(), project.clock.clone());
        let newest = self.version == version::NEWEST;
        project
            .store
            .write(move |tx| {
                if let Some(device) = device {
                    note(tx, clock.now().as_i64(), &team_id, &device)?;
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
            Value::Null => Ok("unnamed".to_owned()),
            Value::String(name) => Ok(name.clone()),
            _ => Err(ApiError::invalid("device_name must be a string")),
        }
    }

    /// A guest's link to sign up by.
    fn link(&self, project: &Project) -> Reply {
        let day = std::time::Duration::from_secs(24 * 60 * 60);
        Ok(json!({
            "id": user_id(project),
            "link": format!("{}/cli-auth/confirmed", project.settings.base_url),
            "expires_at": project.clock.now().plus(day).to_millis_string(),
        }))
    }

    async fn rename(&self, project: &Project, id: &str) -> Reply {
        let device_name = match &self.body["device_name"] {
            Value::Null => return Err(ApiError::invalid("device_name is required")),
            _ => self.device_name()?,
        };
        let (id, clock) = (id.to_owned(), project.clock.clone());
        project
            .store
            .write(move |tx| {
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

    async fn session(&self, project: &Project) -> Reply {
        let wanted = SessionRequest::from_body(&self.body)
            .map_err(|Refused(wrong)| ApiError::Validation(wrong))?;
        let (id, clock) = (project.ids.cli_session(), project.clock.clone());
        project
            .store
            .write(move |tx| {
                let known = record::known(tx, wanted.webhook_ids.clone())?;
                let unknown = wanted.webhook_ids.iter().find(|id| !known.contains(id));
                if let Some(unknown) = unknown {
                    return Err(ApiError::not_found(unknown));
                }
                record::create(tx, clock.now(), &id, &wanted)?;
                Ok(json!({ "id": id }))
            })
            .await
    }
}

/// The one user of a project.
fn user_id(project: &Project) -> String {
    derived("usr_", 18, &project.team_id)
}

/// Notes a device; the same name is the same client.
fn note(conn: &Connection, now: i64, team_id: &str, device: &str) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO cli_clients (id, device_name, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)
         ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at",
    )?
    .execute(params![
        derived("cli_", 18, &format!("{team_id} {device}")),
        device,
        now
    ])?;
    Ok(())
}

/// Whose key it is. Versions name the kind of the project in two ways.
fn identity(
    conn: &Connection,
    user_id: &str,
    team_id: &str,
    newest: bool,
) -> Result<Map<String, Value>, ApiError> {
    let (name, kind): (String, String) = conn
        .prepare_cached("SELECT name, type FROM projects WHERE id = ?1")?
        .query_row([team_id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut identity = json!({
        "user_id": user_id,
        "user_name": "Local",
        "user_email": "local@localhost",
        "user_is_guest": false,
        "organization_id": organizations::id(conn)?,
        "organization_name": organizations::name(conn)?,
        "team_id": team_id,
        "team_name": name,
        "team_name_no_org": name,
    });
    if newest {
        identity["team_type"] = Value::from(kind);
    } else {
        identity["team_mode"] = Value::from(projects::mode(&kind));
    }
    match identity {
        Value::Object(identity) => Ok(identity),
        _ => Ok(Map::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_these_calls_are_taken() {
        assert_eq!(route("POST", "/cli-auth"), Some(Route::SignIn));
        assert_eq!(
            route("PUT", "/cli/cli_1"),
            Some(Route::Rename("cli_1".into()))
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

    #[test]
    fn old_sign_ins_make_room_for_new_ones() {
        let sign_ins = SignIns::default();
        assert!(sign_ins.begin().is_none(), "no key may be handed out");
        let mut open = sign_ins.open.lock().unwrap();
        open.extend((0..OPEN).map(|n| n.to_string()));
        drop(open);
        assert!(sign_ins.confirmed("3").is_none());
    }
}
