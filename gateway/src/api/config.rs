//! The `config` of sources and destinations: defaults, merging, checks across fields, secrets.
//!
//! The contract checks each field; what is here depends on several fields or on what is stored.
//! A config given for the same type is laid over the stored one key by key; with another type it
//! starts over from that type's defaults. Nothing is known of the live API for either.

use serde_json::{Map, Value, json};

use super::error::ApiError;
use crate::contract::Contract;
use crate::wire::{DestinationAuthType, DestinationType, SourceType};

/// A stored resource that is written again. It has no `Debug`: the config holds credentials.
pub(crate) struct StoredConfig {
    /// Its type.
    pub(crate) kind: String,
    /// Its whole config.
    pub(crate) config: Value,
}

impl StoredConfig {
    /// The resource as one of another type: what both types have stays. So a change of type was meant before
    /// 2025-01-01, when a type was what followed from single properties.
    pub(crate) fn turned_into(self, kind: &str, mut config: Value) -> Self {
        if let (Some(target), Some(stored)) = (config.as_object_mut(), self.config.as_object()) {
            for (key, value) in stored {
                // All destinations have it, none by default.
                if key == "delivery_timeout" || (key != "path" && target.contains_key(key)) {
                    target.insert(key.clone(), value.clone());
                }
            }
        }
        Self {
            kind: kind.to_owned(),
            config,
        }
    }
}

/// The type of a source when none is named.
pub(crate) const SOURCE_TYPE: SourceType = SourceType::Webhook;
/// The type of a destination when none is named.
pub(crate) const DESTINATION_TYPE: DestinationType = DestinationType::Http;

fn given_auth_type(given: &Map<String, Value>) -> Option<&str> {
    given.get("auth_type").and_then(Value::as_str)
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Object(object)) => object.is_empty(),
        Some(_) => false,
    }
}

/// The config to store for a source of type `kind`. `prefix` stands before field names in
/// messages (`source.` for an inline source).
pub(crate) fn source(
    kind: &str,
    given: Option<&Value>,
    stored: Option<&StoredConfig>,
    prefix: &str,
) -> Result<Value, ApiError> {
    let mut config = match stored.filter(|stored| stored.kind == kind) {
        Some(stored) => stored.config.clone(),
        None => source_defaults(kind),
    };
    let (Some(target), Some(given)) = (config.as_object_mut(), given.and_then(Value::as_object))
    else {
        return Ok(config);
    };
    let typed = SourceType::parse(kind).is_some_and(SourceType::is_generic);
    if given_auth_type(given).is_some() && !given.contains_key("auth") {
        return Err(ApiError::invalid(format!(
            "{prefix}config.auth is required"
        )));
    }
    if typed && given_auth_type(given).is_none() && !is_empty(given.get("auth")) {
        return Err(ApiError::invalid(format!(
            "{prefix}config.auth is not allowed"
        )));
    }
    for (key, value) in given {
        target.insert(key.clone(), value.clone());
    }
    if is_empty(target.get("auth")) {
        target.remove("auth");
        if given.contains_key("auth") || target.get("auth_type").is_some_and(Value::is_null) {
            target.remove("auth_type");
        }
    }
    if target.get("auth_type").is_some_and(Value::is_null) {
        target.remove("auth_type");
        if typed {
            target.remove("auth");
        }
    }
    Ok(config)
}

pub(crate) fn source_defaults(kind: &str) -> Value {
    let methods: &[&str] = match SourceType::parse(kind) {
        Some(SourceType::Managed) => return json!({}),
        Some(SourceType::Shopify | SourceType::Stripe) => &["POST"],
        _ => &["POST", "PUT", "PATCH", "DELETE"],
    };
    json!({ "allowed_http_methods": methods, "custom_response": null })
}

