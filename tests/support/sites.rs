//! Zones, policies and verdicts that many tests share.

use smtp_dane::resolve::{Demand, HostError, NextHop, Plan, TlsPolicy};
use smtp_dane::session::StartTlsOffer;
use smtp_dane::{AddressFamily, Authentication, DaneMode, Identity, InsecureMx, MxAlias, Name};
use smtp_dane::{Policy, Verified};

use super::certificates::{leaf, tlsa_text};
use super::world::{NOW, Run, Server, World};
use super::zone::Zone;
use super::{drive, name};

/// The next hop of most tests.
pub fn domain() -> NextHop {
    NextHop::domain(name("example.com"))
}

pub fn relay(host: &str) -> NextHop {
    NextHop::relay(name(host), smtp_dane::resolve::SMTP_PORT)
}

/// `example.com` with one mail host.
pub const ONE_HOST: &str = "example.com MX 10 mx.example.com\nmx.example.com A 192.0.2.1";

/// The same in a signed zone, with these lines besides.
pub fn one_host(tlsa: &str) -> Zone {
    Zone::signed().with(ONE_HOST).with(tlsa)
}

/// A delivery to the one host, which is this server.
pub fn deliver_by(zone: Zone, server: Server, policy: &Policy) -> Run {
    World::new(zone)
        .server("192.0.2.1", server)
        .deliver(domain(), policy)
}

pub fn deliver_to(zone: Zone, server: Server) -> Run {
    deliver_by(zone, server, &Policy::default())
}

/// A server that has the certificate of [`usable`], and does not offer STARTTLS.
pub fn without_start_tls() -> Server {
    Server {
        offers: StartTlsOffer::Absent,
        ..Server::with(leaf())
    }
}

/// The same, which offers STARTTLS and refuses it for now.
pub fn refusing_start_tls() -> Server {
    Server {
        start_tls: (454, 0),
        ..Server::with(leaf())
    }
}

/// The same, whose handshakes fail.
pub fn failing_handshakes() -> Server {
    Server {
        handshakes: false,
        ..Server::with(leaf())
    }
}

/// A TLSA record at port 25 of `host` that [`leaf`] matches.
pub fn usable(host: &str) -> String {
    format!("_25._tcp.{host} TLSA {}", tlsa_text(3, 1, 1, leaf()))
}

/// A TLSA record at port 25 of `host` of which a mail relay can make nothing: it speaks of the public PKI.
pub fn unusable(host: &str) -> String {
    format!("_25._tcp.{host} TLSA {}", tlsa_text(1, 1, 1, leaf()))
}

pub fn mandatory() -> Policy {
    let mut policy = Policy::default();
    policy.dane = DaneMode::Mandatory;
    policy
}

pub fn by_insecure_mx(insecure_mx: InsecureMx) -> Policy {
    let mut policy = Policy::default();
    policy.insecure_mx = insecure_mx;
    policy
}

pub fn refusing_aliases() -> Policy {
    let mut policy = Policy::default();
    policy.mx_alias = MxAlias::Refuse;
    policy
}

pub fn of_family(family: AddressFamily) -> Policy {
    let mut policy = Policy::default();
    policy.address_family = family;
    policy
}

/// A site that is known by one address and one name.
pub fn known_as(address: &str, host: &str) -> Policy {
    let mut policy = Policy::default();
    policy.identities = [
        Identity::Address(address.parse().unwrap()),
        Identity::Name(name(host)),
    ]
    .into();
    policy
}

/// What a plan demands, in one line.
pub fn verdict(plan: &Result<Plan, HostError>) -> String {
    match plan.as_ref().map(Plan::tls) {
        Ok(TlsPolicy::Authenticate(wanted)) => format!(
            "authenticate {} as {} for the {:?}",
            wanted.base(),
            words(wanted.reference_ids()),
            wanted.scope()
        ),
        Ok(TlsPolicy::Encrypt(encryption)) => format!("encrypt by {}", encryption.base()),
        Ok(TlsPolicy::Opportunistic(why)) => format!("opportunistic: {why:?}"),
        Ok(TlsPolicy::Audit(audit)) => match audit.demand() {
            Demand::Authenticate(wanted) => format!("audit: authenticate {}", wanted.base()),
            Demand::Encrypt(encryption) => format!("audit: encrypt by {}", encryption.base()),
            Demand::Refuse(HostError::Lookup(failed)) => {
                format!("audit: failed: {}", failed.question)
            }
            Demand::Refuse(error) => format!("audit: {error:?}"),
        },
        Ok(TlsPolicy::Pkix(pkix)) => format!("public PKI for {}", pkix.name()),
        Err(HostError::Lookup(failed)) => format!("failed: {}", failed.question),
        Err(error) => format!("{error:?}"),
    }
}

fn words(names: &[Name]) -> String {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    names.join(" ")
}

/// The verdict on the best host of a next hop, and what was asked for that host.
pub fn judge(zone: &Zone, next_hop: NextHop, policy: &Policy) -> (String, Vec<String>) {
    let (plan, asked) = drive::plan(zone, next_hop, policy);
    (verdict(&plan), asked)
}

/// The verdict alone, for the usual next hop and policy.
pub fn verdict_on(zone: &Zone) -> String {
    judge(zone, domain(), &Policy::default()).0
}

/// What the best host of a next hop must prove.
pub fn authentication(zone: &Zone, next_hop: NextHop) -> Authentication {
    let plan = drive::plan(zone, next_hop, &Policy::default()).0.unwrap();
    match plan.tls() {
        TlsPolicy::Authenticate(wanted) => wanted.clone(),
        other => panic!("nothing to prove: {other:?}"),
    }
}

/// A sound proof, of a host that no other test has.
pub fn foreign_proof() -> Verified {
    let zone = Zone::signed()
        .with("mx.elsewhere.example A 192.0.2.99")
        .with(&usable("mx.elsewhere.example"));
    let wanted = authentication(&zone, relay("mx.elsewhere.example"));
    wanted.verify(&[leaf().into()], NOW, &[]).unwrap()
}
