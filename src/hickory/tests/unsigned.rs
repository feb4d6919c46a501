//! What proves that a zone is unsigned, by table.

use hickory_proto::dnssec::DigestType;
use hickory_proto::dnssec::rdata::DS;

use super::*;
use crate::hickory::unsigned::{Hashed, base32};

use LookupError::{Bogus, Indeterminate};
use RecordType as T;

const SALT: [u8; 4] = [0xaa, 0xbb, 0xcc, 0xdd];

fn hash(name: &str) -> Vec<u8> {
    let hash = Nsec3HashAlgorithm::SHA1.hash(&SALT, &theirs(name), 12);
    hash.unwrap().as_ref().to_vec()
}

/// The hash that comes so many places behind this one.
fn beside(hash: &[u8], places: i8) -> Vec<u8> {
    let mut hash = hash.to_vec();
    let last = hash.last_mut().unwrap();
    *last = last.checked_add_signed(places).unwrap();
    hash
}

fn nsec3(zone: &str, from: &[u8], next: Vec<u8>, opt_out: bool, types: &[RecordType]) -> Record {
    let types = types.iter().copied();
    let data = NSEC3::new(
        Nsec3HashAlgorithm::SHA1,
        opt_out,
        12,
        SALT.into(),
        next,
        types,
    );
    let owner = theirs(&format!("{}.{zone}", base32(from)));
    let mut record = Record::from_rdata(owner, 300, RData::DNSSEC(DNSSECRData::NSEC3(data)));
    record.proof = Proof::Secure;
    record
}

/// The zone says that there is such a name, with these types.
fn exists(zone: &str, name: &str, types: &[RecordType]) -> Record {
    nsec3(zone, &hash(name), beside(&hash(name), 1), false, types)
}

/// The zone says that there is no such name, but perhaps an unsigned zone.
fn opted_out(zone: &str, name: &str) -> Record {
    let (from, next) = (beside(&hash(name), -1), beside(&hash(name), 1));
    nsec3(zone, &from, next, true, &[])
}

/// The zone says that there is no such name.
fn absent(zone: &str, name: &str) -> Record {
    let (from, next) = (beside(&hash(name), -1), beside(&hash(name), 1));
    nsec3(zone, &from, next, false, &[])
}

fn asked(name: &str, authorities: Vec<Record>) -> Written {
    let mut written = Written::new(name, Tlsa, "", "");
    written.query.set_query_type(T::DS);
    written.authorities = authorities;
    written
}

fn proves(name: &str, authorities: &[Record]) -> bool {
    let written = asked(name, authorities.to_vec());
    written.hop().proves_unsigned().unwrap()
}

fn apex() -> Record {
    exists("test", "test", &[T::NS, T::SOA])
}

