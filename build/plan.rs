//! Walks the operations and decides what they need: filters for lists, bodies for writes, models for
//! replies.

use super::Failure;
use super::document::RawOperation;
use super::filters::Filters;
use super::lower::Lower;
use super::names;
use super::node::{Node, Prop, Shape};
use super::types::{Kind, Ty, Types};

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

/// An operation, read and not yet emitted.
pub struct Pending<'a> {
    pub raw: RawOperation<'a>,
    /// What stands in the query string.
    pub params: Vec<Prop>,
    body: Option<Node>,
    reply: Option<Node>,
    /// What the pages of a list hold.
    pub item: Option<Node>,
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
        let mut id = match types.intern(&body)?.0 {
            Ty::Def(id) if matches!(types.defs[id].kind, Kind::Object(_)) => id,
            // Nothing in it to set.
            Ty::Plain(name) if name == "Json" => continue,
            _ => {
                return Err(Failure::new(
                    &body.pointer,
                    "a request body that is no object",
                ));
            }
        };
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
    types.assign_docs();
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
