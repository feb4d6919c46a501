//! The conversation of SMTP that all examples have in common, before servers that say anything.

use std::io;

use smtp_dane::delivery::{Event, Transfer};
use smtp_dane::session::{self, Assurance, Downgrade, StartTlsOffer, Step};

#[path = "../../../../examples/shared/smtp.rs"]
mod smtp;

use smtp::{Conversation, Next};

const HANDSHAKE_OVER: Step<'_> = Step::Transfer(&Assurance::Encrypted);

fn conversation() -> Conversation {
    Conversation::new([127, 0, 0, 1].into())
}

/// Does a step with a server that has said all it will say; also what the client said.
fn act(conversation: &mut Conversation, step: Step<'_>, said: &str) -> io::Result<(Event, String)> {
    conversation.begin(step)?;
    conversation.receive(said.as_bytes())?;
    let mut sent = String::new();
    loop {
        match conversation.next()? {
            Next::Send(line) => sent.push_str(&line),
            Next::Read => return Err(io::ErrorKind::WouldBlock.into()),
            Next::Done(event) => return Ok((event, sent)),
        }
    }
}

fn hello(said: &str) -> io::Result<(Event, String)> {
    act(&mut conversation(), Step::Hello, said)
}

#[test]
fn starttls_is_offered_by_a_line_of_its_own_behind_the_first() {
    for (said, offer) in [
        (
            "220 a\r\n250-a\r\n250-starttls\r\n250 X\r\n",
            StartTlsOffer::Offered,
        ),
        (
            "220-a\r\n220 b\r\n250-a\r\n250 STARTTLS\r\n",
            StartTlsOffer::Offered,
        ),
        ("220 a\r\n250 STARTTLS\r\n", StartTlsOffer::Absent),
        ("220 a\r\n250-a\r\n250 XSTARTTLS\r\n", StartTlsOffer::Absent),
        ("220 a\r\n502 no\r\n250 a\r\n", StartTlsOffer::Absent),
    ] {
        let (event, sent) = hello(said).unwrap();
        assert_eq!(
            event,
            Event::Session(session::Event::Hello(offer)),
            "{said}"
        );
        assert!(sent.starts_with("EHLO [127.0.0.1]\r\n"), "{sent}");
    }
}

#[test]
fn a_server_may_refuse_to_talk() {
    for (said, code) in [
        ("554 no\r\n", 554),
        ("220 a\r\n421 busy\r\n", 421),
        ("220 a\r\n500 what\r\n550 no\r\n", 550),
    ] {
        let (event, _) = hello(said).unwrap();
        let expected = Event::Session(session::Event::HelloRejected { code });
        assert_eq!(event, expected, "{said}");
    }
}

#[test]
fn what_is_no_smtp_or_has_no_end_is_an_error() {
    let endless = "220-x\r\n".repeat(16 * 1024);
    for said in [
        "",
        "HTTP/1.1 400\r\n",
        "2200\r\n",
        "220 a\r\n999 b\r\n",
        &endless,
    ] {
        let error = hello(said).unwrap_err();
        assert_ne!(error.kind(), io::ErrorKind::WouldBlock, "{said}");
    }
    let unfinished = hello("220 a\r\n250-b\r\n250").unwrap_err();
    assert_eq!(unfinished.kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn octets_behind_the_reply_to_starttls_are_counted() {
    for (said, code, buffered) in [
        ("220 go\r\n", 220, 0),
        ("220 go\r\n250 x", 220, 5),
        ("454 no\r\n", 454, 0),
    ] {
        let (event, sent) = act(&mut conversation(), Step::StartTls, said).unwrap();
        let expected = session::Event::StartTlsReply { code, buffered };
        assert_eq!(
            (event, sent.as_str()),
            (Event::Session(expected), "STARTTLS\r\n")
        );
    }
}

#[test]
fn after_tls_the_server_is_asked_anew() {
    let mut conversation = conversation();
    for (said, expected) in [
        ("250 a\r\n", Transfer::Accepted),
        ("450 a\r\n", Transfer::Delayed { code: 450 }),
        ("554 a\r\n", Transfer::Interrupted),
    ] {
        // What is left over from before TLS does not count.
        conversation.receive(b"250 old\r\n").unwrap();
        let (event, sent) = act(&mut conversation, HANDSHAKE_OVER, said).unwrap();
        assert_eq!(event, Event::Transferred(expected), "{said}");
        assert_eq!(sent, "EHLO [127.0.0.1]\r\n");
    }
    let cleartext = Assurance::Cleartext(Downgrade::NotOffered);
    conversation.begin(Step::Transfer(&cleartext)).unwrap();
    let next = conversation.next().unwrap();
    assert!(matches!(
        next,
        Next::Done(Event::Transferred(Transfer::Accepted))
    ));
}

#[test]
fn a_step_that_is_no_conversation_is_an_error_and_never_a_success() {
    assert!(conversation().begin(Step::Reconnect).is_err());
    let lost = Event::Session(session::Event::ConnectionLost);
    for (step, event) in [
        (Step::Hello, lost.clone()),
        (Step::StartTls, lost.clone()),
        (Step::Reconnect, lost),
        (HANDSHAKE_OVER, Event::Transferred(Transfer::Interrupted)),
    ] {
        assert_eq!(smtp::broken(step), event);
    }
}
