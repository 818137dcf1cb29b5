//! The table of Rust types: equal schemas share one entry, and every entry gets one name.

use std::collections::{BTreeMap, BTreeSet};

use super::Failure;
use super::lower::Lower;
use super::names;
use super::node::{Node, Prop, Shape};

/// A Rust type as a field has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ty {
    /// A scalar or one of our own types, by its Rust name.
    Plain(String),
    /// A null among the items of a list or the values of a map.
    Option(Box<Ty>),
    List(Box<Ty>),
    Map(Box<Ty>),
    OneOrMany(Box<Ty>),
    Range(Box<Ty>),
    /// An entry of the table.
    Def(usize),
    /// A named schema met again while it is being built: it contains itself.
    Again(String),
}

#[derive(Clone, Debug)]
pub struct Field {
    pub wire: String,
    pub ty: Ty,
    pub required: bool,
    pub nullable: bool,
    pub doc: Option<String>,
    /// For filters: belongs to the list call only, not to bulk jobs and counts.
    pub list_only: bool,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Enum(BTreeSet<String>),
    Object(Vec<Field>),
    Tagged(Vec<(String, usize)>),
    ListOrObject(Ty, Vec<usize>),
    Filter {
        fields: Vec<Field>,
        item: Option<Ty>,
    },
}

/// One generated type.
#[derive(Clone, Debug)]
pub struct Def {
    pub kind: Kind,
    pub name: String,
    pub doc: Option<String>,
    /// A request body holds it.
    pub input: bool,
    /// What a body's operation answers, for request bodies.
    pub reply: Option<Ty>,
    /// Names it could have, the best-founded first.
    pub candidates: BTreeSet<(u8, usize, String)>,
}

pub struct Types<'a> {
    pub lower: &'a Lower<'a>,
    pub defs: Vec<Def>,
    keys: BTreeMap<String, usize>,
    components: BTreeMap<String, (Ty, bool)>,
    open: Vec<String>,
    /// Members of the enums a refinement names, to name equal ones elsewhere alike.
    named_enums: BTreeMap<BTreeSet<String>, String>,
}

impl<'a> Types<'a> {
    /// `named_enums` is what an earlier run learnt, empty for the first.
    pub fn new(lower: &'a Lower<'a>, named_enums: BTreeMap<BTreeSet<String>, String>) -> Self {
        Types {
            lower,
            defs: Vec::new(),
            keys: BTreeMap::new(),
            components: BTreeMap::new(),
            open: Vec::new(),
            named_enums,
        }
    }

    pub fn into_named_enums(self) -> BTreeMap<BTreeSet<String>, String> {
        self.named_enums
    }

    /// The type of a node, and whether null is a value of it.
    pub fn intern(&mut self, node: &Node) -> Result<(Ty, bool), Failure> {
        let plain = |name: &str| Ok((Ty::Plain(name.to_owned()), node.nullable));
        match &node.shape {
            Shape::String => plain("String"),
            Shape::Bool => plain("bool"),
            Shape::Integer => plain("i64"),
            Shape::Float => plain("f64"),
            Shape::Timestamp => plain("Timestamp"),
            Shape::Json | Shape::Null => plain("Json"),
            Shape::Named(name) => plain(name),
            Shape::Filter(id) => Ok((Ty::Def(*id), node.nullable)),
            Shape::List(item) => self.wrap(node, item, Ty::List),
            Shape::Map(item) => self.wrap(node, item, Ty::Map),
            Shape::OneOrMany(item) => self.wrap(node, item, Ty::OneOrMany),
            Shape::Range(item) => self.wrap(node, item, Ty::Range),
            Shape::Operators => Err(Failure::new(
                &node.pointer,
                "a comparison object outside a list parameter",
            )),
            Shape::Ref(name) => self.component(name, node.nullable),
            Shape::Object(props) if props.is_empty() && node.path.contains('.') => plain("Json"),
            Shape::Enum(members) => {
                let id = self.enumeration(node, members);
                Ok((Ty::Def(id), node.nullable))
            }
            Shape::Object(props) => {
                let kind = Kind::Object(self.fields(props)?);
                Ok((Ty::Def(self.define(kind, node)), node.nullable))
            }
            Shape::Tagged(variants) => {
                let mut ids = Vec::new();
                for (tag, variant) in variants {
                    ids.push((tag.clone(), self.variant(tag, variant)?));
                }
                Ok((Ty::Def(self.define(Kind::Tagged(ids), node)), node.nullable))
            }
            Shape::ListOrObject(list, objects) => {
                let (list, _) = self.intern(list)?;
                let mut ids = Vec::new();
                for object in objects {
                    match self.intern(object)?.0 {
                        Ty::Def(id) => ids.push(id),
                        _ => return plain("Json"),
                    }
                }
                let kind = Kind::ListOrObject(list, ids);
                Ok((Ty::Def(self.define(kind, node)), node.nullable))
            }
        }
    }

