//! The elements of DER (X.690 §8.1, §10.1): a tag, a length and a content, found without a copy.
//!
//! A verdict on a certificate reads some thirty of them and one digest, and readers of the `der` crate, which decode what they find,
//! take longer than the digest. Values of one kind (numbers, dates, bits) are decoded by that crate all the same.
//!
//! Tags are looked at where something depends on them. At other places, as that of the serial number, any tag of one octet will do:
//! usage 3 matches certificates as they are (RFC 7672 §3.1.1), and what a TLS stack makes of them is its own affair.

use super::CertificateError;

/// The tags that certificates have at the places that are read here.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const TELETEX_STRING: u8 = 0x14;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;

    /// A constructed field with a number of its own, an explicit one or another.
    pub(crate) const fn context(number: u8) -> u8 {
        0xa0 | number
    }

    /// A primitive field with a number of its own.
    pub(crate) const fn primitive_context(number: u8) -> u8 {
        0x80 | number
    }
}

/// One element.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    /// Tag and length included.
    pub(crate) whole: &'a [u8],
    pub(crate) content: &'a [u8],
}

/// Elements that stand one behind the other.
#[derive(Clone, Copy)]
pub(crate) struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    pub(crate) const fn of(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// What is not read yet.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(crate) const fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the next element. Tags of more than one octet stand nowhere in a certificate, and the length must be written as short as
    /// it can be.
    pub(crate) fn next(&mut self) -> Result<Element<'a>, CertificateError> {
        let (tag, header, length) = header(self.0).ok_or(CertificateError::Structure)?;
        let element = header.checked_add(length);
        let element = element.and_then(|end| self.0.split_at_checked(end));
        let (whole, rest) = element.ok_or(CertificateError::Structure)?;
        self.0 = rest;
        let content = whole.get(header..).unwrap_or_default();
        Ok(Element {
            tag,
            whole,
            content,
        })
    }

    /// Reads the next element, which must have this tag.
    pub(crate) fn next_of(&mut self, tag: u8) -> Result<Element<'a>, CertificateError> {
        let element = self.next()?;
        (element.tag == tag)
            .then_some(element)
            .ok_or(CertificateError::Structure)
    }

    /// Reads the next element if it has this tag.
    pub(crate) fn next_if(&mut self, tag: u8) -> Result<Option<Element<'a>>, CertificateError> {
        if self.0.first() == Some(&tag) {
            self.next().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Reads an object identifier (X.690 §8.19), whole and written as short as it can be, so that each has one form.
    pub(crate) fn identifier(&mut self) -> Result<&'a [u8], CertificateError> {
        let octets = self.next_of(tag::OBJECT_IDENTIFIER)?.content;
        // The high bit of an octet says that its number goes on.
        let mut begins = true;
        for octet in octets {
            if begins && *octet == 0x80 {
                return Err(CertificateError::Structure);
            }
            begins = octet & 0x80 == 0;
        }
        (begins && !octets.is_empty())
            .then_some(octets)
            .ok_or(CertificateError::Structure)
    }

    /// Reads a boolean value that is false where it is left out (X.690 §11.1).
    pub(crate) fn flag(&mut self) -> Result<bool, CertificateError> {
        match self.next_if(tag::BOOLEAN)?.map(|element| element.content) {
            None | Some([0]) => Ok(false),
            Some([0xff]) => Ok(true),
            Some(_) => Err(CertificateError::Structure),
        }
    }

    /// Enters the sequence that comes next.
    pub(crate) fn sequence(&mut self) -> Result<Self, CertificateError> {
        Ok(Self(self.next_of(tag::SEQUENCE)?.content))
    }
}

