//! Generates models, filters, request bodies and the operation table from the OpenAPI document
//! and what is known to be live beyond it.

#![warn(clippy::expect_used, clippy::unwrap_used)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

#[path = "build/mod.rs"]
mod generator;

/// Names another document to generate from, such as one the vendor published a minute ago.
const OTHER_DOCUMENT: &str = "HOOKDECK_OPENAPI";

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=openapi");
    println!("cargo::rerun-if-env-changed={OTHER_DOCUMENT}");
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let directory = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .ok_or(format!("{name} is not set"))
    };
    let root = directory("CARGO_MANIFEST_DIR")?;
    let out = directory("OUT_DIR")?;
    let read = |path: &PathBuf| {
        fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let other = env::var_os(OTHER_DOCUMENT)
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    let checks = generator::Checks {
        targets: other.is_none(),
        needs: true,
    };
    if let Some(other) = &other {
        println!("cargo::rerun-if-changed={}", other.display());
    }
    let document = other.unwrap_or_else(|| root.join("openapi/2026-09-01.json"));
    let folder = root.join("openapi");
    let ours = |name: &str| read(&folder.join(name));
    let told = |failure: generator::Failure| {
        failure.within(document.display(), format!("{}/", folder.display()))
    };
    let additions = ours("additions.json")?;
    let merged = generator::merge(&read(&document)?, &additions, checks.targets).map_err(told)?;
    let mut files =
        generator::generate(&merged, &ours("refinements.json")?, checks).map_err(told)?;
    files.insert("document.json", merged);
    for (name, text) in files {
        let path = out.join(name);
        fs::write(&path, text)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}
