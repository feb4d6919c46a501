//! [`Rule`]: what a server must or should keep to, and what to do where it does not.

use core::fmt;

/// What a finding says is broken.
///
/// No remedy ever is to turn TLS off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// There are no TLSA records.
    NoRecords,
    /// There are records, and clients can use none of them.
    NoneUsable,
    /// There are more than [`MAX_RECORDS`](crate::tlsa::MAX_RECORDS) different records.
    TooManyRecords,
    /// STARTTLS is not offered.
    StartTlsMissing,
    /// STARTTLS is offered to some clients alone.
    StartTlsSelective,
    /// No chain is sent to clients that name no server, or an unknown one.
    NoDefaultChain,
    /// A chain has no certificate.
    EmptyChain,
    /// All records of one combination of parameters name other chains than the one that is sent.
    RecordStale,
    /// A chain that is to be put in use is named by no record of one combination of parameters.
    NextUnmatched,
    /// No certificate that is sent is the trust anchor that the record names.
    AnchorNotSent,
    /// No path leads from the server's certificate to the trust anchor.
    ChainIncomplete,
    /// The server's certificate bears none of the names that a client looks for.
    NameMismatch,
    /// A certificate that usage 2 needs has expired.
    Expired,
    /// A certificate that usage 2 needs, or one of a chain to come, is not valid yet.
    NotYetValid,
    /// The chain is refused for another reason.
    ChainRefused,
    /// A record cannot be used.
    UnusableRecord,
    /// A record has usage 0 or 1.
    PkixUsage,
    /// A record holds a whole certificate or key, in place of a digest.
    FullMatching,
    /// For one usage and selector, the only digest is SHA2-512.
    Sha512Only,
    /// The two digests do not name the same certificates.
    DigestSetsDiffer,
    /// The answer with these records is larger than [`MAX_ANSWER`](super::MAX_ANSWER).
    AnswerTooLarge,
    /// The time to live is longer than [`MAX_TTL`](super::MAX_TTL).
    TtlTooLong,
    /// The signature of the records has expired.
    SignatureExpired,
    /// The signature of the records expires within [`SIGNATURE_NOTICE`](super::SIGNATURE_NOTICE).
    SignatureExpiresSoon,
    /// The certificate bears the listed next hops, but not the host.
    HostNotNamed,
    /// A name that clients look for stands in the common name alone.
    CommonNameOnly,
    /// A certificate that usage 2 needs expires within [`EXPIRY_NOTICE`](super::EXPIRY_NOTICE).
    ExpiresSoon,
    /// The server's certificate has expired, or soon will, which usage 3 does not look at.
    ServerCertificateExpires,
    /// The time to live is not known.
    TtlUnknown,
    /// A record of usage 2 names the key of the trust anchor, not its certificate.
    AnchorByKey,
    /// There is no record with the parameters `3 1 1`.
    ServerKeyPreferred,
    /// There are chains for some server names, but the host's clients get the default one.
    FallbackOnly,
    /// A record names no chain of today or to come.
    Leftover,
}

