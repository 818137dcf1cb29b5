//! The walk over a value with its schema.

use std::cell::RefCell;

use serde_json::{Map, Value};

use super::leniency::Leniency;
use super::schema::{Additional, Kind, Schema};
use super::violation::{Path, Violation, plain};
use super::{Contract, date, rules, union, variants};
use crate::wire::DestinationType;

/// What the value is, which decides how forgiving the walk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A parsed query string: every scalar arrives as text and is converted.
    Query,
    /// A request body: taken as it is.
    Body,
    /// A reply of the gateway, checked in tests.
    Reply,
}

/// Values of these properties are null in live replies although the document does not say so.
const NULL_IN_PRACTICE: [&str; 3] = ["code", "error_code", "rejection_cause"];

/// Properties that live replies have beyond the document.
const EXTRA_IN_PRACTICE: [&str; 7] = [
    "code_hash",
    "deleted_at",
    "deterministic",
    "is_large_payload",
    "issue_trigger_id",
    "service_tier",
    "updated_at",
];

/// The places of what a walk has dropped.
pub type Dropped = RefCell<Vec<String>>;

/// One walk.
#[derive(Debug, Clone, Copy)]
pub struct Checker<'a> {
    pub contract: &'a Contract,
    pub mode: Mode,
    /// The type of the stored source or destination, for an update that does not repeat it.
    pub current_type: Option<&'a str>,
    /// Where to note members that are not listed and are dropped; without it they are refused.
    pub dropped: Option<&'a Dropped>,
    /// Whether a delivery policy of a command-line destination is dropped.
    pub drops_cli_policy: bool,
    /// Whether messages put the text that fits no pattern in quotes.
    pub quotes: bool,
}

impl<'a> Checker<'a> {
    pub fn new(contract: &'a Contract, mode: Mode, current_type: Option<&'a str>) -> Self {
        Self {
            contract,
            mode,
            current_type,
            dropped: None,
            drops_cli_policy: false,
            quotes: true,
        }
    }

    /// The same walk, as forgiving as asked for.
    pub fn forgiving(self, leniency: Leniency, dropped: &'a Dropped) -> Self {
        Self {
            dropped: leniency.drops_unlisted.then_some(dropped),
            drops_cli_policy: leniency.drops_cli_policy,
            ..self
        }
    }

