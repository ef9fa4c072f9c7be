//! The smallest client that speaks HTTP/1.1 over TLS: one request a connection, sent as
//! it is written. The certificate is not looked at: it is self-signed, and this is about
//! what comes through.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;

use crate::run::play::Request;
use crate::support::tls::trusting;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Status, headers and body.
pub type Told = (u16, Vec<(String, String)>, String);

/// Sends one request and reads its whole answer.
pub fn ask(address: SocketAddr, request: &Request) -> Told {
    let tcp = TcpStream::connect(address).expect("a connection");
    tcp.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    let name = ServerName::try_from(request.host.clone()).expect("a host");
    let client = ClientConnection::new(Arc::new(trusting(&[])), name).expect("a TLS client");
    let mut stream = StreamOwned::new(client, tcp);
    stream.write_all(written(request).as_bytes()).expect("sent");
    let mut bytes = Vec::new();
    // A server that closes without a word of TLS has still answered.
    let _ = stream.read_to_end(&mut bytes);
    read(&String::from_utf8_lossy(&bytes)).unwrap_or_else(|| panic!("no answer to {request:?}: {bytes:?}"))
}

fn written(request: &Request) -> String {
    let Request { method, host, port, target, headers, body } = request;
    let mut out = format!("{method} {target} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n");
    for (name, value) in headers {
        out += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() || method == "POST" {
        out += &format!("Content-Length: {}\r\n", body.len());
    }
    out + "\r\n" + body
}

fn read(text: &str) -> Option<Told> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let header = |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    Some((status, lines.filter_map(header).collect(), body.to_owned()))
}