impl Rule {
    /// Every rule, in the order of the enum.
    pub const ALL: &'static [Self] = &[
        Self::NoRecords,
        Self::NoneUsable,
        Self::TooManyRecords,
        Self::StartTlsMissing,
        Self::StartTlsSelective,
        Self::NoDefaultChain,
        Self::EmptyChain,
        Self::RecordStale,
        Self::NextUnmatched,
        Self::AnchorNotSent,
        Self::ChainIncomplete,
        Self::NameMismatch,
        Self::Expired,
        Self::NotYetValid,
        Self::ChainRefused,
        Self::UnusableRecord,
        Self::PkixUsage,
        Self::FullMatching,
        Self::Sha512Only,
        Self::DigestSetsDiffer,
        Self::AnswerTooLarge,
        Self::TtlTooLong,
        Self::SignatureExpired,
        Self::SignatureExpiresSoon,
        Self::HostNotNamed,
        Self::CommonNameOnly,
        Self::ExpiresSoon,
        Self::ServerCertificateExpires,
        Self::TtlUnknown,
        Self::AnchorByKey,
        Self::ServerKeyPreferred,
        Self::FallbackOnly,
        Self::Leftover,
    ];

    /// The stable name for logs and scripts, as in `record-stale`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.parts().0
    }

    /// The place in the standards.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        self.parts().1
    }

    /// What to do about it.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::NoRecords => "publish 3 1 1 for the key of the server, in a signed zone",
            Self::NoneUsable => {
                "publish 3 1 1 for the key of the server beside the others, then remove those"
            }
            Self::TooManyRecords => "remove the records of chains that are no longer in use",
            Self::StartTlsMissing => {
                "offer STARTTLS to all clients now; if that takes longer than their patience, take the TLSA records out of the DNS until it is done"
            }
            Self::StartTlsSelective => {
                "offer STARTTLS to every client in the first reply to EHLO, before any greylisting or other choice of clients"
            }
            Self::NoDefaultChain => {
                "send a chain that the records name to clients without a server name or with an unknown one, too"
            }
            Self::EmptyChain => "configure the certificate of the server and those that issued it",
            Self::RecordStale => {
                "publish a record with the same parameters for the chain that is in use now; do not remove the old record before"
            }
            Self::NextUnmatched => {
                "publish a record with the same parameters for the next chain beside the present one, and keep the present chain in use for two times to live"
            }
            Self::AnchorNotSent => {
                "send the certificate of the trust anchor behind the others, even if it is self-signed; if the software cannot, publish the intermediate authority that it does send, or 3 1 1 for the server's own key"
            }
            Self::ChainIncomplete => {
                "send every certificate between the server's own and the trust anchor"
            }
            Self::NameMismatch => {
                "get a certificate that bears the name of the host, or publish 3 1 1, for which names do not matter"
            }
            Self::Expired => {
                "renew the certificate with the key that it has, or publish 3 1 1, for which dates do not matter"
            }
            Self::NotYetValid => {
                "keep the former chain in use until this one has become valid, and look at the clock of this machine"
            }
            Self::ChainRefused => {
                "mend what the reason says and keep the former chain in use until then, or publish 3 1 1, for which authorities do not matter"
            }
            Self::UnusableRecord => {
                "replace it by a sound one with the digest that its matching type says"
            }
            Self::PkixUsage => {
                "publish usage 3 in place of 1 and usage 2 in place of 0; mail servers have no authorities in common"
            }
            Self::FullMatching => "publish the SHA2-256 digest in its place, matching type 1",
            Self::Sha512Only => {
                "publish the SHA2-256 digest beside it, matching type 1, for clients that know no other"
            }
            Self::DigestSetsDiffer => {
                "publish each digest for every certificate, usage and selector that has the other, or remove one digest altogether"
            }
            Self::AnswerTooLarge => {
                "publish digests in place of whole certificates and keys, and remove the records of chains that are no longer in use"
            }
            Self::TtlTooLong => {
                "lower the time to live to an hour or so, well before the next change"
            }
            Self::SignatureExpired | Self::SignatureExpiresSoon => {
                "sign the zone anew, and find out why that is not done by itself: a zone with old signatures is no zone to clients"
            }
            Self::HostNotNamed => {
                "get a certificate that bears the host, too: clients that come by an insecure MX answer, or by another domain, look for nothing else"
            }
            Self::CommonNameOnly => {
                "get a certificate with the name among its alternative names, as a DNS name"
            }
            Self::ExpiresSoon => {
                "renew the certificate now, with the same authority, and check the next chain before it is used"
            }
            Self::ServerCertificateExpires => {
                "nothing for DANE; renew it with the same key for those clients that look at dates"
            }
            Self::TtlUnknown => {
                "look it up in the zone: two of it must pass between new records and a new key"
            }
            Self::AnchorByKey => {
                "publish 2 0 1, so that the restrictions in the authority's certificate hold for all clients"
            }
            Self::ServerKeyPreferred => {
                "think about 3 1 1: it needs no authority, name or date, and a certificate renewed with the same key needs no change"
            }
            Self::FallbackOnly => {
                "send a chain of its own to clients that name the host, if it is to differ from the default one"
            }
            Self::Leftover => "remove it, unless a chain that was not shown here needs it",
        }
    }

    /// Code, citation and sentence.
    const fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::NoRecords => (
                "no-records",
                "RFC 7672 §2.2",
                "there are no TLSA records, so nothing protects mail to this host",
            ),
            Self::NoneUsable => (
                "none-usable",
                "RFC 7672 §2.2",
                "clients can use none of the TLSA records, so nothing is authenticated and clients that insist on it refuse",
            ),
            Self::TooManyRecords => (
                "too-many-records",
                "RFC 7671 §10.1",
                "there are more TLSA records than clients look at",
            ),
            Self::StartTlsMissing => (
                "starttls-missing",
                "RFC 7672 §2.2",
                "STARTTLS is not offered, though TLSA records promise it",
            ),
            Self::StartTlsSelective => (
                "starttls-selective",
                "RFC 7672 §9.2",
                "STARTTLS is offered to some clients alone, though TLSA records promise it to all",
            ),
            Self::NoDefaultChain => (
                "no-default-chain",
                "RFC 7672 §8.1",
                "clients without a server name, or with an unknown one, are sent no chain",
            ),
            Self::EmptyChain => (
                "empty-chain",
                "RFC 7672 §8.2",
                "there is no certificate in the chain",
            ),
            Self::RecordStale => (
                "record-stale",
                "RFC 7671 §8",
                "no record with these parameters matches the chain; this one is of another chain",
            ),
            Self::NextUnmatched => (
                "next-unmatched",
                "RFC 7672 §4",
                "no record with the parameters of this one matches the chain that is to come",
            ),
            Self::AnchorNotSent => (
                "anchor-not-sent",
                "RFC 7672 §3.1.2",
                "the trust anchor that the record names is not among the certificates that are sent",
            ),
            Self::ChainIncomplete => (
                "chain-incomplete",
                "RFC 7671 §5.2",
                "the certificates that are sent make no path to the trust anchor",
            ),
            Self::NameMismatch => (
                "name-mismatch",
                "RFC 7672 §3.2.2",
                "the server's certificate bears neither the host nor the next hop",
            ),
            Self::Expired => (
                "expired",
                "RFC 7671 §5.2",
                "the chain has a certificate that has expired",
            ),
            Self::NotYetValid => (
                "not-yet-valid",
                "RFC 7671 §5.2",
                "the chain has a certificate that is not valid yet",
            ),
            Self::ChainRefused => (
                "chain-refused",
                "RFC 7671 §10.3",
                "clients refuse the chain",
            ),
            Self::UnusableRecord => (
                "unusable-record",
                "RFC 6698 §4.1",
                "clients cannot use this record",
            ),
            Self::PkixUsage => (
                "pkix-usage",
                "RFC 7672 §3.1.3",
                "usages 0 and 1 mean nothing to mail servers",
            ),
            Self::FullMatching => (
                "full-matching",
                "RFC 7672 §3.1.2",
                "the record holds a whole certificate or key in place of a digest",
            ),
            Self::Sha512Only => (
                "sha512-only",
                "RFC 7671 §2",
                "there is no SHA2-256 digest beside SHA2-512",
            ),
            Self::DigestSetsDiffer => (
                "digest-sets-differ",
                "RFC 7671 §8.3",
                "SHA2-256 and SHA2-512 do not name the same certificates",
            ),
            Self::AnswerTooLarge => (
                "answer-too-large",
                "RFC 7671 §10.1",
                "the records are too large for one UDP message",
            ),
            Self::TtlTooLong => (
                "ttl-too-long",
                "RFC 7671 §13",
                "the time to live is longer than a day",
            ),
            Self::SignatureExpired => (
                "signature-expired",
                "RFC 7671 §11",
                "the signature of the records has expired",
            ),
            Self::SignatureExpiresSoon => (
                "signature-expires-soon",
                "RFC 7671 §11",
                "the signature of the records expires within two days",
            ),
            Self::HostNotNamed => (
                "host-not-named",
                "RFC 7672 §3.2.2",
                "the server's certificate bears the next hops, but not the host",
            ),
            Self::CommonNameOnly => (
                "common-name-only",
                "RFC 9525 §2",
                "a name stands in the common name alone, where not all clients look",
            ),
            Self::ExpiresSoon => (
                "expires-soon",
                "RFC 7671 §5.1",
                "a certificate that usage 2 needs expires within 14 days",
            ),
            Self::ServerCertificateExpires => (
                "server-certificate-expires",
                "RFC 7671 §5.1",
                "the server's certificate has expired or does so within 14 days, which usage 3 does not look at",
            ),
            Self::TtlUnknown => (
                "ttl-unknown",
                "RFC 7671 §8.1",
                "the time to live of the records is not known",
            ),
            Self::AnchorByKey => (
                "anchor-by-key",
                "RFC 7672 §3.1.2",
                "the record names the key of the trust anchor, not its certificate",
            ),
            Self::ServerKeyPreferred => (
                "server-key-preferred",
                "RFC 7672 §3.1",
                "no record has the parameters 3 1 1",
            ),
            Self::FallbackOnly => (
                "fallback-only",
                "RFC 7672 §8.1",
                "clients that name the host are sent the default chain, though other names have their own",
            ),
            Self::Leftover => (
                "leftover",
                "RFC 7671 §8.4",
                "the record names no chain of today or to come",
            ),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.parts().2)
    }
}
