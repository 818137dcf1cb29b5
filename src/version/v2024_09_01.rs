//! 2024-09-01: retrying an event answers the event itself.
//!
//! Before, the reply was `{event, attempt}`, and since the attempts moved to another store the attempt in it
//! is null whatever the version.

use super::translation::Change;
use super::tree::{Object, Tree};
use crate::operation::{Operation, ops};

pub(super) const CHANGE: Change = Change {
    since: "2024-09-01",
    concerns: |operation| operation.id == ops::RETRY_EVENT.id,
    downgrade: |_, _| Ok(()),
    upgrade: |_, _| {},
    downgrade_reply,
    upgrade_reply,
    upgrade_path: |_, _, _| None,
    names: |_| &[],
    sentences: |_, _| &[],
};

fn downgrade_reply(_operation: &Operation, reply: &mut Tree) {
    let event = std::mem::replace(reply, Tree::null());
    let mut both = Object::default();
    both.set("event", event);
    both.set("attempt", Tree::null());
    *reply = both.into();
}

fn upgrade_reply(_operation: &Operation, reply: &mut Tree) {
    let event = reply.object().and_then(|both| both.remove("event"));
    if let Some(event) = event {
        *reply = event;
    }
}
