//! Taking back what was created.

use http::Method;
use serde_json::Value;

use super::ask::{Asker, NotAsked};

/// Where resources are deleted, by the beginning of their ids, in an order in which nothing is in use any more.
const KINDS: [(&str, &str); 6] = [
    ("bmk_", "/bookmarks"),
    ("web_", "/connections"),
    ("src_", "/sources"),
    ("des_", "/destinations"),
    ("trs_", "/transformations"),
    ("it_", "/issue-triggers"),
];

/// The collections whose `POST` and `PUT` create.
const CREATING: [&str; 6] = [
    "/bookmarks",
    "/connections",
    "/destinations",
    "/issue-triggers",
    "/sources",
    "/transformations",
];

impl Asker {
    /// Notes the ids in the answer to a call that creates.
    pub(super) fn note_created(&mut self, path: &str, body: &Value) {
        if CREATING.contains(&path) {
            collect(body, &mut self.created);
        }
    }

    /// Deletes what was created, and answers what is still there.
    pub(super) async fn clean_up(&self) -> Vec<String> {
        let mut left = Vec::new();
        for (prefix, path) in KINDS {
            for id in self.created.iter().filter(|id| id.starts_with(prefix)) {
                let url = format!("{}/2026-09-01{path}/{id}", self.upstream);
                let answer = self
                    .send(&Method::DELETE, &url, self.with_key(), String::new())
                    .await;
                match answer {
                    // One that is gone already was deleted by its own probe.
                    Ok(answer)
                        if [200, 404, 410]
                            .iter()
                            .any(|status| answer["status"] == *status) => {}
                    Ok(answer) => left.push(format!("{id}: answered {}", answer["status"])),
                    Err(NotAsked(why)) => left.push(format!("{id}: {why}")),
                }
            }
        }
        left
    }
}

/// Every id of a kind that can be deleted.
fn collect(value: &Value, ids: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, ids)),
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(id)
                        if matches!(name.as_str(), "id" | "transformation_id")
                            && KINDS.iter().any(|(prefix, _)| id.starts_with(prefix))
                            && !ids.contains(id) =>
                    {
                        ids.push(id.clone());
                    }
                    value => collect(value, ids),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_connection_brought_along_is_found() {
        let mut ids = Vec::new();
        let connection = json!({"id": "web_1", "team_id": "tm_1", "source": {"id": "src_1"},
            "destination": {"id": "des_1"}, "rules": [{"type": "transform", "transformation_id": "trs_1"}]});
        collect(&connection, &mut ids);
        collect(&connection, &mut ids);
        ids.sort();
        assert_eq!(ids, ["des_1", "src_1", "trs_1", "web_1"]);
    }
}
