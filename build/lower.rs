//! From a JSON schema to a [`Node`]: types, nullability, lists, maps and objects. Unions are taken
//! apart in `shape`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Failure;
use super::document::{Document, segment};
use super::node::{Node, Prop, Shape};
use super::refinements::Refinements;

pub struct Lower<'a> {
    pub document: &'a Document,
    pub refinements: &'a Refinements,
    done: RefCell<BTreeMap<String, Node>>,
    open: RefCell<Vec<String>>,
}

/// The members a comparison object may have.
pub const OPERATORS: [&str; 8] = ["gt", "gte", "lt", "le", "lte", "any", "all", "contains"];

impl<'a> Lower<'a> {
    pub fn new(document: &'a Document, refinements: &'a Refinements) -> Self {
        Lower {
            document,
            refinements,
            done: RefCell::default(),
            open: RefCell::default(),
        }
    }

    /// A named schema.
    pub fn component(&self, name: &str) -> Result<Node, Failure> {
        if let Some(found) = self.done.borrow().get(name) {
            return Ok(found.clone());
        }
        let pointer = format!("/components/schemas/{}", segment(name));
        let value = self
            .document
            .schema(name)
            .ok_or_else(|| Failure::new(&pointer, "is referred to and does not exist"))?;
        if self.is_open(name) {
            return Err(Failure::new(
                &pointer,
                "a union in here cannot be told without itself",
            ));
        }
        self.open.borrow_mut().push(name.to_owned());
        let node = self.lower(value, name, &pointer);
        self.open.borrow_mut().pop();
        let mut node = node?;
        self.add_extra(name, &mut node)?;
        self.done.borrow_mut().insert(name.to_owned(), node.clone());
        Ok(node)
    }

    /// Whether a named schema is being lowered right now: it contains itself.
    pub fn is_open(&self, name: &str) -> bool {
        self.open.borrow().iter().any(|open| open == name)
    }

    /// The node itself, or the named schema it refers to.
    pub fn resolve(&self, node: &Node) -> Result<Node, Failure> {
        let Shape::Ref(name) = &node.shape else {
            return Ok(node.clone());
        };
        let mut seen = vec![name.clone()];
        let mut target = self.component(name)?;
        let mut nullable = node.nullable;
        while let Shape::Ref(next) = &target.shape {
            if seen.contains(next) {
                return Err(Failure::new(&target.pointer, "is another name for itself"));
            }
            seen.push(next.clone());
            nullable |= target.nullable;
            target = self.component(next)?;
        }
        target.nullable |= nullable;
        Ok(target)
    }

    fn add_extra(&self, name: &str, node: &mut Node) -> Result<(), Failure> {
        let extra = self.refinements.extra(name);
        if extra.is_empty() {
            return Ok(());
        }
        let Shape::Object(props) = &mut node.shape else {
            return Err(Failure::new(
                &node.pointer,
                "refinements add fields to what is no object",
            ));
        };
        for field in extra {
            if props.iter().any(|p| p.name == field.name) {
                let message = format!("refinements add `{}`, which is there already", field.name);
                return Err(Failure::new(&node.pointer, message));
            }
            let (shape, _) = self.refinements.shape(&field.ty, name)?;
            let mut added = Node::new(shape, &format!("{name}.{}", field.name), &node.pointer);
            added.nullable = true;
            added.doc = Some(field.doc.clone());
            props.push(Prop {
                name: field.name.clone(),
                required: false,
                node: added,
            });
        }
        Ok(())
    }

    pub fn lower(&self, value: &Value, path: &str, pointer: &str) -> Result<Node, Failure> {
        let schema = match value {
            Value::Object(schema) => schema,
            Value::Bool(true) => return Ok(Node::new(Shape::Json, path, pointer)),
            other => return Err(Failure::new(pointer, format!("`{other}` is not a schema"))),
        };
        let mut node = self.shape_of(schema, path, pointer)?;
        if schema.get("nullable").and_then(Value::as_bool) == Some(true) {
            node.nullable = true;
        }
        if let Some(doc) = schema.get("description").and_then(Value::as_str) {
            node.doc = Some(doc.to_owned());
        }
        Ok(node)
    }

