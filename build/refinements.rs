//! `openapi/refinements.json`: every name we choose and every deviation from the document, as data
//! with a reason. Looking an entry up marks it used; what nobody looked up names a target that is not
//! there.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::node::Shape;
use super::{Failure, IN_REFINEMENTS};

/// An identifier type of ours.
#[derive(Clone, Debug)]
pub struct IdType {
    pub prefix: String,
    pub doc: String,
}

/// A field live replies carry and the document leaves out.
#[derive(Clone, Debug)]
pub struct ExtraField {
    pub name: String,
    pub ty: String,
    pub doc: String,
}

/// What the hand-written layer uses by name.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    pub types: Vec<String>,
    /// `Type.field`, or `Type.field: Type` where what it holds matters too.
    pub fields: Vec<String>,
    /// `Type(argument, ..)`: what its `new` is called with.
    pub constructors: Vec<String>,
    pub operations: Vec<String>,
    /// Members of the generated `Resource`.
    pub resources: Vec<String>,
}

#[derive(Debug, Default)]
pub struct Refinements {
    pub ids: BTreeMap<String, IdType>,
    pub needs: Needs,
    names: BTreeMap<String, String>,
    types: BTreeMap<String, String>,
    docs: BTreeMap<String, String>,
    replace: BTreeMap<String, String>,
    filters: BTreeMap<String, String>,
    directions: BTreeMap<String, String>,
    extra: BTreeMap<String, Vec<ExtraField>>,
    merge: BTreeSet<String>,
    lenient: BTreeSet<String>,
    drop: BTreeSet<String>,
    used: RefCell<BTreeSet<String>>,
}

const SECTIONS: [&str; 12] = [
    "ids",
    "names",
    "types",
    "docs",
    "replace",
    "filters",
    "directions",
    "extra",
    "merge",
    "lenient",
    "drop",
    "needs",
];

/// In `directions`, every list that has no entry of its own and no default in the document.
const EVERY_LIST: &str = "*";

fn broken(section: &str, message: impl Into<String>) -> Failure {
    Failure::new(&format!("{IN_REFINEMENTS}/{section}"), message)
}

