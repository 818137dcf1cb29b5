//! Every dated version: one set of models, whatever version the client is pinned to and the gateway is asked
//! for.

#[path = "versions/documents.rs"]
mod documents;
#[path = "versions/errors.rs"]
mod errors;
#[path = "versions/identity.rs"]
mod identity;
#[path = "support/levelled.rs"]
mod levelled;
#[path = "versions/old_programs.rs"]
mod old_programs;
#[path = "versions/refused.rs"]
mod refused;
#[path = "versions/shapes.rs"]
mod shapes;
#[path = "versions/tour.rs"]
mod tour;
#[path = "versions/wire.rs"]
mod wire;

use std::collections::BTreeSet;

use hookdeck::ApiVersion;
use hookdeck::operation::ops;
use hookdeck_gateway::contract::Contract;

use tour::tour;
use wire::{Recorded, World};

#[tokio::test]
async fn every_operation_succeeds_at_every_version() {
    let all: BTreeSet<&str> = ops::ALL.iter().map(|operation| operation.id).collect();
    for version in ApiVersion::KNOWN {
        let world = World::new(version).await;
        tour(&world).await;
        let made: BTreeSet<&str> = world.operations();
        let missing: Vec<_> = all.difference(&made).collect();
        assert!(missing.is_empty(), "not made at {version}: {missing:?}");
    }
}

/// What every operation answers is what our own contract says, and nothing of it is lost in the models but what
/// their documentation names: fields they do not know, optional nulls, and `.0` behind a whole number.
#[tokio::test]
async fn every_reply_is_valid_and_encodes_again_as_it_came() {
    let newest = ApiVersion::KNOWN.last().unwrap();
    let world = World::new(newest).await;
    tour(&world).await;

    let contract = Contract::get();
    let mut held = BTreeSet::new();
    let mut problems = BTreeSet::new();
    for reply in world.recorded() {
        let Recorded {
            method,
            path,
            status,
            body,
        } = &reply;
        let Some(route) = contract.route(method, path) else {
            problems.insert(format!("{method} {path}: no operation"));
            continue;
        };
        held.insert(route.operation.id.clone());
        for problem in contract.validate_reply(route.operation, *status, body) {
            problems.insert(format!("{method} {path}: {problem}"));
        }
    }
    let (compared, differences) = world.round_trips();
    problems.extend(differences);
    let problems: Vec<_> = problems.into_iter().collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));

    // Nothing went past the two checks.
    let missing: Vec<_> = ops::ALL.iter().filter(|op| !held.contains(op.id)).collect();
    assert!(
        missing.is_empty(),
        "not held against the contract: {missing:?}"
    );
    assert_eq!(compared, world.recorded().len());
}

/// The same calls read the same things, whatever version they went through.
#[tokio::test]
async fn what_was_created_reads_the_same_at_every_version() {
    for version in ApiVersion::KNOWN {
        let world = World::new(version).await;
        shapes::same_models(&world).await;
    }
}
