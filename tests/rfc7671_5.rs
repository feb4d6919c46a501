//! RFC 7671 §5.1 and §5.2: raw public keys, and trust anchors of usage 2. What §5.2.1 says of an anchor's restrictions is in
//! `rfc5280_6_2.rs`, what webs of certificates do is in `rfc7671_5_2.rs`.

use std::slice::from_ref;

use pki_types::SubjectPublicKeyInfoDer;
use rcgen::{PublicKeyData, date_time_ymd};
use smtp_dane::cert::CertificateError;
use smtp_dane::delivery::{Deferral, Outcome};
use smtp_dane::session::{Assurance, Refusal};
use smtp_dane::{CnId, Policy, RawPublicKeys, VerifyError};

use crate::support::certificates::{leaf, other_leaf, spki};
use crate::support::dane::{authentication, raw, record};
use crate::support::pki::{
    Authority, algorithms, data, ders, expired, forged, judge, met, new_key, no_authority,
    not_yet_valid, path_length, wanted,
};
use crate::support::sites::{ONE_HOST, domain, usable};
use crate::support::world::{NOW, Server, World};
use crate::support::zone::Zone;

#[test]
fn section_5_1_a_raw_public_key_is_matched_by_usage_3_and_selector_1() {
    for key in [
        spki(leaf()),
        spki(data::RSA_SERVER),
        spki(data::ED25519_ISSUER),
    ] {
        let bare = SubjectPublicKeyInfoDer::from(key);
        for usage in 2..4 {
            for selector in 0..2 {
                for matching in 1..3 {
                    let data = match matching {
                        1 => smtp_dane::tlsa::sha256(key).to_vec(),
                        _ => smtp_dane::tlsa::sha512(key).to_vec(),
                    };
                    let record = raw(usage, selector, matching, &data);
                    let result = authentication(from_ref(&record)).verify_raw_public_key(&bare);
                    if (usage, selector) == (3, 1) {
                        let proof = result.unwrap();
                        assert_eq!(proof.record(), Some(&record));
                        assert_eq!((proof.depth(), proof.name()), (0, None));
                    } else {
                        assert_eq!(result, Err(VerifyError::NoRecordMatched), "{record}");
                    }
                }
            }
        }
        let full = [raw(3, 1, 0, key)];
        assert!(authentication(&full).verify_raw_public_key(&bare).is_ok());
        let anchor = [raw(2, 1, 0, key)];
        let result = authentication(&anchor).verify_raw_public_key(&bare);
        assert_eq!(result, Err(VerifyError::NoRecordMatched));
    }
}

#[test]
fn section_5_1_a_raw_public_key_is_a_key_and_nothing_else() {
    let key = spki(leaf());
    let longer = [key, b"\0"].concat();
    let wanted = authentication(&[record(3, 1, 1, leaf())]);
    let error = VerifyError::Certificate(CertificateError::PublicKey);
    for other in [leaf(), &[], &key[1..], &key[..key.len() - 1], &longer] {
        let result = wanted.verify_raw_public_key(&SubjectPublicKeyInfoDer::from(other));
        assert_eq!(result, Err(error));
    }
    // Not even if its digest was published: nobody can have signed the handshake by it.
    let published = [raw(3, 1, 1, &smtp_dane::tlsa::sha256(b"no key"))];
    let result = authentication(&published).verify_raw_public_key(&b"no key"[..].into());
    assert_eq!(result, Err(error));
    let other = wanted.verify_raw_public_key(&spki(other_leaf()).into());
    assert_eq!(other, Err(VerifyError::NoRecordMatched));
}

#[test]
fn section_5_1_a_raw_public_key_is_offered_if_every_record_that_counts_can_match_one() {
    let key = [record(3, 1, 1, leaf()), record(3, 1, 0, leaf())];
    for (others, offered) in [
        (vec![], true),
        (vec![record(3, 1, 2, other_leaf())], true),
        (vec![record(3, 0, 1, leaf())], false),
        (vec![record(2, 1, 1, leaf())], false),
        (vec![record(2, 0, 1, leaf())], false),
        // What does not count does not matter.
        (vec![raw(9, 0, 1, b"x"), record(1, 0, 1, leaf())], true),
    ] {
        let records = [&key[..], &others].concat();
        let wanted = authentication(&records);
        assert_eq!(wanted.offers_raw_public_key(), offered, "{others:?}");
    }
    assert!(!authentication(&[record(2, 1, 0, leaf())]).offers_raw_public_key());
}

