//! 2024-03-01: what was archived is disabled.
//!
//! Fields, filters and endpoints of connections, sources and destinations were renamed
//! (`archived_at` to `disabled_at`, `/archive` to `/disable`, `/unarchive` to `/enable`), and with them the
//! causes: a request was rejected with `SOURCE_ARCHIVED`, an event ignored as `ARCHIVED`. Requests to a
//! source without a connection had the cause `NO_WEBHOOK`. Types of verification were written in small
//! letters, three of them with `user` in place of `username`, and a source without one had no such member;
//! custom domains were found under the id of their team. Signatures of AWS and concurrency as a period came
//! later.

use super::places::{concerns, each, each_input, is_about};
use super::translation::{Change, Request, base};
use super::tree::{Object, Tree};
use crate::operation::{Operation, Resource};

pub(super) const CHANGE: Change = Change {
    since: "2024-03-01",
    concerns: is_concerned,
    downgrade,
    upgrade,
    downgrade_reply,
    upgrade_reply,
    upgrade_path,
    names: |_| &[("disabled_at", "archived_at")],
    sentences: |_, _| &[],
};

/// The kinds that can be disabled.
const DISABLED: [Resource; 3] = [
    Resource::Connection,
    Resource::Source,
    Resource::Destination,
];

fn is_concerned(operation: &Operation) -> bool {
    DISABLED
        .into_iter()
        .chain([
            Resource::Request,
            Resource::IgnoredEvent,
            Resource::BulkOperation,
        ])
        .any(|resource| concerns(operation, resource))
        || is_domains(operation)
}

fn is_domains(operation: &Operation) -> bool {
    is_about(operation, &[Resource::CustomDomain])
}

/// Causes, new to old.
const CAUSES: [(&str, &str); 3] = [
    ("SOURCE_DISABLED", "SOURCE_ARCHIVED"),
    ("NO_CONNECTION", "NO_WEBHOOK"),
    ("DISABLED", "ARCHIVED"),
];

fn old_cause(text: &str) -> Option<&'static str> {
    CAUSES
        .iter()
        .find(|(new, _)| *new == text)
        .map(|(_, old)| *old)
}

fn new_cause(text: &str) -> Option<&'static str> {
    CAUSES
        .iter()
        .find(|(_, old)| *old == text)
        .map(|(new, _)| *new)
}

/// Endpoints, new to old.
const ENDPOINTS: [(&str, &str); 2] = [("disable", "archive"), ("enable", "unarchive")];

fn downgrade(operation: &Operation, request: &mut Request) -> Result<(), String> {
    if is_about(operation, &DISABLED) {
        request.rename("disabled", "archived");
        request.rename("disabled_at", "archived_at");
        for (new, old) in ENDPOINTS {
            if let Some(stem) = request.path.strip_suffix(&format!("/{new}")) {
                request.path = format!("{stem}/{old}");
            }
        }
    }
    if is_domains(operation)
        && let (Some(project), Some(rest)) = (
            &request.project,
            request.path.strip_prefix("/teams/current/"),
        )
    {
        request.path = format!("/teams/{project}/{rest}");
    }
    causes(request, old_cause);
    if let Some(body) = &mut request.body {
        each_input(operation, body, &mut |resource, object| match resource {
            Resource::Source => {
                old_verification(object);
                Ok(())
            }
            Resource::Destination => refuse_new_ways(object),
            _ => Ok(()),
        })?;
    }
    Ok(())
}

fn upgrade(operation: &Operation, request: &mut Request) {
    if is_about(operation, &DISABLED) {
        request.rename("archived", "disabled");
        request.rename("archived_at", "disabled_at");
    }
    causes(request, new_cause);
    if let Some(body) = &mut request.body {
        // Nothing here is ever refused.
        let _ = each_input(operation, body, &mut |resource, object| {
            if resource == Resource::Source {
                new_verification(object);
            }
            Ok(())
        });
    }
}

