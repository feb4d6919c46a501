//! Every property of every model. Print the figures with `-- --nocapture`.

use smtp_dane_models::{Size, run};

#[test]
fn every_model_holds_in_its_small_worlds() {
    assert!(run(Size::Small, &[]));
}

#[test]
#[ignore = "takes minutes in a debug build: `.ci/run models`"]
fn every_model_holds_in_all_of_its_worlds() {
    assert!(run(Size::Full, &[]));
}
