//! The path from a server's certificate to a trust anchor (RFC 5280 §6, RFC 7671 §5.2).
//!
//! webpki searches the path: signatures, dates, authorities, path lengths, purposes and name constraints below the anchor,
//! with a bounded number of signatures and steps. What it leaves out is checked on each path that it finds, so that the search
//! goes on if a path will not do: the anchor by [`anchor`](super::anchor), and that authorities may sign certificates.
//!
//! Where webpki is stricter than RFC 5280, so are we, and such a path is refused: it takes no server's certificate that says it is
//! an authority, no path with more than six authorities below the anchor, no critical certificate policies, no list of
//! transparency logs that is not even an octet string, and no constraints on directory names below the anchor; and it counts
//! self-issued authorities, those that certify a new key of their own, for the path length of the ones above (§6.1.4 (l)).

mod anchored;
mod constrained;

pub(crate) use anchored::find_anchored;
pub(crate) use constrained::find_constrained;

use alloc::vec::Vec;
use core::cell::Cell;

use pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::VerifiedPath;
use webpki::{EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeId, KeyPurposeIdIter};

use super::anchor::{ANY_PURPOSE, NAME_CONSTRAINTS, SERVER_AUTH};
use super::{CertificateError, RawCertificate, anchor};
use crate::verify::{MAX_CHAIN, VerifyError};

/// What a server sent, and what its certificates are judged by.
#[derive(Clone, Copy)]
pub(crate) struct Handshake<'a> {
    pub(crate) leaf: &'a CertificateDer<'a>,
    /// The certificates behind the first one, in any order, needed or not.
    pub(crate) others: &'a [CertificateDer<'a>],
    pub(crate) now: UnixTime,
    pub(crate) algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
}

impl<'a> Handshake<'a> {
    /// Takes what a server sent, if it sent anything, and no more than is looked at.
    pub(crate) fn new(
        chain: &'a [CertificateDer<'a>],
        now: UnixTime,
        algorithms: &'a [&'a dyn SignatureVerificationAlgorithm],
    ) -> Result<Self, VerifyError> {
        if chain.len() > MAX_CHAIN {
            return Err(VerifyError::ChainBudget);
        }
        let (leaf, others) = chain.split_first().ok_or(VerifyError::NoCertificate)?;
        Ok(Self {
            leaf,
            others,
            now,
            algorithms,
        })
    }
}

/// A path that was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// Which of the anchors it ends in.
    pub(crate) anchor: usize,
    /// How many authorities stand between the server's certificate and the anchor.
    pub(crate) between: usize,
}

/// Finds the shortest path that `accept` agrees to, or the most useful reason why there is none.
pub(crate) fn find_path<'a>(
    handshake: Handshake<'a>,
    anchors: &[TrustAnchor<'_>],
    accept: &dyn Fn(Found, &VerifiedPath<'_>) -> Result<(), VerifyError>,
) -> Result<Found, VerifyError> {
    let leaf = EndEntityCert::try_from(handshake.leaf).map_err(|error| meaning(&error))?;
    let issuers = issuers(handshake);
    let to_der = |issuer: &RawCertificate<'a>| CertificateDer::from(issuer.as_der());
    let others: Vec<CertificateDer<'_>> = issuers.iter().map(to_der).collect();
    let handshake = Handshake {
        others: &others,
        ..handshake
    };
    let mut found = search(&leaf, handshake, anchors, usize::MAX, accept)?;
    // webpki tries the anchors before it climbs, so a path of one or two steps is the shortest, and so is one that could not have
    // gone another way. A longer one may have been found before a shorter one, by way of another certificate for the same
    // authority. To search again is to check each signature again.
    while found.between > 1 && has_twins(&issuers) {
        match search(&leaf, handshake, anchors, found.between, accept) {
            Ok(shorter) => found = shorter,
            Err(_) => break,
        }
    }
    Ok(found)
}

/// Most certificates of one authority that are looked at. It has more than one only while its key or its issuer changes; and
/// many that could each stand in for the others make the search long.
const MAX_TWINS: usize = 4;

/// The certificates that may have issued another one of the handshake. What did not, or cannot be read, is not part of a path,
/// and would only hide the reason why there is none.
fn issuers<'a>(handshake: Handshake<'a>) -> Vec<RawCertificate<'a>> {
    let all = || core::iter::once(handshake.leaf).chain(handshake.others);
    let parsed: Vec<RawCertificate<'a>> = all()
        .filter_map(|certificate| RawCertificate::parse(certificate).ok())
        .collect();
    let mut kept: Vec<RawCertificate<'a>> = Vec::new();
    for certificate in &parsed {
        let is_other = |other: &&RawCertificate<'_>| other.as_der() != certificate.as_der();
        let issued = |other: &RawCertificate<'_>| other.issuer() == certificate.subject();
        let is_sent_before = kept
            .iter()
            .any(|other| other.as_der() == certificate.as_der());
        if !is_sent_before
            && certificate.as_der() != handshake.leaf.as_ref()
            && parsed.iter().filter(is_other).any(issued)
            && of_authority(&kept, certificate.subject()) < MAX_TWINS
        {
            kept.push(*certificate);
        }
    }
    kept
}

