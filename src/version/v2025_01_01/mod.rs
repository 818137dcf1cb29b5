//! 2025-01-01: sources and destinations have a `type` and a `config`.
//!
//! Before, a source had its `verification`, `allowed_http_methods` and `custom_response` beside its name, and
//! a destination its `url` or `cli_path`, its rate and its `auth_method`; which of the two it had said what
//! kind it was. How to get past it in both directions:
//!
//! - A source of type `WEBHOOK` is one whose verification, if it has one, is of the type its `auth_type`
//!   says; any other type is a verification of that type. `HTTP` had no equal.
//! - A destination of type `MOCK_API` is one with the address of the mock service, which answers alike, and a
//!   path behind it is lost.
//! - A type and a config in a request had no meaning and are passed over.
//! - A verification that does not fit any type is refused in one sentence, whatever is wrong with it.
//! - `BRIDGE`, the type of a provider, is `BRIDGE_XYZ` since.
//! - A null verification makes a source one of type `WEBHOOK`.
//! - Sort keys and conditions that are gone become the nearest there is (`queries`).
//!
//! What the documents since then add without breaking anybody is taken care of here as well, as far as a
//! strict reader of the older documents would trip over it: properties they do not know are left out,
//! statuses and error codes they do not know become the nearest they do, and rows of kinds they do not know
//! are left out of lists. Rules are shown whatever their type, for a client that writes back what it read
//! would otherwise delete them.

mod destination;
mod queries;
mod source;
mod strict;

use super::places::{answers_one, concerns, each, each_input, is_about, rules};
use super::translation::{Change, Request};
use super::tree::{Object, Tree};
use crate::operation::{Method, Operation, Resource, ops};

pub(super) const CHANGE: Change = Change {
    since: "2025-01-01",
    concerns: is_concerned,
    downgrade,
    upgrade,
    downgrade_reply,
    upgrade_reply,
    upgrade_path: |_, _, _| None,
    names: |resource| match resource {
        Resource::Source => &source::NAMES,
        Resource::Destination => &destination::NAMES,
        _ => &[],
    },
    sentences: |operation, resource| match resource {
        Resource::Source if operation.has_body => &source::UNFIT,
        Resource::Source => &source::INCLUDES,
        _ => &[],
    },
};

fn is_concerned(operation: &Operation) -> bool {
    [
        Resource::Source,
        Resource::Destination,
        Resource::Connection,
        Resource::Event,
        Resource::Attempt,
        Resource::Request,
        Resource::IgnoredEvent,
        Resource::Issue,
        Resource::IssueTrigger,
        Resource::BulkOperation,
        Resource::Transformation,
        Resource::TransformationExecution,
        Resource::Integration,
        Resource::Bookmark,
    ]
    .into_iter()
    .any(|resource| concerns(operation, resource))
}

fn downgrade(operation: &Operation, request: &mut Request) -> Result<(), String> {
    match operation.resource {
        Some(Resource::Source) => {
            for (name, value) in &mut request.query {
                if name == "include" && value == "config.auth" {
                    "verification.configs".clone_into(value);
                }
            }
        }
        // Their credentials were always shown.
        Some(Resource::Destination) => request.query.retain(|(name, _)| name != "include"),
        Some(Resource::Event) if operation.id == ops::CANCEL_EVENT.id => {
            if let Some(stem) = request.path.strip_suffix("/cancel") {
                request.path = format!("{stem}/mute");
            }
        }
        Some(Resource::Integration) => {
            if let Some(body) = request.body.as_mut().and_then(Tree::object) {
                queries::downgrade_integration(body);
            }
        }
        _ => {}
    }
    let typed = is_about(operation, &[Resource::Source, Resource::Destination]);
    if typed && operation.paged && request.asks("type") {
        return Err("lists filter by `type` since 2025-01-01".into());
    }
    if let Some(body) = &mut request.body {
        each_input(operation, body, &mut |resource, object| match resource {
            Resource::Source => source::downgrade(object),
            Resource::Destination => destination::downgrade(object),
            Resource::Connection => refuse_new_rules(object),
            _ => Ok(()),
        })?;
    }
    Ok(())
}

fn refuse_new_rules(connection: &mut Object) -> Result<(), String> {
    for rule in rules(connection) {
        if rule.text("type").as_deref() == Some("deduplicate") {
            return Err("`rules` that deduplicate came with a later version".into());
        }
    }
    Ok(())
}

fn upgrade(operation: &Operation, request: &mut Request) {
    queries::upgrade(operation, request);
    if is_about(operation, &[Resource::Source]) {
        for (name, value) in &mut request.query {
            // The name that each has is none in the other.
            match (name.as_str(), value.as_str()) {
                ("include", "verification.configs") => "config.auth".clone_into(value),
                ("include", "config.auth") => "verification.configs".clone_into(value),
                _ => {}
            }
        }
    }
    // They were always shown, so they are asked for.
    let reads = operation.method == Method::Get;
    if reads && answers_one(operation, Resource::Destination) && !request.asks("include") {
        request
            .query
            .push(("include".to_owned(), "config.auth".to_owned()));
    }
    if operation.id == ops::TRIGGER_BOOKMARK.id {
        // It said which destinations to trigger; now all are.
        request.body = None;
    }
    if let Some(body) = &mut request.body {
        // Nothing here is ever refused.
        let _ = each_input(operation, body, &mut |resource, object| {
            match resource {
                Resource::Source => source::upgrade(object),
                Resource::Destination => destination::upgrade(object),
                _ => {}
            }
            Ok(())
        });
    }
}

fn downgrade_reply(operation: &Operation, reply: &mut Tree) {
    strict::leave_out_rows(operation, reply);
    each(operation, reply, &mut |resource, object| {
        match resource {
            Resource::Source => source::downgrade_reply(object),
            Resource::Destination => destination::downgrade_reply(object),
            Resource::Integration => queries::downgrade_integration(object),
            _ => {}
        }
        strict::downgrade(resource, object);
    });
}

fn upgrade_reply(operation: &Operation, reply: &mut Tree) {
    each(operation, reply, &mut |resource, object| match resource {
        Resource::Source => source::upgrade_reply(object),
        Resource::Destination => destination::upgrade_reply(object),
        Resource::Integration => queries::upgrade_integration(object),
        Resource::BulkOperation => strict::name_bulk(operation, object),
        _ => strict::upgrade(resource, object),
    });
}
