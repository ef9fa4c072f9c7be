//! A caller that writes bytes and reads bytes, so that nothing between test and
//! gateway repairs anything.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longer than anything here takes; a test that hits it has hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer in pieces.
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
        lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v).collect()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

/// Sends `bytes` on a connection of its own and reads everything that comes until the
/// gateway closes it.
pub async fn raw(to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let exchange = async {
        let mut socket = TcpStream::connect(to).await.expect("connected");
        socket.write_all(bytes).await.expect("written");
        let mut said = Vec::new();
        let _ = socket.read_to_end(&mut said).await;
        said
    };
    tokio::time::timeout(PATIENCE, exchange).await.expect("answered in time")
}

/// Sends one request that asks for the connection to be closed, and reads its answer.
pub async fn ask(to: SocketAddr, head: &str, body: &[u8]) -> Answer {
    let mut bytes = format!("{}\r\nconnection: close\r\n\r\n", head.trim_end().replace('\n', "\r\n")).into_bytes();
    bytes.extend_from_slice(body);
    parse(&raw(to, &bytes).await)
}

/// Asks for a path with `GET`, with further header lines.
pub async fn get(to: SocketAddr, path: &str, lines: &str) -> Answer {
    ask(to, format!("GET {path} HTTP/1.1\nhost: api.test\n{lines}").trim_end(), b"").await
}

/// Takes an answer apart, chunks and all; panics where it is cut off. Interim answers in
/// front of it are passed over.
pub fn parse(mut said: &[u8]) -> Answer {
    while said.starts_with(b"HTTP/1.1 10") && !said.starts_with(b"HTTP/1.1 101") {
        let end = said.windows(4).position(|w| w == b"\r\n\r\n").expect("an interim answer's end");
        said = &said[end + 4..];
    }
    let cut = said.windows(4).position(|w| w == b"\r\n\r\n");
    let cut = cut.unwrap_or_else(|| panic!("no head: {:?}", String::from_utf8_lossy(said)));
    let head = String::from_utf8(said[..cut].to_vec()).expect("a head is text");
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
    let mut answer = Answer { status, head, body: said[cut + 4..].to_vec() };
    if answer.all("transfer-encoding") == ["chunked"] {
        answer.body = dechunk(&answer.body);
    }
    answer
}

fn dechunk(mut rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let line = rest.windows(2).position(|w| w == b"\r\n").expect("a chunk's size");
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
