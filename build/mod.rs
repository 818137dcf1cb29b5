//! The generator: an OpenAPI document and our refinements in, Rust text out.
//!
//! `additions` completes the document, `document` reads it; `lower`, `shape` and `merge` find out what each schema means; `types` lets equal
//! ones share an entry, `naming` names them; `plan` walks the operations, `filters` their
//! parameters, `resources` what they are about; `emit` writes. Plain code over `serde_json::Value`: the build script has no other
//! dependency.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

mod additions;
mod docs;
mod document;
mod emit;
mod filters;
mod lower;
mod merge;
mod names;
mod naming;
mod node;
mod plan;
mod refinements;
mod resources;
mod shape;
mod types;

pub use additions::merge;
use document::Document;
use lower::Lower;
use plan::{Operation, Table};
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

impl Failure {
    /// The message, with the file it is about: the document's, or one of ours in the folder.
    pub fn within(&self, document: impl fmt::Display, folder: impl fmt::Display) -> String {
        let ours = [IN_REFINEMENTS, IN_ADDITIONS];
        let found = ours.iter().find_map(|file| {
            let pointer = self.pointer.strip_prefix(file)?;
            Some((file.trim_end_matches(':'), pointer))
        });
        match found {
            Some((file, pointer)) => format!("{folder}{file}.json#{pointer}: {}", self.message),
            None => format!("{document}#{}: {}", self.pointer, self.message),
        }
    }
}

/// What pointers into files of ours begin with, to tell them from those into the document.
const IN_REFINEMENTS: &str = "refinements:";
const IN_ADDITIONS: &str = "additions:";

/// What to hold a document to besides being understood.
#[derive(Clone, Copy, Debug)]
pub struct Checks {
    /// Every refinement must find its target: so for our own document. Another version's document
    /// may lack some.
    pub targets: bool,
    /// What the hand-written layer uses by name must be there.
    pub needs: bool,
}

/// Generated files by name, ready to be written.
pub type Files = BTreeMap<&'static str, String>;

/// Generates everything.
///
/// # Errors
///
/// The first thing in the document the generator does not understand, refinements without a target,
/// or everything the hand-written layer needs and the document lacks.
pub fn generate(document: &str, refinements: &str, checks: Checks) -> Result<Files, Failure> {
    let document = Document::parse(document)?;
    let refinements = Refinements::parse(refinements)?;
    let lower = Lower::new(&document, &refinements);
    let mut first = Types::new(&lower, BTreeMap::new());
    plan::plan(&mut first)?;
    let mut types = Types::new(&lower, first.into_named_enums());
    let table = plan::plan(&mut types)?;

    let mut files = Files::new();
    files.extend(emit::types(&types));
    let text: String = files.values().map(String::as_str).collect();
    let ids = refinements
        .ids
        .keys()
        .filter(|name| emit::mentions(&text, name));
    let ids: BTreeSet<&str> = ids.map(String::as_str).collect();
    let mut known: BTreeSet<&str> = types.defs.iter().map(|def| def.name.as_str()).collect();
    known.extend(&ids);

    let missing = missing(&refinements, &types, &known, &table);
    if checks.needs && !missing.is_empty() {
        let message = format!(
            "the hand-written part of this crate needs what this document does not have:\n  {}",
            missing.join("\n  ")
        );
        return Err(Failure::new("", message));
    }

    files.insert("ids.rs", emit::ids(&refinements, &ids));
    for text in files.values_mut() {
        *text = docs::unlink(text, |name| known.contains(name));
    }
    files.insert("operations.rs", emit::operations(&table.operations));
    files.insert("resources.rs", emit::resources(&table.resources));
    let unused = refinements.unused();
    if checks.targets && !unused.is_empty() {
        let message = format!(
            "entries whose target does not exist:\n  {}",
            unused.join("\n  ")
        );
        return Err(Failure::new(IN_REFINEMENTS, message));
    }
    let summary = summary(&document, &types, &table.operations, &files);
    files.insert("summary.txt", summary);
    Ok(files)
}

/// What `needs` lists and generation did not yield.
fn missing(
    refinements: &Refinements,
    types: &Types<'_>,
    known: &BTreeSet<&str>,
    table: &Table,
) -> Vec<String> {
    let needs = &refinements.needs;
    let def = |name: &str| types.defs.iter().find(|def| def.name == name);
    let mut missing = Vec::new();
    for name in &needs.types {
        if !known.contains(name.as_str()) {
            missing.push(format!("type {name}"));
        }
    }
    for entry in &needs.fields {
        let (path, holds) = match entry.split_once(": ") {
            Some((path, holds)) => (path, Some(holds)),
            None => (entry.as_str(), None),
        };
        let (name, field) = path.split_once('.').unwrap_or((path, ""));
        let found = def(name).is_some_and(|def| match &def.kind {
            Kind::Object(fields) | Kind::Filter { fields, .. } => fields.iter().any(|f| {
                names::field(&f.wire) == field
                    && holds.is_none_or(|holds| types.text(&f.ty) == holds)
            }),
            _ => false,
        });
        if !found {
            missing.push(format!("field {entry}"));
        }
    }
    for entry in &needs.constructors {
        let name = entry.split('(').next().unwrap_or_default();
        let takes = def(name).and_then(|def| match &def.kind {
            Kind::Object(fields) => {
                let required = fields.iter().filter(|f| f.required);
                let names: Vec<String> = required.map(|f| names::field(&f.wire)).collect();
                Some(format!("{name}({})", names.join(", ")))
            }
            _ => None,
        });
        match takes {
            Some(takes) if takes == *entry => {}
            Some(takes) => missing.push(format!("constructor {entry}, which is now {takes}")),
            None => missing.push(format!("constructor {entry}")),
        }
    }
    for id in &needs.operations {
        if !table.operations.iter().any(|op| op.id == *id) {
            missing.push(format!("operation {id}"));
        }
    }
    for name in &needs.resources {
        if !table.resources.contains(name) {
            missing.push(format!("resource {name}"));
        }
    }
    missing
}

/// Figures about a generation, for people.
fn summary(document: &Document, types: &Types<'_>, table: &[Operation], files: &Files) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for def in &types.defs {
        let kind = match &def.kind {
            Kind::Enum(_) => "enums",
            Kind::Object(_) => "structs",
            Kind::Tagged(_) | Kind::ListOrObject(..) => "unions",
            Kind::Filter { .. } => "filters",
        };
        *kinds.entry(kind).or_default() += 1;
    }
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(kind, n)| format!("{n} {kind}"))
        .collect();
    let lines = |name: &str| files.get(name).map_or(0, |text| text.lines().count());
    let types_lines = lines("models.rs") + lines("bodies.rs") + lines("filters.rs");
    let mut out = format!(
        "operations: {}\nschemas: {}\ntypes: {} ({})\nlines of types: {types_lines}\n\
         lines with a type per schema: {}\nlines in all: {}\n",
        table.len(),
        document.schema_count(),
        types.defs.len(),
        kinds.join(", "),
        document.lines_unshared(),
        types_lines + lines("operations.rs") + lines("resources.rs") + lines("ids.rs"),
    );
    let names: BTreeSet<&str> = types.defs.iter().map(|def| def.name.as_str()).collect();
    for name in names {
        out.push_str(name);
        out.push('\n');
    }
    out
}
