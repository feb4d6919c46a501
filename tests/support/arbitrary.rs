//! Strategies for arbitrary names.

use std::ops::RangeInclusive;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use smtp_dane::MAX_LABEL;
use smtp_dane::Name;

/// Labels of any octets: mostly short, so that names share their ends, sometimes of the greatest length.
pub fn label() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => vec(prop::sample::select(&b"aBc_*-"[..]), 1..3),
        2 => vec(any::<u8>(), 1..12),
        1 => vec(any::<u8>(), MAX_LABEL),
    ]
}

/// The wire form of a name, in the case in which it came.
pub fn wire() -> impl Strategy<Value = Vec<u8>> {
    vec(label(), 0..7).prop_map(|labels| {
        let mut wire = Vec::new();
        for label in labels {
            if wire.len() + label.len() + 2 > 255 {
                break;
            }
            wire.push(u8::try_from(label.len()).unwrap());
            wire.extend(label);
        }
        wire.push(0);
        wire
    })
}

pub fn name() -> impl Strategy<Value = Name> {
    wire().prop_map(|wire| Name::from_wire(&wire).unwrap())
}

/// Different names, in any order.
pub fn names(count: RangeInclusive<usize>) -> impl Strategy<Value = Vec<Name>> {
    btree_set(name(), count)
        .prop_map(|names| names.into_iter().collect::<Vec<_>>())
        .prop_shuffle()
}
