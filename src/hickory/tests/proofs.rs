//! The security of a reply, by table.

use super::*;

use LookupError::{Bogus, Indeterminate};

const SOA: &str = "good.test SOA S good.test";
const NSEC: &str = "a.good.test NSEC:z.good.test S good.test";
const NSEC3: &str = "0.good.test NSEC3 S good.test";
/// Made by the owner of another zone, and hickory takes it for a denial of all names between the two.
const FOREIGN: &str = "a.bad.test NSEC:z.test S bad.test";

#[test]
fn the_worst_record_decides() {
    for (proofs, expected) in [
        ("SS", Ok(Secure)),
        ("SI", Ok(Insecure)),
        ("II", Ok(Insecure)),
        ("SB", Err(Bogus)),
        ("BI", Err(Bogus)),
        ("?S", Err(Indeterminate)),
        ("I?", Err(Indeterminate)),
        ("?B", Err(Bogus)),
        ("B?", Err(Bogus)),
    ] {
        let (one, other) = proofs.split_at(1);
        let set = format!("good.test MX {one} good.test; good.test MX {other}");
        let reply = Written::new("good.test", Mx, &set, "");
        let security = reply.outcome().map(|(_, security)| security);
        assert_eq!(security, expected, "{proofs}");
    }
}

#[test]
fn only_asked_types_and_aliases_are_judged() {
    let security =
        |answers, authorities| Written::new("good.test", Address, answers, authorities).security();
    let answers = "good.test A S good.test; good.test TLSA B; good.test NS ?";
    assert_eq!(security(answers, "good.test NS B"), Ok(Secure));
    let answers = "good.test A S good.test; good.test CNAME:x.test B";
    assert_eq!(security(answers, ""), Err(Bogus));
    let answers = "good.test A S good.test; good.test CNAME:x.test S good.test";
    let reply = Written::new("good.test", Address, answers, "");
    assert_eq!(reply.outcome(), Err(LookupError::ConflictingAliases));
}

#[test]
fn denials_need_a_proof_by_the_zone_of_the_name() {
    for (authorities, expected) in [
        (format!("{SOA}; {NSEC}"), Ok(Secure)),
        (format!("{NSEC3}; {SOA}"), Ok(Secure)),
        (
            "test SOA S test; good.test NSEC:test S test".into(),
            Ok(Secure),
        ),
        // A SOA record is no proof, and without it no NSEC record rules out wildcards.
        (SOA.into(), Err(Bogus)),
        (NSEC.into(), Err(Bogus)),
        ("good.test NSEC:z.good.test S good.test".into(), Err(Bogus)),
        // Records of a zone that has no say here, or of which nobody knows the zone.
        (format!("{SOA}; {FOREIGN}"), Err(Bogus)),
        (format!("{SOA}; {NSEC}; {FOREIGN}"), Err(Bogus)),
        (format!("bad.test SOA S bad.test; {FOREIGN}"), Err(Bogus)),
        (format!("{SOA}; 0.bad.test NSEC3 S bad.test"), Err(Bogus)),
        (format!("{SOA}; a.good.test NSEC:z.good.test S"), Err(Bogus)),
        // Something forged, or not looked at.
        (
            format!("{SOA}; {NSEC}; x.good.test NSEC:y.test B"),
            Err(Bogus),
        ),
        (format!("good.test SOA B good.test; {NSEC}"), Err(Bogus)),
        (format!("good.test SOA ?; {NSEC}"), Err(Indeterminate)),
        (
            "good.test SOA ?; a.good.test NSEC:z.test B".into(),
            Err(Bogus),
        ),
        (
            "good.test SOA I; a.good.test NSEC:z.test B".into(),
            Err(Bogus),
        ),
        // An unsigned zone: that of the name, one above it, one below it, one elsewhere.
        ("good.test SOA I".into(), Ok(Insecure)),
        (format!("mx.good.test SOA I; {NSEC}"), Ok(Insecure)),
        (
            "0.good.test NSEC3 I; good.test SOA I good.test".into(),
            Ok(Insecure),
        ),
        ("test SOA I".into(), Ok(Insecure)),
        ("x.mx.good.test SOA I".into(), Err(Bogus)),
        ("plain.test SOA I".into(), Err(Bogus)),
        ("ood.test SOA I".into(), Err(Bogus)),
    ] {
        let reply = Written::new("mx.good.test", Tlsa, "", &authorities);
        let denied = |denial| expected.map(|security| (Found::Denied(denial), security));
        assert_eq!(reply.outcome(), denied(Denial::NoData), "{authorities}");
        let reply = reply.code(ResponseCode::NXDomain);
        assert_eq!(reply.outcome(), denied(Denial::NoDomain), "{authorities}");
    }
}