impl Refinements {
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let root: Value =
            serde_json::from_str(text).map_err(|error| broken("", format!("not JSON: {error}")))?;
        let root = root
            .as_object()
            .ok_or_else(|| broken("", "must be an object"))?;
        let mut out = Refinements::default();
        for (section, groups) in root {
            if !SECTIONS.contains(&section.as_str()) {
                return Err(broken(section, "no such section"));
            }
            if section == "needs" {
                out.needs = needs(groups)?;
                continue;
            }
            let groups = groups
                .as_array()
                .ok_or_else(|| broken(section, "must be a list"))?;
            for group in groups {
                if group
                    .get("reason")
                    .and_then(Value::as_str)
                    .is_none_or(str::is_empty)
                {
                    return Err(broken(
                        section,
                        format!("an entry without a reason: {group}"),
                    ));
                }
                let set = group
                    .get("set")
                    .ok_or_else(|| broken(section, "an entry without `set`"))?;
                out.group(section, set)?;
            }
        }
        Ok(out)
    }

    fn group(&mut self, section: &str, set: &Value) -> Result<(), Failure> {
        if let Some(list) = set.as_array() {
            for entry in list {
                let key = entry
                    .as_str()
                    .ok_or_else(|| broken(section, "must list strings"))?;
                let fresh = match section {
                    "merge" => self.merge.insert(key.to_owned()),
                    "lenient" => self.lenient.insert(key.to_owned()),
                    "drop" => self.drop.insert(key.to_owned()),
                    _ => return Err(broken(section, "`set` must be an object")),
                };
                if !fresh {
                    return Err(broken(section, format!("`{key}` stands twice")));
                }
            }
            return Ok(());
        }
        let set = set
            .as_object()
            .ok_or_else(|| broken(section, "`set` must be a list or an object"))?;
        for (key, value) in set {
            let text = || {
                value
                    .as_str()
                    .map(str::to_owned)
                    .ok_or_else(|| broken(section, format!("`{key}` must be a string")))
            };
            let member = |name: &str| {
                value
                    .get(name)
                    .and_then(Value::as_str)
                    .map(str::to_owned)
                    .ok_or_else(|| broken(section, format!("`{key}` lacks `{name}`")))
            };
            let before = match section {
                "names" => self.names.insert(key.clone(), text()?).is_some(),
                "types" => self.types.insert(key.clone(), text()?).is_some(),
                "docs" => self.docs.insert(key.clone(), text()?).is_some(),
                "replace" => self.replace.insert(key.clone(), text()?).is_some(),
                "filters" => self.filters.insert(key.clone(), text()?).is_some(),
                "directions" => self.directions.insert(key.clone(), text()?).is_some(),
                "ids" => {
                    let id = IdType {
                        prefix: member("prefix")?,
                        doc: member("doc")?,
                    };
                    self.ids.insert(key.clone(), id).is_some()
                }
                "extra" => {
                    let (schema, name) = key
                        .rsplit_once('.')
                        .ok_or_else(|| broken(section, format!("`{key}` is not `Schema.field`")))?;
                    let field = ExtraField {
                        name: name.to_owned(),
                        ty: member("type")?,
                        doc: member("doc")?,
                    };
                    self.extra.entry(schema.to_owned()).or_default().push(field);
                    false
                }
                _ => return Err(broken(section, "`set` must be a list")),
            };
            if before {
                return Err(broken(section, format!("`{key}` stands twice")));
            }
        }
        Ok(())
    }

    fn mark(&self, section: &str, key: &str) {
        self.used.borrow_mut().insert(format!("{section}: {key}"));
    }

    fn look<'a>(
        &self,
        section: &str,
        map: &'a BTreeMap<String, String>,
        key: &str,
    ) -> Option<&'a str> {
        let found = map.get(key)?;
        self.mark(section, key);
        Some(found)
    }

    /// The name chosen for the type at a path.
    pub fn name(&self, path: &str) -> Option<&str> {
        self.look("names", &self.names, path)
    }

    /// The type chosen for a path: for the whole of it, or for every property of this name.
    pub fn type_of(&self, path: &str) -> Option<&str> {
        let bare = path
            .trim_end_matches("[]")
            .trim_end_matches("{}")
            .trim_end_matches("[]");
        if let Some(found) = self.look("types", &self.types, path) {
            return Some(found);
        }
        if let Some(found) = self.look("types", &self.types, bare) {
            return Some(found);
        }
        let last = bare.rsplit('.').next()?;
        self.look("types", &self.types, last)
    }

    /// The shape a type name stands for, and whether it replaces more than one scalar.
    pub fn shape(&self, ty: &str, path: &str) -> Result<(Shape, bool), Failure> {
        let shape = match ty {
            "String" => (Shape::String, false),
            "Timestamp" => (Shape::Timestamp, false),
            "Secret" | "u8" | "u16" | "u32" | "u64" | "i32" | "i64" | "f64" => {
                (Shape::Named(ty.to_owned()), false)
            }
            "Json" => (Shape::Json, true),
            "bool" => (Shape::Bool, true),
            "Headers" => (Shape::Named(ty.to_owned()), true),
            _ if self.ids.contains_key(ty) => {
                self.mark("ids", ty);
                (Shape::Named(ty.to_owned()), false)
            }
            _ => match ty.strip_prefix('#') {
                Some(schema) => (Shape::Ref(schema.to_owned()), false),
                None => return Err(broken("types", format!("`{path}`: no type `{ty}`"))),
            },
        };
        Ok(shape)
    }

    /// What to say of a generated type (`SourceAuth`) or of a field of it (`SourceAuth.token`).
    pub fn doc(&self, path: &str) -> Option<&str> {
        self.look("docs", &self.docs, path)
    }

    pub fn replacement(&self, schema: &str) -> Option<&str> {
        self.look("replace", &self.replace, schema)
    }

    /// The filter an operation shares with a list although it takes only part of it.
    pub fn filter(&self, operation: &str) -> Option<&str> {
        self.look("filters", &self.filters, operation)
    }

    /// The direction a list has by default, and where that is known only here.
    pub fn direction(&self, operation: &str) -> Option<&str> {
        self.look("directions", &self.directions, operation)
    }

    /// The direction of lists of which nothing else is known.
    pub fn common_direction(&self) -> Option<&str> {
        self.look("directions", &self.directions, EVERY_LIST)
    }

    pub fn extra(&self, schema: &str) -> &[ExtraField] {
        match self.extra.get(schema) {
            Some(fields) => {
                for field in fields {
                    self.mark("extra", &format!("{schema}.{}", field.name));
                }
                fields
            }
            None => &[],
        }
    }

    fn listed(&self, section: &str, set: &BTreeSet<String>, key: &str) -> bool {
        let found = set.contains(key);
        if found {
            self.mark(section, key);
        }
        found
    }

    /// Variants of this union become one struct although they carry a tag.
    pub fn merges(&self, path: &str) -> bool {
        self.listed("merge", &self.merge, path)
    }

    /// Live replies leave this property out or send null.
    pub fn is_lenient(&self, path: &str) -> bool {
        self.listed("lenient", &self.lenient, path)
    }

    pub fn drops(&self, operation: &str) -> bool {
        self.listed("drop", &self.drop, operation)
    }

    /// Every entry nothing asked for.
    pub fn unused(&self) -> Vec<String> {
        let used = self.used.borrow();
        let maps = [
            ("names", &self.names),
            ("types", &self.types),
            ("docs", &self.docs),
            ("replace", &self.replace),
            ("filters", &self.filters),
            ("directions", &self.directions),
        ];
        let mut all: Vec<String> = Vec::new();
        for (section, map) in maps {
            all.extend(map.keys().map(|key| format!("{section}: {key}")));
        }
        for (section, set) in [
            ("merge", &self.merge),
            ("lenient", &self.lenient),
            ("drop", &self.drop),
        ] {
            all.extend(set.iter().map(|key| format!("{section}: {key}")));
        }
        all.extend(self.ids.keys().map(|key| format!("ids: {key}")));
        for (schema, fields) in &self.extra {
            all.extend(
                fields
                    .iter()
                    .map(|field| format!("extra: {schema}.{}", field.name)),
            );
        }
        all.retain(|entry| !used.contains(entry));
        all.sort();
        all
    }
}

fn needs(value: &Value) -> Result<Needs, Failure> {
    let list = |name: &str| -> Result<Vec<String>, Failure> {
        let Some(list) = value.get(name) else {
            return Ok(Vec::new());
        };
        list.as_array()
            .and_then(|list| list.iter().map(|v| v.as_str().map(str::to_owned)).collect())
            .ok_or_else(|| broken("needs", format!("`{name}` must be a list of strings")))
    };
    Ok(Needs {
        types: list("types")?,
        fields: list("fields")?,
        constructors: list("constructors")?,
        operations: list("operations")?,
        resources: list("resources")?,
    })
}
