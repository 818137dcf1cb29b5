//! The REST API: what a call asks for, whose it is, and what it is answered.
//!
//! A call goes through version, route, key and quota, an armed fault, its input, and the handler of its
//! operation; its reply through the caller's version, the fault, its tag, the journal, and the quota's headers.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use hookdeck::version::Translation;
use http::{HeaderValue, Method, header};
use serde_json::Value;

use super::command_line;
use super::faulty::{CutConnection, close, in_place, spoil};
use super::input::{Input, read_input, read_older};
use super::older::OlderCall;
use super::quota::with_quota;
use super::reply::{is_known, refused, reply, unchanged, unknown_path};
use super::tenants::Tenants;
use super::version::{self, CURRENT};
use crate::api::{self, ApiCall, ApiError};
use crate::contract::{Contract, Operation};
use crate::faults::{Effect, FaultTarget, InjectedFault, Plane};
use crate::journal::{JournalEntry, Notes};
use crate::project::Project;

/// The routes of the API: every path that no other router takes.
pub(super) fn router(tenants: Tenants) -> Router {
    Router::new().fallback(serve).with_state(tenants)
}

async fn serve(State(tenants): State<Tenants>, request: Request) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    // As in the live API's framework, a HEAD is a GET whose body the server leaves out.
    let routed = if method == Method::HEAD {
        Method::GET
    } else {
        method.clone()
    };
    if let Some(document) = document(&routed, &path) {
        return document;
    }
    let Some(asked) = version::split(&path) else {
        return unknown_path(&method, &path);
    };
    if let Some(route) = command_line::route(routed.as_str(), asked.rest) {
        return command_line::serve(&tenants, &route, asked.version, request).await;
    }
    let newest = asked.newest_path(routed.as_str());
    let Some(route) = Contract::get().route(routed.as_str(), &newest) else {
        return unknown_path(&method, &path);
    };
    let admitted = match tenants.admit(request.headers()).await {
        Ok(admitted) => admitted,
        Err(refused) => return refused,
    };
    if let Err(refused) = tenants.check_project(request.headers(), &admitted).await {
        return with_quota(refused, admitted.standing);
    }
    let (project, standing) = (admitted.project, admitted.standing);
    if let Some(required) = admitted.scopes.missing(route.operation) {
        return with_quota(refused(ApiError::InsufficientScope { required }), standing);
    }
    let mut params = route.params;
    for (_, value) in &mut params {
        if value == CURRENT && asked.translation.is_some() {
            value.clone_from(&project.team_id);
        }
    }
    let known = request.headers().get(header::IF_NONE_MATCH);
    let call = RestCall {
        project,
        operation: route.operation,
        params,
        older: asked
            .translation
            .filter(|translation| translation.concerns(&route.operation.id)),
        raw_query: request.uri().query().unwrap_or_default().to_owned(),
        known: known.filter(|_| routed == Method::GET).cloned(),
        notes: Notes::default(),
    };
    with_quota(call.respond(request.into_body()).await, standing)
}

/// A call of an operation that has a key and quota. It has no `Debug`: queries may carry credentials.
struct RestCall {
    project: Arc<Project>,
    operation: &'static Operation,
    params: Vec<(&'static str, String)>,
    /// The way to the caller's version, if it is an older one that differs in this operation.
    older: Option<Translation>,
    raw_query: String,
    /// The tags of the replies the caller has.
    known: Option<HeaderValue>,
    /// What the journal is to say of it.
    notes: Notes,
}

impl RestCall {
    /// Answers the call, or lets the fault answer that is armed for it, and notes it in the journal.
    async fn respond(self, body: Body) -> Response {
        let cursor = cursor_of(&self.raw_query);
        let faults = self.project.faults();
        let injected = faults.inject(FaultTarget::Api {
            operation: &self.operation.id,
            goes_on: cursor.is_some(),
        });
        let response = match injected.as_ref().and_then(in_place) {
            Some(response) => response,
            None => {
                if let Some(injected) = &injected
                    && injected.effect == Effect::Stall
                    && !faults.lifted(injected.id).await
                {
                    return close();
                }
                let response = self.work(body).await;
                match (&injected, &self.known) {
                    (Some(injected), _) => spoil(injected, response, cursor.as_deref()).await,
                    (None, Some(known)) if is_known(&response, known) => unchanged(response),
                    (None, _) => response,
                }
            }
        };
        self.note(&response, injected.as_ref());
        response
    }

    /// Reads the input, runs the handler, and puts its reply into the caller's version.
    async fn work(&self, body: Body) -> Response {
        let operation = &self.operation.id;
        let input = match self.older {
            None => read_input(&self.raw_query, body).await,
            Some(older) => read_older(older, operation, &self.raw_query, body).await,
        };
        let input = match input {
            Ok(input) => input,
            Err(error) => return refused(error),
        };
        let older = self
            .older
            .map(|translation| OlderCall::new(translation, operation, &input.body));
        let answered = api::answer(self.call(input)).await;
        match older {
            None => reply(answered),
            Some(older) => older.reply(answered),
        }
    }

    fn call(&self, input: Input) -> ApiCall {
        let Input { query, body, text } = input;
        let id = self.params.iter().find(|(name, _)| *name == "id");
        ApiCall {
            project: Arc::clone(&self.project),
            older: self.older,
            operation: self.operation,
            id: id.map(|(_, id)| id.clone()).unwrap_or_default(),
            params: self.params.clone(),
            older_query: self.older.map_or(Value::Null, |_| query.clone()),
            query,
            body,
            text,
            notes: self.notes.clone(),
        }
    }

    /// Writes the call into the project's journal.
    fn note(&self, response: &Response, injected: Option<&InjectedFault>) {
        let is_sent = response.extensions().get::<CutConnection>().is_none();
        let mut entry = JournalEntry::new(Plane::Api, &self.operation.id, injected);
        entry.status = is_sent.then_some(response.status().as_u16());
        self.notes.write_into(&mut entry, |path| {
            let named = self
                .older
                .map(|older| older.downgrade_message(&self.operation.id, path));
            // Some places have no name there, only a sentence that is said of them.
            named
                .filter(|named| !named.contains(' '))
                .unwrap_or_else(|| path.to_owned())
        });
        let now = self.project.clock().now();
        self.project.journal().add(now, entry);
    }
}

/// The cursor a page was asked for by.
fn cursor_of(raw_query: &str) -> Option<String> {
    url::form_urlencoded::parse(raw_query.as_bytes())
        .find(|(name, _)| name == "next")
        .map(|(_, cursor)| cursor.into_owned())
}

/// `/<version>/openapi` and `/latest/openapi`: the contract itself, for everybody.
fn document(method: &Method, path: &str) -> Option<Response> {
    (method == Method::GET && version::is_document(path)).then(|| {
        (
            [(header::CONTENT_TYPE, "application/json; charset=utf-8")],
            hookdeck::contract::DOCUMENT,
        )
            .into_response()
    })
}
