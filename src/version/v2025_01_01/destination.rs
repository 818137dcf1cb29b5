//! Destinations: `url` or `cli_path` beside the name, or `type` and `config`.

use super::super::tree::{Object, Tree};

/// Where the mock service answers.
const MOCK: &str = "https://mock.hookdeck.com";

/// What the config took in under the same name.
const MOVED: [&str; 4] = [
    "rate_limit",
    "rate_limit_period",
    "http_method",
    "path_forwarding_disabled",
];

/// Properties as validation messages name them, new to old.
pub(super) const NAMES: [(&str, &str); 8] = [
    ("config.auth_type", "auth_method.type"),
    ("config.auth", "auth_method.config"),
    ("config.url", "url"),
    ("config.path", "cli_path"),
    ("config.rate_limit_period", "rate_limit_period"),
    ("config.rate_limit", "rate_limit"),
    ("config.http_method", "http_method"),
    (
        "config.path_forwarding_disabled",
        "path_forwarding_disabled",
    ),
];

/// A destination in a request, to the older shape.
pub(super) fn downgrade(destination: &mut Object) -> Result<(), String> {
    let kind = destination.remove("type").and_then(|kind| kind.text());
    let mut config = destination.remove("config");
    let mut empty = Object::default();
    let config = config.as_mut().and_then(Tree::object).unwrap_or(&mut empty);
    if config.is_set("delivery_groups") {
        return Err("`config.delivery_policy.groups` came with a later version".into());
    }
    config.remove("delivery_groups");
    if config.is_set("delivery_timeout") {
        return Err("`config.delivery_timeout` came with a later version".into());
    }
    config.remove("delivery_timeout");
    match kind.as_deref() {
        Some("MOCK_API") => destination.set("url", Tree::of(MOCK)),
        Some("CLI") => {
            if config.is_set("path") {
                destination.take(config, "path", "cli_path");
            } else {
                config.remove("path");
                destination.set("cli_path", Tree::of("/"));
            }
        }
        None | Some("HTTP") => {
            destination.take(config, "url", "url");
            destination.take(config, "path", "cli_path");
        }
        Some(other) => return Err(format!("`type` {other} came with a later version")),
    }
    for name in MOVED {
        destination.take(config, name, name);
    }
    auth_method(destination, config)?;
    match config.is_empty() {
        true => Ok(()),
        false => Err("`config` has properties that came after 2025-01-01".into()),
    }
}

fn auth_method(destination: &mut Object, config: &mut Object) -> Result<(), String> {
    let kind = config.remove("auth_type").and_then(|kind| kind.text());
    let auth = config.remove("auth");
    match kind {
        Some(kind) if kind == "GCP_SERVICE_ACCOUNT" => {
            Err("`config.auth_type` GCP_SERVICE_ACCOUNT came with a later version".into())
        }
        Some(kind) => {
            let mut method = Object::default();
            method.set("type", Tree::of(&kind));
            method.set("config", auth.unwrap_or_else(|| Object::default().into()));
            destination.set("auth_method", method.into());
            Ok(())
        }
        None => {
            let given = auth.and_then(|mut auth| auth.object().map(|auth| !auth.is_empty()));
            match given {
                Some(true) => Err("`config.auth` needs `config.auth_type`".into()),
                _ => Ok(()),
            }
        }
    }
}

/// A destination in a request, from the older shape. A type and a config had no meaning there.
pub(super) fn upgrade(destination: &mut Object) {
    destination.remove("type");
    destination.remove("config");
    let mut config = Object::default();
    typed(destination, &mut config, is_mock);
    if !config.is_empty() {
        destination.set("config", config.into());
    }
}

/// Whether an address is the mock service's. A path behind it had no meaning, so whoever wrote one made a mock
/// destination all the same.
fn is_mock(url: &str) -> bool {
    let rest = url.strip_prefix(MOCK);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
}

/// Moves what lay beside the name into `config`, and sets the type where something tells it.
fn typed(destination: &mut Object, config: &mut Object, is_mock: fn(&str) -> bool) {
    let url = destination.remove("url").filter(|url| !url.is_null());
    let path = destination
        .remove("cli_path")
        .filter(|path| !path.is_null());
    let kind = match (url, path) {
        (Some(url), path) if url.text().as_deref().is_some_and(is_mock) => {
            // It has none, and is refused with one.
            if let Some(path) = path {
                config.set("path", path);
            }
            Some("MOCK_API")
        }
        (Some(url), _) => {
            config.set("url", url);
            Some("HTTP")
        }
        (None, Some(path)) => {
            config.set("path", path);
            Some("CLI")
        }
        (None, None) => None,
    };
    if let Some(kind) = kind {
        destination.set("type", Tree::of(kind));
    }
    for name in MOVED {
        // A destination of the command-line client has no rate; old clients send one that is null.
        let is_rate = name.starts_with("rate_limit");
        if kind == Some("CLI") && is_rate {
            destination.remove(name);
        } else {
            config.take(destination, name, name);
        }
    }
    if let Some(mut method) = destination.remove("auth_method")
        && let Some(method) = method.object()
    {
        let auth = method.remove("config").filter(|config| !config.is_null());
        config.set("auth", auth.unwrap_or_else(|| Object::default().into()));
        config.take(method, "type", "auth_type");
    }
}

/// A destination in a reply, to the older shape.
pub(super) fn downgrade_reply(destination: &mut Object) {
    let kind = destination.remove("type").and_then(|kind| kind.text());
    let mut config = destination.remove("config");
    let mut empty = Object::default();
    let config = config.as_mut().and_then(Tree::object).unwrap_or(&mut empty);
    let is = |name: &str| kind.as_deref() == Some(name);
    let url = if is("MOCK_API") {
        Some(Tree::of(MOCK))
    } else {
        config.remove("url")
    };
    destination.set("url", url.unwrap_or_else(Tree::null));
    destination.set("cli_path", config.remove("path").unwrap_or_else(Tree::null));
    for name in MOVED {
        let value = config.remove(name).unwrap_or_else(|| match name {
            "path_forwarding_disabled" => Tree::of(&false),
            _ => Tree::null(),
        });
        destination.set(name, value);
    }
    if let Some(kind) = config.text("auth_type") {
        let mut method = Object::default();
        method.set("type", Tree::of(&kind));
        let auth = config.remove("auth").filter(|auth| !auth.is_null());
        method.set("config", auth.unwrap_or_else(|| Object::default().into()));
        destination.set("auth_method", method.into());
    }
}

/// A destination in a reply, from the older shape.
pub(super) fn upgrade_reply(destination: &mut Object) {
    if destination.has("type") {
        return;
    }
    let mut config = Object::default();
    // One with a path was made by a newer version, for only those can keep it.
    typed(destination, &mut config, |url| url == MOCK);
    if !destination.has("type") {
        destination.set("type", Tree::of("HTTP"));
    }
    destination.set("config", config.into());
}
