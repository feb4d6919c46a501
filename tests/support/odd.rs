//! Server certificates that the rules of the public PKI refuse, and that usage 3 must take (RFC 7672 §3.1.1).

use std::sync::OnceLock;

use rcgen::{BasicConstraints, CertificateParams, CustomExtension, IsCa, KeyPair};
use rcgen::{SerialNumber, date_time_ymd};

use super::certificates::{leaf, spki};
use super::der::Fields;

/// Each with what is odd about it.
pub fn leaves() -> &'static [(&'static str, Vec<u8>)] {
    static LEAVES: OnceLock<Vec<(&str, Vec<u8>)>> = OnceLock::new();
    LEAVES.get_or_init(|| {
        vec![
            ("ordinary", leaf().to_vec()),
            ("X.509 v1", Fields::v1(spki(leaf())).to_certificate()),
            (
                "serial number of 30 octets",
                make(|params| params.serial_number = Some(SerialNumber::from_slice(&[0x55; 30]))),
            ),
            (
                "unknown critical extension",
                make(|params| {
                    let mut unknown =
                        CustomExtension::from_oid_content(&[1, 3, 6, 1, 99], vec![5, 0]);
                    unknown.set_criticality(true);
                    params.custom_extensions = vec![unknown];
                }),
            ),
            (
                "expired",
                make(|params| {
                    params.not_before = date_time_ymd(1999, 1, 1);
                    params.not_after = date_time_ymd(2000, 1, 1);
                }),
            ),
            (
                "not yet valid",
                make(|params| params.not_before = date_time_ymd(2999, 1, 1)),
            ),
            ("no names", make(|params| params.subject_alt_names.clear())),
            (
                "certification authority",
                make(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
            ),
        ]
    })
}

fn make(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["mx.example.com".to_owned()]).unwrap();
    change(&mut params);
    params.self_signed(&key).unwrap().der().to_vec()
}
