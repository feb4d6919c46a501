//! Servers that are slow, hang up, say things twice or late, or to somebody else; at every step of a delivery.

use smtp_dane::delivery::{AttemptResult, Event, Outcome, Step, Transfer};
use smtp_dane::resolve::TlsPolicy;
use smtp_dane::session::{self, Refusal};
use smtp_dane::{DaneMode, FailedTls, InsecureMx, Policy, RawPublicKeys};

use crate::support::certificates::leaf;
use crate::support::sites::{domain, known_as, usable};
use crate::support::three_hosts::{MxAnswer, assert_no_weaker, world};
use crate::support::world::{Run, Server, World, refuses};
use crate::support::zone::Zone;

/// Policies under which the hosts are spoken to in every way.
fn policies() -> Vec<(MxAnswer, Policy)> {
    let mut policies = Vec::new();
    for mx in [MxAnswer::Secure, MxAnswer::Insecure] {
        for insecure_mx in [InsecureMx::UseTlsa, InsecureMx::Ignore] {
            for failed_tls in [FailedTls::Cleartext, FailedTls::Refuse] {
                let mut policy = known_as("192.0.2.30", "us.example");
                policy.insecure_mx = insecure_mx;
                policy.failed_tls = failed_tls;
                policy.raw_public_keys = RawPublicKeys::AfterCertificates;
                policies.push((mx, policy.clone()));
                policy.raw_public_keys = RawPublicKeys::Never;
                policies.push((mx, policy));
            }
        }
    }
    policies
}

/// Delivers to the end. `disturb` sees the run before each event but answers, with the number of that event, and may hand in
/// another event or do something to the run first.
fn deliver(
    world: &World,
    policy: &Policy,
    mut disturb: impl FnMut(&mut Run, usize, Event) -> Event,
) -> Run {
    let mut run = Run::new(domain(), policy);
    let mut events = 0;
    loop {
        let event = match run.delivery.step() {
            Step::Done(_) => return run,
            Step::Lookup(queries) => {
                let query = &queries[0];
                Event::Answer(query.id(), world.zone.answer(query.question()))
            }
            Step::Connect { .. } | Step::Session(_) => {
                let event = world.meet(&mut run);
                let event = disturb(&mut run, events, event);
                events += 1;
                event
            }
        };
        run.delivery.handle(event).unwrap();
        assert!(events < 1000, "the delivery does not end");
    }
}

fn undisturbed(world: &World, policy: &Policy) -> (Run, usize) {
    let mut events = 0;
    let run = deliver(world, policy, |_, number, event| {
        events = number + 1;
        event
    });
    (run, events)
}

/// Calls `check` at each event of a delivery but answers, under each policy.
fn at_every_event(mut check: impl FnMut(&World, MxAnswer, &Policy, &Run, usize)) {
    for (mx, policy) in policies() {
        let world = world(mx);
        let (sound, events) = undisturbed(&world, &policy);
        assert!(events >= 5, "MX {mx:?}, {policy:?}");
        for number in 0..events {
            check(&world, mx, &policy, &sound, number);
        }
    }
}

/// What a step comes to if the server is silent for too long or hangs up.
fn broken_off(step: Step<'_>) -> Vec<Event> {
    match step {
        Step::Connect { .. } => vec![Event::ConnectFailed],
        Step::Session(session::Step::Transfer(_)) => {
            vec![Event::Transferred(Transfer::Interrupted)]
        }
        Step::Session(session::Step::Handshake(_) | session::Step::RawPublicKeyHandshake(_)) => {
            vec![
                Event::Session(session::Event::HandshakeFailed),
                Event::Session(session::Event::ConnectionLost),
            ]
        }
        Step::Session(_) => vec![Event::Session(session::Event::ConnectionLost)],
        Step::Lookup(_) | Step::Done(_) => Vec::new(),
    }
}

#[test]
fn a_server_that_breaks_off_at_any_step_weakens_no_connection_and_keeps_mail_from_no_other_server()
{
    at_every_event(|world, mx, policy, sound, at| {
        for way in 0..2 {
            let run = deliver(world, policy, |run, number, event| {
                let broken = broken_off(run.delivery.step());
                if number == at {
                    broken.get(way).cloned().unwrap_or(event)
                } else {
                    event
                }
            });
            let context = format!("event {at}, way {way}, MX {mx:?}, {policy:?}");
            assert_no_weaker(&run, mx, policy, &context);
            assert!(!matches!(run.outcome(), Outcome::Failed(_)), "{context}");
            let tried = |address| run.connected.contains(address);
            assert!(
                run.delivered() || sound.connected.iter().all(tried),
                "{context}"
            );
        }
    });
}

#[test]
fn a_handshake_that_breaks_off_leads_to_cleartext_only_where_dane_does_not_apply() {
    let mut seen = [0, 0];
    at_every_event(|world, mx, policy, _, at| {
        deliver(world, policy, |run, number, event| {
            let Step::Session(session::Step::Handshake(tls)) = run.delivery.step() else {
                return event;
            };
            if number != at {
                return event;
            }
            let opportunistic = matches!(tls, TlsPolicy::Opportunistic(_));
            for event in broken_off(run.delivery.step()) {
                let mut delivery = run.delivery.clone();
                delivery.handle(event).unwrap();
                let reconnect = Step::Session(session::Step::Reconnect);
                if delivery.step() == reconnect {
                    delivery
                        .handle(Event::Session(session::Event::Reconnected))
                        .unwrap();
                    delivery
                        .handle(Event::Session(session::Event::Hello(
                            session::StartTlsOffer::Offered,
                        )))
                        .unwrap();
                    let cleartext =
                        matches!(delivery.step(), Step::Session(session::Step::Transfer(_)));
                    assert_eq!(cleartext, opportunistic, "MX {mx:?}, {policy:?}");
                    seen[usize::from(cleartext)] += 1;
                } else {
                    let over = !matches!(delivery.step(), Step::Session(_));
                    assert!(over, "MX {mx:?}, {policy:?}");
                }
            }
            event
        });
    });
    assert!(seen.iter().all(|count| *count >= 4), "{seen:?}");
}

