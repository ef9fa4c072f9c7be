//! A caller that writes bytes and reads bytes, so that nothing repairs what is tested.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than anything here takes; a test that hits it has hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer in pieces, chunks taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The values of a header, in order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    /// The only value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() <= 1, "{name} more than once: {self:?}");
        all.first().copied()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Sends one request on a connection of its own and reads its answer.
pub fn ask(to: SocketAddr, request_line: &str, lines: &[&str], body: &[u8]) -> Answer {
    let mut socket = send(to, request_line, lines, body);
    let mut said = Vec::new();
    socket.read_to_end(&mut said).expect("an answer in time");
    parse(&said)
}

/// Sends one request and leaves the answer to be read.
pub fn send(to: SocketAddr, request_line: &str, lines: &[&str], body: &[u8]) -> TcpStream {
    let mut socket = TcpStream::connect(to).expect("connected");
    socket.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    let mut head = format!("{request_line}\r\nhost: api.test\r\nconnection: close\r\n");
    lines.iter().for_each(|line| head.push_str(&format!("{line}\r\n")));
    if !body.is_empty() {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    socket.write_all(&[head.as_bytes(), body].concat()).expect("written");
    socket
}

/// Takes an answer apart; panics where it is cut off.
pub fn parse(said: &[u8]) -> Answer {
    let cut = said.windows(4).position(|window| window == b"\r\n\r\n");
    let cut = cut.unwrap_or_else(|| panic!("no head: {:?}", String::from_utf8_lossy(said)));
    let head = String::from_utf8(said[..cut].to_vec()).expect("a head is text");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let mut answer = Answer { status, head, body: said[cut + 4..].to_vec() };
    if answer.all("transfer-encoding") == ["chunked"] {
        answer.body = dechunk(&answer.body);
    }
    answer
}

fn dechunk(mut rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n").expect("a chunk's size");
        let size = std::str::from_utf8(&rest[..line]).expect("a size is text");
        let size = usize::from_str_radix(size, 16).expect("a size is a number");
        rest = &rest[line + 2..];
        if size == 0 {
            return out;
        }
        out.extend_from_slice(&rest[..size]);
        rest = &rest[size + 2..];
    }
}
