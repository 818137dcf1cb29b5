//! Whose call it is: the project behind a key, and what is left of the key's quota.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::response::Response;
use http::{HeaderMap, StatusCode};

use super::command_line::SignIns;
use super::credential::{Credential, credential};
use super::quota::{CallLimit, Quota, QuotaStatus, with_quota};
use super::reply::{json_response, refused, text_response};
use crate::api::{ApiError, Scopes, api_keys, projects};
use crate::clock::Clock;
use crate::project::Project;

/// Calls without a valid key share one bucket of this size.
const ANONYMOUS: CallLimit = CallLimit {
    calls: 100,
    window: Duration::from_secs(60),
};

/// The projects behind their keys, with what is left of the quota of each.
#[derive(Clone)]
pub(crate) struct Tenants {
    inner: Arc<TenantsInner>,
}

struct TenantsInner {
    by_key: HashMap<String, Tenant>,
    /// The quotas of keys that were created over the API, by the id of the key.
    created: Mutex<HashMap<String, Arc<Quota>>>,
    limit: Option<CallLimit>,
    anonymous: Quota,
    sign_ins: SignIns,
    clock: Clock,
}

/// A project and what its key has used of its quota.
#[derive(Clone)]
struct Tenant {
    project: Arc<Project>,
    quota: Arc<Quota>,
    scopes: Scopes,
    /// Whether the key is for all projects of the organization.
    is_organizations: bool,
}

/// Headers that name a project.
const PROJECT: [&str; 3] = ["x-hookdeck-team-id", "x-team-id", "x-project-id"];

/// A call that is let in.
pub(super) struct Admitted {
    pub(super) project: Arc<Project>,
    /// What is left of the key's quota.
    pub(super) standing: Option<QuotaStatus>,
    /// What the key may do.
    pub(super) scopes: Scopes,
    is_organizations: bool,
}

impl Tenants {
    /// `projects`, each under its API key. `limit` holds for every key on its own;
    /// without one nothing is counted and no quota headers are sent. Calls without a valid key
    /// go by the first project's clock.
    pub(crate) fn new(
        projects: impl IntoIterator<Item = (String, Arc<Project>)>,
        limit: Option<CallLimit>,
    ) -> Self {
        let mut clock = None;
        let mut sign_ins = SignIns::default();
        let by_key = projects
            .into_iter()
            .map(|(key, project)| {
                clock.get_or_insert_with(|| project.clock().clone());
                sign_ins.offer(&key, &project);
                let quota = Arc::new(Quota::new(limit));
                let tenant = Tenant {
                    project,
                    quota,
                    scopes: Scopes::default(),
                    is_organizations: false,
                };
                (key, tenant)
            })
            .collect();
        Self {
            inner: Arc::new(TenantsInner {
                by_key,
                created: Mutex::default(),
                limit,
                anonymous: Quota::new(limit.map(|_| ANONYMOUS)),
                sign_ins,
                clock: clock.unwrap_or_else(Clock::system),
            }),
        }
    }

    /// The project of the key in `headers`; without a key, the only one there is.
    pub(crate) fn project_of(&self, headers: &HeaderMap) -> Option<Arc<Project>> {
        let mut tenants = self.inner.by_key.values();
        let tenant = match credential(headers) {
            Credential::Key(key) => self.inner.by_key.get(&key),
            Credential::Unreadable => None,
            Credential::Missing => tenants.next().filter(|_| tenants.next().is_none()),
        };
        tenant.map(|tenant| Arc::clone(&tenant.project))
    }

    /// The project whose key this is.
    pub(crate) async fn project_with(&self, key: String) -> Result<Option<Arc<Project>>, ApiError> {
        let tenant = self.tenant_of(key).await?;
        Ok(tenant.map(|tenant| tenant.project))
    }

    /// Whose key this is: one the gateway was started with, or one that was created over the API and
    /// is still good.
    async fn tenant_of(&self, key: String) -> Result<Option<Tenant>, ApiError> {
        if let Some(tenant) = self.inner.by_key.get(&key) {
            return Ok(Some(tenant.clone()));
        }
        let key = Arc::new(key);
        for project in self.projects() {
            let (key, team_id) = (Arc::clone(&key), project.team_id.clone());
            let now = project.clock().now();
            let found = project
                .read(move |conn| api_keys::find(conn, &key, &team_id, now))
                .await?;
            if let Some(found) = found {
                let mut created = self
                    .inner
                    .created
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                let quota = created
                    .entry(found.id)
                    .or_insert_with(|| Arc::new(Quota::new(self.inner.limit)));
                return Ok(Some(Tenant {
                    project: Arc::clone(project),
                    quota: Arc::clone(quota),
                    scopes: found.scopes,
                    is_organizations: found.is_organizations,
                }));
            }
        }
        Ok(None)
    }

