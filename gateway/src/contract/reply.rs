//! Replies of the gateway held against the document.
//!
//! Let pass, because live replies are known to do it: null for `error_code` and `rejection_cause`; the extra
//! properties listed in `check.rs`; error bodies without `message` or `status` and with any `data`.

use serde_json::Value;

use super::Contract;
use super::check::{Checker, Mode, describe};
use super::operation::Operation;
use super::violation::Path;

pub fn check(
    contract: &Contract,
    operation: &Operation,
    status: u16,
    reply: &Value,
) -> Vec<String> {
    if status != 200 {
        return error(operation, status, reply);
    }
    let Some(schema) = operation.reply(status) else {
        return vec![format!(
            "{}: the document has no reply with status {status}",
            operation.id
        )];
    };
    let mut violations = Vec::new();
    Checker::new(contract, Mode::Reply, None).value(
        schema,
        reply,
        &Path::root(),
        None,
        &mut violations,
    );
    violations
        .iter()
        .map(|violation| format!("{}: {violation}", operation.id))
        .collect()
}

/// The live API answers errors in more shapes than the document has; what they share is a `code`, and a `status`
/// that tells the truth when it is there. The statuses are not held against the document: it leaves out 401, 409,
/// 429 and 501, and 404 on most lists.
fn error(operation: &Operation, status: u16, reply: &Value) -> Vec<String> {
    let mut messages = Vec::new();
    let id = &operation.id;
    if !reply["code"].is_string() {
        messages.push(format!(
            "{id}: {status}: code must be a string, is {}",
            describe(&reply["code"])
        ));
    }
    if let Some(told) = reply
        .get("status")
        .filter(|told| told.as_u64() != Some(u64::from(status)))
    {
        messages.push(format!("{id}: {status}: status is {}", describe(told)));
    }
    messages
}
