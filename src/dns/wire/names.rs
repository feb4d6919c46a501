//! Names in messages: labels and compression pointers (RFC 1035 §4.1.4).

use nom::bytes::complete::take;
use nom::number::complete::be_u8;

use super::Parsed;
use super::malformed::{Malformed, inner};
use crate::name::{MAX_NAME, Name};

/// Most compression pointers in one name. Each that is any use comes before another label, and a name of 255 octets has at
/// most 127.
const MAX_POINTERS: usize = 127;

/// Reads a name that fills its part of the RDATA. Only the pointers in it lead outside.
pub(super) fn whole_name(message: &[u8], rdata: &[u8], offset: usize) -> Result<Name, Malformed> {
    let (rest, name) = wire_name(message, rdata, offset).map_err(inner)?;
    if rest.is_empty() {
        Ok(name.to_name())
    } else {
        Err(Malformed::RdataLength)
    }
}

/// Reads a name from input that runs to the end of the message.
pub(super) fn name_at<'m>(message: &'m [u8]) -> impl Fn(&'m [u8]) -> Parsed<'m, WireName> {
    move |input| wire_name(message, input, message.len() - input.len())
}

/// Reads a name of which the first octet stands at `offset` of the message, and follows its pointers (RFC 1035 §4.1.4).
fn wire_name<'m>(message: &'m [u8], input: &'m [u8], offset: usize) -> Parsed<'m, WireName> {
    let mut name = WireName {
        octets: [0; MAX_NAME],
        len: 0,
    };
    let (after, mut end) = labels(input, &mut name)?;
    let mut piece = offset;
    for _ in 0..MAX_POINTERS {
        let End::Pointer(target) = end else {
            return Ok((after, name));
        };
        let target = usize::from(target);
        if target >= piece {
            return Err(nom::Err::Failure(Malformed::ForwardPointer));
        }
        piece = target;
        let pointed = message.get(target..).unwrap_or_default();
        (_, end) = labels(pointed, &mut name)?;
    }
    match end {
        End::Root => Ok((after, name)),
        End::Pointer(_) => Err(nom::Err::Failure(Malformed::TooManyPointers)),
    }
}

/// What a run of labels ends in.
enum End {
    Root,
    Pointer(u16),
}

fn labels<'m>(mut input: &'m [u8], name: &mut WireName) -> Parsed<'m, End> {
    loop {
        let (rest, length) = be_u8(input)?;
        match length {
            0 => {
                name.push(&[0]).map_err(nom::Err::Failure)?;
                return Ok((rest, End::Root));
            }
            1..=63 => {
                let (rest, label) = take(length)(rest)?;
                let labelled = name.push(&[length]).and_then(|()| name.push(label));
                labelled.map_err(nom::Err::Failure)?;
                input = rest;
            }
            // 01 and 10 in the two highest bits are reserved.
            64..=191 => return Err(nom::Err::Failure(Malformed::LabelType)),
            192.. => {
                let (rest, low) = be_u8(rest)?;
                let target = u16::from_be_bytes([length & 0x3f, low]);
                return Ok((rest, End::Pointer(target)));
            }
        }
    }
}

/// A name taken out of a message, still on the stack.
pub(super) struct WireName {
    octets: [u8; MAX_NAME],
    len: usize,
}

impl WireName {
    fn as_wire(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }

    pub(super) fn is(&self, name: &Name) -> bool {
        self.as_wire().eq_ignore_ascii_case(name.as_wire())
    }

    pub(super) fn to_name(&self) -> Name {
        Name::from_valid_wire(self.as_wire())
    }

    pub(super) const fn is_root(&self) -> bool {
        self.len == 1
    }

    fn push(&mut self, octets: &[u8]) -> Result<(), Malformed> {
        let end = self.len + octets.len();
        let room = self.octets.get_mut(self.len..end);
        room.ok_or(Malformed::NameTooLong)?.copy_from_slice(octets);
        self.len = end;
        Ok(())
    }
}
