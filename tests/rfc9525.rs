//! RFC 9525, and RFC 6125 where RFC 7672 still follows it: which names of a certificate count, and how they are compared with
//! those by which the server was found.

use pki_types::UnixTime;
use rcgen::string::{BmpString, Ia5String, PrintableString, TeletexString, UniversalString};
use rcgen::{CertificateParams, DnType, DnValue, OtherNameValue, SanType};
use smtp_dane::cert::CertificateError;
use smtp_dane::resolve::NextHop;
use smtp_dane::{CnId, Name, Policy, VerifyError};

use crate::support::certificates::tlsa_text;
use crate::support::dane::record;
use crate::support::der::{SEQUENCE, tlv};
use crate::support::name;
use crate::support::pki::{Authority, HOST, algorithms, ders, extension, wanted_as};
use crate::support::sites::authentication;
use crate::support::world::NOW;
use crate::support::zone::Zone;

const DNS: u8 = 0x82;
const CONSTRUCTED_DNS: u8 = 0xa2;
const EMAIL: u8 = 0x81;
const URI: u8 = 0x86;
const ADDRESS: u8 = 0x87;

/// What a server with such a certificate proves of the names that it is asked for.
fn borne(
    names: &[Name],
    cn_id: CnId,
    change: impl FnOnce(&mut CertificateParams),
) -> Result<Name, VerifyError> {
    let root = Authority::root();
    let server = root.server_with(|params| {
        params.subject_alt_names.clear();
        change(params);
    });
    let mut policy = Policy::default();
    policy.cn_id = cn_id;
    let wanted = wanted_as(names, &[record(2, 0, 1, &root.der)], &policy);
    let proof = wanted.verify(&ders(&[&server, &root.der]), NOW, algorithms())?;
    Ok(proof.name().unwrap().clone())
}

/// Whether a list of alternative names, octet by octet, bears a name; the common name is another one.
fn bears(reference: &str, alternative: &[(u8, &[u8])]) -> bool {
    let entries: Vec<u8> = alternative
        .iter()
        .flat_map(|(tag, value)| tlv(*tag, value))
        .collect();
    let names = extension(&[2, 5, 29, 17], &tlv(SEQUENCE, &entries), false);
    let result = borne(&[name(reference)], CnId::Fallback, |params| {
        params.custom_extensions = vec![names];
    });
    match result {
        Ok(found) => found == name(reference),
        Err(VerifyError::NameMismatch) => false,
        Err(error) => panic!("{reference}: {error}"),
    }
}

fn common(params: &mut CertificateParams, text: impl Into<DnValue>) {
    params.distinguished_name.push(DnType::CommonName, text);
}

fn dns(text: &str) -> SanType {
    SanType::DnsName(text.try_into().unwrap())
}

#[test]
fn section_2_the_common_name_stands_in_only_by_policy_and_without_other_names() {
    let srv = SanType::OtherName((
        vec![1, 3, 6, 1, 5, 5, 7, 8, 7],
        OtherNameValue::Utf8String("_smtp.mx.example.com".to_owned()),
    ));
    let principal = SanType::OtherName((
        vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 3],
        OtherNameValue::Utf8String("somebody".to_owned()),
    ));
    let email = SanType::Rfc822Name("postmaster@example.com".try_into().unwrap());
    let address = SanType::IpAddress([192, 0, 2, 1].into());
    let uri = SanType::URI("sip:mx.example.com".try_into().unwrap());
    for (alternative, counts) in [
        (vec![], true),
        (vec![email.clone()], true),
        (vec![address.clone()], true),
        (vec![email, address.clone()], true),
        (vec![principal], true),
        (vec![dns("other.example")], false),
        (vec![address, dns("other.example")], false),
        // RFC 6125 §6.4.4.
        (vec![srv], false),
        (vec![uri], false),
    ] {
        for cn_id in [CnId::Fallback, CnId::Never] {
            let result = borne(&[name(HOST)], cn_id, |params| {
                params.subject_alt_names.clone_from(&alternative);
                common(params, HOST);
            });
            let expected = if counts && cn_id == CnId::Fallback {
                Ok(name(HOST))
            } else {
                Err(VerifyError::NameMismatch)
            };
            assert_eq!(result, expected, "{alternative:?} {cn_id:?}");
        }
    }
}

#[test]
fn section_2_a_name_of_another_form_that_begins_like_an_srv_id_is_none() {
    // An X.400 address [3] whose first element is the identifier of the SRV-ID.
    let identifier = [6, 8, 0x2b, 6, 1, 5, 5, 7, 8, 7];
    let names = tlv(SEQUENCE, &tlv(0xa3, &identifier));
    let result = borne(&[name(HOST)], CnId::Fallback, |params| {
        params.subject_alt_names.clear();
        let names = extension(&[2, 5, 29, 17], &names, false);
        params.custom_extensions.push(names);
        common(params, HOST);
    });
    assert_eq!(result, Ok(name(HOST)));
}

