//! Reasons: a code for scripts, a sentence for people, and the place in the standards.
//!
//! A code is the name of the library's variant in kebab-case, of the innermost one that says something. So it is taken from
//! that name, and a variant that the library adds has its code at once; the test below holds the known ones fast.

use core::fmt::{Debug, Display};

use serde::Serialize;
use smtp_dane::delivery::{Deferral, Failure, Objection, Transfer};
use smtp_dane::dns::{FailedLookup, LookupError, Rcode};
use smtp_dane::resolve::{
    DropReason, EncryptCause, HostError, NotApplicable, RouteError, TlsPolicy,
};
use smtp_dane::session::{Downgrade, Refusal};
use smtp_dane::tlsa::{SetError, Unusable};
use smtp_dane::{NoAuthentication, VerifyError};

/// Why something was decided.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Reason {
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) cite: &'static str,
    /// The query that failed, if that is the reason.
    pub(crate) lookup: Option<Lookup>,
}

/// A query that failed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Lookup {
    pub(crate) name: String,
    pub(crate) r#type: String,
    pub(crate) error: String,
    /// Whether the failure lies in DNSSEC validation, as far as the resolver tells.
    pub(crate) validation: bool,
}

impl Reason {
    fn new(code: String, text: &impl Display, cite: &'static str) -> Self {
        Self {
            code,
            text: text.to_string(),
            cite,
            lookup: None,
        }
    }

    fn of_lookup(failed: &FailedLookup, cite: &'static str) -> Self {
        Self {
            lookup: Some(Lookup {
                name: failed.question.name().to_string(),
                r#type: failed.question.query_type().to_string(),
                error: lookup_error(failed.error),
                validation: failed.concerns_validation(),
            }),
            ..Self::new("lookup".to_owned(), failed, cite)
        }
    }

    pub(super) fn of_deferral(deferral: &Deferral) -> Self {
        let inner = match deferral {
            Deferral::NoRoute(error) => Self::of_route_error(error),
            Deferral::Host { error, .. } => Self::of_host_error(error),
            Deferral::Unreachable { .. } => Self::unreachable(),
            Deferral::Refused { refusal, .. } => Self::of_refusal(refusal),
            Deferral::NotTaken { transfer, .. } => Self::of_transfer(*transfer),
            other => Self::new(code(other), other, other.cite()),
        };
        Self {
            text: deferral.to_string(),
            ..inner
        }
    }

    pub(super) fn of_failure(failure: &Failure) -> Self {
        let inner = match failure {
            Failure::NoRoute(error) => Self::of_route_error(error),
            Failure::NoHost { error, .. } => Self::of_host_error(error),
            other => Self::new(code(other), other, other.cite()),
        };
        Self {
            text: failure.to_string(),
            ..inner
        }
    }

    fn of_route_error(error: &RouteError) -> Self {
        match error {
            RouteError::Lookup(failed) => Self::of_lookup(failed, error.cite()),
            _ => Self::new(code(error), error, error.cite()),
        }
    }

    pub(super) fn of_host_error(error: &HostError) -> Self {
        match error {
            HostError::Lookup(failed) => Self::of_lookup(failed, error.cite()),
            HostError::TlsaSet(inner) => Self {
                text: error.to_string(),
                ..Self::of_set_error(*inner)
            },
            _ => Self::new(code(error), error, error.cite()),
        }
    }

    pub(super) fn of_refusal(refusal: &Refusal) -> Self {
        let code = match refusal {
            Refusal::NotAuthenticated(error) => code(error),
            _ => code(refusal),
        };
        Self::new(code, refusal, refusal.cite())
    }

    pub(super) fn of_objection(objection: &Objection) -> Self {
        match objection {
            Objection::Host(error) => Self::of_host_error(error),
            Objection::Connection(refusal) => Self::of_refusal(refusal),
        }
    }

    pub(super) fn of_not_applicable(why: NotApplicable) -> Self {
        Self::new(code(&why), &why, why.cite())
    }

    pub(super) fn of_encrypt_cause(cause: &EncryptCause) -> Self {
        Self::new(code(cause), cause, cause.cite())
    }

    pub(crate) fn of_unusable(why: Unusable) -> Self {
        Self::new(code(&why), &why, why.cite())
    }

