//! The table of all domains.

use hickory_proto::rr::RecordType;
use smtp_dane::tlsa::sha256;

use super::{Certificate, Expected, Scene, Server, Stored, with_host};
use crate::lab::smtp::{Credential, Handshake, StartTls};
use crate::lab::zones::Zone;
use crate::report::HostResult::{Authenticated, Cleartext, Encrypted, Refused, Skipped};

/// All of them.
pub(crate) static SCENES: &[Scene] = &[
    Scene {
        domain: "dane-ee.test",
        description: "a TLSA record 3 1 1 matches the server's key: authenticated",
        servers: &[Server::new("mx.dane-ee.test", 11)],
        zones: |ground| {
            let owner = ground.owner("mx.dane-ee.test");
            let key = ground.key("mx.dane-ee.test");
            vec![
                ground
                    .signed("dane-ee.test", 11)
                    .tlsa(&owner, 3, 1, 1, &key),
            ]
        },
        expected: Expected::delivered(
            &[("mx.dane-ee.test", Authenticated)],
            Stored::OverTls("mx.dane-ee.test"),
        ),
    },
    Scene {
        domain: "raw-key.test",
        description: "the server has a bare key and no certificate, and a TLSA record 3 1 1 matches it: authenticated",
        servers: &[Server {
            credential: Credential::RawPublicKey,
            ..Server::new("mx.raw-key.test", 40)
        }],
        zones: |ground| {
            let owner = ground.owner("mx.raw-key.test");
            let key = ground.key("mx.raw-key.test");
            vec![
                ground
                    .signed("raw-key.test", 40)
                    .tlsa(&owner, 3, 1, 1, &key),
            ]
        },
        expected: Expected::delivered(
            &[("mx.raw-key.test", Authenticated)],
            Stored::OverTls("mx.raw-key.test"),
        ),
    },
    Scene {
        domain: "dane-ta.test",
        description: "a TLSA record 2 0 1 matches the root above the server's intermediate: authenticated",
        servers: &[Server {
            certificate: Certificate::Issued,
            ..Server::new("mx.dane-ta.test", 12)
        }],
        zones: |ground| {
            let owner = ground.owner("mx.dane-ta.test");
            let root = sha256(ground.root("mx.dane-ta.test"));
            vec![
                ground
                    .signed("dane-ta.test", 12)
                    .tlsa(&owner, 2, 0, 1, &root),
            ]
        },
        expected: Expected::delivered(
            &[("mx.dane-ta.test", Authenticated)],
            Stored::OverTls("mx.dane-ta.test"),
        ),
    },
    Scene {
        domain: "intermediate.test",
        description: "a TLSA record 2 1 1 matches the key of the server's intermediate: authenticated",
        servers: &[Server {
            certificate: Certificate::Issued,
            ..Server::new("mx.intermediate.test", 26)
        }],
        zones: |ground| {
            let owner = ground.owner("mx.intermediate.test");
            let key = ground.intermediate_key("mx.intermediate.test");
            let zone = ground.signed("intermediate.test", 26);
            vec![zone.tlsa(&owner, 2, 1, 1, &key)]
        },
        expected: Expected::delivered(
            &[("mx.intermediate.test", Authenticated)],
            Stored::OverTls("mx.intermediate.test"),
        ),
    },
    Scene {
        domain: "anchor-in-dns.test",
        description: "a TLSA record 2 0 0 holds the root, which the server does not send: authenticated",
        servers: &[Server {
            certificate: Certificate::IssuedWithoutRoot,
            ..Server::new("mx.anchor-in-dns.test", 27)
        }],
        zones: |ground| {
            let owner = ground.owner("mx.anchor-in-dns.test");
            let root = ground.root("mx.anchor-in-dns.test");
            let zone = ground.signed("anchor-in-dns.test", 27);
            vec![zone.tlsa(&owner, 2, 0, 0, root)]
        },
        expected: Expected::delivered(
            &[("mx.anchor-in-dns.test", Authenticated)],
            Stored::OverTls("mx.anchor-in-dns.test"),
        ),
    },
    Scene {
        domain: "next-hop-name.test",
        description: "the certificate under a TLSA record 2 0 1 bears the domain and not the host: authenticated",
        servers: &[Server {
            certificate: Certificate::IssuedTo("next-hop-name.test"),
            ..Server::new("mx.next-hop-name.test", 28)
        }],
        zones: |ground| {
            let owner = ground.owner("mx.next-hop-name.test");
            let root = sha256(ground.root("mx.next-hop-name.test"));
            let zone = ground.signed("next-hop-name.test", 28);
            vec![zone.tlsa(&owner, 2, 0, 1, &root)]
        },
        expected: Expected::delivered(
            &[("mx.next-hop-name.test", Authenticated)],
            Stored::OverTls("mx.next-hop-name.test"),
        ),
    },
    Scene {
        domain: "wrong-name.test",
        description: "the certificate under a TLSA record 2 0 1 bears neither the host nor the domain: not delivered",
        servers: &[Server {
            certificate: Certificate::IssuedTo("mx.elsewhere.test"),
            ..Server::new("mx.wrong-name.test", 29)
        }],
        zones: |ground| {
            let owner = ground.owner("mx.wrong-name.test");
            let root = sha256(ground.root("mx.wrong-name.test"));
            let zone = ground.signed("wrong-name.test", 29);
            vec![zone.tlsa(&owner, 2, 0, 1, &root)]
        },
        expected: Expected::deferred("name-mismatch", &[("mx.wrong-name.test", Refused)]),
    },
    Scene {
        domain: "unusable.test",
        description: "TLSA records, none of them usable: encrypted, not authenticated",
        servers: &[Server::new("mx.unusable.test", 13)],
        zones: |ground| {
            let owner = ground.owner("mx.unusable.test");
            let key = ground.key("mx.unusable.test");
            let short = key.first_chunk::<20>().copied().unwrap_or_default();
            vec![
                ground
                    .signed("unusable.test", 13)
                    .tlsa(&owner, 1, 1, 1, &key)
                    .tlsa(&owner, 3, 1, 1, &short),
            ]
        },
        expected: Expected::delivered(
            &[("mx.unusable.test", Encrypted)],
            Stored::OverTls("mx.unusable.test"),
        )
        .because("all-unusable"),
    },
    Scene {
        domain: "no-tlsa.test",
        description: "a signed domain without TLSA records: opportunistic TLS",
        servers: &[Server::new("mx.no-tlsa.test", 14)],
        zones: |ground| vec![ground.signed("no-tlsa.test", 14)],
        expected: Expected::delivered(
            &[("mx.no-tlsa.test", Encrypted)],
            Stored::OverTls("mx.no-tlsa.test"),
        )
        .because("no-tlsa"),
    },
    Scene {
        domain: "unsigned.test",
        description: "an unsigned domain, whose TLSA records mean nothing: opportunistic TLS",
        servers: &[Server::new("mx.unsigned.test", 15)],
        zones: |ground| {
            let owner = ground.owner("mx.unsigned.test");
            let zone = with_host(Zone::unsigned("unsigned.test"), "unsigned.test", "mx", 15);
            vec![zone.tlsa(&owner, 3, 1, 1, &[0; 32])]
        },
        expected: Expected::delivered(
            &[("mx.unsigned.test", Encrypted)],
            Stored::OverTls("mx.unsigned.test"),
        )
        .because("insecure-address"),
    },
    Scene {
        domain: "broken-tls.test",
        description: "an unsigned domain whose server breaks off the handshake: cleartext",
        servers: &[Server {
            handshake: Handshake::Breaks,
            ..Server::new("mx.broken-tls.test", 16)
        }],
        zones: |_| {
            let zone = Zone::unsigned("broken-tls.test");
            vec![with_host(zone, "broken-tls.test", "mx", 16)]
        },
        expected: Expected::delivered(
            &[("mx.broken-tls.test", Cleartext)],
            Stored::InClear("mx.broken-tls.test"),
        )
        .because("insecure-address"),
    },
    Scene {
        domain: "injected.test",
        description: "an unsigned domain whose server sends cleartext behind its reply to STARTTLS: not delivered",
        servers: &[Server {
            starttls: StartTls::Injected,
            ..Server::new("mx.injected.test", 17)
        }],
        zones: |_| {
            let zone = Zone::unsigned("injected.test");
            vec![with_host(zone, "injected.test", "mx", 17)]
        },
        expected: Expected::deferred("plaintext-injected", &[("mx.injected.test", Refused)]),
    },
    Scene {
        domain: "stripped.test",
        description: "TLSA records, but somebody took STARTTLS out of the server's reply: not delivered",
        servers: &[Server {
            starttls: StartTls::Stripped,
            ..Server::new("mx.stripped.test", 18)
        }],
        zones: |ground| {
            let owner = ground.owner("mx.stripped.test");
            let key = ground.key("mx.stripped.test");
            vec![
                ground
                    .signed("stripped.test", 18)
                    .tlsa(&owner, 3, 1, 1, &key),
            ]
        },
        expected: Expected::deferred("start-tls-not-offered", &[("mx.stripped.test", Refused)]),
    },
    Scene {
        domain: "two-hosts.test",
        description: "the first host's key matches no TLSA record, the second host's does: delivered to the second",
        servers: &[
            Server::new("mx1.two-hosts.test", 19),
            Server::new("mx2.two-hosts.test", 20),
        ],
        zones: |ground| {
            let (first, second) = ("mx1.two-hosts.test", "mx2.two-hosts.test");
            let zone = with_host(Zone::signed("two-hosts.test"), "two-hosts.test", "mx1", 19);
            let zone = with_host(zone, "two-hosts.test", "mx2", 20);
            vec![
                zone.tlsa(&ground.owner(first), 3, 1, 1, &ground.key(second))
                    .tlsa(&ground.owner(second), 3, 1, 1, &ground.key(second)),
            ]
        },
        expected: Expected::delivered(
            &[
                ("mx1.two-hosts.test", Refused),
                ("mx2.two-hosts.test", Authenticated),
            ],
            Stored::OverTls("mx2.two-hosts.test"),
        ),
    },
    Scene {
        domain: "tlsa-fails.test",
        description: "the TLSA lookup of the first host fails: it is skipped, and the second is authenticated",
        servers: &[
            Server::new("mx1.tlsa-fails.test", 21),
            Server::new("mx2.tlsa-fails.test", 22),
        ],
        zones: |ground| {
            let (first, second) = ("mx1.tlsa-fails.test", "mx2.tlsa-fails.test");
            let zone = with_host(
                Zone::signed("tlsa-fails.test"),
                "tlsa-fails.test",
                "mx1",
                21,
            );
            let zone = with_host(zone, "tlsa-fails.test", "mx2", 22);
            vec![zone.failing(&ground.owner(first), RecordType::TLSA).tlsa(
                &ground.owner(second),
                3,
                1,
                1,
                &ground.key(second),
            )]
        },
        expected: Expected::delivered(
            &[
                ("mx1.tlsa-fails.test", Skipped),
                ("mx2.tlsa-fails.test", Authenticated),
            ],
            Stored::OverTls("mx2.tlsa-fails.test"),
        ),
    },
    Scene {
        domain: "tlsa-lost.test",
        description: "the TLSA lookup of the only host fails, which is not the same as no TLSA records: not delivered",
        servers: &[Server::new("mx.tlsa-lost.test", 23)],
        zones: |ground| {
            let owner = ground.owner("mx.tlsa-lost.test");
            vec![
                ground
                    .signed("tlsa-lost.test", 23)
                    .failing(&owner, RecordType::TLSA),
            ]
        },
        expected: Expected::deferred("lookup", &[("mx.tlsa-lost.test", Skipped)]),
    },
    Scene {
        domain: "tampered.test",
        description: "somebody altered the records, so that DNSSEC validation fails: not delivered",
        servers: &[],
        zones: |_| {
            let zone = Zone::tampered("tampered.test");
            vec![with_host(zone, "tampered.test", "mx", 11)]
        },
        expected: Expected::deferred("lookup", &[]).failing_validation(),
    },
    Scene {
        domain: "old.alias.test",
        description: "the domain is an alias of another one, and all of it is signed: authenticated",
        servers: &[Server::new("mx.alias.test", 24)],
        zones: |ground| {
            let (host, zone) = ("mx.alias.test", Zone::signed("alias.test"));
            vec![
                zone.record("old.alias.test CNAME new.alias.test")
                    .record("new.alias.test MX 10 mx.alias.test")
                    .record("mx.alias.test A 127.0.0.24")
                    .tlsa(&ground.owner(host), 3, 1, 1, &ground.key(host)),
            ]
        },
        expected: Expected::delivered(
            &[("mx.alias.test", Authenticated)],
            Stored::OverTls("mx.alias.test"),
        ),
    },
    Scene {
        domain: "hosted.test",
        description: "the mail host is an alias of a provider's, which has the TLSA records: authenticated",
        servers: &[Server::new("mx.provider.test", 25)],
        zones: |ground| {
            let (host, provider) = ("mx.provider.test", Zone::signed("provider.test"));
            vec![
                Zone::signed("hosted.test")
                    .record("hosted.test MX 10 mail.hosted.test")
                    .record("mail.hosted.test CNAME mx.provider.test"),
                provider.record("mx.provider.test A 127.0.0.25").tlsa(
                    &ground.owner(host),
                    3,
                    1,
                    1,
                    &ground.key(host),
                ),
            ]
        },
        expected: Expected::delivered(
            &[("mail.hosted.test", Authenticated)],
            Stored::OverTls("mx.provider.test"),
        ),
    },
    Scene {
        domain: "unsigned-mx.test",
        description: "an unsigned domain names a provider's signed host: the host is authenticated, the domain is not",
        servers: &[],
        zones: |_| {
            let zone = Zone::unsigned("unsigned-mx.test");
            vec![zone.record("unsigned-mx.test MX 10 mx.provider.test")]
        },
        expected: Expected::delivered(
            &[("mx.provider.test", Authenticated)],
            Stored::OverTls("mx.provider.test"),
        ),
    },
    Scene {
        domain: "null-mx.test",
        description: "a null MX says that the domain takes no mail: returned",
        servers: &[],
        zones: |_| vec![Zone::signed("null-mx.test").record("null-mx.test MX 0 .")],
        expected: Expected::failed("null-mx", &[]),
    },
    Scene {
        domain: "missing.test",
        description: "there is no such domain, and the zone above proves it: returned",
        servers: &[],
        zones: |_| Vec::new(),
        expected: Expected::failed("no-domain", &[]),
    },
];
