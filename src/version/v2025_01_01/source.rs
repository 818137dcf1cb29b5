//! Sources: `verification` beside the name, or `type` and `config`.

use super::super::tree::{Object, Tree};

/// Verifications that stand for no type of their own.
const GENERIC: [&str; 3] = ["HMAC", "BASIC_AUTH", "API_KEY"];

/// What the config took in under the same name.
const MOVED: [&str; 2] = ["allowed_http_methods", "custom_response"];

/// Properties as validation messages name them, new to old.
pub(super) const NAMES: [(&str, &str); 4] = [
    ("config.auth_type", "verification.type"),
    ("config.auth", "verification.configs"),
    ("config.allowed_http_methods", "allowed_http_methods"),
    ("config.custom_response", "custom_response"),
];

fn old_type(kind: &str) -> &str {
    if kind == "BRIDGE_XYZ" { "BRIDGE" } else { kind }
}

fn new_type(kind: &str) -> &str {
    if kind == "BRIDGE" { "BRIDGE_XYZ" } else { kind }
}

/// A source in a request, to the older shape.
pub(super) fn downgrade(source: &mut Object) -> Result<(), String> {
    let kind = source.remove("type").and_then(|kind| kind.text());
    if kind.as_deref() == Some("HTTP") {
        return Err("`type` HTTP came with 2025-01-01; WEBHOOK is what there was before".into());
    }
    let mut config = source.remove("config");
    let config = config.as_mut().and_then(Tree::object);
    let mut empty = Object::default();
    let config = config.unwrap_or(&mut empty);
    let scheme = config.remove("auth_type").and_then(|scheme| scheme.text());
    let auth = config.remove("auth");
    for name in MOVED {
        source.take(config, name, name);
    }
    if let Some(verification) = verification(kind.as_deref(), scheme, auth)? {
        source.set("verification", verification);
    }
    match config.is_empty() {
        true => Ok(()),
        false => Err("`config` has properties that came after 2025-01-01".into()),
    }
}

/// What a source verifies by; `None` leaves it as it is.
fn verification(
    kind: Option<&str>,
    scheme: Option<String>,
    auth: Option<Tree>,
) -> Result<Option<Tree>, String> {
    let provider = kind.filter(|kind| *kind != "WEBHOOK").map(str::to_owned);
    if let Some(auth) = &auth
        && auth.is_null()
        && provider.is_none()
    {
        return Ok(Some(Tree::null()));
    }
    match provider.or(scheme) {
        Some(kind) => {
            let mut verification = Object::default();
            verification.set("type", Tree::of(old_type(&kind)));
            if let Some(auth) = auth.filter(|auth| !auth.is_null()) {
                verification.set("configs", auth);
            }
            Ok(Some(verification.into()))
        }
        None if auth.is_some() => Err(
            "`config.auth` needs the source's `type` or `config.auth_type`, by which older \
                 versions tell what it is for"
                .into(),
        ),
        None => Ok(None),
    }
}

/// A source in a request, from the older shape.
pub(super) fn upgrade(source: &mut Object) {
    let mut config = Object::default();
    for name in MOVED {
        config.take(source, name, name);
    }
    if let Some(mut verification) = source.remove("verification") {
        typed(source, &mut config, &mut verification);
    }
    if !config.is_empty() {
        source.set("config", config.into());
    }
}

/// Reads a verification into type and config. Answers whether there was one.
fn typed(source: &mut Object, config: &mut Object, verification: &mut Tree) -> bool {
    let Some(verification) = verification.object() else {
        // What verifies nothing was of no type.
        source.set("type", Tree::of("WEBHOOK"));
        config.set("auth", Tree::null());
        return false;
    };
    // Until then the small letters of 2023-07-01 were taken too, and the vendor's own SDK writes them.
    let kind = verification.text("type").unwrap_or_default();
    let kind = kind.to_ascii_uppercase();
    if GENERIC.contains(&kind.as_str()) {
        source.set("type", Tree::of("WEBHOOK"));
        config.set("auth_type", Tree::of(&kind));
    } else {
        source.set("type", Tree::of(new_type(&kind)));
    }
    config.take(verification, "configs", "auth");
    true
}

/// A source in a reply, to the older shape.
pub(super) fn downgrade_reply(source: &mut Object) {
    let kind = source.remove("type").and_then(|kind| kind.text());
    source.remove("authenticated");
    let mut config = source.remove("config");
    let mut empty = Object::default();
    let config = config.as_mut().and_then(Tree::object).unwrap_or(&mut empty);
    for name in MOVED {
        source.take(config, name, name);
    }
    let scheme = config.text("auth_type");
    let provider = kind.filter(|kind| !matches!(kind.as_str(), "WEBHOOK" | "HTTP"));
    if let Some(kind) = provider.or(scheme) {
        let mut verification = Object::default();
        verification.set("type", Tree::of(old_type(&kind)));
        if config.is_set("auth") {
            verification.take(config, "auth", "configs");
        }
        source.set("verification", verification.into());
    }
}

/// A source in a reply, from the older shape.
pub(super) fn upgrade_reply(source: &mut Object) {
    if source.has("type") {
        return;
    }
    let mut config = Object::default();
    for name in MOVED {
        config.take(source, name, name);
    }
    let verified = match source.remove("verification") {
        Some(mut verification) if !verification.is_null() => {
            typed(source, &mut config, &mut verification)
        }
        _ => false,
    };
    if !source.has("type") {
        source.set("type", Tree::of("WEBHOOK"));
    }
    source.set("authenticated", Tree::of(&verified));
    source.set("config", config.into());
}
