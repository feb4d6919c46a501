//! Every property of every model. Print the figures with `-- --nocapture`.

use std::collections::BTreeSet;
use std::path::Path;

use smtp_dane_models::mutant::Mutant;
use smtp_dane_models::{Size, run};

#[test]
fn every_model_holds_in_its_small_worlds() {
    assert!(run(Size::Small, &[]));
}

#[test]
#[ignore = "wants a release build: `.ci/run models`"]
fn every_model_holds_in_all_of_its_worlds() {
    assert!(run(Size::Full, &[]));
}

#[test]
fn every_fault_of_the_list_can_be_put_into_the_library_as_it_is() -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mutants = Mutant::read_all(include_str!("../mutants/list.txt"))?;
    for mutant in &mutants {
        let text = std::fs::read_to_string(root.join(&mutant.file));
        let text = text.map_err(|error| format!("{}: {error}", mutant.file))?;
        assert_ne!(mutant.apply(&text)?, text, "{}", mutant.name);
    }
    let names: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.name.as_str()).collect();
    assert!(!mutants.is_empty());
    assert_eq!(names.len(), mutants.len(), "a name stands twice");
    Ok(())
}
