//! [`advise`]: which records to publish for a chain.

use core::fmt;

use pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};

use super::proof::{Judge, Parameters};
use crate::name::Name;
use crate::policy::CnId;
use crate::tlsa::{MakeError, MatchingType, Record, Selector, Usage};
use crate::verify::VerifyError;

/// The records to publish for a chain. Each is enough alone; both together let either the key or the authority be replaced
/// without the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Advice {
    /// `3 1 1` for the server's key: the best choice for most (RFC 7672 §3.1.1).
    pub server: Record,
    /// `2 1 1` for the authority that issued the server's certificate.
    pub issuer: IssuerAdvice,
}

/// Whether to publish a record for the authority that issued a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "it can be published, or for some clients, or not at all"
)]
pub enum IssuerAdvice {
    /// This one authenticates the server.
    Publish(Record),
    /// This one would, but the certificate does not bear the host: it is of use only to clients that look for another name
    /// that the certificate bears (RFC 7672 §3.2.2).
    NameMissing(Record),
    /// No certificate of the chain can be the trust anchor of the first one; this is the reason that comes closest.
    None(VerifyError),
}

impl IssuerAdvice {
    /// The place in the standards.
    #[must_use]
    pub const fn cite(&self) -> &'static str {
        match self {
            Self::Publish(_) => "RFC 7672 §3.1.2",
            Self::NameMissing(_) => "RFC 7672 §3.2.2",
            Self::None(error) => error.cite(),
        }
    }
}

impl fmt::Display for IssuerAdvice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Publish(record) => write!(f, "publish {record}"),
            Self::NameMissing(record) => {
                write!(
                    f,
                    "publish {record} only if clients look for a name that the certificate bears"
                )
            }
            Self::None(error) => write!(f, "publish no record of usage 2: {error}"),
        }
    }
}

/// Says which records to publish for a chain that a server sends, its own certificate first.
///
/// # Errors
/// [`AdviceError`] if there is no certificate, or the first one cannot be read.
pub fn advise(
    host: &Name,
    chain: &[CertificateDer<'_>],
    now: UnixTime,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> Result<Advice, AdviceError> {
    let leaf = chain.first().ok_or(AdviceError::NoCertificate)?;
    let server = Parameters::SERVER_KEY
        .record(leaf)
        .map_err(AdviceError::Record)?;
    let judge = Judge {
        host,
        next_hops: &[],
        algorithms,
    };
    let by_key = Parameters {
        usage: Usage::DANE_TA,
        selector: Selector::SPKI,
        matching: MatchingType::SHA2_256,
    };
    Ok(Advice {
        server,
        issuer: issuer(&judge, by_key, chain, now),
    })
}

/// The record for the authority of the chain that issued its first certificate, and can be its trust anchor.
pub(super) fn issuer(
    judge: &Judge<'_>,
    parameters: Parameters,
    chain: &[CertificateDer<'_>],
    now: UnixTime,
) -> IssuerAdvice {
    let (leaf, others) = match chain.split_first() {
        Some((leaf, others)) => (leaf, others),
        None => return IssuerAdvice::None(VerifyError::NoCertificate),
    };
    let mut closest = None;
    for authority in others {
        let Ok(record) = parameters.record(authority) else {
            continue;
        };
        let group = core::slice::from_ref(&record);
        // Alone, so that it is no authority further up.
        let pair = [leaf.clone(), authority.clone()];
        match judge.verdict(None, group, &pair, now, CnId::Fallback) {
            Ok(_) => return IssuerAdvice::Publish(record),
            Err(VerifyError::NameMismatch) => return IssuerAdvice::NameMissing(record),
            Err(error) => closest = closest.max(Some(error)),
        }
    }
    IssuerAdvice::None(closest.unwrap_or(VerifyError::IssuerNotFound))
}

/// Why there is no advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AdviceError {
    /// The chain is empty.
    NoCertificate,
    /// No record can be made of the server's certificate.
    Record(MakeError),
}

impl AdviceError {
    /// The place in the standards.
    #[must_use]
    pub const fn cite(self) -> &'static str {
        match self {
            Self::NoCertificate => "RFC 7672 §8.2",
            Self::Record(error) => error.cite(),
        }
    }
}

impl fmt::Display for AdviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => f.write_str("there is no certificate in the chain"),
            Self::Record(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AdviceError {}
