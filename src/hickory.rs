//! [`Answer`]s from what the [hickory](https://docs.rs/hickory-proto) crates hand out. Needs the feature `hickory`.
//!
//! Only the types of hickory-proto are used here; sockets and runtimes stay with the caller. There are three ways in, and which
//! one is right depends on who validates:
//!
//! | who validates | use |
//! |---|---|
//! | hickory: `DnssecDnsHandle`, or a `Resolver` with `validate` | [`validated`] |
//! | a trusted resolver, which says so by the AD bit | [`Answer::from_message`] on the octets of the reply (`DnsResponse::as_buffer`) |
//! | nobody | [`unvalidated`]: DANE never applies |
//!
//! The first and the last must not be confused, and hickory makes it easy: where validation is off, every record has the proof
//! [`Proof::Indeterminate`], which from a validator means that the lookup failed (RFC 4035 §4.3).
//!
//! # What a reply must bring with it
//! The proof of a record says that its signature is good. Whether the record is to the point is another question (RFC 4035
//! §5.4), and since a wrong answer to it would be a downgrade, [`Hop`] asks it of every reply, on its own:
//!
//! - An insecure denial must have an insecure record of the authority section that stands at or above the denied name.
//! - A secure denial must have a SOA record at or above the name, and all its NSEC and NSEC3 records must be signed by that zone. No
//!   NSEC record may be that of a zone cut at or above the name, unless of its DS record alone, or of a DNAME record above it
//!   (RFC 6840 §4.1).
//! - A denial must have no signatures in the answer section, where they would be those of records that were taken away.
//! - A record set that was expanded from a wildcard must have NSEC or NSEC3 records of the zone that signed it beside it, and no
//!   NSEC record may show a name in between. With NSEC3 records, the first signature of the answer section must be for a wildcard as
//!   far up, since hickory looks at that one.
//! - Only the records of the name that was asked are read. The machines of this crate ask for the target of an alias next
//!   (RFC 7672 §2.1.3).
//!
//! All of that rests on RRSIG records, so ask with DO and keep them.
//!
//! **Validate with hickory-net 0.26.3 or later.** Version 0.26.1 takes the records of a zone cut for denials of all names below it
//! (RFC 6840 §4.1). NSEC records of that kind are refused here as well; for NSEC3 records one would have to hash names, and that is
//! left to hickory. Whoever repeats such records of a parent zone could make a signed domain seem to have no TLSA records.
//!
//! # Before an insecure answer is believed
//! hickory 0.26.3 takes an NSEC3 record with opt-out, as `com` has them, for proof that any name with a hash in its range may be that of
//! an unsigned zone, also below a signed zone, where the record has nothing to say (RFC 5155 §8.6). Whoever can alter the replies that
//! hickory gets can so make a signed host unsigned, which turns DANE off for it, and its own reply does not show it. So where
//! [`Hop::claims_unsigned`], look up DS records by the same validator, from the top-level domain of the name down to the name itself,
//! until [`Hop::proves_unsigned`] is `true` of a reply. If it is of none, the answer is [`LookupError::Bogus`]. Lookups on the way that
//! fail do no harm. Whoever cannot do that should have hickory ask over a path that nobody can alter.
//!
//! **Let a `DnssecDnsHandle` keep no proofs** (`validation_cache_size(0)`). Version 0.26.3 finds a kept one by the query and an unkeyed
//! hash of 64 bits over the record set, and compares no record. Whoever can alter replies needs some 2^32 tries to find a forged set with
//! the hash of a signed one, to which a spare signature may be added, and then hickory calls the forged one secure. A `Resolver` cannot
//! be told, so the path to its servers has to be one that nobody can alter.
//!
//! # What hickory says, and what to tell the library
//! hickory-net and hickory-resolver have denials among their errors. An error is taken apart as follows; the types of those
//! crates are no business of this one.
//!
//! | hickory 0.26 says | it means | tell the library |
//! |---|---|---|
//! | `DnssecDnsHandle`: `Ok(response)` | records, or a denial that was checked | `Hop::new(&query, &response, Verdict::Passed)` |
//! | `Resolver`: `Ok(lookup)` | records; aliases were followed | `Hop::new(&query, lookup.message(), Verdict::PassedOn)`, and see below for aliases |
//! | `DnsError::NoRecordsFound(denial)` | NODATA or NXDOMAIN, with what was in the authority section | `Hop::of_no_records(&denial.query, denial.response_code, denial.authorities.as_deref())` |
//! | `DnsError::Nsec { query, response, proof, .. }` | a denial, or the proof beside a wildcard, that is not secure | `Hop::new(&query, &response, Verdict::Objected(proof))` |
//! | `DnsError::DnssecBogus` | bogus | [`LookupError::Bogus`] |
//! | `DnsError::ResponseCode(code)` | SERVFAIL, REFUSED and the like | what [`failure`] says of the code |
//! | `NetError::Timeout` | no answer in time | [`LookupError::Timeout`] |
//! | `NetError::Truncated`, `NetError::Proto(_)` | a reply that cannot be read | [`LookupError::Malformed`] |
//! | any other `NetError` | the servers could not be asked | [`LookupError::Unreachable`] |
//! | nothing: the future was dropped | nothing | nothing: `step` shows the query as before; or [`LookupError::Timeout`], to give it up |
//!
//! A failure is handed over as [`Answer::failed`], a [`Hop`] by [`validated`]; without validation, records and denials go to
//! [`unvalidated`], and the failures are the same. Of several failures none is worse than another (RFC 7672 §2.1.1), so that
//! whoever takes them all for [`LookupError::Unreachable`] loses nothing but a good line in the log.
//!
//! A `Resolver` follows aliases, and that costs the alias its proof: its RRSIG records are dropped, a denial names only what was
//! denied in the end, and an alias beside the denial of its target is taken for bogus. So where the answer fails as
//! [`LookupError::Indeterminate`] or [`LookupError::Bogus`], ask for the CNAME record alone, and if that makes an answer, hand it
//! in: the alias is judged by itself, and its target is the next question. Whoever leaves that out loses time and no more, since
//! the mail waits.
//!
//! **Give a `Resolver` no cache** (`cache_size = 0`), and let the servers that it asks have one. What it found behind an alias it
//! keeps for the target as well, together with the alias and without the signatures. Until that has run out, lookups of the
//! target fail, so that whoever points an alias at a mail host can hold up the mail for it.
//!
//! Where a validator takes a good reply for bogus, mail waits (RFC 7672 §2.1.1). With hickory 0.26 that can happen for an alias made
//! from a DNAME record in a signed zone, in a signed zone below an unsigned one that has a DS record for it, and in zones with NSEC
//! records for a name just one label below its wildcard, as `_25._tcp.mx.example` is below `*._tcp.mx.example`.