#[test]
fn an_event_that_comes_twice_is_refused_or_counts_against_the_next_connection() {
    let (mut refused, mut taken) = (0, 0);
    at_every_event(|world, mx, policy, sound, at| {
        // The event as it is, and what it is if the server breaks off.
        for way in 0..3 {
            let mut again = None;
            let mut taken_now = false;
            let run = deliver(world, policy, |run, number, event| {
                if let Some(again) = again.take() {
                    if fails_anew(run, &again) {
                        taken_now = true;
                        return again;
                    }
                    refuses(&run.delivery, &again);
                    refused += 1;
                }
                if number != at {
                    return event;
                }
                let broken = broken_off(run.delivery.step()).into_iter();
                let mut ways = [event.clone()].into_iter().chain(broken);
                let event = ways.nth(way).unwrap_or(event);
                again = Some(event.clone());
                event
            });
            taken += usize::from(taken_now);
            let context = format!("event {at}, way {way}, MX {mx:?}, {policy:?}");
            assert_no_weaker(&run, mx, policy, &context);
            assert!(!matches!(run.outcome(), Outcome::Failed(_)), "{context}");
            if way == 0 && !taken_now {
                assert_eq!(run.delivery, sound.delivery, "{context}");
            }
        }
    });
    assert!(refused > 100 && taken > 10, "{refused}, {taken}");
}

/// Whether a delivery takes an event as the failure of its next attempt. Whoever reports a failure twice says that this failed, too.
fn fails_anew(run: &Run, event: &Event) -> bool {
    let lost = Event::Session(session::Event::ConnectionLost);
    let failure = *event == Event::ConnectFailed || *event == lost;
    failure && run.delivery.clone().handle(event.clone()).is_ok()
}

#[test]
fn a_second_reply_to_start_tls_in_the_same_packet_ends_the_connection_under_every_policy() {
    let mut seen = 0;
    at_every_event(|world, mx, policy, sound, at| {
        let mut injected = None;
        let run = deliver(world, policy, |run, number, event| {
            let Event::Session(session::Event::StartTlsReply { code, .. }) = event else {
                return event;
            };
            if number != at {
                return event;
            }
            injected = run.connected.last().copied();
            let buffered = "220 go ahead\r\n".len();
            Event::Session(session::Event::StartTlsReply { code, buffered })
        });
        let Some(address) = injected else {
            return;
        };
        seen += 1;
        let mut attempts = run.delivery.attempts();
        let attempt = attempts.find(|attempt| attempt.address() == address);
        let expected = AttemptResult::Refused(Refusal::PlaintextInjected);
        assert_eq!(attempt.unwrap().result(), &expected);
        assert!(run.sent.iter().all(|(sent, _)| *sent != address));
        let mut from = sound.connected.iter();
        let _this_one = from.find(|tried| **tried == address);
        let next = from.find(|tried| **tried != address);
        assert!(next.is_none_or(|next| run.connected.contains(next)));
        assert_no_weaker(&run, mx, policy, "octets behind a reply");
    });
    assert!(seen > 10, "{seen}");
}

#[test]
fn nothing_that_comes_late_from_a_closed_connection_is_taken_while_there_is_no_other_one() {
    let mut seen = 0;
    for (mx, policy) in policies() {
        let mut past: Vec<Event> = Vec::new();
        deliver(&world(mx), &policy, |run, _, event| {
            if let Step::Connect { .. } = run.delivery.step() {
                for late in &past {
                    refuses(&run.delivery, late);
                    seen += 1;
                }
            } else {
                past.extend(broken_off(run.delivery.step()));
                past.push(event.clone());
            }
            event
        });
    }
    assert!(seen > 100, "{seen}");
}

/// Two hosts with the same certificate, which both records name. The first one takes no mail now.
fn twins() -> World {
    let zone = Zone::signed()
        .with(
            "example.com MX 10 mx1.example.com
             example.com MX 20 mx2.example.com
             mx1.example.com A 192.0.2.1
             mx2.example.com A 192.0.2.2",
        )
        .with(&usable("mx1.example.com"))
        .with(&usable("mx2.example.com"));
    let busy = Server {
        transfer: Transfer::Delayed { code: 450 },
        ..Server::with(leaf())
    };
    World::new(zone)
        .server("192.0.2.1", busy)
        .server("192.0.2.2", Server::with(leaf()))
}

#[test]
fn a_proof_that_comes_late_from_another_host_is_refused_even_if_both_have_the_same_key() {
    for dane in [DaneMode::Opportunistic, DaneMode::Mandatory] {
        let mut policy = Policy::default();
        policy.dane = dane;
        let mut proofs = Vec::new();
        let run = deliver(&twins(), &policy, |run, _, event| {
            for late in &proofs {
                refuses(&run.delivery, late);
            }
            if let Event::Session(session::Event::Authenticated(_)) = &event {
                proofs.push(event.clone());
            }
            event
        });
        assert_eq!(proofs.len(), 2);
        assert!(run.delivered());
    }
}