/// Causes among the conditions of a list or of a bulk job.
fn causes(request: &mut Request, map: fn(&str) -> Option<&'static str>) {
    for (name, value) in &mut request.query {
        let last = if base(name) == "query" {
            name["query".len()..]
                .trim_start_matches('[')
                .split(']')
                .next()
                .unwrap_or_default()
        } else {
            base(name)
        };
        if matches!(last, "rejection_cause" | "cause")
            && let Some(mapped) = map(value)
        {
            mapped.clone_into(value);
        }
    }
    let query = request
        .body
        .as_mut()
        .and_then(Tree::object)
        .and_then(|body| body.object("query"));
    if let Some(query) = query {
        conditions(query, map);
    }
}

fn conditions(query: &mut Object, map: fn(&str) -> Option<&'static str>) {
    for name in ["rejection_cause", "cause"] {
        query.map_text(name, map);
        for value in query.get(name).and_then(Tree::array).into_iter().flatten() {
            if let Some(mapped) = value.text().as_deref().and_then(map) {
                *value = Tree::of(mapped);
            }
        }
    }
}

/// Ways to deliver that came with this version.
fn refuse_new_ways(destination: &mut Object) -> Result<(), String> {
    if destination.text("rate_limit_period").as_deref() == Some("concurrent") {
        return Err("the period `concurrent` of a delivery rate came with 2024-03-01".into());
    }
    let method = destination
        .object("auth_method")
        .and_then(|method| method.text("type"));
    if method.as_deref() == Some("AWS_SIGNATURE") {
        return Err("`AWS_SIGNATURE` authentication came with 2024-03-01".into());
    }
    Ok(())
}

/// The types whose credentials were a `user` and a password.
const USERS: [&str; 3] = ["BASIC_AUTH", "POSTMARK", "PIPEDRIVE"];

fn old_verification(source: &mut Object) {
    let Some(verification) = source.object("verification") else {
        return;
    };
    let Some(kind) = verification.text("type") else {
        return;
    };
    if USERS.contains(&kind.as_str())
        && let Some(configs) = verification.object("configs")
    {
        configs.rename("username", "user");
    }
    verification.set("type", Tree::of(&kind.to_ascii_lowercase()));
}

fn new_verification(source: &mut Object) {
    let Some(verification) = source.object("verification") else {
        return;
    };
    let Some(kind) = verification.text("type") else {
        return;
    };
    let kind = kind.to_ascii_uppercase();
    if USERS.contains(&kind.as_str())
        && let Some(configs) = verification.object("configs")
    {
        configs.rename("user", "username");
    }
    verification.set("type", Tree::of(&kind));
}

fn downgrade_reply(operation: &Operation, reply: &mut Tree) {
    each(operation, reply, &mut |resource, object| {
        match resource {
            resource if DISABLED.contains(&resource) => object.rename("disabled_at", "archived_at"),
            Resource::Request => object.map_text("rejection_cause", old_cause),
            Resource::IgnoredEvent => object.map_text("cause", old_cause),
            Resource::BulkOperation => {
                if let Some(query) = object.object("query") {
                    conditions(query, old_cause);
                }
            }
            _ => {}
        }
        if resource == Resource::Source {
            old_verification(object);
            if !object.is_set("verification") {
                object.remove("verification");
            }
        }
    });
}

fn upgrade_reply(operation: &Operation, reply: &mut Tree) {
    each(operation, reply, &mut |resource, object| {
        match resource {
            resource if DISABLED.contains(&resource) => object.rename("archived_at", "disabled_at"),
            Resource::Request => object.map_text("rejection_cause", new_cause),
            Resource::IgnoredEvent => object.map_text("cause", new_cause),
            Resource::BulkOperation => {
                if let Some(query) = object.object("query") {
                    conditions(query, new_cause);
                }
            }
            _ => {}
        }
        if resource == Resource::Source {
            new_verification(object);
        }
    });
}

/// The endpoints of the old names still answer in the newest version; custom domains have moved twice.
fn upgrade_path(_method: &str, path: &str, _project: &str) -> Option<String> {
    let rest = path.strip_prefix("/teams/")?;
    let (team, rest) = rest.split_once('/')?;
    (team != "current" && rest.starts_with("custom_domains"))
        .then(|| format!("/projects/{team}/{rest}"))
}
