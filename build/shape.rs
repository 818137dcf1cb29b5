//! Every `anyOf` and `oneOf`, classified into a closed list of shapes. What is not on the list is a
//! build error that names its place, never a guess.
//!
//! | variants | shape |
//! |---|---|
//! | T, comparison object, \[T\] | range of T |
//! | T, \[T\] | one or many T |
//! | enums, with or without plain strings | one enum |
//! | objects with a one-value `type` each | tagged |
//! | other objects | one struct with the properties of all |
//! | a list and an object | told apart by the first byte |
//! | a list and several objects | the same, the objects by what each requires, or else as one struct |
//! | scalars of different kinds, or scalars and objects | any JSON |

use super::Failure;
use super::lower::{Lower, OPERATORS};
use super::node::{Node, Prop, Shape};

impl Lower<'_> {
    pub fn union(&self, variants: Vec<Node>, path: &str, pointer: &str) -> Result<Node, Failure> {
        let mut out = Node::new(Shape::Null, path, pointer);
        let mut rest: Vec<Node> = Vec::new();
        let mut anything = false;
        for variant in variants {
            let open = self.look_into(&variant)?;
            out.nullable |= open.nullable;
            match open.shape {
                Shape::Null => out.nullable = true,
                // `{nullable: true}` is how these documents spell null.
                Shape::Json if open.nullable && open.doc.is_none() => {}
                Shape::Json => anything = true,
                Shape::Tagged(inner) => rest.extend(inner.into_iter().map(|(tag, mut node)| {
                    retag(&mut node, &tag);
                    node
                })),
                _ => rest.push(variant),
            }
        }
        out.doc = rest.iter().find_map(|v| v.doc.clone());
        let mut open = Vec::new();
        for variant in &rest {
            open.push(self.look_into(variant)?);
        }
        // A variant without any constraint says nothing beside objects; elsewhere it says "anything".
        if anything && !open.iter().all(|v| matches!(v.shape, Shape::Object(_))) {
            out.shape = Shape::Json;
            return Ok(out);
        }
        out.shape = match open.as_slice() {
            [] => Shape::Json,
            [_] => {
                let only = rest.remove(0);
                out.nullable |= only.nullable;
                out.doc = out.doc.or(only.doc);
                only.shape
            }
            _ => self.classify(&rest, &open, path, pointer)?,
        };
        Ok(out)
    }

    /// Resolves a variant, unless that is the very schema we are in.
    fn look_into(&self, variant: &Node) -> Result<Node, Failure> {
        match &variant.shape {
            Shape::Ref(name) if self.is_open(name) => Ok(variant.clone()),
            _ => self.resolve(variant),
        }
    }

    fn classify(
        &self,
        named: &[Node],
        open: &[Node],
        path: &str,
        pointer: &str,
    ) -> Result<Shape, Failure> {
        let count = |test: fn(&Shape) -> bool| open.iter().filter(|v| test(&v.shape)).count();
        let operators = count(compares);
        let lists = count(|s| matches!(s, Shape::List(_)));
        let objects = count(|s| matches!(s, Shape::Object(_)));
        let maps = count(|s| matches!(s, Shape::Map(_) | Shape::Json));
        let scalars = open.iter().filter(|v| v.is_scalar()).count();
        let total = open.len();
        if let Some(item) = one_or_many_refs(named) {
            return Ok(Shape::OneOrMany(Box::new(item)));
        }
        let empty_objects = open
            .iter()
            .filter(|v| matches!(&v.shape, Shape::Object(p) if p.is_empty()))
            .count();

        if operators > 0 && lists + scalars > 0 && operators + lists + scalars == total {
            return Ok(match self.item(named, open, path, pointer)? {
                Some(item) => Shape::Range(Box::new(item)),
                None => Shape::Json,
            });
        }
        if objects == total {
            return self.objects(named, open, path, pointer);
        }
        if scalars == total {
            return Ok(self.merge_shapes(open, path, pointer)?.shape);
        }
        if lists == 1
            && scalars + objects + 1 == total
            && objects <= 1
            && scalars + objects > 0
            && empty_objects == 0
        {
            if scalars == 0 && !self.list_of_itself(named, open)? {
                let list = position(open, |s| matches!(s, Shape::List(_)));
                let (list, object) = (list, 1 - list);
                return Ok(Shape::ListOrObject(
                    Box::new(named[list].clone()),
                    vec![named[object].clone()],
                ));
            }
            if scalars == 0 || objects == 0 {
                return Ok(match self.item(named, open, path, pointer)? {
                    Some(item) if scalars > 0 && matches!(item.shape, Shape::Timestamp) => {
                        Shape::Range(Box::new(item))
                    }
                    Some(item) => Shape::OneOrMany(Box::new(item)),
                    None => Shape::Json,
                });
            }
        }
        if lists == 1 && objects > 1 && objects + 1 == total {
            return self.list_or_objects(named, open, path, pointer);
        }
        // Free-form content: a word, or whatever object or list somebody sent.
        if lists == 0 && objects + scalars == total {
            return Ok(Shape::Json);
        }
        if empty_objects + maps + lists + scalars == total {
            return Ok(Shape::Json);
        }
        let kinds: Vec<&str> = open.iter().map(|v| kind_name(&v.shape)).collect();
        Err(Failure::new(
            pointer,
            format!("a union of unknown shape: {}", kinds.join(" | ")),
        ))
    }

    /// A list beside several objects: one variant each if what an object requires tells it from the
    /// others, else one struct for all of them.
    fn list_or_objects(
        &self,
        named: &[Node],
        open: &[Node],
        path: &str,
        pointer: &str,
    ) -> Result<Shape, Failure> {
        let at = position(open, |s| matches!(s, Shape::List(_)));
        let list = Box::new(named[at].clone());
        let without = |nodes: &[Node]| {
            let mut rest = nodes.to_vec();
            rest.remove(at);
            rest
        };
        let open = without(open);
        if open
            .iter()
            .enumerate()
            .all(|(i, object)| is_told_from_others(object, i, &open))
        {
            return Ok(Shape::ListOrObject(list, without(named)));
        }
        let path = format!("{path}.object");
        let merged = self.merge_objects(&open, &path, pointer)?;
        let object = Node::new(merged, &path, pointer);
        Ok(Shape::ListOrObject(list, vec![object]))
    }

    fn list_of_itself(&self, named: &[Node], open: &[Node]) -> Result<bool, Failure> {
        let at = position(open, |s| matches!(s, Shape::List(_)));
        let Shape::List(item) = &open[at].shape else {
            return Ok(false);
        };
        let other = &named[1 - at];
        Ok(item.same_shape(other) || self.resolve(item)?.same_shape(&self.resolve(other)?))
    }

    /// What a scalar, a list of it and comparisons with it have in common, if it is one thing.
    fn item(
        &self,
        named: &[Node],
        open: &[Node],
        path: &str,
        pointer: &str,
    ) -> Result<Option<Node>, Failure> {
        let mut items = Vec::new();
        for (named, open) in named.iter().zip(open) {
            match &open.shape {
                shape if compares(shape) => {}
                Shape::List(item) => items.push((**item).clone()),
                _ => items.push(named.clone()),
            }
        }
        let mut item = if items.iter().all(|i| i.same_shape(&items[0])) {
            items.remove(0)
        } else {
            let mut resolved = Vec::new();
            for item in &items {
                resolved.push(self.resolve(item)?);
            }
            self.merge_shapes(&resolved, path, pointer)?
        };
        if matches!(self.resolve(&item)?.shape, Shape::List(_) | Shape::Json) {
            return Ok(None);
        }
        item.nullable = false;
        Ok(Some(item))
    }

    fn objects(
        &self,
        named: &[Node],
        open: &[Node],
        path: &str,
        pointer: &str,
    ) -> Result<Shape, Failure> {
        let tags: Option<Vec<String>> = open.iter().map(tag).collect();
        if let Some(tags) = tags {
            let distinct = tags
                .iter()
                .enumerate()
                .all(|(i, tag)| !tags[..i].contains(tag));
            if distinct && !self.refinements.merges(path) {
                let variants = tags.into_iter().zip(named.iter().cloned()).collect();
                return Ok(Shape::Tagged(variants));
            }
        }
        self.merge_objects(open, path, pointer)
    }
}

