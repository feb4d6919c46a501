#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use core::net::Ipv4Addr;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::super::certificates::Identity;
use super::{Handshake, MailServer, MailServers, StartTls, Transport};

struct Client<S>(BufReader<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Sends a command and returns the reply, all lines of it.
    async fn say(&mut self, command: &str) -> String {
        self.0
            .write_all(format!("{command}\r\n").as_bytes())
            .await
            .unwrap();
        self.0.flush().await.unwrap();
        self.reply().await
    }

    async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let start = reply.len();
            self.0.read_line(&mut reply).await.unwrap();
            if reply.get(start..).unwrap().chars().nth(3) != Some('-') {
                return reply;
            }
        }
    }

    async fn send(&mut self) {
        assert!(
            self.say("MAIL FROM:<a@sender.test> SIZE=10")
                .await
                .starts_with("250")
        );
        assert!(self.say("RCPT TO:<b@good.test>").await.starts_with("250"));
        assert!(self.say("DATA").await.starts_with("354"));
        assert!(
            self.say("Subject: test\r\n\r\n..dot\r\n.")
                .await
                .starts_with("250")
        );
        assert!(self.say("QUIT").await.starts_with("221"));
    }
}

async fn connect(servers: &MailServers, host: u8) -> Client<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::new(127, 0, 0, host), servers.port().get()))
        .await
        .unwrap();
    let mut client = Client(BufReader::new(stream));
    assert!(client.reply().await.starts_with("220 "));
    client
}

async fn handshake(
    client: Client<TcpStream>,
    anchor: &CertificateDer<'static>,
) -> std::io::Result<Client<TlsStream<TcpStream>>> {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(anchor.clone()).unwrap();
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .unwrap();
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_webpki_verifier(verifier)
        .with_no_client_auth();
    let name = ServerName::try_from("mx.good.test").unwrap();
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, client.0.into_inner())
        .await?;
    Ok(Client(BufReader::new(stream)))
}

fn server(host: u8, starttls: StartTls) -> (MailServer, CertificateDer<'static>) {
    let identity = Identity::issued(&["mx.good.test"]).unwrap();
    let root = identity.chain.last().unwrap().clone();
    (
        MailServer::new("mx.good.test", host, identity).starttls(starttls),
        root,
    )
}

#[tokio::test]
async fn delivery_over_tls_and_in_the_clear() {
    let (offered, root) = server(1, StartTls::Offered);
    let (stripped, _) = server(2, StartTls::Stripped);
    let servers = MailServers::start(vec![offered, stripped]).await.unwrap();

    let mut client = connect(&servers, 1).await;
    assert!(client.say("EHLO me.test").await.contains("STARTTLS"));
    assert!(client.say("STARTTLS").await.starts_with("220"));
    let mut client = handshake(client, &root).await.unwrap();
    assert!(!client.say("EHLO me.test").await.contains("STARTTLS"));
    client.send().await;

    let mut client = connect(&servers, 2).await;
    assert!(!client.say("EHLO me.test").await.contains("STARTTLS"));
    assert!(client.say("STARTTLS").await.starts_with("502"));
    client.send().await;

    let messages = servers.mailbox().messages();
    let transports: Vec<Transport> = messages.iter().map(|message| message.transport).collect();
    assert_eq!(transports, [Transport::Tls, Transport::Cleartext]);
    for message in messages {
        assert_eq!(
            (message.sender.as_str(), message.recipients.as_slice()),
            ("a@sender.test", ["b@good.test".to_owned()].as_slice())
        );
        assert_eq!(message.content, b"Subject: test\r\n\r\n.dot\r\n");
    }
}

#[tokio::test]
async fn starttls_that_goes_wrong() {
    let (rejected, _) = server(1, StartTls::Rejected);
    let (injected, _) = server(2, StartTls::Injected);
    let (broken, root) = server(3, StartTls::Offered);
    let servers = MailServers::start(vec![
        rejected,
        injected,
        broken.handshake(Handshake::Breaks),
    ])
    .await
    .unwrap();

    let mut client = connect(&servers, 1).await;
    assert!(client.say("EHLO me.test").await.contains("STARTTLS"));
    assert!(client.say("STARTTLS").await.starts_with("454"));

    let mut client = connect(&servers, 2).await;
    client.say("EHLO me.test").await;
    assert!(client.say("STARTTLS").await.starts_with("220"));
    assert!(!client.0.buffer().is_empty());

    let mut client = connect(&servers, 3).await;
    client.say("EHLO me.test").await;
    assert!(client.say("STARTTLS").await.starts_with("220"));
    assert!(handshake(client, &root).await.is_err());
}

#[tokio::test]
async fn commands_behind_starttls_are_not_taken() {
    let (offered, _) = server(1, StartTls::Offered);
    let servers = MailServers::start(vec![offered]).await.unwrap();
    let mut client = connect(&servers, 1).await;
    assert!(
        client
            .say("STARTTLS\r\nMAIL FROM:<a@sender.test>")
            .await
            .starts_with("501")
    );
}

#[tokio::test]
async fn long_lines_end_the_connection() {
    let (offered, _) = server(1, StartTls::Offered);
    let servers = MailServers::start(vec![offered]).await.unwrap();
    let mut client = connect(&servers, 1).await;
    client.0.write_all(&[b'x'; 4000]).await.unwrap();
    let mut rest = Vec::new();
    // Closed with unread input: an end or a reset, never a reply.
    let _reset = client.0.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}

#[tokio::test]
async fn no_servers_no_port() {
    assert!(MailServers::start(Vec::new()).await.is_err());
}
