#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use alloc::format;
use alloc::vec;
use core::slice;

use hickory_proto::dnssec::rdata::{DNSSECRData, NSEC, NSEC3, RRSIG, SigInput};
use hickory_proto::dnssec::{Algorithm, Nsec3HashAlgorithm};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, NS, NULL, SOA, TLSA, tlsa};
use hickory_proto::rr::{DNSClass, SerialNumber};

use super::*;
use crate::dns::QueryType::{A as Address, Aaaa, Cname, Mx, Tlsa};
use crate::dns::Security::{Insecure, Secure};
use crate::dns::{Found, QueryType, Reply};

mod proofs;
mod unsigned;

fn theirs(text: &str) -> rr::Name {
    let root = rr::Name::root();
    rr::Name::from_ascii(text)
        .unwrap()
        .append_domain(&root)
        .unwrap()
}

fn question(name: &str, query_type: QueryType) -> Question {
    Question::new(name.parse().unwrap(), query_type)
}

fn signature(owner: &str, covered: RecordType, signer: &str, num_labels: u8) -> Record {
    let input = SigInput {
        type_covered: covered,
        algorithm: Algorithm::ECDSAP256SHA256,
        num_labels,
        original_ttl: 300,
        sig_expiration: SerialNumber::new(1),
        sig_inception: SerialNumber::new(0),
        key_tag: 1,
        signer_name: theirs(signer),
    };
    let rrsig = DNSSECRData::RRSIG(RRSIG::from_sig(input, vec![0; 64]));
    Record::from_rdata(theirs(owner), 300, RData::DNSSEC(rrsig))
}

fn data(record_type: &str) -> RData {
    let host = theirs("ns.test");
    let (record_type, name) = record_type.split_once(':').unwrap_or((record_type, "."));
    match record_type {
        "A" => RData::A(A::new(192, 0, 2, 1)),
        "MX" => RData::MX(MX::new(10, host)),
        "TLSA" => RData::TLSA(TLSA::new(
            tlsa::CertUsage::DaneEe,
            tlsa::Selector::Spki,
            tlsa::Matching::Sha256,
            vec![0xab; 32],
        )),
        "CNAME" => RData::CNAME(CNAME(theirs(name))),
        "NS" => RData::NS(NS(host)),
        "DNAME" => RData::Unknown {
            code: RecordType::DNAME,
            rdata: NULL::with(vec![0]),
        },
        "SOA" => RData::SOA(SOA::new(host.clone(), host, 1, 1, 1, 1, 60)),
        "NSEC" => nsec(name, &[]),
        "CUT" => nsec(name, &[RecordType::NS, RecordType::DS]),
        "APEX" => nsec(name, &[RecordType::NS, RecordType::SOA]),
        "REDIRECTION" => nsec(name, &[RecordType::DNAME]),
        _ => {
            let sha1 = Nsec3HashAlgorithm::SHA1;
            let nsec3 = NSEC3::new(sha1, false, 0, vec![], vec![0; 20], []);
            RData::DNSSEC(DNSSECRData::NSEC3(nsec3))
        }
    }
}

fn nsec(next: &str, types: &[RecordType]) -> RData {
    let nsec = NSEC::new(theirs(next), types.iter().copied());
    RData::DNSSEC(DNSSECRData::NSEC(nsec))
}

/// Reads records such as `mx.good.test A S good.test`, with `; ` between them: owner, type, proof (`S`ecure, `I`nsecure, `B`ogus,
/// `?`), and the zone that signed it if any did. A number behind that is the count of labels in the signature, if it is not that
/// of the owner.
fn section(text: &str) -> Vec<Record> {
    let mut records = Vec::new();
    for line in text.split("; ").filter(|line| !line.is_empty()) {
        let mut words = line.split(' ');
        let owner = words.next().unwrap();
        let rdata = data(words.next().unwrap());
        let mut record = Record::from_rdata(theirs(owner), 300, rdata);
        record.proof = match words.next().unwrap() {
            "S" => Proof::Secure,
            "I" => Proof::Insecure,
            "B" => Proof::Bogus,
            _ => Proof::Indeterminate,
        };
        if let Some(signer) = words.next() {
            let own = record.name.num_labels();
            let labels = words.next().map_or(own, |labels| labels.parse().unwrap());
            records.push(signature(owner, record.record_type(), signer, labels));
        }
        records.push(record);
    }
    records
}

