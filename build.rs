//! Build script of the SDK.

fn main() {}
