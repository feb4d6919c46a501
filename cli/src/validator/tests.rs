#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;

use hickory_proto::dnssec::Proof;
use hickory_proto::dnssec::rdata::DNSSECRData;
use hickory_proto::dnssec::{DigestType, TrustAnchors};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::net::UdpSocket;

use super::{Anchor, AnchorError, LookupFailure, Validated, Validator, system_servers};
use crate::lab::Lab;
use crate::lab::certificates::Identity;
use crate::lab::smtp::MailServer;
use crate::lab::zones::Zone;

mod answers;
mod forged;
mod kept;
mod laborious;
mod opt_out;
mod resolver;

const SHORT: Duration = Duration::from_secs(2);

async fn lab() -> Lab {
    let identity = Identity::self_signed(&["mx.good.test"]).unwrap();
    let zones = vec![
        Zone::signed("good.test")
            .record("good.test MX 10 mx.good.test")
            .record("mx.good.test A 127.0.0.1")
            .record("alias.good.test CNAME mx.good.test")
            .record("out.good.test CNAME mail.plain.test"),
        Zone::unsigned("plain.test").record("mail.plain.test A 127.0.0.1"),
        Zone::tampered("bad.test").record("bad.test MX 10 mx.bad.test"),
        Zone::signed("failing.test")
            .record("failing.test A 127.0.0.1")
            .failing("failing.test", RecordType::MX),
    ];
    Lab::start(vec![MailServer::new("mx.good.test", 1, identity)], |_| {
        zones
    })
    .await
    .unwrap()
}

async fn lookup(
    validator: &Validator,
    name: &str,
    record_type: RecordType,
) -> Result<Validated, LookupFailure> {
    validator
        .lookup(&Name::from_ascii(name).unwrap(), record_type)
        .await
}

fn types(found: &Validated) -> Vec<(RecordType, Proof)> {
    found
        .answers
        .iter()
        .map(|record| (record.record_type(), record.proof))
        .collect()
}

#[tokio::test]
async fn proofs_of_each_part() {
    let lab = lab().await;
    let validator = lab.validator();

    let found = lookup(validator, "out.good.test.", RecordType::A)
        .await
        .unwrap();
    assert_eq!(
        types(&found),
        [
            (RecordType::CNAME, Proof::Secure),
            (RecordType::A, Proof::Insecure)
        ]
    );
    assert_eq!(found.proof(), Proof::Insecure);
    assert!(found.absence.is_none());

    let found = lookup(validator, "out.good.test.", RecordType::CNAME)
        .await
        .unwrap();
    assert_eq!(types(&found), [(RecordType::CNAME, Proof::Secure)]);

    let found = lookup(validator, "alias.good.test.", RecordType::TLSA)
        .await
        .unwrap();
    assert_eq!(types(&found), [(RecordType::CNAME, Proof::Secure)]);
    let absence = found.absence.as_ref().unwrap();
    let last = found.replies.last().unwrap();
    assert_eq!(last.query.name().to_ascii(), "mx.good.test.");
    assert_eq!(
        (absence.response_code, absence.proof),
        (ResponseCode::NoError, Proof::Secure)
    );
    assert!(
        found
            .authorities()
            .iter()
            .any(|record| record.record_type() == RecordType::NSEC)
    );

    let found = lookup(validator, "nothing.plain.test.", RecordType::TLSA)
        .await
        .unwrap();
    assert_eq!(
        (found.response_code(), found.proof()),
        (ResponseCode::NXDomain, Proof::Insecure)
    );
}

#[tokio::test]
async fn failures_are_told_apart() {
    let lab = lab().await;
    let validator = lab.validator();
    assert!(matches!(
        lookup(validator, "bad.test.", RecordType::MX).await,
        Err(LookupFailure::Bogus { .. })
    ));
    assert!(matches!(
        lookup(validator, "failing.test.", RecordType::MX).await,
        Err(LookupFailure::ResponseCode(ResponseCode::ServFail))
    ));

    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let anchor = lab.trust_anchor().clone();
    let unanswered = Validator::new(&[silent.local_addr().unwrap()], anchor, SHORT)
        .await
        .unwrap();
    assert!(matches!(
        lookup(&unanswered, "good.test.", RecordType::MX).await,
        Err(LookupFailure::Timeout)
    ));
}

#[tokio::test]
async fn foreign_anchor_makes_everything_bogus() {
    let lab = lab().await;
    let foreign = Validator::new(&[lab.authority_address()], Anchor::iana(), SHORT)
        .await
        .unwrap();
    for (name, record_type) in [
        ("good.test.", RecordType::MX),
        ("mail.plain.test.", RecordType::A),
        ("none.good.test.", RecordType::A),
    ] {
        let result = lookup(&foreign, name, record_type).await;
        assert!(
            matches!(result, Err(LookupFailure::Bogus { .. })),
            "{name}: {result:?}"
        );
    }
}

#[tokio::test]
async fn anchor_as_digest() {
    let lab = lab().await;
    let keys = lookup(lab.validator(), ".", RecordType::DNSKEY)
        .await
        .unwrap();
    let RData::DNSSEC(DNSSECRData::DNSKEY(key)) = &keys.answers.first().unwrap().data else {
        unreachable!()
    };
    let digest = key.to_digest(&Name::root(), DigestType::SHA256).unwrap();
    let hex: String = digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    let text = format!(
        "; the root\n. 3600 IN DS {} 13 2 (\n  {hex} ) ; done\n",
        key.calculate_key_tag().unwrap()
    );

    let validator = validator(&lab, &text).await.unwrap();
    let found = lookup(&validator, "good.test.", RecordType::MX)
        .await
        .unwrap();
    assert_eq!(found.proof(), Proof::Secure);

    let other = text.replace(&hex, &"0".repeat(64));
    assert!(matches!(
        self::validator(&lab, &other).await,
        Err(LookupFailure::NoAnchoredKey { .. })
    ));
}

async fn validator(lab: &Lab, anchor: &str) -> Result<Validator, LookupFailure> {
    let servers: [SocketAddr; 1] = [lab.authority_address()];
    Validator::new(&servers, anchor.parse().unwrap(), SHORT).await
}

#[test]
fn anchor_files() {
    let key = "AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3";
    let keys = |text: &str| {
        text.parse::<Anchor>()
            .map(|anchor| anchor.into_parts().0.len())
    };
    assert_eq!(keys(&format!(". IN DNSKEY 257 3 8 {key}\n")), Ok(1));
    assert_eq!(
        keys(&format!(
            ". 172800 IN DNSKEY 257 3 8 (\n {key} ; key\n )\n\n; end"
        )),
        Ok(1)
    );
    assert_eq!(keys("; nothing\n\n"), Err(AnchorError::Empty));
    assert!(matches!(
        keys("\n. IN A 127.0.0.1"),
        Err(AnchorError::Record { line: 2, .. })
    ));
    assert!(matches!(
        keys(". IN DS 1 13 2 zz"),
        Err(AnchorError::Record { line: 1, .. })
    ));
    assert!(matches!(
        keys("\n\n. IN DS ( 1 13 2"),
        Err(AnchorError::Record { line: 3, .. })
    ));
    assert_eq!(
        Anchor::iana().into_parts().0.len(),
        TrustAnchors::default().len()
    );
}

#[test]
fn system_configuration_is_read_or_refused() {
    assert!(system_servers().map_or(true, |servers| !servers.is_empty()));
}