#[test]
fn section_5_1_a_server_with_a_bare_key_alone_is_reached_by_a_second_connection() {
    let zone = Zone::signed()
        .with(ONE_HOST)
        .with(&usable("mx.example.com"));
    let bare = |certificate| Server {
        bare_key: true,
        ..Server::with(certificate)
    };
    let mut asking = Policy::default();
    asking.raw_public_keys = RawPublicKeys::AfterCertificates;
    let [good, wrong] = [leaf(), other_leaf()]
        .map(|certificate| World::new(zone.clone()).server("192.0.2.1", bare(certificate)));

    let run = good.deliver(domain(), &asking);
    assert!(run.delivered());
    assert!(matches!(run.sent[0].1, Assurance::Authenticated(_)));
    assert_eq!(run.connected.len(), 2);

    let run = good.deliver(domain(), &Policy::default());
    assert!(!run.delivered());
    assert_eq!(run.connected.len(), 1);

    let run = wrong.deliver(domain(), &asking);
    assert!(run.sent.is_empty());
    let Outcome::Deferred(Deferral::Refused { refusal, .. }) = run.outcome() else {
        panic!("{:?}", run.outcome());
    };
    let reason = Refusal::NotAuthenticated(VerifyError::NoRecordMatched);
    assert_eq!(*refusal, reason);
}

#[test]
fn section_5_2_an_anchor_needs_no_public_authority_and_none_helps() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let server = issuer.server();
    let root_der = root.der.as_slice().into();
    let public = [webpki_anchor(&root_der)];
    // The anchor is not sent, as if the client were to have it: no digest gives it back.
    let wanted = wanted(
        &[record(2, 0, 1, &root.der), record(2, 1, 1, &root.der)],
        &Policy::default(),
    );
    let chain = ders(&[&server, &issuer.der]);
    let result = wanted.verify_with_roots(&chain, NOW, algorithms(), &public);
    assert_eq!(result, Err(VerifyError::NoRecordMatched));
    let chain = ders(&[&server, &issuer.der, &root.der]);
    let result = wanted.verify(&chain, NOW, algorithms());
    assert_eq!(met(&result), Ok((2, 2)));
}

fn webpki_anchor<'a>(root: &'a pki_types::CertificateDer<'a>) -> pki_types::TrustAnchor<'a> {
    webpki::anchor_from_trusted_cert(root).unwrap()
}

#[test]
fn section_5_2_the_server_itself_is_no_anchor() {
    // A self-signed certificate, which would be its own issuer.
    let authority = Authority::root_with("mx.example.com", |_| ());
    let plain = Authority::root_with("mx.example.com", no_authority);
    let root = Authority::root();
    let issued = root.server();
    for server in [leaf(), &authority.der, &plain.der, &issued] {
        for selector in 0..2 {
            for matching in 0..3 {
                let record = record(2, selector, matching, server);
                for length in 1..4 {
                    let result = judge(from_ref(&record), &vec![server; length]);
                    assert_eq!(result, Err(VerifyError::NoRecordMatched), "{record}");
                }
                let result = judge(from_ref(&record), &[server, &root.der]);
                assert_eq!(result, Err(VerifyError::NoRecordMatched), "{record}");
            }
        }
    }
}

#[test]
fn section_5_2_a_matching_certificate_beside_the_path_proves_nothing() {
    let (genuine, attacker) = (Authority::root(), Authority::root_with("Other", |_| ()));
    let namesake = Authority::root();
    let issuer = genuine.below("Issuer");
    let (by_attacker, by_namesake) = (attacker.server(), namesake.server());
    for selector in 0..2 {
        for matching in 0..3 {
            for anchor in [&genuine.der, &issuer.der] {
                let records = [record(2, selector, matching, anchor)];
                let decoys = [&issuer.der, &genuine.der].map(Vec::as_slice);
                let chain = [&[by_attacker.as_slice(), &attacker.der], &decoys[..]].concat();
                let result = judge(&records, &chain);
                assert_eq!(result, Err(VerifyError::IssuerNotFound));
                let chain = [&[by_namesake.as_slice(), &namesake.der], &decoys[..]].concat();
                assert!(judge(&records, &chain).is_err());
                let chain = [&[by_namesake.as_slice()], &decoys[..], &[&namesake.der]].concat();
                assert!(judge(&records, &chain).is_err());
            }
        }
    }
}

