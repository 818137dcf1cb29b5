//! The API contract: the OpenAPI document the gateway answers to, read once per process.
//!
//! Three things come out of it: the table of operations (routing), the checks of queries and bodies in the wording
//! of the live API, and the check of our own replies in tests.
//!
//! Choices of ours, where nothing is known of the live API: bodies are not coerced (a number sent as a string is
//! refused), except status codes of retry rules, which are known to be accepted as numbers; an empty string is
//! refused only where the schema narrows the string (a pattern, a minimum length, a list of values, a format).

mod check;
mod date;
mod leniency;
mod operation;
mod pattern;
mod reply;
mod rules;
mod schema;
mod union;
mod variants;
mod violation;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

pub(crate) use date::{parse as parse_date, parse_exactly as parse_date_exactly};
pub use leniency::{Checked, Leniency};
pub use operation::{Operation, QueryParameter, Route};
pub use schema::Schema;

use check::{Checker, Dropped, Mode};
use operation::{RawOperation, Segment};
use schema::Lazy;
use violation::{Path, Violation};

/// Reads a moment as query parameters carry it: microseconds since the Unix epoch, or `None` when it is none.
pub fn parse_date_micros(text: &str) -> Option<i64> {
    parse_date(text).map(crate::clock::Micros::as_i64)
}

/// The parsed contract.
#[derive(Debug)]
pub struct Contract {
    operations: Vec<Operation>,
    /// Indexes into `operations` by method and number of path segments.
    routes: HashMap<(String, usize), Vec<usize>>,
    schemas: HashMap<String, Lazy<Schema>>,
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    paths: BTreeMap<&'a str, BTreeMap<&'a str, RawOperation<'a>>>,
    #[serde(borrow)]
    components: Components<'a>,
}

#[derive(Deserialize)]
struct Components<'a> {
    #[serde(borrow)]
    schemas: HashMap<&'a str, &'a RawValue>,
}

