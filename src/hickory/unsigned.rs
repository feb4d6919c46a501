//! Whether a zone is unsigned: what its DS records, or the denial of them, prove (RFC 4035 §5.2, RFC 5155 §8.6 and §8.9).

use alloc::string::String;
use alloc::vec::Vec;

use hickory_proto::dnssec::Proof;
use hickory_proto::dnssec::rdata::{DNSSECRData, DS, NSEC3};
use hickory_proto::rr::{Name, RData, Record, RecordType, RecordTypeSet};

use super::{Hop, LookupError, Security, Verdict, denial, proof};

/// Iterations above which hickory does not look at a denial, unless it is told otherwise (RFC 9276 §3.2).
const MAX_ITERATIONS: u16 = 100;

impl Hop<'_> {
    /// Whether this reply is insecure because hickory has found the zone of the name unsigned, which is to be
    /// [proven](Self::proves_unsigned) before it is believed. A reply whose denial has too many iterations is insecure as it stands
    /// (RFC 9276 §3.2): all its records are signed.
    #[must_use]
    pub fn claims_unsigned(&self) -> bool {
        let mut records = self.answers.iter().chain(self.authorities);
        let is_laborious = self.verdict == Verdict::Objected(Proof::Insecure)
            && !records.any(|record| record.proof == Proof::Insecure);
        self.security() == Ok(Security::Insecure) && !is_laborious
    }

    /// Whether this reply to a query for **DS** records proves that the zone of that name is unsigned, or that there may be an unsigned
    /// zone of that name.
    ///
    /// That is so if a zone above, of which these records are, says that the name is delegated and has no DS record
    /// (RFC 4035 §5.2); if it opts out and has nothing between an existing name of its own and the name of the query
    /// (RFC 5155 §8.6); or if none of the DS records is of a kind that hickory can check. A denial with more than 100 iterations proves
    /// nothing here: hickory takes it for no proof of an unsigned zone either, and who believed it could be shown any host of a
    /// signed zone as unsigned. `false` is no proof of the contrary.
    ///
    /// hickory 0.26.3 itself is content with less, see [the module](super).
    ///
    /// ```
    /// use hickory_proto::dnssec::Proof;
    /// use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC};
    /// use hickory_proto::op::{Message, OpCode, Query};
    /// use hickory_proto::rr::{Name, RData, Record, RecordType};
    /// use smtp_dane::hickory::{Hop, Verdict};
    ///
    /// let zone = Name::from_ascii("plain.example.")?;
    /// let query = Query::query(zone.clone(), RecordType::DS);
    /// let nsec = NSEC::new("z.example.".parse()?, [RecordType::NS]);
    /// let mut cut = Record::from_rdata(zone, 300, RData::DNSSEC(DNSSECRData::NSEC(nsec)));
    /// cut.proof = Proof::Secure;
    /// let mut reply = Message::response(0, OpCode::Query);
    /// assert_eq!(Hop::new(&query, &reply, Verdict::Passed).proves_unsigned(), Ok(false));
    /// reply.add_authority(cut);
    /// assert_eq!(Hop::new(&query, &reply, Verdict::Passed).proves_unsigned(), Ok(true));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`LookupError::Rcode`] if the server failed; [`LookupError::Bogus`] or [`LookupError::Indeterminate`] if that is what hickory
    /// says of the reply.
    pub fn proves_unsigned(&self) -> Result<bool, LookupError> {
        denial(self.response_code)?;
        proof::objection(self.verdict)?;
        if self.own_records().next().is_some() {
            let is_secure = proof::worst(self.own_records())? == Security::Secure;
            return Ok(is_secure && self.own_records().all(cannot_be_checked));
        }
        let name = self.query.name();
        let is_cut = |record: &Record| match &record.data {
            RData::DNSSEC(DNSSECRData::NSEC(nsec)) => {
                record.name == *name && is_unsigned_cut(nsec.type_set())
            }
            _ => false,
        };
        let mut secure = secure(self.authorities);
        Ok(secure.any(is_cut) || hashes_prove(name, self.authorities))
    }
}

fn secure(section: &[Record]) -> impl Iterator<Item = &Record> {
    section
        .iter()
        .filter(|record| record.proof == Proof::Secure)
}

/// Whether it is a DS record of an algorithm or with a digest that hickory does not know.
fn cannot_be_checked(record: &Record) -> bool {
    let is_known = |ds: &DS| ds.algorithm().is_supported() && ds.digest_type().is_supported();
    matches!(&record.data, RData::DNSSEC(DNSSECRData::DS(ds)) if !is_known(ds))
}

