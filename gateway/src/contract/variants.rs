//! Unions whose alternative another property names: a source's or destination's `config` (by `type`), its `auth` (by
//! `auth_type`), and objects that carry their own `type`.

use serde_json::{Map, Value};

use super::Contract;
use super::check::{Checker, Mode};
use super::schema::{Kind, Schema};
use super::violation::{Path, Violation};
use crate::wire::{DestinationType, SourceType};

const SOURCE: &str = "SourceTypeConfig";
const DESTINATION: &str = "DestinationTypeConfig";
const TRIGGER: &str = "IssueTrigger";

/// Checks `input` against the alternative that is named for it. `None` when nothing names one.
pub fn check(
    checker: &Checker<'_>,
    union: &Schema,
    input: &Value,
    path: &Path,
    parent: Option<&Map<String, Value>>,
    out: &mut Vec<Violation>,
) -> Option<Value> {
    let first = union.alternatives.first()?.reference_name()?;
    if first.starts_with(SOURCE) {
        return Some(source_config(checker, input, path, parent, out));
    }
    if first.starts_with(DESTINATION) {
        return Some(destination_config(checker, input, path, parent, out));
    }
    if first.contains("Config") && first.contains("Auth") && union.kind == Some(Kind::Object) {
        return Some(auth(checker, union, input, path, parent, out));
    }
    if first.starts_with(TRIGGER) && checker.mode == Mode::Body {
        let chosen = trigger_configs(union, parent)?;
        return Some(checker.value(chosen, input, path, None, out));
    }
    let chosen = by_own_type(checker.contract, union, input)?;
    Some(checker.value(chosen, input, path, None, out))
}

/// The configs of an issue trigger, by the type beside them.
fn trigger_configs<'a>(
    union: &'a Schema,
    parent: Option<&Map<String, Value>>,
) -> Option<&'a Schema> {
    let kind = parent?.get("type")?.as_str()?;
    union.alternatives.iter().find(|alternative| {
        alternative
            .reference_name()
            .and_then(|name| name.strip_prefix(TRIGGER)?.strip_suffix("Configs"))
            .is_some_and(|name| name.eq_ignore_ascii_case(kind))
    })
}

/// The alternative whose `type` has the one value that `input` has.
pub fn by_own_type<'a>(
    contract: &'a Contract,
    union: &'a Schema,
    input: &Value,
) -> Option<&'a Schema> {
    let own = input.get("type")?;
    let mut chosen = None;
    for alternative in &union.alternatives {
        let kind = contract.resolve(contract.resolve(alternative).properties.get("type")?);
        let [value] = kind.values.as_deref()? else {
            return None;
        };
        if value == own {
            chosen = Some(alternative);
        }
    }
    chosen
}

/// The type beside a `config`: given with it, or stored, or what the live API takes by default. `None` when it is
/// not a text, which the check of `type` itself reports.
fn config_type<'a>(
    checker: &Checker<'a>,
    parent: Option<&'a Map<String, Value>>,
    default: &'static str,
) -> Option<&'a str> {
    match parent.and_then(|parent| parent.get("type")) {
        Some(given) => given.as_str(),
        None => Some(checker.current_type.unwrap_or(default)),
    }
}

/// The schema of a type's config. One source type is spelled with a hyphen on the wire only.
fn type_schema<'a>(contract: &'a Contract, prefix: &str, name: &str) -> Option<&'a Schema> {
    contract.schema(&format!("{prefix}{}", name.replace('-', "")))
}

fn is_set(members: &Map<String, Value>, name: &str) -> bool {
    members.get(name).is_some_and(|value| !value.is_null())
}

fn source_config(
    checker: &Checker<'_>,
    input: &Value,
    path: &Path,
    parent: Option<&Map<String, Value>>,
    out: &mut Vec<Violation>,
) -> Value {
    let name = config_type(checker, parent, SourceType::Webhook.as_str());
    let Some((name, schema)) =
        name.and_then(|name| Some((name, type_schema(checker.contract, SOURCE, name)?)))
    else {
        return input.clone();
    };
    // Without an `auth_type` the generic types do not know `auth` at all.
    let is_generic = SourceType::parse(name).is_some_and(SourceType::is_generic);
    if let (Mode::Body, true, Value::Object(members)) = (checker.mode, is_generic, input)
        && is_set(members, "auth")
        && !is_set(members, "auth_type")
    {
        let mut rest = members.clone();
        rest.remove("auth");
        let typed = checker.object(schema, &Value::Object(rest), path, &[], &[], out);
        out.push(Violation::not_allowed(&path.key("auth")));
        return typed;
    }
    if let (Mode::Body, Value::Object(members)) = (checker.mode, input)
        && let Some(auth_type) = members.get("auth_type")
        && schema.properties.get("auth_type").is_none()
    {
        let mut rest = members.clone();
        rest.remove("auth_type");
        let typed = checker.object(schema, &Value::Object(rest), path, &[], &[], out);
        implied(checker, name, auth_type, &path.key("auth_type"), out);
        return typed;
    }
    checker.object(schema, input, path, &[], &[], out)
}

