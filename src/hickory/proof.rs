//! How secure a reply is: the proofs of its records, and whether they are to the point (RFC 4035 §5.4).

use hickory_proto::dnssec::Proof;
use hickory_proto::dnssec::rdata::{DNSSECRData, SigInput};
use hickory_proto::op::Query;
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::{Hop, LookupError, Security, Verdict, denial, is_redirected, wanted};

/// The security of what a reply says about the name of its query.
pub(super) fn security(hop: &Hop<'_>) -> Result<Security, LookupError> {
    denial(hop.response_code)?;
    if hop.own_records().next().is_some() {
        return of_records(hop);
    }
    let (name, query_type) = (hop.query.name(), hop.query.query_type());
    if wanted(hop.answers, query_type).next().is_some() {
        return Err(LookupError::UnrelatedRecord);
    }
    if is_redirected(name, hop.answers) {
        return Err(LookupError::DnameWithoutAlias);
    }
    of_denial(hop)
}

fn of_records(hop: &Hop<'_>) -> Result<Security, LookupError> {
    let mut security = worst(hop.own_records())?;
    if security == Security::Insecure {
        return Ok(security);
    }
    for record in hop.own_records() {
        let covering = || signatures(hop.answers, record);
        if covering().next().is_none() {
            // Nobody can tell whether the set was expanded.
            return Err(LookupError::Indeterminate);
        }
        // RFC 4035 §5.3.4: a signature with fewer labels than the owner was made for a wildcard, and the set stands only for
        // names that do not exist.
        if covering().any(|signature| signature.num_labels < record.name.num_labels()) {
            let is_proven = |signature: &SigInput| {
                has_denial_by(&signature.signer_name, hop.authorities)
                    && !has_closer_name(&record.name, signature.num_labels, hop.authorities)
                    && is_looked_at(signature, hop)
            };
            if !covering().all(is_proven) {
                return Err(LookupError::Bogus);
            }
            security = security.min(objection(hop.verdict)?);
        }
    }
    Ok(security)
}

fn of_denial(hop: &Hop<'_>) -> Result<Security, LookupError> {
    let name = hop.query.name();
    let ceiling = objection(hop.verdict)?;
    // A denial has no signatures there. With NSEC3 records hickory takes one, whatever it covers, for that of a wildcard that
    // answered, and asks only for proof that the name itself does not exist (RFC 5155 §8.8, where §8.7 would be in place): so the
    // records of a wildcard could be taken away.
    if all_signatures(hop.answers).next().is_some() {
        return Err(LookupError::Bogus);
    }
    let statements = || {
        let all = hop.authorities.iter();
        all.filter(|record| record.record_type() != RecordType::RRSIG)
    };
    if statements().next().is_none() {
        return match hop.verdict {
            Verdict::Passed => Ok(Security::Insecure),
            Verdict::PassedOn | Verdict::Objected(_) => Err(LookupError::Indeterminate),
        };
    }
    worst(statements())?;

    let at_or_above = || statements().filter(|record| record.name.zone_of(name));
    // RFC 4035 §4.3: the name is in an unsigned zone, or below one, if something at or above it is.
    if at_or_above().any(|record| record.proof == Proof::Insecure) {
        return Ok(Security::Insecure);
    }
    // RFC 4035 §5.4: the SOA record, now sure to be secure, says which zone it is that denies; by itself it denies nothing.
    let proven = at_or_above().any(|record| {
        record.record_type() == RecordType::SOA && has_denial_by(&record.name, hop.authorities)
    });
    if proven && !at_or_above().any(|record| ends_above(hop.query, record)) {
        Ok(ceiling)
    } else {
        Err(LookupError::Bogus)
    }
}

/// Whether this is the NSEC record of a zone cut or of a DNAME record. What stands below belongs to another zone or to another name,
/// and it denies nothing of it (RFC 6840 §4.1). Not every version of hickory asks, and whoever repeats such records of the root zone
/// could deny all records of a signed domain. Of the cut itself it denies the DS record, which belongs to the zone above.
fn ends_above(denied: &Query, record: &Record) -> bool {
    let RData::DNSSEC(DNSSECRData::NSEC(nsec)) = &record.data else {
        return false;
    };
    let types = nsec.type_set();
    let is_own = record.name == *denied.name();
    let is_cut = types.contains(RecordType::NS) && !types.contains(RecordType::SOA);
    (is_cut && !(is_own && denied.query_type() == RecordType::DS))
        || (types.contains(RecordType::DNAME) && !is_own)
}

