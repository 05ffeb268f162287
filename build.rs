//! Builds again when a file is added to `knowledge/` or removed: `include_dir` by itself sees only changed ones.

fn main() {
    println!("cargo::rerun-if-changed=knowledge");
}
