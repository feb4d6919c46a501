//! One SMTP conversation, before or after STARTTLS (RFC 5321, RFC 3207).

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

use super::{Delivered, MailServer, Mailbox, StartTls, Transport};

/// Longest line, command or text, with CR LF (RFC 5321 §4.5.3.1.6).
const MAX_LINE: u64 = 1000;

/// Most commands in one session.
const MAX_COMMANDS: usize = 100;

/// Longest message in bytes.
const MAX_CONTENT: usize = 64 * 1024;

/// Most bytes of a client's hello that are read before a handshake is broken off.
const MAX_HELLO: usize = 4096;

/// How a conversation went to its end.
pub(super) enum Ending<S> {
    /// The client said QUIT or went away.
    Quit,
    /// The client may start the handshake now.
    StartTls(S),
}

/// A conversation over one stream.
pub(super) struct Session<'a, S> {
    stream: BufReader<S>,
    server: &'a MailServer,
    mailbox: &'a Mailbox,
    transport: Transport,
    sender: Option<String>,
    recipients: Vec<String>,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Session<'a, S> {
    pub(super) fn new(
        stream: S,
        server: &'a MailServer,
        mailbox: &'a Mailbox,
        transport: Transport,
    ) -> Self {
        let stream = BufReader::new(stream);
        Self {
            stream,
            server,
            mailbox,
            transport,
            sender: None,
            recipients: Vec::new(),
        }
    }

    pub(super) async fn greet(&mut self) -> io::Result<()> {
        let greeting = format!("220 {} ESMTP lab", self.server.name);
        self.reply(&greeting).await
    }

    pub(super) async fn run(mut self) -> io::Result<Ending<S>> {
        for _ in 0..MAX_COMMANDS {
            let Some(line) = self.line().await? else {
                return Ok(Ending::Quit);
            };
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let (verb, argument) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => self.hello().await?,
                "HELO" => self.reply(&format!("250 {}", self.server.name)).await?,
                "STARTTLS" if self.may_start_tls() => return self.start_tls().await,
                "STARTTLS" if self.server.starttls == StartTls::Rejected => {
                    self.reply("454 4.7.0 TLS not available due to temporary reason")
                        .await?;
                }
                "MAIL" => self.mail(argument).await?,
                "RCPT" => self.recipient(argument).await?,
                "DATA" => self.data().await?,
                "RSET" => {
                    self.reset();
                    self.reply("250 2.0.0 Ok").await?;
                }
                "NOOP" => self.reply("250 2.0.0 Ok").await?,
                "QUIT" => {
                    self.reply("221 2.0.0 Bye").await?;
                    self.stream.get_mut().shutdown().await?;
                    return Ok(Ending::Quit);
                }
                _ => self.reply("502 5.5.1 Command not implemented").await?,
            }
        }
        self.reply("421 4.7.0 Too many commands").await?;
        Ok(Ending::Quit)
    }

    async fn hello(&mut self) -> io::Result<()> {
        self.reset();
        let offered =
            self.transport == Transport::Cleartext && self.server.starttls != StartTls::Stripped;
        let name = &self.server.name;
        let reply = if offered {
            format!("250-{name}\r\n250-STARTTLS\r\n250 ENHANCEDSTATUSCODES")
        } else {
            format!("250-{name}\r\n250 ENHANCEDSTATUSCODES")
        };
        self.reply(&reply).await
    }

    fn may_start_tls(&self) -> bool {
        self.transport == Transport::Cleartext
            && matches!(self.server.starttls, StartTls::Offered | StartTls::Injected)
    }

    async fn start_tls(mut self) -> io::Result<Ending<S>> {
        // What the client sent before it saw the reply was not protected and must not be taken as if it were.
        if !self.stream.buffer().is_empty() {
            self.reply("501 5.5.4 No commands may follow STARTTLS")
                .await?;
            return Ok(Ending::Quit);
        }
        let injected = "220 2.0.0 Ready to start TLS\r\n250 2.0.0 Ok, and this was not protected";
        let reply = if self.server.starttls == StartTls::Injected {
            injected
        } else {
            "220 2.0.0 Ready to start TLS"
        };
        self.reply(reply).await?;
        Ok(Ending::StartTls(self.stream.into_inner()))
    }

    async fn mail(&mut self, argument: &str) -> io::Result<()> {
        let Some(sender) = path(argument, "FROM:") else {
            return self.reply("501 5.5.4 Syntax: MAIL FROM:<address>").await;
        };
        self.reset();
        self.sender = Some(sender);
        self.reply("250 2.1.0 Ok").await
    }

    async fn recipient(&mut self, argument: &str) -> io::Result<()> {
        match path(argument, "TO:") {
            _ if self.sender.is_none() => self.reply("503 5.5.1 MAIL first").await,
            None => self.reply("501 5.5.4 Syntax: RCPT TO:<address>").await,
            Some(recipient) => {
                self.recipients.push(recipient);
                self.reply("250 2.1.5 Ok").await
            }
        }
    }

    async fn data(&mut self) -> io::Result<()> {
        let Some(sender) = self.sender.take().filter(|_| !self.recipients.is_empty()) else {
            return self.reply("503 5.5.1 RCPT first").await;
        };
        self.reply("354 End data with <CR><LF>.<CR><LF>").await?;
        let content = self.content().await?;
        self.mailbox.put(Delivered {
            server: self.server.name.clone(),
            transport: self.transport,
            sender,
            recipients: core::mem::take(&mut self.recipients),
            content,
        });
        self.reply("250 2.0.0 Delivered to the lab").await
    }

    async fn content(&mut self) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        loop {
            let line = self.line().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let text = match line.as_slice() {
                b".\r\n" => return Ok(content),
                [b'.', rest @ ..] => rest,
                all => all,
            };
            content.extend_from_slice(text);
            if content.len() > MAX_CONTENT {
                return Err(io::Error::other("the message is too long"));
            }
        }
    }

    fn reset(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    /// The next line with its end, or nothing if the client has gone.
    async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        (&mut self.stream)
            .take(MAX_LINE)
            .read_until(b'\n', &mut line)
            .await?;
        match line.last() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(line)),
            Some(_) => Err(io::Error::other("a line is too long or was cut off")),
        }
    }

    async fn reply(&mut self, text: &str) -> io::Result<()> {
        let text = format!("{text}\r\n");
        self.stream.get_mut().write_all(text.as_bytes()).await?;
        self.stream.get_mut().flush().await
    }
}

/// Reads the start of a TLS handshake, sends an alert and closes.
pub(super) async fn break_off(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    alert: &[u8],
) -> io::Result<()> {
    // Whatever part of the client's hello has come; how much is of no interest.
    let mut hello = Vec::with_capacity(MAX_HELLO);
    let _length = stream.read_buf(&mut hello).await?;
    stream.write_all(alert).await?;
    stream.shutdown().await
}

/// The address in `FROM:<address>` or `TO:<address>`; parameters behind it are ignored.
fn path(argument: &str, keyword: &str) -> Option<String> {
    let start = argument
        .get(..keyword.len())
        .filter(|start| start.eq_ignore_ascii_case(keyword))?;
    let rest = argument
        .get(start.len()..)?
        .trim_start()
        .strip_prefix('<')?;
    rest.split_once('>').map(|(address, _)| address.to_owned())
}
