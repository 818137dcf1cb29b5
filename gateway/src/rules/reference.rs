//! `$ref`: a path from the top of the filtered value to another value in it.

use serde_json::Value;

/// Finds what a path leads to: `current.amount`, `types[1]`, `items[$index].id`, optionally behind `$`; `*` takes
/// the first member or item that leads anywhere. Each `$index` stands for the position in one of the arrays that
/// are being walked, outermost first. `Ok(None)` when nothing is there.
///
/// # Errors
///
/// When the path cannot be read, or has more `$index` than arrays are being walked.
pub fn resolve<'a>(
    root: &'a Value,
    path: &str,
    indexes: &[usize],
) -> Result<Option<&'a Value>, InvalidReference> {
    let steps = parse(path, indexes)?;
    Ok(walk(root, &steps))
}

/// The path of a `$ref` cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidReference;

#[derive(Debug)]
enum ReferenceStep<'a> {
    Name(&'a str),
    Index(usize),
    Any,
}

fn walk<'a>(value: &'a Value, steps: &[ReferenceStep<'_>]) -> Option<&'a Value> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(value);
    };
    match (step, value) {
        (ReferenceStep::Name(name), Value::Object(members)) => walk(members.get(*name)?, rest),
        (ReferenceStep::Index(index), Value::Array(items)) => walk(items.get(*index)?, rest),
        (ReferenceStep::Any, Value::Object(members)) => {
            members.values().find_map(|value| walk(value, rest))
        }
        (ReferenceStep::Any, Value::Array(items)) => {
            items.iter().find_map(|value| walk(value, rest))
        }
        _ => None,
    }
}

fn parse<'a>(path: &'a str, indexes: &[usize]) -> Result<Vec<ReferenceStep<'a>>, InvalidReference> {
    let mut steps = Vec::new();
    let mut indexes = indexes.iter();
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    // A first name may stand without a dot.
    let mut first = rest.len() == path.len();
    while !rest.is_empty() || first {
        if let Some(bracket) = rest.strip_prefix('[') {
            let (step, after) = bracketed(bracket, &mut indexes)?;
            steps.push(step);
            rest = after;
        } else {
            let name = match rest.strip_prefix('.') {
                Some(name) if !first => name,
                None if first => rest,
                _ => return Err(InvalidReference),
            };
            let end = name.find(['.', '[']).unwrap_or(name.len());
            steps.push(match &name[..end] {
                "" => return Err(InvalidReference),
                "*" => ReferenceStep::Any,
                name => ReferenceStep::Name(name),
            });
            rest = &name[end..];
        }
        first = false;
    }
    Ok(steps)
}

/// Reads what stands behind an opening bracket, and gives back what follows the closing one.
fn bracketed<'a>(
    text: &'a str,
    indexes: &mut std::slice::Iter<'_, usize>,
) -> Result<(ReferenceStep<'a>, &'a str), InvalidReference> {
    for quote in ['\'', '"'] {
        if let Some(text) = text.strip_prefix(quote) {
            let (name, after) = text.split_once(quote).ok_or(InvalidReference)?;
            return Ok((
                ReferenceStep::Name(name),
                after.strip_prefix(']').ok_or(InvalidReference)?,
            ));
        }
    }
    let (inner, after) = text.split_once(']').ok_or(InvalidReference)?;
    let step = match inner.trim() {
        "$index" => ReferenceStep::Index(*indexes.next().ok_or(InvalidReference)?),
        "*" => ReferenceStep::Any,
        digits => ReferenceStep::Index(digits.parse().map_err(|_| InvalidReference)?),
    };
    Ok((step, after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_to_values() {
        let root = json!({"types": ["a", "b"], "current": {"some thing": 1}, "test": [{"b": 1}, {"b": 2}]});
        for (path, expected) in [
            ("types[1]", json!("b")),
            ("$.types[0]", json!("a")),
            ("current['some thing']", json!(1)),
            ("['current'].*", json!(1)),
            ("test[$index].b", json!(2)),
            ("test[*].b", json!(1)),
            ("$", root.clone()),
        ] {
            assert_eq!(resolve(&root, path, &[1]), Ok(Some(&expected)), "{path}");
        }
        for path in [
            "types[2]",
            "nothing",
            "current.types",
            "types.a",
            "current[0]",
        ] {
            assert_eq!(resolve(&root, path, &[]), Ok(None), "{path}");
        }
        for path in [
            "",
            ".",
            "a.",
            "a..b",
            "a[",
            "a[]",
            "a[-1]",
            "a['b",
            "a['b'x]",
            "test[$index].b",
            "a[0]b",
            ".a",
        ] {
            assert_eq!(resolve(&root, path, &[]), Err(InvalidReference), "{path}");
        }
    }

    #[test]
    fn each_index_is_the_place_in_one_array() {
        let root = json!([[10, 11], [20, 21]]);
        assert_eq!(
            resolve(&root, "[$index][$index]", &[1, 0]),
            Ok(Some(&json!(20)))
        );
    }
}
