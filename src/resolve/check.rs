//! [`ResolverCheck`]: whether a resolver validates, asked when a server starts.
//!
//! | state | waits for | then |
//! |---|---|---|
//! | `AwaitingAnswers` | the signed name, and the bogus one if the caller knows one | what both of them show |
//! | `Done` | nothing | |
//!
//! A resolver that does not validate, or whose AD bit is lost on the way, makes every answer insecure. Then DANE applies nowhere
//! (RFC 7672 §2.1.1), mail goes out all the same, and nothing looks broken.

use core::fmt;

use super::lookups::{Lookups, Resolved};
use super::{Step, Unexpected};
use crate::dns::{Answer, Denial, FailedLookup, Found, LookupError, QueryId, QueryType, Question};
use crate::dns::{Rcode, Security, Trust};
use crate::name::Name;

/// The machine that finds out whether a resolver validates.
///
/// It asks for a name that is known to be signed, and for one that is known to be bogus if the caller has one. The second lookup
/// shows more than the first: AD may be set by a resolver that validates nothing, but only validation holds bogus data back.
///
/// ```
/// use smtp_dane::dns::{Answer, Denial, LookupError, QueryType, Question, Rcode, Security, Trust};
/// use smtp_dane::resolve::{ResolverCheck, Step, Validation};
///
/// let root = Question::new(".".parse()?, QueryType::Mx);
/// let broken = Question::new("dnssec-failed.org".parse()?, QueryType::A);
/// let mut check = ResolverCheck::with_names(Trust::AdBit, root, Some(broken.clone()));
/// let shown = loop {
///     match check.step() {
///         Step::Lookup(queries) => {
///             let query = queries.first().ok_or("a machine that waits has a query")?;
///             // Here the caller asks its resolver. This one validates.
///             let answer = if *query.question() == broken {
///                 Answer::failed(LookupError::Rcode(Rcode::SERV_FAIL))
///             } else {
///                 Answer::denied(query.question(), Denial::NoData, 86_400, Security::Secure)
///             };
///             let id = query.id();
///             check.handle(id, answer)?;
///         }
///         Step::Done(result) => break result,
///     }
/// };
/// assert_eq!(shown, Ok(&Validation::Shown));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResolverCheck {
    signed: Question,
    bogus: Option<Question>,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum State {
    AwaitingAnswers(Lookups),
    Done(Result<Validation, ResolverFault>),
}

impl ResolverCheck {
    /// Asks for the MX records of the root. There are none, and the root zone is signed, so that a resolver which validates
    /// answers with a proof of that. No zone stands above the root, and every resolver can reach it.
    ///
    /// `trust` is what the caller reads replies with. A caller who validates by itself trusts its own word: [`Trust::AdBit`].
    #[must_use]
    pub fn new(trust: Trust) -> Self {
        Self::with_names(trust, Question::new(Name::root(), QueryType::Mx), None)
    }

    /// Asks for a name of the caller's choice that is known to be signed, and for one that is known to be bogus.
    ///
    /// For the signed one it does not matter whether there are records of the type or a denial, as long as the name exists. Of an
    /// alias, the target must be signed as well (RFC 7672 §2.1.3).
    #[must_use]
    pub fn with_names(trust: Trust, signed: Question, bogus: Option<Question>) -> Self {
        let state = match trust {
            Trust::AdBit => {
                let questions = [Some(signed.clone()), bogus.clone()];
                State::AwaitingAnswers(Lookups::new(
                    QueryId::default(),
                    questions.into_iter().flatten(),
                ))
            }
            // Whatever the resolver says is insecure then: there is nothing to ask.
            Trust::Nothing => State::Done(Err(ResolverFault::Untrusted)),
        };
        Self {
            signed,
            bogus,
            state,
        }
    }

    /// What is wanted now.
    #[must_use]
    pub fn step(&self) -> Step<'_, Validation, ResolverFault> {
        match &self.state {
            State::AwaitingAnswers(lookups) => Step::Lookup(lookups.pending()),
            State::Done(result) => Step::Done(result.as_ref()),
        }
    }

    /// Takes the answer to one of the open queries.
    ///
    /// # Errors
    /// [`Unexpected`] if the query is not open, or the answer is to another question; nothing has changed then.
    pub fn handle(&mut self, id: QueryId, answer: Answer) -> Result<(), Unexpected> {
        let State::AwaitingAnswers(lookups) = &mut self.state else {
            return Err(Unexpected);
        };
        lookups.handle(id, answer)?;
        if let Some(results) = lookups.take_results() {
            self.state = State::Done(self.judge(results));
        }
        Ok(())
    }

    /// What the answers show together. What is certain comes before what is only likely, and that before what is not known.
    fn judge(
        &self,
        results: impl IntoIterator<Item = Result<Resolved, FailedLookup>>,
    ) -> Result<Validation, ResolverFault> {
        let mut results = results.into_iter();
        let signed = results.next();
        let bogus = self.bogus.as_ref().zip(results.next());
        let bogus = bogus.map(|(question, result)| judge_bogus(question, result));
        if let Some(Err(fault @ ResolverFault::BogusAnswered { .. })) = bogus {
            return Err(fault);
        }
        match signed {
            Some(Err(failed)) => return Err(ResolverFault::Lookup(failed)),
            Some(Ok(resolved)) if is_no_domain(&resolved) => {
                return Err(ResolverFault::NoDomain(self.signed.clone()));
            }
            Some(Ok(resolved)) if resolved.security == Security::Secure => {}
            Some(Ok(_)) | None => {
                let question = self.signed.clone();
                return Err(match bogus {
                    Some(Ok(())) => ResolverFault::AdLost(question),
                    Some(Err(_)) | None => ResolverFault::NotSecure(question),
                });
            }
        }
        match bogus {
            Some(Ok(())) => Ok(Validation::Shown),
            Some(Err(fault)) => Err(fault),
            None => Ok(Validation::Claimed),
        }
    }
}

