//! Replies that somebody on the path made up.

use core::net::{Ipv4Addr, SocketAddr};

use std::time::{SystemTime, UNIX_EPOCH};

use hickory_proto::dnssec::crypto::EcdsaSigningKey;
use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, NSEC, RRSIG, SigInput};
use hickory_proto::dnssec::{Algorithm, Proof, SigningKey, TBS};
use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType, SerialNumber};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use super::{SHORT, lookup};
use crate::lab::Lab;
use crate::lab::certificates::Identity;
use crate::lab::smtp::MailServer;
use crate::lab::zones::Zone;
use crate::validator::{Anchor, LookupFailure, Validator};

async fn lab() -> Lab {
    let identity = Identity::self_signed(&["mx.good.test"]).unwrap();
    let zones = vec![
        Zone::signed("good.test")
            .record("mx.good.test A 127.0.0.1")
            .record("*.wild.good.test A 127.0.0.2")
            .record("deep.host.wild.good.test AAAA ::1"),
        Zone::unsigned("plain.test").record("mail.plain.test A 127.0.0.1"),
    ];
    Lab::start(vec![MailServer::new("mx.good.test", 1, identity)], |_| {
        zones
    })
    .await
    .unwrap()
}

/// A server on the path to the authoritative one that replaces the replies to one question.
async fn forger(
    lab: &Lab,
    name: &'static str,
    record_type: RecordType,
    forge: impl Fn(&mut Message) + Send + 'static,
) -> (Validator, JoinSet<()>) {
    forger_of_all(lab, lab.trust_anchor().clone(), move |question, reply| {
        if question.name().to_ascii() == name && question.query_type() == record_type {
            forge(reply);
        }
    })
    .await
}

/// A server on the path to the authoritative one that may replace any reply.
pub(super) async fn forger_of_all(
    lab: &Lab,
    anchor: Anchor,
    forge: impl Fn(&Query, &mut Message) + Send + 'static,
) -> (Validator, JoinSet<()>) {
    let authority = lab.authority_address();
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let mut task = JoinSet::new();
    task.spawn(async move {
        let mut buffer = [0; 4096];
        loop {
            let (length, client) = socket.recv_from(&mut buffer).await.unwrap();
            let query = Message::from_vec(buffer.get(..length).unwrap()).unwrap();
            let mut reply = relay(authority, &query).await;
            let question = query.queries.first().unwrap();
            forge(question, &mut reply);
            socket
                .send_to(&reply.to_vec().unwrap(), client)
                .await
                .unwrap();
        }
    });
    (
        Validator::new(&[address], anchor, SHORT).await.unwrap(),
        task,
    )
}

pub(super) async fn relay(server: SocketAddr, query: &Message) -> Message {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    socket
        .send_to(&query.to_vec().unwrap(), server)
        .await
        .unwrap();
    let mut buffer = [0; 4096];
    let length = socket.recv(&mut buffer).await.unwrap();
    Message::from_vec(buffer.get(..length).unwrap()).unwrap()
}

/// The SOA record of the unsigned zone.
async fn unsigned_soa(lab: &Lab) -> Vec<Record> {
    let name = Name::from_ascii("plain.test.").unwrap();
    let mut found = lab
        .validator()
        .lookup(&name, RecordType::SOA)
        .await
        .unwrap();
    found
        .answers
        .retain(|record| record.proof == Proof::Insecure);
    assert!(!found.answers.is_empty());
    found.answers
}

pub(super) fn is_bogus<T>(result: &Result<T, LookupFailure>) -> bool {
    matches!(result, Err(LookupFailure::Bogus { .. }))
}

#[tokio::test]
async fn denial_from_an_unsigned_zone_elsewhere() {
    let lab = lab().await;
    let soa = unsigned_soa(&lab).await;
    let (validator, _task) = forger(&lab, "mx.good.test.", RecordType::A, move |reply| {
        reply.answers.clear();
        reply.authorities = soa.clone();
    })
    .await;
    let result = lookup(&validator, "mx.good.test.", RecordType::A).await;
    assert!(is_bogus(&result), "{result:?}");
}

#[tokio::test]
async fn denial_of_another_name() {
    let lab = lab().await;
    let denied = lookup(lab.validator(), "none.good.test.", RecordType::A).await;
    let denied = denied.unwrap();
    let (validator, _task) = forger(&lab, "mx.good.test.", RecordType::A, move |reply| {
        reply.metadata.response_code = denied.response_code();
        reply.answers.clear();
        reply.authorities = denied.authorities();
    })
    .await;
    let result = lookup(&validator, "mx.good.test.", RecordType::A).await;
    assert!(is_bogus(&result), "{result:?}");
}