#[test]
fn section_5_2_the_name_and_the_path_are_those_of_one_certificate() {
    let root = Authority::root();
    let named = root.server();
    let other = root.server_with(|params| {
        params.subject_alt_names = vec![rcgen::SanType::DnsName("a.example".try_into().unwrap())];
    });
    let records = [record(2, 0, 1, &root.der)];
    let chain = [&other, &named, &root.der].map(Vec::as_slice);
    assert_eq!(judge(&records, &chain), Err(VerifyError::NameMismatch));
    let stranger = Authority::root_with("Stranger", |_| ()).server();
    let chain = [&stranger, &named, &root.der].map(Vec::as_slice);
    assert_eq!(judge(&records, &chain), Err(VerifyError::IssuerNotFound));
}

#[test]
fn section_5_2_2_an_anchor_in_full_may_stand_in_the_dns_alone() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let (direct, server) = (root.server(), issuer.server());
    let in_full = |authority: &Authority| [record(2, 0, 0, &authority.der)];
    assert_eq!(judge(&in_full(&root), &[&direct]), Ok((2, 1)));
    assert_eq!(judge(&in_full(&root), &[&server, &issuer.der]), Ok((2, 2)));
    assert_eq!(judge(&in_full(&issuer), &[&server]), Ok((2, 1)));
    assert_eq!(judge(&in_full(&issuer), &[&server, &root.der]), Ok((2, 1)));
    // It is an anchor, and no link between others.
    let records = [record(2, 0, 0, &issuer.der), record(2, 0, 1, &root.der)];
    assert_eq!(judge(&records, &[&server, &root.der]), Ok((2, 1)));
    assert_eq!(
        judge(&in_full(&root), &[&server]),
        Err(VerifyError::IssuerNotFound)
    );
    // Everything below it is checked as ever.
    let old = root.cross_sign(&issuer, expired);
    assert_eq!(
        judge(&in_full(&root), &[&server, &old]),
        Err(VerifyError::Expired)
    );
    let result = judge(&in_full(&root), &[&forged(&direct)]);
    assert_eq!(result, Err(VerifyError::Signature));
    // Only the record in full can do so.
    for (selector, matching) in [(0, 1), (0, 2), (1, 1), (1, 2)] {
        let record = record(2, selector, matching, &root.der);
        let result = judge(&[record], &[&direct]);
        assert_eq!(result, Err(VerifyError::NoRecordMatched));
    }
}

#[test]
fn section_5_2_3_a_bare_key_may_have_signed_the_topmost_certificate() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let sub = issuer.below("Sub");
    let (direct, server) = (root.server(), sub.server());
    let key = |authority: &Authority| [record(2, 1, 0, &authority.der)];
    // It is met at the certificate that it signed.
    assert_eq!(judge(&key(&root), &[&direct]), Ok((2, 0)));
    let chain = [&server, &sub.der, &issuer.der].map(Vec::as_slice);
    assert_eq!(judge(&key(&root), &chain), Ok((2, 2)));
    assert_eq!(judge(&key(&issuer), &chain[..2]), Ok((2, 1)));
    assert_eq!(judge(&key(&sub), &chain[..1]), Ok((2, 0)));
    // RSA, and a path of four kinds of keys.
    let rsa = [data::RSA_SERVER, data::RSA_ISSUER];
    assert_eq!(judge(&[record(2, 1, 0, data::RSA_ROOT)], &rsa), Ok((2, 1)));
    let mixed = [data::P256_SERVER, data::RSA_SUB, data::ED25519_ISSUER];
    assert_eq!(
        judge(&[record(2, 1, 0, data::P384_ROOT)], &mixed),
        Ok((2, 2))
    );
    assert_eq!(
        judge(&[record(2, 1, 0, data::ED25519_ISSUER)], &mixed[..2]),
        Ok((2, 1))
    );
}

#[test]
fn section_5_2_3_below_a_bare_key_everything_is_checked() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let server = issuer.server();
    let records = [record(2, 1, 0, &root.der)];
    let check = |server: &[u8], issuer: &[u8]| judge(&records, &[server, issuer]);
    assert_eq!(check(&server, &issuer.der), Ok((2, 1)));
    for (change, error) in [
        (
            &expired as &dyn Fn(&mut rcgen::CertificateParams),
            VerifyError::Expired,
        ),
        (&not_yet_valid, VerifyError::NotYetValid),
    ] {
        let topmost = root.cross_sign(&issuer, change);
        assert_eq!(check(&server, &topmost), Err(error));
        assert_eq!(check(&issuer.server_with(change), &issuer.der), Err(error));
        assert_eq!(judge(&records, &[&root.server_with(change)]), Err(error));
    }
    assert_eq!(
        check(&server, &forged(&issuer.der)),
        Err(VerifyError::Signature)
    );
    assert_eq!(
        check(&forged(&server), &issuer.der),
        Err(VerifyError::Signature)
    );
    assert!(check(&server, &root.cross_sign(&issuer, no_authority)).is_err());
    let sub = issuer.below("Sub");
    let narrow = root.cross_sign(&issuer, path_length(0));
    assert!(judge(&records, &[&sub.server(), &sub.der, &narrow]).is_err());
    let nameless = root.server_with(|params| params.subject_alt_names.clear());
    assert_eq!(
        judge(&records, &[&nameless]),
        Err(VerifyError::NameMismatch)
    );
    let other_key = [record(2, 1, 0, &Authority::root().der)];
    let result = judge(&other_key, &[&server, &issuer.der]);
    assert_eq!(result, Err(VerifyError::Signature));
}

