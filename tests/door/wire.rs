//! A caller who writes bytes as he likes and reads answers one at a time. Every read
//! has a deadline, so that a gateway that never answers fails the test.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::pace;

/// After this a read has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A raw connection, plain or of any other kind.
pub struct Wire<S = TcpStream> {
    stream: S,
    unread: Vec<u8>,
    /// When its caller last did something.
    last: Instant,
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its header lines, lower case.
    pub head: String,
    /// Its body.
    pub body: String,
}

impl Wire {
    /// Connects.
    pub fn connect(address: SocketAddr) -> Wire {
        Wire::over(tcp(address))
    }

    /// Sends these bytes.
    pub fn sending(address: SocketAddr, bytes: &[u8]) -> Wire {
        let mut wire = Wire::connect(address);
        wire.send(bytes);
        wire
    }

    /// Whether something of an answer is there already.
    pub fn has_answer(&mut self) -> bool {
        self.stream.set_nonblocking(true).expect("an option");
        let seen = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).expect("an option");
        matches!(seen, Ok(1..))
    }

    /// The status of one request on a connection that may be refused at any moment.
    pub fn ask_once(mut self, path: &str) -> Option<u16> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        self.stream.write_all(request.as_bytes()).ok()?;
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).ok()?;
        String::from_utf8_lossy(&bytes).split(' ').nth(1)?.parse().ok()
    }

    /// Sends nothing more.
    pub fn finish_sending(&self) {
        self.stream.shutdown(Shutdown::Write).expect("open");
    }
}

/// A TCP stream whose reads have a deadline.
pub fn tcp(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the door is open");
    stream.set_read_timeout(Some(PATIENCE)).expect("a deadline");
    stream.set_write_timeout(Some(PATIENCE)).expect("a deadline");
    stream.set_nodelay(true).expect("an option");
    stream
}

impl<S: Read + Write> Wire<S> {
    /// Speaks over `stream`.
    pub fn over(stream: S) -> Wire<S> {
        Wire { stream, unread: Vec::new(), last: Instant::now() }
    }

    /// Writes bytes, as one piece.
    pub fn send(&mut self, bytes: &[u8]) {
        assert!(self.say(bytes), "the other side reads");
    }

    /// Writes bytes to whom may have hung up; whether they went.
    pub fn say(&mut self, bytes: &[u8]) -> bool {
        let went = self.stream.write_all(bytes).and_then(|()| self.stream.flush());
        pace::note(self.last.elapsed());
        self.last = Instant::now();
        went.is_ok()
    }

    /// Asks for a path over HTTP/1.1.
    pub fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        self.answer()
    }

    /// The next answer, with a body of stated length.
    pub fn answer(&mut self) -> Answer {
        let end = loop {
            match self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => assert!(self.read_some(), "no answer; got {:?}", String::from_utf8_lossy(&self.unread)),
            }
        };
        let head = String::from_utf8(self.unread.drain(..end).collect()).expect("ASCII").to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().expect("a number"));
        while self.unread.len() < length {
            assert!(self.read_some(), "the body ends early");
        }
        let body = String::from_utf8(self.unread.drain(..length).collect()).expect("text");
        self.last = Instant::now();
        Answer { status, head, body }
    }

    /// Whether the other side closes now, without a byte more.
    pub fn is_closed(&mut self) -> bool {
        self.unread.is_empty() && !self.read_some()
    }

    /// Reads until the other side closes.
    pub fn rest(&mut self) -> Vec<u8> {
        while self.read_some() {}
        std::mem::take(&mut self.unread)
    }

    /// How many bytes still come before the other side closes or resets.
    pub fn rest_until_broken(&mut self) -> usize {
        let mut space = [0; 64 * 1024];
        let mut total = self.unread.len();
        while let Ok(count @ 1..) = self.stream.read(&mut space) {
            total += count;
        }
        total
    }

    fn read_some(&mut self) -> bool {
        let mut space = [0; 16 * 1024];
        match self.stream.read(&mut space) {
            Ok(0) => false,
            Ok(count) => {
                self.unread.extend_from_slice(&space[..count]);
                true
            }
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => false,
            Err(error) => panic!("reading failed: {error}"),
        }
    }
}
