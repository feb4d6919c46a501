//! The self-check and the clients agree, whatever is damaged.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rcgen::SanType;
use smtp_dane::publish::{Chain, Parameters, Server};
use smtp_dane::tlsa::{Record, Role};
use smtp_dane::{Authentication, Digests, Name, Policy};
use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::{chain, findings, is_refused, site};
use crate::support::dane::{raw, record};
use crate::support::name;
use crate::support::pki::{HOST, algorithms, expired, not_yet_valid};
use crate::support::world::NOW;

/// Leaves in good order and in bad one.
fn leaves() -> &'static [Vec<u8>] {
    static LEAVES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    LEAVES.get_or_init(|| {
        let issuer = &site().issuer;
        let named = |names: &'static [&str]| {
            issuer.server_with(|params| {
                let dns = |name: &&str| SanType::DnsName((*name).try_into().unwrap());
                params.subject_alt_names = names.iter().map(dns).collect();
            })
        };
        vec![
            site().first.clone(),
            site().second.clone(),
            named(&["*.example.com"]),
            named(&["example.com"]),
            named(&["example.com", "example.net"]),
            named(&["other.example"]),
            issuer.server_with(expired),
            issuer.server_with(not_yet_valid),
            site().next.clone(),
        ]
    })
}

/// The chain of a leaf, perhaps without some of the certificates behind it.
fn any_chain() -> impl Strategy<Value = Chain<'static>> {
    // Good ones more often, so that good servers are among those that are made.
    let leaf = prop_oneof![3 => 0..2_usize, 1 => 0..leaves().len()];
    (leaf, prop_oneof![4 => Just(0), 1 => 1..4_u8]).prop_map(|(number, cut)| {
        let (site, leaf) = (site(), &leaves()[number]);
        match cut {
            0 if number + 1 == leaves().len() => chain(&[leaf, &site.next_root.der]),
            0 => chain(&[leaf, &site.issuer.der, &site.root.der]),
            1 => chain(&[leaf, &site.issuer.der]),
            2 => chain(&[leaf, &site.root.der]),
            _ => chain(&[leaf]),
        }
    })
}

fn any_parameters() -> impl Strategy<Value = (u8, u8, u8)> {
    (2..4_u8, 0..2_u8, 0..3_u8)
}

/// Records for the chains that were chosen, as by a publisher who does his work, or not quite.
fn records_for(chains: &[Chain<'static>], kinds: &[(u8, u8, u8)], above: usize) -> Vec<Record> {
    let mut records = Vec::new();
    for chain in chains {
        for &(usage, selector, matching) in kinds {
            let depth = if usage == 3 { 0 } else { above };
            let last = chain.len() - 1;
            records.push(record(usage, selector, matching, &chain[depth.min(last)]));
        }
    }
    records
}

fn any_next_hops() -> impl Strategy<Value = Vec<Name>> {
    let hops: [&[&str]; 4] = [
        &[],
        &["example.com"],
        &["example.net"],
        &["example.com", "example.net"],
    ];
    select(hops.to_vec()).prop_map(|hops| hops.iter().map(|hop| name(hop)).collect())
}

/// What a client that knows these names says of a chain.
fn verdict(next_hop: Option<&Name>, records: &[Record], chain: &Chain<'_>) -> bool {
    let (others, records) = (next_hop.cloned(), records.to_vec());
    let policy = Policy::default();
    Authentication::from_vouched_records(name(HOST), others, records, Role::Relay, &policy)
        .is_ok_and(|wanted| wanted.verify(chain, NOW, algorithms()).is_ok())
}

/// Every client accepts every chain by all records and by each combination alone.
fn is_accepted(server: &Server<'_>, chain: &Chain<'_>) -> bool {
    let mut groups: BTreeMap<Parameters, Vec<Record>> = BTreeMap::new();
    for record in &server.records {
        if record.usability(Role::Relay, Digests::default()).is_ok() {
            let group = groups.entry(Parameters::of(record).unwrap()).or_default();
            group.push(record.clone());
        }
    }
    let all = [&server.records];
    let mut sets = all.into_iter().chain(groups.values());
    let clients: Vec<Option<&Name>> = match server.next_hops.as_slice() {
        [] => vec![None],
        hops => hops.iter().map(Some).collect(),
    };
    sets.all(|records| {
        clients
            .iter()
            .all(|client| verdict(*client, records, chain))
    })
}

#[derive(Debug)]
struct Made {
    server: Server<'static>,
}

fn any_server() -> impl Strategy<Value = Made> {
    let damages = prop_oneof![
        2 => Just(Vec::new()),
        1 => vec((0..5_u8, any::<Index>(), any_parameters()), 1..3),
    ];
    (
        vec(any_chain(), 1..3),
        vec(any_chain(), 0..2),
        vec(any_chain(), 0..2),
        vec(any_parameters(), 1..4),
        prop_oneof![3 => Just(2_usize), 1 => 1..3_usize],
        any_next_hops(),
        damages,
    )
        .prop_map(|(default, named, next, kinds, above, hops, damages)| {
            let mut server = Server::new(name(HOST));
            let all = [default.clone(), named.clone(), next.clone()].concat();
            server.records = records_for(&all, &kinds, above);
            server.default_chains = default;
            server.named_chains = named.into_iter().map(|chain| (name(HOST), chain)).collect();
            server.next_chains = next;
            server.next_hops = hops;
            for (kind, place, (usage, selector, matching)) in damages {
                let records = &mut server.records;
                if records.is_empty() {
                    break;
                }
                let number = place.index(records.len());
                match kind {
                    0 => drop(records.remove(number)),
                    1 => records.push(record(usage, selector, matching, &site().next)),
                    2 => records.push(raw(usage, selector, matching, &[7; 32])),
                    3 => records.push(raw(1, selector, matching, &[7; 32])),
                    _ => records.push(record(usage, selector, matching, &site().root.der)),
                }
            }
            Made { server }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_the_self_check_passes_every_client_accepts(made in any_server()) {
        let server = &made.server;
        let found = findings(server);
        let named = server.named_chains.iter().map(|(_, chain)| chain);
        let mut chains = server.default_chains.iter().chain(named);
        let is_good = chains.all(|chain| is_accepted(server, chain));
        if !is_refused(&found) {
            prop_assert!(is_good, "{:?}", found);
            // A chain to come may still wait for its time.
            let waits = |chain: &Chain<'_>| chain[0].as_ref() == leaves()[7].as_slice();
            let mut next = server.next_chains.iter().filter(|chain| !waits(chain));
            prop_assert!(next.all(|chain| is_accepted(server, chain)));
        }
    }

    #[test]
    fn what_every_client_accepts_the_self_check_passes(made in any_server()) {
        let mut server = made.server;
        server.next_chains.clear();
        let named = server.named_chains.iter().map(|(_, chain)| chain);
        let mut chains = server.default_chains.iter().chain(named);
        // A client may do without the certificate of a bare key, but need not.
        let is_bare = |record: &Record| record.as_rdata().starts_with(&[2, 1, 0]);
        if chains.all(|chain| is_accepted(&server, chain)) && !server.records.iter().any(is_bare) {
            let found = findings(&server);
            prop_assert!(!is_refused(&found), "{:?}", found);
        }
    }
}

#[test]
fn good_and_bad_servers_are_made() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut made = || any_server().new_tree(&mut runner).unwrap().current();
    let refused = (0..200).filter(|_| is_refused(&findings(&made().server)));
    let refused = refused.count();
    assert!((20..180).contains(&refused), "{refused} of 200");
}
