//! 2025-07-01: rules are applied in their order.
//!
//! Before, transformations ran ahead of filters wherever they stood. A filter that must see what came in
//! cannot be asked of an older version together with a transformation.

use super::places::{is_about, rules};
use super::translation::{Change, Request};
use super::tree::{Object, Tree};
use crate::operation::{Operation, Resource};

pub(super) const CHANGE: Change = Change {
    since: "2025-07-01",
    concerns: |operation| is_about(operation, &[Resource::Connection]) && operation.has_body,
    downgrade,
    upgrade,
    downgrade_reply: |_, _| {},
    upgrade_reply: |_, _| {},
    upgrade_path: |_, _, _| None,
    names: |_| &[],
    sentences: |_, _| &[],
};

fn is(rule: &mut Object, name: &str) -> bool {
    rule.text("type").as_deref() == Some(name)
}

fn downgrade(_operation: &Operation, request: &mut Request) -> Result<(), String> {
    let Some(connection) = request.body.as_mut().and_then(Tree::object) else {
        return Ok(());
    };
    let mut filtered = false;
    for rule in rules(connection) {
        filtered |= is(rule, "filter");
        if filtered && is(rule, "transform") {
            return Err(
                "`rules` filter before they transform; before 2025-07-01 every \
                        transformation ran first"
                    .into(),
            );
        }
    }
    Ok(())
}

/// Stores them in the order in which they were meant.
fn upgrade(_operation: &Operation, request: &mut Request) {
    let connection = request.body.as_mut().and_then(Tree::object);
    let rules = connection
        .and_then(|connection| connection.get("rules"))
        .and_then(Tree::array);
    if let Some(rules) = rules {
        rules.sort_by_cached_key(|rule| {
            let mut rule = rule.clone();
            !rule.object().is_some_and(|rule| is(rule, "transform"))
        });
    }
}