    fn wrap(
        &mut self,
        node: &Node,
        item: &Node,
        wrapper: fn(Box<Ty>) -> Ty,
    ) -> Result<(Ty, bool), Failure> {
        let (ty, nullable) = self.intern(item)?;
        // A null among the items is worth keeping only where it is data, not a filter value.
        let ty = match (nullable, wrapper(Box::new(ty.clone()))) {
            (true, Ty::List(_) | Ty::Map(_)) if ty != Ty::Plain("Json".to_owned()) => {
                wrapper(Box::new(Ty::Option(Box::new(ty))))
            }
            (_, wrapped) => wrapped,
        };
        Ok((ty, node.nullable))
    }

    fn component(&mut self, name: &str, nullable: bool) -> Result<(Ty, bool), Failure> {
        if let Some((ty, null)) = self.components.get(name) {
            return Ok((ty.clone(), *null || nullable));
        }
        if self.open.iter().any(|open| open == name) {
            return Ok((Ty::Again(name.to_owned()), nullable));
        }
        self.open.push(name.to_owned());
        let node = self.lower.component(name)?;
        let found = self.intern(&node);
        self.open.pop();
        let (ty, null) = found?;
        if ty == Ty::Again(name.to_owned()) {
            return Err(Failure::new(&node.pointer, "is another name for itself"));
        }
        self.components.insert(name.to_owned(), (ty.clone(), null));
        Ok((ty, null || nullable))
    }

    /// A variant of a tagged union: an object whose tag is written by the union.
    fn variant(&mut self, tag: &str, node: &Node) -> Result<usize, Failure> {
        let mut open = self.lower.resolve(node)?;
        if !matches!(node.shape, Shape::Ref(_)) {
            open.path = format!("{}.{tag}", node.path);
        }
        if let Shape::Object(props) = &mut open.shape {
            props.retain(|p| p.name != "type");
            let fields = self.fields(&props.clone())?;
            return Ok(self.define(Kind::Object(fields), &open));
        }
        Err(Failure::new(
            &node.pointer,
            "a tagged variant that is no object",
        ))
    }

    fn fields(&mut self, props: &[Prop]) -> Result<Vec<Field>, Failure> {
        let mut fields = Vec::new();
        for prop in props {
            let (ty, nullable) = match self.intern(&prop.node)? {
                // Comparisons belong to filters; met elsewhere, they are data.
                (Ty::Range(_), nullable) => (Ty::Plain("Json".to_owned()), nullable),
                found => found,
            };
            fields.push(Field {
                wire: prop.name.clone(),
                ty,
                required: prop.required,
                nullable,
                doc: prop.node.doc.clone(),
                list_only: false,
            });
        }
        Ok(fields)
    }

    fn enumeration(&mut self, node: &Node, members: &[String]) -> usize {
        let members: BTreeSet<String> = members.iter().cloned().collect();
        let chosen = self
            .lower
            .refinements
            .name(node.path.as_str())
            .map(str::to_owned);
        if let Some(name) = &chosen {
            self.named_enums.insert(members.clone(), name.clone());
        }
        // Enums given one name are one type with the members of all: they are open anyway.
        let key = match chosen.or_else(|| self.named_enums.get(&members).cloned()) {
            Some(name) => format!("enum {name}"),
            None => format!("enum {members:?}"),
        };
        let id = self.entry(key, Kind::Enum(BTreeSet::new()), node);
        if let Kind::Enum(all) = &mut self.defs[id].kind {
            all.extend(members);
        }
        id
    }

