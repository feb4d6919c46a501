//! RFC 5280 §6.2 and RFC 7671 §5.2.1: what must hold of a trust anchor whose certificate is at hand. It is part of what its
//! owner published, so its restrictions count, whichever selector the record has.

use pki_types::UnixTime;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose as Purpose};
use rcgen::{IsCa, KeyUsagePurpose, date_time_ymd};
use smtp_dane::{AnchorDates, CnId, Policy, VerifyError};

use crate::support::dane::record;
use crate::support::pki::{
    Authority, HOST, algorithms, at, data, ders, excludes, expired, extension, forged, judge, met,
    no_authority, no_cert_sign, not_yet_valid, path_length, permits, unknown_critical, wanted,
};
use crate::support::world::NOW;

/// What is done to a certificate before it is signed.
type Change = Box<dyn Fn(&mut CertificateParams)>;

/// What becomes of a server with `between` authorities between it and a root to which `change` is done, whether a record
/// names the root by certificate or by key, and whether the root is sent or stands in the DNS alone.
fn below(
    change: impl Fn(&mut CertificateParams),
    between: usize,
    policy: &Policy,
    now: UnixTime,
) -> Result<(u8, usize), VerifyError> {
    let root = Authority::root_with("Root", change);
    let mut issuers = Vec::new();
    for n in 0..between {
        let below = issuers
            .last()
            .unwrap_or(&root)
            .below(&format!("Issuer {n}"));
        issuers.push(below);
    }
    let server = issuers.last().unwrap_or(&root).server();
    let authorities = issuers.iter().rev().map(|issuer| issuer.der.as_slice());
    let without_root: Vec<&[u8]> = [server.as_slice()].into_iter().chain(authorities).collect();
    let whole = [&without_root[..], &[&root.der]].concat();
    let verdict = |selector, matching, chain: &[&[u8]]| {
        let wanted = wanted(&[record(2, selector, matching, &root.der)], policy);
        met(&wanted.verify(&ders(chain), now, algorithms()))
    };
    let verdicts = [
        verdict(0, 1, &whole),
        verdict(0, 2, &whole),
        verdict(1, 1, &whole),
        verdict(1, 0, &whole),
        verdict(0, 0, &whole),
        verdict(0, 0, &without_root),
    ];
    assert!(
        verdicts.iter().all(|other| *other == verdicts[0]),
        "{verdicts:?}"
    );
    verdicts[0]
}

fn directly_below(change: impl Fn(&mut CertificateParams)) -> Result<(u8, usize), VerifyError> {
    below(change, 0, &Policy::default(), NOW)
}

fn ignoring_dates() -> Policy {
    let mut policy = Policy::default();
    policy.anchor_dates = AnchorDates::Ignore;
    policy
}

#[test]
fn an_anchor_is_an_authority() {
    assert_eq!(directly_below(|_| ()), Ok((2, 1)));
    assert_eq!(directly_below(no_authority), Err(VerifyError::NotACa));
    let nothing_said = |params: &mut CertificateParams| params.is_ca = IsCa::NoCa;
    assert_eq!(directly_below(nothing_said), Err(VerifyError::NotACa));
    // A path length without the flag makes none.
    let length_alone = |params: &mut CertificateParams| {
        params.is_ca = IsCa::NoCa;
        params.custom_extensions = vec![extension(&[2, 5, 29, 19], &[0x30, 3, 2, 1, 5], true)];
    };
    assert!(directly_below(length_alone).is_err());
}

#[test]
fn an_anchor_of_version_1_is_no_authority() {
    let chain = [data::V1_ROOT_SERVER, data::V1_ROOT];
    for (selector, matching) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let result = judge(&[record(2, selector, matching, data::V1_ROOT)], &chain);
        assert_eq!(result, Err(VerifyError::NotACa));
    }
}

#[test]
fn an_anchor_that_lists_what_its_key_is_for_signs_certificates() {
    assert_eq!(directly_below(no_cert_sign), Err(VerifyError::NotACa));
    let unlisted = |params: &mut CertificateParams| params.key_usages.clear();
    assert_eq!(directly_below(unlisted), Ok((2, 1)));
    let among_others = |params: &mut CertificateParams| {
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::DecipherOnly,
        ];
    };
    assert_eq!(directly_below(among_others), Ok((2, 1)));
}

#[test]
fn the_key_usage_of_an_anchor_may_be_written_with_idle_bits() {
    // keyCertSign and cRLSign in the shortest form, with one bit too many, and with an octet too many.
    for bits in [&[3, 2, 1, 6][..], &[3, 2, 0, 6], &[3, 3, 0, 6, 0]] {
        let change = |params: &mut CertificateParams| {
            params.key_usages.clear();
            params.custom_extensions = vec![extension(&[2, 5, 29, 15], bits, true)];
        };
        assert_eq!(directly_below(change), Ok((2, 1)), "{bits:02x?}");
    }
    // No bits at all are no permission.
    let none = |params: &mut CertificateParams| {
        params.key_usages.clear();
        params.custom_extensions = vec![extension(&[2, 5, 29, 15], &[3, 1, 0], true)];
    };
    assert_eq!(directly_below(none), Err(VerifyError::NotACa));
}

