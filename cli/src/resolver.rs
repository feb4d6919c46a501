//! The resolver that a delivery asks: somebody else's over the wire, or validation of our own.

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::sync::Arc;

use smtp_dane::Unexpected;
use smtp_dane::dns::{Answer, Query, QueryId, Question, Trust};
use smtp_dane::resolve::{ResolverCheck, ResolverFault, Step, Validation};
use tokio::task::JoinSet;

use crate::stub::Stub;
use crate::validator::{Anchor, LookupFailure, Validator, system_servers};

/// Who answers questions. A copy asks the same servers.
#[derive(Clone, Debug)]
pub(crate) enum Resolver {
    /// A resolver whose word is taken.
    Stub(Arc<Stub>),
    /// Our own validation.
    Validator(Arc<Validator>),
}

impl Resolver {
    /// Believes the AD bit of one resolver.
    pub(crate) fn trusting(server: SocketAddr, patience: Duration) -> Self {
        Self::Stub(Arc::new(Stub::new(vec![server], Trust::AdBit, patience)))
    }

    /// Believes the AD bit of the resolvers that the system is configured to use; also says which of them are not on
    /// this machine, so that somebody on the path could have set the bit.
    ///
    /// # Errors
    /// [`ResolverError`] if the system names none.
    pub(crate) fn of_system(patience: Duration) -> Result<(Self, Vec<SocketAddr>), ResolverError> {
        let servers = Self::system_servers()?;
        let is_far = |server: &SocketAddr| Trust::of_resolver(server.ip()) == Trust::Nothing;
        let far = servers.iter().copied().filter(is_far).collect();
        let stub = Stub::new(servers, Trust::AdBit, patience);
        Ok((Self::Stub(Arc::new(stub)), far))
    }

    /// Validates what a server says, or without one the system's.
    ///
    /// # Errors
    /// [`ResolverError`] if there is no server, or a key of the anchor cannot be had.
    pub(crate) async fn validating(
        server: Option<SocketAddr>,
        anchor: Anchor,
        patience: Duration,
    ) -> Result<Self, ResolverError> {
        let servers = match server {
            Some(server) => vec![server],
            None => Self::system_servers()?,
        };
        let validator = Validator::new(&servers, anchor, patience).await;
        let validator = validator.map_err(ResolverError::Anchor)?;
        Ok(Self::Validator(Arc::new(validator)))
    }

    fn system_servers() -> Result<Vec<SocketAddr>, ResolverError> {
        let servers = system_servers().map_err(ResolverError::System)?;
        if servers.is_empty() {
            return Err(ResolverError::NoServer);
        }
        Ok(servers)
    }

    /// Asks all of the queries at once.
    pub(crate) async fn answers(&self, queries: &[Query]) -> Vec<(QueryId, Answer)> {
        let mut tasks = JoinSet::new();
        for query in queries {
            let (resolver, query) = (self.clone(), query.clone());
            tasks.spawn(async move { (query.id(), resolver.answer(query.question()).await) });
        }
        let mut answers = Vec::with_capacity(queries.len());
        while let Some(answer) = tasks.join_next().await {
            answers.extend(answer);
        }
        // In order, so that a run with the same answers reads the same.
        answers.sort_unstable_by_key(|(id, _)| *id);
        answers
    }

    /// Asks for the root zone, which is signed, to see whether the servers validate.
    ///
    /// # Errors
    /// [`Unexpected`] if the check will not take an answer, which is a mistake of this program.
    pub(crate) async fn check(&self) -> Result<Result<Validation, ResolverFault>, Unexpected> {
        let mut check = ResolverCheck::new(Trust::AdBit);
        loop {
            let answers = match check.step() {
                Step::Lookup(queries) => self.answers(queries).await,
                Step::Done(result) => return Ok(result.copied().map_err(Clone::clone)),
            };
            for (id, answer) in answers {
                check.handle(id, answer)?;
            }
        }
    }

    async fn answer(&self, question: &Question) -> Answer {
        match self {
            Self::Stub(stub) => stub.ask(question).await,
            Self::Validator(validator) => validator.answer(question).await,
        }
    }
}

/// Why there is nobody to ask.
#[derive(Debug)]
pub(crate) enum ResolverError {
    /// The system's configuration cannot be read.
    System(LookupFailure),
    /// The system's configuration names no resolver.
    NoServer,
    /// A key that the trust anchor names cannot be had.
    Anchor(LookupFailure),
}

impl fmt::Display for ResolverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(failure) => {
                write!(
                    f,
                    "the system's resolver is not known ({failure}); give --resolver"
                )
            }
            Self::NoServer => f.write_str("the system has no resolver; give --resolver"),
            Self::Anchor(failure) => write!(f, "the trust anchor cannot be used: {failure}"),
        }
    }
}

impl core::error::Error for ResolverError {}
