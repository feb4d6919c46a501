//! Records made of certificates, and which to publish.

use smtp_dane::VerifyError;
use smtp_dane::cert::{CertificateError, RawCertificate};
use smtp_dane::publish::{AdviceError, IssuerAdvice, Parameters, advise};
use smtp_dane::tlsa::{MakeError, MatchingType, Record, Selector, Usage};

use super::{chain, site};
use crate::support::dane::{raw, record};
use crate::support::name;
use crate::support::pki::{HOST, algorithms, data};
use crate::support::world::NOW;

#[test]
fn a_record_is_made_of_a_certificate_or_a_key() {
    for usage in 0..4 {
        for selector in 0..2 {
            for matching in 0..3 {
                let made = Record::of_certificate(
                    Usage(usage),
                    Selector(selector),
                    MatchingType(matching),
                    data::RSA_SERVER,
                );
                assert_eq!(
                    made,
                    Ok(record(usage, selector, matching, data::RSA_SERVER))
                );
            }
        }
    }
    let certificate = RawCertificate::parse(data::RSA_SERVER).unwrap();
    let key = certificate.subject_public_key_info();
    let made = Record::of_public_key(Usage::DANE_EE, MatchingType::SHA2_256, key);
    assert_eq!(made, Ok(record(3, 1, 1, data::RSA_SERVER)));
}

#[test]
fn no_record_is_made_of_what_makes_no_sense() {
    let made = |usage, selector, matching, octets: &[u8]| {
        Record::of_certificate(
            Usage(usage),
            Selector(selector),
            MatchingType(matching),
            octets,
        )
    };
    let leaf = &site().first;
    let errors = [
        (made(4, 1, 1, leaf), MakeError::UnknownUsage),
        (made(3, 2, 1, leaf), MakeError::UnknownSelector),
        (made(3, 1, 3, leaf), MakeError::UnknownMatchingType),
        (
            made(3, 0, 1, b"no certificate"),
            MakeError::Certificate(CertificateError::Structure),
        ),
        (
            Record::of_public_key(Usage::DANE_EE, MatchingType::FULL, leaf),
            MakeError::PublicKey,
        ),
    ];
    for (made, error) in errors {
        assert_eq!(made, Err(error));
        assert!(!error.to_string().is_empty() && error.cite().starts_with("RFC "));
    }
}

#[test]
fn the_key_and_the_nearest_authority_are_advised() {
    let site = site();
    let below = site.below(&site.first);
    let advice = advise(&name(HOST), &below, NOW, algorithms()).unwrap();
    assert_eq!(advice.server, record(3, 1, 1, &site.first));
    let by_issuer = record(2, 1, 1, &site.issuer.der);
    assert_eq!(advice.issuer, IssuerAdvice::Publish(by_issuer.clone()));
    let mixed = chain(&[&site.first, &site.root.der, &site.issuer.der]);
    assert_eq!(
        advise(&name(HOST), &mixed, NOW, algorithms()).as_ref(),
        Ok(&advice)
    );
    let other = advise(&name("other.example"), &below, NOW, algorithms()).unwrap();
    assert_eq!(other.issuer, IssuerAdvice::NameMissing(by_issuer));
    let alone = advise(&name(HOST), &chain(&[&site.first]), NOW, algorithms()).unwrap();
    assert_eq!(
        alone.issuer,
        IssuerAdvice::None(VerifyError::IssuerNotFound)
    );
    for advice in [advice, other, alone] {
        assert!(!advice.issuer.to_string().is_empty());
        assert!(advice.issuer.cite().starts_with("RFC "));
    }
}

#[test]
fn without_a_server_s_certificate_there_is_no_advice() {
    let host = name(HOST);
    let none = advise(&host, &[], NOW, algorithms()).unwrap_err();
    assert_eq!(none, AdviceError::NoCertificate);
    let garbage = advise(&host, &chain(&[b"garbage"]), NOW, algorithms()).unwrap_err();
    let reason = MakeError::Certificate(CertificateError::Structure);
    assert_eq!(garbage, AdviceError::Record(reason));
    for error in [none, garbage] {
        assert!(!error.to_string().is_empty() && error.cite().starts_with("RFC "));
    }
}

#[test]
fn parameters_are_those_of_the_record() {
    let of = |record: &Record| Parameters::of(record).map(|parameters| parameters.to_string());
    assert_eq!(of(&raw(2, 0, 1, &[])), Some("2 0 1".to_owned()));
    assert_eq!(of(&Record::from_rdata(&[3, 1])), None);
    assert_eq!(Parameters::SERVER_KEY.to_string(), "3 1 1");
    assert_eq!(Parameters::AUTHORITY.to_string(), "2 0 1");
}