    pub(crate) fn of_verify_error(error: VerifyError) -> Self {
        Self::new(code(&error), &error, error.cite())
    }

    /// Records that leave nothing to authenticate by.
    pub(crate) fn of_no_authentication(error: &NoAuthentication) -> Self {
        match error {
            NoAuthentication::AllUnusable(_) => {
                Self::new("no-usable-record".to_owned(), error, "RFC 6698 §4.1")
            }
            NoAuthentication::Set(inner) => Self::of_set_error(*inner),
        }
    }

    pub(crate) fn of_set_error(error: SetError) -> Self {
        Self::new(code(&error), &error, error.cite())
    }

    pub(super) fn of_drop(why: DropReason) -> Self {
        Self::new(code(&why), &why, why.cite())
    }

    /// Cleartext is allowed where DANE does not apply, and in an audit.
    pub(super) fn of_downgrade(downgrade: &Downgrade, tls: &TlsPolicy) -> Self {
        Self::new(code(downgrade), downgrade, downgrade.cite_under(tls))
    }

    pub(super) fn of_transfer(transfer: Transfer) -> Self {
        Self::new(code(&transfer), &transfer, transfer.cite())
    }

    pub(super) fn unreachable() -> Self {
        Self::new("unreachable".to_owned(), &"no connection", "RFC 5321 §5.1")
    }
}

/// The kind of a failed lookup: what the resolver answered, or the name of the variant.
fn lookup_error(error: LookupError) -> String {
    match error {
        LookupError::Rcode(Rcode(number)) => match Rcode(number) {
            Rcode::FORM_ERR | Rcode::SERV_FAIL | Rcode::NOT_IMP | Rcode::REFUSED => {
                Rcode(number).to_string().to_ascii_lowercase()
            }
            _ => format!("rcode-{number}"),
        },
        other => code(&other),
    }
}

/// The name of a variant, without what it holds, in kebab-case.
fn code(variant: &impl Debug) -> String {
    let debug = format!("{variant:?}");
    let name = debug.split(|c: char| !c.is_ascii_alphanumeric()).next();
    let mut code = String::new();
    for letter in name.unwrap_or_default().chars() {
        if letter.is_ascii_uppercase() && !code.is_empty() {
            code.push('-');
        }
        code.push(letter.to_ascii_lowercase());
    }
    code
}

#[cfg(test)]
mod tests {
    use smtp_dane::cert::CertificateError;
    use smtp_dane::dns::{Malformed, QueryType, Question, Security};

    use super::*;

    #[test]
    fn codes_of_hosts() {
        for (error, code) in [
            (HostError::AliasRefused, "alias-refused"),
            (HostError::AliasesDisagree, "aliases-disagree"),
            (HostError::AliasChanged, "alias-changed"),
            (
                HostError::TlsaSet(SetError::TooManyRecords),
                "too-many-records",
            ),
            (
                HostError::DaneRequired(NotApplicable::NoTlsa),
                "dane-required",
            ),
            (HostError::NoUsableTlsa, "no-usable-tlsa"),
            (HostError::Ourselves, "ourselves"),
            (HostError::NoBetterThanOurselves, "no-better-than-ourselves"),
            (
                HostError::NoAddress {
                    security: Security::Secure,
                },
                "no-address",
            ),
        ] {
            assert_eq!(Reason::of_host_error(&error).code, code);
        }
        for (why, code) in [
            (NotApplicable::AddressLiteral, "address-literal"),
            (NotApplicable::InsecureMx, "insecure-mx"),
            (NotApplicable::InsecureAddress, "insecure-address"),
            (NotApplicable::InsecureAlias, "insecure-alias"),
            (NotApplicable::NoTlsa, "no-tlsa"),
        ] {
            assert_eq!(Reason::of_not_applicable(why).code, code);
        }
        let cause = EncryptCause::AllUnusable(Vec::new());
        assert_eq!(Reason::of_encrypt_cause(&cause).code, "all-unusable");
        let why = Unusable::PkixUsage;
        assert_eq!(Reason::of_unusable(why).code, "pkix-usage");
        let why = DropReason::RootExchange;
        assert_eq!(Reason::of_drop(why).code, "root-exchange");
    }

