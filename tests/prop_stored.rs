//! Properties of stored deliveries, over random worlds and policies.

use proptest::prelude::*;
use smtp_dane::DaneMode;
use smtp_dane::delivery::Delivery;
use smtp_dane::resolve::{NextHop, SMTP_PORT};

use crate::prop_delivery::settings;
use crate::stored::again;
use crate::stored_delivery::{account, deliver};
use crate::support::name;
use crate::support::published::any::{policy, published};
use crate::support::sites::domain;

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
    fn a_damaged_text_is_read_or_refused_and_what_is_read_holds_together(
        published in published(),
        policy in policy(),
        at in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        octet in any::<u8>(),
    ) {
        let (world, policy) = (published.world(), published.policy(policy));
        let mut texts = Vec::new();
        deliver(&world, domain(), &policy, |_, delivery| {
            texts.push(serde_json::to_vec(delivery).unwrap());
            false
        });
        let text = at.get_mut(&mut texts);
        let place = place.index(text.len());
        text[place] = octet;
        if let Ok(read) = serde_json::from_slice::<Delivery>(text) {
            again(&read);
        }
        prop_assert!(serde_json::from_slice::<Delivery>(&text[..place]).is_err());
    }
}
