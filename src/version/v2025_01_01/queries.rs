//! Conditions and orders of lists that are no longer known.

use super::super::places::is_about;
use super::super::translation::{Request, base};
use super::super::tree::{Object, Tree};
use crate::operation::{Operation, Resource};

/// The one integration whose provider has another name.
const BRIDGE: (&str, &str) = ("BRIDGE", "BRIDGE_XYZ");

/// A code that no attempt has any more, and the one that took its place in the documents.
const EXPIRED: (&str, &str) = ("TTL_EXPIRED", "CANCELLED_PAST_RETENTION");

pub(super) fn upgrade(operation: &Operation, request: &mut Request) {
    // Each took two sort keys of the one kind there was. (Events could be sorted by their last attempt. No
    // other order stands in for that one: it stays refused.)
    let sorted = [
        Resource::Source,
        Resource::Destination,
        Resource::Transformation,
    ];
    if operation.paged && is_about(operation, &sorted) {
        only_first(request, "order_by");
        only_first(request, "dir");
    }
    let integration = is_about(operation, &[Resource::Integration]);
    for (name, value) in &mut request.query {
        if name.contains("error_code") && value == EXPIRED.0 {
            EXPIRED.1.clone_into(value);
        }
        if integration && base(name) == "provider" && value == BRIDGE.0 {
            BRIDGE.1.clone_into(value);
        }
    }
    let Some(body) = request.body.as_mut().and_then(Tree::object) else {
        return;
    };
    if integration {
        body.map_text("provider", |text| (text == BRIDGE.0).then_some(BRIDGE.1));
    }
    if let Some(query) = body.object("query") {
        let newer = |text: &str| (text == EXPIRED.0).then_some(EXPIRED.1);
        query.map_text("error_code", newer);
        for code in query
            .get("error_code")
            .and_then(Tree::array)
            .into_iter()
            .flatten()
        {
            if code.text().as_deref().and_then(newer).is_some() {
                *code = Tree::of(EXPIRED.1);
            }
        }
    }
}

/// Makes one value of a list of them.
fn only_first(request: &mut Request, wanted: &str) {
    let mut seen = false;
    request.query.retain_mut(|(name, _)| {
        if base(name) != wanted {
            return true;
        }
        wanted.clone_into(name);
        !std::mem::replace(&mut seen, true)
    });
}

/// An integration in a reply, to the older shape.
pub(super) fn downgrade_integration(integration: &mut Object) {
    integration.map_text("provider", |text| (text == BRIDGE.1).then_some(BRIDGE.0));
}

/// The other way.
pub(super) fn upgrade_integration(integration: &mut Object) {
    integration.map_text("provider", |text| (text == BRIDGE.0).then_some(BRIDGE.1));
}
