//! Every operation of the contract is one method of one resource, and what the methods send is what
//! the contract takes.

#[path = "operations/bulk.rs"]
mod bulk;
#[path = "operations/calls.rs"]
mod calls;
#[path = "operations/details.rs"]
mod details;
#[path = "operations/metrics.rs"]
mod metrics;
#[path = "operations/record.rs"]
mod record;

use std::collections::BTreeMap;
use std::path::Path;

use hookdeck::operation::{Operation, ops};
use hookdeck_gateway::contract::Contract;

use calls::ID;
use record::{Recorder, Sent, tree};

async fn all_sent() -> Vec<Sent> {
    let recorder = Recorder::answering("{}");
    calls::every_method(&recorder.client()).await;
    recorder.sent()
}

/// The operation a request belongs to. A parameter of a path is always [`ID`], which no fixed
/// segment is, so there is never more than one.
fn operation_of(sent: &Sent) -> &'static Operation {
    let fits = |operation: &&&Operation| {
        let template = operation.path.split('/');
        let segments = template.map(|part| if part.starts_with('{') { ID } else { part });
        operation.method.as_str() == sent.method && segments.eq(sent.path.split('/'))
    };
    let mut found = ops::ALL.iter().filter(fits);
    let operation = found
        .next()
        .unwrap_or_else(|| panic!("no operation: {sent:?}"));
    assert!(found.next().is_none(), "two operations: {sent:?}");
    operation
}

#[tokio::test]
async fn all_operations_are_sent_by_one_method_each() {
    let mut times: BTreeMap<&str, usize> = ops::ALL.iter().map(|o| (o.id, 0)).collect();
    assert_eq!(times.len(), ops::ALL.len(), "ids are unique");
    for sent in all_sent().await {
        *times.get_mut(operation_of(&sent).id).expect("of the table") += 1;
    }
    times.retain(|_, &mut times| times != 1);
    assert!(
        times.is_empty(),
        "not sent, or sent by several methods: {times:?}"
    );
}

/// The test above calls the methods it knows; this one finds those it does not.
#[test]
fn all_operations_stand_once_in_the_resources() {
    let mut text = String::new();
    read(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/resources")),
        &mut text,
    );
    let mut words: BTreeMap<&str, usize> = BTreeMap::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        *words.entry(word).or_default() += 1;
    }
    for operation in ops::ALL {
        let constant = constant(operation.id);
        let times = words.get(constant.as_str()).copied().unwrap_or(0);
        assert_eq!(times, 1, "{constant} stands {times} times in src/resources");
    }
}

fn read(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the entry is readable").path();
        if path.is_dir() {
            read(&path, text);
        } else {
            text.push_str(&std::fs::read_to_string(&path).expect("the file is text"));
        }
    }
}

/// `getEvents` as `GET_EVENTS`.
fn constant(id: &str) -> String {
    let mut constant = String::new();
    for letter in id.chars() {
        if letter.is_ascii_uppercase() {
            constant.push('_');
        }
        constant.push(letter.to_ascii_uppercase());
    }
    constant
}

#[tokio::test]
async fn what_operations_send_is_what_the_contract_takes() {
    let contract = Contract::get();
    let mut problems = Vec::new();
    for sent in all_sent().await {
        let id = operation_of(&sent).id;
        let operation = contract.operation(id).expect("the contract has it");

        let query = tree(&sent.query);
        for name in query.as_object().expect("a tree").keys() {
            if !operation.query().iter().any(|known| known.name == *name) {
                problems.push(format!("{id}: sends `{name}`, which the API would ignore"));
            }
        }
        if let Err(found) = contract.validate_query(operation, &query) {
            problems.push(format!("{id}: {found:?} in ?{}", sent.query));
        }

        match (operation.body(), &sent.body) {
            (None, None) => {}
            (None, Some(body)) => problems.push(format!("{id}: takes no body, gets {body}")),
            (Some(_), None) => problems.push(format!("{id}: wants a body, gets none")),
            (Some(_), Some(body)) => {
                if let Err(found) = contract.validate_body(operation, body) {
                    problems.push(format!("{id}: {found:?} in {body}"));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
