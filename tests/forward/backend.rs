//! A backend that records what it was sent, byte for byte, and says what it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// What became of the connection after an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Then {
    Keep,
    Close,
}

/// A backend and all it has got.
pub struct Backend {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Backend {
    /// Every request so far, head and body as text.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The only request so far.
    pub fn only(&self) -> String {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:#?}");
        requests[0].clone()
    }

    /// The values of a header of the only request.
    pub fn header(&self, name: &str) -> Vec<String> {
        let request = self.only();
        let head = request.split("\r\n\r\n").next().unwrap_or_default();
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.to_owned()).collect()
    }
}

/// A backend that says the same to every request.
pub async fn says(answer: impl Into<Vec<u8>>, then: Then) -> Backend {
    says_at(SocketAddr::from(([127, 0, 0, 1], 0)), answer, then).await
}

/// The same at an address of the test's choice.
pub async fn says_at(at: SocketAddr, answer: impl Into<Vec<u8>>, then: Then) -> Backend {
    let listener = TcpListener::bind(at).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let requests = Arc::new(Mutex::new(Vec::new()));
    let (answer, seen) = (Arc::new(answer.into()), Arc::clone(&requests));
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(talk(socket, Arc::clone(&answer), then, Arc::clone(&seen)));
        }
    });
    Backend { address, requests }
}

async fn talk(mut socket: TcpStream, answer: Arc<Vec<u8>>, then: Then, seen: Arc<Mutex<Vec<String>>>) {
    let mut got = Vec::new();
    let mut buffer = [0; 16 * 1024];
    while let Ok(n @ 1..) = socket.read(&mut buffer).await {
        got.extend_from_slice(&buffer[..n]);
        while let Some(end) = whole(&got) {
            let request = String::from_utf8_lossy(&got[..end]).into_owned();
            got.drain(..end);
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            if socket.write_all(&answer).await.is_err() || then == Then::Close {
                return;
            }
        }
    }
}

/// Where the first request ends, if it is all here.
fn whole(got: &[u8]) -> Option<usize> {
    let body = got.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&got[..body]).to_ascii_lowercase();
    if head.contains("\r\ntransfer-encoding: chunked\r\n") {
        let last = got[body..].windows(5).position(|w| w == b"\r\n0\r\n").map_or(0, |last| last + 2);
        let end = got[body + last..].windows(4).position(|w| w == b"\r\n\r\n")?;
        return got[body + last..].starts_with(b"0\r\n").then_some(body + last + end + 4);
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |l| l.parse().expect("a length"));
    (got.len() >= body + length).then_some(body + length)
}
