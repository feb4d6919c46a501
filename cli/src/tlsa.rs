//! `tlsa`: the records to publish for a certificate.

use core::fmt::{Display, Write};

use smtp_dane::cert::RawCertificate;
use smtp_dane::tlsa::{MatchingType, Record, Role, Selector, Usage, sha256, sha512};
use smtp_dane::{Authentication, Digests, Name, Policy, VerifyError};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};

use crate::args::TlsaArgs;
use crate::exit::{Ending, Verdict};
use crate::input::File;
use crate::input::pem::{Block, Content};
use crate::terminal::{complain, print};

/// Prints the records.
///
/// # Errors
/// [`Ending`] if there is no such record, or nobody reads the output.
pub(crate) fn run(args: &TlsaArgs) -> Result<Verdict, Ending> {
    let owner = owner(args)?;
    let file = File::read(&args.file)?;
    let records = if args.chain {
        of_chain(&file, args.host.as_ref())?
    } else {
        vec![of_block(&file, args)?]
    };
    let mut text = String::new();
    for record in records {
        if let Err(why) = record.usability(Role::Relay, Digests::default()) {
            let cite = why.cite();
            complain(&format!(
                "warning: no mail server can use this record: {why} [{cite}]"
            ));
        }
        let _always_fits = writeln!(text, "{owner} IN TLSA {record}");
    }
    print(&text)?;
    Ok(Verdict::Holds)
}

/// Where the records stand (RFC 7672 §2.2.3).
fn owner(args: &TlsaArgs) -> Result<String, Ending> {
    let Some(host) = &args.host else {
        return Ok(format!("_{}._tcp", args.port));
    };
    let owner = host.tlsa_owner(args.port).map_err(|error| {
        Ending::Unusable(format!("--host <NAME>: '{host}' cannot be used: {error}"))
    })?;
    Ok(format!("{owner}."))
}

/// The record for the one block of the file, or the server's certificate before others.
fn of_block(file: &File, args: &TlsaArgs) -> Result<Record, Ending> {
    let blocks = file.blocks()?;
    let is_authority = matches!(args.usage, Usage::PKIX_TA | Usage::DANE_TA);
    let block = match blocks.as_slice() {
        [block] => block,
        [block, ..] if !is_authority => block,
        // The first one is most likely the server's, which no record of these usages may name.
        _ => {
            return Err(file.unusable(&format!(
                "there are {} blocks in it; for usage {} give the authority's certificate alone, or use --chain",
                blocks.len(),
                args.usage.0
            )));
        }
    };
    let part: &[u8] = match (&block.content, args.selector) {
        (Content::Certificate(certificate), Selector::SPKI) => {
            key_of(file, block.number, certificate)?
        }
        (Content::Certificate(certificate), _) => certificate,
        (Content::PublicKey(key), Selector::SPKI) => key,
        (Content::PublicKey(_), _) => {
            let why = "a public key has no certificate, which selector 0 is for";
            return Err(at(file, block.number, &why));
        }
    };
    // Of what makes no sense, a digest could still be taken.
    let whole = Record::new(args.usage, args.selector, MatchingType::FULL, part);
    let sense = whole.usability(Role::Submission, Digests::default());
    sense.map_err(|why| at(file, block.number, &why))?;
    Ok(record_of(args.usage, args.selector, args.matching, part))
}

/// `3 1 1` of the server's certificate, and `2 1 1` of the one that issued it.
fn of_chain(file: &File, host: Option<&Name>) -> Result<Vec<Record>, Ending> {
    let blocks = file.blocks()?;
    let certificates = file.certificates(&blocks, "it is no certificate")?;
    let numbers = blocks.iter().map(|block: &Block| block.number);
    let mut chain = numbers.zip(&certificates);
    let (number, leaf) = chain.next().ok_or(Ending::Broken)?;
    let key = key_of(file, number, leaf)?;
    let own = record_of(Usage::DANE_EE, Selector::SPKI, MatchingType::SHA2_256, key);
    let mut closest = None;
    for (number, certificate) in chain {
        match issued(certificate, leaf, host) {
            Ok(()) => {
                let key = key_of(file, number, certificate)?;
                let issuer = record_of(Usage::DANE_TA, Selector::SPKI, MatchingType::SHA2_256, key);
                return Ok(vec![own, issuer]);
            }
            Err(error) => closest = closest.max(Some(error)),
        }
    }
    Err(file.unusable(&match closest {
        None | Some(VerifyError::IssuerNotFound | VerifyError::NoRecordMatched) => {
            "the certificate that issued the first one is not in it".to_owned()
        }
        Some(error) => {
            format!("no other certificate in it could be the anchor of the first one: {error}")
        }
    }))
}

/// Whether a record for `authority` would authenticate a server with `leaf`, as the library sees it today.
///
/// # Errors
/// Why it would not. The name is not among these reasons, since the certificate may bear the recipient's domain instead;
/// there is a warning about that.
fn issued(
    authority: &CertificateDer<'_>,
    leaf: &CertificateDer<'_>,
    host: Option<&Name>,
) -> Result<(), VerifyError> {
    let record = record_of(
        Usage::DANE_TA,
        Selector::CERT,
        MatchingType::SHA2_256,
        authority,
    );
    let base = host.cloned().unwrap_or_else(Name::root);
    let policy = Policy::default();
    let wanted = Authentication::from_vouched_records(base, [], vec![record], Role::Relay, &policy)
        .map_err(|_| VerifyError::NoRecordMatched)?;
    let algorithms = ring::default_provider().signature_verification_algorithms;
    let chain = [leaf.clone(), authority.clone()];
    match (wanted.verify(&chain, UnixTime::now(), algorithms.all), host) {
        (Err(VerifyError::NameMismatch), Some(host)) => {
            complain(&format!(
                "warning: the certificate does not bear {host}: the record 2 1 1 is of use only if it bears the \
                 recipient's domain [RFC 7672 §3.2.2]"
            ));
            Ok(())
        }
        (Ok(_) | Err(VerifyError::NameMismatch), _) => Ok(()),
        (Err(error), _) => Err(error),
    }
}

/// The record that names `part` of a certificate.
fn record_of(usage: Usage, selector: Selector, matching: MatchingType, part: &[u8]) -> Record {
    match matching {
        MatchingType::SHA2_256 => Record::new(usage, selector, matching, &sha256(part)),
        MatchingType::SHA2_512 => Record::new(usage, selector, matching, &sha512(part)),
        _ => Record::new(usage, selector, MatchingType::FULL, part),
    }
}

fn key_of<'a>(
    file: &File,
    number: usize,
    certificate: &'a CertificateDer<'_>,
) -> Result<&'a [u8], Ending> {
    let parsed = RawCertificate::parse(certificate).map_err(|error| at(file, number, &error))?;
    Ok(parsed.subject_public_key_info())
}

fn at(file: &File, number: usize, why: &dyn Display) -> Ending {
    file.unusable_at(&format!("block {number}"), why)
}
