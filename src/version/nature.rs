//! What stands in the bodies of an operation: which resources, and where.

use super::tree::{Object, Tree};

/// A kind of resource that some version shows in another shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Source,
    Destination,
    Connection,
    Request,
    Event,
    Attempt,
    IgnoredEvent,
    Issue,
    IssueTrigger,
    Transformation,
    Integration,
    Bulk,
    Project,
    Other,
}

/// How a reply holds its resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// The reply is one.
    One,
    /// They are in `models`.
    Models,
    /// The reply is an array of them.
    Array,
    /// A request, the one or the many, and events.
    RequestAndEvents,
    /// None: counts, ids, plans.
    Nothing,
}

/// The kind that an operation is about and how its reply holds it.
fn nature(operation: &str) -> (Kind, Holds) {
    // The contract gives a second path of one operation a suffix.
    let operation = operation.split('_').next().unwrap_or_default();
    let (kind, list) = match operation {
        "getSources" => (Kind::Source, true),
        "createSource" | "upsertSource" | "getSource" | "updateSource" | "disableSource"
        | "enableSource" => (Kind::Source, false),
        "getDestinations" => (Kind::Destination, true),
        "createDestination" | "upsertDestination" | "getDestination" | "updateDestination"
        | "disableDestination" | "enableDestination" => (Kind::Destination, false),
        "getConnections" => (Kind::Connection, true),
        "createConnection" | "upsertConnection" | "getConnection" | "updateConnection"
        | "disableConnection" | "enableConnection" | "pauseConnection" | "unpauseConnection" => {
            (Kind::Connection, false)
        }
        "getRequests" => (Kind::Request, true),
        "getRequest" => (Kind::Request, false),
        "getRequestEvents" | "getEvents" => (Kind::Event, true),
        "getEvent" | "retryEvent" | "cancelEvent" => (Kind::Event, false),
        "getRequestIgnoredEvents" => (Kind::IgnoredEvent, true),
        "getAttempts" => (Kind::Attempt, true),
        "getAttempt" => (Kind::Attempt, false),
        "getIssues" => (Kind::Issue, true),
        "getIssue" | "updateIssue" | "dismissIssue" => (Kind::Issue, false),
        "getIssueTriggers" => (Kind::IssueTrigger, true),
        "createIssueTrigger"
        | "upsertIssueTrigger"
        | "getIssueTrigger"
        | "updateIssueTrigger"
        | "disableIssueTrigger"
        | "enableIssueTrigger" => (Kind::IssueTrigger, false),
        "getTransformations" => (Kind::Transformation, true),
        "createTransformation"
        | "upsertTransformation"
        | "getTransformation"
        | "updateTransformation" => (Kind::Transformation, false),
        "getIntegrations" => (Kind::Integration, true),
        "createIntegration" | "getIntegration" | "updateIntegration" => (Kind::Integration, false),
        "getEventBulkRetries" | "getRequestBulkRetries" | "getIgnoredEventBulkRetries" => {
            (Kind::Bulk, true)
        }
        "createEventBulkRetry"
        | "createRequestBulkRetry"
        | "createIgnoredEventBulkRetry"
        | "getEventBulkRetry"
        | "getRequestBulkRetry"
        | "getIgnoredEventBulkRetry"
        | "cancelEventBulkRetry"
        | "cancelRequestBulkRetry"
        | "cancelIgnoredEventBulkRetry" => (Kind::Bulk, false),
        "triggerBookmark" => return (Kind::Event, Holds::Array),
        "retryRequest" | "replayRequest" | "replayEvent" => {
            return (Kind::Request, Holds::RequestAndEvents);
        }
        "listProjects" => return (Kind::Project, Holds::Nothing),
        "countConnections" => return (Kind::Connection, Holds::Nothing),
        _ => return (Kind::Other, Holds::Nothing),
    };
    (kind, if list { Holds::Models } else { Holds::One })
}

/// The kind that an operation is about.
pub(super) fn kind(operation: &str) -> Kind {
    nature(operation).0
}

/// Whether resources of the kind can stand in the operation's bodies, however deep.
pub(super) fn concerns(operation: &str, kind: Kind) -> bool {
    let (own, holds) = nature(operation);
    own == kind
        || match own {
            Kind::Connection => {
                holds != Holds::Nothing && matches!(kind, Kind::Source | Kind::Destination)
            }
            Kind::Request => holds == Holds::RequestAndEvents && kind == Kind::Event,
            Kind::Issue => matches!(
                kind,
                Kind::Event | Kind::Attempt | Kind::Destination | Kind::Request
            ),
            _ => false,
        }
}

/// Shows every resource in a reply to `see`, what lies inside another first.
pub(super) fn each(operation: &str, reply: &mut Tree, see: &mut dyn FnMut(Kind, &mut Object)) {
    let (kind, holds) = nature(operation);
    match holds {
        Holds::One => model(kind, reply, see),
        Holds::Models => {
            let models = reply.object().and_then(|reply| reply.get("models"));
            all(kind, models, see);
        }
        Holds::Array => all(kind, Some(reply), see),
        Holds::RequestAndEvents => {
            let Some(reply) = reply.object() else { return };
            if let Some(request) = reply.get("request") {
                model(Kind::Request, request, see);
            }
            all(Kind::Request, reply.get("requests"), see);
            all(Kind::Event, reply.get("events"), see);
        }
        Holds::Nothing => {}
    }
}

fn all(kind: Kind, models: Option<&mut Tree>, see: &mut dyn FnMut(Kind, &mut Object)) {
    for tree in models.and_then(Tree::array).into_iter().flatten() {
        model(kind, tree, see);
    }
}

fn model(kind: Kind, tree: &mut Tree, see: &mut dyn FnMut(Kind, &mut Object)) {
    let Some(object) = tree.object() else { return };
    let inside: &[(&str, Kind)] = match kind {
        Kind::Connection => &[("source", Kind::Source), ("destination", Kind::Destination)],
        _ => &[],
    };
    for (name, kind) in inside {
        if let Some(tree) = object.get(name) {
            model(*kind, tree, see);
        }
    }
    if kind == Kind::Issue
        && let Some(data) = object.object("data")
    {
        for (name, kind) in [
            ("trigger_event", Kind::Event),
            ("trigger_attempt", Kind::Attempt),
            ("destination", Kind::Destination),
            ("request", Kind::Request),
        ] {
            if let Some(tree) = data.get(name) {
                model(kind, tree, see);
            }
        }
    }
    see(kind, object);
}

/// Shows every resource in the body of a request to `see`, what lies inside another first; ends with the
/// first problem.
pub(super) fn each_input(
    operation: &str,
    body: &mut Tree,
    see: &mut dyn FnMut(Kind, &mut Object) -> Result<(), String>,
) -> Result<(), String> {
    let kind = kind(operation);
    let Some(object) = body.object() else {
        return Ok(());
    };
    if kind == Kind::Connection {
        for (name, kind) in [("source", Kind::Source), ("destination", Kind::Destination)] {
            if let Some(inline) = object.object(name) {
                see(kind, inline).map_err(|problem| inside(name, &problem))?;
            }
        }
    }
    see(kind, object)
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
