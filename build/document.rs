//! Reading an OpenAPI document: named schemas and operations, nothing about Rust.

use serde_json::{Map, Value};

use super::Failure;

/// A parsed OpenAPI 3 document.
pub struct Document {
    root: Value,
}

/// One method of one path.
pub struct RawOperation<'a> {
    pub id: String,
    pub method: &'static str,
    pub path: &'a str,
    pub pointer: String,
    pub value: &'a Value,
    /// Path-level parameters first, the operation's own after.
    pub parameters: Vec<(String, &'a Value)>,
}

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "patch", "head", "options"];

/// Escapes one segment of a JSON pointer.
pub fn segment(text: &str) -> String {
    text.replace('~', "~0").replace('/', "~1")
}

impl Document {
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let root: Value = serde_json::from_str(text)
            .map_err(|error| Failure::new("", format!("not JSON: {error}")))?;
        if root.get("paths").and_then(Value::as_object).is_none() {
            return Err(Failure::new(
                "/paths",
                "missing: this is not an OpenAPI document",
            ));
        }
        Ok(Document { root })
    }

    fn schemas(&self) -> Option<&Map<String, Value>> {
        self.root.pointer("/components/schemas")?.as_object()
    }

    pub fn schema_count(&self) -> usize {
        self.schemas().map_or(0, Map::len)
    }

    /// How many lines declarations would take with one type for every object and enum written down.
    pub fn lines_unshared(&self) -> usize {
        fn lines(value: &Value) -> usize {
            let count = |key: &str| {
                value
                    .get(key)
                    .and_then(Value::as_object)
                    .map_or(0, Map::len)
            };
            let members = value
                .get("enum")
                .and_then(Value::as_array)
                .map_or(0, Vec::len);
            let own = match (count("properties"), members) {
                (0, 0) => 0,
                // A line of prose for each field, and what surrounds them.
                (fields, members) => 2 * fields + members + 5,
            };
            let inner: usize = match value {
                Value::Object(map) => map.values().map(lines).sum(),
                Value::Array(list) => list.iter().map(lines).sum(),
                _ => 0,
            };
            own + inner
        }
        lines(&self.root)
    }

    pub fn schema(&self, name: &str) -> Option<&Value> {
        self.schemas()?.get(name)
    }

    /// Follows a `$ref` to something that is not a schema, such as a shared parameter.
    fn follow<'a>(&'a self, value: &'a Value, pointer: &str) -> Result<&'a Value, Failure> {
        let Some(target) = value.get("$ref").and_then(Value::as_str) else {
            return Ok(value);
        };
        target
            .strip_prefix('#')
            .and_then(|p| self.root.pointer(p))
            .ok_or_else(|| Failure::new(pointer, format!("`{target}` is not in this document")))
    }

    /// All operations, sorted by path and method, so that output never depends on the order of keys.
    pub fn operations(&self) -> Result<Vec<RawOperation<'_>>, Failure> {
        let mut found = Vec::new();
        let paths = self.root["paths"].as_object().into_iter().flatten();
        for (path, item) in paths {
            let base = format!("/paths/{}", segment(path));
            let shared = self.parameters(item, &base)?;
            for method in METHODS {
                let Some(value) = item.get(method) else {
                    continue;
                };
                let pointer = format!("{base}/{method}");
                let mut parameters = shared.clone();
                parameters.extend(self.parameters(value, &pointer)?);
                let id = match value.get("operationId").and_then(Value::as_str) {
                    Some(id) => id.to_owned(),
                    None => format!("{method}{}", super::names::pascal(path)),
                };
                found.push(RawOperation {
                    id,
                    method,
                    path,
                    pointer,
                    value,
                    parameters,
                });
            }
        }
        found.sort_by(|a, b| (a.path, a.method).cmp(&(b.path, b.method)));
        Ok(found)
    }

    fn parameters<'a>(
        &'a self,
        holder: &'a Value,
        pointer: &str,
    ) -> Result<Vec<(String, &'a Value)>, Failure> {
        let mut found = Vec::new();
        for (i, value) in holder
            .get("parameters")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .enumerate()
        {
            let pointer = format!("{pointer}/parameters/{i}");
            found.push((pointer.clone(), self.follow(value, &pointer)?));
        }
        Ok(found)
    }

    /// The JSON schema of a request body or of a reply, with its pointer.
    pub fn json_content<'a>(
        &'a self,
        holder: Option<&'a Value>,
        pointer: &str,
    ) -> Result<Option<(String, &'a Value)>, Failure> {
        let Some(holder) = holder else {
            return Ok(None);
        };
        let content = self
            .follow(holder, pointer)?
            .get("content")
            .and_then(Value::as_object);
        for (kind, media) in content.into_iter().flatten() {
            if kind.contains("json")
                && let Some(schema) = media.get("schema")
            {
                return Ok(Some((
                    format!("{pointer}/content/{}/schema", segment(kind)),
                    schema,
                )));
            }
        }
        Ok(None)
    }
}

impl<'a> RawOperation<'a> {
    /// The first documented success.
    pub fn success(&self) -> Option<(String, &'a Value)> {
        let responses = self.value.get("responses")?.as_object()?;
        let mut codes: Vec<&String> = responses.keys().filter(|c| c.starts_with('2')).collect();
        codes.sort();
        let code = codes.first()?;
        Some((
            format!("{}/responses/{code}", self.pointer),
            &responses[code.as_str()],
        ))
    }

    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.value
            .get(key)?
            .as_str()
            .map(str::trim)
            .filter(|t| !t.is_empty())
    }
}
