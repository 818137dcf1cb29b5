//! Generates models, filters, request bodies and the operation table from the OpenAPI document.

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
    let refinements = root.join("openapi/refinements.json");
    let files = generator::generate(&read(&document)?, &read(&refinements)?, checks)
        .map_err(|failure| failure.within(document.display(), refinements.display()))?;
    for (name, text) in files {
        let path = out.join(name);
        fs::write(&path, text)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}
