//! DNSSEC validation on this side of the wire.
//!
//! A [`Validator`] asks a server that it need not trust (any resolver that passes DNSSEC records on, or an authoritative server of
//! all zones in question), checks signatures and denials from a trust anchor down, and follows aliases itself: one query a hop. So each
//! hop has a proof of its own, also where the chain ends in a name that has no records of the asked type.
//!
//! The signatures are checked by hickory, and whether the records are to the point, by [`smtp_dane::hickory`]. Two things are done
//! here. A reply that holds an alias and the denial of its target fails hickory's check, which looks for a denial of the name that was
//! asked; the alias is then asked for alone. And what hickory calls insecure has to be shown to stand in an unsigned zone.

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::sync::Arc;

use hickory_net::dnssec::DnssecDnsHandle;
use hickory_net::xfer::{DnsHandle as _, FirstAnswer as _};
use hickory_net::{DnsError, NetError};
use hickory_proto::dnssec::rdata::DNSSECRData;
use hickory_proto::op::{DnsRequestOptions, DnsResponse, Query};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use smtp_dane::dns::MAX_ALIASES;
use smtp_dane::hickory::Verdict;
use tokio::time::timeout;

use outcome::Checked;
use upstream::Upstream;

mod anchor;
mod answer;
mod outcome;
#[cfg(test)]
mod tests;
mod upstream;

pub(crate) use anchor::{Anchor, AnchorError};
pub(crate) use outcome::{Absence, LookupFailure, Validated};
pub(crate) use upstream::system_servers;

/// UDP payload that is announced: what fits the smallest IPv6 packet (RFC 9715).
const UDP_PAYLOAD: u16 = 1232;

/// No proof is kept for the next answer. hickory 0.26.3 finds a kept one by the query and an unkeyed hash of 64 bits over the record
/// set, and compares no record: some 2^32 tries find a forged set with the hash of a signed one, to which a spare signature was added.
const MAX_PROOFS: usize = 0;

/// A client that validates every answer.
#[derive(Clone)]
pub(crate) struct Validator {
    checked: DnssecDnsHandle<Upstream>,
    options: DnsRequestOptions,
    patience: Duration,
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator").finish_non_exhaustive()
    }
}

impl Validator {
    /// A validator that asks the given servers and gives up a lookup after `patience`.
    ///
    /// A DS record among the anchors is turned into the key that it names, which takes one query.
    ///
    /// # Errors
    ///
    /// If a zone has no key that matches its DS anchor, or cannot be asked.
    pub(crate) async fn new(
        servers: &[SocketAddr],
        anchor: Anchor,
        patience: Duration,
    ) -> Result<Self, LookupFailure> {
        let upstream = upstream::connect(servers, patience)?;
        let mut options = DnsRequestOptions::default();
        options.edns_payload_len = UDP_PAYLOAD;
        options.edns_set_dnssec_ok = true;
        let anchors = upstream::trust_anchors(&upstream, options, anchor).await?;
        let checked = DnssecDnsHandle::with_trust_anchor(upstream, Arc::new(anchors));
        let checked = checked.validation_cache_size(MAX_PROOFS);
        Ok(Self {
            checked,
            options,
            patience,
        })
    }

    /// Looks up records of one type, and follows aliases unless the type is CNAME itself.
    ///
    /// # Errors
    ///
    /// If an answer is bogus, if its security cannot be found out, if the server fails or cannot be reached, or if there are too many
    /// aliases.
    pub(crate) async fn lookup(
        &self,
        name: &Name,
        record_type: RecordType,
    ) -> Result<Validated, LookupFailure> {
        timeout(self.patience, self.follow(name, record_type))
            .await
            .unwrap_or(Err(LookupFailure::Timeout))
    }

    async fn follow(
        &self,
        name: &Name,
        record_type: RecordType,
    ) -> Result<Validated, LookupFailure> {
        let mut found = Validated::default();
        let mut owner = name.clone();
        for _ in 0..=MAX_ALIASES {
            match found.add(self.hop(&owner, record_type).await?, record_type)? {
                Some(target) => owner = target,
                None => return Ok(found),
            }
        }
        Err(LookupFailure::TooManyAliases { name: name.clone() })
    }

    /// One reply. If it stands in an unsigned zone, that has been proven.
    async fn hop(&self, owner: &Name, record_type: RecordType) -> Result<Checked, LookupFailure> {
        let checked = self.reply(owner, record_type).await?;
        if checked.hop().claims_unsigned() {
            self.find_unsigned(owner).await?;
        }
        Ok(checked)
    }

