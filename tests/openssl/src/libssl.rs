//! The verdict of libssl, by a whole handshake in memory.
//!
//! The client is set up as `SSL_CTX_dane_enable(3)` tells mail servers to: no checks of names with usage 3, no partial
//! wildcards, `SSL_VERIFY_PEER`, a store without any authority. The security level is 2 (112 bits), the default since
//! OpenSSL 3.2; keys and signatures of the cases are at least that strong, unless they are meant to be refused.
//!
//! The server sends just what it is told to, in that order.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::rc::Rc;

use openssl::error::ErrorStack;
use openssl::ssl::{Error, ErrorCode, Ssl, SslContext, SslMethod, SslMode, SslStream};
use openssl::ssl::{SslRef, SslVerifyMode};
use openssl::x509::verify::X509CheckFlags;
use openssl::x509::{X509, X509VerifyResult};

use crate::NOW;
use crate::cases::Case;
use crate::dane;
use crate::verdict::{Opinion, Verdict};

/// See above.
pub(crate) const SECURITY_LEVEL: u32 = 2;

/// The contexts of both sides, which all cases share.
pub struct Libssl {
    client: SslContext,
    server: SslContext,
}

impl Libssl {
    /// Makes both contexts.
    pub fn new() -> Result<Self, ErrorStack> {
        let mut client = SslContext::builder(SslMethod::tls_client())?;
        client.set_security_level(SECURITY_LEVEL);
        client.set_verify(SslVerifyMode::PEER);
        dane::enable_for(&mut client);
        let mut server = SslContext::builder(SslMethod::tls_server())?;
        server.set_security_level(0);
        server.set_mode(SslMode::NO_AUTO_CHAIN);
        server.set_num_tickets(0)?;
        Ok(Self {
            client: client.build(),
            server: server.build(),
        })
    }

    /// Judges one case.
    pub fn judge(&self, case: &Case) -> Result<Opinion, ErrorStack> {
        let records = case.records.iter().map(|record| &record.rdata[..]);
        let Some(client) = self.client(&case.site.references, records)? else {
            return Ok(Opinion {
                verdict: Verdict::NothingUsable,
                reason: String::from("no usable record"),
            });
        };
        let (client_end, server_end) = pipe();
        let mut client = SslStream::new(client, client_end)?;
        let mut server = SslStream::new(self.server_for(case)?, server_end)?;
        let finished = shake_hands(&mut client, &mut server);
        Ok(opinion(case, client.ssl(), finished))
    }

    /// A client that looks for these reference identifiers, the base domain first, and has the RDATA of these records; none if no
    /// record is usable.
    pub fn client<'a>(
        &self,
        references: &[impl AsRef<str>],
        records: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Option<Ssl>, ErrorStack> {
        let mut client = Ssl::new(&self.client)?;
        let mut usable = false;
        let mut names = references.iter().map(AsRef::as_ref);
        dane::enable(&mut client, names.next().expect("a base domain"));
        names.for_each(|name| dane::add_name(&mut client, name));
        for rdata in records {
            usable |= dane::add_record(&mut client, rdata);
        }
        // What libssl thinks of records that it cannot use.
        drop(ErrorStack::get());
        let parameters = client.param_mut();
        parameters.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS);
        parameters.set_time(NOW);
        Ok(usable.then_some(client))
    }

    fn server_for(&self, case: &Case) -> Result<Ssl, ErrorStack> {
        let mut server = Ssl::new(&self.server)?;
        let (leaf, others) = case.site.sent.split_first().expect("a certificate");
        server.set_certificate(X509::from_der(leaf)?.as_ref())?;
        server.set_private_key(&case.site.key)?;
        for certificate in others {
            server.add_chain_cert(X509::from_der(certificate)?)?;
        }
        Ok(server)
    }
}

fn opinion(case: &Case, client: &SslRef, finished: Result<(), Error>) -> Opinion {
    let result = client.verify_result();
    let verdict = match (result == X509VerifyResult::OK, finished) {
        (true, Ok(())) => {
            let (depth, rdata) = dane::matched(client).expect("the record that matched");
            Verdict::accepted(depth, &rdata, &case.records)
        }
        (false, Err(_)) => Verdict::Refused,
        (ok, finished) => panic!(
            "{}: the verification ended in {result} ({ok}), the handshake in {finished:?}",
            case.name
        ),
    };
    Opinion {
        verdict,
        reason: result.error_string().to_owned(),
    }
}

/// Lets both sides speak in turn until the client is done.
fn shake_hands(client: &mut SslStream<End>, server: &mut SslStream<End>) -> Result<(), Error> {
    for _ in 0..10 {
        match client.connect() {
            Err(error) if error.code() == ErrorCode::WANT_READ => {}
            result => return result,
        }
        match server.accept() {
            Err(error) if error.code() != ErrorCode::WANT_READ => return Err(error),
            _ => {}
        }
    }
    panic!("the handshake does not come to an end");
}

type Octets = Rc<RefCell<VecDeque<u8>>>;

/// One end of a connection in memory.
struct End {
    incoming: Octets,
    outgoing: Octets,
}

fn pipe() -> (End, End) {
    let [one_way, other_way]: [Octets; 2] = Default::default();
    let near = End {
        incoming: one_way.clone(),
        outgoing: other_way.clone(),
    };
    let far = End {
        incoming: other_way,
        outgoing: one_way,
    };
    (near, far)
}

impl Read for End {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.incoming.borrow_mut().read(buffer)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Write for End {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.outgoing.borrow_mut().write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
