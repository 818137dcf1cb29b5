//! Which name each type of the table gets.

use super::names;
use super::types::{Kind, Types};

const BY_REFINEMENT: u8 = 0;
const BY_SCHEMA: u8 = 1;
const BY_FIELD: u8 = 2;
const BY_OPERATION: u8 = 3;

impl Types<'_> {
    pub fn suggest(&mut self, id: usize, path: &str) {
        let candidate = self.candidate(path);
        self.defs[id].candidates.insert(candidate);
    }

    /// Whether a name is one an entry may get.
    pub fn is_suggested(&self, id: usize, name: &str) -> bool {
        self.defs[id].candidates.iter().any(|c| c.2 == name)
    }

    pub fn candidate(&self, path: &str) -> (u8, usize, String) {
        let refinements = self.lower.refinements;
        let (rank, name) = if let Some(name) = refinements.name(path) {
            (BY_REFINEMENT, name.to_owned())
        } else {
            let root = path.split('.').next().unwrap_or_default();
            let schema = bare(root);
            let is_schema = self.lower.document.schema(schema).is_some();
            let mut name = String::new();
            for (i, part) in path.split('.').enumerate() {
                let word = match refinements.name(bare(part)) {
                    Some(name) if i == 0 && is_schema => name.to_owned(),
                    _ => names::pascal(bare(part)),
                };
                let many = bare(part).len() < part.len();
                name.push_str(&if many { names::singular(&word) } else { word });
            }
            let nested = path != schema;
            let rank = match (is_schema, nested) {
                (true, false) => BY_SCHEMA,
                (true, true) => BY_FIELD,
                (false, _) => BY_OPERATION,
            };
            (rank, name)
        };
        (rank, name.len(), name)
    }

    /// Gives every entry the best name that is free, best-founded names first.
    pub fn assign_names(&mut self) {
        let mut order: Vec<usize> = (0..self.defs.len()).collect();
        order.sort_by_key(|id| (self.defs[*id].candidates.first().cloned(), *id));
        let mut taken: Vec<String> = names::RESERVED.iter().map(|n| (*n).to_owned()).collect();
        taken.extend(self.lower.refinements.ids.keys().cloned());
        for id in order {
            let candidates = &self.defs[id].candidates;
            let free = candidates
                .iter()
                .map(|c| &c.2)
                .find(|name| !taken.contains(name));
            let name = match free {
                Some(name) => name.clone(),
                None => {
                    let first = candidates.first().map_or_else(String::new, |c| c.2.clone());
                    names::unique(first, &taken)
                }
            };
            taken.push(name.clone());
            self.defs[id].name = name;
        }
    }

    /// Puts our own words in place of the document's, where refinements have some.
    pub fn assign_docs(&mut self) {
        let refinements = self.lower.refinements;
        for def in &mut self.defs {
            if let Some(doc) = refinements.doc(&def.name) {
                def.doc = Some(doc.to_owned());
            }
            let (Kind::Object(fields) | Kind::Filter { fields, .. }) = &mut def.kind else {
                continue;
            };
            for field in fields {
                let path = format!("{}.{}", def.name, names::field(&field.wire));
                if let Some(doc) = refinements.doc(&path) {
                    field.doc = Some(doc.to_owned());
                }
            }
        }
    }
}

/// A step of a path without its marks for items and values.
fn bare(step: &str) -> &str {
    step.trim_end_matches(['[', ']', '{', '}'])
}
