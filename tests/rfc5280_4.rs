//! RFC 5280 §4: fields and extensions of the certificates below a trust anchor.

use pki_types::UnixTime;
use rcgen::{ExtendedKeyUsagePurpose as Purpose, SanType, SerialNumber, date_time_ymd};
use smtp_dane::cert::CertificateError;
use smtp_dane::{Policy, VerifyError};

use crate::support::dane::record;
use crate::support::pki::{
    Authority, Four, HOST, algorithms, at, data, ders, excludes, extension, judge, new_key,
    permits, wanted,
};

#[test]
fn section_4_1_2_5_both_dates_are_within_the_period() {
    let root = Authority::root();
    let server = root.server_with(|params| {
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2026, 2, 1);
    });
    let chain = [server.as_slice(), &root.der];
    let wanted = wanted(&[record(2, 0, 1, &root.der)], &Policy::default());
    let verdict = |time| wanted.verify(&ders(&chain), time, algorithms()).map(drop);
    let moved = |time: UnixTime, by: i64| {
        let seconds = time.as_secs().checked_add_signed(by).unwrap();
        UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
    };
    let (first, last) = (at(2026, 1, 1), at(2026, 2, 1));
    assert_eq!(verdict(moved(first, -1)), Err(VerifyError::NotYetValid));
    assert_eq!(verdict(first), Ok(()));
    assert_eq!(verdict(last), Ok(()));
    assert_eq!(verdict(moved(last, 1)), Err(VerifyError::Expired));
}

#[test]
fn section_4_2_no_certificate_has_an_extension_twice() {
    let four = Four::sound();
    // The names, the key usage, the basic constraints (`CA:TRUE`).
    for (identifier, value) in [
        ([2, 5, 29, 17], &[0x30, 0][..]),
        ([2, 5, 29, 15], &[3, 2, 2, 4]),
        ([2, 5, 29, 19], &[0x30, 3, 1, 1, 0xff]),
    ] {
        for depth in 0..3 {
            let twice = [false, true].map(|critical| extension(&identifier, value, critical));
            let certificate = four.changed(depth, |params| params.custom_extensions = twice.into());
            let chain = four.chain(depth, &certificate);
            let result = judge(&[record(2, 0, 1, &four.root.der)], &chain);
            assert!(result.is_err(), "{identifier:?} at {depth}");
            assert_eq!(judge(&[record(3, 1, 1, chain[0])], &chain), Ok((3, 0)));
        }
    }
}

#[test]
fn section_4_2_1_12_a_certificate_that_lists_purposes_is_for_tls_servers() {
    let four = Four::sound();
    let anchor = [record(2, 0, 1, &four.root.der)];
    for (purposes, fits) in [
        (vec![], true),
        (vec![Purpose::ServerAuth], true),
        (vec![Purpose::ClientAuth, Purpose::ServerAuth], true),
        (vec![Purpose::Any], true),
        (vec![Purpose::ClientAuth], false),
        (vec![Purpose::EmailProtection, Purpose::CodeSigning], false),
        (vec![Purpose::Other(vec![1, 3, 6, 1, 5, 5, 7, 3])], false),
        (
            vec![Purpose::Other(vec![1, 3, 6, 1, 5, 5, 7, 3, 1, 1])],
            false,
        ),
        (
            vec![Purpose::Other(vec![1, 3, 6, 1, 5, 5, 7, 3, 257])],
            false,
        ),
    ] {
        for depth in 0..3 {
            let certificate = four.changed(depth, |params| {
                params.extended_key_usages.clone_from(&purposes);
            });
            let chain = four.chain(depth, &certificate);
            let expected = if fits {
                Ok((2, 3))
            } else {
                Err(VerifyError::Purpose)
            };
            assert_eq!(judge(&anchor, &chain), expected, "{purposes:?} at {depth}");
            // Usage 3 does not look at it.
            assert_eq!(judge(&[record(3, 1, 1, chain[0])], &chain), Ok((3, 0)));
        }
    }
}

#[test]
fn section_4_2_1_12_a_purpose_is_compared_as_it_was_written() {
    // Identifiers that look like the one for TLS servers if their numbers are cut off at 64 bits, or if a padded or
    // unfinished number is let pass.
    let prefix = [0x2b, 6, 1, 5, 5, 7, 3];
    let four = Four::sound();
    for end in [
        &[0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01][..],
        &[0x80, 0x01],
        &[0x01, 0x81],
    ] {
        let identifier = [&prefix[..], end].concat();
        let length = u8::try_from(identifier.len()).unwrap();
        let value = [&[0x30, length + 2, 6, length], &identifier[..]].concat();
        for depth in 0..3 {
            let certificate = four.changed(depth, |params| {
                params.custom_extensions = vec![extension(&[2, 5, 29, 37], &value, false)];
            });
            let chain = four.chain(depth, &certificate);
            let result = judge(&[record(2, 0, 1, &four.root.der)], &chain);
            assert!(result.is_err(), "{end:02x?} at {depth}: {result:?}");
        }
    }
}

/// What is done to a certificate before it is signed.
type Change = Box<dyn Fn(&mut rcgen::CertificateParams)>;