/// The best that a reply can be after what hickory has said of it.
pub(super) const fn objection(verdict: Verdict) -> Result<Security, LookupError> {
    match verdict {
        Verdict::Passed | Verdict::PassedOn | Verdict::Objected(Proof::Secure) => {
            Ok(Security::Secure)
        }
        Verdict::Objected(proof) => judged(proof),
    }
}

/// The security of a set, which is that of its worst record.
pub(super) fn worst<'a>(
    records: impl Iterator<Item = &'a Record>,
) -> Result<Security, LookupError> {
    let mut worst = Ok(Security::Secure);
    for record in records {
        worst = match (worst, judged(record.proof)) {
            (Err(LookupError::Bogus), _) | (_, Err(LookupError::Bogus)) => Err(LookupError::Bogus),
            (Ok(one), Ok(other)) => Ok(one.min(other)),
            (Err(error), _) | (_, Err(error)) => Err(error),
        };
    }
    worst
}

const fn judged(proof: Proof) -> Result<Security, LookupError> {
    match proof {
        Proof::Secure => Ok(Security::Secure),
        Proof::Insecure => Ok(Security::Insecure),
        Proof::Bogus => Err(LookupError::Bogus),
        Proof::Indeterminate => Err(LookupError::Indeterminate),
    }
}

/// Whether there are validated NSEC or NSEC3 records, all of them of `zone`. That they fit the question was hickory's to check,
/// but it takes the records of any zone.
fn has_denial_by(zone: &Name, authorities: &[Record]) -> bool {
    let mut proofs = authorities
        .iter()
        .filter(|record| {
            record.proof == Proof::Secure
                && matches!(record.record_type(), RecordType::NSEC | RecordType::NSEC3)
        })
        .peekable();
    proofs.peek().is_some()
        && proofs.all(|record| {
            // Which of several signatures hickory has verified does not matter if they all name the one zone.
            let mut signers = signatures(authorities, record).peekable();
            signers.peek().is_some() && signers.all(|signature| signature.signer_name == *zone)
        })
}

/// Whether NSEC records show that there is something at or below the ancestor of `name` that has one label more than the parent of
/// the wildcard: then no wildcard so far up applies to `name` (RFC 4592 §2.2.1).
fn has_closer_name(name: &Name, wildcard_labels: u8, authorities: &[Record]) -> bool {
    let next_closer = name.trim_to(usize::from(wildcard_labels) + 1);
    authorities.iter().any(|record| match &record.data {
        RData::DNSSEC(DNSSECRData::NSEC(nsec)) => {
            next_closer.zone_of(&record.name) || next_closer.zone_of(nsec.next_domain_name())
        }
        _ => false,
    })
}

/// Whether hickory has asked for proof that no name is closer than the wildcard of this signature (RFC 5155 §8.8). With NSEC3 records it asks so of
/// the first signature in the answer section, whichever set that covers.
fn is_looked_at(signature: &SigInput, hop: &Hop<'_>) -> bool {
    let is_hashed = |record: &Record| record.record_type() == RecordType::NSEC3;
    let first = all_signatures(hop.answers).next();
    !hop.authorities.iter().any(is_hashed)
        || first.is_some_and(|(_, first)| first.num_labels == signature.num_labels)
}

/// The signatures over the set that `record` belongs to.
fn signatures<'a>(section: &'a [Record], record: &'a Record) -> impl Iterator<Item = &'a SigInput> {
    all_signatures(section)
        .filter(|(owner, signature)| {
            **owner == record.name && signature.type_covered == record.record_type()
        })
        .map(|(_, signature)| signature)
}

/// All signatures, each with the name of the set that it covers.
fn all_signatures(section: &[Record]) -> impl Iterator<Item = (&Name, &SigInput)> {
    section.iter().filter_map(|record| match &record.data {
        RData::DNSSEC(DNSSECRData::RRSIG(signature)) => Some((&record.name, signature.input())),
        _ => None,
    })
}
