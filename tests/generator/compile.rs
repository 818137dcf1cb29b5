//! What is generated compiles by itself: for our document, for small ones with everything odd in
//! them, and for every document of the folder `HOOKDECK_DOCUMENTS` names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::generator::{Checks, Files};
use crate::small::*;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const REFINEMENTS: &str = include_str!("../../openapi/refinements.json");

/// Everything a standalone crate needs, under a name of its own so that none is taken for another; the versions come from our lock file.
const MANIFEST: &str = r#"
[package]
name = "NAME"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
percent-encoding = "2"
serde = { version = "1", features = ["derive"] }
serde_json = { version = "1", features = ["raw_value"] }
"#;

/// Compiles generated files as a crate of their own. All crates share one target directory, so only
/// the first pays for serde.
fn compile(name: &str, files: &Files) {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("standalone");
    let project = home.join(name);
    let standalone = Path::new(ROOT).join("tests/generator/standalone");
    let put = |path: PathBuf, text: &str| {
        fs::create_dir_all(path.parent().expect("has a parent")).expect("creates a directory");
        fs::write(path, text).expect("writes a file");
    };
    let read = |path: PathBuf| fs::read_to_string(path).expect("reads a file");

    let sources = Path::new(ROOT)
        .join("src")
        .display()
        .to_string()
        .replace('\\', "/");
    put(project.join("Cargo.toml"), &MANIFEST.replace("NAME", name));
    put(
        project.join("Cargo.lock"),
        &read(Path::new(ROOT).join("Cargo.lock")),
    );
    put(project.join("build.rs"), &read(standalone.join("build.rs")));
    for stub in ["call.rs", "paging.rs"] {
        put(project.join("src").join(stub), &read(standalone.join(stub)));
    }
    put(
        project.join("src/lib.rs"),
        &read(standalone.join("lib.rs")).replace("ROOT", &sources),
    );
    for (file, text) in files {
        put(project.join("generated").join(file), text);
    }

    let output = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--quiet"])
        .current_dir(&project)
        .env("CARGO_TARGET_DIR", home.join("target"))
        .env_remove("HOOKDECK_OPENAPI")
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{name}: what was generated does not compile\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn compile_document(name: &str, document: &str, checks: Checks) {
    match attempt(document, REFINEMENTS, checks) {
        Ok(files) => compile(name, &files),
        Err(failure) => panic!("{name}{failure}"),
    }
}

#[test]
fn our_document_compiles_alone() {
    compile_document("own", &own_document(), OWN);
}

#[test]
fn other_documents_compile_alone() {
    let Some(folder) = std::env::var_os("HOOKDECK_DOCUMENTS") else {
        eprintln!(
            "HOOKDECK_DOCUMENTS is not set: only our own document and small ones are compiled"
        );
        return;
    };
    let mut found = 0;
    for entry in fs::read_dir(&folder).expect("HOOKDECK_DOCUMENTS is a folder") {
        let path = entry.expect("is readable").path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let name = path
                .file_stem()
                .expect("has a name")
                .to_string_lossy()
                .replace('.', "_");
            let text = fs::read_to_string(&path).expect("is readable");
            compile_document(&format!("document-{name}"), &text, ALONE);
            found += 1;
        }
    }
    assert!(found > 0, "no *.json in {}", folder.display());
}

/// Everything odd at once: keywords, clashes, recursion, every shape, in replies and in bodies.
#[test]
fn a_document_of_oddities_compiles_alone() {
    let text = json!({"type": "string"});
    let nullable = json!({"type": "string", "nullable": true});
    let list = |item: &serde_json::Value| json!({"type": "array", "items": item});
    let odd = object(
        json!({
            "type": text, "use": text, "crate": nullable, "3d": {"type": "integer"}, "a-b": {"type": "number"}, "a_b": {"type": "boolean"},
            "self": members(&["self", "SELF", "", "1-5", "a b", "a-b", "type"]),
            "parent": reference("Odd"), "children": list(&reference("Odd")), "byName": {"additionalProperties": reference("Odd")},
            "one_or_more": {"anyOf": [reference("Odd"), list(&reference("Odd"))]},
            "meta": {"anyOf": [list(&text), object(json!({"why": text}), &["why"])]},
            "rule": {"oneOf": [
                object(json!({"type": members(&["a"]), "x": text}), &["type", "x"]),
                object(json!({"type": members(&["b"])}), &["type"]),
            ], "nullable": true},
            "merged": {"oneOf": [object(json!({"x": text}), &["x"]), object(json!({"x": {"type": "integer"}, "y": nullable}), &[]), {"nullable": true}]},
            "nothing": {"type": "object", "properties": {}}, "nulls": list(&nullable), "must": nullable,
            "List": object(json!({"Option": object(json!({"vec": list(&text)}), &[])}), &[]),
        }),
        &["type", "crate", "must", "self"],
    );
    let compare = json!({"anyOf": [{"type": "integer"}, reference("Operators"), list(&json!({"type": "integer"}))]});
    let parameter = |name: &str, schema: &serde_json::Value| json!({"in": "query", "name": name, "schema": schema});
    let nested = object(
        json!({"attempts": compare, "type": text, "in": {"type": "boolean"}}),
        &[],
    );
    let mut schemas = page_schemas();
    schemas["Odd"] = odd;
    schemas["Empty"] = object(json!({}), &[]);
    let document = document(
        json!({
            "/things": {
                "get": {
                    "operationId": "getThings", "description": "Lists <things> [all].",
                    "parameters": [
                        parameter("match", &compare), parameter("order_by", &members(&["x", "X"])), parameter("items", &text), parameter("filter", &text), parameter("nested", &nested),
                        parameter("type", &list(&members(&["k"]))), parameter("limit", &json!({"type": "integer"})),
                    ],
                    "responses": answer("ThingPage"),
                },
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": object(json!({
                        "odd": reference("Odd"), "query": nested, "flag": {"type": "boolean"}, "timeout": {"type": "integer"}, "limit": {"type": "integer", "nullable": true},
                        "env": {"additionalProperties": text}, "tags": {"type": "array", "items": text, "nullable": true},
                    }), &["odd", "env"])}}},
                    "responses": answer("Odd"),
                },
                "put": {
                    "operationId": "putOdd",
                    "requestBody": {"content": {"application/json": {"schema": reference("Odd")}}},
                    "responses": answer("Empty"),
                },
                "delete": {"operationId": "deleteThings", "responses": {"204": {"description": "Gone."}}},
            },
        }),
        schemas,
    );
    compile("oddities", &generated(&document));
}
