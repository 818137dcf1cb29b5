//! Walks the operations and decides what they need: filters for lists, bodies for writes, models for
//! replies.

use std::collections::BTreeSet;

use super::Failure;
use super::document::RawOperation;
use super::lower::Lower;
use super::names;
use super::node::{Node, Prop, Shape};
use super::types::{Field, Kind, Ty, Types};

/// One row of the operation table.
#[derive(Clone, Debug)]
pub struct Operation {
    pub id: String,
    pub method: &'static str,
    pub path: String,
    pub summary: String,
    pub idempotent: bool,
    pub paged: bool,
    pub deprecated: bool,
}

/// Parameters every list has; the list call itself offers them.
const PAGING: [&str; 4] = ["dir", "limit", "next", "prev"];
/// Parameters of a list call that are no condition on its rows.
const LIST_ONLY: [&str; 3] = ["include", "order_by", "progressive"];
/// How many parameters two filters must share by name to be one filter; fewer could be chance.
const TELLING: usize = 5;

struct Pending<'a> {
    raw: RawOperation<'a>,
    params: Vec<Prop>,
    body: Option<Node>,
    reply: Option<Node>,
    item: Option<Node>,
}

pub fn plan(types: &mut Types<'_>) -> Result<Vec<Operation>, Failure> {
    let lower = types.lower;
    let mut table = Vec::new();
    let mut pending = Vec::new();
    for raw in lower.document.operations()? {
        if lower.refinements.drops(&raw.id) {
            continue;
        }
        let found = prepare(lower, raw)?;
        table.push(row(&found));
        pending.push(found);
    }
    // Lists without nested objects first: nested objects are then recognised as those lists' filters.
    pending.sort_by_key(|p| {
        p.params
            .iter()
            .any(|p| matches!(p.node.shape, Shape::Object(_)))
    });
    let mut filters = Filters::default();
    for found in &pending {
        filters.operation(types, found)?;
    }
    for found in &pending {
        if let Some(reply) = &found.reply {
            types.intern(reply)?;
        }
    }
    for found in &mut pending {
        let Some(body) = found.body.take() else {
            continue;
        };
        let body = filters.inside(types, body)?;
        let reply = match &found.reply {
            Some(reply) => types.intern(reply)?.0,
            None => Ty::Plain("Json".to_owned()),
        };
        let (Ty::Def(mut id), _) = types.intern(&body)? else {
            continue;
        };
        if !matches!(types.defs[id].kind, Kind::Object(_)) {
            return Err(Failure::new(
                &body.pointer,
                "a request body that is no object",
            ));
        }
        if types.defs[id]
            .reply
            .as_ref()
            .is_some_and(|known| *known != reply)
        {
            id = types.copy(id, &format!("{}.body", found.raw.id));
        }
        types.mark_input(id);
        types.defs[id].reply = Some(reply);
    }
    types.assign_names();
    table.sort_by(|a: &Operation, b| a.id.cmp(&b.id));
    if let Some(pair) = table.windows(2).find(|pair| pair[0].id == pair[1].id) {
        return Err(Failure::new(
            "/paths",
            format!("two operations are called `{}`", pair[0].id),
        ));
    }
    Ok(table)
}