#[test]
fn section_2_a_dns_id_counts_whatever_the_policy_and_the_common_name() {
    for cn_id in [CnId::Fallback, CnId::Never] {
        let result = borne(&[name(HOST)], cn_id, |params| {
            params.subject_alt_names = vec![dns("a.example"), dns(HOST)];
            common(params, "b.example");
        });
        assert_eq!(result, Ok(name(HOST)));
    }
}

#[test]
fn rfc_7672_section_3_2_3_a_common_name_is_compared_like_a_dns_id() {
    for (presented, matches) in [
        ("mx.example.com", true),
        ("MX.Example.COM", true),
        ("*.example.com", true),
        ("*.com", false),
        ("m*.example.com", false),
        ("mx.example.com.", false),
        (" mx.example.com", false),
        ("mx.example.com mx.example.net", false),
        ("mx.example.com\0.example.net", false),
        ("example.com", false),
        ("", false),
    ] {
        let result = borne(&[name(HOST)], CnId::Fallback, |params| {
            common(params, presented)
        });
        assert_eq!(result.is_ok(), matches, "{presented:?}");
    }
}

#[test]
fn a_common_name_may_be_any_string_of_ascii_letters() {
    let text = HOST;
    let readable: [DnValue; 4] = [
        DnValue::Utf8String(text.to_owned()),
        DnValue::PrintableString(PrintableString::try_from(text).unwrap()),
        DnValue::Ia5String(Ia5String::try_from(text).unwrap()),
        DnValue::TeletexString(TeletexString::try_from(text).unwrap()),
    ];
    for value in readable {
        let result = borne(&[name(HOST)], CnId::Fallback, |params| {
            common(params, value.clone())
        });
        assert_eq!(result, Ok(name(HOST)), "{value:?}");
    }
    // Two or four octets a letter.
    for value in [
        DnValue::BmpString(BmpString::try_from(text).unwrap()),
        DnValue::UniversalString(UniversalString::try_from(text).unwrap()),
    ] {
        let result = borne(&[name(HOST)], CnId::Fallback, |params| {
            common(params, value.clone())
        });
        assert!(result.is_err(), "{value:?}");
    }
}

#[test]
fn of_several_common_names_any_counts_and_other_attributes_do_not() {
    // rcgen writes each kind of attribute once, so that the second common name goes by its number.
    let second = DnType::CustomDnType(vec![2, 5, 4, 3]);
    for (first, last) in [("x.example", HOST), (HOST, "x.example")] {
        let result = borne(&[name(HOST)], CnId::Fallback, |params| {
            common(params, first);
            params.distinguished_name.push(second.clone(), last);
        });
        assert_eq!(result, Ok(name(HOST)));
    }
    let result = borne(&[name(HOST)], CnId::Fallback, |params| {
        common(params, "a host");
        params
            .distinguished_name
            .push(DnType::OrganizationName, HOST);
        params
            .distinguished_name
            .push(DnType::OrganizationalUnitName, HOST);
    });
    assert_eq!(result, Err(VerifyError::NameMismatch));
}

#[test]
fn section_6_1_1_the_names_do_not_depend_on_what_the_server_presents() {
    let root = Authority::root();
    let wanted = wanted_as(
        &[name(HOST)],
        &[record(2, 0, 1, &root.der)],
        &Policy::default(),
    );
    let before = wanted.clone();
    for names in [vec![HOST], vec!["evil.example", "*.evil.example"]] {
        let names = names.into_iter().map(dns).collect();
        let server = root.server_with(|params| params.subject_alt_names = names);
        let _ = wanted.verify(&ders(&[&server, &root.der]), NOW, algorithms());
        assert_eq!(wanted, before);
        assert_eq!(wanted.reference_ids(), [name(HOST)]);
    }
}

#[test]
fn section_6_1_1_a_name_that_was_met_insecurely_is_not_asked_for() {
    let root = Authority::root();
    let zone = Zone::signed()
        .insecure("example.com CNAME target.example")
        .with("target.example MX 10 mx.example.com\nmx.example.com A 192.0.2.1")
        .with(&format!(
            "_25._tcp.mx.example.com TLSA {}",
            tlsa_text(2, 0, 1, &root.der)
        ));
    let wanted = authentication(&zone, NextHop::domain(name("example.com")));
    for (presented, matches) in [
        (HOST, true),
        ("example.com", false),
        ("target.example", false),
    ] {
        let server = root.server_with(|params| params.subject_alt_names = vec![dns(presented)]);
        let result = wanted.verify(&ders(&[&server, &root.der]), NOW, algorithms());
        assert_eq!(result.is_ok(), matches, "{presented}");
    }
}

