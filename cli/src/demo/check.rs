//! Whether a delivery of the demo ended as its scene says.

use smtp_dane::delivery::{Deferral, Delivery, Outcome};
use smtp_dane::dns::LookupError;
use smtp_dane::resolve::RouteError;

use super::scenes::{Expected, Stored};
use crate::lab::smtp::{Delivered, Transport};
use crate::report::Report;
use crate::smtp::Message;
use crate::validator::Validator;

/// What differs in the decisions.
pub(super) fn report(expected: &Expected, report: &Report) -> Vec<String> {
    let mut differences = Vec::new();
    if report.outcome != expected.outcome {
        differences.push(format!(
            "the mail was {} and should have been {}",
            report.outcome.as_str(),
            expected.outcome.as_str()
        ));
    }
    let code = report.reason.as_ref().map(|reason| reason.code.as_str());
    if code != expected.reason {
        let name = |code: Option<&str>| code.unwrap_or("none").to_owned();
        let (is, should) = (name(code), name(expected.reason));
        differences.push(format!("the reason is {is} and should have been {should}"));
    }
    let lookup = report
        .reason
        .as_ref()
        .and_then(|reason| reason.lookup.as_ref());
    if lookup.is_some_and(|lookup| lookup.validation) != expected.fails_validation {
        differences.push("DNSSEC validation did not end as it should have".to_owned());
    }
    let seen = report
        .hosts
        .iter()
        .map(|host| (host.host.as_str(), host.result));
    if !seen.clone().eq(expected.hosts.iter().copied()) {
        let words = seen.map(|(host, result)| format!("{host} {}", result.as_str()));
        let words: Vec<_> = words.collect();
        differences.push(format!("the hosts are: {}", words.join(", ")));
    }
    differences
}

/// What differs if the query that failed is validated here, without the word of a resolver.
pub(super) async fn validation(delivery: &Delivery, validator: &Validator) -> Option<String> {
    let failed = match delivery.outcome() {
        Some(Outcome::Deferred(Deferral::NoRoute(RouteError::Lookup(failed)))) => failed,
        _ => return Some("no lookup failed that decides where mail goes".to_owned()),
    };
    let answer = validator.answer(&failed.question).await;
    match answer.result() {
        Err(LookupError::Bogus) => None,
        Err(error) => Some(format!("{}: {error}", failed.question)),
        Ok(reply) => Some(format!(
            "{} has a {} answer",
            failed.question,
            reply.security()
        )),
    }
}

/// What differs in what the servers stored.
pub(super) fn mailbox(
    expected: &Expected,
    message: &Message,
    stored: &[Delivered],
) -> Option<String> {
    let is_ours = |stored: &&Delivered| stored.recipients.contains(&message.recipient);
    let ours: Vec<_> = stored.iter().filter(is_ours).collect();
    let (server, transport) = match expected.stored {
        Stored::Nowhere if ours.is_empty() => return None,
        Stored::Nowhere => return Some("a server stored the mail".to_owned()),
        Stored::OverTls(server) => (server, Transport::Tls),
        Stored::InClear(server) => (server, Transport::Cleartext),
    };
    let [one] = ours.as_slice() else {
        return Some(format!("{} servers stored the mail", ours.len()));
    };
    if one.server != server {
        return Some(format!("{} stored the mail, not {server}", one.server));
    }
    if one.transport != transport {
        return Some(format!("{server} got the mail over {:?}", one.transport));
    }
    let is_whole = one.sender == message.sender && one.content == message.content.as_bytes();
    (!is_whole).then(|| format!("{server} stored another mail than was sent"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{MxFacts, OutcomeKind, StatusCodes};

    fn expected(stored: Stored) -> Expected {
        Expected {
            outcome: OutcomeKind::Delivered,
            reason: None,
            fails_validation: false,
            hosts: &[],
            stored,
        }
    }

    #[test]
    fn decisions_are_compared() {
        let sound = Report {
            domain: "y.test".to_owned(),
            outcome: OutcomeKind::Delivered,
            would_refuse: false,
            objection: None,
            status: StatusCodes {
                enhanced: "2.0.0".to_owned(),
                basic: 250,
            },
            mx: MxFacts {
                security: None,
                kind: None,
            },
            hosts: Vec::new(),
            dropped: Vec::new(),
            reason: None,
            tlsrpt: Vec::new(),
            ttl: None,
        };
        let fits = expected(Stored::Nowhere);
        assert!(report(&fits, &sound).is_empty());
        let mut others = [(); 4].map(|()| expected(Stored::Nowhere));
        let [outcome, reason, validation, hosts] = &mut others;
        outcome.outcome = OutcomeKind::Deferred;
        reason.reason = Some("no-tlsa");
        validation.fails_validation = true;
        hosts.hosts = &[("mx.y.test", crate::report::HostResult::Authenticated)];
        for other in others {
            assert_eq!(report(&other, &sound).len(), 1);
        }
    }

    #[test]
    fn stored_mail_is_compared_in_full() {
        let message = Message {
            sender: "a@x.test".to_owned(),
            recipient: "b@y.test".to_owned(),
            content: "Subject: x\r\n\r\n".to_owned(),
        };
        let sound = Delivered {
            server: "mx.y.test".to_owned(),
            transport: Transport::Tls,
            sender: message.sender.clone(),
            recipients: vec![message.recipient.clone()],
            content: message.content.clone().into_bytes(),
        };
        let tls = expected(Stored::OverTls("mx.y.test"));
        let check = |expected: &Expected, stored: &[Delivered]| {
            mailbox(expected, &message, stored).is_none()
        };
        assert!(check(&tls, std::slice::from_ref(&sound)));
        assert!(check(&expected(Stored::Nowhere), &[]));
        assert!(!check(&tls, &[]));
        assert!(!check(&tls, &[sound.clone(), sound.clone()]));
        for wrong in [
            expected(Stored::Nowhere),
            expected(Stored::InClear("mx.y.test")),
            expected(Stored::OverTls("mx2.y.test")),
        ] {
            assert!(!check(&wrong, std::slice::from_ref(&sound)));
        }
        let mut changed = sound;
        changed.content.pop();
        assert!(!check(&tls, &[changed]));
    }
}
