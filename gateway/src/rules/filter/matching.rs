//! The walk over an input with a filter schema.

use std::cell::Cell;

use serde_json::{Map, Value};

use super::super::javascript::{is_primitive, loosely_equal};
use super::super::reference;
use super::operators::{holds, is_operator};

/// Most comparisons of one evaluation. References let a request's own content act as a schema, also on itself, so
/// the size of the two alone does not bound the work.
const FUEL: u32 = 10_000_000;

/// Deepest nesting of one evaluation; both sides are at most 128 deep, references can lead further.
const DEPTH: u32 = 400;

/// Whether an input matches a schema. An evaluation that runs into one of the bounds does not match.
pub fn matches(input: &Value, schema: &Value) -> bool {
    matches_within(input, schema, FUEL)
}

pub(super) fn matches_within(input: &Value, schema: &Value, fuel: u32) -> bool {
    let matcher = FilterMatcher {
        root: input,
        fuel: Cell::new(fuel),
        broken: Cell::new(false),
    };
    let matched = matcher.value(input, schema, SchemaPlace::Top, &ValuePath::default());
    matched && !matcher.broken.get()
}

struct FilterMatcher<'a> {
    root: &'a Value,
    fuel: Cell<u32>,
    /// A bound was hit or a reference could not be read. A negation may have turned the failure into a match, so
    /// the whole evaluation fails.
    broken: Cell<bool>,
}

/// Where a schema stands. Under a key the groups behave differently, see the module above.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SchemaPlace {
    Top,
    UnderKey,
}

/// The way to a value: how deep, and through which items of which lists.
#[derive(Clone, Default)]
struct ValuePath {
    depth: u32,
    indexes: Vec<usize>,
}

impl ValuePath {
    fn deeper(&self) -> Self {
        Self {
            depth: self.depth + 1,
            indexes: self.indexes.clone(),
        }
    }

    fn item(&self, index: usize) -> Self {
        let mut walk = self.deeper();
        walk.indexes.push(index);
        walk
    }
}

impl FilterMatcher<'_> {
    fn spend(&self, walk: &ValuePath) -> bool {
        let fuel = self.fuel.get();
        self.fuel.set(fuel.saturating_sub(1));
        if fuel == 0 || walk.depth > DEPTH {
            self.broken.set(true);
        }
        !self.broken.get()
    }

    fn value(&self, input: &Value, schema: &Value, place: SchemaPlace, walk: &ValuePath) -> bool {
        if !self.spend(walk) {
            return false;
        }
        match (schema, input) {
            (Value::Object(schema), _) => self.object(input, schema, place, walk),
            (Value::Array(schemas), Value::Array(items)) => schemas.iter().all(|schema| {
                self.some_item(
                    items,
                    |item, walk| self.value(item, schema, SchemaPlace::UnderKey, walk),
                    walk,
                )
            }),
            (Value::Array(_), _) => false,
            (_, Value::Array(items)) => self.some_item(
                items,
                |item, walk| self.value(item, schema, SchemaPlace::UnderKey, walk),
                walk,
            ),
            (_, Value::Object(_)) => false,
            _ => loosely_equal(input, schema),
        }
    }

    fn some_item(
        &self,
        items: &[Value],
        matched: impl Fn(&Value, &ValuePath) -> bool,
        walk: &ValuePath,
    ) -> bool {
        items
            .iter()
            .enumerate()
            .any(|(index, item)| matched(item, &walk.item(index)))
    }

    /// An object schema against anything.
    fn object(
        &self,
        input: &Value,
        schema: &Map<String, Value>,
        place: SchemaPlace,
        walk: &ValuePath,
    ) -> bool {
        if !self.spend(walk) {
            return false;
        }
        if let Value::Array(items) = input {
            return if schema.keys().any(|key| is_operator(key)) {
                self.operators(input, schema, walk)
            } else {
                self.some_item(
                    items,
                    |item, walk| self.object(item, schema, SchemaPlace::UnderKey, walk),
                    walk,
                )
            };
        }
        if place == SchemaPlace::UnderKey || is_primitive(input) {
            if let Some(Value::Array(alternatives)) = schema.get("$or") {
                return alternatives
                    .iter()
                    .any(|schema| self.value(input, schema, SchemaPlace::Top, &walk.deeper()));
            }
            if let Some(reference) = schema.get("$ref") {
                return self.with_reference(reference, walk, |target| {
                    self.value(input, target, SchemaPlace::UnderKey, &walk.deeper())
                });
            }
        }
        if is_primitive(input) {
            let group = schema.contains_key("$and") || schema.contains_key("$not");
            return !group
                && schema.keys().any(|key| is_operator(key))
                && self.operators(input, schema, walk);
        }
        schema
            .iter()
            .all(|(key, sub)| self.member(input, key, sub, walk))
    }

    /// One member of an object schema against an object.
    fn member(&self, input: &Value, key: &str, schema: &Value, walk: &ValuePath) -> bool {
        match (key, schema) {
            ("$or", Value::Array(alternatives)) => alternatives
                .iter()
                .any(|schema| self.value(input, schema, SchemaPlace::Top, &walk.deeper())),
            ("$and", Value::Array(all)) => all
                .iter()
                .all(|schema| self.value(input, schema, SchemaPlace::Top, &walk.deeper())),
            ("$not", schema) => !self.value(input, schema, SchemaPlace::Top, &walk.deeper()),
            ("$ref", reference) => self.with_reference(reference, walk, |target| {
                self.value(input, target, SchemaPlace::UnderKey, &walk.deeper())
            }),
            (key, operand) if is_operator(key) => self.operator(key, input, operand, walk),
            _ => match input.get(key) {
                Some(value) => self.value(value, schema, SchemaPlace::UnderKey, &walk.deeper()),
                None => schema.get("$exist") == Some(&Value::Bool(false)),
            },
        }
    }

    fn operators(&self, input: &Value, schema: &Map<String, Value>, walk: &ValuePath) -> bool {
        let mut operators = schema.iter().filter(|(key, _)| is_operator(key));
        operators.all(|(key, operand)| self.operator(key, input, operand, walk))
    }

    fn operator(&self, name: &str, input: &Value, operand: &Value, walk: &ValuePath) -> bool {
        match operand.get("$ref") {
            Some(reference) => {
                self.with_reference(reference, walk, |operand| holds(name, input, operand))
            }
            None => holds(name, input, operand),
        }
    }

    /// Goes on with what a reference leads to, null if there is nothing.
    fn with_reference(
        &self,
        path: &Value,
        walk: &ValuePath,
        go_on: impl FnOnce(&Value) -> bool,
    ) -> bool {
        let target = path
            .as_str()
            .map(|path| reference::resolve(self.root, path, &walk.indexes));
        match target {
            Some(Ok(target)) => go_on(target.unwrap_or(&Value::Null)),
            _ => {
                self.broken.set(true);
                false
            }
        }
    }
}
