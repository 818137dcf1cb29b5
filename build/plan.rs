//! Walks the operations and decides what they need: filters for lists, bodies for writes, models for
//! replies.

use serde_json::Value;

use super::Failure;
use super::document::RawOperation;
use super::filters::Filters;
use super::lower::Lower;
use super::names;
use super::node::{Node, Prop, Shape};
use super::resources::{ResourcePlace, Resources};
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
    /// Whether it removes what its path names.
    pub deletes: bool,
    pub has_body: bool,
    /// The direction of a list by default, `asc` or `desc`.
    pub direction: Option<String>,
    /// What it is about.
    pub resource: Option<String>,
    /// Where resources stand in the reply.
    pub places: Vec<ResourcePlace>,
    /// The `type` of the bulk jobs it is about.
    pub bulk_type: Option<String>,
}

/// The operation table, and the resources it names.
pub struct Table {
    pub operations: Vec<Operation>,
    pub resources: Vec<String>,
}

/// An operation, read and not yet emitted.
pub struct Pending<'a> {
    pub raw: RawOperation<'a>,
    /// What stands in the query string.
    pub params: Vec<Prop>,
    body: Option<Node>,
    has_body: bool,
    reply: Option<Node>,
    deletes: bool,
    direction: Option<String>,
    /// What the pages of a list hold.
    pub item: Option<Node>,
}

pub fn plan(types: &mut Types<'_>) -> Result<Table, Failure> {
    let lower = types.lower;
    let mut pending = Vec::new();
    for raw in lower.document.operations()? {
        if lower.refinements.drops(&raw.id) {
            continue;
        }
        pending.push(prepare(lower, raw)?);
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
    let mut replies = Vec::new();
    for found in &pending {
        replies.push(match &found.reply {
            Some(reply) => Some(types.intern(reply)?.0),
            None => None,
        });
    }
    for (found, reply) in pending.iter_mut().zip(&replies) {
        let Some(body) = found.body.take() else {
            continue;
        };
        let body = filters.inside(types, body)?;
        let reply = reply.clone().unwrap_or(Ty::Plain("Json".to_owned()));
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
    let resources = Resources::find(types, &pending, &replies);
    let rows = pending.iter().zip(&replies);
    let mut operations: Vec<Operation> = rows
        .map(|(found, reply)| Operation {
            resource: resources.of_path(found.raw.path),
            places: match reply {
                Some(reply) => resources.places(types, found, reply),
                None => Vec::new(),
            },
            ..row(found)
        })
        .collect();
    operations.sort_by(|a, b| a.id.cmp(&b.id));
    if let Some(pair) = operations.windows(2).find(|pair| pair[0].id == pair[1].id) {
        return Err(Failure::new(
            "/paths",
            format!("two operations are called `{}`", pair[0].id),
        ));
    }
    Ok(Table {
        operations,
        resources: resources.names().into_iter().map(str::to_owned).collect(),
    })
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
    let mut direction = None;
    for (pointer, value) in &raw.parameters {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let (Some("query"), Some(name)) = (text("in"), text("name")) else {
            continue;
        };
        let Some(schema) = value.get("schema") else {
            return Err(Failure::new(pointer, "a parameter without a schema"));
        };
        if name == "dir" && item.is_some() {
            direction = default_direction(lower, &raw.id, schema, pointer)?;
        }
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
    let deletes = match &reply {
        Some(reply) if raw.method == "delete" => is_id_alone(&lower.resolve(reply)?),
        _ => false,
    };
    // A page is written by hand once, for all of them.
    let reply = if item.is_some() { item.clone() } else { reply };
    Ok(Pending {
        raw,
        params,
        has_body: body.is_some(),
        body,
        reply,
        deletes,
        direction,
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

/// What is left of a thing that is deleted: `{id}`. A `DELETE` may do something else as well, and then
/// answers the thing.
fn is_id_alone(reply: &Node) -> bool {
    matches!(&reply.shape, Shape::Object(props) if props.len() == 1 && props[0].name == "id")
}

/// The direction of a list that is not told one: what refinements say, or else the parameter's own
/// default, or else what refinements say of all lists.
fn default_direction(
    lower: &Lower<'_>,
    operation: &str,
    schema: &Value,
    pointer: &str,
) -> Result<Option<String>, Failure> {
    let variants = schema.get("anyOf").and_then(Value::as_array);
    let mut own = std::iter::once(schema).chain(variants.into_iter().flatten());
    let stated = own.find_map(|schema| schema.get("default")?.as_str());
    let refinements = lower.refinements;
    let chosen = refinements
        .direction(operation)
        .or(stated)
        .or_else(|| refinements.common_direction());
    match chosen.map(str::to_ascii_lowercase) {
        Some(other) if !["asc", "desc"].contains(&other.as_str()) => Err(Failure::new(
            pointer,
            format!("`{other}` is not a direction: `asc` or `desc` is"),
        )),
        chosen => Ok(chosen),
    }
}

/// `/bulk/ignored-events/retry/{id}` is about jobs of the type `ignored_events.retry`.
fn bulk_type(path: &str) -> Option<String> {
    let mut segments = path.strip_prefix("/bulk/")?.split('/');
    let (what, how) = (segments.next()?, segments.next()?);
    Some(format!("{}.{}", what.replace('-', "_"), how))
}

/// What stands in the document about an operation by itself.
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
        deprecated: raw.value.get("deprecated").and_then(Value::as_bool) == Some(true),
        deletes: found.deletes,
        has_body: found.has_body,
        direction: found.direction.clone(),
        resource: None,
        places: Vec::new(),
        bulk_type: bulk_type(raw.path),
    }
}
