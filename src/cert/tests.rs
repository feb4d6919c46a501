//! What the path search refuses as well, so that no verdict shows it: it must hold here by itself.

use alloc::vec;
use alloc::vec::Vec;

use super::*;

const ALTERNATIVE_NAMES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// An element with a short content.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    assert!(length < 0x80, "a short one");
    [&[tag, length], content].concat()
}

/// A list of one extension, the alternative names, whose value has this tag.
fn list(tag: u8) -> Vec<u8> {
    let identifier = element(tag::OBJECT_IDENTIFIER, ALTERNATIVE_NAMES.as_bytes());
    let extension = [identifier, element(tag, &[0x30, 0])].concat();
    element(tag::SEQUENCE, &element(tag::SEQUENCE, &extension))
}

/// What a certificate with these fields behind its key holds as the alternative names.
fn alternative_names(behind_key: &[u8]) -> Result<Option<Vec<u8>>, CertificateError> {
    let empty = element(tag::SEQUENCE, &[]);
    let key = element(
        tag::SEQUENCE,
        &[&empty[..], &[tag::BIT_STRING, 1, 0]].concat(),
    );
    let front = [&[0x02, 1, 1], &empty.repeat(4)[..]].concat();
    let fields = [&front[..], &key, behind_key].concat();
    let der = element(tag::SEQUENCE, &element(tag::SEQUENCE, &fields));
    let certificate = RawCertificate::parse(&der)?;
    let found = certificate.extension(ALTERNATIVE_NAMES)?;
    Ok(found.map(<[u8]>::to_vec))
}

#[test]
fn the_value_of_an_extension_is_an_octet_string() {
    for tag in 0..=0xff_u8 {
        if tag & 0x1f == 0x1f || tag == tag::BOOLEAN {
            continue;
        }
        let expected = if tag == tag::OCTET_STRING {
            Ok(Some(vec![0x30, 0]))
        } else {
            Err(CertificateError::Structure)
        };
        let found = alternative_names(&element(tag::context(3), &list(tag)));
        assert_eq!(found, expected, "{tag:#x}");
    }
}

#[test]
fn extensions_stand_in_the_field_with_the_number_3_alone() {
    let sound = element(tag::context(3), &list(tag::OCTET_STRING));
    for tag in 0..=0xff_u8 {
        if tag & 0x1f == 0x1f || tag == tag::context(3) {
            continue;
        }
        let other = element(tag, &list(tag::OCTET_STRING));
        assert_eq!(alternative_names(&other), Ok(None), "{tag:#x}");
        // Nor does it hide the field behind it: a certificate may have unique identifiers, [1] and [2], in front.
        let both = [element(tag, &list(tag::BIT_STRING)), sound.clone()].concat();
        assert_eq!(
            alternative_names(&both),
            Ok(Some(vec![0x30, 0])),
            "{tag:#x}"
        );
    }
}