    /// Goes from the top down to the delegation that is unsigned (RFC 4035 §5.2, RFC 5155 §8.6), since hickory takes less for a proof: see
    /// [`smtp_dane::hickory`]. A lookup on the way that fails does no harm if there is a proof all the same.
    ///
    /// # Errors
    ///
    /// If there is none.
    async fn find_unsigned(&self, owner: &Name) -> Result<(), LookupFailure> {
        let mut failed = None;
        for labels in 1..=owner.iter().len() {
            match self.is_unsigned(owner.trim_to(labels)).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(failure) => failed = failed.or(Some(failure)),
            }
        }
        let name = owner.clone();
        Err(failed.unwrap_or(LookupFailure::Bogus { name }))
    }

    async fn is_unsigned(&self, zone: Name) -> Result<bool, LookupFailure> {
        let checked = self.reply(&zone, RecordType::DS).await?;
        let proven = checked.hop().proves_unsigned();
        proven.map_err(|error| checked.failure(error))
    }

    async fn reply(&self, owner: &Name, record_type: RecordType) -> Result<Checked, LookupFailure> {
        let asked = |record_type| Query::query(owner.clone(), record_type);
        let (query, reply, verdict) = match self.ask(owner, record_type).await {
            Ok(reply) => (asked(record_type), reply, Verdict::Passed),
            Err(NetError::Dns(DnsError::Nsec { response, .. }))
                if record_type != RecordType::CNAME
                    && records_at(&response, owner, RecordType::CNAME)
                        .next()
                        .is_some() =>
            {
                let alone = self.ask(owner, RecordType::CNAME).await;
                let alone = alone.map_err(|error| failure(owner, error))?;
                (asked(RecordType::CNAME), alone, Verdict::Passed)
            }
            Err(NetError::Dns(DnsError::Nsec {
                response, proof, ..
            })) => (asked(record_type), *response, Verdict::Objected(proof)),
            Err(error) => return Err(failure(owner, error)),
        };
        Ok(Checked {
            query,
            reply,
            verdict,
        })
    }

    async fn ask(&self, owner: &Name, record_type: RecordType) -> Result<DnsResponse, NetError> {
        self.checked
            .lookup(Query::query(owner.clone(), record_type), self.options)
            .first_answer()
            .await
    }
}

impl Validated {
    /// Takes what a reply says about its name, and returns the name to go on with if that is an alias.
    fn add(
        &mut self,
        checked: Checked,
        record_type: RecordType,
    ) -> Result<Option<Name>, LookupFailure> {
        let proof = checked.proof()?;
        let (owner, reply) = (checked.query.name(), &checked.reply);
        let present = [record_type, RecordType::CNAME]
            .into_iter()
            .find(|candidate| records_at(reply, owner, *candidate).next().is_some());
        let mut alias = None;
        if let Some(present) = present {
            for record in records_at(reply, owner, present) {
                if let (RData::CNAME(target), true) = (&record.data, present != record_type) {
                    alias = Some(target.0.clone());
                }
                let mut record = record.clone();
                record.proof = record.proof.min(proof);
                self.answers.push(record);
            }
            let signatures = signatures_at(reply, owner, present).cloned();
            self.signatures.extend(signatures);
        } else if checked.query.query_type() != record_type {
            // The alias is gone, and nothing was said of what was asked for.
            let name = owner.clone();
            return Err(LookupFailure::Indeterminate { name });
        } else {
            self.absence = Some(Absence {
                response_code: reply.response_code,
                proof,
            });
        }
        self.replies.push(checked);
        Ok(alias)
    }
}

fn records_at<'a>(
    reply: &'a DnsResponse,
    owner: &'a Name,
    record_type: RecordType,
) -> impl Iterator<Item = &'a Record> {
    reply
        .answers
        .iter()
        .filter(move |record| record.record_type() == record_type && record.name == *owner)
}

fn signatures_at<'a>(
    reply: &'a DnsResponse,
    owner: &'a Name,
    covered: RecordType,
) -> impl Iterator<Item = &'a Record> {
    records_at(reply, owner, RecordType::RRSIG).filter(move |record| match &record.data {
        RData::DNSSEC(DNSSECRData::RRSIG(signature)) => signature.input().type_covered == covered,
        _ => false,
    })
}

fn failure(owner: &Name, error: NetError) -> LookupFailure {
    match error {
        NetError::Dns(DnsError::Nsec { .. } | DnsError::DnssecBogus) => LookupFailure::Bogus {
            name: owner.clone(),
        },
        NetError::Dns(DnsError::ResponseCode(code)) => LookupFailure::ResponseCode(code),
        NetError::Timeout => LookupFailure::Timeout,
        other => LookupFailure::Network(other.to_string()),
    }
}
