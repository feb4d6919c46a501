//! The lists of domains that the models explore.

use std::num::NonZeroUsize;
use std::sync::Arc;

use smtp_dane::dns::{Mx, RecordData};
use smtp_dane::{DaneMode, FailedTls, InsecureMx, Policy, RawPublicKeys};

use crate::cases::Size;
use crate::domains::{ALL_MODES, Domain, ENFORCING, Kind, Plan, domain, identities, policy, relay};
use crate::server::Alphabet;
use crate::zone::{Tlsa, Zone, mx, name};

const RIGHT: Kind = Kind::Signed(Tlsa::Right);

/// The domains whose routes are explored, without a look at any connection.
pub fn routed(size: Size) -> Vec<Domain> {
    use Kind::{Ours, Unsigned};
    let mut sets: Vec<&[(u16, Kind)]> = vec![
        &[(10, RIGHT), (20, Ours), (30, Unsigned)],
        &[(10, Unsigned), (10, RIGHT), (20, Ours)],
        &[(10, Ours), (20, RIGHT)],
        &[
            (10, Kind::Alias(Tlsa::Right)),
            (20, Kind::HalfAlias(Tlsa::Right)),
        ],
        &[],
    ];
    if size == Size::Full {
        sets.push(&[(10, Unsigned), (10, Unsigned), (20, RIGHT)]);
        sets.push(&[(10, Unsigned), (20, Unsigned), (30, Unsigned)]);
    }
    let mut domains = Vec::new();
    for hosts in sets {
        for signed in [true, false] {
            for own in identities() {
                for dane in ALL_MODES {
                    let plan = Plan {
                        signed,
                        hosts,
                        many_lies: true,
                    };
                    let policy = policy(dane, |policy| policy.identities = own.clone().into());
                    domains.push(domain(&plan, policy, Alphabet::Few));
                }
            }
        }
    }
    domains.extend(odd_domains());
    domains
}

/// The domains to which mail is delivered.
pub fn delivered(size: Size) -> Vec<Domain> {
    let mut domains = with_one_host();
    domains.extend(with_several_hosts(size));
    domains.extend(with_few_attempts());
    domains.extend(behind_insecure_mx(size));
    for dane in ENFORCING {
        domains.push(relay(RIGHT, policy(dane, |_| ())));
        domains.push(relay(Kind::Addressless, policy(dane, |_| ())));
    }
    // Aliases of the domain are a matter of the route alone.
    let odd = odd_domains().into_iter();
    domains.extend(odd.filter(|domain| !domain.zone.one_by_one));
    domains
}

/// One host with two addresses, and everything that a server can do.
fn with_one_host() -> Vec<Domain> {
    use Kind::{Both, Unsigned};
    let mut domains = Vec::new();
    for kind in [Both(Tlsa::Right), Both(Tlsa::Unusable), Unsigned] {
        for dane in ALL_MODES {
            let raw = |policy: &mut Policy| {
                policy.raw_public_keys = RawPublicKeys::AfterCertificates;
            };
            let plan = Plan {
                signed: true,
                hosts: &[(10, kind)],
                many_lies: false,
            };
            domains.push(domain(&plan, policy(dane, raw), Alphabet::Full));
        }
    }
    domains
}

/// Two and three hosts, each of another kind.
fn with_several_hosts(size: Size) -> Vec<Domain> {
    use Kind::{Addressless, Alias, Both, HalfAlias, Ours, Signed, Unsigned};
    let mut sets: Vec<&[(u16, Kind)]> = vec![
        &[(10, RIGHT), (20, Signed(Tlsa::Unusable))],
        &[(10, HalfAlias(Tlsa::Right)), (20, Unsigned)],
        &[(10, Addressless), (20, Alias(Tlsa::Other))],
        &[(10, RIGHT), (20, Ours), (30, Signed(Tlsa::Nothing))],
        &[
            (10, RIGHT),
            (20, Signed(Tlsa::Unusable)),
            (30, Signed(Tlsa::Other)),
        ],
        &[(10, Addressless), (20, Addressless)],
        &[(10, Addressless), (20, Ours)],
    ];
    if size == Size::Full {
        sets.extend::<[&[(u16, Kind)]; 4]>([
            &[(10, Both(Tlsa::Right)), (20, Both(Tlsa::Nothing))],
            &[(10, RIGHT), (20, Unsigned), (30, Signed(Tlsa::Mixed))],
            &[
                (10, Signed(Tlsa::Agile)),
                (10, Unsigned),
                (20, Alias(Tlsa::Right)),
            ],
            &[(10, Unsigned), (20, Ours), (20, RIGHT)],
        ]);
    }
    let mut domains = Vec::new();
    for hosts in sets {
        for dane in ENFORCING {
            let plan = Plan {
                signed: true,
                hosts,
                many_lies: false,
            };
            let [.., own] = identities();
            let known = policy(dane, |policy| policy.identities = own.into());
            domains.push(domain(&plan, known, Alphabet::Few));
        }
    }
    domains
}