/// Whether a name with these types is delegated to a zone that is not signed. With a SOA record it would be that zone itself that
/// says so, and the DS records are not its own (RFC 5155 §8.9).
fn is_unsigned_cut(types: &RecordTypeSet) -> bool {
    types.contains(RecordType::NS)
        && !types.contains(RecordType::DS)
        && !types.contains(RecordType::SOA)
}

/// An NSEC3 record of a zone above the name.
pub(super) struct Hashed<'a> {
    pub(super) zone: Name,
    /// The hash in its owner's name.
    pub(super) from: String,
    pub(super) data: &'a NSEC3,
}

impl Hashed<'_> {
    /// Whether the hash lies between this name and the next one, which may be the first one again (RFC 5155 §3.1.7).
    pub(super) fn covers(&self, hash: &str) -> bool {
        let from = self.from.as_str();
        let next = base32(self.data.next_hashed_owner_name());
        let next = next.as_str();
        if from < next {
            from < hash && hash < next
        } else {
            from < hash || hash < next
        }
    }
}

/// Whether NSEC3 records prove it: that of the name itself; or that of the closest name above it which exists, and with opt-out one
/// over the name that has one label more.
fn hashes_prove(name: &Name, authorities: &[Record]) -> bool {
    let records = hashed(name, authorities);
    let Some(first) = records.first().map(|record| record.data) else {
        return false;
    };
    if first.iterations() > MAX_ITERATIONS {
        return false;
    }
    // RFC 5155 §8.2. It also bounds the work: each name is hashed once.
    let is_alike = |record: &Hashed<'_>| {
        record.data.hash_algorithm() == first.hash_algorithm()
            && record.data.iterations() == first.iterations()
            && record.data.salt() == first.salt()
    };
    if !records.iter().all(is_alike) {
        return false;
    }
    let hash = |name: &Name| {
        let algorithm = first.hash_algorithm();
        let hash = algorithm.hash(first.salt(), name, first.iterations());
        hash.ok().map(|hash| base32(hash.as_ref()))
    };
    let Some(own) = hash(name) else {
        return false;
    };
    if let Some(own) = records.iter().find(|record| record.from == own) {
        return is_unsigned_cut(own.data.type_set());
    }
    let mut next_closer = own;
    let mut encloser = name.base_name();
    while records.iter().any(|record| record.zone.zone_of(&encloser))
        && let Some(here) = hash(&encloser)
    {
        let is_here = |record: &&Hashed<'_>| record.from == here;
        let mut existing = records.iter().filter(is_here).peekable();
        if existing.peek().is_some() {
            return existing.any(|record| has_room(record, &next_closer, &records));
        }
        if encloser.is_root() {
            break;
        }
        next_closer = here;
        encloser = encloser.base_name();
    }
    false
}

/// Whether the zone of this closest encloser may have unsigned delegations at the next closer name. Below a delegation or an alias of
/// all that is below, it says nothing (RFC 5155 §8.3): there another zone may be signed.
fn has_room(encloser: &Hashed<'_>, next_closer: &str, records: &[Hashed<'_>]) -> bool {
    let opts_out = |record: &Hashed<'_>| {
        record.zone == encloser.zone && record.data.opt_out() && record.covers(next_closer)
    };
    !encloser.data.is_ancestor_delegation() && records.iter().any(opts_out)
}

/// The validated NSEC3 records of zones above `name`.
fn hashed<'a>(name: &Name, authorities: &'a [Record]) -> Vec<Hashed<'a>> {
    let of_record = |record: &'a Record| {
        let RData::DNSSEC(DNSSECRData::NSEC3(data)) = &record.data else {
            return None;
        };
        let zone = record.name.base_name();
        let label = record.name.iter().next()?;
        let from = core::str::from_utf8(label).ok()?.to_ascii_lowercase();
        let is_above = zone != *name && zone.zone_of(name);
        is_above.then_some(Hashed { zone, from, data })
    };
    secure(authorities).filter_map(of_record).collect()
}

/// An NSEC3 hash as in names (RFC 5155 §3.3): five bits a character, in an order that is that of the hashes. Those of the one algorithm
/// that there is have 20 octets, which come out even.
pub(super) fn base32(hash: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let characters = hash.chunks(5).flat_map(|chunk| {
        let bits = chunk
            .iter()
            .fold(0_u64, |bits, octet| bits << 8 | u64::from(*octet));
        (0..8).rev().map(move |place| bits >> (5 * place) & 31)
    });
    characters
        .filter_map(|digit| DIGITS.get(usize::try_from(digit).ok()?))
        .map(|digit| char::from(*digit))
        .collect()
}
