//! The client's side of SMTP up to the mail, without I/O: what to send, when to read, and what a reply means.

use std::io;
use std::net::IpAddr;

use smtp_dane::delivery::{Event, Transfer};
use smtp_dane::session::{self, Assurance, StartTlsOffer, Step};

/// Longest reply in octets. The longest answers to EHLO have some twenty lines, and RFC 5321 §4.5.3.1.5 allows each 512 octets.
const MAX_REPLY: usize = 32 * 512;

/// The conversation on one connection.
pub(crate) struct Conversation {
    own_name: String,
    /// What was received and belongs to no reply yet.
    received: Vec<u8>,
    to_send: Option<String>,
    awaiting: Awaiting,
}

/// The reply that comes next.
#[derive(Clone, Copy)]
enum Awaiting {
    Greeting,
    Ehlo,
    Helo,
    StartTls,
    /// The answer to the EHLO after TLS.
    Readiness,
    /// None: nothing is left to say before the mail.
    Nothing,
}

/// What to do on the connection.
pub(crate) enum Next {
    Send(String),
    /// Read, and hand what came to [`Conversation::receive`].
    Read,
    /// This came of the step.
    Done(Event),
}

impl Conversation {
    /// Begins on a fresh connection, where the server greets first. `own_address` is that of this side of it.
    pub(crate) fn new(own_address: IpAddr) -> Self {
        // RFC 5321 §4.1.3. A mail server says its name here.
        let own_name = match own_address.to_canonical() {
            IpAddr::V4(address) => format!("[{address}]"),
            IpAddr::V6(address) => format!("[IPv6:{address}]"),
        };
        Self {
            own_name,
            received: Vec::new(),
            to_send: None,
            awaiting: Awaiting::Greeting,
        }
    }

    /// Turns to a step of the session: `Hello`, `StartTls` or `Transfer`. For the others it is an error.
    pub(crate) fn begin(&mut self, step: Step<'_>) -> io::Result<()> {
        match step {
            Step::StartTls => {
                self.awaiting = Awaiting::StartTls;
                self.to_send = Some("STARTTLS\r\n".to_owned());
            }
            Step::Transfer(Assurance::Cleartext(_)) => self.awaiting = Awaiting::Nothing,
            Step::Transfer(_) => {
                // RFC 3207 §4.2: what the server said before TLS is forgotten.
                self.received.clear();
                self.say("EHLO", Awaiting::Readiness);
            }
            Step::Hello => self.awaiting = Awaiting::Greeting,
            Step::Handshake(_)
            | Step::RawPublicKeyHandshake(_)
            | Step::Reconnect
            | Step::Abandon(_) => {
                return Err(io::Error::other("this step is no conversation"));
            }
        }
        Ok(())
    }

    /// Takes what was read. Nothing at all means that the server has closed the connection.
    pub(crate) fn receive(&mut self, octets: &[u8]) -> io::Result<()> {
        if octets.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.received.extend_from_slice(octets);
        Ok(())
    }

    /// What to do now. An error means that the server does not speak SMTP.
    pub(crate) fn next(&mut self) -> io::Result<Next> {
        loop {
            if let Some(line) = self.to_send.take() {
                return Ok(Next::Send(line));
            }
            if matches!(self.awaiting, Awaiting::Nothing) {
                // Here a mail server says MAIL, RCPT and DATA, and reports what came of those.
                return Ok(Next::Done(Event::Transferred(Transfer::Accepted)));
            }
            let Some(reply) = self.take_reply()? else {
                return Ok(Next::Read);
            };
            if let Some(event) = self.understand(reply) {
                return Ok(Next::Done(event));
            }
        }
    }

    /// What a reply means to the step; none if there is more to say.
    fn understand(&mut self, Reply { code, starttls }: Reply) -> Option<Event> {
        let event = match (self.awaiting, code) {
            (Awaiting::Greeting, 220) => {
                self.say("EHLO", Awaiting::Ehlo);
                return None;
            }
            // RFC 5321 §3.2: a server that does not know EHLO is asked once more.
            (Awaiting::Ehlo, 500..=599) => {
                self.say("HELO", Awaiting::Helo);
                return None;
            }
            (Awaiting::Readiness, 250) => {
                self.awaiting = Awaiting::Nothing;
                return None;
            }
            // The mail was not refused, but this host will not have it now.
            (Awaiting::Readiness, 400..=499) => {
                return Some(Event::Transferred(Transfer::Delayed { code }));
            }
            (Awaiting::Readiness | Awaiting::Nothing, _) => {
                return Some(Event::Transferred(Transfer::Interrupted));
            }
            (Awaiting::Ehlo, 250) if starttls => session::Event::Hello(StartTlsOffer::Offered),
            (Awaiting::Ehlo | Awaiting::Helo, 250) => session::Event::Hello(StartTlsOffer::Absent),
            (Awaiting::Greeting | Awaiting::Ehlo | Awaiting::Helo, code) => {
                session::Event::HelloRejected { code }
            }
            (Awaiting::StartTls, code) => session::Event::StartTlsReply {
                code,
                buffered: self.received.len(),
            },
        };
        Some(Event::Session(event))
    }

    fn say(&mut self, verb: &str, awaiting: Awaiting) {
        self.awaiting = awaiting;
        self.to_send = Some(format!("{verb} {}\r\n", self.own_name));
    }

    /// Cuts the first reply off; `None` if its last line has not come yet.
    fn take_reply(&mut self) -> io::Result<Option<Reply>> {
        let garbled = || io::Error::from(io::ErrorKind::InvalidData);
        let mut length = 0;
        let mut starttls = false;
        for line in self.received.split_inclusive(|octet| *octet == b'\n') {
            let Some(text) = line.strip_suffix(b"\n") else {
                break;
            };
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            let (code, is_last, text) = parse_line(text).ok_or_else(garbled)?;
            // The first line has the server's name, whatever that is.
            starttls |= length > 0 && text.eq_ignore_ascii_case(b"STARTTLS");
            length += line.len();
            if is_last {
                self.received.drain(..length);
                return Ok(Some(Reply { code, starttls }));
            }
        }
        match self.received.len() {
            0..MAX_REPLY => Ok(None),
            _ => Err(garbled()),
        }
    }
}

struct Reply {
    code: u16,
    /// Whether a line other than the first says so.
    starttls: bool,
}

/// The code of a line, whether it is the last one, and the text behind (RFC 5321 §4.2).
fn parse_line(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_first_chunk::<3>()?;
    let [b'2'..=b'5', b'0'..=b'5', b'0'..=b'9'] = digits else {
        return None;
    };
    let code = digits
        .iter()
        .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    match rest {
        [b'-', text @ ..] => Some((code, false, text)),
        [b' ', text @ ..] => Some((code, true, text)),
        [] => Some((code, true, rest)),
        _ => None,
    }
}

/// What it means to a step that the connection broke, or that it took too long.
pub(crate) fn broken(step: Step<'_>) -> Event {
    match step {
        Step::Transfer(_) => Event::Transferred(Transfer::Interrupted),
        Step::Handshake(_) | Step::RawPublicKeyHandshake(_) => {
            Event::Session(session::Event::HandshakeFailed)
        }
        _ => Event::Session(session::Event::ConnectionLost),
    }
}