/// A reply that is written down.
struct Written {
    query: Query,
    response_code: ResponseCode,
    answers: Vec<Record>,
    authorities: Vec<Record>,
    verdict: Verdict,
}

impl Written {
    fn new(name: &str, query_type: QueryType, answers: &str, authorities: &str) -> Self {
        Self {
            query: Query::try_from(&question(name, query_type)).unwrap(),
            response_code: ResponseCode::NoError,
            answers: section(answers),
            authorities: section(authorities),
            verdict: Verdict::Passed,
        }
    }

    fn verdict(self, verdict: Verdict) -> Self {
        Self { verdict, ..self }
    }

    fn code(self, response_code: ResponseCode) -> Self {
        Self {
            response_code,
            ..self
        }
    }

    fn hop(&self) -> Hop<'_> {
        Hop {
            query: &self.query,
            response_code: self.response_code,
            answers: &self.answers,
            authorities: &self.authorities,
            verdict: self.verdict,
        }
    }

    fn security(&self) -> Result<Security, LookupError> {
        self.hop().security()
    }

    fn answer(&self) -> Answer {
        let name = Name::try_from(self.query.name()).unwrap();
        let is_asked = |t: &QueryType| self.query.query_type() == (*t).into();
        let query_type = [Address, Aaaa, Cname, Mx, Tlsa].into_iter().find(is_asked);
        let question = Question::new(name, query_type.unwrap());
        validated(&question, slice::from_ref(&self.hop()))
    }

    fn outcome(&self) -> Result<(Found, Security), LookupError> {
        outcome(&self.answer())
    }
}

fn outcome(answer: &Answer) -> Result<(Found, Security), LookupError> {
    let reply = answer.result().map_err(|error| *error)?;
    Ok((reply.found().clone(), reply.security()))
}

#[test]
fn names_keep_their_octets_both_ways() {
    for text in [
        "mx.example",
        ".",
        r"a\.b.\000\255.example",
        "_25._tcp.mx",
        "*.x",
    ] {
        let ours: Name = text.parse().unwrap();
        let theirs = rr::Name::try_from(&ours).unwrap();
        assert!(theirs.is_fqdn());
        assert_eq!(Name::try_from(&theirs), Ok(ours));
    }
    let relative = rr::Name::from_ascii("MX.Example").unwrap();
    assert_eq!(Name::try_from(&relative), "mx.example".parse());
}

#[test]
fn types_have_the_same_numbers() {
    let types = [Address, Aaaa, Cname, Mx, Tlsa].map(RecordType::from);
    let expected = [
        RecordType::A,
        RecordType::AAAA,
        RecordType::CNAME,
        RecordType::MX,
        RecordType::TLSA,
    ];
    assert_eq!(types, expected);
}

#[test]
fn of_an_alias_only_the_alias_is_read() {
    let alias = "a.good.test CNAME:b.plain.test S good.test";
    for rest in [
        "",
        "; b.plain.test A I",
        "; b.plain.test A B; b.plain.test CNAME:a.good.test S",
    ] {
        let answers = format!("{alias}{rest}");
        let reply = Written::new("a.good.test", Address, &answers, "plain.test SOA B");
        assert_eq!(reply.outcome(), Ok((Found::AliasOnly, Secure)), "{rest}");
        let reply = reply.code(ResponseCode::NXDomain);
        assert_eq!(reply.outcome(), Ok((Found::AliasOnly, Secure)), "{rest}");
    }
    let reply = Written::new("a.good.test", Cname, alias, "").code(ResponseCode::NXDomain);
    let denied = LookupError::Malformed(Malformed::DataDenied);
    assert_eq!(reply.outcome(), Err(denied));
}