/// How many of these are certificates of the authority of that name.
fn of_authority(certificates: &[RawCertificate<'_>], name: &[u8]) -> usize {
    let of_name = |certificate: &&RawCertificate<'_>| certificate.subject() == name;
    certificates.iter().filter(of_name).count()
}

/// Whether an authority has more than one certificate among these.
fn has_twins(issuers: &[RawCertificate<'_>]) -> bool {
    let is_twin = |issuer: &RawCertificate<'_>| of_authority(issuers, issuer.subject()) > 1;
    issuers.iter().any(is_twin)
}

/// Finds a path with fewer than `limit` authorities in between.
fn search(
    leaf: &EndEntityCert<'_>,
    handshake: Handshake<'_>,
    anchors: &[TrustAnchor<'_>],
    limit: usize,
    accept: &dyn Fn(Found, &VerifiedPath<'_>) -> Result<(), VerifyError>,
) -> Result<Found, VerifyError> {
    let accepted = Cell::new(None);
    let refused = Cell::new(None);
    let judge = |path: &VerifiedPath<'_>| {
        let place = anchors
            .iter()
            .position(|anchor| core::ptr::eq(anchor, path.anchor()));
        let found = Found {
            anchor: place.ok_or(Error::UnknownIssuer)?,
            between: path.intermediate_certificates().count(),
        };
        if found.between >= limit {
            return Err(Error::UnknownIssuer);
        }
        check_authorities(path)
            .and_then(|()| accept(found, path))
            .map_err(|error| {
                refused.set(refused.get().max(Some(error)));
                Error::UnknownIssuer
            })?;
        accepted.set(Some(found));
        Ok(())
    };
    let result = leaf.verify_for_usage(
        handshake.algorithms,
        anchors,
        handshake.others,
        handshake.now,
        ServerPurpose,
        None,
        Some(&judge),
    );
    match (result, accepted.get(), refused.get()) {
        (Ok(_), Some(found), _) => Ok(found),
        (Ok(_), None, refused) => Err(refused.unwrap_or(VerifyError::IssuerNotFound)),
        (Err(error), _, refused) => Err(refused
            .max(Some(meaning(&error)))
            .unwrap_or(VerifyError::IssuerNotFound)),
    }
}

/// RFC 5280 §6.1.4 (n), for the authorities below the anchor.
fn check_authorities(path: &VerifiedPath<'_>) -> Result<(), VerifyError> {
    for authority in path.intermediate_certificates() {
        let authority = authority.der();
        let authority = RawCertificate::parse(&authority).map_err(VerifyError::Certificate)?;
        anchor::check_key_usage(&authority)?;
    }
    Ok(())
}

/// Whether an authority of the path restricts the names below it.
fn is_constrained(path: &VerifiedPath<'_>) -> bool {
    path.anchor().name_constraints.is_some()
        || path.intermediate_certificates().any(|authority| {
            let authority = authority.der();
            let authority = RawCertificate::parse(&authority);
            !authority.is_ok_and(|authority| authority.extension(NAME_CONSTRAINTS) == Ok(None))
        })
}

/// How many of the authorities between a server's certificate and the anchor count for a path length (RFC 5280 §6.1.4).
pub(crate) fn authorities(path: &VerifiedPath<'_>) -> usize {
    let counts = |certificate: &&webpki::Cert<'_>| certificate.issuer() != certificate.subject();
    path.intermediate_certificates().filter(counts).count()
}

/// RFC 5280 §4.2.1.12: a certificate that lists purposes must be for TLS servers, or for any.
struct ServerPurpose;

impl ExtendedKeyUsageValidator for ServerPurpose {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        let fits = [SERVER_AUTH, ANY_PURPOSE];
        let mut listed = false;
        for purpose in purposes {
            let purpose = purpose?;
            if fits
                .iter()
                .any(|fit| purpose == KeyPurposeId::new(fit.as_bytes()))
            {
                return Ok(());
            }
            listed = true;
        }
        if listed {
            return Err(Error::EmptyEkuExtension);
        }
        Ok(())
    }
}

/// What an error of webpki means to us.
fn meaning(error: &Error) -> VerifyError {
    match error {
        Error::CertExpired { .. } => VerifyError::Expired,
        Error::CertNotValidYet { .. } => VerifyError::NotYetValid,
        Error::CaUsedAsEndEntity => VerifyError::CaAsServer,
        Error::EndEntityUsedAsCa => VerifyError::NotACa,
        Error::PathLenConstraintViolated => VerifyError::PathLength,
        Error::NameConstraintViolation
        | Error::MalformedNameConstraint
        | Error::InvalidNetworkMaskConstraint => VerifyError::NameConstraint,
        Error::EmptyEkuExtension | Error::RequiredEkuNotFoundContext(_) => VerifyError::Purpose,
        Error::InvalidSignatureForPublicKey | Error::SignatureAlgorithmMismatch => {
            VerifyError::Signature
        }
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            VerifyError::UnsupportedAlgorithm
        }
        Error::UnsupportedCriticalExtension => VerifyError::CriticalExtension,
        Error::UnknownIssuer => VerifyError::IssuerNotFound,
        Error::MaximumSignatureChecksExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumPathDepthExceeded
        | Error::MaximumNameConstraintComparisonsExceeded => VerifyError::ChainBudget,
        _ => VerifyError::Certificate(CertificateError::Structure),
    }
}
