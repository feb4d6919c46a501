//! Properties of stored deliveries, over random worlds and policies.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;
use smtp_dane::delivery::Delivery;
use smtp_dane::resolve::{NextHop, SMTP_PORT};
use smtp_dane::{DaneMode, Policy};

use crate::prop_delivery::settings;
use crate::stored::again;
use crate::stored_delivery::{account, deliver, go_on};
use crate::support::name;
use crate::support::published::any::{policy, published};
use crate::support::sites::domain;
use crate::support::world::{Run, World};

fn dane() -> impl Strategy<Value = DaneMode> {
    let modes = [
        DaneMode::Opportunistic,
        DaneMode::Mandatory,
        DaneMode::AuditOnly,
        DaneMode::Off,
    ];
    prop::sample::select(modes.to_vec())
}

fn next_hop() -> impl Strategy<Value = NextHop> {
    let host = || name("mx0.hosts.example");
    prop_oneof![
        6 => Just(domain()),
        1 => Just(NextHop::relay(host(), SMTP_PORT)),
        1 => Just(NextHop::submission(host(), SMTP_PORT)),
        1 => Just(NextHop::literal([192, 0, 2, 1].into())),
    ]
}

/// Where a delivery is stored: at one step in four, as a sequence decides that `seed` starts, and never for ever.
fn points(mut seed: u64) -> impl FnMut(usize, &Delivery) -> bool {
    move |step, _| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        step < 400 && seed >> 62 == 0
    }
}

proptest! {
    #![proptest_config(settings(256))]

    #[test]
    fn a_delivery_that_is_stored_at_any_points_ends_like_one_that_never_was(
        published in published(),
        policy in policy(),
        dane in dane(),
        next_hop in next_hop(),
        seed in any::<u64>(),
    ) {
        let (world, mut policy) = (published.world(), published.policy(policy));
        policy.dane = dane;
        let plain = deliver(&world, next_hop.clone(), &policy, |_, _| false);
        let run = deliver(&world, next_hop, &policy, points(seed));
        prop_assert_eq!(account(&run), account(&plain));
    }

    #[test]
    fn what_is_written_of_a_delivery_that_was_read_is_what_was_read(
        published in published(),
        policy in policy(),
        dane in dane(),
    ) {
        let (world, mut policy) = (published.world(), published.policy(policy));
        policy.dane = dane;
        deliver(&world, domain(), &policy, |_, delivery| {
            let written = |delivery: &Delivery| {
                let mut value = serde_json::to_value(delivery).unwrap();
                // The numbers of queries go on, and that is all.
                assert!(value.as_object_mut().unwrap().remove("next-id").is_some());
                value
            };
            assert_eq!(written(&again(delivery)), written(delivery));
            false
        });
    }

    #[test]
    fn a_damaged_octet_is_read_or_refused_and_what_is_read_goes_on_to_an_end(
        published in published(),
        policy in policy(),
        at in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        octet in any::<u8>(),
    ) {
        let (world, policy) = (published.world(), published.policy(policy));
        let deliveries = all_stages(&world, &policy);
        let delivery = at.get(&deliveries);
        let mut text = serde_json::to_vec(delivery).unwrap();
        let at_text = place.index(text.len());
        text[at_text] = octet;
        if let Ok(read) = serde_json::from_slice::<Delivery>(&text) {
            goes_on(&world, again(&read));
        }
        prop_assert!(serde_json::from_slice::<Delivery>(&text[..at_text]).is_err());
        let mut octets = postcard::to_stdvec(delivery).unwrap();
        let at_octets = place.index(octets.len());
        octets[at_octets] = octet;
        if let Ok(read) = postcard::from_bytes::<Delivery>(&octets) {
            goes_on(&world, again(&read));
        }
    }

    #[test]
    fn a_part_that_took_the_place_of_another_one_is_refused_or_what_is_read_goes_on_to_an_end(
        published in published(),
        policy in policy(),
        dane in dane(),
        at in any::<prop::sample::Index>(),
        places in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 32),
    ) {
        let (world, mut policy) = (published.world(), published.policy(policy));
        policy.dane = dane;
        let deliveries = all_stages(&world, &policy);
        let stored = serde_json::to_value(at.get(&deliveries)).unwrap();
        let mut parts = Vec::new();
        list_parts(&stored, String::new(), &mut parts);
        for (from, to) in places {
            let mut damaged = stored.clone();
            let part = stored.pointer(from.get::<String>(&parts)).unwrap().clone();
            *damaged.pointer_mut(to.get::<String>(&parts)).unwrap() = part;
            if let Ok(read) = serde_json::from_value::<Delivery>(damaged) {
                goes_on(&world, again(&read));
            }
        }
    }
}

/// The delivery before each of its steps, and when it is over.
fn all_stages(world: &World, policy: &Policy) -> Vec<Delivery> {
    let mut stages = Vec::new();
    deliver(world, domain(), policy, |_, delivery| {
        stages.push(delivery.clone());
        false
    });
    stages
}

/// Takes a delivery to its end.
fn goes_on(world: &World, delivery: Delivery) {
    let mut run = Run {
        delivery,
        ..Run::new(domain(), &Policy::default())
    };
    go_on(world, &mut run, |_, _| false);
}

/// The places of all parts of a value, itself left out.
fn list_parts(value: &Value, place: String, parts: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, part)| (name.clone(), part))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, part)| (at.to_string(), part))
            .collect(),
        _ => Vec::new(),
    };
    for (name, part) in below {
        let place = format!("{place}/{name}");
        parts.push(place.clone());
        list_parts(part, place, parts);
    }
}
