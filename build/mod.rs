//! The generator: an OpenAPI document and our refinements in, Rust text out.
//!
//! `document` reads, `lower`, `shape` and `merge` find out what each schema means, `types` lets equal
//! ones share an entry and names them, `plan` walks the operations, `emit` writes. Plain code over
//! `serde_json::Value`: the build script has no other dependency.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

mod docs;
mod document;
mod emit;
mod lower;
mod merge;
mod names;
mod node;
mod plan;
mod refinements;
mod shape;
mod types;

use document::Document;
use lower::Lower;
use plan::Operation;
use refinements::Refinements;
use types::{Kind, Types};

/// What stops a build, and where in the document it is.
#[derive(Debug)]
pub struct Failure {
    pointer: String,
    message: String,
}

impl Failure {
    fn new(pointer: &str, message: impl Into<String>) -> Self {
        Failure {
            pointer: pointer.to_owned(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.strip_prefix("refinements:") {
            Some(pointer) => write!(f, "refinements.json#{pointer}: {}", self.message),
            None => write!(f, "#{}: {}", self.pointer, self.message),
        }
    }
}

/// Whose document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Ours: every refinement must find its target.
    Own,
    /// Another one: refinements without a target are skipped, but what the hand-written layer needs
    /// must be there.
    Foreign,
}

/// Generated files by name, ready to be written.
pub type Files = BTreeMap<&'static str, String>;

/// Generates everything.
///
/// # Errors
///
/// The first thing in the document the generator does not understand, refinements without a target,
/// or everything the hand-written layer needs and the document lacks.
pub fn generate(document: &str, refinements: &str, origin: Origin) -> Result<Files, Failure> {
    let document = Document::parse(document)?;
    let refinements = Refinements::parse(refinements)?;
    let lower = Lower::new(&document, &refinements);
    let mut first = Types::new(&lower, BTreeMap::new());
    plan::plan(&mut first)?;
    let mut types = Types::new(&lower, first.into_named_enums());
    let table = plan::plan(&mut types)?;

    let missing = missing(&refinements, &types, &table);
    if !missing.is_empty() {
        let message = format!(
            "the hand-written part of this crate needs what this document does not have:\n  {}",
            missing.join("\n  ")
        );
        return Err(Failure::new("", message));
    }

    let mut files = Files::new();
    files.extend(emit::types(&types));
    let used: String = files.values().map(String::as_str).collect();
    files.insert("ids.rs", emit::ids(&refinements, &used));
    files.insert("operations.rs", emit::operations(&table));
    let unused = refinements.unused();
    if origin == Origin::Own && !unused.is_empty() {
        let message = format!(
            "entries whose target does not exist:\n  {}",
            unused.join("\n  ")
        );
        return Err(Failure::new("refinements:", message));
    }
    let summary = summary(&document, &types, &table, &files);
    files.insert("summary.txt", summary);
    Ok(files)
}

/// What `needs` lists and generation did not yield.
fn missing(refinements: &Refinements, types: &Types<'_>, table: &[Operation]) -> Vec<String> {
    let needs = &refinements.needs;
    let def = |name: &str| types.defs.iter().find(|def| def.name == name);
    let mut missing = Vec::new();
    for name in &needs.types {
        if def(name).is_none() && !refinements.ids.contains_key(name) {
            missing.push(format!("type {name}"));
        }
    }
    for path in &needs.fields {
        let (name, field) = path.split_once('.').unwrap_or((path, ""));
        let found = def(name).is_some_and(|def| match &def.kind {
            Kind::Object(fields) | Kind::Filter { fields, .. } => {
                fields.iter().any(|f| names::field(&f.wire) == field)
            }
            _ => false,
        });
        if !found {
            missing.push(format!("field {path}"));
        }
    }
    for id in &needs.operations {
        if !table.iter().any(|op| op.id == *id) {
            missing.push(format!("operation {id}"));
        }
    }
    missing
}

/// Figures about a generation, for people.
fn summary(document: &Document, types: &Types<'_>, table: &[Operation], files: &Files) -> String {
    let mut shared = 0;
    let mut unshared = 0;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for def in &types.defs {
        let (kind, lines) = match &def.kind {
            Kind::Enum(members) => ("enums", members.len()),
            Kind::Object(fields) => ("structs", 2 * fields.len()),
            Kind::Tagged(variants) => ("unions", 2 * variants.len()),
            Kind::ListOrObject(..) => ("unions", 1),
            Kind::Filter { fields, .. } => ("filters", 2 * fields.len()),
        };
        *kinds.entry(kind).or_default() += 1;
        shared += lines + 5;
        unshared += (lines + 5) * def.uses.max(1);
    }
    let lines: usize = files.values().map(|text| text.lines().count()).sum();
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(kind, n)| format!("{n} {kind}"))
        .collect();
    let mut out = format!(
        "{} operations; {} schemas in the document became {}\n{lines} lines generated; declarations alone \
         about {shared} lines, {unshared} without sharing\n",
        table.len(),
        document.schema_count(),
        kinds.join(", ")
    );
    let names: BTreeSet<&str> = types.defs.iter().map(|def| def.name.as_str()).collect();
    for name in names {
        out.push_str(name);
        out.push('\n');
    }
    out
}