#[test]
fn section_5_2_3_to_try_a_bare_key_at_other_certificates_does_not_hide_the_reason() {
    // Every signature is right here, and no other certificate was signed by the key.
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let sub = issuer.below("Sub");
    let records = [record(2, 1, 0, &root.der)];
    let no_ca = root.cross_sign(&issuer, no_authority);
    let result = judge(&records, &[&issuer.server(), &no_ca]);
    assert_eq!(result, Err(VerifyError::NotACa));
    let narrow = root.cross_sign(&issuer, path_length(0));
    let result = judge(&records, &[&sub.server(), &sub.der, &narrow]);
    assert_eq!(result, Err(VerifyError::PathLength));
}

#[test]
fn section_5_2_3_if_a_certificate_has_the_key_it_is_the_anchor() {
    let root = Authority::root();
    let issuer = root.below("Issuer");
    let server = issuer.server();
    let chain = [&server, &issuer.der, &root.der].map(Vec::as_slice);
    for (depth, anchor) in [(1, &issuer.der), (2, &root.der)] {
        assert_eq!(judge(&[record(2, 1, 0, anchor)], &chain), Ok((2, depth)));
        // Its own signature is none that matters.
        let odd = forged(anchor);
        let mut chain = chain;
        chain[depth] = &odd;
        assert_eq!(judge(&[record(2, 1, 0, anchor)], &chain), Ok((2, depth)));
    }
    // So the key does not lend its trust past the certificate: that one's restrictions count.
    let old = root.again(expired);
    let result = judge(&[record(2, 1, 0, &root.der)], &[&server, &issuer.der, &old]);
    assert_eq!(result, Err(VerifyError::Expired));
    let no_ca = root.again(no_authority);
    let result = judge(
        &[record(2, 1, 0, &root.der)],
        &[&server, &issuer.der, &no_ca],
    );
    assert_eq!(result, Err(VerifyError::NotACa));
}

#[test]
fn section_5_2_3_the_key_of_the_server_is_no_anchor_either() {
    let key = new_key();
    let root = Authority::root();
    let server = root.server_for(&key, |_| ());
    let records = [raw(2, 1, 0, &key.subject_public_key_info())];
    assert!(judge(&records, &[&server, &root.der]).is_err());
    assert!(judge(&records, &[&server]).is_err());
    // It signed itself.
    assert!(judge(&[record(2, 1, 0, leaf())], &[leaf()]).is_err());
}

#[test]
fn section_5_2_3_a_digest_of_a_key_is_no_key() {
    let root = Authority::root();
    for matching in 1..3 {
        let records = [record(2, 1, matching, &root.der)];
        let result = judge(&records, &[&root.server()]);
        assert_eq!(result, Err(VerifyError::NoRecordMatched));
    }
}

#[test]
fn section_5_2_names_are_checked_whichever_way_the_anchor_is_known() {
    let root = Authority::root();
    let server = root.server_with(|params| {
        params.subject_alt_names = vec![rcgen::SanType::DnsName("a.example".try_into().unwrap())];
        params.not_after = date_time_ymd(2030, 1, 1);
    });
    for (selector, matching) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)] {
        let records = [record(2, selector, matching, &root.der)];
        for cn_id in [CnId::Fallback, CnId::Never] {
            let mut policy = Policy::default();
            policy.cn_id = cn_id;
            let wanted = wanted(&records, &policy);
            let result = wanted.verify(&ders(&[&server, &root.der]), NOW, algorithms());
            assert_eq!(result, Err(VerifyError::NameMismatch));
        }
    }
    for matching in [record(2, 0, 0, &root.der), record(2, 1, 0, &root.der)] {
        assert_eq!(
            judge(&[matching], &[&server]),
            Err(VerifyError::NameMismatch)
        );
    }
}
