//! A caller that writes bytes and reads bytes, so that nothing repairs what is tested.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub use crate::support::answer::{Answer, parse};

/// Longer than anything here takes; a test that hits it has hung.
const PATIENCE: Duration = Duration::from_secs(60);

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
