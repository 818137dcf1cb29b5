//! `openapi/additions.json`: what the live API has and the published document does not say, each with
//! where and when it was seen. Written into the text of the document, which stays as it is otherwise.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::{Failure, IN_ADDITIONS};

/// Every kind of addition an entry can make, by the pointer to the place.
const VERBS: [&str; 2] = ["append", "set"];
/// What an entry must say of itself.
const FACTS: [&str; 3] = ["what", "source", "date"];

/// The document with the additions written into it. One whose place is not there, or that is there
/// already, fails if `targets` is set and is left out otherwise: another document may lack the one
/// and have caught up with the other.
///
/// # Errors
///
/// Additions that do not say what they are, or cannot be made.
pub fn merge(document: &str, additions: &str, targets: bool) -> Result<String, Failure> {
    let entries = entries(additions)?;
    let mut places = DocumentValues::of(document)?;
    // By where they go, so that they do not shift each other.
    let mut insertions: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (at, entry) in entries.iter().enumerate() {
        let entry_pointer = format!("{IN_ADDITIONS}/{at}");
        for verb in VERBS {
            let additions = entry.get(verb).and_then(Value::as_object);
            for (pointer, value) in additions.into_iter().flatten() {
                let fail = |problem: String| {
                    Err(Failure::new(
                        &entry_pointer,
                        format!("{pointer}: {problem}"),
                    ))
                };
                let added = places
                    .find(pointer)
                    .and_then(|place| place.added(verb, value));
                let (end, texts) = match added {
                    Ok(added) => added,
                    Err(problem) if targets => return fail(problem),
                    Err(_) => continue,
                };
                let before = insertions.entry(end).or_default();
                if let Some(twice) = texts.iter().find(|text| before.contains(text)) {
                    return fail(format!("{twice} is added twice"));
                }
                before.extend(texts);
            }
        }
    }
    let mut merged = String::with_capacity(document.len() + 4096);
    let mut written = 0;
    for (end, texts) in insertions {
        merged.push_str(&document[written..end]);
        let before = merged.trim_end();
        let empty = before.ends_with(['[', '{']);
        let in_text = document[end..].starts_with('"');
        if in_text {
            merged.push_str(&texts.concat());
        } else {
            merged.truncate(before.len());
            merged.push_str(if empty { "" } else { ", " });
            merged.push_str(&texts.join(", "));
        }
        written = end;
    }
    merged.push_str(&document[written..]);
    Ok(merged)
}

fn entries(text: &str) -> Result<Vec<Value>, Failure> {
    let broken = |at: &str, message: String| Failure::new(&format!("{IN_ADDITIONS}{at}"), message);
    let root: Value =
        serde_json::from_str(text).map_err(|error| broken("", format!("not JSON: {error}")))?;
    let Value::Array(entries) = root else {
        return Err(broken("", "must be a list".to_owned()));
    };
    for (at, entry) in entries.iter().enumerate() {
        let fail = |message: String| Err(broken(&format!("/{at}"), message));
        for fact in FACTS {
            let text = entry.get(fact).and_then(Value::as_str);
            if text.is_none_or(str::is_empty) {
                return fail(format!("does not say its `{fact}`"));
            }
        }
        if !is_date(entry["date"].as_str().unwrap_or_default()) {
            return fail(format!("{} is no date such as 2026-10-06", entry["date"]));
        }
        for name in entry.as_object().into_iter().flat_map(|entry| entry.keys()) {
            if !VERBS.contains(&name.as_str()) && !FACTS.contains(&name.as_str()) {
                return fail(format!("has `{name}`, which means nothing here"));
            }
        }
    }
    Ok(entries)
}

fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// The values of a document, found by pointer and known by where their text stands.
struct DocumentValues<'a> {
    document: &'a str,
    open: BTreeMap<String, OpenedValue<'a>>,
}

/// What a value holds, unread.
enum OpenedValue<'a> {
    Object(BTreeMap<String, &'a RawValue>),
    Array(Vec<&'a RawValue>),
}

/// A value of the document.
struct DocumentValue<'a> {
    text: &'a str,
    /// Where its text begins.
    start: usize,
}

impl<'a> DocumentValues<'a> {
    fn of(document: &'a str) -> Result<Self, Failure> {
        let mut places = DocumentValues {
            document,
            open: BTreeMap::new(),
        };
        match places.open("", document) {
            Ok(()) => Ok(places),
            Err(error) => Err(Failure::new("", format!("not JSON: {error}"))),
        }
    }

    fn open(&mut self, pointer: &str, text: &'a str) -> Result<(), serde_json::Error> {
        let level = if text.trim_start().starts_with('[') {
            OpenedValue::Array(serde_json::from_str(text)?)
        } else {
            OpenedValue::Object(serde_json::from_str(text)?)
        };
        self.open.insert(pointer.to_owned(), level);
        Ok(())
    }

    fn find(&mut self, pointer: &str) -> Result<DocumentValue<'a>, String> {
        let missing = || "is not in the document".to_owned();
        let (above, step) = pointer.rsplit_once('/').ok_or_else(missing)?;
        if !self.open.contains_key(above) {
            let text = self.find(above)?.text;
            self.open(above, text).map_err(|_| missing())?;
        }
        let found = match self.open.get(above) {
            Some(OpenedValue::Object(members)) => {
                members.get(&step.replace("~1", "/").replace("~0", "~"))
            }
            Some(OpenedValue::Array(items)) => {
                step.parse().ok().and_then(|at: usize| items.get(at))
            }
            None => None,
        };
        let text = found.ok_or_else(missing)?.get();
        // Raw values are slices of the text they were read from.
        let start = text.as_ptr() as usize - self.document.as_ptr() as usize;
        Ok(DocumentValue { text, start })
    }
}

impl DocumentValue<'_> {
    /// Where to write an addition, and the text of each of its parts.
    fn added(&self, verb: &str, value: &Value) -> Result<(usize, Vec<String>), String> {
        let held: Value = serde_json::from_str(self.text).map_err(|error| error.to_string())?;
        let there = |what: &dyn std::fmt::Display| Err(format!("{what} is there already"));
        let end = self.start + self.text.len() - 1;
        let parts = match (verb, &held, value) {
            ("append", Value::Array(items), Value::Array(more)) => {
                if let Some(item) = more.iter().find(|item| items.contains(item)) {
                    return there(item);
                }
                more.iter().map(Value::to_string).collect()
            }
            ("append", Value::String(text), Value::String(more)) => {
                if text.ends_with(more.as_str()) {
                    return there(value);
                }
                let quoted = value.to_string();
                vec![quoted[1..quoted.len() - 1].to_owned()]
            }
            ("set", Value::Object(members), Value::Object(more)) => {
                if let Some(name) = more.keys().find(|name| members.contains_key(*name)) {
                    return there(name);
                }
                let member = |(name, value)| format!("{}: {value}", Value::String(name));
                more.clone().into_iter().map(member).collect()
            }
            _ => return Err(format!("`{verb}` does not fit what is there")),
        };
        Ok((end, parts))
    }
}
