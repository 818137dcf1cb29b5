//! What a key that was created with scopes may do.

use serde_json::Value;

use crate::contract::Operation;

/// The scopes of a key. One without any may do everything, as the keys a gateway is started with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scopes(Option<Vec<String>>);

impl Scopes {
    /// Those of a key in the project `team_id`: its own, and what is granted to it there.
    pub(crate) fn of(scopes: &Value, grants: &Value, team_id: &str) -> Self {
        let listed = |scopes: &Value| -> Vec<String> {
            let scopes = scopes.as_array().into_iter().flatten();
            scopes
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        let own = listed(scopes);
        let limited =
            !own.is_empty() || grants.as_object().is_some_and(|grants| !grants.is_empty());
        Self(limited.then(|| [own, listed(&grants[team_id]["scopes"])].concat()))
    }

    /// The scope that the operation needs and the key does not have.
    pub(crate) fn missing(&self, operation: &Operation) -> Option<String> {
        let held = self.0.as_ref()?;
        let (area, write) = needed(&operation.method, &operation.path);
        // Who may write may read.
        let writes = format!("{area}.write");
        let reads = format!("{area}.read");
        let fits = held
            .iter()
            .any(|scope| *scope == writes || (!write && *scope == reads));
        (!fits).then_some(if write { writes } else { reads })
    }
}

/// What an operation is about, as scopes name it, and whether it changes something. Recorded are the forms
/// `gateway.<resource>` and `projects`.
fn needed(method: &str, path: &str) -> (String, bool) {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let resource = match segments.next().unwrap_or_default() {
        "bulk" => segments.next().unwrap_or_default(),
        resource => resource,
    };
    let area = match resource {
        "projects" | "organizations" => resource.to_owned(),
        // They are shown and retried with their requests.
        "ignored-events" => "gateway.requests".to_owned(),
        resource => format!("gateway.{}", resource.replace('-', "_")),
    };
    (area, method != "GET")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::Contract;

    fn missing(scopes: &Scopes, method: &str, path: &str) -> Option<String> {
        let route = Contract::get().route(method, path).unwrap();
        scopes.missing(route.operation)
    }

    #[test]
    fn each_operation_needs_the_scope_of_what_it_is_about() {
        let none = Scopes::of(&json!(["gateway.nothing.read"]), &Value::Null, "tm_1");
        for (method, path, scope) in [
            ("GET", "/sources", "gateway.sources.read"),
            ("POST", "/sources", "gateway.sources.write"),
            ("PUT", "/sources/src_1/disable", "gateway.sources.write"),
            ("DELETE", "/connections/web_1", "gateway.connections.write"),
            ("GET", "/requests/req_1/events", "gateway.requests.read"),
            ("GET", "/bulk/events/retry/plan", "gateway.events.read"),
            (
                "POST",
                "/bulk/ignored-events/retry",
                "gateway.requests.write",
            ),
            ("GET", "/issue-triggers", "gateway.issue_triggers.read"),
            ("GET", "/metrics/events", "gateway.metrics.read"),
            ("GET", "/projects", "projects.read"),
            ("POST", "/projects/tm_1/custom_domains", "projects.write"),
            (
                "GET",
                "/organizations/current/api-keys",
                "organizations.read",
            ),
        ] {
            assert_eq!(
                missing(&none, method, path).as_deref(),
                Some(scope),
                "{method} {path}"
            );
            let one = Scopes::of(&json!([scope]), &Value::Null, "tm_1");
            assert_eq!(missing(&one, method, path), None, "{method} {path}");
            let write = Scopes::of(
                &json!([scope.replace("read", "write")]),
                &Value::Null,
                "tm_1",
            );
            assert_eq!(missing(&write, method, path), None, "write includes read");
        }
    }

    #[test]
    fn a_key_without_scopes_may_do_everything_and_grants_hold_in_their_project() {
        for scopes in [json!([]), Value::Null] {
            let all = Scopes::of(&scopes, &json!({}), "tm_1");
            assert_eq!(missing(&all, "POST", "/sources"), None);
        }
        let grants = json!({ "tm_1": { "scopes": ["gateway.sources.read"] } });
        let here = Scopes::of(&json!([]), &grants, "tm_1");
        assert_eq!(missing(&here, "GET", "/sources"), None);
        assert!(missing(&here, "POST", "/sources").is_some());
        let elsewhere = Scopes::of(&json!([]), &grants, "tm_2");
        assert!(missing(&elsewhere, "GET", "/sources").is_some());
    }
}
