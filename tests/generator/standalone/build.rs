//! Puts the text under test where `include!` looks for it.

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=generated");
    let out = std::env::var_os("OUT_DIR")
        .map(std::path::PathBuf::from)
        .unwrap_or_default();
    for entry in std::fs::read_dir("generated")? {
        let entry = entry?;
        std::fs::copy(entry.path(), out.join(entry.file_name()))?;
    }
    Ok(())
}