#[test]
fn an_anchor_that_lists_purposes_is_for_tls_servers() {
    for (purposes, fits) in [
        (vec![Purpose::ServerAuth], true),
        (vec![Purpose::Any], true),
        (vec![Purpose::ClientAuth, Purpose::ServerAuth], true),
        (vec![Purpose::ClientAuth], false),
        (
            vec![Purpose::Other(vec![1, 3, 6, 1, 5, 5, 7, 3, 1, 1])],
            false,
        ),
    ] {
        let list = |params: &mut CertificateParams| {
            params.extended_key_usages.clone_from(&purposes);
        };
        let expected = if fits {
            Ok((2, 1))
        } else {
            Err(VerifyError::Purpose)
        };
        assert_eq!(directly_below(list), expected, "{purposes:?}");
    }
    let empty = |params: &mut CertificateParams| {
        params.custom_extensions = vec![extension(&[2, 5, 29, 37], &[0x30, 0], false)];
    };
    assert!(directly_below(empty).is_err());
}

#[test]
fn the_path_length_of_an_anchor_holds() {
    let policy = Policy::default();
    for length in 0..3 {
        for between in 0..4 {
            let expected = if between <= usize::from(length) {
                Ok((2, between + 1))
            } else {
                Err(VerifyError::PathLength)
            };
            let result = below(path_length(length), between, &policy, NOW);
            assert_eq!(result, expected, "{length} {between}");
        }
    }
}

#[test]
fn authorities_that_issued_themselves_do_not_count_for_the_path_length_of_an_anchor() {
    let old = Authority::root_with("Root", path_length(0));
    let new = old.below("Root");
    let server = new.server();
    let chain = [&server, &new.der, &old.der].map(Vec::as_slice);
    assert_eq!(judge(&[record(2, 0, 1, &old.der)], &chain), Ok((2, 2)));
}

#[test]
fn a_path_length_beyond_any_path_is_no_obstacle() {
    for length in [&[2, 1, 0x7f][..], &[2, 2, 0, 0xff]] {
        let value = [
            &[0x30, 3 + u8::try_from(length.len()).unwrap(), 1, 1, 0xff],
            length,
        ]
        .concat();
        let change = |params: &mut CertificateParams| {
            params.is_ca = IsCa::NoCa;
            params.custom_extensions = vec![extension(&[2, 5, 29, 19], &value, true)];
        };
        assert_eq!(directly_below(change), Ok((2, 1)), "{length:02x?}");
    }
}

#[test]
fn the_dates_of_an_anchor_count_unless_the_policy_ignores_them() {
    for between in 0..3 {
        for (change, error) in [
            (Box::new(expired) as Change, VerifyError::Expired),
            (Box::new(not_yet_valid), VerifyError::NotYetValid),
        ] {
            let checked = below(&change, between, &Policy::default(), NOW);
            assert_eq!(checked, Err(error));
            let ignored = below(&change, between, &ignoring_dates(), NOW);
            assert_eq!(ignored, Ok((2, between + 1)));
        }
    }
}

#[test]
fn to_ignore_the_dates_of_an_anchor_ignores_nothing_else() {
    for (change, error) in [
        (Box::new(no_authority) as Change, VerifyError::NotACa),
        (Box::new(no_cert_sign), VerifyError::NotACa),
        (Box::new(path_length(0)), VerifyError::PathLength),
        (
            Box::new(permits("example.net")),
            VerifyError::NameConstraint,
        ),
    ] {
        let result = below(&change, 1, &ignoring_dates(), NOW);
        assert_eq!(result, Err(error));
    }
    // Nor the dates of other certificates.
    let root = Authority::root_with("Root", expired);
    let issuer = root.below("Issuer");
    let (old_issuer, old_server) = (
        root.cross_sign(&issuer, expired),
        issuer.server_with(expired),
    );
    let server = issuer.server();
    let wanted = wanted(&[record(2, 0, 1, &root.der)], &ignoring_dates());
    for chain in [
        [&old_server, &issuer.der, &root.der],
        [&server, &old_issuer, &root.der],
    ] {
        let result = wanted.verify(&ders(&chain.map(Vec::as_slice)), NOW, algorithms());
        assert_eq!(result, Err(VerifyError::Expired));
    }
}

#[test]
fn both_dates_of_an_anchor_are_within_its_period() {
    let period = |params: &mut CertificateParams| {
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2050, 1, 1);
    };
    let policy = Policy::default();
    let moved = |time: UnixTime, by: i64| {
        let seconds = time.as_secs().checked_add_signed(by).unwrap();
        UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
    };
    let (first, last) = (at(2026, 1, 1), at(2050, 1, 1));
    for (now, expected) in [
        (moved(first, -1), Err(VerifyError::NotYetValid)),
        (first, Ok((2, 1))),
        (last, Ok((2, 1))),
        (moved(last, 1), Err(VerifyError::Expired)),
    ] {
        assert_eq!(below(period, 0, &policy, now), expected);
    }
}