impl Contract {
    /// The contract of this process.
    pub fn get() -> &'static Self {
        static CONTRACT: OnceLock<Contract> = OnceLock::new();
        CONTRACT.get_or_init(|| {
            Self::parse(hookdeck::contract::DOCUMENT)
                .unwrap_or_else(|error| panic!("the bundled document is unreadable: {error}"))
        })
    }

    /// Reads an OpenAPI document of the API: this one, an older or a newer one.
    ///
    /// # Errors
    /// When it is no JSON of that form.
    pub fn parse(text: &'static str) -> serde_json::Result<Self> {
        let document: Document<'static> = serde_json::from_str(text)?;
        let mut operations = Vec::new();
        for (path, methods) in document.paths {
            for (method, raw) in methods {
                operations.push(Operation::new(method, path, raw));
            }
        }
        let mut routes: HashMap<(String, usize), Vec<usize>> = HashMap::new();
        for (index, operation) in operations.iter().enumerate() {
            let key = (operation.method.clone(), operation.segments.len());
            routes.entry(key).or_default().push(index);
        }
        let schemas = document
            .components
            .schemas
            .into_iter()
            .map(|(name, raw)| (name.to_owned(), Lazy::new(raw)))
            .collect();
        Ok(Self {
            operations,
            routes,
            schemas,
        })
    }

    /// Every operation of the document.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation with this `operationId`.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// Finds the operation that serves a path (without version prefix, percent-encoded as received). Fixed segments
    /// win over parameters. `/webhooks` is the old name of `/connections` and still answers.
    pub fn route(&self, method: &str, path: &str) -> Option<Route<'_>> {
        let path = path.strip_prefix('/')?;
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut parts = path
            .split('/')
            .map(|part| {
                percent_encoding::percent_decode_str(part)
                    .decode_utf8()
                    .ok()
                    .map(String::from)
            })
            .collect::<Option<Vec<String>>>()?;
        if parts[0] == "webhooks" {
            "connections".clone_into(&mut parts[0]);
        }
        let candidates = self
            .routes
            .get(&(method.to_ascii_uppercase(), parts.len()))?;
        let operation = candidates
            .iter()
            .map(|&index| &self.operations[index])
            .filter(|operation| operation.matches(&parts))
            .min_by_key(|operation| {
                operation
                    .segments
                    .iter()
                    .map(|segment| matches!(segment, Segment::Parameter(_)))
                    .collect::<Vec<_>>()
            })?;
        let params = operation
            .segments
            .iter()
            .zip(parts)
            .filter_map(|(segment, part)| match segment {
                Segment::Parameter(name) => Some((name.as_str(), part)),
                Segment::Fixed(_) => None,
            })
            .collect();
        Some(Route { operation, params })
    }

    /// Checks a parsed query string and gives it back with typed values, refusing members of object parameters that
    /// the document does not list; see [`check_query`](Self::check_query).
    ///
    /// # Errors
    ///
    /// Every violation, in the order of the document.
    pub fn validate_query(
        &self,
        operation: &Operation,
        query: &Value,
    ) -> Result<Value, Vec<String>> {
        self.check_query(operation, query, Leniency::STRICT)
            .map(|checked| checked.value)
    }

    /// Checks a parsed query string and gives it back with typed values: numbers and
    /// booleans as such, moments as RFC 3339 in UTC with six digits, JSON parameters parsed, an empty value or `null`
    /// as null where the parameter is nullable. Unknown parameters are left out, as the live API ignores them.
    ///
    /// # Errors
    ///
    /// Every violation, in the order of the document.
    pub fn check_query(
        &self,
        operation: &Operation,
        query: &Value,
        leniency: Leniency,
    ) -> Result<Checked, Vec<String>> {
        let dropped = Dropped::default();
        let checker = Checker::new(self, Mode::Query, None).forgiving(leniency, &dropped);
        let mut violations = Vec::new();
        let mut typed = serde_json::Map::new();
        for parameter in operation.query() {
            let path = Path::root().key(&parameter.name);
            match query.get(&parameter.name) {
                Some(value) => {
                    let value =
                        checker.value(&parameter.schema, value, &path, None, &mut violations);
                    typed.insert(parameter.name.clone(), value);
                }
                None if parameter.required => violations.push(Violation::required(&path)),
                None => {}
            }
        }
        finish(Value::Object(typed), dropped, violations)
    }

    /// Checks a request body and gives it back normalised (status codes of retry rules as strings). A missing body
    /// (null) counts as `{}`. An operation without a body takes anything and gives back null.
    ///
    /// # Errors
    ///
    /// Every violation, in the order of the document.
    pub fn validate_body(&self, operation: &Operation, body: &Value) -> Result<Value, Vec<String>> {
        self.validate_body_for(operation, body, None)
    }

    /// Like [`validate_body`](Self::validate_body), for an update of a source or destination whose body may leave
    /// `type` out: `current_type` is the type the stored resource has.
    ///
    /// # Errors
    ///
    /// Every violation, in the order of the document.
    pub fn validate_body_for(
        &self,
        operation: &Operation,
        body: &Value,
        current_type: Option<&str>,
    ) -> Result<Value, Vec<String>> {
        self.check_body(operation, body, current_type, Leniency::STRICT)
            .map(|checked| checked.value)
    }

    /// Like [`validate_body_for`](Self::validate_body_for), as forgiving as asked for.
    ///
    /// # Errors
    ///
    /// Every violation, in the order of the document.
    pub fn check_body(
        &self,
        operation: &Operation,
        body: &Value,
        current_type: Option<&str>,
        leniency: Leniency,
    ) -> Result<Checked, Vec<String>> {
        let dropped = Dropped::default();
        let Some(schema) = operation.body() else {
            return finish(Value::Null, dropped, Vec::new());
        };
        let empty = Value::Object(serde_json::Map::new());
        let body = if body.is_null() { &empty } else { body };
        let mut violations = Vec::new();
        let checker = Checker::new(self, Mode::Body, current_type).forgiving(leniency, &dropped);
        let typed = checker.value(schema, body, &Path::root(), None, &mut violations);
        finish(typed, dropped, violations)
    }

    /// Holds a reply of the gateway against the document; for tests. Each line names the JSON path.
    ///
    /// Known habits of the live API that the document does not state are let pass, see `reply.rs`.
    pub fn validate_reply(&self, operation: &Operation, status: u16, reply: &Value) -> Vec<String> {
        reply::check(self, operation, status, reply)
    }

    /// Keys of a destination's `config` that belong to another destination type. The live API answers these with a
    /// domain error rather than a validation message, so [`validate_body`](Self::validate_body) lets them pass.
    pub fn misplaced_config_keys(&self, destination_type: &str, config: &Value) -> Vec<String> {
        variants::misplaced_keys(self, destination_type, config)
    }

    /// A schema of the document by name.
    pub fn schema(&self, name: &str) -> Option<&Schema> {
        self.schemas.get(name).map(Lazy::get)
    }

    /// Follows references to the schema that says something.
    fn resolve<'a>(&'a self, schema: &'a Schema) -> &'a Schema {
        let mut schema = schema;
        while let Some(next) = schema.reference_name().and_then(|name| self.schema(name)) {
            schema = next;
        }
        schema
    }
}

fn finish(
    value: Value,
    dropped: Dropped,
    violations: Vec<Violation>,
) -> Result<Checked, Vec<String>> {
    if violations.is_empty() {
        let dropped = dropped.into_inner();
        Ok(Checked { value, dropped })
    } else {
        Err(violations.iter().map(Violation::to_string).collect())
    }
}

#[cfg(test)]
mod tests;