    /// Every project.
    pub(crate) fn projects(&self) -> impl Iterator<Item = &Arc<Project>> {
        self.inner.by_key.values().map(|tenant| &tenant.project)
    }

    /// Gives the key of `project` its whole quota back.
    pub(crate) fn reset_quota(&self, project: &Arc<Project>) {
        let tenants = self.inner.by_key.values();
        for tenant in tenants.filter(|tenant| Arc::ptr_eq(&tenant.project, project)) {
            tenant.quota.reset();
        }
    }
}

/// Why a key is refused.
pub(super) enum KeyRefusal {
    Missing,
    Bad,
}

impl Tenants {
    /// The project of the key a call came with, and what is left of the key's quota.
    ///
    /// # Errors
    /// The answer to a call without a good key, or beyond the quota.
    pub(super) async fn admit(&self, headers: &HeaderMap) -> Result<Admitted, Response> {
        let tenant = match credential(headers) {
            Credential::Key(key) => self.tenant_of(key).await,
            Credential::Unreadable => Ok(None),
            Credential::Missing => return Err(self.unauthorized(&KeyRefusal::Missing)),
        };
        let tenant = match tenant {
            Ok(Some(tenant)) => tenant,
            Ok(None) => return Err(self.unauthorized(&KeyRefusal::Bad)),
            Err(error) => return Err(refused(error)),
        };
        let standing = tenant.quota.take(tenant.project.clock().now());
        if standing.is_some_and(|standing| !standing.allowed) {
            return Err(with_quota(too_many(), standing));
        }
        Ok(Admitted {
            project: tenant.project,
            standing,
            scopes: tenant.scopes,
            is_organizations: tenant.is_organizations,
        })
    }

    /// Refuses a call whose headers name another project than the key's.
    ///
    /// # Errors
    /// The answer: the key is not good there, or there is no such project.
    pub(super) async fn check_project(
        &self,
        headers: &HeaderMap,
        admitted: &Admitted,
    ) -> Result<(), Response> {
        let named = PROJECT.iter().filter_map(|name| headers.get(*name));
        for value in named.filter(|value| !value.is_empty()) {
            let id = String::from_utf8_lossy(value.as_bytes()).into_owned();
            if id == admitted.project.team_id {
                continue;
            }
            return Err(match self.owner_of(&id).await {
                Ok(None) => refused(ApiError::TeamNotFound { id }),
                Ok(Some(owner))
                    if admitted.is_organizations && Arc::ptr_eq(&owner, &admitted.project) =>
                {
                    let operation = "calls of a project by a key that was made in another".into();
                    refused(ApiError::NotImplemented { operation })
                }
                Ok(Some(_)) => text_response(StatusCode::UNAUTHORIZED, "Unauthorized"),
                Err(error) => refused(error),
            });
        }
        Ok(())
    }

    /// The project in whose organization there is one of this id.
    async fn owner_of(&self, id: &str) -> Result<Option<Arc<Project>>, ApiError> {
        for project in self.projects() {
            let id = id.to_owned();
            if project
                .read(move |conn| projects::exists(conn, &id))
                .await?
            {
                return Ok(Some(Arc::clone(project)));
            }
        }
        Ok(None)
    }

    /// What is left to all calls without a key together.
    ///
    /// # Errors
    /// The answer to a call beyond that.
    pub(super) fn admit_anonymous(&self) -> Result<Option<QuotaStatus>, Box<Response>> {
        let standing = self.inner.anonymous.take(self.inner.clock.now());
        if standing.is_some_and(|standing| !standing.allowed) {
            return Err(Box::new(with_quota(too_many(), standing)));
        }
        Ok(standing)
    }

    /// Sign-ins that have begun, and the key they lead to.
    pub(super) fn sign_ins(&self) -> &SignIns {
        &self.inner.sign_ins
    }

    pub(super) fn unauthorized(&self, refusal: &KeyRefusal) -> Response {
        let standing = match self.admit_anonymous() {
            Ok(standing) => standing,
            Err(refused) => return *refused,
        };
        let response = match refusal {
            KeyRefusal::Missing => json_response(
                StatusCode::UNAUTHORIZED,
                &serde_json::json!({
                    "message": "No API key was provided through Basic Auth or Bearer Token",
                    "code": "UNAUTHORIZED",
                }),
            ),
            KeyRefusal::Bad => text_response(StatusCode::UNAUTHORIZED, "Unauthorized"),
        };
        with_quota(response, standing)
    }
}

fn too_many() -> Response {
    text_response(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests")
}
