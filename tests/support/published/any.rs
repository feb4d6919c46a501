//! Strategies for random worlds.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use smtp_dane::delivery::Transfer;
use smtp_dane::dns::Security;
use smtp_dane::session::StartTlsOffer;
use smtp_dane::{
    AddressFamily, AnchorDates, CnId, DaneMode, FailedTls, InsecureMx, MxAlias, Policy,
    RawPublicKeys,
};

use super::{Family, Mailer, MxAnswer, Published, Tlsa};
use crate::support::certificates::{leaf, other_leaf};
use crate::support::world::Server;
use crate::support::zone::{Chasing, Failure};

fn failure() -> impl Strategy<Value = Failure> {
    prop::sample::select(&Failure::ALL[..])
}

/// Secure more often than not, so that DANE has a chance.
fn security() -> impl Strategy<Value = Security> {
    prop::sample::select(
        &[
            Security::Secure,
            Security::Secure,
            Security::Secure,
            Security::Insecure,
        ][..],
    )
}

fn server() -> impl Strategy<Value = Server> {
    let chains: &[&[u8]] = &[leaf(), leaf(), leaf(), other_leaf(), b"junk"];
    let transfers = [
        Transfer::Accepted,
        Transfer::Delayed { code: 451 },
        Transfer::Interrupted,
        Transfer::Accepted,
        Transfer::Delayed { code: 421 },
        Transfer::Rejected { code: 550 },
    ];
    let replies = [(220, 0), (220, 0), (220, 0), (220, 7), (454, 0), (501, 3)];
    (
        prop::bool::weighted(0.8),
        prop::bool::weighted(0.8),
        prop::sample::select(replies.to_vec()),
        prop::bool::weighted(0.8),
        prop::sample::select(chains.to_vec()),
        prop::sample::select(transfers.to_vec()),
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(connects, offers, start_tls, handshakes, chain, transfer, bare)| Server {
                connects,
                offers: if offers {
                    StartTlsOffer::Offered
                } else {
                    StartTlsOffer::Absent
                },
                start_tls,
                handshakes,
                chain: vec![chain.to_vec()],
                bare_key: bare && chain != b"junk",
                transfer,
                lost_at: None,
            },
        )
}

fn family() -> impl Strategy<Value = Family> {
    prop_oneof![
        5 => security().prop_map(Family::Address),
        2 => security().prop_map(Family::Denied),
        1 => failure().prop_map(Family::Fails),
    ]
}

fn records() -> impl Strategy<Value = Tlsa> {
    prop_oneof![
        2 => security().prop_map(Tlsa::Denied),
        4 => (security(), option::of(security())).prop_map(|(of, alias)| Tlsa::Usable(of, alias)),
        2 => (security(), option::of(security())).prop_map(|(of, alias)| Tlsa::Unusable(of, alias)),
        1 => failure().prop_map(Tlsa::Fails),
        1 => failure().prop_map(Tlsa::AliasFails),
    ]
}

fn mailer() -> impl Strategy<Value = Mailer> {
    (
        prop::sample::select(&[10_u16, 10, 20][..]),
        option::of(security()),
        (family(), family()),
        (records(), records()),
        option::weighted(0.2, failure()),
        [server(), server()],
    )
        .prop_map(
            |(preference, alias, (a, aaaa), (at_end, at_host), probe, servers)| Mailer {
                preference,
                alias,
                a,
                aaaa,
                at_end,
                at_host,
                probe,
                servers,
            },
        )
}

pub fn published() -> impl Strategy<Value = Published> {
    let mx = prop_oneof![
        12 => security().prop_map(MxAnswer::Records),
        3 => security().prop_map(MxAnswer::NoData),
        1 => security().prop_map(MxAnswer::NoDomain),
        1 => failure().prop_map(MxAnswer::Fails),
    ];
    (
        mx,
        option::of(security()),
        vec(mailer(), 1..4),
        prop::sample::select(&[Chasing::WholeChain, Chasing::OneByOne][..]),
        option::weighted(0.3, 0..3_usize),
    )
        .prop_map(|(mx, alias, hosts, chasing, ourselves)| Published {
            mx,
            alias,
            hosts,
            chasing,
            ourselves,
        })
}

pub fn policy() -> impl Strategy<Value = Policy> {
    (
        prop::sample::select(&[DaneMode::Opportunistic, DaneMode::Mandatory][..]),
        prop::sample::select(&[InsecureMx::UseTlsa, InsecureMx::Encrypt, InsecureMx::Ignore][..]),
        prop::sample::select(&[MxAlias::Expand, MxAlias::Expand, MxAlias::Refuse][..]),
        prop::sample::select(&[AddressFamily::Any, AddressFamily::V4, AddressFamily::V6][..]),
        prop::sample::select(
            &[
                FailedTls::Cleartext,
                FailedTls::Cleartext,
                FailedTls::Refuse,
            ][..],
        ),
        prop::sample::select(&[RawPublicKeys::Never, RawPublicKeys::AfterCertificates][..]),
        prop::sample::select(&[CnId::Fallback, CnId::Never][..]),
        prop::sample::select(&[AnchorDates::Check, AnchorDates::Ignore][..]),
    )
        .prop_map(
            |(dane, insecure_mx, mx_alias, address_family, failed_tls, raw, cn_id, dates)| {
                let mut policy = Policy::default();
                policy.dane = dane;
                policy.insecure_mx = insecure_mx;
                policy.mx_alias = mx_alias;
                policy.address_family = address_family;
                policy.failed_tls = failed_tls;
                policy.raw_public_keys = raw;
                policy.cn_id = cn_id;
                policy.anchor_dates = dates;
                policy
            },
        )
}
