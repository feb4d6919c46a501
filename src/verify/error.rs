//! [`VerifyError`]: why a server is not authenticated.

use core::fmt;

use super::MAX_CHAIN;
use crate::cert::CertificateError;

/// Why a server is not authenticated.
///
/// The variants stand in the order of their use to whoever must mend it, least first: nothing matched, the path is broken,
/// it is out of date, it lacks the name. Where several things were tried, the greatest reason is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum VerifyError {
    /// The server sent no certificate.
    NoCertificate,
    /// None of the records matches.
    NoRecordMatched,
    /// A certificate cannot be read.
    Certificate(CertificateError),
    /// No path leads to a trust anchor: one that a record names, or a public root.
    IssuerNotFound,
    /// A certificate is signed by an algorithm that the caller does not trust.
    UnsupportedAlgorithm,
    /// A signature is wrong.
    Signature,
    /// A certificate has a critical extension that is not understood.
    CriticalExtension,
    /// The server's certificate is that of a certification authority.
    CaAsServer,
    /// A certificate that issued another one is not that of a certification authority.
    NotACa,
    /// A certificate is not for TLS servers.
    Purpose,
    /// There are more authorities in the path than one of them allows.
    PathLength,
    /// A name is outside of what an authority may issue for.
    NameConstraint,
    /// The server sent more certificates than [`MAX_CHAIN`], the path has more than six authorities below the anchor, or the
    /// search for it takes too many steps.
    ChainBudget,
    /// A certificate is not valid yet.
    NotYetValid,
    /// A certificate has expired.
    Expired,
    /// The path is good, but the server's certificate bears none of the reference identifiers.
    NameMismatch,
}

impl VerifyError {
    /// The place in the standards that makes this a failure.
    #[must_use]
    pub const fn cite(&self) -> &'static str {
        match self {
            Self::NoCertificate => "RFC 7672 §8.2",
            Self::NoRecordMatched | Self::ChainBudget => "RFC 7672 §3.2",
            Self::Certificate(error) => error.cite(),
            Self::IssuerNotFound | Self::UnsupportedAlgorithm | Self::Signature => {
                "RFC 5280 §6.1.3"
            }
            Self::CriticalExtension => "RFC 5280 §4.2",
            Self::CaAsServer | Self::NotACa => "RFC 5280 §4.2.1.9",
            Self::Purpose => "RFC 5280 §4.2.1.12",
            Self::PathLength => "RFC 7672 §3.1.2",
            Self::NameConstraint => "RFC 5280 §4.2.1.10",
            Self::NotYetValid | Self::Expired => "RFC 5280 §4.1.2.5",
            Self::NameMismatch => "RFC 7672 §3.2.2",
        }
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCertificate => "the server sent no certificate",
            Self::NoRecordMatched => "none of the TLSA records matches",
            Self::Certificate(error) => return write!(f, "a certificate cannot be read: {error}"),
            Self::IssuerNotFound => "no path leads to a trust anchor that counts",
            Self::UnsupportedAlgorithm => "a certificate is signed by an algorithm that is not trusted",
            Self::Signature => "the signature of a certificate is wrong",
            Self::CriticalExtension => "a certificate has a critical extension that is not understood",
            Self::CaAsServer => "the server's certificate is that of a certification authority",
            Self::NotACa => "a certificate was issued by one that is no certification authority",
            Self::Purpose => "a certificate is not for TLS servers",
            Self::PathLength => "the path has more authorities than one of them allows",
            Self::NameConstraint => "a name is outside of what an authority may issue for",
            Self::ChainBudget => {
                return write!(
                    f,
                    "the server sent more than {MAX_CHAIN} certificates, or the path is too long or too hard to find"
                );
            }
            Self::NotYetValid => "a certificate is not valid yet",
            Self::Expired => "a certificate has expired",
            Self::NameMismatch => "the server's certificate bears none of the expected names",
        })
    }
}

impl core::error::Error for VerifyError {}
