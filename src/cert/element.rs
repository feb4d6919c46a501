//! The elements of DER (X.690 §8.1, §10.1): a tag, a length and a content, found without a copy.
//!
//! A verdict on a certificate reads some thirty of them and one digest, and readers of the `der` crate, which decode what they find,
//! take longer than the digest. Values of one kind (numbers, dates, bits) are decoded by that crate all the same.

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
    let is_shortest = length >= 0x80 && digits.first() != Some(&0);
    is_shortest.then_some(())?;
    Some((tag, 2 + count, usize::try_from(length).ok()?))
}
