//! Damage in the chains that are sent, or to their records.

use rcgen::{DnType, SanType};
use smtp_dane::publish::Rule;
use smtp_dane::publish::Severity::{Critical, Note, Warning};

use super::{Row, kept, only, reissue, short};
use crate::publish::chain;
use crate::support::dane::record;
use crate::support::name;
use crate::support::pki::{HOST, expired, forged, not_yet_valid};

pub(super) const TABLE: &[Row] = &[
    (
        "server name enforced",
        Critical,
        Rule::NoDefaultChain,
        |server, site| {
            server.default_chains.clear();
            server.named_chains = vec![(name(HOST), site.below(&site.first))];
        },
    ),
    (
        "no certificate at all",
        Critical,
        Rule::EmptyChain,
        |server, _| {
            server.default_chains.push(Vec::new());
        },
    ),
    (
        "renewed with another key",
        Critical,
        Rule::RecordStale,
        |server, site| {
            let records = [record(3, 1, 1, &site.second)];
            only(
                server,
                &records,
                &[&site.first, &site.issuer.der, &site.root.der],
            );
        },
    ),
    (
        "renewed with the same key, record of the certificate",
        Critical,
        Rule::RecordStale,
        |server, site| {
            server.records = vec![record(3, 0, 1, &site.second), record(3, 1, 1, &site.first)];
            server.default_chains = vec![site.below(&site.first)];
        },
    ),
    (
        "one of two keys has no record",
        Critical,
        Rule::RecordStale,
        |server, _| {
            server.records.remove(0);
        },
    ),
    (
        "another combination is of the past",
        Critical,
        Rule::RecordStale,
        |server, site| {
            server.records.push(record(2, 1, 1, &site.next_root.der));
        },
    ),
    (
        "a chain for the host's name has no record",
        Critical,
        Rule::RecordStale,
        |server, site| {
            server.named_chains = vec![(name(HOST), site.below(kept(site.issuer.server())))];
        },
    ),
    (
        "SHA2-512 is of the past",
        Critical,
        Rule::RecordStale,
        |server, site| {
            server.records.push(record(3, 1, 2, &site.next));
        },
    ),
    (
        "from 3 1 1 to 2 0 1 at once",
        Critical,
        Rule::RecordStale,
        |server, site| {
            let records = [
                record(3, 1, 1, &site.first),
                record(2, 0, 1, &site.next_root.der),
            ];
            only(
                server,
                &records,
                &[&site.first, &site.issuer.der, &site.root.der],
            );
            server.next_chains = vec![site.next_chain()];
        },
    ),
    (
        "next key has no record",
        Critical,
        Rule::NextUnmatched,
        |server, site| {
            server.records.push(record(2, 0, 1, &site.next_root.der));
            server.next_chains = vec![site.next_chain()];
        },
    ),
    (
        "next authority has no record",
        Critical,
        Rule::NextUnmatched,
        |server, site| {
            server.records.push(record(3, 1, 1, &site.next));
            server.next_chains = vec![site.next_chain()];
        },
    ),
    (
        "next chain is empty",
        Critical,
        Rule::EmptyChain,
        |server, _| {
            server.next_chains = vec![Vec::new()];
        },
    ),
    (
        "the root is installed but not sent",
        Critical,
        Rule::AnchorNotSent,
        |server, site| {
            let records = [record(2, 0, 1, &site.root.der)];
            only(server, &records, &[&site.first, &site.issuer.der]);
        },
    ),
    (
        "the root's key is in the DNS, and it is not sent",
        Critical,
        Rule::AnchorNotSent,
        |server, site| {
            let records = [record(2, 1, 0, &site.root.der)];
            only(server, &records, &[&site.first, &site.issuer.der]);
        },
    ),
    (
        "2 0 0 stands beside 2 0 1, and the root is not sent",
        Critical,
        Rule::AnchorNotSent,
        |server, site| {
            let records = [
                record(2, 0, 0, &site.root.der),
                record(2, 0, 1, &site.root.der),
            ];
            only(server, &records, &[&site.first, &site.issuer.der]);
        },
    ),
    (
        "the next chain lacks its root",
        Critical,
        Rule::AnchorNotSent,
        |server, site| {
            server.next_chains = vec![chain(&[&site.second, &site.issuer.der])];
        },
    ),
    (
        "the intermediate is not sent",
        Critical,
        Rule::ChainIncomplete,
        |server, site| {
            server.default_chains = vec![chain(&[&site.first, &site.root.der])];
        },
    ),
    (
        "another name",
        Critical,
        Rule::NameMismatch,
        |server, site| {
            reissue(server, site, |params| {
                params.subject_alt_names =
                    vec![SanType::DnsName("other.example".try_into().unwrap())];
            });
        },
    ),
    (
        "the name of one next hop alone",
        Critical,
        Rule::NameMismatch,
        |server, site| {
            server.next_hops.push(name("example.net"));
            reissue(server, site, |params| {
                params.subject_alt_names =
                    vec![SanType::DnsName("example.net".try_into().unwrap())];
            });
        },
    ),
    (
        "a wildcard for two labels",
        Critical,
        Rule::NameMismatch,
        |server, site| {
            reissue(server, site, |params| {
                params.subject_alt_names = vec![SanType::DnsName("*.com".try_into().unwrap())];
            });
        },
    ),
    ("expired", Critical, Rule::Expired, |server, site| {
        reissue(server, site, expired);
    }),
    (
        "an authority has expired",
        Critical,
        Rule::Expired,
        |server, site| {
            let old = kept(site.root.cross_sign(&site.issuer, expired));
            server.default_chains = vec![chain(&[&site.first, old, &site.root.der])];
        },
    ),
    (
        "not yet valid",
        Critical,
        Rule::NotYetValid,
        |server, site| {
            reissue(server, site, not_yet_valid);
        },
    ),
    (
        "the next chain is not yet valid",
        Warning,
        Rule::NotYetValid,
        |server, site| {
            let leaf = kept(site.issuer.server_with(not_yet_valid));
            server.records.push(record(3, 1, 1, leaf));
            server.next_chains = vec![site.below(leaf)];
        },
    ),
    (
        "a broken signature",
        Critical,
        Rule::ChainRefused,
        |server, site| {
            let leaf = kept(forged(&site.first));
            let records = [record(3, 1, 1, leaf), record(2, 0, 1, &site.root.der)];
            only(server, &records, &[leaf, &site.issuer.der, &site.root.der]);
        },
    ),
    (
        "too many certificates",
        Critical,
        Rule::ChainRefused,
        |server, site| {
            server.default_chains = vec![vec![site.first.as_slice().into(); 17]];
        },
    ),
    (
        "the next hop's name alone",
        Warning,
        Rule::HostNotNamed,
        |server, site| {
            reissue(server, site, |params| {
                params.subject_alt_names =
                    vec![SanType::DnsName("example.com".try_into().unwrap())];
            });
        },
    ),
    (
        "the common name alone",
        Warning,
        Rule::CommonNameOnly,
        |server, site| {
            reissue(server, site, |params| {
                params.subject_alt_names.clear();
                params.distinguished_name.push(DnType::CommonName, HOST);
            });
        },
    ),
    (
        "ten days left",
        Warning,
        Rule::ExpiresSoon,
        |server, site| {
            reissue(server, site, short);
        },
    ),
    (
        "an authority with ten days left",
        Warning,
        Rule::ExpiresSoon,
        |server, site| {
            let old = kept(site.root.cross_sign(&site.issuer, short));
            server.default_chains = vec![chain(&[&site.first, old, &site.root.der])];
        },
    ),
    (
        "ten days left, usage 3",
        Note,
        Rule::ServerCertificateExpires,
        |server, site| {
            reissue(server, site, short);
            server.records.pop();
        },
    ),
    (
        "expired, usage 3",
        Note,
        Rule::ServerCertificateExpires,
        |server, site| {
            reissue(server, site, expired);
            server.records.pop();
        },
    ),
    (
        "a chain for another name",
        Note,
        Rule::FallbackOnly,
        |server, site| {
            server.named_chains = vec![(name("www.example.com"), site.below(&site.first))];
        },
    ),
];
