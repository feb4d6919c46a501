//! The worlds of one host: zones, routes and policies.

use std::sync::Arc;

use smtp_dane::RawPublicKeys;
use smtp_dane::dns::{RecordData, Security};
use smtp_dane::resolve::{NextHop, Route, RouteKind, Routing, SMTP_PORT, Step};
use smtp_dane::{AddressFamily, DaneMode, Identity, InsecureMx, MxAlias, Name, Policy};

use crate::facts::{Demand, demands};
use crate::zone::{Tlsa, Zone, address, mx, name};

/// How many worlds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a model has two sizes")]
pub enum Size {
    /// As many as a debug build explores in seconds: no policies but the modes of DANE.
    Small,
    /// All.
    Full,
}

/// One host, as one route leads to it, under one policy.
#[derive(Clone, Debug)]
pub struct Case {
    pub zone: Arc<Zone>,
    pub host: Name,
    pub policy: Policy,
    way: Way,
    demands: Vec<Demand>,
}

/// How the sender came to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    SecureMx,
    InsecureMx,
    SecureImplicit,
    InsecureImplicit,
    Relay,
    Submission,
}

impl Way {
    const ALL: [Self; 6] = [
        Self::SecureMx,
        Self::InsecureMx,
        Self::SecureImplicit,
        Self::InsecureImplicit,
        Self::Relay,
        Self::Submission,
    ];

    fn route(self) -> (RouteKind, Security) {
        match self {
            Self::SecureMx => (RouteKind::Explicit, Security::Secure),
            Self::InsecureMx => (RouteKind::Explicit, Security::Insecure),
            Self::SecureImplicit => (RouteKind::Implicit, Security::Secure),
            Self::InsecureImplicit => (RouteKind::Implicit, Security::Insecure),
            Self::Relay => (RouteKind::Relay, Security::Secure),
            Self::Submission => (RouteKind::Submission, Security::Secure),
        }
    }
}

impl Case {
    fn new(zone: &Arc<Zone>, host: &Name, way: Way, policy: Policy) -> Self {
        Self {
            zone: zone.clone(),
            host: host.clone(),
            demands: demands(zone, host, way.route(), &policy),
            policy,
            way,
        }
    }

    pub fn demands(&self) -> &[Demand] {
        &self.demands
    }

    /// The route, made without mandatory DANE, so that a host behind an insecure MX answer is met under it as well.
    pub fn route(&self) -> Route {
        let mut lenient = self.policy.clone();
        lenient.dane = DaneMode::Opportunistic;
        lenient.identities = Arc::from([]);
        let next_hop = match self.way {
            Way::Relay => NextHop::relay(self.host.clone(), SMTP_PORT),
            Way::Submission => NextHop::submission(self.host.clone(), SMTP_PORT),
            Way::SecureImplicit | Way::InsecureImplicit => NextHop::domain(self.host.clone()),
            Way::SecureMx | Way::InsecureMx => NextHop::domain(name("example.com")),
        };
        let records = match self.way.route().0 {
            RouteKind::Explicit => vec![RecordData::Mx(mx(10, "mx.example.com"))],
            _ => Vec::new(),
        };
        let mut routing = Routing::new(next_hop, &lenient, 1);
        if let Step::Lookup(queries) = routing.step() {
            let query = queries[0].clone();
            let record = |data| smtp_dane::dns::ResourceRecord {
                owner: query.question().name().clone(),
                ttl: 3600,
                data,
            };
            let records = records.into_iter().map(record).collect();
            let security = self.way.route().1;
            let answer = smtp_dane::dns::Answer::from_records(query.question(), records, security);
            routing.handle(query.id(), answer).unwrap();
        }
        match routing.step() {
            Step::Done(Ok(route)) => route.clone(),
            other => panic!("no route: {other:?}"),
        }
    }
}

/// Every case of this size.
pub fn host_cases(size: Size) -> Vec<Case> {
    let host = name("mx.example.com");
    let mut cases = Vec::new();
    for zone in zones(&host).into_iter().map(Arc::new) {
        for way in Way::ALL {
            for policy in policies(way, size) {
                cases.push(Case::new(&zone, &host, way, policy));
            }
        }
    }
    cases
}

