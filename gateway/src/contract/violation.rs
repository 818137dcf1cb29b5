//! What is wrong with a value, in the words of the live API (which are those of the Joi validation library).

use std::fmt;

use serde_json::Value;

/// Where a value stands: `destination.config.url`, `rules[0].window`, or the root, which messages call `value`.
#[derive(Debug, Clone, Default)]
pub struct Path {
    text: String,
    /// The number of steps from the root.
    pub depth: usize,
}

impl Path {
    pub fn root() -> Self {
        Self::default()
    }

    pub fn key(&self, name: &str) -> Self {
        let text = if self.text.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.text)
        };
        Self {
            text,
            depth: self.depth + 1,
        }
    }

    pub fn index(&self, index: usize) -> Self {
        Self {
            text: format!("{}[{index}]", self.text),
            depth: self.depth + 1,
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.text.is_empty() {
            "value"
        } else {
            &self.text
        })
    }
}

/// One thing wrong with a value.
#[derive(Debug, Clone)]
pub struct Violation {
    /// The finished message.
    text: String,
    /// Steps from the root to the place it concerns.
    pub depth: usize,
    /// What a union of alternatives makes of it.
    pub nature: Nature,
}

/// How a violation counts when all alternatives of a union fail.
#[derive(Debug, Clone)]
pub enum Nature {
    /// The value is not of this JSON type; the union then lists the type among what it takes.
    Type(&'static str),
    /// The value is none of these; the union lists them.
    Values(Vec<String>),
    /// Anything else.
    Other,
}

impl Violation {
    pub fn new(path: &Path, text: impl fmt::Display) -> Self {
        Self {
            text: format!("{path} {text}"),
            depth: path.depth,
            nature: Nature::Other,
        }
    }

    /// A message that names its place itself.
    pub fn whole(path: &Path, text: String) -> Self {
        Self {
            text,
            depth: path.depth,
            nature: Nature::Other,
        }
    }

    pub fn required(path: &Path) -> Self {
        Self::new(path, "is required")
    }

    pub fn not_allowed(path: &Path) -> Self {
        Self::new(path, "is not allowed")
    }

    /// The value is not of the JSON type `name`.
    pub fn not_a(path: &Path, name: &'static str) -> Self {
        let text = match name {
            "object" => "must be of type object".to_owned(),
            "array" => "must be an array".to_owned(),
            "date" => "must be in ISO 8601 date format".to_owned(),
            _ => format!("must be a {name}"),
        };
        Self {
            nature: Nature::Type(name),
            ..Self::new(path, text)
        }
    }

    /// The value is none of `values`.
    pub fn none_of(path: &Path, values: &[Value], nullable: bool) -> Self {
        let mut names: Vec<String> = values.iter().map(plain).collect();
        if nullable && !values.contains(&Value::Null) {
            names.push("null".to_owned());
        }
        Self::one_of(path, names)
    }

    fn one_of(path: &Path, names: Vec<String>) -> Self {
        let list = names.join(", ");
        let text = if names.len() == 1 {
            format!("must be [{list}]")
        } else {
            format!("must be one of [{list}]")
        };
        Self {
            nature: Nature::Values(names),
            ..Self::new(path, text)
        }
    }

    /// What a union says whose alternatives failed with these violations: the violations of the only alternative
    /// that came close, or the list of what it takes, or that nothing fits.
    pub fn of_union(path: &Path, failures: Vec<Vec<Self>>) -> Vec<Self> {
        let unmatched = || vec![Self::new(path, "does not match any of the allowed types")];
        if failures.len() == 1 {
            return failures.into_iter().next().unwrap_or_default();
        }
        let mut names: Vec<String> = Vec::new();
        let mut close: Vec<Self> = Vec::new();
        for mut failure in failures {
            let (Some(violation), true) = (failure.pop(), failure.is_empty()) else {
                return unmatched();
            };
            let listed = match &violation.nature {
                _ if violation.depth != path.depth => None,
                Nature::Type(name) => Some(vec![(*name).to_owned()]),
                Nature::Values(values) => Some(values.clone()),
                Nature::Other => None,
            };
            match listed {
                None => close.push(violation),
                Some(listed) => {
                    for name in listed {
                        if !names.contains(&name) {
                            names.push(name);
                        }
                    }
                }
            }
        }
        match close.len() {
            0 => vec![Self::one_of(path, names)],
            1 => close,
            _ => unmatched(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A value as messages show it: strings without quotes.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