#[test]
fn section_6_2_the_first_of_our_names_that_matches_is_the_one_that_is_proved() {
    let names = ["mx.example.com", "example.com", "example.org"].map(name);
    for (presented, proved) in [
        (&["example.org", "example.com"][..], 1),
        (&["example.org"], 2),
        (&["*.example.com", "example.org"], 0),
    ] {
        let result = borne(&names, CnId::Fallback, |params| {
            params.subject_alt_names = presented.iter().map(|name| dns(name)).collect();
        });
        // RFC 9525 §6.6: this name is the identity that is validated.
        assert_eq!(result, Ok(names[proved].clone()));
    }
}

#[test]
fn section_6_3_names_are_compared_label_by_label_without_regard_to_case() {
    for (reference, presented, matches) in [
        ("mx.example.com", "mx.example.com", true),
        ("MX.EXAMPLE.com", "mx.example.COM", true),
        ("mx.example.com.", "mx.example.com", true),
        ("mx.example.com", "example.com", false),
        ("example.com", "mx.example.com", false),
        ("mx.example.com", "mx.example.co", false),
        ("mx.example.com", "mx.example.comm", false),
        ("mx.example.com", "xmx.example.com", false),
        ("mx.example.com", "mx-example.com", false),
        ("mx_1.example.com", "mx_1.example.com", true),
        ("localhost", "localhost", true),
        // Letters alone have a case: `[` and `{` are no pair, nor are `@` and the grave accent.
        ("mx-1.example.com", "mx\r1.example.com", false),
    ] {
        assert_eq!(
            bears(reference, &[(DNS, presented.as_bytes())]),
            matches,
            "{reference} {presented}"
        );
    }
}

#[test]
fn section_6_3_internationalised_names_are_compared_as_a_labels() {
    let reference = "mx.xn--bcher-kva.example";
    for (presented, matches) in [
        ("mx.xn--bcher-kva.example".as_bytes(), true),
        ("MX.XN--BCHER-KVA.example".as_bytes(), true),
        ("*.xn--bcher-kva.example".as_bytes(), true),
        ("mx.bücher.example".as_bytes(), false),
        (b"mx.b\xfccher.example", false),
    ] {
        assert_eq!(
            bears(reference, &[(DNS, presented)]),
            matches,
            "{presented:?}"
        );
    }
}

#[test]
fn section_6_3_a_presented_name_that_is_malformed_is_passed_over() {
    for malformed in [
        &b"mx.example.com\0"[..],
        b"mx.example.com\0.evil.example",
        b"\0mx.example.com",
        b"mx.example.com.",
        b".mx.example.com",
        b"mx..example.com",
        b"mx.example.com ",
        b"",
        b".",
        b"*",
        b"*.",
        b"*.*.com",
        b"*.com",
        b"\xff\xfe",
        b"mx.example.com\n",
    ] {
        let entry = (DNS, malformed);
        assert!(!bears(HOST, &[entry]), "{malformed:?}");
        // It is no reason to pass over another one.
        assert!(
            bears(HOST, &[entry, (DNS, HOST.as_bytes())]),
            "{malformed:?}"
        );
        assert!(
            bears(HOST, &[(DNS, HOST.as_bytes()), entry]),
            "{malformed:?}"
        );
    }
}

#[test]
fn section_6_3_only_a_dns_id_is_a_dns_name() {
    for tag in [EMAIL, URI, ADDRESS, 0x88] {
        assert!(!bears(HOST, &[(tag, HOST.as_bytes())]), "{tag:#x}");
    }
    // A constructed one has its number and is none, be there a string in it or not.
    let string = tlv(0x16, HOST.as_bytes());
    for name in [HOST.as_bytes(), &string] {
        assert!(!bears(HOST, &[(CONSTRUCTED_DNS, name)]), "{name:02x?}");
    }
    // An address is none either, and a name that looks like one is a name like others, of which there is none to ask for.
    assert!(!bears("192.0.2.1", &[(ADDRESS, &[192, 0, 2, 1])]));
}

#[test]
fn section_6_3_alternative_names_that_cannot_be_read_are_no_names() {
    for names in [
        &b"no names"[..],
        &[0x30, 5, DNS, 2, b'm'],
        &[0x31, 0],
        &[0x30, 0x80, 0, 0],
    ] {
        let result = borne(&[name(HOST)], CnId::Fallback, |params| {
            params.custom_extensions = vec![extension(&[2, 5, 29, 17], names, false)];
            common(params, HOST);
        });
        let error = VerifyError::Certificate(CertificateError::Structure);
        assert_eq!(result, Err(error), "{names:02x?}");
    }
}

#[test]
fn section_6_6_a_server_without_the_name_is_refused_with_a_reason() {
    let root = Authority::root();
    let wanted = wanted_as(
        &[name("a.example")],
        &[record(2, 0, 1, &root.der)],
        &Policy::default(),
    );
    let verdict =
        |now: UnixTime| wanted.verify(&ders(&[&root.server(), &root.der]), now, algorithms());
    let error = verdict(NOW).unwrap_err();
    assert_eq!(error, VerifyError::NameMismatch);
    assert_eq!(error.cite(), "RFC 7672 §3.2.2");
}
