//! A resolver and a mail server on loopback that do what a test wants, each in a thread that ends with it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

/// How often a thread looks whether its test is over.
const GLANCE: Duration = Duration::from_millis(10);

/// Longest that a thread waits for the other side; no test does.
const AT_MOST: Duration = Duration::from_secs(20);

/// How a query came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Udp,
    Tcp,
}

/// A query as it stood in its message.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) id: [u8; 2],
    pub(crate) name: String,
    pub(crate) query_type: u16,
    /// The question section.
    question: Vec<u8>,
}

impl Query {
    fn read(message: &[u8]) -> Self {
        let mut rest = message.get(12..).unwrap();
        let mut labels = Vec::new();
        let mut length = 0;
        while let [size, after @ ..] = rest
            && *size > 0
        {
            let (label, behind) = after.split_at(usize::from(*size));
            labels.push(String::from_utf8(label.to_vec()).unwrap());
            length += 1 + label.len();
            rest = behind;
        }
        let end = 12 + length + 5;
        Self {
            id: message.get(..2).unwrap().try_into().unwrap(),
            name: labels.join("."),
            query_type: u16::from_be_bytes(rest.get(1..3).unwrap().try_into().unwrap()),
            question: message.get(12..end).unwrap().to_vec(),
        }
    }

    /// A secure reply with these records at the name that was asked for; a denial if there are none.
    pub(crate) fn reply(&self, rdatas: &[Vec<u8>]) -> Vec<u8> {
        let count = u16::try_from(rdatas.len()).unwrap().to_be_bytes();
        let mut message = [&self.id[..], &[0x81, 0xa0, 0, 1], &count, &[0; 4]].concat();
        message.extend(&self.question);
        for rdata in rdatas {
            let length = u16::try_from(rdata.len()).unwrap().to_be_bytes();
            message.extend([0xc0, 12]);
            message.extend(self.query_type.to_be_bytes());
            message.extend([0, 1, 0, 0, 0, 60]);
            message.extend(length);
            message.extend(rdata);
        }
        message
    }
}

/// What a resolver does with a query: messages or parts of them, each after a pause.
pub(crate) type Habit = dyn Fn(&Query, Way) -> Vec<(Duration, Vec<u8>)> + Send + Sync;

/// Something that runs in a thread of its own until it is dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "a server panicked");
        }
    }
}

/// Starts a resolver, for UDP and TCP at the same port. Over TCP, what it says goes out as it is, so the length belongs to it.
pub(crate) fn resolver(habit: &'static Habit) -> Running {
    let (socket, listener) = both_at_one_port();
    let address = socket.local_addr().unwrap();
    let over = Arc::new(AtomicBool::new(false));
    socket.set_read_timeout(Some(GLANCE)).unwrap();
    let is_over = Arc::clone(&over);
    let over_udp = thread::spawn(move || {
        let mut buffer = [0; 512];
        while !is_over.load(Ordering::Relaxed) {
            let Ok((length, client)) = socket.recv_from(&mut buffer) else {
                continue;
            };
            let query = Query::read(buffer.get(..length).unwrap());
            let socket = socket.try_clone().unwrap();
            // A slow reply keeps nobody else waiting.
            thread::spawn(move || {
                for (pause, message) in habit(&query, Way::Udp) {
                    sleep(pause);
                    let _whoever_is_there = socket.send_to(&message, client);
                }
            });
        }
    });
    let over_tcp = accepting(listener, &over, move |mut stream| {
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut message)?;
        for (pause, part) in habit(&Query::read(&message), Way::Tcp) {
            sleep(pause);
            stream.write_all(&part)?;
        }
        Ok(())
    });
    Running {
        address,
        over,
        threads: vec![over_udp, over_tcp],
    }
}

fn both_at_one_port() -> (UdpSocket, TcpListener) {
    for _ in 0..50 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        if let Ok(socket) = UdpSocket::bind(listener.local_addr().unwrap()) {
            return (socket, listener);
        }
    }
    unreachable!("no port is free for both");
}

/// What a mail server does with a connection.
pub(crate) type Manner = fn(&mut TcpStream) -> io::Result<()>;

/// Starts a mail server.
pub(crate) fn mail_server(manner: Manner) -> Running {
    let listener = TcpListener::bind((IpAddr::V4(Ipv4Addr::LOCALHOST), 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let thread = accepting(listener, &over, move |mut stream| manner(&mut stream));
    Running {
        address,
        over,
        threads: vec![thread],
    }
}

/// How many connections a server had at once, now and at most.
#[derive(Default)]
pub(crate) struct Crowd {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Crowd {
    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

/// Starts a mail server without STARTTLS that keeps every client waiting for its greeting, serves all of them at once, and
/// counts them.
pub(crate) fn slow_mail_server(pause: Duration) -> (Running, Arc<Crowd>) {
    let listener = TcpListener::bind((IpAddr::V4(Ipv4Addr::LOCALHOST), 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let crowd = Arc::new(Crowd::default());
    let counted = Arc::clone(&crowd);
    let thread = accepting(listener, &over, move |mut stream| {
        let crowd = Arc::clone(&counted);
        let now = crowd.now.fetch_add(1, Ordering::SeqCst) + 1;
        crowd.most.fetch_max(now, Ordering::SeqCst);
        thread::spawn(move || -> io::Result<()> {
            sleep(pause);
            stream.write_all(b"220 mx.test\r\n")?;
            answer(&mut stream, "250 mx.test\r\n")?;
            // Its QUIT; the next client may be there as soon as it has the reply.
            let _length = stream.read(&mut [0; 2048])?;
            crowd.now.fetch_sub(1, Ordering::SeqCst);
            stream.write_all(b"221 bye\r\n")
        });
        Ok(())
    });
    let threads = vec![thread];
    let running = Running {
        address,
        over,
        threads,
    };
    (running, crowd)
}

/// Serves one connection after the other. That a client goes away is no fault of the server's.
fn accepting(
    listener: TcpListener,
    over: &Arc<AtomicBool>,
    serve: impl Fn(TcpStream) -> io::Result<()> + Send + 'static,
) -> JoinHandle<()> {
    listener.set_nonblocking(true).unwrap();
    let is_over = Arc::clone(over);
    thread::spawn(move || {
        while !is_over.load(Ordering::Relaxed) {
            match listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).unwrap();
                    stream.set_read_timeout(Some(AT_MOST)).unwrap();
                    stream.set_write_timeout(Some(AT_MOST)).unwrap();
                    let _client_is_gone = serve(stream);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => sleep(GLANCE),
                Err(error) => unreachable!("{error}"),
            }
        }
    })
}

/// Waits for something from the client, and says `text`.
pub(crate) fn answer(stream: &mut TcpStream, text: &str) -> io::Result<()> {
    if stream.read(&mut [0; 2048])? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    stream.write_all(text.as_bytes())
}

/// Says nothing more until the client goes away.
pub(crate) fn be_silent(stream: &mut TcpStream) -> io::Result<()> {
    while stream.read(&mut [0; 2048])? > 0 {}
    stream.shutdown(Shutdown::Both)
}

/// Says `text` again and again, with pauses, until the client goes away.
pub(crate) fn repeat(stream: &mut TcpStream, text: &str) -> io::Result<()> {
    loop {
        stream.write_all(text.as_bytes())?;
        sleep(Duration::from_millis(50));
    }
}
