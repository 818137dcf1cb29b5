//! Several schemas folded into one that takes what any of them takes. This is what turns the hundreds
//! of provider configurations into a handful of types.

use super::Failure;
use super::lower::Lower;
use super::node::{Node, Prop, Shape};

impl Lower<'_> {
    /// One struct with the properties of all; required is what every variant requires.
    pub fn merge_objects(
        &self,
        variants: &[Node],
        path: &str,
        pointer: &str,
    ) -> Result<Shape, Failure> {
        self.fold(variants, path, pointer, |holders, required| {
            required == holders
        })
    }

    /// `allOf`: one schema with a note beside it, or objects that all hold at once.
    pub fn all_of(&self, mut parts: Vec<Node>, path: &str, pointer: &str) -> Result<Node, Failure> {
        if parts.len() == 1 {
            return Ok(parts.remove(0));
        }
        let mut open = Vec::new();
        for part in &parts {
            open.push(self.resolve(part)?);
        }
        if let Some(odd) = open.iter().find(|p| !matches!(p.shape, Shape::Object(_))) {
            return Err(Failure::new(
                &odd.pointer,
                "`allOf` of several parts that are not all objects",
            ));
        }
        let shape = self.fold(&open, path, pointer, |_, required| required > 0)?;
        Ok(Node::new(shape, path, pointer))
    }

    fn fold(
        &self,
        variants: &[Node],
        path: &str,
        pointer: &str,
        is_required: fn(variants: usize, required: usize) -> bool,
    ) -> Result<Shape, Failure> {
        let mut names: Vec<&str> = Vec::new();
        let mut held: Vec<Vec<&Prop>> = Vec::new();
        for variant in variants {
            let Shape::Object(props) = &variant.shape else {
                continue;
            };
            for prop in props {
                match names.iter().position(|name| *name == prop.name) {
                    Some(i) => held[i].push(prop),
                    None => {
                        names.push(&prop.name);
                        held.push(vec![prop]);
                    }
                }
            }
        }
        let mut out = Vec::new();
        for (name, props) in names.into_iter().zip(held) {
            let required = props.iter().filter(|p| p.required).count();
            let nodes: Vec<Node> = props.iter().map(|p| p.node.clone()).collect();
            out.push(Prop {
                name: name.to_owned(),
                required: is_required(variants.len(), required),
                node: self.merge(&nodes, &format!("{path}.{name}"), pointer)?,
            });
        }
        Ok(Shape::Object(out))
    }

    /// The same property as different variants have it.
    fn merge(&self, nodes: &[Node], path: &str, pointer: &str) -> Result<Node, Failure> {
        let first = &nodes[0];
        let mut out = if nodes.iter().all(|n| n.same_shape(first)) {
            first.clone()
        } else {
            let mut open = Vec::new();
            for node in nodes {
                open.push(self.resolve(node)?);
            }
            let nullable = open
                .iter()
                .any(|n| n.nullable || matches!(n.shape, Shape::Null));
            open.retain(|n| !matches!(n.shape, Shape::Null));
            let mut merged = self.merge_shapes(&open, path, pointer)?;
            merged.nullable |= nullable;
            merged
        };
        out.path = path.to_owned();
        out.nullable |= nodes.iter().any(|n| n.nullable);
        out.doc = nodes.iter().find_map(|n| n.doc.clone());
        Ok(out)
    }

    /// Resolved shapes of one place: equal ones stay, enums and objects unite, the rest is JSON.
    pub fn merge_shapes(&self, open: &[Node], path: &str, pointer: &str) -> Result<Node, Failure> {
        let Some(first) = open.first() else {
            return Ok(Node::new(Shape::Json, path, pointer));
        };
        let all = |test: fn(&Shape) -> bool| open.iter().all(|n| test(&n.shape));
        let shape = if open.iter().all(|n| n.same_shape(first)) {
            first.shape.clone()
        } else if all(|s| matches!(s, Shape::Enum(_) | Shape::String))
            && !all(|s| matches!(s, Shape::String))
        {
            let mut members: Vec<String> = Vec::new();
            for node in open {
                let Shape::Enum(values) = &node.shape else {
                    continue;
                };
                for value in values {
                    if !members.contains(value) {
                        members.push(value.clone());
                    }
                }
            }
            Shape::Enum(members)
        } else if all(|s| matches!(s, Shape::Integer | Shape::Float)) {
            Shape::Float
        } else if all(|s| matches!(s, Shape::Object(_))) {
            self.merge_objects(open, path, pointer)?
        } else if all(|s| matches!(s, Shape::List(_))) {
            let mut items = Vec::new();
            for node in open {
                if let Shape::List(item) = &node.shape {
                    items.push((**item).clone());
                }
            }
            Shape::List(Box::new(self.merge(
                &items,
                &format!("{path}[]"),
                pointer,
            )?))
        } else {
            Shape::Json
        };
        let mut node = Node::new(shape, path, pointer);
        node.nullable = open.iter().any(|n| n.nullable);
        node.doc = open.iter().find_map(|n| n.doc.clone());
        Ok(node)
    }
}
