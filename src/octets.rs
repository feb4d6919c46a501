//! Octets that are mostly few: names, and the data of TLSA records.
//!
//! A name in use has some 20 to 45 octets, a record with a SHA-256 digest 35. To ask the allocator for each of them costs more than
//! to read it, so that many are kept in place.

use alloc::boxed::Box;
use core::cmp::Ordering;
use core::hash::{Hash, Hasher};
use core::ops::{Deref, DerefMut};

/// How many octets are kept in place: as many as make the whole 48 octets.
const IN_PLACE: usize = 46;

/// Octets that are compared, ordered and hashed like a slice of them.
#[derive(Clone)]
pub(crate) struct Octets(Place);

#[derive(Clone)]
enum Place {
    Here { length: u8, octets: [u8; IN_PLACE] },
    Heap(Box<[u8]>),
}

impl From<&[u8]> for Octets {
    fn from(octets: &[u8]) -> Self {
        let mut here = [0; IN_PLACE];
        Self(
            match (here.get_mut(..octets.len()), u8::try_from(octets.len())) {
                (Some(room), Ok(length)) => {
                    room.copy_from_slice(octets);
                    Place::Here {
                        length,
                        octets: here,
                    }
                }
                _ => Place::Heap(Box::from(octets)),
            },
        )
    }
}

impl DerefMut for Octets {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Place::Here { length, octets } => {
                octets.get_mut(..usize::from(*length)).unwrap_or_default()
            }
            Place::Heap(octets) => octets,
        }
    }
}

impl Deref for Octets {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Place::Here { length, octets } => {
                octets.get(..usize::from(*length)).unwrap_or_default()
            }
            Place::Heap(octets) => octets,
        }
    }
}

impl PartialEq for Octets {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Octets {}

impl PartialOrd for Octets {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Octets {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(other)
    }
}

impl Hash for Octets {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn octets_of_any_number_are_those_that_were_taken() {
        for length in [0, 1, 45, 46, 47, 48, 255, 300, 70_000] {
            let octets: Vec<u8> = (0..=255).cycle().take(length).collect();
            let kept = Octets::from(&octets[..]);
            assert_eq!(*kept, octets, "{length}");
            assert_eq!(matches!(kept.0, Place::Here { .. }), length <= IN_PLACE);
        }
    }

    #[test]
    fn order_and_equality_are_those_of_slices() {
        let pieces: Vec<Vec<u8>> = vec![vec![], vec![1; 46], vec![1; 47], vec![1, 2], vec![2; 60]];
        for one in &pieces {
            for other in &pieces {
                let kept = [one, other].map(|piece| Octets::from(&piece[..]));
                assert_eq!(kept[0].cmp(&kept[1]), one.cmp(other));
                assert_eq!(kept[0] == kept[1], one == other);
            }
        }
    }

    #[test]
    fn the_whole_has_48_octets() {
        assert_eq!(size_of::<Octets>(), 48);
    }
}
