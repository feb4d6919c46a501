//! Mail servers that are not Postfix: as much SMTP and TLS as a probe sees, and each odd in the way that the table says.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{AlwaysResolvesServerRawPublicKeys, ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection, StreamOwned, version};

use crate::Fallible;
use crate::certificates::Identity;
use crate::table::Behaviour;

/// The port of mail between servers.
pub(crate) const PORT: u16 = 25;

/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(20);

/// A TLS record with an alert: fatal, handshake failure (RFC 8446 §6).
const HANDSHAKE_FAILURE: [u8; 7] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28];

/// Listens and serves in threads of its own until the program ends.
pub(crate) fn start(identity: &Identity, behaviour: Behaviour) -> Fallible<()> {
    let config = Arc::new(tls(identity, behaviour)?);
    let listener = TcpListener::bind((identity.address, PORT))?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = Arc::clone(&config);
            // A client that breaks the protocol or goes away is no concern of the server's.
            thread::spawn(move || serve(stream, behaviour, config).ok());
        }
    });
    Ok(())
}

fn tls(identity: &Identity, behaviour: Behaviour) -> Fallible<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let versions: &[&rustls::SupportedProtocolVersion] = match behaviour {
        Behaviour::Tls12 => &[&version::TLS12],
        Behaviour::Tls13 => &[&version::TLS13],
        _ => &[&version::TLS12, &version::TLS13],
    };
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)?
        .with_no_client_auth();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.key.serialize_der()));
    let key = provider.key_provider.load_private_key(key)?;
    if behaviour == Behaviour::RawPublicKey {
        let public = key.public_key().ok_or("the key has no public part")?;
        let presented = vec![CertificateDer::from(public.to_vec())];
        let certified = Arc::new(CertifiedKey::new(presented, key));
        let resolver = AlwaysResolvesServerRawPublicKeys::new(certified);
        return Ok(config.with_cert_resolver(Arc::new(resolver)));
    }
    // Some of the chains are meant to be bad, so nothing may look at them here.
    let chain = identity.chain.iter().cloned().map(CertificateDer::from);
    let certified = CertifiedKey::new(chain.collect(), key);
    let only_for = identity
        .name
        .clone()
        .filter(|_| behaviour == Behaviour::ByName);
    Ok(config.with_cert_resolver(Arc::new(Chain {
        certified: Arc::new(certified),
        only_for,
    })))
}

/// A server's certificates.
#[derive(Debug)]
struct Chain {
    certified: Arc<CertifiedKey>,
    /// The one name that clients may ask for; any or none, if this is none.
    only_for: Option<String>,
}

impl ResolvesServerCert for Chain {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let fits = self.only_for.is_none() || hello.server_name() == self.only_for.as_deref();
        fits.then(|| Arc::clone(&self.certified))
    }
}

fn serve(mut stream: TcpStream, behaviour: Behaviour, config: Arc<ServerConfig>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    if behaviour == Behaviour::Busy {
        return stream.write_all(b"421 4.3.2 Not now\r\n");
    }
    stream.write_all(b"220 peers ESMTP\r\n")?;
    if !converse(&mut stream, Some(behaviour))? {
        return Ok(());
    }
    if behaviour == Behaviour::BreaksHandshake {
        // Whatever part of the client's hello has come; how much is of no interest.
        let _hello = stream.read(&mut [0; 4096])?;
        return stream.write_all(&HANDSHAKE_FAILURE);
    }
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut secured = StreamOwned::new(connection, stream);
    converse(&mut secured, None)?;
    secured.conn.send_close_notify();
    secured.flush()
}

/// Answers commands; true if the client may start TLS now. Under TLS there is no `behaviour` any more.
fn converse(stream: &mut (impl Read + Write), behaviour: Option<Behaviour>) -> io::Result<bool> {
    let hidden = [None, Some(Behaviour::NoStarttls)].contains(&behaviour);
    let mut reader = BufReader::with_capacity(1024, stream);
    let mut line = String::new();
    loop {
        line.clear();
        if (&mut reader).take(1000).read_line(&mut line)? == 0 {
            return Ok(false);
        }
        let verb = line
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let (reply, starts) = match verb.as_str() {
            "EHLO" if hidden => ("250 peers", false),
            "EHLO" => ("250-peers\r\n250 STARTTLS", false),
            "STARTTLS" if !hidden => match behaviour {
                Some(Behaviour::RefusesStarttls) => ("454 4.7.0 Not now", false),
                Some(Behaviour::Injects) => ("220 2.0.0 Go on\r\n250 2.0.0 In plain text", true),
                _ => ("220 2.0.0 Go on", true),
            },
            "MAIL" | "RCPT" | "RSET" | "NOOP" => ("250 2.0.0 Ok", false),
            "DATA" => ("354 Go on", false),
            "QUIT" => ("221 2.0.0 Bye", false),
            _ => ("502 5.5.1 Not known", false),
        };
        say(reader.get_mut(), reply)?;
        if verb == "DATA" {
            skip_message(&mut reader)?;
            say(reader.get_mut(), "250 2.0.0 Thrown away")?;
            continue;
        }
        if starts || verb == "QUIT" {
            return Ok(starts);
        }
    }
}

fn say(stream: &mut impl Write, reply: &str) -> io::Result<()> {
    stream.write_all(format!("{reply}\r\n").as_bytes())?;
    stream.flush()
}

fn skip_message(reader: &mut impl BufRead) -> io::Result<()> {
    let mut line = String::new();
    while line != ".\r\n" {
        line.clear();
        if reader.take(1000).read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}