/// Whether bogus data was held back.
fn judge_bogus(
    question: &Question,
    result: Result<Resolved, FailedLookup>,
) -> Result<(), ResolverFault> {
    match result {
        // RFC 4035 §5.5: the code by which a resolver holds back what does not validate; the other word is that of a caller who
        // validates by itself.
        Err(failed)
            if matches!(
                failed.error,
                LookupError::Rcode(Rcode::SERV_FAIL) | LookupError::Bogus
            ) =>
        {
            Ok(())
        }
        Err(failed) => Err(ResolverFault::Lookup(failed)),
        Ok(resolved) if is_no_domain(&resolved) => Err(ResolverFault::NoDomain(question.clone())),
        Ok(resolved) => Err(ResolverFault::BogusAnswered {
            question: question.clone(),
            security: resolved.security,
        }),
    }
}

fn is_no_domain(resolved: &Resolved) -> bool {
    resolved.found == Found::Denied(Denial::NoDomain)
}

/// What a resolver without a fault has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a bogus name was asked for or it was not"
)]
pub enum Validation {
    /// The signed name came with a secure answer. No bogus name was asked for, so this is the resolver's word and no more.
    Claimed,
    /// The signed name came with a secure answer, and the bogus one was held back. As long as the servers of the bogus zone answer,
    /// that takes validation: a resolver that cannot reach them says SERVFAIL as well.
    Shown,
}

impl fmt::Display for Validation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Claimed => "the resolver says that it validates",
            Self::Shown => "the resolver validates, and holds back what is bogus",
        })
    }
}

/// Why a resolver is of no use for DANE.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResolverFault {
    /// The caller believes nothing that the resolver says of security ([`Trust::Nothing`]), so every answer is insecure.
    Untrusted,
    /// The signed name came without security: nobody validated, or AD was taken away.
    NotSecure(Question),
    /// The signed name came without security, though the bogus one was held back: most likely somebody validates, and AD does not
    /// get here.
    AdLost(Question),
    /// The bogus name was answered. With [`Security::Secure`], AD is set without validation, and forged records would
    /// authenticate forged servers; or the name is bogus no longer.
    BogusAnswered {
        /// The bogus name.
        question: Question,
        /// What was said of the answer.
        security: Security,
    },
    /// A name that should be known does not exist, whoever says so. Nothing was shown; ask for another one.
    NoDomain(Question),
    /// A lookup failed. That does *not* show that the resolver does not validate; but as long as lookups fail, no mail goes out
    /// under DANE.
    Lookup(FailedLookup),
}

impl ResolverFault {
    /// Whether the check should be made again before anybody is called: a lookup failed, as lookups do at times.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Lookup(_) => true,
            Self::Untrusted
            | Self::NotSecure(_)
            | Self::AdLost(_)
            | Self::BogusAnswered { .. }
            | Self::NoDomain(_) => false,
        }
    }

    /// The place in the standards that decides so.
    #[must_use]
    pub const fn cite(&self) -> &'static str {
        match self {
            Self::Untrusted => "RFC 4035 §4.9.3",
            Self::NotSecure(_) => "RFC 7672 §2.1.1",
            Self::AdLost(_) => "RFC 4035 §3.2.3",
            Self::BogusAnswered { .. } => "RFC 4035 §5.5",
            Self::NoDomain(_) => "RFC 1035 §4.1.1",
            Self::Lookup(_) => "RFC 7672 §2.1.2",
        }
    }
}

impl fmt::Display for ResolverFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untrusted => f.write_str(
                "the resolver is not trusted, so no answer of it is secure and DANE never applies",
            ),
            Self::NotSecure(question) => write!(
                f,
                "the answer to {question} is not secure, though the name is signed: the resolver does not validate, or something \
                 strips the AD bit"
            ),
            Self::AdLost(question) => write!(
                f,
                "the answer to {question} is not secure, though the name is signed and bogus data is held back: something strips \
                 the AD bit"
            ),
            Self::BogusAnswered { question, security } => write!(
                f,
                "the resolver answered {question}, which is bogus, and called the answer {security}: it does not validate"
            ),
            Self::NoDomain(question) => write!(
                f,
                "{question} was asked to see whether the resolver validates, but there is no such name"
            ),
            Self::Lookup(failed) => write!(
                f,
                "whether the resolver validates is not known, and no mail can go out under DANE: {failed}"
            ),
        }
    }
}

impl core::error::Error for ResolverFault {}