#[test]
fn a_zone_denies_nothing_below_a_cut_or_a_redirection() {
    let denied = |name, nsec| {
        let authorities = format!("test SOA S test; {nsec}:z.test S test");
        Written::new(name, Tlsa, "", &authorities).security()
    };
    // Signed by the parent zone, and repeated by an attacker. By their order they cover all names below.
    assert_eq!(denied("mx.good.test", "good.test CUT"), Err(Bogus));
    assert_eq!(denied("good.test", "good.test CUT"), Err(Bogus));
    assert_eq!(denied("mx.good.test", "good.test REDIRECTION"), Err(Bogus));
    // What stands beside the cut, at an apex, or at the redirection itself is a matter of the zone.
    assert_eq!(denied("goods.test", "good.test CUT"), Ok(Secure));
    assert_eq!(denied("mx.test", "test APEX"), Ok(Secure));
    assert_eq!(denied("good.test", "good.test REDIRECTION"), Ok(Secure));
    // The DS record of a cut belongs to the zone above, which says so of an unsigned delegation.
    let of_ds = |name| {
        let authorities = "test SOA S test; good.test CUT:z.test S test";
        let mut written = Written::new(name, Tlsa, "", authorities);
        written.query.set_query_type(RecordType::DS);
        written.security()
    };
    assert_eq!(of_ds("good.test"), Ok(Secure));
    assert_eq!(of_ds("below.good.test"), Err(Bogus));
}

#[test]
fn what_hickory_says_of_a_denial_counts() {
    let proven = format!("{SOA}; {NSEC3}");
    let foreign = "bad.test SOA S bad.test; 0.bad.test NSEC3 S bad.test";
    let too_many_iterations = Verdict::Objected(Proof::Insecure);
    let unknown = Verdict::Objected(Proof::Indeterminate);
    for (verdict, by_zone, by_other, by_none) in [
        (Verdict::Passed, Ok(Secure), Err(Bogus), Ok(Insecure)),
        (
            Verdict::PassedOn,
            Ok(Secure),
            Err(Bogus),
            Err(Indeterminate),
        ),
        (
            too_many_iterations,
            Ok(Insecure),
            Err(Bogus),
            Err(Indeterminate),
        ),
        (
            unknown,
            Err(Indeterminate),
            Err(Indeterminate),
            Err(Indeterminate),
        ),
        (
            Verdict::Objected(Proof::Bogus),
            Err(Bogus),
            Err(Bogus),
            Err(Bogus),
        ),
    ] {
        let denied =
            |authorities: &str| Written::new("good.test", Tlsa, "", authorities).verdict(verdict);
        assert_eq!(denied(&proven).security(), by_zone, "{verdict:?}");
        assert_eq!(denied(foreign).security(), by_other, "{verdict:?}");
        let mut none = denied("");
        assert_eq!(none.security(), by_none, "{verdict:?}");
        let signature = signature("good.test", RecordType::SOA, "good.test", 2);
        none.authorities.push(signature);
        assert_eq!(none.security(), by_none, "{verdict:?}");
        // A set with a signature of its own needs no denial.
        let found = Written::new("good.test", Tlsa, "good.test TLSA S good.test", "");
        assert_eq!(found.verdict(verdict).security(), Ok(Secure), "{verdict:?}");
    }
}

#[test]
fn a_denial_that_came_as_an_error_is_about_the_name_of_its_query() {
    let query = Query::try_from(&question("mx.good.test", Tlsa)).unwrap();
    let proven = section(&format!("{SOA}; {NSEC}"));
    let unsigned = section("good.test SOA I");
    let foreign = section(&format!("bad.test SOA S bad.test; {FOREIGN}"));
    for (authorities, expected) in [
        (Some(proven.as_slice()), Ok(Secure)),
        (Some(&unsigned), Ok(Insecure)),
        (Some(&foreign), Err(Bogus)),
        (Some(&[]), Err(Indeterminate)),
        (None, Err(Indeterminate)),
    ] {
        for (code, denial) in [
            (ResponseCode::NoError, Denial::NoData),
            (ResponseCode::NXDomain, Denial::NoDomain),
        ] {
            let hop = Hop::of_no_records(&query, code, authorities);
            let told = |name| outcome(&validated(&question(name, Tlsa), slice::from_ref(&hop)));
            let denied = expected.map(|security| (Found::Denied(denial), security));
            assert_eq!(told("mx.good.test"), denied, "{authorities:?}");
            // The name that was asked for is an alias of that one, and nothing is said of it.
            let elsewhere = Err(expected.err().unwrap_or(Indeterminate));
            assert_eq!(told("alias.good.test"), elsewhere, "{authorities:?}");
        }
    }
    let hop = Hop::of_no_records(&query, ResponseCode::ServFail, Some(&proven));
    let failed = LookupError::Rcode(Rcode::SERV_FAIL);
    assert_eq!(hop.security(), Err(failed));
}