#[test]
fn an_anchor_may_be_valid_for_ever() {
    // RFC 5280 §4.1.2.5: 99991231235959Z says that there is no good last date.
    let for_ever = |params: &mut CertificateParams| {
        params.not_after = date_time_ymd(9999, 12, 31);
    };
    assert_eq!(directly_below(for_ever), Ok((2, 1)));
}

#[test]
fn the_name_constraints_of_an_anchor_hold() {
    for between in 0..3 {
        for (change, fits) in [
            (Box::new(permits("example.com")) as Change, true),
            (Box::new(permits("example.net")), false),
            (Box::new(excludes("example.com")), false),
            (Box::new(excludes("example.net")), true),
        ] {
            let expected = if fits {
                Ok((2, between + 1))
            } else {
                Err(VerifyError::NameConstraint)
            };
            assert_eq!(below(&change, between, &Policy::default(), NOW), expected);
        }
    }
}

#[test]
fn name_constraints_hold_for_a_common_name_that_stands_in_for_a_dns_id() {
    // RFC 9525 §7.6: they must cover the kinds of names that are compared. An authority that may name hosts of
    // `example.net` alone must not escape that by writing the name elsewhere.
    for (change, fits) in [
        (Box::new(permits("example.com")) as Change, true),
        (Box::new(permits("example.net")), false),
        (Box::new(excludes(HOST)), false),
        (Box::new(excludes("example.net")), true),
    ] {
        let root = Authority::root();
        let issuer = root.below_with("Issuer", &change);
        let nameless = |params: &mut CertificateParams| {
            params.subject_alt_names.clear();
            params.distinguished_name.push(DnType::CommonName, HOST);
        };
        let server = issuer.server_with(nameless);
        let chain = [&server, &issuer.der, &root.der].map(Vec::as_slice);
        for anchor in [&root, &issuer] {
            let result = judge(&[record(2, 0, 1, &anchor.der)], &chain);
            // The other name must fail; a name that is within may be refused as well.
            assert!(fits || result.is_err(), "{result:?}");
        }
        let mut never = Policy::default();
        never.cn_id = CnId::Never;
        let wanted = wanted(&[record(2, 0, 1, &root.der)], &never);
        let result = wanted.verify(&ders(&chain), NOW, algorithms());
        assert!(result.is_err());
    }
}

#[test]
fn a_critical_extension_that_is_not_understood_spoils_an_anchor() {
    // RFC 5280 §4.2: such a certificate must be rejected. What its owner wants of it is not known.
    assert_eq!(
        directly_below(unknown_critical),
        Err(VerifyError::CriticalExtension)
    );
}

#[test]
fn an_anchor_has_no_extension_twice() {
    for (identifier, value) in [
        ([2, 5, 29, 19], &[0x30, 3, 1, 1, 0xff][..]),
        ([2, 5, 29, 15], &[3, 2, 2, 4]),
        ([2, 5, 29, 37], &[0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1]),
    ] {
        let twice = |params: &mut CertificateParams| {
            let extension = extension(&identifier, value, false);
            params.custom_extensions = vec![extension.clone(), extension];
        };
        assert!(directly_below(twice).is_err(), "{identifier:?}");
    }
}

#[test]
fn the_signature_on_an_anchor_does_not_matter() {
    let root = Authority::root();
    let server = root.server();
    let odd = forged(&root.der);
    for selector in 0..2 {
        let result = judge(&[record(2, selector, 1, &odd)], &[&server, &odd]);
        assert_eq!(result, Ok((2, 1)));
    }
}

#[test]
fn if_one_anchor_will_not_do_another_one_may() {
    let changes: [Change; 6] = [
        Box::new(expired),
        Box::new(no_authority),
        Box::new(no_cert_sign),
        Box::new(path_length(0)),
        Box::new(permits("example.net")),
        Box::new(|params: &mut CertificateParams| {
            params.extended_key_usages = vec![Purpose::ClientAuth];
        }),
    ];
    for change in changes {
        // Two certificates for the root, above and below which all is well.
        let root = Authority::root();
        let spoilt = root.again(&change);
        let issuer = root.below("Issuer");
        let server = issuer.server();
        for (first, second) in [(&spoilt, &root.der), (&root.der, &spoilt)] {
            let chain = [&server, &issuer.der, first, second].map(Vec::as_slice);
            let records = [record(2, 0, 1, first), record(2, 0, 1, second)];
            assert_eq!(judge(&records, &chain), Ok((2, 2)));
            assert_eq!(judge(&[record(2, 1, 1, &root.der)], &chain), Ok((2, 2)));
            assert_eq!(judge(&[record(2, 0, 1, &root.der)], &chain), Ok((2, 2)));
            assert!(judge(&[record(2, 0, 1, &spoilt)], &chain).is_err());
        }
        // An anchor in the middle that will not do, and one above it.
        let spoilt = root.cross_sign(&issuer, |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
            params.not_after = date_time_ymd(2025, 1, 1);
        });
        let chain = [&server, &spoilt, &issuer.der, &root.der].map(Vec::as_slice);
        let records = [record(2, 0, 1, &spoilt), record(2, 0, 1, &root.der)];
        assert_eq!(judge(&records, &chain), Ok((2, 2)));
    }
}
