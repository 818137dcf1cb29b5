//! List filters: from checked query values to SQL conditions with bound values.

use rusqlite::types::Value as Sql;
use serde_json::{Map, Value};

use crate::api::error::ApiError;
use crate::api::time;

/// What a filtered column holds, and so how a query value is compared with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldKind {
    /// Text: ids, names, enum values.
    Text,
    /// Whole numbers.
    Integer,
    /// Microseconds since the epoch, given as RFC 3339.
    Time,
    /// 0 or 1.
    Boolean,
}

/// A query parameter that filters by one column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FilterField {
    /// Name of the query parameter.
    pub(crate) param: &'static str,
    /// The column or expression. It is part of the program, never of a request.
    pub(crate) sql: &'static str,
    /// How values compare.
    pub(crate) kind: FieldKind,
}

impl FilterField {
    /// A field.
    pub(crate) const fn new(param: &'static str, sql: &'static str, kind: FieldKind) -> Self {
        Self { param, sql, kind }
    }
}

/// Conditions joined by AND, with the values they bind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions {
    sql: Vec<String>,
    binds: Vec<Sql>,
}

impl Conditions {
    /// No condition.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a condition with one bound value for each `?` in it.
    pub(crate) fn push(&mut self, sql: impl Into<String>, binds: impl IntoIterator<Item = Sql>) {
        self.sql.push(sql.into());
        self.binds.extend(binds);
    }

    /// Adds all of `others`.
    pub(crate) fn extend(&mut self, others: Self) {
        self.sql.extend(others.sql);
        self.binds.extend(others.binds);
    }

    /// The conditions as a boolean expression.
    pub(crate) fn clause(&self) -> String {
        if self.sql.is_empty() {
            "1".to_owned()
        } else {
            self.sql.join(" AND ")
        }
    }

    /// The values to bind, in the order of the placeholders.
    pub(crate) fn binds(&self) -> &[Sql] {
        &self.binds
    }

    /// Adds what `query` asks of each of `fields`.
    pub(crate) fn fields(&mut self, fields: &[FilterField], query: &Value) -> Result<(), ApiError> {
        for field in fields {
            if let Some(value) = query.get(field.param) {
                self.field(*field, value)?;
            }
        }
        Ok(())
    }

    fn field(&mut self, field: FilterField, value: &Value) -> Result<(), ApiError> {
        match value {
            _ if is_null(value) => self.push(format!("{} IS NULL", field.sql), []),
            Value::Array(items) => self.one_of(field, items)?,
            Value::Object(operators) => self.operators(field, operators)?,
            scalar => match bind(field, scalar)? {
                Bound::Is(value) => self.push(format!("{} = ?", field.sql), [value]),
                Bound::After(_) => self.push("0", []),
            },
        }
        Ok(())
    }

    fn one_of(&mut self, field: FilterField, items: &[Value]) -> Result<(), ApiError> {
        let mut binds = Vec::with_capacity(items.len());
        let mut null = false;
        for item in items {
            if is_null(item) {
                null = true;
            } else {
                match bind(field, item)? {
                    Bound::Is(value) => binds.push(value),
                    Bound::After(_) => {}
                }
            }
        }
        let marks = vec!["?"; binds.len()].join(", ");
        let list = format!("{} IN ({marks})", field.sql);
        if null {
            self.push(format!("({list} OR {} IS NULL)", field.sql), binds);
        } else {
            self.push(list, binds);
        }
        Ok(())
    }

