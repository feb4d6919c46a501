//! Names in messages: labels and compression pointers (RFC 1035 §4.1.4).

use super::malformed::Malformed;
use crate::name::{MAX_NAME, Name};

/// Most compression pointers in one name. Each that is any use comes before another label, and a name of 255 octets has at
/// most 127.
const MAX_POINTERS: usize = 127;

/// Most labels and pointers that are read in any message: those of a reply of some hundred records with long names.
const LABELS: usize = 4096;

/// How many more may be read for each octet of the message.
///
/// A name has no more than [`MAX_POINTERS`] of them, but pointers let a message of 64 KiB say its longest name five thousand times.
/// A record takes 10 octets and its owner 2 or more, so names of 20 labels may stand in every place where there can be one; the name
/// of the question is not counted where it is pointed at.
const LABELS_PER_OCTET: usize = 2;

/// Where the name of the question stands: behind the header (RFC 1035 §4.1).
const QUESTION: usize = 12;

/// Reads the names of one message.
pub(super) struct Names<'m> {
    message: &'m [u8],
    /// The name that stands at [`QUESTION`].
    question: Option<&'m Name>,
    /// How many more labels and pointers may be read.
    labels_left: usize,
}

impl<'m> Names<'m> {
    /// `question` is the name that the message repeats, if it does.
    pub(super) const fn new(message: &'m [u8], question: Option<&'m Name>) -> Self {
        Self {
            message,
            question,
            labels_left: LABELS + LABELS_PER_OCTET * message.len(),
        }
    }

    /// Where `rest`, which runs to the end of the message, begins.
    pub(super) const fn offset_of(&self, rest: &[u8]) -> usize {
        self.message.len() - rest.len()
    }

    /// Reads a name that fills its part of the RDATA. Only the pointers in it lead outside.
    pub(super) fn whole(&mut self, rdata: &[u8], offset: usize) -> Result<Name, Malformed> {
        let mut name = WireName::new();
        let rest = self.read(&mut name, rdata, offset)?;
        if rest.is_empty() {
            Ok(name.to_name())
        } else {
            Err(Malformed::RdataLength)
        }
    }

    /// Reads the name at the front of `input`, which stands at `offset` of the message, and follows its pointers. Returns what is
    /// behind it.
    pub(super) fn read<'i>(
        &mut self,
        name: &mut WireName<'m>,
        input: &'i [u8],
        offset: usize,
    ) -> Result<&'i [u8], Malformed> {
        name.question = None;
        name.len = 0;
        let (after, mut end) = self.labels(name, input)?;
        let mut piece = offset;
        for _ in 0..MAX_POINTERS {
            let End::Pointer(target) = end else {
                return Ok(after);
            };
            if target >= piece {
                return Err(Malformed::ForwardPointer);
            }
            if let (QUESTION, Some(question)) = (target, self.question) {
                if name.len == 0 {
                    name.question = Some(question);
                } else {
                    name.push(question.as_wire())?;
                }
                return Ok(after);
            }
            piece = target;
            let pointed = self.message.get(target..).unwrap_or_default();
            (_, end) = self.labels(name, pointed)?;
        }
        match end {
            End::Root => Ok(after),
            End::Pointer(_) => Err(Malformed::TooManyPointers),
        }
    }

    /// Reads a run of labels.
    fn labels<'i>(
        &mut self,
        name: &mut WireName<'m>,
        mut input: &'i [u8],
    ) -> Result<(&'i [u8], End), Malformed> {
        loop {
            let (&length, rest) = input.split_first().ok_or(Malformed::Truncated)?;
            self.labels_left = self
                .labels_left
                .checked_sub(1)
                .ok_or(Malformed::TooManyLabels)?;
            match length {
                0 => {
                    name.push(&[0])?;
                    return Ok((rest, End::Root));
                }
                1..=63 => {
                    let label = input.split_at_checked(1 + usize::from(length));
                    let (label, rest) = label.ok_or(Malformed::Truncated)?;
                    name.push(label)?;
                    input = rest;
                }
                // 01 and 10 in the two highest bits are reserved.
                64..=191 => return Err(Malformed::LabelType),
                192.. => {
                    let (&low, rest) = rest.split_first().ok_or(Malformed::Truncated)?;
                    let target = u16::from_be_bytes([length & 0x3f, low]);
                    return Ok((rest, End::Pointer(usize::from(target))));
                }
            }
        }
    }
}

/// What a run of labels ends in.
enum End {
    Root,
    Pointer(usize),
}

/// A name taken out of a message, still on the stack.
pub(super) struct WireName<'m> {
    /// The name of the question, if this is a pointer to it and nothing else.
    question: Option<&'m Name>,
    octets: [u8; MAX_NAME],
    len: usize,
}

impl WireName<'_> {
    pub(super) const fn new() -> Self {
        Self {
            question: None,
            octets: [0; MAX_NAME],
            len: 0,
        }
    }

    pub(super) fn to_name(&self) -> Name {
        let spelled = || Name::from_valid_wire(self.octets.get(..self.len).unwrap_or_default());
        self.question.cloned().unwrap_or_else(spelled)
    }

    pub(super) fn is_root(&self) -> bool {
        self.question.map_or(self.len == 1, Name::is_root)
    }

    fn push(&mut self, octets: &[u8]) -> Result<(), Malformed> {
        let end = self.len + octets.len();
        let room = self.octets.get_mut(self.len..end);
        room.ok_or(Malformed::NameTooLong)?.copy_from_slice(octets);
        self.len = end;
        Ok(())
    }
}
