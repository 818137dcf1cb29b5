//! Which resources the API has, which of them an operation is about, and where they stand in its
//! reply. A resource is what some list holds; it is told again by its type.

use std::collections::BTreeMap;

use super::plan::Pending;
use super::types::{Kind, Ty, Types};

/// A step on the way from a reply to something in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathStep {
    Member(String),
    Items,
}

/// Where a resource stands in a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourcePlace {
    pub path: Vec<PathStep>,
    pub resource: String,
}

/// Every resource, by its entry in the type table and by the path of its list.
#[derive(Default)]
pub struct Resources {
    entries: BTreeMap<usize, String>,
    lists: Vec<(Vec<String>, String)>,
}

impl Resources {
    /// What the lists of a document hold; `replies` has the type of each operation's reply, of a
    /// page that of its rows.
    pub fn find(types: &Types<'_>, operations: &[Pending<'_>], replies: &[Option<Ty>]) -> Self {
        let mut found = Self::default();
        for (operation, reply) in operations.iter().zip(replies) {
            let row = match reply {
                Some(row) if operation.item.is_some() => row,
                Some(Ty::List(row)) => row,
                _ => continue,
            };
            let Some(id) = types.target(row).filter(|_| operation.raw.method == "get") else {
                continue;
            };
            let name = types.defs[id].name.clone();
            found
                .lists
                .push((segments(operation.raw.path), name.clone()));
            found.entries.insert(id, name);
        }
        found
    }

    /// The names of all, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.entries.values().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// What the path is about: what the list it goes on from holds, of several the nearest.
    pub fn of_path(&self, path: &str) -> Option<String> {
        let path = segments(path);
        let lists = self.lists.iter().filter(|(list, _)| path.starts_with(list));
        let nearest = lists.max_by_key(|(list, _)| list.len());
        nearest.map(|(_, resource)| resource.clone())
    }

    /// Where resources stand in what an operation answers, what lies inside another first.
    pub fn places(
        &self,
        types: &Types<'_>,
        operation: &Pending<'_>,
        reply: &Ty,
    ) -> Vec<ResourcePlace> {
        let mut search = Search {
            resources: self,
            types,
            path: Vec::new(),
            inside: Vec::new(),
            found: Vec::new(),
        };
        if operation.item.is_some() {
            let rows = [PathStep::Member("models".to_owned()), PathStep::Items];
            search.path.extend(rows);
        }
        search.look(reply);
        search.found
    }
}

fn segments(path: &str) -> Vec<String> {
    path.split('/').map(str::to_owned).collect()
}

struct Search<'a> {
    resources: &'a Resources,
    types: &'a Types<'a>,
    path: Vec<PathStep>,
    /// The entries being looked into, for one may contain itself.
    inside: Vec<usize>,
    found: Vec<ResourcePlace>,
}

impl Search<'_> {
    fn look(&mut self, ty: &Ty) {
        match ty {
            Ty::Plain(_) | Ty::Again(_) | Ty::Map(_) | Ty::OneOrMany(_) | Ty::Range(_) => {}
            Ty::Option(ty) => self.look(ty),
            Ty::List(item) => self.step(PathStep::Items, item),
            Ty::Def(id) => self.entry(*id),
        }
    }

    fn step(&mut self, step: PathStep, ty: &Ty) {
        self.path.push(step);
        self.look(ty);
        self.path.pop();
    }

    fn entry(&mut self, id: usize) {
        if self.inside.contains(&id) {
            return;
        }
        self.inside.push(id);
        match &self.types.defs[id].kind {
            Kind::Enum(_) | Kind::Filter { .. } => {}
            Kind::Object(fields) => {
                for field in fields {
                    self.step(PathStep::Member(field.wire.clone()), &field.ty);
                }
            }
            Kind::Tagged(variants) => {
                for (_, id) in variants {
                    self.entry(*id);
                }
            }
            Kind::ListOrObject(list, objects) => {
                self.look(list);
                for id in objects {
                    self.entry(*id);
                }
            }
        }
        self.inside.pop();
        if let Some(resource) = self.resources.entries.get(&id) {
            let place = ResourcePlace {
                path: self.path.clone(),
                resource: resource.clone(),
            };
            // Variants of a union have members in common.
            if !self.found.contains(&place) {
                self.found.push(place);
            }
        }
    }
}
