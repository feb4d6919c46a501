//! Every property of every model. Print the figures with `-- --nocapture`.

use std::collections::BTreeSet;
use std::path::Path;

use smtp_dane_models::mutant::Mutant;
use smtp_dane_models::{PROPERTIES, Size, run};

#[test]
fn every_model_holds_in_its_small_worlds() {
    assert_eq!(run(Size::Small, &[]), Ok(true));
}

#[test]
fn a_model_that_there_is_not_is_refused() {
    let names = ["session", "sesion"].map(str::to_owned);
    assert!(run(Size::Small, &names).is_err());
}

#[test]
fn every_property_has_a_fault_that_it_must_notice() -> Result<(), String> {
    let mutants = Mutant::read_all(include_str!("../mutants/list.txt"))?;
    let noticed: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.property).collect();
    for (key, property) in PROPERTIES {
        assert!(noticed.contains(property), "no fault for {key}");
    }
    Ok(())
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