/// More addresses than the policy allows to be tried, of one host or in all.
fn with_few_attempts() -> [Domain; 2] {
    let plan = Plan {
        signed: true,
        hosts: &[(10, Kind::Both(Tlsa::Right)), (20, RIGHT)],
        many_lies: false,
    };
    let (one, two) = (NonZeroUsize::MIN, NonZeroUsize::MIN.saturating_add(1));
    let changes: [&dyn Fn(&mut Policy); 2] = [&|policy| policy.bounds.addresses = one, &|policy| {
        policy.bounds.attempts = two
    }];
    changes.map(|change| {
        let bounded = policy(DaneMode::Opportunistic, change);
        domain(&plan, bounded, Alphabet::Few)
    })
}

fn behind_insecure_mx(size: Size) -> Vec<Domain> {
    let mut plan = Plan {
        signed: false,
        hosts: &[(10, RIGHT), (20, Kind::Unsigned)],
        many_lies: size == Size::Full,
    };
    let mut domains = Vec::new();
    for insecure_mx in [InsecureMx::UseTlsa, InsecureMx::Encrypt, InsecureMx::Ignore] {
        let lenient = policy(DaneMode::Opportunistic, |policy| {
            policy.insecure_mx = insecure_mx;
        });
        domains.push(domain(&plan, lenient, Alphabet::Few));
    }
    plan.many_lies = true;
    let [.., own] = identities();
    let strict = policy(DaneMode::Mandatory, |policy| policy.identities = own.into());
    domains.push(domain(&plan, strict, Alphabet::Few));
    domains
}

/// The domains to which an audit delivers.
pub fn audited(size: Size) -> Vec<Domain> {
    use Kind::{Alias, Both, HalfAlias, Signed, Unsigned};
    let mut sets: Vec<&[(u16, Kind)]> = vec![
        &[(10, Both(Tlsa::Right))],
        &[(10, Both(Tlsa::Unusable))],
        &[(10, Signed(Tlsa::Overfull))],
        &[(10, HalfAlias(Tlsa::Right))],
        &[(10, Alias(Tlsa::Other))],
    ];
    if size == Size::Full {
        sets.push(&[(10, Unsigned)]);
        sets.push(&[(10, Signed(Tlsa::Right)), (20, Signed(Tlsa::Nothing))]);
    }
    let mut domains = Vec::new();
    for hosts in sets {
        for failed_tls in [FailedTls::Cleartext, FailedTls::Refuse] {
            for signed in [true, false] {
                let plan = Plan {
                    signed,
                    hosts,
                    many_lies: false,
                };
                let audit = policy(DaneMode::AuditOnly, |policy| policy.failed_tls = failed_tls);
                domains.push(domain(&plan, audit, Alphabet::Full));
            }
        }
    }
    domains
}

/// Domains that are aliases, do not exist, take no mail, or list a host twice.
fn odd_domains() -> Vec<Domain> {
    let domain_name = name("example.com");
    let (signed, unsigned) = (name("example.net"), name("unsigned.example"));
    let data = |records: Vec<Mx>| records.into_iter().map(RecordData::Mx).collect::<Vec<_>>();
    let hosts = || data(vec![mx(10, "mx0.example.com"), mx(20, "mx1.example.com")]);
    let twice = vec![
        mx(10, "mx0.example.com"),
        mx(5, "mx1.example.com"),
        mx(20, "mx1.example.com"),
        mx(0, "."),
    ];
    let mut lying = Zone::default().alias(&domain_name, &[&unsigned]);
    lying.forged_exchanges = vec![vec![mx(10, "mx0.example.com")], vec![mx(0, ".")]];
    lying.forged_denials = true;
    lying.forged_aliases = vec![signed.clone(), domain_name.clone()];
    lying.one_by_one = true;
    let lying = lying.signed(&signed, hosts());
    let mut aliased = Zone::default()
        .alias(&domain_name, &[&signed])
        .signed(&signed, hosts());
    aliased.one_by_one = true;
    let zones = [
        Zone::default().absent(&domain_name),
        Zone::default().signed(&domain_name, data(vec![mx(0, ".")])),
        Zone::default().signed(&domain_name, data(twice)),
        aliased,
        lying,
    ];
    let template = Plan {
        signed: true,
        hosts: &[(10, Kind::Unsigned), (20, Kind::Unsigned)],
        many_lies: false,
    };
    let mut domains = Vec::new();
    for zone in zones.map(Arc::new) {
        for dane in ENFORCING {
            let policy = policy(dane, |_| ());
            let mut odd = domain(&template, policy, Alphabet::Few);
            odd.zone = zone.clone();
            domains.push(odd);
        }
    }
    domains
}
