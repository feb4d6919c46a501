//! The client's side of SMTP, as far as a delivery needs it (RFC 5321, RFC 3207).

mod reply;

pub(crate) use reply::{Reply, SmtpError};

use core::time::Duration;
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use reply::Assembly;

/// How much is read at once.
const CHUNK: usize = 4096;

/// How long a server may take to say goodbye; nothing hangs on its answer.
const FAREWELL: Duration = Duration::from_secs(1);

/// A byte stream, with TLS or without.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// One connection to a server.
pub(crate) struct Client {
    stream: Box<dyn Transport>,
    /// What was read and does not belong to a reply that was handed out.
    unread: Vec<u8>,
    patience: Duration,
    greeted: bool,
}

/// Who waits for whom at the start of a conversation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Opening {
    /// The server greets first.
    Greeting,
    /// The server waits for EHLO, as it does after STARTTLS (RFC 3207 §4.2).
    Silence,
}

/// What the server said to EHLO or HELO.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Hello {
    /// It lists STARTTLS.
    StartTls,
    /// It is ready, and does not list STARTTLS.
    Plain,
    /// It refuses to talk.
    Rejected {
        /// The reply code.
        code: u16,
    },
}

/// A message and its envelope.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) sender: String,
    pub(crate) recipient: String,
    /// Lines that end in CR LF.
    pub(crate) content: String,
}

impl Client {
    /// Speaks over `stream`; each reply must come within `patience`.
    pub(crate) fn new(stream: Box<dyn Transport>, opening: Opening, patience: Duration) -> Self {
        Self {
            stream,
            unread: Vec::new(),
            patience,
            greeted: opening == Opening::Silence,
        }
    }

    /// How many octets came behind the last reply.
    pub(crate) fn buffered(&self) -> usize {
        self.unread.len()
    }

    /// The bare stream, for TLS.
    pub(crate) fn into_stream(self) -> Box<dyn Transport> {
        self.stream
    }

    /// Waits for the greeting if it has not come yet, and introduces itself as `name`.
    ///
    /// # Errors
    /// [`SmtpError`] if the connection cannot be used any more.
    pub(crate) async fn hello(&mut self, name: &str) -> Result<Hello, SmtpError> {
        if !self.greeted {
            let greeting = self.reply().await?;
            if greeting.code != 220 {
                return Ok(Hello::Rejected {
                    code: greeting.code,
                });
            }
            self.greeted = true;
        }
        let reply = self.command(&format!("EHLO {name}")).await?;
        match reply.code {
            250 if reply.lists("STARTTLS") => Ok(Hello::StartTls),
            250 => Ok(Hello::Plain),
            // RFC 5321 §3.2: a server that does not know EHLO is asked once more.
            500..=599 => match self.command(&format!("HELO {name}")).await?.code {
                250 => Ok(Hello::Plain),
                code => Ok(Hello::Rejected { code }),
            },
            code => Ok(Hello::Rejected { code }),
        }
    }

    /// Sends a line and waits for the reply.
    ///
    /// # Errors
    /// [`SmtpError`] if the connection cannot be used any more.
    pub(crate) async fn command(&mut self, line: &str) -> Result<Reply, SmtpError> {
        self.send(&format!("{line}\r\n")).await?;
        self.reply().await
    }

    /// Hands over a message; the reply is the first one that refuses it, or the one that accepts it.
    ///
    /// # Errors
    /// [`SmtpError`] if the connection cannot be used any more.
    pub(crate) async fn deliver(&mut self, message: &Message) -> Result<Reply, SmtpError> {
        let Message {
            sender, recipient, ..
        } = message;
        for (line, wanted) in [
            (format!("MAIL FROM:<{sender}>"), 2),
            (format!("RCPT TO:<{recipient}>"), 2),
            ("DATA".to_owned(), 3),
        ] {
            let reply = self.command(&line).await?;
            if reply.code / 100 != wanted {
                return Ok(reply);
            }
        }
        // RFC 5321 §4.5.2: a dot in front of every line that begins with one.
        let mut text = String::with_capacity(message.content.len() + 5);
        for line in message.content.split_inclusive("\r\n") {
            if line.starts_with('.') {
                text.push('.');
            }
            text.push_str(line);
        }
        text.push_str(".\r\n");
        self.send(&text).await?;
        self.reply().await
    }