#[tokio::test]
async fn wildcard_answer_for_a_name_that_exists() {
    let lab = lab().await;
    let found = lookup(lab.validator(), "x.any.wild.good.test.", RecordType::A)
        .await
        .unwrap();
    assert_eq!(found.proof(), Proof::Secure);
    let name = Name::from_ascii("deep.host.wild.good.test.").unwrap();
    let mut copied = [found.answers, found.signatures].concat();
    copied
        .iter_mut()
        .for_each(|record| record.name = name.clone());

    for authorities in [Vec::new(), unsigned_soa(&lab).await] {
        let copied = copied.clone();
        let (validator, _task) = forger(
            &lab,
            "deep.host.wild.good.test.",
            RecordType::A,
            move |reply| {
                reply.answers = copied.clone();
                reply.authorities = authorities.clone();
            },
        )
        .await;
        let result = lookup(&validator, "deep.host.wild.good.test.", RecordType::A).await;
        assert!(is_bogus(&result), "{result:?}");
    }
}

#[tokio::test]
async fn records_without_signatures() {
    let lab = lab().await;
    let (validator, _task) = forger(&lab, "mx.good.test.", RecordType::A, |reply| {
        reply
            .answers
            .retain(|record| record.record_type() == RecordType::A);
    })
    .await;
    let result = lookup(&validator, "mx.good.test.", RecordType::A).await;
    assert!(is_bogus(&result), "{result:?}");
}

#[tokio::test]
async fn delegation_without_its_digest() {
    let lab = lab().await;
    let soa = unsigned_soa(&lab).await;
    let (validator, _task) = forger(&lab, "good.test.", RecordType::DS, move |reply| {
        reply.answers.clear();
        reply.authorities = soa.clone();
    })
    .await;
    let result = lookup(&validator, "mx.good.test.", RecordType::A).await;
    assert!(is_bogus(&result), "{result:?}");
}

/// Signs a record of `bad.test` with a key of that zone.
fn signed(key: &EcdsaSigningKey, dnskey: &DNSKEY, record: Record) -> Vec<Record> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = u32::try_from(now.as_secs()).unwrap();
    let input = SigInput {
        type_covered: record.record_type(),
        algorithm: Algorithm::ECDSAP256SHA256,
        num_labels: record.name.num_labels(),
        original_ttl: record.ttl,
        sig_expiration: SerialNumber::new(now + 3600),
        sig_inception: SerialNumber::new(now - 3600),
        key_tag: dnskey.calculate_key_tag().unwrap(),
        signer_name: Name::from_ascii("bad.test.").unwrap(),
    };
    let set = core::iter::once(&record);
    let octets = TBS::from_input(&record.name, DNSClass::IN, &input, set).unwrap();
    let signature = RRSIG::from_sig(input, key.sign(&octets).unwrap());
    let rdata = RData::DNSSEC(DNSSECRData::RRSIG(signature));
    let signature = Record::from_rdata(record.name.clone(), record.ttl, rdata);
    vec![record, signature]
}

/// The owner of `bad.test` claims that there is nothing between a name of this zone and `z.test`.
#[tokio::test]
async fn denial_by_the_owner_of_another_zone() {
    let lab = lab().await;
    let algorithm = Algorithm::ECDSAP256SHA256;
    let pkcs8 = EcdsaSigningKey::generate_pkcs8(algorithm).unwrap();
    let key = EcdsaSigningKey::from_pkcs8(&pkcs8, algorithm).unwrap();
    let dnskey = DNSKEY::from_key(&key.to_public_key().unwrap());
    let apex = Name::from_ascii("bad.test.").unwrap();

    // In place of a delegation with a DS record, the zone's own key is an anchor.
    let (mut anchors, _) = lab.trust_anchor().clone().into_parts();
    anchors.insert_with_name(dnskey.public_key(), (&apex).into());
    let next = Name::from_ascii("z.test.").unwrap();
    let nsec = RData::DNSSEC(DNSSECRData::NSEC(NSEC::new(next, [RecordType::NSEC])));
    let owner = Name::from_ascii("a.bad.test.").unwrap();
    let nsec = signed(&key, &dnskey, Record::from_rdata(owner, 300, nsec));
    let keys = RData::DNSSEC(DNSSECRData::DNSKEY(dnskey.clone()));
    let keys = signed(&key, &dnskey, Record::from_rdata(apex.clone(), 300, keys));

    let soa = lookup(lab.validator(), "good.test.", RecordType::SOA).await;
    let soa = soa.unwrap();
    for soa in [Vec::new(), [soa.answers, soa.signatures].concat()] {
        let (nsec, keys, apex) = (nsec.clone(), keys.clone(), apex.clone());
        let anchor = Anchor::keys(anchors.clone());
        let (validator, _task) = forger_of_all(&lab, anchor, move |question, reply| {
            if *question.name() == apex && question.query_type() == RecordType::DNSKEY {
                reply.metadata.response_code = ResponseCode::NoError;
                reply.answers = keys.clone();
                reply.authorities.clear();
            } else if question.name().to_ascii() == "mx.good.test." {
                reply.metadata.response_code = ResponseCode::NXDomain;
                reply.answers.clear();
                reply.authorities = [nsec.clone(), soa.clone()].concat();
            }
        })
        .await;
        let name = Name::from_ascii("mx.good.test.").unwrap();
        let unchecked = validator.ask(&name, RecordType::A).await;
        assert!(unchecked.is_ok(), "hickory lets it pass: {unchecked:?}");
        let result = lookup(&validator, "mx.good.test.", RecordType::A).await;
        assert!(is_bogus(&result), "{result:?}");
    }
}