#[test]
fn aliases_that_were_followed_are_as_secure_as_the_weakest() {
    let alias = "a.good.test CNAME:b.test S good.test";
    let alias = Written::new("a.good.test", Address, alias, "");
    let followed = |target: Written| {
        let asked = question("a.good.test", Address);
        outcome(&validated(&asked, &[alias.hop(), target.hop()]))
    };
    let found = |record: &str| followed(Written::new("b.test", Address, record, ""));
    let address = Found::Addresses(vec![[192, 0, 2, 1].into()]);
    assert_eq!(found("b.test A S test"), Ok((address.clone(), Secure)));
    assert_eq!(found("b.test A I"), Ok((address, Insecure)));
    assert_eq!(found("b.test A B"), Err(LookupError::Bogus));
    assert_eq!(
        found("b.test CNAME:a.good.test S test"),
        Err(LookupError::AliasLoop)
    );

    let insecure = Written::new("a.good.test", Address, "a.good.test CNAME:b.test I", "");
    let secure = Written::new("b.test", Address, "b.test A S test", "");
    let hops = [insecure.hop(), secure.hop()];
    let answer = validated(&question("a.good.test", Address), &hops);
    assert_eq!(answer.result().map(Reply::security), Ok(Insecure));

    let denied = |authorities: &str| {
        let target = Written::new("b.test", Address, "", authorities);
        followed(target.code(ResponseCode::NXDomain))
    };
    let no_domain = Found::Denied(Denial::NoDomain);
    assert_eq!(denied("test SOA I"), Ok((no_domain.clone(), Insecure)));
    let proof = "test SOA S test; test NSEC:test S test";
    assert_eq!(denied(proof), Ok((no_domain, Secure)));
    assert_eq!(denied("plain.test SOA I"), Err(LookupError::Bogus));

    // Each reply must go on where the one before ended, and speak of the type that was asked for.
    let elsewhere = Written::new("c.test", Address, "c.test A S test", "");
    assert_eq!(followed(elsewhere), Err(LookupError::UnrelatedRecord));
    let elsewhere = Written::new("c.test", Address, "", "test SOA I");
    assert_eq!(followed(elsewhere), Err(LookupError::Indeterminate));
    let other_type = Written::new("b.test", Cname, "", "test SOA I");
    assert_eq!(followed(other_type), Err(LookupError::Indeterminate));
    let nothing = validated(&question("a.good.test", Address), &[]);
    assert_eq!(outcome(&nothing), Err(LookupError::Indeterminate));
}

#[test]
fn what_is_no_answer_fails() {
    let reply = |answers| Written::new("x.good.test", Address, answers, "test SOA I").outcome();
    assert_eq!(reply("mx.good.test A I"), Err(LookupError::UnrelatedRecord));
    assert_eq!(
        reply("good.test DNAME I"),
        Err(LookupError::DnameWithoutAlias)
    );
    for beside in ["x.good.test DNAME I", "other.test DNAME I"] {
        let denied = Ok((Found::Denied(Denial::NoData), Insecure));
        assert_eq!(reply(beside), denied);
    }
    for code in [
        ResponseCode::ServFail,
        ResponseCode::Refused,
        ResponseCode::YXDomain,
        ResponseCode::BADVERS,
        ResponseCode::Unknown(4095),
    ] {
        let failed = LookupError::Rcode(Rcode(code.into()));
        assert_eq!(failure(code), Some(failed));
        let reply = Written::new("good.test", Address, "good.test A I", "").code(code);
        assert_eq!(reply.security(), Err(failed));
        assert_eq!(reply.outcome(), Err(failed));
        let asked = question("good.test", Address);
        assert_eq!(
            outcome(&unvalidated(&asked, code, &reply.answers, &[])),
            Err(failed)
        );
    }
}

#[test]
fn a_reply_to_another_question_is_no_denial() {
    // Lookups run side by side, and replies can be mixed up.
    let asked = question("mx.example.com", Address);
    for (name, query_type, answers) in [
        ("mx.example.com", Aaaa, "mx.example.com AAAA S example.com"),
        ("mx.example.com", Mx, "mx.example.com MX S example.com"),
        (
            "other.example.com",
            Address,
            "other.example.com A S example.com",
        ),
    ] {
        let reply = Written::new(name, query_type, answers, "");
        let answer = validated(&asked, slice::from_ref(&reply.hop()));
        assert_eq!(
            answer.result().err(),
            Some(&LookupError::Indeterminate),
            "{name} {query_type}"
        );
    }
}

