//! One active check of one server: a connection, and a GET where the file asks for one.
//! A connection of its own each time, so that accepting is checked as well.
//! Must never: wait longer than its time, or read more than it needs.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::edge::fleet::member::{Address, Member};
use crate::edge::stream::Stream;
use crate::edge::upstream::connect;
use crate::edge::upstream::error::ForwardError;
use crate::snapshot::upstream::{HealthCheck, Probe};

/// Bytes that are read for an answer's status.
const MAX_HEAD: usize = 16 * 1024;

/// Why a check failed, for the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// No connection, or no TLS.
    #[error("{}", .0.label())]
    Connect(ForwardError),
    /// It lasted too long.
    #[error("no answer in time")]
    Timeout,
    /// The connection ended early, or what came is no HTTP.
    #[error("no HTTP answer")]
    NoAnswer,
    /// Not one of the good ones.
    #[error("status {0}")]
    Status(u16),
}

/// Checks `member` once.
pub async fn probe(member: &Member, check: &HealthCheck) -> Result<(), Failure> {
    if member.address == Address::Builtin {
        return Ok(());
    }
    let asked = ask(member, &check.probe, check.timeout);
    tokio::time::timeout(check.timeout, asked).await.unwrap_or(Err(Failure::Timeout))
}

async fn ask(member: &Member, probe: &Probe, patience: Duration) -> Result<(), Failure> {
    let mut stream = connect::open(member, patience, &[]).await.map_err(Failure::Connect)?.stream;
    let Probe::Get { path, host, expect } = probe else { return Ok(()) };
    let own = member.server.site.to_string();
    let host = match host {
        Some(host) => host,
        None if matches!(member.address, Address::Unix(_)) => "localhost",
        None => own.as_str(),
    };
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: tollgate-health\r\naccept: */*\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.map_err(|_| Failure::NoAnswer)?;
    stream.flush().await.map_err(|_| Failure::NoAnswer)?;
    let status = final_status(&mut stream).await.ok_or(Failure::NoAnswer)?;
    if expect.iter().any(|range| range.contains(&status)) { Ok(()) } else { Err(Failure::Status(status)) }
}

/// The status of the first answer that is not only informational (RFC 9110 §15.2).
async fn final_status(stream: &mut Stream) -> Option<u16> {
    let mut head = Vec::new();
    loop {
        while let Some(line) = head.iter().position(|byte| *byte == b'\n') {
            let status = status_of(&head[..line])?;
            if status >= 200 {
                return Some(status);
            }
            let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") else { break };
            head.drain(..end + 4);
        }
        if head.len() > MAX_HEAD || stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
}

/// The number in a status line (RFC 9112 §4).
fn status_of(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let number = rest.get(2..5).filter(|number| number.iter().all(u8::is_ascii_digit))?;
    let bounded = rest.get(1) == Some(&b' ') && rest.get(5).is_none_or(|byte| matches!(byte, b' ' | b'\r'));
    bounded.then(|| number.iter().fold(0, |all, digit| all * 10 + u16::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::status_of;

    #[test]
    fn only_a_status_line_has_a_status() {
        assert_eq!(status_of(b"HTTP/1.1 200 OK\r"), Some(200));
        assert_eq!(status_of(b"HTTP/1.0 503\r"), Some(503));
        assert_eq!(status_of(b"HTTP/1.1 204 \r"), Some(204));
        for wrong in
            [&b""[..], b"HTTP/1.1", b"HTTP/1.1 20", b"HTTP/1.1 2000", b"HTTP/2 200", b"SSH-2.0-x", b"HTTP/1.1  20"]
        {
            assert_eq!(status_of(wrong), None, "{wrong:?}");
        }
    }
}
