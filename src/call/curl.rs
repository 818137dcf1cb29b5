//! A call as a command for the shell: to try it by hand, or to show it to somebody.

use std::fmt::Write as _;

use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::Prepared;
use crate::operation::Method;

/// Names of JSON members that hold secrets, wherever they stand in a body.
const SECRETS: &[&str] = &[
    "api_key",
    "auth",
    "client_secret",
    "env",
    "password",
    "private_key",
    "public_key",
    "refresh_token",
    "secret",
    "secret_access_key",
    "service_account_key",
    "signing_secret",
    "token",
    "username",
    "vercel_log_drains_secret",
    "verification_token",
    "webhook_secret_key",
];

/// What older versions call the credentials of sources and destinations: all but their type is secret.
const OLDER: &[&str] = &["auth_method", "verification"];

/// Headers that hold no secrets. All others are named, their values blanked out.
const SHOWN: &[&str] = &[
    "content-type",
    "x-hookdeck-source-id",
    "x-hookdeck-source-name",
];

pub(crate) fn command(call: &Prepared) -> String {
    // What cannot be sent in the client's version has no command; its error says why when it is awaited.
    let (url, body) = match call.rendered() {
        Ok(rendered) => rendered,
        Err(error) => return format!("# {error}"),
    };
    // `-X HEAD` would wait for a body, and brackets mean something to curl unless told otherwise.
    let method = match call.operation.method {
        Method::Head => "--head".to_owned(),
        method => format!("-X {method}"),
    };
    let plain = if url.contains('[') { "--globoff " } else { "" };
    let mut out = format!("curl {plain}{method} {}", quote(&url));
    out.push_str(" -H \"Authorization: Bearer $HOOKDECK_API_KEY\"");
    for (name, value) in &call.headers {
        let value = value
            .to_str()
            .ok()
            .filter(|_| SHOWN.contains(&name.as_str()));
        let header = format!("{name}: {}", value.unwrap_or("REDACTED"));
        let _ = write!(out, " -H {}", quote(&header));
    }
    if let Some(body) = &body {
        if !call.headers.contains_key(CONTENT_TYPE) {
            out.push_str(" -H 'Content-Type: application/json'");
        }
        let shown = match serde_json::from_slice::<Value>(body) {
            Ok(mut value) => {
                blank(&mut value);
                value.to_string()
            }
            Err(_) => "REDACTED".to_owned(),
        };
        let _ = write!(out, " -d {}", quote(&shown));
    }
    out
}

/// Replaces what stands under the name of a secret; an object there keeps its keys.
fn blank(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if SECRETS.contains(&name.as_str()) {
                    blank_all(member);
                } else if OLDER.contains(&name.as_str())
                    && let Value::Object(credentials) = member
                {
                    let secret = credentials.iter_mut().filter(|(name, _)| *name != "type");
                    secret.for_each(|(_, value)| blank_all(value));
                } else {
                    blank(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(blank),
        _ => {}
    }
}

fn blank_all(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(blank_all),
        Value::Array(items) => items.iter_mut().for_each(blank_all),
        Value::Null => {}
        _ => *value = Value::from("REDACTED"),
    }
}

/// In single quotes, so that the shell reads nothing in it.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_blanked_wherever_they_stand() {
        let mut body = json!({
            "name": "shop",
            "source": {"config": {"auth": {"webhook_secret_key": "s1", "header_key": "x"}}},
            "rules": [{"transformation": {"env": {"TOKEN": "s2"}}}],
            "api_key": "s3",
            "verification": {"type": "basic_auth", "configs": {"user": "s1", "password": "s2"}},
            "description": null
        });
        blank(&mut body);
        let text = body.to_string();
        assert!(
            !text.contains("s1") && !text.contains("s2") && !text.contains("s3"),
            "{text}"
        );
        assert_eq!(body["name"], "shop");
        assert_eq!(body["verification"]["type"], "basic_auth");
    }

    /// Whatever the models hide is hidden here too: both are told by the same names.
    #[test]
    fn every_property_of_type_secret_is_blanked() {
        let refinements: Value =
            serde_json::from_str(include_str!("../../openapi/refinements.json")).unwrap();
        let groups = refinements["types"].as_array().unwrap().iter();
        let secrets: Vec<&str> = groups
            .filter_map(|group| group["set"].as_object())
            .flatten()
            // With its schema before it, a name is that of a reply.
            .filter(|(name, ty)| *ty == "Secret" && !name.contains('.'))
            .map(|(name, _)| name.as_str())
            .collect();
        assert!(secrets.len() > 5, "{secrets:?}");
        for name in secrets {
            assert!(SECRETS.contains(&name), "{name} is not blanked");
        }
    }

    #[test]
    fn quotes_survive_the_shell() {
        assert_eq!(quote("it's"), r"'it'\''s'");
    }
}