/// An `auth_type` for a source whose type implies it. Its own says nothing new; null, which is no type, is a
/// member like any other that the type does not have.
fn implied(
    checker: &Checker<'_>,
    own: &str,
    auth_type: &Value,
    path: &Path,
    out: &mut Vec<Violation>,
) {
    if auth_type.is_null() {
        checker.unlisted(path, out);
    } else if auth_type != own {
        out.push(Violation::none_of(path, &[Value::from(own)], false));
    }
}

fn destination_config(
    checker: &Checker<'_>,
    input: &Value,
    path: &Path,
    parent: Option<&Map<String, Value>>,
    out: &mut Vec<Violation>,
) -> Value {
    let name = config_type(checker, parent, DestinationType::Http.as_str());
    let Some((name, schema)) =
        name.and_then(|name| Some((name, type_schema(checker.contract, DESTINATION, name)?)))
    else {
        return input.clone();
    };
    if checker.mode != Mode::Body {
        return checker.object(schema, input, path, &[], &[], out);
    }
    // A missing `url` and a key of another destination type are domain errors of the live API, not violations.
    let mut misplaced = misplaced_keys(checker.contract, name, input);
    if checker.drops_cli_policy && name == DestinationType::Cli.as_str() {
        misplaced.retain(|key| key != "delivery_policy");
    }
    let typed = checker.object(schema, input, path, &["url", "path"], &misplaced, out);
    if let Value::Object(members) = input
        && is_set(members, "auth_type")
        && !members.contains_key("auth")
    {
        out.push(Violation::required(&path.key("auth")));
    }
    typed
}

/// Keys of `config` that only other destination types have.
pub fn misplaced_keys(contract: &Contract, destination_type: &str, config: &Value) -> Vec<String> {
    let Some(own) = type_schema(contract, DESTINATION, destination_type) else {
        return Vec::new();
    };
    let others: Vec<&Schema> = DestinationType::ALL
        .iter()
        .filter_map(|known| type_schema(contract, DESTINATION, known.as_str()))
        .collect();
    let keys = config.as_object().into_iter().flat_map(Map::keys);
    keys.filter(|key| {
        own.properties.get(key).is_none()
            && others
                .iter()
                .any(|other| other.properties.get(key).is_some())
    })
    .cloned()
    .collect()
}

fn auth(
    checker: &Checker<'_>,
    union: &Schema,
    input: &Value,
    path: &Path,
    config: Option<&Map<String, Value>>,
    out: &mut Vec<Violation>,
) -> Value {
    if input.is_null() {
        return Value::Null;
    }
    let contract = checker.contract;
    let Some(auth_type) = config
        .and_then(|config| config.get("auth_type"))
        .and_then(Value::as_str)
    else {
        if !input.is_object() {
            out.push(Violation::not_a(path, "object"));
        }
        return input.clone();
    };
    // The generic webhook source takes every provider's credentials; the provider's own type says which they are.
    let provider = type_schema(contract, SOURCE, auth_type)
        .and_then(|config| config.properties.get("auth"))
        .filter(|schema| !std::ptr::eq(contract.resolve(schema), union));
    let named = || {
        union.alternatives.iter().find(|schema| {
            schema
                .reference_name()
                .is_some_and(|name| names(name, auth_type))
        })
    };
    let chosen = if is_source(union) {
        provider.or_else(named)
    } else {
        named()
    };
    match chosen {
        // A destination whose scheme needs no credentials.
        Some(schema) if !is_source(union) && contract.resolve(schema).is_empty_object() => {
            let Value::Object(members) = input else {
                out.push(Violation::not_a(path, "object"));
                return input.clone();
            };
            for name in members.keys() {
                checker.unlisted(&path.key(name), out);
            }
            Value::Object(Map::new())
        }
        Some(schema) => checker.value(schema, input, path, None, out),
        // An unknown auth_type is reported where it stands.
        None => input.clone(),
    }
}

fn is_source(union: &Schema) -> bool {
    union
        .alternatives
        .first()
        .and_then(Schema::reference_name)
        .is_some_and(|name| name.starts_with("SourceConfig"))
}

/// Whether a schema such as `DestinationConfigHTTPAuthCustomSHA256HMACSignature` is the one for an auth type such as
/// `CUSTOM_SIGNATURE`: its name has the words of the type, in order, after `Auth`.
fn names(schema: &str, auth_type: &str) -> bool {
    let Some((_, suffix)) = schema.split_once("Auth") else {
        return false;
    };
    let suffix = suffix.to_ascii_lowercase();
    let mut rest = suffix.as_str();
    auth_type
        .to_ascii_lowercase()
        .split('_')
        .all(|word| match rest.find(word) {
            Some(at) => {
                rest = &rest[at + word.len()..];
                true
            }
            None => false,
        })
}
