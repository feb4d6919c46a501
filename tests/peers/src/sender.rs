//! A small mail client on the library: one message to Postfix with mandatory DANE, and a look into the mailbox.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::crypto::ring;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use smtp_dane::delivery::{Delivery, Event, Outcome, Step, Transfer};
use smtp_dane::dns::{Answer, Discard, Question, Trust};
use smtp_dane::resolve::{NextHop, Plan, TlsPolicy};
use smtp_dane::rustls::DaneVerifier;
use smtp_dane::session::{self, Assurance, StartTlsOffer};
use smtp_dane::{DaneMode, Policy};

use crate::Fallible;
use crate::daemons::RESOLVER;
use crate::postfix::Postfix;

/// How long the resolver and the server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long Postfix may take from its queue to the mailbox.
const QUEUE: Duration = Duration::from_secs(20);

/// The domain for which Postfix keeps mail.
pub(crate) const DOMAIN: &str = "postfix.nsec.test";

/// Sends a message, reads it back, and says how it came.
pub(crate) fn send_and_read(postfix: &Postfix) -> Fallible<String> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let text = format!("peers {}", since.as_nanos());
    let message = format!("Subject: by mandatory DANE\r\n\r\n{text}\r\n");
    let outcome = send(&message)?;
    if !matches!(outcome, Outcome::Delivered { .. }) {
        return Err(format!("the message was not delivered: {outcome}").into());
    }
    let begun = SystemTime::now();
    loop {
        if let Some(received) = find(postfix, &text)? {
            let by_tls = received.contains("using TLSv1.3") && received.contains("with ESMTPS");
            if !by_tls {
                return Err(format!("the message did not come over TLS:\n{received}").into());
            }
            return Ok(format!("'{text}' is in Postfix's mailbox: {outcome}"));
        }
        if begun.elapsed()? > QUEUE {
            return Err("the message did not come into Postfix's mailbox".into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The message in the mailbox that has `text` in it.
fn find(postfix: &Postfix, text: &str) -> Fallible<Option<String>> {
    let Ok(folder) = fs::read_dir(postfix.maildir.join("new")) else {
        // Nothing has come yet.
        return Ok(None);
    };
    for entry in folder {
        let received = fs::read_to_string(entry?.path())?;
        if received.contains(text) {
            return Ok(Some(received));
        }
    }
    Ok(None)
}

fn send(message: &str) -> Fallible<Outcome> {
    let mut policy = Policy::default();
    policy.dane = DaneMode::Mandatory;
    let mut delivery = Delivery::new(NextHop::domain(DOMAIN.parse()?), policy, 0);
    let mut connection = None;
    loop {
        let event = match delivery.step() {
            Step::Done(outcome) => return Ok(outcome.clone()),
            Step::Lookup(queries) => {
                let query = queries.first().ok_or("a lookup without a query")?;
                Event::Answer(query.id(), ask(query.question())?)
            }
            Step::Connect { address, port, .. } => {
                connection = Some(Connection::open(address.to_string(), port.get())?);
                Event::Connected
            }
            Step::Session(step) => {
                let server_name = delivery.plan().and_then(Plan::server_name);
                let connection = connection.as_mut().ok_or("there is no connection")?;
                connection.act(step, server_name.map(ServerName::DnsName), message)?
            }
        };
        delivery.handle(event)?;
    }
}

fn ask(question: &Question) -> Fallible<Answer> {
    let socket = UdpSocket::bind(("127.0.0.1", 0))?;
    socket.connect(RESOLVER)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    // Nobody else is in this network, so any number will do.
    let id = 1;
    socket.send(&question.encode(id))?;
    let mut buffer = [0; 65_535];
    loop {
        let length = socket.recv(&mut buffer)?;
        let reply = buffer.get(..length).unwrap_or_default();
        match Answer::from_message(question, id, reply, Trust::AdBit) {
            Ok(answer) => return Ok(answer),
            Err(Discard::NotOurs) => {}
            Err(discard) => return Err(discard.to_string().into()),
        }
    }
}

trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

/// A connection to the server; it is here for a server that does all that it should.
struct Connection {
    plain: TcpStream,
    stream: BufReader<Box<dyn Stream>>,
}

impl Connection {
    fn open(address: String, port: u16) -> Fallible<Self> {
        let plain = TcpStream::connect((address, port))?;
        plain.set_read_timeout(Some(PATIENCE))?;
        let stream: Box<dyn Stream> = Box::new(plain.try_clone()?);
        let mut connection = Self {
            plain,
            stream: BufReader::new(stream),
        };
        connection.reply("220")?;
        Ok(connection)
    }

    /// Does one step of the session.
    fn act(
        &mut self,
        step: session::Step<'_>,
        server_name: Option<ServerName<'static>>,
        message: &str,
    ) -> Fallible<Event> {
        Ok(match step {
            session::Step::Hello => {
                let offers = self.command("EHLO peers.test", "250")?.contains("STARTTLS");
                let offer = if offers {
                    StartTlsOffer::Offered
                } else {
                    StartTlsOffer::Absent
                };
                Event::Session(session::Event::Hello(offer))
            }
            session::Step::StartTls => {
                self.command("STARTTLS", "220")?;
                let buffered = self.stream.buffer().len();
                Event::Session(session::Event::StartTlsReply {
                    code: 220,
                    buffered,
                })
            }
            session::Step::Handshake(tls) => {
                let name = server_name.ok_or("a policy without a server name")?;
                Event::Session(self.handshake(tls, name)?)
            }
            session::Step::Transfer(Assurance::Authenticated(_)) => {
                self.command("EHLO peers.test", "250")?;
                self.command("MAIL FROM:<sender@peers.test>", "250")?;
                self.command(&format!("RCPT TO:<inbox@{DOMAIN}>"), "250")?;
                self.command("DATA", "354")?;
                self.command(&format!("{message}."), "250")?;
                self.command("QUIT", "221")?;
                Event::Transferred(Transfer::Accepted)
            }
            other => return Err(format!("mandatory DANE with this server has no {other:?}").into()),
        })
    }

    fn handshake(
        &mut self,
        tls: &TlsPolicy,
        name: ServerName<'static>,
    ) -> Fallible<session::Event> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Arc::new(DaneVerifier::new(tls.clone(), Arc::clone(&provider)));
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_no_client_auth();
        let mut secured = StreamOwned::new(
            ClientConnection::new(Arc::new(config), name)?,
            self.plain.try_clone()?,
        );
        secured.conn.complete_io(&mut secured.sock)?;
        let event = verifier.confirm(secured.conn.peer_certificates(), UnixTime::now());
        self.stream = BufReader::new(Box::new(secured));
        Ok(event)
    }

    fn command(&mut self, line: &str, wanted: &str) -> Fallible<String> {
        let stream = self.stream.get_mut();
        stream.write_all(format!("{line}\r\n").as_bytes())?;
        stream.flush()?;
        self.reply(wanted)
    }

    /// All lines of a reply, which must have the code that is wanted.
    fn reply(&mut self, wanted: &str) -> Fallible<String> {
        let mut text = String::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            if !line.starts_with(wanted) {
                return Err(format!("the server says '{line}' where {wanted} is wanted").into());
            }
            text.push_str(&line);
            if line.get(3..4) != Some("-") {
                return Ok(text);
            }
        }
    }
}
