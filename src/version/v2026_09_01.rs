//! 2026-09-01: `delivery_policy`, and projects in place of teams.
//!
//! A destination's `rate_limit`, `rate_limit_period` and `delivery_groups` became `delivery_policy`; the list
//! of teams became that of projects, whose `type` was a `mode`; custom domains moved from the present team to
//! their project; transformations lost `encrypted_env` and `iv`; GitLab's sources got a second scheme, and
//! with it an `auth_type`.

use super::places::{concerns, each, each_input, is_about};
use super::translation::{Change, Request};
use super::tree::{Object, Tree};
use crate::operation::{Operation, Resource, ops};

pub(super) const CHANGE: Change = Change {
    since: "2026-09-01",
    concerns: is_concerned,
    downgrade,
    upgrade,
    downgrade_reply,
    upgrade_reply,
    upgrade_path,
    names: |resource| match resource {
        Resource::Destination => &NAMES,
        _ => &[],
    },
    sentences: |_, _| &[],
};

/// Properties of a destination as validation messages name them, new to old.
const NAMES: [(&str, &str); 5] = [
    (
        "config.delivery_policy.groups.rate_period",
        "config.delivery_groups.rate_limit_period",
    ),
    (
        "config.delivery_policy.groups.rate",
        "config.delivery_groups.rate_limit",
    ),
    ("config.delivery_policy.groups", "config.delivery_groups"),
    ("config.delivery_policy.rate", "config.rate_limit"),
    ("config.delivery_policy.period", "config.rate_limit_period"),
];

fn is_domains(operation: &Operation) -> bool {
    is_about(operation, &[Resource::CustomDomain])
}

/// The one operation on projects that there was before, when they were teams.
fn is_project_list(operation: &Operation) -> bool {
    operation.id == ops::LIST_PROJECTS.id
}

fn is_concerned(operation: &Operation) -> bool {
    [
        Resource::Source,
        Resource::Destination,
        Resource::Transformation,
    ]
    .into_iter()
    .any(|resource| concerns(operation, resource))
        || is_domains(operation)
        || is_project_list(operation)
}

fn downgrade(operation: &Operation, request: &mut Request) -> Result<(), String> {
    if is_project_list(operation) {
        request.path = "/teams".to_owned();
    }
    if is_domains(operation)
        && let Some(rest) = request.path.strip_prefix("/projects/")
        && let Some((project, rest)) = rest.split_once('/')
    {
        request.project = Some(project.to_owned());
        request.path = format!("/teams/current/{rest}");
    }
    if let Some(body) = &mut request.body {
        each_input(operation, body, &mut |resource, object| match resource {
            Resource::Destination => {
                old_policy(object);
                Ok(())
            }
            Resource::Source => old_gitlab_input(object),
            _ => Ok(()),
        })?;
    }
    Ok(())
}

fn upgrade(operation: &Operation, request: &mut Request) {
    if let Some(body) = &mut request.body {
        // Nothing here is ever refused.
        let _ = each_input(operation, body, &mut |resource, object| {
            match resource {
                Resource::Destination => new_policy(object),
                Resource::Source => new_gitlab_input(object),
                _ => {}
            }
            Ok(())
        });
    }
}

/// What a policy was made of.
const OLDER: [&str; 3] = ["rate_limit", "rate_limit_period", "delivery_groups"];

/// `delivery_policy` as three properties of the config.
fn old_policy(destination: &mut Object) {
    let Some(config) = destination.object("config") else {
        return;
    };
    let Some(mut policy) = config.remove("delivery_policy") else {
        return;
    };
    let Some(policy) = policy.object() else {
        // Without a policy there are no groups either.
        for name in OLDER {
            config.set(name, Tree::null());
        }
        return;
    };
    config.take(policy, "rate", "rate_limit");
    config.take(policy, "period", "rate_limit_period");
    if let Some(mut groups) = policy.remove("groups") {
        if let Some(groups) = groups.object() {
            old_rate(groups);
            for group in groups
                .object("overrides")
                .into_iter()
                .flat_map(Object::values)
            {
                if let Some(group) = group.object() {
                    old_rate(group);
                }
            }
        }
        config.set("delivery_groups", groups);
    }
}

fn old_rate(group: &mut Object) {
    group.rename("rate", "rate_limit");
    group.rename("rate_period", "rate_limit_period");
}

