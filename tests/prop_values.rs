//! Properties of names and of TLSA records as values.

use std::cmp::Ordering;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use proptest::collection::vec;
use proptest::prelude::*;
use smtp_dane::tlsa::{Record, Role, Unusable};
use smtp_dane::{Digests, Name};

use crate::support::arbitrary::{name, wire};
use crate::support::message::hex;

fn hash(name: &Name) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// Reads what a record is shown as.
fn read_record(text: &str) -> Record {
    let fields: Vec<&str> = text.split(' ').collect();
    if fields[0] == r"\#" {
        let rdata = hex(&fields[2..].concat());
        assert_eq!(fields[1], rdata.len().to_string());
        return Record::from_rdata(&rdata);
    }
    let numbers = fields[..3].iter().map(|field| field.parse::<u8>().unwrap());
    assert!(fields.len() <= 4);
    let rdata: Vec<u8> = numbers.chain(hex(&fields[3..].concat())).collect();
    Record::from_rdata(&rdata)
}

fn tlsa_rdata() -> impl Strategy<Value = Vec<u8>> {
    let field = || prop_oneof![4 => 0..4_u8, 1 => any::<u8>()];
    let data = prop_oneof![
        vec(any::<u8>(), 32),
        vec(any::<u8>(), 64),
        vec(any::<u8>(), 0..100)
    ];
    let whole = (field(), field(), field(), data);
    prop_oneof![
        1 => vec(any::<u8>(), 0..4),
        4 => whole.prop_map(|(usage, selector, matching, data)| {
            [vec![usage, selector, matching], data].concat()
        }),
    ]
}

proptest! {
    #[test]
    fn a_name_is_the_same_after_its_text_and_after_its_wire_form(name in name()) {
        let text = name.to_string();
        prop_assert!(text.bytes().all(|octet| (0x21..=0x7e).contains(&octet)));
        prop_assert_eq!(text.parse::<Name>(), Ok(name.clone()));
        let dotted = if name.is_root() { text } else { text + "." };
        prop_assert_eq!(dotted.parse::<Name>(), Ok(name.clone()));
        prop_assert_eq!(Name::from_wire(name.as_wire()), Ok(name));
    }

    #[test]
    fn a_name_has_the_labels_of_its_wire_form_in_lower_case(wire in wire()) {
        let name = Name::from_wire(&wire).unwrap();
        prop_assert_eq!(name.as_wire(), wire.to_ascii_lowercase());
        let mut again = Vec::new();
        for label in name.labels() {
            again.push(u8::try_from(label.len()).unwrap());
            again.extend(label);
        }
        again.push(0);
        prop_assert_eq!(again, name.as_wire());
    }

    #[test]
    fn case_makes_no_difference(wire in wire()) {
        let name = Name::from_wire(&wire).unwrap();
        // Lengths are at most 63 and so no letters.
        for other in [wire.to_ascii_uppercase(), wire.to_ascii_lowercase()] {
            let other = Name::from_wire(&other).unwrap();
            prop_assert_eq!(&other, &name);
            prop_assert_eq!(hash(&other), hash(&name));
            prop_assert_eq!(other.cmp(&name), Ordering::Equal);
        }
        let upper = name.to_string().to_ascii_uppercase();
        prop_assert_eq!(upper.parse::<Name>(), Ok(name));
    }

    #[test]
    fn the_order_of_names_agrees_with_equality(one in name(), two in name(), three in name()) {
        prop_assert_eq!(one.cmp(&two) == Ordering::Equal, one == two);
        prop_assert_eq!(one.cmp(&two), two.cmp(&one).reverse());
        prop_assert_eq!(one.partial_cmp(&two), Some(one.cmp(&two)));
        let mut sorted = [&one, &two, &three];
        sorted.sort();
        prop_assert!(sorted[0] <= sorted[1] && sorted[1] <= sorted[2] && sorted[0] <= sorted[2]);
    }

    #[test]
    fn arbitrary_octets_are_a_name_or_are_refused(octets in vec(any::<u8>(), 0..300)) {
        if let Ok(name) = Name::from_wire(&octets) {
            prop_assert_eq!(name.as_wire(), octets.to_ascii_lowercase());
        }
    }

    #[test]
    fn arbitrary_text_is_a_name_or_is_refused(text in r"[a-cA-C._\\0-9 \-é]{0,40}") {
        if let Ok(name) = text.parse::<Name>() {
            prop_assert!(name.as_wire().len() <= 255);
            prop_assert_eq!(name.to_string().parse::<Name>(), Ok(name));
        }
    }

    #[test]
    fn a_tlsa_name_is_port_and_transport_before_the_name(
        name in name(), port in 1..=u16::MAX
    ) {
        let wire_length = name.as_wire().len() + 7 + port.to_string().len();
        match name.tlsa_owner(port.try_into().unwrap()) {
            Ok(owner) => {
                let base = if name.is_root() { String::new() } else { format!(".{name}") };
                prop_assert_eq!(owner.to_string(), format!("_{port}._tcp{base}"));
                prop_assert_eq!(owner.as_wire().len(), wire_length);
            }
            Err(_) => prop_assert!(wire_length > 255),
        }
    }

    #[test]
    fn a_tlsa_record_keeps_its_octets_and_its_text_reads_back(rdata in tlsa_rdata()) {
        let record = Record::from_rdata(&rdata);
        prop_assert_eq!(record.as_rdata(), &rdata[..]);
        prop_assert_eq!(read_record(&record.to_string()), record.clone());
        if let Some((usage, selector, matching, data)) = record.fields() {
            prop_assert_eq!(Record::new(usage, selector, matching, data), record);
        }
    }

    #[test]
    fn only_a_record_with_known_fields_and_sound_data_is_usable(rdata in tlsa_rdata()) {
        let record = Record::from_rdata(&rdata);
        for digests in [
            Digests::Sha512OverSha256,
            Digests::Sha256OverSha512,
            Digests::Sha256,
            Digests::Sha512,
        ] {
            let usability = record.usability(Role::Relay, digests);
            prop_assert_eq!(rdata.len() < 3, usability == Err(Unusable::TooShort));
            if usability.is_ok() {
                prop_assert!(matches!(rdata[0], 2 | 3) && rdata[1] < 2 && rdata[2] < 3);
                let length = [0, 32, 64][usize::from(rdata[2])];
                prop_assert!(length == 0 || rdata.len() == 3 + length);
                prop_assert!(rdata[2] != 1 || digests != Digests::Sha512);
                prop_assert!(rdata[2] != 2 || digests != Digests::Sha256);
            }
        }
    }
}