#[test]
fn expanded_wildcards_need_a_proof_by_their_zone() {
    const EXPANDED: &str = "x.w.good.test TLSA S good.test 3";
    const EXACT: &str = "x.w.good.test TLSA S good.test 4";
    const DEEP: &str = "a.x.w.good.test TLSA S good.test 3";
    let both = format!("{EXPANDED}; {EXACT}");
    let alien_first = format!("x.w.good.test TLSA S bad.test 4; {EXPANDED}");
    let two_zones = format!("{NSEC}; {FOREIGN}");
    for (answers, authorities, expected) in [
        (EXPANDED, NSEC, Ok(Secure)),
        (EXPANDED, NSEC3, Ok(Secure)),
        (EXPANDED, "", Err(Bogus)),
        (EXPANDED, "plain.test SOA I", Err(Bogus)),
        (EXPANDED, SOA, Err(Bogus)),
        (
            EXPANDED,
            "a.good.test NSEC:z.good.test I good.test",
            Err(Bogus),
        ),
        (EXPANDED, FOREIGN, Err(Bogus)),
        (EXPANDED, &two_zones, Err(Bogus)),
        (&alien_first, FOREIGN, Err(Bogus)),
        // There is something between the wildcard and the name.
        (DEEP, NSEC, Ok(Secure)),
        (
            DEEP,
            "x.w.good.test NSEC:y.good.test S good.test",
            Err(Bogus),
        ),
        (
            DEEP,
            "a.good.test NSEC:z.x.w.good.test S good.test",
            Err(Bogus),
        ),
        (&both, "", Err(Bogus)),
        ("x.w.good.test CNAME:y.test S good.test 3", "", Err(Bogus)),
        // Nothing to expand, nothing to see, nothing to lose.
        (EXACT, "", Ok(Secure)),
        ("x.w.good.test TLSA S", "", Err(Indeterminate)),
        ("x.w.good.test TLSA I good.test 3", "", Ok(Insecure)),
    ] {
        let (name, _) = answers.split_once(' ').unwrap();
        let reply = Written::new(name, Tlsa, answers, authorities);
        assert_eq!(reply.security(), expected, "{answers} | {authorities}");
    }
    for (proof, expected) in [(Proof::Bogus, Err(Bogus)), (Proof::Insecure, Ok(Insecure))] {
        let reply = Written::new("x.w.good.test", Tlsa, EXPANDED, NSEC);
        let reply = reply.verdict(Verdict::Objected(proof));
        assert_eq!(reply.security(), expected);
    }
    // The signature of another set says nothing of this one.
    let mut reply = Written::new("x.w.good.test", Tlsa, "x.w.good.test TLSA S", "");
    for (owner, covered) in [
        ("x.w.good.test", RecordType::A),
        ("y.w.good.test", RecordType::TLSA),
    ] {
        let other = signature(owner, covered, "good.test", 4);
        reply.answers.push(other);
    }
    assert_eq!(reply.security(), Err(Indeterminate));
    // RFC 4034 §3.1.3: of an owner that is a wildcard itself, the asterisk is not counted.
    let reply = Written::new("*.good.test", Tlsa, "*.good.test TLSA S good.test", "");
    assert_eq!(reply.security(), Ok(Secure));
}

#[test]
fn a_denial_has_no_signature_among_its_answers() {
    for authorities in [
        &format!("{SOA}; {NSEC}"),
        &format!("{SOA}; {NSEC3}"),
        "good.test SOA I",
        "",
    ] {
        let mut reply = Written::new("mx.good.test", Tlsa, "", authorities);
        assert!(reply.security().is_ok(), "{authorities}");
        // Of a wildcard's records, which somebody took away.
        let left = signature("mx.good.test", RecordType::TLSA, "good.test", 2);
        reply.answers.push(left);
        assert_eq!(reply.security(), Err(Bogus), "{authorities}");
        reply.answers = vec![signature("x.test", RecordType::NS, "test", 1)];
        assert_eq!(reply.security(), Err(Bogus), "{authorities}");
    }
}

#[test]
fn hashed_denials_serve_the_first_wildcard_alone() {
    const EXPANDED: &str = "x.w.good.test TLSA S good.test 3";
    for (decoy, expected) in [
        ("y.x.w.good.test A B good.test 4", Err(Bogus)),
        ("w.good.test A S good.test 2", Err(Bogus)),
        ("y.w.good.test A S good.test 3", Ok(Secure)),
    ] {
        let before = format!("{decoy}; {EXPANDED}");
        let after = format!("{EXPANDED}; {decoy}");
        for (answers, authorities, expected) in [
            (&before, NSEC3, expected),
            (&after, NSEC3, Ok(Secure)),
            (&before, NSEC, Ok(Secure)),
        ] {
            let reply = Written::new("x.w.good.test", Tlsa, answers, authorities);
            assert_eq!(reply.security(), expected, "{answers} | {authorities}");
        }
    }
}