#[test]
fn hashes_are_those_of_rfc_5155() {
    // Appendix A.
    for (name, expected) in [
        ("example", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"),
        ("a.example", "35mthgpgcu1qg68fab165klnsnk3dpvl"),
        ("x.y.w.example", "2vptu5timamqttgl4luu9kg21e0aor3s"),
    ] {
        assert_eq!(base32(&hash(name)), expected);
    }
}

#[test]
fn a_record_covers_what_lies_between_its_hashes() {
    let covers = |from: &str, next: u8, hash: &str| {
        let data = NSEC3::new(Nsec3HashAlgorithm::SHA1, true, 0, vec![], vec![next; 5], []);
        let (zone, from) = (theirs("test"), from.into());
        let data = &data;
        Hashed { zone, from, data }.covers(hash)
    };
    // 0x84 five times.
    let next = "gi289144";
    assert_eq!(base32(&[0x84; 5]), next);
    for (from, hash, expected) in [
        ("40000000", "50000000", true),
        ("40000000", "40000000", false),
        ("40000000", next, false),
        ("40000000", "30000000", false),
        ("40000000", "h0000000", false),
        // The last name of the zone: the next one is the first.
        ("v0000000", "vv000000", true),
        ("v0000000", "00000000", true),
        ("v0000000", "v0000000", false),
        ("v0000000", next, false),
        ("v0000000", "h0000000", false),
        // The only one.
        (next, "50000000", true),
        (next, "v0000000", true),
        (next, next, false),
    ] {
        assert_eq!(covers(from, 0x84, hash), expected, "{from} {hash}");
    }
}

#[test]
fn a_name_is_unsigned_that_its_zone_delegates_without_a_digest() {
    for (types, expected) in [
        (&[T::NS][..], true),
        (&[T::NS, T::TXT], true),
        (&[T::NS, T::DS], false),
        (&[T::NS, T::SOA], false),
        (&[T::TXT], false),
        (&[], false),
    ] {
        let hashed = exists("test", "plain.test", types);
        assert_eq!(proves("plain.test", &[hashed]), expected, "{types:?}");
        let mut plain = Record::from_rdata(theirs("plain.test"), 300, nsec("z.test", types));
        plain.proof = Proof::Secure;
        assert_eq!(
            proves("plain.test", &[plain.clone()]),
            expected,
            "{types:?}"
        );
        // It speaks of itself alone.
        assert!(!proves("mx.plain.test", &[plain.clone()]));
        plain.proof = Proof::Insecure;
        assert!(!proves("plain.test", &[plain]));
    }
    // The zone itself is not asked.
    let own = exists("plain.test", "plain.test", &[T::NS]);
    assert!(!proves("plain.test", &[own]));
}

#[test]
fn opt_out_counts_for_the_next_closer_name_alone() {
    let room = || opted_out("test", "plain.test");
    assert!(proves("plain.test", &[apex(), room()]));
    assert!(proves("mx.plain.test", &[room(), apex()]));
    assert!(proves("_25._tcp.mx.plain.test", &[room(), apex()]));
    // Without opt-out there is no such zone, and without the encloser nobody knows where the zone ends.
    assert!(!proves(
        "plain.test",
        &[apex(), absent("test", "plain.test")]
    ));
    assert!(!proves("plain.test", &[room()]));
    assert!(!proves("plain.test", &[apex()]));
    assert!(!proves("plain.test", &[]));
    assert!(!proves("other.test", &[apex(), room()]));
    // A name in between that exists is the encloser.
    let between = exists("test", "b.test", &[]);
    assert!(proves(
        "a.b.test",
        &[apex(), between.clone(), opted_out("test", "a.b.test")]
    ));
    assert!(!proves(
        "a.b.test",
        &[apex(), between, opted_out("test", "b.test")]
    ));
}

#[test]
fn opt_out_says_nothing_below_a_delegation_or_a_redirection() {
    let host = "mx.good.test";
    let of_hash = || opted_out("test", host);
    assert!(!proves(host, &[of_hash()]));
    assert!(!proves(host, &[apex(), of_hash()]));
    for types in [&[T::NS, T::DS][..], &[T::NS], &[T::DNAME]] {
        let above = exists("test", "good.test", types);
        assert!(!proves(host, &[apex(), above, of_hash()]), "{types:?}");
    }
    // An encloser of one zone and the room of another.
    let own_apex = exists("good.test", "good.test", &[T::NS, T::SOA]);
    assert!(!proves(host, &[own_apex.clone(), of_hash()]));
    assert!(!proves(host, &[of_hash(), own_apex.clone(), apex()]));
    // A zone elsewhere has no say.
    let foreign = [
        exists("bad.test", "test", &[T::NS, T::SOA]),
        opted_out("bad.test", host),
    ];
    assert!(!proves(host, &foreign));
    // The zone of the host itself may opt out.
    assert!(proves(host, &[own_apex, opted_out("good.test", host)]));
}

#[test]
fn what_was_not_validated_proves_nothing() {
    for proof in [Proof::Insecure, Proof::Bogus, Proof::Indeterminate] {
        let forged = |mut record: Record| {
            record.proof = proof;
            record
        };
        let room = || opted_out("test", "plain.test");
        assert!(!proves("plain.test", &[forged(apex()), room()]), "{proof}");
        assert!(!proves("plain.test", &[apex(), forged(room())]), "{proof}");
    }
}

#[test]
fn hashes_of_different_makes_prove_nothing_and_neither_do_laborious_ones() {
    let made = |salt: &[u8], iterations| {
        let data = NSEC3::new(
            Nsec3HashAlgorithm::SHA1,
            false,
            iterations,
            salt.to_vec(),
            vec![0; 20],
            [T::NS],
        );
        let mut record = absent("test", "x.test");
        record.data = RData::DNSSEC(DNSSECRData::NSEC3(data));
        record
    };
    let room = || opted_out("test", "plain.test");
    assert!(proves("plain.test", &[apex(), room(), made(&SALT, 12)]));
    assert!(!proves("plain.test", &[apex(), room(), made(&SALT, 13)]));
    assert!(!proves("plain.test", &[apex(), room(), made(&[1], 12)]));
    // RFC 9276 §3.2: this one would be the proof, were it not for the iterations.
    for (iterations, expected) in [(100, true), (101, false)] {
        let name = theirs("plain.test");
        let hash = Nsec3HashAlgorithm::SHA1.hash(&SALT, &name, iterations);
        let mut cut = made(&SALT, iterations);
        cut.name = theirs(&format!("{}.test", base32(hash.unwrap().as_ref())));
        assert_eq!(proves("plain.test", &[cut]), expected, "{iterations}");
    }
}

#[test]
fn digests_that_nobody_can_check_leave_a_zone_unsigned() {
    let ds = |algorithm, digest_type, proof| {
        let ds = DS::new(1, algorithm, digest_type, vec![0; 32]);
        let data = RData::DNSSEC(DNSSECRData::DS(ds));
        let mut record = Record::from_rdata(theirs("good.test"), 300, data);
        record.proof = proof;
        record
    };
    let known = || {
        ds(
            Algorithm::ECDSAP256SHA256,
            DigestType::SHA256,
            Proof::Secure,
        )
    };
    let no_algorithm = || ds(Algorithm::Unknown(200), DigestType::SHA256, Proof::Secure);
    let no_digest = || {
        ds(
            Algorithm::ECDSAP256SHA256,
            DigestType::Unknown(200),
            Proof::Secure,
        )
    };
    let of_proof = |proof| ds(Algorithm::Unknown(200), DigestType::SHA256, proof);
    for (answers, expected) in [
        (vec![known()], Ok(false)),
        (vec![no_algorithm()], Ok(true)),
        (vec![no_digest(), no_algorithm()], Ok(true)),
        (vec![no_digest(), known()], Ok(false)),
        (vec![of_proof(Proof::Insecure)], Ok(false)),
        (vec![of_proof(Proof::Bogus)], Err(Bogus)),
        (vec![of_proof(Proof::Indeterminate)], Err(Indeterminate)),
    ] {
        let mut written = asked("good.test", vec![]);
        written.answers = answers;
        assert_eq!(
            written.hop().proves_unsigned(),
            expected,
            "{:?}",
            written.answers
        );
    }
    let mut alias = asked("good.test", vec![apex(), opted_out("test", "good.test")]);
    alias.answers = section("good.test CNAME:x.test S test");
    assert_eq!(alias.hop().proves_unsigned(), Ok(false));
}

#[test]
fn a_reply_that_failed_proves_nothing() {
    let written = || asked("plain.test", vec![apex(), opted_out("test", "plain.test")]);
    let with = |verdict| written().verdict(verdict).hop().proves_unsigned();
    assert_eq!(with(Verdict::PassedOn), Ok(true));
    assert_eq!(with(Verdict::Objected(Proof::Insecure)), Ok(true));
    assert_eq!(with(Verdict::Objected(Proof::Bogus)), Err(Bogus));
    let failed = written().code(ResponseCode::ServFail);
    let expected = Err(LookupError::Rcode(Rcode::SERV_FAIL));
    assert_eq!(failed.hop().proves_unsigned(), expected);
}

#[test]
fn a_reply_claims_an_unsigned_zone_unless_it_is_secure_or_laborious() {
    let laborious = Verdict::Objected(Proof::Insecure);
    let proven = "good.test SOA S good.test; 0.good.test NSEC3 S good.test";
    for (answers, authorities, verdict, expected) in [
        ("mx.good.test TLSA S good.test", "", Verdict::Passed, false),
        ("mx.good.test TLSA I", "", Verdict::Passed, true),
        ("mx.good.test TLSA B", "", Verdict::Passed, false),
        ("", proven, Verdict::Passed, false),
        ("", proven, laborious, false),
        ("", "good.test SOA I", Verdict::Passed, true),
        (
            "",
            "good.test SOA I; 0.bad.test NSEC3 S bad.test",
            laborious,
            true,
        ),
        ("mx.good.test TLSA I", proven, laborious, true),
        ("", "", Verdict::Passed, true),
    ] {
        let written = Written::new("mx.good.test", Tlsa, answers, authorities).verdict(verdict);
        let case = format!("{answers} | {authorities} {verdict:?}");
        assert_eq!(written.hop().claims_unsigned(), expected, "{case}");
    }
}
