//! The states, triggers, causes and codes of the gateway are spelled in one room; all other code names a type.

use std::collections::BTreeSet;
use std::path::Path;

use super::GATEWAY;
use super::arrows::{Quoted, literals};

/// The room of the words.
const ROOM: &str = "wire/";

/// Its files whose words no other may spell.
const LISTS: [&str; 3] = ["wire/event.rs", "wire/request.rs", "wire/issue.rs"];

/// Where a word means something else, each with its reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "api/error.rs",
        "NOT_FOUND",
        "the code of a refused call, not of an attempt",
    ),
    (
        "server/publish.rs",
        "NOT_FOUND",
        "the code of a refused call, not of an attempt",
    ),
    (
        "server/sources/answer.rs",
        "NOT_FOUND",
        "what the producer is told, not the code of an attempt",
    ),
    (
        "server/sources/answer.rs",
        "FAILED",
        "what the producer is told, not the status of an event",
    ),
];

/// The words among these literals: those in capitals, whole.
fn spelled(literals: &[Quoted]) -> BTreeSet<&str> {
    let in_capitals = |word: &&str| {
        let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        word.len() > 1 && word.bytes().all(fits)
    };
    literals
        .iter()
        .filter(|literal| LISTS.contains(&literal.file.as_str()))
        .filter_map(|literal| literal.text.strip_prefix('"')?.strip_suffix('"'))
        .filter(in_capitals)
        .collect()
}

/// Where another file spells a word, alone or as a text of SQL, a line each.
fn spelled_elsewhere(
    literals: &[Quoted],
    exceptions: &[(&'static str, &'static str, &'static str)],
) -> Vec<String> {
    let words = spelled(literals);
    let mut faults = Vec::new();
    let mut used = BTreeSet::new();
    for literal in literals {
        if literal.file.starts_with(ROOM) {
            continue;
        }
        let is_spelled = |word: &&&str| {
            literal.text == format!("\"{word}\"") || literal.text.contains(&format!("'{word}'"))
        };
        for word in words.iter().filter(is_spelled) {
            let exception = (literal.file.as_str(), *word);
            if exceptions
                .iter()
                .any(|(file, word, _)| (*file, *word) == exception)
            {
                used.insert(exception);
            } else {
                faults.push(format!(
                    "{}:{}: {word} is spelled",
                    literal.file, literal.line
                ));
            }
        }
    }
    for (file, word, _) in exceptions {
        if !used.contains(&(*file, *word)) {
            faults.push(format!(
                "{file} no longer spells {word}: strike the exception"
            ));
        }
    }
    faults
}

#[test]
fn words_of_the_wire_are_spelled_in_one_room() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join(GATEWAY.src);
    let literals = literals(&src, GATEWAY.roots, GATEWAY.name);
    assert!(spelled(&literals).contains("QUEUED"), "the lists are found");
    let faults = spelled_elsewhere(&literals, EXCEPTIONS);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_word_in_another_room_and_a_stale_exception_are_told() {
    let quoted = |file: &str, line, text: &str| Quoted {
        file: file.to_owned(),
        line,
        text: text.to_owned(),
    };
    let literals = [
        quoted("wire/event.rs", 1, "\"QUEUED\""),
        quoted("wire/event.rs", 2, "\"a sentence\""),
        quoted("a.rs", 1, "\"QUEUED\""),
        quoted("a.rs", 2, "\"SELECT 1 WHERE status = 'QUEUED'\""),
        quoted("a.rs", 3, "\"It is QUEUED by now\""),
        quoted("a.rs", 4, "\"UNQUEUED\""),
        quoted("b.rs", 1, "\"QUEUED\""),
    ];
    let exceptions = [("b.rs", "QUEUED", "a queue"), ("c.rs", "QUEUED", "")];
    assert_eq!(
        spelled_elsewhere(&literals, &exceptions),
        [
            "a.rs:1: QUEUED is spelled",
            "a.rs:2: QUEUED is spelled",
            "c.rs no longer spells QUEUED: strike the exception",
        ]
    );
}