/// A comparison object, which may have only one member.
fn compares(shape: &Shape) -> bool {
    match shape {
        Shape::Operators => true,
        Shape::Object(props) => {
            !props.is_empty() && props.iter().all(|p| OPERATORS.contains(&p.name.as_str()))
        }
        _ => false,
    }
}

/// `Ref` beside `[Ref]`, told without looking into it.
fn one_or_many_refs(named: &[Node]) -> Option<Node> {
    let [a, b] = named else { return None };
    let (one, list) = if matches!(a.shape, Shape::List(_)) {
        (b, a)
    } else {
        (a, b)
    };
    match (&one.shape, &list.shape) {
        (Shape::Ref(name), Shape::List(item)) => match &item.shape {
            Shape::Ref(same) if same == name => Some(one.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an object requires a property that no other of them has.
fn is_told_from_others(object: &Node, at: usize, all: &[Node]) -> bool {
    let props = |node: &Node| match &node.shape {
        Shape::Object(props) => props.clone(),
        _ => Vec::new(),
    };
    let others = all.iter().enumerate().filter(|(i, _)| *i != at);
    let others: Vec<Prop> = others.flat_map(|(_, other)| props(other)).collect();
    props(object)
        .iter()
        .any(|own| own.required && !others.iter().any(|other| other.name == own.name))
}

fn position(open: &[Node], test: fn(&Shape) -> bool) -> usize {
    open.iter().position(|v| test(&v.shape)).unwrap_or(0)
}

/// The one value of an object's `type`.
pub fn tag(node: &Node) -> Option<String> {
    let Shape::Object(props) = &node.shape else {
        return None;
    };
    let prop = props.iter().find(|p| p.name == "type")?;
    match &prop.node.shape {
        Shape::Enum(values) if values.len() == 1 => Some(values[0].clone()),
        _ => None,
    }
}

/// A variant taken out of an inner tagged union says its tag itself.
fn retag(node: &mut Node, tag: &str) {
    let Shape::Object(props) = &mut node.shape else {
        return;
    };
    if !props.iter().any(|p| p.name == "type") {
        let kind = Node::new(Shape::Enum(vec![tag.to_owned()]), &node.path, &node.pointer);
        props.insert(
            0,
            Prop {
                name: "type".to_owned(),
                required: true,
                node: kind,
            },
        );
    }
}

fn kind_name(shape: &Shape) -> &'static str {
    match shape {
        Shape::String => "string",
        Shape::Bool => "boolean",
        Shape::Integer => "integer",
        Shape::Float => "number",
        Shape::Timestamp => "date-time",
        Shape::Json => "anything",
        Shape::Named(_) => "scalar",
        Shape::Enum(_) => "enum",
        Shape::List(_) => "list",
        Shape::Map(_) => "map",
        Shape::Object(_) => "object",
        Shape::Tagged(_) => "tagged union",
        Shape::ListOrObject(..) => "list or object",
        Shape::OneOrMany(_) => "one or many",
        Shape::Range(_) => "range",
        Shape::Ref(_) => "reference",
        Shape::Filter(_) => "filter",
        Shape::Null => "null",
        Shape::Operators => "comparison object",
    }
}