#[test]
fn section_4_2_1_10_the_names_of_the_server_are_within_what_each_authority_may_name() {
    let root = Authority::root();
    let cases: [(Change, &[&str], bool); 11] = [
        (Box::new(permits("example.com")), &[HOST], true),
        (Box::new(permits(HOST)), &[HOST], true),
        (Box::new(permits("example.net")), &[HOST], false),
        (Box::new(permits("x.example.com")), &[HOST], false),
        (Box::new(permits("ample.com")), &[HOST], false),
        (Box::new(excludes("example.com")), &[HOST], false),
        (Box::new(excludes("example.net")), &[HOST], true),
        // Each name counts, also one that nobody asked for.
        (
            Box::new(permits("example.com")),
            &[HOST, "example.net"],
            false,
        ),
        (
            Box::new(excludes("example.net")),
            &[HOST, "a.example.net"],
            false,
        ),
        // A wildcard stands for names that are excluded or not permitted.
        (Box::new(permits(HOST)), &["*.example.com"], false),
        (Box::new(excludes(HOST)), &["*.example.com"], false),
    ];
    for (place, (constrain, names, fits)) in cases.iter().enumerate() {
        let issuer = root.below_with("Issuer", constrain);
        let sub = issuer.below("Sub");
        let names: Vec<SanType> = names
            .iter()
            .map(|name| SanType::DnsName((*name).try_into().unwrap()))
            .collect();
        let server = sub.server_with(|params| params.subject_alt_names = names);
        let expected = if *fits {
            Ok((2, 3))
        } else {
            Err(VerifyError::NameConstraint)
        };
        let chain = [&server, &sub.der, &issuer.der, &root.der].map(Vec::as_slice);
        let result = judge(&[record(2, 0, 1, &root.der)], &chain);
        assert_eq!(result, expected, "{place}");
        assert_eq!(judge(&[record(3, 1, 1, &server)], &chain), Ok((3, 0)));
    }
}

#[test]
fn section_4_1_1_2_a_path_may_mix_kinds_of_keys() {
    let three = [data::RSA_SERVER, data::RSA_ISSUER, data::RSA_ROOT];
    let four = [
        data::P256_SERVER,
        data::RSA_SUB,
        data::ED25519_ISSUER,
        data::P384_ROOT,
    ];
    for chain in [&three[..], &four] {
        for (depth, anchor) in chain.iter().enumerate().skip(1) {
            for selector in 0..2 {
                let record = record(2, selector, 2, anchor);
                assert_eq!(judge(&[record], chain), Ok((2, depth)));
            }
        }
    }
    let result = judge(
        &[record(2, 0, 1, data::RSA_ROOT)],
        &[data::PSS_SERVER, data::RSA_ROOT],
    );
    assert_eq!(result, Ok((2, 1)));
}

#[test]
fn section_4_1_1_2_a_signature_of_a_kind_that_is_not_trusted_fails_and_says_so() {
    for (server, root) in [
        (data::SHA1_SERVER, data::RSA_ROOT),
        (data::P521_SERVER, data::P521_ROOT),
    ] {
        let result = judge(&[record(2, 1, 1, root)], &[server, root]);
        assert_eq!(result, Err(VerifyError::UnsupportedAlgorithm));
    }
    // ring takes no RSA key of fewer than 2048 bits.
    let result = judge(
        &[record(2, 0, 1, data::WEAK_ROOT)],
        &[data::WEAK_SERVER, data::WEAK_ROOT],
    );
    assert_eq!(result, Err(VerifyError::Signature));
    // A caller that trusts nothing authenticates nothing but usage 3.
    let root = Authority::root();
    let server = root.server();
    let chain = ders(&[&server, &root.der]);
    let none = |usage, certificate| {
        let wanted = wanted(&[record(usage, 1, 1, certificate)], &Policy::default());
        wanted.verify(&chain, at(2026, 1, 1), &[]).map(drop)
    };
    assert_eq!(none(2, &root.der), Err(VerifyError::UnsupportedAlgorithm));
    assert_eq!(none(3, &server), Ok(()));
}

#[test]
fn section_4_1_2_1_a_server_of_version_1_is_for_usage_3_alone() {
    let chain = [data::V1_SERVER, data::RSA_ROOT];
    let result = judge(&[record(2, 0, 1, data::RSA_ROOT)], &chain);
    let structure = VerifyError::Certificate(CertificateError::Structure);
    assert_eq!(result, Err(structure));
    assert_eq!(
        judge(&[record(3, 0, 1, data::V1_SERVER)], &chain),
        Ok((3, 0))
    );
}

#[test]
fn section_4_1_2_2_a_serial_number_may_be_long_or_zero() {
    let root = Authority::root();
    for serial in [&[0][..], &[0x55; 30], &[0xff; 100]] {
        let server = root.server_for(&new_key(), |params| {
            params.serial_number = Some(SerialNumber::from_slice(serial));
        });
        let chain = [server.as_slice(), &root.der];
        assert_eq!(judge(&[record(2, 0, 1, &root.der)], &chain), Ok((2, 1)));
    }
}
