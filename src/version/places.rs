//! What stands in the bodies of an operation: which resources, and where. The table of operations knows;
//! here its facts are put to use on trees.

use super::tree::{Object, Tree};
use crate::operation::{Operation, PathStep, Resource, ResourcePlace};

/// Whether resources of the kind can stand in the operation's bodies, however deep, or be chosen by it.
pub(super) fn concerns(operation: &Operation, resource: Resource) -> bool {
    let stands = |place: &ResourcePlace| place.resource == resource;
    // A delete names one and holds none.
    (is_about(operation, &[resource]) && !operation.deletes) || operation.places.iter().any(stands)
}

/// Whether the operation is about one of these.
pub(super) fn is_about(operation: &Operation, resources: &[Resource]) -> bool {
    operation
        .resource
        .is_some_and(|about| resources.contains(&about))
}

/// Whether the operation's reply is one resource of the kind.
pub(super) fn answers_one(operation: &Operation, resource: Resource) -> bool {
    let whole = |place: &ResourcePlace| place.path.is_empty() && place.resource == resource;
    operation.places.iter().any(whole)
}

/// Shows every resource in a reply to `see`, what lies inside another first.
pub(super) fn each(
    operation: &Operation,
    reply: &mut Tree,
    see: &mut dyn FnMut(Resource, &mut Object),
) {
    for place in operation.places {
        walk(reply, place.path, &mut |object| see(place.resource, object));
    }
}

fn walk(tree: &mut Tree, path: &[PathStep], see: &mut dyn FnMut(&mut Object)) {
    match path {
        [] => {
            if let Some(object) = tree.object() {
                see(object);
            }
        }
        [PathStep::Member(name), rest @ ..] => {
            if let Some(member) = tree.object().and_then(|object| object.get(name)) {
                walk(member, rest, see);
            }
        }
        [PathStep::Items, rest @ ..] => {
            for item in tree.array().into_iter().flatten() {
                walk(item, rest, see);
            }
        }
    }
}

/// Shows every resource in the body of a request to `see`, what lies inside another first; ends with the
/// first problem.
///
/// A body is written like what is answered for it: what is a member there may be one here.
pub(super) fn each_input(
    operation: &Operation,
    body: &mut Tree,
    see: &mut dyn FnMut(Resource, &mut Object) -> Result<(), String>,
) -> Result<(), String> {
    let Some(object) = body.object() else {
        return Ok(());
    };
    for place in operation.places {
        if let [PathStep::Member(name)] = place.path
            && let Some(inline) = object.object(name)
        {
            see(place.resource, inline).map_err(|problem| inside(name, &problem))?;
        }
    }
    match operation.resource {
        Some(resource) => see(resource, object),
        None => Ok(()),
    }
}

/// A problem of an inline resource, its property named from the body's root: problems begin with a property
/// in backticks.
fn inside(name: &str, problem: &str) -> String {
    match problem.strip_prefix('`') {
        Some(rest) => format!("`{name}.{rest}"),
        None => format!("the {name}: {problem}"),
    }
}

/// Shows every rule in the body of a request or in a connection to `see`.
pub(super) fn rules(connection: &mut Object) -> impl Iterator<Item = &mut Object> {
    let rules = connection.get("rules").and_then(Tree::array);
    rules.into_iter().flatten().filter_map(Tree::object)
}