/// All that a zone can say of a host.
fn zones(host: &Name) -> Vec<Zone> {
    let target = name("target.example.net");
    let second = name("second.example.net");
    let addresses = || vec![address("192.0.2.1"), address("2001:db8::1")];
    let plain = || lies(host).signed(host, addresses());
    let mut zones = vec![lies(host), lies(host).absent(host)];
    zones.extend(Tlsa::ALL.map(|tlsa| plain().tlsa(host, tlsa)));
    // One family alone, so that the other one is a secure denial.
    zones.push(
        lies(host)
            .signed(host, vec![address("192.0.2.1")])
            .tlsa(host, Tlsa::Right),
    );
    for behind in [Tlsa::Nothing, Tlsa::Other, Tlsa::Unusable, Tlsa::Delegated] {
        for own in [Tlsa::Nothing, Tlsa::Right, Tlsa::Unusable] {
            zones.push(
                lies(host)
                    .alias(host, &[&target])
                    .signed(&target, addresses())
                    .tlsa(&target, behind)
                    .tlsa(host, own),
            );
        }
    }
    let unsigned = name("target.unsigned.example");
    for own in [Tlsa::Nothing, Tlsa::Right, Tlsa::Unusable, Tlsa::Delegated] {
        zones.push(lies(host).alias(host, &[&unsigned]).tlsa(host, own));
    }
    // Zones that change while they are asked.
    let moved = name("moved.unsigned.example");
    zones.push(
        lies(host)
            .alias(host, &[&unsigned, &moved])
            .tlsa(host, Tlsa::Right),
    );
    zones.push(
        lies(host)
            .alias(host, &[&target, &second])
            .signed(&target, addresses())
            .signed(&second, vec![address("192.0.2.2"), address("2001:db8::2")])
            .tlsa(&target, Tlsa::Right)
            .tlsa(&second, Tlsa::Other)
            .tlsa(host, Tlsa::Nothing),
    );
    zones
}

/// The lies about names that are not signed: another address, this site's own, a denial, and an alias of a signed host that is
/// the adversary's, with TLSA records of its own.
fn lies(host: &Name) -> Zone {
    let theirs = name("mx.adversary.example");
    let mut zone = Zone::default()
        .signed(
            &theirs,
            vec![address("203.0.113.1"), address("2001:db8::bad")],
        )
        .tlsa(&theirs, Tlsa::Other);
    zone.forged_addresses = ["203.0.113.1", "2001:db8::bad", OWN_ADDRESS]
        .map(|ip| ip.parse().unwrap())
        .into();
    zone.forged_aliases = vec![theirs, host.clone()];
    zone.one_by_one = true;
    zone.forged_denials = true;
    zone
}

const OWN_ADDRESS: &str = "198.51.100.1";

/// The policies that a host lookup reads on this way. What a session alone reads is as lenient as can be; the model of the
/// session takes all of it.
fn policies(way: Way, size: Size) -> Vec<Policy> {
    let mut policies = Vec::new();
    let mut lenient = Policy::default();
    lenient.raw_public_keys = RawPublicKeys::AfterCertificates;
    lenient.identities = [Identity::Address(OWN_ADDRESS.parse().unwrap())].into();
    let modes = [
        DaneMode::Opportunistic,
        DaneMode::Mandatory,
        DaneMode::AuditOnly,
        DaneMode::Off,
    ];
    for dane in modes {
        lenient.dane = dane;
        policies.push(lenient.clone());
    }
    let mut add = |change: &dyn Fn(&mut Policy)| {
        for dane in [
            DaneMode::Opportunistic,
            DaneMode::Mandatory,
            DaneMode::AuditOnly,
        ] {
            let mut policy = lenient.clone();
            policy.dane = dane;
            change(&mut policy);
            policies.push(policy);
        }
    };
    if way == Way::InsecureMx {
        add(&|policy| policy.insecure_mx = InsecureMx::Encrypt);
        add(&|policy| policy.insecure_mx = InsecureMx::Ignore);
    }
    if size == Size::Full {
        add(&|policy| policy.mx_alias = MxAlias::Refuse);
        add(&|policy| policy.address_family = AddressFamily::V4);
        add(&|policy| policy.address_family = AddressFamily::V6);
        if way == Way::InsecureImplicit {
            add(&|policy| policy.insecure_mx = InsecureMx::Encrypt);
            add(&|policy| policy.insecure_mx = InsecureMx::Ignore);
        }
    }
    policies
}