    #[test]
    fn codes_of_connections() {
        for (refusal, code) in [
            (Refusal::StartTlsNotOffered, "start-tls-not-offered"),
            (
                Refusal::StartTlsRejected { code: 454 },
                "start-tls-rejected",
            ),
            (Refusal::PlaintextInjected, "plaintext-injected"),
            (Refusal::HandshakeFailed, "handshake-failed"),
            (Refusal::HelloRejected { code: 554 }, "hello-rejected"),
            (Refusal::ConnectionLost, "connection-lost"),
        ] {
            assert_eq!(Reason::of_refusal(&refusal).code, code);
        }
        let downgrade = Downgrade::Rejected { code: 454 };
        let tls = TlsPolicy::Opportunistic(NotApplicable::SwitchedOff);
        assert_eq!(Reason::of_downgrade(&downgrade, &tls).code, "rejected");
        let transfer = Transfer::Delayed { code: 450 };
        assert_eq!(Reason::of_transfer(transfer).code, "delayed");
    }

    #[test]
    fn codes_of_certificates() {
        for (error, code) in [
            (VerifyError::NoCertificate, "no-certificate"),
            (VerifyError::NoRecordMatched, "no-record-matched"),
            (
                VerifyError::Certificate(CertificateError::Structure),
                "certificate",
            ),
            (VerifyError::IssuerNotFound, "issuer-not-found"),
            (VerifyError::UnsupportedAlgorithm, "unsupported-algorithm"),
            (VerifyError::Signature, "signature"),
            (VerifyError::CriticalExtension, "critical-extension"),
            (VerifyError::CaAsServer, "ca-as-server"),
            (VerifyError::NotACa, "not-a-ca"),
            (VerifyError::Purpose, "purpose"),
            (VerifyError::PathLength, "path-length"),
            (VerifyError::NameConstraint, "name-constraint"),
            (VerifyError::ChainBudget, "chain-budget"),
            (VerifyError::NotYetValid, "not-yet-valid"),
            (VerifyError::Expired, "expired"),
            (VerifyError::NameMismatch, "name-mismatch"),
        ] {
            assert_eq!(Reason::of_verify_error(error).code, code);
            let refusal = Refusal::NotAuthenticated(error);
            assert_eq!(Reason::of_refusal(&refusal).code, code);
        }
        let none = NoAuthentication::AllUnusable(Vec::new());
        assert_eq!(Reason::of_no_authentication(&none).code, "no-usable-record");
        let many = NoAuthentication::Set(SetError::TooManyRecords);
        assert_eq!(Reason::of_no_authentication(&many).code, "too-many-records");
    }

    #[test]
    fn codes_of_routes_and_lookups() {
        for (error, code) in [
            (RouteError::NoDomain(Security::Secure), "no-domain"),
            (RouteError::NullMx(Security::Insecure), "null-mx"),
            (RouteError::InsecureMx, "insecure-mx"),
            (RouteError::Ourselves, "ourselves"),
        ] {
            assert_eq!(Reason::of_route_error(&error).code, code);
        }
        let Ok(name) = "mx.example".parse() else {
            return;
        };
        let question = Question::new(name, QueryType::Tlsa);
        for (error, kind) in [
            (LookupError::Timeout, "timeout"),
            (LookupError::Unreachable, "unreachable"),
            (LookupError::Bogus, "bogus"),
            (LookupError::Indeterminate, "indeterminate"),
            (LookupError::Malformed(Malformed::Truncated), "malformed"),
            (LookupError::Rcode(Rcode::SERV_FAIL), "servfail"),
            (LookupError::Rcode(Rcode::REFUSED), "refused"),
            (LookupError::Rcode(Rcode(11)), "rcode-11"),
        ] {
            let failed = FailedLookup {
                question: question.clone(),
                error,
                extended: Vec::new(),
            };
            let reason = Reason::of_host_error(&HostError::Lookup(failed));
            assert_eq!(reason.code, "lookup");
            assert!(reason.text.contains("mx.example TLSA"), "{}", reason.text);
            let lookup = reason.lookup.map(|lookup| (lookup.r#type, lookup.error));
            assert_eq!(lookup, Some(("TLSA".to_owned(), kind.to_owned())));
        }
    }
}
