//! Query parameters as filters: one for each list, shared by equal lists, by counts, by objects inside
//! parameters and by the bodies of bulk jobs.

use std::collections::BTreeSet;

use super::Failure;
use super::names;
use super::node::{Node, Prop, Shape};
use super::plan::Pending;
use super::types::{Field, Kind, Ty, Types};

/// Parameters every list has; the list call itself offers them.
const PAGING: [&str; 4] = ["dir", "limit", "next", "prev"];
/// Parameters of a list call that are no condition on its rows.
const LIST_ONLY: [&str; 3] = ["include", "order_by", "progressive"];
/// How many parameters two filters must share by name to be one filter; fewer could be chance.
const TELLING: usize = 3;

/// The filters found so far.
#[derive(Default)]
pub struct Filters {
    /// What each filter's own parameters are called.
    known: Vec<(BTreeSet<String>, usize)>,
}

impl Filters {
    pub fn operation(&mut self, types: &mut Types<'_>, found: &Pending<'_>) -> Result<(), Failure> {
        let id = &found.raw.id;
        let params = &found.params;
        let own: Vec<&Prop> = params.iter().filter(|p| !is_list_param(&p.name)).collect();
        let shared = types.lower.refinements.filter(id).map(str::to_owned);
        if shared.is_some() || found.item.is_none() {
            // Counts share the list's filter; plans, metrics and single objects take their parameters
            // one by one and need no filter of their own, but what those mention is still wanted.
            for param in params {
                if matches!(param.node.shape, Shape::Object(_)) {
                    self.nested(types, &param.node)?;
                } else if !PAGING.contains(&param.name.as_str()) {
                    types.intern(&param.node)?;
                }
            }
            return match shared {
                Some(name) => self.check_shared(types, found, &own, &name),
                None => Ok(()),
            };
        }
        let fields = self.fields(types, params, true)?;
        let item = match &found.item {
            Some(item) => Some(types.intern(item)?.0),
            None => None,
        };
        let names = fields
            .iter()
            .filter(|f| !f.list_only)
            .map(|f| f.wire.clone())
            .collect();
        let mut node = Node::new(
            Shape::Object(Vec::new()),
            &format!("{id}.filter"),
            &found.raw.pointer,
        );
        if let Some(Shape::Ref(schema)) = found.item.as_ref().map(|item| &item.shape) {
            let name = types.lower.refinements.name(schema).unwrap_or(schema);
            node.doc = Some(format!(
                "Conditions on [`{}`]s, for lists and what works on lists.",
                names::type_name(name)
            ));
        }
        let def = types.define(Kind::Filter { fields, item }, &node);
        if let Some(Shape::Ref(schema)) = found.item.as_ref().map(|item| &item.shape) {
            types.suggest(def, &format!("{schema}.filter"));
        }
        self.known.push((names, def));
        Ok(())
    }

    /// A refinement promises that a list's filter covers this operation; hold it to that.
    fn check_shared(
        &self,
        types: &Types<'_>,
        found: &Pending<'_>,
        own: &[&Prop],
        name: &str,
    ) -> Result<(), Failure> {
        let covered = self.known.iter().any(|(names, id)| {
            own.iter().all(|p| names.contains(&p.name)) && types.is_suggested(*id, name)
        });
        if covered {
            return Ok(());
        }
        let message = format!(
            "`{name}` does not cover the parameters of `{}`",
            found.raw.id
        );
        Err(Failure::new(&found.raw.pointer, message))
    }

    fn fields(
        &mut self,
        types: &mut Types<'_>,
        params: &[Prop],
        top: bool,
    ) -> Result<Vec<Field>, Failure> {
        let mut fields = Vec::new();
        for param in params {
            let name = param.name.as_str();
            let list_only = LIST_ONLY.contains(&name);
            if PAGING.contains(&name) || (list_only && !top) {
                continue;
            }
            let ty = match &param.node.shape {
                Shape::Object(props) if !props.is_empty() => {
                    Ty::Def(self.nested(types, &param.node)?)
                }
                _ => match types.intern(&param.node)? {
                    // A range can say null as well.
                    (Ty::OneOrMany(item), true) => param_type(types, Ty::Range(item)),
                    (ty, _) => param_type(types, ty),
                },
            };
            fields.push(Field {
                wire: name.to_owned(),
                ty,
                required: param.required,
                nullable: false,
                doc: param.node.doc.clone(),
                list_only,
            });
        }
        Ok(fields)
    }

    /// An object of parameters inside a parameter: the filter of a list where it is one.
    fn nested(&mut self, types: &mut Types<'_>, node: &Node) -> Result<usize, Failure> {
        let Shape::Object(props) = &node.shape else {
            return Err(Failure::new(&node.pointer, "is no object"));
        };
        let names: BTreeSet<String> = props
            .iter()
            .map(|p| p.name.clone())
            .filter(|n| !is_list_param(n))
            .collect();
        if names.len() >= TELLING
            && let Some((_, id)) = self.known.iter().find(|(known, _)| *known == names)
        {
            return Ok(*id);
        }
        let fields = self.fields(types, props, false)?;
        let id = types.define(Kind::Filter { fields, item: None }, node);
        self.known.push((names, id));
        Ok(id)
    }

    /// Replaces filters inside a request body.
    pub fn inside(&mut self, types: &mut Types<'_>, mut body: Node) -> Result<Node, Failure> {
        let Shape::Object(props) = &mut body.shape else {
            return Ok(body);
        };
        for prop in props {
            let Shape::Object(inner) = &prop.node.shape else {
                continue;
            };
            let compares = inner
                .iter()
                .any(|p| matches!(p.node.shape, Shape::Range(_)));
            if compares || (prop.name == "query" && !inner.is_empty()) {
                let id = self.nested(types, &prop.node)?;
                prop.node.shape = Shape::Filter(id);
            }
        }
        Ok(body)
    }
}

fn is_list_param(name: &str) -> bool {
    PAGING.contains(&name) || LIST_ONLY.contains(&name)
}

/// A type a parameter can have: scalars, enums, filters, lists of those. Anything else is JSON.
fn param_type(types: &Types<'_>, ty: Ty) -> Ty {
    const SCALARS: [&str; 8] = [
        "bool",
        "f64",
        "i64",
        "u16",
        "u32",
        "Json",
        "String",
        "Timestamp",
    ];
    let json = || Ty::Plain("Json".to_owned());
    let inner = |item: Ty| match param_type(types, item) {
        Ty::List(_) | Ty::OneOrMany(_) | Ty::Range(_) => json(),
        item => item,
    };
    match ty {
        Ty::Plain(name) => {
            let known =
                SCALARS.contains(&name.as_str()) || types.lower.refinements.ids.contains_key(&name);
            match name.as_str() {
                _ if known => Ty::Plain(name),
                "u8" | "u64" | "i32" => Ty::Plain("i64".to_owned()),
                _ => json(),
            }
        }
        Ty::Def(id) => match types.defs[id].kind {
            Kind::Enum(_) | Kind::Filter { .. } => ty,
            _ => json(),
        },
        Ty::Option(item) => param_type(types, *item),
        Ty::List(item) => Ty::List(Box::new(inner(*item))),
        Ty::OneOrMany(item) => Ty::OneOrMany(Box::new(inner(*item))),
        Ty::Range(item) => Ty::Range(Box::new(inner(*item))),
        Ty::Map(_) | Ty::Again(_) => json(),
    }
}