    fn operators(
        &mut self,
        field: FilterField,
        operators: &Map<String, Value>,
    ) -> Result<(), ApiError> {
        for (name, value) in operators {
            match name.as_str() {
                "any" => {
                    let not = if truthy(value) { " NOT" } else { "" };
                    self.push(format!("{} IS{not} NULL", field.sql), []);
                }
                // "null or not": undoes a default filter, asks nothing of its own.
                "all" => {}
                "contains" => {
                    let text = Sql::from(plain_text(value));
                    self.push(format!("instr(lower({}), lower(?)) > 0", field.sql), [text]);
                }
                comparison => {
                    // The sign, and the one that says the same of a value between two that may be stored.
                    let (sign, between) = match comparison {
                        "gt" => (">", ">"),
                        "gte" => (">=", ">"),
                        "lt" => ("<", "<="),
                        "le" | "lte" => ("<=", "<="),
                        other => {
                            return Err(ApiError::invalid(format!(
                                "{}.{other} is not allowed",
                                field.param
                            )));
                        }
                    };
                    // The contract lets a bound be null, which bounds nothing.
                    if !is_null(value) {
                        let (sign, value) = match bind(field, value)? {
                            Bound::Is(value) => (sign, value),
                            Bound::After(value) => (between, value),
                        };
                        self.push(format!("{} {sign} ?", field.sql), [value]);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Null in a query string: an empty value or the word.
fn is_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() || text == "null",
        _ => false,
    }
}

/// A boolean that may still be text.
pub(crate) fn truthy(value: &Value) -> bool {
    value == &Value::Bool(true) || value.as_str() == Some("true")
}

fn plain_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A value to compare with.
enum Bound {
    Is(Sql),
    /// It lies beyond this one and before the next that a column can hold.
    After(Sql),
}

fn bind(field: FilterField, value: &Value) -> Result<Bound, ApiError> {
    if field.kind == FieldKind::Time
        && let Some((at, beyond)) = value.as_str().and_then(time::parse_exactly)
    {
        let at = Sql::from(at);
        return Ok(if beyond {
            Bound::After(at)
        } else {
            Bound::Is(at)
        });
    }
    let bound = match field.kind {
        FieldKind::Text => Some(Sql::from(plain_text(value))),
        FieldKind::Integer => match value {
            Value::Number(number) => number.as_i64().map(Sql::from),
            Value::String(text) => text.parse::<i64>().ok().map(Sql::from),
            _ => None,
        },
        FieldKind::Time => None,
        FieldKind::Boolean => Some(Sql::from(i64::from(truthy(value)))),
    };
    bound.map(Bound::Is).ok_or_else(|| {
        let wanted = match field.kind {
            FieldKind::Integer => "must be a number",
            _ => "must be a valid date",
        };
        ApiError::invalid(format!("{} {wanted}", field.param))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const STATUS: FilterField = FilterField::new("status", "e.status", FieldKind::Text);
    const CODE: FilterField =
        FilterField::new("response_status", "e.response_status", FieldKind::Integer);
    const CREATED: FilterField = FilterField::new("created_at", "e.created_at", FieldKind::Time);

    fn built(query: Value) -> (String, Vec<Sql>) {
        let mut conditions = Conditions::new();
        conditions.fields(&[STATUS, CODE, CREATED], &query).unwrap();
        (conditions.clause(), conditions.binds().to_vec())
    }

    #[test]
    fn values_are_bound_and_never_written_into_the_sql() {
        let hostile = "x' OR '1'='1";
        let (sql, binds) = built(json!({ "status": hostile }));
        assert_eq!(sql, "e.status = ?");
        assert_eq!(binds, [Sql::from(hostile.to_owned())]);
    }

    #[test]
    fn several_values_mean_one_of_them_and_null_counts() {
        let (sql, binds) = built(json!({ "response_status": [500, "502", null] }));
        assert_eq!(
            sql,
            "(e.response_status IN (?, ?) OR e.response_status IS NULL)"
        );
        assert_eq!(binds, [Sql::from(500_i64), Sql::from(502_i64)]);
    }

    #[test]
    fn operators_are_joined_by_and() {
        let (sql, binds) = built(json!({ "response_status": { "gte": 400, "lt": 500 } }));
        assert_eq!(sql, "e.response_status >= ? AND e.response_status < ?");
        assert_eq!(binds.len(), 2);
    }

    #[test]
    fn le_is_at_most() {
        assert_eq!(
            built(json!({ "response_status": { "le": 1 } })).0,
            "e.response_status <= ?"
        );
    }

    #[test]
    fn any_asks_for_a_value_and_all_for_nothing() {
        assert_eq!(
            built(json!({ "status": { "any": true } })).0,
            "e.status IS NOT NULL"
        );
        assert_eq!(built(json!({ "status": { "all": true } })).0, "1");
    }

    #[test]
    fn the_empty_value_and_the_word_null_mean_null() {
        for nothing in [json!(""), json!("null"), Value::Null] {
            assert_eq!(
                built(json!({ "response_status": nothing })).0,
                "e.response_status IS NULL"
            );
        }
    }

    #[test]
    fn times_are_compared_in_microseconds() {
        let (_, binds) = built(json!({ "created_at": { "gte": "1970-01-01T00:00:01Z" } }));
        assert_eq!(binds, [Sql::from(1_000_000_i64)]);
    }

    #[test]
    fn a_time_between_two_microseconds_equals_none_and_divides_them() {
        let between = "1970-01-01T00:00:01.0000005Z";
        for (operator, sign) in [("gt", ">"), ("gte", ">"), ("lt", "<="), ("lte", "<=")] {
            let (sql, binds) = built(json!({ "created_at": { operator: between } }));
            assert_eq!(sql, format!("e.created_at {sign} ?"));
            assert_eq!(binds, [Sql::from(1_000_000_i64)]);
        }
        assert_eq!(built(json!({ "created_at": between })).0, "0");
        let list = json!({ "created_at": [between, "1970-01-01T00:00:02Z"] });
        assert_eq!(built(list).0, "e.created_at IN (?)");
        let none = json!({ "created_at": [between] });
        assert_eq!(built(none).0, "e.created_at IN ()");
    }

    #[test]
    fn an_unreadable_number_is_refused() {
        let mut conditions = Conditions::new();
        let refused = conditions.fields(&[CODE], &json!({ "response_status": "abc" }));
        assert!(matches!(refused, Err(ApiError::Validation(_))));
    }
}