mod convert;
mod proof;
mod unsigned;

use alloc::vec::Vec;

use hickory_proto::dnssec::Proof;
use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{self, RData, Record, RecordType};

use crate::dns::{Answer, Denial, LookupError, Malformed, Question, Rcode, Security};
use crate::name::Name;
use convert::resource_records;

/// One query to a validating hickory and its reply.
///
/// hickory checks a denial, and the expansion of a wildcard, for the name of the query alone. So only the records of this name are
/// read: of the type that was asked for, and CNAME.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers make it of its parts")]
pub struct Hop<'a> {
    /// What was asked. Set the name to be absolute (`is_fqdn`), or no record is found to stand at it.
    pub query: &'a Query,
    /// The response code, its extension by EDNS included.
    pub response_code: ResponseCode,
    /// The answer section with its RRSIG records.
    pub answers: &'a [Record],
    /// The authority section with its RRSIG records.
    pub authorities: &'a [Record],
    /// What hickory says of the reply as a whole.
    pub verdict: Verdict,
}

/// What hickory says of a reply as a whole, beside the proofs of its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "hickory passes a reply, or it does not"
)]
pub enum Verdict {
    /// `DnssecDnsHandle` itself gave the reply without an error. A denial that comes with no records at all is then insecure:
    /// hickory has looked for a DS record and found proof that the zone is unsigned.
    Passed,
    /// It came by way of a cache or of a `Resolver`, which may leave records out. A denial with no records proves nothing then.
    PassedOn,
    /// It came as `DnsError::Nsec` with this proof: the denial is bad, or has too many iterations to be checked (RFC 9276 §3.2),
    /// which makes it insecure.
    Objected(Proof),
}

