//! `tlsa`: the records to publish for a certificate.

use core::fmt::{Display, Write};

use smtp_dane::publish::{IssuerAdvice, advise};
use smtp_dane::tlsa::{Record, Role, Selector, Usage};
use smtp_dane::{Digests, Name, VerifyError};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::UnixTime;

use crate::args::TlsaArgs;
use crate::exit::{Ending, Verdict};
use crate::input::File;
use crate::input::pem::Content;
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
    let (usage, selector, matching) = (args.usage, args.selector, args.matching);
    let made = match (&block.content, selector) {
        (Content::Certificate(certificate), _) => {
            Record::of_certificate(usage, selector, matching, certificate)
        }
        (Content::PublicKey(key), Selector::SPKI) => Record::of_public_key(usage, matching, key),
        (Content::PublicKey(_), _) => {
            let why = "a public key has no certificate, which selector 0 is for";
            return Err(at(file, block.number, &why));
        }
    };
    made.map_err(|error| at(file, block.number, &error))
}

/// `3 1 1` of the server's certificate, and `2 1 1` of the one that issued it.
fn of_chain(file: &File, host: Option<&Name>) -> Result<Vec<Record>, Ending> {
    let blocks = file.blocks()?;
    let certificates = file.certificates(&blocks, "it is no certificate")?;
    let algorithms = ring::default_provider().signature_verification_algorithms;
    let base = host.cloned().unwrap_or_else(Name::root);
    let advice =
        advise(&base, &certificates, UnixTime::now(), algorithms.all).map_err(|error| {
            let number = blocks.first().map_or(1, |block| block.number);
            at(file, number, &error)
        })?;
    match (advice.issuer, host) {
        (IssuerAdvice::NameMissing(issuer), Some(host)) => {
            // It may bear the recipient's domain instead.
            complain(&format!(
                "warning: the certificate does not bear {host}: the record 2 1 1 is of use only if it bears the \
                 recipient's domain [RFC 7672 §3.2.2]"
            ));
            Ok(vec![advice.server, issuer])
        }
        (IssuerAdvice::Publish(issuer) | IssuerAdvice::NameMissing(issuer), _) => {
            Ok(vec![advice.server, issuer])
        }
        (IssuerAdvice::None(VerifyError::IssuerNotFound | VerifyError::NoRecordMatched), _) => {
            Err(file.unusable(&"the certificate that issued the first one is not in it"))
        }
        (IssuerAdvice::None(error), _) => Err(file.unusable(&format!(
            "no other certificate in it could be the anchor of the first one: {error}"
        ))),
    }
}

fn at(file: &File, number: usize, why: &dyn Display) -> Ending {
    file.unusable_at(&format!("block {number}"), why)
}
