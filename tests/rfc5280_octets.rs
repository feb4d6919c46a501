//! RFC 5280 §4 octet by octet: what has another tag, another identifier or another number than it should, in certificates that are
//! signed all the same.

use rcgen::{CertificateParams, IsCa};
use smtp_dane::cert::CertificateError;
use smtp_dane::{CnId, Name, Policy, VerifyError};

use crate::support::dane::record;
use crate::support::der::{SEQUENCE, sequence, tlv};
use crate::support::name;
use crate::support::pki::{Authority, HOST, algorithms, ders, extension, judge, wanted_as};
use crate::support::world::NOW;

const STRUCTURE: VerifyError = VerifyError::Certificate(CertificateError::Structure);

const SET: u8 = 0x31;
const UTF8_STRING: u8 = 0x0c;
const VISIBLE_STRING: u8 = 0x1a;

/// The place of the subject among the fields of a certificate of version 3.
const SUBJECT: usize = 5;

/// What a server below `root` proves of its name, if the common name may stand in for a DNS-ID.
fn proved(root: &Authority, server: &[u8]) -> Result<Name, VerifyError> {
    let mut policy = Policy::default();
    policy.cn_id = CnId::Fallback;
    let wanted = wanted_as(&[name(HOST)], &[record(2, 0, 1, &root.der)], &policy);
    let proof = wanted.verify(&ders(&[server, &root.der]), NOW, algorithms())?;
    Ok(proof.name().unwrap().clone())
}

/// What becomes of a server without alternative names, whose common name is written in this way: the tag of the set around it, and
/// that of the string.
fn common_name(set: u8, string: u8) -> Result<Name, VerifyError> {
    let root = Authority::root();
    let server = root.server_with(|params| params.subject_alt_names.clear());
    let server = root.sign_changed(&server, |fields| {
        let identifier = tlv(6, &[0x55, 4, 3]);
        let attribute = sequence(&[identifier, tlv(string, HOST.as_bytes())]);
        fields[SUBJECT] = sequence(&[tlv(set, &attribute)]);
    });
    proved(&root, &server)
}

#[test]
fn section_4_1_2_4_the_attributes_of_a_name_stand_in_sets() {
    assert_eq!(common_name(SET, UTF8_STRING), Ok(name(HOST)));
    for tag in [SEQUENCE, 0x11, 0xa0, 0xb1, 0x04] {
        assert_eq!(common_name(tag, UTF8_STRING), Err(STRUCTURE), "{tag:#x}");
    }
}

#[test]
fn section_4_1_2_4_a_common_name_is_a_string_of_a_kind_that_names_have() {
    // The kinds of X.520. A VisibleString holds the same letters, and is none of them.
    for (tag, counts) in [
        (UTF8_STRING, true),
        (0x13, true),
        (0x14, true),
        (0x16, true),
        (VISIBLE_STRING, false),
        (0x04, false),
        (0x12, false),
        (0x1b, false),
        (0x2c, false),
        (0x8c, false),
    ] {
        let expected = counts.then(|| name(HOST)).ok_or(VerifyError::NameMismatch);
        assert_eq!(common_name(SET, tag), expected, "{tag:#x}");
    }
}

#[test]
fn section_4_2_an_identifier_that_begins_like_another_one_is_not_that_one() {
    let root = Authority::root();
    let names = tlv(SEQUENCE, &tlv(0x82, HOST.as_bytes()));
    let server = |identifier: &[u64]| {
        root.server_with(|params| {
            params.subject_alt_names.clear();
            params.custom_extensions = vec![extension(identifier, &names, false)];
        })
    };
    assert_eq!(proved(&root, &server(&[2, 5, 29, 17])), Ok(name(HOST)));
    for other in [
        &[2, 5, 29, 17, 1][..],
        &[2, 5, 29, 17, 0, 0],
        &[2, 5, 29],
        &[2, 5],
        &[2, 5, 29, 18],
        &[2, 5, 30, 17],
    ] {
        let result = proved(&root, &server(other));
        assert_eq!(result, Err(VerifyError::NameMismatch), "{other:?}");
    }
}

#[test]
fn section_4_2_a_critical_extension_that_begins_like_a_known_one_spoils_an_anchor() {
    for other in [[2, 5, 29, 17, 1], [2, 5, 29, 32, 0]] {
        let root = Authority::root_with("Root", |params| {
            params.custom_extensions = vec![extension(&other, &[0x30, 0], true)];
        });
        let result = judge(&[record(2, 0, 1, &root.der)], &[&root.server(), &root.der]);
        assert_eq!(result, Err(VerifyError::CriticalExtension), "{other:?}");
    }
}

/// What becomes of a server two steps below a root with this path length, octet by octet with its tag.
fn two_below(path_length: &[u8]) -> Result<(u8, usize), VerifyError> {
    let value = sequence(&[vec![1, 1, 0xff], path_length.to_vec()]);
    let root = Authority::root_with("Root", |params: &mut CertificateParams| {
        params.is_ca = IsCa::NoCa;
        params.custom_extensions = vec![extension(&[2, 5, 29, 19], &value, true)];
    });
    let issuer = root.below("Issuer");
    let server = issuer.server();
    let chain = [&server, &issuer.der, &root.der].map(Vec::as_slice);
    judge(&[record(2, 0, 1, &root.der)], &chain)
}

#[test]
fn section_4_2_1_9_the_path_length_of_an_anchor_is_an_integer_that_is_not_negative() {
    assert_eq!(two_below(&[2, 1, 5]), Ok((2, 2)));
    assert_eq!(two_below(&[2, 1, 0]), Err(VerifyError::PathLength));
    for other in [
        // Other tags.
        &[4, 1, 5][..],
        &[3, 1, 5],
        &[0x0a, 1, 5],
        &[0x22, 1, 5],
        &[0x80, 1, 5],
        // Negative numbers.
        &[2, 1, 0xff],
        &[2, 1, 0x80],
        &[2, 2, 0xff, 0x7f],
        &[2, 9, 0xff, 0, 0, 0, 0, 0, 0, 0, 0],
        // No number, and one that is longer than it need be.
        &[2, 0],
        &[2, 2, 0, 5],
    ] {
        assert_eq!(two_below(other), Err(STRUCTURE), "{other:02x?}");
    }
}

#[test]
fn section_4_2_1_9_a_path_length_beyond_what_can_be_counted_is_no_limit() {
    for digits in [
        [&[1][..], &[0; 8]].concat(),
        [&[1][..], &[0; 16]].concat(),
        vec![0x7f; 20],
        [&[0][..], &[0xff; 8]].concat(),
        [&[1][..], &[0; 126]].concat(),
    ] {
        let length = tlv(2, &digits);
        assert_eq!(two_below(&length), Ok((2, 2)), "{length:02x?}");
    }
}
