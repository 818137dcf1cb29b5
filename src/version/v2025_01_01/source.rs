//! Sources: `verification` beside the name, or `type` and `config`.

use super::super::tree::{Object, Tree};

/// Verifications that stand for no type of their own.
const GENERIC: [&str; 3] = ["HMAC", "BASIC_AUTH", "API_KEY"];

/// What the config took in under the same name.
const MOVED: [&str; 2] = ["allowed_http_methods", "custom_response"];

/// Properties as validation messages name them, new to old.
pub(super) const NAMES: [(&str, &str); 2] = [
    ("config.allowed_http_methods", "allowed_http_methods"),
    ("config.custom_response", "custom_response"),
];

/// A verification is checked as a whole, and fits or not.
const NO_TYPE_FITS: &str = "verification does not match any of the allowed types";

/// What a verification is made of.
pub(super) const UNFIT: [(&str, &str); 2] = [("type", NO_TYPE_FITS), ("config", NO_TYPE_FITS)];

/// What could be asked for beside a source.
pub(super) const INCLUDES: [(&str, &str); 1] =
    [("include", "include must be [verification.configs]")];

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
            let auth = auth.filter(|auth| !auth.is_null());
            // Empty ones fit a type that needs none, so they are never left out.
            verification.set("configs", auth.unwrap_or_else(|| Object::default().into()));
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

/// A source in a request, from the older shape. A type and a config had no meaning there.
pub(super) fn upgrade(source: &mut Object) {
    source.remove("type");
    source.remove("config");
    let mut config = Object::default();
    for name in MOVED {
        config.take(source, name, name);
    }
    if let Some(verification) = source.remove("verification") {
        let given = !verification.is_null();
        typed(source, &mut config, verification);
        // Without configs it is held against its type like one with empty ones.
        if given && !config.is_set("auth") {
            config.set("auth", Object::default().into());
        }
    }
    if !config.is_empty() {
        source.set("config", config.into());
    }
}

/// Reads a verification into type and config. What does not fit any is read into what fits no source.
fn typed(source: &mut Object, config: &mut Object, mut verification: Tree) {
    if verification.is_null() {
        // What verifies nothing was of no type.
        source.set("type", Tree::of("WEBHOOK"));
        config.set("auth", Tree::null());
        return;
    }
    let Some(verification) = verification.object() else {
        config.set("auth", verification);
        return;
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
    let verification = provider.or(scheme).map(|kind| {
        let mut verification = Object::default();
        verification.set("type", Tree::of(old_type(&kind)));
        if config.is_set("auth") {
            verification.take(config, "auth", "configs");
        }
        verification.into()
    });
    source.set("verification", verification.unwrap_or_else(Tree::null));
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
    let verification = source.remove("verification");
    let verification = verification.filter(|verification| !verification.is_null());
    source.set("authenticated", Tree::of(&verification.is_some()));
    if let Some(verification) = verification {
        typed(source, &mut config, verification);
    }
    if !source.has("type") {
        source.set("type", Tree::of("WEBHOOK"));
    }
    source.set("config", config.into());
}