#[test]
fn data_is_taken_as_published() {
    let read = |rdata: RData, query_type: QueryType| {
        let record = Record::from_rdata(theirs("x.test"), 300, rdata);
        let asked = question("x.test", query_type);
        let answer = unvalidated(&asked, ResponseCode::NoError, &[record], &[]);
        outcome(&answer).map(|(found, _)| found)
    };
    let address = |text: &str| Ok(Found::Addresses(vec![text.parse().unwrap()]));
    assert_eq!(read(data("A"), Address), address("192.0.2.1"));
    let six = RData::AAAA(AAAA::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
    assert_eq!(read(six, Aaaa), address("2001:db8::1"));
    let null_mx = crate::dns::Mx {
        preference: 0,
        exchange: Name::root(),
    };
    let rdata = RData::MX(MX::new(0, rr::Name::root()));
    assert_eq!(read(rdata, Mx), Ok(Found::Exchanges(vec![null_mx])));

    let associations = |octets: &[u8]| {
        let record = crate::tlsa::Record::from_rdata(octets);
        Ok(Found::Associations(vec![record]))
    };
    for fields in [[0, 0, 0], [3, 1, 2], [9, 8, 7], [255, 255, 255]] {
        let [usage, selector, matching] = fields;
        for data in [&b""[..], b"\x01\x02"] {
            let record = TLSA::new(usage.into(), selector.into(), matching.into(), data.into());
            let octets = [&fields, data].concat();
            assert_eq!(read(RData::TLSA(record), Tlsa), associations(&octets));
        }
    }
    let empty = RData::Update0(RecordType::TLSA);
    assert_eq!(read(empty, Tlsa), associations(&[]));
    let malformed = LookupError::Malformed(Malformed::RdataLength);
    assert_eq!(read(RData::Update0(RecordType::A), Address), Err(malformed));
}

#[test]
fn nobody_validated_is_insecure_whatever_the_proofs_say() {
    let read = |code, answers: &[Record], authorities: &str| {
        let asked = question("a.good.test", Address);
        unvalidated(&asked, code, answers, &section(authorities))
    };
    for proof in ["S", "I", "B", "?"] {
        let answers = section(&format!(
            "a.good.test CNAME:b.test {proof}; b.test A {proof}"
        ));
        let answer = read(ResponseCode::NoError, &answers, "");
        let reply = answer.result().unwrap();
        assert_eq!(reply.security(), Insecure);
        assert_eq!(reply.aliases(), ["b.test".parse().unwrap()]);
        let answer = read(
            ResponseCode::NXDomain,
            &[],
            &format!("good.test SOA {proof}"),
        );
        let denied = Found::Denied(Denial::NoDomain);
        assert_eq!(outcome(&answer), Ok((denied, Insecure)));
    }
    let failure = |answers: &[Record]| outcome(&read(ResponseCode::NoError, answers, "")).err();
    let unrelated = section("b.test A S");
    assert_eq!(failure(&unrelated), Some(LookupError::UnrelatedRecord));
    let redirected = section("good.test DNAME I");
    assert_eq!(failure(&redirected), Some(LookupError::DnameWithoutAlias));
    let mut foreign = section("a.good.test A I");
    foreign.iter_mut().for_each(|r| r.dns_class = DNSClass::CH);
    let malformed = LookupError::Malformed(Malformed::Class);
    assert_eq!(failure(&foreign), Some(malformed));
}

#[test]
fn times_to_live() {
    let ttl = |reply: &Written| reply.answer().result().map(Reply::ttl).map_err(|e| *e);
    let mut reply = Written::new("good.test", Address, "", "good.test SOA I");
    for (record_ttl, expected) in [(300, 60), (5, 5), (1 << 31, 0)] {
        reply
            .authorities
            .iter_mut()
            .for_each(|r| r.ttl = record_ttl);
        assert_eq!(ttl(&reply), Ok(expected));
    }
    let reply = Written::new("good.test", Address, "", "good.test NS I");
    assert_eq!(ttl(&reply), Ok(0));
    let mut reply = Written::new("good.test", Address, "good.test A I", "");
    for (record_ttl, expected) in [(300, 300), (u32::MAX, 0)] {
        reply.answers.iter_mut().for_each(|r| r.ttl = record_ttl);
        assert_eq!(ttl(&reply), Ok(expected));
    }
}
