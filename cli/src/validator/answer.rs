//! What a validated lookup means to the library.

use hickory_proto::op::Query;
use smtp_dane::dns::{Answer, LookupError, Question, Rcode};
use smtp_dane::hickory::{Hop, validated};

use super::{Checked, LookupFailure, Validated, Validator};

impl Validator {
    /// Answers a question of one of the library's machines. Whatever goes wrong is an answer too: a lookup that failed.
    pub(crate) async fn answer(&self, question: &Question) -> Answer {
        let found = match Query::try_from(question) {
            Ok(query) => self.lookup(query.name(), query.query_type()).await,
            Err(error) => Err(LookupFailure::Network(error.to_string())),
        };
        answer(question, &found)
    }
}

/// The answer to the question that was looked up, with the security of the weakest of its parts.
pub(crate) fn answer(question: &Question, found: &Result<Validated, LookupFailure>) -> Answer {
    match found {
        Ok(found) => {
            let hops: Vec<Hop<'_>> = found.replies.iter().map(Checked::hop).collect();
            validated(question, &hops)
        }
        Err(failure) => Answer::failed(error(failure)),
    }
}

fn error(failure: &LookupFailure) -> LookupError {
    match failure {
        LookupFailure::Bogus { .. } => LookupError::Bogus,
        LookupFailure::Indeterminate { .. } | LookupFailure::NoAnchoredKey { .. } => {
            LookupError::Indeterminate
        }
        LookupFailure::ResponseCode(code) => LookupError::Rcode(Rcode((*code).into())),
        LookupFailure::Timeout => LookupError::Timeout,
        LookupFailure::TooManyAliases { .. } => LookupError::AliasChainTooLong,
        LookupFailure::Network(_) => LookupError::Unreachable,
    }
}
