//! Prints the public items of a crate, one a line, from rustdoc's JSON; `tests/api/run` makes that JSON and compares.

use std::error::Error;
use std::io::{self, Write};

fn main() -> Result<(), Box<dyn Error>> {
    let json = std::env::args_os()
        .nth(1)
        .ok_or("usage: smtp-dane-api CRATE.json")?;
    let api = public_api::Builder::from_rustdoc_json(json)
        // The first follow from the standard library alone; tests/plain_values.rs holds the others.
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()?;
    let mut output = io::stdout().lock();
    for item in api.items() {
        let item = item.to_string();
        if !is_implied(&item) {
            writeln!(output, "{item}")?;
        }
    }
    Ok(())
}

/// Whether the item only repeats what the line of its derived trait says.
fn is_implied(item: &str) -> bool {
    let methods = ["clone(", "eq(", "cmp(", "partial_cmp(", "fmt(", "hash<__H"];
    let is_method = item.starts_with("pub ")
        && methods
            .iter()
            .any(|name| item.contains(&format!("::{name}")));
    is_method || item.contains("StructuralPartialEq")
}