    /// The same walk, noting elsewhere what it drops, if it drops anything.
    pub fn noting<'b>(self, dropped: &'b Dropped) -> Checker<'b>
    where
        'a: 'b,
    {
        Checker {
            dropped: self.dropped.map(|_| dropped),
            ..self
        }
    }

    /// The same walk, refusing what is not listed.
    pub fn strict(self) -> Self {
        Self {
            dropped: None,
            ..self
        }
    }

    /// Deals with a member at `path` that is not listed. It must not be among what the check gives back.
    pub fn unlisted(&self, path: &Path, out: &mut Vec<Violation>) {
        match self.dropped {
            Some(dropped) => dropped.borrow_mut().push(path.to_string()),
            None => out.push(Violation::not_allowed(path)),
        }
    }

    /// Checks `input`, the property of `parent` where there is one, and gives back its typed form.
    pub fn value(
        &self,
        schema: &Schema,
        input: &Value,
        path: &Path,
        parent: Option<&Map<String, Value>>,
        out: &mut Vec<Violation>,
    ) -> Value {
        if self.mode == Mode::Body && schema.reference_name() == Some("Rule") {
            return rules::check(self, schema, input, path, out);
        }
        let nullable = schema.nullable;
        let schema = self.contract.resolve(schema);
        let nullable = nullable
            || schema.nullable
            || schema
                .alternatives
                .iter()
                .any(|alternative| alternative.nullable);
        if nullable && (input.is_null() || self.is_textual_null(input)) {
            return Value::Null;
        }
        if !schema.alternatives.is_empty() {
            return variants::check(self, schema, input, path, parent, out)
                .unwrap_or_else(|| union::check(self, schema, input, path, out));
        }
        if let Some(values) = &schema.values {
            return self.listed(values, nullable, input, path, out);
        }
        match schema.kind {
            None => input.clone(),
            Some(Kind::String) => self.string(schema, input, path, out),
            Some(Kind::Integer | Kind::Number) => self.number(schema, input, path, out),
            Some(Kind::Boolean) => self.boolean(input, path, out),
            Some(Kind::Array) => self.array(schema, input, path, out),
            Some(Kind::Object) => self.object(schema, input, path, &[], &[], out),
        }
    }

    pub fn is_textual_null(&self, input: &Value) -> bool {
        self.mode == Mode::Query && matches!(input.as_str(), Some("" | "null"))
    }

    fn listed(
        &self,
        values: &[Value],
        nullable: bool,
        input: &Value,
        path: &Path,
        out: &mut Vec<Violation>,
    ) -> Value {
        if !values.contains(input) {
            let values = live_order(values);
            out.push(Violation::none_of(path, &values, nullable));
        }
        input.clone()
    }

    pub fn string(
        &self,
        schema: &Schema,
        input: &Value,
        path: &Path,
        out: &mut Vec<Violation>,
    ) -> Value {
        let Some(text) = input.as_str() else {
            let expected = if schema.format.as_deref() == Some("date-time") {
                "date"
            } else {
                "string"
            };
            out.push(Violation::not_a(path, expected));
            return input.clone();
        };
        let narrowed =
            schema.pattern.is_some() || schema.min_length.is_some() || schema.format.is_some();
        if text.is_empty() && narrowed && self.mode != Mode::Reply {
            out.push(Violation::new(path, "is not allowed to be empty"));
            return input.clone();
        }
        let length = text.chars().count();
        if let Some(least) = schema.min_length.filter(|&least| length < least) {
            out.push(Violation::new(
                path,
                format!("length must be at least {least} characters long"),
            ));
        }
        if let Some(most) = schema.max_length.filter(|&most| length > most) {
            out.push(Violation::new(
                path,
                format!("length must be less than or equal to {most} characters long"),
            ));
        }
        if let Some(pattern) = schema
            .pattern
            .as_ref()
            .filter(|pattern| !pattern.is_match(text))
        {
            let source = pattern.source();
            let quote = if self.quotes { "\"" } else { "" };
            let text = format!(
                "with value {quote}{text}{quote} fails to match the required pattern: /{source}/"
            );
            out.push(Violation::new(path, text));
        }
        match schema.format.as_deref() {
            Some("date-time") => match date::normalize(text) {
                None => out.push(Violation::not_a(path, "date")),
                Some(normal) if self.mode == Mode::Query => return Value::String(normal),
                Some(_) => {}
            },
            Some("URL") if !is_uri(text) => out.push(Violation::new(path, "must be a valid uri")),
            Some("email") if !is_email(text) => {
                out.push(Violation::new(path, "must be a valid email"))
            }
            _ => {}
        }
        input.clone()
    }

    pub fn number(
        &self,
        schema: &Schema,
        input: &Value,
        path: &Path,
        out: &mut Vec<Violation>,
    ) -> Value {
        let typed = match input {
            Value::Number(_) => Some(input.clone()),
            Value::String(text) if self.mode == Mode::Query => parse_number(text),
            _ => None,
        };
        let Some(typed) = typed else {
            out.push(Violation::not_a(path, "number"));
            return input.clone();
        };
        let number = typed.as_f64().unwrap_or(f64::NAN);
        if schema.kind == Some(Kind::Integer) && number.fract() != 0.0 {
            out.push(Violation::new(path, "must be an integer"));
        }
        if let Some(least) = schema.minimum.filter(|&least| number < least) {
            out.push(Violation::new(
                path,
                format!("must be greater than or equal to {least}"),
            ));
        }
        if let Some(most) = schema.maximum.filter(|&most| number > most) {
            out.push(Violation::new(
                path,
                format!("must be less than or equal to {most}"),
            ));
        }
        if schema.kind == Some(Kind::Integer) {
            return whole(typed, number, path, out);
        }
        typed
    }

    pub fn boolean(&self, input: &Value, path: &Path, out: &mut Vec<Violation>) -> Value {
        match input {
            Value::Bool(_) => return input.clone(),
            Value::String(text) if self.mode == Mode::Query => {
                match text.to_ascii_lowercase().as_str() {
                    "true" => return Value::Bool(true),
                    "false" => return Value::Bool(false),
                    _ => {}
                }
            }
            _ => {}
        }
        out.push(Violation::not_a(path, "boolean"));
        input.clone()
    }

    fn array(
        &self,
        schema: &Schema,
        input: &Value,
        path: &Path,
        out: &mut Vec<Violation>,
    ) -> Value {
        let Value::Array(items) = input else {
            out.push(Violation::not_a(path, "array"));
            return input.clone();
        };
        let typed: Vec<Value> = match &schema.items {
            None => items.clone(),
            Some(schema) => items
                .iter()
                .enumerate()
                .map(|(index, item)| self.value(schema, item, &path.index(index), None, out))
                .collect(),
        };
        let length = items.len();
        match (schema.min_items, schema.max_items) {
            (Some(least), Some(most)) if least == most => {
                if length != least {
                    out.push(Violation::new(path, format!("must contain {least} items")));
                }
            }
            (least, most) => {
                if let Some(least) = least.filter(|&least| length < least) {
                    out.push(Violation::new(
                        path,
                        format!("must contain at least {least} items"),
                    ));
                }
                if let Some(most) = most.filter(|&most| length > most) {
                    out.push(Violation::new(
                        path,
                        format!("must contain less than or equal to {most} items"),
                    ));
                }
            }
        }
        if schema.unique_items {
            for (index, item) in items.iter().enumerate().skip(1) {
                if items[..index].contains(item) {
                    out.push(Violation::new(
                        &path.index(index),
                        "contains a duplicate value",
                    ));
                }
            }
        }
        Value::Array(typed)
    }

    /// Checks an object. `optional` lists properties that may be missing although the document requires them,
    /// `tolerated` unknown ones that another check reports.
    pub fn object(
        &self,
        schema: &Schema,
        input: &Value,
        path: &Path,
        optional: &[&str],
        tolerated: &[String],
        out: &mut Vec<Violation>,
    ) -> Value {
        let parsed = self.json_text(input);
        let input = parsed.as_ref().unwrap_or(input);
        let Value::Object(members) = input else {
            out.push(Violation::not_a(path, "object"));
            return input.clone();
        };
        // The document's way of writing "any object".
        if schema.is_empty_object() {
            return input.clone();
        }
        let mut typed = members.clone();
        for (name, property) in &schema.properties.0 {
            let at = path.key(name);
            match members.get(name) {
                Some(Value::Null)
                    if self.mode == Mode::Reply && NULL_IN_PRACTICE.contains(&name.as_str()) => {}
                Some(value) => {
                    let value = self.value(property, value, &at, Some(members), out);
                    typed.insert(name.clone(), value);
                }
                None if schema.requires(name) && !optional.contains(&name.as_str()) => {
                    out.push(Violation::required(&at));
                }
                None => {}
            }
        }
        for (name, value) in members
            .iter()
            .filter(|(name, _)| schema.properties.get(name).is_none())
        {
            match &schema.additional {
                Additional::Allowed(true) => {}
                Additional::Allowed(false)
                    if tolerated.contains(name) || self.is_live_extra(name) => {}
                Additional::Allowed(false) => {
                    typed.remove(name);
                    self.unlisted(&path.key(name), out);
                }
                Additional::Schema(schema) => {
                    typed.insert(
                        name.clone(),
                        self.value(schema, value, &path.key(name), None, out),
                    );
                }
            }
        }
        Value::Object(typed)
    }

    /// A parameter that is an object may come as JSON text. Text that is no JSON object stays text, and is refused.
    fn json_text(&self, input: &Value) -> Option<Value> {
        let text = input.as_str().filter(|_| self.mode == Mode::Query)?;
        serde_json::from_str(text).ok().filter(Value::is_object)
    }

    fn is_live_extra(&self, name: &str) -> bool {
        self.mode == Mode::Reply && EXTRA_IN_PRACTICE.contains(&name)
    }
}