    fn shape_of(
        &self,
        schema: &Map<String, Value>,
        path: &str,
        pointer: &str,
    ) -> Result<Node, Failure> {
        let node = |shape| Ok(Node::new(shape, path, pointer));
        let wanted = match self.refinements.type_of(path) {
            Some(ty) => Some(self.refinements.shape(ty, path)?),
            None => None,
        };
        if let Some((shape, true)) = wanted {
            let mut node = Node::new(shape, path, pointer);
            // Which kinds a union mixes no longer matters, whether null is one of them does.
            node.nullable = ["anyOf", "oneOf"].iter().any(|key| {
                let variants = schema
                    .get(*key)
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten();
                variants
                    .into_iter()
                    .any(|v| v.get("nullable") == Some(&Value::Bool(true)))
            });
            return Ok(node);
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let name = target
                .strip_prefix("#/components/schemas/")
                .ok_or_else(|| {
                    Failure::new(
                        pointer,
                        format!("`{target}` is not a schema of this document"),
                    )
                })?;
            let name = self.refinements.replacement(name).unwrap_or(name);
            return node(Shape::Ref(name.to_owned()));
        }
        for key in ["anyOf", "oneOf", "allOf"] {
            let Some(variants) = schema.get(key).and_then(Value::as_array) else {
                continue;
            };
            let pointer = format!("{pointer}/{key}");
            let mut nodes = Vec::new();
            for (i, variant) in variants.iter().enumerate() {
                nodes.push(self.lower(variant, path, &format!("{pointer}/{i}"))?);
            }
            if key == "allOf" {
                return self.all_of(nodes, path, &pointer);
            }
            let own = self.properties(schema, path, &pointer)?;
            let union = self.union(nodes, path, &pointer)?;
            return match (own.is_empty(), union) {
                (true, union) => Ok(union),
                (
                    false,
                    Node {
                        shape: Shape::Object(mut props),
                        nullable,
                        ..
                    },
                ) => {
                    props.splice(0..0, own);
                    let mut merged = Node::new(Shape::Object(props), path, &pointer);
                    merged.nullable = nullable;
                    Ok(merged)
                }
                _ => Err(Failure::new(
                    &pointer,
                    "properties beside a union of what is no object",
                )),
            };
        }
        if let Some(members) = schema.get("enum").and_then(Value::as_array) {
            return enumeration(members, wanted.map(|(shape, _)| shape), path, pointer);
        }
        let (kind, nullable) = kind(schema, pointer)?;
        let scalar = |plain| wanted.map_or(plain, |(shape, _)| shape);
        let shape = match kind {
            Some("string") if schema.get("format").and_then(Value::as_str) == Some("date-time") => {
                scalar(Shape::Timestamp)
            }
            Some("string") => scalar(Shape::String),
            Some("integer") => scalar(Shape::Integer),
            Some("number") => scalar(Shape::Float),
            Some("boolean") => Shape::Bool,
            Some("null") => Shape::Null,
            Some("array") => match schema.get("items") {
                Some(items) => {
                    let items =
                        self.lower(items, &format!("{path}[]"), &format!("{pointer}/items"))?;
                    Shape::List(Box::new(items))
                }
                None => Shape::List(Box::new(Node::new(Shape::Json, path, pointer))),
            },
            Some("object") => self.object(schema, path, pointer)?,
            None if schema.contains_key("properties")
                || schema.contains_key("additionalProperties") =>
            {
                self.object(schema, path, pointer)?
            }
            None => scalar(Shape::Json),
            Some(other) => return Err(Failure::new(pointer, format!("unknown type `{other}`"))),
        };
        let mut node = Node::new(shape, path, pointer);
        node.nullable = nullable;
        Ok(node)
    }

    fn properties(
        &self,
        schema: &Map<String, Value>,
        path: &str,
        pointer: &str,
    ) -> Result<Vec<Prop>, Failure> {
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut props = Vec::new();
        for (name, value) in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let inner = format!("{path}.{name}");
            let pointer = format!("{pointer}/properties/{}", segment(name));
            let mut node = self.lower(value, &inner, &pointer)?;
            let mut must = required.contains(&name.as_str());
            if self.refinements.is_lenient(&inner) {
                node.nullable = true;
                must = false;
            }
            props.push(Prop {
                name: name.clone(),
                required: must,
                node,
            });
        }
        Ok(props)
    }

    fn object(
        &self,
        schema: &Map<String, Value>,
        path: &str,
        pointer: &str,
    ) -> Result<Shape, Failure> {
        let props = self.properties(schema, path, pointer)?;
        if props.len() > 1 && props.iter().all(|p| OPERATORS.contains(&p.name.as_str())) {
            return Ok(Shape::Operators);
        }
        if props.is_empty() {
            match schema.get("additionalProperties") {
                Some(Value::Bool(true)) => {
                    let values = Node::new(Shape::Json, path, pointer);
                    return Ok(Shape::Map(Box::new(values)));
                }
                Some(values @ Value::Object(_)) => {
                    let pointer = format!("{pointer}/additionalProperties");
                    let values = self.lower(values, &format!("{path}{{}}"), &pointer)?;
                    return Ok(Shape::Map(Box::new(values)));
                }
                _ => {}
            }
        }
        Ok(Shape::Object(props))
    }
}

/// The one `type` of a schema; lists of types with null come from OpenAPI 3.1.
fn kind<'v>(
    schema: &'v Map<String, Value>,
    pointer: &str,
) -> Result<(Option<&'v str>, bool), Failure> {
    match schema.get("type") {
        None => Ok((None, false)),
        Some(Value::String(kind)) => Ok((Some(kind), false)),
        Some(Value::Array(kinds)) => {
            let all: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
            let real: Vec<&str> = all.iter().copied().filter(|kind| *kind != "null").collect();
            match real.as_slice() {
                [one] => Ok((Some(one), real.len() < all.len())),
                _ => Err(Failure::new(
                    pointer,
                    format!("several types at once: {all:?}"),
                )),
            }
        }
        Some(other) => Err(Failure::new(pointer, format!("`{other}` is not a type"))),
    }
}

fn enumeration(
    members: &[Value],
    wanted: Option<Shape>,
    path: &str,
    pointer: &str,
) -> Result<Node, Failure> {
    let nullable = members.iter().any(Value::is_null);
    let present: Vec<&Value> = members.iter().filter(|m| !m.is_null()).collect();
    let texts: Vec<String> = present
        .iter()
        .filter_map(|m| m.as_str().map(str::to_owned))
        .collect();
    let shape = if present.is_empty() {
        Shape::Null
    } else if texts.len() == present.len() {
        let mut distinct: Vec<String> = Vec::new();
        for text in texts {
            if !distinct.contains(&text) {
                distinct.push(text);
            }
        }
        match wanted {
            Some(shape @ Shape::String) => shape,
            _ => Shape::Enum(distinct),
        }
    } else if present.iter().all(|m| m.is_i64() || m.is_u64()) {
        wanted.unwrap_or(Shape::Integer)
    } else if present.iter().all(|m| m.is_number()) {
        wanted.unwrap_or(Shape::Float)
    } else if present.iter().all(|m| m.is_boolean()) {
        Shape::Bool
    } else {
        Shape::Json
    };
    let mut node = Node::new(shape, path, pointer);
    node.nullable = nullable;
    Ok(node)
}