/// The tag in front, how many octets it has together with the length, and the length.
fn header(octets: &[u8]) -> Option<(u8, usize, usize)> {
    let (&tag, rest) = octets.split_first()?;
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    if first < 0x80 {
        return Some((tag, 2, usize::from(first)));
    }
    let count = usize::from(first & 0x7f);
    // Four octets count further than any message of TLS does. None at all would mean that the end is marked, as BER may have it.
    if !(1..=4).contains(&count) {
        return None;
    }
    let digits = rest.get(..count)?;
    let length = digits
        .iter()
        .fold(0, |length: u64, digit| length << 8 | u64::from(*digit));
    if length < 0x80 || digits.first() == Some(&0) {
        return None;
    }
    Some((tag, 2 + count, usize::try_from(length).ok()?))
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    /// How long the content of one element in front of 300 zeros is, if it is an element.
    fn length_behind(header: &[u8]) -> Option<usize> {
        let octets = [header, &vec![0; 300]].concat();
        let mut elements = Elements::of(&octets);
        let element = elements.next().ok()?;
        assert_eq!(element.whole, [header, element.content].concat());
        assert_eq!(elements.rest().len(), 300 - element.content.len());
        Some(element.content.len())
    }

    #[test]
    fn a_length_is_written_as_short_as_it_can_be() {
        assert_eq!(length_behind(&[0x30, 0]), Some(0));
        assert_eq!(length_behind(&[0x30, 0x7f]), Some(127));
        assert_eq!(length_behind(&[0x30, 0x81, 0x80]), Some(128));
        assert_eq!(length_behind(&[0x30, 0x81, 0xff]), Some(255));
        assert_eq!(length_behind(&[0x30, 0x82, 0x01, 0x00]), Some(256));
        for longer in [
            &[0x30, 0x81, 0x7f][..],
            &[0x30, 0x81, 0],
            &[0x30, 0x82, 0, 0x80],
            &[0x30, 0x83, 0, 1, 0],
            &[0x30, 0x84, 0, 0, 1, 0],
        ] {
            assert_eq!(length_behind(longer), None, "{longer:x?}");
        }
    }

    #[test]
    fn no_end_is_marked_and_no_length_is_beyond_what_there_is() {
        for header in [
            &[0x30, 0x80][..],
            &[0x30, 0x82, 0x01, 0x2d],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x85, 1, 0, 0, 0, 0],
            &[0x30, 0xff],
        ] {
            assert_eq!(length_behind(header), None, "{header:x?}");
        }
        for cut in [&[][..], &[0x30], &[0x30, 1], &[0x30, 0x82, 1]] {
            assert!(Elements::of(cut).next().is_err(), "{cut:x?}");
        }
    }

    #[test]
    fn an_identifier_has_one_form() {
        let identifier = |octets: &[u8]| {
            let element = [&[6, u8::try_from(octets.len()).unwrap_or(0)], octets].concat();
            Elements::of(&element).identifier().is_ok()
        };
        for sound in [
            &[0x55, 0x1d, 0x0f][..],
            &[0x2a, 0x86, 0x48],
            &[0x2a, 0x81, 0x80, 0x00],
        ] {
            assert!(identifier(sound), "{sound:x?}");
        }
        for odd in [
            &[][..],
            &[0x80],
            &[0x55, 0x1d, 0x80, 0x0f],
            &[0x80, 0x55, 0x1d],
            &[0x55, 0x1d, 0x8f],
        ] {
            assert!(!identifier(odd), "{odd:x?}");
        }
        assert!(Elements::of(&[4, 1, 0x55]).identifier().is_err());
    }

    #[test]
    fn tags_have_one_octet() {
        for tag in 0..=255 {
            let is_short = tag & 0x1f != 0x1f;
            assert_eq!(length_behind(&[tag, 1]).is_some(), is_short, "{tag:x}");
        }
    }

    #[test]
    fn elements_come_one_behind_the_other_and_each_with_its_tag() -> Result<(), CertificateError> {
        let mut elements = Elements::of(&[0x30, 3, 1, 1, 0xff, 2, 1, 7]);
        let mut inner = elements.sequence()?;
        assert_eq!((inner.flag(), inner.is_at_end()), (Ok(true), true));
        assert_eq!(inner.flag(), Ok(false), "left out");
        assert!(inner.next().is_err());
        assert!(elements.next_if(tag::SEQUENCE)?.is_none());
        assert!(elements.next_of(tag::SEQUENCE).is_err());
        assert!(elements.is_at_end(), "what was read is gone");
        for odd in [&[1, 1, 1][..], &[1, 0], &[1, 2, 0, 0]] {
            assert!(Elements::of(odd).flag().is_err(), "{odd:x?}");
        }
        let all: Vec<u8> = [&[4, 2, 5, 6][..], &[5, 0]].concat();
        let mut elements = Elements::of(&all);
        assert_eq!(elements.next()?.content, [5, 6]);
        assert_eq!(elements.rest(), [5, 0]);
        Ok(())
    }
}