    /// The entry of an object or union; structurally equal ones are the same entry.
    pub fn define(&mut self, kind: Kind, node: &Node) -> usize {
        let key = match &kind {
            Kind::Object(fields) => format!("object {}", signature(fields)),
            Kind::Filter { fields, item } => format!("filter {} of {item:?}", signature(fields)),
            Kind::Tagged(variants) => format!("tagged {variants:?}"),
            Kind::ListOrObject(list, objects) => format!("list {list:?} or {objects:?}"),
            Kind::Enum(members) => format!("enum {members:?}"),
        };
        self.entry(key, kind, node)
    }

    fn entry(&mut self, key: String, kind: Kind, node: &Node) -> usize {
        let id = match self.keys.get(&key) {
            Some(id) => *id,
            None => {
                self.defs.push(Def {
                    kind,
                    name: String::new(),
                    doc: None,
                    input: false,
                    reply: None,
                    candidates: BTreeSet::new(),
                });
                self.keys.insert(key, self.defs.len() - 1);
                self.defs.len() - 1
            }
        };
        let candidate = self.candidate(&node.path);
        let def = &mut self.defs[id];
        if def.doc.is_none() {
            def.doc = node.doc.clone();
        }
        def.candidates.insert(candidate);
        id
    }

    /// A second type of the same fields, for an operation that answers something else.
    pub fn copy(&mut self, id: usize, path: &str) -> usize {
        let mut def = self.defs[id].clone();
        def.candidates = BTreeSet::from([self.candidate(path)]);
        def.reply = None;
        self.defs.push(def);
        self.defs.len() - 1
    }

    /// Marks what request bodies reach.
    pub fn mark_input(&mut self, id: usize) {
        if std::mem::replace(&mut self.defs[id].input, true) {
            return;
        }
        for ty in sent_types(&self.defs[id].kind) {
            if let Some(id) = self.target(&ty) {
                self.mark_input(id);
            }
        }
    }

    /// The entry a type ends in, through lists and options.
    pub fn target(&self, ty: &Ty) -> Option<usize> {
        match ty {
            Ty::Plain(_) => None,
            Ty::Def(id) => Some(*id),
            Ty::Again(name) => match self.components.get(name) {
                Some((ty, _)) => self.target(ty),
                None => None,
            },
            Ty::Option(ty) | Ty::List(ty) | Ty::Map(ty) | Ty::OneOrMany(ty) | Ty::Range(ty) => {
                self.target(ty)
            }
        }
    }

    /// The Rust text of a type.
    pub fn text(&self, ty: &Ty) -> String {
        match ty {
            Ty::Plain(name) => name.clone(),
            Ty::Option(item) => format!("Option<{}>", self.text(item)),
            Ty::List(item) => format!("Vec<{}>", self.text(item)),
            Ty::Map(item) => format!("BTreeMap<String, {}>", self.text(item)),
            Ty::OneOrMany(item) => format!("OneOrMany<{}>", self.text(item)),
            Ty::Range(item) => format!("Range<{}>", self.text(item)),
            Ty::Def(id) => self.defs[*id].name.clone(),
            Ty::Again(name) => match self.components.get(name) {
                Some((ty, _)) => self.text(ty),
                None => names::pascal(name),
            },
        }
    }
}

/// What makes two sets of fields the same: names, types, presence; not order, not prose.
fn signature(fields: &[Field]) -> String {
    let mut parts: Vec<String> = fields
        .iter()
        .map(|f| {
            format!(
                "{}:{:?}:{}:{}:{}",
                f.wire, f.ty, f.required, f.nullable, f.list_only
            )
        })
        .collect();
    parts.sort();
    parts.join(",")
}

/// The types a body sends along with an entry.
fn sent_types(kind: &Kind) -> Vec<Ty> {
    match kind {
        Kind::Enum(_) => Vec::new(),
        Kind::Object(fields) | Kind::Filter { fields, .. } => {
            fields.iter().map(|f| f.ty.clone()).collect()
        }
        Kind::Tagged(variants) => variants.iter().map(|(_, id)| Ty::Def(*id)).collect(),
        Kind::ListOrObject(list, objects) => {
            let objects = objects.iter().map(|id| Ty::Def(*id));
            std::iter::once(list.clone()).chain(objects).collect()
        }
    }
}
