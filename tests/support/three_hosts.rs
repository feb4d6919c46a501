//! Three mail hosts of every kind with servers of every kind, and what their records demand, written down by hand.

use std::net::IpAddr;

use smtp_dane::delivery::Transfer;
use smtp_dane::session::StartTlsOffer;
use smtp_dane::{DaneMode, InsecureMx, MxAlias, Policy};

use super::certificates::{leaf, other_leaf, tlsa_text};
use super::published::Demand;
use super::sites::{unusable, usable};
use super::world::{Run, Server, World};
use super::zone::{Chasing, Zone};

/// Whether the MX records are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MxAnswer {
    Secure,
    Insecure,
}

/// Three hosts, and this site behind them.
///
/// `mx1` is a secure alias of a signed host with usable TLSA records, behind an alias as well. `mx2` is a secure alias of an
/// unsigned host and has unusable records itself. `mx3` is no alias and has usable records.
pub fn world(mx: MxAnswer) -> World {
    let records = "example.org MX 10 mx1.example.com
         example.org MX 20 mx2.example.com
         example.org MX 25 mx3.example.com
         example.org MX 30 us.example.com";
    let zone = Zone::signed().chasing(Chasing::OneByOne);
    let zone = match mx {
        MxAnswer::Secure => zone.secure(records),
        MxAnswer::Insecure => zone.insecure(records),
    };
    let zone = zone
        .with(
            "example.com CNAME example.org
             mx1.example.com CNAME host.example.net
             host.example.net A 192.0.2.1
             host.example.net AAAA 2001:db8::1
             _25._tcp.host.example.net CNAME tlsa.example.net
             mx2.example.com CNAME host.unsigned.example
             mx3.example.com A 192.0.2.3
             mx3.example.com AAAA 2001:db8::3
             us.example.com A 192.0.2.30",
        )
        .with(&format!(
            "tlsa.example.net TLSA {}",
            tlsa_text(3, 1, 1, leaf())
        ))
        .insecure("host.unsigned.example A 192.0.2.2\nhost.unsigned.example AAAA 2001:db8::2")
        .with(&unusable("mx2.example.com"))
        .with(&usable("mx3.example.com"));
    let cleartext = Server {
        offers: StartTlsOffer::Absent,
        ..Server::with(leaf())
    };
    let broken = Server {
        handshakes: false,
        ..Server::with(leaf())
    };
    let busy = Server {
        transfer: Transfer::Delayed { code: 450 },
        ..Server::with(other_leaf())
    };
    World::new(zone)
        .server("2001:db8::1", Server::with(other_leaf()))
        .server("192.0.2.1", cleartext.clone())
        .server("2001:db8::2", cleartext.clone())
        .server("192.0.2.2", busy)
        .server("2001:db8::3", broken)
        .server("192.0.2.3", Server::with(leaf()))
        .server("192.0.2.30", cleartext)
}

/// What the records of a host demand of a connection, at least.
pub fn demand(host: u8, mx: MxAnswer, policy: &Policy) -> Demand {
    let insecure_mx = (mx == MxAnswer::Insecure).then_some(policy.insecure_mx);
    let published = match (host, insecure_mx) {
        (30, _) => return Demand::Silence,
        (_, Some(InsecureMx::Ignore)) => Demand::Nothing,
        (2, _) | (_, Some(InsecureMx::Encrypt)) => Demand::Encryption,
        _ => Demand::Authentication,
    };
    let aliased = host != 3;
    match policy.dane {
        _ if aliased && policy.mx_alias == MxAlias::Refuse => Demand::Silence,
        DaneMode::Mandatory if mx == MxAnswer::Insecure || host == 2 => Demand::Silence,
        _ => published,
    }
}

/// The host that an address belongs to.
pub fn host_of(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(address) => address.octets()[3],
        IpAddr::V6(address) => address.octets()[15],
    }
}

/// Demands that no mail went over a connection weaker than the records of its host demand.
pub fn assert_no_weaker(run: &Run, mx: MxAnswer, policy: &Policy, context: &str) {
    for (address, assurance) in &run.sent {
        let demand = demand(host_of(*address), mx, policy);
        assert!(Demand::met_by(assurance) >= demand, "{address}: {context}");
    }
    for address in &run.connected {
        let demand = demand(host_of(*address), mx, policy);
        assert_ne!(demand, Demand::Silence, "{address}: {context}");
    }
}