fn prepare<'a>(lower: &Lower<'a>, raw: RawOperation<'a>) -> Result<Pending<'a>, Failure> {
    let document = lower.document;
    let success = raw.success();
    let reply = match &success {
        Some((pointer, holder)) => document.json_content(Some(holder), pointer)?,
        None => None,
    };
    let reply = match reply {
        Some((pointer, schema)) => {
            Some(lower.lower(schema, &format!("{}.reply", raw.id), &pointer)?)
        }
        None => None,
    };
    let item = match &reply {
        Some(reply) => page_item(lower, reply)?,
        None => None,
    };
    // `id` in a list is the id of what it lists.
    let item_schema = item.as_ref().and_then(|item| match &item.shape {
        Shape::Ref(name) => Some(name.clone()),
        _ => None,
    });
    let mut params = Vec::new();
    for (pointer, value) in &raw.parameters {
        let text = |key: &str| value.get(key).and_then(serde_json::Value::as_str);
        let (Some("query"), Some(name)) = (text("in"), text("name")) else {
            continue;
        };
        let Some(schema) = value.get("schema") else {
            return Err(Failure::new(pointer, "a parameter without a schema"));
        };
        let path = match &item_schema {
            Some(schema) if name == "id" => format!("{schema}.id"),
            _ => format!("{}.{name}", raw.id),
        };
        let mut node = lower.lower(schema, &path, &format!("{pointer}/schema"))?;
        if let Some(doc) = text("description") {
            node.doc = Some(doc.to_owned());
        }
        params.retain(|p: &Prop| p.name != name);
        params.push(Prop {
            name: name.to_owned(),
            required: false,
            node,
        });
    }
    let body = document.json_content(
        raw.value.get("requestBody"),
        &format!("{}/requestBody", raw.pointer),
    )?;
    let body = match body {
        Some((pointer, schema)) => {
            Some(lower.lower(schema, &format!("{}.body", raw.id), &pointer)?)
        }
        None => None,
    };
    // A page is written by hand once, for all of them.
    let reply = if item.is_some() { item.clone() } else { reply };
    Ok(Pending {
        raw,
        params,
        body,
        reply,
        item,
    })
}

/// `{pagination, count, models: [T]}` is a page of T.
fn page_item(lower: &Lower<'_>, reply: &Node) -> Result<Option<Node>, Failure> {
    let Shape::Object(props) = lower.resolve(reply)?.shape else {
        return Ok(None);
    };
    if !props.iter().any(|p| p.name == "pagination") {
        return Ok(None);
    }
    Ok(props
        .into_iter()
        .find(|p| p.name == "models")
        .and_then(|p| match p.node.shape {
            Shape::List(item) => Some(*item),
            _ => None,
        }))
}

fn row(found: &Pending<'_>) -> Operation {
    let raw = &found.raw;
    let summary = raw.text("summary").or_else(|| raw.text("description"));
    Operation {
        id: raw.id.clone(),
        method: raw.method,
        path: raw.path.to_owned(),
        summary: summary.map_or_else(
            || names::spoken(&raw.id),
            |text| text.trim_end_matches('.').to_owned(),
        ),
        idempotent: !matches!(raw.method, "post" | "patch"),
        paged: found.item.is_some(),
        deprecated: raw
            .value
            .get("deprecated")
            .and_then(serde_json::Value::as_bool)
            == Some(true),
    }
}

/// The filters found so far.
#[derive(Default)]
struct Filters {
    /// What each filter's own parameters are called.
    lists: Vec<(BTreeSet<String>, usize)>,
}

impl Filters {
    fn operation(&mut self, types: &mut Types<'_>, found: &Pending<'_>) -> Result<(), Failure> {
        let id = &found.raw.id;
        let params = &found.params;
        let own: Vec<&Prop> = params.iter().filter(|p| !is_list_param(&p.name)).collect();
        let shared = types.lower.refinements.filter(id).map(str::to_owned);
        if shared.is_some() || (found.item.is_none() && own.len() < 2) {
            // Counts share the list's filter; plans and single objects need no filter of their own,
            // but what their parameters mention is still wanted.
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
        self.lists.push((names, def));
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
        let covered = self.lists.iter().any(|(names, id)| {
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
                _ => types.intern(&param.node)?.0,
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
            && let Some((_, id)) = self.lists.iter().find(|(known, _)| *known == names)
        {
            return Ok(*id);
        }
        let fields = self.fields(types, props, false)?;
        Ok(types.define(Kind::Filter { fields, item: None }, node))
    }

    /// Replaces filters inside a request body.
    fn inside(&mut self, types: &mut Types<'_>, mut body: Node) -> Result<Node, Failure> {
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