impl<'a> Hop<'a> {
    /// The reply `message` to `query`; a `DnsResponse` is such a message.
    #[must_use]
    pub fn new(query: &'a Query, message: &'a Message, verdict: Verdict) -> Self {
        Self {
            query,
            response_code: message.response_code,
            answers: &message.answers,
            authorities: &message.authorities,
            verdict,
        }
    }

    /// The denial that hickory returns as an error, `DnsError::NoRecordsFound`, of which these are the fields.
    ///
    /// `denied` must be the query of the error and not the caller's own. Behind an alias it is about another name, and then
    /// [`validated`] does not take the denial for one of the name in question.
    ///
    /// A denial without its authority section proves nothing; hickory has such for names that it answers itself, as those in
    /// `invalid`.
    ///
    /// ```
    /// use core::slice;
    ///
    /// use hickory_proto::op::{Query, ResponseCode};
    /// use smtp_dane::dns::{LookupError, QueryType, Question};
    /// use smtp_dane::hickory::{Hop, validated};
    ///
    /// let question = Question::new("mx.invalid".parse()?, QueryType::A);
    /// let denied = Query::try_from(&question)?;
    /// let hop = Hop::of_no_records(&denied, ResponseCode::NXDomain, None);
    /// let answer = validated(&question, slice::from_ref(&hop));
    /// assert_eq!(answer.result().err(), Some(&LookupError::Indeterminate));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn of_no_records(
        denied: &'a Query,
        response_code: ResponseCode,
        authorities: Option<&'a [Record]>,
    ) -> Self {
        Self {
            query: denied,
            response_code,
            answers: &[],
            authorities: authorities.unwrap_or_default(),
            verdict: Verdict::PassedOn,
        }
    }

    /// The security of what the reply says about the name of the query, for any type of record.
    ///
    /// The worst record of the set decides (RFC 4035 §5.5); RRSIG records have no security of their own.
    ///
    /// ```
    /// use hickory_proto::op::{Message, OpCode, Query, ResponseCode};
    /// use hickory_proto::rr::{Name, RecordType};
    /// use smtp_dane::dns::{LookupError, Security};
    /// use smtp_dane::hickory::{Hop, Verdict};
    ///
    /// let query = Query::query(Name::from_ascii("mx.example.")?, RecordType::TLSA);
    /// let mut reply = Message::response(0, OpCode::Query);
    /// reply.metadata.response_code = ResponseCode::NXDomain;
    /// // Nothing shows that there is no such name. If the validator itself let that pass, it has seen that the zone is unsigned.
    /// let security = |verdict| Hop::new(&query, &reply, verdict).security();
    /// assert_eq!(security(Verdict::Passed), Ok(Security::Insecure));
    /// assert_eq!(security(Verdict::PassedOn), Err(LookupError::Indeterminate));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`LookupError::Bogus`] if any of it is bogus or a denial does not fit, [`LookupError::Indeterminate`] if any of it was not
    /// judged, [`LookupError::Rcode`] if the server failed, and whatever else keeps the reply from being an answer.
    pub fn security(&self) -> Result<Security, LookupError> {
        proof::security(self)
    }

    /// The records that the reply is about; none if it is a denial.
    fn own_records(&self) -> impl Iterator<Item = &'a Record> {
        let query = self.query;
        wanted(self.answers, query.query_type()).filter(move |record| record.name == *query.name())
    }

    /// What the reply says if it has no records to offer.
    fn denial(&self) -> Result<Denial, LookupError> {
        let denial = denial(self.response_code)?;
        let mut records = self.own_records();
        // RFC 6604 §2.1: behind an alias, NXDOMAIN is about its target, for which nothing was checked.
        let is_alias = records.any(|record| record.record_type() == RecordType::CNAME)
            && self.query.query_type() != RecordType::CNAME;
        Ok(if is_alias { Denial::NoData } else { denial })
    }
}