    /// Takes leave. It does not matter whether the server answers.
    pub(crate) async fn quit(mut self) {
        let patience = self.patience.min(FAREWELL);
        let farewell = async {
            self.command("QUIT").await?;
            self.stream.shutdown().await.map_err(SmtpError::from)
        };
        let _unheard = timeout(patience, farewell).await;
    }

    async fn send(&mut self, text: &str) -> Result<(), SmtpError> {
        let write = async {
            self.stream.write_all(text.as_bytes()).await?;
            self.stream.flush().await
        };
        match timeout(self.patience, write).await {
            Ok(written) => written.map_err(SmtpError::from),
            Err(_) => Err(SmtpError::Timeout),
        }
    }

    async fn reply(&mut self) -> Result<Reply, SmtpError> {
        let patience = self.patience;
        timeout(patience, self.read_reply())
            .await
            .unwrap_or(Err(SmtpError::Timeout))
    }

    async fn read_reply(&mut self) -> Result<Reply, SmtpError> {
        let mut assembly = Assembly::default();
        loop {
            while let Some(line) = reply::take_line(&mut self.unread)? {
                if let Some(reply) = assembly.add(&line)? {
                    return Ok(reply);
                }
            }
            let mut chunk = [0; CHUNK];
            let length = self.stream.read(&mut chunk).await?;
            if length == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            self.unread
                .extend_from_slice(chunk.get(..length).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(200);

    /// A client and the other end of its connection, where the server has already said all it will say.
    async fn client(said: &str) -> (Client, tokio::io::DuplexStream) {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        far.write_all(said.as_bytes()).await.unwrap();
        let client = Client::new(Box::new(near), Opening::Greeting, PATIENCE);
        (client, far)
    }

    async fn hello(said: &str) -> Result<Hello, SmtpError> {
        client(said).await.0.hello("me.test").await
    }

    #[tokio::test]
    async fn hello_in_all_its_forms() {
        for (said, expected) in [
            (
                "220 a\r\n250-a\r\n250-starttls\r\n250 X\r\n",
                Hello::StartTls,
            ),
            ("220-a\r\n220 b\r\n250 STARTTLS\r\n", Hello::Plain),
            ("220 a\r\n250-a\r\n250 XSTARTTLS\r\n", Hello::Plain),
            ("220 a\r\n502 no\r\n250 a\r\n", Hello::Plain),
            (
                "220 a\r\n550 no\r\n554 no\r\n",
                Hello::Rejected { code: 554 },
            ),
            ("220 a\r\n421 busy\r\n", Hello::Rejected { code: 421 }),
            ("554 go away\r\n", Hello::Rejected { code: 554 }),
        ] {
            assert_eq!(hello(said).await.ok(), Some(expected), "{said}");
        }
    }

    #[tokio::test]
    async fn a_server_that_says_nothing_or_nonsense() {
        assert!(matches!(hello("").await, Err(SmtpError::Timeout)));
        assert!(matches!(
            hello("HTTP/1.1 400\r\n").await,
            Err(SmtpError::Garbled)
        ));
        let (mut client, far) = client("22").await;
        drop(far);
        assert!(matches!(client.hello("me").await, Err(SmtpError::Lost(_))));
    }

    #[tokio::test]
    async fn octets_behind_a_reply_are_counted() {
        let (mut client, _far) = client("220 go\r\n250 more").await;
        assert_eq!(client.command("STARTTLS").await.unwrap().code, 220);
        assert_eq!(client.buffered(), 8);
    }

    #[tokio::test]
    async fn lines_with_dots_are_stuffed() {
        let (mut client, mut far) = client("250 a\r\n250 b\r\n354 c\r\n250 d\r\n").await;
        let message = Message {
            sender: "a@x.test".to_owned(),
            recipient: "b@y.test".to_owned(),
            content: "A: b\r\n\r\n.\r\n..c\r\n".to_owned(),
        };
        assert_eq!(client.deliver(&message).await.unwrap().code, 250);
        drop(client);
        let mut sent = String::new();
        far.read_to_string(&mut sent).await.unwrap();
        assert!(sent.starts_with("MAIL FROM:<a@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\n"));
        assert!(sent.ends_with("\r\n\r\n..\r\n...c\r\n.\r\n"), "{sent}");
    }

    #[tokio::test]
    async fn the_first_refusal_ends_a_transaction() {
        let (mut client, _far) = client("250 a\r\n450 later\r\n").await;
        let message = Message {
            sender: String::new(),
            recipient: "b@y.test".to_owned(),
            content: String::new(),
        };
        assert_eq!(client.deliver(&message).await.unwrap().code, 450);
    }
}