fn new_policy(destination: &mut Object) {
    let Some(config) = destination.object("config") else {
        return;
    };
    let all_null = OLDER
        .into_iter()
        .all(|name| config.get(name).is_some_and(|member| member.is_null()));
    if all_null {
        for name in OLDER {
            config.remove(name);
        }
        config.set("delivery_policy", Tree::null());
        return;
    }
    let mut policy = Object::default();
    policy.take(config, "rate_limit", "rate");
    policy.take(config, "rate_limit_period", "period");
    if let Some(mut groups) = config.remove("delivery_groups") {
        if let Some(groups) = groups.object() {
            if !groups.is_set("rate_limit") {
                groups.set("rate_limit", Tree::of(&UNPACED.0));
                groups.set("rate_limit_period", Tree::of(UNPACED.1));
            }
            new_rate(groups);
            for group in groups
                .object("overrides")
                .into_iter()
                .flat_map(Object::values)
            {
                if let Some(group) = group.object() {
                    new_rate(group);
                }
            }
        }
        policy.set("groups", groups);
    }
    if !policy.is_empty() {
        config.set("delivery_policy", policy.into());
    }
}

/// Groups needed no rate of their own before; now they do. This is the highest there is, so it stands for
/// none.
const UNPACED: (u32, &str) = (100_000, "second");

fn new_rate(group: &mut Object) {
    group.rename("rate_limit", "rate");
    group.rename("rate_limit_period", "rate_period");
}

/// Takes away the rate that stands for none.
fn hide_no_pace(groups: &mut Object) {
    let rate = groups.get("rate_limit").map(|rate| rate.to_bytes());
    if rate.as_deref() == Some(b"100000")
        && groups.text("rate_limit_period").as_deref() == Some(UNPACED.1)
    {
        groups.remove("rate_limit");
        groups.remove("rate_limit_period");
    }
}

fn is_gitlab(source: &mut Object) -> bool {
    source.text("type").as_deref() == Some("GITLAB")
}

fn old_gitlab_input(source: &mut Object) -> Result<(), String> {
    if !is_gitlab(source) {
        return Ok(());
    }
    let Some(config) = source.object("config") else {
        return Ok(());
    };
    match config.text("auth_type").as_deref() {
        Some("STANDARD_WEBHOOKS") => {
            Err("`config.auth_type` STANDARD_WEBHOOKS of a GitLab source \
                                          came with 2026-09-01"
                .into())
        }
        _ => {
            config.remove("auth_type");
            Ok(())
        }
    }
}

fn new_gitlab_input(source: &mut Object) {
    if is_gitlab(source)
        && let Some(config) = source.object("config")
        && config.is_set("auth")
        && !config.has("auth_type")
    {
        config.set("auth_type", Tree::of("GITLAB"));
    }
}

/// Modes of teams and the types of projects they became.
const MODES: [(&str, &str); 3] = [
    ("event_gateway", "inbound"),
    ("console", "console"),
    ("outpost", "outpost"),
];

fn downgrade_reply(operation: &Operation, reply: &mut Tree) {
    each(operation, reply, &mut |resource, object| match resource {
        Resource::Destination => {
            old_policy(object);
            let Some(config) = object.object("config") else {
                return;
            };
            // Shown only where events are grouped.
            if !config.is_set("delivery_groups") {
                config.remove("delivery_groups");
            }
            if let Some(groups) = config.object("delivery_groups") {
                hide_no_pace(groups);
            }
        }
        Resource::Source if is_gitlab(object) => {
            if let Some(config) = object.object("config")
                && config.text("auth_type").as_deref() == Some("GITLAB")
            {
                config.remove("auth_type");
            }
        }
        // Long empty where they are still shown.
        Resource::Transformation => {
            object.set("encrypted_env", Tree::null());
            object.set("iv", Tree::null());
        }
        Resource::Project => {
            object.rename("type", "mode");
            object.map_text("mode", |mode| {
                MODES
                    .iter()
                    .find(|(new, _)| *new == mode)
                    .map(|(_, old)| *old)
            });
        }
        _ => {}
    });
}

fn upgrade_reply(operation: &Operation, reply: &mut Tree) {
    each(operation, reply, &mut |resource, object| match resource {
        Resource::Destination => new_policy(object),
        Resource::Source if is_gitlab(object) => {
            let has_scheme = object
                .get("authenticated")
                .is_some_and(|tree| tree.to_bytes() == b"true");
            if has_scheme
                && let Some(config) = object.object("config")
                && !config.has("auth_type")
            {
                config.set("auth_type", Tree::of("GITLAB"));
            }
        }
        Resource::Transformation => {
            object.remove("encrypted_env");
            object.remove("iv");
        }
        Resource::Project => {
            object.rename("mode", "type");
            object.map_text("type", |mode| {
                MODES
                    .iter()
                    .find(|(_, old)| *old == mode)
                    .map(|(new, _)| *new)
            });
        }
        _ => {}
    });
}

fn upgrade_path(method: &str, path: &str, project: &str) -> Option<String> {
    if method == "GET" && path == "/teams" {
        return Some("/projects".to_owned());
    }
    let rest = path.strip_prefix("/teams/current/")?;
    rest.starts_with("custom_domains")
        .then(|| format!("/projects/{project}/{rest}"))
}