/// The values as the live API's messages list them: the types of destinations not in the document's order.
fn live_order(values: &[Value]) -> Vec<Value> {
    let mut values = values.to_vec();
    let place = |value: &Value| {
        DestinationType::ALL
            .iter()
            .position(|name| value == name.as_str())
    };
    if values.iter().all(|value| place(value).is_some()) {
        values.sort_by_key(place);
    }
    values
}

/// The largest whole number JavaScript counts to without gaps.
const SAFE: f64 = 9_007_199_254_740_991.0;

/// A whole number as one, however it was written: `1000.0` and `1e3` are 1000.
fn whole(typed: Value, number: f64, path: &Path, out: &mut Vec<Violation>) -> Value {
    if number.abs() > SAFE {
        out.push(Violation::new(path, "must be a safe number"));
        return typed;
    }
    if typed.is_f64() && number.fract() == 0.0 {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "whole and within the safe range"
        )]
        return Value::from(number as i64);
    }
    typed
}

fn parse_number(text: &str) -> Option<Value> {
    let text = text.trim();
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    let plausible = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    let number = text
        .parse::<f64>()
        .ok()
        .filter(|number| plausible && number.is_finite())?;
    serde_json::Number::from_f64(number).map(Value::Number)
}

fn is_uri(text: &str) -> bool {
    let is_web = |url: &url::Url| matches!(url.scheme(), "http" | "https");
    !text.contains(char::is_whitespace) && url::Url::parse(text).is_ok_and(|url| is_web(&url))
}

fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else {
        return false;
    };
    !name.is_empty() && host.contains('.') && !text.contains(char::is_whitespace)
}

/// The type of `value` in messages of ours.
pub fn describe(value: &Value) -> String {
    let text = plain(value);
    if text.chars().count() > 60 {
        format!("{}...", text.chars().take(60).collect::<String>())
    } else {
        text
    }
}
