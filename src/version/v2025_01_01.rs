//! 2025-01-01: sources and destinations have a `type` and a `config`.
//!
//! Before, a source had its `verification`, `allowed_http_methods` and `custom_response` beside its name, and
//! a destination its `url` or `cli_path`, its rate and its `auth_method`; which of the two it had said what
//! kind it was. How to get past it in both directions:
//!
//! - A source of type `WEBHOOK` is one whose verification, if it has one, is of the type its `auth_type`
//!   says; any other type is a verification of that type. `HTTP` had no equal.
//! - A destination of type `MOCK_API` is one with the address of the mock service, which answers alike.
//! - `BRIDGE`, the type of a provider, is `BRIDGE_XYZ` since.
//! - A null verification makes a source one of type `WEBHOOK`: a choice of ours.
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

use super::nature::{self, Kind, concerns, each, each_input, rules};
use super::translation::{Change, Request};
use super::tree::{Object, Tree};

pub(super) const CHANGE: Change = Change {
    since: "2025-01-01",
    concerns: is_concerned,
    downgrade,
    upgrade,
    downgrade_reply,
    upgrade_reply,
    upgrade_path: |_, _, _| None,
    names: |kind| match kind {
        Kind::Source => &source::NAMES,
        Kind::Destination => &destination::NAMES,
        _ => &[],
    },
};

fn is_concerned(operation: &str) -> bool {
    [
        Kind::Source,
        Kind::Destination,
        Kind::Connection,
        Kind::Event,
        Kind::Attempt,
        Kind::Request,
        Kind::IgnoredEvent,
        Kind::Issue,
        Kind::IssueTrigger,
        Kind::Bulk,
        Kind::Transformation,
        Kind::Integration,
    ]
    .into_iter()
    .any(|kind| concerns(operation, kind))
        || strict::is_concerned(operation)
        || queries::is_concerned(operation)
}

fn downgrade(operation: &str, request: &mut Request) -> Result<(), String> {
    match nature::kind(operation) {
        Kind::Source => {
            for (name, value) in &mut request.query {
                if name == "include" && value == "config.auth" {
                    "verification.configs".clone_into(value);
                }
            }
        }
        // Their credentials were always shown.
        Kind::Destination => request.query.retain(|(name, _)| name != "include"),
        Kind::Event if operation == "cancelEvent" => {
            if let Some(stem) = request.path.strip_suffix("/cancel") {
                request.path = format!("{stem}/mute");
            }
        }
        Kind::Integration => {
            if let Some(body) = request.body.as_mut().and_then(Tree::object) {
                queries::downgrade_integration(body);
            }
        }
        _ => {}
    }
    if matches!(operation, "getSources" | "getDestinations") && request.asks("type") {
        return Err("lists filter by `type` since 2025-01-01".into());
    }
    if let Some(body) = &mut request.body {
        each_input(operation, body, &mut |kind, object| match kind {
            Kind::Source => source::downgrade(object),
            Kind::Destination => destination::downgrade(object),
            Kind::Connection => refuse_new_rules(object),
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

fn upgrade(operation: &str, request: &mut Request) {
    queries::upgrade(operation, request);
    if nature::kind(operation) == Kind::Source {
        for (name, value) in &mut request.query {
            if name == "include" && value == "verification.configs" {
                "config.auth".clone_into(value);
            }
        }
    }
    // They were always shown, so they are asked for.
    if operation == "getDestination" && !request.asks("include") {
        request
            .query
            .push(("include".to_owned(), "config.auth".to_owned()));
    }
    if operation == "triggerBookmark" {
        // It said which destinations to trigger; now all are.
        request.body = None;
    }
    if let Some(body) = &mut request.body {
        // Nothing here is ever refused.
        let _ = each_input(operation, body, &mut |kind, object| {
            match kind {
                Kind::Source => source::upgrade(object),
                Kind::Destination => destination::upgrade(object),
                _ => {}
            }
            Ok(())
        });
    }
}

fn downgrade_reply(operation: &str, reply: &mut Tree) {
    strict::leave_out_rows(operation, reply);
    each(operation, reply, &mut |kind, object| {
        match kind {
            Kind::Source => source::downgrade_reply(object),
            Kind::Destination => destination::downgrade_reply(object),
            Kind::Integration => queries::downgrade_integration(object),
            _ => {}
        }
        strict::downgrade(kind, object);
    });
    strict::downgrade_executions(operation, reply);
}

fn upgrade_reply(operation: &str, reply: &mut Tree) {
    each(operation, reply, &mut |kind, object| match kind {
        Kind::Source => source::upgrade_reply(object),
        Kind::Destination => destination::upgrade_reply(object),
        Kind::Integration => queries::upgrade_integration(object),
        Kind::Bulk => strict::name_bulk(operation, object),
        _ => strict::upgrade(kind, object),
    });
    strict::upgrade_executions(operation, reply);
}
