//! Signatures of a handshake, checked with a bare public key.
//!
//! The functions for certificates in rustls read the certificate by the rules of the public PKI first, and refuse those of
//! version 1 or with an unknown critical extension. DANE-EE does not allow that (RFC 7672 §3.1.1).

use der::asn1::BitStringRef;
use der::{Decode, Header, Reader, SliceReader, Tag};
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::WebPkiSupportedAlgorithms;
use tokio_rustls::rustls::{CertificateError, DigitallySignedStruct, Error, PeerMisbehaved};

/// Checks a signature of TLS 1.2, where a scheme names the kind of key but not its curve (RFC 5246 §7.4.1.4.1).
pub(super) fn verify(
    spki: &[u8],
    message: &[u8],
    signed: &DigitallySignedStruct,
    supported: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let key = PublicKey::parse(spki)
        .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
    let of_scheme = |(scheme, _): &&(_, _)| *scheme == signed.scheme;
    let (_, algorithms) = supported
        .mapping
        .iter()
        .find(of_scheme)
        .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
    let fits = algorithms
        .iter()
        .filter(|algorithm| algorithm.public_key_alg_id().as_ref() == key.algorithm);
    for algorithm in fits {
        if algorithm
            .verify_signature(key.octets, message, signed.signature())
            .is_ok()
        {
            return Ok(HandshakeSignatureValid::assertion());
        }
    }
    Err(Error::InvalidCertificate(CertificateError::BadSignature))
}

/// The two parts of a `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
#[derive(Debug, Eq, PartialEq)]
struct PublicKey<'a> {
    /// The content of the `AlgorithmIdentifier`, without its own tag and length.
    algorithm: &'a [u8],
    /// The content of the bit string.
    octets: &'a [u8],
}

impl<'a> PublicKey<'a> {
    fn parse(spki: &'a [u8]) -> Result<Self, der::Error> {
        let mut outer = SliceReader::new(spki)?;
        let mut fields = SliceReader::new(sequence(&mut outer)?)?;
        outer.finish()?;
        let algorithm = sequence(&mut fields)?;
        let bits = BitStringRef::decode(&mut fields)?;
        fields.finish()?;
        let octets = bits.as_bytes().ok_or(Tag::BitString.value_error())?;
        Ok(Self { algorithm, octets })
    }
}

/// The content of the sequence that comes next.
fn sequence<'a>(reader: &mut SliceReader<'a>) -> Result<&'a [u8], der::Error> {
    let header = Header::decode(reader)?;
    header.tag().assert_eq(Tag::Sequence)?;
    reader.read_slice(header.length())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_key() {
        let whole = [0x30, 9, 0x30, 2, 5, 0, 3, 3, 0, 7, 8];
        let key = PublicKey::parse(&whole).ok();
        let (algorithm, octets): (&[u8], &[u8]) = (&[5, 0], &[7, 8]);
        assert_eq!(key, Some(PublicKey { algorithm, octets }));
        for broken in [
            &[][..],
            &[0x30, 9, 0x30, 2, 5, 0, 3, 3, 0, 7],
            &[0x30, 9, 0x30, 2, 5, 0, 3, 3, 0, 7, 8, 9],
            &[0x30, 9, 0x30, 2, 5, 0, 3, 3, 1, 7, 8],
            &[0x30, 9, 0x30, 2, 5, 0, 4, 3, 0, 7, 8],
            &[0x31, 9, 0x30, 2, 5, 0, 3, 3, 0, 7, 8],
            &[0x30, 10, 0x30, 2, 5, 0, 3, 3, 0, 7, 8, 9],
        ] {
            assert!(PublicKey::parse(broken).is_err(), "{broken:?}");
        }
    }
}