/// The answer to `question` from one reply of a validating hickory, or from several: each about the name that the alias in the one
/// before led to.
///
/// A single reply is enough: if it is an alias, the answer is just that, and the target is the next question. A caller who has
/// followed aliases already hands in the further replies as well, and the answer is as secure as the weakest of them
/// (RFC 7672 §2.1.3).
///
/// No errors are returned: whatever is wrong makes an [`Answer`] that is a failed lookup (RFC 7672 §2.1.1). The errors of
/// [`Hop::security`] are among them.
///
/// ```
/// use core::slice;
///
/// use hickory_proto::dnssec::Proof;
/// use hickory_proto::op::{Message, OpCode, Query};
/// use hickory_proto::rr::rdata::MX;
/// use hickory_proto::rr::{RData, Record};
/// use smtp_dane::dns::{LookupError, QueryType, Question, Security};
/// use smtp_dane::hickory::{Hop, Verdict, validated};
///
/// let question = Question::new("example.com".parse()?, QueryType::Mx);
/// let query = Query::try_from(&question)?;
///
/// // Let a `DnssecDnsHandle` look up `query`, with DO set. Say that it gives this:
/// let exchange = RData::MX(MX::new(10, "mx.example.com.".parse()?));
/// let mut reply = Message::response(0, OpCode::Query);
/// reply.add_answer(Record::from_rdata(query.name().clone(), 300, exchange));
///
/// for (proof, security) in [
///     (Proof::Insecure, Ok(Security::Insecure)),
///     (Proof::Bogus, Err(&LookupError::Bogus)),
///     (Proof::Indeterminate, Err(&LookupError::Indeterminate)),
///     // Without its signature one cannot see whether a secure record was made from a wildcard.
///     (Proof::Secure, Err(&LookupError::Indeterminate)),
/// ] {
///     reply.answers.iter_mut().for_each(|record| record.proof = proof);
///     let hop = Hop::new(&query, &reply, Verdict::Passed);
///     let answer = validated(&question, slice::from_ref(&hop));
///     assert_eq!(answer.result().map(|reply| reply.security()), security);
/// }
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[must_use]
pub fn validated(question: &Question, hops: &[Hop<'_>]) -> Answer {
    join(question, hops).unwrap_or_else(Answer::failed)
}

fn join(question: &Question, hops: &[Hop<'_>]) -> Result<Answer, LookupError> {
    let last = hops.last().ok_or(LookupError::Indeterminate)?;
    let mut security = Security::Secure;
    let mut records = Vec::new();
    for hop in hops {
        // A reply about another type says nothing of this one, and must not pass for "no data".
        let query_type = hop.query.query_type();
        if ![RecordType::from(question.query_type()), RecordType::CNAME].contains(&query_type) {
            return Err(LookupError::Indeterminate);
        }
        security = security.min(hop.security()?);
        records.extend(resource_records(hop.own_records())?);
    }
    let first = hops
        .first()
        .and_then(|hop| Name::try_from(hop.query.name()).ok());
    if first.as_ref() != Some(question.name()) {
        return Err(LookupError::Indeterminate);
    }
    let ttl = denial_ttl(last.authorities);
    let answer = Answer::assemble(question, records, last.denial()?, ttl, security);
    let Ok(reply) = answer.result() else {
        return Ok(answer);
    };
    // Where there is no data, the proof must be about the name and the type in question, and no other.
    if last.own_records().next().is_none() {
        let end = reply.aliases().last().unwrap_or(question.name());
        let denied = Name::try_from(last.query.name()).ok();
        if denied.as_ref() != Some(end)
            || last.query.query_type() != RecordType::from(question.query_type())
        {
            return Err(LookupError::Indeterminate);
        }
    }
    Ok(answer)
}

/// The answer to `question` from a hickory that does **not** validate: whatever it is, it is insecure, and DANE never applies.
///
/// The proofs of the records are not read, nor is the AD bit. Use it for a `Resolver` without `validate`, and tell the operator:
/// with such a resolver mail is never authenticated, however well the other side has set up DANE (RFC 7672 §2.1.1). A `Resolver`
/// that follows aliases must hand them out (`preserve_intermediates`), or else the records that it found belong to no name that was
/// asked for. Give it no cache, see [the module](self).
///
/// No errors are returned: whatever is wrong makes an [`Answer`] that is a failed lookup.
///
/// ```
/// use hickory_proto::dnssec::Proof;
/// use hickory_proto::op::ResponseCode;
/// use hickory_proto::rr::rdata::A;
/// use hickory_proto::rr::{RData, Record};
/// use smtp_dane::dns::{QueryType, Question, Security};
/// use smtp_dane::hickory::unvalidated;
///
/// let question = Question::new("mx.example.com".parse()?, QueryType::A);
/// let address = RData::A(A::new(192, 0, 2, 1));
/// let record = Record::from_rdata("mx.example.com.".parse()?, 300, address);
/// assert_eq!(record.proof, Proof::Indeterminate);
/// let answer = unvalidated(&question, ResponseCode::NoError, &[record], &[]);
/// assert_eq!(answer.result().map(|reply| reply.security()), Ok(Security::Insecure));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[must_use]
pub fn unvalidated(
    question: &Question,
    response_code: ResponseCode,
    answers: &[Record],
    authorities: &[Record],
) -> Answer {
    let assembled = denial(response_code).and_then(|denial| {
        let records = resource_records(wanted(answers, question.query_type().into()))?;
        let name = rr::Name::try_from(question.name());
        if records.is_empty() && name.is_ok_and(|name| is_redirected(&name, answers)) {
            return Err(LookupError::DnameWithoutAlias);
        }
        let ttl = denial_ttl(authorities);
        Ok(Answer::assemble(
            question,
            records,
            denial,
            ttl,
            Security::Insecure,
        ))
    });
    assembled.unwrap_or_else(Answer::failed)
}

/// Why a reply with this code is a failed lookup; `None` for NOERROR and NXDOMAIN, which are answers (RFC 7672 §2.1.1).
///
/// ```
/// use hickory_proto::op::ResponseCode;
/// use smtp_dane::dns::{LookupError, Rcode};
/// use smtp_dane::hickory::failure;
///
/// assert_eq!(failure(ResponseCode::ServFail), Some(LookupError::Rcode(Rcode::SERV_FAIL)));
/// assert_eq!(failure(ResponseCode::NXDomain), None);
/// ```
#[must_use]
pub fn failure(response_code: ResponseCode) -> Option<LookupError> {
    denial(response_code).err()
}

fn denial(response_code: ResponseCode) -> Result<Denial, LookupError> {
    match response_code {
        ResponseCode::NoError => Ok(Denial::NoData),
        ResponseCode::NXDomain => Ok(Denial::NoDomain),
        other => Err(LookupError::Rcode(Rcode(other.into()))),
    }
}

/// How long a denial may be kept, in seconds: not at all without a SOA record (RFC 2308 §5).
fn denial_ttl(authorities: &[Record]) -> u32 {
    let ttls = authorities.iter().filter_map(|record| match &record.data {
        RData::SOA(soa) => Some(convert::ttl(soa.minimum).min(convert::ttl(record.ttl))),
        _ => None,
    });
    ttls.min().unwrap_or(0)
}

/// Whether there is a DNAME above the name, which should have come with the alias made from it (RFC 6672 §3.1).
fn is_redirected(name: &rr::Name, answers: &[Record]) -> bool {
    answers.iter().any(|record| {
        record.record_type() == RecordType::DNAME
            && record.name.zone_of(name)
            && record.name != *name
    })
}

/// The records that can answer a question: those of the asked type, and aliases.
fn wanted(answers: &[Record], query_type: RecordType) -> impl Iterator<Item = &Record> {
    answers
        .iter()
        .filter(move |record| [query_type, RecordType::CNAME].contains(&record.record_type()))
}

#[cfg(test)]
mod tests;