/// An NSEC record covers the name, but nothing rules out the wildcard that would have answered.
#[tokio::test]
async fn denial_of_a_name_that_a_wildcard_answers() {
    let lab = lab().await;
    let wildcard = lookup(lab.validator(), "x.any.wild.good.test.", RecordType::A).await;
    let wildcard = wildcard.unwrap();
    let authorities = wildcard
        .replies
        .first()
        .unwrap()
        .reply
        .authorities
        .iter()
        .filter(|record| record.record_type() != RecordType::SOA)
        .cloned()
        .collect::<Vec<_>>();
    let name = "x.any.wild.good.test.";
    let (validator, _task) = forger(&lab, name, RecordType::A, move |reply| {
        reply.metadata.response_code = ResponseCode::NXDomain;
        reply.answers.clear();
        reply.authorities = authorities.clone();
    })
    .await;
    let unchecked = validator
        .ask(&Name::from_ascii(name).unwrap(), RecordType::A)
        .await;
    assert!(unchecked.is_ok(), "hickory lets it pass: {unchecked:?}");
    let result = lookup(&validator, name, RecordType::A).await;
    assert!(is_bogus(&result), "{result:?}");
}

/// What a wildcard answers in the next zone.
const OWNER: &str = "_25._tcp.mx.good.test.";

/// A zone with hashed denials and wildcards.
async fn hashed_lab() -> Lab {
    let identity = Identity::self_signed(&["mx.good.test"]).unwrap();
    let zone = Zone::signed("good.test")
        .record("mx.good.test A 127.0.0.1")
        .record("*.good.test CNAME good.test")
        .tlsa("*._tcp.mx.good.test", 3, 1, 1, &[0xab; 32])
        .hashed(0);
    Lab::start(vec![MailServer::new("mx.good.test", 1, identity)], |_| {
        vec![zone]
    })
    .await
    .unwrap()
}

/// With hashed denials, hickory takes any signature in the answer section for that of a wildcard that answered, which wants less of a
/// proof than that there is nothing.
#[tokio::test]
async fn denial_of_what_a_wildcard_has_beside_its_signature() {
    let lab = hashed_lab().await;
    let found = lookup(lab.validator(), OWNER, RecordType::TLSA).await;
    let found = found.unwrap();
    assert_eq!(found.proof(), Proof::Secure);
    let soa = lookup(lab.validator(), "good.test.", RecordType::SOA).await;
    let soa = soa.unwrap();

    let authorities = [found.authorities(), soa.answers, soa.signatures].concat();
    let (validator, _task) = forger(&lab, OWNER, RecordType::TLSA, move |reply| {
        reply
            .answers
            .retain(|record| record.record_type() == RecordType::RRSIG);
        reply.authorities = authorities.clone();
    })
    .await;
    let name = Name::from_ascii(OWNER).unwrap();
    let unchecked = validator.ask(&name, RecordType::TLSA).await;
    assert!(unchecked.is_ok(), "hickory lets it pass: {unchecked:?}");
    let result = lookup(&validator, OWNER, RecordType::TLSA).await;
    assert!(is_bogus(&result), "{result:?}");
}

/// A closer wildcard has the records. To hide that, an alias from a wildcard further up comes with a decoy: a set whose signature has
/// as many labels as hickory would like to see.
#[tokio::test]
async fn wildcard_alias_over_a_closer_wildcard() {
    let lab = hashed_lab().await;
    let found = lookup(lab.validator(), OWNER, RecordType::TLSA).await;
    let found = found.unwrap();
    let alias = lookup(lab.validator(), "x.good.test.", RecordType::CNAME).await;
    let alias = alias.unwrap();
    let name = Name::from_ascii(OWNER).unwrap();
    let mut forged = [alias.answers, alias.signatures].concat();
    forged
        .iter_mut()
        .for_each(|record| record.name = name.clone());
    let decoy = Name::from_ascii("_26._tcp.mx.good.test.").unwrap();
    let mut decoys = [found.answers.clone(), found.signatures.clone()].concat();
    decoys
        .iter_mut()
        .for_each(|record| record.name = decoy.clone());
    forged.extend(decoys);
    let authorities = found.authorities();

    let mut passed = 0;
    for _ in 0..32 {
        let (forged, authorities) = (forged.clone(), authorities.clone());
        let (validator, _task) = forger(&lab, OWNER, RecordType::TLSA, move |reply| {
            reply.answers = forged.clone();
            reply.authorities = authorities.clone();
        })
        .await;
        if validator.ask(&name, RecordType::TLSA).await.is_ok() {
            passed += 1;
        }
        let result = lookup(&validator, OWNER, RecordType::TLSA).await;
        assert!(is_bogus(&result), "{result:?}");
    }
    // Hickory puts the sets into a random order, and looks at the first signature then.
    assert_ne!(passed, 0, "hickory lets half of them pass");
}