/// The config to store for a destination of type `kind`. `prefix` stands before field names in
/// messages (`destination.` for an inline destination).
pub(crate) fn destination(
    kind: &str,
    given: Option<&Value>,
    stored: Option<&StoredConfig>,
    prefix: &str,
) -> Result<Value, ApiError> {
    let stored = stored.filter(|stored| stored.kind == kind);
    let misplaced = given.map(|given| Contract::get().misplaced_config_keys(kind, given));
    if let Some(key) = misplaced.iter().flatten().next() {
        let mut message = format!("Cannot set `config.{key}` on a {kind} destination.");
        if let Some(of) = type_with(key) {
            message.push_str(&format!(" Pass `type: '{of}'` explicitly to change it."));
        }
        return Err(ApiError::misfit(message, key, kind));
    }
    let mut config = match stored {
        Some(stored) => stored.config.clone(),
        None => destination_defaults(kind),
    };
    if let (Some(target), Some(given)) = (config.as_object_mut(), given.and_then(Value::as_object))
    {
        if given_auth_type(given).is_some() && !given.contains_key("auth") {
            return Err(ApiError::invalid(format!(
                "{prefix}config.auth is required"
            )));
        }
        if given_auth_type(given).is_none() && stored.is_none() && !is_empty(given.get("auth")) {
            return Err(ApiError::invalid(format!(
                "{prefix}config.auth is not allowed"
            )));
        }
        for (key, value) in given {
            if value.is_null() {
                // Null means the default; a key without a default goes.
                match destination_defaults(kind).get(key) {
                    Some(default) => target.insert(key.clone(), default.clone()),
                    None => target.remove(key),
                };
            } else if key == "delivery_policy" {
                // Key by key too: its members were keys of the config itself before 2026-09-01, and
                // whoever sets one of them there means no other.
                let policy = target.entry(key.clone()).or_insert_with(no_policy);
                lay_over(policy, value);
            } else {
                target.insert(key.clone(), value.clone());
            }
        }
        if let Some(policy) = target.get_mut("delivery_policy") {
            complete_policy(policy);
        }
    }
    if kind == DestinationType::Http.as_str() && is_empty(config.get("url")) {
        let message = "HTTP destination requires `config.url`.";
        return Err(ApiError::misfit(message, "url", kind));
    }
    Ok(config)
}

/// The type of destination that one of these keys belongs to alone.
fn type_with(key: &str) -> Option<&'static str> {
    match key {
        "path" => Some(DestinationType::Cli.as_str()),
        "url" => Some(DestinationType::Http.as_str()),
        _ => None,
    }
}

/// Sets what is given of a policy; null takes a member away.
fn lay_over(policy: &mut Value, given: &Value) {
    if let (Some(policy), Some(given)) = (policy.as_object_mut(), given.as_object()) {
        for (key, value) in given {
            policy.insert(key.clone(), value.clone());
        }
    }
}

/// A policy given in part is complete when read back.
fn complete_policy(policy: &mut Value) {
    let given = policy.take();
    *policy = no_policy();
    if let (Some(target), Some(given)) = (policy.as_object_mut(), given.as_object()) {
        for (key, value) in given.iter().filter(|(_, value)| !value.is_null()) {
            target.insert(key.clone(), value.clone());
        }
    }
}

fn no_policy() -> Value {
    json!({ "rate": null, "period": "second" })
}

pub(crate) fn destination_defaults(kind: &str) -> Value {
    let mut config = json!({
        "http_method": null,
        "path_forwarding_disabled": false,
        "auth_type": DestinationAuthType::HookdeckSignature,
        "auth": {},
    });
    if kind == DestinationType::Cli.as_str() {
        config["path"] = Value::from("/");
    } else {
        config["delivery_policy"] = no_policy();
    }
    config
}

/// Whether a source checks who sends to it.
pub(crate) fn is_authenticated(config: &Value) -> bool {
    !is_empty(config.get("auth"))
}

/// A source's config as it is shown: without `auth` unless asked for.
pub(crate) fn shown_source(mut config: Value, auth: bool) -> Value {
    if let Some(config) = config.as_object_mut().filter(|_| !auth) {
        config.remove("auth");
    }
    config
}

/// A source's config in the reply to a write: with `auth`, null where there is none, and so with the `auth_type` of
/// the types that have one. A managed source, whose token the document does not let be null, is as it is.
pub(crate) fn written_source(kind: &str, mut config: Value) -> Value {
    if let Some(config) = config.as_object_mut().filter(|_| kind != "MANAGED") {
        config.entry("auth").or_insert(Value::Null);
        if matches!(kind, "WEBHOOK" | "HTTP") {
            config.entry("auth_type").or_insert(Value::Null);
        }
    }
    config
}

/// A destination's config as it is shown: `auth` is empty unless asked for.
pub(crate) fn shown_destination(mut config: Value, auth: bool) -> Value {
    if !auth && config.is_object() {
        config["auth"] = json!({});
    }
    config
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
